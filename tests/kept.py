"""Files that many tests need of the same film: made for real once, then found as made before.

The product makes a clip once and finds it again by film, kind and recipe; so does a new home here,
where an earlier test of this process made it. Tests of the making itself do not use this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from observe import copying
from observe.db import Database
from observe.video import derived
from observe.video.derived import Made
from observe.video.models import DerivedFile, FileKind, Recording
from observe.video.store import Store

KINDS = (FileKind.CLIP, FileKind.CLIP_POSTER, FileKind.FACES)
_made: dict[str, dict[tuple[FileKind, str], tuple[bytes, str]]] = {}  # by the film's sha256


@contextmanager
def as_before(database: Database, store: Store) -> Iterator[None]:
    """Lay what is known of the films of this home into it, and remember what is made of them."""
    with database.read() as session:
        films = {row.id: row.sha256 for row in session.scalars(sa.select(Recording)) if row.sha256}
    for recording_id, film in films.items():
        for (kind, recipe), (content, media_type) in _made.get(film, {}).items():
            made = store.temporary()
            made.write_bytes(content)
            derived.keep(database, store, made, Made(recording_id, kind, recipe, media_type))
    yield
    with database.read() as session:
        known = sa.select(DerivedFile).where(DerivedFile.kind.in_(KINDS))
        for row in session.scalars(known):
            if row.recording_id in films and derived.is_whole(store, row):
                content = store.kept(row.sha256).read_bytes()
                kept = _made.setdefault(films[row.recording_id], {})
                kept[row.kind, row.recipe] = (content, row.media_type)


def files_in(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def found_in(folder: Path, needles: list[bytes]) -> set[bytes]:
    """Return which of `needles` lie anywhere in the files under `folder`."""
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {needle for needle in needles if any(needle in content for content in contents)}


def killed_copy(home: Path) -> Path:
    """Lay into `home` what a killed backup or restoring leaves; return where its copy lies."""
    folder = home / f"{copying.PREFIX}0001"
    (folder / "home").mkdir(parents=True)
    (folder / "lock").touch()
    return folder / "home"
