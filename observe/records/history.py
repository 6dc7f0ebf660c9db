"""One educator over time: a point a lesson, in lines that end where nothing may be compared. Pure.

A point is the mean of a lesson with one standard error on both sides, as `profile` gives it: one
lesson is a mirror, not a measurement. Points of two versions of a rubric stand in one line only
where a person said in the crosswalk that they are comparable, and who said it stands beside the
line; everywhere else the line breaks and says why. A domain goes on into another version when each
of its dimensions does, and none is left over on either side.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Final, Literal
from uuid import UUID

from observe.feedback.suggest import with_observers
from observe.profile import Profile
from observe.rubric.schema import Rubric, Scale, Text
from observe.text import Message, message

Key = tuple[UUID, str]  # a version of a rubric, and a dimension (or domain) of it
Kind = Literal["dimension", "domain"]
SELECTIONS: Final = {
    "educator_chosen": message("chosen by her"),
    "assigned": message("assigned"),
    "random": message("drawn at random"),
}

# --- what it is made of --------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """A version of a rubric; its number is `rubric.version`."""

    id: UUID
    rubric: Rubric

    @property
    def order(self) -> tuple[int, ...]:
        """Return what versions are sorted by: 1.10 comes after 1.9."""
        return tuple(int(part) for part in self.rubric.version.split("."))


@dataclass(frozen=True)
class Look:
    """What one observer found in a lesson."""

    observation_id: UUID
    observer: str
    profile: Profile


@dataclass(frozen=True)
class Lesson:
    """A lesson as it was observed with one version of a rubric, by one observer or several.

    `label` is what people call it: «1° B · Lenguaje». `selection`: how it was chosen.
    """

    recording_id: UUID
    recorded_on: date
    label: str
    selection: str
    version: Version
    looks: tuple[Look, ...]

    @property
    def observers(self) -> str:
        """Return who observed it."""
        return ", ".join(look.observer for look in self.looks)


@dataclass(frozen=True)
class Said:
    """What a person said in the crosswalk of two dimensions of two versions."""

    older: Key
    newer: Key
    comparable: bool
    by: str
    reason: str
    on: date

    @property
    def pair(self) -> frozenset[Key]:
        """Return the two of which it is said."""
        return frozenset({self.older, self.newer})


@dataclass(frozen=True)
class Crosswalk:
    """All that was said, and for each dimension those that may stand in one line with it."""

    lines: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    said: tuple[Said, ...] = ()

    def joins(self, one: Key, other: Key) -> bool:
        """Tell whether the two may stand in one line, seen from either side."""
        return other in self.lines.get(one, ()) and one in self.lines.get(other, ())

    def way(self, one: Key, other: Key) -> tuple[Said, ...]:
        """Return by which sentences one leads to the other, the fewest; () when none do."""
        ways: deque[tuple[Key, tuple[Said, ...]]] = deque([(one, ())])
        seen = {one}
        while ways:
            here, so_far = ways.popleft()
            if here == other:
                return so_far
            for each in self.said:
                if each.comparable and here in each.pair:
                    (there,) = each.pair - {here}
                    if there not in seen and there in self.lines.get(one, ()):
                        seen.add(there)
                        ways.append((there, (*so_far, each)))
        return ()

    def refusal(self, one: Key, other: Key) -> Said | None:
        """Return who said that the two are not comparable."""
        return next(
            (each for each in self.said if not each.comparable and each.pair == {one, other}), None
        )


NOBODY: Final = Crosswalk()

# --- what it says --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """A lesson in a line; without a mean it is told and not drawn, and `why` says the reason.

    `low` and `high` are one standard error away, inside the scale; without one nothing is known of
    how steady the mean is, and `why` says so.
    """

    lesson: Lesson
    mean: float | None
    se: float | None
    why: Message | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Turn:
    """Where a line comes to another version: it goes on as somebody `said`, or breaks (`why`)."""

    before: Point
    after: Point
    said: tuple[Said, ...] = ()
    why: Message | None = None

    @property
    def joined(self) -> bool:
        """Tell whether the line goes on."""
        return self.why is None

    @property
    def versions(self) -> tuple[str, str]:
        """Return the numbers of the version before and the one after."""
        before, after = self.before.lesson.version, self.after.lesson.version
        return before.rubric.version, after.rubric.version


@dataclass(frozen=True)
class Line:
    """A dimension or a domain over time, the first lesson first."""

    kind: Kind
    key: Key  # of the newest version that has it
    title: Text
    scale: Scale
    low_is_favourable: bool
    points: tuple[Point, ...]
    turns: tuple[Turn, ...] = ()

    @property
    def drawn(self) -> tuple[Point, ...]:
        """Return the points that have a mean."""
        return tuple(point for point in self.points if point.mean is not None)

    @property
    def runs(self) -> tuple[tuple[Point, ...], ...]:
        """Return the drawn points in pieces of one version each."""
        pieces: list[list[Point]] = []
        for point in self.drawn:
            if pieces and pieces[-1][-1].lesson.version.id == point.lesson.version.id:
                pieces[-1].append(point)
            else:
                pieces.append([point])
        return tuple(map(tuple, pieces))


@dataclass(frozen=True)
class Group:
    """A domain with its dimensions; without a title: those outside every domain.

    `is_past`: they are in no version that is used now.
    """

    title: Text | None
    lines: tuple[Line, ...]
    is_past: bool = False


@dataclass(frozen=True)
class RubricHistory:
    """Everything that was observed with one rubric, in all its versions."""

    title: Text
    lessons: tuple[Lesson, ...]
    groups: tuple[Group, ...]

    @property
    def versions(self) -> tuple[tuple[str, date], ...]:
        """Return each version's number and the day of the first lesson seen with it."""
        first: dict[str, date] = {}
        for lesson in self.lessons:
            first.setdefault(lesson.version.rubric.version, lesson.recorded_on)
        return tuple(first.items())

    @property
    def selections(self) -> tuple[tuple[str, int], ...]:
        """Return how its lessons were chosen, and how many of them so."""
        chosen = [lesson.selection for lesson in self.lessons]
        return tuple((name, chosen.count(name)) for name in SELECTIONS if name in chosen)


