"""The profile: hand-worked cases, every hole defined, and properties."""

from __future__ import annotations

import doctest
import math
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe import profile
from observe.coding.rules import Document, DocumentCycle
from observe.profile import (
    DimensionResult,
    DomainResult,
    favourable,
    from_favourable,
    in_domain,
    profile_of,
)
from tests.unit.documents import Cell, coded, small_rubric

ONE_DOMAIN = small_rubric(
    [
        {"id": "a", "domain": "d"},
        {"id": "b", "domain": "d"},
        {"id": "n", "domain": "d", "polarity": "negative"},
    ]
)
cells: st.SearchStrategy[Cell] = st.one_of(
    st.integers(1, 7), st.sampled_from(["N/O", "N/A"]), st.none()
)


def test_the_formulas_in_the_docstrings_hold() -> None:
    assert doctest.testmod(profile).failed == 0


def test_a_dimension_is_the_mean_of_its_cycles_with_its_standard_error() -> None:
    result = profile_of(coded({"a": [2, 3, 3, 4]}), ONE_DOMAIN).dimension("a")
    assert (result.mean, result.n, result.values) == (3.0, 4, (2, 3, 3, 4))
    assert result.se == pytest.approx(math.sqrt(2 / 3) / 2)
    assert result.why_undefined is None


def test_marks_and_empty_cells_are_counted_apart_and_enter_no_mean() -> None:
    rows: dict[str, list[Cell]] = {"a": [5, "N/O", "N/A", None, 6]}
    result = profile_of(coded(rows), ONE_DOMAIN).dimension("a")
    assert (result.mean, result.n) == (5.5, 2)
    assert (result.not_observed, result.not_applicable, result.missing) == (1, 1, 1)


def test_a_single_number_has_a_mean_but_no_error_and_says_why() -> None:
    result = profile_of(coded({"a": [4, "N/O"]}), ONE_DOMAIN).dimension("a")
    assert (result.mean, result.se) == (4.0, None)
    assert "Only one cycle" in str(result.why_undefined)


def test_no_number_at_all_says_what_is_there_instead() -> None:
    result = profile_of(coded({"a": ["N/O", "N/A", None]}), ONE_DOMAIN).dimension("a")
    assert (result.mean, result.se, result.n) == (None, None, 0)
    assert "not observed: 1, not applicable: 1, empty: 1" in str(result.why_undefined)


def test_negative_polarity_is_raw_in_its_dimension_and_reversed_in_the_domain() -> None:
    found = profile_of(coded({"a": [6, 6], "b": [4, 6], "n": [2, 1]}), ONE_DOMAIN)
    assert found.dimension("n").mean == 1.5
    # (6 + 5 + (8 − 1.5)) / 3
    assert found.domains[0].mean == pytest.approx(17.5 / 3)
    # cycle means (6 + 4 + 6) / 3 and (6 + 6 + 7) / 3 differ by 1, so sd / √2 = 0.5
    assert found.domains[0].se == pytest.approx(0.5)
    assert found.domains[0].why_undefined is None


def test_a_domain_is_the_mean_of_means_not_of_cells() -> None:
    rows: dict[str, list[Cell]] = {"a": [7, "N/O", "N/O"], "b": [1, 1, 1], "n": [7, 7, 7]}
    domain = profile_of(coded(rows), ONE_DOMAIN).domains[0]
    assert domain.mean == pytest.approx((7 + 1 + 1) / 3)  # the mean of all cells would be 13 / 7
    assert domain.se is None
    assert "no number" in str(domain.why_undefined)


def test_a_domain_with_an_unscored_dimension_is_not_shown_and_names_it() -> None:
    domain = profile_of(coded({"a": [7], "b": ["N/O"], "n": [1]}), ONE_DOMAIN).domains[0]
    assert (domain.mean, domain.se) == (None, None)
    assert str(domain.why_undefined).endswith(": D1.")


