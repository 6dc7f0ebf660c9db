"""Writing a version of a pauta in the browser, by people who never see its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.ids import parse_id
from observe.people import access
from observe.people.access import Action
from observe.people.directory import staffed_schools
from observe.rubric import content as contents
from observe.rubric import drafts, fields, files, loader
from observe.rubric.drafts import Clash, Edit
from observe.rubric.files import Given
from observe.rubric.models import RubricDraft
from observe.rubric.operations import rubric_of, versions
from observe.rubric.spreadsheet.layout import MEDIA_TYPE, xlsx_of
from observe.rubric.spreadsheet.unpacking import LARGEST_WORKBOOK
from observe.rubric.writing import yaml_of
from observe.rubric.yamltext import LARGEST_FILE
from observe.text import Message, message
from observe.web import draft_page, words
from observe.web.draft_page import DraftPage
from observe.web.forms import sent_json, typed_lines
from observe.web.guards import current_actor, permission, reading, today, writing
from observe.web.responses import as_download
from observe.web.views.rubrics import things_that_differ, typed_trial
from observe.web.words import language, say

blueprint = Blueprint("rubric_drafts", __name__)

WAS: Final = "was:"  # before the name of a field: what stood in it when the page was made
LEAVES: Final = frozenset({"publish", "pilot"})


# --- beginning ------------------------------------------------------------------------------------


@blueprint.get("/pautas/borradores")
@permission(Action.RUBRIC_EDIT)
def index() -> ResponseReturnValue:
    """Show what is being written, and the three ways to begin."""
    return _start()


def _start(
    status: int = 200, *, refused: Message | None = None, listed: list[Message] | None = None
) -> ResponseReturnValue:
    with reading() as session:
        rows = drafts.open_drafts(session, actor=current_actor())
        put_away = drafts.discarded_drafts(session, actor=current_actor())
        page = render_template(
            "rubrics/drafts.html",
            drafts=[_titled(row) for row in rows],
            discarded=[_titled(row) for row in put_away],
            versions=[(row, rubric_of(row)) for row in versions(session)],
            refused=refused,
            listed=listed or [],
            typed=request.form,
        )
    return page, status


def _titled(draft: RubricDraft) -> tuple[RubricDraft, str]:
    return draft, draft_page.called(drafts.content_of(draft))


@blueprint.post("/pautas/borradores")
@permission(Action.RUBRIC_EDIT)
def begin() -> ResponseReturnValue:
    """Begin a draft: with nothing, as a copy of a version, or with a file."""
    try:
        verb = _verb(request.form.get("how", ""))
        with writing() as session:
            draft = verb(session)
    except InvalidError as error:
        return _start(error.status, refused=error.message, listed=error.problems)
    except BadInputError as error:
        return _start(error.status, refused=error.message)
    return redirect(url("rubric_drafts.edit", draft_id=draft.id))


def _verb(how: str) -> Callable[[Session], RubricDraft]:
    match how:
        case "empty":
            return _begin_empty
        case "version":
            return _begin_from
        case "file":
            given = _given()  # before the transaction: a long file keeps nobody else waiting
            return lambda session: drafts.begin_with(session, given, actor=current_actor())
    raise access.not_found()


def _begin_empty(session: Session) -> RubricDraft:
    return drafts.begin_empty(session, request.form.get("title", ""), actor=current_actor())


def _begin_from(session: Session) -> RubricDraft:
    version_id = parse_id(request.form.get("version", ""))
    if version_id is None:
        raise access.not_found()
    return drafts.begin_from(session, version_id, actor=current_actor())


def _given() -> Given:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInputError(message("Choose the file."), field="file")
    # One byte more than is taken, so that what is too long is told rather than cut.
    sent = file.read(max(4 * LARGEST_FILE, LARGEST_WORKBOOK) + 1)
    return files.opened(sent, file.filename)


# --- the page -------------------------------------------------------------------------------------


@blueprint.get("/pautas/borradores/<uuid:draft_id>")
@permission(Action.RUBRIC_EDIT)
def edit(draft_id: UUID) -> ResponseReturnValue:
    """Show the draft in its fields; what has become a version is shown as that."""
    with reading() as session:
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        if draft.frozen_id is not None:
            return redirect(url("rubrics.show", version_id=draft.frozen_id))
        if draft.discarded_at is not None:
            return redirect(url("rubric_drafts.index", _anchor="discarded"))
    return _page(draft_id)


def _page(
    draft_id: UUID,
    status: int = 200,
    *,
    clashes: list[Clash] | None = None,
    unseen: list[Clash] | None = None,
    refused: Message | None = None,
    asked: str = "",
) -> ResponseReturnValue:
    told = clashes or []
    with reading() as session:
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        page = render_template(
            "rubrics/draft.html",
            draft=draft,
            page=DraftPage(
                drafts.content_of(draft),
                typed={each.field: request.form.get(each.field, "") for each in told},
                clashes=told,
                all_missing=bool(asked),
            ),
            dropped=drafts.dropped_of(draft),
            schools=staffed_schools(session, actor=current_actor()),
            today=today(),
            clashes=told,
            unseen=unseen or [],
            refused=refused,
            asked=asked,
            typed=request.form,
            label_of=draft_page.label_of,
            is_long=draft_page.is_long,
            Form=fields.Form,
        )
    return page, status


@blueprint.post("/pautas/borradores/<uuid:draft_id>")
@permission(Action.RUBRIC_EDIT)
def save(draft_id: UUID) -> ResponseReturnValue:
    """Keep what was typed; then add, drop, move, put back, or make it a version, as asked."""
    do = request.form.get("do", "save")
    told, anchor = None, ""
    if back := do.startswith("back:"):  # first: what was typed into it meanwhile is kept then
        with writing() as session:
            told, anchor = _do(session, draft_id, do)
    with writing() as session:
        edits = _edits()
        clashes = drafts.change(session, draft_id, edits, actor=current_actor())
        # Nobody publishes words that she has not seen.
        unseen = _unseen(session, draft_id, edits) if do in LEAVES and not clashes else []
    if clashes or unseen:
        return _page(draft_id, ConflictError.status, clashes=clashes, unseen=unseen)
    if do == "discard":
        return _discard(draft_id)
    if do in LEAVES:
        return _freeze(draft_id, do)
    if not back:
        with writing() as session:
            told, anchor = _do(session, draft_id, do)
    if told:
        flash(say(told), "done")
    return redirect(url("rubric_drafts.edit", draft_id=draft_id, _anchor=anchor))


def _edits() -> list[Edit]:
    """Return the fields of the form in which something else stands than when the page was made."""
    typed = request.form
    return [
        Edit(name, was, text)
        for name, text in typed.items()
        if (was := typed.get(WAS + name)) is not None and typed_lines(was) != typed_lines(text)
    ]


def _unseen(session: Session, draft_id: UUID, edits: list[Edit]) -> list[Clash]:
    typed = request.form
    seen = {name: typed[WAS + name] for name in typed if WAS + name in typed}
    seen |= {each.field: each.now for each in edits}
    return drafts.unseen(session, draft_id, seen, actor=current_actor())


def _do(session: Session, draft_id: UUID, asked: str) -> tuple[Message | None, str]:
    """Do what a button asks, such as `drop:domains:pensar`; return what to say, and where.

    A part is named by the place of its list, parted by dots, and its id; what is added, by the id
    of the domain to which a dimension is added, or by nothing.
    """
    actor = current_actor()
    verb, kind, name = (*asked.split(":", 2), "", "")[:3]
    place = tuple(kind.split("."))
    if verb != "save" and contents.held_in(place) is None:
        raise access.not_found()
    match verb:
        case "add":
            name = drafts.add(session, draft_id, place, domain=name or None, actor=actor)
            return None, _first_field(kind, name)
        case "drop":
            drafts.drop(session, draft_id, place, name, actor=actor)
            return message("Dropped. It can be put back below."), "dropped"
        case "back":
            drafts.put_back(session, draft_id, place, name, actor=actor)
            return message("It is back, with all its words."), _first_field(kind, name)
        case "up" | "down":
            by: Literal[-1, 1] = -1 if verb == "up" else 1
            drafts.move(session, draft_id, place, name, by, actor=actor)
            return None, f"{kind}.{name}"
        case _:
            return message("Kept."), ""


def _first_field(kind: str, name: str) -> str:
    return f"{kind}.{name}." + ("min" if (kind,) == contents.SCALES else "title.es")


def _discard(draft_id: UUID) -> ResponseReturnValue:
    with writing() as session:
        drafts.discard(session, draft_id, actor=current_actor())
    flash(say(message("Discarded. It can be taken up again below.")), "done")
    return redirect(url("rubric_drafts.index", _anchor="discarded"))


@blueprint.post("/pautas/borradores/<uuid:draft_id>/retomar")
@permission(Action.RUBRIC_EDIT)
def take_up(draft_id: UUID) -> ResponseReturnValue:
    """Go on with a draft that was discarded."""
    with writing() as session:
        drafts.take_up(session, draft_id, actor=current_actor())
    return redirect(url("rubric_drafts.edit", draft_id=draft_id))


# --- saving by itself -----------------------------------------------------------------------------


@blueprint.post("/pautas/borradores/<uuid:draft_id>/cambios")
@permission(Action.RUBRIC_EDIT)
def change(draft_id: UUID) -> ResponseReturnValue:
    """Keep some fields; answer what clashed, what is wrong, and the part that shows the sheet."""
    sent = sent_json()
    edits = [_edit(each) for each in (sent if isinstance(sent, list) else [sent])]
    with writing() as session:
        clashes = drafts.change(session, draft_id, edits, actor=current_actor())
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        page = DraftPage(drafts.content_of(draft))
    return jsonify(
        saved=words.clock(now()),
        clashes=[
            {
                "field": each.field,
                "theirs": each.theirs,
                "told": draft_page.told_of(each),
                "back": f"back:{each.back.kind}:{each.back.thing['id']}" if each.back else "",
            }
            for each in clashes
        ],
        wrong=page.at_fields,
        aside=render_template("rubrics/draft_aside.html", draft=draft, page=page),
    )


def _edit(sent: object) -> Edit:
    match sent:
        case {"field": str(field), "was": str(was), "now": str(typed)}:
            return Edit(field, was, typed)
    raise BadInputError(message("This could not be understood. Go back and try again."))


# --- looking at it, taking it out -----------------------------------------------------------------


@blueprint.get("/pautas/borradores/<uuid:draft_id>/comparar")
@permission(Action.RUBRIC_EDIT)
def compare(draft_id: UUID) -> ResponseReturnValue:
    """Show what differs from the version it was copied from."""
    with reading() as session:
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        page = DraftPage(drafts.content_of(draft))
        new = page.rubric
        if draft.base is None:
            raise access.not_found()
        if new is None:
            return redirect(url("rubric_drafts.edit", draft_id=draft_id))
        return render_template(
            "rubrics/draft_compare.html",
            draft=draft,
            page=page,
            things=things_that_differ(rubric_of(draft.base), new),
        )


@blueprint.get("/pautas/borradores/<uuid:draft_id>/pauta.yaml")
@permission(Action.RUBRIC_EDIT)
def export(draft_id: UUID) -> ResponseReturnValue:
    """Send the draft as a file, complete or not."""
    with reading() as session:
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        content = drafts.content_of(draft)
    rubric, found = loader.checked(contents.finished(content))
    text = contents.file_of(content) if rubric is None or found else yaml_of(rubric)
    answer = Response(text, mimetype="application/yaml")
    return as_download(answer, f"{draft.rubric_id}-{draft.version}.yaml")


@blueprint.get("/pautas/borradores/<uuid:draft_id>/pauta.xlsx")
@permission(Action.RUBRIC_EDIT)
def workbook(draft_id: UUID) -> ResponseReturnValue:
    """Send the draft as a workbook, complete or not."""
    with reading() as session:
        draft = drafts.draft_for(session, draft_id, actor=current_actor())
        file = xlsx_of(drafts.content_of(draft), language())
    answer = Response(file, mimetype=MEDIA_TYPE)
    return as_download(answer, f"{draft.rubric_id}-{draft.version}.xlsx")


# --- becoming a version ---------------------------------------------------------------------------


def _freeze(draft_id: UUID, asked: str) -> ResponseReturnValue:
    try:
        with writing() as session:
            trial = typed_trial() if asked == "pilot" else None
            made = drafts.freeze(session, draft_id, trial, actor=current_actor())
    except (InvalidError, BadInputError, ConflictError) as error:
        return _page(draft_id, error.status, refused=error.message, asked=asked)
    flash(say(message("Done: this is version %(version)s.", version=made.version)), "done")
    return redirect(url("rubrics.show", version_id=made.id))
