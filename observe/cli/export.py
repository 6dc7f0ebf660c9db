"""`observe export`: tables for pandas and Excel."""

from __future__ import annotations

from pathlib import Path

from observe.cli.files import FILE, write_bytes
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import option
from observe.records.operations import export_csv
from observe.text import message

export = noun("export", message("Tables for pandas and Excel."))


@verb(export, "observations", message("Writes the records you may export: one row a score, CSV."))
@option("-o", "--output", required=True, type=FILE, about=message("The file to write."))
def observations(shell: Shell, *, output: Path) -> Answer:
    """Write one row a score, with the rubric version."""
    with shell.database.write() as session:  # the export is put on file
        text = export_csv(session, actor=shell.actor)
    write_bytes(output, text.encode("utf-8-sig"))
    scores = max(0, text.count("\r\n") - 1)
    told = message("Written: %(path)s", path=str(output))
    return Answer({"file": str(output), "scores": scores}, [told])
