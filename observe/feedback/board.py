"""What waits for an observer, and how late it is: rows, when each is due, their order. Pure.

Lateness is told to who can act. It is no matter of the educator's.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from observe.feedback import schooldays
from observe.text import Message, message

SOON_DAYS: Final = 2  # school days before its day from which something asks for attention
STEP_AHEAD: Final = timedelta(days=7)  # next steps are listed that long before their day
TALK_KEPT: Final = timedelta(days=7)  # and a day to talk that long after it


class Column(enum.StrEnum):
    """The four lists of the board."""

    OBSERVE = "observe"
    FEED_BACK = "feed_back"
    TALK = "talk"
    FOLLOW_UP = "follow_up"


class Kind(enum.StrEnum):
    """What a row waits for."""

    ASKED = "asked"
    CORRECTION = "correction"
    DRAFT = "draft"
    CONSENT = "consent"
    CODE = "code"
    COMPOSE = "compose"
    COMPOSING = "composing"
    PUBLISHING = "publishing"
    ANSWERED = "answered"
    TALK = "talk"
    OFFERED = "offered"
    STEP = "step"


COLUMNS: Final = {
    Kind.ASKED: Column.OBSERVE,
    Kind.CORRECTION: Column.OBSERVE,
    Kind.DRAFT: Column.OBSERVE,
    Kind.CONSENT: Column.OBSERVE,
    Kind.CODE: Column.OBSERVE,
    Kind.COMPOSE: Column.FEED_BACK,
    Kind.COMPOSING: Column.FEED_BACK,
    Kind.PUBLISHING: Column.FEED_BACK,
    Kind.ANSWERED: Column.TALK,
    Kind.TALK: Column.TALK,
    Kind.OFFERED: Column.TALK,
    Kind.STEP: Column.FOLLOW_UP,
}
SENTENCES: Final = {
    Kind.ASKED: message("You were asked to code it"),
    Kind.CORRECTION: message("A correction was asked for"),
    Kind.DRAFT: message("Coding has begun"),
    Kind.CONSENT: message("Locked: no consents"),
    Kind.CODE: message("Ready to be coded"),
    Kind.COMPOSE: message("The feedback is to be chosen"),
    Kind.COMPOSING: message("The feedback has begun"),
    Kind.PUBLISHING: message("The feedback is being published"),
    Kind.ANSWERED: message("She answered"),
    Kind.TALK: message("She would like to talk"),
    Kind.OFFERED: message("You offered to talk"),
    Kind.STEP: message("Next step"),
}


@dataclass(frozen=True)
class Lesson:
    """The lesson that a row is about."""

    recording_id: UUID
    educator_id: UUID
    educator: str
    class_group: str
    subject: str
    school_id: UUID
    school: str
    recorded_on: date


@dataclass(frozen=True)
class Row:
    """One thing that waits, and where it is done.

    `due_on`: the day until which it should be done; None: no day. `thing_id` is what waits.
    """

    kind: Kind
    thing_id: UUID
    lesson: Lesson
    due_on: date | None = None
    observation_id: UUID | None = None
    observer: str = ""
    step: str = ""  # the next step that was agreed
    own_step: str = ""  # the educator's own
    feedback_id: UUID | None = None  # of which these two tell
    next_draft_id: UUID | None = None  # the observation of her next lesson, where it has begun

    @property
    def column(self) -> Column:
        """Return in which list it stands."""
        return COLUMNS[self.kind]

    @property
    def sentence(self) -> Message:
        """Return what it waits for, in words."""
        return SENTENCES[self.kind]

    def is_late(self, today: date) -> bool:
        """Tell whether its day has passed."""
        return self.due_on is not None and self.due_on < today

    def is_due(self, today: date) -> bool:
        """Tell whether it asks for attention today: somebody waits, or a day is near or past."""
        if self.kind in (Kind.ANSWERED, Kind.CORRECTION):
            return True
        if self.due_on is None or self.kind is Kind.PUBLISHING:
            return False
        return self.due_on <= (today if self.kind is Kind.STEP else near(today))

    def days_since(self, today: date) -> int:
        """Return how many school days have passed since the lesson."""
        return schooldays.between(self.lesson.recorded_on, today)

    def days_left(self, today: date) -> int | None:
        """Return how many school days are left until its day, below 0 when it has passed."""
        return None if self.due_on is None else schooldays.between(today, self.due_on)


def near(today: date) -> date:
    """Return the last day that is near enough to ask for attention today."""
    return schooldays.shifted(today, SOON_DAYS)


def feedback_due(recorded_on: date, days: int) -> date:
    """Return the day until which a lesson's feedback should be given: `days` school days later.

    >>> feedback_due(date(2026, 5, 13), 10)
    datetime.date(2026, 5, 28)
    """
    return schooldays.shifted(recorded_on, days)


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Return what is due first first, then what has no day, the oldest lesson first."""
    return sorted(rows, key=_place)


def _place(row: Row) -> tuple[bool, date, date, str]:
    return row.due_on is None, row.due_on or date.max, row.lesson.recorded_on, str(row.thing_id)


def next_after(queue: Sequence[Row], observation_id: UUID) -> Row | None:
    """Return whose turn is next; behind the last one the first again; None: nobody else waits."""
    ids = [row.observation_id for row in queue]
    if observation_id not in ids:
        return queue[0] if queue else None
    after = (ids.index(observation_id) + 1) % len(queue)
    return queue[after] if len(queue) > 1 else None


@dataclass(frozen=True)
class Board:
    """Everything that waits for one observer on a day, in order."""

    today: date
    rows: tuple[Row, ...]

    def column(self, column: Column) -> list[Row]:
        """Return the rows of one list."""
        return [row for row in self.rows if row.column is column]

    @property
    def due(self) -> list[Row]:
        """Return what asks for attention today."""
        return [row for row in self.rows if row.is_due(self.today)]

    def in_school(self, school_id: UUID | None) -> Board:
        """Return what is of one school; None: all."""
        kept = (row for row in self.rows if school_id in (None, row.lesson.school_id))
        return Board(self.today, tuple(kept))

    @property
    def told(self) -> set[UUID]:
        """Return the feedbacks of which the rows tell a next step: their educators may know."""
        return {row.feedback_id for row in self.rows if row.feedback_id and row.step + row.own_step}

    @property
    def schools(self) -> list[tuple[UUID, str]]:
        """Return the schools that rows are of, by name."""
        found = {(row.lesson.school_id, row.lesson.school) for row in self.rows}
        return sorted(found, key=lambda school: school[1])
