"""What people ask for about their own data, from the day it came in until it is answered.

Each verb takes the actor, checks her right, changes state and writes the audit entry. The audit
trail says that something was asked and answered, not in which words: these stay in the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from observe import db, workdays
from observe.db import Row, locked, now
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit, class_lists, invitations, memberships
from observe.people.access import Action, Actor, Thing
from observe.people.directory import person_thing
from observe.people.memberships import PersonInput, require_named
from observe.people.models import Child, ClassGroup, User
from observe.privacy import clocks
from observe.privacy.clocks import Clock, Law, RequestKind
from observe.privacy.request_models import About, Channel, RequestState, RightsRequest
from observe.text import Message, message

WORDS_MAX: Final = 4_000
WHO_MAX: Final = 200

KINDS: Final = {
    RequestKind.ACCESS: message("Access: know what is held about her"),
    RequestKind.RECTIFICATION: message("Correction of what is wrong"),
    RequestKind.ERASURE: message("Deletion"),
    RequestKind.OBJECTION: message("Objection to a use"),
    RequestKind.PORTABILITY: message("A copy to take elsewhere"),
    RequestKind.BLOCKING: message("Temporary block"),
}
CHANNELS: Final = {
    Channel.IN_PERSON: message("In person"),
    Channel.LETTER: message("By letter"),
    Channel.EMAIL: message("By e-mail"),
    Channel.PHONE: message("By phone"),
    Channel.PROGRAM: message("In this program"),
}
STATES: Final = {
    RequestState.OPEN: message("Waits for an answer"),
    RequestState.ANSWERED: message("Answered"),
    RequestState.REFUSED: message("Refused, with its reason"),
    RequestState.TAKEN_BACK: message("Taken back by who asked"),
    RequestState.MISTAKEN: message("Registered by mistake"),
}
LONGEST_AGO: Final = timedelta(days=5 * 366)  # a day before that is a slip of the pen
BY_REQUEST: Final = "request:"  # begins the reason of a certificate
# What may be answered by handing out all that is held.
BY_COPY: Final = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY})


@dataclass(frozen=True)
class Asked:
    """What is registered: what for, of whom, when and how it came in, in which words."""

    kind: RequestKind
    about: About
    received_on: date
    channel: Channel
    user_id: UUID | None = None
    class_group_id: UUID | None = None
    list_number: int | None = None
    who: str = ""
    words: str = ""
    asks_block: bool = False


@dataclass(frozen=True)
class Standing:
    """How a request stands today: under which law, and what is due until when; None: done."""

    request: RightsRequest
    law: Law
    answer: Clock | None
    block: Clock | None
    may_extend: bool

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Return what still runs, the first due first."""
        running = (clock for clock in (self.block, self.answer) if clock is not None)
        return tuple(sorted(running, key=lambda clock: clock.due_on))

    @property
    def overdue(self) -> bool:
        """Whether something of it is late."""
        return any(clock.pace is clocks.Pace.OVERDUE for clock in self.clocks)


def standing_of(request: RightsRequest, *, today: date, new_law_from: date) -> Standing:
    """Return how a request stands on a day."""
    kind, received = request.kind, request.received_on
    place, longer = _place_of(request), request.extension is not None
    due = clocks.answer_due(kind, received, new_law_from, extended=longer, place=place)
    waits = request.is_open and request.asks_block and request.blocked_at is None
    return Standing(
        request=request,
        law=clocks.law_on(received, new_law_from),
        answer=Clock(due, today) if request.is_open else None,
        block=Clock(clocks.block_due(received, place), today) if waits else None,
        may_extend=request.is_open
        and request.extension is None
        and clocks.may_extend(kind, received, new_law_from)
        and clocks.in_time(kind, received, new_law_from, today),
    )


def _place_of(request: RightsRequest) -> str | None:
    """Return the place whose holidays count too: where all schools of whom it is about lie."""
    if request.class_group is not None:
        return workdays.place_of([request.class_group.school.commune])
    rows = request.user.memberships if request.user is not None else ()
    return workdays.place_of(row.school.commune if row.school else "" for row in rows)


