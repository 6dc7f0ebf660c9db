"""Faces over time: detections become tracks, tracks and corrections become regions. Pure.

Boxes are in pixels of the upright picture, moments in milliseconds of the recording. Promises:

- a box of a track is always covered by a region at its moment, and all moments between two boxes
  of a track are covered;
- each kept box is covered `MARGIN_MS` before and after itself;
- one more detection never uncovers a moment, nor a box that was kept without it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

VERSION: Final = 1
LINK_MS: Final = 800  # a face not seen for longer begins a new track
MARGIN_MS: Final = 400  # before the first and after the last box of a track: half of LINK_MS
LINK_HEADS: Final = 2.0  # a box further from where the face was going is another face
ALIKE: Final = 2.2  # nor does a face grow by more than this
NEAR_HEADS: Final = 2.0  # a faint box is a face when a sure one is this near, in time by LINK_MS
PAD: Final = 0.3  # of the box, to each side, as `deface` does
PAD_TOP: Final = 0.35  # detectors leave out the hair


@dataclass(frozen=True)
class Box:
    """A face at a moment: its left upper corner, size and score."""

    at_ms: int
    x: float
    y: float
    w: float
    h: float
    score: float = 1.0

    @property
    def head(self) -> float:
        """The longer side: the measure of distances."""
        return max(self.w, self.h, 1.0)

    @property
    def middle(self) -> tuple[float, float]:
        """The point in the middle."""
        return self.x + self.w / 2, self.y + self.h / 2

    def moved(self, across: float, down: float) -> Box:
        """Return it, moved."""
        return replace(self, x=self.x + across, y=self.y + down)

    def covers(self, other: Box) -> bool:
        """Tell whether `other` lies inside of it, to a thousandth of a pixel."""
        return (
            self.x <= other.x + 1e-3
            and self.y <= other.y + 1e-3
            and self.x + self.w >= other.x + other.w - 1e-3
            and self.y + self.h >= other.y + other.h - 1e-3
        )


@dataclass(frozen=True)
class Track:
    """One face for as long as it was followed: at least one box, in order of time."""

    id: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Found:
    """What a detector found in a span: `frames` are the moments it looked at."""

    detector: Mapping[str, Any]
    width: int
    height: int
    frames: tuple[int, ...]
    tracks: tuple[Track, ...]


@dataclass(frozen=True)
class Added:
    """A region a person added: boxes in fractions of the picture, moved evenly between them."""

    id: str
    start_ms: int
    end_ms: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Removed:
    """A time in which a person found that a track is no face."""

    id: str
    track: str
    start_ms: int
    end_ms: int


Correction = Added | Removed


@dataclass(frozen=True)
class Region:
    """What is drawn over from `start_ms` up to but without `end_ms`; evenly moved between boxes."""

    source: str
    start_ms: int
    end_ms: int
    boxes: tuple[Box, ...]

    def at(self, at_ms: int) -> Box | None:
        """Return where it is at a moment, None when it is not there."""
        if not self.start_ms <= at_ms < self.end_ms:
            return None
        after = bisect_right([box.at_ms for box in self.boxes], at_ms)
        if after == 0:
            return replace(self.boxes[0], at_ms=at_ms)
        if after == len(self.boxes):
            return replace(self.boxes[-1], at_ms=at_ms)
        return _between(self.boxes[after - 1], self.boxes[after], at_ms)


def _between(one: Box, other: Box, at_ms: int) -> Box:
    share = (at_ms - one.at_ms) / (other.at_ms - one.at_ms)
    x, y, w, h = (
        _blend(start, end, share)
        for start, end in ((one.x, other.x), (one.y, other.y), (one.w, other.w), (one.h, other.h))
    )
    return Box(at_ms, x, y, w, h, min(one.score, other.score))


def _blend(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


# --- from detections to tracks -------------------------------------------------------------------


def link(boxes: Iterable[Box], sure: float) -> tuple[Track, ...]:
    """Return the tracks of all boxes that are faces, in order of their first moment.

    A box is a face when its score is `sure` or more, or when it is near one that is.
    """
    running: list[list[Box]] = []
    done: list[list[Box]] = []
    for together in _by_moment(_kept(list(boxes), sure)):
        now = together[0].at_ms
        done += [track for track in running if now - track[-1].at_ms > LINK_MS]
        running = [track for track in running if now - track[-1].at_ms <= LINK_MS]
        _continue(running, together)
    tracks = sorted(done + running, key=lambda track: (track[0].at_ms, track[0].x, track[0].y))
    return tuple(Track(f"f{number}", tuple(track)) for number, track in enumerate(tracks, 1))


def _by_moment(boxes: list[Box]) -> list[list[Box]]:
    moments: dict[int, list[Box]] = {}
    for box in boxes:
        moments.setdefault(box.at_ms, []).append(box)
    return [moments[at_ms] for at_ms in sorted(moments)]


def _kept(boxes: list[Box], sure: float) -> list[Box]:
    """Return the sure boxes, and the faint ones that chains of near boxes join to a sure one."""
    order = sorted(boxes, key=lambda box: (box.at_ms, box.x, box.y))
    faint = _Faint([box for box in order if box.score < sure])
    reached = [box for box in order if box.score >= sure]
    kept = set(reached)
    while reached:
        near = faint.taken_near(reached.pop())
        reached += near
        kept.update(near)
    return [box for box in order if box in kept]


class _Faint:
    """Faint boxes in order of time, in columns: tens of thousands are asked for each face."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._boxes = boxes
        self._moments = [box.at_ms for box in boxes]
        self._left = np.ones(len(boxes), bool)
        self._heads = np.array([box.head for box in boxes])
        self._across, self._down = np.array([box.middle for box in boxes]).reshape(-1, 2).T

    def taken_near(self, face: Box) -> list[Box]:
        """Take out the boxes that are near `face` in time and place, and return them."""
        first = bisect_right(self._moments, face.at_ms - LINK_MS - 1)
        window = slice(first, bisect_right(self._moments, face.at_ms + LINK_MS))
        left = self._left[window]
        if not left.any():
            return []
        heads, (across, down) = self._heads[window], face.middle
        ratios = face.head / heads
        far = np.hypot(self._across[window] - across, self._down[window] - down)
        near = left & (ratios >= 1 / ALIKE) & (ratios <= ALIKE)
        near &= far <= NEAR_HEADS * np.minimum(heads, face.head)
        left &= ~near
        return [self._boxes[first + place] for place in np.flatnonzero(near).tolist()]


