"""Preparing a recording in the background: keep the original, make it playable, draw it.

Each step may be killed at any moment and run again; what a finished step made is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from observe.copying import clear_left, left
from observe.daily import daily
from observe.db import Database
from observe.errors import BadInputError, ObserveError
from observe.jobs import ENDED, Job, Work, before_work, handler
from observe.settings import Settings
from observe.text import Message, message
from observe.video import captions, derived
from observe.video.derived import Made
from observe.video.media import graphs, pictures, tools
from observe.video.media.probe import probe
from observe.video.media.shapes import plan_strip
from observe.video.models import FileKind, Recording
from observe.video.preparing.copies import (
    make_mended,
    make_playable,
    refuse,
    sound_side,
    strip_side,
)
from observe.video.preparing.originals import keep_originals
from observe.video.preparing.preparation import Playing, Preparation
from observe.video.store import open_store
from observe.video.sweep import has_old, sweep, sweep_old
from observe.video.timeline import activity, peaks, voices

KIND: Final = "video.prepare"
POSTER_RECIPE: Final = "poster-1"

STEPS: Final[dict[str, Message]] = {
    "proxy": message("Making a copy that the browser can play"),
    "hash": message("Keeping the original safe"),
    "poster": message("Choosing a cover picture"),
    "survey": message("Drawing the film strip and listening to the lesson"),
    "activity": message("Looking for movement and joints"),
    "mend": message("Making a copy that plays on behind the damage"),
    "captions": message("Looking for captions"),
}


@before_work
def tidy(settings: Settings, database: Database) -> None:
    """Remove what a killed process left in the store, and beside it."""
    sweep(database, open_store(settings))
    clear_left(settings.home)


def _has_old(settings: Settings) -> bool:
    return has_old(open_store(settings)) or bool(left(settings.home))


@daily("video.sweep", hour=5, wanted=_has_old)
def tidy_daily(work: Work, _day: UUID) -> None:
    """Remove what was not taken away or finished in its time: a server is not started each day."""
    work.step("sweep", sweep_old, work.database, open_store(work.settings))
    work.step("copies", clear_left, work.settings.home)


@handler(KIND)
def prepare(work: Work, recording_id: UUID) -> None:
    """Do all that a recording needs; it is codable long before the end."""
    task = Preparation.of(work, recording_id)
    try:
        with task.desk:
            _make_codable(task)
            _draw(task)
    except Exception:  # whatever it was; a worker that stops is none, and its successor reads them
        _drop_sides(task)
        raise
    _drop_sides(task)


def _drop_sides(task: Preparation) -> None:
    """Remove what an encoding left, unless another preparation of the same lesson is to read it."""
    others = sa.select(Job.id).where(
        Job.kind == KIND,
        Job.subject_id == task.recording_id,
        Job.id != task.work.job_id,
        Job.state.not_in(ENDED),
    )
    with task.work.database.read() as session:
        overtaken = session.scalar(others.limit(1)) is not None
    if not overtaken:
        task.store.drop_sides(task.recording_id)


def _make_codable(task: Preparation) -> None:
    """First what a person waits for; the file is safe in the store, and its hash can wait."""
    try:
        refusal = task.step("proxy", make_playable)
    except ObserveError:
        task.step("hash", keep_originals)  # its files keep their place for another try
        raise
    task.step("hash", keep_originals)
    if refusal is not None:
        refuse(task, refusal)  # its files stay: they may be the only ones
        raise ObserveError(Message(refusal))


def _draw(task: Preparation) -> None:
    """Draw all that can be drawn; where something cannot, say so at the end.

    Raises:
        ObserveError: the first thing that could not be done.
    """
    drawn: dict[str, Callable[[Preparation], None]] = {
        "poster": make_poster,
        "survey": survey,
        "activity": watch,
        "mend": mend,
        "captions": find_captions,
    }
    troubles = []
    for name, step in drawn.items():
        try:
            task.step(name, step)
        except ObserveError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]


# --- the steps -----------------------------------------------------------------------------------


def make_poster(task: Preparation) -> None:
    """Keep a picture from the first tenth of the lesson, for the library."""
    what = Made(task.recording_id, FileKind.POSTER, POSTER_RECIPE, "image/jpeg")
    if task.has(what.kind, what.recipe):
        return
    shown, tick = task.playing(), task.progress("poster").tick
    at_ms = shown.probe.duration_ms // 10
    task.make(what, lambda made: pictures.draw_poster(shown.path, shown.probe, at_ms, made, tick))


def survey(task: Preparation) -> None:
    """Draw the film strip while the lesson is listened to: neither fills two cores by itself."""
    with ThreadPoolExecutor(1) as beside:
        drawn = beside.submit(make_strip, task)
        listen(task)
        drawn.result()


def make_strip(task: Preparation) -> None:
    """Keep the film strip; its recipe tells the layout."""
    shown, tick = task.playing(), task.progress("survey").notice
    measured, keyed = shown.probe, shown.keyed
    layout = plan_strip(measured.duration_ms, measured.width, measured.height)
    what = Made(task.recording_id, FileKind.STRIP, layout.recipe, "image/jpeg")

    def draw(made: Path) -> None:
        if (left := strip_side(task, layout)).exists():
            pictures.sheet_of(left, layout, made, tick)
            return
        pictures.draw_strip(shown.path, measured, layout, made, tick, keyed=keyed)

    task.make(what, draw)


def listen(task: Preparation) -> None:
    """Keep the peaks of the sound and its voices, where there is sound: heard once for both."""
    track = task.recording().audio_track
    peaks_made = _heard(task, FileKind.WAVEFORM, peaks.RECIPE, "application/octet-stream", track)
    voices_made = _heard(task, FileKind.VOICES, voices.RECIPE, "application/json", track)
    if all(task.has(what.kind, what.recipe) for what in (peaks_made, voices_made)):
        return
    shown = task.playing()
    if shown.probe.audio_index is None:
        return
    tick = task.progress("survey").tick
    with _sound(task, shown, track) as sound:
        task.make(peaks_made, lambda made: peaks.write_peaks(sound, made))
        task.make(voices_made, lambda made: voices.write_voices(sound, made, tick))


def _heard(
    task: Preparation, kind: FileKind, recipe: str, media_type: str, track: int | None
) -> Made:
    return Made(task.recording_id, kind, derived.with_track(recipe, track), media_type)


@contextmanager
def _sound(task: Preparation, shown: Playing, track: int | None) -> Iterator[Path]:
    """Yield the bare sound: what an encoding left of it, else extracted anew."""
    left = sound_side(task, track)
    if left.exists():
        yield left
        return
    made = task.store.temporary(".sound")
    try:
        graphs.sound(shown.path, shown.probe, made, graphs.Watch(tick=task.progress("survey").tick))
        yield made
    except tools.ToolError as error:
        raise BadInputError(message("The sound of this video cannot be read.")) from error
    finally:
        made.unlink(missing_ok=True)


def watch(task: Preparation) -> None:
    """Keep what moves when, where scenes join, and what is damaged in the camera's own file."""
    what = Made(task.recording_id, FileKind.ACTIVITY, activity.RECIPE, "application/json")
    with task.work.database.read() as session:
        lesson = derived.whole_lesson(session, task.store, task.recording_id)
    left, tick = task.store.side(task.recording_id, "grey"), task.progress("activity").tick
    grey = left if left.exists() else None

    def write(made: Path) -> None:
        source = task.desk.path(lesson)
        activity.write_activity(source, probe(source), made, tick, grey=grey)

    task.make(what, write)


