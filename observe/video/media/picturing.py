"""Draws still pictures of a video into one JPEG, as a short-lived process: `picturing.py QUESTION`.

QUESTION: the path, the stream, the moments (microseconds of the container's clock), the turn, and
the sheet's layout; or bare tiles in place of the video. A moment that cannot be read stays grey.
The answer counts the pictures drawn. Nothing of ours is imported here.
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
from av.container import InputContainer
from av.packet import Packet
from av.video import VideoFrame, VideoStream
from numpy.typing import NDArray

MICRO = 1_000_000
GREY = 96
PATIENCE = 120  # packets read after a jump before a moment is given up

Picture = NDArray[np.uint8]


def draw(question: dict[str, Any]) -> int:
    """Write the sheet; return how many of its pictures there are."""
    count, columns = question["count"], question["columns"]
    width, height = question["width"], question["height"]
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, 3), GREY, np.uint8)
    drawn = 0
    for number, picture in enumerate(_pictures(question)):
        if picture is not None:
            top, left = number // columns * height, number % columns * width
            sheet[top : top + height, left : left + width] = picture
            drawn += 1
    Path(question["target"]).write_bytes(_jpeg(sheet, question["quality"]))
    return drawn


def _pictures(question: dict[str, Any]) -> Iterator[Picture | None]:
    """Yield the tiles: as they were left bare, or from the video."""
    width, height = question["width"], question["height"]
    if "tiles" in question:
        yield from np.fromfile(question["tiles"], np.uint8).reshape(-1, height, width, 3)
        return
    with av.open(
        f"file:{question['path']}", options=question["options"], metadata_errors="replace"
    ) as container:
        video = container.streams[question["stream"]]
        video.codec_context.options = container.options
        video.codec_context.thread_count = 2
        moments: list[int] = question["moments_us"]
        for frame in _frames(container, video, moments, exact=question["exact"]):
            yield None if frame is None else _upright(frame, width, height, question["rotation"])


def _frames(
    container: InputContainer, video: VideoStream, moments: list[int], *, exact: bool
) -> Iterator[VideoFrame | None]:
    """Yield a frame a moment: the one then shown, or (fast, for long videos) a key frame before."""
    if exact:
        yield from _shown(container, video, moments)
        return
    video.codec_context.skip_frame = "NONKEY"
    for moment in moments:
        try:
            container.seek(moment, backward=True, any_frame=False)
            yield _next_frame(container, video)
        except av.error.FFmpegError:
            yield None


def _next_frame(container: InputContainer, video: VideoStream) -> VideoFrame | None:
    for number, packet in enumerate(container.demux(video)):
        for frame in _decoded(packet):
            return frame
        if number > PATIENCE:
            break
    return None


def _shown(
    container: InputContainer, video: VideoStream, moments: list[int]
) -> Iterator[VideoFrame | None]:
    last, waiting = None, list(moments)
    for packet in container.demux(video):
        for frame in _decoded(packet):
            time = (frame.pts or 0) * (frame.time_base or 0) * MICRO
            while waiting and last is not None and time > waiting[0]:
                waiting.pop(0)
                yield last
            last = frame
        if not waiting:
            return
    for _moment in waiting:
        yield last


def _decoded(packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []


def _upright(frame: VideoFrame, width: int, height: int, rotation: int) -> Picture:
    sideways = rotation in (90, -90)
    across, down = (height, width) if sideways else (width, height)
    picture = frame.reformat(width=across, height=down, format="rgb24").to_ndarray()
    return np.rot90(picture.astype(np.uint8, copy=False), k=rotation // 90)


def _jpeg(sheet: Picture, quality: int) -> bytes:
    height, width, _colours = sheet.shape
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
    encoder.qmin = encoder.qmax = quality
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(sheet), format="rgb24")
    frame = frame.reformat(format="yuvj420p")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def main(given: str) -> None:
    """Answer the question on standard output."""
    sys.stdout.write(json.dumps({"drawn": draw(json.loads(given))}))


if __name__ == "__main__":
    main(sys.argv[1])
