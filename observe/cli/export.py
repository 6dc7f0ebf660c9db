"""`observe export`: tables for pandas and R; those of the pages are for Excel."""

from __future__ import annotations

from pathlib import Path

from observe.cli.files import FILE, write_bytes
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import option
from observe.records.operations import export_of, exported
from observe.text import message

export = noun("export", message("Tables for pandas and R; for Excel take those of the pages."))


@verb(export, "observations", message("Writes the records you may export: one row a score, CSV."))
@option("-o", "--output", required=True, type=FILE, about=message("The file to write."))
def observations(shell: Shell, *, output: Path) -> Answer:
    """Write one row a score, with the rubric version."""
    with shell.database.read() as session:
        found = export_of(session, actor=shell.actor)
    with shell.database.write() as session:
        exported(session, found, actor=shell.actor)
    write_bytes(output, found.scores.for_programs())
    told = message("Written: %(path)s", path=str(output))
    return Answer({"file": str(output), "scores": len(found.scores.rows)}, [told])
