"""Measures one video file, as a short-lived process of its own: `probing.py QUESTION`.

QUESTION and the answer are JSON objects. PyAV reads the file in this process, so nothing of ours
is imported here and nothing depends on it surviving. The answer is either the measures
(microseconds of the container's own clock) or `{"refused": code}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
from av.audio import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video import VideoFrame, VideoStream

MICRO = 1_000_000
# Pictures and sounds of one file: each costs a decoder. Phones add up to a dozen streams of
# measures (place, motion, faces) that cost nothing, so those have a limit of their own.
MAX_SHOWN_STREAMS = 8
MAX_STREAMS = 64
MAX_SECONDS = 6 * 3600
MAX_RATE = 240
COARSEST_CLOCK = Fraction(1, 5)  # a clock that ticks slower cannot tell one frame from the next
STEADY_S = Fraction(105, 100_000)  # a clock of milliseconds cannot tell frames closer than this
USUALLY = 0.9  # of the frames: a rate that so many have is the camera's
ENOUGH = 10_000  # times that tell the usual rate
TAIL_S = 4
SAMPLE = 400
REORDERED = 32  # the last frames of a sample may have neighbours that were not read
PATIENCE = 600  # packets that may pass before the first picture
TINY = 4  # a picture with less than a quarter of the largest one's pixels is a thumbnail
WIDEST_PIXEL = 10  # cameras squeeze by 2 at most
HDR_CURVES = (16, 18)  # PQ and HLG, as ITU-T H.273 numbers them
LONGEST_WORD = 60


class Refused(Exception):  # noqa: N818  # an answer, not a mistake
    """The file cannot be a lesson; the code says why."""


def measure(
    path: str, options: dict[str, str], max_pixels: int, wanted: int | None = None
) -> dict[str, Any]:
    """Return what the file at `path` is, or raise Refused.

    `wanted` is the sound track to take, where it is there; else it is the first.
    """
    # Of the container only: what looks for the streams would hide a size beyond the limit from us.
    with av.open(f"file:{path}", container_options=options, metadata_errors="replace") as container:
        video = _picture(container, max_pixels)
        sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
        begin = _begin(container, video, max_pixels)
        times = _index_times(container, video) or begin.times
        heard = next((stream for stream in sounds if stream.index == wanted), None)
        heard = heard or next(iter(sounds), None)
        end = _end(container, video, heard)
        if end <= begin.first:
            raise Refused("no_time")
        _bounded(begin.first, end, times, _clock(video))
        return {
            "format": _format(container, path),
            "container_start_us": container.start_time or 0,
            "first_frame_us": _micro(begin.first),
            "end_us": _micro(end),
            "vfr": _irregular(times, _clock(video)),
            "rotation": _rotation(begin.frame),
            "interlaced": bool(begin.frame.interlaced_frame),
            "hdr": int(begin.frame.color_trc) in HDR_CURVES,
            "video": _video(video, begin.frame, times),
            "audio": None if heard is None else heard.index,
            "tracks": _tracks(sounds),
            "plain": _plain(container, video, heard),
        }


# --- choosing ------------------------------------------------------------------------------------


def _picture(container: InputContainer, max_pixels: int) -> VideoStream:
    """Return the camera's picture: no cover, no thumbnail; the one marked so, else the largest."""
    seen, heard = container.streams.video, container.streams.audio
    if len(seen) + len(heard) > MAX_SHOWN_STREAMS or len(container.streams) > MAX_STREAMS:
        raise Refused("bomb")
    pictures = [stream for stream in seen if not _is_cover(stream)]
    if not pictures:
        raise Refused("audio_only" if heard else "no_video")
    known = [stream for stream in pictures if stream.codec_context is not None]
    if not known:
        raise Refused("unknown_codec")
    largest = max(map(_area, known))
    large = [stream for stream in known if _area(stream) * TINY >= largest]
    video = next(filter(_is_default, large), max(large, key=_area))
    if _area(video) > max_pixels:
        raise Refused("bomb")
    if _clock(video) > COARSEST_CLOCK:
        raise Refused("no_time")
    return video


def _is_cover(stream: VideoStream) -> bool:
    kinds = av.stream.Disposition
    return bool(stream.disposition & (kinds.attached_pic | kinds.timed_thumbnails))


