"""The schema's history: one Alembic history for SQLite and PostgreSQL.

On a laptop the database file is copied before an upgrade and the copy is named; at a hub an
outdated schema stops the start and the command to run is told.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dbos import DBOS
from filelock import FileLock

from observe.db import now, open_database
from observe.errors import ObserveError
from observe.settings import Settings
from observe.text import message

_POSTGRES_LOCK = 0x6D696772  # two migrators must not meet


def migrations_path() -> Path:
    """Return the folder of the migrations, in a checkout or in the installed package."""
    package = Path(__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def head() -> str:
    """Return the revision that this code needs."""
    found = ScriptDirectory.from_config(_config("")).get_current_head()
    if found is None:
        raise RuntimeError("the migrations are missing from this installation")
    return found


def knows(revision: str) -> bool:
    """Tell whether `revision` is one of this program's history."""
    history = ScriptDirectory.from_config(_config("")).walk_revisions()
    return any(script.revision == revision for script in history)


def current(url: str) -> str | None:
    """Return the revision that the database at `url` has, or None for an empty one."""
    engine = open_database(url).engine
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def upgrade(settings: Settings) -> Path | None:
    """Bring the database to `head`; return the copy made before, if there was something to copy."""
    _close_to_others(settings)
    before = current(settings.url)
    if before == head():
        return None
    copy = None
    if before is not None and settings.mode == "laptop":
        copy = copy_before_upgrade(settings, before)
    migrate(settings.url, "head")
    return copy


def _close_to_others(settings: Settings) -> None:
    """Make the home where there is none, and let nobody else on this computer read what is in it.

    Names of children and of educators are. The folder itself may be one that she made and shares:
    of one that was there only what is ours is closed, as an older version may have left it open.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = settings.database_path
    ours = [database.with_name(f"{database.name}{ending}") for ending in ("", "-wal", "-shm")]
    for path in (*ours, settings.backup_path, *settings.backup_path.glob("*")):
        with suppress(OSError):  # not there, or another one's
            path.chmod(path.stat().st_mode & 0o700)


def migrate(url: str, revision: str) -> None:
    """Move the schema at `url` up to `revision`, and DBOS's own tables to its version."""
    database = open_database(url)
    try:
        with _alone(database.engine):
            # DBOS first and the triggers inside the migration: a kill in between leaves a schema
            # that is not at head yet, and the next start goes on.
            DBOS.migrate(system_database_url=url)
            config = _config(url)
            config.attributes["to_head"] = revision == "head"
            command.upgrade(config, revision)
    finally:
        database.engine.dispose()


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """Keep a second migrator waiting until this one is done."""
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.migrating"):
            yield
        return
    with engine.connect() as connection:
        # Asked again and again, since a session that waits inside the statement would hold up
        # the CREATE INDEX CONCURRENTLY of the one that works.
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_POSTGRES_LOCK))):
            connection.rollback()
            time.sleep(0.2)
        connection.commit()  # the lock is the session's: it ends with this connection
        yield


def downgrade(url: str, revision: str) -> None:
    """Move the schema at `url` down to `revision`."""
    command.downgrade(_config(url), revision)


def copy_before_upgrade(settings: Settings, revision: str) -> Path:
    """Copy the laptop's database, consistent while others use it; return the copy."""
    settings.backup_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = settings.backup_path / f"before-upgrade-{revision}-{now():%Y%m%dT%H%M%S}.sqlite"
    with sqlite3.connect(settings.database_path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    return copy


def check(settings: Settings) -> None:
    """Return when the schema is the one this code needs.

    Raises:
        ObserveError: it is older or newer; the sentence names the command to run.
    """
    if current(settings.url) != head():
        raise ObserveError(
            message("The database has another version than this program. Run: observe init")
        )
