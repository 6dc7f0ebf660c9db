"""Peer visits: proposed, agreed to by each of the two, looked at, ended."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError
from observe.feedback import visiting
from observe.feedback.models import FocusKind
from observe.ids import parse_id
from observe.people.access import Action, can, not_found
from observe.people.directory import people_visible_to, person_thing
from observe.people.models import Role
from observe.text import Message, message
from observe.video.models import FileKind
from observe.web.forms import typed_day
from observe.web.guards import could, current_actor, home, permission, reading, today, writing
from observe.web.responses import send_media
from observe.web.words import say

blueprint = Blueprint("visits", __name__)

KINDS = {"fortaleza": FocusKind.STRENGTH, "prioridad": FocusKind.PRIORITY}
NAMES = {kind: name for name, kind in KINDS.items()}


@blueprint.get("/visitas")
@permission(Action.VISIT_SEE)
def index() -> ResponseReturnValue:
    """Show the visits proposed to, open for or proposed by this person."""
    return _list(), 200


def _list(refused: Message | None = None) -> str:
    actor, proposes = current_actor(), could(current_actor(), Action.VISIT_PROPOSE)
    with reading() as session:
        educators = [
            user
            for user in people_visible_to(session, actor=actor, role=Role.EDUCATOR)
            if user.active and can(actor, Action.VISIT_PROPOSE, person_thing(user))
        ]
        return render_template(
            "educator/visits.html",
            visits=visiting.visits_of(session, actor=actor),
            proposes=proposes,
            educators=educators if proposes else [],
            last=today() + visiting.LONGEST,
            today=today(),
            typed=request.form,
            refused=refused,
        )


@blueprint.post("/visitas")
@permission(Action.VISIT_PROPOSE)
def propose() -> ResponseReturnValue:
    """Propose a visit to two educators."""
    one_id, other_id = (parse_id(request.form.get(each, "")) for each in ("one_id", "other_id"))
    try:
        ends_on = typed_day(request.form.get("ends_on", ""), "ends_on")
        if one_id is None or other_id is None:
            raise BadInputError(
                message("Choose two educators of different schools."), field="one_id"
            )
        if ends_on is None:
            raise BadInputError(message("Write the last day."), field="ends_on")
        with writing() as session:
            visiting.propose(session, one_id, other_id, ends_on, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return _list(error.message), error.status
    flash(say(message("Proposed. It opens once both have agreed.")), "done")
    return redirect(url("visits.index"))


@blueprint.get("/visitas/<uuid:visit_id>")
@permission(Action.VISIT_SEE)
def show(visit_id: UUID) -> ResponseReturnValue:
    """Show a visit: what she shows, what she sees, and how to end it."""
    with reading() as session:
        visit = visiting.visit_for(session, visit_id, actor=current_actor())
        return render_template("educator/visit.html", visit=visit, names=NAMES, today=today())


@blueprint.post("/visitas/<uuid:visit_id>/aceptar")
@permission(Action.VISIT_AGREE)
def agree(visit_id: UUID) -> ResponseReturnValue:
    """Agree, for oneself."""
    with writing() as session:
        visiting.agree(session, visit_id, actor=current_actor())
    flash(say(message("You agreed. You can end it whenever you like.")), "done")
    return redirect(url("visits.show", visit_id=visit_id))


@blueprint.post("/visitas/<uuid:visit_id>/terminar")
@permission(Action.VISIT_END)
def end(visit_id: UUID) -> ResponseReturnValue:
    """End it, or decline."""
    with writing() as session:
        visiting.end(session, visit_id, actor=current_actor())
    flash(say(message("Ended. From now on neither of you sees the other's clips.")), "done")
    return redirect(url("visits.index"))


@blueprint.get("/visitas/fragmentos/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.mp4")
@permission(Action.FEEDBACK_VISIT)
def clip(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send a peer's clip, blurred and checked."""
    return _sent(feedback_id, kind, FileKind.CLIP)


@blueprint.get("/visitas/fragmentos/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.jpg")
@permission(Action.FEEDBACK_VISIT)
def poster(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send the picture that a peer's clip shows before it plays, its faces covered too."""
    return _sent(feedback_id, kind, FileKind.CLIP_POSTER)


@blueprint.get("/visitas/fragmentos/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.vtt")
@permission(Action.FEEDBACK_VISIT)
def subtitles(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send what is said in a peer's clip."""
    return _sent(feedback_id, kind, FileKind.CLIP_CAPTIONS)


def _sent(feedback_id: UUID, kind: str, file_kind: FileKind) -> Response:
    """Send what goes with a peer's clip; put on file that something of it was looked at."""
    with reading() as session:
        file = visiting.file_for(
            session, feedback_id, KINDS[kind], file_kind, actor=current_actor()
        )
    kept = home().store.kept(file.sha256)
    if not kept.exists():
        raise not_found()
    answer = send_media(kept, file.media_type, file.sha256, revocable=True)
    with writing() as session:
        visiting.seen(session, feedback_id, actor=current_actor())
    return answer
