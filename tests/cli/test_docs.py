"""What the documents tell people to type exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from observe.cli import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)
TYPED = re.compile(r"(?:^|Scripts\\)observe (?=[a-z])(.*?)(?:\s{2,}.*)?$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def _commands() -> list[str]:
    return [
        command
        for path in DOCUMENTS
        for block in BLOCK.findall(path.read_text(encoding="utf-8"))
        for command in TYPED.findall(block.replace("\\\n", " "))
    ]


def test_documents_show_commands() -> None:
    assert len(_commands()) > 10


@pytest.mark.parametrize("typed", _commands())
def test_every_command_in_the_documents_exists(typed: str) -> None:
    command: click.Command = main
    words = shlex.split(typed, comments=True)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known | {"--help"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # The picture of the coding screen is taken from the running program.
    links = [link for link in LINK.findall(text) if not link.startswith("docs/images/")]
    assert [link for link in links if not (path.parent / link).exists()] == []
