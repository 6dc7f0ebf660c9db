"""How lively a lesson is drawn."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from observe.video.timeline import activity
from observe.video.timeline.activity import Activity
from observe.web import noticed

SECONDS = 20


def drawn(energy: tuple[int, ...]) -> bytes:
    """Return the bytes that the timeline draws of these energies."""
    moved = Activity(energy, joints_ms=(), damaged=())
    told = noticed.line(noticed.Noticed(None, moved, (), (), preparing=False))
    return base64.b64decode(str(told["energy"]))


def energies_of(folder: Path, pictures: np.ndarray) -> tuple[int, ...]:
    """Return the energies of grey pictures, of 255 as they are kept."""
    path = folder / "grey"
    path.write_bytes(pictures.astype(np.uint8).tobytes())
    moved, _joints = activity.measured(path, SECONDS)
    return tuple(np.rint(255 * np.sqrt(np.minimum(1, moved / activity.FULL))).astype(int).tolist())


def still(noisy: float) -> np.ndarray:
    """Return pictures of a room where nobody is; this part of the pixels flickers by one."""
    chance = np.random.default_rng(1)
    shape = (SECONDS * activity.GREY_RATE, activity.GREY_SIZE[0] * activity.GREY_SIZE[1])
    return 100 + (chance.random(shape) < noisy)


def test_the_noise_of_a_camera_in_a_still_lesson_is_drawn_low(tmp_path: Path) -> None:
    energy = energies_of(tmp_path, still(0.05))  # differs by 0.1 grey levels
    assert 8 <= min(energy) <= max(energy) <= 20
    assert max(drawn(energy)) < 64


def test_the_liveliest_seconds_of_a_lesson_are_drawn_high(tmp_path: Path) -> None:
    pictures = still(0.05)
    pictures[: len(pictures) // 2] += 60 * (np.random.default_rng(2).random((50, 14400)) < 0.1)
    shown = drawn(energies_of(tmp_path, pictures))
    assert min(shown[:9]) > 200
    assert max(shown[11:]) < 64
