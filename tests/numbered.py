"""Lessons whose every frame carries its number, and what reads it back: the truth about time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from observe.video.media.tools import ffmpeg_path
from observe.video.timecode import Span

BITS = 12
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 48
RATE = 8_000


def numbered(number: int) -> av.VideoFrame:
    """Draw `number` as white and black blocks, the highest bit on the left."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(BITS):
        if number >> (BITS - 1 - bit) & 1:
            picture[:, bit * BLOCK : (bit + 1) * BLOCK] = 255
    return av.VideoFrame.from_ndarray(picture, format="rgb24")


def number_in(frame: av.VideoFrame) -> int:
    """Return the number drawn in a frame of any size."""
    return number_of(frame.to_ndarray(format="gray").astype(np.uint8))


def number_of(grey: NDArray[np.uint8]) -> int:
    """Return the number drawn in a grey picture that lies or was turned back."""
    wide = grey.shape[1] / BITS
    middle = grey.shape[0] // 2
    bits = [grey[middle, int((bit + 0.5) * wide)] > 128 for bit in range(BITS)]
    return sum(1 << (BITS - 1 - bit) for bit, white in enumerate(bits) if white)


def numbered_video(
    target: Path,
    times: list[Fraction],
    *,
    sound: bool = True,
    options: dict[str, str] | None = None,
) -> Path:
    """Write frame `i` at `times[i]` seconds; one key frame only, so that clips start inside."""
    with av.open(str(target), "w") as container:
        container.metadata["title"] = "Clase de Berta"
        container.metadata["location"] = "-36.82-073.05/"
        chosen = {"g": "9999", "crf": "10"} if options is None else options
        video = container.add_stream("libx264", rate=30, options=chosen)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 90_000)
        audio = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for number, time in enumerate(times):
            frame = numbered(number)
            frame.pts, frame.time_base = round(time * 90_000), Fraction(1, 90_000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for block in spoken(times[0], times[-1]):
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    return target


def spoken(start: Fraction, end: Fraction) -> Iterator[av.AudioFrame]:
    """Yield loud sound everywhere but between the third and fifth second of the video."""
    for first in range(0, int((end - start) * RATE), 1024):
        seconds = (np.arange(1024) + first) / RATE
        quiet = (seconds > 3) & (seconds < 5)
        wave = np.where(quiet, 0, np.sin(seconds * 2 * np.pi * 440) * 0.8)
        block = av.AudioFrame.from_ndarray(
            wave.astype(np.float32).reshape(1, -1), format="fltp", layout="mono"
        )
        block.pts, block.rate = first + int(start * RATE), RATE
        block.time_base = Fraction(1, RATE)
        yield block


def steady(count: int, rate: Fraction, offset: Fraction = Fraction(0)) -> list[Fraction]:
    """Return the times of evenly spaced frames."""
    return [offset + number / rate for number in range(count)]


def uneven(count: int) -> list[Fraction]:
    """Return the times of frames 17 to 130 ms apart, as phones write them in poor light."""
    steps = np.random.default_rng(7).integers(17, 130, count)
    return [Fraction(int(ms), 1000) for ms in np.cumsum(steps) - steps[0]]


def belonging(times: list[Fraction], span: Span) -> list[int]:
    """Return the frames whose time, in whole milliseconds from the first, lies in the span."""
    first = times[0]
    return [
        number
        for number, time in enumerate(times)
        if span.start_ms - 0.5 <= (time - first) * 1000 < span.end_ms - 0.5
    ]


def standing(times: list[Fraction], at_ms: float) -> int:
    """Return the frame on the screen at `at_ms` of our timeline."""
    return max(number for number, time in enumerate(times) if (time - times[0]) * 1000 <= at_ms)


def turned(source: Path, target: Path, degrees: int) -> Path:
    """Write the same file with the turn that a phone asks for."""
    command = [ffmpeg_path(), "-v", "error", "-display_rotation", str(degrees)]
    command += ["-i", str(source), "-c", "copy", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target
