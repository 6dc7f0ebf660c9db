"""The observer's side of feedback: profile, composer, preview, publishing, and the clips' files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from observe import jobs
from observe.coding.models import Observation
from observe.coding.operations import latest_document
from observe.coding.rules import Document, DocumentNote, dimension_of
from observe.db import now
from observe.errors import BadInputError, InvalidError
from observe.feedback import checks, clip_files, openings, publishing, signed
from observe.feedback import operations as feedbacks
from observe.feedback.board import Row, next_after
from observe.feedback.checks import FocusInput, input_of
from observe.feedback.consent import allows_pictures
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.feedback.offered import offered
from observe.feedback.report import FeedbackPage, page_of, pdf
from observe.feedback.schooldays import due_days
from observe.feedback.suggest import Suggestion
from observe.feedback.waiting import feedback_queue
from observe.jobs import Job, JobState
from observe.people import audit
from observe.people.access import Action, not_found
from observe.profile import profile_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import Message, message
from observe.video.models import FileKind
from observe.web import blurred, composing, film_strip, focus_form, guards, meanwhile, words
from observe.web.focus_form import FocusForm
from observe.web.guards import current_actor, permission, wants_json
from observe.web.meanwhile import News
from observe.web.profile_table import table_of
from observe.web.responses import as_download, opens, send_media
from observe.web.words import say

blueprint = Blueprint("feedback", __name__)

NOTE_LEAD_MS: Final = 5_000  # a moment taken from a note begins before what was noted
NOTE_LENGTH_MS: Final = 30_000
KINDS: Final = {"fortaleza": FocusKind.STRENGTH, "prioridad": FocusKind.PRIORITY}
PARTS: Final = {
    "": 0,
    "strength": 5,
    "priority": 50,
    "blur": 50,
    "open": 95,
}  # of the whole, in percent


# --- profile ------------------------------------------------------------------------------------


@blueprint.get("/observaciones/<uuid:observation_id>/perfil")
@permission(Action.FEEDBACK_COMPOSE)
def profile(observation_id: UUID) -> ResponseReturnValue:
    """Show what the scores say, and what could be the strength and the priority."""
    with guards.reading() as session:
        observation = feedbacks.composable(session, observation_id, actor=current_actor())
        rubric, document = _read(session, observation)
        page = render_template(
            "feedback/profile.html",
            observation=observation,
            recording=observation.recording,
            rubric=rubric,
            document=document,
            table=table_of(profile_of(document, rubric), rubric, words.language()),
            suggestion=_suggestion(session, observation_id),
            feedback=feedbacks.current(session, observation_id),
        )
        told = _told(session, observation)
    return _with_told_seen(told, page)


def _told(session: Session, observation: Observation) -> set[UUID]:
    told = feedbacks.wish_told(session, observation)
    return openings.beside(session, told, actor=current_actor())


def _with_told_seen(told: set[UUID], page: str) -> str:
    if told:
        with guards.writing() as session:
            openings.seen_beside(session, told, actor=current_actor())
    return page


def _read(session: Session, observation: Observation) -> tuple[Rubric, Document]:
    return rubric_of(observation.rubric_version), latest_document(session, observation)


def _suggestion(session: Session, observation_id: UUID) -> Suggestion:
    return feedbacks.suggestion_for(session, observation_id, actor=current_actor())


# --- composing ----------------------------------------------------------------------------------


@blueprint.get("/observaciones/<uuid:observation_id>/retroalimentacion")
@permission(Action.FEEDBACK_COMPOSE)
def compose(observation_id: UUID) -> ResponseReturnValue:
    """Show the composer, or how far publishing is, or what was published."""
    with guards.reading() as session:
        observation = feedbacks.composable(session, observation_id, actor=current_actor())
        feedbacks.check_filmed(observation)
        feedback = feedbacks.current(session, observation_id)
        if feedback is not None and feedback.state is not FeedbackState.DRAFT:
            answered = any(answer.sent_at for answer in feedback.answers)
            page = _state_page(session, feedback)
            return _with_answers_seen(feedback.id, page) if answered else page
        page = _composer(session, observation, feedback, focus_form.forms_of(feedback))
        told = _told(session, observation)
    return _with_told_seen(told, page)


def _with_answers_seen(feedback_id: UUID, page: str) -> str:
    with guards.writing() as session:
        feedback = session.get_one(Feedback, feedback_id)
        openings.answers_seen(session, feedback, actor=current_actor())
    return page


def _kept(feedback: Feedback | None) -> dict[FocusKind, FocusInput]:
    return {kind: input_of(feedback.focus(kind) if feedback else None) for kind in FocusKind}


def _composer(
    session: Session,
    observation: Observation,
    feedback: Feedback | None,
    forms: Mapping[FocusKind, FocusForm],
    *,
    saved: bool = False,
) -> str:
    rubric, document = _read(session, observation)
    kept = _kept(feedback)
    return render_template(
        "feedback/compose.html",
        observation=observation,
        recording=observation.recording,
        rubric=rubric,
        document=document,
        notes=_notes(document),
        suggestion=_suggestion(session, observation.id),
        feedback=feedback,
        forms=[forms[kind] for kind in FocusKind],
        problems=checks.problems_of(kept, rubric, document, today=guards.today()),
        hints=checks.hints(kept, document),
        tones=composing.tones(session, observation, kept),
        known=json.dumps(meanwhile.told(focus_form.forms_of(feedback))),
        offered=offered,
        days=due_days(guards.today()),
        dimension_of=dimension_of,
        strip=film_strip.layout_of(session, observation.recording),
        limits=checks,
        saved=saved,
        video_url=url("library.play", recording_id=observation.recording_id),
        **_queue(session, observation),
    )


def _queue(session: Session, observation: Observation) -> dict[str, object]:
    """Return how many lessons wait for feedback, and the next of them."""
    queue = _waiting(session)
    return {"queue": queue, "next_up": next_after(queue, observation.id)}


def _waiting(session: Session) -> list[Row]:
    days = guards.home().settings.feedback_days
    return feedback_queue(session, actor=current_actor(), today=guards.today(), days=days)


def _notes(document: Document) -> dict[str, list[DocumentNote]]:
    """Return the notes by dimension, also those on its behaviours; those of none under ''."""
    found: dict[str, list[DocumentNote]] = {}
    for note in document.notes:
        found.setdefault(dimension_of(note.dimension) or "", []).append(note)
    return found


@blueprint.post("/observaciones/<uuid:observation_id>/retroalimentacion")
@permission(Action.FEEDBACK_COMPOSE)
def save(observation_id: UUID) -> ResponseReturnValue:
    """Keep the draft as far as it can be read; a script gets JSON, a form the page or the next."""
    actor, asked = current_actor(), request.form.get("do", "save")
    forms = focus_form.typed_forms(_last_of_each(request.form))
    with guards.writing() as session:
        draft = feedbacks.open_draft(session, observation_id, actor=actor)
        feedback_id, rubric, document = draft.id, *_read(session, draft.observation)
        draft = feedbacks.feedback_for(
            session, feedback_id, actor=actor, action=Action.FEEDBACK_COMPOSE, lock=True
        )
        _take(forms, asked, document)
        composing.add_offered(forms, asked, rubric)
        kept = focus_form.forms_of(draft)
        news = meanwhile.merge(forms, kept, meanwhile.known_of(request.form.get("known")), rubric)
        given = focus_form.parsed(forms, _kept(draft), rubric)
        talk = forms[FocusKind.PRIORITY].offers_talk
        feedbacks.save_focuses(session, feedback_id, given, actor=actor, offers_talk=talk)
    wrong = any(form.errors for form in forms.values())
    with guards.reading() as session:
        feedback = session.get_one(Feedback, feedback_id)
        if wants_json():
            return jsonify(_saved(session, forms, feedback, news))
        if wrong or news.taken or asked not in ("save", "preview"):
            page = _composer(session, feedback.observation, feedback, forms, saved=not wrong)
            return page, 400 if wrong else 200
    target = "feedback.preview" if asked == "preview" else "feedback.compose"
    return redirect(url(target, observation_id=observation_id))


def _last_of_each(form: MultiDict[str, str]) -> dict[str, str]:
    """Return each field once: a box that is not ticked leaves what stands hidden before it."""
    return {name: form.getlist(name)[-1] for name in form}


def _take(forms: Mapping[FocusKind, FocusForm], asked: str, document: Document) -> None:
    """Do what a button asked: `choose:<kind>:<dimension>`, `moment:<kind>:<note>`, `clip:…`, `due`.

    A note or a clip brings its moment, and its dimension and words where the card has none yet.
    """
    verb, _, rest = asked.partition(":")
    kind, _, what = rest.partition(":")
    if kind not in set(FocusKind):
        return
    typed = forms[FocusKind(kind)].typed
    if verb == "choose":
        typed["dimension"] = what
    if verb == "due":
        typed["due_on"] = what
    note = next((note for note in document.notes if str(note.id) == what), None)
    if verb == "moment" and note is not None:
        start = max(0, min(note.at_ms - NOTE_LEAD_MS, document.duration_ms - NOTE_LENGTH_MS))
        _take_moment(typed, start, min(start + NOTE_LENGTH_MS, document.duration_ms))
        _begin(typed, note.dimension, note.text)
    clip = next((clip for clip in document.clips if str(clip.id) == what), None)
    if verb == "clip" and clip is not None:
        _take_moment(typed, clip.start_ms, clip.end_ms)
        _begin(typed, clip.dimension, clip.words)


def _begin(typed: dict[str, str], row: str | None, words: str) -> None:
    typed["dimension"] = typed["dimension"] or dimension_of(row) or ""
    typed["note"] = typed["note"] or words


def _take_moment(typed: dict[str, str], start_ms: int, end_ms: int) -> None:
    """Put a moment into a card as its fields write it."""
    given = FocusInput(start_ms=start_ms, end_ms=end_ms)
    moment = focus_form.form_of(FocusKind.STRENGTH, given).typed
    typed["start"], typed["end"] = moment["start"], moment["end"]


def _saved(
    session: Session, forms: Mapping[FocusKind, FocusForm], feedback: Feedback, news: News
) -> dict[str, object]:
    rubric, document = _read(session, feedback.observation)
    found = checks.problems(feedback, rubric, document, today=guards.today())
    tones = composing.tones(session, feedback.observation, _kept(feedback))
    return {
        "saved": words.clock(now()),
        "errors": {
            form.name(part): say(told)
            for form in forms.values()
            for part, told in form.errors.items()
        },
        "problems": [say(problem) for problem in found],
        "hints": [say(hint) for hint in checks.hints(_kept(feedback), document)],
        "tones": {name: [say(hint) for hint in hints] for name, hints in tones.items()},
        "known": meanwhile.told(focus_form.forms_of(feedback)),
        "taken": news.taken,
        "clashes": news.clashes,
    }


@blueprint.post("/observaciones/<uuid:observation_id>/retroalimentacion/abrir")
@permission(Action.FEEDBACK_COMPOSE)
def begin(observation_id: UUID) -> ResponseReturnValue:
    """Begin a draft; after a withdrawal with what was withdrawn."""
    with guards.writing() as session:
        feedbacks.open_draft(session, observation_id, actor=current_actor())
    return redirect(url("feedback.compose", observation_id=observation_id))


@blueprint.get("/observaciones/<uuid:observation_id>/retroalimentacion/vista")
@permission(Action.FEEDBACK_COMPOSE)
def preview(observation_id: UUID) -> ResponseReturnValue:
    """Show the page as the educator will see it, and what is missing before it can be published."""
    with guards.reading() as session:
        observation = feedbacks.composable(session, observation_id, actor=current_actor())
        feedback = feedbacks.current(session, observation_id)
        if feedback is None:
            return redirect(url("feedback.compose", observation_id=observation_id))
        page = page_of(feedback, locale=words.language())
        return render_template(
            "feedback/preview.html",
            observation=observation,
            feedback=feedback,
            page=page,
            media=_preview_media(session, feedback, page),
            problems=_missing(session, feedback),
            seen=feedbacks.mark_of(feedback),
            offers=blurred.offers(session, feedback, page, actor=current_actor()),
            **_queue(session, observation),
        )


def _missing(session: Session, feedback: Feedback) -> tuple[Message, ...]:
    if feedback.state is not FeedbackState.DRAFT:
        return ()
    return feedbacks.problems(session, feedback, today=guards.today())


def _preview_media(
    session: Session, feedback: Feedback, page: FeedbackPage
) -> dict[str, dict[str, str]]:
    """Return where each moment's film is; before the clips are cut, a part of the whole lesson."""
    ended = feedback.state in (FeedbackState.PUBLISHED, FeedbackState.WITHDRAWN)
    if ended or all(moment.has_clip for moment in page.moments):
        return clip_urls(session, feedback)
    if feedback.observation.recording.is_erased:
        return {}
    whole = url("library.play", recording_id=feedback.observation.recording_id)
    return {
        moment.kind.value: {
            "film": f"{whole}#t={moment.start_ms / 1000},{moment.end_ms / 1000}",
            "raw": "yes",
        }
        for moment in page.moments
        if moment.start_ms is not None and moment.end_ms is not None
    }


