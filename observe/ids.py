"""Ids: UUIDv7, made by whoever creates the row, on any machine."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7: unique on any machine, ordered by time of creation."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """Return the id written in `text`, or None when it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None
