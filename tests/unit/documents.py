"""Small rubrics and coded observations, written the short way, for the tests of pure modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from observe.coding.rules import CellScore, Document, DocumentCycle
from observe.rubric.schema import Rubric

CYCLE_MS = 900_000
Cell = int | str | None  # a number, "N/O", "N/A", or None for an empty cell
_MARKS = {"N/O": "not_observed", "N/A": "not_applicable"}


def small_rubric(
    dimensions: Sequence[Mapping[str, object]],
    *,
    scales: Mapping[str, tuple[int, int]] | None = None,
    aggregation: str = "mean_of_means",
) -> Rubric:
    """Return a rubric with these dimensions; scale `main` goes from 1 to 7 unless told."""
    rows = [_row(number, row) for number, row in enumerate(dimensions)]
    names = dict.fromkeys(str(row["domain"]) for row in rows if row["domain"])
    return Rubric.model_validate(
        {
            "schema_version": 1,
            "id": "prueba",
            "version": "1.0",
            "title": _text("Prueba"),
            "summary": _text("Prueba"),
            "source": _text("Prueba"),
            "licence": "CC0",
            "aggregation": aggregation,
            "protocol": {"cycles": 3, "cycle_ms": CYCLE_MS, "minimum_codable_ms": 600_000},
            "scales": {name: _scale(*ends) for name, ends in (scales or {"main": (1, 7)}).items()},
            "domains": [{"id": name, "title": _text(name)} for name in names],
            "dimensions": rows,
        }
    )


def _text(words: str) -> dict[str, str]:
    return {"es": words, "en": words}


def _row(number: int, given: Mapping[str, object]) -> dict[str, object]:
    words = _text(str(given["id"]))
    usual = {"code": f"D{number}", "title": words, "domain": None, "description": words}
    return {**usual, "descriptors": {"low": words, "mid": words, "high": words}, **given}


def _scale(lowest: int, highest: int) -> dict[str, object]:
    bands = {
        "low": {"low": lowest, "high": lowest},
        "mid": {"low": lowest + 1, "high": highest - 1},
        "high": {"low": highest, "high": highest},
    }
    return {"min": lowest, "max": highest, "bands": bands}


def coded(rows: Mapping[str, Sequence[Cell]]) -> Document:
    """Return an observation with these cells: dimension id to what stands in cycle 1, 2, …"""
    count = max((len(cells) for cells in rows.values()), default=0)
    cycles = tuple(_cycle(index, rows) for index in range(count))
    return Document(
        observation=UUID(int=1),
        recording=UUID(int=2),
        recording_sha256=None,
        duration_ms=count * CYCLE_MS,
        recorded_on=date(2026, 5, 12),
        selection="assigned",
        rubric_id="prueba",
        rubric_version="1.0",
        rubric_hash="0" * 64,
        observer=UUID(int=3),
        educator=UUID(int=4),
        cycles=cycles,
        stretches=(),
        notes=(),
    )


def _cycle(index: int, rows: Mapping[str, Sequence[Cell]]) -> DocumentCycle:
    scores = [
        _score(dimension, cells[index])
        for dimension, cells in rows.items()
        if index < len(cells) and cells[index] is not None
    ]
    return DocumentCycle(
        id=UUID(int=100 + index),
        number=index + 1,
        start_ms=index * CYCLE_MS,
        end_ms=(index + 1) * CYCLE_MS,
        scores=tuple(scores),
    )


def _score(dimension: str, cell: Cell) -> CellScore:
    if isinstance(cell, int):
        return CellScore(dimension=dimension, value=cell)
    return CellScore.model_validate({"dimension": dimension, "mark": _MARKS[str(cell)]})
