"""`observe rubric print`: the pauta for classrooms without a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypedDict, Unpack, get_args

import click

from observe.cli.files import FILE, require_free, write_new
from observe.cli.rubric import rubric
from observe.cli.rubric_files import FORCE, rubric_named
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import option
from observe.coding.blank_sheet import sheet_csv
from observe.errors import BadInputError
from observe.rubric.printing import Paper, language_of, pdf
from observe.rubric.schema import Language, Rubric, content_hash
from observe.text import message

MOST_CYCLES: Final = 40  # as many as a rubric may ask for


class _Asked(TypedDict):
    """How it is to be printed."""

    cycles: int | None
    language: Language | None
    paper: Paper
    descriptors: bool


@verb(
    rubric,
    "print",
    message(
        "Writes the pauta to fill in by hand: a page or two a cycle (PDF), or a table to type into."
    ),
)
@click.argument("rubric")
@option(
    "--to",
    type=FILE,
    about=message("The PDF to write; <id>-<version>.pdf if neither is named."),
)
@option(
    "--csv",
    "table",
    type=FILE,
    about=message("The table (CSV) to write, for `observe coding import`."),
)
@option(
    "--cycles",
    type=click.IntRange(1, MOST_CYCLES),
    about=message("How many cycles, 1 to 40; as many as the rubric asks for if absent."),
)
@option(
    "--language",
    type=click.Choice(get_args(Language)),
    about=message("The language, es or en; yours if absent."),
)
@option(
    "--paper",
    type=click.Choice(get_args(Paper)),
    default="a4",
    about=message("a4, letter or oficio."),
)
@option(
    "--descriptors/--no-descriptors",
    default=True,
    about=message("With or without what each dimension looks for, at the end."),
)
@option("--force", is_flag=True, about=FORCE)
def print_(
    shell: Shell,
    *,
    rubric: str,
    to: Path | None,
    table: Path | None,
    force: bool,
    **asked: Unpack[_Asked],
) -> Answer:
    """Write the PDF, the table, or both; neither when one of the files is there already."""
    named = rubric_named(shell, rubric)
    language = _language(named, asked["language"], shell)
    if to is None and table is None:
        to = Path(f"{named.id}-{named.version}.pdf")
    files = [path for path in (to, table) if path is not None]
    if not force:
        require_free(*files)
    if to is not None:
        write_new(to, _pdf(named, language, asked), force=force)
    if table is not None:
        sheet = sheet_csv(named, language, cycles=asked["cycles"])
        write_new(table, sheet, force=force)
    facts = {
        "rubric": named.id,
        "version": named.version,
        "content_hash": content_hash(named),
        "language": language,
        "cycles": asked["cycles"] or named.protocol.cycles,
        "pdf": to,
        "csv": table,
    }
    return Answer(facts, [message("Written: %(path)s", path=str(path)) for path in files])


def _pdf(named: Rubric, language: Language, asked: _Asked) -> bytes:
    return pdf(
        named,
        language,
        cycles=asked["cycles"],
        descriptors=asked["descriptors"],
        paper=asked["paper"],
    )


def _language(named: Rubric, asked: Language | None, shell: Shell) -> Language:
    """Return the language asked for, else the person's where the rubric has it.

    Raises:
        BadInputError: the rubric does not have the one asked for.
    """
    if asked is None:
        return language_of(named, shell.settings.locale)
    if asked not in named.languages:
        raise BadInputError(
            message(
                "«%(rubric)s» is written in Spanish only. Print it with --language es.",
                rubric=named.id,
            )
        )
    return asked
