"""The second step below the web: codes, codes on paper, and who may take them away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from observe.db import Database, now
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.people import second_step, signin
from observe.people.models import AuditEntry, CodeApp, RecoveryCode, SignInSession
from observe.settings import Settings
from observe.vault import KeyMissingError, Vault, open_vault
from tests.codes import with_phone
from tests.factories import Cast


@pytest.fixture
def vault(home: Settings) -> Vault:
    return open_vault(home)


def entered(database: Database, cast: Cast) -> signin.SignedIn:
    """A session of the observer, as a link opens it."""
    with database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
        return signin.use_link(session, secret, hours=1)


def is_in(database: Database, secret: str) -> bool:
    with database.read() as session:
        return signin.session_row(session, secret) is not None


def test_until_it_is_confirmed_nobody_is_asked(
    database: Database, cast: Cast, vault: Vault
) -> None:
    with database.write() as session:
        second_step.begin_app(session, vault, cast.observer.user_id, actor=cast.observer)
    assert not entered(database, cast).waiting
    with pytest.raises(BadInputError), database.write() as session:
        second_step.confirm_app(
            session, vault, cast.observer.user_id, "000000x", secret="", actor=cast.observer
        )
    assert not entered(database, cast).waiting


def test_who_waits_for_it_is_nobody_yet(database: Database, cast: Cast, vault: Vault) -> None:
    phone, _ = with_phone(database, vault, cast.observer)
    first = entered(database, cast)
    assert first.waiting
    assert not is_in(database, first.secret)
    code = phone.code()
    with database.write() as session:
        second = second_step.enter_with_code(session, vault, first.secret, code, hours=1)
    assert is_in(database, second.secret)
    assert not is_in(database, first.secret), "a secret of before is worth nothing after"
    again = entered(database, cast)
    with pytest.raises(BadInputError), database.write() as session:
        second_step.enter_with_code(session, vault, again.secret, code, hours=1)
    with pytest.raises(BadInputError), database.write() as session:
        second_step.enter_with_code(session, vault, second.secret, phone.code(), hours=1)


@pytest.mark.parametrize("code", ["", "0", "000000", "١٢٣٤٥٦", "aaaa-aaaa-aaaa-aaaa", "x" * 500])
def test_a_wrong_code_lets_nobody_in(
    database: Database, cast: Cast, vault: Vault, code: str
) -> None:
    with_phone(database, vault, cast.observer)
    first = entered(database, cast)
    with pytest.raises(BadInputError), database.write() as session:
        second_step.enter_with_code(session, vault, first.secret, code, hours=1)
    assert not is_in(database, first.secret)


def test_waiting_ends_by_time(database: Database, cast: Cast, vault: Vault) -> None:
    phone, _ = with_phone(database, vault, cast.observer)
    first = entered(database, cast)
    with database.write() as session:
        row = signin.session_row(session, first.secret, waiting=True)
        assert row is not None
        assert row.expires_at <= now() + signin.WAITING
        session.execute(sa.update(SignInSession).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(BadInputError), database.write() as session:
        second_step.enter_with_code(session, vault, first.secret, phone.code(), hours=1)


def test_a_code_on_paper_works_once_however_it_is_written(
    database: Database, cast: Cast, vault: Vault
) -> None:
    _, codes = with_phone(database, vault, cast.observer)
    assert len(set(codes)) == second_step.RECOVERY_CODES
    typed = codes[3].upper().replace("-", " ")
    first = entered(database, cast)
    with database.write() as session:
        second_step.enter_with_code(session, vault, first.secret, typed, hours=1)
        assert second_step.tied_to(
            session, cast.observer.user_id, actor=cast.observer
        ).codes_left == (second_step.RECOVERY_CODES - 1)
    again = entered(database, cast)
    with pytest.raises(BadInputError), database.write() as session:
        second_step.enter_with_code(session, vault, again.secret, codes[3], hours=1)


def test_another_persons_codes_do_not_do(database: Database, cast: Cast, vault: Vault) -> None:
    with_phone(database, vault, cast.observer)
    phone, codes = with_phone(database, vault, cast.educator)
    first = entered(database, cast)
    for code in (codes[0], phone.code()):
        with pytest.raises(BadInputError), database.write() as session:
            second_step.enter_with_code(session, vault, first.secret, code, hours=1)


def test_no_secret_of_it_is_in_the_database(
    database: Database, cast: Cast, vault: Vault, home: Settings
) -> None:
    with database.write() as session:
        second_step.begin_app(session, vault, cast.observer.user_id, actor=cast.observer)
        offered = second_step.offered(session, vault, cast.observer.user_id, actor=cast.observer)
    assert offered is not None
    _, codes = with_phone(database, vault, cast.educator)
    content = b"".join(file.read_bytes() for file in home.home.glob("observe.sqlite*"))
    assert cast.observer.user_id.hex.encode() in content, "this is where it would be"
    for secret in (offered.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.encode() not in content
    with database.read() as session:
        told = " ".join(session.scalars(sa.select(AuditEntry.details)))
    assert codes[0] not in told


def test_without_its_key_the_home_says_so_and_paper_still_works(
    database: Database, cast: Cast, vault: Vault, home: Settings, tmp_path: Path
) -> None:
    phone, codes = with_phone(database, vault, cast.observer)
    first = entered(database, cast)
    elsewhere = open_vault(replace(home, key_file=tmp_path / "other.key"))
    with pytest.raises(KeyMissingError), database.write() as session:
        second_step.enter_with_code(session, elsewhere, first.secret, phone.code(), hours=1)
    with database.write() as session:  # those on paper need no key
        second_step.enter_with_code(session, elsewhere, first.secret, codes[0], hours=1)


def test_taking_it_away_leaves_nothing(database: Database, cast: Cast, vault: Vault) -> None:
    with_phone(database, vault, cast.observer)
    with pytest.raises(ConflictError), database.write() as session:
        second_step.begin_app(session, vault, cast.observer.user_id, actor=cast.observer)
    with database.write() as session:
        second_step.take_app_away(session, cast.observer.user_id, actor=cast.observer)
        assert session.scalar(sa.select(sa.func.count(CodeApp.id))) == 0
        assert session.scalar(sa.select(sa.func.count(RecoveryCode.id))) == 0
    assert not entered(database, cast).waiting


def test_only_she_and_whoever_may_hand_her_a_link_take_it_away(
    database: Database, cast: Cast, vault: Vault
) -> None:
    with_phone(database, vault, cast.observer)
    for actor, error in (
        (cast.utp_head, NotAllowedError),
        (cast.outsider_utp_head, NotFoundError),
    ):
        with pytest.raises(error), database.write() as session:
            second_step.forget(session, cast.observer.user_id, actor=actor)
        with pytest.raises(error), database.write() as session:
            second_step.take_app_away(session, cast.observer.user_id, actor=actor)
    with database.write() as session:
        second_step.forget(session, cast.observer.user_id, actor=cast.administrator)
    assert not entered(database, cast).waiting
