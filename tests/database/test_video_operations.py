"""Who may do what with a recording, uploads that survive anything, and the check of the store."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from observe import daily, db, jobs
from observe.db import Database, now
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.ids import new_id
from observe.people.access import Actor
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import adding, check, derived, operations
from observe.video import sweep as sweep_module
from observe.video.derived import Made
from observe.video.hashing import sha256_of
from observe.video.models import DerivedFile, FileKind, Recording, RecordingState, Upload
from observe.video.operations import LessonDetails, OffsetError
from observe.video.store import Store
from observe.video.sweep import sweep
from tests.factories import TODAY, Cast, lesson
from tests.kept import files_in


@pytest.fixture
def added(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> Recording:
    with database.write() as session:
        return operations.add_file(session, store, small_video, details, actor=cast.observer)


def problems(database: Database, store: Store) -> list[str]:
    with database.read() as session:
        return [str(problem) for problem in check.problems(session, store)]


# --- adding and seeing ---------------------------------------------------------------------------


def test_an_added_video_is_ready_enqueued_and_on_file(
    database: Database, store: Store, cast: Cast, added: Recording
) -> None:
    assert (added.state, added.playable, added.has_consent) == (RecordingState.READY, True, True)
    assert added.consent_by_id == cast.observer.user_id
    with database.read() as session:
        job = operations.preparation_of(session, added)
        playable = operations.playable_file(session, store, added)
        trail = session.scalars(sa.select(AuditEntry).where(AuditEntry.thing_id == added.id)).one()
    assert job is not None
    assert job.state is jobs.JobState.WAITING
    assert playable.file.plain.stat().st_size == added.size_bytes
    assert (trail.action, trail.actor_id) == ("recording.added", cast.observer.user_id)
    assert "clase" not in trail.details


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"educator_id": None}, "educator_id"),
        ({"recorded_on": TODAY + timedelta(days=4000)}, "recorded_on"),
        ({"subject": "x" * 101}, "subject"),
    ],
)
def test_details_that_do_not_fit_are_refused_and_nothing_is_taken(
    database: Database,
    store: Store,
    cast: Cast,
    small_video: Path,
    change: dict[str, object],
    field: str,
) -> None:
    if "educator_id" in change:
        change = {"educator_id": cast.outsider_educator.user_id}
    given_details = LessonDetails(**(lesson(cast) | change))  # type: ignore[arg-type]
    with pytest.raises(BadInputError) as refused, database.write() as session:
        operations.add_file(session, store, small_video, given_details, actor=cast.observer)
    assert refused.value.field == field
    assert files_in(store) == []


def test_the_day_of_a_lesson_is_the_day_it_is_here(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = datetime(2026, 5, 13, 1, 30, tzinfo=UTC)  # half past nine in the evening of the 12th
    monkeypatch.setattr(db, "now", lambda: late)
    monkeypatch.setenv("TZ", "America/Santiago")
    time.tzset()
    try:
        assert db.today() == date(2026, 5, 12)
        tomorrow = LessonDetails(**(lesson(cast) | {"recorded_on": late.date()}))  # type: ignore[arg-type]
        with pytest.raises(BadInputError) as refused, database.read() as session:
            adding.check_details(session, tomorrow, actor=cast.observer)
        assert refused.value.field == "recorded_on"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_only_an_observer_of_the_school_adds(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> None:
    for actor in (*cast.outsiders, cast.educator, cast.utp_head, cast.administrator):
        with pytest.raises(NotFoundError), database.write() as session:
            operations.add_file(session, store, small_video, details, actor=actor)
    assert files_in(store) == []


def test_a_transaction_that_fails_takes_its_file_along(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        operations.add_file(session, store, small_video, details, actor=cast.observer)
        raise RuntimeError
    assert files_in(store) == []
    with database.read() as session:
        assert session.scalars(sa.select(Recording)).all() == []


def others(cast: Cast) -> list[Actor]:
    return [*cast.outsiders, cast.educator, cast.utp_head, cast.network_lead, cast.administrator]


def test_nobody_else_finds_the_recording(database: Database, cast: Cast, added: Recording) -> None:
    with database.read() as session:
        assert [row.id for row in operations.recordings_of(session, actor=cast.observer)] == [
            added.id
        ]
    for actor in others(cast):
        with database.write() as session:
            assert operations.recordings_of(session, actor=actor) == []
            for verb in (
                operations.recording_for,
                operations.confirm_consent,
                operations.cancel_preparation,
                operations.retry_preparation,
            ):
                with pytest.raises(NotFoundError):
                    verb(session, added.id, actor=actor)


def test_what_does_not_exist_answers_alike(database: Database, cast: Cast) -> None:
    with database.read() as session, pytest.raises(NotFoundError):
        operations.recording_for(session, new_id(), actor=cast.observer)


def test_consent_is_kept_once_with_who_and_when(
    database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    without = LessonDetails(**lesson(cast, consent=False))  # type: ignore[arg-type]
    with database.write() as session:
        row = operations.add_file(session, store, small_video, without, actor=cast.observer)
    assert not row.has_consent
    stated = []
    for _ in range(2):
        with database.write() as session:
            row = operations.confirm_consent(session, row.id, actor=cast.observer)
            stated.append((row.consent_by_id, row.consent_at))
    assert stated[0] == stated[1]
    assert stated[0][0] == cast.observer.user_id
    with database.read() as session:
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert actions.count("recording.consent_confirmed") == 1


def test_importable_files_are_the_videos_of_the_import_folders(home: Settings) -> None:
    folder = home.import_folders[0]
    folder.mkdir()
    for name in ("Clase 1.MP4", "notas.txt", "b.mov"):
        (folder / name).write_bytes(b"x")
    (folder / "carpeta.mp4").mkdir()
    os.utime(folder / "b.mov", (1, 1))
    found = operations.importable_files(home)
    assert [file.path.name for file in found] == ["Clase 1.MP4", "b.mov"]
    assert operations.importable_files(Settings(home.home, mode="hub")) == []


def test_what_may_not_be_looked_at_is_no_importable_file(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, folder = tmp_path / "Documents", home.import_folders[0]
    private.mkdir()
    folder.mkdir()
    for name in ("clase.mp4", "secreta.mp4"):
        (folder / name).write_bytes(b"x")
    iterdir, stat = Path.iterdir, Path.stat

    def refuse(path: Path) -> None:
        if path in (private, folder / "secreta.mp4"):
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    def guarded_iterdir(path: Path) -> Iterator[Path]:
        refuse(path)
        return iterdir(path)

    def guarded_stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        refuse(path)
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "iterdir", guarded_iterdir)
    monkeypatch.setattr(Path, "stat", guarded_stat)
    found = operations.importable_files(replace(home, import_folders=(private, folder)))
    assert [file.path.name for file in found] == ["clase.mp4"]


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("C:\\Users\\ana\\clase.mp4", "clase.mp4"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n.mp4", "ab.mp4"),
        ("", "video"),
        ("Educación física «1° B».mov", "Educación física «1° B».mov"),
    ],
)
def test_names_are_shown_without_tricks(given_name: str, shown: str) -> None:
    from observe.video.adding import shown_name

    assert shown_name(given_name) == shown


# --- uploads -------------------------------------------------------------------------------------


def begin(database: Database, cast: Cast, size: int, name: str = "clase.mp4") -> UUID:
    with database.write() as session:
        return operations.begin_upload(session, name, size, actor=cast.observer).id


def append(
    database: Database, store: Store, cast: Cast, upload: UUID, offset: int, chunk: bytes
) -> int:
    return operations.append_upload(database, store, upload, offset, chunk, actor=cast.observer)


class Dying(Database):
    """A database whose process is killed just before each commit."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
            raise RuntimeError


