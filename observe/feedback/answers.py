"""What an educator may answer: words, her own step, a day to talk, and what to look at. Pure.

Each part alone is an answer, and none of them is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from observe.feedback.models import Answer
from observe.rubric.schema import Rubric
from observe.text import Message, message

TEXT_MAX: Final = 4_000
OWN_STEP_MAX: Final = 400
TALK_WITHIN: Final = timedelta(days=60)
_FRIDAY: Final = 5  # as `isoweekday` counts


@dataclass(frozen=True)
class Besides:
    """What an educator says besides her words; what is empty was not said."""

    already_tried: bool = False
    own_step: str = ""
    talk_on: date | None = None
    wish: str | None = None  # a dimension to look at next time

    @property
    def says_nothing(self) -> bool:
        """Whether none of it was said.

        >>> Besides(own_step=" ").says_nothing, Besides(already_tried=True).says_nothing
        (True, False)
        """
        talks = self.already_tried or self.talk_on or self.wish
        return not (talks or self.own_step.strip())


NOTHING: Final = Besides()


def besides_of(answer: Answer | None) -> Besides:
    """Return what is kept of an answer besides its words."""
    if answer is None:
        return NOTHING
    return Besides(answer.already_tried, answer.own_step, answer.talk_on, answer.wish)


@dataclass(frozen=True)
class SentAnswer:
    """An answer as it was sent, in words for whoever reads it."""

    text: str
    besides: Besides
    wish: str  # the title of the dimension to look at next time, or ''
    sent_at: datetime


def sent_of(answers: Iterable[Answer], rubric: Rubric, locale: str) -> tuple[SentAnswer, ...]:
    """Return what was sent, the first answer first; a draft is hers and never among them."""
    return tuple(
        SentAnswer(
            text=each.text.strip(),
            besides=besides_of(each),
            wish=rubric.dimension(each.wish).title.in_language(locale) if each.wish else "",
            sent_at=each.sent_at,
        )
        for each in answers
        if each.sent_at is not None
    )


def same(text: str, besides: Besides, answer: Answer) -> bool:
    """Tell whether `answer` already says exactly this."""
    kept, own_step = besides_of(answer), besides.own_step.strip()
    given = Besides(besides.already_tried, own_step, besides.talk_on, besides.wish)
    told = Besides(kept.already_tried, kept.own_step.strip(), kept.talk_on, kept.wish)
    return text.strip() == answer.text.strip() and given == told


def talk_days(today: date) -> tuple[date, date]:
    """Return the first and the last day on which a talk can be asked for.

    Tomorrow at the earliest, so that the observer can read it before; within two months.
    """
    return today + timedelta(days=1), today + TALK_WITHIN


def talk_problem(day: date | None, today: date) -> Message | None:
    """Return why there can be no talk on that day, or None: it is a day from Monday to Friday soon.

    >>> talk_problem(date(2026, 5, 13), date(2026, 5, 12)) is None
    True
    >>> str(talk_problem(date(2026, 5, 16), date(2026, 5, 12)))
    'Choose a day from Monday to Friday.'
    """
    first, last = talk_days(today)
    if day is None:
        return None
    if not first <= day <= last:
        return message("Choose a day from tomorrow on, within two months.")
    return None if day.isoweekday() <= _FRIDAY else message("Choose a day from Monday to Friday.")


def kept_problems(text: str, besides: Besides, rubric: Rubric) -> dict[str, Message]:
    """Return, by field, what cannot even be kept as a draft."""
    found = {}
    for field, told, most in (
        ("text", text, TEXT_MAX),
        ("own_step", besides.own_step, OWN_STEP_MAX),
    ):
        if len(told) > most:
            found[field] = message("Use at most %(limit)s characters.", limit=most)
    if besides.wish is not None and not rubric.has_dimension(besides.wish):
        found["wish"] = message("This dimension is not in the rubric.")
    return found


def sent_problems(text: str, besides: Besides, today: date) -> dict[str, Message]:
    """Return, by field, what a draft still needs before it can be sent."""
    if not text.strip() and besides.says_nothing:
        return {"text": message("Write or mark something before you send it.")}
    problem = talk_problem(besides.talk_on, today)
    return {"talk_on": problem} if problem else {}