def _is_default(stream: VideoStream | AudioStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def _area(stream: VideoStream) -> int:
    return int(stream.codec_context.width * stream.codec_context.height)


def _plain(container: InputContainer, video: VideoStream, heard: AudioStream | None) -> bool:
    """Tell whether a browser, which takes the first of each kind, takes these."""
    first = heard is None or heard.index == container.streams.audio[0].index
    return first and video.index == container.streams.video[0].index


def _clock(stream: VideoStream | AudioStream) -> Fraction:
    """Return the length of the stream's tick, in seconds."""
    if not stream.time_base:
        raise Refused("no_time")
    return Fraction(stream.time_base)


# --- time ----------------------------------------------------------------------------------------


@dataclass
class _Begin:
    """The first presented frame, when it is shown, and the times of the frames after it."""

    first: Fraction
    frame: VideoFrame
    times: list[int]  # in ticks of the stream, rising


def _begin(container: InputContainer, video: VideoStream, max_pixels: int) -> _Begin:
    video.codec_context.thread_count = 1
    video.codec_context.options = container.container_options
    packets, sample = _readable(container.demux(video)), _Sample()
    frame = _first_frame(packets, sample)
    if frame.pts is None:
        raise Refused("no_time")
    if frame.width * frame.height > max_pixels:
        raise Refused("bomb")
    if "mp4" not in container.format.name:  # there the index tells more
        for packet in packets:
            if not sample.take(packet):
                break
    return _Begin(frame.pts * _clock(video), frame, sample.times())


def _first_frame(packets: Iterator[Packet[VideoStream]], sample: _Sample) -> VideoFrame:
    for packet in islice(packets, PATIENCE):
        if packet.has_sidedata("encryption_info"):
            raise Refused("encrypted")
        sample.take(packet)
        for frame in _decoded(packet):
            return frame
    raise Refused("no_picture")


def _decoded(packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []  # a damaged start: the next packet may be whole


@dataclass
class _Sample:
    """The times of the first packets: presented, or decoded where some say no other."""

    presented: list[int] = field(default_factory=list)
    decoded: list[int] = field(default_factory=list)
    taken: int = 0

    def take(self, packet: Packet[Any]) -> bool:
        """Keep the times of a packet; tell whether more are wanted."""
        if packet.size:
            self.taken += 1
            if packet.pts is not None:
                self.presented.append(packet.pts)
            if packet.dts is not None:
                self.decoded.append(packet.dts)
        return self.taken < SAMPLE

    def times(self) -> list[int]:
        complete = len(self.presented) == self.taken
        found = sorted(self.presented if complete else self.decoded)
        return found[:-REORDERED] if self.taken >= SAMPLE else found


def _readable(packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Yield packets as far as they go."""
    try:
        yield from packets
    except av.error.FFmpegError:
        return  # the file stops here
    except IndexError:
        return  # at its end PyAV stumbles over streams that only showed up on the way


def _index_times(container: InputContainer, video: VideoStream) -> list[int]:
    """Return the times of all frames where the file's head lists them, in decoding order."""
    if "mp4" not in container.format.name:
        return []
    size = container.size
    times = [entry.timestamp for entry in video.index_entries if _is_inside(entry, size)]
    return times if len(times) > 1 else []


def _end(container: InputContainer, video: VideoStream, audio: AudioStream | None) -> Fraction:
    """Return when the last frame or sound that is really in the file ends."""
    streams = [stream for stream in (video, audio) if stream is not None]
    if "mp4" in container.format.name and video.duration:
        return max(_listed_end(container, stream) for stream in streams)
    for back in (TAIL_S, 10 * TAIL_S):
        if found := _read_from(container, streams, _declared_end(container) - back):
            return found
    return _read_from(container, streams, Fraction(0))


def _declared_end(container: InputContainer) -> Fraction:
    return Fraction((container.start_time or 0) + (container.duration or 0), MICRO)


def _listed_end(container: InputContainer, stream: VideoStream | AudioStream) -> Fraction:
    """Return the end by the file's head, or where its data stop when the file was cut short."""
    if not stream.duration:
        return Fraction(0)
    size, entries = container.size, stream.index_entries
    count = len(entries)
    kept = next((n for n in range(count, 0, -1) if _is_inside(entries[n - 1], size)), 0)
    if kept == count:
        return ((stream.start_time or 0) + stream.duration) * _clock(stream)
    return (entries[kept - 1].timestamp if kept else 0) * _clock(stream)


def _is_inside(entry: Any, size: int) -> bool:  # noqa: ANN401  # a type that PyAV keeps to itself
    return bool(entry.pos + entry.size <= size)


def _read_from(container: InputContainer, streams: list[Any], second: Fraction) -> Fraction:
    """Return the latest end of the packets from `second` on, 0 when there are none."""
    if second > 0:
        container.seek(int(second * MICRO), backward=True, any_frame=False)
    else:
        first = streams[0].start_time
        container.seek(first or 0, stream=streams[0], backward=True, any_frame=False)
    packets = _readable(container.demux(*streams))
    return max((_packet_end(packet) for packet in packets), default=Fraction(0))


def _packet_end(packet: Packet[Any]) -> Fraction:
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None or not packet.time_base:
        return Fraction(0)
    return (time + (packet.duration or 0)) * Fraction(packet.time_base)


def _bounded(first: Fraction, end: Fraction, times: list[int], clock: Fraction) -> None:
    if end - first > MAX_SECONDS:
        raise Refused("too_long")
    steps = sorted(_steps(times))
    if steps and steps[len(steps) // 2] * clock * MAX_RATE < 1:
        raise Refused("bomb")


def _steps(times: list[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(times)]


def _irregular(times: list[int], clock: Fraction) -> bool:
    """Tell whether frames are unevenly spaced, by more than a clock of milliseconds rounds."""
    steps = _steps(times)
    return bool(steps) and (max(steps) - min(steps)) * clock > STEADY_S


def _micro(seconds: Fraction) -> int:
    return round(seconds * MICRO)


# --- what it is ----------------------------------------------------------------------------------


def _format(container: InputContainer, path: str) -> str:
    """Return the container's name; Matroska and its part that browsers read are told apart."""
    name = str(container.format.name)
    if "webm" not in name:
        return name
    with Path(path).open("rb") as file:
        return "webm" if b"webm" in file.read(64) else "matroska"


def _rotation(frame: VideoFrame) -> int:
    """Return the turn the camera asks for: 0, 90, -90 or 180 degrees counter-clockwise."""
    turn = round(frame.rotation / 90) * 90 % 360
    return {0: 0, 90: 90, 180: 180, 270: -90}[turn]


def _video(video: VideoStream, frame: VideoFrame, times: list[int]) -> dict[str, Any]:
    aspect = _aspect(video)
    return {
        "index": video.index,
        "codec": video.codec_context.codec.canonical_name,
        "pixels": frame.format.name,
        "width": frame.width,
        "height": frame.height,
        "aspect": [aspect.numerator, aspect.denominator],
        "rate": float(_rate(video, times)),
        "usual_rate": _usual_rate(times, _clock(video)),
    }


def _aspect(video: VideoStream) -> Fraction:
    """Return the width of a pixel by its height."""
    aspect = Fraction(video.sample_aspect_ratio or 1)
    sane = 0 < aspect <= WIDEST_PIXEL and aspect * WIDEST_PIXEL >= 1
    return aspect if sane else Fraction(1)


def _rate(video: VideoStream, times: list[int]) -> Fraction:
    if video.average_rate and video.average_rate <= MAX_RATE:
        return Fraction(video.average_rate)
    span = (times[-1] - times[0]) * _clock(video) if len(times) > 1 else Fraction(0)
    return (len(times) - 1) / span if span > 0 else Fraction(0)


def _usual_rate(times: list[int], clock: Fraction) -> float | None:
    """Return the rate on whose grid nearly all frames lie, gaps or not; None where there is none.

    A clock of milliseconds rounds each step, so it is the mean of the usual ones that counts.
    """
    steps = [step * float(clock) for step in _steps(times[:ENOUGH])]
    usual = sorted(steps)[len(steps) // 2] if steps else 0.0
    if usual <= 0:
        return None
    alike = [step for step in steps if abs(step - usual) <= STEADY_S]
    beat = sum(alike) / len(alike)
    kept = [abs(step - max(1, round(step / beat)) * beat) <= STEADY_S for step in steps]
    return 1 / beat if sum(kept) >= USUALLY * len(steps) else None


def _tracks(sounds: list[AudioStream]) -> list[dict[str, Any]]:
    return [
        {
            "index": stream.index,
            "codec": stream.codec_context.codec.canonical_name,
            "language": _word(stream.metadata.get("language", "")),
            "title": _word(stream.metadata.get("title", "")),
            "channels": stream.codec_context.channels,
            "default": _is_default(stream),
        }
        for stream in sounds
    ]


def _word(given: str) -> str:
    return "".join(sign for sign in given if sign.isprintable()).strip()[:LONGEST_WORD]


def main(given: str) -> None:
    """Answer the question on standard output."""
    question = json.loads(given)
    try:
        answer = measure(**question)
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "bomb"}
    except (av.error.FFmpegError, EOFError, OSError, ValueError, ArithmeticError):
        answer = {"refused": "unreadable"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
