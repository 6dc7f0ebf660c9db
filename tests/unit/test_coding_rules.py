"""What may stand in a cell, and what is missing before an observation can be submitted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from observe.coding.rules import (
    CellScore,
    Document,
    DocumentCycle,
    DocumentNote,
    DocumentStretch,
    check_score,
    missing,
    short_cycles,
    warnings,
)
from observe.errors import BadInputError
from observe.ids import new_id
from observe.rubric.schema import Rubric


def text(words: str) -> dict[str, str]:
    return {"es": words, "en": words}


def dimension(name: str, **said: Any) -> dict[str, Any]:
    ranges = {part: text(part) for part in ("low", "mid", "high")}
    return {
        "id": name,
        "code": name.upper()[:4],
        "title": text(name.title()),
        "domain": None,
        "description": text("…"),
        "descriptors": ranges,
        **said,
    }


RUBRIC = Rubric.model_validate(
    {
        "schema_version": 1,
        "id": "small",
        "version": "1.0",
        "title": text("Small"),
        "summary": text("…"),
        "source": text("…"),
        "licence": "CC0",
        "protocol": {"cycles": 2, "cycle_ms": 900_000, "minimum_codable_ms": 600_000},
        "scales": {
            "main": {
                "min": 1,
                "max": 7,
                "bands": {
                    "low": {"low": 1, "high": 2},
                    "mid": {"low": 3, "high": 5},
                    "high": {"low": 6, "high": 7},
                },
            }
        },
        "domains": [],
        "dimensions": [
            dimension("warmth"),
            dimension("order", not_observed="forbidden", not_applicable="allowed"),
            dimension("talk", not_observed="note_required"),
        ],
    }
)


def score(dimension: str, value: int | None = None, mark: Any = None) -> CellScore:
    return CellScore(dimension=dimension, value=value, mark=mark)


FULL = (score("warmth", 4), score("order", 3), score("talk", 2))


def document(*cycles: tuple[CellScore, ...], **parts: Any) -> Document:
    made = tuple(
        DocumentCycle(
            id=new_id(),
            number=number + 1,
            start_ms=number * 900_000,
            end_ms=(number + 1) * 900_000,
            scores=scores,
        )
        for number, scores in enumerate(cycles)
    )
    return Document(
        observation=new_id(),
        recording=new_id(),
        recording_sha256=None,
        duration_ms=2_700_000,
        recorded_on=date(2026, 5, 12),
        selection="assigned",
        rubric_id="small",
        rubric_version="1.0",
        rubric_hash="0" * 64,
        observer=new_id(),
        educator=new_id(),
        cycles=made,
        stretches=parts.get("stretches", ()),
        notes=parts.get("notes", ()),
    )


@pytest.mark.parametrize("value", [1, 4, 7])
def test_numbers_of_the_scale_may_stand_in_a_cell(value: int) -> None:
    check_score(RUBRIC, "warmth", value, None)


@pytest.mark.parametrize(
    ("dimension", "value", "mark"),
    [
        ("warmth", 0, None),
        ("warmth", 8, None),
        ("warmth", -3, None),
        ("warmth", None, None),
        ("warmth", 4, "not_observed"),
        ("warmth", None, "not_applicable"),
        ("order", None, "not_observed"),
        ("nothing", 4, None),
    ],
)
def test_anything_else_is_refused_with_a_sentence(
    dimension: str, value: int | None, mark: str | None
) -> None:
    with pytest.raises(BadInputError) as refusal:
        check_score(RUBRIC, dimension, value, mark)
    assert str(refusal.value).endswith(".")
    assert refusal.value.message.in_language("es_CL") != str(refusal.value)


def test_marks_that_the_rubric_allows_may_stand_in_a_cell() -> None:
    check_score(RUBRIC, "warmth", None, "not_observed")
    check_score(RUBRIC, "order", None, "not_applicable")


def test_without_cycles_that_is_what_is_missing() -> None:
    (only,) = missing(document(), RUBRIC)
    assert (only.cycle, only.dimension) == (None, None)


def test_each_empty_cell_is_missing_in_the_order_of_the_lesson() -> None:
    content = document(FULL[:2], FULL[1:])
    found = [(each.cycle, each.dimension) for each in missing(content, RUBRIC)]
    assert found == [(content.cycles[0].id, "talk"), (content.cycles[1].id, "warmth")]


def test_a_full_document_misses_nothing() -> None:
    assert missing(document(FULL, FULL), RUBRIC) == ()


@pytest.mark.parametrize(
    ("at_ms", "dimension", "enough"),
    [
        (0, "talk", True),
        (899_999, "talk", True),
        (900_000, "talk", False),
        (10, "warmth", False),
        (10, None, False),
    ],
)
def test_a_mark_may_need_a_note_on_its_row_inside_its_cycle(
    at_ms: int, dimension: str | None, *, enough: bool
) -> None:
    note = DocumentNote(id=new_id(), at_ms=at_ms, text="why", dimension=dimension, polarity=0)
    scores = (*FULL[:2], score("talk", mark="not_observed"))
    assert (missing(document(scores, notes=(note,)), RUBRIC) == ()) is enough


def test_a_cycle_too_short_to_be_coded_is_warned_about_and_so_is_their_number() -> None:
    yard = DocumentStretch(id=new_id(), start_ms=0, end_ms=300_001, reason="yard")
    content = document(FULL, FULL, FULL, stretches=(yard,))
    (short,) = short_cycles(content, RUBRIC)
    assert "9:59" in str(short)
    assert len(warnings(content, RUBRIC)) == 2
