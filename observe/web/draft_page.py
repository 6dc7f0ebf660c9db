"""What the page of a draft shows: each field with its words, what is missing, and what clashed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from observe.rubric import content as contents
from observe.rubric import drafts, fields
from observe.rubric.content import Group, Place
from observe.rubric.drafts import Clash, Dropped, Wrong
from observe.rubric.fields import Field, Form
from observe.rubric.schema import Rubric
from observe.rubric.sketch import sketch
from observe.text import message
from observe.web.words import say

_MISSING = message("is missing")
_NO_NAME = message("(no name yet)")
_WITHIN = ("behaviours", "answers")  # the lists of things that a thing may have


@dataclass(frozen=True)
class Box:
    """A field as it is shown: what stands in it (`now`) and what the draft says (`was`)."""

    field: Field
    now: str
    was: str
    wrong: str = ""
    clash: str = ""


@dataclass(frozen=True)
class Told:
    """A line of what is missing: the field that mends it (or none), where that is, and what."""

    name: str
    where: str
    what: str


@dataclass(frozen=True)
class Card:
    """A part with its fields by their last name, and what is in it: behaviours, or answers.

    `kind` is the place of its list as one word.
    """

    kind: str
    id: str
    called: str
    boxes: dict[str, list[Box]]
    parts: list[Card] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where it stands, as one word."""
        return f"{self.kind}.{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether there is something to do in it: it has no name yet, or something is told."""
        boxes = [each for found in self.boxes.values() for each in found]
        untitled = not self.boxes["title"][0].was
        told = any(each.wrong or each.clash for each in boxes)
        return untitled or told or any(each.is_open for each in self.parts)


@dataclass(frozen=True)
class Section:
    """A domain with its dimensions; `id` is empty for those in none."""

    id: str
    called: str
    boxes: list[Box]
    cards: list[Card]


class DraftPage:
    """A draft's content, ready to be shown.

    `typed` are words that were not kept, with why (`clashes`); where `all_missing`, each empty
    field that must be filled says so itself, not only the list.
    """

    def __init__(
        self,
        content: Group,
        *,
        typed: Mapping[str, str] | None = None,
        clashes: Iterable[Clash] = (),
        all_missing: bool = False,
    ) -> None:
        self._content = content
        self._typed = typed or {}
        self._clashes = {each.field: told_of(each) for each in clashes}
        self._found = drafts.problems(content)
        self.at_fields = _at_fields(content, self._found, all_missing=all_missing)

    @property
    def languages(self) -> str:
        """The languages of the draft, as its field says them."""
        return " ".join(fields.languages_of(self._content))

    @property
    def names_only(self) -> bool:
        """Whether the words of the dimensions are in a manual that is not here."""
        return contents.names_only(self._content)

    @property
    def title(self) -> str:
        """What the rubric is called."""
        return called(self._content)

    @property
    def missing(self) -> list[Told]:
        """All that stands between the draft and a version."""
        return [self._told(each) for each in self._found]

    @property
    def rubric(self) -> Rubric | None:
        """The rubric as it would be, gaps shown as such."""
        return sketch(self._content)

    def told_of(self, clash: Clash) -> str:
        """Return what a person reads of a field that somebody else has changed."""
        return told_of(clash)

    def name_of(self, dropped: Dropped) -> str:
        """Return what a part that was dropped is called, and what it belonged to."""
        around = self._things_around(dropped.place)
        name = str(dropped.thing["id"]) if dropped.place == contents.SCALES else ""
        return " · ".join([*map(called, around), name or called(dropped.thing)])

    def opening(self) -> list[Box]:
        """Return what says what the rubric is."""
        return self._boxes(fields.opening())

    def protocol(self) -> list[Box]:
        """Return how a lesson is observed."""
        return self._boxes(fields.protocol())

    def origin(self) -> list[Box]:
        """Return where the text comes from."""
        return self._boxes(fields.origin())

    def looks(self) -> list[Box]:
        """Return when the class is looked at, and for how long."""
        depth = len(contents.SNAPSHOTS) + 1
        return [
            each
            for each in self._boxes(fields.snapshots(self._content))
            if len(each.field.path) == depth
        ]

    def questions(self) -> list[Card]:
        """Return what is asked at each look, with the answers."""
        looks = contents.inside(self._content, contents.SNAPSHOTS)
        return [self._question(each) for each in contents.things(looks, "questions")]

    def _question(self, question: Group) -> Card:
        place = (*contents.QUESTIONS, str(question["id"]))
        known = fields.of_question(self._content, place, question)
        return _card(place, question, self._boxes(known))

    def scales(self) -> list[tuple[str, list[Box], list[tuple[int, bool, list[Box]]]]]:
        """Return each scale: its name, its ends, and the words of each number, used or not."""
        found = []
        for name in contents.scale_names(self._content):
            boxes = self._boxes(fields.scale(name))
            ends = [each for each in boxes if not each.field.language]
            used = _span(ends[0].was, ends[1].was)
            words = [
                (n, n in used, [each for each in boxes if each.field.path[3:4] == (str(n),)])
                for n in fields.NUMBERS
            ]
            found.append((name, ends, words))
        return found

    def sections(self) -> list[Section]:
        """Return the domains with their dimensions, in the order of the sheet."""
        return [
            Section(
                str(domain["id"]) if domain else "",
                called(domain) if domain else say(message("Outside the domains")),
                self._boxes(fields.of_domain(str(domain["id"]))) if domain else [],
                [self._dimension(each) for each in dimensions],
            )
            for domain, dimensions in contents.grouped(self._content)
        ]

    def _dimension(self, dimension: Group) -> Card:
        place = (*contents.DIMENSIONS, str(dimension["id"]))
        return _card(place, dimension, self._boxes(fields.of_dimension(self._content, dimension)))

    def _boxes(self, known: Iterable[Field]) -> list[Box]:
        return [self._box(each) for each in known]

    def _box(self, field: Field) -> Box:
        was = fields.typed(self._content, field)
        name = field.name
        now = self._typed.get(name, was)
        return Box(field, now, was, self.at_fields.get(name, ""), self._clashes.get(name, ""))

    def _told(self, wrong: Wrong) -> Told:
        if wrong.field is None:
            return Told("", "", say(wrong.what))
        around = map(called, self._things_around(wrong.field.path))
        where = [*around, label_of(wrong.field)]
        return Told(wrong.field.name, " · ".join(where), _what(self._content, wrong.field, wrong))

    def _things_around(self, place: Place) -> list[Group]:
        """Return the things in which something stands, the outermost first."""
        around = (contents.inside(self._content, place[:n]) for n in range(1, len(place) + 1))
        return [each for each in around if isinstance(each, dict) and "id" in each]


