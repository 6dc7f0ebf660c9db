"""The schema's history runs up, down and with data, on both databases, and ends at the models."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import observe.feedback.models
import observe.records.models  # noqa: F401  # registers all models
from observe import schema
from observe.db import Base, open_database
from observe.errors import ObserveError
from observe.people import audit
from observe.settings import Settings
from observe.triggers import RULES
from tests import factories


def test_up_leads_to_the_models(empty_url: str) -> None:
    schema.migrate(empty_url, "head")
    engine = open_database(empty_url).engine
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (
                    kind != "table" or name in Base.metadata.tables
                )
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_down_leaves_nothing_of_ours(empty_url: str) -> None:
    schema.migrate(empty_url, "head")
    schema.downgrade(empty_url, "base")
    engine = open_database(empty_url).engine
    assert not set(sa.inspect(engine).get_table_names()) & set(Base.metadata.tables)
    engine.dispose()
    schema.migrate(empty_url, "head")
    assert schema.current(empty_url) == schema.head()


def test_up_again_keeps_the_data_and_the_triggers(empty_url: str) -> None:
    schema.migrate(empty_url, "head")
    database = open_database(empty_url)
    with database.write() as session:
        cast = factories.cast(session)
        recording = factories.recording(session, cast)
        audit.record(session, "test", actor_id=None, thing_kind="recording", thing_id=recording.id)
    schema.migrate(empty_url, "head")
    with database.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM recording")) == 1
        assert audit.first_broken(session) is None
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.write() as session:
        session.execute(sa.text("DELETE FROM audit_entry"))
    database.engine.dispose()


def test_a_laptop_copies_before_it_upgrades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    assert schema.upgrade(settings) is None, "an empty home has nothing to copy"
    assert schema.upgrade(settings) is None, "a current schema is left alone"
    with sqlite3.connect(settings.database_path) as connection:
        connection.execute("INSERT INTO school VALUES ('1234-5', 'Los Aromos', '', 'a')")
    connection.close()
    copy = schema.copy_before_upgrade(settings, "0001")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT name FROM school").fetchone() == ("Los Aromos",)
    connection.close()


def test_an_outdated_schema_stops_the_start_with_the_command(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(ObserveError, match="observe init"):
        schema.check(settings)


@pytest.mark.parametrize("broken_step", ["command.upgrade", "DBOS.migrate"])
def test_a_home_cut_off_in_the_middle_is_whole_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_step: str
) -> None:
    settings = Settings(home=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(f"observe.schema.{broken_step}", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            schema.upgrade(settings)
    schema.upgrade(settings)
    schema.check(settings)
    engine = open_database(settings.url).engine
    with engine.connect() as connection:
        made = connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        assert {rule.name for rule in RULES} == set(made)
    assert "workflow_status" in sa.inspect(engine).get_table_names()
    engine.dispose()


def _cut_off(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_two_migrators_at_once_do_not_collide(empty_url: str) -> None:
    command = f"from observe.schema import migrate; migrate({empty_url!r}, 'head')"
    migrators = [subprocess.Popen([sys.executable, "-c", command]) for _ in range(2)]
    assert [migrator.wait(timeout=60) for migrator in migrators] == [0, 0]
    assert schema.current(empty_url) == schema.head()
