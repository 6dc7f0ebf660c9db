"""Shared records: a school's list, one record with its comments, and the export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.coding import correcting
from observe.coding.assigning import is_blind
from observe.db import now
from observe.errors import BadInputError
from observe.feedback import followup, rounds
from observe.feedback.consent import allows_to
from observe.feedback.models import FeedbackState
from observe.feedback.report import page_of
from observe.ids import parse_id
from observe.people.access import Action, can
from observe.records import operations as records
from observe.records import own_list, paper, review
from observe.records.news import WORDS as NEWS_WORDS
from observe.records.news import news_of
from observe.records.operations import RecordFilter, RecordRow
from observe.text import Message, message
from observe.web import blurred, guards, words
from observe.web.guards import current_actor, permission
from observe.web.profile_table import table_of
from observe.web.responses import as_download, table_download
from observe.web.words import say

blueprint = Blueprint("records", __name__)

FEEDBACK_WORDS = {
    "none": message("No feedback yet"),
    FeedbackState.DRAFT.value: message("Draft"),
    FeedbackState.PUBLISHING.value: message("Being published"),
    FeedbackState.PUBLISHED.value: message("Published"),
    FeedbackState.WITHDRAWN.value: message("Withdrawn"),
}
PLACES = ("texto", "escuela", "pauta", "estado", "revision", "desde", "hasta")
REVIEW_WORDS = {state.value: told for state, told in review.WORDS.items()}
REVIEW_SHAPES = {"asked": "stop", "begun": "now", "corrected": "now", "agreed": "done"}
FEEDBACK_SHAPES = {
    FeedbackState.PUBLISHING.value: "now",
    FeedbackState.PUBLISHED.value: "done",
}


@blueprint.get("/registros")
@permission(Action.RECORD_SEE)
def index() -> ResponseReturnValue:
    """List the records she may see, narrowed as the address asks, and keep that she looked."""
    at, actor = now(), current_actor()
    page = _list(request.args, at)
    with guards.reading() as session:
        kept = own_list.is_kept(session, at, actor=actor)
    if not kept:
        with guards.writing() as session:
            own_list.visited(session, at, actor=actor)
    return page, 200


@blueprint.get("/registros/novedades")
@permission(Action.RECORD_SEE)
def changed() -> ResponseReturnValue:
    """Tell an open list with how many of its records others did something since."""
    since = _moment(request.args.get("desde", ""))
    with guards.reading() as session:
        count = (
            records.changed_since(session, since, actor=current_actor()) if since is not None else 0
        )
    return jsonify(changed=count)


def _list(
    given: Mapping[str, str], at: datetime, *, name: str = "", refused: Message | None = None
) -> str:
    actor, where = current_actor(), asked(given)
    with guards.reading() as session:
        everything = records.records_of(session, actor=actor)
        shown = records.narrowed(session, everything, where, actor=actor)
        in_list = [row.observation.id for row in shown]
        since = own_list.since_last_visit(session, at, actor=actor)
        ids = {row.observation.id for row in everything}
        return render_template(
            "records/index.html",
            rows=shown,
            total=len(everything),
            schools=_schools(everything),
            rubrics=sorted({row.rubric_name for row in everything}),
            asked=where,
            places=places_of(given),
            words=FEEDBACK_WORDS,
            shapes=FEEDBACK_SHAPES,
            review_words=REVIEW_WORDS,
            review_shapes=REVIEW_SHAPES,
            of_round=len(rounds.published_of(session, in_list, actor=actor)),
            one_school=len(_schools(shown)) == 1,
            at=at,
            since=since,
            news=news_of(session, ids, since, actor=actor) if since else {},
            news_words=NEWS_WORDS,
            views=own_list.views_of(session, actor=actor),
            longest_name=own_list.NAME_MAX,
            name=name,
            refused=refused,
        )


def asked(given: Mapping[str, str] | None = None) -> RecordFilter:
    """Return what the address (or what was `given`) narrows the list to."""
    given = request.args if given is None else given
    return RecordFilter(
        text=given.get("texto", "").strip(),
        school_id=parse_id(given.get("escuela", "")),
        rubric=given.get("pauta", ""),
        feedback=given.get("estado", ""),
        review=given.get("revision", ""),
        since=_day(given.get("desde", "")),
        until=_day(given.get("hasta", "")),
        changed_since=_moment(given.get("novedades", "")),
    )


def places_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the places of the address that narrow the list, as they were given."""
    names = (*PLACES, "novedades")
    return {name: value for name in names if (value := given.get(name, "").strip())}


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):  # the second: at an end of the calendar
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # what is no day does not narrow
        return None


def _schools(rows: list[RecordRow]) -> list[tuple[str, UUID]]:
    groups = [row.observation.recording.class_group for row in rows]
    return sorted({(group.school.name, group.school_id) for group in groups})


