"""Alembic's environment: which database, which models, what is not ours."""

from __future__ import annotations

from typing import Literal

from alembic import context

import observe.coding.models
import observe.feedback.models
import observe.jobs
import observe.people.models
import observe.privacy.models
import observe.privacy.request_models
import observe.records.models
import observe.rubric.models
import observe.video.models  # noqa: F401  # each import registers its models
from observe.db import Base, Instant, open_database
from observe.triggers import create_triggers, drop_triggers


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what DBOS keeps in the same database."""
    return kind != "table" or name in Base.metadata.tables


def render_item(kind: str, thing: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations on the database that the caller named."""
    engine = open_database(context.config.attributes["url"]).engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A rebuilt parent table would delete its children through the cascade.
            # Inside a transaction the pragma would do nothing, so the driver is asked directly.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            # SQLite can, and a kill in the middle must leave nothing half-made.
            transactional_ddl=True,
            include_name=include_name,
            render_item=render_item,
            compare_type=True,
        )
        with context.begin_transaction():
            drop_triggers(connection)
            context.run_migrations()
            if context.config.attributes.get("to_head"):
                create_triggers(connection)
            if engine.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"the migration leaves rows without their parent: {broken}")
    engine.dispose()


run()
