"""Double coding: asking a colleague to code a lesson too, and asking her no more."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.coding.assigning import Asking, asked_recording, assign, unassign
from observe.errors import BadInputError, ConflictError, NotAllowedError
from observe.ids import parse_id
from observe.people.access import Action
from observe.text import message
from observe.video.operations import recording_for
from observe.web.forms import typed_day
from observe.web.guards import current_actor, permission, reading, writing
from observe.web.words import say

blueprint = Blueprint("assigning", __name__)


@blueprint.post("/videos/<uuid:recording_id>/doble-codificacion")
@permission(Action.RECORDING_ASSIGN)
def ask(recording_id: UUID) -> ResponseReturnValue:
    """Ask the colleague chosen; what hinders it is told on the lesson's page."""
    with reading() as session:
        recording_for(session, recording_id, actor=current_actor(), action=Action.RECORDING_ASSIGN)
    try:
        _assign(recording_id)
    except (BadInputError, ConflictError, NotAllowedError) as error:
        flash(say(error.message), "warning")
    else:
        flash(say(message("Asked. The lesson waits in her video library.")), "done")
    return _back(recording_id)


def _assign(recording_id: UUID) -> None:
    typed = request.form
    observer_id, version_id = (parse_id(typed.get(name, "")) for name in ("observer", "rubric"))
    if observer_id is None or version_id is None:
        raise BadInputError(message("Choose a colleague and a rubric first."))
    with writing() as session:
        assign(
            session,
            recording_id,
            Asking(
                observer_id,
                version_id,
                blind="blind" in typed,
                random_order="random" in typed,
                due_on=typed_day(typed.get("due", "")),
            ),
            actor=current_actor(),
        )


@blueprint.post("/asignaciones/<uuid:assignment_id>/retirar")
@permission(Action.RECORDING_ASSIGN)
def withdraw(assignment_id: UUID) -> ResponseReturnValue:
    """Ask the colleague no more."""
    actor = current_actor()
    with reading() as session:
        recording_id = asked_recording(session, assignment_id, actor=actor).id
    try:
        with writing() as session:
            unassign(session, assignment_id, actor=actor)
    except ConflictError as error:
        flash(say(error.message), "warning")
    else:
        flash(say(message("She is no longer asked to code it.")), "done")
    return _back(recording_id)


def _back(recording_id: UUID) -> ResponseReturnValue:
    return redirect(url("library.show", recording_id=recording_id, _anchor="double"))
