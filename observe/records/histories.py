"""The history of one educator, read from the records that a person may see, or from her own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from observe.coding.models import Observation, Revision
from observe.coding.rules import Document
from observe.db import day_of
from observe.feedback import openings
from observe.feedback.models import Feedback, FeedbackState
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.people.models import User
from observe.profile import profile_of
from observe.records.history import (
    Crosswalk,
    Key,
    Lesson,
    Look,
    RubricHistory,
    Said,
    Version,
    history,
)
from observe.records.operations import visible
from observe.rubric.crosswalk import comparable_with, said_of
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_order
from observe.video.models import Recording


@dataclass(frozen=True)
class EducatorHistory:
    """One educator over time; `observation_ids` are the records it is made of."""

    educator_id: UUID
    educator: str
    rubrics: tuple[RubricHistory, ...]
    observation_ids: tuple[UUID, ...]


def history_for(session: Session, educator_id: UUID, *, actor: Actor) -> EducatorHistory:
    """Return what the records that `actor` may see say of an educator over time.

    Who shows it puts on file that it was `opened`.

    Raises:
        NotFoundError: she may see no record of this educator.
    """
    seen = visible(session, actor, Action.RECORD_SEE, Recording.educator_id == educator_id)
    found = _newest_of_each(seen)
    if not found:
        raise access.not_found()
    documents = _latest(session, [each.id for each in found])
    return _told(session, educator_id, [(each, documents[each.id]) for each in found])


def own_history(session: Session, *, allowed: bool, actor: Actor) -> EducatorHistory:
    """Return an educator's own history, of what was published for her and as it was then.

    `allowed`: whether her provider lets her see her own numbers.

    Raises:
        NotFoundError: it does not, she is no educator, or nothing was published for her.
    """
    access.require(actor, Action.RECORD_OWN_HISTORY, Thing("history", educator_id=actor.user_id))
    found = _published_for(session, actor.user_id) if allowed else []
    if not found:
        raise access.not_found()
    return _told(session, actor.user_id, found)


def has_own_history(session: Session, *, allowed: bool, actor: Actor) -> bool:
    """Tell whether there is an own history for `actor` to look at."""
    return allowed and bool(_published_for(session, actor.user_id))


def opened(session: Session, shown: EducatorHistory, *, actor: Actor, way: str = "history") -> None:
    """Put on file, at each of its records, that `actor` saw its numbers, and in which `way`."""
    for observation_id in shown.observation_ids:
        audit.record(
            session,
            openings.RECORD,
            actor_id=actor.user_id,
            thing_kind="record",
            thing_id=observation_id,
            way=way,
        )


# --- reading -------------------------------------------------------------------------------------


def _newest_of_each(records: Iterable[Observation]) -> list[Observation]:
    """Return what each observer submitted last of a lesson with a version."""
    last: dict[tuple[UUID, UUID, UUID], Observation] = {}
    for each in sorted(records, key=lambda each: (each.submitted_at, each.id)):
        last[each.recording_id, each.rubric_version_id, each.observer_id] = each
    return list(last.values())


def _latest(session: Session, ids: Sequence[UUID]) -> dict[UUID, Document]:
    rows = session.execute(
        sa.select(Revision.observation_id, Revision.document)
        .where(Revision.observation_id.in_(ids))
        .order_by(Revision.number)
    )
    return {row[0]: Document.model_validate_json(row[1]) for row in rows}


def _published_for(session: Session, educator_id: UUID) -> list[tuple[Observation, Document]]:
    revision = aliased(Revision)
    rows = session.execute(
        sa.select(Observation, revision.document)
        .join(Feedback, Feedback.observation_id == Observation.id)
        .join(Observation.recording)
        .join(
            revision,
            sa.and_(
                revision.observation_id == Observation.id,
                revision.number == Feedback.revision_number,
            ),
        )
        .where(
            Recording.educator_id == educator_id,
            Feedback.state == FeedbackState.PUBLISHED,
            ~Recording.blocked,
        )
        .order_by(Recording.recorded_on, Observation.id)
    )
    return [(row[0], Document.model_validate_json(row[1])) for row in rows]


def _told(
    session: Session, educator_id: UUID, found: Sequence[tuple[Observation, Document]]
) -> EducatorHistory:
    versions = {row.id: row for row in (each.rubric_version for each, _document in found)}
    lessons = _lessons(
        found, {row.id: Version(row.id, rubric_of(row)) for row in versions.values()}
    )
    return EducatorHistory(
        educator_id,
        session.get_one(User, educator_id).name,
        history(lessons, _crosswalk(session, list(versions.values()))),
        tuple(each.id for each, _document in found),
    )


def _lessons(
    found: Sequence[tuple[Observation, Document]], versions: dict[UUID, Version]
) -> list[Lesson]:
    looks: dict[tuple[UUID, UUID], list[Look]] = defaultdict(list)
    rows: dict[tuple[UUID, UUID], Observation] = {}
    for each, document in found:
        version = versions[each.rubric_version_id]
        profile = profile_of(document, version.rubric)
        key = each.recording_id, each.rubric_version_id
        looks[key].append(Look(each.id, each.observer.name, profile))
        rows[key] = each
    return [
        Lesson(
            recording_id=row.recording_id,
            recorded_on=row.recording.recorded_on,
            label=_label(row.recording),
            selection=row.recording.selection.value,
            version=versions[row.rubric_version_id],
            looks=tuple(looks[key]),
        )
        for key, row in rows.items()
    ]


def _label(recording: Recording) -> str:
    return " · ".join(part for part in (recording.class_group.name, recording.subject) if part)


def _crosswalk(session: Session, versions: Sequence[RubricVersion]) -> Crosswalk:
    """Return what people said of these versions; one alone needs nothing said."""
    by_rubric: dict[str, list[RubricVersion]] = defaultdict(list)
    for version in versions:
        by_rubric[version.rubric_id].append(version)
    lines: dict[Key, frozenset[Key]] = {}
    said: list[Said] = []
    for rubric_id, rows in by_rubric.items():
        if len(rows) < 2:
            continue
        for row in rows:
            for dimension in rubric_of(row).dimensions:
                key = (row.id, dimension.id)
                lines[key] = frozenset(comparable_with(session, *key))
        said += _said(session, rubric_id)
    return Crosswalk(lines, tuple(said))


def _said(session: Session, rubric_id: str) -> list[Said]:
    """Return all that was said of a rubric: a line may lead over a version without lessons."""
    every = session.scalars(sa.select(RubricVersion).filter_by(rubric_id=rubric_id)).all()
    pairs = combinations(sorted(every, key=version_order), 2)
    return [
        Said(
            older=(row.older_id, row.older_dimension),
            newer=(row.newer_id, row.newer_dimension),
            comparable=row.comparable,
            by=row.by.name,
            reason=row.reason,
            on=day_of(row.at),
        )
        for older, newer in pairs
        for row in said_of(session, older.id, newer.id)
    ]
