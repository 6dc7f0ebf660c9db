"""The waveform: how loud the lesson is, twenty times a second."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
PEAKS_A_SECOND: Final = 20
RECIPE: Final = f"peaks-2 {PEAKS_A_SECOND}hz"
_SAMPLES: Final = RATE // PEAKS_A_SECOND
_AT_ONCE: Final = 1_200  # peaks: a minute, 2 MB of sound


def peaks_of(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return the loudest sample of each twentieth of a second, 0 (silent) to 255 (full).

    >>> peaks_of(np.array([0, -32768, 100], np.int16)).tolist()
    [255]
    """
    missing = -len(samples) % _SAMPLES
    spans = np.pad(samples.astype(np.int32), (0, missing)).reshape(-1, _SAMPLES)
    loudest = np.abs(spans).max(axis=1) if len(spans) else np.zeros(0, np.int32)
    peaks: NDArray[np.uint8] = np.minimum(255, -(-loudest * 255 // 32767)).astype(np.uint8)
    return peaks


def write_peaks(sound: Path, target: Path) -> None:
    """Write the peaks of bare 16-bit samples at 16 kHz, one byte each, in flat memory."""
    size = _AT_ONCE * _SAMPLES * 2
    with sound.open("rb") as given, target.open("xb") as made:
        while block := given.read(size):
            made.write(peaks_of(np.frombuffer(block[: len(block) // 2 * 2], "<i2")).tobytes())