def clip_urls(session: Session, feedback: Feedback) -> dict[str, dict[str, str]]:
    """Return where each moment's clip, its picture and, if it has some, its captions are.

    A clip that was deleted, or that may not be shown any more, is left out.
    """
    if not allows_pictures(session, feedback.observation.recording):
        return {}
    shown = {name: kind for name, kind in KINDS.items() if _has_clip(feedback, kind)}
    return {kind.value: _urls(session, feedback, name) for name, kind in shown.items()}


def _has_clip(feedback: Feedback, kind: FocusKind) -> bool:
    focus = feedback.focus(kind)
    return focus is not None and focus.has_clip


def _urls(session: Session, feedback: Feedback, name: str) -> dict[str, str]:
    found = {
        "film": url("feedback.clip", feedback_id=feedback.id, kind=name),
        "poster": url("feedback.poster", feedback_id=feedback.id, kind=name),
    }
    focus = feedback.focus(KINDS[name])
    if clip_files.file_of(session, focus, FileKind.CLIP_CAPTIONS) is not None:
        found["captions"] = url("feedback.subtitles", feedback_id=feedback.id, kind=name)
    return found


# --- publishing ---------------------------------------------------------------------------------


@blueprint.post("/retroalimentaciones/<uuid:feedback_id>/publicar")
@permission(Action.FEEDBACK_PUBLISH)
def publish(feedback_id: UUID) -> ResponseReturnValue:
    """Publish what was looked at, or try again what failed; then its page, or the next lesson's."""
    try:
        with guards.writing() as session:
            queue = _waiting(session)
            feedback = feedbacks.publish(
                session,
                feedback_id,
                actor=current_actor(),
                today=guards.today(),
                seen=request.form.get("seen", ""),
            )
            observation_id = feedback.observation_id
            educator = feedback.observation.recording.educator.name
    except feedbacks.ChangedError as error:
        flash(say(error.message), "warning")
        return redirect(url("feedback.preview", observation_id=_observation_id(feedback_id)))
    except InvalidError:
        return redirect(url("feedback.preview", observation_id=_observation_id(feedback_id)))
    next_up = next_after(queue, observation_id) if request.form.get("do") == "next" else None
    if next_up is not None:
        observation_id = next_up.observation_id or observation_id
        flash(say(message("The feedback for %(name)s is being published.", name=educator)), "done")
    return redirect(url("feedback.compose", observation_id=observation_id))


