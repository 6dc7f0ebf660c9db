"""What the rules of a home delete: asked again at the deletion, and one thing stops no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from os import utime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.operations import start
from observe.db import Database, today
from observe.errors import ObserveError
from observe.feedback import films_due, forgetting, pseudonymising
from observe.people import class_lists
from observe.people.models import Child, ClassGroup, User
from observe.privacy import requests, rules
from observe.privacy.clocks import RequestKind
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate
from observe.privacy.request_models import About, Channel, RightsRequest
from observe.privacy.requests import Asked
from observe.privacy.retention import Due, Rule
from observe.rubric.operations import version_for
from observe.settings import Settings
from observe.video.models import Recording
from tests import factories
from tests.factories import Cast, recording
from tests.feedback_cases import given_for, submitted

Comes = Callable[[Session, Cast, UUID], object]
LONG_AGO = date(2015, 5, 5)


def _rule(kind: Kept, days: int, *, applied: bool = True) -> Comes:
    def come(session: Session, cast: Cast, _film: UUID) -> None:
        rules.set_rule(session, Rule(kind, days, applied), actor=cast.administrator)

    return come


def _coding(session: Session, cast: Cast, film: UUID) -> None:
    rubric = version_for(session, "aprendizaje-profundo")
    start(session, film, rubric.id, actor=cast.observer)


def _due(database: Database, home: Settings, cast: Cast, kind: Kept) -> Due:
    with database.read() as session:
        plan = forgetting.plan_for(session, home, actor=cast.administrator)
    return next(each for each in plan.due if each.kind is kind)


@pytest.mark.parametrize(
    ("kind", "comes"),
    [
        (Kept.UNUSED_VIDEO, _rule(Kept.UNUSED_VIDEO, 7000)),
        (Kept.UNUSED_VIDEO, _rule(Kept.UNUSED_VIDEO, 365, applied=False)),
        (Kept.VIDEO, _coding),
    ],
    ids=["the rule is longer", "the rule is switched off", "somebody begins to code it"],
)
def test_a_film_stays_when_something_came_in_between(
    database: Database, home: Settings, cast: Cast, kind: Kept, comes: Comes
) -> None:
    with database.write() as session:
        film = recording(session, cast)
        film.recorded_on = LONG_AGO
        if kind is Kept.VIDEO:
            given_for(session, cast, submitted(session, cast, film))
        _rule(kind, 365)(session, cast, film.id)
    due = _due(database, home, cast, kind)
    with database.write() as session:
        comes(session, cast, film.id)
    assert forgetting._apply(database, home, due) is False
    with database.read() as session:
        assert not session.get_one(Recording, film.id).is_erased


def test_a_lesson_that_is_coded_anew_waits_with_what_was_published(
    database: Database, home: Settings, cast: Cast
) -> None:
    with database.write() as session:
        film = recording(session, cast)
        film.recorded_on = LONG_AGO
        given_for(session, cast, submitted(session, cast, film))
        _coding(session, cast, film.id)
        for kind in (Kept.VIDEO, Kept.UNUSED_VIDEO):
            _rule(kind, 0)(session, cast, film.id)
    with database.read() as session:
        plan = forgetting.plan_for(session, home, actor=cast.administrator)
    hers = {each.kind: each.held for each in plan.due if each.thing_id == film.id}
    assert hers == {Kept.CLIPS: "", Kept.VIDEO: films_due.CODED}
    assert forgetting.apply_rules(database, home, today() + timedelta(days=9_000)) == 0


def test_what_cannot_be_deleted_keeps_nothing_else_and_is_certified_once(
    database: Database, home: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1 Ana", actor=cast.observer)
        session.get_one(ClassGroup, cast.class_group.id).year = 2015
        for kind in (Kept.COPIES, Kept.NAMES):
            rules.set_rule(session, Rule(kind, 0, applied=True), actor=cast.administrator)
    copy = home.backup_path / "before-upgrade-0001.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(b"copia vieja")
    utime(copy, (datetime(2010, 1, 1).timestamp(),) * 2)  # noqa: DTZ001  # older than the names
    really = Path.unlink

    def held_open(self: Path, missing_ok: bool = False) -> None:  # noqa: FBT002
        if self == copy:
            raise PermissionError("another program has it open")
        really(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held_open)
        with pytest.raises(ObserveError, match="1"):
            forgetting.apply_rules(database, home)
    assert copy.exists()
    with database.read() as session:
        assert session.scalars(sa.select(Child.name)).all() == [""]
    assert forgetting.apply_rules(database, home) == 1
    assert not copy.exists()
    with database.read() as session:
        kinds = session.scalars(sa.select(Certificate.kind).order_by(Certificate.number)).all()
    assert kinds == [CertificateKind.COPIES_DELETED, CertificateKind.NAMES_DELETED]


def test_many_lessons_are_read_at_once(database: Database, home: Settings, cast: Cast) -> None:
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def questions() -> int:
        asked.clear()
        with database.read() as session:
            forgetting.plan_for(session, home, actor=cast.administrator)
        return len(asked)

    with database.write() as session:
        given_for(session, cast, submitted(session, cast, recording(session, cast)))
    of_one = questions()
    with database.write() as session:
        for _ in range(3):
            given_for(session, cast, submitted(session, cast, recording(session, cast)))
    assert 0 < questions() <= of_one


def test_of_one_educator_only_she_is_read(database: Database, cast: Cast) -> None:
    with database.write() as session:
        for educator in (cast.educator, cast.second_educator):
            recording(session, cast).educator_id = educator.user_id
            session.flush()
            for row in session.get_one(User, educator.user_id).memberships:
                row.ends_on = today() - timedelta(days=1)
    read: list[object] = []
    with database.read() as session:
        sa.event.listen(session, "loaded_as_persistent", lambda _session, row: read.append(row))
        found = list(pseudonymising.due(session, Rule(Kept.EDUCATORS, 0), cast.educator.user_id))
    assert [each.thing_id for each in found] == [cast.educator.user_id]
    assert [row.id for row in read if isinstance(row, User)] == [cast.educator.user_id]


def test_no_request_comes_in_while_a_rule_deletes_what_it_speaks_of(
    hub_database: Database, home: Settings
) -> None:
    with hub_database.write() as session:
        cast = factories.cast(session)
        class_lists.write_class_list(session, cast.class_group.id, "1 Ana", actor=cast.observer)
        recording(session, cast)
        for kind in (Kept.NAMES, Kept.UNUSED_VIDEO):
            rules.set_rule(session, Rule(kind, 0, applied=True), actor=cast.administrator)

    def register(about: About, **whom: object) -> RightsRequest:
        asked = Asked(RequestKind.ACCESS, about, today(), Channel.LETTER, **whom)  # type: ignore[arg-type]
        with hub_database.write() as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '300ms'"))
            return requests.register(session, asked, today=today(), actor=cast.administrator)

    def of_child() -> RightsRequest:
        return register(About.CHILD, class_group_id=cast.class_group.id, list_number=1)

    def of_person() -> RightsRequest:
        return register(About.PERSON, user_id=cast.educator.user_id)

    for kind, comes in (
        (Kept.NAMES, of_child), (Kept.UNUSED_VIDEO, of_child), (Kept.UNUSED_VIDEO, of_person)
    ):  # fmt: skip
        due = _due(hub_database, home, cast, kind)
        with hub_database.write() as session:
            assert forgetting._may_go(session, home, due)
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                comes()
    of_child()
    with hub_database.write() as session:
        assert not forgetting._may_go(session, home, due)
