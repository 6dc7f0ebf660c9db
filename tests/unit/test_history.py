"""One educator over time: points with their band, lines that join only where a person said so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.profile import profile_of
from observe.records.chart import BOTTOM, LEFT, RIGHT, TOP, svg_of
from observe.records.history import (
    NOBODY,
    Crosswalk,
    Key,
    Lesson,
    Line,
    Look,
    RubricHistory,
    Said,
    Version,
    history,
)
from tests.unit.documents import Cell, coded, small_rubric

DAY = date(2026, 3, 10)
BOTH = [{"id": "a", "domain": "d"}, {"id": "b", "domain": "d"}]


def version(number: str, rows: Sequence[Mapping[str, object]] = BOTH, **more: object) -> Version:
    rubric = small_rubric(rows, **more).model_copy(update={"version": number})  # type: ignore[arg-type]
    return Version(UUID(int=int(number.replace(".", ""))), rubric)


OLD, NEW = version("1.0"), version("2.0")


def lesson(
    day: int,
    of: Version,
    rows: Mapping[str, Sequence[Cell]],
    *more: Mapping[str, Sequence[Cell]],
    chosen: str = "assigned",
) -> Lesson:
    looks = [
        Look(UUID(int=100 * day + number), f"Ana {number}", profile_of(coded(each), of.rubric))
        for number, each in enumerate([rows, *more])
    ]
    on = DAY + timedelta(days=day)
    return Lesson(UUID(int=day), on, "1° B", chosen, of, tuple(looks))


def walk(*said: tuple[Key, Key, bool]) -> Crosswalk:
    """Return what was said of pairs, each comparable or not, as the database would tell it."""
    lines: dict[Key, set[Key]] = {}
    for one, other, comparable in said:
        if comparable:
            lines.setdefault(one, {one}).add(other)
            lines.setdefault(other, {other}).add(one)
    told = tuple(
        Said(one, other, comparable, "Elsa Rojas", "Son lo mismo.", DAY)
        for one, other, comparable in said
    )
    return Crosswalk({key: frozenset(line) for key, line in lines.items()}, told)


def only(lessons: Iterable[Lesson], crosswalk: Crosswalk = NOBODY) -> RubricHistory:
    (found,) = history(lessons, crosswalk)
    return found


def lines_of(found: RubricHistory) -> list[Line]:
    return [line for group in found.groups for line in group.lines]


def line(found: RubricHistory, name: str) -> Line:
    (one,) = [each for each in lines_of(found) if each.key[1] == name]
    return one


def test_a_point_is_the_lessons_mean_and_one_standard_error_inside_the_scale() -> None:
    shown = only([lesson(1, OLD, {"a": [6, 7, 7], "b": [2, 4, 3]})])
    (point,) = line(shown, "a").points
    assert point.mean == pytest.approx(20 / 3)
    assert point.se == pytest.approx(1 / 3)
    assert point.low == pytest.approx(19 / 3)
    assert point.high == 7
    (whole,) = line(shown, "d").points
    profile = point.lesson.looks[0].profile
    assert (whole.mean, whole.se) == (profile.domains[0].mean, profile.domains[0].se)


def test_without_an_error_there_is_no_band_and_without_a_number_no_point() -> None:
    shown = only([lesson(1, OLD, {"a": [4], "b": ["N/O"]})])
    (point,) = line(shown, "a").points
    assert (point.mean, point.se, point.low) == (4.0, None, None)
    assert "Only one cycle" in str(point.why)
    other = line(shown, "b")
    assert other.drawn == ()
    assert "No cycle has a number" in str(other.points[0].why)
    assert svg_of(other, locale="es_CL", told="b") == ""


def test_a_lesson_of_two_observers_is_one_point_that_is_less_certain() -> None:
    twice = lesson(1, OLD, {"a": [4, 4], "b": [3, 3]}, {"a": [5, 5], "b": [3, 3]})
    (point,) = line(only([twice]), "a").points
    assert point.mean == 4.5
    assert point.se == pytest.approx(0.5)  # √(0² + (0.707/√2)²)
    assert math.isclose(line(only([twice]), "b").points[0].se or 0, 0.0, abs_tol=1e-9)


def test_lessons_stand_in_order_of_time_by_rubric_with_how_they_were_chosen() -> None:
    rows: dict[str, list[Cell]] = {"a": [4, 5], "b": [3, 4]}
    shown = only([lesson(9, OLD, rows), lesson(2, OLD, rows, chosen="educator_chosen")])
    assert [each.lesson.recorded_on.day for each in line(shown, "a").points] == [12, 19]
    assert shown.selections == (("educator_chosen", 1), ("assigned", 1))
    assert shown.versions == (("1.0", DAY + timedelta(days=2)),)
    other = Version(UUID(int=7), OLD.rubric.model_copy(update={"id": "otra"}))
    assert len(history([lesson(2, OLD, rows), lesson(3, other, rows)])) == 2


ROWS: dict[str, list[Cell]] = {"a": [4, 5], "b": [3, 4]}
ACROSS = [lesson(1, OLD, ROWS), lesson(2, OLD, ROWS), lesson(3, NEW, ROWS)]


def a_of(of: Version) -> Key:
    return of.id, "a"


def test_what_nobody_compared_breaks_even_with_the_same_id() -> None:
    one = line(only(ACROSS), "a")
    assert [len(run) for run in one.runs] == [2, 1]
    (turn,) = one.turns
    assert not turn.joined
    assert turn.versions == ("1.0", "2.0")
    assert "nobody has said" in str(turn.why)
    assert not line(only(ACROSS), "d").turns[0].joined


def test_what_a_person_compared_goes_on_and_says_who() -> None:
    shown = only(ACROSS, walk((a_of(OLD), a_of(NEW), True)))
    (turn,) = line(shown, "a").turns
    assert turn.joined
    assert [(said.by, said.reason) for said in turn.said] == [("Elsa Rojas", "Son lo mismo.")]
    assert not line(shown, "b").turns[0].joined, "nothing was said of b"
    assert not line(shown, "d").turns[0].joined, "a domain goes on only with all its dimensions"


def test_a_domain_goes_on_when_each_of_its_dimensions_does() -> None:
    both = walk((a_of(OLD), a_of(NEW), True), ((OLD.id, "b"), (NEW.id, "b"), True))
    (turn,) = line(only(ACROSS, both), "d").turns
    assert turn.joined
    assert [each.reason for each in turn.said] == ["Son lo mismo."], "once, though of two"
    more = version("2.0", [*BOTH, {"id": "c", "domain": "d"}])
    lessons = [lesson(1, OLD, ROWS), lesson(3, more, ROWS | {"c": [1, 2]})]
    (turn,) = line(only(lessons, both), "d").turns
    assert not turn.joined, "one is left over"


def test_a_refusal_is_told_with_its_reason() -> None:
    (turn,) = line(only(ACROSS, walk((a_of(OLD), a_of(NEW), False))), "a").turns
    assert "Elsa Rojas said" in str(turn.why)
    assert [said.comparable for said in turn.said] == [False]


def test_another_name_is_one_line_when_somebody_said_so_and_two_when_not() -> None:
    renamed = version("2.0", [{"id": "z", "domain": "d"}, {"id": "b", "domain": "d"}])
    lessons = [lesson(1, OLD, ROWS), lesson(3, renamed, {"z": [4, 5], "b": [3, 4]})]
    said = walk((a_of(OLD), (renamed.id, "z"), True))
    assert len(line(only(lessons, said), "z").points) == 2
    apart = only(lessons)
    assert [len(line(apart, name).points) for name in ("z", "a")] == [1, 1]
    assert [group.is_past for group in apart.groups] == [False, True]


def test_another_scale_never_shares_a_line() -> None:
    wide = version("2.0", scales={"main": (1, 4)})
    shown = only([lesson(1, OLD, ROWS), lesson(3, wide, {"a": [3, 4], "b": [3, 4]})])
    assert [(one.scale.max, len(one.points)) for one in lines_of(shown) if one.key[1] == "a"] == [
        (4, 1),
        (7, 1),
    ]


def test_a_line_leads_over_a_version_that_lies_between() -> None:
    middle, newest = version("2.0"), version("3.0")
    keys = [a_of(OLD), a_of(middle), a_of(newest)]
    line_of_all = dict.fromkeys(keys, frozenset(keys))
    said = tuple(
        Said(one, other, True, name, "Igual.", DAY)
        for one, other, name in ((keys[0], keys[1], "Elsa"), (keys[1], keys[2], "Dora"))
    )
    lessons = [lesson(1, OLD, ROWS), lesson(3, newest, ROWS)]
    (turn,) = line(only(lessons, Crosswalk(line_of_all, said)), "a").turns
    assert [each.by for each in turn.said] == ["Elsa", "Dora"]


numbers = st.lists(st.integers(1, 7), min_size=1, max_size=3)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from([OLD, NEW]), numbers), max_size=8),
    st.booleans(),
    st.randoms(),
)
def test_the_order_of_lessons_is_no_matter_and_no_join_is_unsaid(
    given_rows: list[tuple[int, Version, list[int]]], said: bool, random: object
) -> None:
    lessons = [lesson(day, of, {"a": cells, "b": cells}) for day, of, cells in given_rows]
    lessons = list({(each.recording_id, each.version.id): each for each in lessons}.values())
    crosswalk = walk((a_of(OLD), a_of(NEW), True)) if said else NOBODY
    shown = history(lessons, crosswalk)
    shuffled = list(lessons)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert history(shuffled, crosswalk) == shown
    for found in shown:
        assert sum(len(line(found, "a").points) for _ in "a") == len(lessons)
        for each in lines_of(found):
            assert all(turn.joined is (bool(turn.said) and said) for turn in each.turns)
            assert len(each.runs) == len(each.turns) + bool(each.drawn)


def test_the_picture_has_a_mark_a_lesson_and_nothing_the_policy_refuses() -> None:
    shown = only(ACROSS, walk((a_of(OLD), a_of(NEW), True)))
    told = 'Preguntas "<b>" & más'
    drawn = svg_of(line(shown, "a"), locale="es_CL", told=told)
    assert "style=" not in drawn
    assert "<script" not in drawn
    assert 'aria-label="Preguntas &#34;&lt;b&gt;&#34; &amp; más"' in drawn
    assert drawn.count('class="point"') == 3
    assert drawn.count('class="band"') == 3
    assert drawn.count('class="joint"') == 1
    assert drawn.count('class="run"') == 1
    assert ">2.0</text>" in drawn
    assert re.findall(r'font-size="(\d+)"', drawn) == ["12"]


@given(st.lists(st.tuples(st.integers(0, 900), numbers), min_size=1, max_size=9))
def test_every_mark_lies_inside_its_picture(rows: list[tuple[int, list[int]]]) -> None:
    lessons = [lesson(day, OLD, {"a": cells, "b": cells}) for day, cells in rows]
    drawn = svg_of(line(only(lessons), "a"), locale="es_CL", told="a")
    for x, y in re.findall(r"translate\(([\d.-]+) ([\d.-]+)\)", drawn):
        assert LEFT < float(x) < RIGHT
        assert TOP <= float(y) <= BOTTOM
