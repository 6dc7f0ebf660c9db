"""The suggestion: hand-worked cases, every case defined, and properties."""

from __future__ import annotations

import doctest
import math
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.feedback import suggest as module
from observe.feedback.suggest import Candidate, Known, Suggestion, suggest
from observe.profile import profile_of
from observe.rubric.schema import Rubric
from tests.unit.documents import Cell, coded, small_rubric

NAMES = ("a", "b", "c", "n")
FOUR = small_rubric(
    [
        {"id": "a", "domain": "x"},
        {"id": "b", "domain": "x"},
        {"id": "c", "domain": "y", "scale": "short"},
        {"id": "n", "domain": "y", "polarity": "negative"},
    ],
    scales={"main": (1, 7), "short": (1, 4)},
)
ALL = dict.fromkeys(NAMES, 1)


def suggested(
    rows: Mapping[str, Sequence[Cell]],
    evidence: Mapping[str, int] = ALL,
    *,
    rubric: Rubric = FOUR,
    cohort: Mapping[str, float] | None = None,
    known: Known | None = None,
) -> Suggestion:
    beside = known or Known(cohort=cohort)
    return suggest(profile_of(coded(rows), rubric), rubric, evidence, beside)


def names(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.dimension for candidate in candidates]


def test_the_formulas_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module).failed == 0


def test_a_case_worked_by_hand() -> None:
    # Shares of the scale: a (6 − 1) / 6 = .833, b (3 − 1) / 6 = .333, c (3 − 1) / 3 = .667 and,
    # reversed, n (6 − 1) / 6 = .833
    found = suggested({"a": [5, 7], "b": [2, 4], "c": [3, 3], "n": [2, 2]})
    assert names(found.strength) == ["a", "n", "c"]
    assert names(found.priority) == ["b", "c"]  # c is exactly at its reference
    lowest = found.priority[0]
    others = (5 / 6 + 2 / 3 + 5 / 6) / 3
    assert lowest.mean == 3.0
    assert lowest.reference == pytest.approx(1 + 6 * others)
    assert lowest.se == pytest.approx(1.0)  # 2 and 4: sd = √2, over √2
    assert lowest.distance == pytest.approx(1 / 3 - others)
    assert lowest.distance_in_se == pytest.approx((1 / 3 - others) * 6)
    assert found.basis == "profile"
    assert (found.tie.strength, found.tie.priority) == (True, False)
    of_a, of_n, of_c = found.strength
    references = [round(each.reference or 0, 2) for each in (of_a, of_n, of_c, lowest)]
    assert references == [4.67, 3.33, 3.0, 5.67]  # as in docs/suggestion.md
    assert of_c.distance == 0


def test_a_negative_dimension_is_a_strength_when_its_score_is_low() -> None:
    found = suggested({"a": [4, 4], "b": [4, 4], "n": [1, 1]})
    assert names(found.strength)[0] == "n"
    assert found.strength[0].mean == 1.0  # raw, as it was scored
    assert found.strength[0].reference == pytest.approx(4.0)
    assert (found.strength[0].distance or 0) > 0
    assert "low score is the favourable one" in str(found.strength[0].reason)
    assert names(suggested({"a": [4, 4], "b": [4, 4], "n": [7, 7]}).priority)[0] == "n"


def test_no_evidence_no_proposal_and_it_is_said() -> None:
    found = suggested({"a": [7, 7], "b": [4, 4], "c": ["N/O"]}, {"b": 2, "c": 3})
    assert (names(found.strength), names(found.priority)) == ([], ["b"])
    assert {each.dimension: str(each.reason) for each in found.left_out} == {
        "a": "«a» has no evidence notes, so it is not proposed.",
        "c": "«c» has no number in any cycle.",
        "n": "«n» has no number in any cycle.",
    }
    # What is not proposed still is part of the profile that others are compared with.
    assert found.priority[0].reference == pytest.approx(7.0)


def test_what_is_strong_is_never_offered_as_a_priority() -> None:
    rows: dict[str, list[Cell]] = {"a": [7, 7], "b": [6, 6], "c": [1, 1]}
    found = suggested(rows, {"a": 1, "b": 1})
    assert (names(found.strength), names(found.priority)) == (["a", "b"], [])
    assert found.tie.priority is False
    found = suggested(rows, {"c": 1})
    assert (names(found.strength), names(found.priority)) == ([], ["c"])


def test_two_that_differ_are_the_strength_and_the_priority() -> None:
    found = suggested({"a": [5, 5], "b": [5, 6]})
    assert (names(found.strength), names(found.priority)) == (["b"], ["a"])


