"""What people ask for about their own data, and the register of breaches."""

from __future__ import annotations

import enum
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from observe.db import Base, Identified, choice, now
from observe.people.access import Thing
from observe.people.models import ClassGroup, User
from observe.privacy.clocks import RequestKind
from observe.privacy.notices import Facts, NoticeKind


class About(enum.StrEnum):
    """Of whom a request speaks: somebody with an account, a child by list number, or another."""

    PERSON = "person"
    CHILD = "child"
    OTHER = "other"


class Channel(enum.StrEnum):
    """How it came in."""

    IN_PERSON = "in_person"
    LETTER = "letter"
    EMAIL = "email"
    PHONE = "phone"
    PROGRAM = "program"


class RequestState(enum.StrEnum):
    """Where a request stands; one that was ended stays as it was."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"  # by who asked
    MISTAKEN = "mistaken"  # by who registered it


class RightsRequest(Identified, Base):
    """What a person asks about her data, or a guardian about a child's, and what was answered.

    A child is named by class and list number alone, as the list was until `number_left_on`: a later
    list may give the number to another child. `blocked_at` without `lifted_at`: what it
    reaches answers as missing.
    """

    __tablename__ = "rights_request"
    __table_args__ = (
        sa.CheckConstraint("(about = 'person') = (user_id IS NOT NULL)", name="person"),
        sa.CheckConstraint(
            "(about = 'child') = (class_group_id IS NOT NULL AND list_number IS NOT NULL)",
            name="child",
        ),
        sa.CheckConstraint("list_number IS NULL OR list_number > 0", name="list_number"),
        sa.CheckConstraint("(state = 'open') = (answered_on IS NULL)", name="answered_on"),
        sa.CheckConstraint("lifted_at IS NULL OR blocked_at IS NOT NULL", name="lifted"),
    )

    kind: Mapped[RequestKind] = mapped_column(choice(RequestKind))
    about: Mapped[About] = mapped_column(choice(About))
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    class_group_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("class_group.id"), index=True)
    list_number: Mapped[int | None]
    number_left_on: Mapped[date | None]  # since when the number is not this child's any more
    who: Mapped[str] = mapped_column(default="")  # another person; or who asks for a child
    received_on: Mapped[date]
    channel: Mapped[Channel] = mapped_column(choice(Channel))
    words: Mapped[str] = mapped_column(default="")  # what is asked, as it was asked
    asks_block: Mapped[bool] = mapped_column(default=False)
    registered_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    registered_at: Mapped[datetime] = mapped_column(default=now)
    extension: Mapped[str | None]  # why the answer takes 30 days more
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.OPEN)
    answered_on: Mapped[date | None]
    answer: Mapped[str] = mapped_column(default="")  # or the reason for a refusal
    answered_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user.id"))
    blocked_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship(foreign_keys=user_id)
    class_group: Mapped[ClassGroup | None] = relationship()
    registered_by: Mapped[User] = relationship(foreign_keys=registered_by_id)
    answered_by: Mapped[User | None] = relationship(foreign_keys=answered_by_id)

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer."""
        return self.state is RequestState.OPEN

    @property
    def blocks(self) -> bool:
        """Whether what it reaches answers as missing."""
        return self.blocked_at is not None and self.lifted_at is None

    def as_thing(self) -> Thing:
        """Return what access needs to know: the schools of whom it is about."""
        places = {row.school_id for row in self.user.memberships} if self.user else set()
        if self.class_group:
            places.add(self.class_group.school_id)
        return Thing(
            "rights_request",
            id=self.id,
            school_ids=frozenset(place for place in places if place is not None),
            in_territory=not places or None in places,
            user_id=self.user_id,
        )


class Breach(Identified, Base):
    """A breach of security: what happened, when it was discovered, whom it touches."""

    __tablename__ = "breach"

    discovered_at: Mapped[datetime]
    happened: Mapped[str]  # what, in a few sentences
    whose: Mapped[str] = mapped_column(default="")  # which people, about how many
    measures: Mapped[str] = mapped_column(default="")  # what was done against it
    risk: Mapped[bool] = mapped_column(default=True)  # to the rights of people
    young_children: Mapped[bool] = mapped_column(default=False)  # under 14
    sensitive: Mapped[bool] = mapped_column(default=False)
    of_state: Mapped[bool] = mapped_column(default=False)  # an incident of a State body's systems
    registered_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    registered_at: Mapped[datetime] = mapped_column(default=now)
    closed_on: Mapped[date | None]

    registered_by: Mapped[User] = relationship()
    notices: Mapped[list[BreachNotice]] = relationship(order_by="BreachNotice.done_at")

    @property
    def facts(self) -> Facts:
        """Return what the rules of notices need to know."""
        return Facts(
            discovered_at=self.discovered_at,
            risk=self.risk,
            young_children=self.young_children,
            sensitive=self.sensitive,
            of_state=self.of_state,
        )


class BreachNotice(Identified, Base):
    """That somebody was told of a breach: when, how, by whom it was put on file."""

    __tablename__ = "breach_notice"
    __table_args__ = (sa.UniqueConstraint("breach_id", "kind"),)

    breach_id: Mapped[UUID] = mapped_column(sa.ForeignKey("breach.id"))
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind))
    done_at: Mapped[datetime]
    how: Mapped[str] = mapped_column(default="")
    by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user.id"))
    by: Mapped[User] = relationship()
