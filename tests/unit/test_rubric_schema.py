"""The rubric types: finding one's way in them, canonical text, and a hash that stays."""

from __future__ import annotations

import json

import pytest
from pydantic import Field, ValidationError

from observe.rubric import schema
from observe.rubric.loader import read_rubric
from observe.rubric.schema import canonical, content_hash, from_canonical, hash_of
from tests.unit.documents import small_rubric
from tests.unit.test_rubric_loader import GOOD

RUBRIC = small_rubric(
    [
        {"id": "a", "domain": "x"},
        {"id": "free", "domain": None},
        {"id": "b", "domain": "y"},
        {"id": "c", "domain": "x"},
    ]
)


def test_groups_are_the_domains_in_order_then_what_is_outside() -> None:
    found = [
        (domain.id if domain else None, [row.id for row in rows])
        for domain, rows in RUBRIC.groups()
    ]
    assert found == [("x", ["a", "c"]), ("y", ["b"]), (None, ["free"])]


def test_without_a_dimension_outside_there_is_no_such_group() -> None:
    assert [
        domain and domain.id for domain, _ in small_rubric([{"id": "a", "domain": "x"}]).groups()
    ] == ["x"]


def test_things_are_found_by_id_or_not_at_all() -> None:
    assert RUBRIC.dimension("b").domain == "y"
    assert RUBRIC.domain("y").title.es == "y"
    assert RUBRIC.scale_of(RUBRIC.dimension("b")).max == 7
    assert RUBRIC.has_dimension("b")
    assert not RUBRIC.has_dimension("x")
    with pytest.raises(KeyError):
        RUBRIC.dimension("x")
    with pytest.raises(KeyError):
        RUBRIC.domain("a")


def test_every_number_of_a_scale_is_in_its_range() -> None:
    scale = RUBRIC.scales["main"]
    assert [scale.band_of(value) for value in scale.values()] == [
        "low", "mid", "mid", "mid", "mid", "mid", "high",
    ]  # fmt: skip


def test_words_come_in_the_language_asked_for() -> None:
    words = schema.Text(es="Hola", en="Hello")
    assert [words.in_language(name) for name in ("es_CL", "en", "en_US")] == [
        "Hola", "Hello", "Hello",
    ]  # fmt: skip


def test_nothing_can_be_changed() -> None:
    with pytest.raises(ValidationError):
        RUBRIC.version = "2.0"  # type: ignore[misc]


def test_layout_and_comments_are_no_content() -> None:
    other = "# comment\n" + GOOD.replace("{es: Pauta, en: Rubric}", "\n  en: Rubric\n  es: Pauta")
    assert content_hash(read_rubric(other, "b")) == content_hash(read_rubric(GOOD, "a"))


@pytest.mark.parametrize(
    ("old", "new"), [("es: Una vez", "es: una vez"), ('"1.0"', '"1.1"'), ("cycles: 3", "cycles: 4")]
)
def test_any_other_word_or_number_is_other_content(old: str, new: str) -> None:
    changed = read_rubric(GOOD.replace(old, new, 1), "b")
    assert content_hash(changed) != content_hash(read_rubric(GOOD, "a"))


def test_the_canonical_text_comes_back_as_the_same_rubric() -> None:
    rubric = read_rubric(GOOD, "a")
    again = from_canonical(canonical(rubric))
    assert again == rubric
    assert canonical(again) == canonical(rubric)
    assert hash_of(canonical(rubric)) == content_hash(rubric)


def test_a_field_added_later_with_a_default_changes_no_old_hash() -> None:
    class Later(schema.Rubric):
        snapshots: int = 0
        authors: tuple[str, ...] = Field(default=("Ana",))

    rubric = read_rubric(GOOD, "a")
    later = Later.model_validate_json(canonical(rubric))
    assert later.authors == ("Ana",)
    assert content_hash(later) == content_hash(rubric)


def test_the_hash_of_a_file_is_the_same_in_every_version_of_the_program() -> None:
    assert content_hash(read_rubric(GOOD, "a")) == (
        "53be473152b94f3fca6655f34952e9aac3024d31f189e78b4fece43aef85bb7c"
    )


def test_only_what_the_file_says_is_in_the_canonical_text() -> None:
    said = json.loads(canonical(read_rubric(GOOD, "a")))
    assert "aggregation" not in said
    assert said["dimensions"][1]["domain"] is None
