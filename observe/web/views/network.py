"""What the network works on together: its lead names dimensions, from a day to a day."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError
from observe.feedback import network
from observe.feedback.network import Days
from observe.ids import parse_id
from observe.people.access import RUBRICS, Action, require
from observe.rubric.operations import rubric_of, versions
from observe.text import Message, message
from observe.web.forms import typed_day
from observe.web.guards import current_actor, permission, reading, today, writing
from observe.web.words import say

blueprint = Blueprint("network", __name__)


@blueprint.get("/red/foco")
@permission(Action.NETWORK_FOCUS)
def focus() -> ResponseReturnValue:
    """Show what the network works on, and the form to name more."""
    require(current_actor(), Action.NETWORK_FOCUS, RUBRICS)
    return _page(), 200


def _page(refused: Message | None = None) -> str:
    with reading() as session:
        rows = groupby(versions(session), key=lambda row: row.rubric_id)
        newest = [next(group) for _rubric_id, group in rows]
        return render_template(
            "network/focus.html",
            rubrics=[
                (row, rubric_of(row), network.focuses_of(session, row.rubric_id, today()))
                for row in newest
            ],
            today=today(),
            refused=refused,
            typed=request.form,
        )


@blueprint.post("/red/foco")
@permission(Action.NETWORK_FOCUS)
def name() -> ResponseReturnValue:
    """Say that the network works on a dimension."""
    require(current_actor(), Action.NETWORK_FOCUS, RUBRICS)
    version, _, dimension = request.form.get("dimension", "").partition(":")
    version_id = parse_id(version)
    try:
        if version_id is None:
            raise BadInputError(message("Choose a dimension."), field="dimension")
        starts_on = typed_day(request.form.get("starts_on", ""), "starts_on")
        if starts_on is None:
            raise BadInputError(message("Write the first day."), field="starts_on")
        days = Days(starts_on, typed_day(request.form.get("ends_on", ""), "ends_on"))
        with writing() as session:
            network.name_focus(session, version_id, dimension, days, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return _page(error.message), error.status
    flash(say(message("Named. Suggestions show it from that day on.")), "done")
    return redirect(url("network.focus"))


@blueprint.post("/red/foco/<uuid:focus_id>/terminar")
@permission(Action.NETWORK_FOCUS)
def end(focus_id: UUID) -> ResponseReturnValue:
    """End it: yesterday was its last day. What began today, or later, is taken back."""
    with writing() as session:
        yesterday = today() - timedelta(days=1)
        network.end_focus(session, focus_id, yesterday, actor=current_actor())
    return redirect(url("network.focus"))
