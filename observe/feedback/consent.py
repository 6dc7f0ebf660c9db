"""May pictures of a lesson be shown to somebody else: the one place where that is asked."""

from __future__ import annotations

from observe.video.models import Recording


def allows_pictures(recording: Recording) -> bool:
    """Tell whether the consents on file let a picture of this lesson reach others.

    Today a person states once for a recording that all of them are on file; nothing is known of one
    child. Every picture and clip that is taken away asks here, so that consent by child and scope
    changes this function and no other.
    """
    return recording.has_consent
