"""Telling what the import of a list did."""

from __future__ import annotations

from observe.cli.shell import Answer, Shell
from observe.people.imports import Imported
from observe.text import message


def told(shell: Shell, done: Imported, *, each: bool = False) -> Answer:
    """Return how many were new, changed, ending and as they were, with the warnings.

    With `each`, every change is told too.
    """
    counted = message(
        "New: %(added)s · changed: %(changed)s · ending: %(ended)s · as before: %(unchanged)s.",
        added=done.added,
        changed=done.changed,
        ended=done.ended,
        unchanged=done.unchanged,
    )
    changes = done.changes if each else ()
    facts = {
        "added": done.added,
        "changed": done.changed,
        "ended": done.ended,
        "unchanged": done.unchanged,
        "warnings": [shell.spoken(warning) for warning in done.warnings],
        "changes": [
            {
                "kind": change.kind.value,
                "name": change.name,
                "told": [shell.spoken(line) for line in change.told],
            }
            for change in changes
        ],
    }
    lines = [f"- {change.name}" for change in changes]
    return Answer(facts, [counted, *lines], warnings=done.warnings)
