"""All that this home holds about a person, gathered from every room, and the zip of it.

Nothing of other people goes along: no name of a child (where a text holds one of the class list, a
dash stands instead), no draft of somebody else, no other educator. What is hers alone (how she saw
her lesson herself, an answer that she did not send) is given to her and to nobody in her name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.models import Observation, ObservationState
from observe.coding.operations import latest_document
from observe.db import now
from observe.feedback import seen, story
from observe.feedback.models import (
    Answer,
    Feedback,
    FeedbackState,
    FocusKind,
    FollowUp,
    Reminder,
    SelfAssessment,
)
from observe.feedback.publishing import STATES
from observe.feedback.report import FOCUS_TITLES
from observe.jobs import Work, handler
from observe.people import access
from observe.people.access import Actor
from observe.people.class_lists import SHORTEST_WORD
from observe.people.directory import ROLE_NAMES
from observe.people.models import Child, Membership, SignInSession, User
from observe.privacy import personal_export, reach, requests
from observe.privacy.personal_export import Ask, Cell, Film, Personal, Section
from observe.privacy.request_models import RightsRequest
from observe.profile import profile_of
from observe.records.models import Comment
from observe.rubric.operations import rubric_of
from observe.text import WORD, Message, message, plain
from observe.video import derived
from observe.video.models import Recording
from observe.video.store import Store

Row = Mapping[str, Cell]
LESSON: Final = {
    "lesson_on": message("Day of the lesson"),
    "class_group": message("Class group"),
    "subject": message("Subject"),
}


# --- the words of others --------------------------------------------------------------------------


def without_names(text: str, names: frozenset[str]) -> str:
    """Return the text with a dash for each word that begins with a capital and is among `names`.

    >>> without_names("Sofía ayuda a Tomás", frozenset({"sofia"}))
    '— ayuda a Tomás'
    """

    def put(found: re.Match[str]) -> str:
        word = found.group()
        return "—" if word[0].isupper() and plain(word) in names else word

    return WORD.sub(put, text)


def _names_in(session: Session, class_group_id: UUID) -> frozenset[str]:
    rows = session.scalars(sa.select(Child.name).where(Child.class_group_id == class_group_id))
    words = (word for name in rows for word in WORD.findall(name))
    return frozenset(plain(word) for word in words if len(word) >= SHORTEST_WORD)


@dataclass
class _Gathering:
    """One person's data being gathered, in one language."""

    session: Session
    user: User
    locale: str
    is_own: bool

    def __post_init__(self) -> None:
        self.lessons = list(
            self.session.scalars(
                sa.select(Recording)
                .where(Recording.educator_id == self.user.id)
                .order_by(Recording.recorded_on, Recording.id)
            )
        )
        groups = {lesson.class_group_id for lesson in self.lessons}
        self._names = {group: _names_in(self.session, group) for group in groups}

    def say(self, told: Message) -> str:
        """Return words in the language of the export."""
        return told.in_language(self.locale)

    def clean(self, text: str | None, lesson: Recording) -> str:
        """Return a text without the names of the lesson's class."""
        return without_names(text or "", self._names.get(lesson.class_group_id, frozenset()))

    def records(self) -> Iterator[Observation]:
        """Yield what was submitted about her lessons: a draft is its observer's."""
        ids = [lesson.id for lesson in self.lessons]
        rows = sa.select(Observation).where(
            Observation.recording_id.in_(ids), Observation.state == ObservationState.SUBMITTED
        )
        yield from self.session.scalars(rows.order_by(Observation.submitted_at, Observation.id))

    def feedbacks(self) -> Iterator[Feedback]:
        """Yield what was published for her, also what was withdrawn."""
        ids = [lesson.id for lesson in self.lessons]
        rows = (
            sa.select(Feedback)
            .join(Feedback.observation)
            .where(
                Observation.recording_id.in_(ids),
                Feedback.state.in_([FeedbackState.PUBLISHED, FeedbackState.WITHDRAWN]),
            )
        )
        yield from self.session.scalars(rows.order_by(Feedback.published_at, Feedback.id))


