"""A cohort's mean as whoever reads it all the time sees it: nobody is told of a few educators."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from observe.feedback.counting import entering

FEWEST = 5
Submissions = list[tuple[int, str]]  # an educator, and who coded her

submissions: st.SearchStrategy[Submissions] = st.lists(
    st.tuples(st.integers(0, 24), st.sampled_from("ABC")), max_size=80
)


def moves(order: Submissions) -> list[dict[int, set[str]]]:
    """Return who entered at each move of the mean, and who had coded each of them by then."""
    coded: dict[int, set[str]] = defaultdict(set)
    waiting: set[int] = set()
    found = []
    for educator, observer in order:
        coded[educator].add(observer)
        waiting.add(educator)
        inside = entering({each: coded[each] for each in waiting}, FEWEST)
        assert inside <= waiting
        waiting -= inside
        if inside:
            found.append({each: set(coded[each]) for each in inside})
    return found


@given(submissions)
def test_each_move_is_of_none_or_enough_unknown_to_every_observer(order: Submissions) -> None:
    for inside in moves(order):
        assert len(inside) > FEWEST
        for observer in "ABC":
            perhaps = [each for each, by in inside.items() if by != {observer}]
            surely = [each for each, by in inside.items() if observer not in by]
            assert not perhaps or len(surely) >= FEWEST


@given(submissions)
def test_nobody_waits_for_long_where_one_observer_codes(order: Submissions) -> None:
    alone = [(educator, "A") for educator, _observer in order]
    entered = {each for inside in moves(alone) for each in inside}
    assert len({educator for educator, _ in alone} - entered) <= FEWEST


def test_two_who_code_as_many_each_enter_together() -> None:
    both = [(number, "AB"[number % 2]) for number in range(10)]
    assert [set(inside) for inside in moves(both)] == [set(range(10))]
