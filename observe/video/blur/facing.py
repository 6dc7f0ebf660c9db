"""Looks for faces in a span of a video, as a short-lived process: `facing.py QUESTION`.

QUESTION: where the frames are, the turn, the detector's weights and how to ask it. Written to the
target is JSON: the moments of the frames looked at, and the boxes found, in upright pixels of the
size asked. Where something moves far from one such frame to the next, frames between are looked at
too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from av.video import VideoFrame
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    NotImplemented,
)

from observe.video.blur.framing import Shown, frames

STEP = 32  # both networks halve their picture five times
OVERLAP = 0.3  # of two boxes that overlap more, only the better one is kept
FAR = 1.0  # heads moved between two looks, from which on frames between are looked at
AROUND = 1.0  # heads around both of them in which it is looked for then
RIVAL = 4.0  # heads within which a face that came may be the one that went
ANCHORS = (8, 16, 32)
NOT_LOADED = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoModel, NotImplemented)

Floats = NDArray[np.float32]
Boxes = NDArray[np.float32]  # rows of x, y, width, height, score
Picture = NDArray[np.uint8]
Places = NDArray[np.float32]  # rows of left, top, right, bottom
Decode = Callable[[list[Floats]], Boxes]


# --- networks ------------------------------------------------------------------------------------


class Network:
    """A detector's network: takes a picture, gives boxes in that picture's pixels."""

    def __init__(self, path: str, kind: str, faint: float) -> None:
        weights = Path(path).read_bytes()
        centerface = kind == "centerface"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(os.cpu_count() or 1, 4)
        options.log_severity_level = 3
        # Waiting threads sleep: others work on this machine at the same time.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            _unbound(weights) if centerface else weights,
            options,
            providers=["CPUExecutionProvider"],
        )
        self._faint = faint
        self._columns = 0
        self._outputs = ["537", "538", "539"] if centerface else _yunet_outputs()
        self._decode = self._centerface if centerface else self._yunet
        self._blue_first = not centerface
        given = self._session.get_inputs()[0]
        self._input = given.name
        if missing := set(self._outputs) - {one.name for one in self._session.get_outputs()}:
            raise ValueError(f"no such outputs: {missing}")
        height, width = given.shape[2:]
        self.fixed = (width, height) if isinstance(width, int) and not centerface else None

    def find(self, picture: Picture) -> Boxes:
        """Return the boxes in `picture` (rows, columns, red-green-blue)."""
        if self._blue_first:
            picture = picture[:, :, ::-1]
        self._columns = picture.shape[1]
        batch = np.ascontiguousarray(picture.transpose(2, 0, 1)[np.newaxis], np.float32)
        return best(self._decode(self._session.run(self._outputs, {self._input: batch})))

    def _centerface(self, out: list[Floats]) -> Boxes:
        heat, scale, offset = out[0][0, 0], out[1][0], out[2][0]
        rows, columns = np.nonzero(heat >= self._faint)
        high, wide = (np.exp(scale[i, rows, columns]) * 4 for i in (0, 1))
        down = (rows + offset[0, rows, columns] + 0.5) * 4
        across = (columns + offset[1, rows, columns] + 0.5) * 4
        parts = (across - wide / 2, down - high / 2, wide, high, heat[rows, columns])
        return np.stack(parts, axis=1).astype(np.float32)

    def _yunet(self, out: list[Floats]) -> Boxes:
        """Return the boxes of the three grids; the score is the mean of both of its parts."""
        found = [
            self._grid(out[i], out[i + 3], out[i + 6], stride) for i, stride in enumerate(ANCHORS)
        ]
        return np.concatenate(found)

    def _grid(self, kind: Floats, thing: Floats, box: Floats, stride: int) -> Boxes:
        score = np.sqrt(np.clip(kind[0, :, 0], 0, 1) * np.clip(thing[0, :, 0], 0, 1))
        which = np.nonzero(score >= self._faint)[0]
        rows, columns = np.divmod(which, self._columns // stride)
        box = box[0, which]
        across, down = (columns + box[:, 0]) * stride, (rows + box[:, 1]) * stride
        wide, high = np.exp(box[:, 2]) * stride, np.exp(box[:, 3]) * stride
        parts = (across - wide / 2, down - high / 2, wide, high, score[which])
        return np.stack(parts, axis=1).astype(np.float32)

    def shaped(self, width: int, height: int, long_side: int) -> tuple[int, int]:
        """Return the size, in whole steps, to which pictures of this size are scaled."""
        if self.fixed is not None:
            factor = min(self.fixed[0] / width, self.fixed[1] / height)
            return max(2, int(width * factor)), max(2, int(height * factor))
        factor = min(1.0, long_side / max(width, height))
        across, down = (max(STEP, -(-round(n * factor) // STEP) * STEP) for n in (width, height))
        return across, down


def _unbound(weights: bytes) -> bytes:
    """Return CenterFace's weights without the picture size of 32 × 32 that its file declares.

    A dimension of the file's format is either a number (`08 n`) or a name (`12 length …`); the
    empty name of the same two bytes makes it any number.
    """

    def shape(*sizes: int) -> bytes:
        return b"".join(bytes([0x0A, 2, 0x08, size]) for size in sizes)

    free = bytes([0x0A, 2, 0x12, 0])
    for channels, side in ((3, 32), (1, 8), (2, 8), (10, 8)):
        bound = shape(10, channels, side, side)
        weights = weights.replace(bound, free + shape(channels) + free * 2)
    return weights


def _yunet_outputs() -> list[str]:
    return [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox") for stride in ANCHORS]


def best(boxes: Boxes) -> Boxes:
    """Return the boxes without those that a better one overlaps."""
    kept: list[Floats] = []
    boxes = boxes[np.argsort(-boxes[:, 4])]
    while len(boxes):
        best, boxes = boxes[0], boxes[1:]
        kept.append(best)
        boxes = boxes[_overlap(best, boxes) < OVERLAP]
    return np.array(kept, np.float32).reshape(-1, 5)


def _overlap(one: Floats, others: Boxes) -> Floats:
    starts = np.maximum(one[:2], others[:, :2])
    ends = np.minimum(one[:2] + one[2:4], others[:, :2] + others[:, 2:4])
    common = np.clip(ends - starts, 0, None).prod(axis=1)
    either = one[2] * one[3] + others[:, 2] * others[:, 3] - common
    return np.asarray(common / np.maximum(either, 1e-6), np.float32)


# --- looking -------------------------------------------------------------------------------------


class Looking:
    """Looks at as few frames as are enough, and keeps what it found by moment."""

    def __init__(self, question: dict[str, Any]) -> None:
        self._network = Network(question["model"], question["kind"], question["faint"])
        self._question = question
        self._gap_ms: int = question["gap_ms"]
        self.found: dict[int, Boxes] = {}

    def all(self, seen: Iterator[Shown]) -> None:
        """Look at the first frame, the last, and between them never further apart than the gap."""
        waiting: list[Shown] = []
        for one in seen:
            if len(waiting) > 1 and one.at_ms - waiting[0].at_ms > self._gap_ms:
                waiting = self._close(waiting)
            waiting.append(one)
        if waiting:
            self._close(waiting)

    def _close(self, waiting: list[Shown]) -> list[Shown]:
        for end in (waiting[0], waiting[-1]):
            self._look(end)
        self._between(waiting)
        sys.stdout.write(f"{waiting[-1].at_ms - self._question['start_ms']}\n")
        sys.stdout.flush()
        return waiting[-1:]

    def _between(self, waiting: list[Shown]) -> None:
        """Look at the middle one, and so on, where a face moved far between the ends."""
        first, last = waiting[0], waiting[-1]
        if len(waiting) < 3:
            return
        doubtful = _doubtful(self._sure(first), self._sure(last))
        if not len(doubtful):
            return
        middle = len(waiting) // 2
        self._look(waiting[middle], doubtful)
        self._between(waiting[: middle + 1])
        self._between(waiting[middle:])

    def _sure(self, one: Shown) -> Boxes:
        boxes = self.found[one.at_ms]
        return boxes[boxes[:, 4] >= float(self._question["sure"])]

    def _look(self, one: Shown, places: Places | None = None) -> None:
        """Look at the whole frame, or at some places of it only."""
        if one.at_ms in self.found:
            return
        size = self._question["size"]
        across, down = self._network.shaped(size[0], size[1], self._question["long_side"])
        ratio = np.array([size[0] / across, size[1] / down] * 2, np.float32)
        picture = self._picture(one.frame, across, down)
        if places is None or self._network.fixed is not None:
            boxes = self._network.find(_filled(picture, self._network.fixed))
        else:
            boxes = self._in_places(picture, places / ratio)
        boxes[:, :4] *= ratio
        self.found[one.at_ms] = boxes

    def _picture(self, frame: VideoFrame, across: int, down: int) -> Picture:
        rotation = self._question["rotation"]
        wide, high = (down, across) if rotation in (90, -90) else (across, down)
        scaled = frame.reformat(wide, high, format="rgb24", interpolation="BILINEAR")
        return np.rot90(np.asarray(scaled.to_ndarray(), np.uint8), k=rotation // 90)

    def _in_places(self, picture: Picture, places: Places) -> Boxes:
        found = []
        for left, top, right, bottom in _stepped(places, picture.shape[1], picture.shape[0]):
            boxes = self._network.find(picture[top:bottom, left:right])
            boxes[:, :2] += np.array([left, top], np.float32)
            found.append(boxes)
        return best(np.concatenate(found))


def _stepped(places: Places, width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Return the places outward to whole steps, those that touch as one."""
    starts = np.maximum(places[:, :2] // STEP * STEP, 0).astype(int)
    ends = np.minimum(-(-places[:, 2:] // STEP) * STEP, [width, height]).astype(int)
    merged: list[tuple[int, int, int, int]] = []
    for place in np.concatenate([starts, ends], axis=1).tolist():
        left, top, right, bottom = place
        for other in [one for one in merged if _touch(one, (left, top, right, bottom))]:
            merged.remove(other)
            left, top = min(left, other[0]), min(top, other[1])
            right, bottom = max(right, other[2]), max(bottom, other[3])
        merged.append((left, top, right, bottom))
    return [place for place in merged if place[0] < place[2] and place[1] < place[3]]


def _touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    beside = one[2] < other[0] or other[2] < one[0]
    return not (beside or one[3] < other[1] or other[3] < one[1])


def _filled(picture: Picture, fixed: tuple[int, int] | None) -> Picture:
    if fixed is None:
        return picture
    whole = np.zeros((fixed[1], fixed[0], 3), np.uint8)
    whole[: picture.shape[0], : picture.shape[1]] = picture
    return whole


def _doubtful(earlier: Boxes, later: Boxes) -> Places:
    """Return the places where a face that went may be one that came, too far to be sure of it."""
    if not len(earlier) or not len(later):
        return np.empty((0, 4), np.float32)
    went = earlier[_apart(earlier, later).min(axis=1) > FAR]
    came = later[_apart(later, earlier).min(axis=1) > FAR]
    one, other = np.nonzero(_apart(went, came) < RIVAL)
    starts = np.minimum(went[one, :2], came[other, :2])
    ends = np.maximum(_ends(went)[one], _ends(came)[other])
    around = AROUND * went[one, 2:4].max(axis=1, keepdims=True, initial=0)
    return np.concatenate([starts - around, ends + around], axis=1)


def _ends(boxes: Boxes) -> Floats:
    return np.asarray(boxes[:, :2] + boxes[:, 2:4], np.float32)


def _apart(boxes: Boxes, others: Boxes) -> Floats:
    """Return how far each of `others` is from each of `boxes`, in heads of the latter."""
    middles = boxes[:, :2] + boxes[:, 2:4] / 2
    targets = others[:, :2] + others[:, 2:4] / 2
    distance = np.linalg.norm(middles[:, np.newaxis] - targets[np.newaxis], axis=2)
    heads = np.maximum(boxes[:, 2:4].max(axis=1, initial=0), 1)
    return np.asarray(distance / heads[:, np.newaxis], np.float32)


def main(given: str) -> None:
    """Write what was found; tell on standard output how far it is, and at last the answer."""
    question = json.loads(given)
    try:
        looking = Looking(question)
    except (*NOT_LOADED, ValueError, IndexError) as error:
        sys.stdout.write(json.dumps({"refused": "detector", "told": str(error)[:300]}) + "\n")
        return
    looking.all(frames(question))
    moments = sorted(looking.found)
    boxes = [
        [at_ms, *(round(float(part), 3) for part in box)]
        for at_ms in moments
        for box in looking.found[at_ms]
    ]
    found = {"frames": moments, "boxes": boxes}
    Path(question["target"]).write_text(json.dumps(found), encoding="ascii")
    sys.stdout.write(json.dumps({"frames": len(moments), "boxes": len(boxes)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
