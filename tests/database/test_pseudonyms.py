"""An educator who left years ago: her name is gone from the whole home, what she did stays."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import ConflictError
from observe.feedback import forgetting
from observe.ids import new_id
from observe.people import memberships, signin
from observe.people.access import actor_of
from observe.people.memberships import PersonInput, RoleInput
from observe.people.models import Invitation, Membership, Role, SignInLink, User
from observe.people.periods import Period, Place
from observe.privacy import certificates, consent, papers, pseudonyms, requests, rules
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import How
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.privacy.retention import Due, Rule
from observe.privacy.scopes import FORM_VERSION, Scope
from observe.privacy.scopes import Channel as PaperChannel
from observe.records import operations as records
from observe.records import own_list
from observe.settings import Settings
from observe.vault import open_vault
from observe.video import check, erasing
from observe.video.models import Recording
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import submitted
from tests.kept import found_in

FIVE = 5 * 365
DAY = date(2031, 12, 31)  # five years after the end of 2026, in which her last lesson was
NAME, EMAIL = "Bernarda Orbegozo", "bernarda.orbegozo@escuela.test"


@pytest.fixture
def gone(database: Database, home: Settings, store: Store, cast: Cast) -> UUID:
    """The educator of a lesson without its video, in whose name much lies in the home; she left."""
    with database.write() as session:
        user = session.get_one(User, cast.educator.user_id)
        user.name, user.email, user.reference = NAME, EMAIL, "run-7654321-6"
        signin.set_password(session, user.id, "una frase bien larga", actor=cast.educator)
        link, _secret = signin.make_link(session, user, timedelta(days=7))
        session.add(
            Invitation(user_id=user.id, link_id=link.id, by_id=cast.administrator.user_id,
                       sent_to=EMAIL)
        )  # fmt: skip
        own_list.save_view(session, "de Bernarda Orbegozo", {"text": NAME}, actor=cast.educator)
        lesson = recording(session, cast)
        submitted(session, cast, lesson)
        _sign(session, home, store, cast, user)
    with database.write() as session:
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, lesson.id, reason="prueba", actor=cast.observer)
    store.outgoing(new_id(), "zip").write_bytes(f"los datos de {NAME}".encode())
    with database.write() as session:
        _leave(session, cast.educator.user_id)
    return cast.educator.user_id


def _sign(session: Session, home: Settings, store: Store, cast: Cast, user: User) -> None:
    """Register her own consent with the scan of its paper."""
    how = How(PaperChannel.PAPER, FORM_VERSION, date(2026, 3, 10))
    consent.register_educator(session, user.id, frozenset(Scope), how, actor=cast.observer)
    subject = consent.educator_for(session, user.id, actor=cast.observer)
    kept = papers.keep_paper(
        session, store, open_vault(home), subject, b"%PDF-1.7", actor=cast.observer
    )
    store.settle(kept.sha256)


def _leave(session: Session, user_id: UUID) -> None:
    """Let her roles have ended in the year of her last lesson."""
    for row in session.scalars(sa.select(Membership).filter_by(user_id=user_id)):
        row.ends_on = date(2026, 11, 20)
    session.get_one(User, user_id).active = False


def _due(database: Database, home: Settings, cast: Cast) -> list[Due]:
    with database.read() as session:
        plan = forgetting.plan_for(session, home, actor=cast.administrator)
    return [each for each in plan.due if each.kind is Kept.EDUCATORS]


def _switch_on(database: Database, cast: Cast) -> None:
    with database.write() as session:
        rules.set_rule(session, Rule(Kept.EDUCATORS, FIVE, applied=True), actor=cast.administrator)


@pytest.mark.usefixtures("frozen_years_later")
def test_after_five_years_her_name_is_nowhere_and_her_record_is_read_under_a_pseudonym(
    database: Database, home: Settings, store: Store, cast: Cast, gone: UUID
) -> None:
    needles = [NAME.encode(), EMAIL.encode(), b"run-7654321-6", b"Orbegozo"]
    database.leave_no_trace()
    assert found_in(home.home, needles) == set(needles)  # the search finds what is there
    (due,) = _due(database, home, cast)
    assert (due.on, due.title, due.held) == (DAY, f"{NAME} · 2026", "")
    assert forgetting.apply_rules(database, home, DAY) == 0  # simulated until it is switched on
    _switch_on(database, cast)
    assert forgetting.apply_rules(database, home, DAY - timedelta(days=1)) == 0
    assert forgetting.apply_rules(database, home, DAY) == 1
    assert found_in(home.home, needles) == set()

    with database.read() as session:
        certificate = session.scalars(
            sa.select(Certificate).filter_by(kind=CertificateKind.PSEUDONYMISED)
        ).one()
        assert certificates.is_true(session, certificate)
        assert (certificate.thing_id, certificate.reason) == (gone, "rule:educators")
        removed = certificate.what["removed"]
        assert removed == {"invitation": 1, "saved_view": 1, "sign_in_link": 1}
        assert [file["kind"] for file in certificate.what["files"]] == ["paper"]
        assert certificate.what["mentions"] == {}
        (row,) = records.records_of(session, actor=cast.utp_head)
        told = row.observation.recording.educator
        assert told.name == certificate.what["pseudonym"]
        assert told.name.startswith("Docente ")
        assert told.id == gone
        assert check.problems(session, store) == []
    assert _due(database, home, cast) == []


@pytest.fixture
def frozen_years_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rule be asked on the day on which it is due: her roles are over by then."""
    monkeypatch.setattr("observe.feedback.pseudonymising.today", lambda: DAY)


