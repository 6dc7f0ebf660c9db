"""The films of an educator's own lessons, for herself to watch.

Raw video is for who observes it and for her who teaches in it, and for nobody else. It is shown to
her as long as it is here, and as all who are seen allow that pictures of it reach her.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.feedback.consent import allows_pictures
from observe.people import access
from observe.people.access import Action, Actor
from observe.video.models import Recording, RecordingState
from observe.video.operations import recording_for


def films_of(session: Session, *, actor: Actor) -> list[Recording]:
    """Return the lessons whose film `actor` may watch as their educator, the last lesson first."""
    mine = (
        sa.select(Recording)
        .where(Recording.educator_id == actor.user_id, Recording.state == RecordingState.READY)
        .order_by(Recording.recorded_on.desc(), Recording.id.desc())
    )
    return [each for each in session.scalars(mine) if _shown(session, each, actor)]


def film_for(session: Session, recording_id: UUID, *, actor: Actor) -> Recording:
    """Return a lesson whose film `actor` may watch as its educator.

    Raises:
        NotFoundError: there is none of hers, or it may not be shown (any more).
    """
    recording = recording_for(session, recording_id, actor=actor, action=Action.RECORDING_WATCH_OWN)
    if not _shown(session, recording, actor):
        raise access.not_found()
    return recording


def _shown(session: Session, recording: Recording, actor: Actor) -> bool:
    return (
        access.can(actor, Action.RECORDING_WATCH_OWN, recording.as_thing())
        and recording.has_consent
        and not recording.is_erased
        and allows_pictures(session, recording)
    )
