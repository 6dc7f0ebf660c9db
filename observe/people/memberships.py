"""People and their roles, one at a time: new, corrected, ended, and what happens when one leaves.

Nothing of what she did goes away with her: her records keep her name. What ends is that she comes
in. Some administrator of the whole territory always stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session

from observe.db import now, today
from observe.errors import BadInputError, ConflictError
from observe.people import audit, invitations
from observe.people.access import Action, Actor, not_found, require
from observe.people.directory import person_thing, place_thing
from observe.people.models import (
    Membership,
    PeerVisit,
    Role,
    SignInLink,
    SignInSession,
    User,
)
from observe.people.periods import EVER, Period, Place, meeting, yesterday
from observe.people.sheets import clean
from observe.text import message

IN_A_SCHOOL: Final = frozenset({Role.EDUCATOR, Role.UTP_HEAD})
LONGEST_NAME: Final = 120
LONGEST_REFERENCE: Final = 60
_AT_ONCE: Final = 1_000  # databases limit how many values a statement may name


@dataclass(frozen=True)
class PersonInput:
    """What is written about a person; `reference` is the provider's own id and may be empty."""

    name: str
    email: str = ""
    reference: str = ""


@dataclass(frozen=True)
class RoleInput:
    """A role somewhere, on some days."""

    role: Role
    place: Place
    period: Period = EVER


# --- people ---------------------------------------------------------------------------------------


def add_person(session: Session, person: PersonInput, first: RoleInput, *, actor: Actor) -> User:
    """Add a person with her first role.

    Raises:
        BadInputError: a field does not fit (`field` names it), or somebody else has the e-mail.
        NotFoundError, NotAllowedError: the place of the role is not the actor's to give.
    """
    _require_place(session, first.place, actor)
    user = User(memberships=[])
    write(session, user, person)
    session.add(user)
    session.flush()
    _tell(session, "person.add", user, actor)
    give_role(session, user.id, first, actor=actor)
    return user


def edit_person(session: Session, user_id: UUID, person: PersonInput, *, actor: Actor) -> User:
    """Correct the name, the e-mail and the provider's id of a person.

    An invitation that had gone to another e-mail ends.

    Raises:
        BadInputError: a field does not fit; `field` names it.
        ConflictError: a pseudonym stands in the place of her name.
        NotFoundError, NotAllowedError: the actor does not administer all places where she works.
    """
    user = require_person(session, user_id, Action.PERSON_EDIT, actor)
    require_named(user)
    write(session, user, person)
    invitations.end_sent_elsewhere(session, [user.id], actor=actor)
    _tell(session, "person.edit", user, actor)
    return user


