"""Movement and joints of grey pictures, and what gives damaged packets away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.video.timeline import activity, packets

WIDTH, HEIGHT = activity.GREY_SIZE
SECONDS = 6


def grey_file(folder: Path, pictures: Sequence[np.ndarray]) -> Path:
    """Write pictures as an encoding pass leaves them."""
    path = folder / "grey"
    path.write_bytes(np.stack(pictures).astype(np.uint8).tobytes())
    return path


def scene(seed: int) -> np.ndarray:
    """Return a picture of its own."""
    coarse = np.random.default_rng(seed).integers(40, 200, (9, 16))
    return np.kron(coarse, np.ones((10, 10)))


def moving(count: int) -> list[np.ndarray]:
    """Return pictures in which so many squares move."""
    shown = []
    for number in range(SECONDS * activity.GREY_RATE):
        picture = scene(1)
        for square in range(count):
            left, top = (7 * number + 31 * square) % (WIDTH - 20), square % 4 * 20
            picture[top : top + 20, left : left + 20] = 250
        shown.append(picture)
    return shown


def test_still_one_mover_and_a_busy_class_are_ranked(tmp_path: Path) -> None:
    ranked = []
    for count in (0, 1, 12):
        energy, joints = activity.measured(grey_file(tmp_path, moving(count)), SECONDS)
        assert joints == []
        ranked.append(energy.mean())
    assert ranked[0] == 0
    assert ranked[0] < ranked[1] < ranked[2]


def test_energy_is_the_mean_difference_once_the_light_is_taken_away(tmp_path: Path) -> None:
    pictures = moving(1)
    brighter = [picture + 3 * (number % 2) for number, picture in enumerate(pictures)]
    energy, _joints = activity.measured(grey_file(tmp_path, brighter), SECONDS)
    expected = []
    for one, other in pairwise(brighter):
        change = other - one
        expected.append(np.abs(change - change.mean()).mean())
    assert energy[0] == pytest.approx(np.mean(expected[:4]), rel=1e-5)
    assert energy[3] == pytest.approx(np.mean(expected[14:19]), rel=1e-5)


def test_light_alone_moves_nothing(tmp_path: Path) -> None:
    pictures = [scene(1) + 2 * number for number in range(20)]
    energy, joints = activity.measured(grey_file(tmp_path, pictures), 4)
    assert energy.max() == pytest.approx(0, abs=1e-3)
    assert joints == []


def test_a_joint_is_where_the_new_picture_begins(tmp_path: Path) -> None:
    pictures = [scene(1)] * 12 + [scene(2)] * 8 + [scene(3)] * 10
    energy, joints = activity.measured(grey_file(tmp_path, pictures), SECONDS)
    assert joints == [2400, 4000]
    assert energy.max() == 0  # a cut is no movement


def test_half_a_picture_at_the_end_is_none(tmp_path: Path) -> None:
    path = grey_file(tmp_path, [scene(1)] * 6)
    path.write_bytes(path.read_bytes()[:-100])
    energy, joints = activity.measured(path, 2)
    assert energy.tolist() == [0, 0]
    assert joints == []


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 255)), max_size=30), st.integers(1, 200))
def test_energies_stay_between_what_was_seen(steps: list[tuple[int, float]], seconds: int) -> None:
    moved, at = [], 0
    for length, energy in steps:
        moved.append((float(at), float(at + length), energy))
        at += length
    found = activity.energies(moved, seconds)
    assert len(found) == seconds
    if steps:
        seen = [energy for _length, energy in steps]
        assert min(seen) - 1e-9 <= found.min()
        assert found.max() <= max(seen) + 1e-9


# --- packets -------------------------------------------------------------------------------------


def units(*contents: bytes) -> bytes:
    """Return units with their lengths before them."""
    return b"".join(len(content).to_bytes(4, "big") + content for content in contents)


def test_units_whose_lengths_add_up_are_whole() -> None:
    assert packets.units_whole(units(b"\x67abc", b"\x65" + b"x" * 1000), 4)


@pytest.mark.parametrize(
    "content",
    [
        bytes(300),
        units(b"\x65" + b"x" * 50)[:-1],
        units(b"\x65" + b"x" * 50) + b"\0",
        units(b"\xe5" + b"x" * 50),
        units(b"\x65" + b"x" * 50 + bytes(40) + b"x"),
    ],
)
def test_units_that_no_encoder_writes_are_damaged(content: bytes) -> None:
    assert not packets.units_whole(content, 4)


def test_padding_and_a_stray_start_code_at_the_end_of_a_unit_are_no_damage() -> None:
    assert packets.units_whole(units(b"\x65" + b"x" * 50 + bytes(40)), 4)
    assert packets.units_whole(units(b"\x65" + b"x" * 50 + b"\0\0\0\1\x0a"), 4)


@given(st.binary(min_size=200, max_size=2000))
def test_random_bytes_are_hardly_ever_whole_and_never_an_error(content: bytes) -> None:
    packets.units_whole(content, 4)


def ledger(whole: Sequence[int], keys: Sequence[int], damaged: Sequence[int]) -> packets.Ledger:
    """Return a ledger of packets a second apart."""
    told = packets.Ledger()
    for second in sorted([*whole, *damaged]):
        if second in damaged:
            told.damaged(second * packets.MICRO)
        else:
            told.good(second * packets.MICRO, key=second in keys)
    return told


def test_damage_lasts_from_the_last_whole_packet_to_the_next_key_frame() -> None:
    told = ledger([0, 1, 2, 5, 6, 7, 8], [0, 4, 8], [3, 4])
    assert told.spans(10 * packets.MICRO) == [(2 * packets.MICRO, 8 * packets.MICRO)]


def test_damage_without_a_key_frame_after_it_lasts_to_the_end() -> None:
    told = ledger([0, 1, 2], [0], [3])
    assert told.spans(10 * packets.MICRO) == [(2 * packets.MICRO, 10 * packets.MICRO)]


def test_a_key_frame_that_does_not_decode_is_damage_from_itself_on() -> None:
    told = ledger(range(9), [0, 4, 8], [])
    told.undecoded(4 * packets.MICRO)
    assert told.spans(10 * packets.MICRO) == [(4 * packets.MICRO, 8 * packets.MICRO)]


def test_nothing_damaged_has_no_spans() -> None:
    assert ledger(range(9), [0, 4, 8], []).spans(10 * packets.MICRO) == []
