"""A home whose films are sealed on its disk: a lesson's whole life, and switching it on later."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, open_database
from observe.errors import NotAllowedError, NotFoundError
from observe.feedback import forgetting, signed
from observe.feedback.models import Feedback, FocusKind
from observe.jobs import Job, JobState
from observe.people.access import Actor
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.vault import KeyMissingError
from observe.video import at_rest, check, derived, disk, erasing, sealed
from observe.video.at_rest import Outcome, Standing
from observe.video.derived import Made
from observe.video.models import DerivedFile, FileKind, Recording, RecordingState
from observe.video.preparing.originals import keep_originals
from observe.video.sealed import Readable
from observe.video.store import Store, open_store
from observe.video.sweep import sweep
from observe.video.timeline import timelines
from tests.factories import Cast
from tests.feedback_cases import filmed, published
from tests.lessons import Lessons
from tests.program import PROCESSES
from tests.signed_cases import both_signed


class Killed(BaseException):
    """Stands for the end of the process at this line."""


@pytest.fixture
def sealing(home: Settings) -> Store:
    """The home's files, once the setting is on."""
    return open_store(replace(home, seal_films=True))


@pytest.fixture
def film(database: Database, store: Store, cast: Cast, small_video: Path) -> Recording:
    """A lesson whose film was kept while the setting was off."""
    with database.write() as session:
        return filmed(session, store, cast, small_video)


assert forgetting  # it lets published feedback go of its clips


def seal(database: Database, store: Store, cast: Cast) -> Outcome:
    return at_rest.seal_all(database, store, actor=cast.administrator, tell=lambda _behind: None)


def unseal(database: Database, store: Store, cast: Cast) -> Outcome:
    return at_rest.unseal_all(database, store, actor=cast.administrator, tell=lambda _behind: None)


def lies_plain(home: Settings, *contents: bytes) -> list[str]:
    """Return the files of the home in which a part of the contents can be read."""
    parts = [content[middle : middle + 48] for content in contents for middle in _places(content)]
    files = [path for path in home.home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(part in path.read_bytes() for part in parts)]


def _places(content: bytes) -> tuple[int, int, int]:
    return len(content) // 4, len(content) // 2, len(content) * 3 // 4


# --- switched on later ---------------------------------------------------------------------------


def test_what_was_kept_before_is_sealed_and_comes_back(
    database: Database, home: Settings, store: Store, sealing: Store, cast: Cast,
    film: Recording, small_video: Path,
) -> None:  # fmt: skip
    whole = small_video.read_bytes()
    assert lies_plain(home, whole) != []
    assert seal(database, sealing, cast) == Outcome(done=1)
    assert lies_plain(home, whole) == []
    assert at_rest.standing(store) == Standing(sealed=1, plain=0)
    assert sealing.kept(film.sha256 or "").read_bytes() == whole
    assert seal(database, sealing, cast) == Outcome()
    with database.read() as session:
        assert check.problems(session, sealing) == []
        assert session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.thing_kind == "home")
        ).all() == ["home.seal", "home.seal"]
    assert unseal(database, store, cast) == Outcome(done=1)
    assert store.blob(film.sha256 or "").read_bytes() == whole
    assert at_rest.standing(store) == Standing(sealed=0, plain=1)


def test_who_does_not_look_after_the_home_does_not_do_it(
    database: Database, sealing: Store, cast: Cast, film: Recording
) -> None:
    with pytest.raises(NotAllowedError):
        at_rest.seal_all(database, sealing, actor=cast.observer, tell=lambda _behind: None)
    assert at_rest.standing(sealing) == Standing(sealed=0, plain=1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("where", "name"),
    [(disk, "replace"), (Store, "lay_sealed"), (Store, "drop_plain"), (Store, "settle")],
)
def test_killed_anywhere_it_goes_on_and_nothing_is_lost(
    database: Database, sealing: Store, cast: Cast, film: Recording, small_video: Path,
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, when: str,
) -> None:  # fmt: skip
    real: Callable[..., None] = getattr(where, name)

    def kill(*arguments: object) -> None:
        if when == "after":
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(where, name, kill)
        seal(database, sealing, cast)
    assert sealing.kept(film.sha256 or "").read_bytes() == small_video.read_bytes()
    sweep(database, sealing)
    assert sealing.kept(film.sha256 or "").read_bytes() == small_video.read_bytes()
    seal(database, sealing, cast)
    sweep(database, sealing)
    assert at_rest.standing(sealing) == Standing(sealed=1, plain=0)
    assert sealing.kept(film.sha256 or "").read_bytes() == small_video.read_bytes()
    assert list(sealing.leftovers()) == []


