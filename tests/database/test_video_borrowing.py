"""A large file is coded where it lies, and copied in whatever becomes of its preparation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from observe import jobs
from observe.errors import ConflictError
from observe.jobs import JobState
from observe.video import operations
from observe.video import store as store_module
from observe.video.models import Recording, RecordingState
from observe.video.preparing import borrowing
from tests.lessons import Lessons, encoded


@pytest.fixture(autouse=True)
def _borrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file system that shares no blocks, on which every file counts as large."""
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "cloned", lambda *_: False)
        patch.setattr(store_module, "BORROWED_ABOVE", 0)
        yield


@pytest.fixture
def card(tmp_path: Path) -> Path:
    folder = tmp_path / "card"
    folder.mkdir()
    return folder


def copying(lessons: Lessons, recording: Recording) -> jobs.Job:
    with lessons.database.read() as session:
        job = jobs.latest(session, borrowing.KIND, recording.id)
    assert job is not None
    return jobs.wait_for(lessons.home, job.id, lambda _job: None)


def is_borrowed(lessons: Lessons, recording: Recording) -> bool:
    with lessons.database.read() as session:
        row = session.get_one(Recording, recording.id)
        return borrowing.is_borrowed(session, lessons.store, row)


def test_stopping_its_preparation_does_not_leave_it_on_the_card(
    lessons: Lessons, card: Path
) -> None:
    film = encoded(card / "a.avi", "-c:v", "mpeg4", seconds=4)
    content = film.read_bytes()
    added = lessons.add(film)
    assert is_borrowed(lessons, added)
    with lessons.database.write() as session:
        operations.cancel_preparation(session, added.id, actor=lessons.cast.observer)
    assert copying(lessons, added).state is JobState.DONE
    shutil.rmtree(card)
    assert not is_borrowed(lessons, added)
    assert added.incoming is not None
    assert lessons.store.incoming(added.incoming).read_bytes() == content
    with lessons.database.write() as session:
        operations.retry_preparation(session, added.id, actor=lessons.cast.observer)
    recording, job = lessons.prepared(added)
    assert (recording.state, job.state) == (RecordingState.READY, JobState.DONE)
    lessons.assert_clean()


def test_every_part_is_copied_in(lessons: Lessons, card: Path) -> None:
    films = [encoded(card / f"{number}.mp4", seconds=2) for number in (1, 2)]
    added = lessons.add(*films)
    assert copying(lessons, added).state is JobState.DONE
    shutil.rmtree(card)
    recording, job = lessons.prepared(added)
    assert (recording.state, job.state) == (RecordingState.READY, JobState.DONE)
    lessons.assert_clean()


def test_a_card_pulled_out_too_early_is_told_and_may_come_back(
    lessons: Lessons, small_video: Path, card: Path, tmp_path: Path
) -> None:
    film = Path(shutil.copy2(small_video, card))
    added = lessons.add(film)
    assert lessons.playable(added).file.plain == film
    card.rename(tmp_path / "elsewhere")
    with pytest.raises(ConflictError, match="card or disk"):
        lessons.playable(added)
    assert ["card or disk" in problem for problem in lessons.problems()] == [True]
    failed = copying(lessons, added)
    assert failed.state is JobState.FAILED
    assert "card or disk" in str(failed.why)
    assert lessons.prepared(added)[1].state is JobState.FAILED
    (tmp_path / "elsewhere").rename(card)
    with lessons.database.write() as session:
        operations.retry_preparation(session, added.id, actor=lessons.cast.observer)
    assert lessons.prepared(added)[1].state is JobState.DONE
    assert not is_borrowed(lessons, added)
    lessons.assert_clean()
