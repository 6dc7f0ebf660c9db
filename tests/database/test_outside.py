"""Accounts elsewhere: whose they are, and that they make nobody."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.people import outside
from observe.people.models import OutsideAccount, User
from observe.people.providers import Provider, Told, providers_from
from tests.factories import Cast

(PROVIDER,) = providers_from(
    '[kc]\nprofile = "keycloak"\nclient_id = "a"\nclient_secret = "b"\naddress = "https://id.cl"\n'
)


def told(subject: str, email: str | None = "", issuer: str = "https://id.cl") -> Told:
    return Told(issuer, subject, (email or "").casefold())


def enter(session: Session, which: Told, provider: Provider = PROVIDER) -> User:
    return outside.enter(session, provider, which, hours=1).user


def email_of(session: Session, cast: Cast) -> str:
    email = session.get_one(User, cast.observer.user_id).email
    assert email is not None
    return email


def test_the_first_time_her_e_mail_names_her_and_later_it_does_not_count(
    session: Session, cast: Cast
) -> None:
    assert enter(session, told("7", email_of(session, cast))).id == cast.observer.user_id
    assert enter(session, told("7", "somebody@else.cl")).id == cast.observer.user_id
    for other in (told("8"), told("7", issuer="https://other.cl")):
        with pytest.raises(BadInputError):
            enter(session, other)


def test_an_address_given_to_somebody_new_does_not_open_her_account(
    session: Session, cast: Cast
) -> None:
    email = email_of(session, cast)
    enter(session, told("7", email))
    with pytest.raises(BadInputError):
        enter(session, told("8", email))


def test_nobody_is_made_by_coming_in(session: Session, cast: Cast) -> None:
    before = session.scalar(sa.select(sa.func.count(User.id)))
    with pytest.raises(BadInputError):
        enter(session, told("7", "nadie@escuela.test"))
    assert session.scalar(sa.select(sa.func.count(User.id))) == before
    assert session.scalar(sa.select(sa.func.count(OutsideAccount.id))) == 0


def test_who_has_left_stays_out(session: Session, cast: Cast) -> None:
    email = email_of(session, cast)
    enter(session, told("7", email))
    session.get_one(User, cast.observer.user_id).active = False
    session.flush()
    for which in (told("7"), told("8", email)):
        with pytest.raises(BadInputError):
            enter(session, which)


def test_she_ties_and_unties_her_own_only(session: Session, cast: Cast) -> None:
    outside.tie(session, PROVIDER, told("7"), actor=cast.observer)
    outside.tie(session, PROVIDER, told("7"), actor=cast.observer)
    with pytest.raises(ConflictError):
        outside.tie(session, PROVIDER, told("7"), actor=cast.educator)
    (row,) = outside.accounts_of(session, cast.observer.user_id, actor=cast.observer)
    with pytest.raises(NotFoundError):
        outside.untie(session, row.id, actor=cast.educator)
    with pytest.raises(NotFoundError):
        outside.accounts_of(session, cast.observer.user_id, actor=cast.outsider_observer)
    outside.untie(session, row.id, actor=cast.observer)
    with pytest.raises(BadInputError):
        enter(session, told("7"))
