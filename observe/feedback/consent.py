"""May pictures of a lesson be shown to somebody else: the one place where that is asked."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.feedback.models import Feedback
from observe.people.access import Action, Actor, can
from observe.privacy.scopes import TO_SHOW, TO_SHOW_OTHERS
from observe.video import gate
from observe.video.models import Recording


def allows_pictures(session: Session, recording: Recording) -> bool:
    """Tell whether all who are seen allow that a picture of this lesson reaches others.

    Every picture and clip that is shown or taken away asks here, each time: what is taken back is
    gone for everybody at once. A deleted video leaves its clips, which are asked for in the same
    way.
    """
    return gate.verdict_of(session, recording, TO_SHOW).is_open


def allows_others(session: Session, recording: Recording) -> bool:
    """Tell whether pictures may reach the school's team and peers, too: families say so apart."""
    return gate.verdict_of(session, recording, TO_SHOW_OTHERS).is_open


def allows_to(session: Session, feedback: Feedback, *, actor: Actor) -> bool:
    """Tell whether `actor` may be shown pictures of a feedback that the policy lets her see.

    For its educator and who made it they are feedback; for everybody else the team's training.
    """
    recording = feedback.observation.recording
    if can(actor, Action.FEEDBACK_WATCH, feedback.as_thing()):
        return allows_pictures(session, recording)
    return allows_others(session, recording)
