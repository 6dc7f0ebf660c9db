"""Averages over several educators, and the rule by which no smaller group can be worked out. Pure.

Averages are given out in *releases*. A release takes what was coded and not given out before and
cuts it, for each version of a rubric, into cells: a school with at least five educators is a cell
of its own; all smaller schools together are one more, if at least five of its educators are left
whichever of its schools is taken away. What is in no cell waits for a later release.

So each observation is in one cell at most, over all releases. Whatever is shown, filtered, added up
or subtracted is made of whole cells, and no cell is of fewer than five educators; who knows every
record of her own school learns of no fewer than five others. `docs/decisions/` says what this
withstands and what it does not.

Within a cell a dimension has its own educators, and the same is asked of them. A mean at the very
end of its scale is not shown, because everybody's would be known by it; nor is a spread, from which
with the mean two unknown scores can be solved.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

DIGITS: Final = 2


@dataclass(frozen=True)
class Contribution:
    """What one observation brings in: its means by dimension, raw."""

    observation_id: UUID
    recording_id: UUID
    educator_id: UUID
    school_id: UUID
    version_id: UUID
    selection: str
    means: Mapping[str, float]


@dataclass(frozen=True)
class Rule:
    """What a version of a rubric asks of its averages; `ends` are those of each dimension's scale.

    `fewest` educators are five, or more where the rubric says so.
    """

    fewest: int
    ends: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Mean:
    """The mean of a dimension over the educators who have a number there."""

    mean: float
    educators: int


@dataclass(frozen=True)
class Cell:
    """An average that may be shown: of one school, or of several small ones together.

    A dimension that is not in `means` may not be shown. `selections`: how its lessons were chosen.
    """

    version_id: UUID
    school_ids: frozenset[UUID]
    educators: int
    lessons: int
    selections: tuple[str, ...]
    means: Mapping[str, Mean]


@dataclass(frozen=True)
class Batch:
    """The cells of a release, and the observations that are in them."""

    cells: tuple[Cell, ...]
    observation_ids: tuple[UUID, ...]


def cut(contributions: Iterable[Contribution], rules: Mapping[UUID, Rule]) -> Batch:
    """Cut what was not given out before into cells that may be shown; the rest waits."""
    by_version: dict[UUID, list[Contribution]] = defaultdict(list)
    for each in contributions:
        by_version[each.version_id].append(each)
    cells, inside = [], []
    for version_id in sorted(by_version):
        for group in _groups(by_version[version_id], rules[version_id].fewest):
            cells.append(_cell(group, rules[version_id]))
            inside += [each.observation_id for each in group]
    return Batch(tuple(cells), tuple(sorted(inside)))


def _groups(rows: Sequence[Contribution], fewest: int) -> Iterator[list[Contribution]]:
    by_school: dict[UUID, list[Contribution]] = defaultdict(list)
    for each in rows:
        by_school[each.school_id].append(each)
    small: list[Contribution] = []
    for school_id in sorted(by_school):
        group = by_school[school_id]
        if len(_educators(group)) >= fewest:
            yield group
        else:
            small += group
    if _may_be_pooled(small, fewest):
        yield small


def _may_be_pooled(rows: Sequence[Contribution], fewest: int) -> bool:
    """Tell whether enough educators are left whichever of the schools is taken away."""
    schools = {each.school_id for each in rows}
    return bool(schools) and all(len(outside(rows, school)) >= fewest for school in schools)


def outside(rows: Iterable[Contribution], school_id: UUID) -> set[UUID]:
    """Return the educators of whom somebody who knows all of a school knows nothing."""
    rows = list(rows)
    return _educators(rows) - {each.educator_id for each in rows if each.school_id == school_id}


def _educators(rows: Iterable[Contribution]) -> set[UUID]:
    return {each.educator_id for each in rows}


def _cell(rows: Sequence[Contribution], rule: Rule) -> Cell:
    found = ((name, _mean(rows, name, rule)) for name in rule.ends)
    return Cell(
        version_id=rows[0].version_id,
        school_ids=frozenset(each.school_id for each in rows),
        educators=len(_educators(rows)),
        lessons=len({each.recording_id for each in rows}),
        selections=tuple(sorted({each.selection for each in rows})),
        means={name: mean for name, mean in found if mean is not None},
    )


def _mean(rows: Sequence[Contribution], name: str, rule: Rule) -> Mean | None:
    scored = [each for each in rows if name in each.means]
    alone = len({each.school_id for each in rows}) == 1
    enough = (
        len(_educators(scored)) >= rule.fewest if alone else _may_be_pooled(scored, rule.fewest)
    )
    if not enough:
        return None
    means = educator_means(scored, name)
    mean = round(statistics.fmean(means.values()), DIGITS)
    return None if mean in rule.ends[name] else Mean(mean, len(means))


def educator_means(rows: Iterable[Contribution], name: str) -> dict[UUID, float]:
    """Return each educator's mean over her lessons; one that two people coded counts once."""
    lessons: dict[tuple[UUID, UUID], list[float]] = defaultdict(list)
    for each in rows:
        lessons[each.educator_id, each.recording_id].append(each.means[name])
    educators: dict[UUID, list[float]] = defaultdict(list)
    for (educator_id, _recording), means in lessons.items():
        educators[educator_id].append(statistics.fmean(means))
    return {key: statistics.fmean(means) for key, means in sorted(educators.items())}


def together(cells: Iterable[Cell], name: str) -> Mean | None:
    """Return the mean of a dimension over all educators of these cells in which it is shown.

    Nothing that the cells do not show enters it, so it tells no more than they do.
    """
    shown = [cell.means[name] for cell in cells if name in cell.means]
    count = sum(each.educators for each in shown)
    if not count:
        return None
    return Mean(round(sum(each.mean * each.educators for each in shown) / count, DIGITS), count)
