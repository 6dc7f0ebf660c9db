"""Coding: the screen, the changes it sends, and finishing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from observe.coding import assigning, cycles, rules, watching
from observe.coding.batch import Applied, Told
from observe.coding.changes import MOST_CYCLES, Change, StepRole
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import (
    apply,
    document_of,
    observation_for,
    played_in,
    steps_of,
    submit,
)
from observe.coding.steps import Step
from observe.db import now
from observe.errors import BadInputError, ConflictError, InvalidError, NotFoundError
from observe.feedback import followup
from observe.people.access import Action, can, not_found, require
from observe.people.class_lists import names_of
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric, Snapshots, Text
from observe.text import Message, message
from observe.video import captions
from observe.video.models import FileKind, Recording
from observe.video.operations import derived_file
from observe.web import film_strip, guards, noticed
from observe.web.forms import sent_json
from observe.web.guards import current_actor, permission
from observe.web.responses import send_media
from observe.web.words import clock, language, say

blueprint = Blueprint("coding", __name__)


# --- the screen ----------------------------------------------------------------------------------


@blueprint.get("/observaciones/<uuid:observation_id>")
@permission(Action.OBSERVATION_CODE)
def screen(observation_id: UUID) -> ResponseReturnValue:
    """Show the coding screen; a submitted observation is shown as its profile."""
    with guards.reading() as session:
        observation = _observation(session, observation_id)
        if observation.state is ObservationState.SUBMITTED:
            return redirect(_profile(observation_id))
        if observation.recording.why_unusable:  # the lesson's page says why, and what to do
            return redirect(url("library.show", recording_id=observation.recording_id))
        rubric = rubric_of(observation.rubric_version)
        anothers = followup.shows_anothers(session, observation, actor=current_actor())
        page = render_template(
            "coding/screen.html",
            observation=observation,
            recording=observation.recording,
            rubric=rubric,
            given=_given(session, observation, rubric),
            blind=assigning.is_blind(observation),
            card=followup.card_of(session, observation, actor=current_actor()),
            outcome_words=followup.WORDS,
            outcome_note_max=followup.NOTE_MAX,
            captions=captions.chosen(session, observation.recording_id),
        )
    if anothers:
        _put_on_file(observation_id)
    return page


def _put_on_file(observation_id: UUID) -> None:
    """Let the educator know that what another observer gave her was seen here."""
    with guards.writing() as session:
        followup.seen(session, _observation(session, observation_id), actor=current_actor())


def _profile(observation_id: UUID) -> str:
    return url("feedback.profile", observation_id=observation_id)


def _observation(session: Session, observation_id: UUID) -> Observation:
    return observation_for(
        session, observation_id, actor=current_actor(), action=Action.OBSERVATION_CODE
    )


def _given(session: Session, observation: Observation, rubric: Rubric) -> dict[str, object]:
    """Return what the script of the screen starts from."""
    recording = observation.recording
    return {
        "observation": str(observation.id),
        "version": observation.version,
        "at": clock(now()),
        "document": document_of(session, observation).model_dump(mode="json"),
        "order": _order(observation),
        "dimensions": _dimensions(rubric),
        "protocol": _protocol(rubric),
        "seen": _seen(session, observation, rubric),
        "frame_rate": recording.frame_rate,
        "strip": film_strip.layout_of(session, recording),
        "live": _live(observation),
        "names": sorted(_names(session, recording)),
        "urls": {
            "changes": url("coding.change", observation_id=observation.id),
            "document": url("coding.document", observation_id=observation.id),
            "steps": url("coding.steps", observation_id=observation.id),
            "strip": url("coding.strip", observation_id=observation.id),
            "waveform": _waveform(session, observation),
            "line": _line(observation),
        },
    }


def _names(session: Session, recording: Recording) -> frozenset[str]:
    return names_of(session, recording.class_group_id, actor=current_actor())


def _live(observation: Observation) -> dict[str, object] | None:
    """Return how the clock of a lesson in the room stands; None: it has a video."""
    recording = observation.recording
    if not recording.is_live:
        return None
    return {
        "runs": recording.live_runs,
        "elapsed_ms": recording.length_ms(),
        "end": url("live.end", observation_id=observation.id),
    }


def _order(observation: Observation) -> tuple[int, ...] | None:
    """Return the numbers of the cycles, and of those that may come, as they are coded.

    None is the order of time.
    """
    asked = observation.assignment
    if asked is None or asked.order_seed is None:
        return None
    return cycles.order(MOST_CYCLES, asked.order_seed)


def _dimensions(rubric: Rubric) -> list[dict[str, object]]:
    return [
        {
            "id": row.id,
            "code": row.dimension.code,
            "title": _local(row.of.title),
            "values": list(rubric.scale_of(row.of).values()),
            "not_observed": row.of.not_observed,
            "not_applicable": row.of.not_applicable,
        }
        for row in rubric.rows()
    ]


def _protocol(rubric: Rubric) -> dict[str, object]:
    protocol = rubric.protocol
    told = protocol.model_dump(mode="json", exclude={"instructions", "snapshots"})
    return {**told, "snapshots": protocol.snapshots and _snapshots(protocol.snapshots)}


def _snapshots(snapshots: Snapshots) -> dict[str, object]:
    return {
        "at_ms": snapshots.at_ms,
        "look_ms": snapshots.look_ms,
        "questions": [
            {
                "id": question.id,
                "title": _local(question.title),
                "answers": [
                    {"id": answer.id, "title": _local(answer.title)} for answer in question.answers
                ],
                "only_after": question.only_after,
            }
            for question in snapshots.questions
        ],
    }


def _seen(session: Session, observation: Observation, rubric: Rubric) -> list[dict[str, int]]:
    """Return what was seen already, where the rubric says what may be seen again."""
    if rubric.protocol.playback_policy == "free":
        return []
    played = played_in(session, observation.id)
    return [asdict(span) for span in watching.seen(played)]


def _local(text: Text) -> str:
    return text.in_language(language())


def _waveform(session: Session, observation: Observation) -> str | None:
    made = film_strip.watchable(session, observation.recording, FileKind.WAVEFORM)
    return url("coding.waveform", observation_id=observation.id) if made else None


def _line(observation: Observation) -> str | None:
    watch = can(current_actor(), Action.RECORDING_WATCH, observation.recording.as_thing())
    return url("coding.line", observation_id=observation.id) if watch else None


@blueprint.get("/observaciones/<uuid:observation_id>/tira")
@permission(Action.OBSERVATION_CODE)
def strip(observation_id: UUID) -> ResponseReturnValue:
    """Send the film strip."""
    return _derived(observation_id, FileKind.STRIP)


@blueprint.get("/observaciones/<uuid:observation_id>/onda")
@permission(Action.OBSERVATION_CODE)
def waveform(observation_id: UUID) -> ResponseReturnValue:
    """Send how loud the lesson is, one byte for each twentieth of a second."""
    return _derived(observation_id, FileKind.WAVEFORM)


@blueprint.get("/observaciones/<uuid:observation_id>/linea")
@permission(Action.OBSERVATION_CODE)
def line(observation_id: UUID) -> ResponseReturnValue:
    """Tell who speaks and how much moves each second, and what moments stand out, as JSON."""
    with guards.reading() as session:
        recording = _observation(session, observation_id).recording
        require(current_actor(), Action.RECORDING_WATCH, recording.as_thing())
        answer = jsonify(noticed.line(noticed.noticed_in(session, guards.home().store, recording)))
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


def _derived(observation_id: UUID, kind: FileKind) -> ResponseReturnValue:
    with guards.reading() as session:
        recording = _observation(session, observation_id).recording
        require(current_actor(), Action.RECORDING_WATCH, recording.as_thing())
        made = derived_file(session, guards.home().store, recording, kind)
    if made is None:
        raise not_found()
    return send_media(made.file, made.media_type, made.tag)


# --- changes -------------------------------------------------------------------------------------


class _SentChange(BaseModel):
    id: UUID
    kind: Annotated[str, Field(max_length=40)]
    payload: dict[str, Any]
    step: UUID | None = None
    role: StepRole = StepRole.DO


class _Sent(BaseModel):
    window: Annotated[str, Field(min_length=1, max_length=64)]
    base_version: Annotated[int, Field(ge=0)]
    changes: Annotated[list[_SentChange], Field(max_length=500)]


@blueprint.post("/observaciones/<uuid:observation_id>/cambios")
@permission(Action.OBSERVATION_CODE)
def change(observation_id: UUID) -> ResponseReturnValue:
    """Take changes; what is acknowledged is on the disk before the answer leaves."""
    sent = _sent()
    with guards.writing() as session:
        applied = apply(
            session,
            observation_id,
            [
                Change(each.id, each.kind, each.payload, each.step, each.role)
                for each in sent.changes
            ],
            window=sent.window,
            base_version=sent.base_version,
            actor=current_actor(),
        )
    return jsonify(_answer(applied))


def _sent() -> _Sent:
    try:
        return _Sent.model_validate(sent_json())
    except ValidationError as error:
        raise BadInputError(
            message("These changes could not be understood. Reload the page.")
        ) from error


def _answer(applied: Applied) -> dict[str, object]:
    return {
        "version": applied.version,
        "acknowledged": [str(each) for each in applied.acknowledged],
        "conflicts": [_told(each) for each in applied.conflicts],
        "refused": [_told(each) for each in applied.refused],
        "elsewhere": applied.elsewhere,
        "saved_at": clock(now()),
    }


def _told(told: Told) -> dict[str, str]:
    return {"id": str(told.id), "sentence": say(told.message)}


@blueprint.get("/observaciones/<uuid:observation_id>/documento")
@permission(Action.OBSERVATION_CODE)
def document(observation_id: UUID) -> ResponseReturnValue:
    """Return the version, and the document unless the version is the one `desde` names."""
    with guards.reading() as session:
        observation = _observation(session, observation_id)
        answer: dict[str, object] = {"version": observation.version, "live": _live(observation)}
        if request.args.get("desde", type=int) != observation.version:
            answer["document"] = document_of(session, observation).model_dump(mode="json")
    return jsonify(answer)


STEPS_AT_ONCE: Final = 100


@blueprint.get("/observaciones/<uuid:observation_id>/pasos")
@permission(Action.OBSERVATION_CODE)
def steps(observation_id: UUID) -> ResponseReturnValue:
    """Tell the steps that can be taken back or done again, as they were at `version`, as JSON.

    The newest `STEPS_AT_ONCE` of the first `hasta` steps done; `left` is how many came before.
    """
    version = request.args.get("version", 0, type=int)
    with guards.reading() as session:
        found = steps_of(session, _observation(session, observation_id), version)
    end = request.args.get("hasta", len(found.done), type=int)
    done = found.done[: max(0, end)]
    return jsonify(
        done=[_step(each) for each in done[-STEPS_AT_ONCE:]],
        undone=[_step(each) for each in found.undone],
        left=max(0, len(done) - STEPS_AT_ONCE),
    )


def _step(step: Step) -> dict[str, object]:
    return {
        "id": str(step.id),
        "undo": [asdict(act) for act in step.undo],
        "redo": [asdict(act) for act in step.redo],
        "merge": None,
    }


# --- finishing -----------------------------------------------------------------------------------


@blueprint.get("/observaciones/<uuid:observation_id>/terminar")
@permission(Action.OBSERVATION_CODE)
def finish(observation_id: UUID) -> ResponseReturnValue:
    """Show what is missing, or ask to submit."""
    return finish_page(observation_id, None, 200)


@blueprint.post("/observaciones/<uuid:observation_id>/terminar")
@permission(Action.OBSERVATION_SUBMIT)
def submit_observation(observation_id: UUID) -> ResponseReturnValue:
    """Submit what the page showed; what changed since then is shown first."""
    try:
        with guards.writing() as session:
            _observation(session, observation_id)
            submit(session, observation_id, actor=current_actor(), seen=_version_seen())
            visible = _visible(session, observation_id)
    except (ConflictError, InvalidError) as error:
        return finish_page(observation_id, error.message, error.status)
    if visible:
        return redirect(_profile(observation_id))
    flash(say(message("Submitted. Its profile appears once your blind codings are done.")), "done")
    return redirect(url("library.index"))


def _visible(session: Session, observation_id: UUID) -> bool:
    """Tell whether she may see what she submitted: not while she codes that educator blind."""
    try:
        _observation(session, observation_id)
    except NotFoundError:
        return False
    return True


def _version_seen() -> int:
    """Return the version of the page that was looked at; a form that names none showed none."""
    return request.form.get("version", -1, type=int)


def finish_page(
    observation_id: UUID,
    problem: Message | None,
    status: int,
    *,
    typed: dict[str, str] | None = None,
) -> ResponseReturnValue:
    """Show what is missing; `typed` is what was typed about her previous priority and not kept."""
    with guards.reading() as session:
        observation = _observation(session, observation_id)
        rubric = rubric_of(observation.rubric_version)
        content = document_of(session, observation)
        if observation.state is ObservationState.SUBMITTED:
            return redirect(_profile(observation_id))
        anothers = followup.shows_anothers(session, observation, actor=current_actor())
        page = render_template(
            "coding/finish.html",
            observation=observation,
            recording=observation.recording,
            rubric=rubric,
            document=content,
            missing=rules.missing(content, rubric),
            warnings=rules.warnings(content, rubric, _names(session, observation.recording)),
            problem=problem,
            card=(card := followup.card_of(session, observation, actor=current_actor())),
            unanswered=card and (typed or followup.unanswered(session, observation)),
            outcome_words=followup.WORDS,
            outcome_note_max=followup.NOTE_MAX,
            typed=typed,
        )
    if anothers:
        _put_on_file(observation_id)
    return page, status
