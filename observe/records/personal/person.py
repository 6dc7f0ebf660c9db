"""All that this home holds about a person with an account, gathered from every room.

Nothing of other people goes along: no name of a child (where a text holds one of the class list, a
dash stands instead), no draft of somebody else, no other educator. What is hers alone (how she saw
her lesson herself, an answer that she did not send) is given to her and to nobody in her name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from observe.db import now
from observe.people import access
from observe.people.models import User
from observe.privacy.personal_export import Personal, Section
from observe.records.personal import account, consents, feedback, films, lessons, on_file
from observe.records.personal.gathering import Gathering
from observe.text import message
from observe.video.store import Store

_SECTIONS: Final[tuple[Callable[[Gathering], Section], ...]] = (
    *(account.account, account.memberships, consents.consents, account.sessions),
    *(lessons.recordings, feedback.feedback, feedback.answers, feedback.followups),
    *(lessons.scores, lessons.notes, lessons.comments, on_file.corrections, on_file.agreements),
    *(on_file.visits, on_file.evaluations, on_file.deletions, lessons.openings),
    *(account.requests, account.reminders, lessons.observed, on_file.ways_in, on_file.views),
)


def gather(
    session: Session,
    store: Store,
    user_id: UUID,
    *,
    locale: str,
    is_own: bool,
    with_videos: bool = False,
) -> Personal:
    """Return all that is held about a person; whoever calls has asked access.

    With `is_own`, also what is hers alone. With her videos, only those that are on file with their
    authorisations, and that no family asked to block.

    Raises:
        NotFoundError: there is no such person.
    """
    user = session.get(User, user_id)
    if user is None:
        raise access.not_found()
    it = Gathering(session, user, locale, is_own)
    sections = [section(it) for section in _SECTIONS]
    if is_own:
        sections.append(feedback.looks(it))
    along, missing = films.films(it, store) if with_videos else ((), ())
    left_out = [*_ALWAYS_OUT, *(() if is_own else (_HERS_ALONE,))]
    if with_videos:
        left_out += missing
    elif it.lessons:
        left_out.append(_NO_VIDEOS)
    return Personal(user.name, now(), tuple(sections), tuple(left_out), along)


_ALWAYS_OUT: Final = (
    message("Names of children: where a text held one of the class list, a dash stands."),
    message("Drafts of other people: what nobody has shared with you or with your school yet."),
    message(
        "What you wrote in rubrics, and the trail of each thing you did: it speaks of others too."
    ),
    message("Your password: only a fingerprint of it is kept, which nobody can read back."),
)
_HERS_ALONE: Final = message(
    "How she saw her own lessons, and answers that she did not send: only her own copy has them."
)
_NO_VIDEOS: Final = message("Videos of your lessons: ask for a copy with them if you want them.")
