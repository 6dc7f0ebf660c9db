"""Networks: schools that learn together. A role in a network is the role in each of its schools."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import audit
from observe.people.access import HOME, Action, Actor, not_found, require
from observe.people.models import Membership, Network, School
from observe.people.school_import import plain_rbd
from observe.people.sheets import clean
from observe.text import Message, message

LONGEST_NAME: Final = 80
MOST_SCHOOLS: Final = 500


def all_networks(session: Session, *, actor: Actor) -> list[Network]:
    """Return the networks, by name.

    Raises:
        NotFoundError, NotAllowedError: they are not the actor's to write.
    """
    require(actor, Action.NETWORK_EDIT, HOME)
    return list(session.scalars(sa.select(Network).order_by(Network.name)))


def write_network(
    session: Session, network_id: UUID | None, name: str, rbds: str, *, actor: Actor
) -> Network:
    """Write down a network and its schools, an RBD a line; without an id it is a new one.

    Raises:
        BadInputError: the name does not fit.
        ConflictError: another network has this name.
        InvalidError: lines name no school; all are told, and nothing changes.
        NotFoundError, NotAllowedError: it is not the actor's to write.
    """
    require(actor, Action.NETWORK_EDIT, HOME)
    network = Network(schools=[]) if network_id is None else session.get(Network, network_id)
    if network is None:
        raise not_found()
    network.name = _checked_name(session, name, network.id)
    network.schools = _schools(session, rbds)
    session.add(network)
    session.flush()
    _tell(session, "network.write", network, actor)
    return network


def remove_network(session: Session, network_id: UUID, *, actor: Actor) -> None:
    """Remove a network in which nobody has, or had, a role.

    Raises:
        ConflictError: somebody has.
        NotFoundError, NotAllowedError: it is not the actor's to remove.
    """
    require(actor, Action.NETWORK_EDIT, HOME)
    network = session.get(Network, network_id)
    if network is None:
        raise not_found()
    held = sa.select(Membership.id).where(Membership.network_id == network_id)
    if session.scalar(held.limit(1)) is not None:
        raise ConflictError(message("People have, or had, a role in this network, so it stays."))
    _tell(session, "network.remove", network, actor)
    session.delete(network)
    session.flush()


def _checked_name(session: Session, name: str, network_id: UUID | None) -> str:
    written = clean(name)
    if not 1 <= len(written) <= LONGEST_NAME:
        raise BadInputError(message("Write the name of the network."), field="name")
    same = sa.select(Network.id).where(Network.name == written, Network.id != network_id)
    with session.no_autoflush:
        if session.scalar(same.limit(1)) is not None:
            raise ConflictError(message("Another network has this name."))
    return written


def _schools(session: Session, rbds: str) -> list[School]:
    lines = [plain_rbd(part) for part in rbds.replace(",", "\n").splitlines() if part.strip()]
    if len(lines) > MOST_SCHOOLS:
        told = message("A network has at most %(most)s schools here.", most=MOST_SCHOOLS)
        raise BadInputError(told, field="rbds")
    with session.no_autoflush:
        found = {line: _school(session, line) for line in lines}
    problems: list[Message] = [
        message("There is no school %(rbd)s here.", rbd=line)
        for line, school in found.items()
        if school is None
    ]
    if problems:
        raise InvalidError(message("Some lines name no school. Nothing was changed."), problems)
    schools = {school.id: school for school in found.values() if school is not None}
    return list(schools.values())


def _school(session: Session, rbd: str) -> School | None:
    """Return the school with this RBD; its check digit may be left out."""
    named = School.rbd.startswith(f"{rbd}-") if rbd.isdigit() else School.rbd == rbd
    return session.scalars(sa.select(School).where(named).limit(1)).first()


def _tell(session: Session, action: str, network: Network, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="network",
        thing_id=network.id,
        schools=sorted(school.rbd for school in network.schools),
    )
