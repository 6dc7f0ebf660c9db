"""Shared records: a school's list, one record with its comments, and the export."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError
from observe.feedback import followup, rounds
from observe.feedback.models import FeedbackState
from observe.feedback.report import page_of
from observe.ids import parse_id
from observe.people.access import Action, can
from observe.records import operations as records
from observe.records.operations import RecordFilter, RecordRow
from observe.text import Message, message
from observe.web import blurred, guards, words
from observe.web.guards import current_actor, permission
from observe.web.profile_table import table_of
from observe.web.responses import as_download
from observe.web.words import say

blueprint = Blueprint("records", __name__)

FEEDBACK_WORDS = {
    "none": message("No feedback yet"),
    FeedbackState.DRAFT.value: message("Draft"),
    FeedbackState.PUBLISHING.value: message("Being published"),
    FeedbackState.PUBLISHED.value: message("Published"),
    FeedbackState.WITHDRAWN.value: message("Withdrawn"),
}
FEEDBACK_SHAPES = {
    FeedbackState.PUBLISHING.value: "now",
    FeedbackState.PUBLISHED.value: "done",
}


@blueprint.get("/registros")
@permission(Action.RECORD_SEE)
def index() -> ResponseReturnValue:
    """List the records she may see, narrowed as the address asks."""
    with guards.reading() as session:
        everything = records.records_of(session, actor=current_actor())
        shown = records.records_of(session, actor=current_actor(), where=asked())
        in_list = [row.observation.id for row in shown]
        return render_template(
            "records/index.html",
            rows=shown,
            total=len(everything),
            schools=_schools(everything),
            rubrics=sorted({row.rubric_name for row in everything}),
            asked=asked(),
            words=FEEDBACK_WORDS,
            shapes=FEEDBACK_SHAPES,
            of_round=len(rounds.published_of(session, in_list, actor=current_actor())),
            one_school=len(_schools(shown)) == 1,
        )


def asked() -> RecordFilter:
    """Return what the address narrows the list to."""
    given = request.args
    return RecordFilter(
        text=given.get("texto", "").strip(),
        school_id=parse_id(given.get("escuela", "")),
        rubric=given.get("pauta", ""),
        feedback=given.get("estado", ""),
        since=_day(given.get("desde", "")),
        until=_day(given.get("hasta", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # what is no day does not narrow
        return None


def _schools(rows: list[RecordRow]) -> list[tuple[str, UUID]]:
    groups = [row.observation.recording.class_group for row in rows]
    return sorted({(group.school.name, group.school_id) for group in groups})


@blueprint.get("/registros/<uuid:observation_id>")
@permission(Action.RECORD_SEE)
def show(observation_id: UUID) -> ResponseReturnValue:
    """Show one record; that it was opened is put on file."""
    return _page(observation_id), 200


def _page(observation_id: UUID, *, text: str = "", refused: Message | None = None) -> str:
    with guards.reading() as session:
        record = records.read(session, observation_id, actor=current_actor())
        state = record.feedback_state
        page = render_template(
            "records/show.html",
            record=record,
            observation=record.observation,
            codes=can(current_actor(), Action.OBSERVATION_CODE, record.observation.as_thing()),
            recording=record.observation.recording,
            rubric=record.rubric,
            document=record.document,
            table=table_of(record.profile, record.rubric, words.language()),
            state=state.value if state else "none",
            words=FEEDBACK_WORDS,
            shapes=FEEDBACK_SHAPES,
            page=_published(record),
            clips=_clips(session, record),
            said=followup.said_in(session, record.observation),
            became=_became(session, record),
            text=text,
            longest=records.COMMENT_MAX,
            refused=refused,
        )
    with guards.writing() as session:
        records.opened(session, observation_id, actor=current_actor())
    return page


def _clips(session: Session, record: records.Record) -> dict[str, blurred.Watchable]:
    """Return the moments whose blurred and signed clip she may watch; of a draft, none."""
    feedback = record.feedback
    if feedback is None or feedback.state is not FeedbackState.PUBLISHED:
        return {}
    if not can(current_actor(), Action.FEEDBACK_WATCH_BLURRED, feedback.as_thing()):
        return {}
    return blurred.watchable(session, feedback)


def _became(session: Session, record: records.Record) -> followup.Became | None:
    """Return what became of the priority, as far as its feedback may be read."""
    if record.feedback is None:
        return None
    return followup.outcomes_of(session, [record.feedback.id]).get(record.feedback.id)


def _published(record: records.Record) -> object:
    """Return what the educator reads, once it is published: a draft is its observer's alone."""
    feedback = record.feedback
    if feedback is None or feedback.state is not FeedbackState.PUBLISHED:
        return None
    return page_of(feedback, locale=words.language())


@blueprint.post("/registros/<uuid:observation_id>/comentarios")
@permission(Action.RECORD_COMMENT)
def comment(observation_id: UUID) -> ResponseReturnValue:
    """Add a comment."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        with guards.writing() as session:
            records.comment(session, observation_id, text, actor=current_actor())
    except BadInputError as error:
        return _page(observation_id, text=text, refused=error.message), 400
    flash(say(message("Your comment is there.")), "done")
    return redirect(url("records.show", observation_id=observation_id, _anchor="comentarios"))


@blueprint.get("/registros.csv")
@permission(Action.RECORD_EXPORT)
def export() -> ResponseReturnValue:
    """Send the records she may see, as the list is narrowed, as a table."""
    with guards.reading() as session:
        found = records.export_of(session, actor=current_actor(), where=asked())
    with guards.writing() as session:
        records.exported(session, found, actor=current_actor())
    answer = Response(found.text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    return as_download(answer, f"registros-{now().date().isoformat()}.csv")
