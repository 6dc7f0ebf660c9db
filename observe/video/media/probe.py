"""What a video file is: measured by PyAV in a short-lived process, never in this one.

Refuses what is no lesson with one sentence that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from observe.errors import BadInputError, ConflictError
from observe.text import Message, message
from observe.video.media import tools

_READER: Final = Path(__file__).with_name("probing.py")
_LISTENER: Final = Path(__file__).with_name("listening.py")
_LIMITS: Final = tools.Limits(
    wall_seconds=60, cpu_seconds=40, memory_bytes=2 * tools.GIB, output_bytes=0, niceness=0
)
MOST_REMEMBERED: Final = 256
_HEAD_BYTES: Final = 4096
SILENCE_DB: Final = -70.0
CLEARLY_DB: Final = 6.0  # a track is clearly louder from here on
STEADY_START_MS: Final = 20  # a first frame later than this would shift the player's clock

log = structlog.get_logger(__name__)

Plan = Literal["play", "remux", "encode"]


class NotMeasuredError(ConflictError):
    """The measuring was ended by a limit or a signal: nothing is known of the file, so it stays."""


@dataclass(frozen=True)
class AudioTrack:
    """A sound track of a file. `index` is its stream; language and title are what the file says.

    `loudness_db`: the mean level below full scale, from a few seconds; None where it was not
    needed to choose, or nothing could be heard.
    """

    index: int
    codec: str
    language: str
    title: str
    channels: int
    default: bool
    loudness_db: float | None = None


@dataclass(frozen=True)
class Probe:
    """What a video is. Microseconds are of the container's own clock, milliseconds of ours.

    `width` and `height` are as shown: upright, with square pixels. `rotation` is the turn the
    camera asks for, counter-clockwise positive: 0, 90, -90 or 180.
    """

    format: str
    container_start_us: int
    first_frame_us: int
    end_us: int
    rotation: int
    vfr: bool
    interlaced: bool
    width: int
    height: int
    frame_rate: float
    usual_rate: float | None  # that nearly all frames keep, although some are missing
    video_index: int
    video_codec: str
    pixels: str
    audio_index: int | None
    audio_codec: str | None
    audio_tracks: tuple[AudioTrack, ...]
    plain_streams: bool  # the streams chosen are those that a browser takes by itself
    hdr: bool  # brighter than screens of browsers show: needs tone mapping

    @property
    def duration_ms(self) -> int:
        """From the first presented frame to the end of picture and sound."""
        return max(1, round((self.end_us - self.first_frame_us) / 1000))

    @property
    def start_offset_ms(self) -> int:
        """The container's time of the first presented frame."""
        return round(self.first_frame_us / 1000)

    @property
    def media_type(self) -> str:
        """The type to serve the original as, where it plays as it is."""
        return "video/webm" if "webm" in self.format else "video/mp4"

    @property
    def plan(self) -> Plan:
        """What a browser needs: nothing, another container, or another encoding."""
        if self.hdr or self.pixels not in _EIGHT_BIT:
            return "encode"
        if self._plays_at_zero and (_in_mp4(self) or _in_webm(self)):
            return "play"
        return "remux" if _moves_to_mp4(self) or _moves_to_webm(self) else "encode"

    @property
    def _plays_at_zero(self) -> bool:
        return self.plain_streams and abs(self.start_offset_ms) <= STEADY_START_MS


_EIGHT_BIT: Final = ("yuv420p", "yuvj420p")


def _in_mp4(probe: Probe) -> bool:
    sounds = (None, "aac", "mp3") if probe.video_codec == "h264" else (None, "aac", "mp3", "opus")
    seen = probe.video_codec in ("h264", "vp9", "av1")
    return "mp4" in probe.format and seen and probe.audio_codec in sounds


def _in_webm(probe: Probe) -> bool:
    return probe.format == "webm" and _moves_to_webm(probe)


def _moves_to_mp4(probe: Probe) -> bool:
    return probe.video_codec == "h264" and probe.format != "avi"  # AVI does not tell when


def _moves_to_webm(probe: Probe) -> bool:
    heard = probe.audio_codec in (None, "opus", "vorbis")
    return probe.video_codec in ("vp8", "vp9", "av1") and probe.format != "avi" and heard


def probe(path: Path, *, audio_track: int | None = None) -> Probe:
    """Return what the video at `path` is, heard on `audio_track` where the file has that stream.

    Else the sound is the track marked as default, else the loudest, else the first.

    Raises:
        BadInputError: it is no video that can be a lesson; the sentence says what to do.
        NotMeasuredError: it was ended from outside; the same file may do next time.
    """
    state = path.stat()
    if state.st_size == 0:
        raise BadInputError(_REFUSALS["empty"])
    identity = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    return _probed(path, audio_track, identity)


@lru_cache(MOST_REMEMBERED)
def _probed(path: Path, audio_track: int | None, _identity: tuple[int, ...]) -> Probe:
    """Measure a file, once as long as it is the same: a process costs a quarter of a second."""
    measured = _measured(path, audio_track)
    if len(measured.audio_tracks) < 2 or measured.audio_index == audio_track:
        return measured
    tracks = _heard(path, measured.audio_tracks)
    chosen = spoken(tracks)
    if chosen.index != measured.audio_index:
        measured = _measured(path, chosen.index)
    return replace(measured, audio_tracks=tracks)


def spoken(tracks: Sequence[AudioTrack]) -> AudioTrack:
    """Return the track to hear: of those not silent, the one marked, else the loudest.

    A later track must be clearly louder than an earlier one: the first is what every player takes.
    """
    heard = [track for track in tracks if _level(track) > SILENCE_DB] or list(tracks)
    offered = [track for track in heard if track.default] or heard
    loudest = max(map(_level, offered))
    return next(track for track in offered if _level(track) >= loudest - CLEARLY_DB)