def _of_lesson(lesson: Recording) -> dict[str, Cell]:
    return {
        "lesson_on": lesson.recorded_on,
        "class_group": lesson.class_group.name,
        "subject": lesson.subject,
    }


# --- the sections ---------------------------------------------------------------------------------


def _account(it: _Gathering) -> Section:
    user = it.user
    return Section(
        "account",
        message("Your account"),
        {
            "name": message("Name"),
            "email": message("E-mail"),
            "reference": message("Id at your provider"),
            "created_at": message("On file since"),
            "active": message("May sign in"),
        },
        (
            {
                "name": user.name,
                "email": user.email,
                "reference": user.reference,
                "created_at": user.created_at,
                "active": user.active,
            },
        ),
    )


def _memberships(it: _Gathering) -> Section:
    def row(each: Membership) -> Row:
        return {
            "role": it.say(ROLE_NAMES[each.role]),
            "school": each.school.name if each.school else None,
            "starts_on": each.starts_on,
            "ends_on": each.ends_on,
        }

    return Section(
        "memberships",
        message("Your roles"),
        {
            "role": message("Role"),
            "school": message("School"),
            "starts_on": message("From"),
            "ends_on": message("Until"),
        },
        tuple(row(each) for each in it.user.memberships),
    )


def _sessions(it: _Gathering) -> Section:
    rows = it.session.scalars(
        sa.select(SignInSession)
        .where(SignInSession.user_id == it.user.id)
        .order_by(SignInSession.created_at)
    )
    return Section(
        "sessions",
        message("When you signed in"),
        {"created_at": message("Signed in"), "ended_at": message("Signed out")},
        tuple({"created_at": each.created_at, "ended_at": each.ended_at} for each in rows),
    )


def _recordings(it: _Gathering) -> Section:
    def row(each: Recording) -> Row:
        return _of_lesson(each) | {
            "school": each.class_group.school.name,
            "observer": each.observer.name,
            "minutes": round((each.duration_ms or 0) / 60_000),
            "file": each.original_name,
            "consent_at": each.consent_at,
            "added_at": each.created_at,
        }

    return Section(
        "recordings",
        message("Lessons of yours that were observed"),
        LESSON
        | {
            "school": message("School"),
            "observer": message("Observer"),
            "minutes": message("Minutes"),
            "file": message("Name of the file"),
            "consent_at": message("Authorisations stated on"),
            "added_at": message("Added on"),
        },
        tuple(row(each) for each in it.lessons),
    )


def _scores(it: _Gathering) -> Section:
    return Section(
        "records",
        message("What was observed in them"),
        LESSON
        | {
            "observer": message("Observer"),
            "rubric": message("Rubric"),
            "submitted_at": message("Submitted"),
            "dimension": message("Dimension"),
            "mean": message("Mean"),
            "cycles": message("Cycles with a number"),
        },
        tuple(row for each in it.records() for row in _means(it, each)),
        message("One video is a mirror, not a measurement."),
    )


def _means(it: _Gathering, observation: Observation) -> Iterator[Row]:
    rubric = rubric_of(observation.rubric_version)
    profile = profile_of(latest_document(it.session, observation), rubric)
    for result in profile.dimensions:
        yield _of_lesson(observation.recording) | {
            "observer": observation.observer.name,
            "rubric": rubric.title.in_language(it.locale),
            "submitted_at": observation.submitted_at,
            "dimension": rubric.dimension(result.dimension).title.in_language(it.locale),
            "mean": result.mean,
            "cycles": result.n,
        }