def test_a_holistic_rubric_has_dimension_means_and_no_domain_arithmetic() -> None:
    rubric = small_rubric([{"id": "a", "domain": "d"}], aggregation="holistic")
    found = profile_of(coded({"a": [3, 5]}), rubric)
    assert (found.dimension("a").mean, found.domains[0].mean) == (4.0, None)
    assert "dimension by dimension" in str(found.domains[0].why_undefined)


def test_dimensions_of_different_scales_have_no_common_domain_mean() -> None:
    rubric = small_rubric(
        [{"id": "a", "domain": "d"}, {"id": "b", "domain": "d", "scale": "short"}],
        scales={"main": (1, 7), "short": (1, 4)},
    )
    domain = profile_of(coded({"a": [7], "b": [4]}), rubric).domains[0]
    assert domain.mean is None
    assert "different scales" in str(domain.why_undefined)


def test_a_dimension_outside_every_domain_enters_none() -> None:
    rubric = small_rubric([{"id": "a", "domain": "d"}, {"id": "free", "domain": None}])
    found = profile_of(coded({"a": [2, 4], "free": [7, 7]}), rubric)
    assert [domain.mean for domain in found.domains] == [3.0]
    assert found.dimension("free").mean == 7.0


def test_an_observation_without_cycles_is_defined() -> None:
    found = profile_of(coded({}), ONE_DOMAIN)
    assert all(result.mean is None and result.why_undefined for result in found.dimensions)
    assert found.domains[0].mean is None


def test_what_the_rubric_does_not_know_is_asked_for_in_vain() -> None:
    with pytest.raises(KeyError):
        profile_of(coded({}), ONE_DOMAIN).dimension("zzz")


@given(st.lists(st.tuples(cells, cells, cells), max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_cycles_never_matters(
    rows: list[tuple[Cell, Cell, Cell]], random: Random
) -> None:
    document = coded({name: [row[place] for row in rows] for place, name in enumerate("abn")})
    listed = list(document.cycles)
    random.shuffle(listed)
    assert profile_of(_with(document, listed), ONE_DOMAIN) == profile_of(document, ONE_DOMAIN)


@given(st.permutations([(1, 7, 2), (5, 4, 3), (2, 2, 6), (7, 1, 1)]))
def test_when_things_happened_changes_no_mean(rows: list[tuple[int, int, int]]) -> None:
    found = profile_of(coded(_columns(rows)), ONE_DOMAIN)
    usual = profile_of(coded(_columns(sorted(rows))), ONE_DOMAIN)
    assert [(d.mean, d.se) for d in found.dimensions] == [(d.mean, d.se) for d in usual.dimensions]
    assert found.domains == usual.domains


@given(st.lists(st.tuples(cells, cells, cells), max_size=6))
def test_means_stay_on_the_scale_and_nothing_is_nan(rows: list[tuple[Cell, Cell, Cell]]) -> None:
    document = coded({name: [row[place] for row in rows] for place, name in enumerate("abn")})
    found = profile_of(document, ONE_DOMAIN)
    results: list[DimensionResult | DomainResult] = [*found.dimensions, *found.domains]
    for result in results:
        assert result.mean is None or 1 <= result.mean <= 7
        assert result.se is None or 0 <= result.se <= 3
        assert (result.mean is None or result.se is None) == (result.why_undefined is not None)


@given(st.floats(1, 7))
def test_the_common_scale_goes_there_and_back(value: float) -> None:
    scale = ONE_DOMAIN.scales["main"]
    for row in ONE_DOMAIN.dimensions:
        share = favourable(value, row, scale)
        assert 0 <= share <= 1
        assert from_favourable(share, row, scale) == pytest.approx(value)
        assert in_domain(in_domain(value, row, scale), row, scale) == pytest.approx(value)


def _columns(rows: list[tuple[int, int, int]]) -> dict[str, list[Cell]]:
    return {name: [row[place] for row in rows] for place, name in enumerate("abn")}


def _with(document: Document, cycles: Sequence[DocumentCycle]) -> Document:
    return document.model_copy(update={"cycles": tuple(cycles)})
