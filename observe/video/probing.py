"""Measures one video file, as a short-lived process of its own: `probing.py QUESTION`.

QUESTION and the answer are JSON objects. PyAV reads the file in this process, so nothing of ours
is imported here and nothing depends on it surviving. The answer is either the measures
(microseconds of the container's own clock) or `{"refused": code}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.audio import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video import VideoFrame, VideoStream

MICRO = 1_000_000
MAX_STREAMS = 8
MAX_SECONDS = 6 * 3600
MAX_RATE = 240
COARSEST_CLOCK = Fraction(1, 5)  # a clock that ticks slower cannot tell one frame from the next
STEADY_S = Fraction(105, 100_000)  # a clock of milliseconds cannot tell frames closer than this
TAIL_S = 4
SAMPLE = 400
PATIENCE = 600  # packets that may pass before the first picture


class Refused(Exception):  # noqa: N818  # an answer, not a mistake
    """The file cannot be a lesson; the code says why."""


def measure(path: str, options: dict[str, str], max_pixels: int) -> dict[str, Any]:
    """Return what the file at `path` is, or raise Refused."""
    with av.open(f"file:{path}", options=options) as container:
        video, audio = _choose(container, max_pixels)
        first, frame = _first_frame(container, video)
        times = _index_times(container, video) or _sampled_times(container, video)
        end = _end(container, video, audio)
        if end <= first:
            raise Refused("no_time")
        _bounded(first, end, times)
        return {
            "format": container.format.name,
            "brand": container.metadata.get("major_brand", ""),
            "container_start_us": container.start_time or 0,
            "first_frame_us": _micro(first),
            "end_us": _micro(end),
            "vfr": _irregular(times),
            "rotation": _rotation(frame),
            "interlaced": bool(frame.interlaced_frame),
            "streams": _streams(container),
            "video": _video(video, frame, times),
            "audio": _audio(audio),
        }


# --- choosing ------------------------------------------------------------------------------------


def _choose(container: InputContainer, max_pixels: int) -> tuple[VideoStream, AudioStream | None]:
    if len(container.streams) > MAX_STREAMS:
        raise Refused("bomb")
    pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not pictures:
        raise Refused("audio_only" if container.streams.audio else "no_video")
    video = pictures[0]
    if video.codec_context is None:
        raise Refused("unknown_codec")
    if video.codec_context.width * video.codec_context.height > max_pixels:
        raise Refused("bomb")
    if _clock(video) > COARSEST_CLOCK:
        raise Refused("no_time")
    heard = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return video, heard[0] if heard else None


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _clock(stream: VideoStream | AudioStream) -> Fraction:
    """Return the length of the stream's tick, in seconds."""
    if stream.time_base is None:
        raise Refused("no_time")
    return Fraction(stream.time_base)


def _streams(container: InputContainer) -> dict[str, int]:
    return {
        "all": len(container.streams),
        "video": len(container.streams.video),
        "audio": len(container.streams.audio),
    }


# --- time ----------------------------------------------------------------------------------------


def _first_frame(container: InputContainer, video: VideoStream) -> tuple[Fraction, VideoFrame]:
    """Return the time of the first presented frame, and that frame."""
    video.codec_context.thread_count = 1
    for number, packet in enumerate(container.demux(video)):
        if packet.has_sidedata("encryption_info"):
            raise Refused("encrypted")
        for frame in _decoded(packet):
            if frame.pts is None:
                raise Refused("no_time")
            return frame.pts * _clock(video), frame
        if number > PATIENCE:
            break
    raise Refused("no_picture")


