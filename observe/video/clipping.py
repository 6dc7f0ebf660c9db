"""Finds the frame that stands on the screen all through a moment: `clipping.py QUESTION`.

QUESTION: path, options, stream, and the moment (microseconds of the container's clock). The answer
is that frame's time, or null when a frame begins in the moment or none stands before it. Reads
packets only, decodes nothing. A short-lived process of its own; nothing of ours is imported here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.video import VideoStream

MICRO = 1_000_000
EARLIER_US = (0, 60 * MICRO, 7 * 3600 * MICRO)  # some containers jump to after the place asked for
REORDERED = 32  # packets read past the end: frames may come in another order than they are shown


def standing(question: dict[str, Any]) -> int | None:
    """Return the time of the last frame before the moment, if none begins in it."""
    start, end = question["start_us"], question["end_us"]
    with av.open(
        f"file:{question['path']}", options=question["options"], metadata_errors="replace"
    ) as container:
        video = container.streams[question["stream"]]
        for earlier in EARLIER_US:
            begin = max(start - earlier, container.start_time or 0)
            container.seek(begin, backward=True, any_frame=False)
            times = list(_times(container, video, end))
            if any(start <= time < end for time in times):
                return None
            before = [time for time in times if time < start]
            if before:
                return max(before)
    return None


def _times(container: InputContainer, video: VideoStream, end: int) -> Iterator[int]:
    """Yield when the frames from here on are shown, to a little past `end`."""
    past = 0
    for packet in container.demux(video):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or packet.time_base is None:
            continue
        at = round(time * Fraction(packet.time_base) * MICRO)
        yield at
        past += at >= end
        if past > REORDERED:
            return


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"standing_us": standing(json.loads(sys.argv[1]))}))