def _seal_in(home: Settings, person: Actor) -> None:
    """Seal the films of `home` in a process of its own."""
    store = open_store(home)
    at_rest.seal_all(open_database(home.url), store, actor=person, tell=lambda _behind: None)


def test_a_power_cut_while_it_is_sealed_loses_no_film(
    database: Database, home: Settings, store: Store, sealing: Store, cast: Cast,
    film: Recording,
) -> None:  # fmt: skip
    films = {film.sha256 or "": store.blob(film.sha256 or "").read_bytes()}
    for number in range(40):
        content = bytes([number]) * 3_000_000
        made = store.temporary()
        made.write_bytes(content)
        what = Made(film.id, FileKind.CLIP, f"clip-{number}", "video/mp4")
        derived.keep(database, store, made, what)
        films[hashlib.sha256(content).hexdigest()] = content
    wanted = replace(home, seal_films=True)
    process = PROCESSES.Process(target=_seal_in, args=(wanted, cast.administrator))
    process.start()
    deadline = time.monotonic() + 60
    while at_rest.standing(store).sealed < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join(60)
    between = at_rest.standing(store)
    assert between.sealed >= 5
    assert between.plain > 0, "it was killed in the middle"
    sweep(database, sealing)
    for sha256, content in films.items():
        assert sealing.kept(sha256).read_bytes() == content
    seal(database, sealing, cast)
    assert at_rest.standing(store) == Standing(sealed=len(films), plain=0)
    assert list(sealing.leftovers()) == []


