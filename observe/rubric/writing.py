"""Writing a rubric as the file that a person would: what `loader` reads back is the same content.

Only what was said is written, in the order of docs/rubrics.md. Short texts stand in one line, long
ones in folded blocks, and a word that YAML would take for something else stands in quotes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

import yaml
from pydantic import BaseModel
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from observe.rubric.schema import Band, Rubric, Text

LINE: Final = 100  # the writer breaks at the first space behind it
SHORT_TEXT: Final = 72  # characters, both languages together, that fit into `{es: …, en: …}`
SHORT_WORDS: Final = 84  # characters that fit behind `es:`, however deep it stands
_RARE_BREAKS: Final = frozenset(
    "\x85\u2028\u2029"
)  # only written as numbers they stay what they are
_TAG: Final = "tag:yaml.org,2002:"


class _Indented(yaml.SafeDumper):
    """Entries of a list stand further in than its name: the levels are seen."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  # yaml's signature
        super().increase_indent(flow, indentless=False)


def yaml_of(rubric: Rubric) -> str:
    """Return the text of a rubric file that says exactly what `rubric` says."""
    text = _serialized(rubric, plainly=True)
    # A file is read with its letters composed: letters that are apart are written as numbers.
    return text if unicodedata.is_normalized("NFC", text) else _serialized(rubric, plainly=False)


def _serialized(rubric: Rubric, *, plainly: bool) -> str:
    written: str = yaml.serialize(
        _node(rubric), Dumper=_Indented, width=LINE, allow_unicode=plainly
    )
    return written


def _node(thing: object) -> Node:
    """Return a rubric, or a part of it, as it is to be written."""
    match thing:
        case Text():
            return _group(_said(thing), flow=_fits(thing))
        case BaseModel():
            return _group(_said(thing), flow=isinstance(thing, Band))
        case dict():
            return _group(dict(sorted(thing.items(), key=_main_first)), flow=not thing)
        case tuple():
            words = all(isinstance(each, str | int) for each in thing)
            return SequenceNode(f"{_TAG}seq", [_node(each) for each in thing], flow_style=words)
        case str():
            return ScalarNode(f"{_TAG}str", thing, style=_style(thing))
        case bool():
            return ScalarNode(f"{_TAG}bool", "true" if thing else "false")
        case int():
            return ScalarNode(f"{_TAG}int", str(thing))
        case _:
            return ScalarNode(f"{_TAG}null", "null")


def _group(fields: Mapping[str | int, object], *, flow: bool) -> MappingNode:
    pairs = [(_node(name), _node(inside)) for name, inside in fields.items()]
    return MappingNode(f"{_TAG}map", pairs, flow_style=flow)


def _main_first(entry: tuple[str | int, object]) -> tuple[bool, str | int]:
    return entry[0] != "main", entry[0]


def _said(model: BaseModel) -> dict[str | int, object]:
    """Return the fields that the file gave, as `schema.canonical` does."""
    names = type(model).model_fields
    return {name: getattr(model, name) for name in names if name in model.model_fields_set}


def _fits(text: Text) -> bool:
    words = text.es + (text.en or "")
    return len(words) <= SHORT_TEXT and "\n" not in words


def _style(words: str) -> Literal[">", '"'] | None:
    if not _RARE_BREAKS.isdisjoint(words):
        return '"'
    return ">" if len(words) > SHORT_WORDS or "\n" in words else None
