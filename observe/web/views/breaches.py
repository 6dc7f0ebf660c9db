"""The register of breaches: what happened, who must be told until when, and who was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError, ConflictError
from observe.people.access import Action
from observe.privacy import breaches
from observe.privacy.breaches import Told
from observe.privacy.notices import NoticeKind
from observe.settings import SCHOOL_TIME
from observe.text import Message, message
from observe.web import guards
from observe.web.forms import typed_lines
from observe.web.guards import current_actor, permission
from observe.web.words import say

blueprint = Blueprint("breaches", __name__)

FLAGS: Final = {
    "risk": message("It may put the rights of people at risk"),
    "young_children": message("It touches data of children under 14"),
    "sensitive": message("It touches sensitive data, such as health"),
    "of_state": message("We are a body of the State and the incident has significant effects"),
}


@blueprint.get("/privacidad/vulneraciones")
@permission(Action.BREACH)
def index() -> ResponseReturnValue:
    """List the register."""
    law = guards.home().settings.new_law_from
    with guards.reading() as session:
        rows = breaches.breaches(session, actor=current_actor())
        return render_template(
            "rights/breaches.html",
            rows=[(row, breaches.due_of(row, new_law_from=law)) for row in rows],
        )


@blueprint.get("/privacidad/vulneraciones/nueva")
@permission(Action.BREACH)
def new() -> ResponseReturnValue:
    """Ask what happened."""
    with guards.reading() as session:
        breaches.breaches(session, actor=current_actor())
    return _form_page(None), 200


def _form_page(breach_id: UUID | None, refused: BadInputError | None = None) -> str:
    with guards.reading() as session:
        breach = None
        if breach_id is not None:
            breach = breaches.breach_for(session, breach_id, actor=current_actor())
        typed = request.form if request.form else None
        return render_template(
            "rights/breach_form.html",
            breach=breach,
            flags=FLAGS,
            typed=typed,
            at=request.form.get("discovered_at")
            or _local(breach.discovered_at if breach else now()),
            limits=breaches,
            refused=refused,
        )


def _local(moment: datetime) -> str:
    return moment.astimezone(SCHOOL_TIME).strftime("%Y-%m-%dT%H:%M")


@blueprint.post("/privacidad/vulneraciones/nueva")
@permission(Action.BREACH)
def register() -> ResponseReturnValue:
    """Put a breach on file."""
    try:
        with guards.writing() as session:
            breach_id = breaches.register(session, _told(), actor=current_actor()).id
    except BadInputError as error:
        return _form_page(None, error), error.status
    return redirect(url("breaches.show", breach_id=breach_id))


def _told() -> Told:
    form = request.form
    return Told(
        discovered_at=_moment("discovered_at"),
        happened=typed_lines(form.get("happened", "")),
        whose=typed_lines(form.get("whose", "")),
        measures=typed_lines(form.get("measures", "")),
        **{name: bool(form.get(name)) for name in FLAGS},
    )


def _moment(field: str) -> datetime:
    """Return the moment typed, as it is in Chile; nothing typed is now."""
    text = request.form.get(field, "").strip()
    if not text:
        return now()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SCHOOL_TIME)
    except ValueError as error:
        told = message("This is no moment. Write it like 2026-05-31T14:30.")
        raise BadInputError(told, field=field) from error


@blueprint.get("/privacidad/vulneraciones/<uuid:breach_id>")
@permission(Action.BREACH)
def show(breach_id: UUID) -> ResponseReturnValue:
    """Show a breach, its notices, and what is due; fit to be printed."""
    return _page(breach_id), 200


def _page(breach_id: UUID, refused: Message | None = None, doing: str = "") -> str:
    law = guards.home().settings.new_law_from
    with guards.reading() as session:
        breach = breaches.breach_for(session, breach_id, actor=current_actor())
        return render_template(
            "rights/breach.html",
            breach=breach,
            due=breaches.due_of(breach, new_law_from=law),
            notices=breaches.NOTICES,
            flags=FLAGS,
            at=_local(now()),
            typed=request.form if doing else {},
            refused=refused,
            doing=doing,
        )


@blueprint.get("/privacidad/vulneraciones/<uuid:breach_id>/corregir")
@permission(Action.BREACH)
def edit(breach_id: UUID) -> ResponseReturnValue:
    """Offer what is known of it to be corrected."""
    return _form_page(breach_id), 200


@blueprint.post("/privacidad/vulneraciones/<uuid:breach_id>/corregir")
@permission(Action.BREACH)
def correct(breach_id: UUID) -> ResponseReturnValue:
    """Keep what is known of it by now."""
    try:
        with guards.writing() as session:
            breaches.breach_for(session, breach_id, actor=current_actor())
            breaches.correct(session, breach_id, _told(), actor=current_actor())
    except BadInputError as error:
        return _form_page(breach_id, error), error.status
    return redirect(url("breaches.show", breach_id=breach_id))


@blueprint.post("/privacidad/vulneraciones/<uuid:breach_id>/avisos")
@permission(Action.BREACH)
def tell(breach_id: UUID) -> ResponseReturnValue:
    """Put on file that a notice was given."""

    def put(session: Session) -> None:
        try:
            kind = NoticeKind(request.form.get("kind", ""))
        except ValueError as error:
            raise BadInputError(message("Choose who was told."), field="kind") from error
        breaches.tell(
            session,
            breach_id,
            kind,
            typed_lines(request.form.get("how", "")),
            at=_moment("done_at"),
            actor=current_actor(),
        )

    return _do(breach_id, request.form.get("kind", ""), put, message("On file."))


@blueprint.post("/privacidad/vulneraciones/<uuid:breach_id>/cerrar")
@permission(Action.BREACH)
def close(breach_id: UUID) -> ResponseReturnValue:
    """Close it."""
    law = guards.home().settings.new_law_from

    def put(session: Session) -> None:
        breaches.close(
            session, breach_id, today=guards.today(), new_law_from=law, actor=current_actor()
        )

    return _do(breach_id, "close", put, message("Closed. It stays in the register."))


def _do(
    breach_id: UUID, doing: str, verb: Callable[[Session], None], told: Message
) -> ResponseReturnValue:
    try:
        with guards.writing() as session:
            breaches.breach_for(session, breach_id, actor=current_actor())
            verb(session)
    except (BadInputError, ConflictError) as error:
        return _page(breach_id, error.message, doing or "?"), error.status
    flash(say(told), "done")
    return redirect(url("breaches.show", breach_id=breach_id))
