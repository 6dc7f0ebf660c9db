"""Clips that leave: exactly the marked moment, encoded anew, nothing else in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError
from observe.jobs import Work
from observe.text import message
from observe.video import captions, derived
from observe.video.derived import Made
from observe.video.desk import Desk
from observe.video.media import graphs, pictures, tools
from observe.video.media.graphs import Quality, Watch
from observe.video.media.probe import Probe, probe
from observe.video.models import DerivedFile, FileKind
from observe.video.store import Store, open_store
from observe.video.timecode import Span

RECIPE: Final = "clip-3"
SLACK_MS: Final = 100  # lengths of two copies of one lesson differ by less
_CLIPPING: Final = Path(__file__).with_name("clipping.py")
_READING: Final = tools.Limits(
    wall_seconds=120, cpu_seconds=60, memory_bytes=2 * tools.GIB, output_bytes=0
)


def cut_clip(
    source: Path,
    span: Span,
    target: Path,
    *,
    audio_track: int | None = None,
    quality: Quality | None = None,
    watch: Watch | None = None,
) -> None:
    """Write to `target` (MP4) the frames and the sound of `source` that lie in `span`.

    Upright, at most 720p, without metadata; the clip's 0 is the span's start. Where no frame begins
    in the span (a gap, or less than a frame), the one that stands on the screen then is shown.
    `audio_track` is the stream to be heard, chosen by rule when it is None.

    Raises:
        BadInputError: the source cannot be read there, or the span lies outside of it.
        ObserveError: the cutting was interrupted. OSError: the disk is full.
    """
    measured = probe(source, audio_track=audio_track)
    if span.start_ms >= measured.duration_ms or span.end_ms > measured.duration_ms + SLACK_MS:
        raise BadInputError(message("This moment lies outside the video."))
    watch = watch or Watch()
    cut = partial(graphs.cut, source, measured, span, target, watch, quality=quality)
    try:
        if not _could(cut, target):
            cut(standing_us=_standing_frame(source, measured, span, watch))
            probe(target)
    except tools.ToolError as error:
        raise tools.refusal(error, _DAMAGED) from error
    except BadInputError as error:
        raise BadInputError(_DAMAGED) from error


_DAMAGED: Final = message("This part of the video is damaged. Choose another moment.")


def _could(cut: Callable[[], None], target: Path) -> bool:
    """Tell whether the span could be cut: it cannot when no frame begins in it."""
    try:
        cut()
        probe(target)
    except (tools.ToolError, BadInputError) as error:
        if isinstance(error, tools.ToolError) and error.by_force:
            raise
        return False
    return True


def _standing_frame(source: Path, measured: Probe, span: Span, watch: Watch) -> int:
    """Return the time (container's clock, microseconds) of the frame that stands through `span`.

    Raises:
        BadInputError: frames do begin in it, but cannot be read.
    """
    start, end = graphs.marks(measured, span)
    question = {
        "path": str(source),
        "options": tools.reading_options(),
        "stream": measured.video_index,
        "start_us": round(start * 1_000_000),
        "end_us": round(end * 1_000_000),
    }
    found: int | None = tools.run_reader(_CLIPPING, question, _READING, tick=watch.tick)[
        "standing_us"
    ]
    if found is None:
        raise BadInputError(_DAMAGED)
    return found


# --- kept ----------------------------------------------------------------------------------------


def recipe(span: Span, audio_track: int | None = None) -> str:
    """Return the recipe of the clip of `span`: the same one again is the same file."""
    return derived.with_track(f"{RECIPE} {span.start_ms}-{span.end_ms}", audio_track)


def recipe_now(session: Session, recording_id: UUID, span: Span) -> str:
    """Return the recipe of the clip of `span` with the sound that it has when cut now."""
    return recipe(span, derived.heard_in_clips(session, recording_id))


def find_clip(session: Session, recording_id: UUID, span: Span) -> DerivedFile | None:
    """Return the kept clip of `span`, when it was cut."""
    return derived.find(
        session, recording_id, FileKind.CLIP, recipe_now(session, recording_id, span)
    )


def make_clip(work: Work, recording_id: UUID, span: Span) -> UUID:
    """Return the id of the kept clip of `span`, cutting it when there is none yet or it is lost.

    For use inside a job's step: doing it again changes nothing.

    Raises:
        BadInputError: the span lies outside the video or cannot be read.
        FileNotFoundError: the video is not there.
    """
    store, watch = open_store(work.settings), Watch(tick=work.check_cancelled)
    return keep_clip(work.database, store, recording_id, span, watch=watch)


def keep_clip(
    database: Database, store: Store, recording_id: UUID, span: Span, *, watch: Watch
) -> UUID:
    """Return the id of the kept clip of `span`; of two who cut it at once, both get the same.

    Raises:
        BadInputError, FileNotFoundError: as `make_clip`.
    """
    with database.read() as session:
        known = find_clip(session, recording_id, span)
        film = derived.film_of(session, store, recording_id)
    if known is not None and derived.is_whole(store, known):
        return known.id
    made = store.temporary(".mp4")
    try:
        quality = graphs.bounded(span.length_ms)
        with Desk(store, watch.tick) as desk:
            source = desk.path(film.file)
            cut_clip(source, span, made, audio_track=film.stream, quality=quality, watch=watch)
        clip = Made(recording_id, FileKind.CLIP, recipe(span, film.heard), "video/mp4")
        return derived.keep(database, store, made, clip, tick=watch.tick)
    finally:
        made.unlink(missing_ok=True)


def make_clip_poster(work: Work, recording_id: UUID, span: Span) -> UUID:
    """Return the id of the picture that the clip of `span` shows before it plays.

    For use inside a job's step, after `make_clip`.

    Raises:
        BadInputError: it cannot be drawn.
    """
    store = open_store(work.settings)
    with work.database.read() as session:
        clip = find_clip(session, recording_id, span)
        known = poster_of(session, clip) if clip is not None else None
    if clip is None:
        raise BadInputError(message("This clip has not been cut yet."))
    if known is not None and derived.is_whole(store, known):
        return known.id
    made = store.temporary(".jpg")
    try:
        with Desk(store, work.check_cancelled) as desk:
            source = desk.path(store.kept(clip.sha256))
            pictures.draw_poster(source, probe(source), 0, made, work.check_cancelled)
        what = Made(recording_id, FileKind.CLIP_POSTER, clip.recipe, "image/jpeg")
        return derived.keep(work.database, store, made, what)
    finally:
        made.unlink(missing_ok=True)


def poster_of(session: Session, clip: DerivedFile) -> DerivedFile | None:
    """Return the picture of a kept clip, when it was drawn."""
    return derived.find(session, clip.recording_id, FileKind.CLIP_POSTER, clip.recipe)


# --- with its captions ---------------------------------------------------------------------------


def make_clip_captions(work: Work, recording_id: UUID, span: Span) -> UUID | None:
    """Return the id of what is said in the clip of `span`, or None when no captions say anything.

    For use inside a job's step: doing it again changes nothing.
    """
    store = open_store(work.settings)
    with work.database.read() as session:
        known = captions.chosen(session, recording_id)
        cues = captions.cut(captions.cues_of(session, store, recording_id), span)
    if known is None or not cues:
        return None
    made = store.temporary(".vtt")
    try:
        made.write_text(captions.write_vtt(cues), encoding="utf-8", newline="\n")
        what = Made(
            recording_id,
            FileKind.CLIP_CAPTIONS,
            _captions_recipe(span, known),
            captions.MEDIA_TYPE,
        )
        return derived.keep(work.database, store, made, what)
    finally:
        made.unlink(missing_ok=True)


def _captions_recipe(span: Span, whole: DerivedFile) -> str:
    return f"captions-1 {span.start_ms}-{span.end_ms} {whole.sha256[:16]}"


def captions_of_clip(
    session: Session, recording_id: UUID, span: Span, at: datetime | None = None
) -> DerivedFile | None:
    """Return what is said in the clip of `span` by the captions that the lesson had `at` a time.

    By the present ones when it is None. Nothing where they say nothing, or were not cut.
    """
    whole = captions.chosen(session, recording_id, at)
    if whole is None:
        return None
    recipe = _captions_recipe(span, whole)
    return derived.find(session, recording_id, FileKind.CLIP_CAPTIONS, recipe)
