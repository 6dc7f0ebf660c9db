"""A rubric that is not complete yet as it would be, for a look at its sheet and changes. Pure."""

from __future__ import annotations

import copy
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from observe.rubric import content as contents
from observe.rubric.content import Group
from observe.rubric.loader import is_echo
from observe.rubric.schema import Rubric
from observe.rubric.yamltext import Content, FieldPath

ROUNDS: Final = 12  # a gap that is filled may have gaps in it: the language is less deep than this
GAP: Final = "…"
# What stands in for a part that is missing or wrong; anything else is a group to be filled.
_FILLED: Final[dict[str, Content]] = {
    **dict.fromkeys(("es", "en", "code", "licence"), GAP),
    "schema_version": "1",
    "id": "pauta",
    "version": "0.0",
    "cycles": "1",
    "cycle_ms": "900000",
    "minimum_codable_ms": "600000",
    "domains": [],
    "domain": None,
    "scale": "main",
}


def sketch(content: Group) -> Rubric | None:
    """Return the rubric with «…» where words are missing; None while it has no dimension.

    What cannot be used, such as a scale without numbers, is shown as the usual one.
    """
    filled = contents.finished(content)
    _settle(filled)
    for _round in range(ROUNDS):
        try:
            return Rubric.model_validate(filled)
        except ValidationError as error:
            # From the end, so that entries which are taken out of a list move no other one.
            for details in reversed(error.errors(include_url=False)):
                if not is_echo(details):
                    _mend(filled, details)
    return None


def _settle(content: Group) -> None:
    """Leave no dimension without words due here, or with a domain or a scale that is not there."""
    domains = [each.get("id") for each in contents.things(content, "domains")]
    scales = content.setdefault("scales", {})
    if isinstance(scales, dict):
        scales.setdefault("main", {})
    for dimension in contents.things(content, "dimensions"):
        if not contents.names_only(content):
            dimension.setdefault("description", {})
        if dimension.get("domain") not in domains:
            dimension["domain"] = None
        for each in (dimension, *contents.things(dimension, "behaviours")):
            if each.get("scale", "main") not in contents.scale_names(content):
                each["scale"] = "main"


def _mend(content: Group, details: ErrorDetails) -> None:
    path: FieldPath = tuple(part for part in details["loc"] if part != "[key]")
    if path[:1] == ("scales",) and len(path) > 1:
        scales = content["scales"]
        if isinstance(scales, dict):
            scales[str(path[1])] = contents.default_scale()
        return
    around, last = _around(content, path), path[-1]
    if isinstance(around, dict) and isinstance(last, str):
        if details["type"] == "missing":
            around[last] = copy.deepcopy(_FILLED.get(last, {}))
        else:
            around.pop(last, None)
    elif isinstance(around, list) and isinstance(last, int) and last < len(around):
        del around[last]


def _around(content: Content, path: FieldPath) -> Content:
    for part in path[:-1]:
        if isinstance(content, list) and isinstance(part, int):
            content = content[part] if part < len(content) else None
        else:
            content = content.get(str(part)) if isinstance(content, dict) else None
    return content
