"""Consents by child, locks, what a revocation reaches, and that what is deleted is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import daily, jobs
from observe.coding.models import Observation, Revision
from observe.coding.operations import start
from observe.db import Database, now, today
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.feedback import clip_files, forgetting, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.jobs import CancelledError, JobState, Work
from observe.people import class_lists, workbooks
from observe.people.models import Child
from observe.privacy import certificates, consent, consent_import, papers, requests, rules
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import REVOKE, How
from observe.privacy.gate import Lock, Place
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate, Consent, ConsentPaper
from observe.privacy.request_models import About, RequestState
from observe.privacy.request_models import Channel as ByLetter
from observe.privacy.retention import Rule
from observe.privacy.scopes import FORM_VERSION, TO_SHOW, Channel, Scope
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.vault import open_vault
from observe.video import check, erasing, gate
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.operations import confirm_consent
from observe.video.store import Store
from observe.video.sweep import sweep
from tests.factories import Cast, recording
from tests.feedback_cases import drafted, filmed, published, submitted
from tests.kept import found_in

ALL = frozenset(Scope)
HOW = How(Channel.PAPER, FORM_VERSION, date(2026, 3, 10))


@pytest.fixture
def children(database: Database, cast: Cast) -> list[UUID]:
    """A class list of three: the ids by list number."""
    with database.write() as session:
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Ana\n2 Luis\n3", actor=cast.observer
        )
        rows = session.scalars(sa.select(Child).order_by(Child.list_number))
        return [row.id for row in rows]


def _answer(session: Session, cast: Cast, answers: dict[UUID, frozenset[Scope]]) -> None:
    consent.register_class(session, cast.class_group.id, answers, HOW, actor=cast.observer)
    consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)


# --- the gate -----------------------------------------------------------------------------------


def test_a_film_opens_when_it_was_said_who_is_seen_and_locks_when_it_is_taken_back(
    session: Session, cast: Cast, children: list[UUID], rubric_version: RubricVersion
) -> None:
    film = recording(session, cast, consent=False)
    first, second, third = children
    _answer(session, cast, {first: ALL, second: frozenset()})
    assert gate.verdict_of(session, film).numbers == (2, 3)
    confirm_consent(session, film.id, actor=cast.observer)  # one word for all is not enough here
    with pytest.raises(ConflictError, match="how many children"):
        start(session, film.id, rubric_version.id, actor=cast.observer)

    with pytest.raises(BadInputError, match="each child"):
        gate.count_children(session, film.id, 1, {second: Place.ABSENT}, actor=cast.observer)
    places = {second: Place.ABSENT, third: Place.SEEN}
    seen = gate.count_children(session, film.id, 2, places, actor=cast.observer)
    assert (seen.lock, seen.numbers, film.is_locked) == (Lock.CHILD, (3,), True)
    _answer(session, cast, {third: ALL})
    assert not film.is_locked
    assert start(session, film.id, rubric_version.id, actor=cast.observer).recording_id == film.id

    subject = consent.child_for(session, third, actor=cast.utp_head)
    consent.revoke(
        session, subject, [Scope.CODE], on=today(), channel=Channel.MAIL, actor=cast.utp_head
    )
    assert film.lock == Lock.CHILD
    with pytest.raises(ConflictError, match="child without consent"):
        start(session, film.id, rubric_version.id, actor=cast.observer)


def test_of_a_child_who_may_be_observed_but_not_shown_it_may_be_said_that_she_was_away(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    only_code = frozenset({Scope.RECORD, Scope.CODE})
    _answer(session, cast, dict.fromkeys(children, ALL) | {children[1]: only_code})
    assert not film.is_locked
    assert gate.verdict_of(session, film, TO_SHOW).numbers == (2,)
    asked = gate.asked_of(session, film)
    assert [(child.id, place) for child, place in asked.not_shown] == [(children[1], None)]
    assert asked.without == ()

    gate.count_children(session, film.id, 2, {}, actor=cast.observer)  # to code, it says nothing
    assert not gate.verdict_of(session, film, TO_SHOW).is_open
    away = {children[1]: Place.ABSENT, children[0]: Place.SEEN}
    gate.count_children(session, film.id, 2, away, actor=cast.observer)
    assert gate.verdict_of(session, film, TO_SHOW).is_open
    assert gate.asked_of(session, film).not_shown[0][1] is Place.ABSENT
    assert film.consent_at is not None
    last = gate.last_count(session, film.id)
    assert last is not None
    assert last.places.keys() == {str(children[1])}


def test_a_new_child_on_the_list_is_asked_about(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    _answer(session, cast, dict.fromkeys(children, ALL))
    assert film.has_consent
    class_lists.write_class_list(
        session, cast.class_group.id, "1 Ana\n2 Luis\n3\n4", actor=cast.observer
    )
    assert gate.verdict_of(session, film).numbers == (4,)
    assert film.is_locked


def test_a_child_with_answers_stays_on_its_list(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    _answer(session, cast, {children[0]: ALL})
    with pytest.raises(InvalidError) as refused:
        class_lists.write_class_list(session, cast.class_group.id, "3", actor=cast.observer)
    assert "List number 1" in str(refused.value.problems[0])


def test_a_list_counted_anew_gives_no_child_the_answers_of_another(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    def write(text: str) -> None:
        class_lists.write_class_list(session, cast.class_group.id, text, actor=cast.observer)

    _answer(session, cast, {children[1]: ALL})
    with pytest.raises(InvalidError) as refused:
        write("1 Ana\n2 Antonia\n3 Luis\n4")
    assert [str(each.values["before"]) for each in refused.value.problems] == ["Luis"]
    write("1 Amanda\n2 Luis Alberto\n3 Pía")  # of 1 and 3 nothing is on file
    write("1 Amanda\n2\n3 Pía")
    write("1 Amanda\n2 Beto\n3 Pía")
    assert consent.standings_of(session, [cast.class_group.id])[children[1]].registered


def test_outsiders_register_and_see_nothing(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    group = cast.class_group.id
    for actor in (cast.educator, cast.network_lead, cast.administrator):
        with pytest.raises((NotFoundError, NotAllowedError)):
            consent.register_class(session, group, {children[0]: ALL}, HOW, actor=actor)
    for actor in cast.outsiders:
        with pytest.raises(NotFoundError):
            consent.register_class(session, group, {children[0]: ALL}, HOW, actor=actor)
        with pytest.raises(NotFoundError):
            consent.child_for(session, children[0], actor=actor)
        with pytest.raises(NotFoundError):
            consent.educator_for(session, cast.educator.user_id, actor=actor)


def test_what_was_answered_does_not_change(
    database: Database, cast: Cast, children: list[UUID]
) -> None:
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
    for statement in (sa.update(Consent).values(granted=False), sa.delete(Consent)):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.execute(statement)


# --- from a table -------------------------------------------------------------------------------


def test_a_table_is_looked_at_before_it_is_registered(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;retroalimentacion\r\n1;sí;Si;no\r\n3;no;;\r\n"
    _text, found = consent_import.read(
        session, cast.class_group.id, table.encode("cp1252"), actor=cast.observer
    )
    assert [line.granted for line in found] == [{Scope.RECORD, Scope.CODE}, frozenset()]
    assert session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 0
    consent_import.register(session, cast.class_group.id, found, actor=cast.observer)
    standings = consent.standings_of(session, [cast.class_group.id])
    assert standings[children[0]].allows([Scope.RECORD, Scope.CODE])
    assert standings[children[2]].state(Scope.RECORD) is False
    assert not standings[children[1]].registered


def test_a_table_may_be_a_workbook(session: Session, cast: Cast, children: list[UUID]) -> None:
    columns = ["lista", "filmar", "observar", "fecha"]
    book = workbooks.write(columns, [["2", "sí", "x", "2026-05-10"]])
    text, found = consent_import.read(session, cast.class_group.id, book, actor=cast.observer)
    (line,) = found
    assert line.granted == {Scope.RECORD, Scope.CODE}
    assert line.how.given_on == date(2026, 5, 10)
    again = consent_import.read(session, cast.class_group.id, text, actor=cast.observer)
    assert again[1] == found


def test_all_that_a_table_gets_wrong_is_told(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;fecha\n1;sí;quizás;\n9;sí;sí;\n2;sí;sí;ayer\n3;x;x;\n3;x;x;\n"
    with pytest.raises(InvalidError) as refused:
        consent_import.read(session, cast.class_group.id, table, actor=cast.observer)
    told = " ".join(str(problem) for problem in refused.value.problems)
    assert all(part in told for part in ("observar", "9", "2026-05-10", "3 stands twice"))


def test_a_child_without_an_answer_in_the_table_has_not_refused(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;fecha\n1;sí;sí;10-03-2026\n2;;;\n3;;;10-03-2026\n"
    _text, found = consent_import.read(session, cast.class_group.id, table, actor=cast.observer)
    assert [(line.child.id, line.how.given_on) for line in found] == [
        (children[0], date(2026, 3, 10))
    ]


def test_an_older_paper_opens_nothing_that_was_refused_since(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    _answer(session, cast, dict.fromkeys(children, ALL))
    subject = consent.child_for(session, children[1], actor=cast.utp_head)
    consent.revoke(session, subject, ALL, on=today(), channel=Channel.MAIL, actor=cast.utp_head)
    table = f"lista;filmar;observar;fecha\n1;x;x;{HOW.given_on}\n2;x;x;{HOW.given_on}\n"
    for again in (table, table.replace(str(HOW.given_on), str(today()))):
        with pytest.raises(InvalidError) as refused:
            consent_import.read(session, cast.class_group.id, again, actor=cast.observer)
        assert [each.values["number"] for each in refused.value.problems] == [2]
    with pytest.raises(BadInputError, match="List number 2"):
        _answer(session, cast, {children[1]: ALL})
    assert film.is_locked

    # A refusal is put right with its own date; an older paper does not do it.
    later = replace(HOW, given_on=date(2026, 4, 1))
    first = {children[0]: frozenset[Scope]()}
    consent.register_class(session, cast.class_group.id, first, later, actor=cast.observer)
    with pytest.raises(BadInputError, match="List number 1"):
        _answer(session, cast, {children[0]: ALL})
    first = {children[0]: ALL}
    consent.register_class(session, cast.class_group.id, first, later, actor=cast.observer)
    assert consent.standings_of(session, [cast.class_group.id])[children[0]].allows(ALL)


def test_an_older_paper_of_hers_does_not_undo_what_the_educator_took_back(
    session: Session, cast: Cast
) -> None:
    consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)
    subject = consent.educator_for(session, cast.educator.user_id, actor=cast.educator)
    consent.revoke(session, subject, ALL, on=today(), channel=Channel.DIGITAL, actor=cast.educator)
    with pytest.raises(BadInputError, match="newer"):
        consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)


def test_a_no_that_came_in_before_the_day_on_the_paper_takes_that_paper_back_too(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    _answer(session, cast, {children[0]: ALL})
    subject = consent.child_for(session, children[0], actor=cast.observer)
    before = HOW.given_on - timedelta(days=5)
    consent.revoke(session, subject, ALL, on=before, channel=Channel.MAIL, actor=cast.observer)
    with pytest.raises(BadInputError, match="List number 1"):
        _answer(session, cast, {children[0]: ALL})
    newer = replace(HOW, given_on=HOW.given_on + timedelta(days=1))
    answers = {children[0]: ALL}
    consent.register_class(session, cast.class_group.id, answers, newer, actor=cast.observer)
    assert consent.standing_of(session, subject).allows(ALL)


# --- papers -------------------------------------------------------------------------------------


def test_a_scan_lies_sealed_and_opens_for_who_may(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    vault, scan = open_vault(home), b"%PDF-1.7 " + b"firma de la apoderada " * 50
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
        subject = consent.child_for(session, children[0], actor=cast.observer)
        with pytest.raises(BadInputError, match="PDF"):
            papers.keep_paper(session, store, vault, subject, b"<svg/>", actor=cast.observer)
        kept = papers.keep_paper(session, store, vault, subject, scan, actor=cast.observer)
    store.settle(kept.sha256)
    assert not found_in(home.home, [b"firma de la apoderada"])
    with database.write() as session:
        assert check.problems(session, store) == []
        _row, content = papers.read_paper(session, store, vault, kept.id, actor=cast.utp_head)
        assert content == scan
        for actor in (*cast.outsiders, cast.educator):
            with pytest.raises(NotFoundError):
                papers.read_paper(session, store, vault, kept.id, actor=actor)


def test_a_scan_that_another_takes_the_place_of_goes(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    vault, kept = open_vault(home), []
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
    for content in (b"%PDF-1 borrosa", b"%PDF-1 derecha"):
        with database.write() as session:
            subject = consent.child_for(session, children[0], actor=cast.observer)
            row = papers.keep_paper(session, store, vault, subject, content, actor=cast.observer)
        store.settle(row.sha256)
        kept.append(store.blob(row.sha256))
    sweep(database, store)
    assert [path.exists() for path in kept] == [False, True]
    with database.read() as session:
        assert len(session.scalars(sa.select(ConsentPaper)).all()) == 1
        assert check.problems(session, store) == []


def test_after_some_years_a_list_keeps_its_numbers_alone(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
        subject = consent.child_for(session, children[0], actor=cast.observer)
        kept = papers.keep_paper(
            session, store, open_vault(home), subject, b"%PDF-1.7", actor=cast.observer
        )
        rules.set_rule(session, Rule(Kept.NAMES, 5 * 365, applied=True), actor=cast.administrator)
    store.settle(kept.sha256)
    assert forgetting.apply_rules(database, home, date(2031, 12, 30)) == 0
    assert forgetting.apply_rules(database, home, date(2031, 12, 31)) == 1
    assert not store.blob(kept.sha256).exists()
    with database.read() as session:
        rows = session.scalars(sa.select(Child).order_by(Child.list_number)).all()
        assert [(row.list_number, row.name) for row in rows] == [(1, ""), (2, ""), (3, "")]
        assert consent.standings_of(session, [cast.class_group.id])[children[0]].allows(ALL)
        assert session.scalars(sa.select(Certificate)).one().what["names"] == 2
        assert check.problems(session, store) == []


# --- taking back --------------------------------------------------------------------------------


def test_a_revocation_takes_the_clips_from_the_educator_at_once_and_certifies_it(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1\n2", actor=cast.observer)
        first, second = session.scalars(sa.select(Child.id).order_by(Child.list_number))
        _answer(session, cast, {first: ALL, second: ALL})
        assert _clip(session, feedback_id) is not None
        clips = _blobs(session, store, {FileKind.CLIP, FileKind.CLIP_POSTER})
    assert clips
    assert all(path.exists() for path in clips)

    with database.write() as session:
        subject = consent.child_for(session, second, actor=cast.observer)
        revocation = consent.revoke(
            session, subject, ALL, on=today(), channel=Channel.IN_PERSON, actor=cast.observer
        )
        assert _clip(session, feedback_id) is None  # before any job ran
    job = jobs.wait_for(home, f"{REVOKE}:{revocation.id}:1", lambda _job: None)
    assert job.state is jobs.JobState.DONE, job.why
    assert not any(path.exists() for path in clips)
    forgetting.forget_clips(database, home, revocation.id)  # again: nothing more happens
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        assert feedback.state is FeedbackState.PUBLISHED
        assert all(focus.note and not focus.has_clip for focus in feedback.focuses)
        gone, row = session.scalars(sa.select(Certificate).order_by(Certificate.number))
        assert (gone.kind, gone.thing_id) == (
            CertificateKind.CLIPS_DELETED,
            feedback.observation.recording_id,
        )
        assert (row.kind, row.thing_id) == (CertificateKind.REVOKED, revocation.id)
        assert row.what["list_number"] == 2
        (reached,) = row.what["recordings"]
        assert (reached["video"], reached["certificate"]) == ("locked", gone.number)
        assert {file["kind"] for file in gone.what["files"]} >= {"clip", "clip_poster"}
        assert certificates.is_true(session, row)
        assert check.problems(session, store) == []


def test_who_was_not_seen_is_not_reached(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1\n2", actor=cast.observer)
        first, second = session.scalars(sa.select(Child.id).order_by(Child.list_number))
        _answer(session, cast, {first: ALL})
        film = session.scalars(sa.select(Recording)).one()
        places = {second: Place.ABSENT}
        gate.count_children(session, film.id, 1, places, actor=cast.observer)
        _answer(session, cast, {second: ALL})
        subject = consent.child_for(session, second, actor=cast.observer)
        revocation = consent.revoke(
            session, subject, ALL, on=today(), channel=Channel.PAPER, actor=cast.observer
        )
    forgetting.forget_clips(database, home, revocation.id)
    with database.read() as session:
        assert session.scalars(sa.select(Certificate)).one().what["recordings"] == []
        assert _clip(session, feedback_id) is not None


def _clip(session: Session, feedback_id: UUID) -> DerivedFile | None:
    focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
    return clip_files.file_of(session, focus, FileKind.CLIP)


def _blobs(session: Session, store: Store, kinds: set[FileKind]) -> list[Path]:
    rows = session.scalars(sa.select(DerivedFile).where(DerivedFile.kind.in_(kinds)))
    return [store.blob(row.sha256) for row in rows]


# --- deleted means ------------------------------------------------------------------------------


def test_of_a_deleted_video_no_byte_is_left_in_the_home(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    with database.write() as session:
        film = session.scalars(sa.select(Recording)).one()
        film.original_name = "clase-de-la-tia-berta.mp4"
        outgoing = store.outgoing(film.id, "zip")
        files = [store.blob(film.sha256 or ""), *_blobs(session, store, set(FileKind))]
        outgoing.write_bytes(files[0].read_bytes())
        said = session.scalars(sa.select(Revision.sha256)).all()
    needles = [_inside(path) for path in files if path.stat().st_size > 500]
    needles.append(b"clase-de-la-tia-berta")
    assert len(needles) > 2
    assert len(found_in(home.home, needles)) == len(needles)  # the search finds what is there

    with database.write() as session:
        row = erasing.erase_video(
            session,
            erasing.Place(database, store),
            film.id,
            reason="Lo pidió una familia.",
            actor=cast.observer,
        )
    assert found_in(home.home, needles) == set()
    with database.read() as session:
        film = session.get_one(Recording, film.id)
        assert film.is_erased
        assert session.scalars(sa.select(Revision.sha256)).all() == said
        feedback = session.get_one(Feedback, feedback_id)
        assert feedback.state is FeedbackState.PUBLISHED
        assert not any(focus.has_clip for focus in feedback.focuses)
        certificate = session.get_one(Certificate, row.id)
        assert certificate.reason == "Lo pidió una familia."
        assert certificates.is_true(session, certificate)
        assert check.problems(session, store) == []
        version_id = session.scalars(sa.select(Observation.rubric_version_id)).first()
    assert version_id is not None
    with database.write() as session, pytest.raises(ConflictError, match="deleted"):
        start(session, film.id, version_id, actor=cast.observer)
    with database.write() as session, pytest.raises(ConflictError, match="deleted"):
        erasing.erase_video(
            session, erasing.Place(database, store), film.id, reason="otra vez", actor=cast.observer
        )


def test_what_another_lesson_is_made_of_stays(
    database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    made = store.temporary(".mp4")
    made.write_bytes(small_video.read_bytes())
    blob = store.put(made)
    with database.write() as session:
        rows = [recording(session, cast) for _ in range(2)]
        for row in rows:
            row.sha256, row.size_bytes = blob.sha256, blob.size_bytes
    store.settle(blob.sha256)
    place = erasing.Place(database, store)
    for row, left in zip(rows, (True, False), strict=True):
        with database.write() as session:
            erasing.erase_video(session, place, row.id, reason="prueba", actor=cast.observer)
        assert store.blob(blob.sha256).exists() is left
    assert store.in_flight() == []


def test_a_clip_that_is_being_cut_is_given_up(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
        feedback_id = drafted(session, cast, submitted(session, cast, film))
        consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=HOW.given_on)
        subject = consent.educator_for(session, cast.educator.user_id, actor=cast.educator)
        taken = consent.revoke(
            session, subject, ALL, on=today(), channel=Channel.DIGITAL, actor=cast.educator
        )
        job = jobs.latest(session, publishing.KIND, feedback_id)
    assert job is not None
    forgetting.forget_clips(database, home, taken.id)
    with database.read() as session:
        assert session.get_one(Feedback, feedback_id).state is FeedbackState.DRAFT
        assert jobs.latest(session, publishing.KIND, feedback_id).state is JobState.CANCELLED  # type: ignore[union-attr]
    with pytest.raises(CancelledError):
        publishing.cut(Work(job.id, home, database), feedback_id, FocusKind.STRENGTH)
    with database.read() as session:
        assert session.scalars(sa.select(DerivedFile)).all() == []


def test_a_hold_keeps_everything_and_a_refused_deletion_changes_nothing(
    database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    place = erasing.Place(database, store)
    with database.write() as session:
        film = recording(session, cast)
        erasing.hold(session, film.id, "Solicitud 12", actor=cast.observer)
    for actor, error in ((cast.observer, ConflictError), (cast.outsider_observer, NotFoundError)):
        with pytest.raises(error), database.write() as session:
            erasing.erase_video(session, place, film.id, reason="prueba", actor=actor)
    with database.write() as session:
        assert not session.get_one(Recording, film.id).is_erased
        erasing.lift(session, film.id, actor=cast.observer)
        with pytest.raises(BadInputError, match="why"):
            erasing.erase_video(session, place, film.id, reason=" ", actor=cast.observer)
        erasing.erase_video(session, place, film.id, reason="cerrada", actor=cast.observer)


# --- rules --------------------------------------------------------------------------------------


def test_rules_are_simulated_until_they_are_switched_on(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    copy = home.backup_path / "before-upgrade-0001.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(b"copia vieja")
    with database.read() as session:
        plan = forgetting.plan_for(session, home, actor=cast.administrator)
        with pytest.raises(NotAllowedError):
            forgetting.plan_for(session, home, actor=cast.utp_head)
        film = session.scalars(sa.select(Recording)).one()
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.PRIORITY)
        assert focus is not None
        assert focus.due_on is not None
    (video,) = [each for each in plan.due if each.kind is Kept.VIDEO]
    assert video.on == max(focus.due_on, today()) + timedelta(days=90)
    assert [each.on for each in plan.due if each.kind is Kept.CLIPS] == [date(2026, 12, 31)]
    assert [each.name for each in plan.due if each.kind is Kept.COPIES] == [copy.name]

    late = video.on + timedelta(days=1)
    assert forgetting.apply_rules(database, home, late) == 0
    noon = now().astimezone().replace(hour=12)
    assert daily.ask_for_daily(home, database, noon) == []
    for kind in (Kept.VIDEO, Kept.COPIES):
        with database.write() as session:
            rules.set_rule(session, Rule(kind, 90, applied=True), actor=cast.administrator)
    (asked,) = daily.ask_for_daily(home, database, noon)
    assert asked.startswith(forgetting.DAILY)
    with database.write() as session:
        erasing.hold(session, film.id, "Solicitud 12", actor=cast.observer)
    assert forgetting.apply_rules(database, home, late) == 1  # the copy alone: the film is held
    assert not copy.exists()
    with database.write() as session:
        erasing.lift(session, film.id, actor=cast.observer)
    assert forgetting.apply_rules(database, home, late) == 1
    assert forgetting.apply_rules(database, home, late) == 0
    with database.read() as session:
        assert session.get_one(Recording, film.id).is_erased
        assert _clip(session, feedback_id) is not None  # clips have a rule of their own
        kinds = session.scalars(sa.select(Certificate.kind).order_by(Certificate.number)).all()
        assert kinds == [CertificateKind.COPIES_DELETED, CertificateKind.VIDEO_DELETED]


def test_rules_wait_while_a_request_about_a_child_of_the_class_is_open(
    database: Database, home: Settings, cast: Cast, children: list[UUID]
) -> None:
    with database.write() as session:
        recording(session, cast)
        for kind in (Kept.UNUSED_VIDEO, Kept.NAMES):
            rules.set_rule(session, Rule(kind, 0, applied=True), actor=cast.administrator)
        asked = requests.Asked(
            kind=RequestKind.ACCESS, about=About.CHILD, class_group_id=cast.class_group.id,
            list_number=2, received_on=date(2026, 5, 4), channel=ByLetter.LETTER, who="su madre",
            words="¿Qué guardan?",
        )  # fmt: skip
        request = requests.register(
            session, asked, today=date(2026, 5, 12), actor=cast.administrator
        )
    late = date(2027, 1, 5)
    assert forgetting.apply_rules(database, home, late) == 0
    with database.write() as session:
        requests.close(
            session, request.id, RequestState.ANSWERED, "Se entregó.", on=date(2026, 5, 13),
            today=date(2026, 5, 13), actor=cast.administrator,
        )  # fmt: skip
    assert forgetting.apply_rules(database, home, late) == 2


def test_a_certificate_that_was_changed_is_known(
    database: Database, store: Store, cast: Cast
) -> None:
    with database.write() as session:
        film = recording(session, cast)
        place = erasing.Place(database, store)
        row = erasing.erase_video(session, place, film.id, reason="prueba", actor=cast.observer)
    with database.write() as session:
        session.execute(sa.text("DROP TRIGGER certificate_not_changed"))
        session.execute(sa.update(Certificate).values(reason="otra cosa"))
    with database.read() as session:
        assert not certificates.is_true(session, session.get_one(Certificate, row.id))


def _inside(path: Path) -> bytes:
    content = path.read_bytes()
    middle = len(content) // 2
    return content[middle : middle + 48]
