"""What was allowed and taken back, for how long what is kept, and the certificates of what went."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.models import Child, User
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.scopes import Channel, Scope


class ConsentPaper(Identified, Base):
    """The scan of a signed paper: a sealed file of the store, named by its sealed content."""

    __tablename__ = "consent_paper"

    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    media_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)  # sealed
    added_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    added_at: Mapped[datetime] = mapped_column(default=now)


class Revocation(Identified, Base):
    """That a family, or the educator herself, took back what was allowed; it is never undone.

    What is allowed again later is a new consent.
    """

    __tablename__ = "revocation"
    __table_args__ = (
        sa.CheckConstraint("(child_id IS NULL) <> (educator_id IS NULL)", name="of_one"),
    )

    child_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("child.id"), index=True)
    educator_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    revoked_on: Mapped[date]
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    child: Mapped[Child | None] = relationship()
    by: Mapped[User] = relationship(foreign_keys=by_id)


class Consent(Identified, Base):
    """What was answered for one child (or by the educator herself) to one scope; the newest counts.

    Database triggers let it only be revoked, once, or given its scan.
    """

    __tablename__ = "consent"
    __table_args__ = (
        sa.CheckConstraint("(child_id IS NULL) <> (educator_id IS NULL)", name="of_one"),
    )

    child_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("child.id"), index=True)
    educator_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    scope: Mapped[Scope] = mapped_column(choice(Scope))
    granted: Mapped[bool]
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    text_version: Mapped[str]
    given_on: Mapped[date]
    registered_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    registered_at: Mapped[datetime] = mapped_column(default=now)
    paper_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("consent_paper.id"))
    revocation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("revocation.id"), index=True)
    registered_by: Mapped[User] = relationship(foreign_keys=registered_by_id)
    paper: Mapped[ConsentPaper | None] = relationship()
    revocation: Mapped[Revocation | None] = relationship()


class Certificate(Identified, Base):
    """What was deleted, when, by whom and why: ids, sizes and hashes, never the thing itself.

    Append-only; `sha256` covers all of it, and an entry of the audit trail holds that hash.
    """

    __tablename__ = "certificate"

    number: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[CertificateKind] = mapped_column(choice(CertificateKind))
    school_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("school.id"))
    thing_kind: Mapped[str]
    thing_id: Mapped[UUID | None] = mapped_column(index=True)
    what: Mapped[dict[str, Any]]
    reason: Mapped[str]  # of a person, in her words; of a rule, its code
    made_at: Mapped[datetime]
    by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))  # None: by a rule
    sha256: Mapped[str] = mapped_column(sa.String(64))
    by: Mapped[User | None] = relationship(foreign_keys=by_id)


class RetentionRule(Base):
    """How long a kind of data is kept in this home, and whether the rule is applied by itself."""

    __tablename__ = "retention_rule"
    __table_args__ = (sa.CheckConstraint("days >= 0", name="days"),)

    kind: Mapped[Kept] = mapped_column(choice(Kept), primary_key=True)
    days: Mapped[int]
    applied: Mapped[bool] = mapped_column(default=False)
    changed_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    changed_at: Mapped[datetime] = mapped_column(default=now)


class Hold(Identified, Base):
    """That nothing of a recording is deleted meanwhile: a request about it is open."""

    __tablename__ = "hold"

    recording_id: Mapped[UUID] = mapped_column(sa.ForeignKey("recording.id"), index=True)
    reason: Mapped[str]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    lifted_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    lifted_at: Mapped[datetime | None]
    by: Mapped[User] = relationship(foreign_keys=by_id)
