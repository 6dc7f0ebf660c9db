"""Fixtures: a migrated database a test, the fixed cast, real files, and what no test may do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import imageio_ffmpeg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import schema
from observe.db import Database, open_database
from observe.feedback import followup  # noqa: F401  # as every way in: submitting asks it
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load_shipped, version_for
from observe.settings import SCHOOL_TIME, Settings
from observe.video.store import Store, open_store
from tests import factories

# Nothing is judged by how fast a shared machine is, and a commit always by the same cases;
# `make torture` looks for new ones.
_PATIENT: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("observe", derandomize=True, **_PATIENT)
hypothesis.settings.register_profile("search", max_examples=1_000, **_PATIENT)
hypothesis.settings.load_profile("observe")

# Today is the day at the schools for tests too, also in the evening, when UTC has the next one.
os.environ["TZ"] = SCHOOL_TIME.key
if hasattr(time, "tzset"):
    time.tzset()


# A program compiles each statement once, a test in a home of its own would compile them all again:
# a quarter of its time. All these homes have one SQLite, so one dialect and what it compiled serve.
_dialects: dict[type[sa.Dialect], sa.Dialect] = {}
_compiled: dict[object, object] = {}


@sa.event.listens_for(sa.Engine, "engine_connect")
def _compiled_once(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        kind = type(connection.dialect)
        connection.dialect = _dialects.setdefault(kind, connection.dialect)
        connection.execution_options(compiled_cache=_compiled)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a budget where `make test` does not look for one."""
    browser = Path(__file__).parent / "browser"
    for item in items:
        if item.get_closest_marker("budget") and browser not in item.path.parents:
            raise pytest.UsageError(f"{item.nodeid}: budgets stand in tests/browser")


REAL_DATA = Path(__file__).parents[1].resolve().parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever in this process connects to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def real_data() -> Path:
    """The folder of real files, where it is there."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real files are not on this machine")
    return REAL_DATA


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database brought up by the migrations, with the shipped rubrics: copied for each test."""
    settings = Settings(home=tmp_path_factory.mktemp("template"))
    schema.upgrade(settings)
    database = open_database(settings.url)
    with database.write() as session:
        load_shipped(session)
    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return settings.database_path


@pytest.fixture
def home(tmp_path: Path, migrated_file: Path) -> Settings:
    """A home of its own for this test: migrated, rubrics loaded, nobody in it."""
    settings = Settings(
        home=tmp_path / "home",
        import_folders=(tmp_path / "camera",),
        key_file=tmp_path / "keys" / "vault.key",
    )
    settings.home.mkdir()
    shutil.copy(migrated_file, settings.database_path)
    return settings


@pytest.fixture
def database(home: Settings) -> Iterator[Database]:
    """The home's database."""
    opened = open_database(home.url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session; what the test leaves is committed at its end."""
    with database.write() as opened:
        yield opened


@pytest.fixture
def store(home: Settings) -> Store:
    """The home's files."""
    return open_store(home)


@pytest.fixture
def cast(database: Database) -> factories.Cast:
    """The fixed cast, committed."""
    with database.write() as session:
        return factories.cast(session)


@pytest.fixture
def rubric_version(database: Database) -> RubricVersion:
    """The deep-learning pauta as loaded."""
    with database.read() as session:
        return version_for(session, "aprendizaje-profundo")


MakeVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def make_video(tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """Return a maker of small real videos: frame counter in the picture, tone in the sound."""
    folder = tmp_path_factory.mktemp("videos")

    def make(
        seconds: int = 30, *, name: str = "clase.mp4", size: str = "320x180", rate: int = 10
    ) -> Path:
        target = folder / f"{seconds}-{size}-{rate}-{name}"
        if not target.exists():
            _encode(target, seconds, size, rate)
        return target

    return make


def _encode(target: Path, seconds: int, size: str, rate: int) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]
    command += ["-f", "lavfi", "-i", f"sine=frequency=330:duration={seconds}"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-g", str(rate), "-pix_fmt", "yuv420p"]
    command += ["-c:a", "aac", "-b:a", "32k", "-movflags", "+faststart", str(target)]
    subprocess.run(command, check=True, timeout=120)


@pytest.fixture(scope="session")
def small_video(make_video: MakeVideo) -> Path:
    """A real H.264/AAC lesson of 30 seconds."""
    return make_video(30)


@pytest.fixture(scope="session")
def sparse_video(make_video: MakeVideo) -> Path:
    """A lesson of 30 seconds with two pictures a second: each of them is searched for faces."""
    return make_video(30, rate=2)
