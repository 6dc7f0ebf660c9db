"""What a copy of somebody's data is gathered from: whose, in which words, without whose names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation, ObservationState
from observe.feedback.models import Feedback, FeedbackState
from observe.people.class_lists import SHORTEST_WORD
from observe.people.models import Child, User
from observe.privacy.personal_export import Cell
from observe.text import WORD, Message, message, plain
from observe.video.models import Recording

Row = Mapping[str, Cell]
LESSON: Final = {
    "lesson_on": message("Day of the lesson"),
    "class_group": message("Class group"),
    "subject": message("Subject"),
}


def without_names(text: str, names: frozenset[str]) -> str:
    """Return the text with a dash for each word that begins with a capital and is among `names`.

    >>> without_names("Sofía ayuda a Tomás", frozenset({"sofia"}))
    '— ayuda a Tomás'
    """

    def put(found: re.Match[str]) -> str:
        word = found.group()
        return "—" if word[0].isupper() and plain(word) in names else word

    return WORD.sub(put, text)


def _names_in(session: Session, class_group_id: UUID) -> frozenset[str]:
    rows = session.scalars(sa.select(Child.name).where(Child.class_group_id == class_group_id))
    words = (word for name in rows for word in WORD.findall(name))
    return frozenset(plain(word) for word in words if len(word) >= SHORTEST_WORD)


@dataclass
class Gathering:
    """One person's data being gathered, in one language."""

    session: Session
    user: User
    locale: str
    is_own: bool

    def __post_init__(self) -> None:
        self.lessons = list(
            self.session.scalars(
                sa.select(Recording)
                .where(Recording.educator_id == self.user.id)
                .order_by(Recording.recorded_on, Recording.id)
            )
        )
        groups = {lesson.class_group_id for lesson in self.lessons}
        self._names = {group: _names_in(self.session, group) for group in groups}

    def say(self, told: Message) -> str:
        """Return words in the language of the export."""
        return told.in_language(self.locale)

    def clean(self, text: str | None, lesson: Recording) -> str:
        """Return a text without the names of the lesson's class."""
        return without_names(text or "", self._names.get(lesson.class_group_id, frozenset()))

    def records(self) -> Iterator[Observation]:
        """Yield what was submitted about her lessons: a draft is its observer's."""
        ids = [lesson.id for lesson in self.lessons]
        rows = sa.select(Observation).where(
            Observation.recording_id.in_(ids), Observation.state == ObservationState.SUBMITTED
        )
        yield from self.session.scalars(rows.order_by(Observation.submitted_at, Observation.id))

    def feedbacks(self) -> Iterator[Feedback]:
        """Yield what was published for her, also what was withdrawn."""
        ids = [lesson.id for lesson in self.lessons]
        rows = (
            sa.select(Feedback)
            .join(Feedback.observation)
            .where(
                Observation.recording_id.in_(ids),
                Feedback.state.in_([FeedbackState.PUBLISHED, FeedbackState.WITHDRAWN]),
            )
        )
        yield from self.session.scalars(rows.order_by(Feedback.published_at, Feedback.id))


def of_lesson(lesson: Recording) -> dict[str, Cell]:
    """Return which lesson it is."""
    return {
        "lesson_on": lesson.recorded_on,
        "class_group": lesson.class_group.name,
        "subject": lesson.subject,
    }
