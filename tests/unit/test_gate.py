"""One rule says whether a film may be used; a child without consent who is seen always locks it."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from observe.privacy import gate, retention
from observe.privacy.gate import Answered, Count, Facts, Lock, Place, decide

ALLOWED, REFUSED, SILENT = (True, True), (False, True), (False, False)


def _facts(
    *answers: tuple[bool, bool],
    stated: bool = True,
    educator: bool | None = True,
    count: Count | None = None,
) -> Facts:
    children = tuple(Answered(n, *answer) for n, answer in enumerate(answers, 1))
    return Facts(stated, children, educator, count)


def test_the_examples_in_the_text_are_true() -> None:
    for module in (gate, retention):
        ran = doctest.testmod(module)
        assert (ran.failed, ran.attempted > 0) == (0, True)


def test_a_class_without_answers_by_child_is_stated_once() -> None:
    assert decide(_facts(SILENT, SILENT, educator=None)).is_open
    assert decide(_facts(stated=False, educator=None)).lock is Lock.UNSTATED
    assert decide(_facts(educator=False)).lock is Lock.EDUCATOR


def test_when_all_allow_it_the_statement_is_enough() -> None:
    assert decide(_facts(ALLOWED, ALLOWED)).is_open
    assert decide(_facts(ALLOWED, ALLOWED, stated=False)).lock is Lock.UNCOUNTED
    assert decide(_facts(ALLOWED, ALLOWED, educator=None)).lock is Lock.EDUCATOR


def test_who_is_missing_must_be_looked_for_in_the_film() -> None:
    verdict = decide(_facts(ALLOWED, REFUSED, SILENT))
    assert (verdict.lock, verdict.numbers) == (Lock.UNCOUNTED, (2, 3))
    assert "2, 3" in str(verdict.reason)
    half = Count(1, {2: Place.ABSENT})
    assert decide(_facts(ALLOWED, REFUSED, SILENT, count=half)).numbers == (3,)
    whole = Count(1, {2: Place.ABSENT, 3: Place.UNSEEN})
    assert decide(_facts(ALLOWED, REFUSED, SILENT, count=whole)).is_open
    seen = Count(2, {2: Place.SEEN, 3: Place.UNSEEN})
    assert decide(_facts(ALLOWED, REFUSED, SILENT, count=seen)).lock is Lock.CHILD


def test_more_children_than_consents_lock_it() -> None:
    crowd = Count(2, {2: Place.ABSENT})
    assert decide(_facts(ALLOWED, REFUSED, count=crowd)).lock is Lock.MORE_SEEN


_answers = st.lists(st.sampled_from([ALLOWED, REFUSED, SILENT]), max_size=8)
_places = st.dictionaries(st.integers(1, 8), st.sampled_from(Place))
_counts = st.none() | st.builds(Count, st.integers(0, 9), _places)


@given(_answers, st.booleans(), st.none() | st.booleans(), _counts)
def test_nobody_without_consent_is_ever_seen_in_an_open_film(
    answers: list[tuple[bool, bool]], stated: bool, educator: bool | None, count: Count | None
) -> None:
    facts = _facts(*answers, stated=stated, educator=educator, count=count)
    verdict = decide(facts)
    assert (verdict.reason is None) == verdict.is_open
    if verdict.is_open and facts.by_child:
        assert facts.educator
        assert all(not gate.seen_of(facts.count, number) for number in facts.without)
        if facts.count is None:
            assert facts.stated
