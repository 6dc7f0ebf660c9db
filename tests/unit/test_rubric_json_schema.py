"""The JSON Schema for editors: published as the code has it, and right about real files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from observe.rubric.json_schema import SCHEMA_ID, SCHEMA_NAME, json_schema, published
from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from tests.rubrics import NAMES_ALONE, WHOLE

SHIPPED = sorted(shipped_folder().glob("*/*.yaml"))
MODELINE = f"# yaml-language-server: $schema=../{SCHEMA_NAME}"
SCHEMA = Draft202012Validator(json_schema())


class AsInEditors(yaml.SafeLoader):
    """Reads YAML 1.2, where `no` is a word as any other, and only `true` and `false` are not."""


AsInEditors.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
AsInEditors.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"]
)


def problems(text: str) -> list[str]:
    content = yaml.load(text, AsInEditors)  # noqa: S506  # a safe one
    as_json = json.loads(json.dumps(content))  # where names of fields are always words
    return [f"{each.json_path}: {each.validator}" for each in SCHEMA.iter_errors(as_json)]


def test_the_published_file_is_what_the_code_gives() -> None:
    file = shipped_folder() / SCHEMA_NAME
    again = f"observe rubric schema --to rubrics/{SCHEMA_NAME} --force"
    assert file.read_text(encoding="utf-8") == published(), f"write it again: {again}"


def test_it_is_a_schema_with_a_name_of_its_own() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$id"] == SCHEMA_ID


def test_every_group_and_what_is_not_plain_says_what_it_is() -> None:
    whole = json.loads(published())
    assert all(group["description"] for group in whole["$defs"].values())
    assert whole["properties"]["aggregation"]["description"] == (
        "holistic: domains have no mean at all."
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_shipped_rubrics_name_it_and_are_right_by_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == MODELINE
    assert problems(text) == []


def test_a_file_that_says_everything_is_right() -> None:
    assert problems(WHOLE) == []
    assert read_rubric(WHOLE, "x")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("licence: CC0-1.0", "license: CC0-1.0", "$: required"),
        ("cycles: 3", "cycles: tres", "$.protocol.cycles: type"),
        ("cycles: 3", "cycles: 41", "$.protocol.cycles: maximum"),
        ("order: random", "order: shuffled", "$.protocol.order: enum"),
        ("minimum_educators: 8", "minimum_educators: 4", "$.reports.minimum_educators: minimum"),
        ("code: C1", "code: C 1", "$.dimensions[2].code: pattern"),
        ("strength:", "strenght:", "$.dimensions[0].feedback: additionalProperties"),
        ("    title: {es: Turnos, en: Turns}\n", "", "$.dimensions[2]: required"),
        (
            "    description: {es: Se turnan, en: They take turns}\n",
            "",
            "$.dimensions[2]: required",
        ),
        ("names_only: false", "names_only: no", "$.names_only: type"),
    ],
)
def test_what_is_wrong_is_shown_in_the_editor(old: str, new: str, problem: str) -> None:
    assert old in WHOLE
    assert problem in problems(WHOLE.replace(old, new, 1))


def test_names_alone_are_right_only_where_the_rubric_says_so() -> None:
    assert problems(NAMES_ALONE) == []
    missing = problems(NAMES_ALONE.replace("names_only: true\n", ""))
    assert missing.count("$.dimensions[0]: required") == 2
