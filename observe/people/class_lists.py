"""Class lists: the children of a class group by list number, and their names in what is written.

A list is typed or pasted as text, a child a line: `12 Sofía M.`, or the number alone. Its names are
for one purpose: to warn whoever writes one of them into a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import Child, ClassGroup
from observe.text import WORD, Message, message, plain

LONGEST_NAME: Final = 60
MOST_CHILDREN: Final = 80
LARGEST_NUMBER: Final = 999
SHORTEST_WORD: Final = 3  # `Ana` is a name to warn of; an initial is not
Removal = Callable[[Session, Child], Message | None]
Renaming = Callable[[Session, Child, str], Message | None]
GroupRemoval = Callable[[Session, UUID], Message | None]
Written = Callable[[Session, UUID], None]
Leaving = Callable[[Session, Child], None]
_removals: list[Removal] = []
_renamings: list[Renaming] = []
_group_removals: list[GroupRemoval] = []
_listeners: list[Written] = []
_leavings: list[Leaving] = []
_LINE: Final = re.compile(r"(?:(\d{1,3})(?![.\-]?\d)[\s.;,)\-]*)?(.*)")
_OTHER_NUMBER: Final = re.compile(r"^\d|\d[\d.\-]{3}")  # one too large for a list, or a RUT


def before_removal(function: Removal) -> Removal:
    """Mark a function of a room above that says why a child may not be taken off its list."""
    _removals.append(function)
    return function


def before_another(function: Renaming) -> Renaming:
    """Mark a function of a room above that says why a number may not become another child's."""
    _renamings.append(function)
    return function


def before_group_removal(function: GroupRemoval) -> GroupRemoval:
    """Mark a function of a room above that says why a class group may not be removed."""
    _group_removals.append(function)
    return function


def when_number_left(function: Leaving) -> Leaving:
    """Mark a function of a room above to be told of a child whose number is hers no longer."""
    _leavings.append(function)
    return function


def when_written(function: Written) -> Written:
    """Mark a function of a room above to be told that a class list was written."""
    _listeners.append(function)
    return function


def class_list(session: Session, class_group_id: UUID, *, actor: Actor) -> list[Child]:
    """Return the children of a class group by list number.

    Raises:
        NotFoundError: there is no such class group for this actor.
    """
    _required(session, class_group_id, actor)
    return _children(session, class_group_id)


def _children(session: Session, class_group_id: UUID) -> list[Child]:
    """Return the children by list number, read anew by who waited for the class group."""
    rows = sa.select(Child).where(Child.class_group_id == class_group_id)
    read_anew = rows.order_by(Child.list_number).execution_options(populate_existing=True)
    return list(session.scalars(read_anew))


def hold(session: Session, class_group_id: UUID) -> None:
    """Hold a class group until the session ends: what is answered for its children waits.

    Whoever writes the list, or an answer for a child on it, calls it before reading either.
    """
    locked(session, ClassGroup, class_group_id)


def write_class_list(session: Session, class_group_id: UUID, text: str, *, actor: Actor) -> int:
    """Make `text` the class list, a child a line; return how many there are.

    A child that keeps its list number stays the same child: its name may be written better, but a
    list that was counted anew does not give one child what another's family answered.

    Raises:
        NotFoundError: there is no such class group for this actor.
        InvalidError: some lines cannot be taken, or a child must stay; each is told, and nothing
            changes.
    """
    _required(session, class_group_id, actor)
    wanted = parse(text)
    hold(session, class_group_id)
    known = {child.list_number: child for child in _children(session, class_group_id)}
    _refuse(_removed(session, known, wanted) + _renamed(session, known, wanted))
    for number, before in known.items():
        if number not in wanted or is_another(before.name, wanted[number]):
            for leaving in _leavings:
                leaving(session, before)
    for number in known.keys() - wanted.keys():
        session.delete(known[number])
    for number, name in wanted.items():
        child = known.get(number)
        if child is None:
            session.add(Child(class_group_id=class_group_id, list_number=number, name=name))
        else:
            child.name = name
    _tell(session, class_group_id)
    audit.record(
        session,
        "class_list.write",
        actor_id=actor.user_id,
        thing_kind="class_group",
        thing_id=class_group_id,
        children=len(wanted),
    )
    return len(wanted)


def _tell(session: Session, class_group_id: UUID) -> None:
    session.flush()
    for listener in _listeners:
        listener(session, class_group_id)


def put_right(session: Session, child: Child, *, list_number: int, name: str | None) -> None:
    """Give a child its right list number, and a name (None: as it is); whoever calls asked access.

    It stays the same child, with its answers.

    Raises:
        BadInputError: that is no list number, or the name is too long; `field` names it.
        ConflictError: another child of the class has that number.
        NotFoundError: it was taken off its list meanwhile.
    """
    if not 0 < list_number <= LARGEST_NUMBER:
        raise BadInputError(message("Write the child's list number."), field="list_number")
    if name is not None and len(name) > LONGEST_NAME:
        told = message("Use at most %(limit)s characters.", limit=LONGEST_NAME)
        raise BadInputError(told, field="name")
    hold(session, child.class_group_id)
    if locked(session, Child, child.id) is None:
        raise access.not_found()
    other = sa.select(Child.id).where(
        Child.class_group_id == child.class_group_id,
        Child.list_number == list_number,
        Child.id != child.id,
    )
    if session.scalar(other) is not None:
        raise ConflictError(message("Another child of this class has that list number."))
    child.list_number = list_number
    if name is not None:
        child.name = name.strip()
    _tell(session, child.class_group_id)


