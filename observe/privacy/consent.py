"""Registering what families and educators answered, and taking it back.

The newest answer to a scope counts. Rooms above that depend on it register in `when_changed` and
are told in the same transaction, so that nothing is open for a moment longer than it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from observe import jobs
from observe.db import locked, today
from observe.errors import BadInputError, ConflictError
from observe.people import access, audit, class_lists
from observe.people.access import Action, Actor
from observe.people.directory import work_thing
from observe.people.models import Child, ClassGroup, User
from observe.privacy.gate import Answered
from observe.privacy.models import Consent, Revocation
from observe.privacy.scopes import Channel, Scope
from observe.text import Message, message

REVOKE: Final = "privacy.revoke"  # the job that reaches what was made under a consent
LONGEST_VERSION: Final = 40


@dataclass(frozen=True)
class How:
    """By which way answers came, to which text, and when."""

    channel: Channel
    text_version: str
    given_on: date

    def check(self) -> None:
        """Return when this can be registered; raises `BadInputError` with the field's name."""
        if not self.text_version.strip():
            raise BadInputError(
                message("Write which text was signed, as it stands at the foot of the paper."),
                field="text_version",
            )
        if len(self.text_version) > LONGEST_VERSION:
            raise BadInputError(
                message("Use at most %(limit)s characters.", limit=LONGEST_VERSION),
                field="text_version",
            )
        _check_day(self.given_on)


def _check_day(day: date) -> None:
    if day > today():
        raise BadInputError(message("This day is in the future."), field="given_on")


@dataclass(frozen=True)
class Subject:
    """Of whom an answer is: a child of a list, or an educator herself."""

    child: Child | None = None
    educator: User | None = None

    @property
    def ids(self) -> dict[str, UUID]:
        """Return the column that names it, and its value."""
        if self.child is not None:
            return {"child_id": self.child.id}
        if self.educator is not None:
            return {"educator_id": self.educator.id}
        raise ValueError("an answer of nobody")


@dataclass(frozen=True)
class Standing:
    """What counts today for one child or educator: the newest answer to each scope."""

    answers: Mapping[Scope, Consent]

    @property
    def registered(self) -> bool:
        """Whether there is an answer at all."""
        return bool(self.answers)

    def allows(self, scopes: Iterable[Scope]) -> bool:
        """Tell whether all of `scopes` are allowed and none was taken back."""
        return all(self.state(scope) is True for scope in scopes)

    def state(self, scope: Scope) -> bool | None:
        """Return whether a scope is allowed now; None where nobody answered."""
        found = self.answers.get(scope)
        return None if found is None else found.granted and found.revocation_id is None

    @property
    def latest(self) -> Consent | None:
        """Return the answer registered last."""
        return max(self.answers.values(), key=lambda each: each.id, default=None)

    @property
    def revocation(self) -> Revocation | None:
        """Return what took a standing answer back last."""
        found = [each.revocation for each in self.answers.values() if each.revocation]
        return max(found, key=lambda each: each.id, default=None)


Changed = Callable[[Session, frozenset[UUID], frozenset[UUID]], None]
_listeners: list[Changed] = []


def when_changed(function: Changed) -> Changed:
    """Mark a function to be told which class groups' and which educators' answers changed."""
    _listeners.append(function)
    return function


def _tell(session: Session, groups: Iterable[UUID] = (), educators: Iterable[UUID] = ()) -> None:
    """Tell the rooms above; before the audit entry, for which who holds a film may be waiting."""
    session.flush()
    for listener in _listeners:
        listener(session, frozenset(groups), frozenset(educators))


def changed(session: Session, child: Child | None, educator: User | None) -> None:
    """Tell the rooms above that answers of these changed."""
    _tell(
        session,
        [child.class_group_id] if child is not None else [],
        [educator.id] if educator is not None else [],
    )


# --- what counts --------------------------------------------------------------------------------


