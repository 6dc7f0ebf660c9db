"""An older database is brought back: what was deleted since is deleted in it again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe.db import Database, open_database, today
from observe.feedback import forgetting
from observe.feedback.deleting_again import delete_again
from observe.people import class_lists
from observe.people.models import Child, User
from observe.privacy import certificates, consent, names, pseudonyms, requests, tombstones
from observe.privacy.consent import How
from observe.privacy.models import Certificate
from observe.privacy.scopes import FORM_VERSION, TO_CODE, Channel, Scope
from observe.settings import Settings
from observe.video import erasing
from observe.video.models import Recording
from observe.video.store import Store
from tests.database.conftest import copied
from tests.factories import Cast, recording

HOW = How(Channel.PAPER, FORM_VERSION, date(2026, 3, 10))


@pytest.fixture
def film(database: Database, cast: Cast) -> UUID:
    """A lesson of a class of two, with their consents; a request about it is open."""
    with database.write() as session:
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Ana\n2 Luis", actor=cast.observer
        )
        answers = dict.fromkeys(session.scalars(sa.select(Child.id)), frozenset(Scope))
        consent.register_class(session, cast.class_group.id, answers, HOW, actor=cast.observer)
        consent.register_educator(
            session, cast.educator.user_id, frozenset(Scope), HOW, actor=cast.observer
        )
        row = recording(session, cast)
        erasing.hold(session, row.id, "Solicitud 12", actor=cast.observer)
        return row.id


@pytest.fixture
def older(database: Database, home: Settings, tmp_path: Path, film: UUID) -> Iterator[Database]:
    """The database as it was before anything was deleted."""
    assert film
    with copied(database, home, tmp_path / "older.sqlite") as copy:
        yield copy


def _taken_back(database: Database, home: Settings, cast: Cast) -> UUID:
    """The second child's family takes back that lessons are coded; return the child's id."""
    with database.write() as session:
        child = session.scalars(sa.select(Child).where(Child.list_number == 2)).one()
        subject = consent.child_for(session, child.id, actor=cast.observer)
        revocation = consent.revoke(
            session, subject, [Scope.CODE], on=today(), channel=Channel.MAIL, actor=cast.observer
        )
    forgetting.forget_clips(database, home, revocation.id)
    return child.id


def test_each_kind_of_deletion_is_done_again(
    database: Database,
    older: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    film: UUID,
    tmp_path: Path,
) -> None:
    child_id = _taken_back(database, home, cast)
    with database.write() as session:
        erasing.lift(session, film, actor=cast.observer)
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, film, reason="prueba", actor=cast.observer)
        names.delete(session, cast.class_group.id)
        user = session.get_one(User, cast.second_educator.user_id)
        pseudonyms.replace(session, user, cast.school.id, reason="rule:educators")
        pseudonym = user.name
    tombstones.catch_up(home, database)
    tombstones.catch_up(home, database)  # again: nothing more is written
    known = tombstones.known(home)
    assert [each.kind for each in known] == [
        "revoked", "video_deleted", "names_deleted", "pseudonymised",
    ]  # fmt: skip
    written = tombstones.path_of(home).read_text("utf-8")
    assert not any(name in written for name in ("Luis", "Celia", "prueba", "clase.mp4"))

    again = delete_again(older, Store(tmp_path / "older-store"), known)
    assert (len(again.done), again.failed) == (4, ())
    with older.read() as session:
        assert session.get_one(Recording, film).is_erased
        assert set(session.scalars(sa.select(Child.name))) == {""}
        assert session.get_one(User, cast.second_educator.user_id).name == pseudonym
        standings = consent.standings_of(session, [cast.class_group.id])
        assert not standings[child_id].allows(TO_CODE)
        rows = session.scalars(sa.select(Certificate)).all()
        assert [row.reason for row in rows] == ["restore:2", "restore:3", "restore:4"]
        assert all(certificates.is_true(session, row) for row in rows)
    with older.write() as session:  # the class list is written anew in the home brought back
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Nora\n2 Luis", actor=cast.observer
        )
    once_more = delete_again(older, Store(tmp_path / "older-store"), known)
    assert (once_more.done, once_more.failed) == ((), ())


def test_a_consent_taken_back_stays_so_also_in_a_copy_that_was_at_work_later(
    database: Database, older: Database, home: Settings, cast: Cast, film: UUID, tmp_path: Path
) -> None:
    child_id = _taken_back(database, home, cast)
    tombstones.catch_up(home, database)
    with older.write() as session:
        erasing.lift(session, film, actor=cast.observer)
    again = delete_again(older, Store(tmp_path / "older-store"), tombstones.known(home))
    assert [each.kind for each in again.done] == ["revoked"]
    with older.read() as session:
        standings = consent.standings_of(session, [cast.class_group.id])
        assert not standings[child_id].allows(TO_CODE)


def test_what_is_of_another_home_is_passed_over(
    database: Database, home: Settings, store: Store, cast: Cast, film: UUID, migrated_file: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    with database.write() as session:
        erasing.lift(session, film, actor=cast.observer)
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, film, reason="prueba", actor=cast.observer)
    tombstones.catch_up(home, database)
    other = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'other.sqlite')}")
    again = delete_again(other, Store(tmp_path / "other"), tombstones.known(home))
    other.engine.dispose()
    assert (again.done, again.failed) == ((), ())


def test_a_line_that_was_cut_off_hurts_no_other(
    database: Database, home: Settings, store: Store, cast: Cast
) -> None:
    path = tombstones.path_of(home)
    path.parent.mkdir(parents=True)
    path.write_text('{"certificate_id": "01', encoding="utf-8")
    with database.write() as session:
        row = recording(session, cast)
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, row.id, reason="prueba", actor=cast.observer)
    tombstones.catch_up(home, database)
    assert [each.thing_id for each in tombstones.known(home)] == [str(row.id)]


def test_the_name_of_one_child_and_a_video_without_its_clips_go_again(
    database: Database,
    older: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    film: UUID,
    tmp_path: Path,
) -> None:
    reason = requests.reason_of(film)  # any request's
    with database.write() as session:
        erasing.lift(session, film, actor=cast.observer)
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, film, reason=reason, actor=None, with_clips=False)
        child = session.scalars(sa.select(Child).where(Child.list_number == 2)).one()
        names.delete_of(session, child.id, reason=reason, by_id=None)
    tombstones.catch_up(home, database)
    known = tombstones.known(home)
    assert known[0].more == {"with_clips": False}
    again = delete_again(older, Store(tmp_path / "older-store"), known)
    assert (len(again.done), again.failed) == (2, ())
    with older.read() as session:
        names_left = session.scalars(sa.select(Child.name).order_by(Child.list_number)).all()
    assert names_left == ["Ana", ""]


def test_a_key_on_a_drive_that_is_away_keeps_nobody_from_working(
    database: Database, home: Settings, cast: Cast, film: UUID, tmp_path: Path
) -> None:
    away = replace(home, key_file=tmp_path / "drive" / "vault.key")
    (home.home / "vault-key-id").write_text("00" * 8, encoding="ascii")
    with database.write() as session:
        assert session.get_one(Recording, film)
        names.delete(session, cast.class_group.id)
    tombstones.catch_up(away, database)
    assert not away.key_path.parent.exists(), "no folder is made where the drive belongs"
    assert tombstones.is_away(away)
    away.key_path.parent.mkdir()
    tombstones.catch_up(away, database)
    assert len(tombstones.known(away)) == 1
