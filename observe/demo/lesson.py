"""The demo lesson as a file: picture and sound put together, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np

from observe.demo import picture, voices
from observe.demo.script import SECONDS

_THREADS: Final = 2  # fixed: the encoder's result depends on their number
_SAMPLES_A_FRAME: Final = voices.RATE // picture.FRAMES_A_SECOND


def make_lesson(target: Path) -> None:
    """Write the demo lesson (150 s, 854×480, H.264 and AAC) to `target`, in some seconds."""
    said = voices.tracks()
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        film = container.add_stream("libx264", rate=picture.FRAMES_A_SECOND)
        film.width, film.height, film.pix_fmt = picture.WIDTH, picture.HEIGHT, "yuv420p"
        film.options = {"preset": "veryfast", "crf": "26", "g": str(picture.FRAMES_A_SECOND)}
        film.codec_context.thread_count = _THREADS
        sound = container.add_stream("aac", rate=voices.RATE, layout="mono")
        sound.bit_rate = 64_000
        for image, samples in zip(_pictures(said), _blocks(voices.mixed(said)), strict=True):
            container.mux(film.encode(image))
            container.mux(sound.encode(samples))
        container.mux(film.encode(None))
        container.mux(sound.encode(None))


def _pictures(said: dict[str, voices.Samples]) -> Iterator[av.VideoFrame]:
    loudness = {name: _loudness(track) for name, track in said.items()}
    for number in range(SECONDS * picture.FRAMES_A_SECOND):
        now = {name: float(levels[number]) for name, levels in loudness.items()}
        image = av.VideoFrame.from_ndarray(picture.frame(number, now), format="bgr24")
        image.pts = number
        yield image


def _loudness(track: voices.Samples) -> voices.Samples:
    """Return the level of `track` in each frame, 0 (silent) to 1 (the loudest of the voice)."""
    levels: voices.Samples = np.sqrt((track.reshape(-1, _SAMPLES_A_FRAME) ** 2).mean(axis=1))
    peak = levels.max()
    if peak > 0:
        levels /= peak
    return levels


def _blocks(samples: voices.Samples) -> Iterator[av.AudioFrame]:
    for number, block in enumerate(samples.reshape(-1, 1, _SAMPLES_A_FRAME)):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = voices.RATE, number * _SAMPLES_A_FRAME
        yield frame
