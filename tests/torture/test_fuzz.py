"""Damaged and forged files: each is answered in bounded time, and nothing else ever happens.

A seed makes the same files every time. Guards that no file, however made, crashes or hangs the
program, leaves anything outside the store, or makes it open a connection or another file.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from observe.errors import BadInputError, ObserveError
from observe.video import operations
from observe.video.media import pictures
from observe.video.store import Store
from tests.conftest import REAL_DATA
from tests.films import Listener, Watchdog, run_ffmpeg

BATCH = 50
BATCHES = 20  # 1,000 files under `make torture`
SHORT_BATCH = 40
BOUND_S = 30  # far below the limits; a file that needs longer would starve the others
LARGEST = 700_000
HEAD = 4096
EXTREMES = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
KINDS = {
    "a.mp4": "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac",
    "head.mp4": "-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart",
    "parts.mp4": "-c:v libx264 -pix_fmt yuv420p -g 10 -an -movflags frag_keyframe+empty_moov",
    "hevc.mov": "-c:v libx265 -x265-params log-level=error -c:a pcm_s16le",
    "a.3gp": "-c:v mpeg4 -c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12.2k",
    "a.mkv": "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a libopus",
    "a.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
    "av1.webm": "-c:v libsvtav1 -preset 12 -an",
    "a.avi": "-c:v mpeg4 -c:a libmp3lame",
    "a.mpg": "-c:v mpeg2video -c:a mp2 -f mpeg",
    "a.ts": "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac",
    "a.wmv": "-c:v wmv2 -c:a wmav2",
    "a.ogv": "-c:v libtheora -c:a libvorbis",
    "a.flv": "-c:v flv -c:a libmp3lame -ar 44100",
}

Change = Callable[[bytearray, random.Random], None]


# --- what is fed in ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """Return whole films of every kind, and the real ones where they are there."""
    folder = tmp_path_factory.mktemp("seeds")
    given = "-f lavfi -i testsrc2=size=96x72:rate=10:duration=1 -f lavfi -i sine=duration=1"
    for name, options in KINDS.items():
        run_ffmpeg(*given.split(), *options.split(), folder / name)
    real = [path for part in ("videos", "hostile") for path in (REAL_DATA / part).glob("*.*")]
    found = sorted(folder.iterdir()) + sorted(real)
    return [
        (path.suffix, path.read_bytes())
        for path in found
        if path.is_file() and path.stat().st_size <= LARGEST
    ]


def somewhere(content: bytearray, chance: random.Random) -> int:
    """Return a place, mostly where the file tells of itself: its head, its index, its end."""
    index = content.find(b"moov")
    starts = [0, 0, max(0, index), max(0, len(content) - HEAD), chance.randrange(len(content))]
    return min(len(content) - 1, chance.choice(starts) + chance.randrange(HEAD))


def flip_bytes(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 32))):
        content[somewhere(content, chance)] = chance.randrange(256)


def forge_number(content: bytearray, chance: random.Random) -> None:
    at, order = somewhere(content, chance), chance.choice("<>")
    content[at : at + 4] = struct.pack(f"{order}I", chance.choice(EXTREMES))


def cut_short(content: bytearray, chance: random.Random) -> None:
    del content[somewhere(content, chance) + 1 :]


def repeat_piece(content: bytearray, chance: random.Random) -> None:
    at = somewhere(content, chance)
    content[at:at] = content[at : at + chance.randrange(1, HEAD)] * chance.choice((1, 1, 50))


def leave_out_piece(content: bytearray, chance: random.Random) -> None:
    at = somewhere(content, chance)
    del content[at + 1 : at + chance.randrange(2, HEAD)]


def blank_piece(content: bytearray, chance: random.Random) -> None:
    at = somewhere(content, chance)
    piece = content[at : at + chance.randrange(1, HEAD)]
    content[at : at + len(piece)] = bytes(len(piece))


CHANGES: tuple[Change, ...] = (
    flip_bytes,
    flip_bytes,
    forge_number,
    forge_number,
    cut_short,
    repeat_piece,
    leave_out_piece,
    blank_piece,
)


def forged(
    seeds: list[tuple[str, bytes]], addresses: list[bytes], chance: random.Random
) -> tuple[str, bytes]:
    """Return the suffix and content of a damaged file; some point to `addresses`."""
    suffix, whole = chance.choice(seeds)
    content = bytearray(whole or b"\0")
    for _ in range(chance.randint(1, 4)):
        chance.choice(CHANGES)(content, chance)
        content = content or bytearray(b"\0")
    if chance.random() < 0.2:
        at, address = somewhere(content, chance), chance.choice(addresses)
        content[at : at + len(address)] = address
    if chance.random() < 0.1:  # another kind's head
        _, other = chance.choice(seeds)
        content[: chance.randrange(1, 512)] = other[: chance.randrange(1, 512)]
    return suffix, bytes(content)


# --- who watches ---------------------------------------------------------------------------------


@contextmanager
def watched_children() -> Iterator[list[str]]:
    """Collect every internet socket that a process of ours opens while the block runs.

    Between fork and exec a child still has those of this process.
    """
    ours = {each.laddr for each in psutil.Process().net_connections(kind="inet")}
    found: list[str] = []
    done = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not done.wait(0.02):
            for child in me.children(recursive=True):
                try:
                    opened = child.net_connections(kind="inet")
                    found.extend(str(each) for each in opened if each.laddr not in ours)
                except psutil.Error:
                    continue  # it ended meanwhile

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def feed(store: Store, path: Path) -> bool:
    """Add a file as a person would, and draw its cover; tell whether it was accepted."""
    try:
        received = operations.receive(store, path)
    except ObserveError:
        return False
    poster = store.temporary(".jpg")
    source = store.incoming(received.name)
    try:
        assert received.probe.duration_ms > 0
        pictures.draw_poster(source, received.probe, 0, poster, lambda: None)
    except BadInputError:
        pass  # the sentence that no picture could be drawn
    finally:
        poster.unlink(missing_ok=True)
        store.delete_incoming(received.name)
    return True


def feed_all(
    store: Store, folder: Path, seeds: list[tuple[str, bytes]], seed: int, count: int
) -> int:
    """Feed `count` files made from `seed`; return how many were accepted."""
    chance, accepted = random.Random(seed), 0
    canary = folder / "canary.mp4"
    canary.write_bytes(seeds[0][1])
    dog = Watchdog(canary)
    with Listener().open() as listener, watched_children() as sockets:
        addresses = [f"{listener.address}/x\0".encode(), b"file://%b\0" % os.fsencode(canary)]
        for number in range(count):
            suffix, content = forged(seeds, addresses, chance)
            path = folder / f"forged{suffix}"
            path.write_bytes(content)
            before, began = tree(folder), time.monotonic()
            accepted += feed(store, path)
            told = f"file {number} of seed {seed} ({suffix}, {len(content)} bytes)"
            assert time.monotonic() - began < BOUND_S, told
            assert tree(folder) == before, told
            assert path.read_bytes() == content, told
            assert not sockets, told
            assert not dog.bitten(), told
            path.unlink()
        assert listener.asked == []
    dog.close()
    return accepted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which anything may be written, that of temporary files included."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
def test_forged_files_are_answered_and_nothing_else_happens(
    store: Store, folder: Path, seeds: list[tuple[str, bytes]]
) -> None:
    accepted = feed_all(store, folder, seeds, seed=0, count=SHORT_BATCH)
    assert 0 < accepted < SHORT_BATCH  # both ways are walked


@pytest.mark.torture
@pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
@pytest.mark.parametrize("seed", range(1, BATCHES + 1))
def test_a_thousand_forged_files(
    store: Store, folder: Path, seeds: list[tuple[str, bytes]], seed: int
) -> None:
    feed_all(store, folder, seeds, seed, BATCH)