def test_who_has_a_role_has_no_clock(database: Database, home: Settings, cast: Cast) -> None:
    with database.write() as session:
        recording(session, cast)
    assert _due(database, home, cast) == []


@pytest.mark.usefixtures("frozen_years_later")
def test_nothing_is_done_while_her_face_is_here_or_a_request_is_open(
    database: Database, home: Settings, store: Store, cast: Cast, gone: UUID
) -> None:
    _switch_on(database, cast)
    with database.write() as session:
        film = recording(session, cast)
    (due,) = _due(database, home, cast)
    assert "video or a clip" in str(due.held)
    assert forgetting.apply_rules(database, home, DAY) == 0
    with database.write() as session:
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, film.id, reason="prueba", actor=cast.observer)
        asked = Asked(
            kind=RequestKind.ACCESS, about=About.PERSON, user_id=gone, received_on=date(2026, 5, 4),
            channel=Channel.LETTER, words="¿Qué guardan de mí?",
        )  # fmt: skip
        requests.register(session, asked, today=date(2026, 5, 12), actor=cast.administrator)
    (due,) = _due(database, home, cast)
    assert "request" in str(due.held)
    assert forgetting.apply_rules(database, home, DAY) == 0
    with database.read() as session:
        assert session.get_one(User, gone).name == NAME


def test_where_her_name_stands_in_words_is_told_and_not_changed(
    database: Database, cast: Cast, gone: UUID
) -> None:
    with database.write() as session:
        lesson = session.scalars(sa.select(Recording)).one()
        lesson.subject = f"Lenguaje, con {NAME}"
    with database.write() as session:
        user = session.get_one(User, gone)
        row = pseudonyms.replace(session, user, cast.school.id, reason="prueba")
        assert row.what["mentions"] == {"recording": 1}
        assert NAME in session.scalars(sa.select(Recording.subject)).one()


def test_nobody_gives_her_a_name_again(database: Database, cast: Cast, gone: UUID) -> None:
    with database.write() as session:
        pseudonyms.replace(session, session.get_one(User, gone), cast.school.id, reason="prueba")
    with database.write() as session:
        actor = cast.administrator
        with pytest.raises(ConflictError, match="add her as a new person"):
            memberships.edit_person(session, gone, PersonInput(NAME), actor=actor)
        back = RoleInput(Role.EDUCATOR, Place(cast.school.id))
        with pytest.raises(ConflictError, match="add her as a new person"):
            memberships.give_role(session, gone, back, actor=actor)
        (role,) = session.scalars(sa.select(Membership.id).filter_by(user_id=gone))
        with pytest.raises(ConflictError, match="add her as a new person"):
            memberships.change_days(session, role, Period(), actor=actor)
        with pytest.raises(ConflictError, match="add her as a new person"):
            signin.create_link(session, gone, minutes=5, actor=actor)
        asked = Asked(RequestKind.RECTIFICATION, About.PERSON, DAY, Channel.LETTER, user_id=gone)
        request = requests.register(session, asked, today=DAY, actor=actor)
        with pytest.raises(ConflictError, match="add her as a new person"):
            requests.correct(session, request.id, name=NAME, email="", actor=actor)
    for values in ({"name": NAME}, {"active": True}, {"email": EMAIL}, {"pseudonymised_at": None}):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.execute(sa.update(User).where(User.id == gone).values(**values))
    with database.read() as session:
        assert actor_of(session.get_one(User, gone), DAY).standings == frozenset()
        assert session.scalars(sa.select(SignInLink).filter_by(user_id=gone)).all() == []


def test_two_pseudonyms_differ(session: Session, cast: Cast) -> None:
    drawn = {pseudonyms.draw(session) for _ in range(20)}
    assert len(drawn) == 20
    assert all(name.startswith("Docente ") and len(name) == 12 for name in drawn), drawn
