"""The card of the previous priority: its answer is kept at once, and other windows hear of it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, jsonify, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.coding.operations import observation_for
from observe.errors import BadInputError, ConflictError
from observe.feedback import followup
from observe.feedback.followup import Card, StaleError
from observe.people.access import Action, not_found
from observe.text import Message
from observe.web import guards, words
from observe.web.guards import current_actor, permission, wants_json
from observe.web.views.coding import finish_page
from observe.web.words import say

blueprint = Blueprint("previous", __name__)


@blueprint.get("/observaciones/<uuid:observation_id>/prioridad-anterior")
@permission(Action.OBSERVATION_CODE)
def state(observation_id: UUID) -> ResponseReturnValue:
    """Tell a window that was open before how the card stands now, as JSON."""
    with guards.reading() as session:
        observation = observation_for(
            session, observation_id, actor=current_actor(), action=Action.OBSERVATION_CODE
        )
        card = followup.card_of(session, observation, actor=current_actor())
    if card is None:
        raise not_found()
    return jsonify(_told(card))


@blueprint.post("/observaciones/<uuid:observation_id>/prioridad-anterior")
@permission(Action.OBSERVATION_CODE)
def answer(observation_id: UUID) -> ResponseReturnValue:
    """Keep what became of it; a script gets JSON, a form goes back to finishing."""
    given = request.form
    try:
        with guards.writing() as session:
            observation_for(
                session, observation_id, actor=current_actor(), action=Action.OBSERVATION_CODE
            )
            card = followup.answer(
                session,
                observation_id,
                given.get("outcome", ""),
                given.get("note", ""),
                seen=given.get("seen"),
                actor=current_actor(),
            )
    except (BadInputError, ConflictError) as error:
        if wants_json():
            now = _told(error.card) if isinstance(error, StaleError) else None
            return jsonify(error=say(error.message), problems=[], now=now), error.status
        return _again(observation_id, error.message, error.status)
    if wants_json():
        return jsonify(_told(card))
    return redirect(url("coding.finish", observation_id=observation_id))


def _again(observation_id: UUID, problem: Message, status: int) -> ResponseReturnValue:
    """Show the page again with what was typed."""
    typed = {name: request.form.get(name, "") for name in ("outcome", "note")}
    return finish_page(observation_id, problem, status, typed=typed)


def _told(card: Card) -> dict[str, str]:
    kept = card.answer
    return {
        "seen": card.mark,
        "outcome": kept.outcome.value if kept else "",
        "note": kept.note if kept else "",
        "word": say(card.word) if card.word else "",
        "saved": words.clock(kept.at) if kept else "",
    }
