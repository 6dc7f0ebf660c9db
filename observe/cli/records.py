"""`observe records`: shared records beyond one observation."""

from __future__ import annotations

from pathlib import Path

import click

from observe.cli.files import FILE, write_bytes
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, Words, the_id, verb
from observe.cli.words import option
from observe.db import day_of
from observe.errors import BadInputError
from observe.people.access import not_found
from observe.people.directory import find_user
from observe.records import histories, paper, releases
from observe.records.history import SELECTIONS, Line, Point, Turn
from observe.text import message

records = noun("records", message("Shared records: history, sheet, averages."))


@verb(records, "history", message("Shows an educator over time, as far as you may see."))
@click.argument("educator")
def history(shell: Shell, *, educator: str) -> Answer:
    """Tell each line of her history; that it was opened is put on file."""
    with shell.database.write() as session:
        user = find_user(session, educator)
        if user is None:
            raise not_found()
        shown = histories.history_for(session, user.id, actor=shell.actor)
        histories.opened(session, shown, actor=shell.actor)
    lines = [line for rubric in shown.rubrics for group in rubric.groups for line in group.lines]
    return Answer(
        {"educator": shown.educator_id, "lines": [_facts(shell, line) for line in lines]},
        columns=(
            message("Dimension"),
            message("Day of the lesson"),
            message("Mean"),
            message("Standard error"),
            message("Version"),
            message("How it was chosen"),
        ),
        rows=[_row(shell, line, point) for line in lines for point in line.points],
    )


@verb(records, "sheet", message("Writes one record as a PDF, or as a CSV table."))
@click.argument("observation")
@option(
    "-o", "--output", required=True, type=FILE, about=message("A file that ends in .pdf or .csv.")
)
def sheet(shell: Shell, *, observation: str, output: Path) -> Answer:
    """Write what the record's page shows; that it was taken away is put on file."""
    way = output.suffix.lower().lstrip(".")
    if way not in ("pdf", "csv"):
        raise BadInputError(message("Name a file that ends in .pdf or .csv."), field="output")
    with shell.database.read() as session:
        record = paper.to_take(session, the_id(observation), actor=shell.actor)
        content = (
            paper.pdf(record, locale=shell.settings.locale) if way == "pdf" else paper.table(record)
        )
    with shell.database.write() as session:
        paper.taken(session, the_id(observation), way=way, actor=shell.actor)
    write_bytes(output, content)
    told = message("Written: %(path)s", path=str(output))
    return Answer({"file": str(output)}, [told])


@verb(
    records, "averages", message("Shows the averages that were given out, as far as you may see.")
)
@option("--give-out", is_flag=True, about=message("As a network lead: gives out what has come in."))
def averages(shell: Shell, *, give_out: bool) -> Answer:
    """Tell the averages of each release, one row a cell and dimension."""
    with shell.database.write() as session:
        if give_out:
            releases.release(session, actor=shell.actor)
        shown = releases.releases_for(session, actor=shell.actor)
    rows = [
        (release, table, name, dimension, mean)
        for release in shown
        for table in release.tables
        for name, cell in table.own
        for dimension, mean in cell.means.items()
    ]
    return Answer(
        {
            "averages": [
                {
                    "release": release.number,
                    "given_out": release.at,
                    "rubric": table.rubric.id,
                    "version": table.rubric.version,
                    "school": name,
                    "dimension": dimension,
                    "mean": mean.mean,
                    "educators": mean.educators,
                }
                for release, table, name, dimension, mean in rows
            ]
        },
        columns=(
            message("Given out"),
            message("School"),
            message("Dimension"),
            message("Mean"),
            message("Educators"),
        ),
        rows=[
            (
                day_of(release.at).isoformat(),
                name,
                table.rubric.dimension(dimension).title.in_language(shell.settings.locale),
                f"{mean.mean:.2f}",
                str(mean.educators),
            )
            for release, table, name, dimension, mean in rows
        ],
    )


def _facts(shell: Shell, line: Line) -> dict[str, object]:
    return {
        "kind": line.kind,
        "id": line.key[1],
        "title": line.title.in_language(shell.settings.locale),
        "points": [_point(point) for point in line.points],
        "turns": [_turn(shell, turn) for turn in line.turns],
    }


def _point(point: Point) -> dict[str, object]:
    return {
        "observations": [look.observation_id for look in point.lesson.looks],
        "recorded_on": point.lesson.recorded_on,
        "version": point.lesson.version.rubric.version,
        "selection": point.lesson.selection,
        "mean": point.mean,
        "se": point.se,
    }


def _turn(shell: Shell, turn: Turn) -> dict[str, object]:
    return {
        "from": turn.versions[0],
        "to": turn.versions[1],
        "joined": turn.joined,
        "why_not": shell.spoken(turn.why) if turn.why else None,
        "said": [{"by": each.by, "on": each.on, "reason": each.reason} for each in turn.said],
    }


def _row(shell: Shell, line: Line, point: Point) -> tuple[Words, ...]:
    return (
        line.title.in_language(shell.settings.locale),
        point.lesson.recorded_on.isoformat(),
        _number(point.mean),
        _number(point.se),
        point.lesson.version.rubric.version,
        SELECTIONS[point.lesson.selection],
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
