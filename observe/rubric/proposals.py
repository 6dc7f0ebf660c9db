"""Proposals on a dimension: a comment or other words, discussed by the network, decided once.

An accepted proposal changes no version: its words stand in the draft of the next one, and its
author is credited in that version's notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit
from observe.people.access import RUBRICS, Action, Actor
from observe.rubric.content import composed
from observe.rubric.models import (
    ProposalState,
    RubricProposal,
    RubricReply,
    RubricVersion,
)
from observe.rubric.operations import rubric_of
from observe.rubric.schema import LONGEST_TEXT
from observe.text import Message, message

PARTS: Final[dict[str, Message]] = {
    "title": message("Title"),
    "description": message("Description"),
    "low": message("Low range"),
    "mid": message("Mid range"),
    "high": message("High range"),
    "indicators": message("Indicators"),
    "examples": message("Examples"),
    "feedback": message("Feedback phrases"),
}


def propose(
    session: Session,
    version_id: UUID,
    dimension: str,
    text: str,
    *,
    part: str | None = None,
    wording: str | None = None,
    actor: Actor,
) -> RubricProposal:
    """Comment on a dimension, or propose `wording` for a `part` of it; return the proposal.

    Raises:
        NotFoundError, NotAllowedError: no such version or dimension, or not hers to propose.
        BadInputError: nothing is said, too much, or a part without its words.
    """
    access.require(actor, Action.RUBRIC_PROPOSE, RUBRICS)
    row = session.get(RubricVersion, version_id)
    if row is None or not rubric_of(row).has_dimension(dimension):
        raise access.not_found()
    part, wording = part or None, (wording or "").strip() or None
    if (part is None) != (wording is None) or (part is not None and part not in PARTS):
        raise BadInputError(
            message("Choose the part and write its new words, or leave both empty."),
            field="wording",
        )
    proposal = RubricProposal(
        version_id=row.id,
        dimension=dimension,
        part=part,
        wording=None if wording is None else _said(wording, "wording"),
        text=_said(text, "text"),
        author_id=actor.user_id,
    )
    session.add(proposal)
    session.flush()
    _told(session, "rubric.propose", proposal, actor)
    return proposal


def reply(session: Session, proposal_id: UUID, text: str, *, actor: Actor) -> RubricReply:
    """Say something to a proposal, also after it was decided; return what was said.

    Raises:
        NotFoundError, NotAllowedError: no such proposal, or not hers to discuss.
        BadInputError: nothing is said, or too much.
    """
    access.require(actor, Action.RUBRIC_PROPOSE, RUBRICS)
    proposal = session.get(RubricProposal, proposal_id)
    if proposal is None:
        raise access.not_found()
    said = RubricReply(proposal_id=proposal.id, author_id=actor.user_id, text=_said(text, "text"))
    proposal.replies.append(said)
    session.flush()
    _told(session, "rubric.reply", proposal, actor)
    return said


def decide(
    session: Session, proposal_id: UUID, *, accepted: bool, reason: str, actor: Actor
) -> RubricProposal:
    """Accept or decline a proposal, once; a decline says why.

    Raises:
        NotFoundError, NotAllowedError: no such proposal, or not hers to decide.
        BadInputError: declined without a reason.
        ConflictError: it was decided before.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    proposal = locked(session, RubricProposal, proposal_id)
    if proposal is None:
        raise access.not_found()
    if proposal.state is not ProposalState.OPEN:
        raise ConflictError(message("This proposal was decided already."))
    reason = kept(reason, "reason")
    if not accepted and not reason:
        raise BadInputError(message("Say why, for her who proposed it."), field="reason")
    proposal.state = ProposalState.ACCEPTED if accepted else ProposalState.DECLINED
    proposal.decided_by_id, proposal.decided_at = actor.user_id, now()
    proposal.reason = reason
    session.flush()
    _told(session, f"rubric.{proposal.state.value}", proposal, actor)
    return proposal


def _said(text: str, field: str) -> str:
    text = kept(text, field)
    if not text:
        raise BadInputError(message("Write what you propose."), field=field)
    return text


def kept(text: str, field: str) -> str:
    """Return words of a discussion as they are kept.

    Raises:
        BadInputError: they are too many.
    """
    text = composed(text).strip()
    if len(text) > LONGEST_TEXT:
        raise BadInputError(
            message("That is too long: at most %(most)s characters.", most=LONGEST_TEXT),
            field=field,
        )
    return text


def _told(session: Session, action: str, proposal: RubricProposal, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="rubric",
        thing_id=proposal.version_id,
        proposal=proposal.id,
        dimension=proposal.dimension,
    )


def of_version(session: Session, version_id: UUID, *, actor: Actor) -> list[RubricProposal]:
    """Return the proposals on a version: the open ones first, the newest first of each.

    Raises:
        NotFoundError, NotAllowedError: not hers to discuss.
    """
    access.require(actor, Action.RUBRIC_PROPOSE, RUBRICS)
    rows = sa.select(RubricProposal).where(RubricProposal.version_id == version_id)
    decided = RubricProposal.state != ProposalState.OPEN
    return list(session.scalars(rows.order_by(decided, RubricProposal.id.desc())))


def credit(proposals: Sequence[RubricProposal]) -> list[str]:
    """Return the names of those whose proposals were accepted, each once, in the order given."""
    accepted = (each for each in proposals if each.state is ProposalState.ACCEPTED)
    return list(dict.fromkeys(each.author.name for each in accepted))