def _continue(running: list[list[Box]], together: list[Box]) -> None:
    """Give each box to the track that it continues best; the others begin tracks."""
    tracks, boxes = set(range(len(running))), set(range(len(together)))
    for _distance, number, place in sorted(_continuing(running, together)):
        if number in tracks and place in boxes:
            running[number].append(together[place])
            tracks.remove(number)
            boxes.remove(place)
    running += [[together[place]] for place in sorted(boxes)]


def _continuing(running: list[list[Box]], together: list[Box]) -> Iterator[tuple[float, int, int]]:
    """Yield which box may continue which track, and how many heads it is from its way."""
    told = [(place, box.head, box.middle) for place, box in enumerate(together)]
    for number, track in enumerate(running):
        going = _going(track, together[0].at_ms)
        head, (across, down) = going.head, going.middle
        for place, other, (x, y) in told:
            if 1 / ALIKE <= head / other <= ALIKE:
                distance = math.hypot(x - across, y - down) / min(head, other)
                if distance <= LINK_HEADS:
                    yield distance, number, place


def _going(track: list[Box], at_ms: int) -> Box:
    """Return where the face would be now if it went on as before, by at most one head."""
    if len(track) < 2:
        return track[-1]
    return track[-1].moved(*_drift(track[-2], track[-1], at_ms - track[-1].at_ms))


def _drift(earlier: Box, later: Box, ms: int) -> tuple[float, float]:
    steps = ms / (later.at_ms - earlier.at_ms)
    across, down = ((b - a) * steps for a, b in zip(earlier.middle, later.middle, strict=True))
    far = max((across**2 + down**2) ** 0.5 / later.head, 1.0)
    return across / far, down / far


# --- from tracks to regions ----------------------------------------------------------------------


def regions(
    found: Mapping[str, Any], corrections: Sequence[Mapping[str, Any]]
) -> tuple[Region, ...]:
    """Return what is to be drawn over, from what is kept of the finding and of the corrections.

    Raises:
        ValueError: one of them is not what `as_json` or a person's page wrote.
    """
    return drawn_over(from_json(found), corrections_from(corrections))


def drawn_over(found: Found, corrections: Sequence[Correction]) -> tuple[Region, ...]:
    """Return what is to be drawn over: all tracks but what was removed, and what was added."""
    made: list[Region] = []
    for track in found.tracks:
        gone = [one for one in corrections if isinstance(one, Removed) and one.track == track.id]
        made += _without(_covering(track), gone)
    added = [one for one in corrections if isinstance(one, Added)]
    return (*made, *(_drawn(one, found.width, found.height) for one in added))


def _covering(track: Track) -> Region:
    """Return the track padded in space and time, no smaller than its neighbours at any moment."""
    boxes = [_padded(box) for box in _steady(track.boxes)]
    first, last = boxes[0], boxes[-1]
    if len(boxes) > 1:
        first = _both(first, first.moved(*_drift(track.boxes[1], track.boxes[0], -MARGIN_MS)))
        last = _both(last, last.moved(*_drift(track.boxes[-2], track.boxes[-1], MARGIN_MS)))
    start, end = first.at_ms - MARGIN_MS, last.at_ms + MARGIN_MS
    ends = (replace(first, at_ms=start), *boxes, replace(last, at_ms=end))
    return Region(track.id, start, end + 1, ends)