@blueprint.post("/registros/vistas")
@permission(Action.RECORD_SEE)
def save_view() -> ResponseReturnValue:
    """Keep what the list is narrowed to under a name of hers."""
    name = request.form.get("nombre", "")
    narrowed = {place: request.form.get(place, "").strip() for place in PLACES}
    try:
        with guards.writing() as session:
            own_list.save_view(session, name, narrowed, actor=current_actor())
    except BadInputError as error:
        return _list(narrowed, now(), name=name, refused=error.message), 400
    flash(say(message("The view is kept. Only you see it.")), "done")
    return redirect(f"{url('records.index')}?{urlencode(places_of(narrowed))}")


@blueprint.post("/registros/vistas/<uuid:view_id>/quitar")
@permission(Action.VIEW_KEEP)
def remove_view(view_id: UUID) -> ResponseReturnValue:
    """Forget a view of hers."""
    with guards.writing() as session:
        own_list.remove_view(session, view_id, actor=current_actor())
    return redirect(url("records.index"))


@blueprint.get("/registros/<uuid:observation_id>")
@permission(Action.RECORD_SEE)
def show(observation_id: UUID) -> ResponseReturnValue:
    """Show one record; that it was opened is put on file."""
    return page(observation_id), 200


@dataclass(frozen=True)
class Typed:
    """What was typed into one of the record's boxes and not taken, and why."""

    box: str
    text: str
    refused: Message


def page(observation_id: UUID, typed: Typed | None = None) -> str:
    """Return a record's page, and put on file that it was opened; `typed` comes back."""
    with guards.reading() as session:
        record = records.read(session, observation_id, actor=current_actor())
        state = record.feedback_state
        shown = render_template(
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
            **_review(session, record),
            typed=typed,
            longest=records.COMMENT_MAX,
        )
    with guards.writing() as session:
        records.opened(session, observation_id, actor=current_actor())
    return shown


def _review(session: Session, record: records.Record) -> dict[str, object]:
    """Return what the review of the record shows, and what of it is hers to do."""
    actor, observation = current_actor(), record.observation
    thing = observation.as_record()
    return {
        "review": record.review,
        "review_words": REVIEW_WORDS,
        "review_shapes": REVIEW_SHAPES,
        "reviews": correcting.reviews(observation, actor=actor),
        "answers": can(actor, Action.RECORD_ANSWER, thing),
        "agrees": record.review.agrees(actor.user_id),
        "asked_herself": record.review.open is not None
        and record.review.open.asked_by_id == actor.user_id,
        "correctable": not is_blind(observation),
        "longest_reason": correcting.TEXT_MAX,
    }


def _clips(session: Session, record: records.Record) -> dict[str, blurred.Watchable]:
    """Return the moments whose blurred and signed clip she may watch; of a draft, none."""
    feedback = record.feedback
    if feedback is None or feedback.state is not FeedbackState.PUBLISHED:
        return {}
    if not can(current_actor(), Action.FEEDBACK_WATCH_BLURRED, feedback.as_thing()):
        return {}
    if not allows_to(session, feedback, actor=current_actor()):
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
        return page(observation_id, Typed("comment", text, error.message)), 400
    flash(say(message("Your comment is there.")), "done")
    return redirect(url("records.show", observation_id=observation_id, _anchor="comentarios"))


@blueprint.get("/registros/<uuid:observation_id>/registro.pdf")
@permission(Action.RECORD_EXPORT)
def on_paper(observation_id: UUID) -> ResponseReturnValue:
    """Send one record as a PDF; that it was taken away is on file."""
    with guards.reading() as session:
        record = paper.to_take(session, observation_id, actor=current_actor())
        content = paper.pdf(record, locale=words.language())
    with guards.writing() as session:
        paper.taken(session, observation_id, way="pdf", actor=current_actor())
    return as_download(Response(content, mimetype="application/pdf"), _name(record, "pdf"))


@blueprint.get("/registros/<uuid:observation_id>/registro.csv")
@permission(Action.RECORD_EXPORT)
def as_table(observation_id: UUID) -> ResponseReturnValue:
    """Send one record as a table; that it was taken away is on file."""
    with guards.reading() as session:
        record = paper.to_take(session, observation_id, actor=current_actor())
        content = paper.table(record)
    with guards.writing() as session:
        paper.taken(session, observation_id, way="csv", actor=current_actor())
    return table_download(content, _name(record, "csv"))


def _name(record: records.Record, ending: str) -> str:
    return f"registro-{record.observation.recording.recorded_on.isoformat()}.{ending}"


@blueprint.get("/registros.csv")
@permission(Action.RECORD_EXPORT)
def export() -> ResponseReturnValue:
    """Send the records she may see, as the list is narrowed, as a table."""
    with guards.reading() as session:
        found = records.export_of(session, actor=current_actor(), where=asked())
    with guards.writing() as session:
        records.exported(session, found, actor=current_actor())
    name = f"registros-{guards.today().isoformat()}.csv"
    return table_download(found.scores.for_people(), name)
