"""One educator over time: as those see her who may see her records, and as she sees herself."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from observe.people.access import Action
from observe.records import histories, history_paper
from observe.records.chart import svg_of
from observe.records.histories import EducatorHistory
from observe.records.history import SELECTIONS, Line, told_of
from observe.text import message
from observe.web import guards, words
from observe.web.guards import current_actor, permission
from observe.web.responses import as_download
from observe.web.words import say

blueprint = Blueprint("histories", __name__)

_TO_HERSELF = SELECTIONS | {"educator_chosen": message("chosen by you")}


@blueprint.get("/registros/educadora/<uuid:user_id>")
@permission(Action.RECORD_SEE)
def show(user_id: UUID) -> ResponseReturnValue:
    """Show an educator over time; at each record it is put on file."""
    with guards.reading() as session:
        shown = histories.history_for(session, user_id, actor=current_actor())
    page = _page(shown, own=False)
    with guards.writing() as session:
        histories.opened(session, shown, actor=current_actor())
    return page


@blueprint.get("/registros/educadora/<uuid:user_id>/historia.pdf")
@permission(Action.RECORD_EXPORT)
def on_paper(user_id: UUID) -> ResponseReturnValue:
    """Send an educator's history as a PDF; at each record it is put on file."""
    with guards.reading() as session:
        shown = histories.history_for(session, user_id, actor=current_actor())
    content = history_paper.pdf(shown, locale=words.language())
    with guards.writing() as session:
        histories.opened(session, shown, actor=current_actor(), way="history.pdf")
    answer = Response(content, mimetype="application/pdf")
    return as_download(answer, f"historia-{guards.today().isoformat()}.pdf")


@blueprint.get("/mi-retroalimentacion/mis-clases")
@permission(Action.RECORD_OWN_HISTORY)
def own() -> ResponseReturnValue:
    """Show an educator her own lessons over time, where her provider allows it."""
    with guards.reading() as session:
        allowed = guards.home().settings.educator_sees_numbers
        shown = histories.own_history(session, allowed=allowed, actor=current_actor())
    return _page(shown, own=True)


def _page(shown: EducatorHistory, *, own: bool) -> str:
    template = "educator/history.html" if own else "records/history.html"
    selections = _TO_HERSELF if own else SELECTIONS
    return render_template(template, shown=shown, own=own, chart=chart, selections=selections)


def chart(line: Line) -> Markup:
    """Return the picture of a line; its numbers stand in a table beside it."""
    return svg_of(line, locale=words.language(), told=say(told_of(line)))
