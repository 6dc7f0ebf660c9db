"""Reviewing a record: agreeing, asking for a correction, and its observer's answer."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, redirect, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.coding import correcting
from observe.errors import BadInputError, ConflictError
from observe.people.access import Action
from observe.records import review
from observe.text import Message, message
from observe.web import guards
from observe.web.forms import typed_lines
from observe.web.guards import current_actor, permission
from observe.web.views import records
from observe.web.words import say

blueprint = Blueprint("review", __name__)


@blueprint.post("/registros/<uuid:observation_id>/de-acuerdo")
@permission(Action.RECORD_REVIEW)
def agree(observation_id: UUID) -> ResponseReturnValue:
    """Say that she agrees with the revision that her page showed."""
    known = request.form.get("known", "")
    revision = int(known) if known.isdecimal() and len(known) < 9 else 0
    try:
        with guards.writing() as session:
            review.agree(session, observation_id, revision, actor=current_actor())
    except ConflictError as error:
        flash(say(error.message), "warning")
        return redirect(url("records.show", observation_id=observation_id))
    return _back(observation_id, message("It stands here that you agree."))


@blueprint.post("/registros/<uuid:observation_id>/de-acuerdo/retirar")
@permission(Action.RECORD_REVIEW)
def agree_no_more(observation_id: UUID) -> ResponseReturnValue:
    """Take that back."""
    with guards.writing() as session:
        review.agree_no_more(session, observation_id, actor=current_actor())
    return _back(observation_id, message("Taken back."))


@blueprint.post("/registros/<uuid:observation_id>/correccion")
@permission(Action.RECORD_REVIEW)
def ask(observation_id: UUID) -> ResponseReturnValue:
    """Ask its observer for a correction."""
    told = message("Asked. Its observer finds it among what waits for her.")
    return _written(observation_id, "reason", correcting.ask, told)


@blueprint.post("/registros/<uuid:observation_id>/correccion/retirar")
@permission(Action.RECORD_REVIEW)
def take_back(observation_id: UUID) -> ResponseReturnValue:
    """Take back what she asked for."""
    with guards.writing() as session:
        correcting.take_back(session, observation_id, actor=current_actor())
    return _back(observation_id, message("Taken back."))


@blueprint.post("/registros/<uuid:observation_id>/correccion/abrir")
@permission(Action.RECORD_ANSWER)
def begin(observation_id: UUID) -> ResponseReturnValue:
    """Open the observation again for its observer."""
    with guards.writing() as session:
        correcting.begin(session, observation_id, actor=current_actor())
    return redirect(url("coding.screen", observation_id=observation_id))


@blueprint.post("/registros/<uuid:observation_id>/correccion/dejar")
@permission(Action.RECORD_ANSWER)
def give_up(observation_id: UUID) -> ResponseReturnValue:
    """Close what she opened, without changing what was submitted."""
    with guards.writing() as session:
        correcting.give_up(session, observation_id, actor=current_actor())
    told = message("The record stays as you submitted it. What you had changed is in its history.")
    return _back(observation_id, told)


@blueprint.post("/registros/<uuid:observation_id>/correccion/mantener")
@permission(Action.RECORD_ANSWER)
def keep(observation_id: UUID) -> ResponseReturnValue:
    """Answer that it stays as it is, and why."""
    return _written(observation_id, "answer", correcting.keep, message("Your answer is there."))


def _written(
    observation_id: UUID, field: str, verb: Callable[..., object], told: Message
) -> ResponseReturnValue:
    text, actor = typed_lines(request.form.get(field, "")), current_actor()
    try:
        with guards.writing() as session:
            verb(session, observation_id, text, actor=actor)
    except BadInputError as error:
        return records.page(observation_id, records.Typed(field, text, error.message)), 400
    return _back(observation_id, told)


def _back(observation_id: UUID, told: Message) -> ResponseReturnValue:
    flash(say(told), "done")
    return redirect(url("records.show", observation_id=observation_id, _anchor="revision"))
