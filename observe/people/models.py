"""Schools, class groups, users, their memberships, and how they sign in."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.periods import Period, Place


class Role(enum.StrEnum):
    """What a membership makes of a person."""

    OBSERVER = "observer"
    UTP_HEAD = "utp_head"
    EDUCATOR = "educator"
    NETWORK_LEAD = "network_lead"
    ADMINISTRATOR = "administrator"
    READER = "reader"


class School(Identified, Base):
    """An establishment; `rbd` is the Ministry's number with its check digit (`1234-5`)."""

    __tablename__ = "school"

    rbd: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    commune: Mapped[str] = mapped_column(default="")


class NetworkSchool(Base):
    """A school that is in a network."""

    __tablename__ = "network_school"

    network_id: Mapped[UUID] = mapped_column(sa.ForeignKey("network.id"), primary_key=True)
    school_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("school.id"), primary_key=True, index=True
    )


class Network(Identified, Base):
    """Schools that learn together, such as those of a commune; a school may be in several."""

    __tablename__ = "network"

    name: Mapped[str] = mapped_column(unique=True)
    # Read along with whoever has a role in it: policy looks at people outside of any session.
    schools: Mapped[list[School]] = relationship(
        secondary="network_school", order_by=School.name, lazy="selectin"
    )


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
    # Since when a pseudonym stands in the place of her name: nothing that identifies her is left.
    pseudonymised_at: Mapped[datetime | None]
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="user", order_by="Membership.id"
    )


class Membership(Identified, Base):
    """A person's role in a school, in each school of a network, or in the whole territory.

    It holds from `starts_on` to `ends_on`, both included; empty: since ever, for ever. Nobody has
    one role in one place twice at a time, but she may come back after it has ended.
    """

    __tablename__ = "membership"
    __table_args__ = (
        sa.CheckConstraint("school_id IS NULL OR network_id IS NULL", name="place"),
        sa.CheckConstraint("starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on", "days"),
        *(
            sa.Index(
                f"uq_membership_open_{name}",
                *("user_id", "role", *columns),
                unique=True,
                sqlite_where=sa.text(f"{where} AND ends_on IS NULL"),
                postgresql_where=sa.text(f"{where} AND ends_on IS NULL"),
            )
            for name, columns, where in (
                ("in_school", ("school_id",), "school_id IS NOT NULL"),
                ("in_network", ("network_id",), "network_id IS NOT NULL"),
                ("in_territory", (), "school_id IS NULL AND network_id IS NULL"),
            )
        ),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    role: Mapped[Role] = mapped_column(choice(Role))
    school_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("school.id"))
    network_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("network.id"))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    user: Mapped[User] = relationship(back_populates="memberships")
    school: Mapped[School | None] = relationship()
    network: Mapped[Network | None] = relationship(lazy="selectin")

    @property
    def period(self) -> Period:
        """The days on which it holds."""
        return Period(self.starts_on, self.ends_on)

    @property
    def place(self) -> Place:
        """Where it holds."""
        return Place(self.school_id, self.network_id)

    @property
    def school_ids(self) -> frozenset[UUID]:
        """The schools in which it holds; empty where it holds in the whole territory."""
        if self.network is not None:
            return frozenset(school.id for school in self.network.schools)
        return frozenset({self.school_id} if self.school_id else ())

    @property
    def in_territory(self) -> bool:
        """Whether it holds in the whole territory."""
        return self.school_id is None and self.network_id is None


class SignInLink(Identified, Base):
    """A link that signs a person in once; only the hash of its secret is kept."""

    __tablename__ = "sign_in_link"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInSession(Identified, Base):
    """A browser signed in; it ends by time, by signing out or by revocation.

    While it is `waiting` for the second step it opens nothing but that step.
    """

    __tablename__ = "sign_in_session"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    how: Mapped[str] = mapped_column(default="", server_default="")  # password, link, provider
    device: Mapped[str] = mapped_column(default="", server_default="")  # as the browser told it
    seen_at: Mapped[datetime | None]
    waiting: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    second_at: Mapped[datetime | None]  # when the second step was shown in it
    user: Mapped[User] = relationship()


