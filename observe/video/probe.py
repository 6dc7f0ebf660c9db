"""What a video file is: measured by PyAV in a short-lived process, never in this one.

Refuses what is no lesson with one sentence that says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from observe.errors import BadInputError
from observe.text import Message, message
from observe.video import tools

_READER: Final = Path(__file__).with_name("probing.py")
_LIMITS: Final = tools.Limits(
    wall_seconds=60, cpu_seconds=40, memory_bytes=2 * tools.GIB, output_bytes=0, niceness=0
)
_HEAD_BYTES: Final = 4096
STEADY_START_MS: Final = 20  # a first frame later than this would shift the player's clock

log = structlog.get_logger(__name__)

Plan = Literal["play", "remux", "encode"]


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
    video_index: int
    video_codec: str
    pixels: str
    audio_index: int | None
    audio_codec: str | None
    plain_streams: bool  # the streams chosen are those that a browser takes by itself

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
        if _in_mp4(self) or _in_webm(self):
            return "play" if self._plays_at_zero else "remux"
        return "remux" if self._video_fits and "avi" not in self.format else "encode"

    @property
    def _plays_at_zero(self) -> bool:
        return self.plain_streams and abs(self.start_offset_ms) <= STEADY_START_MS

    @property
    def _video_fits(self) -> bool:
        return self.pixels in _EIGHT_BIT and self.video_codec == "h264"


_EIGHT_BIT: Final = ("yuv420p", "yuvj420p")


def _in_mp4(probe: Probe) -> bool:
    return (
        "mp4" in probe.format
        and probe.video_codec == "h264"
        and probe.pixels in _EIGHT_BIT
        and probe.audio_codec in (None, "aac", "mp3")
    )


def _in_webm(probe: Probe) -> bool:
    return (
        "webm" in probe.format
        and probe.video_codec in ("vp8", "vp9", "av1")
        and probe.pixels in _EIGHT_BIT
        and probe.audio_codec in (None, "opus", "vorbis")
    )


def probe(path: Path) -> Probe:
    """Return what the video at `path` is.

    Raises:
        BadInputError: it is no video that can be a lesson; the sentence says what to do.
    """
    if path.stat().st_size == 0:
        raise BadInputError(_REFUSALS["empty"])
    question = {
        "path": str(path),
        "options": tools.reading_options(),
        "max_pixels": tools.MAX_PIXELS,
    }
    try:
        answer = tools.run_reader(_READER, question, _LIMITS)
    except tools.ToolError as error:
        ended = error.too_long or error.code < 0  # by a limit; else the reader could not cope
        log.warning("reader failed", code=error.code, told=error.told[-500:])
        raise BadInputError(_REFUSALS["bomb" if ended else "unreadable"]) from error
    if code := answer.get("refused"):
        raise BadInputError(_REFUSALS[_closer(code, path)])
    return _probe(answer)


def _probe(answer: dict[str, Any]) -> Probe:
    video, audio = answer["video"], answer["audio"]
    width, height = _shown(video, answer["rotation"])
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
        video_index=video["index"],
        video_codec=video["codec"],
        pixels=video["pixels"],
        audio_index=audio["index"] if audio else None,
        audio_codec=audio["codec"] if audio else None,
        plain_streams=video["first_of_kind"],
    )


def _shown(video: dict[str, Any], rotation: int) -> tuple[int, int]:
    across, down = video["aspect"]
    width, height = round(video["width"] * across / down), int(video["height"])
    return (height, width) if rotation in (90, -90) else (width, height)


# --- why not -------------------------------------------------------------------------------------

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
_LISTS: Final = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"v=0")


def _closer(code: str, path: Path) -> str:
    """Return a code that says more than `unreadable`, from how the file begins."""
    if code != "unreadable":
        return code
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_PICTURES) or b"<svg" in head or head[8:12] == b"WEBP":
        return "picture"
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(_LISTS):
        return "playlist"
    if head.startswith(b"PK"):
        return "archive"
    return "no_index" if head[4:8] in (b"ftyp", b"mdat", b"wide", b"moov") else code
