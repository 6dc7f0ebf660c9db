"""The names of children and the scans of papers: after some years a list keeps its numbers alone.

What was answered stays on file, by list number.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.people.models import Child, ClassGroup
from observe.privacy import certificates
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.retention import Due, Rule, goes_on, school_year_ends


def due(session: Session, rule: Rule) -> Iterator[Due]:
    """Yield each class list that has names, with the day on which they go."""
    named = sa.select(Child.class_group_id).where(Child.name != "")
    rows = sa.select(ClassGroup).where(ClassGroup.id.in_(named))
    for group in session.scalars(rows.options(joinedload(ClassGroup.school))):
        title = f"{group.name} · {group.year} · {group.school.name}"
        yield Due(rule.kind, goes_on(school_year_ends(group.year), rule), title, group.id)


def delete(session: Session, class_group_id: UUID) -> None:
    """Empty the names of a class list and certify it; without names there is nothing to do."""
    children = session.scalars(
        sa.select(Child).where(Child.class_group_id == class_group_id, Child.name != "")
    ).all()
    for child in children:
        child.name = ""
    if children:
        told = Told(
            CertificateKind.NAMES_DELETED,
            "class_group",
            class_group_id,
            session.get_one(ClassGroup, class_group_id).school_id,
            {"names": len(children)},
            f"rule:{Kept.NAMES.value}",
        )
        certificates.issue(session, told, by_id=None)
