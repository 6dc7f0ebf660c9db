"""Review of a record by the UTP head of its school: she agrees, or asks for a correction.

Agreement is with one revision: what is submitted after it is another one, and is read anew.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.correcting import corrections_of, last_revision, open_of, reviewable
from observe.coding.models import Correction, CorrectionState, Revision
from observe.errors import ConflictError
from observe.people import audit
from observe.people.access import Actor
from observe.records.models import Agreement
from observe.text import Message, message


class ReviewState(enum.StrEnum):
    """Where the review of a record stands."""

    OPEN = "open"  # nobody has said anything of what was submitted last
    ASKED = "asked"
    BEGUN = "begun"
    CORRECTED = "corrected"
    KEPT = "kept"
    AGREED = "agreed"


WORDS: Final[dict[ReviewState, Message]] = {
    ReviewState.OPEN: message("Not reviewed yet"),
    ReviewState.ASKED: message("Correction asked for"),
    ReviewState.BEGUN: message("Being corrected"),
    ReviewState.CORRECTED: message("Corrected"),
    ReviewState.KEPT: message("Answered: it stays"),
    ReviewState.AGREED: message("Agreed"),
}


@dataclass(frozen=True)
class Review:
    """What was said of a record: corrections and agreements, the first first."""

    revision: int  # what was submitted last
    corrections: tuple[Correction, ...] = ()
    agreements: tuple[Agreement, ...] = ()

    @property
    def open(self) -> Correction | None:
        """Return the correction that waits for its answer."""
        return next((each for each in self.corrections if each.is_open), None)

    @property
    def agreed(self) -> tuple[Agreement, ...]:
        """Return who agrees with what was submitted last."""
        return tuple(each for each in self.agreements if each.revision_number == self.revision)

    def agrees(self, user_id: UUID) -> bool:
        """Tell whether a person agrees with what was submitted last."""
        return any(each.user_id == user_id for each in self.agreed)

    @property
    def state(self) -> ReviewState:
        """Return where it stands: what is open first, then agreement, then the last answer."""
        if self.open is not None:
            begun = self.open.state is CorrectionState.BEGUN
            return ReviewState.BEGUN if begun else ReviewState.ASKED
        if self.agreed:
            return ReviewState.AGREED
        answered = [each.state for each in self.corrections if each.state in _ANSWERED]
        return _ANSWERED[answered[-1]] if answered else ReviewState.OPEN


_ANSWERED: Final = {
    CorrectionState.CORRECTED: ReviewState.CORRECTED,
    CorrectionState.KEPT: ReviewState.KEPT,
}


def reviews_of(session: Session, observation_ids: Iterable[UUID]) -> dict[UUID, Review]:
    """Return the review of each of these records."""
    ids = list(observation_ids)
    revisions = session.execute(
        sa.select(Revision.observation_id, sa.func.max(Revision.number))
        .where(Revision.observation_id.in_(ids))
        .group_by(Revision.observation_id)
    )
    numbers = {row[0]: row[1] for row in revisions}
    agreements = _by_record(
        session.scalars(
            sa.select(Agreement)
            .where(Agreement.observation_id.in_(ids))
            .order_by(Agreement.at, Agreement.id)
        )
    )
    corrections = _by_record(corrections_of(session, ids))
    return {
        each: Review(
            numbers.get(each, 0), tuple(corrections.get(each, ())), tuple(agreements.get(each, ()))
        )
        for each in ids
    }


Said = TypeVar("Said", Agreement, Correction)


def _by_record(rows: Iterable[Said]) -> dict[UUID, list[Said]]:
    """Return what was said of each record, in the order of `rows`."""
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in rows:
        found[row.observation_id].append(row)
    return found


def review_of(session: Session, observation_id: UUID) -> Review:
    """Return the review of one record."""
    return reviews_of(session, [observation_id])[observation_id]


def agree(session: Session, observation_id: UUID, revision: int, *, actor: Actor) -> None:
    """Say that `actor` agrees with the `revision` she read; again is no second time.

    Raises:
        NotFoundError, NotAllowedError: no such record for her, or not hers to review.
        ConflictError: a correction waits for its answer, or another revision came in meanwhile.
    """
    observation = reviewable(session, observation_id, actor=actor)
    if open_of(session, observation.id) is not None:
        raise ConflictError(
            message("A correction waits for its answer: take it back first, or wait for it.")
        )
    number = last_revision(session, observation.id)
    if revision != number:
        raise ConflictError(
            message(
                "Revision %(number)s came in since you opened it: read it first.", number=number
            )
        )
    if review_of(session, observation.id).agrees(actor.user_id):
        return
    session.add(
        Agreement(observation_id=observation.id, revision_number=number, user_id=actor.user_id)
    )
    session.flush()
    _told(session, "record.agree", observation.id, number, actor)


def agree_no_more(session: Session, observation_id: UUID, *, actor: Actor) -> None:
    """Take back that `actor` agrees with what was submitted last.

    Raises:
        NotFoundError, NotAllowedError: no such record for her, or not hers to review.
    """
    observation = reviewable(session, observation_id, actor=actor)
    for each in review_of(session, observation.id).agreed:
        if each.user_id == actor.user_id:
            session.delete(each)
            session.flush()
            _told(session, "record.agree_no_more", observation.id, each.revision_number, actor)


def _told(session: Session, action: str, record_id: UUID, number: int, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="record",
        thing_id=record_id,
        revision=number,
    )
