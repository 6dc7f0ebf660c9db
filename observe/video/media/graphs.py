"""What ffmpeg is asked to make: a playable copy, a clip, plain sound.

Every graph keeps our clock: the first presented frame of the original is 0, sound is moved with
it. Pictures leave upright, with square pixels, at most 720p, without interlacing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import ffmpeg

from observe.video.media import tools
from observe.video.media.probe import Probe
from observe.video.media.shapes import StripLayout, fitting
from observe.video.timecode import Span

LONG_SIDE: Final = 1280
SHORT_SIDE: Final = 720
MAX_RATE: Final = 60
# Of cameras: a rate told by a clock of milliseconds is off by a little.
_RATES: Final[tuple[Fraction, ...]] = (
    *(Fraction(rate) for rate in (24, 25, 30, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
)
_ROUNDED: Final = Fraction(4, 10_000)
SOUND_RATE: Final = 16_000
GREY_SIZE: Final = (160, 90)
GREY_RATE: Final = 5
# How far before a clip decoding starts. Streams without an index are entered anywhere and show
# nothing until their next key frame, so they need more.
LEAD_US: Final = 5_000_000
LEAD_WITHOUT_INDEX_US: Final = 30_000_000
HELD_RATE: Final = 25  # of a clip in which one picture stands
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
_NO_MESSAGES: Final = "filter_units=remove_types=6"  # the encoder's name and settings, captions
SOUND_BITS: Final = 96_000  # a second
MOMENT_BYTES: Final = 7_300_000  # of one clip: two of them together stay below 15 MB
LONGEST_MOMENT_MS: Final = 120_000
_AAC: Final = {"c:a": "aac", "b:a": SOUND_BITS, "ac": 2, "flags:a": "+bitexact"}
_SOUND: Final = {**_AAC, "ar": 48_000}  # one rate for all parts of a lesson: they are joined
_MP4: Final = {"f": "mp4", "map_metadata:s": -1}
# The index first: worth a second pass over a short clip, not over hours that stay on this laptop.
_LEAVING: Final = {**_MP4, "movflags": "+faststart"}
_SAMPLES: Final = {"f": "s16le", "ac": 1, "ar": SOUND_RATE, "c:a": "pcm_s16le"}


@dataclass(frozen=True)
class Quality:
    """How good a clip looks and sounds, and how many bits a second it may take at most."""

    long_side: int = LONG_SIDE
    short_side: int = SHORT_SIDE
    crf: int = 23
    picture_bits: int | None = None  # None: as many as it needs
    sound_bits: int = SOUND_BITS
    channels: int = 2

    @property
    def x264(self) -> dict[str, int]:
        """The options of the encoder of the picture."""
        bound = self.picture_bits
        return {"crf": self.crf} | ({"maxrate": bound, "bufsize": bound} if bound else {})

    @property
    def aac(self) -> dict[str, int]:
        """The options of the encoder of the sound."""
        return {"b:a": self.sound_bits, "ac": self.channels}


def bounded(length_ms: int) -> Quality:
    """Return the best quality in which a moment of this length takes about `MOMENT_BYTES` at most.

    The encoder may be a second ahead of its bound. Half a minute gets 1,8 Mbit/s of picture, two
    minutes 387 kbit/s; what is longer is no moment of a feedback, and takes what it needs.

    >>> bounded(30_000).picture_bits, bounded(120_000).picture_bits, bounded(600_000).picture_bits
    (1787870, 386644, None)
    """
    if length_ms > LONGEST_MOMENT_MS:
        return Quality()
    return Quality(picture_bits=int(MOMENT_BYTES * 8000 / (length_ms + 1000)) - SOUND_BITS)


@dataclass(frozen=True)
class Watch:
    """Who is told while ffmpeg runs: `on_time` how many milliseconds are made, `tick` often."""

    on_time: Callable[[int], None] | None = None
    tick: tools.Tick | None = None


@dataclass(frozen=True)
class Outline:
    """The outside of a copy: pixels upright, frames a second, and whether there is sound."""

    width: int
    height: int
    rate: str
    sound: bool


@dataclass(frozen=True)
class Sides:
    """Where an encoding also writes what later steps read, from the same decoded frames.

    `sound`: as `sound` writes it. `grey`: bare bytes of 160 × 90 pixels, 5 frames a second.
    `strip`: bare bytes of the tiles of `layout` (red, green, blue), each what is shown at its
    moment.
    """

    sound: Path
    grey: Path
    strip: Path
    layout: StripLayout


def outline_of(probe: Probe) -> Outline:
    """Return the outline of the copy that `encode` makes by itself."""
    width, height = fitting(probe.width, probe.height, LONG_SIDE, SHORT_SIDE)
    return Outline(width, height, _steady_rate(probe), sound=probe.audio_index is not None)


def encode(
    source: Path,
    probe: Probe,
    target: Path,
    watch: Watch,
    *,
    outline: Outline | None = None,
    sides: Sides | None = None,
) -> None:
    """Write a copy of the whole video that every browser plays: H.264, steady rate, AAC.

    With an `outline` of another file the copy fits that one: with black beside the picture, or
    with silence. With `sides` these are written in the same pass.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    given = tools.source(source)
    picture = _steady(given, probe, outline or outline_of(probe))
    if outline is not None:
        picture = _usual_colours(picture)
    outline = outline or outline_of(probe)
    heard = _heard(given, probe) if probe.audio_index is not None else None
    made = []
    if sides is not None:
        parted = picture.filter_multi_output("split", 3)
        picture, small, tiles = (parted[branch] for branch in range(3))
        made.append(tools.target([_grey(small)], sides.grey, f="rawvideo"))
        most = {"f": "rawvideo", "frames:v": sides.layout.count}
        made.append(tools.target([_tiles(tiles, sides.layout)], sides.strip, **most))
        if heard is not None:
            parted = heard.filter_multi_output("asplit")
            heard, bare = parted[0], parted[1]
            made.append(tools.target([bare], sides.sound, **_SAMPLES))
    if heard is None and outline.sound:
        heard = _silence(probe)
    options = {**_X264, **_MP4, "fps_mode": "cfr"} | (_SOUND if heard is not None else {})
    streams = [picture] if heard is None else [picture, heard]
    made.insert(0, tools.target(streams, target, **options))
    _run(ffmpeg.merge_outputs(*made), probe.duration_ms, watch)


