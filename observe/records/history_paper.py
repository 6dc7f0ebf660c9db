"""One educator over time on paper: the pictures of the page, and each lesson's number below."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from observe import typeset
from observe.records.chart import svg_of
from observe.records.histories import EducatorHistory
from observe.records.history import SELECTIONS, Group, Line, Point, RubricHistory, Turn, told_of
from observe.text import Message, message

TEMPLATE: Final = Path(__file__).with_name("history.typ")


def pdf(shown: EducatorHistory, *, locale: str) -> bytes:
    """Return the history as a tagged PDF (PDF/UA-1)."""
    return typeset.pdf(TEMPLATE, _Paper(locale).document(shown))


class _Paper:
    """Puts a history into words of one language."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def document(self, shown: EducatorHistory) -> dict[str, object]:
        title = message("%(name)s over time", name=shown.educator)
        return {
            "lang": self.locale.split("_", maxsplit=1)[0],
            "title": self._say(title),
            "words": {name: self._say(told) for name, told in _WORDS.items()},
            "rubrics": [self._rubric(each) for each in shown.rubrics],
        }

    def _say(self, told: Message) -> str:
        return told.in_language(self.locale)

    def _rubric(self, rubric: RubricHistory) -> dict[str, object]:
        chosen = [f"{self._say(SELECTIONS[name])}: {count}" for name, count in rubric.selections]
        versions = [f"{name} ({self._day(first)})" for name, first in rubric.versions]
        return {
            "title": rubric.title.in_language(self.locale),
            "key": " · ".join([*chosen, *versions]),
            "groups": [self._group(each) for each in rubric.groups],
        }

    def _group(self, group: Group) -> dict[str, object]:
        if group.is_past:
            title = self._say(message("Only in earlier versions"))
        elif group.title is None:
            title = self._say(message("Outside the domains"))
        else:
            title = group.title.in_language(self.locale)
        return {"title": title, "lines": [self._line(each, group) for each in group.lines]}

    def _line(self, line: Line, group: Group) -> dict[str, object]:
        whole = line.kind == "domain" and not group.is_past
        told = self._say(told_of(line))
        title = message("The domain as a whole") if whole else line.title
        scale = f"({line.scale.min}–{line.scale.max})"
        return {
            "title": f"{title.in_language(self.locale)} {scale}",
            "picture": str(svg_of(line, locale=self.locale, told=told)),
            "alt": told,
            "told": [sentence for turn in line.turns for sentence in self._turn(turn)],
            "numbers": "; ".join(map(self._number, line.points)),
        }

    def _turn(self, turn: Turn) -> list[str]:
        older, newer = turn.versions
        joined = message(
            "Dashed: %(older)s and %(newer)s are compared here because a person said so.",
            older=older,
            newer=newer,
        )
        said = [f"{each.by}, {self._day(each.on)}: «{each.reason}»" for each in turn.said]
        return [self._say(turn.why or joined), *said]

    def _number(self, point: Point) -> str:
        day = self._day(point.lesson.recorded_on)
        if point.mean is None:
            return f"{day}: –"
        mean = format_decimal(round(point.mean, 2), "0.00", locale=self.locale)
        if point.se is None:
            return f"{day}: {mean}"
        return f"{day}: {mean} ± {format_decimal(round(point.se, 2), '0.00', locale=self.locale)}"

    def _day(self, day: date) -> str:
        return format_date(day, "d MMM y", locale=self.locale)


_WORDS: Final[dict[str, Message]] = {
    "mirror": message(
        "A point is one lesson: a mirror, not a measurement. Only what several lessons have in "
        "common says something about her teaching."
    ),
    "care": message("This document is about a person: share it only with who may see the record."),
}
