"""Clips in which faces cannot be recognised: found once, drawn over as often as a person corrects.

What is drawn over is gone from the file; who somebody is may still be heard or told by clothes,
size and place: such a clip is blurred, no more than that.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from observe.errors import BadInputError
from observe.text import message
from observe.video.blur.detectors import Detector, unusable
from observe.video.blur.faces import Box, Found, Region, as_json, link
from observe.video.media import graphs, shapes, tools
from observe.video.media.graphs import Watch
from observe.video.media.probe import Probe
from observe.video.models import BlurSound, BlurStyle
from observe.video.timecode import Span

_FINDER: Final = Path(__file__).with_name("facing.py")
_PAINTER: Final = Path(__file__).with_name("masking.py")
# Closed captions come with the frames of some cameras: `a53cc` would write them into the clip.
_X264: Final = {"preset": "veryfast", "crf": "23", "flags": "+bitexact", "a53cc": "0"}
# A quarter slower and so deeper, then as fast as before. It disguises a voice; whoever wants to can
# turn it back.
_SOUNDS: Final[dict[BlurSound, tuple[tuple[str, object], ...] | None]] = {
    BlurSound.KEEP: (),
    BlurSound.PITCH: (
        ("aresample", 48_000),
        ("asetrate", 38_400),
        ("aresample", 48_000),
        ("atempo", 1.25),
    ),
    BlurSound.MUTE: None,
}


def find_faces(
    source: Path,
    probe: Probe,
    span: Span,
    target: Path,
    detector: Detector,
    tick: tools.Tick | None = None,
    *,
    watch: Watch | None = None,
) -> Found:
    """Write to `target`, as JSON, the faces that `detector` finds in `span`; return them.

    `watch` is told how many milliseconds of the span were looked at.

    Raises:
        ObserveError: the detector's file is none. BadInputError: the span cannot be read.
        OSError: the disk is full.
    """
    watch = watch or Watch(tick=tick)
    with _folder(target) as folder:
        path, plain, within = _plain(source, probe, span, folder, watch)
        answer = _ask(_FINDER, _finding(path, plain, within, detector, target), span, watch)
        if "refused" in answer:
            raise unusable(detector.path)
        shift = span.start_ms - within.start_ms
        found = _linked(json.loads(target.read_text(encoding="ascii")), detector, probe, shift)
    if not found.frames:
        raise _damaged()
    target.write_text(json.dumps(as_json(found)), encoding="ascii")
    return found


def _finding(
    path: Path, probe: Probe, span: Span, detector: Detector, target: Path
) -> dict[str, Any]:
    tuning = detector.tuning
    return _reading(path, probe, span) | {
        "model": str(detector.path),
        "kind": detector.kind,
        "gap_ms": tuning.gap_ms,
        "long_side": tuning.long_side(probe.width, probe.height),
        "sure": tuning.sure,
        "faint": tuning.faint,
        "target": str(target),
    }


def _linked(raw: dict[str, Any], detector: Detector, probe: Probe, shift_ms: int) -> Found:
    boxes = [Box(at + shift_ms, *rest) for at, *rest in raw["boxes"]]
    frames = tuple(at + shift_ms for at in raw["frames"])
    tracks = link(boxes, detector.tuning.sure)
    return Found(detector.told(), probe.width, probe.height, frames, tracks)


def draw(  # noqa: PLR0913  # the clip that leaves: what, where, how
    source: Path,
    probe: Probe,
    span: Span,
    regions: Sequence[Region],
    style: BlurStyle,
    sound: BlurSound,
    target: Path,
    watch: Watch,
) -> None:
    """Write to `target` (MP4) the frames of `span` with `regions` drawn over.

    Upright, at most 720p, without metadata, the same frames as `graphs.cut` takes. `watch` is told
    how many milliseconds are made.

    Raises:
        BadInputError: the span cannot be read. OSError: the disk is full.
    """
    with _folder(target) as folder:
        path, plain, within = _plain(source, probe, span, folder, watch)
        silent = folder / "silent.mp4"
        question = _drawing(path, plain, within, style, silent)
        shift = within.start_ms - span.start_ms
        places = folder / "regions.json"
        places.write_text(json.dumps([_moved(region, shift) for region in regions]), "ascii")
        question["regions"] = str(places)
        if not _ask(_PAINTER, question, span, watch)["frames"]:
            raise _damaged()
        try:
            altered = _SOUNDS[sound]
            graphs.join_sound(silent, source, probe, span, target, watch, altered=altered)
        except tools.ToolError as error:
            raise tools.refusal(error, _DAMAGED) from error


def _drawing(
    path: Path, probe: Probe, span: Span, style: BlurStyle, target: Path
) -> dict[str, Any]:
    box = (graphs.LONG_SIDE, graphs.SHORT_SIDE)
    return _reading(path, probe, span) | {
        "interlaced": probe.interlaced,
        "out": shapes.fitting(probe.width, probe.height, *box),
        "rate": probe.frame_rate if 1 <= probe.frame_rate <= graphs.MAX_RATE else 30,
        "style": style.value,
        "x264": _X264 | _bound(span),
        "target": str(target),
    }


def _bound(span: Span) -> dict[str, str]:
    return {name: str(value) for name, value in graphs.bounded(span.length_ms).x264.items()}


def _moved(region: Region, shift_ms: int) -> dict[str, Any]:
    return {
        "start_ms": region.start_ms + shift_ms,
        "end_ms": region.end_ms + shift_ms,
        "boxes": [[box.at_ms + shift_ms, box.x, box.y, box.w, box.h] for box in region.boxes],
    }


def _reading(path: Path, probe: Probe, span: Span) -> dict[str, Any]:
    without_index = probe.format.startswith("mpeg")
    return {
        "path": str(path),
        "options": tools.reading_options(),
        "stream": probe.video_index,
        "first_us": probe.first_frame_us,
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "lead_us": graphs.LEAD_WITHOUT_INDEX_US if without_index else graphs.LEAD_US,
        "rotation": probe.rotation,
        "size": [probe.width, probe.height],
    }


@contextmanager
def _folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` for as long as it is made.

    Not the system's: what is not blurred yet lies in it, and where `target` is made somebody
    sweeps up after a kill.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.stem}.") as folder:
        yield Path(folder)


def _plain(
    source: Path, probe: Probe, span: Span, folder: Path, watch: Watch
) -> tuple[Path, Probe, Span]:
    """Return a file whose colours can be drawn on: the source, or of HDR a copy of the span."""
    if not probe.hdr:
        return source, probe, span
    copy = folder / "plain.mp4"
    try:
        graphs.cut_plain(source, probe, span, copy, Watch(tick=watch.tick))
    except tools.ToolError as error:
        raise tools.refusal(error, _DAMAGED) from error
    plain = replace(
        probe, format="mov,mp4", first_frame_us=0, rotation=0, interlaced=False, video_index=0
    )
    return copy, plain, Span(0, span.length_ms)


def _ask(script: Path, question: dict[str, Any], span: Span, watch: Watch) -> dict[str, Any]:
    """Ask a reader that tells how far it is, line by line, and at last its answer."""
    reached_ms = 0

    def read(line: str) -> None:
        nonlocal reached_ms
        if line.strip().isdigit():
            reached_ms = int(line)

    def look() -> None:
        if watch.on_time is not None:
            watch.on_time(reached_ms)
        if watch.tick is not None:
            watch.tick()

    seconds = span.length_ms / 1000
    limits = tools.Limits(180 + 60 * seconds, int(180 + 240 * seconds))
    command = [sys.executable, "-I", str(script), json.dumps(question)]
    try:
        told = tools.run(command, limits, on_line=read, tick=look)
    except tools.ToolError as error:
        raise tools.refusal(error, _DAMAGED) from error
    answer: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answer


def _damaged() -> BadInputError:
    return BadInputError(_DAMAGED)


_DAMAGED: Final = message("This part of the video is damaged. Choose another moment.")
