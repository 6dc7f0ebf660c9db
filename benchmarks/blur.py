"""Blurring beside `deface`, on the same clips in one run: how fast, and which faces are covered.

`python -m benchmarks.blur FACES [--yunet FILE] [--seconds 6]`, where FACES is a folder of group
photographs with `boxes.csv` (image, x, y, w, h). `deface` is installed from PyPI into a folder of
its own, with its default detector and onnxruntime. A face is covered in a frame when at least 80 %
of its known box, in both directions about its middle, lies in what is drawn over.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import moving
from observe.settings import Settings
from observe.video.blur import blurring, faces
from observe.video.blur.detectors import Detector, detector_for
from observe.video.blur.faces import Box
from observe.video.media.graphs import Watch
from observe.video.media.probe import probe
from observe.video.models import BlurSound, BlurStyle
from observe.video.timecode import Span

Truth = list[list[Box]]
MASK_SCALE = 0.3  # what `deface` adds to each side of a box by default
# Asks `deface` itself, as its command does by default, where it would draw.
_ASK_DEFACE = """
import json, sys
import imageio
from deface.centerface import CenterFace
look = CenterFace()
found = [look(frame, threshold=0.2)[0][:, :4].tolist() for frame in imageio.get_reader(sys.argv[1])]
json.dump(found, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Clip:
    """A clip with known faces."""

    name: str
    path: Path
    truth: Truth


def clips(photographs: Path, folder: Path, seconds: float) -> list[Clip]:
    """Compose the clips: lessons at 720p and 1080p, and the photographs one after the other."""
    made = []
    for name, size in (("720p", (1280, 720)), ("1080p", (1920, 1080))):
        path = folder / f"{name}.mp4"
        scene = moving.Scene(*size, seconds, seed=size[1])
        made.append(Clip(name, path, moving.compose(photographs, path, scene)))
    path = folder / "photographs.mp4"
    return [*made, Clip("photographs", path, moving.slides(photographs, path))]


def ours(clip: Clip, detector: Detector, folder: Path) -> tuple[float, float]:
    """Return the seconds of the whole job, and the share of faces covered."""
    target = folder / f"{clip.name}-{detector.kind}"
    started = time.perf_counter()
    measured = probe(clip.path)
    span = Span(0, measured.duration_ms)
    found = blurring.find_faces(clip.path, measured, span, target.with_suffix(".json"), detector)
    regions = faces.drawn_over(found, ())
    blurring.draw(
        clip.path,
        measured,
        span,
        regions,
        BlurStyle.MOSAIC,
        BlurSound.KEEP,
        target.with_suffix(".mp4"),
        Watch(),
    )
    taken = time.perf_counter() - started

    def places(number: int, at_ms: int) -> list[Box]:
        return [place for region in regions if (place := region.at(at_ms)) is not None]

    return taken, recall(clip.truth, places)


def theirs(clip: Clip, home: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds of `deface`, and the share of faces covered."""
    target, found = folder / f"{clip.name}-deface.mp4", folder / f"{clip.name}-deface.json"
    started = time.perf_counter()
    _quiet(home / "bin" / "deface", clip.path, "--keep-audio", "--output", target)
    taken = time.perf_counter() - started
    _quiet(home / "bin" / "python", "-c", _ASK_DEFACE, clip.path, found)
    boxes = json.loads(found.read_text(encoding="utf-8"))

    def places(number: int, at_ms: int) -> list[Box]:
        return [_scaled(at_ms, *box) for box in boxes[number]] if number < len(boxes) else []

    return taken, recall(clip.truth, places)


def _scaled(at_ms: int, left: float, top: float, right: float, bottom: float) -> Box:
    w, h = right - left, bottom - top
    more = 1 + 2 * MASK_SCALE
    return Box(at_ms, left - MASK_SCALE * w, top - MASK_SCALE * h, w * more, h * more)


def recall(truth: Truth, places: Callable[[int, int], list[Box]]) -> float:
    """Return the share of known faces that are covered, over all frames."""
    hit = known = 0
    for number, shown in enumerate(truth):
        for box in shown:
            core = Box(box.at_ms, box.x + box.w / 10, box.y + box.h / 10, box.w * 0.8, box.h * 0.8)
            hit += any(place.covers(core) for place in places(number, box.at_ms))
            known += 1
    return hit / known


def install_deface(home: Path) -> None:
    """Install `deface` into an environment of its own."""
    venv.create(home, with_pip=True)
    _quiet(home / "bin" / "pip", "install", "--quiet", "deface", "onnxruntime", "onnx")


def _quiet(*command: object) -> None:
    given = [str(part) for part in command]
    done = subprocess.run(given, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{given[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def main() -> None:
    """Print one line a clip: seconds, how many times as fast, and what is covered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--yunet", type=Path, default=None)
    parser.add_argument("--seconds", type=float, default=6.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        settings = [Settings(home=folder)]
        settings += [Settings(home=folder, face_model=given.yunet)] if given.yunet else []
        detectors = [detector_for(one) for one in settings]
        install_deface(folder / "deface")
        for clip in clips(given.faces, folder, given.seconds):
            slow, covered = theirs(clip, folder / "deface", folder)
            print(f"| {clip.name} | deface | {slow:.1f} s | 1.0 | {covered:.3f} |", flush=True)
            for detector in detectors:
                quick, covered = ours(clip, detector, folder)
                ratio = slow / quick
                row = f"{detector.name} | {quick:.1f} s | {ratio:.1f} | {covered:.3f}"
                print(f"| {clip.name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
