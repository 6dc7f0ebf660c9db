"""`observe schools`: the establishments of this home."""

from __future__ import annotations

from pathlib import Path

import click

from observe.cli.files import FILE, read_bytes
from observe.cli.imports import imported
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import Option
from observe.people.importing import Kind, Table
from observe.people.models import School
from observe.people.operations import (
    find_class_group,
    remove_class_group,
    school_for,
    schools_visible_to,
)
from observe.text import message

schools = noun("schools", message("Schools: import, list, show."))


@verb(schools, "import", message("Imports the Ministry's directory, or our CSV: rbd,name,commune."))
@click.argument("file", type=FILE)
@click.option("--dry-run", cls=Option, is_flag=True, about=message("Only tells what would change."))
def import_(shell: Shell, *, file: Path, dry_run: bool) -> Answer:
    """Import schools from a file; importing it twice changes nothing."""
    table = Table(Kind.SCHOOLS, file.name, read_bytes(file))
    return imported(shell, table, only_look=dry_run)


@verb(schools, "list", message("Lists the schools you may see."))
def list_(shell: Shell) -> Answer:
    """List schools."""
    with shell.database.read() as session:
        found = schools_visible_to(session, actor=shell.actor)
    return Answer(
        facts={"schools": [facts(school) for school in found]},
        columns=(message("RBD"), message("Name"), message("Commune")),
        rows=[(school.rbd, school.name, school.commune) for school in found],
    )


@verb(schools, "show", message("Shows a school, by its RBD or id."))
@click.argument("school")
def show(shell: Shell, *, school: str) -> Answer:
    """Show one school."""
    with shell.database.read() as session:
        found = school_for(session, school, actor=shell.actor)
    return Answer(facts(found), [f"{found.name} · {found.rbd} · {found.commune}"])


@verb(
    schools,
    "remove-class-group",
    message("Removes a class group without lessons or consents: school, name and year."),
)
@click.argument("school")
@click.argument("name")
@click.argument("year", type=int)
def remove_group(shell: Shell, *, school: str, name: str, year: int) -> Answer:
    """Remove a class group that was made by mistake."""
    with shell.database.write() as session:
        found = school_for(session, school, actor=shell.actor)
        group = find_class_group(session, found, name, year, actor=shell.actor)
        remove_class_group(session, group.id, actor=shell.actor)
    return Answer({"class_group": group.id}, [message("The class group was removed.")])


def facts(school: School) -> dict[str, object]:
    """Return what scripts learn of a school."""
    return {"id": school.id, "rbd": school.rbd, "name": school.name, "commune": school.commune}
