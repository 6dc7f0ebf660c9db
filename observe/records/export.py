"""Records as a table, for Excel or for pandas: one row a score, whole numbers. Pure.

`score` is the number given, empty where a mark (`not_observed`, `not_applicable`) stands instead.
`dimension_mean`, `dimension_se` and `domain_mean` repeat what pages show: they come from the same
profile and are not rounded. The last columns repeat on each row how the lesson was watched: how
much of it at least once, and how much of what was played at another rate than 1; they are empty
where nothing was played, as in a sheet coded on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from observe import csv_files
from observe.coding.models import Observation
from observe.coding.rules import CellScore, Document, DocumentCycle
from observe.csv_files import Cell
from observe.profile import Profile, profile_of
from observe.rubric.schema import Rubric

COLUMNS: Final = (
    "observation",
    "school_rbd",
    "school",
    "class_group",
    "year",
    "subject",
    "recorded_on",
    "selection",
    "educator",
    "educator_name",
    "observer",
    "observer_name",
    "rubric",
    "rubric_version",
    "rubric_hash",
    "cycle",
    "start_ms",
    "end_ms",
    "domain",
    "dimension",
    "score",
    "mark",
    "dimension_mean",
    "dimension_se",
    "domain_mean",
    "watched_ms",
    "pauses",
    "rewinds",
    "skips",
    "other_rate_ms",
)


@dataclass(frozen=True)
class Scores:
    """The rows of such a table."""

    rows: tuple[list[Cell], ...]

    def for_people(self) -> bytes:
        """Return them as a file that opens in Excel by a double click."""
        return csv_files.for_people(COLUMNS, self.rows)

    def for_programs(self) -> bytes:
        """Return them as a file that pandas and R read as it is."""
        return csv_files.for_programs(COLUMNS, self.rows)


def scores_of(records: Iterable[tuple[Observation, Rubric, Document]]) -> Scores:
    """Return the scores of `records`, one row each."""
    return Scores(tuple(row for each in records for row in _rows(*each)))


def _rows(observation: Observation, rubric: Rubric, document: Document) -> Iterator[list[Cell]]:
    profile, about = profile_of(document, rubric), _about(observation, document)
    watched = _watched(document)
    for cycle in document.cycles:
        scores = {score.dimension: score for score in cycle.scores}
        for dimension in rubric.dimensions:
            if dimension.id in scores:
                yield [*about, *_cell(cycle, scores[dimension.id], rubric, profile), *watched]


def _about(observation: Observation, document: Document) -> list[Cell]:
    recording = observation.recording
    return [
        str(observation.id),
        recording.class_group.school.rbd,
        recording.class_group.school.name,
        recording.class_group.name,
        recording.class_group.year,
        recording.subject,
        document.recorded_on.isoformat(),
        document.selection,
        recording.educator.reference or str(recording.educator_id),
        recording.educator.name,
        observation.observer.reference or str(observation.observer_id),
        observation.observer.name,
        document.rubric_id,
        document.rubric_version,
        document.rubric_hash,
    ]


def _cell(cycle: DocumentCycle, score: CellScore, rubric: Rubric, profile: Profile) -> list[Cell]:
    domain = rubric.dimension(score.dimension).domain
    result = next(each for each in profile.dimensions if each.dimension == score.dimension)
    whole = next((each for each in profile.domains if each.domain == domain), None)
    return [
        cycle.number,
        cycle.start_ms,
        cycle.end_ms,
        domain,
        score.dimension,
        score.value,
        score.mark,
        result.mean,
        result.se,
        whole.mean if whole else None,
    ]


def _watched(document: Document) -> list[Cell]:
    told = document.watching
    if told is None:
        return [None] * 5
    return [told.seen_ms, told.pauses, told.rewinds, told.skips, told.other_rate_ms]
