"""The board: what waits for an observer, and for a UTP head what is late in her school."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from observe.feedback import openings, waiting
from observe.feedback.board import Column
from observe.ids import parse_id
from observe.people.access import Action
from observe.people.models import Role
from observe.text import message
from observe.web import guards
from observe.web.guards import current_actor, permission

blueprint = Blueprint("followup", __name__)

TITLES = {
    Column.OBSERVE: message("To observe"),
    Column.FEED_BACK: message("To feed back"),
    Column.TALK: message("To talk"),
    Column.FOLLOW_UP: message("To follow up"),
}
NOTHING = {
    Column.OBSERVE: message("No lesson waits to be coded."),
    Column.FEED_BACK: message("Everybody has her feedback."),
    Column.TALK: message("No answer waits, and no talk is offered."),
    Column.FOLLOW_UP: message("No next step is due this week."),
}


@blueprint.get("/seguimiento")
@permission(Action.FOLLOWUP_SEE)
def index() -> ResponseReturnValue:
    """Show what waits, narrowed to a school as the address asks."""
    actor, today = current_actor(), guards.today()
    days = guards.home().settings.feedback_days
    asked = parse_id(request.args.get("escuela", ""))
    with guards.reading() as session:
        own = waiting.board_of(session, actor=actor, today=today, days=days)
        school = waiting.school_board_of(session, actor=actor, today=today, days=days)
        board = own.in_school(asked)
        told = openings.beside(session, board.told, actor=actor)
    if told:
        with guards.writing() as session:
            openings.seen_beside(session, told, actor=actor)
    return render_template(
        "followup/index.html",
        observes=actor.has(Role.OBSERVER),
        heads=actor.has(Role.UTP_HEAD),
        board=board,
        everything=own,
        school=school.in_school(asked),
        schools=sorted({*own.schools, *school.schools}, key=lambda each: each[1]),
        asked=asked,
        columns=TITLES,
        nothing=NOTHING,
        days=days,
    )
