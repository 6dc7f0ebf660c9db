"""Clips that leave: exactly the marked moment, encoded anew, nothing else in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from observe.errors import BadInputError
from observe.jobs import Work
from observe.text import message
from observe.video import derived, graphs, pictures, tools
from observe.video.derived import Made
from observe.video.graphs import Watch
from observe.video.models import FileKind
from observe.video.probe import probe
from observe.video.store import Store
from observe.video.timecode import Span

RECIPE: Final = "clip-1"


def cut_clip(source: Path, span: Span, target: Path, *, watch: Watch | None = None) -> None:
    """Write to `target` (MP4) the frames and the sound of `source` that lie in `span`.

    Upright, at most 720p, without metadata; the clip's 0 is the span's start.

    Raises:
        BadInputError: the source cannot be read there, or the span lies outside of it.
        OSError: the disk is full.
    """
    measured = probe(source)
    if span.end_ms > measured.duration_ms:
        raise BadInputError(message("This moment lies outside the video."))
    try:
        graphs.cut(source, measured, span, target, watch or Watch())
        probe(target)
    except (tools.ToolError, BadInputError) as error:
        raise BadInputError(
            message("This part of the video is damaged. Choose another moment.")
        ) from error


def recipe(span: Span) -> str:
    """Return the recipe of the clip of `span`: the same one again is the same file."""
    return f"{RECIPE} {span.start_ms}-{span.end_ms}"


def make_clip(work: Work, recording_id: UUID, span: Span) -> UUID:
    """Return the id of the kept clip of `span`, cutting it when there is none yet.

    Cut from the original. For use inside a job's step: doing it again changes nothing.

    Raises:
        BadInputError: the span lies outside the video or cannot be read.
    """
    store = Store(work.settings.store_path)
    with work.database.read() as session:
        known = derived.find(session, recording_id, FileKind.CLIP, recipe(span))
        source = derived.original_path(session, store, recording_id)
    if known is not None:
        return known.id
    made = store.temporary(".mp4")
    try:
        cut_clip(source, span, made, watch=Watch(tick=work.check_cancelled))
        clip = Made(recording_id, FileKind.CLIP, recipe(span), "video/mp4")
        return derived.keep(work.database, store, made, clip)
    finally:
        made.unlink(missing_ok=True)


def make_clip_poster(work: Work, recording_id: UUID, span: Span) -> UUID:
    """Return the id of the picture that the clip of `span` shows before it plays.

    For use inside a job's step, after `make_clip`.

    Raises:
        BadInputError: it cannot be drawn.
    """
    store = Store(work.settings.store_path)
    with work.database.read() as session:
        known = derived.find(session, recording_id, FileKind.CLIP_POSTER, recipe(span))
        clip = derived.find(session, recording_id, FileKind.CLIP, recipe(span))
    if known is not None:
        return known.id
    if clip is None:
        raise BadInputError(message("This clip has not been cut yet."))
    source, made = store.blob(clip.sha256), store.temporary(".jpg")
    try:
        pictures.draw_poster(source, probe(source), 0, made, work.check_cancelled)
        what = Made(recording_id, FileKind.CLIP_POSTER, recipe(span), "image/jpeg")
        return derived.keep(work.database, store, made, what)
    finally:
        made.unlink(missing_ok=True)
