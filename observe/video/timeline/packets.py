"""Whether the packets of a video are whole: told without decoding them, in a reader's own process.

Programs that play a video end without complaint on damaged files. What gives damage away is how
packets are built (units whose lengths do not add up, long runs of zeros), where they lie (bytes
passed over between two of them), when they are (holes in the time of a broadcast), and what the
container says of them.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video import VideoFrame, VideoStream

MICRO = 1_000_000
HOLE_US = MICRO // 4  # in containers that broadcast, a longer hole is a loss, if it is longer than
HOLE_STEPS = 8  # so many usual steps as well: pictures come out of order, and cameras may be slow
STEP_SHARE = 16  # of which a new step makes up one, in what is usual
GAP_BYTES = 4096  # what lies between packets where nothing was lost is shorter, or has a name
END_US = 2 * MICRO  # when all streams end earlier than declared by more, the rest is lost
PATIENCE = 200  # errors in a row after which the rest cannot be read
ZEROS = bytes(256)  # compressed pictures hold no such run
UNIT_ZEROS = bytes(16)  # H.264 and HEVC escape three; a stray start code may stand in a unit
BROADCAST = ("mpegts", "mpeg", "asf")
ADJOINING = ("matroska,webm", "avi")  # containers in which packets follow each other
TELLING_BY_ALL = (*BROADCAST, *ADJOINING)  # those in which packets of any stream tell of a loss
DECLARING = ("mov", "matroska", "avi", "flv")  # whose head tells the length
AVI_HEAD = 8  # of each packet: its name and its length
AVI_NAMES = (b"JUNK", b"LIST", b"RIFF", b"idx1", b"ix")
MATROSKA_NAMES = (b"\x1f\x43\xb6\x75", b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67", b"\xec")
ZERO_FREE = (
    "mpeg4",
    "h263",
    "vp8",
    "vp9",
    "av1",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "msmpeg4v3",
    "prores",
)


def packets(container: InputContainer, *streams: VideoStream) -> Iterator[Packet[Any] | None]:
    """Yield the packets of these or all streams, and None where something could not be read."""
    failures = 0
    while failures < PATIENCE:
        try:
            for packet in container.demux(*streams):
                if packet.size or packet.pts is not None:
                    failures = 0
                    yield packet
        except IndexError:
            return  # the reader's way to end where a stream turned up in the middle of the file
        except av.error.FFmpegError:
            failures += 1
            yield None
        else:
            return


@dataclass(frozen=True)
class _Bad:
    number: int
    start_us: int
    seen_us: int  # up to here at least
    lost_us: int


@dataclass
class Ledger:
    """What is known of damage so far: packets are numbered in the order of the file."""

    number: int = 0
    last_us: int | None = None  # when the last whole packet is shown
    bad: list[_Bad] = field(default_factory=list)
    keys: list[tuple[int, int]] = field(default_factory=list)  # number, time

    def good(self, at_us: int, *, key: bool) -> None:
        """Count a packet that is whole as far as can be told without decoding it."""
        self.number += 1
        self.last_us = at_us
        if key:
            self.keys.append((self.number, at_us))

    def damaged(self, at_us: int | None, lost_us: int = 0) -> None:
        """Note that something is damaged here, from the last good packet on.

        `lost_us` is how much earlier than recorded the rest is shown, because its frames are
        counted and some are gone.
        """
        self.number += 1
        known = [time for time in (self.last_us, at_us) if time is not None]
        if known:
            self.bad.append(_Bad(self.number, min(known), max(known), lost_us))

    def undecoded(self, at_us: int) -> None:
        """Note that a key frame looked whole and was not."""
        found = next((key for key in reversed(self.keys) if key[1] == at_us), None)
        if found is not None:
            self.keys.remove(found)
            self.bad.append(_Bad(found[0], at_us, at_us, 0))

    def spans(self, end_us: int) -> list[tuple[int, int]]:
        """Return what cannot be relied on: each up to the next whole key frame, joined."""
        joined: list[tuple[int, int]] = []
        for bad in sorted(self.bad, key=lambda bad: bad.start_us):
            after = bisect_right(self.keys, (bad.number, sys.maxsize))
            whole = self.keys[after][1] + bad.lost_us if after < len(self.keys) else end_us
            end = max(bad.seen_us, whole)
            if joined and bad.start_us <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((bad.start_us, end))
        return [span for span in joined if span[0] < span[1]]


class Inspector:
    """Tells whether packets are whole, from how they are built, where they lie, and when."""

    def __init__(self, path: str, container: InputContainer, video: VideoStream) -> None:
        self.video = video
        self.clock = clock_of(video)
        self._file = Path(path).open("rb")  # noqa: SIM115  # for as long as the process lives
        self._clocks = [clock_of(stream) for stream in container.streams]
        self._format = container.format.name
        self._codec = video.codec_context.codec.canonical_name
        self._prefix = _prefix(self._codec, video.codec_context.extradata or b"")
        self._reached = 0
        self._step_us = 0.0  # from a packet to the next one, by and large
        self._latest_us = 0

    @property
    def streams(self) -> tuple[VideoStream, ...]:
        """The streams whose packets it must see; none named is all of them."""
        return () if self._format in TELLING_BY_ALL else (self.video,)

    def passed_over(self, packet: Packet[Any]) -> bool:
        """Tell whether bytes before this packet were passed over that no writer leaves there."""
        known = packet.stream_index < len(self._clocks)  # a stream may turn up in the middle
        clock = self._clocks[packet.stream_index] if known else clock_of(packet.stream)
        at_us = time_us(packet, clock)
        if at_us is not None:
            self._latest_us = max(self._latest_us, at_us)
        if self._format not in ADJOINING or packet.pos is None or packet.pos < 0:
            return False
        begin, self._reached = self._reached, max(self._reached, packet.pos + packet.size)
        return bool(begin) and packet.pos - begin > GAP_BYTES and not self._named(begin)

    def _named(self, position: int) -> bool:
        self._file.seek(position)
        head = self._file.read(5)
        if self._format == "avi":
            return head.startswith(AVI_NAMES) or head[1:].startswith(AVI_NAMES)
        return head.startswith(MATROSKA_NAMES)

    def lost_us(self, packet: Packet[VideoStream]) -> int:
        """Return how much later than it says a packet was recorded, by the index of an AVI."""
        if self._format != "avi" or packet.dts is None or packet.pos is None:
            return 0
        entries = self.video.index_entries
        listed = (entry.timestamp for entry in entries if abs(entry.pos - packet.pos) <= AVI_HEAD)
        return max(0, int((next(listed, packet.dts) - packet.dts) * self.clock * MICRO))

    def hole(self, before_us: int | None, at_us: int) -> bool:
        """Tell whether a hole in the time is a loss."""
        if self._format not in BROADCAST or before_us is None:
            return False
        step, usual = at_us - before_us, self._step_us or HOLE_US
        found = step > max(HOLE_US, HOLE_STEPS * usual)
        if not found:
            self._step_us = usual + (abs(step) - usual) / STEP_SHARE
        return found

    def declared_us(self, container: InputContainer) -> int:
        """Return where the file says that it ends, 0 where containers only estimate that."""
        if not self._format.startswith(DECLARING):
            return 0
        whole = (container.start_time or 0) + (container.duration or 0)
        rate = self.video.average_rate
        counted = self.video.frames / rate if rate and self._format == "avi" else 0
        return max(whole, int(counted * MICRO))  # the other lengths of an AVI are what is left

    def ends_early(self, end_us: int) -> bool:
        """Tell whether all streams end long before the file says they do."""
        tells = self._format in BROADCAST or "matroska" in self._format
        return tells and self._latest_us + END_US < end_us

    def whole(self, packet: Packet[VideoStream]) -> bool:
        """Tell whether the packet is built as its codec builds packets."""
        if packet.is_corrupt:
            return False
        content = bytes(packet)
        if not content:
            return True  # a repeated frame
        if self._codec in ("h264", "hevc"):
            return units_whole(content, self._prefix) if self._prefix else _marked(content)
        if self._codec == "mjpeg":
            return content.startswith(b"\xff\xd8")
        return self._codec not in ZERO_FREE or not _has_run(content, ZEROS)


def _prefix(codec: str, extradata: bytes) -> int:
    """Return how many bytes tell the length of each unit, 0 where start codes part them."""
    at = {"h264": 4, "hevc": 21}.get(codec)
    if at is None or len(extradata) <= at or extradata[0] != 1:
        return 0
    return (extradata[at] & 3) + 1


def units_whole(content: bytes, prefix: int) -> bool:
    """Tell whether the lengths of units add up, and none holds what no encoder may write."""
    at = 0
    while at + prefix < len(content):
        start = at + prefix
        at = start + int.from_bytes(content[at:start], "big")
        if start == at or at > len(content) or content[start] & 0x80:
            return False
        if _zeroed(content, start, at):
            return False
    return at == len(content)


def _zeroed(content: bytes, start: int, end: int) -> bool:
    """Tell whether zeros stand in a unit, other than as padding at its end."""
    found = content.find(UNIT_ZEROS, start, end)
    return found >= 0 and bool(content[found:end].strip(b"\0"))


def _marked(content: bytes) -> bool:
    begins = content.startswith((b"\0\0\1", b"\0\0\0\1"))
    return begins and not _has_run(content, ZEROS)


def _has_run(content: bytes, run: bytes) -> bool:
    """Tell whether `run` stands in the content, other than as padding at its end."""
    found = content.find(run)
    return found >= 0 and (found == 0 or bool(content[found:].strip(b"\0")))


def time_us(timed: Packet[Any] | VideoFrame, clock: Fraction) -> int | None:
    """Return when a packet or frame is shown, in microseconds of the container's clock."""
    time = timed.pts if timed.pts is not None else timed.dts
    # Whole numbers: a fraction for each of 100,000 packets costs as much as reading them.
    return None if time is None else time * clock.numerator * MICRO // clock.denominator


def clock_of(stream: Stream) -> Fraction:
    """Return the length of the stream's tick in seconds; frames flushed at the end know none."""
    return Fraction(stream.time_base or Fraction(1, MICRO))
