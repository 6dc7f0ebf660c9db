"""Faces over time: what is found stays covered, whatever else is found; corrections do as told."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.video.blur import faces, masking
from observe.video.blur.faces import Box, Found, Region, Track

SURE = 0.5

BOXES = st.builds(
    Box,
    at_ms=st.integers(0, 4_000),
    x=st.floats(-20, 600),
    y=st.floats(-20, 400),
    w=st.floats(8, 90),
    h=st.floats(8, 90),
    score=st.sampled_from([0.2, 0.4, 0.5, 0.9]),
)


def found(tracks: tuple[Track, ...]) -> Found:
    return Found({"name": "made up"}, 640, 480, (), tracks)


def covering(boxes: list[Box]) -> tuple[Region, ...]:
    return faces.drawn_over(found(faces.link(boxes, SURE)), ())


def is_covered(box: Box, regions: tuple[Region, ...]) -> bool:
    places = [place for region in regions if (place := region.at(box.at_ms)) is not None]
    return any(place.covers(box) for place in places)


def kept(boxes: list[Box]) -> list[Box]:
    return [box for track in faces.link(boxes, SURE) for box in track.boxes]


def moments(regions: tuple[Region, ...]) -> set[int]:
    return {ms for region in regions for ms in range(region.start_ms, region.end_ms)}


@given(st.lists(BOXES, max_size=25))
def test_each_face_found_is_covered_at_its_moment(boxes: list[Box]) -> None:
    regions = covering(boxes)
    assert all(is_covered(box, regions) for box in boxes if box.score >= SURE)
    assert all(is_covered(box, regions) for box in kept(boxes))


@given(st.lists(BOXES, max_size=20), BOXES)
def test_one_more_detection_uncovers_nothing(boxes: list[Box], another: Box) -> None:
    before, after = covering(boxes), covering([*boxes, another])
    assert moments(before) <= moments(after)
    assert all(is_covered(box, after) for box in kept(boxes))


@given(st.lists(BOXES, max_size=25))
def test_no_box_is_in_two_tracks_and_each_track_goes_forward(boxes: list[Box]) -> None:
    tracks = faces.link(boxes, SURE)
    assert len([box for track in tracks for box in track.boxes]) <= len(boxes)
    for track in tracks:
        times = [box.at_ms for box in track.boxes]
        assert times == sorted(set(times))
        assert any(box.score >= SURE for box in boxes)


def passing(start_ms: int, end_ms: int, step: int, score: float = 0.9) -> list[Box]:
    return [Box(ms, 100 + ms / 10, 50, 40, 40, score) for ms in range(start_ms, end_ms, step)]


def test_a_face_not_seen_for_a_while_is_covered_on_its_way() -> None:
    boxes = passing(0, 500, 100) + passing(1_000, 1_500, 100)
    regions = covering(boxes)
    assert len(regions) == 1
    assert all(is_covered(box, regions) for box in passing(0, 1_400, 10))


def test_a_face_is_covered_before_it_was_seen_and_after() -> None:
    (region,) = covering(passing(1_000, 2_000, 100))
    assert region.start_ms == 1_000 - faces.MARGIN_MS
    assert is_covered(Box(700, 100 + 70, 50, 40, 40), (region,))
    assert is_covered(Box(2_200, 100 + 220, 50, 40, 40), (region,))


def test_a_faint_box_counts_only_near_a_sure_one() -> None:
    assert covering(passing(0, 1_000, 100, score=0.3)) == ()
    near = passing(0, 1_000, 100, score=0.3) + passing(1_000, 1_200, 100)
    assert all(is_covered(box, covering(near)) for box in near)


def test_two_faces_that_pass_each_other_keep_their_tracks() -> None:
    right = [Box(ms, 100 + ms / 4, 50, 40, 40) for ms in range(0, 1_000, 100)]
    left = [Box(ms, 350 - ms / 4, 75, 40, 40) for ms in range(0, 1_000, 100)]
    tracks = faces.link([*right, *left], SURE)
    assert len(tracks) == 2
    assert {track.boxes for track in tracks} == {tuple(right), tuple(left)}


def test_a_whole_class_found_faintly_for_long_is_linked_in_a_moment() -> None:
    chance = np.random.default_rng(1)
    shifts = chance.uniform(-5, 5, (1_000, 24, 2))
    boxes = [
        Box(100 * moment, person % 6 * 150 + x, person // 6 * 120 + y, 50, 60, 0.3)
        for moment, people in enumerate(shifts.tolist())
        for person, (x, y) in enumerate(people)
    ]
    boxes[:24] = [replace(box, score=0.9) for box in boxes[:24]]
    before = time.process_time()
    tracks = faces.link(boxes, SURE)
    assert time.process_time() - before < 5  # the worker is not heard of meanwhile
    assert [len(track.boxes) for track in tracks] == [1_000] * 24


def test_what_is_kept_is_read_again() -> None:
    made = found(faces.link(passing(0, 1_000, 100), SURE))
    assert faces.from_json(json.loads(json.dumps(faces.as_json(made)))) == made


# --- corrections ---------------------------------------------------------------------------------


def test_a_removed_track_is_gone_for_that_time_only() -> None:
    as_kept = faces.as_json(found(faces.link(passing(0, 2_000, 100), SURE)))
    gone = {"id": "a", "kind": "remove", "track": "f1", "start_ms": 500, "end_ms": 900}
    regions = faces.regions(as_kept, [gone])
    assert is_covered(Box(499, 150, 50, 40, 40), regions)
    assert not any(region.at(ms) for region in regions for ms in (500, 700, 899))
    assert is_covered(Box(900, 190, 50, 40, 40), regions)


def test_an_added_region_moves_evenly_from_box_to_box() -> None:
    boxes = [[1_000, 0.1, 0.1, 0.2, 0.2], [2_000, 0.5, 0.3, 0.2, 0.2]]
    added = {"id": "a", "kind": "add", "start_ms": 900, "end_ms": 2_100, "boxes": boxes}
    (region,) = faces.regions(faces.as_json(found(())), [added])
    middle = region.at(1_500)
    assert middle is not None
    assert (middle.x, middle.y) == pytest.approx((0.3 * 640, 0.2 * 480))
    assert region.at(899) is None
    assert region.at(2_100) is None
    held = region.at(950)
    assert held is not None
    assert held.x == pytest.approx(64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "add", "start_ms": 5, "end_ms": 5, "box": [0, 0, 1, 1]},
        {"kind": "add", "start_ms": 0, "end_ms": 5, "box": [1.5, 0, 1, 1]},
        {"kind": "add", "start_ms": 0, "end_ms": 5, "box": [0, 0, 0, 1]},
        {"kind": "add", "start_ms": 0, "end_ms": 5},
        {"kind": "hide", "start_ms": 0, "end_ms": 5},
        {"kind": "remove", "start_ms": 0, "end_ms": 5},
    ],
)
def test_what_is_no_correction_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        faces.corrections_from([{"id": "a", **wrong}])


# --- the mask ------------------------------------------------------------------------------------


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_of_a_region_at_most_eight_by_eight_cells_are_left(
    width: int, height: int, seed: int
) -> None:
    under = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    cells = masking.mosaic(under)
    assert cells.shape == under.shape
    across = {tuple(column) for column in cells.T}
    down = {tuple(row) for row in cells}
    assert max(len(across), len(down)) <= 8
    assert len(np.unique(cells)) <= masking.LEVELS
    assert abs(int(under.mean()) - int(cells.mean())) <= 256 // masking.LEVELS


@given(st.floats(-50, 700), st.floats(1, 300), st.integers(1, 350))
def test_a_region_is_drawn_outward_to_even_pixels(start: float, length: float, half: int) -> None:
    limit = 2 * half
    region = {"start_ms": 0, "end_ms": 9, "boxes": [[0, start, 0, length, 10]]}
    place = masking.Region(region, (limit, 10)).at(3, limit, 10)
    if place is None:
        assert start >= limit or start + length <= 0
        return
    left, _top, right, _bottom = place
    assert left % 2 == 0
    assert left <= max(0, start)
    assert right >= min(limit, start + length)
