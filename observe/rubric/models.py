"""The rubric versions this home knows, where each may be used, and what people say of them."""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.models import School, User


class RubricVersion(Identified, Base):
    """One version of a rubric; `document` is its canonical JSON and `content_hash` its sha256.

    A row never changes: where it may be used is said beside it, by `RubricStage` and `RubricPilot`.
    """

    __tablename__ = "rubric_version"
    __table_args__ = (sa.UniqueConstraint("rubric_id", "version"),)

    rubric_id: Mapped[str]
    version: Mapped[str]
    document: Mapped[str]
    content_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    loaded_at: Mapped[datetime] = mapped_column(default=now)


class RubricDraft(Identified, Base):
    """A version while people write it; `content` is what its file would say (JSON), gaps and all.

    `dropped` are the parts that were taken out and may be put back, the last one last. Once it
    has become a version (`frozen_id`) it stays as it is; until then it may be discarded.
    """

    __tablename__ = "rubric_draft"

    rubric_id: Mapped[str]
    version: Mapped[str]
    content: Mapped[str]
    dropped: Mapped[str] = mapped_column(default="[]")
    base_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("rubric_version.id"))
    begun_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    begun_at: Mapped[datetime] = mapped_column(default=now)
    changed_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    changed_at: Mapped[datetime] = mapped_column(default=now)
    frozen_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("rubric_version.id"))
    discarded_at: Mapped[datetime | None]

    base: Mapped[RubricVersion | None] = relationship(foreign_keys=base_id)
    changed_by: Mapped[User] = relationship(foreign_keys=changed_by_id)


class Stage(enum.StrEnum):
    """How far a version is: tried in some schools, in use everywhere, or no longer begun with."""

    PILOTED = "piloted"
    PUBLISHED = "published"
    RETIRED = "retired"


class RubricStage(Identified, Base):
    """A step of a version to another stage; the last one holds. Without any it is published."""

    __tablename__ = "rubric_stage"

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"), index=True)
    stage: Mapped[Stage] = mapped_column(choice(Stage))
    by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class RubricPilot(Identified, Base):
    """A school in which a version is tried, from a day to a day, both included."""

    __tablename__ = "rubric_pilot"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "school_id"),
        sa.CheckConstraint("ends_on IS NULL OR starts_on <= ends_on", name="days"),
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"), index=True)
    school_id: Mapped[UUID] = mapped_column(sa.ForeignKey("school.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    school: Mapped[School] = relationship()


class RubricMatch(Identified, Base):
    """What a person says of a dimension of one version and one of another: comparable, or not.

    Charts join two versions only where a row says `comparable`; `reason` is hers.
    """

    __tablename__ = "rubric_match"
    __table_args__ = (
        sa.UniqueConstraint("older_id", "older_dimension", "newer_id", "newer_dimension"),
        sa.CheckConstraint("older_id <> newer_id", name="two_versions"),
    )

    older_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"), index=True)
    older_dimension: Mapped[str]
    newer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"), index=True)
    newer_dimension: Mapped[str]
    comparable: Mapped[bool]
    reason: Mapped[str]
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)

    by: Mapped[User] = relationship()


class ProposalState(enum.StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class RubricProposal(Identified, Base):
    """A comment on a dimension of a version, or (`part`, `wording`) other words for a part of it.

    Once decided it stays as it is.
    """

    __tablename__ = "rubric_proposal"
    __table_args__ = (
        sa.CheckConstraint("(part IS NULL) = (wording IS NULL)", name="wording_of_a_part"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    )

    version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_version.id"), index=True)
    dimension: Mapped[str]
    part: Mapped[str | None]
    wording: Mapped[str | None]
    text: Mapped[str]
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    state: Mapped[ProposalState] = mapped_column(choice(ProposalState), default=ProposalState.OPEN)
    decided_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")

    version: Mapped[RubricVersion] = relationship()
    author: Mapped[User] = relationship(foreign_keys=author_id)
    decided_by: Mapped[User | None] = relationship(foreign_keys=decided_by_id)
    replies: Mapped[list[RubricReply]] = relationship(order_by="RubricReply.at, RubricReply.id")


class RubricReply(Identified, Base):
    """What somebody says to a proposal."""

    __tablename__ = "rubric_reply"

    proposal_id: Mapped[UUID] = mapped_column(sa.ForeignKey("rubric_proposal.id"), index=True)
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)

    author: Mapped[User] = relationship()
