"""Preparing a recording in the background: keep the original, make it playable, draw it.

Each step may be killed at any moment and run again; what a finished step made is found again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import BadInputError, NotFoundError, ObserveError
from observe.jobs import Work, before_work, handler
from observe.people import access, audit
from observe.settings import Settings
from observe.text import Message, message
from observe.video import derived, graphs, peaks, pictures, tools
from observe.video.derived import Made
from observe.video.graphs import Watch
from observe.video.models import FileKind, Recording, RecordingState
from observe.video.probe import Probe, probe
from observe.video.store import Store, sha256_of
from observe.video.sweep import sweep

KIND: Final = "video.prepare"
PROXY_RECIPES: Final = {"remux": "remux-1", "encode": "h264-720p-1"}
POSTER_RECIPE: Final = "poster-1"
DRIFT_MS: Final = 100  # a copy in another container that differs by more is encoded anew
CUT_SHORT_MS: Final = 1_000  # a damaged end: the copy is shorter than the file declares

STEPS: Final[dict[str, Message]] = {
    "hash": message("Keeping the original safe"),
    "proxy": message("Making a copy that the browser can play"),
    "poster": message("Choosing a cover picture"),
    "strip": message("Drawing the film strip"),
    "waveform": message("Drawing the sound"),
}

log = structlog.get_logger(__name__)


@before_work
def tidy(settings: Settings, database: Database) -> None:
    """Remove what a killed process left in the store."""
    sweep(database, Store(settings.store_path))


@handler(KIND)
def prepare(work: Work, recording_id: UUID) -> None:
    """Do all that a recording needs; it is codable long before the end where it plays as it is."""
    work.step("hash", keep_original, work, recording_id)
    refusal = work.step("proxy", make_playable, work, recording_id)
    if refusal is not None:
        refuse(work, recording_id, refusal)  # its file stays: it may be the only one
        raise ObserveError(Message(refusal))
    work.step("poster", make_poster, work, recording_id)
    work.step("strip", make_strip, work, recording_id)
    work.step("waveform", make_waveform, work, recording_id)


@dataclass
class _Progress:
    """Tells a step's percent and time left, and notices a cancel, at a bearable rate."""

    work: Work
    step: str
    whole: int
    started: float = field(default_factory=time.monotonic)
    checked: float = 0.0

    def tell(self, done: int) -> None:
        percent = min(99, 100 * done // max(1, self.whole))
        spent = time.monotonic() - self.started
        left = round(spent * (100 - percent) / percent) if percent >= 3 else None
        self.work.progress(self.step, percent, seconds_left=left)
        self.check()

    def check(self) -> None:
        if time.monotonic() - self.checked > 1:
            self.checked = time.monotonic()
            self.work.check_cancelled()

    def watch(self) -> Watch:
        return Watch(on_time=self.tell, tick=self.check)


def _store(work: Work) -> Store:
    return Store(work.settings.store_path)


def _recording(work: Work, recording_id: UUID) -> Recording:
    with work.database.read() as session:
        recording = session.get(Recording, recording_id)
    if recording is None:
        raise access.not_found()
    return recording


# --- the original --------------------------------------------------------------------------------


def keep_original(work: Work, recording_id: UUID) -> str | None:
    """Hash the original and give it its lasting place; return its sha256.

    Raises:
        NotFoundError: the recording or its file was removed meanwhile.
    """
    store, recording = _store(work), _recording(work, recording_id)
    name = recording.incoming
    if name is None:
        return recording.sha256
    # The row knows both names before the file gets the second one, and until it has lost the first:
    # whoever is killed in between finds the file under one of them and finishes this.
    sha256 = recording.sha256 or _hashed(work, store, recording, name)
    try:
        store.adopt(name, sha256)
    except FileNotFoundError as error:
        raise _gone() from error
    store.delete_incoming(name)
    with work.database.write() as session:
        session.get_one(Recording, recording_id).incoming = None
    return sha256


def _hashed(work: Work, store: Store, recording: Recording, name: str) -> str:
    sha256 = _hash(work, store.incoming(name), recording.size_bytes)
    with work.database.write() as session:
        session.get_one(Recording, recording.id).sha256 = sha256
        audit.record(
            session,
            "recording.kept",
            actor_id=None,
            thing_kind="recording",
            thing_id=recording.id,
            sha256=sha256,
        )
    return sha256


def _hash(work: Work, path: Path, size: int) -> str:
    if not path.exists():
        raise _gone()
    return sha256_of(path, _Progress(work, "hash", size).tell)


def _gone() -> NotFoundError:
    return NotFoundError(message("The file of this video is gone. Add the video again."))


# --- the playable copy ---------------------------------------------------------------------------


def make_playable(work: Work, recording_id: UUID) -> str | None:
    """Make a copy that browsers play, where they do not play the original; it is codable then.

    Returns the sentence that refuses the video when its picture cannot be decoded.

    Raises:
        CancelledError: the person asked to stop. ObserveError: a retry may do it, because ffmpeg
            was ended by a signal or a limit, or what it read or made could not be measured.
    """
    recording = _recording(work, recording_id)
    if recording.state is not RecordingState.RECEIVED:
        return recording.refusal
    with work.database.read() as session:
        source = derived.original_path(session, _store(work), recording_id)
        done = derived.newest(session, recording_id, FileKind.PROXY) is not None
    try:
        if not done:
            _make_proxy(work, recording_id, source)
    except _BrokenError:
        return _BROKEN.source
    except tools.ToolError as error:
        log.warning("copy not made", code=error.code, told=error.told[-500:])
        raise ObserveError(_ENDED) from error
    _ready(work, recording_id)
    return None


class _BrokenError(Exception):
    """The decoder complained of the video; nobody ended it."""


def _make_proxy(work: Work, recording_id: UUID, source: Path) -> None:
    store, measured = _store(work), probe(source)
    made = store.temporary(".mp4")
    progress = _Progress(work, "proxy", measured.duration_ms)
    try:
        recipe = _write_proxy(source, measured, made, progress)
        media_type = probe(made).media_type
        what = Made(recording_id, FileKind.PROXY, PROXY_RECIPES[recipe], media_type)
        derived.keep(work.database, store, made, what)
    finally:
        made.unlink(missing_ok=True)


def _write_proxy(source: Path, measured: Probe, made: Path, progress: _Progress) -> str:
    if measured.plan == "remux" and _remuxed(source, measured, made, progress):
        return "remux"
    try:
        graphs.encode(source, measured, made, progress.watch())
    except tools.ToolError as error:
        if error.by_force:
            raise
        raise _BrokenError from error
    return "encode"


def _remuxed(source: Path, measured: Probe, made: Path, progress: _Progress) -> bool:
    """Tell whether the picture could go as it is into another container, on our clock."""
    try:
        graphs.remux(source, measured, made, progress.watch())
        copy = probe(made)
    except (tools.ToolError, BadInputError) as error:
        if isinstance(error, tools.ToolError) and error.by_force:
            raise
        log.info("remux failed", reason=str(error)[-200:])
        return False
    return copy.plan == "play" and abs(copy.duration_ms - measured.duration_ms) <= DRIFT_MS


def _ready(work: Work, recording_id: UUID) -> None:
    """Let it be coded, over the length that the kept copy really has."""
    playable_ms = probe(_playing(work, recording_id)).duration_ms
    with work.database.write() as session:
        row = session.get_one(Recording, recording_id)
        if row.state is RecordingState.RECEIVED:
            row.state = RecordingState.READY
            row.duration_ms = _true_length(row.duration_ms, playable_ms)
            _audit_state(session, row)


def _true_length(declared_ms: int | None, playable_ms: int) -> int:
    """Return the declared length, except where the file declared more than can be read of it."""
    if declared_ms is None or declared_ms - playable_ms > CUT_SHORT_MS:
        return playable_ms
    return declared_ms


_BROKEN: Final = message(
    "This video is damaged: its picture cannot be read. Copy it again from the camera, "
    "or export it as MP4."
)
_ENDED: Final = message(
    "Making the copy for the browser was interrupted or took too long. Try again."
)


def refuse(work: Work, recording_id: UUID, refusal: str) -> None:
    """Say that a recording cannot be used; doing it again changes nothing."""
    with work.database.write() as session:
        row = session.get_one(Recording, recording_id)
        if row.state is not RecordingState.REFUSED:
            row.state, row.refusal = RecordingState.REFUSED, refusal
            _audit_state(session, row)


def _audit_state(session: Session, row: Recording) -> None:
    audit.record(
        session,
        f"recording.{row.state.value}",
        actor_id=None,
        thing_kind="recording",
        thing_id=row.id,
    )


# --- what is drawn -------------------------------------------------------------------------------


def _playing(work: Work, recording_id: UUID) -> Path:
    """Return the file that plays: quick to jump in where it is a copy of ours."""
    store = _store(work)
    with work.database.read() as session:
        proxy = derived.newest(session, recording_id, FileKind.PROXY)
        if proxy is not None:
            return store.blob(proxy.sha256)
        return derived.original_path(session, store, recording_id)


def _make(work: Work, what: Made, write: Callable[[Path], None]) -> None:
    """Keep what `write` puts at a temporary path, unless it was made before."""
    with work.database.read() as session:
        if derived.find(session, what.recording_id, what.kind, what.recipe) is not None:
            return
    store = _store(work)
    made = store.temporary()
    try:
        write(made)
        derived.keep(work.database, store, made, what)
    finally:
        made.unlink(missing_ok=True)


def make_poster(work: Work, recording_id: UUID) -> None:
    """Keep a picture from the first tenth of the lesson, for the library."""
    source = _playing(work, recording_id)
    measured = probe(source)
    what = Made(recording_id, FileKind.POSTER, POSTER_RECIPE, "image/jpeg")
    check = _Progress(work, "poster", 1).check
    at_ms = measured.duration_ms // 10
    _make(work, what, lambda made: pictures.draw_poster(source, measured, at_ms, made, check))


def make_strip(work: Work, recording_id: UUID) -> None:
    """Keep the film strip; its recipe tells the layout."""
    source = _playing(work, recording_id)
    measured = probe(source)
    layout = pictures.plan_strip(measured.duration_ms, measured.width, measured.height)
    what = Made(recording_id, FileKind.STRIP, layout.recipe, "image/jpeg")
    check = _Progress(work, "strip", 1).check
    _make(work, what, lambda made: pictures.draw_strip(source, measured, layout, made, check))


def make_waveform(work: Work, recording_id: UUID) -> None:
    """Keep the peaks of the sound, where there is sound."""
    source = _playing(work, recording_id)
    measured = probe(source)
    if measured.audio_index is None:
        return
    what = Made(recording_id, FileKind.WAVEFORM, peaks.RECIPE, "application/octet-stream")
    progress = _Progress(work, "waveform", measured.duration_ms)
    samples = _store(work).temporary()

    def write(made: Path) -> None:
        try:
            graphs.sound(source, measured, samples, progress.watch())
        except tools.ToolError as error:
            raise BadInputError(message("The sound of this video cannot be read.")) from error
        peaks.write_peaks(samples, made)

    try:
        _make(work, what, write)
    finally:
        samples.unlink(missing_ok=True)
