"""Telling what the import of a list did."""

from __future__ import annotations

from observe.cli.shell import Answer, Shell
from observe.people.imports import Imported
from observe.text import message


def told(shell: Shell, done: Imported) -> Answer:
    """Return how many were new, changed and as they were, with the warnings."""
    counted = message(
        "New: %(added)s · changed: %(changed)s · as before: %(unchanged)s.",
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
    )
    facts = {
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "warnings": [shell.spoken(warning) for warning in done.warnings],
    }
    return Answer(facts, [counted], warnings=done.warnings)
