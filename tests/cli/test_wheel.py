"""A built wheel is whole: what the program needs besides code is in it, and it makes a home."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# One after the other in one process: starting it three times took longer than all they do.
COMMANDS = """
import observe.cli
for arguments in (["init"], ["doctor"], ["rubric", "list"]):
    try:
        observe.cli.main(arguments, prog_name="observe")
    except SystemExit as ended:
        assert ended.code == 0, arguments
print(observe.cli.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, str(folder), str(ROOT)], check=True, timeout=300)
    return next(folder.glob("observe-*.whl"))


def test_the_wheel_holds_everything(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for folder, pattern in (
        ("observe/web/templates", "*.html"),
        ("observe/web/static", "*.*"),
        ("observe/translations", "*.po"),
        ("observe", "*.typ"),
        ("observe/feedback/carried", "*.*"),
        ("migrations", "versions/*.py"),
        ("rubrics", "*.yaml"),
        ("rubrics", "*.json"),
        ("observe/privacy", "*.html"),
        ("docs/plantillas", "*.md"),
    ):
        found = [path for path in (ROOT / folder).rglob(pattern) if "__pycache__" not in path.parts]
        assert found, f"nothing in {folder}: does this test look in the right place?"
        for path in found:
            name = path.relative_to(ROOT).as_posix()
            if folder in {"migrations", "rubrics"}:
                name = f"observe/_{name}"
            name = name.replace("docs/plantillas", "observe/_plantillas")
            assert name in inside
    assert not [name for name in inside if name.startswith(("tests", "media", "tools"))]


def test_the_wheel_makes_a_home(wheel: Path, tmp_path: Path) -> None:
    installed, home = tmp_path / "installed", tmp_path / "home"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    environment = os.environ | {"PYTHONPATH": str(installed), "OBSERVE_HOME": str(home)}
    ran = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert str(installed) in ran.stdout
    assert "aprendizaje-profundo" in ran.stdout
    assert (home / "observe.sqlite").exists()
