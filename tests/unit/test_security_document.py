"""What the security page names as proof exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))
ITEM = re.compile(r"^\| [\dO–][^|]*\|[^|]+\|([^|]+)\|$", re.MULTILINE)


def test_the_page_names_many_proofs() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_each_named_test_exists(path: str, test: str) -> None:
    file = ROOT / path
    assert file.is_file()
    if test:
        assert re.search(rf"^def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE)


def test_each_item_has_its_proof() -> None:
    items = ITEM.findall(PAGE)
    assert len(items) > 30
    assert [proof for proof in items if "`tests/" not in proof] == []
