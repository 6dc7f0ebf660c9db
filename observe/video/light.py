"""A smaller copy of a clip, for a slow line or a phone whose data are counted.

Made from the clip itself and from nothing else: what was cut away or covered there is in no pixel
of the copy, which carries no metadata either. It is kept as a file of the clip's own kind, so that
whatever removes such clips removes it too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe import jobs
from observe.errors import ConflictError
from observe.jobs import CancelledError, Work, handler
from observe.text import message
from observe.video import clips, derived
from observe.video.derived import Made
from observe.video.desk import Desk
from observe.video.media.graphs import Quality, Watch
from observe.video.media.probe import probe
from observe.video.models import DerivedFile
from observe.video.store import open_store
from observe.video.timecode import Span

KIND: Final = "video.light"
RECIPE: Final = "light-1"
MOST_ATTEMPTS: Final = 3
_ROUNDED_MS: Final = 2
QUALITY: Final = Quality(
    long_side=640, short_side=360, crf=27, picture_bits=260_000, sound_bits=32_000, channels=1
)


def recipe_of(clip: DerivedFile) -> str:
    """Return the recipe of the copy: it names the clip's moment and its very bytes."""
    span = clip.recipe.partition(" ")[2].partition(" ")[0]
    return f"{RECIPE} {span} of-{clip.sha256[:16]}"


def light_of(session: Session, clip: DerivedFile) -> DerivedFile | None:
    """Return the small copy of a clip, when it was made."""
    return derived.find(session, clip.recording_id, clip.kind, recipe_of(clip))


def ask(session: Session, clip: DerivedFile) -> None:
    """Ask for the small copy of a clip where there is none, in the caller's transaction.

    One that could not be made is tried a few times more, not each time that a page is opened.
    """
    if light_of(session, clip) is not None:
        return
    last = jobs.latest(session, KIND, clip.id)
    if last is None or (last.ended and last.attempt < MOST_ATTEMPTS):
        jobs.enqueue(session, KIND, clip.id, again=True)


@handler(KIND)
def lighten(work: Work, clip_id: UUID) -> None:
    """Make the small copy of a clip."""
    work.step("light", make_light, work, clip_id)


def copy(clip: Path, target: Path, watch: Watch | None = None) -> None:
    """Write the small copy of `clip` to `target`: all its frames and its whole sound.

    Raises:
        BadInputError: it cannot be read.
    """
    # A last frame may begin in the thousandth of a second that a length in whole ones leaves out.
    whole = Span(0, probe(clip).duration_ms + _ROUNDED_MS)
    clips.cut_clip(clip, whole, target, quality=QUALITY, watch=watch)


def make_light(work: Work, clip_id: UUID) -> UUID:
    """Return the id of the small copy of a clip, made when there is none yet or it is lost.

    For use inside a job's step: doing it again changes nothing.

    Raises:
        CancelledError: the clip is not kept any more.
        ConflictError: its file is gone. BadInputError: it cannot be read.
    """
    store = open_store(work.settings)
    with work.database.read() as session:
        clip = session.get(DerivedFile, clip_id)
        known = light_of(session, clip) if clip is not None else None
    if clip is None:
        raise CancelledError
    if known is not None and derived.is_whole(store, known):
        return known.id
    if not derived.is_whole(store, clip):  # not a passing fault: no use in trying again
        raise ConflictError(
            message("The video of this lesson is not here any more, so no clip can be cut.")
        )
    made = store.temporary(".mp4")
    try:
        with Desk(store, work.check_cancelled) as desk:
            copy(desk.path(store.kept(clip.sha256)), made, Watch(tick=work.check_cancelled))
        what = Made(clip.recording_id, clip.kind, recipe_of(clip), clip.media_type)
        return derived.keep(
            work.database,
            store,
            made,
            what,
            wanted=lambda session: session.get(DerivedFile, clip_id) is not None,
            tick=work.check_cancelled,
        )
    finally:
        made.unlink(missing_ok=True)