def history(lessons: Iterable[Lesson], crosswalk: Crosswalk = NOBODY) -> tuple[RubricHistory, ...]:
    """Return the lessons by rubric, the one used last first; their order is no matter."""
    ordered = sorted(
        lessons, key=lambda each: (each.recorded_on, each.version.order, str(each.recording_id))
    )
    by_rubric: dict[str, list[Lesson]] = {}
    for lesson in ordered:
        by_rubric.setdefault(lesson.version.rubric.id, []).append(lesson)
    found = [_of_rubric(each, crosswalk) for each in by_rubric.values()]
    return tuple(sorted(found, key=lambda each: each.lessons[-1].recorded_on, reverse=True))


# --- rows: what a version says of one dimension or one domain ------------------------------------


@dataclass(frozen=True)
class _Row:
    kind: Kind
    key: Key
    title: Text
    scale: Scale
    low_is_favourable: bool

    @property
    def scored(self) -> tuple[int, int, bool]:
        return self.scale.min, self.scale.max, self.low_is_favourable


_Panel = list[_Row]  # rows of one line, the newest version first
_Joins = Callable[[_Row, _Row], bool]


def _of_rubric(lessons: Sequence[Lesson], crosswalk: Crosswalk) -> RubricHistory:
    versions = sorted({each.version.id: each.version for each in lessons}.values(), key=_newest)
    walk = _Walk(crosswalk, {each.id: each.rubric for each in versions})
    dimensions = _panels([_dimension_rows(each) for each in versions], walk.joins)
    domains = _panels([_domain_rows(each) for each in versions], walk.joins)
    lines = [_line(panel, lessons, walk) for panel in (*domains, *dimensions)]
    return RubricHistory(
        versions[0].rubric.title, tuple(lessons), tuple(_groups(versions[0], lines))
    )


def _newest(version: Version) -> tuple[int, ...]:
    return tuple(-part for part in version.order)


def _dimension_rows(version: Version) -> list[_Row]:
    rubric = version.rubric
    return [
        _Row(
            "dimension",
            (version.id, row.id),
            row.title,
            rubric.scale_of(row),
            row.polarity == "negative",
        )
        for row in rubric.dimensions
    ]


def _domain_rows(version: Version) -> list[_Row]:
    """Return the domains that have a mean: not those of a rubric read dimension by dimension."""
    rubric = version.rubric
    if rubric.aggregation == "holistic":
        return []
    return [
        _Row("domain", (version.id, each.id), each.title, rubric.scale_of(rows[0]), False)
        for each in rubric.domains
        if (rows := rubric.dimensions_in(each.id))
    ]


def _panels(versions: Sequence[Sequence[_Row]], joins: _Joins) -> list[_Panel]:
    """Put the rows of all versions, the newest first, into lines: what is comparable together.

    What nobody compared goes where the same id stands, scored alike, so that the page can show the
    break; what has no such place begins a line of its own.
    """
    panels: list[_Panel] = []
    for rows in versions:
        left = [row for row in rows if not _put(panels, row, joins)]
        left = [row for row in left if not _put(panels, row, _same_id)]
        panels.extend([row] for row in left)
    return panels


def _put(panels: Sequence[_Panel], row: _Row, fits: _Joins) -> bool:
    for panel in panels:
        free = all(each.key[0] != row.key[0] for each in panel)
        if free and any(each.scored == row.scored and fits(each, row) for each in panel):
            panel.append(row)
            return True
    return False


def _same_id(one: _Row, other: _Row) -> bool:
    return one.key[1] == other.key[1]


