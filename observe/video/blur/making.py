"""The background part of blurring: find the faces, cover them, and wait for a person's eyes.

Each step may be killed at any moment and run again: what it made is found by its recipe. A job
belongs to one state of the corrections; when these change it is overtaken and ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError
from observe.jobs import CancelledError, Work, handler
from observe.people import audit
from observe.text import Message, message
from observe.video import derived
from observe.video.blur import blurring, detectors, faces
from observe.video.blur.corrections import still_meant, written
from observe.video.derived import Made
from observe.video.desk import Desk
from observe.video.kept import KeptFile
from observe.video.media import pictures
from observe.video.media.graphs import Watch
from observe.video.media.probe import Probe, probe
from observe.video.models import Blurring, BlurState, DerivedFile, FileKind
from observe.video.store import Store, open_store
from observe.video.timecode import Span

KIND: Final = "video.blur"
FACES_RECIPE: Final = f"faces-{faces.VERSION}"
BLURRED_RECIPE: Final = "blurred-2"
DROPPED: Final = "blurring.removals_dropped"

STEPS: Final[dict[str, Message]] = {
    "": message("Waiting for its turn"),
    "faces": message("Looking for faces"),
    "draw": message("Covering the faces"),
    "poster": message("Choosing a picture of it"),
}


@handler(KIND)
def blur(work: Work, asked_id: UUID) -> None:
    """Make the blurred clip that was asked for; it then waits to be looked at."""
    work.step("faces", find, work, asked_id)
    work.step("draw", draw, work, asked_id)
    work.step("poster", picture, work, asked_id)
    finish(work, asked_id)
    clear(work, asked_id)


@dataclass(frozen=True)
class Task:
    """What one job is to make, as it stood when a step began."""

    recording_id: UUID
    span: Span
    found: str | None  # the sha256 of the faces found, once they were looked for
    blurred: str  # the recipe of the clip
    row: Blurring

    @property
    def film(self) -> str | None:
        """The sha256 of the joined copy in which faces were found; None of a lesson in one file."""
        return _film_told(self.row)

    @property
    def heard(self) -> int | None:
        """The sound track of what was given that is heard in the clip; None is the usual one."""
        return derived.track_of(self.blurred)

    @property
    def faces(self) -> str:
        """The recipe of where the faces are."""
        return faces_recipe(self.span, self.row.detector)

    @property
    def wanted(self) -> list[tuple[FileKind, str]]:
        """What is to be there in the end, each file with its recipe."""
        made = [FileKind.BLURRED, FileKind.BLURRED_POSTER]
        return [(FileKind.FACES, self.faces), *((kind, self.blurred) for kind in made)]


def faces_recipe(span: Span, told: str | None) -> str:
    """Return the recipe of the faces found in `span` by the detector of which this was told."""
    return f"{FACES_RECIPE} {span.start_ms}-{span.end_ms} {_short(told or '')}"


def _film_told(row: Blurring) -> str | None:
    film: str | None = json.loads(row.detector or "{}").get("film")
    return film


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _task(session: Session, asked_id: UUID) -> Task:
    """Return what is asked for.

    Raises:
        CancelledError: corrections came meanwhile, and another job has them.
    """
    row = session.scalars(sa.select(Blurring).where(Blurring.asked_id == asked_id)).one_or_none()
    if row is None:
        raise CancelledError
    span = Span(row.start_ms, row.end_ms)
    found = found_faces(session, row)
    sha256 = found.sha256 if found else None
    recipe = f"{BLURRED_RECIPE} {span.start_ms}-{span.end_ms} {row.style} {row.sound}"
    recipe += f" {_short(sha256 or '')} {_short(row.corrections)}"
    # A clip that is drawn stays the one that was asked for when another sound is chosen meanwhile.
    drawn = derived.newest_by_recipe(session, row.recording_id, FileKind.BLURRED, recipe)
    recipe = drawn.recipe if drawn else derived.with_track(recipe, _heard(session, row))
    return Task(row.recording_id, span, sha256, recipe, row)


def _heard(session: Session, row: Blurring) -> int | None:
    """Return the sound track that is heard in the film in which the faces were found."""
    film = _file_of(session, row, FileKind.PROXY, _film_told(row))
    if film is None:
        return derived.heard_in_clips(session, row.recording_id)
    return derived.track_of(film.recipe)


def found_faces(session: Session, row: Blurring) -> DerivedFile | None:
    """Return the file of the faces that were found in the clip; None while nobody looked."""
    if row.detector is None:
        return None
    recipe = faces_recipe(Span(row.start_ms, row.end_ms), row.detector)
    return derived.find(session, row.recording_id, FileKind.FACES, recipe)


def _known(work: Work, asked_id: UUID) -> tuple[Task, set[FileKind]]:
    """Return the task and which of its files are there already; a lost one is made again."""
    with work.database.read() as session:
        task = _task(session, asked_id)
    there = {kind for kind, recipe in task.wanted if _has(work, task.recording_id, kind, recipe)}
    with work.database.read() as session:  # without what was lost it is another task
        return _task(session, asked_id), there


def _has(work: Work, recording_id: UUID, kind: FileKind, recipe: str) -> bool:
    """Tell whether a file was made and is whole; a row without its file is forgotten."""
    store = open_store(work.settings)
    with work.database.read() as session:
        row = derived.find(session, recording_id, kind, recipe)
    if row is None or derived.is_whole(store, row):
        return row is not None
    with work.database.write() as session:
        derived.forget(session, store, row.id)
    return False


# --- the steps ------------------------------------------------------------------------------------


def find(work: Work, asked_id: UUID) -> None:
    """Find the faces, once for all corrections that follow: these speak of what was found.

    Anew when what was found is lost, or was found in another joined copy than the present one: that
    may be of another size. Then removals that spoke of it are dropped.

    Raises:
        ObserveError: the detector is not installed, or the video cannot be read there.
        CancelledError: the person asked to stop, or corrected meanwhile.
    """
    task, there = _known(work, asked_id)
    if task.row.state is not BlurState.ASKED:
        return  # a job that is run again after its clip was made
    with work.database.read() as session:
        film = _joined(session, task.recording_id)
    if FileKind.FACES not in there or task.film != film:
        _look(work, asked_id, task, film)
    with work.database.write() as session:
        _drop_unmeant(session, _task(session, asked_id))


def _joined(session: Session, recording_id: UUID) -> str | None:
    """Return the sha256 of the joined copy that is the film now; None for a lesson in one file."""
    copy = derived.newest(session, recording_id, FileKind.PROXY)
    return copy.sha256 if copy and derived.parts_of(session, recording_id) else None


def _look(work: Work, asked_id: UUID, task: Task, film: str | None) -> None:
    detector = detectors.detector_for(work.settings)
    named = {} if film is None else {"film": film}
    told = json.dumps(detector.told() | named, sort_keys=True)
    recipe = faces_recipe(task.span, told)
    what = Made(task.recording_id, FileKind.FACES, recipe, "application/json")
    watch = _watch(work, "faces", task.span)

    def write(made: Path) -> None:
        with Desk(open_store(work.settings), work.check_cancelled) as desk:
            source, measured = _source(work, task, film, desk)
            blurring.find_faces(source, measured, task.span, made, detector, watch=watch)

    _make(work, asked_id, what, write)
    with work.database.write() as session:
        _task(session, asked_id).row.detector = told


def _drop_unmeant(session: Session, task: Task) -> None:
    """Drop removals of faces of an earlier finding: they might uncover another child."""
    row = task.row
    given = json.loads(row.corrections)
    kept = still_meant(given, task.found)
    if len(kept) == len(given):
        return
    row.corrections, row.version = written(kept), row.version + 1
    session.flush()
    audit.record(
        session,
        DROPPED,
        actor_id=None,
        thing_kind="blurring",
        thing_id=row.id,
        recording=row.recording_id,
        version=row.version,
        dropped=len(given) - len(kept),
    )


def draw(work: Work, asked_id: UUID) -> None:
    """Make the clip with what was found and corrected covered.

    Raises:
        ObserveError: the video cannot be read there, or faces were not found in this one.
        CancelledError: as in `find`.
    """
    task, there = _known(work, asked_id)
    if FileKind.BLURRED in there:
        return
    with Desk(open_store(work.settings), work.check_cancelled) as desk:
        source, measured = _source(work, task, task.film, desk)
        meant = still_meant(json.loads(task.row.corrections), task.found)
        regions = faces.regions(_found_in(work, task, measured), meant)
        watch = _watch(work, "draw", task.span)
        what = Made(task.recording_id, FileKind.BLURRED, task.blurred, "video/mp4")

        def write(made: Path) -> None:
            row = task.row
            blurring.draw(source, measured, task.span, regions, row.style, row.sound, made, watch)

        _make(work, asked_id, what, write)


def _found_in(work: Work, task: Task, measured: Probe) -> dict[str, Any]:
    """Return what was found, when that was in a picture of the size measured.

    Raises:
        BadInputError: it is not there, or of another size: it would cover what is beside the faces.
            Such a finding is forgotten, so that blurring again looks anew.
    """
    store = open_store(work.settings)
    found = read_faces(_file(work, task, FileKind.FACES, task.faces, store))
    if (found["width"], found["height"]) == (measured.width, measured.height):
        return found
    with work.database.write() as session:
        kept = found_faces(session, task.row)
        if kept is not None:
            derived.forget(session, store, kept.id)
    raise BadInputError(_GONE)


def read_faces(file: KeptFile) -> dict[str, Any]:
    """Return what `blurring.find_faces` wrote, for `faces.regions`."""
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def picture(work: Work, asked_id: UUID) -> None:
    """Make the picture that the blurred clip shows before it plays, from that clip itself."""
    task, there = _known(work, asked_id)
    if FileKind.BLURRED_POSTER in there:
        return
    store = open_store(work.settings)
    kept = _file(work, task, FileKind.BLURRED, task.blurred, store)
    what = Made(task.recording_id, FileKind.BLURRED_POSTER, task.blurred, "image/jpeg")

    def write(made: Path) -> None:
        with Desk(store, work.check_cancelled) as desk:
            clip = desk.path(kept)
            pictures.draw_poster(clip, probe(clip), 0, made, work.check_cancelled)

    _make(work, asked_id, what, write)


def finish(work: Work, asked_id: UUID) -> None:
    """Let the clip stand for its corrections; doing it again changes nothing."""
    with work.database.write() as session:
        task = _task(session, asked_id)
        row = task.row
        if row.state is not BlurState.ASKED:
            return
        clip = derived.find(session, row.recording_id, FileKind.BLURRED, task.blurred)
        if clip is None:
            raise ConflictError(message("The blurred clip is not there. Blur it again."))
        row.made, row.state = clip.sha256, BlurState.MADE
        audit.record(
            session,
            "blurring.made",
            actor_id=None,
            thing_kind="blurring",
            thing_id=row.id,
            recording=row.recording_id,
            version=row.version,
            sha256=clip.sha256,
        )


def clear(work: Work, asked_id: UUID) -> None:
    """Remove the clips of this moment that the present one took the place of.

    A face may be missed in them. Whoever plays one now gets no more of it.
    """
    store = open_store(work.settings)
    with work.database.write() as session:
        clip = clip_of(session, _task(session, asked_id).row)
        if clip is None:
            return
        for row in _superseded(session, clip):
            derived.forget(session, store, row.id)


def _superseded(session: Session, clip: DerivedFile) -> list[DerivedFile]:
    made = sa.select(DerivedFile).where(
        DerivedFile.recording_id == clip.recording_id,
        DerivedFile.kind.in_([FileKind.BLURRED, FileKind.BLURRED_POSTER]),
        DerivedFile.recipe != clip.recipe,
    )
    span = clip.recipe.split(" ")[1]
    return [row for row in session.scalars(made) if row.recipe.split(" ")[1] == span]


# --- files ----------------------------------------------------------------------------------------


def _source(work: Work, task: Task, joined: str | None, desk: Desk) -> tuple[Path, Probe]:
    """Return the lesson's film: the original, or the copy `joined` of several files.

    Raises:
        ConflictError: it was removed.
    """
    store = open_store(work.settings)
    try:
        if joined is not None:
            film = desk.path(store.kept(joined))
            return film, probe(film)
        with work.database.read() as session:
            kept = derived.source_for_clips(session, store, task.recording_id)
        original = desk.path(kept)
        return original, probe(original, audio_track=task.heard)
    except FileNotFoundError as error:  # not a passing fault: trying again would not bring it back
        raise ConflictError(
            message("The video of this lesson is not here any more, so no clip can be cut.")
        ) from error


def _file(work: Work, task: Task, kind: FileKind, recipe: str, store: Store) -> KeptFile:
    with work.database.read() as session:
        row = derived.find(session, task.recording_id, kind, recipe)
    if row is None:
        raise BadInputError(_GONE)
    return store.kept(row.sha256)


_GONE: Final = message("What an earlier step made is gone. Blur the clip again.")


def _make(work: Work, asked_id: UUID, what: Made, write: Callable[[Path], None]) -> None:
    """Keep what `write` puts at a temporary path, unless nobody asks for it any more by then."""
    if _has(work, what.recording_id, what.kind, what.recipe):
        return
    store = open_store(work.settings)
    made = store.temporary(_SUFFIXES[what.media_type])
    try:
        write(made)
        derived.keep(
            work.database,
            store,
            made,
            what,
            wanted=lambda session: _is_asked(session, asked_id),
            tick=work.check_cancelled,
        )
    finally:
        made.unlink(missing_ok=True)


def _is_asked(session: Session, asked_id: UUID) -> bool:
    """Tell whether the clip is still asked for as it is: neither deleted nor corrected since."""
    rows = sa.select(Blurring.id).where(Blurring.asked_id == asked_id)
    return session.scalar(rows) is not None


_SUFFIXES: Final = {"application/json": ".json", "video/mp4": ".mp4", "image/jpeg": ".jpg"}


def _watch(work: Work, step: str, span: Span) -> Watch:
    def tell(done_ms: int) -> None:
        work.progress(step, min(99, 100 * done_ms // span.length_ms))

    return Watch(on_time=tell, tick=work.check_cancelled)


def clip_of(session: Session, row: Blurring) -> DerivedFile | None:
    """Return the blurred clip that stands for exactly the present corrections."""
    return _file_of(session, row, FileKind.BLURRED, row.made)


def _file_of(
    session: Session, row: Blurring, kind: FileKind, sha256: str | None
) -> DerivedFile | None:
    if sha256 is None:
        return None
    found = sa.select(DerivedFile).where(
        DerivedFile.recording_id == row.recording_id,
        DerivedFile.kind == kind,
        DerivedFile.sha256 == sha256,
    )
    return session.scalars(found.order_by(DerivedFile.id.desc()).limit(1)).first()