def _observation_id(feedback_id: UUID) -> UUID:
    with guards.reading() as session:
        return feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_COMPOSE
        ).observation_id


@blueprint.post("/retroalimentaciones/<uuid:feedback_id>/retomar")
@permission(Action.FEEDBACK_PUBLISH)
def take_back(feedback_id: UUID) -> ResponseReturnValue:
    """Go back to the draft while the clips are not cut."""
    with guards.writing() as session:
        feedback = feedbacks.take_back(session, feedback_id, actor=current_actor())
    return redirect(url("feedback.compose", observation_id=feedback.observation_id))


@blueprint.post("/retroalimentaciones/<uuid:feedback_id>/retirar")
@permission(Action.FEEDBACK_PUBLISH)
def withdraw(feedback_id: UUID) -> ResponseReturnValue:
    """Take it away from the educator, with a reason."""
    reason = request.form.get("reason", "")
    try:
        with guards.writing() as session:
            feedback = feedbacks.withdraw(session, feedback_id, reason, actor=current_actor())
    except BadInputError as error:
        with guards.reading() as session:
            feedback = feedbacks.feedback_for(
                session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_COMPOSE
            )
            return _state_page(session, feedback, reason=reason, refused=error.message), 400
    flash(say(message("Withdrawn: the educator no longer sees it.")), "done")
    return redirect(url("feedback.compose", observation_id=feedback.observation_id))