def test_alone_at_its_reference_it_is_not_first_in_both() -> None:
    found = suggested({"a": [4, 4], "b": [4, 4]}, {"a": 1})
    assert (names(found.strength), names(found.priority)) == (["a"], [])


def test_a_gap_within_its_standard_error_is_a_tie() -> None:
    # a and b differ by 0.5; each has se 1, so the gap's is √2
    found = suggested({"a": [5, 7], "b": [4, 6, 6, 6], "c": [1, 1]})
    assert found.tie.strength is True
    # c (share 0) is far below b, and both hardly vary
    assert found.tie.priority is False


def test_steady_scores_that_differ_are_no_tie_and_equal_ones_are() -> None:
    assert suggested({"a": [6, 6], "b": [5, 5], "n": [7, 7]}).tie.strength is False
    assert suggested({"a": [5, 5], "b": [5, 5], "n": [7, 7]}).tie.strength is True


@pytest.mark.parametrize(("second", "tie"), [(5, True), (4, False)])
def test_with_one_cycle_a_point_of_the_scale_is_the_margin(second: int, *, tie: bool) -> None:
    assert suggested({"a": [6], "b": [second], "c": [1]}).tie.strength is tie


def test_with_a_cohort_the_lowest_score_need_not_be_the_priority() -> None:
    cohort = {"a": 6.5, "b": 2.0, "c": 2.5, "n": 1.5}
    found = suggested({"a": [5, 5], "b": [3, 3], "c": [3, 3], "n": [1, 2]}, cohort=cohort)
    assert found.basis == "cohort"
    assert names(found.priority)[0] == "a"  # 1.5 below its group, while b is 1 above
    assert found.priority[0].reference == pytest.approx(6.5)
    assert names(found.strength)[0] == "b"  # b and c are both a sixth of the scale above
    assert found.tie.strength is True
    assert "reference group" in str(found.strength[0].reason)


def test_a_cohort_that_lacks_a_dimension_is_not_used() -> None:
    assert suggested({"a": [5, 5], "b": [3, 3]}, cohort={"a": 6.0}).basis == "profile"


def test_a_single_dimension_has_nothing_to_be_compared_with() -> None:
    rubric = small_rubric([{"id": "only", "domain": "d"}])
    found = suggested({"only": [3, 4]}, {"only": 1}, rubric=rubric)
    assert names(found.strength) == names(found.priority) == ["only"]
    only = found.strength[0]
    assert (only.reference, only.distance, only.distance_in_se) == (None, None, None)
    assert (found.basis, found.tie.strength) == ("none", False)
    assert "no other scored dimension" in str(only.reason)


def test_one_domain_is_no_special_case() -> None:
    rubric = small_rubric([{"id": "a", "domain": "d"}, {"id": "b", "domain": "d"}])
    found = suggested({"a": [6, 6], "b": [2, 2]}, {"a": 1, "b": 1}, rubric=rubric)
    assert (names(found.strength)[0], names(found.priority)[0]) == ("a", "b")
    assert found.strength[0].reference == pytest.approx(2.0)


def test_nothing_scored_suggests_nothing() -> None:
    found = suggested({})
    assert (found.strength, found.priority) == ((), ())
    assert (found.tie.strength, found.tie.priority) == (False, False)
    assert len(found.left_out) == len(NAMES)


def test_all_alike_still_begins_with_two_different_dimensions() -> None:
    found = suggested({"a": [4, 4], "b": [4, 4], "n": [4, 4]}, {"a": 3, "b": 3, "n": 3})
    assert found.strength[0].dimension != found.priority[0].dimension
    assert found.tie.strength
    assert found.tie.priority
    assert "as favourable as the reference" in str(found.strength[0].reason)


def test_the_reason_is_a_sentence_in_each_language() -> None:
    reason = suggested({"a": [5, 6, 6], "b": [3, 3, 3], "n": [3, 3, 3]}).strength[0].reason
    assert reason.in_language("en") == (
        "«a» has a mean of 5.67 (scale 1–7) and the other dimensions of this lesson, brought to "
        "this scale, one of 4.0: more favourable than the reference. The difference is 5.0 times "
        "its standard error. Evidence notes: 1."
    )
    spanish = reason.in_language("es_CL")
    assert "5,67" in spanish
    assert "4,0" in spanish
    assert spanish.endswith("Notas de evidencia: 1.")


scores = st.lists(st.integers(1, 4), min_size=1, max_size=4)
profiles = st.dictionaries(st.sampled_from(NAMES), scores, max_size=4)
counts = st.fixed_dictionaries({name: st.integers(0, 3) for name in NAMES})