def _level(track: AudioTrack) -> float:
    """Return a track's loudness; one of which nothing could be heard counts as silent."""
    return SILENCE_DB if track.loudness_db is None else track.loudness_db


def _measured(path: Path, audio_track: int | None) -> Probe:
    question = {
        "path": str(path.resolve()),  # the reader works in a folder of its own
        "options": tools.reading_options(),
        "max_pixels": tools.MAX_PIXELS,
        "wanted": audio_track,
    }
    try:
        answer = _asked(_READER, question)
    except tools.ToolError as error:
        raise BadInputError(_REFUSALS["unreadable"]) from error
    if code := answer.get("refused"):
        raise BadInputError(_REFUSALS[_closer(code, path)])
    return _probe(answer)


def _heard(path: Path, tracks: tuple[AudioTrack, ...]) -> tuple[AudioTrack, ...]:
    """Return the tracks with how loud they are, as far as that can be told."""
    question = {"path": str(path.resolve()), "options": tools.reading_options()}
    try:
        levels = _asked(_LISTENER, question)["levels"]
    except tools.ToolError:
        return tracks
    return tuple(replace(track, loudness_db=levels.get(str(track.index))) for track in tracks)


def _asked(reader: Path, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return tools.run_reader(reader, question, _LIMITS)
    except tools.ToolError as error:
        log.warning("reader failed", code=error.code, told=error.told[-500:])
        if error.by_force:
            raise NotMeasuredError(_NOT_MEASURED) from error
        raise


def _probe(answer: dict[str, Any]) -> Probe:
    video = answer["video"]
    width, height = _shown(video, answer["rotation"])
    tracks = tuple(AudioTrack(**track) for track in answer["tracks"])
    heard = next((track for track in tracks if track.index == answer["audio"]), None)
    return Probe(
        format=answer["format"],
        container_start_us=answer["container_start_us"],
        first_frame_us=answer["first_frame_us"],
        end_us=answer["end_us"],
        rotation=answer["rotation"],
        vfr=answer["vfr"],
        interlaced=answer["interlaced"],
        width=width,
        height=height,
        frame_rate=video["rate"],
        usual_rate=video["usual_rate"],
        video_index=video["index"],
        video_codec=video["codec"],
        pixels=video["pixels"],
        audio_index=heard.index if heard else None,
        audio_codec=heard.codec if heard else None,
        audio_tracks=tracks,
        plain_streams=answer["plain"],
        hdr=answer["hdr"],
    )


def _shown(video: dict[str, Any], rotation: int) -> tuple[int, int]:
    across, down = video["aspect"]
    width, height = round(video["width"] * across / down), int(video["height"])
    return (height, width) if rotation in (90, -90) else (width, height)


# --- why not -------------------------------------------------------------------------------------

_NOT_MEASURED: Final = message(
    "This video could not be measured now. Try again in a moment; "
    "if it happens again, export it as MP4 and add that."
)
_REFUSALS: Final[dict[str, Message]] = {
    "empty": message("This file is empty. Copy it again from the camera or phone."),
    "playlist": message(
        "This file is only a list that points to other files, not a video. Add the video itself."
    ),
    "picture": message("This file is a picture, not a video. Choose the video of the lesson."),
    "archive": message("This file is a compressed folder. Unpack it and add the video inside it."),
    "no_index": message(
        "This video was cut off before the camera finished it, so nothing can play it. "
        "Copy it again from the camera; if it stays like this, the recording is lost."
    ),
    "audio_only": message("This file has sound but no picture. Choose the video of the lesson."),
    "no_video": message("There is no picture in this file. Choose the video of the lesson."),
    "unknown_codec": message(
        "This video is in a format that cannot be read. Export it as MP4 and add that."
    ),
    "encrypted": message(
        "This video is protected against copying. Export it without protection and add that."
    ),
    "no_time": message(
        "This video does not say when its frames are shown, so no moment in it could be found "
        "again. Export it as MP4 and add that."
    ),
    "no_picture": message(
        "Not one frame of this video can be read. "
        "Copy it again from the camera, or export it as MP4."
    ),
    "too_long": message("This video is longer than six hours. Cut it into lessons and add those."),
    "bomb": message(
        "This file asks for far more than any camera's video. Export it as MP4 and add that."
    ),
    "unreadable": message(
        "This file is not a video that can be read, or it is damaged. "
        "Copy it again from the camera, or export it as MP4."
    ),
}

_PICTURES: Final = (b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_STILL_BRANDS: Final = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_ARCHIVES: Final = (b"PK", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b")
_LISTS: Final = (
    *(b"#extm3u", b"ffconcat", b"[playlist]", b"[reference]", b"<asx", b"<smil"),
    *(b"<?xml", b"<mpd", b"v=0"),
)
_VAGUE: Final = ("unreadable", "no_time", "no_picture")


def _closer(code: str, path: Path) -> str:
    """Return a code that says more than a vague one, from how the file begins."""
    if code not in _VAGUE:
        return code
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if _is_picture(head):
        return "picture"
    if code != "unreadable":
        return code
    if head.lstrip(b"\xef\xbb\xbf \r\n").lower().startswith(_LISTS):
        return "playlist"
    if head.startswith(_ARCHIVES):
        return "archive"
    return "no_index" if head[4:8] in (b"ftyp", b"mdat", b"wide", b"moov") else code


def _is_picture(head: bytes) -> bool:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    drawn = b"<svg" in head or head[8:12] == b"WEBP"
    return drawn or brand in _STILL_BRANDS or head.startswith(_PICTURES)