def _state_page(
    session: Session, feedback: Feedback, *, reason: str = "", refused: Message | None = None
) -> str:
    page = page_of(feedback, locale=words.language())
    return render_template(
        "feedback/state.html",
        feedback=feedback,
        observation=feedback.observation,
        recording=feedback.observation.recording,
        page=page,
        sent=feedbacks.sent_answers(session, feedback, words.language()),
        progress=_progress(jobs.latest(session, publishing.KIND, feedback.id)),
        waits=publishing.waits_for_signatures(session, feedback),
        offers=blurred.offers(session, feedback, page, actor=current_actor()),
        earlier=feedbacks.earlier_versions(session, feedback),
        reason=reason,
        refused=refused,
        **_queue(session, feedback.observation),
    )


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/estado")
@permission(Action.FEEDBACK_COMPOSE)
def state(feedback_id: UUID) -> ResponseReturnValue:
    """Tell a script how far publishing is."""
    with guards.reading() as session:
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_COMPOSE
        )
        job = jobs.latest(session, publishing.KIND, feedback.id)
        waits = publishing.waits_for_signatures(session, feedback)
        return jsonify(state=feedback.state.value, waits=waits, **_progress(job))


def _progress(job: Job | None) -> dict[str, Any]:
    step = job.step if job and job.step in publishing.STEPS else ""
    failed = job is not None and job.state in (JobState.FAILED, JobState.CANCELLED)
    return {
        "failed": failed,
        "step": say(publishing.STEPS[step]),
        "percent": PARTS[step],
        "reason": say(job.why) if job and job.why else "",
    }