@given(profiles, counts, st.sampled_from(NAMES))
def test_another_note_never_lowers_a_strength(
    rows: dict[str, list[Cell]], evidence: dict[str, int], name: str
) -> None:
    before = _rank(suggested(rows, evidence), name)
    after = _rank(suggested(rows, {**evidence, name: evidence[name] + 1}), name)
    assert after <= before


def _rank(found: Suggestion, name: str) -> float:
    order = names(found.strength)
    return order.index(name) if name in order else math.inf


@given(profiles, counts)
def test_everything_is_defined_and_within_bounds(
    rows: dict[str, list[Cell]], evidence: dict[str, int]
) -> None:
    found = suggested(rows, evidence)
    proposed = {name for name in rows if evidence[name]}
    assert set(names(found.strength)) | set(names(found.priority)) == proposed
    assert {each.dimension for each in found.left_out} == set(NAMES) - proposed
    if len(rows) > 1 and found.strength and found.priority:
        assert found.strength[0].dimension != found.priority[0].dimension
    assert all((candidate.distance or 0) >= 0 for candidate in found.strength)
    assert all((candidate.distance or 0) <= 0 for candidate in found.priority)
    for candidate in found.strength + found.priority:
        scale = FOUR.scale_of(FOUR.dimension(candidate.dimension))
        assert scale.min <= candidate.mean <= scale.max
        assert candidate.distance is None or -1 <= candidate.distance <= 1
        assert candidate.reference is None or (
            scale.min - 1e-9 <= candidate.reference <= scale.max + 1e-9
        )
        assert candidate.distance_in_se is None or math.isfinite(candidate.distance_in_se)
        assert "nan" not in candidate.reason.in_language("es_CL").casefold()


@given(profiles, counts)
def test_strength_and_priority_are_ordered_from_opposite_ends(
    rows: dict[str, list[Cell]], evidence: dict[str, int]
) -> None:
    found = suggested(rows, evidence)
    falling = [candidate.distance or 0 for candidate in found.strength]
    rising = [candidate.distance or 0 for candidate in found.priority]
    assert falling == sorted(falling, reverse=True)
    assert rising == sorted(rising)


@given(profiles, counts, st.randoms(use_true_random=False))
def test_the_order_of_cycles_never_matters(
    rows: dict[str, list[Cell]], evidence: dict[str, int], random: Random
) -> None:
    document = coded(rows)
    listed = list(document.cycles)
    random.shuffle(listed)
    shuffled = document.model_copy(update={"cycles": tuple(listed)})
    assert suggest(profile_of(shuffled, FOUR), FOUR, evidence) == suggested(rows, evidence)


# --- what else is known ---------------------------------------------------------------------------

# a and b are half a point apart with standard errors of .5 and .5: a tie; n is far above both.
NEAR: dict[str, Sequence[Cell]] = {"a": [2, 3], "b": [3, 3], "c": [4, 4], "n": [1, 1]}


def told(candidate: Candidate) -> str:
    return " ".join(remark.in_language("en") for remark in candidate.remarks)


def test_what_the_network_works_on_passes_whom_it_cannot_be_told_apart_from() -> None:
    assert names(suggested(NEAR).priority) == ["a", "b"]
    found = suggested(NEAR, known=Known(focus={"b"}))
    assert names(found.priority) == ["b", "a"]
    assert found.tie.priority
    assert told(found.priority[0]) == (
        "The network works on it. "
        "Therefore it stands before others that cannot be told apart from it: 1."
    )
    assert found.priority[1].remarks == ()
    assert found.strength == suggested(NEAR).strength


def test_what_she_asked_for_is_lifted_too_but_never_over_a_clear_difference() -> None:
    assert names(suggested(NEAR, known=Known(wish="b")).priority) == ["b", "a"]
    clear = NEAR | {"b": [4, 4]}
    found = suggested(clear, known=Known(wish="b", focus={"b"}))
    assert names(found.priority) == ["a", "b"]
    assert told(found.priority[1]) == "The network works on it. She asked to be looked at in it."


def test_two_that_are_lifted_keep_their_order() -> None:
    assert names(suggested(NEAR, known=Known(wish="b", focus={"a"})).priority) == ["a", "b"]


