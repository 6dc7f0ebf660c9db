"""Several files of one lesson become one that plays, with a single timeline.

Without loss where the cameras' packets fit behind one another; else every part is encoded in the
shape of the first, and those copies are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import structlog

from observe.errors import BadInputError, ObserveError
from observe.text import message
from observe.video.media import graphs, tools
from observe.video.media.probe import Probe, probe
from observe.video.preparing.preparation import Progress
from observe.video.store import Store

_READER: Final = Path(__file__).with_name("joining.py")
DRIFT_MS: Final = 100  # a part: a joined copy that is longer or shorter by more is made anew
_COPIES_AT: Final = 20e6  # bytes a second, on a slow disk

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Part:
    """One file of the lesson, measured.

    `lasts_ms`: until the next one begins, where the timeline is settled; None: as long as it does.
    """

    path: Path
    probe: Probe
    lasts_ms: int | None = None


@dataclass(frozen=True)
class Joined:
    """Where each part begins on the lesson's timeline and where the last one ends, milliseconds.

    `without_loss`: the packets are the camera's own.
    """

    starts_ms: tuple[int, ...]
    end_ms: int
    without_loss: bool

    @property
    def lengths_ms(self) -> tuple[int, ...]:
        """How long each part is on the timeline."""
        return tuple(later - earlier for earlier, later in pairwise((*self.starts_ms, self.end_ms)))


class NotJoinedError(ObserveError):
    """Their packets do not follow one another, not even those of copies of one shape."""


def join(parts: Sequence[Part], target: Path, store: Store, progress: Progress) -> Joined:
    """Write all parts, one behind the other, as one MP4 that browsers play.

    Raises:
        tools.ToolError: a part could not be encoded. OSError: the disk is full.
        NotJoinedError: they could not be joined.
    """
    if _alike(parts):
        joined = _as_they_are(parts, target, store, progress)
        if joined is not None and _fits(joined, parts, target):
            return joined
    joined = _encoded(parts, target, store, progress)
    if joined is None:
        raise NotJoinedError(message("The files of this lesson could not be joined. Try again."))
    return replace(joined, without_loss=False)


def _alike(parts: Sequence[Part]) -> bool:
    """Tell whether one decoder may show all parts; the packets themselves are compared later."""
    shapes = {(each.probe.width, each.probe.height, each.probe.rotation) for each in parts}
    sounds = {each.probe.audio_index is None for each in parts}
    copied = all(each.probe.plan != "encode" and each.probe.video_codec == "h264" for each in parts)
    return copied and len(shapes) == 1 and len(sounds) == 1


def _fits(joined: Joined, parts: Sequence[Part], made: Path) -> bool:
    """Tell whether the joined copy is as long and of the shape that its parts promise."""
    first, copy = parts[0].probe, probe(made)
    promised = sum(each.lasts_ms or each.probe.duration_ms for each in parts)
    same = (copy.width, copy.height, copy.rotation) == (first.width, first.height, first.rotation)
    long = all(
        abs(length - promised) <= DRIFT_MS * len(parts)
        for length in (joined.end_ms, copy.duration_ms)
    )
    return same and long and copy.plan == "play"


def _as_they_are(
    parts: Sequence[Part], target: Path, store: Store, progress: Progress
) -> Joined | None:
    plain = (None, "aac")
    if all("mp4" in each.probe.format and each.probe.audio_codec in plain for each in parts):
        return _packets(parts, target, progress)
    try:
        return _through_copies(parts, target, store, progress, graphs.remux)
    except (tools.ToolError, BadInputError) as error:
        if isinstance(error, tools.ToolError) and error.by_force:
            raise
        log.info("not copied into another container", reason=str(error)[-200:])
        return None


def _encoded(
    parts: Sequence[Part], target: Path, store: Store, progress: Progress
) -> Joined | None:
    heard = any(part.probe.audio_index is not None for part in parts)
    outline = replace(graphs.outline_of(parts[0].probe), sound=heard)

    def encode(source: Path, measured: Probe, made: Path, watch: graphs.Watch) -> None:
        graphs.encode(source, measured, made, watch, outline=outline)

    return _through_copies(parts, target, store, progress, encode)


_Copy = Callable[[Path, Probe, Path, graphs.Watch], None]


def _through_copies(
    parts: Sequence[Part], target: Path, store: Store, progress: Progress, copy: _Copy
) -> Joined | None:
    """Join copies of the parts, each made by `copy`."""
    with _temporaries(store, len(parts)) as paths:
        copies, done = [], 0
        for part, path in zip(parts, paths, strict=True):
            copy(part.path, part.probe, path, progress.watch(done))
            copies.append(replace(part, path=path, probe=probe(path)))
            done += part.probe.duration_ms
        return _packets(copies, target, progress)


@contextmanager
def _temporaries(store: Store, count: int) -> Iterator[list[Path]]:
    paths = [store.temporary(".mp4") for _ in range(count)]
    try:
        yield paths
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _packets(parts: Sequence[Part], target: Path, progress: Progress) -> Joined | None:
    """Join packet by packet; None when that cannot be done with these."""
    question = {
        "parts": [
            {
                "path": str(part.path),
                "video": part.probe.video_index,
                "audio": part.probe.audio_index,
                "first_us": part.probe.first_frame_us,
                "lasts_us": None if part.lasts_ms is None else 1000 * part.lasts_ms,
            }
            for part in parts
        ],
        "options": tools.reading_options(),
        "target": str(target),
    }
    seconds = 180 + sum(part.path.stat().st_size for part in parts) / _COPIES_AT
    limits = tools.Limits(seconds, int(seconds), 2 * tools.GIB)
    try:
        answer = tools.run_reader(_READER, question, limits, tick=progress.notice)
    except tools.ToolError as error:
        if error.by_force:
            raise
        answer = {"unfit": error.told[-200:]}
    if "unfit" in answer:
        log.info("not joined as it is", reason=answer["unfit"])
        return None
    starts = tuple(round(start / 1000) for start in answer["starts_us"])
    return Joined(starts, round(answer["end_us"] / 1000), without_loss=True)