# --- files --------------------------------------------------------------------------------------


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.mp4")
@permission(Action.FEEDBACK_WATCH)
def clip(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send a part of one moment's clip."""
    return _clip_file(feedback_id, KINDS[kind], FileKind.CLIP)


@blueprint.get(
    "/retroalimentaciones/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>-liviana.mp4"
)
@permission(Action.FEEDBACK_WATCH)
def light_clip(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send a part of the smaller copy of one moment's clip."""
    return _clip_file(feedback_id, KINDS[kind], FileKind.CLIP, light=True)


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.jpg")
@permission(Action.FEEDBACK_WATCH)
def poster(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send the picture that a clip shows before it plays."""
    return _clip_file(feedback_id, KINDS[kind], FileKind.CLIP_POSTER)


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/<any(fortaleza, prioridad):kind>.vtt")
@permission(Action.FEEDBACK_WATCH)
def subtitles(feedback_id: UUID, kind: str) -> ResponseReturnValue:
    """Send what is said in one moment's clip."""
    return _clip_file(feedback_id, KINDS[kind], FileKind.CLIP_CAPTIONS)


def _clip_file(
    feedback_id: UUID, kind: FocusKind, file_kind: FileKind, *, light: bool = False
) -> ResponseReturnValue:
    with guards.reading() as session:
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_WATCH
        )
        focus = feedback.focus(kind)
        file = (
            clip_files.light_of(session, focus)
            if light
            else clip_files.file_of(session, focus, file_kind)
        )
    kept = guards.home().store.kept(file.sha256) if file else None
    if file is None or kept is None or not kept.exists():
        raise not_found()
    answer = send_media(kept, file.media_type, file.sha256, revocable=True)
    return _opened(answer, feedback_id) if file_kind is FileKind.CLIP else answer


def _opened(answer: Response, feedback_id: UUID) -> Response:
    """Put on file that the clip which `answer` sends was opened."""
    who = current_actor().user_id

    def lately() -> bool:
        with guards.reading() as session:
            return audit.did_lately(session, openings.CLIP, actor_id=who, thing_id=feedback_id)

    if opens(answer, lately):
        with guards.writing() as session:
            feedback = feedbacks.feedback_for(
                session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_WATCH
            )
            openings.opened(session, feedback, actor=current_actor(), action=openings.CLIP)
    return answer


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/hoja.pdf")
@permission(Action.FEEDBACK_COMPOSE)
def sheet(feedback_id: UUID) -> ResponseReturnValue:
    """Send the PDF to its observer, also before it is published; that it was taken is on file."""
    return pdf_answer(feedback_id, Action.FEEDBACK_COMPOSE)


def pdf_answer(feedback_id: UUID, action: Action) -> ResponseReturnValue:
    """Answer with the page as a PDF to keep, with the pictures that are signed; put it on file."""
    with guards.writing() as session:
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=action
        )
        page = page_of(feedback, locale=words.language())
        pictures = signed.pictures_of(session, guards.home().store, feedback)
        openings.opened(
            session,
            feedback,
            actor=current_actor(),
            action=openings.DOWNLOAD,
            form="pdf",
            pictures=sorted(pictures),
        )
    name = f"retroalimentacion-{page.recorded_on.isoformat()}.pdf"
    return as_download(Response(pdf(page, pictures), mimetype="application/pdf"), name)
