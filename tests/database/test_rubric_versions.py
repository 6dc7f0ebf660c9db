"""Versions of a rubric: where they may be used, what is comparable, what is proposed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding.assigning import Asking, assign
from observe.coding.operations import start
from observe.db import Database
from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.ids import new_id
from observe.people.access import Actor
from observe.people.models import AuditEntry, Role
from observe.rubric import crosswalk, proposals
from observe.rubric.models import ProposalState, RubricStage, RubricVersion, Stage
from observe.rubric.operations import load, rubric_of
from observe.rubric.versions import Trial, offered, pilot, pilots, publish, retire, stage_of
from tests import factories
from tests.factories import Cast
from tests.unit.test_rubric_loader import GOOD

DAY = date(2026, 5, 12)  # of the lesson that the factory makes
FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)


def version(session: Session, number: str = "1.0", *, dimension: str = "preguntas") -> UUID:
    text = GOOD.replace('version: "1.0"', f'version: "{number}"')
    text = text.replace("- id: preguntas", f"- id: {dimension}")
    return load(session, text, "p.yaml", actor=None).id


def names(session: Session, school_id: UUID | None, on: date = DAY) -> set[str]:
    return {
        f"{row.rubric_id}@{row.version}"
        for row in offered(session, school_id, on)
        if row.rubric_id == "prueba"
    }


# --- stages ---------------------------------------------------------------------------------------


def test_what_is_loaded_is_in_use_everywhere(session: Session, cast: Cast) -> None:
    row = version(session)
    assert stage_of(session, row) is Stage.PUBLISHED
    assert names(session, cast.school.id) == {"prueba@1.0"}


def test_a_pilot_is_offered_in_its_schools_on_its_days_and_the_old_one_elsewhere(
    session: Session, cast: Cast
) -> None:
    version(session)
    tried = version(session, "2.0")
    pilot(session, tried, Trial([cast.school.id], FIRST, LAST), actor=cast.network_lead)
    other = cast.other_school
    assert names(session, cast.school.id) == {"prueba@2.0"}
    assert names(session, cast.school.id, date(2026, 6, 1)) == {"prueba@1.0"}
    assert names(session, cast.school.id, date(2026, 4, 30)) == {"prueba@1.0"}
    assert names(session, other.id) == {"prueba@1.0"}
    assert names(session, None) == {"prueba@2.0"}, "before the school is known, all are offered"
    pilot(session, tried, Trial([other.id], FIRST), actor=cast.network_lead)
    assert [(each.school_id, each.ends_on) for each in pilots(session, tried)] == [
        (cast.school.id, LAST),
        (other.id, None),
    ]
    publish(session, tried, actor=cast.network_lead)
    assert names(session, cast.school.id, date(2026, 6, 1)) == {"prueba@2.0"}
    retire(session, tried, actor=cast.network_lead)
    assert names(session, cast.school.id) == {"prueba@1.0"}
    publish(session, tried, actor=cast.network_lead)  # a mistake is mended
    said = session.scalars(sa.select(RubricStage.stage).order_by(RubricStage.id)).all()
    assert said == [Stage.PILOTED, Stage.PUBLISHED, Stage.RETIRED, Stage.PUBLISHED]


def test_nothing_begins_with_a_version_that_is_not_for_this_lesson(
    session: Session, cast: Cast
) -> None:
    tried, retired = version(session), version(session, "2.0")
    lesson = factories.recording(session, cast)
    begun = start(session, lesson.id, retired, actor=cast.observer)
    retire(session, retired, actor=cast.administrator)
    other = cast.other_school
    third = version(session, "3.0")
    pilot(session, third, Trial([other.id], FIRST, LAST), actor=cast.administrator)
    assert start(session, lesson.id, retired, actor=cast.observer).id == begun.id, "it goes on"
    with pytest.raises(ConflictError, match="only being tried"):
        start(session, lesson.id, third, actor=cast.observer)
    another = factories.recording(session, cast)
    with pytest.raises(ConflictError, match="retired"):
        start(session, another.id, retired, actor=cast.observer)
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    with pytest.raises(ConflictError, match="retired"):
        assign(session, another.id, Asking(colleague.user_id, retired), actor=cast.observer)
    assert start(session, another.id, tried, actor=cast.observer).rubric_version_id == tried


def test_a_version_in_use_is_not_tried_any_more(session: Session, cast: Cast) -> None:
    used, unused = version(session), version(session, "2.0")
    start(session, factories.recording(session, cast).id, used, actor=cast.observer)
    with pytest.raises(ConflictError, match="make a new version"):
        pilot(session, used, Trial([cast.school.id], FIRST, LAST), actor=cast.network_lead)
    pilot(session, unused, Trial([cast.school.id], FIRST, LAST), actor=cast.network_lead)
    with pytest.raises(ConflictError, match="already"):
        publish(session, used, actor=cast.network_lead)


@pytest.mark.parametrize(
    ("days", "schools", "field"),
    [((LAST, FIRST), True, "ends_on"), ((FIRST, LAST), False, "schools")],
)
def test_a_pilot_needs_schools_and_days_the_right_way_round(
    session: Session, cast: Cast, days: tuple[date, date], schools: bool, field: str
) -> None:
    row = version(session)
    with pytest.raises(BadInputError) as caught:
        pilot(
            session,
            row,
            Trial([cast.school.id] if schools else [], *days),
            actor=cast.network_lead,
        )
    assert caught.value.field == field
    with pytest.raises(NotFoundError):
        pilot(session, row, Trial([new_id()], FIRST, LAST), actor=cast.network_lead)


def people(cast: Cast) -> list[Actor]:
    return [cast.observer, cast.utp_head, cast.educator, cast.outsider_utp_head]


VERBS: list[Callable[[Session, UUID, Actor], object]] = [
    lambda session, row, actor: publish(session, row, actor=actor),
    lambda session, row, actor: retire(session, row, actor=actor),
    lambda session, row, actor: pilot(session, row, Trial([], FIRST, LAST), actor=actor),
]


@pytest.mark.parametrize("verb", VERBS)
def test_only_the_territory_says_where_a_version_is_used(
    session: Session, cast: Cast, verb: Callable[[Session, UUID, Actor], object]
) -> None:
    row = version(session)
    for actor in people(cast):
        with pytest.raises(NotAllowedError):
            verb(session, row, actor)
    assert stage_of(session, row) is Stage.PUBLISHED


def test_ten_new_versions_change_nothing_of_an_old_one(session: Session, cast: Cast) -> None:
    old = session.get_one(RubricVersion, version(session))
    before = (old.document, old.content_hash, rubric_of(old))
    for number in range(1, 11):
        newer = version(session, f"1.{number}", dimension=f"pregunta-{number}")
        assert stage_of(session, newer) is Stage.PUBLISHED
    session.expire_all()
    assert (old.document, old.content_hash, rubric_of(old)) == before


# --- crosswalk ------------------------------------------------------------------------------------


def test_nothing_is_comparable_until_somebody_says_so(session: Session, cast: Cast) -> None:
    old, new = version(session), version(session, "1.1")
    assert crosswalk.comparable_with(session, new, "preguntas") == {(new, "preguntas")}
    row = crosswalk.say(
        session,
        (new, "preguntas"),
        (old, "preguntas"),
        comparable=True,
        reason="Solo se corrigió una palabra.",
        actor=cast.network_lead,
    )
    assert (row.older_id, row.newer_id) == (old, new), "whichever is named first"
    line = {(old, "preguntas"), (new, "preguntas")}
    assert crosswalk.comparable_with(session, new, "preguntas") == line
    assert crosswalk.comparable_with(session, old, "preguntas") == line
    crosswalk.say(
        session,
        (old, "preguntas"),
        (new, "preguntas"),
        comparable=False,
        reason="Cambió la escala.",
        actor=cast.network_lead,
    )
    assert crosswalk.comparable_with(session, new, "preguntas") == {(new, "preguntas")}
    assert [each.reason for each in crosswalk.said_of(session, old, new)] == ["Cambió la escala."]
    kept = session.scalars(
        sa.select(AuditEntry.details).where(AuditEntry.action == "rubric.compared")
    ).all()
    assert len(kept) == 2


def test_a_line_goes_through_three_versions(session: Session, cast: Cast) -> None:
    rows = [
        (version(session), "preguntas"),
        (version(session, "1.9", dimension="indaga"), "indaga"),
        (version(session, "1.10", dimension="explora"), "explora"),
    ]
    for one, other in pairwise(rows):
        crosswalk.say(
            session, other, one, comparable=True, reason="Igual.", actor=cast.administrator
        )
    for row in rows:
        assert crosswalk.comparable_with(session, *row) == set(rows)
    assert crosswalk.comparable_with(session, rows[0][0], "razones") == {(rows[0][0], "razones")}


def test_who_says_no_is_heard_over_any_line(session: Session, cast: Cast) -> None:
    one, two, three = ((version(session, n), "preguntas") for n in ("1.0", "1.1", "1.2"))
    for pair, comparable in (((one, two), True), ((two, three), True), ((one, three), False)):
        crosswalk.say(
            session, *pair, comparable=comparable, reason="Visto.", actor=cast.administrator
        )
    assert crosswalk.comparable_with(session, *one) == {one, two}
    assert crosswalk.comparable_with(session, *three) == {two, three}
    other = (two[0], "razones")
    crosswalk.say(
        session, three, other, comparable=True, reason="También.", actor=cast.administrator
    )
    assert crosswalk.comparable_with(session, *one) == {one, two}, "one dimension of each version"


def test_who_was_asked_codes_with_a_version_that_was_retired_meanwhile(
    session: Session, cast: Cast
) -> None:
    asked, lesson = version(session), factories.recording(session, cast)
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    assign(session, lesson.id, Asking(colleague.user_id, asked), actor=cast.observer)
    with pytest.raises(ConflictError, match="make a new version"):
        trial = Trial([cast.school.id], FIRST, LAST)
        pilot(session, asked, trial, actor=cast.network_lead)
    retire(session, asked, actor=cast.network_lead)
    assert start(session, lesson.id, asked, actor=colleague).rubric_version_id == asked


def test_only_dimensions_of_two_versions_of_one_rubric_are_compared(
    session: Session, cast: Cast, rubric_version: RubricVersion
) -> None:
    old = version(session)
    other = (rubric_version.id, rubric_of(rubric_version).dimensions[0].id)

    def say(one: tuple[UUID, str], two: tuple[UUID, str], reason: str = "Igual.") -> None:
        crosswalk.say(session, one, two, comparable=True, reason=reason, actor=cast.administrator)

    for wrong in ((old, "razones"), other):
        with pytest.raises(BadInputError, match="two versions of the same rubric"):
            say((old, "preguntas"), wrong)
    with pytest.raises(NotFoundError):
        say((old, "preguntas"), (old, "nada"))
    with pytest.raises(BadInputError, match="why"):
        say((old, "preguntas"), (version(session, "1.1"), "preguntas"), " ")
    with pytest.raises(NotAllowedError):
        crosswalk.say(
            session,
            (old, "preguntas"),
            (old, "razones"),
            comparable=True,
            reason="Igual.",
            actor=cast.observer,
        )


# --- proposals ------------------------------------------------------------------------------------


def test_a_proposal_is_discussed_decided_once_and_credited(session: Session, cast: Cast) -> None:
    row = version(session)
    comment = proposals.propose(
        session, row, "preguntas", "¿Cuentan las retóricas?", actor=cast.utp_head
    )
    other = proposals.propose(
        session,
        row,
        "preguntas",
        "«A ratos» no dice cuántas.",
        part="mid",
        wording="De dos a cuatro preguntas",
        actor=cast.observer,
    )
    proposals.reply(session, other.id, "De acuerdo, d'Andrea también.", actor=cast.utp_head)
    proposals.decide(session, other.id, accepted=True, reason="", actor=cast.network_lead)
    found = proposals.of_version(session, row, actor=cast.observer)
    assert [(each.id, each.state) for each in found] == [
        (comment.id, ProposalState.OPEN),
        (other.id, ProposalState.ACCEPTED),
    ]
    assert [said.text for said in found[1].replies] == ["De acuerdo, d'Andrea también."]
    assert proposals.credit(found) == [cast.observer.name]
    with pytest.raises(ConflictError, match="decided already"):
        proposals.decide(session, other.id, accepted=False, reason="no", actor=cast.network_lead)
    proposals.reply(session, other.id, "Gracias.", actor=cast.observer)
    with pytest.raises(BadInputError, match="why"):
        proposals.decide(session, comment.id, accepted=False, reason=" ", actor=cast.network_lead)


def test_a_decided_proposal_stays_whoever_writes(both: Database) -> None:
    with both.write() as session:
        cast = factories.cast(session)
        made = proposals.propose(
            session, version(session), "preguntas", "Otra cosa", actor=cast.observer
        )
        proposals.decide(session, made.id, accepted=True, reason="", actor=cast.network_lead)
    change = sa.text("UPDATE rubric_proposal SET text = 'otra'")
    with pytest.raises(sa.exc.DBAPIError, match="decided proposal"), both.write() as session:
        session.execute(change)


@pytest.mark.parametrize(
    ("text", "part", "wording", "field"),
    [
        (" ", None, None, "text"),
        ("a" * 4_001, None, None, "text"),
        ("Así", "mid", " ", "wording"),
        ("Así", None, "De dos a cuatro", "wording"),
        ("Así", "nada", "De dos a cuatro", "wording"),
        ("Así", "mid", "a" * 4_001, "wording"),
    ],
)
def test_a_proposal_says_something(
    session: Session,
    cast: Cast,
    text: str,
    part: str | None,
    wording: str | None,
    field: str,
) -> None:
    row = version(session)
    with pytest.raises(BadInputError) as caught:
        proposals.propose(
            session, row, "preguntas", text, part=part, wording=wording, actor=cast.observer
        )
    assert caught.value.field == field


def test_observers_and_utp_heads_propose_and_only_the_territory_decides(
    session: Session, cast: Cast
) -> None:
    row = version(session)
    made = proposals.propose(session, row, "preguntas", "Así", actor=cast.outsider_utp_head)
    for verb in (
        lambda: proposals.propose(session, row, "preguntas", "Así", actor=cast.educator),
        lambda: proposals.reply(session, made.id, "Así", actor=cast.educator),
        lambda: proposals.of_version(session, row, actor=cast.educator),
        lambda: proposals.decide(session, made.id, accepted=True, reason="", actor=cast.observer),
    ):
        with pytest.raises(NotAllowedError):
            verb()
    with pytest.raises(NotFoundError):
        proposals.propose(session, row, "nada", "Así", actor=cast.observer)


def test_what_is_scored_otherwise_is_not_joined(session: Session, cast: Cast) -> None:
    one = version(session)
    wider = GOOD.replace("max: 4", "max: 5").replace(
        "high: {low: 4, high: 4}", "high: {low: 4, high: 5}"
    )
    other = load(
        session, wider.replace('version: "1.0"', 'version: "2.0"'), "p.yaml", actor=None
    ).id
    pair = (one, "preguntas"), (other, "preguntas")
    with pytest.raises(BadInputError, match="different scales"):
        crosswalk.say(session, *pair, comparable=True, reason="Igual.", actor=cast.administrator)
    crosswalk.say(session, *pair, comparable=False, reason="Otra.", actor=cast.administrator)
