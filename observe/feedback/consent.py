"""May pictures of a lesson be shown to somebody else: the one place where that is asked."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.privacy.scopes import TO_SHOW
from observe.video import gate
from observe.video.models import Recording


def allows_pictures(session: Session, recording: Recording) -> bool:
    """Tell whether all who are seen allow that a picture of this lesson reaches others.

    Every picture and clip that is shown or taken away asks here, each time: what is taken back is
    gone for everybody at once. A deleted video leaves its clips, which are asked for in the same
    way.
    """
    return gate.verdict_of(session, recording, TO_SHOW).is_open
