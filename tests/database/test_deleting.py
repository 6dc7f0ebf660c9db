"""What a revocation reaches, that what is deleted is gone, and the rules that delete."""

from __future__ import annotations

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
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.feedback import clip_files, forgetting, publishing
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.jobs import CancelledError, JobState, Work
from observe.people import class_lists
from observe.people.models import Child
from observe.privacy import certificates, consent, requests, rules
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import REVOKE
from observe.privacy.gate import Place
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate
from observe.privacy.request_models import About, RequestState
from observe.privacy.request_models import Channel as ByLetter
from observe.privacy.retention import Rule
from observe.privacy.scopes import Channel
from observe.settings import Settings
from observe.video import check, erasing, gate
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.store import Store
from tests.consents import ALL, HOW
from tests.consents import answer as _answer
from tests.factories import Cast, recording
from tests.feedback_cases import drafted, filmed, published, submitted
from tests.kept import found_in

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