def mend(task: Preparation) -> None:
    """Make an encoded copy where what plays is damaged: there a browser gives it up for good."""
    with task.work.database.read() as session:
        row = derived.newest(session, task.recording_id, FileKind.ACTIVITY)
    if row is None or not activity.read_activity(task.store.kept(row.sha256).read_text()).damaged:
        return
    make_mended(task)


def find_captions(task: Preparation) -> None:
    """Keep the captions that lie inside the files, where there are any."""
    what = Made(task.recording_id, FileKind.CAPTIONS, captions.EMBEDDED_RECIPE, captions.MEDIA_TYPE)
    if task.has(what.kind, what.recipe):
        return
    if cues := [cue for part in _parts(task) for cue in _cues(task, *part)]:
        text = captions.write_vtt(cues)
        task.make(what, lambda made: made.write_text(text, encoding="utf-8", newline="\n"))


def _parts(task: Preparation) -> Iterator[tuple[Path, int]]:
    """Yield each file of the lesson, and where it begins, in milliseconds."""
    for given in task.given():
        start_ms = 0 if isinstance(given, Recording) else given.start_ms or 0
        file = derived.file_of(task.store, given)
        if file is not None:
            yield task.desk.path(file), start_ms


def _cues(task: Preparation, source: Path, start_ms: int) -> tuple[captions.Cue, ...]:
    made, measured = task.store.temporary(".vtt"), probe(source)
    try:
        if not captions.extract(source, measured, made, task.progress("captions").tick):
            return ()
        found = captions.read_captions(made.read_text(encoding="utf-8"))
    finally:
        made.unlink(missing_ok=True)
    return captions.shifted(found, start_ms, start_ms + measured.duration_ms)
