"""What was changed in an observation: who, what, when, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from observe.coding.history import Entry, about, entries
from observe.coding.operations import document_of, log_of, observation_for
from observe.ids import parse_id
from observe.people.access import Action
from observe.rubric.operations import rubric_of
from observe.web import guards, words
from observe.web.guards import current_actor, permission

blueprint = Blueprint("history", __name__)

ON_A_PAGE: Final = 100


@dataclass(frozen=True)
class Page:
    """One page of entries by day; `number` counts from 1, `last` is how many pages there are."""

    number: int
    last: int
    days: tuple[tuple[str, tuple[Entry, ...]], ...]


@blueprint.get("/observaciones/<uuid:observation_id>/historia")
@permission(Action.OBSERVATION_CODE)
def show(observation_id: UUID) -> ResponseReturnValue:
    """Show the changes, narrowed to a cycle or a row as the address asks."""
    cycle, row = parse_id(request.args.get("ciclo", "")), request.args.get("dimension", "")
    with guards.reading() as session:
        observation = observation_for(
            session, observation_id, actor=current_actor(), action=Action.OBSERVATION_CODE
        )
        rubric = rubric_of(observation.rubric_version)
        found = about(entries(log_of(session, observation), rubric), cycle=cycle, row=row)
        return render_template(
            "coding/history.html",
            observation=observation,
            recording=observation.recording,
            rubric=rubric,
            cycles=document_of(session, observation).cycles,
            page=_page(found, request.args.get("pagina", 1, type=int)),
            asked={"ciclo": cycle, "dimension": row},
        )


def _page(found: Sequence[Entry], asked: int) -> Page:
    last = max(1, -(-len(found) // ON_A_PAGE))
    number = min(max(1, asked), last)
    shown = found[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    days = groupby(shown, key=lambda entry: words.day(entry.at))
    return Page(number, last, tuple((day, tuple(each)) for day, each in days))
