"""What the educator gets, as one view model: her page, the preview and what she takes away read it.

No number of the profile is in it: two moments, what was seen, words and questions that go with
it, one next step with its date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from babel.dates import format_date

from observe import typeset
from observe.feedback.checks import input_of
from observe.feedback.models import Feedback, FocusKind
from observe.feedback.offered import lines_of
from observe.rubric.operations import rubric_of
from observe.text import DEFAULT_LOCALE, Message, message

TEMPLATE: Final = Path(__file__).with_name("report.typ")

FOCUS_TITLES: Final = {
    FocusKind.STRENGTH: message("What worked"),
    FocusKind.PRIORITY: message("For the next lesson"),
}
QUESTIONS_TITLE: Final = message("To think about")


@dataclass(frozen=True)
class Moment:
    """One moment of the lesson: what it is about, what was seen, and words that go with it.

    Empty parts are not yet. Why the observer chose it is nowhere here: that is for her alone.
    """

    kind: FocusKind
    title: str
    dimension: str
    note: str
    start_ms: int | None
    end_ms: int | None
    has_clip: bool
    phrase: str = ""
    questions: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """Return where in the lesson it begins and how long it lasts: «33:10 · 52 s»."""
        if self.start_ms is None or self.end_ms is None:
            return ""
        return f"{_clock(self.start_ms)} · {round((self.end_ms - self.start_ms) / 1000)} s"


@dataclass(frozen=True)
class FeedbackPage:
    """Everything the educator reads, in the language `locale`."""

    feedback_id: UUID
    locale: str
    educator: str
    observer: str
    school: str
    class_group: str
    subject: str
    recorded_on: date
    lesson_ms: int
    published_at: datetime | None
    strength: Moment
    priority: Moment
    next_step: str
    due_on: date | None
    offers_talk: bool = False

    @property
    def moments(self) -> tuple[Moment, Moment]:
        """Return the strength and then the priority."""
        return self.strength, self.priority

    @property
    def first_name(self) -> str:
        """Return how she is spoken to."""
        return self.educator.split(maxsplit=1)[0] if self.educator.strip() else ""

    @property
    def lesson(self) -> str:
        """Return which lesson it is about: «1° B · Lenguaje»."""
        return " · ".join(part for part in (self.class_group, self.subject) if part)

    @property
    def lesson_day(self) -> str:
        """Return the day of the lesson: «12 de mayo de 2026»."""
        return _long_day(self.recorded_on, self.locale)

    @property
    def due_day(self) -> str:
        """Return until when the next step is for, or ''."""
        return _long_day(self.due_on, self.locale) if self.due_on else ""


def page_of(feedback: Feedback, *, locale: str = DEFAULT_LOCALE) -> FeedbackPage:
    """Return what the educator reads; of a draft, what she would read so far."""
    recording = feedback.observation.recording
    priority = input_of(feedback.focus(FocusKind.PRIORITY))
    return FeedbackPage(
        feedback_id=feedback.id,
        locale=locale,
        educator=recording.educator.name,
        observer=feedback.observation.observer.name,
        school=recording.class_group.school.name,
        class_group=recording.class_group.name,
        subject=recording.subject,
        recorded_on=recording.recorded_on,
        lesson_ms=recording.duration_ms or 0,
        published_at=feedback.published_at,
        strength=_moment(feedback, FocusKind.STRENGTH, locale),
        priority=_moment(feedback, FocusKind.PRIORITY, locale),
        next_step=priority.next_step.strip(),
        due_on=priority.due_on,
        offers_talk=feedback.offers_talk,
    )


def _moment(feedback: Feedback, kind: FocusKind, locale: str) -> Moment:
    focus = feedback.focus(kind)
    given, rubric = input_of(focus), rubric_of(feedback.observation.rubric_version)
    dimension = rubric.dimension(given.dimension) if given.dimension else None
    return Moment(
        kind=kind,
        title=FOCUS_TITLES[kind].in_language(locale),
        dimension=dimension.title.in_language(locale) if dimension else "",
        note=given.note.strip(),
        start_ms=given.start_ms,
        end_ms=given.end_ms,
        has_clip=focus is not None and focus.has_clip,
        phrase=given.phrase.strip(),
        questions=lines_of(given.questions),
    )


def pdf(page: FeedbackPage, pictures: Mapping[FocusKind, bytes] | None = None) -> bytes:
    """Return the page as a tagged PDF (PDF/UA-1) of one sheet, of two where much was written.

    `pictures` (JPEG) are those of the moments whose faces a person signed as covered; a moment
    without one is told by its time. What people typed goes in as data, so nothing in it is ever
    markup. The same page gives the same bytes on every machine: the fonts come with the typesetter.
    """
    at = int(page.published_at.timestamp()) if page.published_at else 0
    return typeset.pdf(TEMPLATE, _document(page, pictures or {}), timestamp=at)


def _document(page: FeedbackPage, pictures: Mapping[FocusKind, bytes]) -> dict[str, object]:
    return {
        "lang": page.locale.split("_", maxsplit=1)[0],
        "words": words_of(page),
        "lesson": page.lesson,
        "school": page.school,
        "next_step": page.next_step,
        "offers_talk": page.offers_talk,
        "lesson_ms": page.lesson_ms,
        "moments": [
            _spoken(moment) | _picture(page, moment, pictures.get(moment.kind))
            for moment in page.moments
        ],
    }


def _spoken(moment: Moment) -> dict[str, object]:
    return {
        "kind": moment.kind.value,
        "title": moment.title,
        "dimension": moment.dimension,
        "note": moment.note,
        "phrase": moment.phrase,
        "questions": moment.questions,
        "when": moment.when,
        "start_ms": moment.start_ms or 0,
        "end_ms": moment.end_ms or 0,
    }


def _picture(page: FeedbackPage, moment: Moment, picture: bytes | None) -> dict[str, object]:
    if picture is None:
        return {}
    told = picture_told(moment)
    return {"picture": list(picture), "picture_alt": told.in_language(page.locale)}


def picture_told(moment: Moment) -> Message:
    """Return what the picture of a moment is for who does not see it."""
    return message(
        "A picture of the moment at %(when)s of the lesson, with the faces covered.",
        when=moment.when,
    )


def words_of(page: FeedbackPage) -> dict[str, str]:
    """Return what the page says besides what people wrote, in its language."""
    return {name: told.in_language(page.locale) for name, told in _words(page).items()}


def _words(page: FeedbackPage) -> dict[str, Message]:
    return {
        "title": message("%(name)s, this is for you", name=page.first_name),
        "subtitle": message("Two moments of your lesson of %(day)s", day=page.lesson_day),
        "where_alt": message(
            "The lesson lasts %(length)s. What worked is at %(strength)s, the moment for the next "
            "lesson at %(priority)s.",
            length=_clock(page.lesson_ms),
            strength=page.strength.when,
            priority=page.priority.when,
        ),
        "next_step": message("Your next step"),
        "due": message("For %(day)s", day=page.due_day),
        "think": QUESTIONS_TITLE,
        "talk": talk_of(page),
        "question": message("What would you like to try?"),
        "mirror": message("One video is a mirror, not a measurement."),
        "from": message("Your observer, %(name)s", name=page.observer),
    }


def talk_of(page: FeedbackPage) -> Message:
    """Return the observer's offer to talk, for when she makes it."""
    return message("%(name)s offers to talk about it with you.", name=page.observer)


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _long_day(day: date, locale: str) -> str:
    return format_date(day, "long", locale=locale)