def test_what_begins_the_strengths_is_not_lifted_to_begin_the_priorities() -> None:
    alike: dict[str, Sequence[Cell]] = {"a": [1], "b": [2], "c": [2], "n": [2]}
    found = suggested(alike, {"b": 1, "c": 1}, known=Known(wish="c", focus={"c"}))
    assert (names(found.strength), names(found.priority)) == (["c"], ["b", "c"])
    assert told(found.priority[1]).endswith("so it stands last here.")


def test_her_last_priority_is_told_and_lifts_nothing() -> None:
    found = suggested(NEAR, known=Known(previous="b"))
    assert names(found.priority) == ["a", "b"]
    assert told(found.priority[1]) == "It was her priority before this lesson: say what moved."
    found = suggested(NEAR, known=Known(previous="n"))
    grown = next(each for each in found.strength if each.dimension == "n")
    assert told(grown) == "It was her priority before this lesson."


def test_other_observers_widen_the_standard_error() -> None:
    # b: its cycles agree (se 0); the observers give 3 and 5: s = √2, and √2 / √2 = 1.
    found = suggested(NEAR, known=Known(observers={"b": [5.0]}))
    b = next(each for each in found.priority if each.dimension == "b")
    assert b.se == pytest.approx(1.0)
    assert "over cycles and observers" in b.reason.in_language("en")
    assert found.tie.priority
    alone = suggested({"a": [2], "b": [3]}, known=Known(observers={"a": [2.0, 2.0]}))
    assert next(each.se for each in alone.priority if each.dimension == "a") == 0.0


def test_a_note_that_costs_a_place_among_the_priorities_says_so() -> None:
    alike: dict[str, Sequence[Cell]] = {"a": [4, 4], "b": [4, 4]}
    before, after = (suggested(alike, {"a": 1, "b": count}) for count in (1, 2))
    assert names(before.priority) == ["b", "a"]
    assert names(after.priority) == ["a", "b"]
    assert "first candidate for the strength too" in told(after.priority[1])


SCORES = st.lists(st.integers(1, 7), min_size=2, max_size=4)


@given(
    rows=st.fixed_dictionaries(dict.fromkeys(("a", "b", "n"), SCORES)),
    notes=st.fixed_dictionaries({name: st.integers(0, 3) for name in ("a", "b", "n")}),
    more=st.sampled_from(("a", "b", "n")),
    focus=st.sets(st.sampled_from(NAMES)),
    wish=st.sampled_from((None, *NAMES)),
)
def test_more_notes_never_cost_a_place_unsaid(
    rows: dict[str, list[Cell]],
    notes: dict[str, int],
    more: str,
    focus: set[str],
    wish: str | None,
) -> None:
    known = Known(focus=focus, wish=wish)
    before, after = (
        suggested(rows, notes | {more: count}, known=known)
        for count in (notes[more], notes[more] + 1)
    )
    if after.strength and after.priority:
        assert after.strength[0].dimension != after.priority[0].dimension
    for kind in ("strength", "priority"):
        one, other = names(getattr(before, kind)), names(getattr(after, kind))
        if more in one:
            candidate = getattr(after, kind)[other.index(more)]
            assert other.index(more) <= one.index(more) or "stands last here" in told(candidate)


@given(
    rows=st.fixed_dictionaries(dict.fromkeys(("a", "b", "n"), SCORES)),
    focus=st.sets(st.sampled_from(NAMES)),
    wish=st.sampled_from((None, *NAMES)),
    turn=st.integers(0, 3),
)
def test_the_order_of_the_cycles_never_matters(
    rows: dict[str, list[Cell]], focus: set[str], wish: str | None, turn: int
) -> None:
    rows = {name: scores[:2] for name, scores in rows.items()}
    known = Known(focus=focus, wish=wish, observers={"a": [3.0]})
    turned = {name: scores[turn % 2 :] + scores[: turn % 2] for name, scores in rows.items()}
    one, other = suggested(rows, known=known), suggested(turned, known=known)
    assert names(one.strength) == names(other.strength)
    assert names(one.priority) == names(other.priority)
    assert one.tie == other.tie


@given(
    rows=st.fixed_dictionaries(dict.fromkeys(("a", "b", "n"), SCORES)),
    lifted=st.sampled_from(("a", "b", "n")),
)
def test_a_lift_never_lowers_what_is_lifted_and_nothing_else_appears(
    rows: dict[str, list[Cell]], lifted: str
) -> None:
    plain, found = suggested(rows), suggested(rows, known=Known(wish=lifted))
    one, other = names(plain.priority), names(found.priority)
    assert sorted(one) == sorted(other)
    if lifted in one:
        assert other.index(lifted) <= one.index(lifted)
    assert [name for name in one if name != lifted] == [name for name in other if name != lifted]