def _steady(given: Any, probe: Probe, outline: Outline) -> Any:  # noqa: ANN401
    """Return the whole picture from our 0 on, at a steady rate, in the shape of `outline`."""
    picture = given[str(probe.video_index)].filter("setpts", "PTS-STARTPTS")
    picture = _shaped(picture, probe)
    if (outline.width, outline.height) != fitting(probe.width, probe.height, LONG_SIDE, SHORT_SIDE):
        size = (outline.width, outline.height)
        picture = picture.filter("scale", *size, force_original_aspect_ratio="decrease")
        picture = picture.filter("pad", *size, "(ow-iw)/2", "(oh-ih)/2").filter("setsar", 1)
    return picture.filter("fps", fps=outline.rate, start_time=0)


def _usual_colours(picture: Any) -> Any:  # noqa: ANN401
    """Return the picture in BT.709 and saying so: copies that are to be joined are all alike."""
    picture = picture.filter("scale", out_color_matrix="bt709", out_range="tv")
    said = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
    return picture.filter("setparams", range="tv", **said)


def _grey(picture: Any) -> Any:  # noqa: ANN401
    picture = picture.filter("fps", fps=GREY_RATE, start_time=0)
    return picture.filter("scale", *GREY_SIZE, flags="area").filter("format", "gray")


def _tiles(picture: Any, layout: StripLayout) -> Any:  # noqa: ANN401
    """Return the tiles of the strip one by one; rounding up, `fps` shows what stands then.

    Not as one sheet: ffmpeg tells no progress before every output has its first picture.
    """
    interval = Fraction(layout.interval_ms, 1000)
    rate, first = f"{interval.denominator}/{interval.numerator}", _seconds(interval / 2)
    # The last picture stands on: the moment of the last tile may lie after the end.
    picture = picture.filter("tpad", stop_mode="clone", stop_duration=_seconds(interval))
    picture = picture.filter("settb", "AVTB")  # to whose clock fps rounds the first moment
    picture = picture.filter("fps", fps=rate, start_time=first, round="up")
    return picture.filter("scale", layout.width, layout.height).filter("format", "rgb24")


def _silence(probe: Probe) -> Any:  # noqa: ANN401
    seconds = _seconds(Fraction(probe.duration_ms, 1000))
    return ffmpeg.input("anullsrc=r=48000:cl=stereo", f="lavfi", t=seconds).audio


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


