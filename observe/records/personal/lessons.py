"""Of a person's copy: her lessons, what was observed in them, and who opened it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from observe.coding.models import Observation
from observe.coding.operations import latest_document
from observe.feedback import seen
from observe.privacy.personal_export import Section
from observe.profile import profile_of
from observe.records.models import Comment
from observe.records.personal.gathering import LESSON, Gathering, Row, of_lesson
from observe.rubric.operations import rubric_of
from observe.text import message
from observe.video.models import Recording


def recordings(it: Gathering) -> Section:
    """Return her lessons."""

    def row(each: Recording) -> Row:
        return of_lesson(each) | {
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


def scores(it: Gathering) -> Section:
    """Return the means of what was submitted about them."""
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


def _means(it: Gathering, observation: Observation) -> Iterator[Row]:
    rubric = rubric_of(observation.rubric_version)
    profile = profile_of(latest_document(it.session, observation), rubric)
    for result in profile.dimensions:
        yield of_lesson(observation.recording) | {
            "observer": observation.observer.name,
            "rubric": rubric.title.in_language(it.locale),
            "submitted_at": observation.submitted_at,
            "dimension": rubric.dimension(result.dimension).title.in_language(it.locale),
            "mean": result.mean,
            "cycles": result.n,
        }


def notes(it: Gathering) -> Section:
    """Return the notes in what was submitted."""
    rows = [
        of_lesson(each.recording)
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


def comments(it: Gathering) -> Section:
    """Return what others commented."""
    ids = {each.id: each for each in it.records()}
    rows = it.session.scalars(
        sa.select(Comment).where(Comment.observation_id.in_(ids)).order_by(Comment.at)
    )
    return Section(
        "comments",
        message("Comments on these records"),
        LESSON | {"who": message("Who"), "at": message("When"), "text": message("Comment")},
        tuple(
            of_lesson(ids[each.observation_id].recording)
            | {
                "who": each.user.name,
                "at": each.at,
                "text": it.clean(each.text, ids[each.observation_id].recording),
            }
            for each in rows
        ),
    )


def openings(it: Gathering) -> Section:
    """Return who opened or took away what is hers."""
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


def observed(it: Gathering) -> Section:
    """Return the lessons that she observed herself, without what she saw in them."""
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