def _card(place: Place, thing: Group, boxes: Sequence[Box]) -> Card:
    """Return a thing with its boxes, what is in it in cards of their own."""
    own = [each for each in boxes if each.field.path[len(place)] not in _WITHIN]
    parts = []
    for name in _WITHIN:
        for each in contents.things(thing, name):
            inner = (*place, name, str(each["id"]))
            under = [box for box in boxes if box.field.path[: len(inner)] == inner]
            parts.append(_card(inner, each, under))
    return Card(".".join(place[:-1]), place[-1], called(thing), _by_name(own), parts)


def _at_fields(content: Group, found: Iterable[Wrong], *, all_missing: bool) -> dict[str, str]:
    """Return what is said at each field; that one is still empty only when `all_missing`."""
    said: dict[str, str] = {}
    for each in found:
        if each.field is None:
            continue
        if all_missing or fields.typed(content, each.field):
            said.setdefault(each.field.name, _what(content, each.field, each))
    return said


def _what(content: Group, field: Field, wrong: Wrong) -> str:
    """Return what is wrong in words that fit a page: the loader speaks to who writes a file."""
    if field.form is Form.DOMAIN:
        return say(message("choose a domain that is there, or none"))
    return say(wrong.what if fields.typed(content, field) else _MISSING)


def told_of(clash: Clash) -> str:
    """Return what a person reads at a field that somebody else has changed."""
    if clash.theirs is None:
        return say(
            message("%(name)s dropped this part. Put it back to keep your words.", name=clash.by)
        )
    return say(
        message("%(name)s wrote here meanwhile: «%(theirs)s»", name=clash.by, theirs=clash.theirs)
    )


def label_of(field: Field) -> str:
    """Return what a field is called, in a list and where English stands beside Spanish."""
    label = say(field.label)
    return say(message("%(field)s (English)", field=label)) if field.language == "en" else label


def called(thing: Group) -> str:
    """Return what a rubric, a domain or a dimension is called as long as it is being written."""
    title = contents.inside(thing, ("title", "es"))
    if isinstance(title, str) and title:
        return title
    code = thing.get("code")
    return f"{code} {say(_NO_NAME)}" if isinstance(code, str) else say(_NO_NAME)


def _by_name(boxes: Iterable[Box]) -> dict[str, list[Box]]:
    found: dict[str, list[Box]] = {}
    for each in boxes:
        path = each.field.path
        found.setdefault(path[-2] if each.field.language else path[-1], []).append(each)
    return found


def _span(low: str, high: str) -> range:
    numbers = fields.is_number(low) and fields.is_number(high)
    return range(int(low), int(high) + 1) if numbers else range(0)


def is_long(field: Field) -> bool:
    """Tell whether a field needs several lines."""
    return field.form in (Form.WORDS, Form.LINES)
