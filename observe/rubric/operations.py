"""Loading rubrics and finding them again; a version that was loaded never changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from observe.errors import ConflictError, NotFoundError
from observe.ids import parse_id
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.rubric.loader import read_rubric
from observe.rubric.models import RubricVersion
from observe.rubric.schema import Rubric, canonical, from_canonical, hash_of
from observe.text import message

_IN_THE_WHEEL = Path(__file__).parents[1] / "_rubrics"
_IN_A_CHECKOUT = Path(__file__).parents[2] / "rubrics"


def load(session: Session, text: str, filename: str, *, actor: Actor | None) -> RubricVersion:
    """Keep the rubric written in `text`; the same content again is the same row.

    Without an actor it is the program itself that loads what it ships.

    Raises:
        InvalidError: with all problems of the file.
        ConflictError: this version is already here and says something else.

    """
    if actor is not None:
        access.require(actor, Action.RUBRIC_LOAD, Thing("rubric"))
    return keep(session, read_rubric(text, filename), actor=actor)


def keep(session: Session, rubric: Rubric, *, actor: Actor | None) -> RubricVersion:
    """Keep a rubric that was checked; the caller knows that `actor` may.

    Raises:
        ConflictError: this version is already here and says something else.

    """
    document = canonical(rubric)
    known = same_version(session, rubric)
    if known is None:
        return _kept(session, rubric, document, actor)
    if known.content_hash != hash_of(document):
        raise taken(rubric)
    return known


def same_version(session: Session, rubric: Rubric) -> RubricVersion | None:
    """Return what is here under the id and the version number of `rubric`."""
    return session.scalar(
        sa.select(RubricVersion).filter_by(rubric_id=rubric.id, version=rubric.version)
    )


def _kept(session: Session, rubric: Rubric, document: str, actor: Actor | None) -> RubricVersion:
    row = RubricVersion(
        rubric_id=rubric.id,
        version=rubric.version,
        document=document,
        content_hash=hash_of(document),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # two who loaded it at once
        raise taken(rubric) from error
    audit.record(
        session,
        "rubric.load",
        actor_id=actor.user_id if actor else None,
        thing_kind="rubric",
        thing_id=row.id,
        rubric=rubric.id,
        version=rubric.version,
        content_hash=row.content_hash,
    )
    return row


def taken(rubric: Rubric) -> ConflictError:
    """Return the refusal of a rubric whose version number is another's."""
    return ConflictError(
        message(
            "Version %(version)s of «%(rubric)s» is already here with other words, and a version "
            "never changes: give the file a new version number.",
            rubric=rubric.id,
            version=rubric.version,
        )
    )


def load_shipped(session: Session) -> list[RubricVersion]:
    """Keep every rubric that comes with the program; loading again changes nothing."""
    paths = sorted(shipped_folder().glob("*/*.yaml"))
    return [load(session, path.read_text("utf-8"), path.name, actor=None) for path in paths]


def shipped_folder() -> Path:
    """Return the folder of the rubrics that come with the program (wheel or checkout)."""
    return _IN_THE_WHEEL if _IN_THE_WHEEL.is_dir() else _IN_A_CHECKOUT


def versions(session: Session) -> list[RubricVersion]:
    """Return all versions: by rubric, the newest version of each first."""
    rows = session.scalars(sa.select(RubricVersion)).all()
    newest_first = sorted(rows, key=version_order, reverse=True)
    return sorted(newest_first, key=lambda row: row.rubric_id)


def version_order(row: RubricVersion) -> tuple[int, ...]:
    """Return what versions of a rubric are sorted by: 1.10 comes after 1.9."""
    return tuple(int(part) for part in row.version.split("."))


def rubric_of(version: RubricVersion) -> Rubric:
    """Return what `version` says; parsed once for each content."""
    return _parsed(version.document)


@lru_cache(maxsize=64)
def _parsed(document: str) -> Rubric:
    return from_canonical(document)


def version_for(session: Session, name: str) -> RubricVersion:
    """Return the version named `id` (its newest), `id@version` or by its UUID.

    Raises:
        NotFoundError: there is none; the sentence says which there are.

    """
    row = _by_uuid(session, name) or _by_name(session, name)
    if row is None:
        raise _unknown(session, name)
    return row


def _by_uuid(session: Session, name: str) -> RubricVersion | None:
    version_id = parse_id(name)
    return session.get(RubricVersion, version_id) if version_id else None


def _by_name(session: Session, name: str) -> RubricVersion | None:
    rubric_id, _, version = name.partition("@")
    query = sa.select(RubricVersion).filter_by(rubric_id=rubric_id)
    if version:
        query = query.filter_by(version=version)
    return max(session.scalars(query), key=version_order, default=None)


def _unknown(session: Session, name: str) -> NotFoundError:
    known = sorted({row.rubric_id for row in versions(session)})
    return NotFoundError(
        message(
            "There is no rubric «%(name)s» here; loaded are: %(known)s.",
            name=name,
            known=", ".join(known) or "–",
        )
    )