def _steady(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes as large as the largest of their neighbours.

    A box that shrinks and grows with the detector's noise would let the edge of a face through.
    """
    sizes = [(box.w, box.h) for box in boxes]
    steady = []
    for number, box in enumerate(boxes):
        near = sizes[max(0, number - 1) : number + 2]
        w, h = max(w for w, _h in near), max(h for _w, h in near)
        steady.append(replace(box, x=box.x - (w - box.w) / 2, y=box.y - (h - box.h) / 2, w=w, h=h))
    return steady


def _padded(box: Box) -> Box:
    left, top = box.x - PAD * box.w, box.y - PAD_TOP * box.h
    return replace(box, x=left, y=top, w=box.w * (1 + 2 * PAD), h=box.h * (1 + PAD + PAD_TOP))


def _both(one: Box, other: Box) -> Box:
    x, y = min(one.x, other.x), min(one.y, other.y)
    right, bottom = max(one.x + one.w, other.x + other.w), max(one.y + one.h, other.y + other.h)
    return replace(one, x=x, y=y, w=right - x, h=bottom - y)


def _without(region: Region, gone: Sequence[Removed]) -> list[Region]:
    left = [(region.start_ms, region.end_ms)]
    for one in gone:
        parts = [
            part
            for start, end in left
            for part in ((start, min(end, one.start_ms)), (max(start, one.end_ms), end))
        ]
        left = [(start, end) for start, end in parts if start < end]
    return [replace(region, start_ms=start, end_ms=end) for start, end in left]


def _drawn(added: Added, width: int, height: int) -> Region:
    boxes = tuple(
        replace(box, x=box.x * width, y=box.y * height, w=box.w * width, h=box.h * height)
        for box in added.boxes
    )
    return Region(added.id, added.start_ms, added.end_ms, boxes)


# --- as JSON -------------------------------------------------------------------------------------


def as_json(found: Found) -> dict[str, Any]:
    """Return `found` as it is kept: `from_json` reads it again."""
    return {
        "version": VERSION,
        "detector": dict(found.detector),
        "width": found.width,
        "height": found.height,
        "frames": list(found.frames),
        "tracks": [
            {
                "id": track.id,
                "boxes": [[b.at_ms, b.x, b.y, b.w, b.h, b.score] for b in track.boxes],
            }
            for track in found.tracks
        ],
    }


def from_json(kept: Mapping[str, Any]) -> Found:
    """Return what `as_json` wrote.

    Raises:
        ValueError: it was written by another version.
    """
    if kept["version"] != VERSION:
        raise ValueError(f"version {kept['version']} of found faces")
    tracks = tuple(
        Track(track["id"], tuple(Box(*box) for box in track["boxes"])) for track in kept["tracks"]
    )
    frames = tuple(kept["frames"])
    return Found(kept["detector"], kept["width"], kept["height"], frames, tracks)


def corrections_from(kept: Sequence[Mapping[str, Any]]) -> tuple[Correction, ...]:
    """Return the corrections that a person made, as they are kept in the database.

    >>> corrections_from([{"id": "a", "kind": "remove", "track": "f3", "start_ms": 0, "end_ms": 9}])
    (Removed(id='a', track='f3', start_ms=0, end_ms=9),)

    Raises:
        ValueError: one is none: no known kind, ends before it starts, or has no boxes in order.
    """
    try:
        return tuple(_correction(one) for one in kept)
    except (KeyError, TypeError) as error:
        raise ValueError("not a correction") from error


def _correction(kept: Mapping[str, Any]) -> Correction:
    start, end = int(kept["start_ms"]), int(kept["end_ms"])
    if not 0 <= start < end:
        raise ValueError("a correction must end after it starts")
    if kept["kind"] == "remove":
        return Removed(str(kept["id"]), str(kept["track"]), start, end)
    if kept["kind"] != "add":
        raise ValueError("no such kind of correction")
    given = kept.get("boxes") or [[start, *kept["box"]]]
    boxes = tuple(Box(int(at), *(float(part) for part in parts)) for at, *parts in given)
    if not all(_on_picture(box) for box in boxes):
        raise ValueError("a region must lie on the picture")
    if any(later.at_ms <= earlier.at_ms for earlier, later in pairwise(boxes)):
        raise ValueError("the boxes of a region must be in order of time")
    return Added(str(kept["id"]), start, end, boxes)


def _on_picture(box: Box) -> bool:
    """Tell whether it has a size and some of it is on the picture, by fractions of it."""
    across = box.x < 1 and box.x + box.w > 0 and 0 < box.w <= 1
    return across and box.y < 1 and box.y + box.h > 0 and 0 < box.h <= 1