def is_another(before: str, after: str) -> bool:
    """Tell whether two names of a line are not those of one child: neither is the other, longer.

    Initials stand for what begins with them; a line without a name says nothing of it.

    >>> is_another("Sofia", "Sofía Muñoz"), is_another("S. M.", "Sofía M."), is_another("", "Ana")
    (False, False, False)
    >>> is_another("Luis", "Antonia"), is_another("Sofía M.", "Sofía P.")
    (True, True)
    """
    one, other = ([plain(word) for word in WORD.findall(name)] for name in (before, after))
    fewer, more = sorted((one, other), key=len)
    return not all(any(a.startswith(b) or b.startswith(a) for b in more) for a in fewer)


def _removed(session: Session, known: dict[int, Child], wanted: dict[int, str]) -> list[Message]:
    gone = [known[number] for number in sorted(known.keys() - wanted.keys())]
    return [why for each in gone for asked in _removals if (why := asked(session, each))]


def _renamed(session: Session, known: dict[int, Child], wanted: dict[int, str]) -> list[Message]:
    both = [(known[number], wanted[number]) for number in sorted(known.keys() & wanted.keys())]
    others = [(before, name) for before, name in both if is_another(before.name, name)]
    return [
        why
        for before, name in others
        for asked in _renamings
        if (why := asked(session, before, name))
    ]


def _refuse(told: list[Message]) -> None:
    if told:
        raise InvalidError(message("Some lines of the list cannot be taken."), told)


def remove_with_group(session: Session, class_group_id: UUID) -> int:
    """Remove a class list, of a group that goes with it; return how many were on it.

    Raises:
        ConflictError: something hangs on the group, or on a child of it.
    """
    for ask_group in _group_removals:
        if (why := ask_group(session, class_group_id)) is not None:
            raise ConflictError(why)
    children = {child.list_number: child for child in _children(session, class_group_id)}
    if _removed(session, children, {}):
        raise ConflictError(
            message("Consents are registered for children of this class group: it stays.")
        )
    for child in children.values():
        session.delete(child)
    session.flush()
    return len(children)


def _required(session: Session, class_group_id: UUID, actor: Actor) -> ClassGroup:
    group = session.get(ClassGroup, class_group_id)
    if group is None:
        raise access.not_found()
    access.require(actor, Action.CLASS_LIST, _school(group))
    return group


def _school(group: ClassGroup) -> access.Thing:
    return access.Thing("school", id=group.school_id, school_ids=frozenset({group.school_id}))


def parse(text: str) -> dict[int, str]:
    r"""Return list number → name; a line without a number takes the next one.

    Raises:
        InvalidError: a number twice, a name too long, another number than that of the list (it may
            be a RUT, which is no name), or too many lines.

    >>> parse("Ana\n12 Sofía M.\n\n13")
    {1: 'Ana', 12: 'Sofía M.', 13: ''}
    """
    found: dict[int, str] = {}
    problems: list[Message] = []
    for line, number, name in _lines(text):
        at = max(found, default=0) + 1 if number is None else number
        if not 0 < at <= LARGEST_NUMBER or _OTHER_NUMBER.search(name):
            problems.append(
                message(
                    "Line %(line)s: write the list number (1 to %(most)s) and then the name, "
                    "without any other number, such as the RUT.",
                    line=line,
                    most=LARGEST_NUMBER,
                )
            )
            continue
        if at in found:
            problems.append(message("The list number %(number)s stands twice.", number=at))
        if len(name) > LONGEST_NAME:
            problems.append(message("“%(name)s” is too long for a name.", name=name[:20] + "…"))
        found[at] = name
    if len(found) > MOST_CHILDREN:
        problems.append(message("A class has at most %(most)s children here.", most=MOST_CHILDREN))
    if problems:
        raise InvalidError(message("Some lines of the list cannot be taken."), problems)
    return found


def _lines(text: str) -> Iterable[tuple[int, int | None, str]]:
    """Yield each line's place in the text, the list number it begins with, and the name."""
    for place, line in enumerate(text.splitlines(), 1):
        matched = _LINE.fullmatch(line.strip().replace("\x00", ""))
        if matched is not None and (matched[1] or matched[2]):
            yield place, int(matched[1]) if matched[1] else None, matched[2].strip()


def names_of(session: Session, class_group_id: UUID, *, actor: Actor) -> frozenset[str]:
    """Return the plain words of the names in a class list that are long enough to be warned of.

    There are none for who may not see the list.
    """
    group = session.get(ClassGroup, class_group_id)
    if group is None or not access.can(actor, Action.CLASS_LIST, _school(group)):
        return frozenset()
    rows = sa.select(Child.name).where(Child.class_group_id == class_group_id)
    words = (word for name in session.scalars(rows) for word in WORD.findall(name))
    return frozenset(plain(word) for word in words if len(word) >= SHORTEST_WORD)