def cut(
    source: Path,
    probe: Probe,
    span: Span,
    target: Path,
    watch: Watch,
    *,
    standing_us: int | None = None,
    quality: Quality | None = None,
) -> None:
    """Write the frames and the sound of `span` alone, encoded anew.

    A frame belongs to the clip when its time, in whole milliseconds, lies in the span. No other
    footage and no metadata is in the file. Where no frame begins in the span, `standing_us` is the
    time (container's clock) of the one that stands on the screen then.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    start, end = marks(probe, span)
    quality = quality or Quality()
    begin_us = round(start * 1_000_000) if standing_us is None else standing_us
    given = tools.source(source, noaccurate_seek=None, **_jump(probe, begin_us))
    # Microseconds first: trim rounds the marks to the clock it is given, which may be 1/25 s.
    picture = given[str(probe.video_index)].filter("settb", "AVTB")
    if standing_us is None:
        picture = picture.filter("trim", start=_seconds(start), end=_seconds(end))
        # The first frame stands from the clip's 0, even where the mark lies a little before it.
        picture = picture.filter("setpts", f"if(eq(N,0),0,PTS-({_seconds(start)})/TB)")
    else:
        picture = _held(picture, Fraction(standing_us, 1_000_000), span.length_ms)
    streams = [_shaped(picture, probe, (quality.long_side, quality.short_side))]
    options: dict[str, object] = {**_X264, **quality.x264, **_LEAVING, **_EACH_FRAME}
    options["bf"] = 0  # what is shown last also comes last, so its end can be told
    longest = f"{span.length_ms / 1000}/TB-PTS" if standing_us is None else f"1/({HELD_RATE}*TB)"
    options["bsf:v"] = f"{_NO_MESSAGES},{_standing_at_most(longest)}"
    if probe.audio_index is not None:
        streams.append(_sound(given, probe, start + HALF_MS, end + HALF_MS))  # samples are exact
        options |= {**_AAC, **quality.aac}
    _run(tools.target(streams, target, **options), span.length_ms, watch)


def cut_plain(source: Path, probe: Probe, span: Span, target: Path, watch: Watch) -> None:
    """Write the frames of `span` at their full size, upright, in the colours of other screens.

    For readers that draw on an HDR picture; it stays on this machine.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    start, end = marks(probe, span)
    begin_us = round(start * 1_000_000)
    given = tools.source(source, noaccurate_seek=None, **_jump(probe, begin_us))
    picture = given[str(probe.video_index)].filter("settb", "AVTB")
    picture = picture.filter("trim", start=_seconds(start), end=_seconds(end))
    # No later than they are: by these moments readers tell which frames lie in the span.
    picture = picture.filter("setpts", f"max(0,PTS-({_seconds(start + HALF_MS)})/TB)")
    if probe.interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    picture = _tone_mapped(picture.filter("setsar", 1)).filter("format", "yuv420p")
    options = {**_X264, **_MP4, **_EACH_FRAME, "preset": "ultrafast", "crf": 12}
    _run(tools.target([picture], target, **options), span.length_ms, watch)


def join_sound(
    picture: Path,
    source: Path,
    probe: Probe,
    span: Span,
    target: Path,
    watch: Watch,
    *,
    altered: Sequence[tuple[str, object]] | None,
) -> None:
    """Write the finished `picture` of a clip with the sound of `span`, or (None) without.

    `altered`: filters of the sound and what each is given; none of them leaves it as it is.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    streams, options = [tools.source(picture).video], {"c:v": "copy", **_LEAVING}
    options["video_track_timescale"] = 90_000
    options["bsf:v"] = _NO_MESSAGES
    if altered is not None and probe.audio_index is not None:
        start, end = (mark + HALF_MS for mark in marks(probe, span))
        given = tools.source(source, noaccurate_seek=None, **_jump(probe, round(start * 1_000_000)))
        heard = _sound(given, probe, start, end)
        for name, value in altered:
            heard = heard.filter(name, value)
        streams.append(heard)
        options |= _AAC
    _run(tools.target(streams, target, **options), span.length_ms, Watch(tick=watch.tick))


def marks(probe: Probe, span: Span) -> tuple[Fraction, Fraction]:
    """Return between which times of the container's clock, in seconds, the frames of `span` lie."""
    first = Fraction(probe.first_frame_us, 1_000_000)
    start, end = (first + Fraction(ms, 1000) - HALF_MS for ms in (span.start_ms, span.end_ms))
    return start, end


