"""What people ask about their data, for who handles it: register, block, answer, correct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError
from observe.feedback import erasure, halting  # told when a request blocks
from observe.feedback.certificate_paper import KINDS as CERTIFIED
from observe.ids import parse_id
from observe.people.access import Action
from observe.privacy import breaches, personal_export, requests, withdrawing
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel, RequestState, RightsRequest
from observe.privacy.requests import Asked
from observe.privacy.scopes import SCOPES
from observe.text import Message, message
from observe.video import rectifying
from observe.web import guards
from observe.web.forms import typed_day, typed_lines
from observe.web.guards import current_actor, permission
from observe.web.words import say

blueprint = Blueprint("rights", __name__)
Kind = TypeVar("Kind", RequestKind, About, Channel, RequestState)

ENDINGS: Final = {
    RequestState.ANSWERED: message("It was done, or answered"),
    RequestState.REFUSED: message("It is refused"),
    RequestState.TAKEN_BACK: message("Who asked took it back"),
    RequestState.MISTAKEN: message("It was registered by mistake"),
}


@dataclass(frozen=True)
class Refused:
    """Why something was not done, and at which field."""

    message: Message
    field: str | None = None


# --- the list -----------------------------------------------------------------------------------


@blueprint.get("/privacidad")
@permission(Action.RIGHTS_HANDLE)
def index() -> ResponseReturnValue:
    """List what was asked: what waits first, with how long it still may."""
    actor, law = current_actor(), guards.home().settings.new_law_from
    with guards.reading() as session:
        rows = requests.requests_of(session, actor=actor)
        found = [requests.standing_of(row, today=guards.today(), new_law_from=law) for row in rows]
        return render_template(
            "rights/index.html",
            open_ones=[each for each in found if each.request.is_open],
            ended=[each for each in found if not each.request.is_open],
            about=requests.about_whom,
            kinds=requests.KINDS,
            states=requests.STATES,
            law_from=law,
            register=guards.could(actor, Action.BREACH),
            retention=guards.could(actor, Action.RETENTION_RULE),
            late=breaches.late_count(session, actor=actor, new_law_from=law),
        )


# --- registering --------------------------------------------------------------------------------


@blueprint.get("/privacidad/solicitudes/nueva")
@permission(Action.RIGHTS_HANDLE)
def new() -> ResponseReturnValue:
    """Ask what was asked for, of whom, when and how."""
    return _new_page(), 200


def _new_page(refused: Refused | None = None) -> str:
    actor = current_actor()
    with guards.reading() as session:
        return render_template(
            "rights/new.html",
            people=requests.people_for(session, actor=actor),
            classes=requests.classes_for(session, actor=actor),
            kinds=requests.KINDS,
            channels={
                channel: told
                for channel, told in requests.CHANNELS.items()
                if channel is not Channel.PROGRAM
            },
            limits=requests,
            today=guards.today(),
            typed=request.form,
            refused=refused,
        )


@blueprint.post("/privacidad/solicitudes/nueva")
@permission(Action.RIGHTS_HANDLE)
def register() -> ResponseReturnValue:
    """Put it on file."""
    try:
        with guards.writing() as session:
            made = requests.register(session, _asked(), today=guards.today(), actor=current_actor())
            request_id = made.id
    except BadInputError as error:
        return _new_page(Refused(error.message, error.field)), error.status
    flash(say(message("Registered. The days run from the day it came in.")), "done")
    return redirect(url("rights.show", request_id=request_id))


def _asked() -> Asked:
    form = request.form
    received_on = typed_day(form.get("received_on", ""), "received_on")
    if received_on is None:
        raise BadInputError(message("Write the day it came in."), field="received_on")
    number = form.get("list_number", "").strip()
    return Asked(
        kind=_one_of(RequestKind, "kind", message("Choose what is asked.")),
        about=_one_of(About, "about", message("Choose of whom it speaks.")),
        received_on=received_on,
        channel=_one_of(Channel, "channel", message("Choose how it came in.")),
        user_id=parse_id(form.get("user_id", "")),
        class_group_id=parse_id(form.get("class_group_id", "")),
        list_number=int(number) if number.isdecimal() and len(number) < 4 else None,
        who=form.get("who", ""),
        words=typed_lines(form.get("words", "")),
        asks_block=bool(form.get("asks_block")),
    )


def _one_of(kind: type[Kind], field: str, told: Message) -> Kind:
    try:
        return kind(request.form.get(field, ""))
    except ValueError as error:
        raise BadInputError(told, field=field) from error


# --- one of them --------------------------------------------------------------------------------


@blueprint.get("/privacidad/solicitudes/<uuid:request_id>")
@permission(Action.RIGHTS_HANDLE)
def show(request_id: UUID) -> ResponseReturnValue:
    """Show a request, what is due, and all that can be done about it."""
    return page(request_id), 200


def page(request_id: UUID, refused: Refused | None = None, doing: str = "") -> str:
    """Return the page of a request; `refused` stands at what was being done."""
    actor = current_actor()
    with guards.reading() as session:
        found = request_of(session, request_id)
        standing = requests.standing_of(
            found, today=guards.today(), new_law_from=guards.home().settings.new_law_from
        )
        return render_template(
            "rights/show.html",
            asked=found,
            standing=standing,
            about=requests.about_whom(found),
            kinds=requests.KINDS,
            channels=requests.CHANNELS,
            videos_are_hers=personal_export.VIDEOS_ARE_HERS,
            states=requests.STATES,
            endings=ENDINGS,
            by_copy=found.kind in requests.BY_COPY and found.about is not About.OTHER,
            export_id=personal_export.last_of(session, actor=actor, request_id=found.id),
            **_deeds(session, found),
            limits=requests,
            today=guards.today(),
            typed=request.form if doing else {},
            refused=refused,
            doing=doing,
        )


def _deeds(session: Session, found: RightsRequest) -> dict[str, Any]:
    """Return what was and can be done for a request, beside answering it."""
    revokes = found.kind in withdrawing.BY_REVOKING and found.about is not About.OTHER
    job = erasure.job_of(session, found.id)
    return {
        "reached": halting.reached(session, found),
        "erases": found.kind is RequestKind.ERASURE and found.about is not About.OTHER,
        "erasing": job is not None and not job.ended,
        "revokes": revokes,
        "allowed": withdrawing.allowed(session, found) if revokes else (),
        "scopes": SCOPES,
        "certificates": [
            *withdrawing.certificates_of(session, found.id),
            *erasure.certificates_of(session, found.id),
        ],
        "certified": CERTIFIED,
        "lessons": rectifying.lessons_of(session, found, actor=current_actor()),
        "corrections": rectifying.corrections_of(session, found.id),
        "fields": rectifying.FIELDS,
    }


def request_of(session: Session, request_id: UUID) -> RightsRequest:
    """Return a request that this person handles; raises `NotFoundError`, `NotAllowedError`."""
    return requests.request_for(
        session, request_id, actor=current_actor(), action=Action.RIGHTS_HANDLE
    )


def do(
    request_id: UUID, doing: str, verb: Callable[[Session], object], told: Message
) -> ResponseReturnValue:
    """Do something about a request; a refusal is shown where it was asked for, nothing lost."""
    try:
        with guards.writing() as session:
            verb(session)
    except (BadInputError, ConflictError) as error:
        field = error.field if isinstance(error, BadInputError) else None
        return page(request_id, Refused(error.message, field), doing), error.status
    flash(say(told), "done")
    return redirect(url("rights.show", request_id=request_id))


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/bloquear")
@permission(Action.RIGHTS_HANDLE)
def block(request_id: UUID) -> ResponseReturnValue:
    """Make what it reaches answer as missing."""
    return do(
        request_id,
        "block",
        lambda session: requests.block(session, request_id, actor=current_actor()),
        message("Blocked until you lift it."),
    )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/levantar")
@permission(Action.RIGHTS_HANDLE)
def lift(request_id: UUID) -> ResponseReturnValue:
    """Let it be seen again."""
    return do(
        request_id,
        "block",
        lambda session: requests.lift(session, request_id, actor=current_actor()),
        message("Lifted: it can be seen again."),
    )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/plazo")
@permission(Action.RIGHTS_HANDLE)
def extend(request_id: UUID) -> ResponseReturnValue:
    """Take 30 days more, with the reason."""
    law = guards.home().settings.new_law_from
    reason = typed_lines(request.form.get("reason", ""))
    return do(
        request_id,
        "extend",
        lambda session: requests.extend(
            session,
            request_id,
            reason,
            today=guards.today(),
            new_law_from=law,
            actor=current_actor(),
        ),
        message("The answer has 30 days more. Tell the person why."),
    )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/responder")
@permission(Action.RIGHTS_HANDLE)
def answer(request_id: UUID) -> ResponseReturnValue:
    """Answer it, refuse it with its reason, or note that it was taken back."""

    def close(session: Session) -> None:
        state = _one_of(RequestState, "state", message("Choose how it ended."))
        requests.close(
            session,
            request_id,
            state,
            typed_lines(request.form.get("text", "")),
            on=_day_or_today("answered_on"),
            today=guards.today(),
            actor=current_actor(),
        )

    return do(request_id, "answer", close, message("On file. From here it stays as it is."))


def _day_or_today(field: str) -> date:
    return typed_day(request.form.get(field, ""), field) or guards.today()