# --- finding ------------------------------------------------------------------------------------


def request_for(
    session: Session, request_id: UUID, *, actor: Actor, action: Action = Action.RIGHTS_SEE
) -> RightsRequest:
    """Return the request when `actor` may do `action` to it.

    Raises:
        NotFoundError, NotAllowedError: she may not.
    """
    request = session.get(RightsRequest, request_id)
    if request is None:
        raise access.not_found()
    access.require(actor, action, request.as_thing())
    return request


def requests_of(session: Session, *, actor: Actor, only_open: bool = False) -> list[RightsRequest]:
    """Return the requests that `actor` may handle.

    The oldest that is open first, then (unless `only_open`) what was ended, the last first.
    """
    rows = session.scalars(
        sa.select(RightsRequest)
        .where(RightsRequest.state == RequestState.OPEN if only_open else sa.true())
        .options(
            joinedload(RightsRequest.user).selectinload(User.memberships),
            joinedload(RightsRequest.class_group).joinedload(ClassGroup.school),
            joinedload(RightsRequest.registered_by),
            joinedload(RightsRequest.answered_by),
        )
        .order_by(RightsRequest.received_on, RightsRequest.id)
    )
    found = [row for row in rows if access.can(actor, Action.RIGHTS_HANDLE, row.as_thing())]
    ended = [row for row in found if not row.is_open]
    return [row for row in found if row.is_open] + ended[::-1]


def own_requests(session: Session, *, actor: Actor) -> list[RightsRequest]:
    """Return what `actor` herself asked for, the last first."""
    rows = sa.select(RightsRequest).where(RightsRequest.user_id == actor.user_id)
    return list(session.scalars(rows.order_by(RightsRequest.received_on.desc(), RightsRequest.id)))


def overdue_count(session: Session, *, actor: Actor, today: date, new_law_from: date) -> int:
    """Return how many of the requests that `actor` handles are late."""
    standings = (
        standing_of(row, today=today, new_law_from=new_law_from)
        for row in requests_of(session, actor=actor, only_open=True)
    )
    return sum(each.overdue for each in standings)


def people_for(session: Session, *, actor: Actor) -> list[User]:
    """Return about whom `actor` may register requests, by name."""
    rows = session.scalars(
        sa.select(User).options(selectinload(User.memberships)).order_by(User.name, User.id)
    )
    return [row for row in rows if access.can(actor, Action.RIGHTS_HANDLE, person_thing(row))]


def classes_for(session: Session, *, actor: Actor) -> list[ClassGroup]:
    """Return the classes about whose children `actor` may register requests."""
    rows = session.scalars(
        sa.select(ClassGroup)
        .options(joinedload(ClassGroup.school))
        .order_by(ClassGroup.year.desc(), ClassGroup.name, ClassGroup.id)
    )
    return [row for row in rows if handles_class(actor, row)]


def handles_class(actor: Actor, group: ClassGroup) -> bool:
    """Tell whether `actor` handles requests of a class's school."""
    return access.can(actor, Action.RIGHTS_HANDLE, _of_class(group))


def all_about(session: Session, class_group_id: UUID, list_number: int) -> Sequence[RightsRequest]:
    """Return the requests about the child that has this number, also those that were ended."""
    return session.scalars(about_child(class_group_id, list_number)).all()


def about_child(class_group_id: UUID, list_number: int) -> sa.Select[RightsRequest]:
    """Select what `all_about` returns: nothing about a child that had the number before."""
    return sa.select(RightsRequest).where(
        RightsRequest.class_group_id == class_group_id,
        RightsRequest.list_number == list_number,
        RightsRequest.number_left_on.is_(None),
    )


def open_about(session: Session, class_group_id: UUID, list_number: int) -> Sequence[RightsRequest]:
    """Return the requests about a child that wait for their answer."""
    about = all_about(session, class_group_id, list_number)
    return [request for request in about if request.is_open]


