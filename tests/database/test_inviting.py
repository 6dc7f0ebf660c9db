"""Invitations by mail go to a real server; the link in them lets one person in, once."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from observe.db import Database, now, today
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.mail import RefusedError
from observe.people import inviting, lost_step, memberships, signin
from observe.people.inviting import Invited, State
from observe.people.memberships import PersonInput
from observe.people.models import Invitation, User
from observe.people.person_import import import_people
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.settings import Settings
from tests.factories import Cast
from tests.mailbox import Mailbox, serving


def mailing(home: Settings, box: Mailbox) -> Settings:
    url = f"smtp://localhost:{box.port}"
    return replace(
        home, smtp_url=url, mail_from="observe@slep.test", public_url="https://o.slep.test"
    )


def invited(database: Database, cast: Cast, *, by_mail: bool = True) -> Invited:
    with database.write() as session:
        return inviting.invite(
            session, cast.educator.user_id, by_mail=by_mail, actor=cast.administrator
        )


def row_of(database: Database, made: Invited) -> Invitation:
    with database.read() as session:
        return session.get_one(Invitation, made.id)


def test_the_letter_brings_her_in_and_the_inviter_sees_it(
    database: Database, home: Settings, cast: Cast
) -> None:
    made = invited(database, cast)
    with serving() as box:
        settings = mailing(home, box)
        assert inviting.can_mail(settings)
        inviting.send(settings, database, made, f"/entrar/enlace/{made.secret}")
        inviting.send(settings, database, made, f"/entrar/enlace/{made.secret}")  # at most once
        (letter,) = box.letters
    assert letter["To"] == "educator-berta-obrien@escuela.test"
    found = re.search(r"https://o\.slep\.test/entrar/enlace/(\S+)", letter.get_content())
    assert found is not None
    assert row_of(database, made).sent_at is not None
    with database.write() as session:
        entered = signin.use_link(session, found[1], hours=1)
    assert entered.user.id == cast.educator.user_id
    assert inviting.state_of(row_of(database, made), now()) is State.USED
    with pytest.raises(ConflictError), database.write() as session:
        inviting.revoke(session, made.id, actor=cast.administrator)


def test_an_address_that_is_refused_counts_as_not_sent(
    database: Database, home: Settings, cast: Cast
) -> None:
    made = invited(database, cast)
    with serving() as box:
        box.refused.add("educator-berta-obrien@escuela.test")
        with pytest.raises(RefusedError):
            inviting.send(mailing(home, box), database, made, "/x")
    assert row_of(database, made).sent_at is None


def test_a_new_one_ends_the_one_before_and_one_taken_back_lets_nobody_in(
    database: Database, cast: Cast
) -> None:
    first, second = (invited(database, cast, by_mail=False) for _ in range(2))
    with database.write() as session:
        assert signin.link_user(session, first.secret) is None
        assert signin.link_user(session, second.secret) is not None
        for actor in (cast.utp_head, cast.network_lead, cast.observer, *cast.outsiders):
            with pytest.raises((NotFoundError, NotAllowedError)):
                inviting.revoke(session, second.id, actor=actor)
        inviting.revoke(session, second.id, actor=cast.administrator)
        assert signin.link_user(session, second.secret) is None
    states = [inviting.state_of(row_of(database, each), now()) for each in (first, second)]
    assert states == [State.REVOKED, State.REVOKED]


def test_who_has_left_or_has_no_mail_is_not_invited(database: Database, cast: Cast) -> None:
    with database.write() as session:
        session.get_one(User, cast.educator.user_id).email = None
    with pytest.raises(BadInputError):
        invited(database, cast)
    with database.write() as session:
        memberships.leave(
            session, cast.educator.user_id, memberships.at_once(), actor=cast.administrator
        )
    with pytest.raises(ConflictError):
        invited(database, cast, by_mail=False)


def test_a_letter_tells_her_that_her_second_step_was_taken_away(
    home: Settings, session: Session, cast: Cast
) -> None:
    user = session.get_one(User, cast.observer.user_id)
    assert not lost_step.tell(home, user, "Flora Díaz"), "no server, and nothing breaks"
    with serving() as box:
        assert lost_step.tell(mailing(home, box), user, "Flora Díaz")
        box.refused.add(str(user.email))
        assert not lost_step.tell(mailing(home, box), user, "Flora Díaz")
    (letter,) = box.letters
    assert letter["To"] == user.email
    assert "Flora Díaz quitó el segundo paso de tu cuenta" in letter.get_content()


def test_what_went_to_the_wrong_mailbox_ends_when_the_email_is_put_right(
    database: Database, cast: Cast
) -> None:
    def edit(email: str) -> None:
        with database.write() as session:
            memberships.edit_person(
                session,
                cast.educator.user_id,
                PersonInput("Berta", email),
                actor=cast.administrator,
            )

    def correct(email: str) -> None:
        with database.write() as session:
            asked = Asked(
                RequestKind.RECTIFICATION,
                About.PERSON,
                today(),
                Channel.EMAIL,
                user_id=cast.educator.user_id,
            )
            request = requests.register(session, asked, today=today(), actor=cast.administrator)
            requests.correct(
                session, request.id, name="Berta", email=email, actor=cast.administrator
            )

    def take(email: str) -> None:
        with database.write() as session:
            reference = session.get_one(User, cast.educator.user_id).reference
            rbd = cast.school.rbd
            table = f"id,name,email,role,rbd\n{reference},Berta,{email},educator,{rbd}\n"
            import_people(session, table, actor=cast.administrator)

    for number, put_right in enumerate((edit, correct, take)):
        sent = invited(database, cast)
        put_right(f"berta{number}@escuela.test")
        assert inviting.state_of(row_of(database, sent), now()) is State.REVOKED
        with database.read() as session:
            assert signin.link_user(session, sent.secret) is None
    handed = invited(database, cast, by_mail=False)
    edit("berta@escuela.test")
    assert inviting.state_of(row_of(database, handed), now()) is State.OPEN
