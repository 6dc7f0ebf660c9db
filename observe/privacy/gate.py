"""May a film be used: one rule decides it, and says why not and what to do. Pure.

Where no answer of a class is registered by child, a person states once for a film that the papers
are on file. As soon as one is, the children count: who is seen in the film without a consent keeps
it locked, until it is covered, counted anew, or deleted.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from observe.text import Message, message


class Lock(enum.StrEnum):
    """Why a film is locked."""

    UNSTATED = "unstated"
    UNCOUNTED = "uncounted"
    EDUCATOR = "educator"
    CHILD = "child"
    MORE_SEEN = "more_seen"


class Place(enum.StrEnum):
    """Where a child without consent was, as whoever looked at the film says."""

    ABSENT = "absent"
    UNSEEN = "unseen"  # there, but out of the picture, or covered and checked
    SEEN = "seen"


@dataclass(frozen=True)
class Answered:
    """One child of the list: whether all that is asked for was allowed.

    `registered`: there is an answer at all, be it a refusal.
    """

    number: int
    allowed: bool
    registered: bool


@dataclass(frozen=True)
class Count:
    """How many children are seen in a film, and where those without consent were, by number."""

    visible: int
    places: dict[int, Place]


@dataclass(frozen=True)
class Facts:
    """What is known of a film. `educator`: what she answered; None is no answer at all."""

    stated: bool
    children: tuple[Answered, ...]
    educator: bool | None
    count: Count | None

    @property
    def by_child(self) -> bool:
        """Whether answers are registered by child; before, one statement speaks for all."""
        return any(child.registered for child in self.children)

    @property
    def without(self) -> tuple[int, ...]:
        """The list numbers of those who did not allow it, or took it back, or never answered."""
        return tuple(child.number for child in self.children if not child.allowed)


@dataclass(frozen=True)
class Verdict:
    """Whether a film may be used; `numbers` are the list numbers that stand in the way."""

    lock: Lock | None
    numbers: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing stands in the way."""
        return self.lock is None

    @property
    def reason(self) -> Message | None:
        """Return why it is locked and what to do, as a sentence."""
        if self.lock is None:
            return None
        if self.numbers:
            told = ", ".join(str(number) for number in self.numbers)
            return Message(_WITH_NUMBERS[self.lock].source, {"numbers": told})
        return REASONS[self.lock]


OPEN: Final = Verdict(None)


def decide(facts: Facts) -> Verdict:
    """Return whether a film with these facts may be used, and if not, the first thing to mend.

    >>> decide(Facts(True, (), None, None)).is_open  # a class without a list: the statement holds
    True
    >>> family = (Answered(1, True, True), Answered(2, False, True))
    >>> decide(Facts(True, family, True, None)).lock
    <Lock.UNCOUNTED: 'uncounted'>
    >>> decide(Facts(True, family, True, Count(1, {2: Place.ABSENT}))).is_open
    True
    >>> decide(Facts(True, family, True, Count(2, {2: Place.SEEN})))
    Verdict(lock=<Lock.CHILD: 'child'>, numbers=(2,))
    """
    if facts.educator is False or (facts.by_child and facts.educator is None):
        return Verdict(Lock.EDUCATOR)
    if not facts.by_child:
        return OPEN if facts.stated else Verdict(Lock.UNSTATED)
    return _by_child(facts)


def _by_child(facts: Facts) -> Verdict:
    without, count = facts.without, facts.count
    if count is None:
        return OPEN if facts.stated and not without else Verdict(Lock.UNCOUNTED, without)
    unknown = tuple(number for number in without if number not in count.places)
    if unknown:
        return Verdict(Lock.UNCOUNTED, unknown)
    seen = tuple(number for number in without if count.places[number] is Place.SEEN)
    if seen:
        return Verdict(Lock.CHILD, seen)
    if count.visible > sum(child.allowed for child in facts.children):
        return Verdict(Lock.MORE_SEEN)
    return OPEN


def seen_of(count: Count | None, number: int) -> bool:
    """Tell whether a child may be seen in a film: what nobody looked at may show everybody."""
    return count is None or count.places.get(number, Place.SEEN) is Place.SEEN


def numbers_of(verdicts: Iterable[Verdict]) -> tuple[int, ...]:
    """Return all list numbers that stand in the way, in order."""
    return tuple(sorted({number for each in verdicts for number in each.numbers}))


REASONS: Final[dict[Lock, Message]] = {
    Lock.UNSTATED: message("This video is locked: state first that the consents are on file."),
    Lock.UNCOUNTED: message("This video is locked: say first how many children are seen in it."),
    Lock.EDUCATOR: message("This video is locked: the educator's own consent is not on file."),
    Lock.CHILD: message("This video is locked: a child without consent is seen in it."),
    Lock.MORE_SEEN: message(
        "This video is locked: more children are seen in it than consents are on file."
    ),
}
_WITH_NUMBERS: Final[dict[Lock, Message]] = {
    Lock.UNCOUNTED: message(
        "This video is locked: say first whether these children without consent are seen in it "
        "(list numbers %(numbers)s)."
    ),
    Lock.CHILD: message(
        "This video is locked: children without consent are seen in it (list numbers %(numbers)s). "
        "Register their consent, use a video in which they are covered, or delete this one."
    ),
}
