"""Draws over regions of a span and encodes it, as a short-lived process: `masking.py QUESTION`.

QUESTION: where the frames are, a file of the regions (pixels of the upright picture), the style,
and the size and rate to encode. A region is drawn on the frame as it was decoded, before anything
is scaled: what was under it is nowhere in the file that is written, which has no sound.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video import VideoFrame
from numpy.typing import NDArray

from observe.video.blur.framing import MICRO, Shown, frames

CELLS = 8  # at most, across a region: no more of a face is left than that
LEVELS = 16  # of brightness a cell may have, so that many frames together tell no more than one
CLOCK = 90_000
DRAWABLE = ("yuv420p", "yuvj420p")
PLAIN = 16, 128, 128  # black, in limited range
TURNS = {
    0: [],
    90: [("transpose", "cclock")],
    -90: [("transpose", "clock")],
    180: [("hflip", ""), ("vflip", "")],
}

Plane = NDArray[np.uint8]
Place = tuple[int, int, int, int]  # left, top, right, bottom


def main(given: str) -> None:
    """Write the clip; tell on standard output how far it is, and at last the count of frames."""
    question = json.loads(given)
    given_regions = json.loads(Path(question["regions"]).read_text(encoding="ascii"))
    regions = [Region(region, question["size"]) for region in given_regions]
    count, turned = 0, Upright(question["rotation"])
    with av.open(f"file:{question['target']}", "w", format="mp4", options=MP4) as container:
        encoder = Encoder(container, question)
        for shown in frames(question):
            encoder.add(_masked(turned.of(shown.frame), shown.at_ms, regions, question), shown)
            count += 1
            if count % 10 == 0:
                _tell(shown.at_ms - question["start_ms"])
        encoder.close()
    _tell(json.dumps({"frames": count}))


MP4 = {"video_track_timescale": str(CLOCK), "fflags": "+bitexact"}


def _tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


# --- drawing -------------------------------------------------------------------------------------


class Region:
    """A region: rows of moment, x, y, width, height, between which it moves evenly."""

    def __init__(self, given: dict[str, Any], size: tuple[int, int]) -> None:
        self._start, self._end = given["start_ms"], given["end_ms"]
        self._boxes = np.array(given["boxes"], float)
        self._size = size

    def at(self, at_ms: int, width: int, height: int) -> Place | None:
        """Return where it is then on a picture of this size, outward to even pixels."""
        if not self._start <= at_ms < self._end:
            return None
        moments = self._boxes[:, 0]
        x, y, w, h = (float(np.interp(at_ms, moments, self._boxes[:, i])) for i in (1, 2, 3, 4))
        across, down = width / self._size[0], height / self._size[1]
        left, right = _outward(x * across, (x + w) * across, width)
        top, bottom = _outward(y * down, (y + h) * down, height)
        return (left, top, right, bottom) if left < right and top < bottom else None


def _outward(start: float, end: float, limit: int) -> tuple[int, int]:
    """Return the even pixels around a stretch: a pixel of colour stands for two of brightness."""
    first, last = int(start // 2 * 2), int(-(-end // 2) * 2)
    return max(0, first), min(limit, last)


def _masked(
    frame: VideoFrame, at_ms: int, regions: list[Region], question: dict[str, Any]
) -> VideoFrame:
    width, height = frame.width, frame.height
    places = [place for region in regions if (place := region.at(at_ms, width, height))]
    if places:
        frame.make_writable()  # the decoder still looks back at its own picture
        for place in places:
            _draw(frame, place, solid=question["style"] == "solid")
    return frame


class Upright:
    """Turns frames as they are seen, into planes that can be drawn on."""

    def __init__(self, rotation: int) -> None:
        self._turn = TURNS[rotation]
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[object, ...] = ()

    def of(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame as it is drawn on; the given one where nothing is to be done."""
        steps = list(self._turn)
        if frame.format.name not in DRAWABLE:
            steps.append(("format", "yuv420p"))
        if not steps:
            return frame
        shape = frame.width, frame.height, frame.format.name
        if self._graph is None or shape != self._shape:  # some streams change on their way
            self._graph, self._shape = _graph(frame, steps), shape
        return next(_through(self._graph, frame))


