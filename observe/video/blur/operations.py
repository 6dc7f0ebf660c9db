"""What can be done with a blurred clip: ask for it, correct it, look at it, sign that it is right.

A clip is shown to others only while a person's signature stands for exactly its present
corrections: whatever changes afterwards takes the signature away. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.db import locked, now
from observe.errors import BadInputError, ConflictError
from observe.ids import new_id
from observe.jobs import Job
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.people.models import AuditEntry
from observe.text import message
from observe.video import derived
from observe.video.blur import faces
from observe.video.blur import making as blur_making
from observe.video.blur.corrections import read_corrections, written
from observe.video.blur.faces import Region
from observe.video.blur.making import KIND, STEPS, clip_of
from observe.video.models import (
    NO_FILM,
    Blurring,
    BlurSound,
    BlurState,
    BlurStyle,
    DerivedFile,
    FileKind,
    Recording,
    RecordingState,
)
from observe.video.operations import recording_for
from observe.video.store import Store
from observe.video.timecode import Span

__all__ = [
    "KIND",
    "STEPS",
    "Zones",
    "ask",
    "blurring_for",
    "blurrings_of",
    "checked_clip",
    "clip_of",
    "correct",
    "ensure",
    "is_lost",
    "job_of",
    "lost_removals",
    "of_spans",
    "poster_of",
    "retry",
    "sign",
    "stop",
    "watched",
    "watched_lately",
    "when_signed",
    "zones_of",
]

LONGEST_MS: Final = 15 * 60_000  # a clip, not the lesson: that one stays where it is


# --- finding ------------------------------------------------------------------------------------


def blurring_for(
    session: Session, blurring_id: UUID, *, actor: Actor, lock: bool = False
) -> Blurring:
    """Return the blurred clip when `actor` may work on it; `lock` keeps it from others.

    Raises:
        NotFoundError, NotAllowedError: she may not.
    """
    row = (locked if lock else Session.get)(session, Blurring, blurring_id)
    if row is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_BLUR, row.recording.as_thing())
    return row


def blurrings_of(session: Session, recording_id: UUID) -> list[Blurring]:
    """Return the blurred clips of a recording, in the order of the lesson."""
    mine = sa.select(Blurring).where(Blurring.recording_id == recording_id)
    return list(session.scalars(mine.order_by(Blurring.start_ms, Blurring.end_ms)))


def of_spans(session: Session, recording_id: UUID, spans: Iterable[Span]) -> dict[Span, Blurring]:
    """Return those that stand for exactly one of `spans`."""
    found = {Span(row.start_ms, row.end_ms): row for row in blurrings_of(session, recording_id)}
    return {span: found[span] for span in spans if span in found}


def checked_clip(session: Session, recording_id: UUID, span: Span) -> DerivedFile | None:
    """Return the clip of exactly `span` that a person signed as it is now, or None."""
    row = of_spans(session, recording_id, [span]).get(span)
    return clip_of(session, row) if row is not None and row.state is BlurState.CHECKED else None


def poster_of(session: Session, clip: DerivedFile) -> DerivedFile | None:
    """Return the picture of a blurred clip."""
    return derived.find(session, clip.recording_id, FileKind.BLURRED_POSTER, clip.recipe)


def job_of(session: Session, row: Blurring) -> Job | None:
    """Return the job that makes this clip as it is asked for; `STEPS` has words for its steps."""
    return jobs.latest(session, KIND, row.asked_id)


@dataclass(frozen=True)
class Zones:
    """What is covered without corrections, in pixels of the upright picture of this size.

    `found` is the sha256 of what was found: removals speak of exactly that.
    """

    found: str
    width: int
    height: int
    regions: tuple[Region, ...]


def zones_of(session: Session, store: Store, row: Blurring) -> Zones | None:
    """Return what was found in the clip, or None while it was not looked for."""
    kept = blur_making.found_faces(session, row)
    if kept is None or not derived.is_whole(store, kept):
        return None
    found = blur_making.read_faces(store.kept(kept.sha256))
    return Zones(kept.sha256, found["width"], found["height"], faces.regions(found, []))


def is_lost(session: Session, store: Store, row: Blurring) -> bool:
    """Tell whether the clip was made and its file, or that of what was found, is gone since."""
    if row.made is None:
        return False
    clip, found = clip_of(session, row), blur_making.found_faces(session, row)
    return not all(each and derived.is_whole(store, each) for each in (clip, found))


def lost_removals(session: Session, row: Blurring) -> bool:
    """Tell whether removals were dropped since the last correction: faces were found anew."""
    mine = sa.select(AuditEntry.action).where(
        AuditEntry.thing_id == row.id,
        AuditEntry.action.in_(["blurring.corrected", blur_making.DROPPED]),
    )
    last = session.scalar(mine.order_by(AuditEntry.number.desc()).limit(1))
    return last == blur_making.DROPPED


# --- asking and correcting ----------------------------------------------------------------------


def ask(
    session: Session,
    recording_id: UUID,
    span: Span,
    *,
    style: BlurStyle | None = None,
    sound: BlurSound | None = None,
    actor: Actor,
) -> Blurring:
    """Return the blurred clip of `span`, asked for now when it was not.

    What is None stays as it is. Another style or sound makes it anew, and unsigned.

    Raises:
        NotFoundError, NotAllowedError: the recording is not hers.
        ConflictError: it cannot be played yet. BadInputError: the span is not inside it.
    """
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_BLUR)
    _check(recording, span)
    # Two windows that ask for the same moment get the same one.
    locked(session, Recording, recording_id)
    row = of_spans(session, recording_id, [span]).get(span)
    if row is None:
        row = _begin(session, recording_id, span, style, sound, actor.user_id)
        _told(session, "blurring.asked", row, actor)
        return row
    style, sound = style or row.style, sound or row.sound
    if (style, sound) != (row.style, row.sound):
        row.style, row.sound = style, sound
        _anew(session, row, "blurring.asked", actor)
    elif row.state is BlurState.ASKED:
        jobs.enqueue(session, KIND, row.asked_id)
    return row


def _check(recording: Recording, span: Span) -> None:
    if recording.is_live:
        raise ConflictError(NO_FILM)
    if recording.state is not RecordingState.READY or recording.duration_ms is None:
        raise ConflictError(message("This video cannot be played yet; it is still being prepared."))
    if span.end_ms > recording.duration_ms:
        raise BadInputError(message("This moment lies outside the video."))
    if span.length_ms > LONGEST_MS:
        raise BadInputError(
            message("Choose at most %(minutes)s minutes.", minutes=LONGEST_MS // 60_000)
        )


def _begin(
    session: Session,
    recording_id: UUID,
    span: Span,
    style: BlurStyle | None,
    sound: BlurSound | None,
    by_id: UUID,
) -> Blurring:
    row = Blurring(
        id=new_id(),
        recording_id=recording_id,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        asked_id=new_id(),
        style=style or BlurStyle.MOSAIC,
        sound=sound or BlurSound.KEEP,
        created_by_id=by_id,
    )
    session.add(row)
    session.flush()
    jobs.enqueue(session, KIND, row.asked_id)
    return row


def ensure(session: Session, recording_id: UUID, span: Span) -> Blurring:
    """Return the blurred clip of a moment that is to leave, begun now when it was not.

    For the program's own work: the act that lets the moment leave was allowed before. It is begun
    in the name of the recording's observer, who looks at it and signs.
    """
    recording = locked(session, Recording, recording_id)
    if recording is None:
        raise access.not_found()
    _check(recording, span)
    row = of_spans(session, recording_id, [span]).get(span)
    if row is None:
        row = _begin(session, recording_id, span, None, None, recording.observer_id)
        _put_on_file(session, "blurring.asked", row, None)
    return row


def correct(
    session: Session, blurring_id: UUID, given: object, *, version: int, actor: Actor
) -> Blurring:
    """Put `given` in the place of all corrections; the clip is made anew, and unsigned again.

    The same corrections again change nothing.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: it has changed since `version`, so nothing was overwritten.
        BadInputError: what was given are no corrections (see `video.corrections`).
    """
    row = blurring_for(session, blurring_id, actor=actor, lock=True)
    corrections = written(read_corrections(given, Span(row.start_ms, row.end_ms)))
    if corrections == row.corrections:  # sent twice, because the first answer was lost
        if row.state is BlurState.ASKED:
            jobs.enqueue(session, KIND, row.asked_id)
        return row
    _require_version(row, version)
    row.corrections = corrections
    _anew(session, row, "blurring.corrected", actor)
    return row


def _anew(session: Session, row: Blurring, action: str, actor: Actor) -> None:
    """Ask for the clip as it is wanted now; what was made and signed before counts no more."""
    # The signature first: under one that stands the database lets nothing change.
    row.state, row.made = BlurState.ASKED, None
    row.checked_by_id = row.checked_at = None
    _stop_job(session, row)
    row.asked_id, row.version = new_id(), row.version + 1
    session.flush()
    session.expire(row, ["checked_by"])
    jobs.enqueue(session, KIND, row.asked_id)
    _told(session, action, row, actor)


def _stop_job(session: Session, row: Blurring) -> None:
    job = job_of(session, row)
    if job is not None and not job.ended:
        jobs.cancel(session, job.id)


def retry(session: Session, store: Store, blurring_id: UUID, *, actor: Actor) -> None:
    """Make again what failed, was stopped or was lost; raises as `blurring_for` does.

    A lost clip is made anew, and unsigned: it is another file.
    """
    row = blurring_for(session, blurring_id, actor=actor, lock=True)
    if is_lost(session, store, row):
        _anew(session, row, "blurring.asked", actor)
    elif row.state is BlurState.ASKED:
        jobs.enqueue(session, KIND, row.asked_id)
        _told(session, "blurring.asked", row, actor)


def stop(session: Session, blurring_id: UUID, *, actor: Actor) -> None:
    """Stop the making; it can be asked for again. Raises as `blurring_for` does."""
    row = blurring_for(session, blurring_id, actor=actor, lock=True)
    if row.state is BlurState.ASKED:
        _stop_job(session, row)
        _told(session, "blurring.stopped", row, actor)


Signed = Callable[[Session, Blurring], None]
_when_signed: list[Signed] = []


def when_signed(function: Signed) -> Signed:
    """Mark a function to be called with each clip as it is signed, in the same transaction."""
    _when_signed.append(function)
    return function


# --- looking and signing ------------------------------------------------------------------------


def sign(session: Session, blurring_id: UUID, *, version: int, actor: Actor) -> Blurring:
    """Keep that `actor` looked at the clip and that no child can be recognised in it.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        ConflictError: there is no clip to sign yet, or not the one she looked at, or she did not
            open it.
    """
    row = blurring_for(session, blurring_id, actor=actor, lock=True)
    _require_version(row, version)
    if row.state is BlurState.ASKED:
        raise ConflictError(
            message("The clip is still being blurred. Look at it first, then sign.")
        )
    if row.state is BlurState.MADE:
        _require_watched(session, row, actor)
        row.state = BlurState.CHECKED
        row.checked_by_id, row.checked_at = actor.user_id, now()
        session.flush()
        _told(session, "blurring.checked", row, actor, sha256=row.made)
        for function in _when_signed:
            function(session, row)
    return row


def _require_watched(session: Session, row: Blurring, actor: Actor) -> None:
    """Refuse unless she opened the very file that is to be signed."""
    if session.scalars(_openings(row, actor).limit(1)).first() is None:
        raise ConflictError(message("Look at the clip first, then sign."))


def _openings(row: Blurring, actor: Actor) -> sa.Select[AuditEntry]:
    """Select the entries that say that `actor` opened the very file that is there now."""
    return sa.select(AuditEntry).where(
        AuditEntry.thing_id == row.id,
        AuditEntry.actor_id == actor.user_id,
        AuditEntry.action == "blurring.watched",
        AuditEntry.details.contains(row.made or "", autoescape=True),
    )


def _require_version(row: Blurring, version: int) -> None:
    if version != row.version:
        raise ConflictError(
            message(
                "This clip was changed in another window. Nothing was overwritten: reload the page "
                "to see it. What you drew here is kept."
            )
        )


def watched(
    session: Session, row: Blurring, *, actor: Actor, feedback_id: UUID | None = None
) -> None:
    """Put on file that `actor` opened the blurred clip, perhaps as a part of a feedback."""
    _told(session, "blurring.watched", row, actor, feedback=feedback_id, sha256=row.made)


def watched_lately(session: Session, row: Blurring, *, actor: Actor) -> bool:
    """Tell whether it is on file that `actor` opened this very file in the last hour."""
    mine = _openings(row, actor).where(AuditEntry.at > now() - audit.LATELY)
    return session.scalars(mine.limit(1)).first() is not None


def _told(session: Session, action: str, row: Blurring, actor: Actor, **details: object) -> None:
    _put_on_file(session, action, row, actor.user_id, **details)


def _put_on_file(
    session: Session, action: str, row: Blurring, actor_id: UUID | None, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor_id,
        thing_kind="blurring",
        thing_id=row.id,
        recording=row.recording_id,
        state=row.state,
        version=row.version,
        **details,
    )
