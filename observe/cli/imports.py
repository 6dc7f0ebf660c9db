"""Importing a list, and telling what that did."""

from __future__ import annotations

from observe.cli.shell import Answer, Shell
from observe.people import importing
from observe.people.importing import Table
from observe.people.imports import Imported
from observe.text import message


def imported(shell: Shell, table: Table, *, only_look: bool) -> Answer:
    """Take a table and tell what it changed; with `only_look`, tell what it would, one by one."""
    if not only_look:
        return _told(shell, importing.take_at_once(shell.database, table, actor=shell.actor))
    with shell.database.read() as session:
        plan = importing.planned(session, table, actor=shell.actor)
    return _told(shell, plan.done, each=True)


def _told(shell: Shell, done: Imported, *, each: bool = False) -> Answer:
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
