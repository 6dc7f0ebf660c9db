"""What runs words as a program, opens what hides in bytes or builds SQL of text is looked for.

ruff does so by bandit's rules in every check; here, that nobody has switched them off.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Each was read: why it is safe stands beside it in the source.
SILENCED = {
    ("observe/records/chart.py", "S101"),
    ("observe/web/views/paperwork.py", "S704"),
    ("observe/web/first_view.py", "S704"),
    ("observe/feedback/takeaway.py", "S704"),
    ("observe/video/media/launcher.py", "S606"),
}


def test_the_rules_are_on_and_silenced_where_it_was_read_only() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in told["select"]
    assert {rule for rule in told["ignore"] if rule.startswith("S")} == {"S603", "S607"}
    exempt = {pattern for pattern, off in told["per-file-ignores"].items() if "S608" in off}
    assert exempt == {"tests/**"}
    silenced = {
        (file.relative_to(ROOT).as_posix(), rule)
        for file in (ROOT / "observe").rglob("*.py")
        for told_here in re.findall(r"# noqa: ([\w, ]+)", file.read_text("utf-8"))
        for rule in re.findall(r"\bS\d{3}\b", told_here)
    }
    assert silenced <= SILENCED


def test_every_part_from_elsewhere_is_named_with_its_hash() -> None:
    for name in ("base.txt", "weights.txt", "dev.txt"):
        lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
        named = [line for line in lines if re.match(r"[\w.-]+(\[[\w,-]+\])?==", line)]
        assert named
        assert [line for line in named if not line.rstrip().endswith("\\")] == []
        assert not [line for line in lines if re.match(r"(-e|--index-url|https?:|git\+)", line)]
