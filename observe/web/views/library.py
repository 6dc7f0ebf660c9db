"""The video library and one lesson's page: its state, its consents, its video, and the way on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.coding.assigning import asked_for, colleagues_for
from observe.coding.operations import start
from observe.errors import BadInputError, ConflictError
from observe.ids import parse_id
from observe.jobs import JobState
from observe.people.access import Action, can, not_found
from observe.privacy.gate import Place
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.rubric.versions import offered as rubrics_offered
from observe.text import message
from observe.video import captions, erasing
from observe.video import operations as video
from observe.video.gate import asked_of, count_children
from observe.video.models import FileKind, Recording
from observe.video.preparing.borrowing import is_borrowed
from observe.web import media_links, shelf
from observe.web.guards import current_actor, home, permission, reading, writing
from observe.web.noticed import noticed_in
from observe.web.responses import opens, send_media
from observe.web.words import say

blueprint = Blueprint("library", __name__)


@blueprint.get("/videoteca")
@permission(Action.RECORDING_SEE)
def index() -> ResponseReturnValue:
    """List the observer's lessons, what waits for her first."""
    actor, asked = current_actor(), _asked()
    with reading() as session:
        lessons = shelf.lessons_of(session, actor=actor)
        uploads = shelf.unfinished_uploads(session, actor=actor)
    return render_template(
        "library/index.html",
        lessons=[lesson for lesson in lessons if asked.holds(lesson)],
        asked=asked,
        schools=_names(row.recording.class_group.school for row in lessons),
        educators=_names(row.recording.educator for row in lessons),
        preparing=any(lesson.preparing for lesson in lessons),
        uploads=uploads,
        any_lesson=bool(lessons),
    )


def _asked() -> shelf.Filter:
    group = request.args.get("turno", "")
    return shelf.Filter(
        school_id=parse_id(request.args.get("establecimiento", "")),
        educator_id=parse_id(request.args.get("educadora", "")),
        group=shelf.Group(group) if group in set(shelf.Group) else None,
    )


def _names(things: Any) -> list[tuple[UUID, str]]:  # noqa: ANN401  # whatever has id and name
    return sorted({(thing.id, thing.name) for thing in things}, key=lambda pair: pair[1])


@blueprint.get("/videoteca/avance")
@permission(Action.RECORDING_SEE)
def progress() -> ResponseReturnValue:
    """Tell how far the preparation of each of the observer's lessons is, as JSON."""
    with reading() as session:
        lessons = shelf.lessons_of(session, actor=current_actor())
    return jsonify(lessons=[_progress(lesson) for lesson in lessons if lesson.job is not None])


def _progress(lesson: shelf.Lesson) -> dict[str, object]:
    job, recording = lesson.job, lesson.recording
    return {
        "id": str(recording.id),
        "stage": lesson.stage,
        "going_on": lesson.preparing,
        "step": say(lesson.step) if lesson.step else "",
        "percent": job.percent if job else 0,
        "seconds_left": job.seconds_left if job else None,
    }


@blueprint.get("/videos/<uuid:recording_id>")
@permission(Action.RECORDING_SEE)
def show(recording_id: UUID) -> ResponseReturnValue:
    """Show one lesson: where it stands and what to do next."""
    return _page(recording_id, 200)


def _page(recording_id: UUID, status: int, problem: str | None = None) -> ResponseReturnValue:
    return lesson_page(recording_id, status, problem)


def lesson_page(
    recording_id: UUID, status: int, problem: str | None = None, *, erase_problem: str | None = None
) -> ResponseReturnValue:
    """Return the page of a lesson, with what was refused on it."""
    actor = current_actor()
    with reading() as session:
        recording = video.recording_for(session, recording_id, actor=actor)
        lesson = shelf.lesson(session, recording, actor=actor)
        used = {observation.rubric_version_id for observation in lesson.observations}
        newest = rubrics_offered(session, recording.class_group.school_id, recording.recorded_on)
        offered = [version for version in newest if version.id not in used]
        if lesson.asked:
            offered = [each.rubric_version for each in lesson.to_begin]
        page = render_template(
            "library/show.html",
            lesson=lesson,
            recording=recording,
            rubrics=[(version, rubric_of(version)) for version in offered],
            may=lambda action: can(actor, Action(action), recording.as_thing()),
            **_double(session, lesson, newest),
            poster=video.derived_file(session, home().store, recording, FileKind.POSTER),
            captions=captions.chosen(session, recording_id),
            noticed=noticed_in(session, home().store, recording),
            same=_same_content(session, recording),
            borrowed=is_borrowed(session, home().store, recording),
            cancelled=lesson.job is not None and lesson.job.state is JobState.CANCELLED,
            problem=problem,
            **_privacy(session, recording),
            erase_problem=erase_problem,
        )
    return page, status


