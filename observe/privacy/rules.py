"""The rules of this home: for how long what is kept, and which of them are applied."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError
from observe.people import access, audit
from observe.people.access import HOME, Action, Actor
from observe.privacy.kinds import Kept
from observe.privacy.models import RetentionRule
from observe.privacy.retention import DEFAULTS, LONGEST_DAYS, Rule
from observe.text import message


def rules_of(session: Session) -> tuple[Rule, ...]:
    """Return the rule of every kind: as it was set, or the default, which is not applied."""
    known = {row.kind: row for row in session.scalars(sa.select(RetentionRule))}
    return tuple(
        Rule(kind, known[kind].days, known[kind].applied)
        if kind in known
        else Rule(kind, DEFAULTS[kind])
        for kind in Kept
    )


def set_rule(session: Session, rule: Rule, *, actor: Actor) -> None:
    """Keep a rule; what it deletes goes at the next daily run, never at once.

    Raises:
        NotFoundError, NotAllowedError: the actor does not administer this home.
        BadInputError: the number of days makes no sense; `field` is the kind.
    """
    access.require(actor, Action.RETENTION_RULE, HOME)
    if not 0 <= rule.days <= LONGEST_DAYS:
        raise BadInputError(
            message("Write a number of days from 0 to %(most)s.", most=LONGEST_DAYS),
            field=rule.kind.value,
        )
    row = session.get(RetentionRule, rule.kind)
    if row is None:
        row = RetentionRule(kind=rule.kind)
        session.add(row)
    elif (row.days, row.applied) == (rule.days, rule.applied):
        return
    row.days, row.applied = rule.days, rule.applied
    row.changed_by_id, row.changed_at = actor.user_id, now()
    audit.record(
        session,
        "retention.rule",
        actor_id=actor.user_id,
        thing_kind="home",
        thing_id=None,
        kind=rule.kind.value,
        days=rule.days,
        applied=rule.applied,
    )
