"""What rooms above coding keep beside an observation, and what of it must be there to submit it.

Coding may not import them, so they register here when they are loaded. A way in that forgot to
load one of them would submit without its check: it is refused loudly instead, as a mistake of
the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.coding.rules import Document
from observe.text import Message

EXPECTED: Final = frozenset({"cohort", "follow-up"})


def _nothing(*_arguments: object) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Beside:
    """What one room keeps beside an observation.

    `missing` says, a sentence each, what must be done before it can be submitted; () is ready.
    `submitted` is told of each that is, in the same transaction. `move` gives what is kept beside a
    draft that is discarded to the one that takes its place.
    """

    missing: Callable[[Session, Observation], Sequence[Message]] = _nothing
    submitted: Callable[[Session, Observation, Document], object] = _nothing
    move: Callable[[Session, Observation, Observation], object] = _nothing


_known: dict[str, Beside] = {}


class NotLoadedError(Exception):
    """The program was started without a room that has its say when an observation is submitted."""


def register(name: str, beside: Beside) -> None:
    """Make known what the room `name` keeps, when its module is loaded.

    Raises:
        ValueError: nobody expects it, so nobody would notice that it is not loaded.
    """
    if name not in EXPECTED:
        raise ValueError(f"add {name!r} to what is expected")
    _known[name] = beside


def missing(session: Session, observation: Observation) -> tuple[Message, ...]:
    """Return what the rooms above still ask for before `observation` can be submitted.

    Raises:
        NotLoadedError: one of them was not loaded.
    """
    return tuple(told for each in _all() for told in each.missing(session, observation))


def submitted(session: Session, observation: Observation, document: Document) -> None:
    """Tell the rooms above that an observation was submitted; raises as `missing`."""
    for each in _all():
        each.submitted(session, observation, document)


def move(session: Session, discarded: Observation, onto: Observation) -> None:
    """Give what is kept beside a draft that is discarded to another; raises as `missing`."""
    for each in _all():
        each.move(session, discarded, onto)


def _all() -> list[Beside]:
    if absent := EXPECTED - _known.keys():
        raise NotLoadedError(f"not loaded: {', '.join(sorted(absent))}")
    return [_known[name] for name in sorted(_known)]
