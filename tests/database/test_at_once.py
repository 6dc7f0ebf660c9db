"""Two at once on PostgreSQL: the second waits, and acts on what the first left."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, today
from observe.errors import ConflictError, InvalidError
from observe.people import class_lists
from observe.people.models import Child
from observe.privacy import certificates, consent, papers
from observe.privacy.certificates import Told
from observe.privacy.consent import How, Subject
from observe.privacy.gate import Lock, Place
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate, Consent, ConsentPaper, Revocation
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from observe.video import gate
from observe.video.models import Recording
from observe.video.store import Store
from observe.video.sweep import sweep
from tests import factories

ALL = frozenset(Scope)
HOW = How(Channel.PAPER, FORM_VERSION, date(2026, 3, 10))
Deed = Callable[[Session], object]
_WAITING = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
_PATIENCE_S = 30


@dataclass(frozen=True)
class Hub:
    """A hub with a class of two, the ids of its children, and a film of it."""

    database: Database
    cast: factories.Cast
    first: UUID
    second: UUID
    film: UUID

    def write_list(self, text: str) -> Deed:
        group, actor = self.cast.class_group.id, self.cast.observer
        return lambda session: class_lists.write_class_list(session, group, text, actor=actor)

    def answer(self, answers: dict[UUID, frozenset[Scope]]) -> Deed:
        group, actor = self.cast.class_group.id, self.cast.observer
        return lambda session: consent.register_class(session, group, answers, HOW, actor=actor)

    def answer_of_hers(self, session: Session) -> None:
        """Let the educator allow all of it."""
        educator_id, actor = self.cast.educator.user_id, self.cast.observer
        consent.register_educator(session, educator_id, ALL, HOW, actor=actor)

    def revoke(self, child_id: UUID) -> Deed:
        def deed(session: Session) -> Revocation:
            actor = self.cast.observer
            subject = consent.child_for(session, child_id, actor=actor)
            return consent.revoke(
                session, subject, ALL, on=today(), channel=Channel.MAIL, actor=actor
            )

        return deed

    def count(self, place: Place) -> Deed:
        """Say where the second child was, who did not allow it."""
        places, actor = {self.second: place}, self.cast.observer
        return lambda session: gate.count_children(session, self.film, 1, places, actor=actor)

    def write(self, *deeds: Deed) -> None:
        for deed in deeds:
            with self.database.write() as session:
                deed(session)

    def beside(self, first: Deed, second: Deed) -> None:
        """Do `first`, and commit it when `second`, begun meanwhile, waits for it.

        Raises what `second` raises.
        """
        with ThreadPoolExecutor(1) as other, self.database.write() as session:
            first(session)
            doing = other.submit(self.write, second)
            self._until_it_waits(doing)
            session.commit()
            doing.result(_PATIENCE_S)

    def _until_it_waits(self, doing: Future[None]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and not doing.done():
            with self.database.read() as session:
                if session.scalar(_WAITING):
                    return
        assert doing.done(), "it neither waits nor ends"


@pytest.fixture
def hub(hub_database: Database) -> Hub:
    with hub_database.write() as session:
        cast = factories.cast(session)
        group, actor = cast.class_group.id, cast.observer
        class_lists.write_class_list(session, group, "1 Ana\n2 Luis", actor=actor)
        first, second = session.scalars(sa.select(Child.id).order_by(Child.list_number))
        film = factories.recording(session, cast).id
    return Hub(hub_database, cast, first, second, film)


def test_of_two_certificates_at_once_each_has_its_number(hub: Hub) -> None:
    told = Told(CertificateKind.COPIES_DELETED, "home", None, None, {"files": []}, "rule:copies")
    by_id = hub.cast.administrator.user_id
    hub.beside(*[lambda session: certificates.issue(session, told, by_id=by_id)] * 2)
    with hub.database.read() as session:
        rows = session.scalars(sa.select(Certificate).order_by(Certificate.number)).all()
        assert [row.number for row in rows] == [1, 2]
        assert certificates.first_untrue(session) is None


def test_no_other_child_is_given_the_answers_that_come_in_meanwhile(hub: Hub) -> None:
    with pytest.raises(InvalidError):
        hub.beside(hub.answer({hub.first: ALL}), hub.write_list("1 Marta\n2 Luis"))
    with hub.database.read() as session:
        child = session.get_one(Child, hub.first)
        assert child.name == "Ana"
        assert consent.standing_of(session, Subject(child=child)).allows(ALL)


def test_a_second_click_on_revoke_is_told_that_nothing_is_left(hub: Hub) -> None:
    hub.write(hub.answer({hub.first: ALL}))
    with pytest.raises(ConflictError):
        hub.beside(hub.revoke(hub.first), hub.revoke(hub.first))
    with hub.database.read() as session:
        assert session.scalar(sa.select(sa.func.count(Revocation.id))) == 1


def test_an_educators_no_is_taken_once(hub: Hub) -> None:
    educator_id, actor = hub.cast.educator.user_id, hub.cast.observer
    hub.write(hub.answer_of_hers)

    def revoke(session: Session) -> None:
        subject = consent.educator_for(session, educator_id, actor=actor)
        consent.revoke(session, subject, ALL, on=today(), channel=Channel.MAIL, actor=actor)

    with pytest.raises(ConflictError):
        hub.beside(revoke, revoke)


def _seen_without_consent(hub: Hub) -> tuple[Deed, ...]:
    answers = {hub.first: ALL, hub.second: frozenset[Scope]()}
    return hub.answer_of_hers, hub.answer(answers), hub.count(Place.SEEN)


def test_who_is_seen_is_judged_by_what_was_said_last(hub: Hub) -> None:
    hub.write(*_seen_without_consent(hub))
    with hub.database.write() as late:
        read = late.get_one(Recording, hub.film)
        assert read.lock == Lock.CHILD
        hub.write(hub.count(Place.ABSENT))
        hub.count(Place.SEEN)(late)
    with hub.database.read() as session:
        assert session.get_one(Recording, hub.film).lock == Lock.CHILD


def test_what_is_taken_back_locks_a_film_that_opens_meanwhile(hub: Hub) -> None:
    hub.write(*_seen_without_consent(hub))
    hub.beside(hub.count(Place.ABSENT), hub.revoke(hub.first))
    with hub.database.read() as session:
        film = session.get_one(Recording, hub.film)
        assert film.lock == Lock.UNCOUNTED == gate.verdict_of(session, film).lock
        taken = sa.select(sa.func.count(Consent.id)).where(Consent.revocation_id.is_not(None))
        assert session.scalar(taken) == len(Scope)


def test_a_worker_that_starts_leaves_the_scan_that_is_being_kept(hub: Hub, store: Store) -> None:
    hub.write(hub.answer({hub.first: ALL}))

    def keep(session: Session) -> None:
        actor = hub.cast.observer
        subject = consent.child_for(session, hub.first, actor=actor)
        papers.keep_paper(session, store, store.vault(), subject, b"%PDF-1.7", actor=actor)

    hub.beside(keep, lambda _: sweep(hub.database, store))
    with hub.database.read() as session:
        (sha256,) = session.scalars(sa.select(ConsentPaper.sha256))
    assert store.kept(sha256).exists()
