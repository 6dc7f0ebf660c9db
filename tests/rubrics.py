"""Small rubrics as files, with the ways of observing that a test is about."""

from __future__ import annotations

import json
from typing import Any

SNAPSHOTS: dict[str, Any] = {
    "at_ms": [3_000, 9_000],
    "look_ms": 1_000,
    "questions": [
        {
            "id": "trabajo",
            "title": {"es": "¿Qué hace la mayoría?", "en": "What do most do?"},
            "answers": [
                {"id": "escuchan", "title": {"es": "Escuchan", "en": "They listen"}},
                {"id": "conversan", "title": {"es": "Conversan", "en": "They talk"}},
            ],
        },
        {
            "id": "entre",
            "title": {"es": "¿Entre quiénes?", "en": "Between whom?"},
            "answers": [
                {"id": "parejas", "title": {"es": "En parejas", "en": "In pairs"}},
                {"id": "todos", "title": {"es": "Todo el curso", "en": "The whole class"}},
            ],
            "only_after": ["trabajo", "conversan"],
        },
    ],
}


def timed(policy: str = "free", snapshots: dict[str, Any] | None = SNAPSHOTS) -> str:
    """Return the text of a rubric of two rows with this playback policy and these snapshots."""
    protocol = {"cycles": 2, "cycle_ms": 20_000, "minimum_codable_ms": 1_000}
    asks = {} if snapshots is None else {"snapshots": snapshots}
    name = policy.replace("_", "-")
    return json.dumps(
        {
            "schema_version": 1,
            "id": f"prueba-{name}",
            "version": "1.0",
            "title": _text("Prueba"),
            "summary": _text("Prueba"),
            "source": _text("Prueba"),
            "licence": "CC-BY-4.0",
            "protocol": protocol | {"playback_policy": policy} | asks,
            "scales": {"main": {"min": 1, "max": 4, "bands": _BANDS}},
            "domains": [],
            "dimensions": [_dimension("preguntas", "P1"), _dimension("trato", "P2")],
        },
        ensure_ascii=False,
    )


_BANDS = {
    "low": {"low": 1, "high": 1},
    "mid": {"low": 2, "high": 3},
    "high": {"low": 4, "high": 4},
}


def _text(words: str) -> dict[str, str]:
    return {"es": words, "en": words}


def _dimension(name: str, code: str) -> dict[str, Any]:
    words = _text(name)
    levels = {"low": words, "mid": words, "high": words}
    said = {"id": name, "code": code, "title": words, "domain": None}
    return {**said, "description": words, "descriptors": levels}
