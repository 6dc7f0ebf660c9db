"""The command line's groups; each noun's file adds its commands to one of them."""

from __future__ import annotations

import click

from observe.cli.shell import Program
from observe.cli.words import Group
from observe.text import Message, message

main = Program(
    "observe",
    about=message("Lessons on video, a shared rubric, one strength and one priority."),
)


def noun(name: str, about: Message, *, under: click.Group = main) -> Group:
    """Return the group of commands on `name`; two files may share one."""
    known = under.commands.get(name)
    if isinstance(known, Group):
        return known
    group = Group(name, about=about)
    under.add_command(group)
    return group
