"""Records as a table for pandas and for Excel: one row a score, commas, whole numbers. Pure.

`score` is the number given, empty where a mark (`not_observed`, `not_applicable`) stands instead.
`dimension_mean`, `dimension_se` and `domain_mean` repeat what pages show: they come from the same
profile and have a decimal point. The last columns repeat on each row how the lesson was watched:
how much of it at least once, and how much of what was played at another rate than 1; they are empty
where nothing was played, as in a sheet coded on paper.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from observe.coding.models import Observation
from observe.coding.rules import CellScore, Document, DocumentCycle
from observe.profile import Profile, profile_of
from observe.rubric.schema import Rubric
from observe.text import Cell, harmless

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


def csv_text(records: Iterable[tuple[Observation, Rubric, Document]]) -> str:
    """Return `records` as CSV text with a header; no cell of it is a formula for a spreadsheet."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for observation, rubric, document in records:
        for row in _rows(observation, rubric, document):
            writer.writerow([harmless(cell) for cell in row])
    return file.getvalue()


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
