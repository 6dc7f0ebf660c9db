"""`observe rubric`: the pautas of this home."""

from __future__ import annotations

from pathlib import Path

import click

from observe.cli.files import FILE, read_bytes, text_in
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.people import access
from observe.people.access import Action, Thing
from observe.rubric.files import rubric_of_workbook
from observe.rubric.loader import read_rubric
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, rubric_of, version_for, versions
from observe.rubric.schema import Dimension, Rubric, canonical, hash_of
from observe.rubric.writing import yaml_of
from observe.text import message
from observe.xlsx import is_workbook

rubric = noun("rubric", message("Rubrics: check, load, list, show, diff, export, print."))


def rubric_text(path: Path) -> str:
    """Return the text of a rubric's file; of a workbook, the text that says the same.

    Raises:
        BadInputError: it cannot be read.
        InvalidError: with every problem of a workbook.
    """
    given = read_bytes(path)
    if is_workbook(given):
        return yaml_of(rubric_of_workbook(given, path.name))
    return text_in(given)


@verb(rubric, "check", message("Checks a rubric file and tells all its problems; loads nothing."))
@click.argument("file", type=FILE)
def check(shell: Shell, *, file: Path) -> Answer:
    """Check a file without a home."""
    found = read_rubric(rubric_text(file), file.name)
    told = {"rubric": found.id, "version": found.version, "content_hash": hash_of(canonical(found))}
    counted = message(
        "«%(rubric)s» %(version)s is right: %(count)s dimensions.",
        rubric=found.id,
        version=found.version,
        count=len(found.dimensions),
    )
    return Answer(told | {"dimensions": len(found.dimensions)}, [counted])


@verb(rubric, "load", message("Loads a rubric file; the same content again changes nothing."))
@click.argument("file", type=FILE)
def load_(shell: Shell, *, file: Path) -> Answer:
    """Load a file."""
    with shell.database.write() as session:
        row = load(session, rubric_text(file), file.name, actor=shell.actor)
    said = message("«%(rubric)s» %(version)s is loaded.", rubric=row.rubric_id, version=row.version)
    return Answer(facts(row), [said])


@verb(rubric, "list", message("Lists the rubric versions of this home."))
def list_(shell: Shell) -> Answer:
    """List versions."""
    with shell.database.read() as session:
        access.require(shell.actor, Action.RUBRIC_SEE, Thing("rubric"))
        found = versions(session)
    title = [rubric_of(row).title.in_language(shell.settings.locale) for row in found]
    return Answer(
        facts={"rubrics": [facts(row) for row in found]},
        columns=(message("Rubric"), message("Version"), message("Title")),
        rows=[(row.rubric_id, row.version, name) for row, name in zip(found, title, strict=True)],
    )


@verb(rubric, "show", message("Shows a rubric: id, id@version or its own id."))
@click.argument("rubric")
def show(shell: Shell, *, rubric: str) -> Answer:
    """Show one version with its dimensions."""
    with shell.database.read() as session:
        access.require(shell.actor, Action.RUBRIC_SEE, Thing("rubric"))
        row = version_for(session, rubric)
    whole, locale = rubric_of(row), shell.settings.locale
    return Answer(
        facts=facts(row) | {"document": whole.model_dump(mode="json")},
        lines=[f"{whole.title.in_language(locale)} · {row.rubric_id}@{row.version}"],
        columns=(message("Dimension"), message("Title"), message("Scale")),
        rows=[(d.id, d.title.in_language(locale), _scale(whole, d)) for d in whole.dimensions],
    )


def _scale(rubric: Rubric, dimension: Dimension) -> str:
    scale = rubric.scale_of(dimension)
    return f"{scale.min}–{scale.max}"


def facts(row: RubricVersion) -> dict[str, object]:
    """Return what scripts learn of a rubric version."""
    return {
        "id": row.id,
        "rubric": row.rubric_id,
        "version": row.version,
        "content_hash": row.content_hash,
    }