def _decoded(packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []  # a damaged start: the next packet may be whole


def _index_times(container: InputContainer, video: VideoStream) -> list[Fraction]:
    """Return the times of all frames where the file's head lists them, in decoding order."""
    if "mp4" not in container.format.name:
        return []
    size = container.size
    entries = [entry for entry in video.index_entries if entry.pos + entry.size <= size]
    if len(entries) < 2:
        return []
    return [entry.timestamp * _clock(video) for entry in entries]


def _sampled_times(container: InputContainer, video: VideoStream) -> list[Fraction]:
    _rewind(container, video)
    found: list[Fraction] = []
    for packet in container.demux(video):
        if packet.pts is not None:
            found.append(packet.pts * _clock(video))
        if len(found) >= SAMPLE:
            break
    return sorted(found)


def _rewind(container: InputContainer, video: VideoStream) -> None:
    start = video.start_time if video.start_time is not None else 0
    container.seek(start, stream=video, backward=True, any_frame=False)


def _end(container: InputContainer, video: VideoStream, audio: AudioStream | None) -> Fraction:
    """Return when the last frame or sound that is really in the file ends."""
    if "mp4" in container.format.name and video.duration:
        return max(_listed_end(container, stream) for stream in (video, audio) if stream)
    declared = Fraction((container.start_time or 0) + (container.duration or 0), MICRO)
    for back in (TAIL_S, 10 * TAIL_S):
        if found := _read_from(container, video, audio, declared - back):
            return found
    return _read_from(container, video, audio, None)


def _listed_end(container: InputContainer, stream: VideoStream | AudioStream) -> Fraction:
    """Return the end by the file's head, or where its data stop when the file was cut short."""
    if not stream.duration:
        return Fraction(0)
    start = stream.start_time or 0
    size = container.size
    kept = [entry for entry in stream.index_entries if entry.pos + entry.size <= size]
    if len(kept) == len(stream.index_entries):
        return (start + stream.duration) * _clock(stream)
    return (kept[-1].timestamp if kept else 0) * _clock(stream)


def _read_from(
    container: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    second: Fraction | None,
) -> Fraction:
    """Return the latest end of the packets from `second` on, 0 when there are none."""
    if second is None or second <= 0:
        _rewind(container, video)
    else:
        container.seek(int(second * MICRO), backward=True, any_frame=False)
    streams = [stream for stream in (video, audio) if stream is not None]
    return max(_packet_ends(container, streams), default=Fraction(0))


def _packet_ends(container: InputContainer, streams: list[Any]) -> Iterator[Fraction]:
    try:
        for packet in container.demux(*streams):
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None:
                yield (time + (packet.duration or 0)) * Fraction(packet.time_base)
    except av.error.FFmpegError:
        return  # the file stops here


def _bounded(first: Fraction, end: Fraction, times: list[Fraction]) -> None:
    if end - first > MAX_SECONDS:
        raise Refused("too_long")
    steps = sorted(_steps(times))
    if steps and steps[len(steps) // 2] * MAX_RATE < 1:
        raise Refused("bomb")


def _steps(times: list[Fraction]) -> list[Fraction]:
    return [later - earlier for earlier, later in pairwise(times)]


def _irregular(times: list[Fraction]) -> bool:
    """Tell whether frames are unevenly spaced, by more than a clock of milliseconds rounds."""
    steps = _steps(times)
    return bool(steps) and max(steps) - min(steps) > STEADY_S


def _micro(seconds: Fraction) -> int:
    return round(seconds * MICRO)


# --- what it is ----------------------------------------------------------------------------------


def _rotation(frame: VideoFrame) -> int:
    """Return the turn the camera asks for: 0, 90, -90 or 180 degrees counter-clockwise."""
    turn = round(frame.rotation / 90) * 90 % 360
    return {0: 0, 90: 90, 180: 180, 270: -90}[turn]


def _video(video: VideoStream, frame: VideoFrame, times: list[Fraction]) -> dict[str, Any]:
    aspect = video.sample_aspect_ratio or Fraction(1)
    return {
        "index": video.index,
        "codec": video.codec_context.codec.canonical_name,
        "pixels": frame.format.name,
        "width": frame.width,
        "height": frame.height,
        "aspect": [aspect.numerator, aspect.denominator] if aspect > 0 else [1, 1],
        "rate": float(_rate(video, times)),
        "first_of_kind": video.container.streams.video[0].index == video.index,
    }


def _rate(video: VideoStream, times: list[Fraction]) -> Fraction:
    if video.average_rate:
        return Fraction(video.average_rate)
    span = times[-1] - times[0] if len(times) > 1 else Fraction(0)
    return (len(times) - 1) / span if span > 0 else Fraction(0)


def _audio(audio: AudioStream | None) -> dict[str, Any] | None:
    if audio is None:
        return None
    return {"index": audio.index, "codec": audio.codec_context.codec.canonical_name}


def main(given: str) -> None:
    """Answer the question on standard output."""
    question = json.loads(given)
    try:
        answer = measure(question["path"], question["options"], question["max_pixels"])
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "bomb"}
    except (av.error.FFmpegError, EOFError, OSError, ValueError):
        answer = {"refused": "unreadable"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
