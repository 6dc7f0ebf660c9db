"""`observe rubric diff|export|schema`: versions compared, and written to files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import click

from observe.cli.files import FILE, write_new
from observe.cli.rubric import rubric, rubric_text
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import option
from observe.errors import BadInputError
from observe.people import access
from observe.people.access import Action, Thing
from observe.rubric.content import plain_of
from observe.rubric.diff import Change, changes, told
from observe.rubric.json_schema import json_schema, published
from observe.rubric.loader import read_rubric
from observe.rubric.operations import rubric_of, version_for
from observe.rubric.schema import Rubric, Text, canonical, content_hash
from observe.rubric.spreadsheet.layout import xlsx_of
from observe.rubric.writing import yaml_of
from observe.text import message

FORCE: Final = message("Writes over a file that is there already.")
_YAML: Final = frozenset({".yaml", ".yml"})
_READ_AS_FILES: Final = _YAML | {".json", ".xlsx"}


@verb(rubric, "diff", message("Tells what differs between two rubrics: files, or id@version."))
@click.argument("old")
@click.argument("new")
def diff(shell: Shell, *, old: str, new: str) -> Answer:
    """Compare two versions, as a teacher reads it."""
    before, after = rubric_named(shell, old), rubric_named(shell, new)
    found = changes(before, after)
    counted = message(
        "From %(old)s to %(new)s. Differences: %(count)s.",
        old=_name(before),
        new=_name(after),
        count=len(found),
    )
    facts = {
        "old": _version_facts(before),
        "new": _version_facts(after),
        "changes": [_change_facts(shell, change) for change in found],
    }
    return Answer(facts, [counted, *_by_thing(shell, found)])


def rubric_named(shell: Shell, name: str) -> Rubric:
    """Return the rubric in the file of that name, or else the home's version of that name."""
    path = Path(name)
    if path.suffix.lower() in _READ_AS_FILES or path.is_file():
        return read_rubric(rubric_text(path), path.name)
    with shell.database.read() as session:
        access.require(shell.actor, Action.RUBRIC_SEE, Thing("rubric"))
        return rubric_of(version_for(session, name))


def _name(named: Rubric) -> str:
    return f"{named.id}@{named.version}"


def _by_thing(shell: Shell, found: tuple[Change, ...]) -> Iterator[str]:
    """Yield each thing that has changes, and its changes below it."""
    for about, below in groupby(found, key=lambda change: shell.spoken(change.about)):
        yield f"\n{about}"
        for change in below:
            yield f"  {told(change, shell.settings.locale)}"


def _version_facts(named: Rubric) -> dict[str, object]:
    return {"rubric": named.id, "version": named.version, "content_hash": content_hash(named)}


def _change_facts(shell: Shell, change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "path": change.path,
        "about": shell.spoken(change.about),
        "told": told(change, shell.settings.locale),
        "before": _text_facts(change.before),
        "after": _text_facts(change.after),
    }


def _text_facts(text: Text | None) -> dict[str, object] | None:
    return text.model_dump(exclude_unset=True) if text else None


@verb(
    rubric,
    "export",
    message("Writes a rubric to a file: .yaml or .xlsx for people, .json as hashed."),
)
@click.argument("rubric")
@option("--to", required=True, type=FILE, about=message("The file to write."))
@option("--force", is_flag=True, about=FORCE)
def export(shell: Shell, *, rubric: str, to: Path, force: bool) -> Answer:
    """Write a version, so that reading the file gives the same content."""
    named = rubric_named(shell, rubric)
    write_new(to, _written(shell, named, to), force=force)
    said = message("Written: %(path)s", path=str(to))
    return Answer(_version_facts(named) | {"file": str(to)}, [said])


def _written(shell: Shell, named: Rubric, to: Path) -> bytes:
    suffix = to.suffix.lower()
    if suffix in _YAML:
        return yaml_of(named).encode()
    if suffix == ".json":
        return canonical(named).encode()
    if suffix == ".xlsx":
        return xlsx_of(plain_of(named), shell.settings.locale)
    raise BadInputError(
        message("The name of the file must end in .yaml, .xlsx or .json: %(path)s", path=str(to))
    )


@verb(rubric, "schema", message("Gives the JSON Schema of rubric files, for editors."))
@option("--to", type=FILE, about=message("The file to write."))
@option("--force", is_flag=True, about=FORCE)
def schema(shell: Shell, *, to: Path | None, force: bool) -> Answer:
    """Give what `rubrics/rubric.schema.json` says."""
    if to is None:
        return Answer(json_schema(), [published().rstrip()])
    write_new(to, published().encode(), force=force)
    return Answer({"file": str(to)}, [message("Written: %(path)s", path=str(to))])
