"""What a request leads to: deleting what it reaches, taking back what was allowed, correcting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database, now, today
from observe.errors import BadInputError, ConflictError, InvalidError, NotFoundError
from observe.feedback import erasure
from observe.feedback.erasure import Choice
from observe.jobs import Job
from observe.people import class_lists
from observe.people.access import Actor
from observe.people.models import AuditEntry, Child, ClassGroup
from observe.privacy import certificates, consent, requests, tombstones, withdrawing
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import REVOKE, How
from observe.privacy.gate import Place
from observe.privacy.kinds import Kept
from observe.privacy.request_models import About, Channel, RequestState
from observe.privacy.requests import Asked
from observe.privacy.scopes import Channel as Way
from observe.privacy.scopes import Scope
from observe.records.personal import child as personal_child
from observe.settings import Settings
from observe.video import erasing, gate, rectifying
from observe.video.models import Recording
from observe.video.store import Store
from tests.factories import Cast, recording
from tests.feedback_cases import filmed, given_for, submitted

TODAY = now().astimezone().date()


def asks(session: Session, cast: Cast, kind: RequestKind, number: int | None = None) -> UUID:
    """Register a request of the educator, or of the family of a child of the class."""
    asked = Asked(
        kind,
        About.CHILD if number else About.PERSON,
        TODAY,
        Channel.EMAIL,
        user_id=cast.educator.user_id,
        class_group_id=cast.class_group.id,
        list_number=number,
    )
    return requests.register(session, asked, today=TODAY, actor=cast.administrator).id


def answer(session: Session, cast: Cast, request_id: UUID) -> None:
    """End a request with its answer."""
    state, actor = RequestState.ANSWERED, cast.administrator
    requests.close(session, request_id, state, "Hecho.", on=TODAY, today=TODAY, actor=actor)


def plan(session: Session, cast: Cast, request_id: UUID) -> set[Choice]:
    """Return what may be deleted for a request."""
    due = erasure.plan_for(session, request_id, actor=cast.administrator)
    return {(each.kind, each.thing_id) for each in due if each.thing_id and not each.held}


def test_what_was_confirmed_goes_and_its_certificates_answer_the_request(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
        given_for(session, cast, submitted(session, cast, film), "Espera.")
        held = filmed(session, store, cast, small_video)
        erasing.hold(session, held.id, "Otra solicitud", actor=cast.observer)
        request_id = asks(session, cast, RequestKind.ERASURE)
        requests.block(session, request_id, actor=cast.administrator)
    with database.write() as session:
        found = erasure.plan_for(session, request_id, actor=cast.administrator)
        assert [each.held for each in found if each.thing_id == held.id] == ["Otra solicitud"]
        free = plan(session, cast, request_id)
        assert free == {(Kept.VIDEO, film.id), (Kept.CLIPS, film.id)}
        with pytest.raises(BadInputError):
            erasure.confirm(session, request_id, set(), actor=cast.administrator)
        for other in ((Kept.VIDEO, held.id), (Kept.NAMES, film.id)):
            with pytest.raises(ConflictError):
                erasure.confirm(session, request_id, {other}, actor=cast.administrator)
        for actor in (cast.observer, cast.utp_head, *cast.outsiders):
            with pytest.raises(NotFoundError):
                erasure.confirm(session, request_id, free, actor=actor)
        erasure.confirm(session, request_id, free, actor=cast.administrator)
        assert erasure.job_of(session, request_id) is not None
        assert session.get_one(Recording, film.id).sha256 is not None, "only the job deletes"
    for _killed_and_run_again in range(2):
        erasure.erase_confirmed(database, home, request_id)
    with database.read() as session:
        done = erasure.certificates_of(session, request_id)
        assert [each.kind.value for each in done] == ["clips_deleted", "video_deleted"]
        assert {each.by_id for each in done} == {cast.administrator.user_id}
        assert all(certificates.is_true(session, each) for each in done)
        assert session.get_one(Recording, film.id).is_erased
        assert not session.get_one(Recording, held.id).is_erased
        assert plan(session, cast, request_id) == set()


def test_a_childs_request_reaches_where_it_may_be_seen_and_waits_for_a_copy(
    database: Database, home: Settings, cast: Cast
) -> None:
    with database.write() as session:
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Sofía M.\n2 Tomás", actor=cast.observer
        )
        first, second = session.scalars(sa.select(Child).order_by(Child.list_number)).all()
        away, there = recording(session, cast), recording(session, cast)
        how = How(Way.PAPER, "2026-1", TODAY)
        consent.register_class(
            session, cast.class_group.id, {second.id: frozenset(Scope)}, how, actor=cast.observer
        )
        absent = {first.id: Place.ABSENT}
        gate.count_children(session, away.id, 1, absent, actor=cast.observer)
        request_id = asks(session, cast, RequestKind.ERASURE, 1)
        assert plan(session, cast, request_id) == {
            (Kept.VIDEO, there.id),
            (Kept.NAMES, first.id),
        }
        copy_id = asks(session, cast, RequestKind.ACCESS, 2)
        assert plan(session, cast, request_id) == {(Kept.NAMES, first.id)}
        with pytest.raises(ConflictError):
            erasure.plan_for(session, copy_id, actor=cast.administrator)
        chosen = {(Kept.NAMES, first.id)}
        erasure.confirm(session, request_id, chosen, actor=cast.administrator)
    erasure.erase_confirmed(database, home, request_id)
    with database.read() as session:
        assert session.scalars(sa.select(Child.name).order_by(Child.list_number)).all() == [
            "",
            "Tomás",
        ]
        (done,) = erasure.certificates_of(session, request_id)
        assert (done.what["names"], done.what["list_number"]) == (1, 1)
    with database.write() as session:  # what came anew was not chosen
        class_lists.write_class_list(
            session, cast.class_group.id, "1 Sara\n2 Tomás", actor=cast.observer
        )
    erasure.erase_confirmed(database, home, request_id)
    with database.read() as session:
        assert session.get_one(Child, first.id).name == "Sara"
        (told,) = tombstones.tombstones_of(session)
        assert told.thing_id == str(first.id)


def test_nothing_goes_once_who_asked_took_it_back_or_a_copy_is_asked_for(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        films = [filmed(session, store, cast, small_video).id for _twice in range(2)]
        request_id = asks(session, cast, RequestKind.ERASURE)
        chosen = {(Kept.VIDEO, film) for film in films}
        erasure.confirm(session, request_id, chosen, actor=cast.administrator)
        copy_id = asks(session, cast, RequestKind.ACCESS)
    erasure.erase_confirmed(database, home, request_id)
    with database.write() as session:
        assert erasure.certificates_of(session, request_id) == [], "a copy is asked for"
        for each in (copy_id, request_id):
            requests.close(
                session,
                each,
                RequestState.TAKEN_BACK,
                "La retiró.",
                on=TODAY,
                today=TODAY,
                actor=cast.administrator,
            )
    erasure.erase_confirmed(database, home, request_id)
    with database.read() as session:
        assert erasure.certificates_of(session, request_id) == [], "it was taken back"


def test_an_objection_takes_back_what_was_allowed(session: Session, cast: Cast) -> None:
    class_lists.write_class_list(session, cast.class_group.id, "1 Ana", actor=cast.observer)
    child = session.scalars(sa.select(Child)).one()
    film = recording(session, cast)
    how = How(Way.PAPER, "2026-1", TODAY)
    group, everything = cast.class_group.id, frozenset(Scope)
    consent.register_class(session, group, {child.id: everything}, how, actor=cast.observer)
    consent.register_educator(session, cast.educator.user_id, everything, how, actor=cast.observer)
    assert film.has_consent
    request_id = asks(session, cast, RequestKind.OBJECTION, 1)
    request = requests.request_for(session, request_id, actor=cast.administrator)
    assert set(withdrawing.allowed(session, request)) == everything
    with pytest.raises(NotFoundError):
        withdrawing.revoke(session, request_id, [Scope.CODE], actor=cast.utp_head)
    made = withdrawing.revoke(session, request_id, [Scope.CODE], actor=cast.administrator)
    assert (made.child_id, made.revoked_on, made.channel) == (child.id, TODAY, Way.MAIL)
    assert film.is_locked
    assert set(withdrawing.allowed(session, request)) == everything - {Scope.CODE}
    assert session.scalars(sa.select(Job.subject_id).where(Job.kind == REVOKE)).all() == [made.id]
    with pytest.raises(ConflictError):
        withdrawing.revoke(session, request_id, [Scope.CODE], actor=cast.administrator)
    nobody = asks(session, cast, RequestKind.OBJECTION, 44)
    with pytest.raises(ConflictError):
        withdrawing.revoke(session, nobody, [Scope.CODE], actor=cast.administrator)


# --- correcting -----------------------------------------------------------------------------------


def test_a_lesson_is_put_right_and_what_stood_there_stays_with_the_request(
    session: Session, cast: Cast
) -> None:
    film, other = recording(session, cast), recording(session, cast)
    other.educator_id = cast.second_educator.user_id
    second = ClassGroup(school=cast.school, name="2° A", year=2026)
    elsewhere = ClassGroup(school=cast.other_school, name="1° B", year=2026)
    session.add_all([second, elsewhere])
    session.flush()
    request_id = asks(session, cast, RequestKind.RECTIFICATION)
    day = film.recorded_on - timedelta(days=1)

    def correct(recording_id: UUID, group: ClassGroup, **changes: Any) -> None:
        told: dict[str, Any] = {"subject": " Ciencias ", "actor": cast.administrator} | changes
        told = {"recorded_on": day} | told
        rectifying.correct_lesson(
            session, request_id, recording_id, class_group_id=group.id, **told
        )

    for refused in (other.id, request_id):
        with pytest.raises(NotFoundError):
            correct(refused, second)
    with pytest.raises(NotFoundError):
        correct(film.id, elsewhere)
    for actor in (cast.observer, cast.utp_head, *cast.outsiders):
        with pytest.raises(NotFoundError):
            correct(film.id, second, actor=actor)
    with pytest.raises(BadInputError):
        correct(film.id, second, recorded_on=today() + timedelta(days=1))
    stated = film.consent_at
    correct(film.id, cast.class_group)
    assert (film.subject, film.recorded_on, film.consent_at) == ("Ciencias", day, stated)
    correct(film.id, second)
    assert film.class_group_id == second.id
    assert film.is_locked, "it was stated of another class"
    with pytest.raises(ConflictError):
        correct(film.id, second)
    requests.correct(session, request_id, name="Berta Soto", email="", actor=cast.administrator)
    found = rectifying.corrections_of(session, request_id)
    assert [(each.field, each.before, each.after) for each in found] == [
        ("recorded_on", (day + timedelta(days=1)).isoformat(), day.isoformat()),
        ("subject", "…", "…"),
        ("class_group", "1° B · 2026", "2° A · 2026"),
        ("name", "…", "…"),
        ("email", "…", "…"),
    ]
    assert rectifying.corrections_of(session, asks(session, cast, RequestKind.RECTIFICATION)) == []


def write_list(session: Session, cast: Cast, text: str) -> None:
    class_lists.write_class_list(session, cast.class_group.id, text, actor=cast.observer)


def test_a_number_of_which_an_open_request_speaks_stays_its_childs(
    session: Session, cast: Cast
) -> None:
    write_list(session, cast, "1 Sofía\n2 Tomás")
    request_id = asks(session, cast, RequestKind.ACCESS, 1)
    for text, told in (("1 Tomás\n2 Sofía", "«Tomás»"), ("2 Tomás", "su línea se queda")):
        with pytest.raises(InvalidError) as error:
            write_list(session, cast, text)
        (problem,) = error.value.problems
        assert told in problem.in_language("es_CL")
    write_list(session, cast, "1 Sofía Muñoz\n3 Tomás")
    answer(session, cast, request_id)
    write_list(session, cast, "1 Tomás")


def test_an_ended_request_does_not_speak_of_the_next_child_with_its_number(
    session: Session, cast: Cast
) -> None:
    write_list(session, cast, "1 Sofía\n2 Tomás\n3")
    of_sofia, of_the_third = (asks(session, cast, RequestKind.ACCESS, number) for number in (1, 3))
    for each in (of_sofia, of_the_third):
        answer(session, cast, each)
    write_list(session, cast, "1 Sofía Muñoz\n2 Tomás\n3")
    found = requests.request_for(session, of_sofia, actor=cast.administrator)
    assert requests.child_of(session, found) is not None, "the same child, written better"
    write_list(session, cast, "1 Antonia\n2 Tomás")
    of_antonia = asks(session, cast, RequestKind.ACCESS, 1)
    write_list(session, cast, "1 Antonia\n2 Tomás\n3 Pedro")
    for ended in (of_sofia, of_the_third):
        found = requests.request_for(session, ended, actor=cast.administrator)
        assert requests.child_of(session, found) is None
        about = requests.about_whom(found)
        assert not isinstance(about, str)
        assert f"en la lista hasta el {today().isoformat()}" in about.in_language("es_CL")
    about_her = requests.all_about(session, cast.class_group.id, 1)
    assert [each.id for each in about_her] == [of_antonia]
    sections = personal_child.gather(session, of_antonia, locale="es_CL").sections
    assert len(sections[-1].rows) == 1, "what another family asked is not in her copy"


def test_a_class_list_is_put_right_and_no_trail_keeps_a_name(session: Session, cast: Cast) -> None:
    class_lists.write_class_list(
        session, cast.class_group.id, "1 Sofía M.\n2 Tomás", actor=cast.observer
    )
    first = session.scalars(sa.select(Child).where(Child.list_number == 1)).one()
    beside, ended = (asks(session, cast, RequestKind.ACCESS, 1) for _ in range(2))
    answer(session, cast, ended)
    request_id = asks(session, cast, RequestKind.RECTIFICATION, 1)

    def correct(number: int, name: str | None, actor: Actor = cast.administrator) -> None:
        rectifying.correct_child(session, request_id, list_number=number, name=name, actor=actor)

    with pytest.raises(ConflictError):
        correct(2, None)
    with pytest.raises(BadInputError):
        correct(0, None)
    with pytest.raises(NotFoundError):
        correct(3, None, cast.utp_head)
    correct(3, "Sofía N.")
    assert (first.list_number, first.name) == (3, "Sofía N.")
    for each in (beside, ended):
        moved = requests.request_for(session, each, actor=cast.administrator)
        assert requests.child_of(session, moved) is first
    correct(3, "")
    assert first.name == ""
    with pytest.raises(ConflictError):
        correct(3, None)
    told = rectifying.corrections_of(session, request_id)
    assert [(each.field, each.before, each.after) for each in told] == [
        ("list_number", "1", "3"),
        ("initials", "", "…"),
        ("initials", "", "…"),
    ]
    assert not any("Sofía" in each for each in session.scalars(sa.select(AuditEntry.details)))
    nobody = asks(session, cast, RequestKind.RECTIFICATION, 44)
    with pytest.raises(ConflictError):
        rectifying.correct_child(
            session, nobody, list_number=5, name=None, actor=cast.administrator
        )
