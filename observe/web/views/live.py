"""Observing in the room: beginning, ending, and the video that is attached later."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import RadioField

from observe.coding.attaching import attach, film_for, films_for
from observe.coding.ending import end_lesson
from observe.coding.models import Observation
from observe.coding.operations import document_of, observation_for, start
from observe.errors import BadInputError, ConflictError, InvalidError, ObserveError
from observe.people.access import Action
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.rubric.versions import offered as rubrics_offered
from observe.text import Message, message
from observe.video import operations as video
from observe.video.timecode import parse_time
from observe.web.forms import needed, sent_json
from observe.web.guards import current_actor, permission, reading, today, writing
from observe.web.lesson_form import FIELDS, DetailsForm, Offered, details_of, fill, offered
from observe.web.words import say

blueprint = Blueprint("live", __name__)

SHOWN_NOTES = 8  # on the page that aligns: enough to tell whether it fits


class LiveForm(DetailsForm):
    """What the observer tells of the lesson that begins now."""

    rubric = RadioField(choices=[], validators=[needed()])


# --- beginning and ending ------------------------------------------------------------------------


@blueprint.get("/en-vivo")
@permission(Action.RECORDING_ADD)
def new() -> ResponseReturnValue:
    """Ask which lesson is observed, and with which rubric."""
    return _form_page(*_form(), 200)


@blueprint.post("/en-vivo")
@permission(Action.RECORDING_ADD)
def begin() -> ResponseReturnValue:
    """Start the clock and lead to the coding screen."""
    form, choices, rubrics = _form()
    if not form.validate():
        return _form_page(form, choices, rubrics, 400)
    actor = current_actor()
    try:
        with writing() as session:
            details = details_of(session, form, today(), consent=False, actor=actor)
            recording = video.begin_live(session, details, actor=actor)
            draft = start(session, recording.id, UUID(form.rubric.data), actor=actor)
    except BadInputError as error:
        form.refuse(FIELDS.get(error.field or "", error.field or "class_group"), error.message)
        return _form_page(form, choices, rubrics, error.status)
    return redirect(url("coding.screen", observation_id=draft.id))


def _form() -> tuple[LiveForm, Offered, list[RubricVersion]]:
    with reading() as session:
        choices = offered(session, actor=current_actor())
        rubrics = rubrics_offered(session, None, today())
    form = LiveForm()
    fill(form, choices)
    form.rubric.choices = [(str(version.id), version.rubric_id) for version in rubrics]
    if form.rubric.data is None and rubrics:
        form.rubric.data = str(rubrics[0].id)
    return form, choices, rubrics


def _form_page(
    form: LiveForm, choices: Offered, rubrics: list[RubricVersion], status: int
) -> ResponseReturnValue:
    page = render_template(
        "live/new.html",
        form=form,
        choices=choices,
        rubrics={str(version.id): rubric_of(version) for version in rubrics},
    )
    return page, status


@blueprint.post("/observaciones/<uuid:observation_id>/termina-la-clase")
@permission(Action.OBSERVATION_CODE)
def end(observation_id: UUID) -> ResponseReturnValue:
    """Stop the clock (JSON `length_ms`: where it should have been stopped)."""
    asked = sent_json()
    given = asked.get("length_ms") if isinstance(asked, dict) else None
    length_ms = given if isinstance(given, int) and given >= 0 else None
    with writing() as session:
        lesson = end_lesson(session, observation_id, actor=current_actor(), length_ms=length_ms)
    return jsonify(duration_ms=lesson.duration_ms)


# --- a video later -------------------------------------------------------------------------------


@blueprint.get("/observaciones/<uuid:observation_id>/video")
@permission(Action.OBSERVATION_CODE)
def films(observation_id: UUID) -> ResponseReturnValue:
    """Show which of her videos could be that of the lesson."""
    actor = current_actor()
    with reading() as session:
        found = films_for(session, observation_id, actor=actor)
        observation = _observation(session, observation_id)
        return render_template(
            "live/films.html", observation=observation, lesson=observation.recording, films=found
        )


@blueprint.get("/observaciones/<uuid:observation_id>/video/<uuid:recording_id>")
@permission(Action.OBSERVATION_CODE)
def align(observation_id: UUID, recording_id: UUID) -> ResponseReturnValue:
    """Ask at which moment of the video the clock stood where."""
    return _align_page(observation_id, recording_id, None, 200)


@blueprint.post("/observaciones/<uuid:observation_id>/video/<uuid:recording_id>")
@permission(Action.OBSERVATION_CODE)
def attach_video(observation_id: UUID, recording_id: UUID) -> ResponseReturnValue:
    """Attach the video as it was aligned."""
    actor = current_actor()
    try:
        with writing() as session:
            _observation(session, observation_id)
            offset_ms = _moment("video") - _moment("clock")
            attach(session, observation_id, recording_id, offset_ms, actor=actor)
    except (BadInputError, InvalidError, ConflictError) as error:
        return _align_page(observation_id, recording_id, error, error.status)
    told = message("The lesson has its video now: notes and cycles are where they happened.")
    flash(say(told), "done")
    return redirect(url("coding.screen", observation_id=observation_id))


def _moment(field: str) -> int:
    try:
        return parse_time(request.form.get(field, ""))
    except BadInputError as error:
        raise BadInputError(message("Write the time like 18:42."), field=field) from error


def _align_page(
    observation_id: UUID, recording_id: UUID, error: ObserveError | None, status: int
) -> ResponseReturnValue:
    with reading() as session:
        films_for(session, observation_id, actor=current_actor())  # whether there is one to attach
        observation = _observation(session, observation_id)
        film = film_for(session, observation, recording_id, actor=current_actor())
        page = render_template(
            "live/align.html",
            observation=observation,
            lesson=observation.recording,
            film=film,
            notes=document_of(session, observation).notes[:SHOWN_NOTES],
            typed={name: request.form.get(name, "0:00") for name in ("video", "clock")},
            problem=error.message if error else None,
            problems=_listed(error),
        )
    return page, status


def _listed(error: ObserveError | None) -> list[Message]:
    return error.problems if isinstance(error, InvalidError) else []


def _observation(session: Session, observation_id: UUID) -> Observation:
    return observation_for(
        session, observation_id, actor=current_actor(), action=Action.OBSERVATION_CODE
    )
