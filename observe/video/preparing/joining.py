"""Joins files packet by packet into one MP4, as a short-lived process: `joining.py QUESTION`.

QUESTION: the parts in order (path, streams, time of the first frame, how long it lasts), and the
target. The first frame of the first part is at 0. Each part begins when the one before has lasted
for so long, sound that goes on being cut; else (null) where all of that one has ended. The
answer is where each begins and where the last ends (microseconds), or why packets alone do not do.
Nothing of ours is imported here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet

CLOCK = 90_000  # ticks a second: every camera's frame rate fits, or nearly (6 microseconds)
MICRO = 1_000_000
ROUNDED = Fraction(1, 2000)  # settled lengths are whole milliseconds
SAME_PICTURE = ("width", "height", "format", "profile", "extradata", "sample_aspect_ratio")
SAME_SOUND = ("rate", "channels", "profile", "extradata")


class Unfit(Exception):  # noqa: N818  # an answer, not a mistake
    """These files cannot be joined without encoding them; the text says why, for the log."""


@dataclass
class Lane:
    """One stream of the joined file, and the last tick of decoding that was written to it."""

    stream: Any
    written: int | None = None

    def take(self, packet: Packet[Any], pts: int, dts: int) -> bool:
        """Give the packet its place; tell whether there is one after all that came before."""
        if self.written is not None and dts <= self.written:
            dts = self.written + 1
        if dts > pts:
            return False
        self.written = dts
        packet.pts, packet.dts = pts, dts
        packet.time_base = Fraction(1, CLOCK)
        packet.stream = self.stream
        return True


@dataclass
class Joined:
    """The file being written: its lanes by kind, and where the next part begins, in seconds."""

    container: OutputContainer
    lanes: dict[str, Lane] = field(default_factory=dict)
    end: Fraction = Fraction(0)

    def open_lanes(self, streams: dict[str, Any]) -> None:
        """Make the streams of the joined file after those of the first part."""
        if not self.lanes:
            for kind, stream in streams.items():
                made = self.container.add_stream_from_template(stream)
                made.time_base = Fraction(1, CLOCK)
                self.lanes[kind] = Lane(made)

    def add(self, part: dict[str, Any], options: dict[str, str], alike: dict[str, Any]) -> None:
        """Add one part behind what is there."""
        with av.open(f"file:{part['path']}", options=options, metadata_errors="replace") as given:
            streams = _streams(given, part)
            require_alike(alike, streams)
            self.open_lanes(streams)
            shift = self.end - Fraction(part["first_us"], MICRO)
            ended = max(
                self._put(packet, kind, shift) for packet, kind in _packets(given, streams, part)
            )
            lasts_us = part["lasts_us"]
            self.end = ended if lasts_us is None else self.end + Fraction(lasts_us, MICRO)

    def _put(self, packet: Packet[Any], kind: str, shift: Fraction) -> Fraction:
        """Write a packet at its place; return when it ends there."""
        tick, lasts = Fraction(packet.time_base), packet.duration or 0
        pts, dts = ((int(time or 0) * tick + shift) * CLOCK for time in (packet.pts, packet.dts))
        packet.duration = round(lasts * tick * CLOCK)
        if not self.lanes[kind].take(packet, round(pts), round(dts)):
            if kind == "video":
                raise Unfit("frames overlap")
            return Fraction(0)
        self.container.mux(packet)
        return pts / CLOCK + lasts * tick


def _streams(given: InputContainer, part: dict[str, Any]) -> dict[str, Any]:
    streams = {"video": given.streams[part["video"]]}
    if part["audio"] is not None:
        streams["audio"] = given.streams[part["audio"]]
    return streams


def require_alike(alike: dict[str, Any], streams: dict[str, Any]) -> None:
    """Return when a decoder set up for the first part reads this one too.

    Raises:
        Unfit: it does not.
    """
    for kind, names in (("video", SAME_PICTURE), ("audio", SAME_SOUND)):
        found = _parameters(streams.get(kind), names)
        if alike.setdefault(kind, found) != found:
            raise Unfit(f"another {kind}")


def _parameters(stream: Any, names: tuple[str, ...]) -> list[str] | None:  # noqa: ANN401
    if stream is None:
        return None
    context = stream.codec_context
    named = [repr(getattr(context, name)) for name in names if name != "format"]
    return [str(context.name), str(context.format and context.format.name), *named]


def _packets(
    given: InputContainer, streams: dict[str, Any], part: dict[str, Any]
) -> Iterator[tuple[Packet[Any], str]]:
    """Yield what belongs to the part's time, from its first frame on.

    Raises:
        Unfit: a frame before the first shown one may be needed to decode those after it, or one
            begins when the part has lasted for its time.
    """
    first, waiting = Fraction(part["first_us"], MICRO), True
    lasts = inf if part["lasts_us"] is None else Fraction(part["lasts_us"], MICRO)
    for packet in given.demux(*streams.values()):
        if packet.pts is None or packet.dts is None:
            if packet.size:
                raise Unfit("a packet without time")
            continue  # the mark of the end
        kind = "video" if packet.stream is streams["video"] else "audio"
        begin = packet.pts * Fraction(packet.time_base) - first
        end = begin + (packet.duration or 0) * Fraction(packet.time_base)
        if kind == "video":
            if begin >= lasts:
                raise Unfit("frames of two parts at once")
            if begin < -Fraction(1, 1000) or (waiting and not packet.is_keyframe):
                raise Unfit("frames before the first")
            waiting = False
        elif end <= 0 or end > lasts + ROUNDED:
            continue  # what an encoder puts before the sound, and sound without its picture
        yield packet, kind


def join(question: dict[str, Any]) -> dict[str, Any]:
    """Write the joined file; answer where its parts begin and where the last one ends."""
    options = {"video_track_timescale": str(CLOCK)}
    starts, alike = [], dict[str, Any]()
    with av.open(f"file:{question['target']}", "w", format="mp4", options=options) as container:
        joined = Joined(container)
        for part in question["parts"]:
            starts.append(round(joined.end * MICRO))
            joined.add(part, question["options"], alike)
    return {"starts_us": starts, "end_us": round(joined.end * MICRO)}


def main(given: str) -> None:
    """Answer the question on standard output."""
    try:
        answer = join(json.loads(given))
    except Unfit as unfit:
        answer = {"unfit": str(unfit)}
    except (av.error.InvalidDataError, ValueError) as error:  # ValueError: no packet at all
        answer = {"unfit": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
