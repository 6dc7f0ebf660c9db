"""Files made from a recording: kept once, found again by recording, kind and recipe.

And where the files that people gave are, the recording's own and those of its further parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from observe.db import Database, locked, now
from observe.errors import ConflictError
from observe.ids import new_id
from observe.jobs import CancelledError
from observe.privacy.models import ConsentPaper
from observe.privacy.scopes import TO_SHOW
from observe.text import message
from observe.video import gate
from observe.video.kept import KeptFile
from observe.video.models import ERASED, DerivedFile, FileKind, Recording, RecordingPart
from observe.video.sealed import Tick
from observe.video.store import Blob, Store

Given = Recording | RecordingPart  # a row that stands for one file that a person gave
Wanted = Callable[[Session], bool]
# What is made to be shown to others; a blurred clip is looked at by its observer first.
TO_BE_SHOWN: Final = frozenset({FileKind.CLIP, FileKind.CLIP_POSTER, FileKind.CLIP_CAPTIONS})
HEARD: Final = frozenset({FileKind.PROXY, FileKind.WAVEFORM, FileKind.VOICES})
_REORDERING: Final = ("h264", "hevc")
_TRACK: Final = re.compile(r" a(\d+)", re.ASCII)


@dataclass(frozen=True)
class Film:
    """The whole lesson in one file, to make clips from.

    `stream` is the one to be heard in it, by rule when None. `heard` is the sound track of what was
    given that is heard then: recipes name it.
    """

    file: KeptFile
    stream: int | None
    heard: int | None


@dataclass(frozen=True)
class Made:
    """What a finished temporary file is."""

    recording_id: UUID
    kind: FileKind
    recipe: str
    media_type: str


def find(session: Session, recording_id: UUID, kind: FileKind, recipe: str) -> DerivedFile | None:
    """Return the file of this recording, kind and recipe, when it was made."""
    return session.scalars(
        sa.select(DerivedFile).where(
            DerivedFile.recording_id == recording_id,
            DerivedFile.kind == kind,
            DerivedFile.recipe == recipe,
        )
    ).one_or_none()


def newest(session: Session, recording_id: UUID, kind: FileKind) -> DerivedFile | None:
    """Return the file of this kind that was made last, for the sound track now chosen.

    Until a copy with that sound is made, one with another sound still plays.
    """
    made = session.scalars(
        sa.select(DerivedFile)
        .where(DerivedFile.recording_id == recording_id, DerivedFile.kind == kind)
        .order_by(DerivedFile.id.desc())
    ).all()
    if kind not in HEARD:
        return made[0] if made else None
    recording = session.get_one(Recording, recording_id)
    for row in made:
        if track_of(row.recipe) == recording.audio_track:
            return row
    plays_without = kind is not FileKind.PROXY or recording.playable
    return made[0] if made and not plays_without else None


def newest_by_recipe(
    session: Session, recording_id: UUID, kind: FileKind, begins: str
) -> DerivedFile | None:
    """Return the file made last by a recipe that begins so."""
    return session.scalars(
        sa.select(DerivedFile)
        .where(
            DerivedFile.recording_id == recording_id,
            DerivedFile.kind == kind,
            DerivedFile.recipe.startswith(begins, autoescape=True),
        )
        .order_by(DerivedFile.id.desc())
        .limit(1)
    ).first()


def with_track(recipe: str, audio_track: int | None) -> str:
    """Return the recipe of a file in which this sound track is heard; None is the usual one.

    >>> with_track("remux-1", 2)
    'remux-1 a2'
    """
    return recipe if audio_track is None else f"{recipe} a{audio_track}"


def track_of(recipe: str) -> int | None:
    """Return the sound track that a recipe names.

    >>> track_of("remux-1 a2"), track_of("remux-1")
    (2, None)
    """
    found = _TRACK.search(recipe)
    return int(found[1]) if found else None


def is_whole(store: Store, row: DerivedFile) -> bool:
    """Tell whether the file is there in full length; its content is not read."""
    return store.kept(row.sha256).size() == row.size_bytes


def keep(
    database: Database,
    store: Store,
    made: Path,
    what: Made,
    *,
    wanted: Wanted | None = None,
    tick: Tick | None = None,
) -> UUID:
    """Keep a finished temporary file and its row, once; return the row's id.

    Of two files made by one recipe the first stays, unless it is lost: then its row, which others
    may name, gets the second. Making takes long: in the transaction that keeps it, it is asked
    again whether it may be here, and `wanted` whether what asked for it still stands. `tick` is
    called while it is sealed, and may end that.

    Raises:
        ConflictError: the video was deleted or a consent taken back meanwhile; nothing is kept.
        CancelledError: it is not wanted any more, or the lesson is blocked.

    Killed anywhere in here, the file is either known to the database or swept at the next start.
    """
    blob = store.put(made, tick)
    with database.write() as session:
        try:
            _require_kept(session, what, wanted)
        except (ConflictError, CancelledError):
            forget_blob(session, store, blob.sha256)
            store.settle(blob.sha256)
            raise
        session.execute(_insert(session, blob, what))
        row = find(session, what.recording_id, what.kind, what.recipe)
        if row is None:
            raise RuntimeError("a row just inserted is not there")
        if row.sha256 != blob.sha256:
            _keep_one(session, store, row, blob)
    store.settle(blob.sha256)
    return row.id


def _require_kept(session: Session, what: Made, wanted: Wanted | None) -> None:
    recording = locked(session, Recording, what.recording_id)
    if recording is None:
        return  # the row is refused by the database
    if recording.is_erased:
        raise ConflictError(ERASED)
    if recording.blocked or (wanted is not None and not wanted(session)):
        raise CancelledError
    if what.kind in TO_BE_SHOWN and not gate.verdict_of(session, recording, TO_SHOW).is_open:
        raise ConflictError(
            message("A consent was taken back meanwhile: nothing of this video is made any more.")
        )


def _keep_one(session: Session, store: Store, row: DerivedFile, blob: Blob) -> None:
    spare = blob.sha256
    if not is_whole(store, row):
        spare, row.sha256, row.size_bytes = row.sha256, blob.sha256, blob.size_bytes
        session.flush()
    forget_blob(session, store, spare)


def _insert(session: Session, blob: Blob, what: Made) -> sa.Insert:
    at_hub = session.get_bind().dialect.name == "postgresql"
    dialect = postgresql if at_hub else sqlite
    insert: sa.Insert = (
        dialect.insert(DerivedFile)
        .on_conflict_do_nothing()
        .values(
            id=new_id(),
            recording_id=what.recording_id,
            kind=what.kind,
            recipe=what.recipe,
            sha256=blob.sha256,
            media_type=what.media_type,
            size_bytes=blob.size_bytes,
            created_at=now(),
        )
    )
    return insert


def forget(session: Session, store: Store, row_id: UUID) -> None:
    """Remove a row whose file is not there, and what is left of the file; it is made again."""
    row = session.get(DerivedFile, row_id)
    if row is not None:
        session.delete(row)
        session.flush()
        forget_blob(session, store, row.sha256)


def forget_blob(session: Session, store: Store, sha256: str) -> None:
    """Remove a blob from the store when no row names it any more."""
    if not is_known(session, sha256):
        store.delete_blob(sha256)


def is_known(session: Session, sha256: str) -> bool:
    """Tell whether any row names this blob."""
    named = sa.select(Recording.sha256).where(Recording.sha256 == sha256)
    part = sa.select(RecordingPart.sha256).where(RecordingPart.sha256 == sha256)
    made = sa.select(DerivedFile.sha256).where(DerivedFile.sha256 == sha256)
    paper = sa.select(ConsentPaper.sha256).where(ConsentPaper.sha256 == sha256)
    return session.execute(named.union_all(part, made, paper).limit(1)).first() is not None


# --- what people gave ----------------------------------------------------------------------------


def parts_of(session: Session, recording_id: UUID) -> Sequence[RecordingPart]:
    """Return the further files of a lesson, in order; none for a lesson in one file."""
    return session.scalars(
        sa.select(RecordingPart)
        .where(RecordingPart.recording_id == recording_id)
        .order_by(RecordingPart.position)
    ).all()


def whole_lesson(session: Session, store: Store, recording_id: UUID) -> KeptFile:
    """Return the file that holds the whole lesson as cameras wrote it, or nearly so.

    The original of a lesson in one file; the joined copy of one in several.

    Raises:
        FileNotFoundError: the original was removed, or the files are not joined yet.
    """
    if parts_of(session, recording_id):
        return _copy(session, store, recording_id)
    return original(session, store, recording_id)


def source_for_clips(session: Session, store: Store, recording_id: UUID) -> KeptFile:
    """Return the file that holds the whole lesson on its timeline, in the best quality there is.

    Raises:
        FileNotFoundError: the original was removed, or the copy is not made yet.
    """
    if _cut_from_copy(session, store, recording_id):
        return _copy(session, store, recording_id)
    return original(session, store, recording_id)


def _copy(session: Session, store: Store, recording_id: UUID) -> KeptFile:
    made = newest(session, recording_id, FileKind.PROXY)
    if made is None:
        raise FileNotFoundError("the copy of this lesson is not made yet")
    return store.kept(made.sha256)


def _cut_from_copy(session: Session, store: Store, recording_id: UUID) -> bool:
    """Tell whether only a copy has the lesson's timeline.

    That of several files is joined. An AVI does not tell when a frame is shown, only the order in
    which it is decoded: where a codec may write them in another order, each reader guesses.
    """
    if parts_of(session, recording_id):
        return True
    recording = session.get_one(Recording, recording_id)
    kept = file_of(store, recording)
    if kept is None or recording.video_codec not in _REORDERING or not kept.exists():
        return False
    with kept.open() as file:
        head = file.read(12)
    return (head[:4], head[8:]) == (b"RIFF", b"AVI ")


def film_of(session: Session, store: Store, recording_id: UUID) -> Film:
    """Return the file from which clips are made, and what is heard in it, as of one moment.

    Raises:
        FileNotFoundError: as `source_for_clips`.
    """
    file = source_for_clips(session, store, recording_id)
    heard = heard_in_clips(session, recording_id)
    return Film(file, None if _cut_from_copy(session, store, recording_id) else heard, heard)


def heard_in_clips(session: Session, recording_id: UUID) -> int | None:
    """Return the sound track that clips have when they are made now; None is the usual one.

    Of several files only the joined copy is cut: until there is one with the track chosen last, it
    has the sound it was made with.
    """
    if parts_of(session, recording_id):
        joined = newest(session, recording_id, FileKind.PROXY)
        if joined is not None:
            return track_of(joined.recipe)
    return session.get_one(Recording, recording_id).audio_track


def original(session: Session, store: Store, recording_id: UUID) -> KeptFile:
    """Return the original of this recording.

    Raises:
        FileNotFoundError: it was removed.
    """
    recording = session.get_one(Recording, recording_id)
    file = file_of(store, recording)
    if file is None:
        raise FileNotFoundError("the original of this recording was removed")
    return file


def file_of(store: Store, given: Given) -> KeptFile | None:
    """Return a given file, wherever it is or should be, or None when it was removed.

    It is hashed before it moves: until its lasting place is taken, the incoming name holds.
    """
    kept = store.kept(given.sha256) if given.sha256 is not None else None
    if given.incoming is not None and (kept is None or not kept.exists()):
        return store.arriving(given.incoming)
    return kept
