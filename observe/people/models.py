"""Schools, class groups, users, their memberships, and how they sign in."""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now


class Role(enum.StrEnum):
    """What a membership makes of a person."""

    OBSERVER = "observer"
    UTP_HEAD = "utp_head"
    EDUCATOR = "educator"
    NETWORK_LEAD = "network_lead"
    ADMINISTRATOR = "administrator"


class School(Identified, Base):
    """An establishment; `rbd` is the Ministry's number with its check digit (`1234-5`)."""

    __tablename__ = "school"

    rbd: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    commune: Mapped[str] = mapped_column(default="")


class ClassGroup(Identified, Base):
    """A class of a school in a school year, such as «1° B» of 2026."""

    __tablename__ = "class_group"
    __table_args__ = (sa.UniqueConstraint("school_id", "year", "name"),)

    school_id: Mapped[UUID] = mapped_column(sa.ForeignKey("school.id"))
    name: Mapped[str]
    year: Mapped[int]
    school: Mapped[School] = relationship()


class Child(Identified, Base):
    """A child of a class group, by list number; the name is what notes are warned of, and optional.

    Full names are not needed: a first name, with an initial where two are alike.
    """

    __tablename__ = "child"
    __table_args__ = (
        sa.UniqueConstraint("class_group_id", "list_number"),
        sa.CheckConstraint("list_number > 0", name="list_number"),
    )

    class_group_id: Mapped[UUID] = mapped_column(sa.ForeignKey("class_group.id"))
    list_number: Mapped[int]
    name: Mapped[str] = mapped_column(default="")


class User(Identified, Base):
    """A person; `reference` is the provider's own id. Without a password she enters by a link."""

    __tablename__ = "user"

    reference: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="user", order_by="Membership.id"
    )


class Membership(Identified, Base):
    """A person's role in one school, or in the whole territory when `school_id` is empty."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.Index(
            "uq_membership_in_school",
            "user_id",
            "role",
            "school_id",
            unique=True,
            sqlite_where=sa.text("school_id IS NOT NULL"),
            postgresql_where=sa.text("school_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_membership_in_territory",
            "user_id",
            "role",
            unique=True,
            sqlite_where=sa.text("school_id IS NULL"),
            postgresql_where=sa.text("school_id IS NULL"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    role: Mapped[Role] = mapped_column(choice(Role))
    school_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("school.id"))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    user: Mapped[User] = relationship(back_populates="memberships")
    school: Mapped[School | None] = relationship()


class SignInLink(Identified, Base):
    """A link that signs a person in once; only the hash of its secret is kept."""

    __tablename__ = "sign_in_link"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Identified, Base):
    """A browser signed in; it ends by time, by signing out or by revocation."""

    __tablename__ = "sign_in_session"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class AuditEntry(Base):
    """One line of what was done: append-only, each bound to the one before by its hash."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    thing_kind: Mapped[str]
    thing_id: Mapped[UUID | None] = mapped_column(index=True)
    details: Mapped[str] = mapped_column(default="{}")
    prev_hash: Mapped[str]
    hash: Mapped[str]
