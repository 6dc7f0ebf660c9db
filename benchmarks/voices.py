"""How fast a lesson is listened to and watched: as a multiple of its length, and beside ffmpeg.

Counted in seconds of one core (not on Windows, which does not tell them).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from observe.video.media import tools
from observe.video.media.probe import Probe, probe
from observe.video.timeline import activity, voices

LISTENED_S: Final = 900
DRAWN_S: Final = 60
TIMES: Final = 4  # the drawn minute one after the other
ROUNDS: Final = 2


def listening(folder: Path) -> str:
    """Make the voice timeline of a quarter of an hour of sound; how much faster than live."""
    sound = folder / "sound"
    random = np.random.default_rng(1)
    with sound.open("wb") as file:
        for _minute in range(LISTENED_S // 60):
            noise = random.standard_normal(60 * voices.RATE) * 1_000
            file.write(noise.astype("<i2").tobytes())
    spent = _spent(lambda: voices.write_voices(sound, folder / "voices.json", _nobody))
    return f"{LISTENED_S / spent:.0f} x real time"


def watching(folder: Path) -> str:
    """Make the activity timeline of four minutes of 1080p; beside a bare pass over key frames."""
    lesson = folder / "watched.mp4"
    _film(lesson)
    measured = probe(lesson)
    pairs = [_pair(lesson, folder, lambda: _watch(lesson, measured, folder)) for _ in range(ROUNDS)]
    ours, bare = (min(times) for times in zip(*pairs, strict=True))
    return f"{ours / bare:.2f} x a key-frame pass ({ours:.2f} s, {bare:.2f} s)"


def _pair(lesson: Path, folder: Path, watch: Callable[[], None]) -> tuple[float, float]:
    return _spent(watch), _spent(lambda: _key_frames(lesson, folder))


def _watch(lesson: Path, measured: Probe, folder: Path) -> None:
    activity.write_activity(lesson, measured, folder / "activity.json", _nobody)


def _key_frames(lesson: Path, folder: Path) -> None:
    """Let ffmpeg alone decode the key frames, small and grey, and nothing else."""
    command = [tools.ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-discard:v", "nokey"]
    command += ["-skip_frame", "nokey", "-i", str(lesson), "-vf", "scale=160:90,format=gray"]
    command += ["-fps_mode", "passthrough", "-an", "-f", "rawvideo", str(folder / "grey")]
    subprocess.run(command, check=True)


def _film(target: Path) -> None:
    minute = target.with_name("minute.mp4")
    _draw(minute)
    command = [tools.ffmpeg_path(), "-nostdin", "-v", "error", "-y"]
    command += ["-stream_loop", str(TIMES - 1), "-i", str(minute), "-c", "copy", str(target)]
    subprocess.run(command, check=True)


def _draw(target: Path) -> None:
    """Encode a picture as a camera does: 1080p25, 12 Mbit/s, a key frame each second."""
    picture = f"testsrc2=size=1920x1080:rate=25:duration={DRAWN_S},noise=alls=14:allf=t"
    command = [tools.ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "12M", "-maxrate", "12M"]
    command += ["-bufsize", "24M", "-g", "25", "-pix_fmt", "yuv420p", str(target)]
    subprocess.run(command, check=True)


def _spent(work: Callable[[], object]) -> float:
    """Return the processor's seconds, ours and our programs': what else runs does not count."""
    before = os.times()
    work()
    return sum(os.times()[:4]) - sum(before[:4])


def _nobody() -> None:
    """Hear ticks."""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for measure in (listening, watching):
            sys.stdout.write(f"{measure.__doc__}\n  {measure(Path(made))}\n")