def _notes(it: _Gathering) -> Section:
    rows = [
        _of_lesson(each.recording)
        | {"at_s": note.at_ms // 1000, "text": it.clean(note.text, each.recording)}
        for each in it.records()
        for note in latest_document(it.session, each).notes
    ]
    return Section(
        "notes",
        message("Notes about what was seen"),
        LESSON | {"at_s": message("Second of the video"), "text": message("Note")},
        tuple(rows),
    )


def _comments(it: _Gathering) -> Section:
    ids = {each.id: each for each in it.records()}
    rows = it.session.scalars(
        sa.select(Comment).where(Comment.observation_id.in_(ids)).order_by(Comment.at)
    )
    return Section(
        "comments",
        message("Comments on these records"),
        LESSON | {"who": message("Who"), "at": message("When"), "text": message("Comment")},
        tuple(
            _of_lesson(ids[each.observation_id].recording)
            | {
                "who": each.user.name,
                "at": each.at,
                "text": it.clean(each.text, ids[each.observation_id].recording),
            }
            for each in rows
        ),
    )


def _feedback(it: _Gathering) -> Section:
    return Section(
        "feedback",
        message("Feedback that you were given"),
        LESSON
        | {
            "observer": message("Observer"),
            "state": message("State"),
            "published_at": message("Published on"),
            "withdrawn_at": message("Withdrawn on"),
            "kind": message("What for"),
            "dimension": message("Dimension"),
            "moment_s": message("Second of the video"),
            "note": message("Note"),
            "phrase": message("To you"),
            "questions": message("To think about"),
            "next_step": message("Next step"),
            "due_on": message("Until"),
        },
        tuple(row for each in it.feedbacks() for row in _focuses(it, each)),
    )


def _focuses(it: _Gathering, feedback: Feedback) -> Iterator[Row]:
    lesson, rubric = feedback.observation.recording, rubric_of(feedback.observation.rubric_version)
    for kind in FocusKind:
        focus = feedback.focus(kind)
        if focus is None or focus.dimension is None:
            continue
        yield _of_lesson(lesson) | {
            "observer": feedback.observation.observer.name,
            "state": it.say(STATES[feedback.state]),
            "published_at": feedback.published_at,
            "withdrawn_at": feedback.withdrawn_at,
            "kind": it.say(FOCUS_TITLES[kind]),
            "dimension": rubric.dimension(focus.dimension).title.in_language(it.locale),
            "moment_s": None if focus.start_ms is None else focus.start_ms // 1000,
            "note": it.clean(focus.note, lesson),
            "phrase": it.clean(focus.phrase, lesson),
            "questions": it.clean(focus.questions, lesson),
            "next_step": it.clean(focus.next_step, lesson),
            "due_on": focus.due_on,
        }


def _answers(it: _Gathering) -> Section:
    rows = it.session.execute(
        sa.select(Answer, Recording)
        .join(Feedback, Feedback.id == Answer.feedback_id)
        .join(Feedback.observation)
        .join(Observation.recording)
        .where(Answer.user_id == it.user.id)
        .where(sa.true() if it.is_own else Answer.sent_at.is_not(None))
        .order_by(Answer.changed_at)
    )
    return Section(
        "answers",
        message("What you answered"),
        LESSON
        | {
            "sent_at": message("Sent on"),
            "text": message("Answer"),
            "own_step": message("My own step"),
            "talk_on": message("A day to talk"),
            "already_tried": message("Already tried"),
        },
        tuple(
            _of_lesson(lesson)
            | {
                "sent_at": each.sent_at,
                "text": each.text,
                "own_step": each.own_step,
                "talk_on": each.talk_on,
                "already_tried": each.already_tried,
            }
            for each, lesson in rows
        ),
        message("Without a day on which it was sent, it is a draft that only you see."),
    )


def _looks(it: _Gathering) -> Section:
    rows = it.session.execute(
        sa.select(SelfAssessment, Feedback)
        .join(Feedback, Feedback.id == SelfAssessment.feedback_id)
        .where(SelfAssessment.user_id == it.user.id)
        .order_by(SelfAssessment.changed_at)
    )
    return Section(
        "own_look",
        message("How you saw your lessons yourself"),
        LESSON | {"dimension": message("Dimension"), "value": message("Number")},
        tuple(row for look, feedback in rows for row in _looked(it, look, feedback)),
        message("Only you see this, and only your own copy has it."),
    )


def _looked(it: _Gathering, look: SelfAssessment, feedback: Feedback) -> Iterator[Row]:
    rubric = rubric_of(feedback.observation.rubric_version)
    for dimension, value in look.scores.items():
        title = rubric.dimension(dimension).title.in_language(it.locale)
        yield _of_lesson(feedback.observation.recording) | {"dimension": title, "value": value}


def _followups(it: _Gathering) -> Section:
    given = {focus.id for each in it.feedbacks() for focus in each.focuses}
    rows = it.session.execute(
        sa.select(FollowUp, Recording)
        .join(Observation, Observation.id == FollowUp.observation_id)
        .join(Observation.recording)
        .where(FollowUp.focus_id.in_(given), Observation.state == ObservationState.SUBMITTED)
        .order_by(FollowUp.at)
    )
    return Section(
        "followups",
        message("What became of your next steps"),
        LESSON | {"outcome": message("What became of it?"), "note": message("Note")},
        tuple(
            _of_lesson(lesson)
            | {
                "outcome": it.say(story.OUTCOMES[each.outcome]),
                "note": it.clean(each.note, lesson),
            }
            for each, lesson in rows
        ),
    )


def _reminders(it: _Gathering) -> Section:
    rows = it.session.scalars(
        sa.select(Reminder).where(Reminder.user_id == it.user.id).order_by(Reminder.sent_at)
    )
    return Section(
        "reminders",
        message("E-mails that you were sent"),
        {"sent_at": message("Sent on"), "due_on": message("Until")},
        tuple({"sent_at": each.sent_at, "due_on": each.due_on} for each in rows),
    )


def _openings(it: _Gathering) -> Section:
    return Section(
        "openings",
        message("Who opened or took away what is yours"),
        {
            "lesson_on": message("Day of the lesson"),
            "lesson": message("Lesson"),
            "what": message("What"),
            "who": message("Who"),
            "at": message("The last time"),
            "times": message("How often"),
            "taken": message("Taken away"),
        },
        tuple(
            {
                "lesson_on": chapter.lesson_on,
                "lesson": chapter.lesson,
                "what": it.say(seen.WORDS[each.what]),
                "who": each.name,
                "at": each.at,
                "times": each.times,
                "taken": each.taken,
            }
            for chapter in seen.seen_of_person(it.session, it.user.id)
            for each in chapter.seen
        ),
    )


def _requests(it: _Gathering) -> Section:
    rows = it.session.scalars(
        sa.select(RightsRequest)
        .where(RightsRequest.user_id == it.user.id)
        .order_by(RightsRequest.received_on)
    )
    return Section(
        "requests",
        message("What you asked about your data"),
        {
            "received_on": message("Received on"),
            "kind": message("What is asked"),
            "state": message("State"),
            "words": message("In these words"),
            "answered_on": message("Answered on"),
            "answer": message("Answer"),
        },
        tuple(
            {
                "received_on": each.received_on,
                "kind": it.say(requests.KINDS[each.kind]),
                "state": it.say(requests.STATES[each.state]),
                "words": each.words,
                "answered_on": each.answered_on,
                "answer": each.answer,
            }
            for each in rows
        ),
    )


def _observed(it: _Gathering) -> Section:
    rows = it.session.scalars(
        sa.select(Observation)
        .where(Observation.observer_id == it.user.id)
        .order_by(Observation.created_at)
    )
    return Section(
        "observed",
        message("Lessons that you observed yourself"),
        {"lesson_on": message("Day of the lesson"), "rubric": message("Rubric")},
        tuple(
            {
                "lesson_on": each.recording.recorded_on,
                "rubric": rubric_of(each.rubric_version).title.in_language(it.locale),
            }
            for each in rows
        ),
        message("Only when and with what: the rest speaks of other people."),
    )


_SECTIONS: Final[tuple[Callable[[_Gathering], Section], ...]] = (
    *(_account, _memberships, _sessions, _recordings, _feedback, _answers),
    *(_followups, _scores, _notes, _comments, _openings, _requests, _reminders, _observed),
)


# --- gathering ------------------------------------------------------------------------------------


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
    it = _Gathering(session, user, locale, is_own)
    sections = [section(it) for section in _SECTIONS]
    if is_own:
        sections.append(_looks(it))
    films, missing = _films(it, store) if with_videos else ((), ())
    left_out = [*_ALWAYS_OUT, *(() if is_own else (_HERS_ALONE,))]
    if with_videos:
        left_out += missing
    elif it.lessons:
        left_out.append(_NO_VIDEOS)
    return Personal(user.name, now(), tuple(sections), tuple(left_out), films)


_ALWAYS_OUT: Final = (
    message("Names of children: where a text held one of the class list, a dash stands."),
    message("Drafts of other people: what nobody has shared with you or with your school yet."),
    message("Your password: only a fingerprint of it is kept, which nobody can read back."),
)
_HERS_ALONE: Final = message(
    "How she saw her own lessons, and answers that she did not send: only her own copy has them."
)
_NO_VIDEOS: Final = message("Videos of your lessons: ask for a copy with them if you want them.")


def _films(it: _Gathering, store: Store) -> tuple[tuple[Film, ...], tuple[Message, ...]]:
    found: list[tuple[str, Path]] = []
    missing = []
    for lesson in it.lessons:
        if lesson.is_live:
            continue
        why = _why_not(it.session, lesson)
        path = None if why else _path(it.session, store, lesson)
        if path is None:
            told = why or message("its file is not here any more")
            day = lesson.recorded_on.isoformat()
            missing.append(message("The video of %(day)s: %(why)s.", day=day, why=told))
        else:
            ending = Path(lesson.original_name).suffix.lower() or ".mp4"
            found.append((f"videos/{lesson.recorded_on.isoformat()}{ending}", path))
    names = personal_export.file_names(name for name, _path in found)
    films = (Film(name, path) for name, (_name, path) in zip(names, found, strict=True))
    return tuple(films), tuple(missing)


def _why_not(session: Session, lesson: Recording) -> Message | None:
    if not lesson.has_consent:
        return message("its authorisations are not on file")
    if reach.is_blocked(session, None, lesson.class_group_id):
        return message("a family asked that it is not used for now")
    return None


def _path(session: Session, store: Store, lesson: Recording) -> Path | None:
    try:
        path = derived.whole_lesson(session, store, lesson.id)
    except FileNotFoundError:
        return None
    return path if path.is_file() else None


# --- the zip --------------------------------------------------------------------------------------


@handler(personal_export.KIND)
def make(work: Work, export_id: UUID) -> None:
    """Make the zip of what was asked for."""
    work.step("zip", make_zip, work, export_id)


def make_zip(work: Work, export_id: UUID) -> None:
    """Put the zip where it waits a day to be taken away; doing it again makes it anew."""
    store = Store(work.settings.store_path)
    store.clear_outgoing(now() - personal_export.KEPT_WITHIN)
    with work.database.read() as session:
        asked = personal_export.find(session, export_id)
        if asked is None:
            raise access.not_found()
        personal = gather(
            session,
            store,
            asked.user_id,
            locale=asked.locale,
            is_own=asked.is_own,
            with_videos=asked.with_videos,
        )
    made = store.temporary(".zip")
    try:
        personal_export.write_zip(made, personal, locale=asked.locale)
        store.put_aside(made, store.outgoing(export_id, "zip"))
    finally:
        made.unlink(missing_ok=True)


def is_ready(store: Store, export_id: UUID) -> bool:
    """Tell whether the zip waits to be taken away."""
    return store.outgoing(export_id, "zip").is_file()


def take(session: Session, store: Store, asked: Ask, *, actor: Actor) -> Path | None:
    """Return the zip and put on file that `actor` takes it; None: it is not kept any more."""
    if not is_ready(store, asked.id):
        return None
    personal_export.taken(session, asked, actor=actor)
    return store.outgoing(asked.id, "zip")
