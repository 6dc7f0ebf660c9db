"""What the cells of a sheet name and say, read against its rubric. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from observe.coding.rules import MarkName
from observe.errors import BadInputError
from observe.rubric.schema import Question, Rubric, Scale, Snapshots
from observe.text import message

_MARKS: Final[dict[str, MarkName]] = {
    "no": "not_observed",
    "not_observed": "not_observed",
    "na": "not_applicable",
    "not_applicable": "not_applicable",
}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Asked:
    """A question of the `number`th snapshot, counted from 1; a sheet calls it `trabajo@2`."""

    number: int
    at_ms: int
    question: Question

    @property
    def name(self) -> str:
        """What the sheet writes where a row of the rubric has its id."""
        return f"{self.question.id}@{self.number}"


def questions_asked(snapshots: Snapshots | None) -> tuple[Asked, ...]:
    """Return what is asked in one cycle, in the order in which it is asked."""
    if snapshots is None:
        return ()
    return tuple(
        Asked(number, at_ms, question)
        for number, at_ms in enumerate(snapshots.at_ms, 1)
        for question in snapshots.questions
    )


class RowNames:
    """The rows of a rubric by every name a sheet may use: id, code, either title.

    An id written exactly, as in printed sheets, names its own row. Otherwise capitals do not matter
    and a name that two rows have names neither: «Preguntas» may be the title of one and the id of
    another, whose title was changed.
    """

    def __init__(self, rubric: Rubric) -> None:
        self._ids = {row.id for row in rubric.rows()}
        self._names = _clear(
            (name, row.id)
            for row in rubric.rows()
            for name in (
                row.id,
                row.of.title.in_language("en"),
                row.of.title.es,
                *(() if row.behaviour else (row.dimension.code,)),
            )
        )

    def find(self, name: str) -> str | None:
        """Return the id of the row that `name` means, or None."""
        return name if name in self._ids else self._names.get(name.casefold())


def score_in(text: str, scale: Scale) -> tuple[int | None, MarkName | None]:
    """Return the number or the mark that `text` says; a letter of the scale says its number.

    Raises:
        BadInputError: it says neither.
    """
    letters = [
        (letter.in_language(language), value)
        for value, letter in scale.letters.items()
        for language in ("es", "en")
    ]
    lettered = _clear(letters).get(text.casefold())
    if lettered is not None:
        return lettered, None
    mark = _MARKS.get(text.casefold().replace("/", "").replace(".", "").replace(" ", ""))
    return (None, mark) if mark else (_whole(text), None)


def _whole(text: str) -> int:
    whole, _, fraction = text.replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and not fraction.strip("0") and len(whole) < 4):
        raise BadInputError(
            message("“%(score)s” is no score: write a number, N/O or N/A.", score=text[:20])
        )
    return int(whole)


def answer_in(text: str, question: Question) -> str:
    """Return the id of the answer that `text` gives: by id, title or its place, counted from 1.

    Raises:
        BadInputError: it is none of them.
    """
    places = {str(place): answer.id for place, answer in enumerate(question.answers, 1)}
    titles = [
        (answer.title.in_language(language), answer.id)
        for answer in question.answers
        for language in ("es", "en")
    ]
    ids = {answer.id: answer.id for answer in question.answers}
    found = (_clear([*places.items(), *titles]) | ids).get(text.casefold())
    if found is None:
        raise BadInputError(
            message(
                "“%(answer)s” is no answer to “%(question)s”: write its number, 1 to %(count)s.",
                answer=text[:20],
                question=question.title,
                count=len(question.answers),
            )
        )
    return found


def _clear(names: Iterable[tuple[str, _T]]) -> dict[str, _T]:
    """Return what each name means; one that means two things means neither."""
    found: dict[str, set[_T]] = defaultdict(set)
    for name, thing in names:
        found[name.casefold()].add(thing)
    return {name: things.pop() for name, things in found.items() if len(things) == 1}
