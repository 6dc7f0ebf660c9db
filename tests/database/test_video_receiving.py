"""How films come in: measured again where that was cut short, in pieces, and twice."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from observe.db import Database
from observe.video import operations
from observe.video.media import probe as probe_module
from observe.video.media import tools
from observe.video.media.probe import NotMeasuredError
from observe.video.models import Recording, RecordingState, Upload
from observe.video.operations import LessonDetails, OffsetError
from observe.video.store import Store
from tests.factories import Cast
from tests.films import X264, Film
from tests.kept import files_in

# --- measuring that is cut short -----------------------------------------------------------------


@contextmanager
def measuring_ended(by: signal.Signals) -> Iterator[None]:
    """End the next reader of this process with a signal, as a full machine would."""
    done = threading.Event()

    def end() -> None:
        me = psutil.Process()
        while not done.is_set():
            for child in me.children(recursive=True):
                try:
                    if "probing.py" in " ".join(child.cmdline()):
                        child.send_signal(by)
                        return
                except psutil.Error:
                    continue
            time.sleep(0.002)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def uploaded(database: Database, store: Store, cast: Cast, content: bytes) -> Upload:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", len(content), actor=cast.observer)
    operations.append_upload(database, store, upload.id, 0, content, actor=cast.observer)
    return upload


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_measuring_that_is_ended_is_no_fault_of_the_file(
    film: Film,
    database: Database,
    store: Store,
    cast: Cast,
    details: LessonDetails,
    by: signal.Signals,
) -> None:
    content = film("a.mp4", f"{X264} -c:a aac").read_bytes()
    upload = uploaded(database, store, cast, content)
    with measuring_ended(by), pytest.raises(NotMeasuredError, match="Try again"):
        operations.receive_upload(database, store, upload.id, actor=cast.observer)
    assert store.incoming(upload.id.hex).read_bytes() == content
    received = operations.receive_upload(database, store, upload.id, actor=cast.observer)
    with database.write() as session:
        recording = operations.finish_upload(session, received, details, actor=cast.observer)
    assert recording.state is RecordingState.READY


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_measuring_that_takes_too_long_is_no_fault_of_the_file(
    film: Film, database: Database, store: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploaded(database, store, cast, film("a.mp4", f"{X264} -c:a aac").read_bytes())
    monkeypatch.setattr(probe_module, "_LIMITS", tools.Limits(wall_seconds=1, cpu_seconds=40))
    with measuring_ended(signal.SIGSTOP), pytest.raises(NotMeasuredError):
        operations.receive_upload(database, store, upload.id, actor=cast.observer)
    assert store.incoming(upload.id.hex).exists()
    with measuring_ended(signal.SIGSTOP), pytest.raises(NotMeasuredError):
        operations.receive(store, store.incoming(upload.id.hex))
    assert len(files_in(store)) == 1  # what was copied in for it is gone


# --- pieces --------------------------------------------------------------------------------------


def test_a_slow_disk_keeps_nobody_from_writing(
    database: Database, store: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", 100, actor=cast.observer)
    began, go_on = threading.Event(), threading.Event()
    sync = os.fsync

    def slow(descriptor: int) -> None:
        began.set()
        assert go_on.wait(20)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(
        target=operations.append_upload,
        args=(database, store, upload.id, 0, bytes(60)),
        kwargs={"actor": cast.observer},
    )
    thread.start()
    assert began.wait(20)
    with database.write() as session:  # would wait for as long as the disk does
        operations.begin_upload(session, "otra.mp4", 1, actor=cast.observer)
    assert not go_on.is_set()
    go_on.set()
    thread.join()
    with database.read() as session:
        assert session.get_one(Upload, upload.id).offset == 60


def test_of_two_pieces_for_the_same_place_one_counts_and_stays_whole(
    database: Database, store: Store, cast: Cast
) -> None:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", 3_000_000, actor=cast.observer)
    taken: list[bytes] = []
    at_once = threading.Barrier(4)

    def send(sign: bytes) -> None:
        piece = sign * (1_000_000 + 1000 * sign[0])
        at_once.wait()
        try:
            operations.append_upload(database, store, upload.id, 0, piece, actor=cast.observer)
        except OffsetError:
            return
        taken.append(piece)

    threads = [threading.Thread(target=send, args=(sign,)) for sign in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert store.incoming(upload.id.hex).read_bytes() == taken[0]


# --- the same file twice -------------------------------------------------------------------------


def test_the_same_film_of_an_educator_is_found_again(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("a.mp4", f"{X264} -c:a aac")
    with database.write() as session:
        first, second = (
            operations.add_file(session, store, path, details, actor=cast.observer)
            for _ in range(2)
        )
        assert operations.same_content(session, second) == []  # not hashed yet
        first.sha256 = second.sha256 = "0" * 64
    with database.read() as session:
        recording = session.get_one(Recording, second.id)
        assert [row.id for row in operations.same_content(session, recording)] == [first.id]
