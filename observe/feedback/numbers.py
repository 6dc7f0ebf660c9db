"""An educator's own numbers, where her provider lets her see them: her lesson's means in words.

Only of the lesson that her feedback is about, as it was when the feedback was published. Nobody
else's number is ever beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Revision
from observe.coding.rules import Document
from observe.feedback.models import Feedback
from observe.feedback.ranges import words_for
from observe.profile import profile_of
from observe.rubric.operations import rubric_of


@dataclass(frozen=True)
class OwnNumber:
    """One dimension of her lesson; without a mean no cycle has a number there."""

    dimension: str
    mean: float | None
    highest: int
    words: str  # of the pauta, for the range in which the mean lies


def numbers_of(session: Session, feedback: Feedback, *, locale: str) -> tuple[OwnNumber, ...]:
    """Return the dimensions of the lesson in the order of the pauta.

    Who calls has asked the provider's setting, and whose page it is.
    """
    rubric = rubric_of(feedback.observation.rubric_version)
    profile = profile_of(_document(session, feedback), rubric)
    found = []
    for result in profile.dimensions:
        dimension = rubric.dimension(result.dimension)
        words = "" if result.mean is None else words_for(rubric, dimension.id, result.mean, locale)
        highest, title = rubric.scale_of(dimension).max, dimension.title.in_language(locale)
        found.append(OwnNumber(title, result.mean, highest, words))
    return tuple(found)


def _document(session: Session, feedback: Feedback) -> Document:
    row = session.scalars(
        sa.select(Revision).where(
            Revision.observation_id == feedback.observation_id,
            Revision.number == feedback.revision_number,
        )
    ).one()
    return Document.model_validate_json(row.document)
