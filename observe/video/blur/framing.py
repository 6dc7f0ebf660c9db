"""Gives our short-lived readers the frames of a span: what faces are looked for in, and drawn on.

A frame belongs to the span when its time, in whole milliseconds from the first frame, lies in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video import VideoFrame, VideoStream

MICRO = 1_000_000


@dataclass(frozen=True)
class Shown:
    """A frame and when it is shown: microseconds of the container's clock, milliseconds of ours."""

    at_us: int
    at_ms: int
    frame: VideoFrame


def frames(question: dict[str, Any]) -> Iterator[Shown]:
    """Yield the frames of the span in order; where none begins in it, the one that stands then.

    QUESTION: `path`, `options`, `stream`, `first_us`, `start_ms`, `end_ms`, and `lead_us`, how far
    before the span reading begins.
    """
    standing, any_begins = None, False
    for shown in _from_before(question):
        if shown.at_ms >= question["end_ms"]:
            break
        if shown.at_ms >= question["start_ms"]:
            any_begins = True
            yield shown
        else:
            standing = shown
    if standing is not None and not any_begins:
        start_us = question["first_us"] + 1000 * question["start_ms"]
        yield Shown(start_us, question["start_ms"], standing.frame)


def _from_before(question: dict[str, Any]) -> Iterator[Shown]:
    first_us = question["first_us"]
    with av.open(
        f"file:{question['path']}", options=question["options"], metadata_errors="replace"
    ) as container:
        video = container.streams[question["stream"]]
        video.codec_context.options = container.options
        video.thread_type = "AUTO"
        _jump(container, first_us + 1000 * question["start_ms"] - question["lead_us"], first_us)
        for packet in container.demux(video):
            for frame in _decoded(packet):
                if frame.pts is not None and frame.time_base is not None:
                    at_us = round(Fraction(frame.pts) * frame.time_base * MICRO)
                    yield Shown(at_us, (at_us - first_us + 500) // 1000, frame)


def _jump(container: InputContainer, begin_us: int, first_us: int) -> None:
    if begin_us <= first_us:
        return
    try:
        container.seek(begin_us, backward=True, any_frame=False)
    except av.error.FFmpegError:
        container.seek(0)  # a stream that cannot be entered is read from its start


def _decoded(packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []  # damaged: the frames around it are there
