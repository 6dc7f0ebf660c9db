"""The JSON Schema of a rubric file, with which editors help while it is written. Pure.

It knows the shape of a file. What its parts must have in common (`checks`) it does not know: a
file that an editor finds right still goes through `observe rubric check`.
"""

from __future__ import annotations

import json
from typing import Final

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from observe.rubric.schema import Rubric

SCHEMA_ID: Final = "urn:observe:rubric:1"
SCHEMA_NAME: Final = "rubric.schema.json"  # where it is published: beside the folders of rubrics/


class _Untitled(GenerateJsonSchema):
    """A field is called as it is written: pydantic's `Playback Policy` is one name too many."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:
        """Return that no title is made of a field's name."""
        return False


# A dimension lacks its words only where the rubric says that they are elsewhere.
_WORDS_HERE: Final[dict[str, object]] = {
    "if": {"properties": {"names_only": {"const": True}}, "required": ["names_only"]},
    "else": {"properties": {"dimensions": {"items": {"required": ["description", "descriptors"]}}}},
}


def json_schema() -> dict[str, object]:
    """Return the schema of a rubric file, as editors take it."""
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": SCHEMA_ID,
        **Rubric.model_json_schema(schema_generator=_Untitled),
        **_WORDS_HERE,
        "title": "Rubric (pauta)",
    }


def published() -> str:
    """Return the text of the published file, the same each time."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