def _groups(newest: Version, lines: Sequence[Line]) -> Iterator[Group]:
    """Yield the lines as the newest version arranges them, then what only older ones have."""
    left = {(line.kind, line.key): line for line in lines}
    for domain, dimensions in newest.rubric.groups():
        names: list[tuple[Kind, Key]] = [("domain", (newest.id, domain.id))] if domain else []
        names += [("dimension", (newest.id, each.id)) for each in dimensions]
        found = [left.pop(name) for name in names if name in left]
        yield Group(domain.title if domain else None, tuple(found))
    if left:
        yield Group(None, tuple(left.values()), is_past=True)


# --- lines ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Walk:
    """The crosswalk, asked of rows."""

    crosswalk: Crosswalk
    rubrics: Mapping[UUID, Rubric]

    def joins(self, one: _Row, other: _Row) -> bool:
        if one.kind == "dimension":
            return self.crosswalk.joins(one.key, other.key)
        return self._pairs(one, other) is not None

    def _pairs(self, one: _Row, other: _Row) -> list[tuple[Key, Key]] | None:
        """Return which dimensions of two domains go on into each other; None: not all do."""
        hers, theirs = self._dimensions(one), self._dimensions(other)
        pairs = [(a, b) for a in hers for b in theirs if self.crosswalk.joins(a, b)]
        firsts, seconds = {a for a, _b in pairs}, {b for _a, b in pairs}
        whole = firsts == set(hers) and seconds == set(theirs)
        return pairs if whole and len(pairs) == len(firsts) == len(seconds) else None

    def _dimensions(self, row: _Row) -> list[Key]:
        version_id, domain = row.key
        return [(version_id, each.id) for each in self.rubrics[version_id].dimensions_in(domain)]

    def turn(self, before: Point, after: Point, one: _Row, other: _Row) -> Turn:
        if self.joins(one, other):
            pairs = [(one.key, other.key)] if one.kind == "dimension" else self._pairs(one, other)
            said = [each for a, b in pairs or () for each in self.crosswalk.way(a, b)]
            once = {(each.by, each.on, each.reason): each for each in said}  # as it is read
            return Turn(before, after, tuple(once.values()))
        return Turn(before, after, *self._why(one, other))

    def _why(self, one: _Row, other: _Row) -> tuple[tuple[Said, ...], Message]:
        older, newer = self.rubrics[one.key[0]].version, self.rubrics[other.key[0]].version
        if one.kind == "domain":
            told = message(
                "The line breaks: not every dimension of this domain in %(older)s was said to be "
                "comparable with one in %(newer)s.",
                older=older,
                newer=newer,
            )
            return (), told
        refusal = self.crosswalk.refusal(one.key, other.key)
        if refusal is not None:
            told = message(
                "The line breaks: %(name)s said that %(older)s and %(newer)s are not comparable "
                "here.",
                name=refusal.by,
                older=older,
                newer=newer,
            )
            return (refusal,), told
        told = message(
            "The line breaks: nobody has said that %(older)s and %(newer)s are comparable here.",
            older=older,
            newer=newer,
        )
        return (), told


def _line(panel: _Panel, lessons: Sequence[Lesson], walk: _Walk) -> Line:
    rows = {row.key[0]: row for row in panel}
    points = tuple(
        _point(lesson, rows[lesson.version.id]) for lesson in lessons if lesson.version.id in rows
    )
    newest = panel[0]
    told = (newest.kind, newest.key, newest.title, newest.scale, newest.low_is_favourable)
    line = Line(*told, points)
    turns = (
        walk.turn(one, other, rows[one.lesson.version.id], rows[other.lesson.version.id])
        for one, other in pairwise(line.drawn)
        if one.lesson.version.id != other.lesson.version.id
    )
    return replace(line, turns=tuple(turns))


def _point(lesson: Lesson, row: _Row) -> Point:
    """Return the mean of what its observers found; two count for more uncertainty, never less."""
    results = [_result(look.profile, row) for look in lesson.looks]
    means = [mean for mean, _se, _why in results if mean is not None]
    if not means:
        return Point(lesson, None, None, results[0][2] if results else None)
    mean = statistics.fmean(means)
    errors = [se for _mean, se, _why in results if se is not None]
    se = with_observers(max(errors, default=None), means)
    why = next((why for _mean, _se, why in results if why is not None), None)
    low = None if se is None else max(row.scale.min, mean - se)
    high = None if se is None else min(row.scale.max, mean + se)
    return Point(lesson, mean, se, why if se is None else None, low, high)


def _result(profile: Profile, row: _Row) -> tuple[float | None, float | None, Message | None]:
    name = row.key[1]
    results = profile.dimensions if row.kind == "dimension" else profile.domains
    for each in results:
        if (each.dimension if row.kind == "dimension" else each.domain) == name:  # type: ignore[union-attr]
            return each.mean, each.se, each.why_undefined
    return None, None, None


def told_of(line: Line) -> Message:
    """Return what the picture of a line is, for who does not see it."""
    return message(
        "%(title)s over time, on a scale from %(min)s to %(max)s. The table below has the numbers.",
        title=line.title,
        min=line.scale.min,
        max=line.scale.max,
    )