def standings_of(session: Session, class_group_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Return what counts for each child of these class groups, by the child's id."""
    ids = list(class_group_ids)
    children = session.scalars(sa.select(Child.id).where(Child.class_group_id.in_(ids)))
    found: dict[UUID, dict[Scope, Consent]] = {child_id: {} for child_id in children}
    rows = (
        sa.select(Consent)
        .join(Child, Child.id == Consent.child_id)
        .where(Child.class_group_id.in_(ids))
        .options(joinedload(Consent.revocation))
        .order_by(Consent.id)
        .execution_options(populate_existing=True)
    )
    for row in session.scalars(rows):
        if row.child_id is not None:
            found[row.child_id][row.scope] = row
    return {child_id: Standing(answers) for child_id, answers in found.items()}


def educator_standing(session: Session, educator_id: UUID) -> Standing:
    """Return what counts of the educator's own answers."""
    rows = (
        sa.select(Consent)
        .where(Consent.educator_id == educator_id)
        .options(joinedload(Consent.revocation))
        .order_by(Consent.id)
        .execution_options(populate_existing=True)
    )
    return Standing({row.scope: row for row in session.scalars(rows)})


def answered(
    session: Session, class_group_id: UUID, scopes: Iterable[Scope]
) -> tuple[tuple[Child, Answered], ...]:
    """Return each child of the list with whether all of `scopes` are allowed, by list number."""
    wanted = frozenset(scopes)
    standings = standings_of(session, [class_group_id])
    children = session.scalars(
        sa.select(Child).where(Child.class_group_id == class_group_id).order_by(Child.list_number)
    )
    return tuple(
        (
            child,
            Answered(
                child.list_number,
                standings[child.id].allows(wanted),
                standings[child.id].registered,
            ),
        )
        for child in children
    )


def educator_allows(session: Session, educator_id: UUID, scopes: Iterable[Scope]) -> bool | None:
    """Return whether the educator allows all of `scopes`; None where she never answered."""
    found = educator_standing(session, educator_id)
    return found.allows(scopes) if found.registered else None


# --- who may ------------------------------------------------------------------------------------


def group_for(session: Session, class_group_id: UUID, *, actor: Actor) -> ClassGroup:
    """Return the class group whose answers `actor` may see and register.

    Raises:
        NotFoundError, NotAllowedError: she may not.
    """
    group = session.get(ClassGroup, class_group_id)
    if group is None:
        raise access.not_found()
    thing = access.Thing("school", group.school_id, school_ids=frozenset({group.school_id}))
    access.require(actor, Action.CONSENT_REGISTER, thing)
    return group


def child_for(session: Session, child_id: UUID, *, actor: Actor) -> Subject:
    """Return the child whose answers `actor` may see and register; raises as `group_for`."""
    child = session.get(Child, child_id)
    if child is None:
        raise access.not_found()
    group_for(session, child.class_group_id, actor=actor)
    return Subject(child=child)


def educator_for(session: Session, user_id: UUID, *, actor: Actor) -> Subject:
    """Return the educator whose own answers `actor` may see and register.

    Raises:
        NotFoundError, NotAllowedError: she may not.
    """
    user = session.get(User, user_id)
    if user is None:
        raise access.not_found()
    access.require(actor, Action.CONSENT_OWN, work_thing(user, today()))
    return Subject(educator=user)


def _hold(session: Session, subject: Subject) -> None:
    """Hold of whom an answer is: of two who write at once, the second acts on what the first did.

    Of a child it is the whole class, so that its list number stays its own meanwhile.
    """
    if subject.child is not None:
        class_lists.hold(session, subject.child.class_group_id)
    elif subject.educator is not None:
        locked(session, User, subject.educator.id)


# --- registering --------------------------------------------------------------------------------


def register_class(
    session: Session,
    class_group_id: UUID,
    answers: Mapping[UUID, frozenset[Scope]],
    how: How,
    *,
    actor: Actor,
    shown: Mapping[UUID, str] | None = None,
) -> int:
    """Register what came in for children of a class: by child, what is allowed of all scopes.

    What is not allowed is a refusal. `shown` are the names that stood beside the answers: the list
    may have been written anew since. Return how many children it is.

    Raises:
        NotFoundError, NotAllowedError: the class, or a child, is not hers.
        BadInputError: the way it came cannot be registered, or the paper is older than a no
            (`field` names what); or a number is another child's than it was shown.
    """
    how.check()
    group_for(session, class_group_id, actor=actor)
    class_lists.hold(session, class_group_id)
    known = set(session.scalars(sa.select(Child.id).where(Child.class_group_id == class_group_id)))
    if answers.keys() - known:
        raise access.not_found()
    for told in _others(session, answers, shown or {}):
        raise BadInputError(told)
    for told in outdated(session, answers, how.given_on):
        raise BadInputError(told, field="given_on")
    for child_id, granted in answers.items():
        _add(session, {"child_id": child_id}, granted, how, actor)
    _tell(session, groups=[class_group_id])
    for child_id, granted in answers.items():
        _on_file(session, "consent.registered", "child", child_id, actor, granted)
    return len(answers)


def register_educator(
    session: Session, user_id: UUID, granted: frozenset[Scope], how: How, *, actor: Actor
) -> None:
    """Register the educator's own answer.

    Raises:
        NotFoundError, NotAllowedError: she is not the actor's. BadInputError: as `register_class`.
    """
    how.check()
    _hold(session, educator_for(session, user_id, actor=actor))
    of_hers = Consent.educator_id == user_id
    since = _said_no(_noes(session, of_hers).get(user_id, ()), granted, how.given_on)
    if since is not None:
        raise BadInputError(
            message(
                "She said no to what is signed up to %(day)s: what she allows again needs a newer "
                "paper.",
                day=since.isoformat(),
            ),
            field="given_on",
        )
    _add(session, {"educator_id": user_id}, granted, how, actor)
    _tell(session, educators=[user_id])
    _on_file(session, "consent.registered", "person", user_id, actor, granted)


def _others(
    session: Session, answers: Mapping[UUID, object], shown: Mapping[UUID, str]
) -> Iterator[Message]:
    """Yield of which children another name stands in the list than the one that was shown."""
    rows = sa.select(Child).where(Child.id.in_(list(answers))).order_by(Child.list_number)
    for child in session.scalars(rows.execution_options(populate_existing=True)):
        if class_lists.is_another(shown.get(child.id, ""), child.name):
            yield message(
                "List number %(number)s is now «%(name)s»: the list was changed since you opened "
                "this page. Look at each number again, then register.",
                number=child.list_number,
                name=child.name,
            )


def outdated(
    session: Session, answers: Mapping[UUID, frozenset[Scope]], given_on: date
) -> list[Message]:
    """Return of whom a paper of `given_on` allows what was refused since, a sentence each.

    An old paper that is found, or a table that comes in a second time, opens nothing again.
    """
    children = session.scalars(
        sa.select(Child).where(Child.id.in_(list(answers))).order_by(Child.list_number)
    )
    noes = _noes(session, Consent.child_id.in_(list(answers)))
    found = (
        (child, _said_no(noes.get(child.id, ()), answers[child.id], given_on)) for child in children
    )
    return [
        message(
            "List number %(number)s: its family said no to what is signed up to %(day)s. What they "
            "allow again needs a newer paper.",
            number=child.list_number,
            day=since.isoformat(),
        )
        for child, since in found
        if since is not None
    ]


def _noes(session: Session, whose: sa.ColumnElement[bool]) -> dict[UUID, list[Consent]]:
    """Return every refusal and all that was taken back, by whom it is of."""
    no = sa.or_(Consent.granted.is_(False), Consent.revocation_id.is_not(None))
    rows = sa.select(Consent).where(whose, no).options(joinedload(Consent.revocation))
    found: dict[UUID, list[Consent]] = {}
    for row in session.scalars(rows.execution_options(populate_existing=True)):
        found.setdefault(row.child_id or row.educator_id or row.id, []).append(row)
    return found


def _said_no(noes: Iterable[Consent], granted: frozenset[Scope], on: date) -> date | None:
    """Return up to which day papers that allow `granted` count no more; None: one of `on` counts.

    A refusal may be put right by a paper of its own day. What was taken back stays taken back, also
    where the no came in before the day on the paper that it is about.
    """
    said = [
        max(row.revocation.revoked_on, row.given_on) if row.revocation else row.given_on
        for row in noes
        if row.scope in granted and (row.revocation is not None or row.given_on > on)
    ]
    last = max(said, default=None)
    return last if last is not None and last >= on else None


def _add(
    session: Session, of: Mapping[str, UUID], granted: frozenset[Scope], how: How, actor: Actor
) -> None:
    session.add_all(
        Consent(
            **of,
            scope=scope,
            granted=scope in granted,
            channel=how.channel,
            text_version=how.text_version.strip(),
            given_on=how.given_on,
            registered_by_id=actor.user_id,
        )
        for scope in Scope
    )


def _on_file(
    session: Session,
    action: str,
    kind: str,
    thing_id: UUID,
    actor: Actor,
    scopes: Iterable[Scope],
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind=kind,
        thing_id=thing_id,
        scopes=sorted(scope.value for scope in scopes),
    )


# --- taking back --------------------------------------------------------------------------------


def revoke(
    session: Session,
    subject: Subject,
    scopes: Iterable[Scope],
    *,
    on: date,
    channel: Channel,
    actor: Actor,
) -> Revocation:
    """Take back what was allowed: films lock at once, and a job deletes what was made of them.

    `subject` comes from `child_for` or `educator_for`, which asked whether it is the actor's.

    Raises:
        BadInputError: the day is in the future. ConflictError: nothing of it is allowed now.
    """
    _check_day(on)
    _hold(session, subject)
    standing = _standing(session, subject)
    wanted = frozenset(scopes)
    taken = [row for scope, row in standing.answers.items() if scope in wanted]
    taken = [row for row in taken if row.granted and row.revocation_id is None]
    if not taken:
        raise ConflictError(
            message("Choose something that is allowed now: only that can be revoked.")
        )
    revocation = Revocation(**subject.ids, revoked_on=on, channel=channel, by_id=actor.user_id)
    session.add(revocation)
    session.flush()
    for row in taken:
        row.revocation_id = revocation.id
    kind = "child" if subject.child is not None else "person"
    (of,) = subject.ids.values()
    changed(session, subject.child, subject.educator)
    _on_file(session, "consent.revoked", kind, of, actor, [row.scope for row in taken])
    jobs.enqueue(session, REVOKE, revocation.id)
    return revocation


def _standing(session: Session, subject: Subject) -> Standing:
    if subject.child is not None:
        return standings_of(session, [subject.child.class_group_id])[subject.child.id]
    if subject.educator is not None:
        return educator_standing(session, subject.educator.id)
    raise ValueError("an answer of nobody")


def standing_of(session: Session, subject: Subject) -> Standing:
    """Return what counts today for a child or an educator."""
    return _standing(session, subject)


def history_of(session: Session, subject: Subject) -> list[Consent]:
    """Return all answers there ever were, the newest first."""
    ((column, of),) = subject.ids.items()
    rows = sa.select(Consent).where(getattr(Consent, column) == of)
    loaded = rows.options(joinedload(Consent.revocation), joinedload(Consent.registered_by))
    return list(session.scalars(loaded.order_by(Consent.id.desc())))


# --- class lists --------------------------------------------------------------------------------


@class_lists.before_removal
def _stays(session: Session, child: Child) -> Message | None:
    """Say why a child with answers on file stays on its list."""
    if not _has_answers(session, child):
        return None
    return message(
        "List number %(number)s has consents on file: its line stays, even if the child has left.",
        number=child.list_number,
    )


@class_lists.before_another
def _keeps_its_number(session: Session, child: Child, name: str) -> Message | None:
    """Say why the number of a child with answers on file does not become another's."""
    if not _has_answers(session, child):
        return None
    return message(
        "List number %(number)s has consents of «%(before)s» on file, so it cannot become "
        "«%(after)s». Give other children numbers that are free. If it is the same child, keep "
        "the number once without a name, then write the new one.",
        number=child.list_number,
        before=child.name,
        after=name,
    )


def _has_answers(session: Session, child: Child) -> bool:
    known = sa.select(Consent.id).where(Consent.child_id == child.id).limit(1)
    return session.execute(known).first() is not None


@class_lists.when_written
def _list_changed(session: Session, class_group_id: UUID) -> None:
    _tell(session, groups=[class_group_id])
