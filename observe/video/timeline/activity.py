"""The activity timeline: how much moves each second, where the picture is cut, what is damaged.

Movement is the mean absolute difference, in grey levels, of a picture of 160 × 90 and the one
before it, after the change of the whole picture's brightness is taken away: a cloud or the camera's
exposure moves nothing. A joint is found as ffmpeg's `scdet` finds it, at 10 per cent. All of it is
a hint to find moments, never a score, and movements of two lessons cannot be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from observe.errors import BadInputError
from observe.text import message
from observe.video.media import tools
from observe.video.media.probe import Probe
from observe.video.timecode import Span

GREY_SIZE: Final = (160, 90)
GREY_RATE: Final = 5  # frames a second
LOST_FROM_MS: Final = 2_000  # less is how containers round
CUT: Final = 10.0  # per cent of the range by which frames at a joint differ
FULL: Final = 32.0  # grey levels of mean difference that are the highest energy
RECIPE: Final = "activity-1"
HINT: Final = message(
    "Activity is how much the picture changes. It is a hint to find moments, never a score."
)
_READER: Final = Path(__file__).with_name("watching.py")
_PICTURE: Final = GREY_SIZE[0] * GREY_SIZE[1]
_AT_ONCE: Final = 300  # frames: 4 MB

Energies = NDArray[np.float64]


@dataclass(frozen=True)
class Activity:
    """Energy of each second (0 to 255), joints, damaged spans, and what is lost at the end.

    An energy is `255 · √(d / 32)` for the mean difference `d` in grey levels: the root shows small
    movement beside large.
    """

    energy: tuple[int, ...]
    joints_ms: tuple[int, ...]
    damaged: tuple[Span, ...]
    lost_ms: int = 0  # how much longer the file says it is: a copy that was cut short


def write_activity(
    source: Path, probe: Probe, target: Path, tick: tools.Tick, *, grey: Path | None = None
) -> None:
    """Write the activity timeline of the video as JSON.

    `grey` are bare grey pictures of the whole video, 160 × 90 at five a second from our 0, where an
    encoding pass left them; without them the key frames of the source are looked at. The packets
    of the source are checked for damage either way.

    Raises:
        BadInputError: the picture cannot be read. OSError: the disk is full.
    """
    seen = _watched(source, probe, tick, key_frames=grey is None)
    damaged = _spans(seen["damaged"], probe)
    seconds = -(-probe.duration_ms // 1000)
    if grey is None:
        energy = energies(_on_our_clock(seen["moved"], probe), seconds)
        joints = [round((joint - probe.first_frame_us) / 1000) for joint in seen["joints"]]
    else:
        energy, joints = measured(grey, seconds)
    told = {
        "version": 1,
        "energy": _scaled(energy),
        "joints_ms": [joint for joint in joints if _reliable(joint, damaged, probe.duration_ms)],
        "damaged": [[span.start_ms, span.end_ms] for span in damaged],
        "lost_ms": _lost_ms(seen["declared_us"], probe),
    }
    target.write_text(json.dumps(told, separators=(",", ":")), encoding="ascii")


def read_activity(written: str) -> Activity:
    """Return the activity timeline that `write_activity` wrote."""
    told = json.loads(written)
    damaged = tuple(Span(start, end) for start, end in told["damaged"])
    lost_ms = told.get("lost_ms", 0)  # older ones do not say
    return Activity(tuple(told["energy"]), tuple(told["joints_ms"]), damaged, lost_ms)


def _lost_ms(declared_us: int, probe: Probe) -> int:
    lost = (declared_us - probe.end_us) // 1000
    return lost if lost > LOST_FROM_MS else 0


def _scaled(energy: Energies) -> list[int]:
    scaled: list[int] = np.rint(255 * np.sqrt(np.minimum(1, energy / FULL))).astype(int).tolist()
    return scaled


def _reliable(joint_ms: int, damaged: Sequence[Span], duration_ms: int) -> bool:
    spoilt = any(span.start_ms <= joint_ms <= span.end_ms for span in damaged)
    return 0 < joint_ms < duration_ms and not spoilt


# --- from the source -----------------------------------------------------------------------------


def _watched(source: Path, probe: Probe, tick: tools.Tick, *, key_frames: bool) -> dict[str, Any]:
    question = {
        "path": str(source),
        "options": tools.reading_options(),
        "stream": probe.video_index,
        "end_us": probe.end_us,
        "key_frames": key_frames,
    }
    seconds = 180 + probe.duration_ms / 1000
    limits = tools.Limits(2 * seconds, int(4 * seconds), 4 * tools.GIB, output_bytes=0)
    try:
        return tools.run_reader(_READER, question, limits, tick=tick)
    except tools.ToolError as error:
        raise BadInputError(message("The movement in this video could not be measured.")) from error


def _spans(damaged: Sequence[Sequence[int]], probe: Probe) -> tuple[Span, ...]:
    """Return the damage on our clock, as far as it lies within the lesson."""
    first, whole = probe.first_frame_us, probe.duration_ms
    found = [
        (max(0, (start - first) // 1000), min(whole, -((first - end) // 1000)))
        for start, end in damaged
    ]
    return tuple(Span(start, end) for start, end in found if start < end)


def _on_our_clock(
    moved: Sequence[tuple[int, int, float]], probe: Probe
) -> list[tuple[float, float, float]]:
    first = probe.first_frame_us
    return [
        ((start - first) / 1_000_000, (end - first) / 1_000_000, energy)
        for start, end, energy in moved
    ]


def energies(moved: Sequence[tuple[float, float, float]], seconds: int) -> Energies:
    """Return the energy of each second from stretches (from, to in seconds; energy) that were seen.

    Between the middles of two stretches it goes straight from one value to the other.

    >>> energies([(0, 2, 4.0), (2, 4, 8.0)], 4).tolist()
    [4.0, 5.0, 7.0, 8.0]
    """
    if not moved:
        return np.zeros(seconds)
    middles = [(start + end) / 2 for start, end, _energy in moved]
    values = [energy for _start, _end, energy in moved]
    energy: Energies = np.interp(np.arange(seconds) + 0.5, middles, values)
    return energy


# --- from grey pictures --------------------------------------------------------------------------


def measured(grey: Path, seconds: int) -> tuple[Energies, list[int]]:
    """Return the energy of each second and the joints in milliseconds, from grey pictures."""
    moved = np.zeros(seconds)
    counts = np.zeros(seconds)
    joints: list[int] = []
    before = 0.0
    for number, (one, other) in enumerate(pairwise(_pictures(grey)), start=1):
        second = min(number // GREY_RATE, seconds - 1)
        change = other - one
        differs = 100 * float(np.abs(change).mean()) / 256
        if min(differs, abs(differs - before)) >= CUT:
            joints.append(number * 1000 // GREY_RATE)
        else:  # a cut of the picture is no movement
            moved[second] += np.abs(change - change.mean()).mean()
            counts[second] += 1
        before = differs
    return moved / np.maximum(1, counts), joints


def _pictures(grey: Path) -> Iterator[NDArray[np.float32]]:
    with grey.open("rb") as file:
        while block := file.read(_AT_ONCE * _PICTURE):
            whole = len(block) // _PICTURE
            pictures = np.frombuffer(block[: whole * _PICTURE], np.uint8).reshape(whole, -1)
            yield from pictures.astype(np.float32)
