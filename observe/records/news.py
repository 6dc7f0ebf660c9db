"""What others did with the records of a list since a moment: new, said, asked, answered, given.

What a person did herself is no news to her.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Correction, CorrectionState, Observation, Revision
from observe.feedback.models import Feedback
from observe.people.access import Actor
from observe.records.models import Agreement, Comment
from observe.text import Message, message


class News(enum.StrEnum):
    """What happened; in this order it is told."""

    NEW = "new"
    CORRECTED = "corrected"
    ASKED = "asked"
    KEPT = "kept"
    AGREED = "agreed"
    COMMENT = "comment"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


WORDS: Final[dict[News, Message]] = {
    News.NEW: message("new record"),
    News.CORRECTED: message("corrected"),
    News.ASKED: message("a correction is asked for"),
    News.KEPT: message("an answer: it stays as it is"),
    News.AGREED: message("somebody agrees"),
    News.COMMENT: message("new comment"),
    News.PUBLISHED: message("feedback published"),
    News.WITHDRAWN: message("feedback withdrawn"),
}


def news_of(
    session: Session, observation_ids: Collection[UUID], since: datetime, *, actor: Actor
) -> dict[UUID, tuple[News, ...]]:
    """Return what others did with each of these records after `since`; only those with news."""
    found: dict[UUID, set[News]] = {}
    for observation_id, kind in _all(session, since, actor.user_id):
        if observation_id in observation_ids:
            found.setdefault(observation_id, set()).add(kind)
    return {key: tuple(kind for kind in News if kind in kinds) for key, kinds in found.items()}


def happened(session: Session, since: datetime, *, actor: Actor) -> set[UUID]:
    """Return the records with which others did something after `since`, seen by her or not.

    It is asked each second by an open list, so it reads nothing else.
    """
    return {observation_id for observation_id, _kind in _all(session, since, actor.user_id)}


def _all(session: Session, since: datetime, user_id: UUID) -> Iterator[tuple[UUID, News]]:
    for statement in (*_submitted(since, user_id), *_said(since, user_id), *_given(since, user_id)):
        kind, query = statement
        for observation_id in session.scalars(query):
            yield observation_id, kind


Asked = tuple[News, sa.Select[Any]]


def _submitted(since: datetime, user_id: UUID) -> Iterator[Asked]:
    query = (
        sa.select(Revision.observation_id)
        .join(Observation, Observation.id == Revision.observation_id)
        .where(Revision.submitted_at > since, Observation.observer_id != user_id)
    )
    yield News.NEW, query.where(Revision.number == 1)
    yield News.CORRECTED, query.where(Revision.number > 1)


def _said(since: datetime, user_id: UUID) -> Iterator[Asked]:
    yield (
        News.COMMENT,
        sa.select(Comment.observation_id).where(Comment.at > since, Comment.user_id != user_id),
    )
    yield (
        News.AGREED,
        sa.select(Agreement.observation_id).where(
            Agreement.at > since, Agreement.user_id != user_id
        ),
    )
    yield (
        News.ASKED,
        sa.select(Correction.observation_id).where(
            Correction.asked_at > since,
            Correction.asked_by_id != user_id,
            Correction.state != CorrectionState.TAKEN_BACK,
        ),
    )
    yield (
        News.KEPT,
        sa.select(Correction.observation_id)
        .join(Observation, Observation.id == Correction.observation_id)
        .where(
            Correction.answered_at > since,
            Correction.state == CorrectionState.KEPT,
            Observation.observer_id != user_id,
        ),
    )


def _given(since: datetime, user_id: UUID) -> Iterator[Asked]:
    query = (
        sa.select(Feedback.observation_id)
        .join(Observation, Observation.id == Feedback.observation_id)
        .where(Observation.observer_id != user_id)
    )
    yield News.PUBLISHED, query.where(Feedback.published_at > since)
    yield News.WITHDRAWN, query.where(Feedback.withdrawn_at > since)
