"""What families answered, as it comes in by paper."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.people import class_lists
from observe.people.models import Child
from observe.privacy import consent
from observe.privacy.consent import How
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from tests.factories import Cast

ALL = frozenset(Scope)
HOW = How(Channel.PAPER, FORM_VERSION, date(2026, 3, 10))


def answered(database: Database, cast: Cast, scopes: frozenset[Scope], on: date) -> None:
    """Let the only child of the class, and the educator for all, allow this on paper."""
    how = How(Channel.PAPER, FORM_VERSION, on)
    group = cast.class_group.id
    with database.write() as session:
        class_lists.write_class_list(session, group, "1", actor=cast.observer)
        child_id = session.scalars(sa.select(Child.id)).one()
        consent.register_class(session, group, {child_id: scopes}, how, actor=cast.observer)
        consent.register_educator(session, cast.educator.user_id, ALL, how, actor=cast.observer)


def answer(session: Session, cast: Cast, answers: dict[UUID, frozenset[Scope]]) -> None:
    """Let these children, and the educator for all, answer on paper."""
    consent.register_class(session, cast.class_group.id, answers, HOW, actor=cast.observer)
    consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)