def _privacy(session: Session, recording: Recording) -> dict[str, object]:
    """Return what is to be said of who is seen, and what the page says of its deletion."""
    return {
        "gate": asked_of(session, recording),
        "counted": request.form,
        "held": erasing.hold_on(session, recording.id),
        "confirm": say(erasing.CONFIRM),
    }


def _double(
    session: Session, lesson: shelf.Lesson, newest: list[RubricVersion]
) -> dict[str, object]:
    """Return who codes the lesson too, and who could be asked to, with which rubric."""
    actor, recording = current_actor(), lesson.recording
    own = [observation.rubric_version for observation in lesson.observations]
    return {
        "double": asked_for(session, recording, actor=actor),
        "colleagues": colleagues_for(session, recording, actor=actor),
        "askable": list(dict.fromkeys([*own, *newest])),
        "rubric_of": rubric_of,
    }


def _same_content(session: Session, recording: Recording) -> list[Recording]:
    """Return the lessons made of the very same file that this observer may see."""
    actor = current_actor()
    return [
        other
        for other in video.same_content(session, recording)
        if can(actor, Action.RECORDING_SEE, other.as_thing())
    ]


@blueprint.get("/videos/<uuid:recording_id>/reproducir")
@permission(Action.RECORDING_WATCH)
def play(recording_id: UUID) -> ResponseReturnValue:
    """Send the part of the lesson that the player asks for; that it is opened is put on file."""
    actor = current_actor()
    with reading() as session:
        recording = _watchable(session, recording_id)
        file = video.playable_file(session, home().store, recording)
    if media_links.asked_as_page():
        return redirect(url("library.show", recording_id=recording_id))
    answer = send_media(file.file, file.media_type, file.tag)

    def lately() -> bool:
        with reading() as session:
            return video.watched_lately(session, recording_id, actor=actor)

    if opens(answer, lately):
        with writing() as session:
            video.watched(session, _watchable(session, recording_id), actor=actor)
    return answer


@blueprint.get("/videos/<uuid:recording_id>/portada")
@permission(Action.RECORDING_WATCH)
def poster(recording_id: UUID) -> ResponseReturnValue:
    """Send the cover picture of the lesson."""
    with reading() as session:
        recording = _watchable(session, recording_id)
        file = video.derived_file(session, home().store, recording, FileKind.POSTER)
    if file is None:
        raise not_found()
    return send_media(file.file, file.media_type, file.tag)


@blueprint.get("/videos/<uuid:recording_id>/subtitulos")
@permission(Action.RECORDING_WATCH)
def subtitles(recording_id: UUID) -> ResponseReturnValue:
    """Send the captions of the lesson."""
    with reading() as session:
        _watchable(session, recording_id)
        kept = captions.chosen(session, recording_id)
    if kept is None:
        raise not_found()
    return send_media(home().store.kept(kept.sha256), kept.media_type, kept.sha256)


