"""The templates that come with the program: read, printed, or taken away to be written in."""

from __future__ import annotations

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from observe.people.access import Action
from observe.privacy import paperwork
from observe.web.guards import permission
from observe.web.responses import as_download

blueprint = Blueprint("paperwork", __name__)


@blueprint.get("/privacidad/plantillas")
@permission(Action.HOME_SEE)
def index() -> ResponseReturnValue:
    """List them."""
    return render_template("rights/papers.html", papers=paperwork.papers())


@blueprint.get("/privacidad/plantillas/<paper>")
@permission(Action.HOME_SEE)
def show(paper: str) -> ResponseReturnValue:
    """Show one as it is printed."""
    found = paperwork.paper(paper)
    text = Markup(found.as_html())  # noqa: S704  # our own file, its HTML switched off
    return render_template("rights/paper.html", paper=found, text=text)


@blueprint.get("/privacidad/plantillas/<paper>/texto.md")
@permission(Action.HOME_SEE)
def text(paper: str) -> ResponseReturnValue:
    """Send its text, to be written in."""
    found = paperwork.paper(paper)
    answer = Response(found.text.encode(), content_type="text/markdown; charset=utf-8")
    return as_download(answer, f"{found.name}.md")
