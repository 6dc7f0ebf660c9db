"""Tables of schools and people: looked at, then taken; and taken away as a file."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import InvalidError
from observe.people import importing, person_export
from observe.people.access import Action
from observe.people.importing import Kind, Table
from observe.people.imports import ChangeKind
from observe.text import Message, message
from observe.web.guards import current_actor, home, permission, reading, today, writing
from observe.web.responses import as_download, table_download
from observe.web.words import say

blueprint = Blueprint("people_tables", __name__)

MOST_SHOWN = 200  # changes of a kind: a directory brings sixteen thousand
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLES = {
    ChangeKind.ADDED: message("New"),
    ChangeKind.CHANGED: message("Changed"),
    ChangeKind.ENDED: message("Ending"),
}


@blueprint.get("/personas/importar")
@permission(Action.PERSON_IMPORT)
def ask() -> ResponseReturnValue:
    """Ask for a file with schools or people."""
    return _form(), 200


def _form(
    refused: Message | None = None, problems: list[Message] | None = None, name: str = ""
) -> str:
    with reading() as session:
        return render_template(
            "people/import.html",
            refused=refused,
            problems=problems or [],
            name=name,
            taken=importing.taken(session, actor=current_actor()),
        )


@blueprint.post("/personas/importar/establecimientos")
@permission(Action.SCHOOL_IMPORT)
def look_at_schools() -> ResponseReturnValue:
    """Look at a table of schools."""
    return _look(Kind.SCHOOLS)


@blueprint.post("/personas/importar/personas")
@permission(Action.PERSON_IMPORT)
def look_at_people() -> ResponseReturnValue:
    """Look at a table of people and their roles."""
    return _look(Kind.PEOPLE)


def _look(kind: Kind) -> ResponseReturnValue:
    file = request.files.get("file")
    content = file.read() if file else b""
    if not content:
        problem = message("Choose a file first; an empty one cannot be imported.")
        return _form(problems=[problem]), 400
    name = (file.filename if file else None) or ""
    try:
        table = Table(kind, name, content, complete="complete" in request.form)
        import_id = importing.look_at(home().database, table, actor=current_actor())
    except InvalidError as error:
        return _form(error.message, error.problems or [error.message], name), error.status
    return redirect(url("people_tables.show", import_id=import_id))


@blueprint.get("/personas/importar/<uuid:import_id>")
@permission(Action.PERSON_IMPORT)
def show(import_id: UUID) -> ResponseReturnValue:
    """Show what a table would change, or what it changed."""
    return _page(import_id), 200


def _page(import_id: UUID, told: Message | None = None, problems: Sequence[Message] = ()) -> str:
    with reading() as session:
        row = importing.import_for(session, import_id, actor=current_actor())
        outcome = importing.outcome_of(row)
        groups = [
            (TITLES[kind], [each for each in outcome.changes if each.kind is kind])
            for kind in ChangeKind
        ]
        return render_template(
            "people/look.html",
            row=row,
            outcome=outcome,
            groups=[(title, changes) for title, changes in groups if changes],
            most=MOST_SHOWN,
            told=told,
            problems=problems,
        )


@blueprint.post("/personas/importar/<uuid:import_id>/confirmar")
@permission(Action.PERSON_IMPORT)
def confirm(import_id: UUID) -> ResponseReturnValue:
    """Take the table as it was looked at."""
    try:
        same = importing.take(home().database, import_id, actor=current_actor())
    except InvalidError as error:
        return _page(import_id, error.message, error.problems), error.status
    if not same:
        told = message("Something changed here meanwhile. Look at it again before you take it.")
        return _page(import_id, told), 409
    flash(say(message("Taken.")), "done")
    return redirect(url("people_tables.show", import_id=import_id))


@blueprint.post("/personas/importar/<uuid:import_id>/descartar")
@permission(Action.PERSON_IMPORT)
def give_up(import_id: UUID) -> ResponseReturnValue:
    """Forget the table."""
    with writing() as session:
        importing.give_up(session, import_id, actor=current_actor())
    flash(say(message("Nothing was imported, and the file is gone.")), "done")
    return redirect(url("people_tables.ask"))


@blueprint.get("/personas/exportar.csv")
@permission(Action.PERSON_EXPORT)
def csv() -> ResponseReturnValue:
    """Send everybody as a table."""
    with writing() as session:
        content = person_export.people_csv(session, actor=current_actor())
    return table_download(content, f"personas-{today().isoformat()}.csv")


@blueprint.get("/personas/exportar.xlsx")
@permission(Action.PERSON_EXPORT)
def workbook() -> ResponseReturnValue:
    """Send everybody as a workbook."""
    with writing() as session:
        content = person_export.people_workbook(session, actor=current_actor())
    return as_download(
        Response(content, content_type=WORKBOOK), f"personas-{today().isoformat()}.xlsx"
    )
