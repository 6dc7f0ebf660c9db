"""Writes docs/scoring.md: `python -m tools.worked_examples`.

One lesson worked through with each rubric that comes with the program. Every number in it comes
out of `observe.profile`, where pages, PDF, CSV and JSON take theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from observe.profile import DimensionResult, DomainResult, Profile, in_domain, profile_of
from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from observe.rubric.schema import Dimension, Rubric
from tests.unit.documents import Cell, coded

PAGE: Final = Path(__file__).parents[1] / "docs" / "scoring.md"
HEAD: Final = """\
# How scores become results

Written by `python -m tools.worked_examples`; a test compares it with what is computed now.

- A **dimension** is the mean of its numbers over the cycles. N/O, N/A and empty cells enter no mean
  and are counted apart.
- Its **±** is the standard error over the cycles of this one lesson: sd / √n, with n − 1 below the
  sum of squares. Cycles of one lesson are not lessons: it tells how steady the lesson was, not how
  far the educator can be known from it.
- A **negative** dimension is shown as it was scored and enters its domain as `min + max − mean`.
- A **domain** is the mean of its dimension means, not the mean of all cells; with cells missing
  the two differ. A domain in which a dimension has no number is not shown. It has a ± only when
  every cell of every cycle has a number.
- With `aggregation: holistic` a domain has no mean at all, and **behaviours** enter no mean in any
  rubric: the observer judges the element as a whole.
- A dimension outside every domain stands for itself.

Below, each rubric with a lesson of three cycles. The scores are made up.
"""


def page() -> str:
    """Return the whole page."""
    paths = sorted(shipped_folder().glob("*/*.yaml"))
    rubrics = (read_rubric(path.read_text(encoding="utf-8"), path.name) for path in paths)
    return HEAD + "".join(_section(rubric) for rubric in rubrics)


def cells(rubric: Rubric) -> dict[str, list[Cell]]:
    """Return made-up cells: numbers over the whole scale, and one of each mark that is allowed."""
    rows: dict[str, list[Cell]] = {}
    for place, row in enumerate(rubric.dimensions):
        scale = rubric.scale_of(row)
        size = scale.max - scale.min + 1
        rows[row.id] = [scale.min + (3 * place + cycle * (place % 3)) % size for cycle in range(3)]
    last = rubric.dimensions[-1]
    if last.not_observed != "forbidden":
        rows[last.id][1] = "N/O"
    if last.not_applicable != "forbidden":
        rows[last.id][2] = "N/A"
    return rows


def _section(rubric: Rubric) -> str:
    rows = cells(rubric)
    profile = profile_of(coded(rows), rubric)
    title = f"\n## {rubric.title.in_language('en')} {rubric.version}\n\n"
    return (
        title + "\n".join((*_table(rubric, rows, profile), "", *_domains(rubric, profile))) + "\n"
    )


def _table(rubric: Rubric, rows: dict[str, list[Cell]], profile: Profile) -> Iterator[str]:
    yield "| dimension | scale | cycle 1 | 2 | 3 | mean ± | enters its domain as |"
    yield "|---|---|---|---|---|---|---|"
    for row in rubric.dimensions:
        result, scale = profile.dimension(row.id), rubric.scale_of(row)
        given = " | ".join(map(str, rows[row.id]))
        title = row.title.in_language("en")
        negative = " (negative)" if row.polarity == "negative" else ""
        start = f"| {title}{negative} | {scale.min}–{scale.max} | {given} | {_number(result)} | "
        yield start + f"{_entering(rubric, row, result)} |"


def _entering(rubric: Rubric, row: Dimension, result: DimensionResult) -> str:
    if row.domain is None or rubric.aggregation == "holistic" or result.mean is None:
        return "–"
    scale = rubric.scale_of(row)
    value = f"{in_domain(result.mean, row, scale):.2f}"
    if row.polarity == "positive":
        return value
    return f"{scale.min} + {scale.max} − {result.mean:.2f} = {value}"


def _number(result: DimensionResult | DomainResult) -> str:
    if result.mean is None:
        return "–"
    return f"{result.mean:.2f}" + (f" ± {result.se:.2f}" if result.se is not None else "")


def _domains(rubric: Rubric, profile: Profile) -> Iterator[str]:
    for result in profile.domains:
        title = rubric.domain(result.domain).title.in_language("en")
        if result.mean is None:
            yield f"- **{title}**: {result.why_undefined}"
            continue
        sum_of = _sum_of(rubric, profile, rubric.dimensions_in(result.domain))
        because = f" {result.why_undefined}" if result.why_undefined else ""
        yield f"- **{title}**: ({sum_of[0]}) / {sum_of[1]} = {_number(result)}.{because}"
    for row in rubric.dimensions_in(None):
        alone = _number(profile.dimension(row.id))
        yield f"- **{row.title.in_language('en')}**, outside the domains: {alone}."


def _sum_of(rubric: Rubric, profile: Profile, rows: Sequence[Dimension]) -> tuple[str, int]:
    entering = [
        f"{in_domain(mean, row, rubric.scale_of(row)):.2f}"
        for row in rows
        if (mean := profile.dimension(row.id).mean) is not None
    ]
    return " + ".join(entering), len(entering)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