@blueprint.post("/videos/<uuid:recording_id>/subtitulos")
@permission(Action.RECORDING_PREPARE)
def give_captions(recording_id: UUID) -> ResponseReturnValue:
    """Keep the captions in the file sent as those of the lesson."""
    _preparable(recording_id)
    sent = request.files.get("captions")
    try:
        if sent is None or not sent.filename:
            raise BadInputError(message("Choose a file with captions first (.srt or .vtt)."))
        cues = captions.read_captions(_text(sent.stream.read(4 * captions.LONGEST + 1)))
        with writing() as session:
            captions.give(session, home().store, recording_id, cues, actor=current_actor())
    except BadInputError as error:
        return _page(recording_id, error.status, say(error.message))
    flash(say(message("The captions are kept and shown with the video.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


def _text(sent: bytes) -> str:
    """Return what was sent as text: older programs write captions as Windows does."""
    try:
        return sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        return sent.decode("cp1252", errors="replace")


@blueprint.get("/videos/<uuid:recording_id>/sonido")
@permission(Action.RECORDING_PREPARE)
def sound(recording_id: UUID) -> ResponseReturnValue:
    """Show the sound tracks of the lesson's file, to choose the one that is heard."""
    recording = _preparable(recording_id)
    found = video.sound_tracks(home().database, home().store, recording_id, actor=current_actor())
    return render_template(
        "library/sound.html",
        recording=recording,
        tracks=found.tracks,
        heard=found.heard,
    )


@blueprint.post("/videos/<uuid:recording_id>/sonido")
@permission(Action.RECORDING_PREPARE)
def choose_sound(recording_id: UUID) -> ResponseReturnValue:
    """Hear the lesson on the track chosen; empty leaves the choice to the rule."""
    actor, asked = current_actor(), request.form.get("track", "-")
    try:
        chosen = _stream(asked) if asked else None
        if chosen is not None:
            known = video.sound_tracks(home().database, home().store, recording_id, actor=actor)
            known.require(chosen)
    except BadInputError as error:
        return _page(recording_id, error.status, say(error.message))
    with writing() as session:
        video.choose_audio(session, recording_id, chosen, actor=actor)
    flash(say(message("The sound is prepared anew. You may close this page.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


def _stream(asked: str) -> int:
    """Return the number of the stream that was asked for; what is no number is none of them."""
    return int(asked) if asked.isdecimal() and len(asked) < 4 else -1


def _preparable(recording_id: UUID) -> Recording:
    with reading() as session:
        return video.recording_for(
            session, recording_id, actor=current_actor(), action=Action.RECORDING_PREPARE
        )


def _watchable(session: Session, recording_id: UUID) -> Recording:
    return video.recording_for(
        session, recording_id, actor=current_actor(), action=Action.RECORDING_WATCH
    )


@blueprint.post("/videos/<uuid:recording_id>/autorizaciones")
@permission(Action.RECORDING_CONSENT)
def consent(recording_id: UUID) -> ResponseReturnValue:
    """Keep that the observer states that all consents are on file."""
    if request.form.get("consent") != "yes":
        told = message("Tick the box first: it is you who states that the consents are on file.")
        return _page(recording_id, 400, say(told))
    with writing() as session:
        video.confirm_consent(session, recording_id, actor=current_actor())
    flash(say(message("Your statement is on file. The lesson can be coded.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


@blueprint.post("/videos/<uuid:recording_id>/quienes")
@permission(Action.RECORDING_CONSENT)
def count(recording_id: UUID) -> ResponseReturnValue:
    """Keep how many children are seen, and where those without consent were."""
    visible = request.form.get("visible", "").strip()
    places = {
        child_id: Place(told)
        for name, told in request.form.items()
        if told in set(Place) and (child_id := parse_id(name.removeprefix("p-"))) is not None
    }
    try:
        with writing() as session:
            verdict = count_children(
                session,
                recording_id,
                int(visible) if visible.isdecimal() and len(visible) < 5 else None,
                places,
                actor=current_actor(),
            )
    except (BadInputError, ConflictError) as error:
        return _page(recording_id, error.status, say(error.message))
    if verdict.is_open:
        flash(say(message("Your statement is on file. The lesson can be coded.")), "done")
    return redirect(url("library.show", recording_id=recording_id, _anchor="consent"))


@blueprint.post("/videos/<uuid:recording_id>/preparacion/detener")
@permission(Action.RECORDING_PREPARE)
def cancel(recording_id: UUID) -> ResponseReturnValue:
    """Stop the preparation."""
    with writing() as session:
        video.cancel_preparation(session, recording_id, actor=current_actor())
    flash(say(message("The preparation was stopped. The video is kept.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


@blueprint.post("/videos/<uuid:recording_id>/preparacion/reintentar")
@permission(Action.RECORDING_PREPARE)
def retry(recording_id: UUID) -> ResponseReturnValue:
    """Prepare the lesson again."""
    with writing() as session:
        video.retry_preparation(session, recording_id, actor=current_actor())
    flash(say(message("The preparation goes on. You may close this page.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


@blueprint.post("/videos/<uuid:recording_id>/codificar")
@permission(Action.OBSERVATION_START)
def code(recording_id: UUID) -> ResponseReturnValue:
    """Begin to code the lesson with the rubric chosen, or go on where the draft stands."""
    version_id = parse_id(request.form.get("rubric", ""))
    if version_id is None:
        return _page(recording_id, 400, say(message("Choose a rubric first.")))
    try:
        with writing() as session:
            observation = start(session, recording_id, version_id, actor=current_actor())
    except ConflictError as error:
        return _page(recording_id, error.status, say(error.message))
    return redirect(url("coding.screen", observation_id=observation.id))
