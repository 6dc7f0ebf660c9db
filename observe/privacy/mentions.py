"""Where a person's name stands in what is kept: every column of words of every table is looked at.

What is found is told, not changed: what was said of a lesson is frozen and proved by its hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Base

SHORTEST: Final = 6  # of a code or name: a shorter one stands in half of all texts


def count(session: Session, needles: Iterable[str]) -> dict[str, int]:
    """Return in how many rows of which tables one of these stands, without those where none does.

    Capitals make no difference, as far as the database can tell.
    """
    wanted = sorted({each for each in needles if len(each) >= SHORTEST})
    if not wanted:
        return {}
    found = {}
    for table in Base.metadata.sorted_tables:
        columns = [sa.cast(column, sa.Text) for column in table.columns if _holds_words(column)]
        if columns:
            holding = sa.or_(*(_holds(column, each) for column in columns for each in wanted))
            rows = sa.select(sa.func.count()).select_from(table).where(holding)
            found[table.name] = session.scalar(rows) or 0
    return {name: rows for name, rows in found.items() if rows}


def _holds_words(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.String | sa.JSON) and not isinstance(column.type, sa.Enum)


def _holds(column: sa.ColumnElement[str], needle: str) -> sa.ColumnElement[bool]:
    """Match the words as they are, and as JSON writes them."""
    written = {needle, json.dumps(needle)[1:-1]}
    return sa.or_(*(column.icontains(each, autoescape=True) for each in sorted(written)))
