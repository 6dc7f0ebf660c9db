"""The web application on the test's home, and browsers signed in as the cast."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from observe.db import Database
from observe.people import signin
from observe.people.access import Actor
from observe.settings import Settings
from observe.web import create_app
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


class Compiled(BytecodeCache):
    """Templates compiled once a process, not once a test."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled before of the same text."""
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled now."""
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@pytest.fixture
def app(home: Settings, cast: factories.Cast) -> Iterator[Flask]:
    """The application, with the cast in its home."""
    made = served(home)
    yield made
    made.extensions["observe"].database.engine.dispose()


def served(home: Settings) -> Flask:
    """Return the application of `home`, as tests ask it."""
    made = create_app(home)
    made.jinja_env.bytecode_cache = COMPILED
    made.test_client_class = Browser
    # Errors of ours must fail the test, not become a page.
    made.config["PROPAGATE_EXCEPTIONS"] = True
    return made


ClientFor = Callable[[Actor], FlaskClient]


@pytest.fixture
def client_for(app: Flask, database: Database, cast: factories.Cast) -> ClientFor:
    """Return a maker of browsers that are signed in by a link, as a person would be."""

    return lambda actor: signed_in(app, database, actor, by=cast.administrator)


def signed_in(app: Flask, database: Database, actor: Actor, *, by: Actor) -> FlaskClient:
    """Return a browser in which `actor` came in by a link that the administrator `by` made."""
    with database.write() as session:
        secret = signin.create_link(session, actor.user_id, minutes=5, actor=by)
    client = app.test_client()
    client.get(f"/entrar/enlace/{secret}")
    assert client.post(f"/entrar/enlace/{secret}").status_code == 302
    client.get("/mi-cuenta")  # a page whose token belongs to the new session
    return client
