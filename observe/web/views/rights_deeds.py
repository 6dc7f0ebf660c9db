"""What a request leads to: a copy, a correction, taking back what was allowed, deletion."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError
from observe.feedback import erasure
from observe.ids import parse_id
from observe.people.access import Action
from observe.privacy import personal_export, requests, withdrawing
from observe.privacy.kinds import Kept
from observe.privacy.scopes import Scope
from observe.text import Message, message
from observe.video import rectifying
from observe.video.adding import LONGEST_SUBJECT
from observe.video.erasing import CONFIRM
from observe.web import guards, words
from observe.web.forms import typed_day
from observe.web.guards import current_actor, permission
from observe.web.views.privacy import require_sure
from observe.web.views.rights import Refused, do, page, request_of
from observe.web.words import say

blueprint = Blueprint("deeds", __name__)


# --- correcting ---------------------------------------------------------------------------------


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/corregir")
@permission(Action.RIGHTS_HANDLE)
def correct(request_id: UUID) -> ResponseReturnValue:
    """Correct the person's own name and e-mail."""
    form = request.form
    return do(
        request_id,
        "correct",
        lambda session: requests.correct(
            session,
            request_id,
            name=form.get("name", ""),
            email=form.get("email", ""),
            actor=current_actor(),
        ),
        message(
            "Corrected. What stood there before is not kept; an invitation that had gone to "
            "another e-mail works no more."
        ),
    )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/corregir-lista")
@permission(Action.RIGHTS_HANDLE)
def correct_child(request_id: UUID) -> ResponseReturnValue:
    """Correct a child's list number, and its name or initials."""
    number, name = request.form.get("list_number", "").strip(), request.form.get("initials", "")
    return do(
        request_id,
        "correct",
        lambda session: rectifying.correct_child(
            session,
            request_id,
            list_number=int(number) if number.isdecimal() and len(number) < 4 else 0,
            name=name if name.strip() or request.form.get("empty") else None,
            actor=current_actor(),
        ),
        message("Corrected. What stood there before is kept with the request."),
    )


@blueprint.get("/privacidad/solicitudes/<uuid:request_id>/clases/<uuid:recording_id>")
@permission(Action.RIGHTS_HANDLE)
def lesson(request_id: UUID, recording_id: UUID) -> ResponseReturnValue:
    """Ask what is right about a lesson."""
    return _lesson_page(request_id, recording_id), 200


def _lesson_page(
    request_id: UUID, recording_id: UUID, refused: BadInputError | ConflictError | None = None
) -> str:
    with guards.reading() as session:
        found = rectifying.lesson_for(session, request_id, recording_id, actor=current_actor())
        return render_template(
            "rights/lesson.html",
            asked=request_of(session, request_id),
            lesson=found,
            classes=rectifying.classes_for(session, found),
            longest=LONGEST_SUBJECT,
            today=guards.today(),
            typed=request.form,
            refused=refused.message if refused else None,
        )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/clases/<uuid:recording_id>")
@permission(Action.RIGHTS_HANDLE)
def correct_lesson(request_id: UUID, recording_id: UUID) -> ResponseReturnValue:
    """Correct a lesson's day, subject and class."""
    try:
        recorded_on = typed_day(request.form.get("recorded_on", ""), "recorded_on")
        if recorded_on is None:
            raise BadInputError(message("Write the day of the lesson."), field="recorded_on")
        with guards.writing() as session:
            rectifying.correct_lesson(
                session,
                request_id,
                recording_id,
                recorded_on=recorded_on,
                subject=request.form.get("subject", ""),
                class_group_id=_class_id(),
                actor=current_actor(),
            )
    except (BadInputError, ConflictError) as error:
        return _lesson_page(request_id, recording_id, error), error.status
    flash(say(message("Corrected. What stood there before is kept with the request.")), "done")
    return redirect(url("rights.show", request_id=request_id))


def _class_id() -> UUID:
    found = parse_id(request.form.get("class_group_id", ""))
    if found is None:
        raise BadInputError(message("Choose the class."), field="class_group_id")
    return found


# --- taking back, deleting ----------------------------------------------------------------------


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/revocar")
@permission(Action.RIGHTS_HANDLE)
def revoke(request_id: UUID) -> ResponseReturnValue:
    """Take back what it objects to."""
    ticked = set(request.form.getlist("scope"))
    scopes = [scope for scope in Scope if scope.value in ticked]
    return do(
        request_id,
        "revoke",
        lambda session: withdrawing.revoke(session, request_id, scopes, actor=current_actor()),
        message("Taken back. What was made under it is being deleted; its certificate comes here."),
    )


@blueprint.get("/privacidad/solicitudes/<uuid:request_id>/borrar")
@permission(Action.RIGHTS_HANDLE)
def erasing_page(request_id: UUID) -> ResponseReturnValue:
    """Show what would be deleted for it, and ask whether that is sure."""
    return _erasing_page(request_id), 200


def _erasing_page(request_id: UUID, refused: Message | None = None) -> str:
    with guards.reading() as session:
        found = request_of(session, request_id)
        return render_template(
            "rights/erase.html",
            asked=found,
            about=requests.about_whom(found),
            plan=erasure.plan_for(session, request_id, actor=current_actor()),
            what=erasure.WHAT,
            word=CONFIRM,
            chosen=set(request.form.getlist("chosen")) if refused else None,
            typed=request.form,
            refused=refused,
        )


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/borrar")
@permission(Action.RIGHTS_HANDLE)
def erase(request_id: UUID) -> ResponseReturnValue:
    """Have what was chosen deleted, when the word that confirms it was written."""
    try:
        with guards.writing() as session:
            request_of(session, request_id)
            require_sure(request.form.get("sure", ""))
            chosen = {found for each in request.form.getlist("chosen") if (found := _choice(each))}
            erasure.confirm(session, request_id, chosen, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return _erasing_page(request_id, error.message), error.status
    flash(say(message("It is being deleted. The certificate comes here.")), "done")
    return redirect(url("rights.show", request_id=request_id))


def _choice(told: str) -> erasure.Choice | None:
    kind, _colon, thing = told.partition(":")
    thing_id = parse_id(thing)
    return (Kept(kind), thing_id) if kind in set(Kept) and thing_id else None


# --- a copy -------------------------------------------------------------------------------------


@blueprint.post("/privacidad/solicitudes/<uuid:request_id>/copia")
@permission(Action.RIGHTS_HANDLE)
def copy(request_id: UUID) -> ResponseReturnValue:
    """Have the copy of all that is held about the person, or the child, made."""
    try:
        with guards.writing() as session:
            export_id = personal_export.ask(
                session,
                request_of(session, request_id).user_id,
                with_videos=False,
                locale=words.language(),
                actor=current_actor(),
                request_id=request_id,
            )
    except ConflictError as error:
        return page(request_id, Refused(error.message), "copy"), error.status
    return redirect(url("own_data.of_copy", export_id=export_id))
