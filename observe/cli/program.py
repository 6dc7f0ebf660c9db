"""The command line's groups; each noun's file adds its commands to one of them."""

from __future__ import annotations

from observe.cli.shell import Program
from observe.cli.words import Group
from observe.text import Message, message

main = Program(
    "observe",
    about=message("Lessons on video, a shared rubric, one strength and one priority."),
)


def noun(name: str, about: Message) -> Group:
    """Return a new group of commands on `name`."""
    group = Group(name, about=about)
    main.add_command(group)
    return group
