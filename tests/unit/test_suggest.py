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
from observe.feedback.suggest import Candidate, Suggestion, suggest
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
) -> Suggestion:
    return suggest(profile_of(coded(rows), rubric), rubric, evidence, cohort)


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
