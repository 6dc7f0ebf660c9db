"""The database: one engine a process, short sessions, and the schema's history.

SQLite on a laptop (one file, write-ahead log, every commit synced), PostgreSQL at a hub. A
check and the change it guards see one state: on SQLite writing sessions take the write lock with
their first statement, even one that reads; on PostgreSQL they hold the rows that they check
(`locked`).
"""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from observe.ids import new_id
from observe.settings import SCHOOL_TIME

BUSY_TIMEOUT_MS = 15_000
_POSTGRES_FILES = 0x6F627366
TRACE_TIMEOUT_MS = 2_000


class Instant(sa.TypeDecorator[datetime]):
    """A moment in UTC: aware in Python on both databases (SQLite keeps no time zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store moments in UTC; refuse a naive one, whose meaning depends on the machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return moments aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all models: named constraints, so that migrations can speak of them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant,
        date: sa.Date,
        UUID: sa.Uuid,
        str: sa.Text,
        dict[str, Any]: sa.JSON,
    }


Row = TypeVar("Row", bound=Base)


class Identified:
    """A row with an id of our own making."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def choice(options: type[enum.StrEnum]) -> sa.Enum:
    """Return a column type that holds one of `options` by its value; the database checks it."""
    return sa.Enum(
        options,
        name=options.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda kinds: [kind.value for kind in kinds],
    )


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the day it is at the schools, wherever this computer stands: see `day_of`."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """Return the day of a moment at the schools: the evening there is tomorrow already in UTC.

    >>> day_of(datetime(2026, 11, 29, 1, 30, tzinfo=UTC)).isoformat()
    '2026-11-28'
    """
    return moment.astimezone(SCHOOL_TIME).date()


@dataclass(frozen=True)
class Database:
    """Sessions on one engine: `write` commits at its end or changes nothing, `read` only reads."""

    engine: sa.Engine

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        # No `sessionmaker`: each is a new class, which takes longer than what most sessions do.
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one state and takes no lock; nothing in it is committed."""
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    def leave_no_trace(self) -> None:
        """Take what was deleted out of the write-ahead log of SQLite too; call it after a commit.

        In the database itself `secure_delete` has overwritten it. While others read, the log is
        emptied by the next call, or when the last of them is done.
        """
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        # Busy, it is no reason to refuse what is committed already.
        with closing(connection), suppress(sqlite3.OperationalError):
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={TRACE_TIMEOUT_MS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:  # the next one who is given this connection waits as ever
                cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
                cursor.close()

    @cached_property
    def _reading(self) -> sa.Engine:
        if self.engine.dialect.name == "sqlite":
            return self.engine.execution_options(reading=True)
        # By itself PostgreSQL shows each statement what was committed before it.
        return self.engine.execution_options(isolation_level="REPEATABLE READ")


def locked(session: Session, kind: type[Row], row_id: UUID) -> Row | None:
    """Return a row as it is once nobody else holds it, and hold it until the session ends.

    What the session had read of it before the wait is read anew; None: there is no such row.
    """
    return session.get(kind, row_id, with_for_update=True, populate_existing=True)


def files_come(session: Session) -> None:
    """Let no sweep begin until the session ends: it would take the file whose row comes later.

    Called before a session puts a file into the store.
    """
    connection = session.connection()  # on SQLite that takes the write lock
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_POSTGRES_FILES)))


def files_rest(session: Session) -> None:
    """Wait until no other session brings a file, and let none begin until this one ends."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_FILES)))


def insert_all(session: Session, kind: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert many rows in one go. What the session had read of them is not read anew."""
    if told := [dict(row) for row in rows]:
        session.execute(sa.insert(kind), told)


def update_all(session: Session, kind: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Update many rows by their primary key, which each names, in one go, as `insert_all`."""
    # A list: given anything else, SQLAlchemy updates every row of the table.
    if told := [dict(row) for row in rows]:
        session.execute(sa.update(kind), told)


def open_database(url: str) -> Database:
    """Return the database at `url`, with the durability that no acknowledged change is lost."""
    # What is written stands in no error's text, which may come into a log: names, and e-mails.
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    event.listen(engine, "handle_error", _without_the_row)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _without_the_row(context: sa.engine.ExceptionContext) -> None:
    """Cut off what PostgreSQL tells after its sentence: it quotes the row that it refuses."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\nDETAIL:")[0], *error.args[1:])


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the begin event below begins
    cursor = connection.cursor()
    # The timeout first: switching to the write-ahead log already takes a lock.
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
    # Without it INSERT OR REPLACE would delete behind the back of the triggers.
    cursor.execute("PRAGMA recursive_triggers=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
