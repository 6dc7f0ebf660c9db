"""Help: short answers, each role's own first."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from observe.people.access import RUBRICS, Action, can
from observe.people.models import Role
from observe.web.guards import current_actor, permission

blueprint = Blueprint("help", __name__)


@blueprint.get("/ayuda")
@permission(Action.HOME_SEE)
def index() -> ResponseReturnValue:
    """Show what this person can do here, step by step."""
    actor = current_actor()
    held = {role for role in Role if actor.has(role)}
    writes = can(actor, Action.RUBRIC_EDIT, RUBRICS)
    return render_template("help/index.html", held=held, writes_rubrics=writes)