class CodeApp(Identified, Base):
    """The program of codes (TOTP) that a person has tied to her account; its secret is sealed."""

    __tablename__ = "code_app"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), unique=True)
    sealed_secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)  # a code is taken once


class RecoveryCode(Identified, Base):
    """A code on paper that stands in for the second step once; only its hash is kept."""

    __tablename__ = "recovery_code"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]


class SecurityKey(Identified, Base):
    """A key, phone or computer (WebAuthn) that stands for the second step of a person."""

    __tablename__ = "security_key"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sign_count: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class OutsideAccount(Identified, Base):
    """An account elsewhere by which a person signs in, known by its issuer and subject."""

    __tablename__ = "outside_account"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    provider: Mapped[str]
    linked_at: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship()


class Invitation(Identified, Base):
    """A person was asked to come in, by a sign-in link that lives for some days.

    Whether it was used and until when it works, the link says. A later one takes its place.
    """

    __tablename__ = "invitation"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sign_in_link.id"), unique=True)
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    made_at: Mapped[datetime] = mapped_column(default=now)
    sent_to: Mapped[str] = mapped_column(default="")  # an e-mail; empty: handed over by hand
    sent_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    link: Mapped[SignInLink] = relationship(lazy="joined", innerjoin=True)
    by: Mapped[User] = relationship(foreign_keys=by_id)


class Evaluator(Identified, Base):
    """Somebody said that a person also evaluates an educator whom she may observe.

    Support and evaluation do not go together; nothing is forbidden by it, the screens warn.
    """

    __tablename__ = "evaluator"
    __table_args__ = (
        sa.Index(
            "uq_evaluator_open",
            *("evaluator_id", "educator_id"),
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.CheckConstraint("evaluator_id <> educator_id", name="two"),
    )

    evaluator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    educator_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    educator: Mapped[User] = relationship(foreign_keys=educator_id)


class TableImport(Identified, Base):
    """A file of schools or people that was looked at, and what became of it once confirmed.

    The file itself goes as soon as it is taken or given up: it holds names and e-mails.
    """

    __tablename__ = "table_import"

    kind: Mapped[str]  # `schools` or `people`
    name: Mapped[str]  # of the file
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    complete: Mapped[bool] = mapped_column(default=False)  # who is not in it has left
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON, deferred=True)
    by: Mapped[User] = relationship()


class PeerVisit(Identified, Base):
    """Two educators of different schools look at each other's clips for a time.

    Open while both have agreed, until its last day or until one of them ends it.
    """

    __tablename__ = "peer_visit"
    __table_args__ = (sa.CheckConstraint("one_id <> other_id", name="two"),)

    one_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    other_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"), index=True)
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    ends_on: Mapped[date]
    one_agreed_at: Mapped[datetime | None]
    other_agreed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    one: Mapped[User] = relationship(foreign_keys=one_id)
    other: Mapped[User] = relationship(foreign_keys=other_id)
    by: Mapped[User] = relationship(foreign_keys=by_id)

    def is_open(self, on: date) -> bool:
        """Tell whether both have agreed and nobody has ended it by the day `on`."""
        agreed = self.one_agreed_at is not None and self.other_agreed_at is not None
        return agreed and self.ended_at is None and on <= self.ends_on

    def agreed_at(self, user_id: UUID) -> datetime | None:
        """Return when one of the two agreed, or None while she has not."""
        return self.one_agreed_at if user_id == self.one_id else self.other_agreed_at


class AuditEntry(Base):
    """One line of what was done: append-only, each bound to the one before by its hash."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(index=True)
    thing_kind: Mapped[str]
    thing_id: Mapped[UUID | None] = mapped_column(index=True)
    details: Mapped[str] = mapped_column(default="{}")
    prev_hash: Mapped[str]
    hash: Mapped[str]
