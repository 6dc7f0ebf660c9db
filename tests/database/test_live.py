"""A lesson observed in the room: its clock, its end, and the video that is attached later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.cli.video import STATES
from observe.coding import attaching
from observe.coding.attaching import attach, films_for
from observe.coding.changes import Change
from observe.coding.ending import end_lesson
from observe.coding.history import entries
from observe.coding.models import Observation, ObservationState, Operation
from observe.coding.operations import document_of, log_of, start, steps_of, submit
from observe.db import Database, now
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.ids import new_id
from observe.people.models import AuditEntry
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.video import captions, check, leaving
from observe.video import operations as video
from observe.video.blur import operations as blur_operations
from observe.video.models import LONGEST_LIVE_MS, Recording, RecordingState
from observe.video.operations import LessonDetails, begin_live
from observe.video.store import Store
from observe.video.sweep import sweep
from observe.video.timecode import Span
from tests import factories
from tests.database.coding import change, cycle, send
from tests.factories import Cast

MINUTE = 60_000


def details(cast: Cast, **more: object) -> LessonDetails:
    return LessonDetails(**(factories.lesson(cast, consent=False) | more))  # type: ignore[arg-type]


def live(session: Session, cast: Cast, rubric: RubricVersion, *, minutes: float = 0) -> Observation:
    """Begin to observe in the room, `minutes` ago."""
    recording = begin_live(session, details(cast), actor=cast.observer)
    recording.live_started_at = now() - timedelta(minutes=minutes)
    session.flush()
    return start(session, recording.id, rubric.id, actor=cast.observer)


def note(at_ms: int, text: str = "Preguntó por qué", note_id: UUID | None = None) -> Change:
    return change("note.put", note=note_id or new_id(), at_ms=at_ms, text=text)


def actions(session: Session, thing_id: UUID) -> list[str]:
    rows = sa.select(AuditEntry.action).where(AuditEntry.thing_id == thing_id)
    return list(session.scalars(rows.order_by(AuditEntry.number)))


# --- the clock -----------------------------------------------------------------------------------


def test_a_lesson_in_the_room_has_a_clock_and_no_file(session: Session, cast: Cast) -> None:
    recording = begin_live(session, details(cast), actor=cast.observer)
    assert recording.state is RecordingState.LIVE
    assert recording.live_runs
    assert not recording.is_locked  # nobody is filmed
    assert (recording.incoming, recording.sha256, recording.duration_ms) == (None, None, None)
    assert actions(session, recording.id) == ["recording.live"]
    assert video.preparation_of(session, recording) is None


def test_its_details_are_checked_as_those_of_a_video(session: Session, cast: Cast) -> None:
    for wrong in (
        {"educator_id": cast.outsider_educator.user_id},
        {"recorded_on": factories.TODAY + timedelta(days=3650)},
        {"subject": "x" * 101},
    ):
        with pytest.raises(BadInputError):
            begin_live(session, details(cast, **wrong), actor=cast.observer)
    for outsider in (*cast.outsiders, cast.educator, cast.utp_head):
        with pytest.raises((NotFoundError, NotAllowedError)):
            begin_live(session, details(cast), actor=outsider)
    assert session.scalars(sa.select(Recording)).all() == []


def test_the_clock_stops_once(session: Session, cast: Cast, rubric_version: RubricVersion) -> None:
    draft = live(session, cast, rubric_version, minutes=45)
    recording = end_lesson(session, draft.id, actor=cast.observer)
    assert recording.duration_ms == pytest.approx(45 * MINUTE, abs=5_000)
    assert recording.state is RecordingState.LIVE  # there is no film
    assert not recording.live_runs
    assert actions(session, recording.id) == ["recording.live", "recording.live_ended"]
    with pytest.raises(ConflictError):
        end_lesson(session, draft.id, actor=cast.observer)
    filmed = start(
        session, factories.recording(session, cast).id, rubric_version.id, actor=cast.observer
    )
    with pytest.raises(ConflictError):
        end_lesson(session, filmed.id, actor=cast.observer)


def test_a_forgotten_clock_is_set_right_but_not_before_what_was_marked(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = live(session, cast, rubric_version, minutes=600)
    assert draft.recording.length_ms() == LONGEST_LIVE_MS
    send(session, cast, draft, note(50 * MINUTE), cycle(30 * MINUTE, 50 * MINUTE))
    recording = end_lesson(session, draft.id, actor=cast.observer, length_ms=45 * MINUTE)
    assert recording.duration_ms == 50 * MINUTE + 1_000


def test_nobody_else_stops_it(session: Session, cast: Cast, rubric_version: RubricVersion) -> None:
    draft = live(session, cast, rubric_version, minutes=1)
    for outsider in (*cast.outsiders, cast.educator, cast.utp_head, cast.administrator):
        with pytest.raises(NotFoundError):
            end_lesson(session, draft.id, actor=outsider)
        with pytest.raises(NotFoundError):
            video.end_live(session, draft.recording_id, actor=outsider)
    assert draft.recording.live_runs


# --- coding while it runs ------------------------------------------------------------------------


def test_a_cycle_under_way_ends_by_the_protocol_or_with_the_lesson(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = live(session, cast, rubric_version, minutes=10)
    under_way = new_id()
    sent = send(session, cast, draft, cycle(9 * MINUTE, 29 * MINUTE, under_way))
    assert sent.refused == ()
    (first,) = document_of(session, draft).cycles
    assert (first.start_ms, first.end_ms) == (9 * MINUTE, 29 * MINUTE)
    end_lesson(session, draft.id, actor=cast.observer)
    document = document_of(session, draft)
    assert document.cycles[0].end_ms == document.duration_ms
    # doing it again from the log, or moving it, stays inside the lesson
    again = send(session, cast, draft, cycle(9 * MINUTE, 29 * MINUTE, under_way))
    assert again.refused == ()
    assert document_of(session, draft).cycles[0].end_ms == document.duration_ms


def test_what_the_end_cuts_is_a_change_that_other_windows_and_the_history_hear_of(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = live(session, cast, rubric_version, minutes=10)
    other = start(
        session,
        draft.recording_id,
        version_for(session, "interacciones-aula-basica").id,
        actor=cast.observer,
    )
    one, two = new_id(), new_id()
    send(session, cast, other, cycle(0, 5 * MINUTE))
    stretch = change(
        "stretch.put", stretch=new_id(), start_ms=MINUTE, end_ms=10 * MINUTE, reason="recreo"
    )
    clip = change("clip.put", clip=new_id(), start_ms=2 * MINUTE, end_ms=10 * MINUTE)
    send(session, cast, draft, cycle(0, MINUTE, one), cycle(2 * MINUTE, 22 * MINUTE, two))
    send(session, cast, draft, stretch, clip)
    known, steps = draft.version, steps_of(session, draft, draft.version)
    end_lesson(session, draft.id, actor=cast.observer, length_ms=8 * MINUTE)
    assert (draft.version, other.version) == (known + 1, 1)  # in the other nothing was cut
    assert steps_of(session, draft, draft.version) == steps  # nobody takes the end back
    told = entries(log_of(session, draft), rubric_of(rubric_version))[0]
    assert told.who == cast.observer.name
    assert [str(line.sentence) for line in told.lines] == [
        "Cycle 2: 00:02:00–00:22:00 → 00:02:00–00:08:00",
        "Not codable: 00:01:00–00:10:00 (recreo) → 00:01:00–00:08:00 (recreo)",
        "Clip: 00:02:00–00:10:00, for a later choice → 00:02:00–00:08:00, for a later choice",
    ]
    late = send(session, cast, draft, cycle(2 * MINUTE, 20 * MINUTE, two), base=known)
    assert (len(late.acknowledged), late.elsewhere) == (1, 1)  # kept, and it reads the rest anew
    assert [each.end_ms for each in document_of(session, draft).cycles] == [MINUTE, 8 * MINUTE]


def test_nothing_begins_before_its_time(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = live(session, cast, rubric_version, minutes=1)
    early = send(session, cast, draft, cycle(2 * MINUTE, 4 * MINUTE), note(2 * MINUTE))
    assert len(early.refused) == 2
    ahead = send(session, cast, draft, note(MINUTE + 2_000))  # another machine's clock
    assert ahead.refused == ()
    end_lesson(session, draft.id, actor=cast.observer)
    after = send(session, cast, draft, cycle(2 * MINUTE, 4 * MINUTE), note(2 * MINUTE))
    assert len(after.refused) == 2


def test_it_is_submitted_once_the_clock_stands(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = live(session, cast, rubric_version, minutes=20)
    rubric = rubric_of(rubric_version)
    scores = [
        {"dimension": row.id, "value": rubric.scale_of(row.of).min, "mark": None}
        for row in rubric.rows()
    ]
    send(session, cast, draft, cycle(0, 20 * MINUTE, scores=scores))
    with pytest.raises(ConflictError):
        submit(session, draft.id, actor=cast.observer)
    end_lesson(session, draft.id, actor=cast.observer)
    submit(session, draft.id, actor=cast.observer)
    assert draft.state is ObservationState.SUBMITTED
    document = document_of(session, draft)
    assert document.live
    assert document.recording_sha256 is None


# --- no file anywhere ----------------------------------------------------------------------------


def test_what_needs_a_film_says_that_there_is_none(
    session: Session, cast: Cast, store: Store
) -> None:
    recording = begin_live(session, details(cast), actor=cast.observer)
    by = cast.observer
    verbs: list[Callable[[], object]] = [
        lambda: video.playable_file(session, store, recording),
        lambda: video.retry_preparation(session, recording.id, actor=by),
        lambda: video.cancel_preparation(session, recording.id, actor=by),
        lambda: video.choose_audio(session, recording.id, 1, actor=by),
        lambda: blur_operations.ask(session, recording.id, Span(0, 15_000), actor=by),
        lambda: leaving.may_leave(session, recording.id, actor=by),
        lambda: captions.give(session, store, recording.id, (), actor=by),
    ]
    for verb in verbs:
        with pytest.raises(ConflictError):
            verb()


def test_doctor_and_sweep_miss_nothing(database: Database, cast: Cast, store: Store) -> None:
    with database.write() as session:
        recording = begin_live(session, details(cast), actor=cast.observer)
    sweep(database, store)
    with database.read() as session:
        assert check.problems(session, store) == []
        assert session.get_one(Recording, recording.id).live_runs
    with pytest.raises(ConflictError):
        video.sound_tracks(database, store, recording.id, actor=cast.observer)


def test_the_command_line_has_a_word_for_it() -> None:
    assert set(STATES) == set(RecordingState)


# --- a video later -------------------------------------------------------------------------------


def observed(session: Session, cast: Cast, rubric: RubricVersion) -> Observation:
    """Observe half an hour in the room: two cycles, a stretch, a note and a clip."""
    draft = live(session, cast, rubric, minutes=30)
    sent = send(
        session,
        cast,
        draft,
        cycle(MINUTE, 11 * MINUTE),
        cycle(15 * MINUTE, 28 * MINUTE),
        change(
            "stretch.put",
            stretch=new_id(),
            start_ms=12 * MINUTE,
            end_ms=14 * MINUTE,
            reason="recreo",
        ),
        note(5 * MINUTE),
        change("clip.put", clip=new_id(), start_ms=20 * MINUTE, end_ms=21 * MINUTE),
    )
    assert sent.refused == ()
    end_lesson(session, draft.id, actor=cast.observer)
    return draft


def test_all_moments_move_onto_the_video(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = observed(session, cast, rubric_version)
    lesson_id, version = draft.recording_id, draft.version
    film = factories.recording(session, cast, duration_ms=27 * MINUTE)
    assert films_for(session, draft.id, actor=cast.observer) == [film]
    attach(session, draft.id, film.id, -2 * MINUTE, actor=cast.observer)
    document = document_of(session, draft)
    assert (document.recording, document.live) == (film.id, False)
    assert [(each.start_ms, each.end_ms) for each in document.cycles] == [
        (0, 9 * MINUTE),  # cut at the start of the video
        (13 * MINUTE, 26 * MINUTE),
    ]
    assert [each.start_ms for each in document.stretches] == [10 * MINUTE]
    assert [each.at_ms for each in document.notes] == [3 * MINUTE]
    assert [(each.start_ms, each.end_ms) for each in document.clips] == [(18 * MINUTE, 19 * MINUTE)]
    assert draft.version == version + 1
    assert actions(session, draft.id)[-1] == "observation.attached"
    marker = session.scalars(sa.select(Operation).where(Operation.kind == attaching.KIND)).one()
    assert marker.payload == {
        "recording": str(film.id),
        "live": str(lesson_id),
        "offset_ms": -2 * MINUTE,
    }
    with pytest.raises(ConflictError):
        attach(session, draft.id, film.id, 0, actor=cast.observer)


def test_undo_ends_at_the_video_and_a_window_of_before_is_told(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = observed(session, cast, rubric_version)
    before = draft.version
    film = factories.recording(session, cast)
    attach(session, draft.id, film.id, 0, actor=cast.observer)
    steps = steps_of(session, draft, draft.version)
    assert (steps.done, steps.undone) == ((), ())
    (first, _second) = document_of(session, draft).cycles
    row = rubric_of(rubric_version).dimensions[0].id
    late = send(
        session,
        cast,
        draft,
        note(6 * MINUTE),
        cycle(MINUTE, 10 * MINUTE, first.id),
        change("score.put", cycle=first.id, dimension=row, value=1),  # has no time: it stands
        base=before,
    )
    assert (len(late.conflicts), len(late.acknowledged)) == (2, 1)
    now_known = send(session, cast, draft, note(6 * MINUTE))
    assert len(now_known.acknowledged) == 1


def test_what_would_lie_outside_is_told_and_nothing_changes(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = observed(session, cast, rubric_version)
    before = document_of(session, draft)
    film = factories.recording(session, cast, duration_ms=10 * MINUTE)
    with pytest.raises(InvalidError) as refused:
        attach(session, draft.id, film.id, 0, actor=cast.observer)
    told = [str(each) for each in refused.value.problems]
    assert len(told) == 3, told  # second cycle, stretch, clip
    with pytest.raises(InvalidError):
        attach(session, draft.id, film.id, -40 * MINUTE, actor=cast.observer)
    assert document_of(session, draft) == before


def test_a_video_that_is_not_the_lessons_is_refused(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = observed(session, cast, rubric_version)
    by = {"actor": cast.observer}
    no_consent = factories.recording(session, cast, consent=False)
    not_ready = factories.recording(session, cast)
    not_ready.state, not_ready.duration_ms = RecordingState.RECEIVED, None
    other_educator = factories.recording(session, cast)
    other_educator.educator_id = cast.second_educator.user_id
    colleagues = factories.recording(session, cast)
    colleagues.observer_id = cast.outsider_observer.user_id
    session.flush()
    for film, error in (
        (no_consent.id, ConflictError),
        (not_ready.id, ConflictError),
        (draft.recording_id, ConflictError),
        (other_educator.id, BadInputError),
        (colleagues.id, NotFoundError),
        (new_id(), NotFoundError),
    ):
        with pytest.raises(error):
            attach(session, draft.id, film, 0, **by)
    assert {film.id for film in films_for(session, draft.id, **by)} == {no_consent.id, not_ready.id}


def test_the_clock_must_stand_and_the_draft_must_be_hers(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    film = factories.recording(session, cast)
    running = live(session, cast, rubric_version, minutes=3)
    with pytest.raises(ConflictError):
        attach(session, running.id, film.id, 0, actor=cast.observer)
    end_lesson(session, running.id, actor=cast.observer)
    for outsider in (*cast.outsiders, cast.educator, cast.utp_head):
        with pytest.raises(NotFoundError):
            attach(session, running.id, film.id, 0, actor=outsider)
        with pytest.raises(NotFoundError):
            films_for(session, running.id, actor=outsider)


def test_an_untouched_draft_of_the_video_gives_way_and_one_with_work_does_not(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    draft = observed(session, cast, rubric_version)
    film = factories.recording(session, cast)
    other = start(session, film.id, rubric_version.id, actor=cast.observer)
    send(session, cast, other, note(MINUTE))
    with pytest.raises(ConflictError):
        attach(session, draft.id, film.id, 0, actor=cast.observer)
    second = factories.recording(session, cast)
    empty = start(session, second.id, rubric_version.id, actor=cast.observer).id
    attach(session, draft.id, second.id, 0, actor=cast.observer)
    assert session.get(Observation, empty) is None
    assert start(session, second.id, rubric_version.id, actor=cast.observer).id == draft.id


def test_killed_in_the_middle_nothing_has_moved(
    database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    with database.write() as session:
        draft_id = observed(session, cast, rubric_version).id
        film_id = factories.recording(session, cast).id
    with database.read() as session:
        before = document_of(session, session.get_one(Observation, draft_id))
    with pytest.raises(RuntimeError), database.write() as session:
        attach(session, draft_id, film_id, 3 * MINUTE, actor=cast.observer)
        raise RuntimeError("the power went")
    with database.read() as session:
        draft = session.get_one(Observation, draft_id)
        assert document_of(session, draft) == before
        assert draft.recording.is_live


def test_the_whole_way_on_both_databases(both: Database) -> None:
    with both.write() as session:
        cast = factories.cast(session)
        draft_id = observed(session, cast, version_for(session, "aprendizaje-profundo")).id
        film_id = factories.recording(session, cast).id
    with both.write() as session:
        attach(session, draft_id, film_id, MINUTE, actor=cast.observer)
    with both.read() as session:
        document = document_of(session, session.get_one(Observation, draft_id))
    assert [each.at_ms for each in document.notes] == [6 * MINUTE]
    assert [each.start_ms for each in document.cycles] == [2 * MINUTE, 16 * MINUTE]