def _draw(frame: VideoFrame, place: Place, *, solid: bool) -> None:
    for number, (plane, black) in enumerate(zip(frame.planes, PLAIN, strict=True)):
        whole = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        left, top, right, bottom = place if number == 0 else _halved(place)
        under = whole[top:bottom, left : min(right, plane.width)]
        under[:] = black if solid else mosaic(under)


def _halved(place: Place) -> Place:
    left, top, right, bottom = place
    return left // 2, top // 2, -(-right // 2), -(-bottom // 2)


def mosaic(under: Plane) -> Plane:
    """Return as many pixels, of at most 8 × 8 cells: each the mean of what was there, in steps."""
    rows, columns = (_edges(side) for side in under.shape)
    sums = np.add.reduceat(under.astype(np.uint32), rows, axis=0)
    sums = np.add.reduceat(sums, columns, axis=1)
    high, wide = np.diff(rows, append=under.shape[0]), np.diff(columns, append=under.shape[1])
    means = sums // np.outer(high, wide)
    step = 256 // LEVELS
    cells = (means // step * step + step // 2).astype(np.uint8)
    return np.asarray(cells.repeat(high, axis=0).repeat(wide, axis=1), np.uint8)


def _edges(side: int) -> NDArray[np.intp]:
    cells = min(CELLS, side)
    return np.arange(cells) * side // cells


# --- shaping and encoding ------------------------------------------------------------------------


def _graph(frame: VideoFrame, steps: list[tuple[str, str]]) -> av.filter.Graph:
    graph = av.filter.Graph()
    buffer = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    nodes = [graph.add(name, options) for name, options in steps]
    graph.link_nodes(buffer, *nodes, graph.add("buffersink")).configure()
    return graph


def _through(graph: av.filter.Graph, frame: VideoFrame | None) -> Iterator[VideoFrame]:
    graph.vpush(frame)
    while True:
        try:
            yield graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


class Encoder:
    """Shapes frames as all that leaves is shaped, and writes them with the clip's start as 0."""

    def __init__(self, container: Any, question: dict[str, Any]) -> None:  # noqa: ANN401
        self._question = question
        self._container = container
        rate = Fraction(question["rate"]).limit_denominator(1001)
        self._stream = container.add_stream("libx264", rate=rate, options=question["x264"])
        width, height = question["out"]
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = Fraction(1, CLOCK)
        self._stream.codec_context.time_base = Fraction(1, CLOCK)
        self._stream.thread_type = "AUTO"
        self._steps = [("bwdif", "mode=send_frame:deint=interlaced")]
        self._steps = self._steps if question["interlaced"] else []
        self._steps += [("scale", f"{width}:{height}"), ("setsar", "1"), ("format", "yuv420p")]
        self._graph: av.filter.Graph | None = None
        self._start_us = question["first_us"] + 1000 * question["start_ms"]
        self._key_at = 0
        self._last = -1

    def add(self, frame: VideoFrame, shown: Shown) -> None:
        """Write a frame at its own moment."""
        frame.pts = max(0, shown.at_us - self._start_us)
        frame.time_base = Fraction(1, MICRO)
        if self._graph is None:
            self._graph = _graph(frame, self._steps)
        self._write(self._graph, frame)

    def close(self) -> None:
        """Write what is still on its way."""
        if self._graph is not None:
            self._write(self._graph, None)
        self._container.mux(self._stream.encode(None))

    def _write(self, graph: av.filter.Graph, frame: VideoFrame | None) -> None:
        for shaped in _through(graph, frame):
            time = Fraction(shaped.pts or 0) * Fraction(shaped.time_base or 0)
            pts = max(round(time * CLOCK), self._last + 1)
            key = pts >= self._key_at
            shaped.pts, shaped.time_base = pts, Fraction(1, CLOCK)
            shaped.pict_type = av.video.frame.PictureType.I if key else 0
            self._key_at += CLOCK if key else 0
            self._last = pts
            self._container.mux(self._stream.encode(shaped))


if __name__ == "__main__":
    main(sys.argv[1])
