"""What ffmpeg is asked to make: a playable copy, a clip, plain sound.

Every graph keeps our clock: the first presented frame of the original is 0, sound is moved with
it. Pictures leave upright, with square pixels, at most 720p, without interlacing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from observe.video import tools
from observe.video.probe import Probe
from observe.video.timecode import Span

LONG_SIDE: Final = 1280
SHORT_SIDE: Final = 720
MAX_RATE: Final = 60
SOUND_RATE: Final = 8_000
# How far before a clip decoding starts. Streams without an index are entered anywhere and show
# nothing until their next key frame, so they need more.
LEAD_US: Final = 5_000_000
LEAD_WITHOUT_INDEX_US: Final = 30_000_000
HALF_MS: Final = Fraction(1, 2000)  # marks are whole milliseconds, frames are not
_X264: Final = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": 23,
    "pix_fmt": "yuv420p",
    "force_key_frames": "expr:gte(t,n_forced)",  # one a second, so that stepping back is quick
    "flags:v": "+bitexact",
}
# Every frame at its own moment: a clock of the mean rate would merge frames of a variable one.
_EACH_FRAME: Final = {
    "fps_mode": "passthrough",
    "enc_time_base:v": "1:90000",
    "video_track_timescale": 90_000,
}
_AAC: Final = {"c:a": "aac", "b:a": "96k", "ac": 2, "flags:a": "+bitexact"}
_MP4: Final = {"f": "mp4", "movflags": "+faststart", "map_metadata:s": -1}


@dataclass(frozen=True)
class Watch:
    """Who is told while ffmpeg runs: `on_time` how many milliseconds are made, `tick` often."""

    on_time: Callable[[int], None] | None = None
    tick: tools.Tick | None = None


def encode(source: Path, probe: Probe, target: Path, watch: Watch) -> None:
    """Write a copy of the whole video that every browser plays: H.264, steady rate, AAC.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    given = tools.source(source)
    picture = given[str(probe.video_index)].filter("setpts", "PTS-STARTPTS")
    picture = _shaped(picture, probe).filter("fps", fps=_steady_rate(probe), start_time=0)
    streams, options = [picture], {**_X264, **_MP4, "fps_mode": "cfr"}
    if probe.audio_index is not None:
        streams.append(_sound(given, probe, Fraction(probe.first_frame_us, 1_000_000)))
        options |= _AAC
    _run(tools.target(streams, target, **options), probe.duration_ms, watch)


def remux(source: Path, probe: Probe, target: Path, watch: Watch) -> None:
    """Write the same picture into a container that browsers read, moved to our clock.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    given = tools.source(source)
    streams = [given[str(probe.video_index)]]
    options: dict[str, object] = {"c:v": "copy"}
    options |= {"f": "webm"} if remux_suffix(probe) == ".webm" else _MP4
    options["output_ts_offset"] = -probe.first_frame_us / 1_000_000
    if probe.audio_index is not None:
        streams.append(given[str(probe.audio_index)])
        copied = probe.audio_codec in ("aac", "mp3", "opus", "vorbis")
        options |= {"c:a": "copy"} if copied else _AAC
    _run(tools.target(streams, target, **options), probe.duration_ms, watch)


def remux_suffix(probe: Probe) -> str:
    """Return the suffix of the container into which the picture goes as it is."""
    return ".mp4" if probe.video_codec == "h264" else ".webm"


def cut(source: Path, probe: Probe, span: Span, target: Path, watch: Watch) -> None:
    """Write the frames and the sound of `span` alone, encoded anew.

    A frame belongs to the clip when its time, in whole milliseconds, lies in the span. No other
    footage and no metadata is in the file.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    first = Fraction(probe.first_frame_us, 1_000_000)
    start, end = (first + Fraction(ms, 1000) - HALF_MS for ms in (span.start_ms, span.end_ms))
    given = tools.source(source, noaccurate_seek=None, **_jump(probe, span))
    # Microseconds first: trim rounds the marks to the clock it is given, which may be 1/25 s.
    picture = given[str(probe.video_index)].filter("settb", "AVTB")
    picture = picture.filter("trim", start=_seconds(start), end=_seconds(end))
    # The first frame stands from the clip's 0, even where the mark lies a little before it.
    picture = picture.filter("setpts", f"if(eq(N,0),0,PTS-({_seconds(start)})/TB)")
    streams, options = [_shaped(picture, probe)], {**_X264, **_MP4, **_EACH_FRAME}
    if probe.audio_index is not None:
        streams.append(_sound(given, probe, start, end))
        options |= _AAC
    _run(tools.target(streams, target, **options), span.length_ms, watch)


def _jump(probe: Probe, span: Span) -> dict[str, object]:
    lead = LEAD_WITHOUT_INDEX_US if probe.format.startswith("mpeg") else LEAD_US
    begin = probe.first_frame_us - probe.container_start_us + span.start_ms * 1000 - lead
    return {"ss": _seconds(Fraction(begin, 1_000_000))} if begin > 0 else {}


def sound(source: Path, probe: Probe, target: Path, watch: Watch) -> None:
    """Write the sound as bare samples: 16 bit, one channel, 8 kHz, beginning at our 0.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    heard = _sound(tools.source(source), probe, Fraction(probe.first_frame_us, 1_000_000))
    options = {"f": "s16le", "ac": 1, "ar": SOUND_RATE, "c:a": "pcm_s16le"}
    _run(tools.target([heard], target, **options), probe.duration_ms, watch)


def _sound(given: Any, probe: Probe, start: Fraction, end: Fraction | None = None) -> Any:  # noqa: ANN401
    """Return the sound with `start` (container's clock) as 0: gaps filled, nothing before it."""
    limits = {} if end is None else {"end": _seconds(end)}
    heard = given[str(probe.audio_index)].filter("atrim", start=_seconds(start), **limits)
    heard = heard.filter("asetpts", f"PTS-({_seconds(start)})/TB")
    return heard.filter("aresample", **{"async": 1, "first_pts": 0})


def _shaped(picture: Any, probe: Probe) -> Any:  # noqa: ANN401
    if probe.interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    width, height = fitting(probe.width, probe.height, LONG_SIDE, SHORT_SIDE)
    return picture.filter("scale", width, height).filter("setsar", 1).filter("format", "yuv420p")


def fitting(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """Return the size, even and never larger, that fits the box lying or standing.

    >>> fitting(1080, 1920, 1280, 720)
    (720, 1280)
    """
    longer, shorter = max(width, height), min(width, height)
    factor = min(Fraction(1), Fraction(long_side, longer), Fraction(short_side, shorter))
    across, down = (max(2, round(side * factor / 2) * 2) for side in (width, height))
    return across, down


def _steady_rate(probe: Probe) -> str:
    if probe.vfr or not 1 <= probe.frame_rate <= MAX_RATE:
        return "30" if probe.frame_rate <= 31 else str(MAX_RATE)
    rate = Fraction(probe.frame_rate).limit_denominator(1001)
    return f"{rate.numerator}/{rate.denominator}"


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"


def _run(graph: Any, length_ms: int, watch: Watch) -> None:  # noqa: ANN401
    seconds = length_ms / 1000
    limits = tools.Limits(wall_seconds=180 + 20 * seconds, cpu_seconds=int(180 + 40 * seconds))
    tools.run_ffmpeg(graph, limits, on_time=watch.on_time, tick=watch.tick)