def _of_class(group: ClassGroup) -> Thing:
    return Thing("rights_request", school_ids=frozenset({group.school_id}))


# --- registering --------------------------------------------------------------------------------


def register(session: Session, asked: Asked, *, today: date, actor: Actor) -> RightsRequest:
    """Put on file what was asked; a request for a block is one that asks for it.

    Raises:
        NotFoundError: she may not register for this person or class, or there is none.
        BadInputError: something is missing or cannot be; `field` names it.
    """
    _check(asked, today)
    request = RightsRequest(
        kind=asked.kind,
        about=asked.about,
        user=_found(session, User, asked.user_id) if asked.about is About.PERSON else None,
        class_group=_found(session, ClassGroup, asked.class_group_id)
        if asked.about is About.CHILD
        else None,
        list_number=asked.list_number if asked.about is About.CHILD else None,
        who=asked.who.strip(),
        received_on=asked.received_on,
        channel=asked.channel,
        words=asked.words.strip(),
        asks_block=asked.asks_block or asked.kind is RequestKind.BLOCKING,
        registered_by_id=actor.user_id,
    )
    request.user_id = asked.user_id if request.user else None
    access.require(actor, Action.RIGHTS_ASK, request.as_thing())
    session.add(request)
    session.flush()
    _told(session, "rights.registered", request, actor, channel=asked.channel.value)
    return request


def _check(asked: Asked, today: date) -> None:
    if asked.received_on > today:
        raise BadInputError(
            message("It cannot have come in later than today."), field="received_on"
        )
    if asked.received_on < today - LONGEST_AGO:
        raise BadInputError(
            message("This day is more than five years back: check the year."), field="received_on"
        )
    if asked.about is About.PERSON and asked.user_id is None:
        raise BadInputError(message("Choose the person."), field="user_id")
    if asked.about is About.CHILD and asked.class_group_id is None:
        raise BadInputError(message("Choose the class."), field="class_group_id")
    highest = class_lists.LARGEST_NUMBER
    if asked.about is About.CHILD and not 0 < (asked.list_number or 0) <= highest:
        raise BadInputError(message("Write the child's list number."), field="list_number")
    if asked.about is About.OTHER and not asked.who.strip():
        raise BadInputError(message("Write who it is."), field="who")
    for field, text, most in (("who", asked.who, WHO_MAX), ("words", asked.words, WORDS_MAX)):
        _check_length(field, text, most)


