"""The web application on the test's home, and browsers signed in as the cast."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from observe.db import Database, open_database
from observe.people import signin
from observe.people.access import Actor
from observe.settings import Settings
from observe.video.store import open_store
from observe.web import create_app, guards
from tests import factories

TOKEN = re.compile(r'name="csrf-token"\s+content="([^"]+)"')


class Browser(FlaskClient):
    """A test client that fills in the token of the last page, and follows addresses of films."""

    token = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request; remember the token that the answer's page carries."""
        if kwargs.get("method") == "POST" and self.token:
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", self.token)
            kwargs["headers"] = headers
        answer = super().open(*args, **kwargs)
        if answer.status_code == 307:  # a film, by an address signed for this session
            answer = super().open(answer.location, **kwargs)
        if answer.mimetype == "text/html" and (found := TOKEN.search(answer.text)):
            self.token = found.group(1)
        return answer


def served(home: Settings) -> Flask:
    """Return the application of `home`, as tests ask it."""
    made = create_app(home)
    made.test_client_class = Browser
    # Errors of ours must fail the test, not become a page.
    made.config["PROPAGATE_EXCEPTIONS"] = True
    return made


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, built once a process: `app` lays the test's home under it."""
    return served(Settings(home=tmp_path_factory.mktemp("pages")))


# For a test that changes the application itself: Flask refuses that once it has answered.
OWN_APP = pytest.mark.parametrize("app", ["built anew"], indirect=True)


@pytest.fixture
def app(
    request: pytest.FixtureRequest, pages: Flask, home: Settings, cast: factories.Cast
) -> Iterator[Flask]:
    """The application, with the cast in its home, as if it had just started."""
    made = served(home) if hasattr(request, "param") else pages
    extensions, config = dict(made.extensions), dict(made.config)
    opened = open_database(home.url)
    made.extensions["observe"] = guards.Home(home, opened, open_store(home))
    made.config["SECRET_KEY"] = home.secret_key()
    yield made
    opened.engine.dispose()
    made.extensions.update(extensions)
    made.config.update(config)


ClientFor = Callable[[Actor], FlaskClient]


@pytest.fixture
def client_for(app: Flask, database: Database, cast: factories.Cast) -> ClientFor:
    """Return a maker of browsers in which a person has signed in by a link."""

    return lambda actor: signed_in(app, database, actor, by=cast.administrator)


def signed_in(app: Flask, database: Database, actor: Actor, *, by: Actor) -> FlaskClient:
    """Return a browser in which `actor` came in by a link that the administrator `by` made."""
    with database.write() as session:
        secret = signin.create_link(session, actor.user_id, minutes=5, actor=by)
        hours = guards.home_of(app).settings.session_hours
        entered = signin.use_link(session, secret, hours=hours)
    client = app.test_client()
    assert isinstance(client, Browser)
    # As her first pages would leave the browser; that they do is tried in test_signin.py.
    with app.test_request_context():
        client.token = generate_csrf()
        cookie = {guards.COOKIE_KEY: entered.secret, **flask.session}
    with client.session_transaction() as kept:
        kept.update(cookie)
    return client
