"""The sound of the demo lesson: vowels sung by arithmetic. Nobody's voice, no words.

A syllable is one period of a vowel (harmonics under three formants), repeated along a gliding
pitch. The same seed gives the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from observe.demo.script import CHILDREN, LESSON, SECONDS, TEACHER

RATE: Final = 24_000  # samples a second
_PERIOD: Final = 512  # samples of one stored period
_BANDWIDTHS: Final = np.array([90.0, 120.0, 170.0])
_VOWELS: Final = np.array(  # the three formants of a, e, i, o, u in Hz, for a grown voice
    [[800, 1300, 2600], [480, 2000, 2700], [300, 2400, 3100], [500, 950, 2500], [330, 750, 2400]],
    dtype=float,
)
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Voice:
    """Pitch in Hz, the size of the mouth (1 = grown), and loudness."""

    pitch: float
    size: float
    gain: float

    def periods(self) -> Samples:
        """Return one period of each vowel, shape (5, 512), peak 1."""
        phase = 2 * np.pi * np.arange(_PERIOD) / _PERIOD
        harmonics = np.arange(1, int(RATE / 2.4 / self.pitch))
        hertz = harmonics * self.pitch
        formants = _VOWELS[:, :, None] / self.size
        near = 1 / (1 + ((hertz - formants) / _BANDWIDTHS[:, None]) ** 2)
        strength = (near * np.array([1.0, 0.6, 0.3])[:, None]).sum(axis=1) / harmonics**0.5
        waves = strength @ np.sin(harmonics[:, None] * phase)
        periods: Samples = (waves / np.abs(waves).max(axis=1, keepdims=True)).astype(np.float32)
        return periods


VOICES: Final = {TEACHER: Voice(205, 0.95, 0.42)} | {
    name: Voice(285 + 22 * number, 0.74 - 0.015 * number, 0.30)
    for number, name in enumerate(CHILDREN)
}


def tracks(seed: int = 7) -> dict[str, Samples]:
    """Return what each person says over the whole lesson, as samples at `RATE`."""
    said = {name: np.zeros(SECONDS * RATE, dtype=np.float32) for name in VOICES}
    random = np.random.default_rng(seed)
    for moment in LESSON:
        for name in moment.speakers:
            speech = _speech(VOICES[name], moment.end - moment.start, random)
            start = moment.start * RATE
            said[name][start : start + len(speech)] = speech
    return said


def mixed(said: dict[str, Samples], seed: int = 11) -> Samples:
    """Return all voices together over the faint noise of a room, within ±1."""
    random = np.random.default_rng(seed)
    room = random.standard_normal(SECONDS * RATE, dtype=np.float32) * 0.003
    together: Samples = np.clip(np.sum(list(said.values()), axis=0) + room, -1, 1)
    return together


def _speech(voice: Voice, seconds: int, random: np.random.Generator) -> Samples:
    """Return phrases of a few syllables with breaths between them, `seconds` long."""
    out = np.zeros(seconds * RATE, dtype=np.float32)
    periods, at = voice.periods(), int(random.uniform(0.1, 0.5) * RATE)
    while at < len(out):
        syllables = int(random.integers(4, 10))
        for number in range(syllables):
            pitch = voice.pitch * (1.12 - 0.24 * number / syllables) * random.uniform(0.95, 1.05)
            sound = voice.gain * _syllable(periods, pitch, random)
            end = min(at + len(sound), len(out))
            out[at:end] = sound[: max(0, end - at)]
            at = end
        at += int(random.uniform(0.25, 0.7) * RATE)
    return out


def _syllable(periods: Samples, pitch: float, random: np.random.Generator) -> Samples:
    length = int(random.uniform(0.11, 0.24) * RATE)
    share = np.linspace(0, 1, length)
    phase = np.cumsum(pitch * (1 + 0.03 * np.sin(2 * np.pi * share))) / RATE
    wave = periods[random.integers(len(periods)), (phase * _PERIOD).astype(int) % _PERIOD]
    loudness = np.sin(np.pi * share) ** 0.6 * random.uniform(0.6, 1.0)
    sound: Samples = (wave * loudness).astype(np.float32)
    return sound
