"""Averages of schools and of the network: only what a release gave out, and never of fewer."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.people.access import Action, can
from observe.records import releases
from observe.records.aggregates import together
from observe.records.history import SELECTIONS
from observe.text import message
from observe.web import guards
from observe.web.guards import current_actor, permission
from observe.web.words import say

blueprint = Blueprint("averages", __name__)


@blueprint.get("/red/promedios")
@permission(Action.AVERAGES_SEE)
def index() -> ResponseReturnValue:
    """Show what was given out, and to a network lead what would be given out now."""
    actor = current_actor()
    with guards.reading() as session:
        return render_template(
            "network/averages.html",
            releases=releases.releases_for(session, actor=actor),
            waiting=releases.waiting(session, actor=actor),
            leads=can(actor, Action.AVERAGES_SEE_ALL, releases.NETWORK),
            together=together,
            selections=SELECTIONS,
        )


@blueprint.post("/red/promedios")
@permission(Action.AVERAGES_SEE_ALL)
def release() -> ResponseReturnValue:
    """Give out the averages of what has come in."""
    with guards.writing() as session:
        releases.release(session, actor=current_actor())
    flash(say(message("Given out. It stays as it is from now on.")), "done")
    return redirect(url("averages.index"))
