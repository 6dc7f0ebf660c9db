"""Small rubrics as files, with the ways of observing that a test is about; one says everything."""

from __future__ import annotations

import json
from typing import Any

from observe.rubric.schema import Descriptors, Dimension

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


WHOLE = """\
schema_version: 1
id: entera
version: "1.0"
title: {es: Pauta entera, en: Whole rubric}
summary: {es: Dice todo lo que una pauta puede decir., en: Says all that a rubric can say.}
source: {es: Nuestra, en: Ours}
licence: CC0-1.0
credit: {es: De la red, en: By the network}
disclaimers:
  - {es: No es oficial., en: It is not official.}
notes: {es: La primera versión., en: The first version.}
languages: [es, en]
reports: {minimum_educators: 8}
aggregation: mean_of_means
protocol:
  unit: {es: El curso completo, en: The whole class}
  cycles: 3
  cycle_ms: 900000
  minimum_codable_ms: 600000
  order: random
  playback_policy: pause_allowed
  snapshots:
    at_ms: [240000, 540000]
    look_ms: 10000
    questions:
      - id: trabajo
        title: {es: "¿Qué hace la mayoría?", en: "What do most do?"}
        answers:
          - {id: escuchan, title: {es: Escuchan, en: They listen}}
          - {id: conversan, title: {es: Conversan, en: They talk}}
      - id: entre
        title: {es: "¿Entre quiénes?", en: "Between whom?"}
        answers:
          - {id: parejas, title: {es: En parejas, en: In pairs}}
          - {id: todos, title: {es: Todo el curso, en: The whole class}}
        only_after: [trabajo, conversan]
  instructions: {es: Mira el ciclo completo., en: Watch the whole cycle.}
scales:
  main:
    min: 1
    max: 4
    labels:
      1: {es: Poco, en: Little}
      4: {es: Mucho, en: Much}
    bands: {low: {low: 1, high: 1}, mid: {low: 2, high: 3}, high: {low: 4, high: 4}}
  breve:
    min: 1
    max: 3
    letters:
      1: {es: B, en: L}
      3: {es: A, en: H}
    bands: {low: {low: 1, high: 1}, mid: {low: 2, high: 2}, high: {low: 3, high: 3}}
domains:
  - id: pensar
    title: {es: Pensar, en: Thinking}
    description: {es: Lo que se piensa, en: What is thought}
  - id: convivir
    title: {es: Convivir, en: Living together}
dimensions:
  - id: preguntas
    code: P1
    title: {es: Preguntas, en: Questions}
    domain: pensar
    scale: main
    polarity: positive
    not_observed: note_required
    not_applicable: forbidden
    description: {es: Se pregunta, en: Questions are asked}
    indicators:
      - {es: Se oye un por qué, en: A why is heard}
      - {es: Se ve una mano en alto, en: A raised hand is seen}
    descriptors:
      low: {es: Ninguna o una, en: None or one}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
    examples:
      - {es: "«¿Por qué flota?»", en: "«Why does it float?»"}
    behaviours:
      - id: espera
        title: {es: Espera, en: Waits}
        description: {es: El tiempo que da, en: The time that is given}
        scale: breve
        not_observed: allowed
        not_applicable: allowed
        descriptors:
          low: {es: No espera, en: Does not wait}
          mid: {es: A veces, en: Sometimes}
          high: {es: Siempre espera, en: Always waits}
        examples:
          - {es: Cuenta hasta cinco, en: Counts to five}
      - id: repregunta
        title: {es: Repregunta, en: Asks again}
        scale: breve
    feedback:
      strength:
        - {es: Preguntas y esperas., en: You ask and wait.}
      priority:
        - {es: Espera cinco segundos., en: Wait for five seconds.}
      questions:
        - {es: "¿Cuándo pensaron más?", en: "When did they think most?"}
  - id: razones
    code: P2
    title: {es: Razones, en: Reasons}
    domain: pensar
    description: {es: Se explica, en: It is explained}
    descriptors:
      low: {es: Una vez, en: Once}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
  - id: turnos
    code: C1
    title: {es: Turnos, en: Turns}
    domain: convivir
    description: {es: Se turnan, en: They take turns}
    descriptors:
      low: {es: Una vez, en: Once}
      mid: {es: A ratos, en: At times}
      high: {es: Siempre, en: Always}
  - id: apuro
    code: A1
    title: {es: Apuro, en: Hurry}
    domain: null
    polarity: negative
    description: {es: Se interrumpe, en: People are cut short}
    descriptors:
      low: {es: Nunca, en: Never}
      mid: {es: A ratos, en: At times}
      high: {es: Casi siempre, en: Nearly always}
names_only: false
"""

NAMES_ALONE = """\
schema_version: 1
id: instrumento-ajeno
version: "1.0"
title: {es: Instrumento ajeno, en: Somebody's instrument}
summary: {es: Tres dimensiones por su nombre., en: Three dimensions by name.}
source:
  es: Manual del Instrumento Ajeno, edición de 2020, con licencia del servicio.
  en: Manual of Somebody's Instrument, edition of 2020, licensed to the service.
licence: Todos los derechos son de quien publica el manual
names_only: true
protocol: {cycles: 2, cycle_ms: 900000, minimum_codable_ms: 600000}
scales:
  main:
    min: 1
    max: 7
    bands: {low: {low: 1, high: 2}, mid: {low: 3, high: 5}, high: {low: 6, high: 7}}
domains:
  - id: primero
    title: {es: Primer dominio, en: First domain}
dimensions:
  - {id: uno, code: D1, title: {es: Dimensión uno, en: Dimension one}, domain: primero}
  - {id: dos, code: D2, title: {es: Dimensión dos, en: Dimension two}, domain: primero}
  - id: tres
    code: D3
    title: {es: Dimensión tres, en: Dimension three}
    domain: null
    polarity: negative
"""


def described(dimension: Dimension) -> Descriptors:
    """Return the words of a dimension's ranges, which every rubric has but those of names alone."""
    assert dimension.descriptors is not None
    return dimension.descriptors
