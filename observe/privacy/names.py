"""The names of children and the scans of papers: after some years a list keeps its numbers alone.

What was answered stays on file, by list number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe.people.models import Child, ClassGroup
from observe.privacy import certificates, papers, reach
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Consent, ConsentPaper
from observe.privacy.retention import REQUESTED, Due, Rule, goes_on, school_year_ends


def due(session: Session, rule: Rule, only: UUID | None = None) -> Iterator[Due]:
    """Yield each class list with names or scans (or `only` this), with the day they go on."""
    named = sa.select(Child.class_group_id).where(Child.name != "")
    scanned = sa.select(Child.class_group_id).join(Consent).where(Consent.paper_id.is_not(None))
    rows = sa.select(ClassGroup).where(sa.or_(ClassGroup.id.in_(named), ClassGroup.id.in_(scanned)))
    if only is not None:
        rows = rows.where(ClassGroup.id == only)
    waiting = reach.waiting(session)
    for group in session.scalars(rows.options(joinedload(ClassGroup.school))):
        title = f"{group.name} · {group.year} · {group.school.name}"
        on = goes_on(school_year_ends(group.year), rule)
        held = REQUESTED if waiting.reaches(None, group.id) else ""
        yield Due(rule.kind, on, title, group.id, held=held)


def are_there(session: Session, class_group_id: UUID) -> bool:
    """Tell whether a class list has names or scans."""
    named = sa.select(Child.id).where(Child.class_group_id == class_group_id, Child.name != "")
    scanned = (
        sa.select(Child.id)
        .join(Consent, Consent.child_id == Child.id)
        .where(Child.class_group_id == class_group_id, Consent.paper_id.is_not(None))
    )
    return session.scalar(named.union(scanned).limit(1)) is not None


def delete(
    session: Session, class_group_id: UUID, *, reason: str = f"rule:{Kept.NAMES.value}"
) -> list[dict[str, Any]]:
    """Empty the names of a class list, let go of its scans, and certify it.

    Return the scans, whose files the caller deletes; without names and scans nothing is done.
    """
    children = session.scalars(
        sa.select(Child).where(Child.class_group_id == class_group_id, Child.name != "")
    ).all()
    for child in children:
        child.name = ""
    of_class = sa.select(Child.id).where(Child.class_group_id == class_group_id)
    files = drop_scans(session, Consent.child_id.in_(of_class))
    if children or files:
        told = Told(
            CertificateKind.NAMES_DELETED,
            "class_group",
            class_group_id,
            session.get_one(ClassGroup, class_group_id).school_id,
            {"names": len(children), "files": files},
            reason,
        )
        certificates.issue(session, told, by_id=None)
    return files


def are_kept(session: Session, child: Child) -> bool:
    """Tell whether a child's name, or a scan of a paper of its family, is kept."""
    scans = sa.select(Consent.id).where(Consent.child_id == child.id, Consent.paper_id.is_not(None))
    return bool(child.name) or session.execute(scans.limit(1)).first() is not None


def delete_of(
    session: Session, child_id: UUID, *, reason: str, by_id: UUID | None
) -> list[dict[str, Any]]:
    """Empty the name of one child, let go of its scans, and certify it; returns as `delete`.

    Of a child who is on no list any more nothing is left to delete.
    """
    child = session.get(Child, child_id)
    if child is None:
        return []
    named, child.name = bool(child.name), ""
    files = drop_scans(session, Consent.child_id == child_id)
    if named or files:
        school_id = session.get_one(ClassGroup, child.class_group_id).school_id
        what = {"names": int(named), "list_number": child.list_number, "files": files}
        told = Told(CertificateKind.NAMES_DELETED, "child", child_id, school_id, what, reason)
        certificates.issue(session, told, by_id=by_id)
    return files


def drop_scans(session: Session, whose: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    """Let go of the scans of these answers; return them, whose files the caller deletes."""
    scanned = sa.select(Consent).where(whose, Consent.paper_id.is_not(None))
    answers = session.scalars(scanned).all()
    ids = {answer.paper_id for answer in answers}
    for answer in answers:
        answer.paper_id = None
    session.flush()
    rows = session.scalars(sa.select(ConsentPaper).where(ConsentPaper.id.in_(ids))).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return [papers.told(row) for row in rows]