def require_person(session: Session, user_id: UUID, action: Action, actor: Actor) -> User:
    """Return a person to whom `actor` may do `action`.

    Raises:
        NotFoundError, NotAllowedError: she may not, or there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise not_found()
    require(actor, action, person_thing(user))
    return user


def write(session: Session, user: User, person: PersonInput) -> None:
    """Write down about a person what was typed, cleaned; whoever calls asked access.

    Raises:
        BadInputError: a field does not fit, or somebody else has it; `field` names it.
    """
    name, reference = clean(person.name), clean(person.reference)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadInputError(message("Write the name of the person."), field="name")
    if len(reference) > LONGEST_REFERENCE:
        raise BadInputError(message("The id is too long."), field="reference")
    email = checked_email(person.email)
    reference = reference or user.reference or f"p-{secrets.token_hex(4)}"
    for field, column, value in (
        ("email", User.email, email),
        ("reference", User.reference, reference),
    ):
        taken = sa.select(User.id).where(column == value, User.id != user.id)
        if value and session.scalar(taken.limit(1)) is not None:
            raise BadInputError(message("Another person here already has it."), field=field)
    user.name, user.email, user.reference = name, email, reference


def checked_email(text: str) -> str | None:
    """Return an e-mail as it is kept, None where none is given.

    Raises:
        BadInputError: it is none.
    """
    if not clean(text):
        return None
    try:
        checked = validate_email(clean(text), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise BadInputError(message("This is no e-mail address."), field="email") from error
    return checked.normalized.casefold()


# --- roles ----------------------------------------------------------------------------------------


def give_role(session: Session, user_id: UUID, given: RoleInput, *, actor: Actor) -> Membership:
    """Give a person a role; who had left is back with it, unless its days are over.

    Raises:
        BadInputError: the role does not fit the place, or the days do not fit.
        ConflictError: she has it there on some of these days, or was pseudonymised.
        NotFoundError, NotAllowedError: the place is not the actor's to give.
    """
    _require_place(session, given.place, actor)
    user = _hold(session, user_id)  # a second click finds the role of the first
    if user is None:
        raise not_found()
    require_named(user)
    _require_possible(user, given)
    row = Membership(role=given.role, **_columns(given.place), **_days(given.period))
    user.memberships.append(row)
    session.flush()
    session.refresh(row)
    settle(session, user)
    _tell(session, "membership.add", user, actor, row)
    return row


def change_days(
    session: Session, membership_id: UUID, period: Period, *, actor: Actor
) -> Membership:
    """Correct from when to when a role holds.

    Raises:
        BadInputError, ConflictError: the days do not fit, nobody would administer any more, or a
            pseudonym stands in the place of her name.
        NotFoundError, NotAllowedError: it is not the actor's to change.
    """
    row = _held(session, membership_id, actor=actor)
    require_named(row.user)
    _require_possible(row.user, RoleInput(row.role, row.place, period), but=row)
    row.starts_on, row.ends_on = period.starts, period.ends
    session.flush()
    settle(session, row.user)  # rows before the trail
    _tell(session, "membership.days", row.user, actor, row)
    _require_somebody(session, row)
    return row


def end_role(session: Session, membership_id: UUID, last_day: date, *, actor: Actor) -> None:
    """Let a role end with `last_day`; one that would not have begun by then goes.

    Raises:
        ConflictError: nobody would administer the whole territory any more.
        NotFoundError, NotAllowedError: it is not the actor's to end.
    """
    row = _held(session, membership_id, actor=actor)
    user = row.user
    cut(session, row, last_day)
    session.flush()
    settle(session, user)
    _tell(session, "membership.end", user, actor, row)
    _require_somebody(session, row)


def leave(session: Session, user_id: UUID, last_day: date, *, actor: Actor) -> None:
    """Let all roles of a person end with `last_day`; before today, she is out at once.

    Her records stay as they are. Her sessions, links and invitations end with her last role: at
    once, or on the day after (see `leaving`).

    Raises:
        ConflictError: nobody would administer the whole territory any more.
        NotFoundError, NotAllowedError: she has roles that are not the actor's to end.
    """
    _hold(session, user_id)
    user = require_person(session, user_id, Action.PERSON_EDIT, actor)
    rows = list(user.memberships)
    for row in rows:
        cut(session, row, last_day)
    session.flush()
    settle(session, user)
    _tell(session, "person.leave", user, actor)
    for row in rows:
        _require_somebody(session, row)


def cut(session: Session, row: Membership, last_day: date) -> None:
    """Cut a membership after `last_day`; one that would not have begun by then goes."""
    kept = row.period.until(last_day)
    if kept is None:
        row.user.memberships.remove(row)
        session.delete(row)
    else:
        row.ends_on = kept.ends


def close(session: Session, user_ids: Sequence[UUID]) -> None:
    """End every session of people, every link that would let them in, and their peer visits."""
    for start in range(0, len(user_ids), _AT_ONCE):
        _close(session, user_ids[start : start + _AT_ONCE])
    if user_ids:
        for listener in _when_closed:
            listener(session)


_when_closed: list[Callable[[Session], None]] = []


def when_closed(function: Callable[[Session], None]) -> Callable[[Session], None]:
    """Mark a function of a room above to be told, in the transaction, that people have left."""
    _when_closed.append(function)
    return function


def _close(session: Session, user_ids: Sequence[UUID]) -> None:
    moment = now()
    session.execute(
        sa.update(SignInSession)
        .where(SignInSession.user_id.in_(user_ids), SignInSession.ended_at.is_(None))
        .values(ended_at=moment)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(SignInLink)
        .where(
            SignInLink.user_id.in_(user_ids),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > moment,
        )
        .values(expires_at=moment)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(PeerVisit)
        .where(
            sa.or_(PeerVisit.one_id.in_(user_ids), PeerVisit.other_id.in_(user_ids)),
            PeerVisit.ended_at.is_(None),
        )
        .values(ended_at=moment)
        .execution_options(synchronize_session="fetch")
    )


def settle(session: Session, user: User) -> None:
    """Let a person in as long as a role of hers holds or is to come, and only then."""
    user.active = not all(row.period.is_over(today()) for row in user.memberships)
    if not user.active:
        close(session, [user.id])
    session.flush()


# --- what must hold -------------------------------------------------------------------------------


def fits(role: Role, place: Place) -> bool:
    """Tell whether a role can be held in such a place: educators and UTP heads are of a school."""
    return role not in IN_A_SCHOOL or place.school_id is not None


def require_named(user: User) -> None:
    """Return when no pseudonym stands in the place of a person's name.

    Raises:
        ConflictError: one does.
    """
    if user.pseudonymised_at is not None:
        raise ConflictError(
            message(
                "Nobody knows any more who this was: a pseudonym stands in the place of her name. "
                "If she is back, add her as a new person."
            )
        )


def _require_possible(user: User, given: RoleInput, *, but: Membership | None = None) -> None:
    if not fits(given.role, given.place):
        raise BadInputError(message("This role belongs to one school: choose it."), field="place")
    if not given.period.possible:
        raise BadInputError(message("It cannot end before it begins."), field="ends_on")
    same = (
        row.period
        for row in user.memberships
        if row is not but and (row.role, row.place) == (given.role, given.place)
    )
    if meeting(given.period, same):
        raise ConflictError(message("She has this role there already, on some of these days."))


def _require_somebody(session: Session, row: Membership) -> None:
    """Return when somebody administers the whole territory, today and from then on.

    Asked after the audit entry, which lets one change through at a time: two administrators who
    let each other go at once would each still see the other.
    """
    if row.role is Role.ADMINISTRATOR and row.in_territory and not has_administrator(session):
        raise ConflictError(
            message("Somebody must administer the whole territory. Give that role to another one.")
        )


def has_administrator(session: Session) -> bool:
    """Tell whether somebody administers the whole territory, today and without a last day."""
    query = sa.select(Membership).join(Membership.user)
    found = query.where(User.active.is_(True), Membership.role == Role.ADMINISTRATOR)
    return any(administers(row.role, row.place, row.period) for row in session.scalars(found))


def administers(role: Role, place: Place, period: Period) -> bool:
    """Tell whether who has this role administers the whole territory, today and from then on."""
    lasts = period.ends is None and period.holds(today())
    return role is Role.ADMINISTRATOR and place == Place() and lasts


def membership_for(session: Session, membership_id: UUID, *, actor: Actor) -> Membership:
    """Return a membership that `actor` may change.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not hers to change.
    """
    row = session.get(Membership, membership_id)
    if row is None:
        raise not_found()
    _require_place(session, row.place, actor)
    return row


def _held(session: Session, membership_id: UUID, *, actor: Actor) -> Membership:
    """Return a membership as `membership_for`, once nobody else changes what its person has."""
    _hold(session, membership_for(session, membership_id, actor=actor).user_id)
    row = session.get(Membership, membership_id, populate_existing=True)
    if row is None:  # removed while we waited
        raise not_found()
    return row


def _hold(session: Session, user_id: UUID) -> User | None:
    """Hold a person's roles; rows that refer to her, as a session she opens, need not wait."""
    return session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)


def _require_place(session: Session, place: Place, actor: Actor) -> None:
    require(actor, Action.MEMBERSHIP_EDIT, place_thing(session, place))


def _columns(place: Place) -> dict[str, UUID | None]:
    return {"school_id": place.school_id, "network_id": place.network_id}


def _days(period: Period) -> dict[str, date | None]:
    return {"starts_on": period.starts, "ends_on": period.ends}


def _tell(
    session: Session, action: str, user: User, actor: Actor, row: Membership | None = None
) -> None:
    """Write down whose role it was and which one; names and e-mails are not for the trail."""
    about: Iterable[tuple[str, object]] = ()
    if row is not None:
        about = (
            ("role", row.role.value),
            ("school", str(row.school_id or "")),
            ("network", str(row.network_id or "")),
        )
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
        **dict(about),
    )


def at_once() -> date:
    """Return the last day of what ends now."""
    return yesterday(today())
