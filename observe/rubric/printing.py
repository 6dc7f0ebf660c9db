"""The pauta on paper: a page or two for each cycle to fill in by hand, and once what it looks for.

Which texts a sheet has room for is decided by the template, which measures them; here it is
decided only what is on it and in which words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal

from observe import typeset
from observe.rubric.schema import (
    Behaviour,
    Descriptors,
    Dimension,
    Language,
    MarkRule,
    Question,
    Row,
    Rubric,
    Scale,
    Snapshots,
    Text,
    content_hash,
)
from observe.text import DEFAULT_LOCALE, Message, Spoken, message

Paper = Literal["a4", "letter", "oficio"]
TEMPLATE: Final = Path(__file__).with_name("pauta.typ")
PAPERS: Final[dict[Paper, tuple[float, float]]] = {  # width and height in millimetres
    "a4": (210, 297),
    "letter": (215.9, 279.4),
    "oficio": (216, 330),
}
HASH_SHOWN: Final = 8  # characters: enough to tell two versions apart by eye

_WORDS: Final = {
    "school": message("School"),
    "class_group": message("Class"),
    "date": message("Date"),
    "educator": message("Educator"),
    "subject": message("Subject"),
    "observer": message("Observer"),
    "lesson_began": message("The lesson began at"),
    "cycle_starts": message("The cycle starts at"),
    "cycle_ends": message("and ends at"),
    "looked_at": message("What is looked at"),
    "score": message("Score"),
    "minute": message("Minute"),
    "evidence": message("What was seen or heard"),
    "not_codable": message("Not codable"),
    "from": message("from"),
    "to": message("to"),
    "reason": message("Reason"),
    "low_is_favourable": message("(here low is favourable)"),
    "annex": message("What each dimension looks for"),
    "instructions": message("How to decide"),
    "scale": message("The scale"),
    "outside": message("Outside the domains"),
    "low": message("Low"),
    "mid": message("Mid"),
    "high": message("High"),
    "indicators": message("Seen or heard"),
    "examples": message("Examples"),
    "source": message("Where it comes from"),
    # The template puts the numbers in: only it knows how many pages there are.
    "page": message("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
}


def pdf(
    rubric: Rubric,
    locale: str = DEFAULT_LOCALE,
    *,
    cycles: int | None = None,
    descriptors: bool = True,
    paper: Paper = "a4",
) -> bytes:
    """Return the pauta as a tagged PDF (PDF/UA-1): as few pages a cycle as its rows need.

    `cycles` sheets (else as many as the protocol has), then, with `descriptors`, the annex. The
    texts go in as data, so nothing in them is ever markup. The same rubric gives the same bytes on
    every machine: the fonts come with the typesetter.
    """
    document = _Pauta(rubric, language_of(rubric, locale)).document(
        cycles or rubric.protocol.cycles, descriptors=descriptors, paper=paper
    )
    return typeset.pdf(TEMPLATE, document)


def language_of(rubric: Rubric, locale: str) -> Language:
    """Return the language in which `rubric` is printed for `locale`: Spanish if it has no other."""
    return "en" if locale.startswith("en") and "en" in rubric.languages else "es"


def rows_on_paper(rubric: Rubric) -> tuple[Row, ...]:
    """Return the rows in the order of the page: a dimension, then its behaviours under it."""
    groups = (dimensions for _domain, dimensions in rubric.groups())
    return tuple(row for each in chain.from_iterable(groups) for row in _rows_of(rubric, each))


def _rows_of(rubric: Rubric, dimension: Dimension) -> tuple[Row, ...]:
    *behaviours, whole = rubric.rows_of(dimension)
    return (whole, *behaviours)


@dataclass(frozen=True)
class _Mark:
    """What may stand in a cell instead of a number."""

    sign: Message
    meaning: Message
    rule_of: Callable[[Dimension | Behaviour], MarkRule]

    def rules_in(self, rubric: Rubric) -> set[MarkRule]:
        """Return what the rows of `rubric` say about it."""
        return {self.rule_of(row.of) for row in rubric.rows()}


_MARKS: Final = (
    _Mark(message("N/O"), message("N/O not observed"), attrgetter("not_observed")),
    _Mark(message("N/A"), message("N/A not applicable"), attrgetter("not_applicable")),
)
_ELSEWHERE: Final = message(
    "The words are in the manual that the holder of the licence has; they are not kept here."
)
_WITH_A_NOTE: Final = message("* with a note that says why")


class _Pauta:
    """A rubric in the words of one language, as the template reads it."""

    def __init__(self, rubric: Rubric, language: Language) -> None:
        self.rubric = rubric
        self.language = language
        self.marks = _marks_used(rubric)

    def document(self, cycles: int, *, descriptors: bool, paper: Paper) -> dict[str, object]:
        """Return everything that the template puts on paper."""
        rubric = self.rubric
        return {
            "lang": self.language,
            "paper": PAPERS[paper],
            "words": {name: self._said(word) for name, word in _WORDS.items()},
            "title": self._said(rubric.title),
            "edition": f"{rubric.version} · {rubric.licence} · {content_hash(rubric)[:HASH_SHOWN]}",
            "owed": [self._said(text) for text in _owed(rubric)],
            "cycles": [self._said(_cycle_title(number, cycles)) for number in range(1, cycles + 1)],
            "length": self._said(_minutes(rubric.protocol.cycle_ms)),
            "scales": [self._scale(scale) for scale in _scales_used(rubric)],
            "marks": [self._said(told) for told in self._marks_told()],
            "snapshots": self._snapshots(rubric.protocol.snapshots),
            "groups": [
                {
                    "title": self._optional(domain.title if domain else None),
                    "dimensions": [self._dimension(each) for each in dimensions],
                }
                for domain, dimensions in rubric.groups()
            ],
            "annex": self._annex() if descriptors else None,
        }

    def _said(self, words: Spoken) -> str:
        return words.in_language(self.language)

    def _optional(self, text: Text | None) -> str:
        return self._said(text) if text else ""

    def _texts(self, texts: tuple[Text, ...]) -> list[str]:
        return [self._said(text) for text in texts]

    # --- the sheet of a cycle

    def _scale(self, scale: Scale) -> dict[str, object]:
        """Return what the numbers mean: in the words of the rubric, and as three ranges."""
        labels = [
            f"{self._box(scale, value)} {self._said(scale.labels[value])}"
            for value in scale.values()
            if value in scale.labels
        ]
        low, mid, high = (f"{name} {span}" for name, span in self._ranges(scale))
        return {"labels": labels, "ranges": f"{low} · {mid} · {high}"}

    def _ranges(self, scale: Scale) -> Iterator[tuple[str, str]]:
        """Give the name of each range and what stands in its boxes: («Bajo», «1–2»)."""
        for name in ("low", "mid", "high"):
            band = getattr(scale.bands, name)
            ends = dict.fromkeys(self._box(scale, value) for value in (band.low, band.high))
            yield self._said(_WORDS[name]), "–".join(ends)

    def _box(self, scale: Scale, value: int) -> str:
        return self._said(scale.letters[value]) if value in scale.letters else str(value)

    def _dimension(self, dimension: Dimension) -> list[dict[str, object]]:
        return [self._row(row) for row in _rows_of(self.rubric, dimension)]

    def _row(self, row: Row) -> dict[str, object]:
        scored, scale = row.of, self.rubric.scale_of(row.of)
        return {
            "code": "" if row.behaviour else row.dimension.code,
            "title": self._said(scored.title),
            "about": self._optional(scored.description),
            "under": row.behaviour is not None,
            "heads": row.behaviour is None and bool(row.dimension.behaviours),
            "low_is_favourable": not row.behaviour and row.dimension.polarity == "negative",
            "boxes": [self._box(scale, value) for value in scale.values()],
            "marks": [self._mark(scored, mark) for mark in self.marks],
        }

    def _marks_told(self) -> list[Message]:
        asks_for_notes = any("note_required" in mark.rules_in(self.rubric) for mark in self.marks)
        return [*(mark.meaning for mark in self.marks), *([_WITH_A_NOTE] if asks_for_notes else [])]

    def _mark(self, scored: Dimension | Behaviour, mark: _Mark) -> str:
        """Return what stands in the box of a mark; '' where this row has none."""
        rule = mark.rule_of(scored)
        sign = "" if rule == "forbidden" else self._said(mark.sign)
        return f"{sign}*" if rule == "note_required" else sign

    def _snapshots(self, snapshots: Snapshots | None) -> dict[str, object] | None:
        if snapshots is None:
            return None
        look = message(
            "Look at the class for %(seconds)s s at each of these minutes of the cycle, then tick.",
            seconds=snapshots.look_ms // 1000,
        )
        return {
            "look": self._said(look),
            "moments": [f"{ms // 60_000}:{ms // 1000 % 60:02}" for ms in snapshots.at_ms],
            "questions": [self._question(each, snapshots) for each in snapshots.questions],
        }

    def _question(self, question: Question, snapshots: Snapshots) -> dict[str, object]:
        only = _only_after(question, snapshots)
        return {
            "title": self._said(question.title),
            "only": self._said(only) if only else "",
            "answers": [self._said(answer.title) for answer in question.answers],
        }

    # --- the annex

    def _annex(self) -> dict[str, object]:
        return {
            "about": [
                *(
                    self._optional(each)
                    for each in (self.rubric.summary, self.rubric.protocol.unit)
                ),
                *([self._said(_ELSEWHERE)] if self.rubric.names_only else []),
            ],
            "instructions": self._optional(self.rubric.protocol.instructions),
            "source": [self._optional(text) for text in (self.rubric.source, self.rubric.notes)],
            "groups": [
                {
                    "title": self._optional(domain.title if domain else None),
                    "about": self._optional(domain.description if domain else None),
                    "dimensions": [self._described(each) for each in dimensions],
                }
                for domain, dimensions in self.rubric.groups()
            ],
        }

    def _described(self, dimension: Dimension) -> dict[str, object]:
        return self._looked_for(dimension) | {
            "code": dimension.code,
            "low_is_favourable": dimension.polarity == "negative",
            "indicators": self._texts(dimension.indicators),
            "behaviours": [self._looked_for(each) for each in dimension.behaviours],
        }

    def _looked_for(self, scored: Dimension | Behaviour) -> dict[str, object]:
        return {
            "title": self._said(scored.title),
            "about": self._optional(scored.description),
            "levels": self._levels(self.rubric.scale_of(scored), scored.descriptors),
            "examples": self._texts(scored.examples),
        }

    def _levels(self, scale: Scale, told: Descriptors | None) -> list[dict[str, str]]:
        if told is None:
            return []
        return [
            {"range": f"{name} · {span}", "words": self._said(words)}
            for (name, span), words in zip(
                self._ranges(scale), (told.low, told.mid, told.high), strict=True
            )
        ]


def _owed(rubric: Rubric) -> tuple[Text, ...]:
    """Return what has to be printed with it: the credit and the disclaimers."""
    return (*((rubric.credit,) if rubric.credit else ()), *rubric.disclaimers)


def _cycle_title(number: int, cycles: int) -> Message:
    return message("Cycle %(number)s of %(total)s", number=number, total=cycles)


def _minutes(ms: int) -> Message:
    minutes, seconds = divmod(ms // 1000, 60)
    return message("%(length)s min", length=f"{minutes}:{seconds:02}" if seconds else minutes)


def _scales_used(rubric: Rubric) -> list[Scale]:
    """Return the scales of the rows, each once, in the order of the page."""
    names = dict.fromkeys(row.of.scale for row in rows_on_paper(rubric))
    return [rubric.scales[name] for name in names]


def _marks_used(rubric: Rubric) -> list[_Mark]:
    """Return the marks that some row allows: each has its place in every row."""
    return [mark for mark in _MARKS if mark.rules_in(rubric) != {"forbidden"}]


def _only_after(question: Question, snapshots: Snapshots) -> Message | None:
    if question.only_after is None:
        return None
    asked, given = question.only_after
    answers = next(each.answers for each in snapshots.questions if each.id == asked)
    answer = next(each for each in answers if each.id == given)
    return message("Only after «%(answer)s»", answer=answer.title)