def test_what_is_deleted_while_it_is_sealed_does_not_come_back(
    database: Database, sealing: Store, cast: Cast, film: Recording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lay = Store.lay_sealed

    def deleted_meanwhile(store: Store, sha256: str, source: Path) -> None:
        lay(store, sha256, source)
        late = store.sealing(sha256).path.read_bytes()
        with database.write() as session:
            place = erasing.Place(database, store)
            erasing.erase_video(session, place, film.id, reason="x", actor=None)
        assert list(store.blobs()) == []
        store.sealing(sha256).path.write_bytes(late)  # as if it had been a moment slower

    monkeypatch.setattr(Store, "lay_sealed", deleted_meanwhile)
    seal(database, sealing, cast)
    assert list(sealing.blobs()) == []


def test_while_work_goes_on_the_form_that_it_reads_stays(
    database: Database, sealing: Store, cast: Cast, film: Recording
) -> None:
    with database.write() as session:
        session.add(_job(film.id))
    assert seal(database, sealing, cast) == Outcome(left=1)
    assert at_rest.standing(sealing) == Standing(sealed=1, plain=1)
    with database.write() as session:
        session.execute(sa.update(Job).values(state=JobState.DONE))
    assert seal(database, sealing, cast) == Outcome(done=1)
    assert at_rest.standing(sealing) == Standing(sealed=1, plain=0)


def test_what_a_worker_cleared_away_at_its_start_is_told_as_left(
    database: Database, sealing: Store, cast: Cast, film: Recording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    real = disk.replace

    def cleared(source: Path, target: Path) -> None:
        sealing.clear_work()
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "replace", cleared)
        assert seal(database, sealing, cast) == Outcome(left=1)
    assert at_rest.standing(sealing) == Standing(sealed=0, plain=1)
    assert seal(database, sealing, cast) == Outcome(done=1)


def test_what_cannot_be_removed_now_is_told_as_left(
    database: Database, sealing: Store, cast: Cast, film: Recording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def watched(_store: Store, _sha256: str) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Store, "drop_plain", watched)
        assert seal(database, sealing, cast) == Outcome(left=1)
    assert seal(database, sealing, cast) == Outcome(done=1)
    assert at_rest.standing(sealing) == Standing(sealed=1, plain=0)


def test_a_whole_film_beside_a_damaged_sealed_one_is_unsealed(
    database: Database, store: Store, sealing: Store, cast: Cast, film: Recording
) -> None:
    sha256 = film.sha256 or ""
    sealing.lay_sealed(sha256, sealing.blob(sha256))
    _damage(sealing, sha256)
    assert unseal(database, store, cast) == Outcome(done=1)
    assert at_rest.standing(store) == Standing(sealed=0, plain=1)


def _job(subject_id: UUID) -> Job:
    running = JobState.RUNNING
    return Job(id="x", kind="video.prepare", subject_id=subject_id, attempt=1, state=running)


def test_a_damaged_film_and_one_that_nobody_knows_stay_as_they_are(
    database: Database, store: Store, sealing: Store, cast: Cast, film: Recording
) -> None:
    sha256 = film.sha256 or ""
    made = store.temporary()
    made.write_bytes(b"of a newer database")
    unknown = store.put(made).sha256
    content = store.blob(sha256).read_bytes()
    store.blob(sha256).write_bytes(content[:-1] + b"?")
    assert seal(database, sealing, cast) == Outcome(damaged=[sha256])
    assert store.blob(sha256).read_bytes() == content[:-1] + b"?"
    assert store.blob(unknown).read_bytes() == b"of a newer database"
    assert at_rest.standing(store).sealed == 0


# --- a lesson's life ------------------------------------------------------------------------------


@pytest.fixture
def sealed_lessons(lessons: Lessons, sealing: Store, home: Settings) -> Lessons:
    """The home with the setting on, ready for lessons."""
    return replace(lessons, home=replace(home, seal_films=True), store=sealing)


def test_a_lesson_is_prepared_and_nothing_of_it_lies_open(
    sealed_lessons: Lessons, small_video: Path
) -> None:
    lessons = sealed_lessons
    added, job = lessons.prepared(lessons.add(small_video))
    assert (job.state, added.state) == (JobState.DONE, RecordingState.READY)
    made = lessons.made(added)
    assert {FileKind.POSTER, FileKind.STRIP, FileKind.WAVEFORM, FileKind.ACTIVITY} <= set(made)
    contents = [lessons.store.kept(row.sha256).read_bytes() for row in made.values()]
    assert contents[0]
    pictures = [lessons.store.kept(made[kind].sha256) for kind in (FileKind.POSTER, FileKind.STRIP)]
    opened = [small_video.read_bytes(), *(picture.read_bytes() for picture in pictures)]
    assert lies_plain(lessons.home, *opened) == []
    assert at_rest.standing(lessons.store) == Standing(sealed=1 + len(made), plain=0)
    assert lessons.store.kept(added.sha256 or "").read_bytes() == small_video.read_bytes()
    lessons.assert_clean()


def test_its_clips_are_cut_blurred_published_and_deleted(
    sealed_lessons: Lessons, small_video: Path
) -> None:
    lessons = sealed_lessons
    feedback_id = published(
        lessons.database, lessons.home, lessons.store, lessons.cast, small_video
    )
    both_signed(lessons.database, lessons.home, lessons.cast, feedback_id)
    with lessons.database.read() as session:
        rows = session.scalars(sa.select(DerivedFile)).all()
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
        assert focus is not None and focus.clip is not None
        recording_id = focus.clip.recording_id
    kinds = {FileKind.CLIP, FileKind.CLIP_POSTER, FileKind.FACES, FileKind.BLURRED}
    assert kinds <= {row.kind for row in rows}
    contents = [lessons.store.kept(row.sha256).read_bytes() for row in rows]
    assert lies_plain(lessons.home, small_video.read_bytes(), *contents) == []
    assert _pictures_that_open(lessons, feedback_id) == (2, 1, 0)
    with lessons.database.write() as session:
        place = erasing.Place(lessons.database, lessons.store)
        erasing.erase_video(session, place, recording_id, reason="x", actor=None)
    assert list(lessons.store.blobs()) == []


def _pictures_that_open(lessons: Lessons, feedback_id: UUID) -> tuple[int, int, int]:
    """Return how many pictures a feedback shows: all whole, one damaged, and without the key."""

    def shown() -> int:
        return len(signed.pictures_of(session, lessons.store, feedback))

    with lessons.database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        whole = shown()
        poster = signed.signed_moments(session, feedback)[FocusKind.STRENGTH].poster
        assert poster is not None
        _damage(lessons.store, poster.sha256)
        damaged = shown()
        with _without_key(lessons.home):
            return whole, damaged, shown()


def _damage(store: Store, sha256: str) -> None:
    path = store.sealing(sha256).path
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@contextmanager
def _without_key(home: Settings) -> Iterator[None]:
    key = home.key_path.read_bytes()
    home.key_path.unlink()
    yield
    home.key_path.write_bytes(key)


def test_what_was_heard_and_cannot_be_opened_keeps_nobody_from_the_lesson(
    database: Database, home: Settings, sealing: Store, film: Recording
) -> None:
    told = {
        FileKind.VOICES: '{"seconds": "oo", "loudness_db": [-20.0, -20.0]}',
        FileKind.ACTIVITY: '{"energy": [1, 2], "joints_ms": [1000], "damaged": []}',
    }
    for kind, content in told.items():
        made = sealing.temporary()
        made.write_text(content, encoding="ascii")
        derived.keep(database, sealing, made, Made(film.id, kind, "test", "application/json"))

    def there() -> tuple[bool, bool]:
        heard = timelines.voices_of(session, sealing, recording)
        return heard is not None, timelines.activity_of(session, sealing, recording) is not None

    with database.read() as session:
        recording = session.get_one(Recording, film.id)
        assert there() == (True, True)
        with _without_key(home):
            assert there() == (False, False)
        heard = derived.newest(session, film.id, FileKind.VOICES)
        assert heard is not None
        _damage(sealing, heard.sha256)
        assert there() == (False, True)


@pytest.mark.parametrize("killed", [False, True])
def test_a_film_that_is_deleted_while_it_takes_its_place_does_not_stay(
    sealed_lessons: Lessons, small_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    killed: bool,
) -> None:  # fmt: skip
    lessons, real = sealed_lessons, sealed.write
    second = tmp_path / "segunda.mp4"
    second.write_bytes(small_video.read_bytes() + b"\0\0\0\x08free")
    added = lessons.add(small_video, second)
    name = hashlib.sha256(second.read_bytes()).hexdigest()

    def deleted_meanwhile(plain: Readable, size_bytes: int, *arguments: Any) -> None:
        if size_bytes == second.stat().st_size:
            with lessons.database.write() as session:
                place = erasing.Place(lessons.database, lessons.store)
                erasing.erase_video(session, place, added.id, reason="x", actor=None)
            if killed:
                patch.setattr(derived, "forget_blob", kill)
        real(plain, size_bytes, *arguments)

    def kill(_session: Session, _store: Store, sha256: str) -> None:
        if sha256 == name:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed if killed else NotFoundError):
        patch.setattr(sealed, "write", deleted_meanwhile)
        keep_originals(lessons.task(added))
    if killed:
        assert [file.name for file in lessons.store.blobs()] == [name]
        sweep(lessons.database, lessons.store)
    assert list(lessons.store.blobs()) == []
    lessons.assert_clean()


def test_without_the_key_work_says_so_and_loses_nothing(
    sealed_lessons: Lessons, small_video: Path
) -> None:
    lessons = sealed_lessons
    lessons.prepared(lessons.add(small_video))
    before = {file.name for file in lessons.store.blobs()}
    key = lessons.home.key_path.read_bytes()
    lessons.home.key_path.unlink()
    (why,) = at_rest.locked(lessons.store)
    assert "vault.key" in str(why)
    second, job = lessons.prepared(lessons.add(small_video))
    assert job.state is JobState.FAILED and job.why is not None
    assert "vault.key" in str(job.why)
    with lessons.database.read() as session:
        given = session.get_one(Recording, second.id)
        kept = derived.original(session, lessons.store, given.id)
        assert kept.exists()
    with pytest.raises(KeyMissingError):
        lessons.store.kept(next(iter(before))).open()
    assert {file.name for file in lessons.store.blobs()} == before
    lessons.home.key_path.write_bytes(key)
    assert at_rest.locked(lessons.store) == ()
    assert kept.read_bytes() == small_video.read_bytes()