def send(database: Database, store: Store, cast: Cast, content: bytes, step: int) -> UUID:
    upload = begin(database, cast, len(content))
    for start in range(0, len(content), step):
        append(database, store, cast, upload, start, content[start : start + step])
    return upload


def finish(
    database: Database, store: Store, cast: Cast, upload: UUID, details: LessonDetails
) -> Recording:
    with database.read() as session:
        if known := operations.uploaded_recording(session, upload, actor=cast.observer):
            return known
    received = operations.receive_upload(database, store, upload, actor=cast.observer)
    with database.write() as session:
        return operations.finish_upload(session, received, details, actor=cast.observer)


def test_an_upload_in_pieces_becomes_the_same_file_once(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> None:
    upload = send(database, store, cast, small_video.read_bytes(), 100_000)
    first = finish(database, store, cast, upload, details)
    again = finish(database, store, cast, upload, details)
    assert first.id == again.id
    assert first.incoming is not None
    assert store.incoming(first.incoming).read_bytes() == small_video.read_bytes()
    assert problems(database, store) == []
    with database.write() as session:  # hashed and in its lasting place, while it is sent again
        row = session.get_one(Recording, first.id)
        row.sha256, row.incoming = sha256_of(small_video), None
        store.adopt(upload.hex, row.sha256)
        store.delete_incoming(upload.hex)
    with pytest.raises(NotFoundError):
        operations.receive_upload(database, store, upload, actor=cast.observer)
    assert finish(database, store, cast, upload, details).id == first.id


@examples(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    content=st.binary(min_size=1, max_size=400),
    attempts=st.lists(st.tuples(st.integers(0, 420), st.integers(0, 120), st.booleans())),
)
def test_whatever_is_sent_in_whatever_order_only_the_file_gets_in(
    database: Database,
    store: Store,
    cast: Cast,
    content: bytes,
    attempts: list[tuple[int, int, bool]],
) -> None:
    upload, offset = begin(database, cast, len(content)), 0
    for start, length, killed in attempts:
        start = offset if start % 3 else start  # mostly the right place
        chunk = content[start : start + length]
        if start != offset:
            with pytest.raises(OffsetError) as told:
                append(database, store, cast, upload, start, chunk)
            assert told.value.offset == offset
        elif killed:
            with pytest.raises(RuntimeError):  # the answer never left: the bytes do not count
                append(Dying(database.engine), store, cast, upload, start, chunk)
        else:
            offset = append(database, store, cast, upload, start, chunk)
    append(database, store, cast, upload, offset, content[offset:])
    assert store.incoming(upload.hex).read_bytes() == content


def test_more_than_announced_is_refused(database: Database, store: Store, cast: Cast) -> None:
    upload = begin(database, cast, 10)
    with pytest.raises(BadInputError):
        append(database, store, cast, upload, 0, bytes(11))
    with pytest.raises(BadInputError):
        begin(database, cast, 0)


def test_an_incomplete_upload_cannot_be_finished(
    database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    with pytest.raises(OffsetError) as told:
        finish(database, store, cast, upload, details)
    assert told.value.offset == 5


def test_an_upload_that_is_no_video_leaves_nothing(
    database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    upload = send(database, store, cast, b"not a video at all" * 50, 400)
    with pytest.raises(BadInputError, match="not a video"):
        finish(database, store, cast, upload, details)
    assert files_in(store) == []
    with database.read() as session:
        assert session.scalars(sa.select(Upload)).all() == []


def test_an_upload_with_wrong_details_can_be_finished_later(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> None:
    upload = send(database, store, cast, small_video.read_bytes(), 1_000_000)
    wrong = LessonDetails(**(lesson(cast) | {"subject": "x" * 500}))  # type: ignore[arg-type]
    with pytest.raises(BadInputError):
        finish(database, store, cast, upload, wrong)
    assert finish(database, store, cast, upload, details).state is RecordingState.READY


def test_an_upload_is_its_senders_alone(
    database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    upload = begin(database, cast, 10)
    for actor in others(cast):
        with pytest.raises(NotFoundError):
            operations.append_upload(database, store, upload, 0, b"x", actor=actor)
        with pytest.raises(NotFoundError):
            operations.receive_upload(database, store, upload, actor=actor)
    with database.write() as session, pytest.raises(NotAllowedError):
        operations.begin_upload(session, "a.mp4", 10, actor=cast.educator)


def test_a_discarded_upload_is_gone(database: Database, store: Store, cast: Cast) -> None:
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    with database.write() as session:
        operations.discard_upload(session, store, upload, actor=cast.observer)
    assert files_in(store) == []
    with pytest.raises(NotFoundError):
        append(database, store, cast, upload, 5, b"6")


def test_a_discard_that_is_not_committed_keeps_the_bytes(
    database: Database, store: Store, cast: Cast
) -> None:
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    with pytest.raises(RuntimeError), database.write() as session:
        with session.begin_nested():
            operations.discard_upload(session, store, upload, actor=cast.observer)
        assert store.incoming(upload.hex).exists()
        raise RuntimeError
    assert append(database, store, cast, upload, 5, b"67890") == 10


def test_a_part_committed_does_not_keep_the_file_of_a_transaction_that_fails(
    database: Database, store: Store, cast: Cast, details: LessonDetails, small_video: Path
) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        with session.begin_nested():
            operations.add_file(session, store, small_video, details, actor=cast.observer)
        raise RuntimeError
    assert files_in(store) == []


def test_an_upload_whose_bytes_were_lost_is_told_and_not_filled_with_nothing(
    database: Database, store: Store, cast: Cast
) -> None:
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    store.delete_incoming(upload.hex)
    with pytest.raises(NotFoundError):
        append(database, store, cast, upload, 5, b"67890")
    assert files_in(store) == []


# --- check and sweep -----------------------------------------------------------------------------


def test_every_disagreement_of_database_and_files_is_told(
    database: Database, store: Store, added: Recording, cast: Cast
) -> None:
    assert problems(database, store) == []
    assert added.incoming is not None
    store.incoming(added.incoming).unlink()
    assert "is missing" in problems(database, store)[0]
    store.append(added.incoming, 0, b"short")
    assert "changed size" in problems(database, store)[0]
    with database.write() as session:
        session.delete(session.get_one(Recording, added.id))
    store.delete_incoming(added.incoming)
    made = store.temporary()
    made.write_bytes(b"nobody's")
    blob = store.put(made)
    assert problems(database, store) == []  # in flight: the worker that made it may be at work
    store.settle(blob.sha256)
    assert "belongs to nothing" in problems(database, store)[0]
    store.delete_blob(blob.sha256)
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    store.delete_incoming(upload.hex)
    assert "Part of upload" in problems(database, store)[0]


def test_a_derived_file_that_is_lost_is_told(
    database: Database, store: Store, added: Recording
) -> None:
    made = store.temporary()
    made.write_bytes(b"picture")
    what = Made(added.id, FileKind.POSTER, "poster-1", "image/jpeg")
    row_id = derived.keep(database, store, made, what)
    assert problems(database, store) == []
    with database.read() as session:
        store.delete_blob(session.get_one(DerivedFile, row_id).sha256)
    assert "(poster)" in problems(database, store)[0]


def test_the_same_recipe_twice_is_one_row_and_one_file(
    database: Database, store: Store, added: Recording
) -> None:
    rows = set()
    for content in (b"first", b"second, from another run"):
        made = store.temporary()
        made.write_bytes(content)
        what = Made(added.id, FileKind.POSTER, "poster-1", "image/jpeg")
        rows.add(derived.keep(database, store, made, what))
    assert len(rows) == 1
    assert len(list(store.blobs())) == 1
    assert problems(database, store) == []


def test_a_row_whose_file_is_lost_gets_the_one_made_again(
    database: Database, store: Store, added: Recording
) -> None:
    what, rows = Made(added.id, FileKind.POSTER, "poster-1", "image/jpeg"), set()
    for content in (b"first", b"second, from another run"):
        made = store.temporary()
        made.write_bytes(content)
        rows.add(derived.keep(database, store, made, what))
        (kept,) = store.blobs()
        assert store.blob(kept.name).read_bytes() == content
        assert problems(database, store) == []
        store.blob(kept.name).write_bytes(b"cut")
    assert len(rows) == 1


def test_what_nobody_took_away_goes_without_a_start_of_the_worker(
    database: Database, home: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = store.outgoing(new_id(), "zip")
    waits.write_bytes(b"a copy of everything")
    noon = now().astimezone().replace(hour=12)
    assert daily.ask_for_daily(home, database, noon) == []
    monkeypatch.setattr(sweep_module, "now", lambda: now() + timedelta(days=1, minutes=1))
    (job_id,) = daily.ask_for_daily(home, database, noon)
    assert job_id.startswith("video.sweep")
    sweep_module.sweep_old(database, store)
    assert not waits.exists()


def test_a_working_copy_of_a_killed_process_goes_without_a_start_of_the_worker(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, side = store.temporary(), store.side(new_id(), "grey")
    for path in (left, side):
        path.write_bytes(b"an open film")
    for days, is_old in ((1, False), (2, True)):
        later = now() + timedelta(days=days, minutes=1)
        monkeypatch.setattr(sweep_module, "now", lambda later=later: later)
        assert sweep_module.has_old(store) == is_old
        sweep_module.sweep_old(database, store)
        assert left.exists() != is_old
    assert side.exists(), "its recording says how long"


def test_the_sweep_takes_what_a_killed_process_left_and_nothing_else(
    database: Database,
    store: Store,
    added: Recording,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flying = store.temporary()
    flying.write_bytes(b"put, but the worker was killed before the row")
    store.put(flying)
    store.temporary().write_bytes(b"half an encoding")
    orphan = store.temporary()
    orphan.write_bytes(b"in the store since an older database was restored")
    kept = store.put(orphan)
    store.settle(kept.sha256)
    old = UUID(int=(new_id().int >> 80) - 3_600_000 << 80)  # a name given an hour ago
    store.append(old.hex, 0, b"taken, but the server was killed before the row")
    store.append(new_id().hex, 0, b"being measured right now")
    upload = begin(database, cast, 10)
    append(database, store, cast, upload, 0, b"12345")
    sweep(database, store)
    assert list(store.leftovers()) == []
    assert [file.name for file in store.blobs()] == [kept.sha256]
    assert len(list(store.incomings())) == 4  # the old name was copied in until just now
    monkeypatch.setattr(sweep_module, "now", lambda: now() + timedelta(minutes=9))
    sweep(database, store)
    assert store.incoming(old.hex).exists()
    monkeypatch.setattr(sweep_module, "now", lambda: now() + timedelta(minutes=11))
    sweep(database, store)
    assert len(list(store.incomings())) == 2
    assert not store.incoming(old.hex).exists()
    with database.write() as session:
        session.get_one(Upload, upload).created_at = now() - timedelta(days=8)
    sweep(database, store)
    assert not store.incoming(upload.hex).exists()
    with database.read() as session:
        assert session.get(Upload, upload) is None
        assert session.get(Recording, added.id) is not None


def test_retrying_a_refused_video_says_to_add_it_again(
    database: Database, cast: Cast, added: Recording
) -> None:
    with database.write() as session:
        session.get_one(Recording, added.id).state = RecordingState.REFUSED
    with database.write() as session, pytest.raises(ConflictError, match="add it again"):
        operations.retry_preparation(session, added.id, actor=cast.observer)
