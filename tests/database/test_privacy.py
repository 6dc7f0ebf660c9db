"""Consents by child: what locks a film, what comes from a table, and the papers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.operations import start
from observe.db import Database, today
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.feedback import forgetting
from observe.people import class_lists, workbooks
from observe.people.models import Child
from observe.privacy import consent, consent_import, papers, rules
from observe.privacy.gate import Lock, Place
from observe.privacy.kinds import Kept
from observe.privacy.models import Certificate, Consent, ConsentPaper
from observe.privacy.retention import Rule
from observe.privacy.scopes import TO_SHOW, Channel, Scope
from observe.rubric.models import RubricVersion
from observe.settings import Settings
from observe.vault import open_vault
from observe.video import check, gate
from observe.video.operations import confirm_consent
from observe.video.store import Store
from observe.video.sweep import sweep
from tests.consents import ALL, HOW
from tests.consents import answer as _answer
from tests.factories import Cast, recording
from tests.kept import found_in

# --- the gate -----------------------------------------------------------------------------------


def test_a_film_opens_when_it_was_said_who_is_seen_and_locks_when_it_is_taken_back(
    session: Session, cast: Cast, children: list[UUID], rubric_version: RubricVersion
) -> None:
    film = recording(session, cast, consent=False)
    first, second, third = children
    _answer(session, cast, {first: ALL, second: frozenset()})
    assert gate.verdict_of(session, film).numbers == (2, 3)
    confirm_consent(session, film.id, actor=cast.observer)  # one word for all is not enough here
    with pytest.raises(ConflictError, match="how many children"):
        start(session, film.id, rubric_version.id, actor=cast.observer)

    with pytest.raises(BadInputError, match="each child"):
        gate.count_children(session, film.id, 1, {second: Place.ABSENT}, actor=cast.observer)
    places = {second: Place.ABSENT, third: Place.SEEN}
    seen = gate.count_children(session, film.id, 2, places, actor=cast.observer)
    assert (seen.lock, seen.numbers, film.is_locked) == (Lock.CHILD, (3,), True)
    _answer(session, cast, {third: ALL})
    assert not film.is_locked
    assert start(session, film.id, rubric_version.id, actor=cast.observer).recording_id == film.id

    subject = consent.child_for(session, third, actor=cast.utp_head)
    consent.revoke(
        session, subject, [Scope.CODE], on=today(), channel=Channel.MAIL, actor=cast.utp_head
    )
    assert film.lock == Lock.CHILD
    with pytest.raises(ConflictError, match="child without consent"):
        start(session, film.id, rubric_version.id, actor=cast.observer)


def test_of_a_child_who_may_be_observed_but_not_shown_it_may_be_said_that_she_was_away(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    only_code = frozenset({Scope.RECORD, Scope.CODE})
    _answer(session, cast, dict.fromkeys(children, ALL) | {children[1]: only_code})
    assert not film.is_locked
    assert gate.verdict_of(session, film, TO_SHOW).numbers == (2,)
    asked = gate.asked_of(session, film)
    assert [(child.id, place) for child, place in asked.not_shown] == [(children[1], None)]
    assert asked.without == ()

    gate.count_children(session, film.id, 2, {}, actor=cast.observer)  # to code, it says nothing
    assert not gate.verdict_of(session, film, TO_SHOW).is_open
    away = {children[1]: Place.ABSENT, children[0]: Place.SEEN}
    gate.count_children(session, film.id, 2, away, actor=cast.observer)
    assert gate.verdict_of(session, film, TO_SHOW).is_open
    assert gate.asked_of(session, film).not_shown[0][1] is Place.ABSENT
    assert film.consent_at is not None
    last = gate.last_count(session, film.id)
    assert last is not None
    assert last.places.keys() == {str(children[1])}


def test_a_new_child_on_the_list_is_asked_about(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    _answer(session, cast, dict.fromkeys(children, ALL))
    assert film.has_consent
    class_lists.write_class_list(
        session, cast.class_group.id, "1 Ana\n2 Luis\n3\n4", actor=cast.observer
    )
    assert gate.verdict_of(session, film).numbers == (4,)
    assert film.is_locked


def test_a_child_with_answers_stays_on_its_list(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    _answer(session, cast, {children[0]: ALL})
    with pytest.raises(InvalidError) as refused:
        class_lists.write_class_list(session, cast.class_group.id, "3", actor=cast.observer)
    assert "List number 1" in str(refused.value.problems[0])


def test_a_list_counted_anew_gives_no_child_the_answers_of_another(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    def write(text: str) -> None:
        class_lists.write_class_list(session, cast.class_group.id, text, actor=cast.observer)

    _answer(session, cast, {children[1]: ALL})
    with pytest.raises(InvalidError) as refused:
        write("1 Ana\n2 Antonia\n3 Luis\n4")
    assert [str(each.values["before"]) for each in refused.value.problems] == ["Luis"]
    write("1 Amanda\n2 Luis Alberto\n3 Pía")  # of 1 and 3 nothing is on file
    write("1 Amanda\n2\n3 Pía")
    write("1 Amanda\n2 Beto\n3 Pía")
    assert consent.standings_of(session, [cast.class_group.id])[children[1]].registered


def test_outsiders_register_and_see_nothing(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    group = cast.class_group.id
    for actor in (cast.educator, cast.network_lead, cast.administrator):
        with pytest.raises((NotFoundError, NotAllowedError)):
            consent.register_class(session, group, {children[0]: ALL}, HOW, actor=actor)
    for actor in cast.outsiders:
        with pytest.raises(NotFoundError):
            consent.register_class(session, group, {children[0]: ALL}, HOW, actor=actor)
        with pytest.raises(NotFoundError):
            consent.child_for(session, children[0], actor=actor)
        with pytest.raises(NotFoundError):
            consent.educator_for(session, cast.educator.user_id, actor=actor)


def test_what_was_answered_does_not_change(
    database: Database, cast: Cast, children: list[UUID]
) -> None:
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
    for statement in (sa.update(Consent).values(granted=False), sa.delete(Consent)):
        with pytest.raises(sa.exc.IntegrityError), database.write() as session:
            session.execute(statement)


# --- from a table -------------------------------------------------------------------------------


def test_a_table_is_looked_at_before_it_is_registered(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;retroalimentacion\r\n1;sí;Si;no\r\n3;no;;\r\n"
    _text, found = consent_import.read(
        session, cast.class_group.id, table.encode("cp1252"), actor=cast.observer
    )
    assert [line.granted for line in found] == [{Scope.RECORD, Scope.CODE}, frozenset()]
    assert session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 0
    consent_import.register(session, cast.class_group.id, found, actor=cast.observer)
    standings = consent.standings_of(session, [cast.class_group.id])
    assert standings[children[0]].allows([Scope.RECORD, Scope.CODE])
    assert standings[children[2]].state(Scope.RECORD) is False
    assert not standings[children[1]].registered


def test_a_table_may_be_a_workbook(session: Session, cast: Cast, children: list[UUID]) -> None:
    columns = ["lista", "filmar", "observar", "fecha"]
    book = workbooks.write(columns, [["2", "sí", "x", "2026-05-10"]])
    text, found = consent_import.read(session, cast.class_group.id, book, actor=cast.observer)
    (line,) = found
    assert line.granted == {Scope.RECORD, Scope.CODE}
    assert line.how.given_on == date(2026, 5, 10)
    again = consent_import.read(session, cast.class_group.id, text, actor=cast.observer)
    assert again[1] == found


def test_all_that_a_table_gets_wrong_is_told(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;fecha\n1;sí;quizás;\n9;sí;sí;\n2;sí;sí;ayer\n3;x;x;\n3;x;x;\n"
    with pytest.raises(InvalidError) as refused:
        consent_import.read(session, cast.class_group.id, table, actor=cast.observer)
    told = " ".join(str(problem) for problem in refused.value.problems)
    assert all(part in told for part in ("observar", "9", "2026-05-10", "3 stands twice"))


def test_a_child_without_an_answer_in_the_table_has_not_refused(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    table = "lista;filmar;observar;fecha\n1;sí;sí;10-03-2026\n2;;;\n3;;;10-03-2026\n"
    _text, found = consent_import.read(session, cast.class_group.id, table, actor=cast.observer)
    assert [(line.child.id, line.how.given_on) for line in found] == [
        (children[0], date(2026, 3, 10))
    ]


def test_an_older_paper_opens_nothing_that_was_refused_since(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    film = recording(session, cast)
    _answer(session, cast, dict.fromkeys(children, ALL))
    subject = consent.child_for(session, children[1], actor=cast.utp_head)
    consent.revoke(session, subject, ALL, on=today(), channel=Channel.MAIL, actor=cast.utp_head)
    table = f"lista;filmar;observar;fecha\n1;x;x;{HOW.given_on}\n2;x;x;{HOW.given_on}\n"
    for again in (table, table.replace(str(HOW.given_on), str(today()))):
        with pytest.raises(InvalidError) as refused:
            consent_import.read(session, cast.class_group.id, again, actor=cast.observer)
        assert [each.values["number"] for each in refused.value.problems] == [2]
    with pytest.raises(BadInputError, match="List number 2"):
        _answer(session, cast, {children[1]: ALL})
    assert film.is_locked

    # A refusal is put right with its own date; an older paper does not do it.
    later = replace(HOW, given_on=date(2026, 4, 1))
    first = {children[0]: frozenset[Scope]()}
    consent.register_class(session, cast.class_group.id, first, later, actor=cast.observer)
    with pytest.raises(BadInputError, match="List number 1"):
        _answer(session, cast, {children[0]: ALL})
    first = {children[0]: ALL}
    consent.register_class(session, cast.class_group.id, first, later, actor=cast.observer)
    assert consent.standings_of(session, [cast.class_group.id])[children[0]].allows(ALL)


def test_an_older_paper_of_hers_does_not_undo_what_the_educator_took_back(
    session: Session, cast: Cast
) -> None:
    consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)
    subject = consent.educator_for(session, cast.educator.user_id, actor=cast.educator)
    consent.revoke(session, subject, ALL, on=today(), channel=Channel.DIGITAL, actor=cast.educator)
    with pytest.raises(BadInputError, match="newer"):
        consent.register_educator(session, cast.educator.user_id, ALL, HOW, actor=cast.observer)


def test_a_no_that_came_in_before_the_day_on_the_paper_takes_that_paper_back_too(
    session: Session, cast: Cast, children: list[UUID]
) -> None:
    _answer(session, cast, {children[0]: ALL})
    subject = consent.child_for(session, children[0], actor=cast.observer)
    before = HOW.given_on - timedelta(days=5)
    consent.revoke(session, subject, ALL, on=before, channel=Channel.MAIL, actor=cast.observer)
    with pytest.raises(BadInputError, match="List number 1"):
        _answer(session, cast, {children[0]: ALL})
    newer = replace(HOW, given_on=HOW.given_on + timedelta(days=1))
    answers = {children[0]: ALL}
    consent.register_class(session, cast.class_group.id, answers, newer, actor=cast.observer)
    assert consent.standing_of(session, subject).allows(ALL)


# --- papers -------------------------------------------------------------------------------------


def test_a_scan_lies_sealed_and_opens_for_who_may(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    vault, scan = open_vault(home), b"%PDF-1.7 " + b"firma de la apoderada " * 50
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
        subject = consent.child_for(session, children[0], actor=cast.observer)
        with pytest.raises(BadInputError, match="PDF"):
            papers.keep_paper(session, store, vault, subject, b"<svg/>", actor=cast.observer)
        kept = papers.keep_paper(session, store, vault, subject, scan, actor=cast.observer)
    store.settle(kept.sha256)
    assert not found_in(home.home, [b"firma de la apoderada"])
    with database.write() as session:
        assert check.problems(session, store) == []
        _row, content = papers.read_paper(session, store, vault, kept.id, actor=cast.utp_head)
        assert content == scan
        for actor in (*cast.outsiders, cast.educator):
            with pytest.raises(NotFoundError):
                papers.read_paper(session, store, vault, kept.id, actor=actor)


def test_a_scan_that_another_takes_the_place_of_goes(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    vault, kept = open_vault(home), []
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
    for content in (b"%PDF-1 borrosa", b"%PDF-1 derecha"):
        with database.write() as session:
            subject = consent.child_for(session, children[0], actor=cast.observer)
            row = papers.keep_paper(session, store, vault, subject, content, actor=cast.observer)
        store.settle(row.sha256)
        kept.append(store.blob(row.sha256))
    sweep(database, store)
    assert [path.exists() for path in kept] == [False, True]
    with database.read() as session:
        assert len(session.scalars(sa.select(ConsentPaper)).all()) == 1
        assert check.problems(session, store) == []


def test_after_some_years_a_list_keeps_its_numbers_alone(
    database: Database, home: Settings, store: Store, cast: Cast, children: list[UUID]
) -> None:
    with database.write() as session:
        _answer(session, cast, {children[0]: ALL})
        subject = consent.child_for(session, children[0], actor=cast.observer)
        kept = papers.keep_paper(
            session, store, open_vault(home), subject, b"%PDF-1.7", actor=cast.observer
        )
        rules.set_rule(session, Rule(Kept.NAMES, 5 * 365, applied=True), actor=cast.administrator)
    store.settle(kept.sha256)
    assert forgetting.apply_rules(database, home, date(2031, 12, 30)) == 0
    assert forgetting.apply_rules(database, home, date(2031, 12, 31)) == 1
    assert not store.blob(kept.sha256).exists()
    with database.read() as session:
        rows = session.scalars(sa.select(Child).order_by(Child.list_number)).all()
        assert [(row.list_number, row.name) for row in rows] == [(1, ""), (2, ""), (3, "")]
        assert consent.standings_of(session, [cast.class_group.id])[children[0]].allows(ALL)
        assert session.scalars(sa.select(Certificate)).one().what["names"] == 2
        assert check.problems(session, store) == []
