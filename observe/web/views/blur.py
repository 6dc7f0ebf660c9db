"""Blurred clips: asking for one, the review player, its corrections and the signature.

And what the UTP head sees of a feedback: the clips that somebody signed, and nothing else.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError
from observe.feedback import operations as feedbacks
from observe.feedback.consent import allows_to
from observe.feedback.models import FocusKind
from observe.people.access import Action, not_found
from observe.text import Message, message
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurSound, BlurState, BlurStyle, DerivedFile
from observe.video.operations import recording_for
from observe.video.timecode import Span, parse_span
from observe.web import blurred
from observe.web.forms import sent_json, whole
from observe.web.guards import current_actor, home, permission, reading, writing
from observe.web.responses import opens, send_media
from observe.web.words import say

blueprint = Blueprint("blur", __name__)

# --- where they are asked for -------------------------------------------------------------------


@blueprint.get("/videos/<uuid:recording_id>/difuminados")
@permission(Action.RECORDING_BLUR)
def index(recording_id: UUID) -> ResponseReturnValue:
    """List the blurred clips of a lesson; another one can be asked for by its times."""
    return _list(recording_id), 200


def _list(recording_id: UUID, *, typed: str = "", refused: Message | None = None) -> str:
    with reading() as session:
        recording = recording_for(
            session, recording_id, actor=current_actor(), action=Action.RECORDING_BLUR
        )
        rows = blurs.blurrings_of(session, recording_id)
        return render_template(
            "blur/index.html",
            recording=recording,
            rows=[(row, blurred.state_of(session, row)) for row in rows],
            typed=typed,
            refused=refused,
            styles=blurred.STYLES,
            sounds=blurred.SOUNDS,
        )


@blueprint.post("/videos/<uuid:recording_id>/difuminados")
@permission(Action.RECORDING_BLUR)
def ask(recording_id: UUID) -> ResponseReturnValue:
    """Blur a moment of a lesson, or make it anew in another way; then its page."""
    given = request.form
    typed = given.get("span", "")
    with reading() as session:  # what is not hers is not there, whatever she typed
        recording_for(session, recording_id, actor=current_actor(), action=Action.RECORDING_BLUR)
    try:
        span = parse_span(typed)
        with writing() as session:
            row = blurs.ask(
                session,
                recording_id,
                span,
                style=_choice(BlurStyle, given.get("style", "")),
                sound=_choice(BlurSound, given.get("sound", "")),
                actor=current_actor(),
            )
            blurring_id = row.id
    except (BadInputError, ConflictError) as error:
        return _list(recording_id, typed=typed, refused=error.message), error.status
    return redirect(url("blur.show", blurring_id=blurring_id))


def _choice(options: Any, given: str) -> Any:  # noqa: ANN401  # one of the two enumerations
    return options(given) if given in set(options) else None


# --- the review player --------------------------------------------------------------------------


@blueprint.get("/difuminados/<uuid:blurring_id>")
@permission(Action.RECORDING_BLUR)
def show(blurring_id: UUID) -> ResponseReturnValue:
    """Show the clip, what is covered in it, and where to sign."""
    return _page(blurring_id), 200


def _page(blurring_id: UUID, refused: Message | None = None) -> str:
    with reading() as session:
        row = blurs.blurring_for(session, blurring_id, actor=current_actor())
        lost = blurs.is_lost(session, home().store, row)
        return render_template(
            "blur/show.html",
            row=row,
            recording=row.recording,
            span=Span(row.start_ms, row.end_ms),
            detector=json.loads(row.detector) if row.detector else None,
            state=blurred.FAILED if lost else blurred.state_of(session, row),
            lost=lost,
            lost_removals=blurs.lost_removals(session, row),
            progress=blurred.progress_of(session, row),
            given=blurred.drawn(session, home().store, row),
            refused=refused,
            styles=blurred.STYLES,
            sounds=blurred.SOUNDS,
            feedbacks=blurred.feedbacks_with(session, row, actor=current_actor()),
        )


@blueprint.get("/difuminados/<uuid:blurring_id>/estado")
@permission(Action.RECORDING_BLUR)
def progress(blurring_id: UUID) -> ResponseReturnValue:
    """Tell a script how far the making is."""
    with reading() as session:
        row = blurs.blurring_for(session, blurring_id, actor=current_actor())
        now = blurred.progress_of(session, row)
        return jsonify(going_on=now.going_on, step=say(now.step), percent=now.percent)


@blueprint.post("/difuminados/<uuid:blurring_id>/correcciones")
@permission(Action.RECORDING_BLUR)
def correct(blurring_id: UUID) -> ResponseReturnValue:
    """Keep all corrections of the clip, as JSON; it is made anew."""
    with reading() as session:
        blurs.blurring_for(session, blurring_id, actor=current_actor())
    given = sent_json()
    if not isinstance(given, dict) or not isinstance(given.get("version"), int):
        raise BadInputError(message("These corrections could not be read. Reload the page."))
    with writing() as session:
        row = blurs.correct(
            session,
            blurring_id,
            given.get("corrections"),
            version=given["version"],
            actor=current_actor(),
        )
        return jsonify(version=row.version, state=row.state.value)


@blueprint.post("/difuminados/<uuid:blurring_id>/revisado")
@permission(Action.RECORDING_BLUR)
def sign(blurring_id: UUID) -> ResponseReturnValue:
    """Keep that she looked at the clip and that nobody can be recognised."""
    version = whole(request.form.get("version", ""))
    try:
        with writing() as session:
            blurs.sign(
                session,
                blurring_id,
                version=-1 if version is None else version,
                actor=current_actor(),
            )
    except ConflictError as error:
        return _page(blurring_id, error.message), error.status
    flash(say(message("Signed. In a published feedback, the UTP head can now watch it.")), "done")
    return redirect(url("blur.show", blurring_id=blurring_id))


@blueprint.post("/difuminados/<uuid:blurring_id>/reintentar")
@permission(Action.RECORDING_BLUR)
def retry(blurring_id: UUID) -> ResponseReturnValue:
    """Try again what failed, was stopped or was lost."""
    with writing() as session:
        blurs.retry(session, home().store, blurring_id, actor=current_actor())
    return redirect(url("blur.show", blurring_id=blurring_id))


@blueprint.post("/difuminados/<uuid:blurring_id>/detener")
@permission(Action.RECORDING_BLUR)
def stop(blurring_id: UUID) -> ResponseReturnValue:
    """Stop the making."""
    with writing() as session:
        blurs.stop(session, blurring_id, actor=current_actor())
    return redirect(url("blur.show", blurring_id=blurring_id))


# --- files --------------------------------------------------------------------------------------


@blueprint.get("/difuminados/<uuid:blurring_id>/clip.mp4")
@permission(Action.RECORDING_BLUR)
def clip(blurring_id: UUID) -> ResponseReturnValue:
    """Send a part of the blurred clip to who reviews it; that it is opened is put on file."""
    with reading() as session:
        row = blurs.blurring_for(session, blurring_id, actor=current_actor())
        file = blurs.clip_of(session, row)
    return _opened(_sent(file), row)


@blueprint.get("/difuminados/<uuid:blurring_id>/portada.jpg")
@permission(Action.RECORDING_BLUR)
def poster(blurring_id: UUID) -> ResponseReturnValue:
    """Send the picture of the blurred clip to who reviews it."""
    with reading() as session:
        row = blurs.blurring_for(session, blurring_id, actor=current_actor())
        file = blurs.clip_of(session, row)
        picture = blurs.poster_of(session, file) if file else None
    return _sent(picture)


def _sent(file: DerivedFile | None) -> Response:
    kept = home().store.kept(file.sha256) if file else None
    if file is None or kept is None or not kept.exists():
        raise not_found()
    return send_media(kept, file.media_type, file.sha256, revocable=True)


def _opened(answer: Response, row: Blurring, feedback_id: UUID | None = None) -> Response:
    """Put on file that the clip which `answer` sends was opened."""
    actor = current_actor()

    def lately() -> bool:
        with reading() as session:
            return blurs.watched_lately(session, row, actor=actor)

    if opens(answer, lately):
        with writing() as session:
            blurs.watched(session, row, actor=actor, feedback_id=feedback_id)
    return answer


# --- what others may see --------------------------------------------------------------------------


@blueprint.get(
    "/retroalimentaciones/<uuid:feedback_id>/difuminado/<any(fortaleza, prioridad):kind>.mp4"
)
@permission(Action.FEEDBACK_WATCH_BLURRED)
def checked_clip(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send one moment's clip, blurred and signed; that it was opened is put on file."""
    with reading() as session:
        row = _checked(session, feedback_id, blurred.KINDS[kind])
        file = blurs.clip_of(session, row)
    return _opened(_sent(file), row, feedback_id)


@blueprint.get(
    "/retroalimentaciones/<uuid:feedback_id>/difuminado/<any(fortaleza, prioridad):kind>.jpg"
)
@permission(Action.FEEDBACK_WATCH_BLURRED)
def checked_poster(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send the picture of one moment's clip, blurred and signed."""
    with reading() as session:
        file = blurs.clip_of(session, _checked(session, feedback_id, blurred.KINDS[kind]))
        picture = blurs.poster_of(session, file) if file else None
    return _sent(picture)


def _checked(session: Session, feedback_id: UUID, kind: FocusKind) -> Blurring:
    feedback = feedbacks.feedback_for(
        session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_WATCH_BLURRED
    )
    row = blurred.blurring_of(session, feedback, kind)
    if row is None or row.state is not BlurState.CHECKED:
        raise not_found()
    if not allows_to(session, feedback, actor=current_actor()):
        raise not_found()
    return row
