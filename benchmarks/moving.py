"""Composes clips of faces that move on known paths, from photographs with known boxes.

The photographs are not ours: nothing made here is kept, shown, or shipped.
"""

from __future__ import annotations

import csv
import math
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from observe.video.blur.faces import Box
from observe.video.media.tools import ffmpeg_path

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """What is composed: pixels, seconds, frames a second, faces, and how long one crosses it."""

    width: int
    height: int
    seconds: float
    rate: int = 25
    faces: int = 10
    crossing_s: tuple[float, float] = (6.0, 20.0)  # there and back, quickest and slowest
    head: tuple[float, float] = (0.028, 0.14)  # of the height
    seed: int = 1


@dataclass(frozen=True)
class Face:
    """A cut-out: its pixels, how much of each is face, and the face's box in it."""

    pixels: NDArray[np.float32]
    share: NDArray[np.float32]
    box: tuple[float, float, float, float]


def boxes_of(folder: Path) -> dict[str, list[tuple[int, int, int, int]]]:
    """Return the known boxes (x, y, width, height) of each photograph in `folder`."""
    known: dict[str, list[tuple[int, int, int, int]]] = {}
    with (folder / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            box = (int(row["x"]), int(row["y"]), int(row["w"]), int(row["h"]))
            known.setdefault(row["image"], []).append(box)
    return known


def compose(folder: Path, target: Path, scene: Scene) -> list[list[Box]]:
    """Write a clip of moving faces over a textured ground; return their boxes frame by frame."""
    random = np.random.default_rng(scene.seed)
    ground, cut_outs = _ground(scene, random), list(_faces(folder, scene, random))
    ways = [
        (random.uniform(0, 2 * math.pi), random.uniform(*scene.crossing_s)) for _face in cut_outs
    ]
    truth: list[list[Box]] = []

    def pictures() -> Iterator[Picture]:
        for number in range(int(scene.seconds * scene.rate)):
            picture = ground.copy()
            shown: list[Box] = []
            for place, (face, way) in enumerate(zip(cut_outs, ways, strict=True)):
                box = _placed(picture, face, *_at(number, place, face, way, scene))
                box = Box(round(number * 1000 / scene.rate), box.x, box.y, box.w, box.h)
                shown = [other for other in shown if not _hidden(other, box)] + [box]
            truth.append(shown)
            yield picture

    write_clip(target, pictures(), (scene.width, scene.height), scene.rate)
    return truth


def slides(folder: Path, target: Path, side: int = 512) -> list[list[Box]]:
    """Write a clip that shows each photograph for 0.4 s; return the known boxes frame by frame."""
    truth: list[list[Box]] = []

    def pictures() -> Iterator[Picture]:
        for name, boxes in sorted(boxes_of(folder).items()):
            photograph = np.asarray(cv2.imread(str(folder / name)), np.uint8)
            picture = np.full((side, side, 3), 128, np.uint8)
            picture[: photograph.shape[0], : photograph.shape[1]] = photograph
            for _repeat in range(4):
                truth.append([Box(100 * len(truth), *box) for box in boxes])
                yield picture

    write_clip(target, pictures(), (side, side), 10)
    return truth


def write_clip(target: Path, pictures: Iterator[Picture], size: tuple[int, int], rate: int) -> None:
    """Encode pictures (blue-green-red) as H.264 with a tone for sound."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-f", "rawvideo"]
    command += ["-pix_fmt", "bgr24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0"]
    command += ["-f", "lavfi", "-i", "sine=frequency=330", "-shortest", "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    with subprocess.Popen([*command, str(target)], stdin=subprocess.PIPE) as process:
        if process.stdin is None:
            raise OSError("no pipe")
        for picture in pictures:
            process.stdin.write(picture.tobytes())
        process.stdin.close()
    if process.returncode != 0:
        raise OSError("the clip could not be made")


def _ground(scene: Scene, random: np.random.Generator) -> Picture:
    ground = np.full((scene.height, scene.width, 3), 120, np.float32)
    for grain in (4, 16, 64):
        rough = random.normal(0, 22, (scene.height // grain + 1, scene.width // grain + 1, 3))
        size = (scene.width, scene.height)
        ground += cv2.resize(rough.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    return np.clip(ground, 0, 255).astype(np.uint8)


def _faces(folder: Path, scene: Scene, random: np.random.Generator) -> Iterator[Face]:
    known = [(name, box) for name, boxes in boxes_of(folder).items() for box in boxes]
    for number in random.permutation(len(known))[: scene.faces]:
        name, box = known[number]
        low, high = (math.log(part) for part in scene.head)
        head = scene.height * math.exp(random.uniform(low, high))
        yield _cut_out(np.asarray(cv2.imread(str(folder / name)), np.uint8), box, head / box[2])


def _cut_out(photograph: Picture, box: tuple[int, int, int, int], factor: float) -> Face:
    x, y, w, h = box
    left, top = max(0, x - w // 2), max(0, y - h // 2)
    part = photograph[top : y + h + h // 2, left : x + w + w // 2]
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(part, None, fx=factor, fy=factor, interpolation=how)
    pixels = np.asarray(scaled, np.float32)
    high, wide = pixels.shape[:2]
    share = np.zeros((high, wide), np.float32)
    middle, axes = (wide // 2, high // 2), (int(wide * 0.46), int(high * 0.46))
    cv2.ellipse(share, middle, axes, 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(share, (0, 0), max(1.0, wide * 0.02))[..., np.newaxis]
    inside = ((x - left) * factor, (y - top) * factor, w * factor, h * factor)
    return Face(pixels, np.asarray(soft, np.float32), inside)


def _at(
    number: int, place: int, face: Face, way: tuple[float, float], scene: Scene
) -> tuple[int, int]:
    """Return the left upper corner: swinging across, each on its own height."""
    high, wide = face.pixels.shape[:2]
    seconds, (start, period) = number / scene.rate, way
    across = 0.5 + 0.5 * math.sin(start + 2 * math.pi * seconds / period)
    down = place / scene.faces + 0.04 * math.sin(2 * seconds + start)
    x, y = int((scene.width - wide) * across), int((scene.height - high) * down)
    return x, min(max(0, y), scene.height - high)


def _placed(picture: Picture, face: Face, x: int, y: int) -> Box:
    high, wide = face.pixels.shape[:2]
    under = picture[y : y + high, x : x + wide]
    under[:] = (face.pixels * face.share + under * (1 - face.share)).astype(np.uint8)
    left, top, w, h = face.box
    return Box(0, x + left, y + top, w, h)


def _hidden(one: Box, other: Box) -> bool:
    """Tell whether the later one stands before the earlier one, so that this is no face to find."""
    across = abs(one.x - other.x) < (one.w + other.w) * 0.8
    return across and abs(one.y - other.y) < (one.h + other.h) * 0.8
