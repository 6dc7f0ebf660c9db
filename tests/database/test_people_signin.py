"""Passwords, links and sessions, below the web."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from observe.db import Database, now
from observe.errors import BadInputError, NotAllowedError, NotFoundError
from observe.people import passwords, signin
from observe.people.models import AuditEntry, Membership, Role, SignInLink, SignInSession, User
from tests import factories
from tests.factories import Cast

PASSWORD = "una frase larga y fácil"


def opened(database: Database, cast: Cast) -> str:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
        return signin.use_link(session, secret, hours=1).secret


def test_a_password_is_kept_as_argon2id_and_works_for_her_only(
    session: Session, cast: Cast
) -> None:
    signin.set_password(session, cast.observer.user_id, PASSWORD, actor=cast.observer)
    user = session.get_one(User, cast.observer.user_id)
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")
    assert user.email is not None
    found = signin.who_enters(session, f" {user.email.upper()} ", PASSWORD)
    assert signin.sign_in(session, found, hours=1).user.id == user.id
    for email, password in ((user.email, PASSWORD + "!"), ("x@escuela.test", PASSWORD)):
        with pytest.raises(BadInputError):
            signin.who_enters(session, email, password)


def test_nobody_signs_in_without_a_password_of_her_own(session: Session, cast: Cast) -> None:
    user = session.get_one(User, cast.educator.user_id)
    assert user.password_hash is None
    assert user.email is not None
    for password in ("", "None", "x" * 300):
        with pytest.raises(BadInputError):
            signin.who_enters(session, user.email, password)


def test_who_left_or_has_another_password_by_then_is_not_let_in(
    database: Database, cast: Cast
) -> None:
    user_id = cast.observer.user_id
    with database.write() as session:
        signin.set_password(session, user_id, PASSWORD, actor=cast.observer)
        email = session.get_one(User, user_id).email or ""
    for change in ({"active": False}, {"password_hash": "another"}):
        with database.read() as session:
            found = signin.who_enters(session, email, PASSWORD)
        with database.write() as session:
            before = {name: getattr(found, name) for name in change}
            session.execute(sa.update(User).where(User.id == user_id).values(**change))
            with pytest.raises(BadInputError):
                signin.sign_in(session, found, hours=1)
            session.execute(sa.update(User).where(User.id == user_id).values(**before))


@pytest.mark.parametrize("password", ["", "corta", "x" * 9, "x" * 201])
def test_short_and_endless_passwords_are_refused(password: str) -> None:
    with pytest.raises(BadInputError):
        signin.hash_password(password)


def test_a_password_counts_to_its_last_letter() -> None:
    long = ("ñandú en la lluvia, dos veces por semana · " * 3)[: passwords.LONGEST]
    kept = signin.hash_password(long)
    assert signin.verify_password(kept, long)
    assert not signin.verify_password(kept, long[:-1])
    assert not signin.verify_password(kept, long.replace("ñ", "n"))


def test_only_she_sets_her_password(session: Session, cast: Cast) -> None:
    for actor, error in (
        (cast.administrator, NotAllowedError),
        (cast.outsider_observer, NotFoundError),
    ):
        with pytest.raises(error):
            signin.set_password(session, cast.observer.user_id, PASSWORD, actor=actor)


def test_only_an_administrator_makes_links(session: Session, cast: Cast) -> None:
    for actor, error in (
        (cast.observer, NotAllowedError),
        (cast.utp_head, NotAllowedError),
        (cast.outsider_utp_head, NotFoundError),
    ):
        with pytest.raises(error):
            signin.create_link(session, cast.educator.user_id, minutes=5, actor=actor)


def test_an_administrator_of_a_school_becomes_nobody_above_her(
    session: Session, cast: Cast
) -> None:
    local = factories.person(session, "Lía Mena", Role.ADMINISTRATOR, cast.school)
    above = session.get_one(User, cast.administrator.user_id)
    above.memberships.append(Membership(role=Role.OBSERVER, school=cast.school))
    session.flush()
    assert signin.create_link(session, cast.educator.user_id, minutes=5, actor=local)
    with pytest.raises(NotAllowedError):
        signin.create_link(session, above.id, minutes=5, actor=local)
    with pytest.raises(NotFoundError):
        signin.create_link(session, cast.outsider_educator.user_id, minutes=5, actor=local)


def test_a_link_works_once_even_for_two_at_once(database: Database, cast: Cast) -> None:
    with database.write() as session:
        secret = signin.create_link(
            session, cast.educator.user_id, minutes=5, actor=cast.administrator
        )
    with database.read() as session:
        first_look = signin.link_user(session, secret)
        second_look = signin.link_user(session, secret)
    assert first_look is not None
    assert second_look is not None
    with database.write() as session:
        signin.use_link(session, secret, hours=1)
    with pytest.raises(BadInputError), database.write() as session:
        signin.use_link(session, secret, hours=1)
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count(SignInSession.id))) == 1


def test_a_link_ends_by_time_and_with_the_person(database: Database, cast: Cast) -> None:
    with database.write() as session:
        late = signin.create_link(
            session, cast.educator.user_id, minutes=5, actor=cast.administrator
        )
        session.execute(sa.update(SignInLink).values(expires_at=now()))
        gone = signin.create_link(
            session, cast.observer.user_id, minutes=5, actor=cast.administrator
        )
        session.get_one(User, cast.observer.user_id).active = False
    for secret in (late, gone, "", "nada"):
        with pytest.raises(BadInputError), database.write() as session:
            signin.use_link(session, secret, hours=1)


def test_a_session_ends_by_time_by_leaving_and_by_revocation(
    database: Database, cast: Cast
) -> None:
    here, there = opened(database, cast), opened(database, cast)
    with database.read() as session:
        row = signin.session_row(session, here)
    assert row is not None
    assert row.user.memberships[0].school is not None
    with database.write() as session:
        ended = signin.end_other_sessions(session, cast.observer.user_id, here, actor=cast.observer)
        assert ended == 1
    with database.read() as session:
        assert signin.session_row(session, there) is None
        assert signin.session_row(session, here) is not None
    with database.write() as session:
        signin.end_session(session, here)
        signin.end_session(session, here)
        signin.end_session(session, "unknown")
    with database.read() as session:
        assert signin.session_row(session, here) is None
    later = opened(database, cast)
    with database.write() as session:
        session.execute(sa.update(SignInSession).values(expires_at=now() - timedelta(seconds=1)))
    with database.read() as session:
        assert signin.session_row(session, later) is None


def test_the_trail_tells_of_it_without_secrets_or_names(database: Database, cast: Cast) -> None:
    secret = opened(database, cast)
    with database.write() as session:
        signin.set_password(session, cast.observer.user_id, PASSWORD, actor=cast.observer)
        signin.end_session(session, secret)
    with database.read() as session:
        hers = sa.select(AuditEntry).where(AuditEntry.actor_id.is_not(None))
        entries = session.scalars(hers.order_by(AuditEntry.number)).all()
    actions = [entry.action for entry in entries]
    assert actions == ["link.created", "session.opened", "password.set", "session.ended"]
    told = " ".join(entry.details for entry in entries)
    for hidden in (secret, PASSWORD, "Ana", "escuela.test"):
        assert hidden not in told


@given(st.text(max_size=300))
def test_no_guess_signs_in_somebody_without_a_password(guess: str) -> None:
    assert not signin.verify_password("not a hash at all", guess)
