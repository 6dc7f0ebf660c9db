"""The web layer: pages and JSON over the operations of the rooms, and nothing of their own."""

from __future__ import annotations

from typing import Final

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from observe.db import open_database
from observe.settings import Settings
from observe.video.store import open_store
from observe.web import assets, guards, navigation, responses, tracing, words
from observe.web.guards import Home
from observe.web.throttle import limiter
from observe.web.views import (
    assigning,
    averages,
    blur,
    breaches,
    class_lists,
    coding,
    coming_in,
    consents,
    educator,
    feedback,
    followup,
    histories,
    history,
    library,
    live,
    network,
    outside,
    own_data,
    paperwork,
    people,
    people_tables,
    previous,
    privacy,
    records,
    review,
    rights,
    rights_deeds,
    rubric_drafts,
    rubrics,
    schools,
    second_step,
    signin,
    takeaway,
    upload,
    visits,
)
from observe.web.views import help as help_view

# The largest request that is not a piece of an upload; those are counted by their own view.
LARGEST_REQUEST = 9 * 1024**2

VIEWS: Final = (
    signin,
    second_step,
    outside,
    library,
    upload,
    live,
    coding,
    previous,
    history,
    assigning,
    feedback,
    followup,
    blur,
    records,
    review,
    histories,
    takeaway,
    educator,
    rubrics,
    rubric_drafts,
    network,
    averages,
    people,
    people_tables,
    coming_in,
    schools,
    class_lists,
    consents,
    privacy,
    rights,
    rights_deeds,
    breaches,
    paperwork,
    own_data,
    visits,
    help_view,
)

csrf = CSRFProtect()


def create_app(settings: Settings) -> Flask:
    """Return the web application of the home that `settings` describes; the schema is ready."""
    app = tracing.Application(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key(),
        # With this beginning browsers take it from an encrypted line of this very host only.
        SESSION_COOKIE_NAME="__Host-observe" if settings.mode == "hub" else "observe",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.mode == "hub",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None,  # a coding screen stays open all day; the session is the limit
        WTF_CSRF_CHECK_DEFAULT=False,  # guards ask for it after they know who is asking
        RATELIMIT_STORAGE_URI="home://",
        RATELIMIT_HEADERS_ENABLED=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    database = open_database(settings.url)
    app.extensions["observe"] = Home(settings, database, open_store(settings))
    tracing.install(app)
    words.install(app, settings.locale)
    csrf.init_app(app)
    guards.install(app, csrf)
    limiter.init_app(app)
    responses.install(app)
    assets.install(app)
    navigation.install(app)
    outside.install(app)
    for view in VIEWS:
        app.register_blueprint(view.blueprint)
    return app