def _standing_at_most(longest: str) -> str:
    """Return what lets no frame stand longer than the clip lasts, as one before a gap would."""
    return f"setts=duration=min(DURATION\\,max(1\\,{longest}))"


def _held(picture: Any, at: Fraction, length_ms: int) -> Any:  # noqa: ANN401
    """Return the one frame at `at`, standing for so long."""
    picture = picture.filter("trim", start=_seconds(at - HALF_MS), end=_seconds(at + HALF_MS))
    copies = max(1, round(length_ms * HELD_RATE / 1000))
    picture = picture.filter("loop", loop=copies - 1, size=1)
    return picture.filter("setpts", f"N/({HELD_RATE}*TB)")


def _jump(probe: Probe, begin_us: int) -> dict[str, object]:
    lead = LEAD_WITHOUT_INDEX_US if probe.format.startswith("mpeg") else LEAD_US
    begin = begin_us - probe.container_start_us - lead
    return {"ss": _seconds(Fraction(begin, 1_000_000))} if begin > 0 else {}


def sound(source: Path, probe: Probe, target: Path, watch: Watch) -> None:
    """Write the sound as bare samples: 16 bit, one channel, 16 kHz, beginning at our 0.

    Raises:
        tools.ToolError: it could not be made. OSError: the disk is full.
    """
    heard = _heard(tools.source(source), probe)
    _run(tools.target([heard], target, **_SAMPLES), probe.duration_ms, watch)


def _heard(given: Any, probe: Probe) -> Any:  # noqa: ANN401
    return _sound(given, probe, Fraction(probe.first_frame_us, 1_000_000))


def _sound(given: Any, probe: Probe, start: Fraction, end: Fraction | None = None) -> Any:  # noqa: ANN401
    """Return the sound with `start` (container's clock) as 0: gaps filled, nothing before it."""
    limits = {} if end is None else {"end": _seconds(end)}
    heard = given[str(probe.audio_index)].filter("atrim", start=_seconds(start), **limits)
    heard = heard.filter("asetpts", f"PTS-({_seconds(start)})/TB")
    return heard.filter("aresample", **{"async": 1, "first_pts": 0})


def _shaped(picture: Any, probe: Probe, box: tuple[int, int] = (LONG_SIDE, SHORT_SIDE)) -> Any:  # noqa: ANN401
    if probe.interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    width, height = fitting(probe.width, probe.height, *box)
    picture = picture.filter("scale", width, height).filter("setsar", 1)
    if probe.hdr:
        picture = _tone_mapped(picture)
    return picture.filter("format", "yuv420p")


def _tone_mapped(picture: Any) -> Any:  # noqa: ANN401
    """Return an HDR picture (PQ or HLG) as other screens show it: BT.709, highlights rolled off.

    White paper is 203 nits in HDR (ITU-R BT.2408) and becomes white here. Mobius leaves the tones
    of faces as they are and bends only what is brighter.
    """
    # Some cameras leave these two out; HDR is never anything else.
    picture = picture.filter("setparams", color_primaries="bt2020", colorspace="bt2020nc")
    picture = picture.filter("zscale", t="linear", npl=203).filter("format", "gbrpf32le")
    picture = picture.filter("zscale", p="bt709").filter("tonemap", "mobius", desat=0)
    return picture.filter("zscale", t="bt709", m="bt709", r="tv")


def _steady_rate(probe: Probe) -> str:
    """Return the camera's own rate, even where it lost frames; 30 for a truly variable one."""
    told = probe.usual_rate or (0.0 if probe.vfr else probe.frame_rate)
    if not 1 <= told <= MAX_RATE:
        return "30" if probe.frame_rate <= 31 else str(MAX_RATE)
    near = (rate for rate in _RATES if abs(told - rate) < _ROUNDED * rate)
    rate = next(near, Fraction(told).limit_denominator(1001))
    return f"{rate.numerator}/{rate.denominator}"


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"


def _run(graph: Any, length_ms: int, watch: Watch) -> None:  # noqa: ANN401
    seconds = length_ms / 1000
    limits = tools.Limits(wall_seconds=180 + 20 * seconds, cpu_seconds=int(180 + 40 * seconds))
    tools.run_ffmpeg(graph, limits, on_time=watch.on_time, tick=watch.tick)