def _check_length(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise BadInputError(message("Use at most %(limit)s characters.", limit=most), field=field)


def _found(session: Session, kind: type[Row], row_id: UUID | None) -> Row:
    found = session.get(kind, row_id) if row_id is not None else None
    if found is None:
        raise access.not_found()
    return found


# --- blocking -----------------------------------------------------------------------------------


def block(session: Session, request_id: UUID, *, actor: Actor) -> RightsRequest:
    """Make all that the request reaches answer as missing, until it is lifted.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        ConflictError: it speaks of nobody whom the program knows, was ended, or blocks already.
    """
    request = handled(session, request_id, actor=actor)
    if request.about is About.OTHER:
        raise ConflictError(
            message("This request names nobody whom the program knows, so there is no such data.")
        )
    if request.blocks:
        raise ConflictError(message("This is blocked already."))
    request.blocked_at, request.lifted_at, request.asks_block = now(), None, True
    session.flush()
    block_changed(session, request)
    _told(session, "rights.blocked", request, actor)
    return request


def lift(session: Session, request_id: UUID, *, actor: Actor) -> RightsRequest:
    """Let what was blocked be seen again, also after the request was answered.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        ConflictError: it blocks nothing.
    """
    request = _locked(session, request_id, actor)
    if not request.blocks:
        raise ConflictError(message("This request blocks nothing."))
    request.lifted_at = now()
    session.flush()
    block_changed(session, request)
    _told(session, "rights.lifted", request, actor)
    return request


@class_lists.before_group_removal
def _requests_keep(session: Session, class_group_id: UUID) -> Message | None:
    """Say that a class group stays as long as a request about a child of it is on file."""
    rows = sa.select(RightsRequest.id).where(RightsRequest.class_group_id == class_group_id)
    if session.scalar(rows.limit(1)) is None:
        return None
    return message("A request about a child of this class group is on file: it stays.")


@class_lists.before_removal
def _stays(session: Session, child: Child) -> Message | None:
    """Say why a child of whom an open request speaks stays on its list."""
    if not open_about(session, child.class_group_id, child.list_number):
        return None
    return message(
        "A request about list number %(number)s waits for its answer: its line stays until it is "
        "answered, even if the child has left.",
        number=child.list_number,
    )


@class_lists.when_number_left
def _named_by_the_old_list(session: Session, child: Child) -> None:
    """Keep the ended requests about a child from speaking of the next one with her number."""
    for each in all_about(session, child.class_group_id, child.list_number):
        each.number_left_on = db.today()


@class_lists.before_another
def _keeps_its_number(session: Session, child: Child, name: str) -> Message | None:
    """Say why the number of which an open request speaks does not become another child's."""
    if not open_about(session, child.class_group_id, child.list_number):
        return None
    return message(
        "A request about «%(before)s», list number %(number)s, waits for its answer, so the number "
        "cannot become «%(after)s». Give other children numbers that are free, or write the list "
        "once it is answered. If it is the same child, keep the number once without a name, then "
        "write the new one.",
        number=child.list_number,
        before=child.name,
        after=name,
    )


BlockChanged = Callable[[Session, RightsRequest], None]
_listeners: list[BlockChanged] = []


def when_block_changed(function: BlockChanged) -> BlockChanged:
    """Mark a function of a room above to be told, in the transaction, of a block and its lifting.

    The request tells what it reaches (`reach.reached_by`), and whether it blocks now.
    """
    _listeners.append(function)
    return function


def block_changed(session: Session, request: RightsRequest) -> None:
    """Tell the rooms above that a request blocks now, or was lifted."""
    for listener in _listeners:
        listener(session, request)


# --- answering ----------------------------------------------------------------------------------


def extend(
    session: Session,
    request_id: UUID,
    reason: str,
    *,
    today: date,
    new_law_from: date,
    actor: Actor,
) -> RightsRequest:
    """Take 30 days more for the answer, once and in time, with the reason that the person is told.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        BadInputError: there is no reason. ConflictError: it was ended or extended, is late, or may
            not be.
    """
    request = handled(session, request_id, actor=actor)
    kind, received_on = request.kind, request.received_on
    if not clocks.may_extend(kind, received_on, new_law_from):
        raise ConflictError(message("The law under which this came in knows no longer time."))
    if request.extension is not None:
        raise ConflictError(message("This was extended before; it can be only once."))
    if not clocks.in_time(kind, received_on, new_law_from, today):
        raise ConflictError(
            message("Its days are over, and no more can be taken afterwards: answer it now.")
        )
    request.extension = _needed(reason, "reason")
    session.flush()
    _told(session, "rights.extended", request, actor)
    return request


def close(
    session: Session,
    request_id: UUID,
    state: RequestState,
    text: str,
    *,
    on: date,
    today: date,
    actor: Actor,
) -> RightsRequest:
    """Answer the request, refuse it with its reason, or note that it was taken back.

    A block stays until it is lifted.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        BadInputError: there is no text, or the day cannot be. ConflictError: it was ended before.
    """
    request = handled(session, request_id, actor=actor)
    if state is RequestState.OPEN:
        raise BadInputError(message("Choose how it ended."), field="state")
    if not request.received_on <= on <= today:
        raise BadInputError(
            message("The day lies between the one it came in and today."), field="answered_on"
        )
    request.state, request.answer = state, _needed(text, "text")
    request.answered_on, request.answered_by_id = on, actor.user_id
    session.flush()
    _told(session, f"rights.{state.value}", request, actor, on=on)
    return request


def _needed(text: str, field: str) -> str:
    if not text.strip():
        raise BadInputError(message("Write it in a few words: the person is told."), field=field)
    _check_length(field, text, WORDS_MAX)
    return text.strip()


# --- correcting ---------------------------------------------------------------------------------


def correct(session: Session, request_id: UUID, *, name: str, email: str, actor: Actor) -> User:
    """Correct a person's own name and e-mail; the audit trail tells which of them, never what.

    An invitation that had gone to another e-mail ends.

    It cannot forget: a name in it would outlive the pseudonym that takes her name's place.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle.
        ConflictError: it asks for no correction, speaks of no account or of a pseudonym, was
            ended, or nothing is different.
        BadInputError: as `memberships.write`.
    """
    request = handled(session, request_id, actor=actor)
    if request.kind is not RequestKind.RECTIFICATION:
        raise ConflictError(message("This request asks for no correction."))
    user = request.user
    if user is None:
        raise ConflictError(message("This request is about nobody who has an account here."))
    require_named(user)
    before, reference = {"name": user.name, "email": user.email}, user.reference
    memberships.write(session, user, PersonInput(name, email, reference or ""))
    user.reference = reference  # no correction gives her an id
    different = [field for field, value in before.items() if getattr(user, field) != value]
    if not different:
        raise ConflictError(message("Nothing is different from what stands there."))
    invitations.end_sent_elsewhere(session, [user.id], actor=actor)
    audit.record(
        session,
        "person.corrected",
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=user.id,
        request=request.id,
        fields=sorted(different),
    )
    return user


# --- each verb ----------------------------------------------------------------------------------


def _locked(session: Session, request_id: UUID, actor: Actor) -> RightsRequest:
    request = locked(session, RightsRequest, request_id)
    if request is None:
        raise access.not_found()
    access.require(actor, Action.RIGHTS_HANDLE, request.as_thing())
    return request


def handled(session: Session, request_id: UUID, *, actor: Actor) -> RightsRequest:
    """Return the request, held, when `actor` handles it and it waits for its answer.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to handle. ConflictError: it was ended.
    """
    return _still_open(_locked(session, request_id, actor))


def open_for(session: Session, request_id: UUID, *, actor: Actor) -> RightsRequest:
    """Return it as `handled` does, for reading: nobody has to wait."""
    action = Action.RIGHTS_HANDLE
    return _still_open(request_for(session, request_id, actor=actor, action=action))


def _still_open(request: RightsRequest) -> RightsRequest:
    if not request.is_open:
        raise ConflictError(message("This request was ended and stays as it was."))
    return request


def child_of(session: Session, request: RightsRequest) -> Child | None:
    """Return the child of whom a request speaks; None where she is on no list (any more)."""
    if request.class_group_id is None or request.number_left_on is not None:
        return None
    rows = sa.select(Child).where(
        Child.class_group_id == request.class_group_id, Child.list_number == request.list_number
    )
    return session.scalars(rows).one_or_none()


def reason_of(request_id: UUID) -> str:
    """Return the reason that certificates of what a request asked to delete give."""
    return f"{BY_REQUEST}{request_id}"


def _told(
    session: Session, action: str, request: RightsRequest, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="rights_request",
        thing_id=request.id,
        kind=request.kind.value,
        **details,
    )


def about_whom(request: RightsRequest) -> Message | str:
    """Return of whom a request speaks, in words."""
    if request.user is not None:
        return request.user.name
    if request.class_group is not None:
        group = request.class_group
        if request.number_left_on is not None:
            return message(
                "Child number %(number)s of %(group)s (%(school)s), in the list until %(day)s",
                number=request.list_number,
                group=group.name,
                school=group.school.name,
                day=request.number_left_on.isoformat(),
            )
        return message(
            "Child number %(number)s of %(group)s (%(school)s)",
            number=request.list_number,
            group=group.name,
            school=group.school.name,
        )
    return request.who
