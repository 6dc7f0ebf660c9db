"""Writing a version in the browser: two people at once, nothing lost, and frozen for good."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import Database
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.ids import new_id
from observe.people import audit
from observe.people.models import AuditEntry
from observe.rubric import content as contents
from observe.rubric import drafts, fields, proposals
from observe.rubric.drafts import Clash, Edit
from observe.rubric.files import opened
from observe.rubric.models import RubricDraft, RubricVersion, Stage
from observe.rubric.operations import load, rubric_of
from observe.rubric.schema import content_hash
from observe.rubric.sketch import sketch
from observe.rubric.versions import Trial, offered, pilots, stage_of
from observe.rubric.writing import yaml_of
from tests import factories
from tests.factories import TODAY, Cast
from tests.rubrics import WHOLE
from tests.unit.test_rubric_loader import GOOD

TITLE = "dimensions.preguntas.title.es"
LOW = "dimensions.preguntas.descriptors.low.es"


@pytest.fixture
def base(cast: Cast, session: Session) -> RubricVersion:
    return load(session, GOOD, "p.yaml", actor=None)


@pytest.fixture
def draft(cast: Cast, session: Session, base: RubricVersion) -> RubricDraft:
    return drafts.begin_from(session, base.id, actor=cast.network_lead)


def stands(draft: RubricDraft, name: str) -> str:
    content = drafts.content_of(draft)
    return fields.typed(content, fields.fields(content)[name])


# --- beginning ------------------------------------------------------------------------------------


def test_a_copy_is_the_next_version_and_credits_those_whose_words_were_taken(
    cast: Cast, session: Session, base: RubricVersion
) -> None:
    for author in (cast.observer, cast.utp_head):
        made = proposals.propose(session, base.id, "preguntas", "¿Y si …?", actor=author)
        proposals.decide(session, made.id, accepted=True, reason="", actor=cast.administrator)
    first = drafts.begin_from(session, base.id, actor=cast.network_lead)
    second = drafts.begin_from(session, base.id, actor=cast.network_lead)
    assert (first.version, second.version, first.base_id) == ("1.1", "1.2", base.id)
    assert cast.observer.name in stands(first, "notes.es")
    assert cast.utp_head.name in stands(first, "notes.es")
    assert drafts.problems(drafts.content_of(first)) == []
    kept = contents.plain_of(rubric_of(base))
    given = drafts.content_of(first)
    assert {name for name in given if given.get(name) != kept.get(name)} == {"version", "notes"}
    assert drafts.open_drafts(session, actor=cast.administrator) == [second, first]


def test_what_a_version_says_is_said_by_its_copy(cast: Cast, session: Session) -> None:
    base = load(session, WHOLE, "p.yaml", actor=None)
    draft = drafts.begin_from(session, base.id, actor=cast.network_lead)
    drafts.change(
        session, draft.id, [Edit("notes.es", "", "La primera versión.")], actor=cast.administrator
    )
    drafts.change(
        session, draft.id, [Edit("notes.en", "", "The first version.")], actor=cast.administrator
    )
    made = drafts.freeze(session, draft.id, actor=cast.network_lead)
    said = rubric_of(made).model_copy(update={"version": base.version})
    assert content_hash(said) == base.content_hash


def test_an_empty_one_needs_nothing_but_words(cast: Cast, session: Session) -> None:
    draft = drafts.begin_empty(session, "Pauta de patio", actor=cast.network_lead)
    again = drafts.begin_empty(session, "Pauta de patio", actor=cast.network_lead)
    assert (draft.rubric_id, again.rubric_id) == ("pauta-de-patio", "pauta-de-patio-2")
    missing = [each.field.name for each in drafts.problems(drafts.content_of(draft)) if each.field]
    assert missing == [
        "summary.es",
        "domains._1.title.es",
        "dimensions._2.title.es",
        "dimensions._2.description.es",
        *(f"dimensions._2.descriptors.{band}.es" for band in ("low", "mid", "high")),
    ]
    with pytest.raises(BadInputError):
        drafts.begin_empty(session, " ¿? ", actor=cast.network_lead)


def test_a_file_may_be_incomplete_but_not_strange(cast: Cast, session: Session) -> None:
    said = "id: prueba\ntitle: {es: Pauta}\nlanguages: [es]\ndimensions:\n  - title: {es: Ánimo}\n"
    draft = drafts.begin_with(session, opened(said.encode(), "p.yaml"), actor=cast.network_lead)
    assert stands(draft, "dimensions._1.title.es") == "Ánimo"
    assert contents.finished(drafts.content_of(draft))["dimensions"][0]["id"] == "animo"  # type: ignore[index,call-overload]
    exported = contents.file_of(drafts.content_of(draft))
    again = drafts.begin_with(session, opened(exported.encode(), "p.yaml"), actor=cast.network_lead)
    assert stands(again, "dimensions.animo.title.es") == "Ánimo"
    for wrong in (said + "colour: red\n", "- uno\n", "{", said + "x: &a b\n"):
        with pytest.raises(InvalidError):
            drafts.begin_with(session, opened(wrong.encode(), "p.yaml"), actor=cast.network_lead)


def test_a_whole_file_comes_back_as_it_was(cast: Cast, session: Session) -> None:
    draft = drafts.begin_with(session, opened(WHOLE.encode(), "p.yaml"), actor=cast.network_lead)
    made = drafts.freeze(session, draft.id, actor=cast.network_lead)
    assert yaml_of(rubric_of(made)) == yaml_of(
        rubric_of(load(session, WHOLE, "p.yaml", actor=None))
    )


def test_only_the_territory_writes(cast: Cast, session: Session, draft: RubricDraft) -> None:
    for actor in (cast.observer, cast.utp_head, cast.educator):
        with pytest.raises(NotAllowedError):
            drafts.begin_empty(session, "Otra", actor=actor)
        with pytest.raises(NotAllowedError):
            drafts.change(session, draft.id, [Edit(TITLE, "Preguntas", "x")], actor=actor)
        with pytest.raises(NotAllowedError):
            drafts.freeze(session, draft.id, actor=actor)
    with pytest.raises(NotFoundError):
        drafts.draft_for(session, new_id(), actor=cast.network_lead)
    assert stands(draft, TITLE) == "Preguntas"


# --- changing -------------------------------------------------------------------------------------


def test_two_people_write_different_fields_and_both_stand(both: Database) -> None:
    draft_id, cast = _begun(both)
    with both.write() as session:
        edit = Edit(TITLE, "Preguntas", "Preguntas abiertas")
        assert drafts.change(session, draft_id, [edit], actor=cast.network_lead) == []
    with both.write() as session:
        edit = Edit(LOW, "Una vez", "Ninguna")
        assert drafts.change(session, draft_id, [edit], actor=cast.administrator) == []
        draft = drafts.draft_for(session, draft_id, actor=cast.administrator)
        assert (stands(draft, TITLE), stands(draft, LOW)) == ("Preguntas abiertas", "Ninguna")
        assert draft.changed_by_id == cast.administrator.user_id


def test_two_people_write_the_same_field_and_the_second_is_told(both: Database) -> None:
    draft_id, cast = _begun(both)
    with both.write() as session:
        edit = Edit(LOW, "Una vez", "Ninguna")
        drafts.change(session, draft_id, [edit], actor=cast.network_lead)
        drafts.change(session, draft_id, [Edit(TITLE, "Preguntas", "X")], actor=cast.administrator)
    with both.write() as session:
        edits = [Edit(LOW, "Una vez", "Casi nunca"), Edit("summary.es", "Resumen", "Nuevo")]
        clashes = drafts.change(session, draft_id, edits, actor=cast.administrator)
        assert clashes == [Clash(LOW, "Ninguna", cast.network_lead.name)]
        draft = drafts.draft_for(session, draft_id, actor=cast.administrator)
        assert (stands(draft, LOW), stands(draft, "summary.es")) == ("Ninguna", "Nuevo")
        # Both typed the same, or she saw it and says it again: then there is nothing to tell.
        for edit in (Edit(LOW, "Una vez", "Ninguna "), Edit(LOW, "Ninguna", "Casi nunca")):
            assert drafts.change(session, draft_id, [edit], actor=cast.administrator) == []
        assert stands(draft, LOW) == "Casi nunca"
        assert audit.first_broken(session) is None


def _begun(database: Database) -> tuple[UUID, Cast]:
    with database.write() as session:
        cast = factories.cast(session)
        base = load(session, GOOD, "p.yaml", actor=None)
        return drafts.begin_from(session, base.id, actor=cast.network_lead).id, cast


def test_the_words_for_what_somebody_dropped_are_refused_and_not_lost(
    cast: Cast, session: Session, draft: RubricDraft
) -> None:
    drafts.drop(session, draft.id, contents.DIMENSIONS, "preguntas", actor=cast.administrator)
    edit = Edit(TITLE, "Preguntas", "Preguntas abiertas")
    told = drafts.change(session, draft.id, [edit], actor=cast.network_lead)
    assert [(each.theirs, each.by) for each in told] == [(None, cast.administrator.name)]
    assert [each.back for each in told] == drafts.dropped_of(draft)
    before = [each["id"] for each in contents.things(drafts.content_of(draft), "dimensions")]
    drafts.put_back(session, draft.id, contents.DIMENSIONS, "preguntas", actor=cast.network_lead)
    after = [each["id"] for each in contents.things(drafts.content_of(draft), "dimensions")]
    assert (before, after) == (["razones"], ["preguntas", "razones"])
    assert drafts.change(session, draft.id, [edit], actor=cast.network_lead) == []
    assert drafts.dropped_of(draft) == []


def test_things_move_within_their_domain(cast: Cast, session: Session) -> None:
    base = load(session, WHOLE, "p.yaml", actor=None)
    draft = drafts.begin_from(session, base.id, actor=cast.network_lead)

    def order(kind: str) -> list[object]:
        return [each["id"] for each in contents.things(drafts.content_of(draft), kind)]

    drafts.move(session, draft.id, contents.DIMENSIONS, "razones", -1, actor=cast.network_lead)
    assert order("dimensions") == ["razones", "preguntas", "turnos", "apuro"]
    drafts.move(session, draft.id, contents.DIMENSIONS, "preguntas", 1, actor=cast.network_lead)
    drafts.move(session, draft.id, contents.DOMAINS, "convivir", -1, actor=cast.network_lead)
    assert order("dimensions") == ["razones", "preguntas", "turnos", "apuro"], "the last stays"
    assert order("domains") == ["convivir", "pensar"]


def test_lists_are_typed_one_a_line_in_each_language(cast: Cast, session: Session) -> None:
    base = load(session, WHOLE, "p.yaml", actor=None)
    draft = drafts.begin_from(session, base.id, actor=cast.network_lead)
    name = "dimensions.preguntas.indicators."
    edits = [
        Edit(name + "es", stands(draft, name + "es"), " Uno \r\nDos\r\n\r\n"),
        Edit(name + "en", stands(draft, name + "en"), "One"),
    ]
    assert drafts.change(session, draft.id, edits, actor=cast.network_lead) == []
    assert (stands(draft, name + "es"), stands(draft, name + "en")) == ("Uno\nDos", "One")
    (missing,) = drafts.problems(drafts.content_of(draft))
    assert missing.field
    assert missing.field.name == name + "en"


def test_a_scale_keeps_its_ranges_together(
    cast: Cast, session: Session, draft: RubricDraft
) -> None:
    edits = [
        Edit("scales.main.max", "4", "7"),
        Edit("scales.main.bands.low.high", "1", "2"),
        Edit("scales.main.bands.mid.high", "3", "5"),
        Edit("protocol.cycle_ms", "15", "12,5"),
        Edit("protocol.minimum_codable_ms", "10", "diez"),
    ]
    assert drafts.change(session, draft.id, edits, actor=cast.network_lead) == []
    (wrong,) = drafts.problems(drafts.content_of(draft))
    assert wrong.field
    assert wrong.field.name == "protocol.minimum_codable_ms"
    assert stands(draft, wrong.field.name) == "diez", "what was typed comes back"
    again = Edit("protocol.cycle_ms", "12.5", "12,50")
    assert drafts.change(session, draft.id, [again], actor=cast.administrator) == []
    mended = [Edit(wrong.field.name, "diez", "10")]
    drafts.change(session, draft.id, mended, actor=cast.network_lead)
    made = rubric_of(drafts.freeze(session, draft.id, actor=cast.network_lead))
    bands = made.scales["main"].bands
    assert (bands.low.high, bands.mid.low, bands.mid.high, bands.high.low, bands.high.high) == (
        *(2, 3, 5, 6, 7),
    )
    assert made.protocol.cycle_ms == 750_000


# --- freezing -------------------------------------------------------------------------------------


def test_five_dimensions_from_nothing_are_published(cast: Cast, session: Session) -> None:
    lead = cast.network_lead
    draft = drafts.begin_empty(session, "Pauta de patio", actor=lead)
    names = [
        "_2",
        *(
            drafts.add(session, draft.id, contents.DIMENSIONS, domain="_1", actor=lead)
            for _ in "1234"
        ),
    ]
    assert names == ["_2", "_3", "_4", "_5", "_6"]
    with pytest.raises(InvalidError) as refused:
        drafts.freeze(session, draft.id, actor=lead)
    assert len(refused.value.problems) == 2 + 5 * 5
    edits = [Edit("summary.es", "", "Mira el patio."), Edit("domains._1.title.es", "", "Convivir")]
    for name in names:
        place = f"dimensions.{name}"
        edits += [
            Edit(f"{place}.title.es", "", "Juego"),
            Edit(f"{place}.description.es", "", "Se mira."),
        ]
        for band in ("low", "mid", "high"):
            edits.append(Edit(f"{place}.descriptors.{band}.es", "", f"Cómo se ve: {band}"))
    assert drafts.change(session, draft.id, edits, actor=lead) == []
    made = drafts.freeze(session, draft.id, actor=lead)
    rubric = rubric_of(made)
    assert [each.id for each in rubric.dimensions] == [
        "juego",
        *(f"juego-{n}" for n in range(2, 6)),
    ]
    assert [each.code for each in rubric.dimensions] == ["D1", "D2", "D3", "D4", "D5"]
    assert {each.domain for each in rubric.dimensions} == {"convivir"}
    assert made in offered(session, cast.school.id, TODAY)
    trail = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.thing_id == draft.id))
    assert [*trail] == [
        "rubric.draft.begin",
        *["rubric.draft.add"] * 4,
        "rubric.draft.change",
        "rubric.draft.freeze",
    ]


def test_a_trial_begins_with_the_version(cast: Cast, session: Session, draft: RubricDraft) -> None:
    trial = Trial([cast.school.id], date(2026, 5, 1), None)
    made = drafts.freeze(session, draft.id, trial, actor=cast.network_lead)
    assert stage_of(session, made.id) is Stage.PILOTED
    assert [each.school_id for each in pilots(session, made.id)] == [cast.school.id]


def test_a_number_that_is_taken_is_refused(
    cast: Cast, session: Session, draft: RubricDraft
) -> None:
    drafts.change(session, draft.id, [Edit("version", "1.1", "1.0")], actor=cast.network_lead)
    with pytest.raises(ConflictError, match="already here"):
        drafts.freeze(session, draft.id, actor=cast.network_lead)


def test_a_frozen_draft_never_changes(both: Database) -> None:
    draft_id, cast = _begun(both)
    with both.write() as session:
        drafts.freeze(session, draft_id, actor=cast.network_lead)
    with both.write() as session:
        for verb in (
            lambda: drafts.change(
                session, draft_id, [Edit(TITLE, "", "x")], actor=cast.network_lead
            ),
            lambda: drafts.freeze(session, draft_id, actor=cast.network_lead),
        ):
            with pytest.raises(ConflictError, match=r"became version 1\.1"):
                verb()
        assert drafts.open_drafts(session, actor=cast.network_lead) == []
    for statement in ("UPDATE rubric_draft SET content = '{}'", "DELETE FROM rubric_draft"):
        with pytest.raises(sa.exc.DBAPIError, match="stays as it is"), both.write() as session:
            session.execute(sa.text(statement))


# --- what reviewers broke -------------------------------------------------------------------------


def imported(session: Session, cast: Cast, *changes: tuple[str, str]) -> RubricDraft:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return drafts.begin_with(session, opened(text.encode(), "p.yaml"), actor=cast.network_lead)


def test_a_line_without_words_in_one_language_keeps_its_place(
    session: Session, cast: Cast, draft: RubricDraft
) -> None:
    spanish, english = (f"dimensions.preguntas.indicators.{each}" for each in ("es", "en"))
    for name, words in ((spanish, "A\nB\nC"), (english, "\nb\nc\n")):
        assert not drafts.change(
            session, draft.id, [Edit(name, "", words)], actor=cast.network_lead
        )
    listed = contents.inside(drafts.content_of(draft), ("dimensions", "preguntas", "indicators"))
    assert listed == [{"es": "A"}, {"es": "B", "en": "b"}, {"es": "C", "en": "c"}]
    assert stands(draft, english) == "\nb\nc"


def test_what_can_never_be_a_sheet_is_refused_at_once(
    session: Session, cast: Cast, draft: RubricDraft
) -> None:
    many = "dimensions: [" + "{}, " * 700 + "{}]\n"
    with pytest.raises(InvalidError):  # empty entries are no dimensions
        drafts.begin_with(session, opened(many.encode(), "p.yaml"), actor=cast.network_lead)
    filled = "dimensions:\n" + "".join(f"  - {{code: D{n}}}\n" for n in range(81))
    with pytest.raises(BadInputError, match="at most 80"):
        drafts.begin_with(session, opened(filled.encode(), "p.yaml"), actor=cast.network_lead)
    for _domain in range(19):
        drafts.add(session, draft.id, contents.DOMAINS, actor=cast.network_lead)
    with pytest.raises(BadInputError, match="at most 20"):
        drafts.add(session, draft.id, contents.DOMAINS, actor=cast.network_lead)


def test_words_of_a_file_without_their_language_are_spanish(session: Session, cast: Cast) -> None:
    draft = imported(
        session,
        cast,
        ("title: {es: Pauta, en: Rubric}", "title: Mi pauta"),
        ("description: {es: Se pregunta, en: Questions are asked}", "description: Se pregunta"),
        ("licence:", "languages: es\nlicence:"),
    )
    assert stands(draft, "title.es") == "Mi pauta"
    assert stands(draft, "dimensions.preguntas.description.es") == "Se pregunta"
    assert fields.languages_of(drafts.content_of(draft)) == ("es",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  main:\n", "  Otra escala:\n"),
        ("mid: {low: 2, high: 3}", "mid: {low: 3, high: 3}"),
    ],
)
def test_a_file_with_a_fault_that_no_field_mends_is_refused(
    session: Session, cast: Cast, old: str, new: str
) -> None:
    with pytest.raises(InvalidError):
        imported(session, cast, (old, new))


def test_a_domain_and_a_dimension_of_one_name_come_back_each_for_itself(
    session: Session, cast: Cast
) -> None:
    draft = imported(session, cast, ("id: preguntas", "id: pensar"))
    for kind in (contents.DIMENSIONS, contents.DOMAINS):
        drafts.drop(session, draft.id, kind, "pensar", actor=cast.network_lead)
    drafts.put_back(session, draft.id, contents.DIMENSIONS, "pensar", actor=cast.network_lead)
    content = drafts.content_of(draft)
    assert contents.thing(content, contents.DIMENSIONS, "pensar") is not None
    assert contents.thing(content, contents.DOMAINS, "pensar") is None


def test_a_scale_that_is_emptied_does_not_take_the_preview_away(
    session: Session, cast: Cast
) -> None:
    extra = "  lma:\n    min: 1\n    max: 3\n    bands:\n      low: {low: 1, high: 1}\n"
    extra += "      mid: {low: 2, high: 2}\n      high: {low: 3, high: 3}\n"
    behaviour = "    behaviours:\n      - id: espera\n        title: {es: Espera, en: Waits}\n"
    behaviour += "        scale: lma\n"
    at = "    domain: pensar\n"
    draft = imported(session, cast, ("domains:\n", extra + "domains:\n"), (at, at + behaviour))
    names = ("min", "max", "bands.low.high", "bands.mid.high")
    edits = [Edit(f"scales.lma.{n}", stands(draft, f"scales.lma.{n}"), "") for n in names]
    assert drafts.change(session, draft.id, edits, actor=cast.network_lead) == []
    shown = sketch(drafts.content_of(draft))
    assert shown is not None
    assert len(shown.rows()) == 3


def test_words_that_were_accepted_stand_in_the_next_draft(
    cast: Cast, session: Session, base: RubricVersion
) -> None:
    said = [
        ("low", "Nadie pregunta."),
        ("indicators", "Mano en alto\nOtra idea"),
        ("feedback", "X"),
    ]
    said += [("title", "Preguntar"), ("title", "Preguntas abiertas")]
    for part, wording in said:
        made = proposals.propose(
            session, base.id, "preguntas", "Así.", part=part, wording=wording, actor=cast.observer
        )
        proposals.decide(session, made.id, accepted=True, reason="", actor=cast.administrator)
    declined = proposals.propose(
        session, base.id, "preguntas", "No.", part="high", wording="Otra", actor=cast.utp_head
    )
    proposals.decide(session, declined.id, accepted=False, reason="No.", actor=cast.administrator)
    draft = drafts.begin_from(session, base.id, actor=cast.network_lead)
    assert stands(draft, LOW) == "Nadie pregunta."
    assert stands(draft, TITLE) == "Preguntas abiertas", "the one decided last"
    assert stands(draft, "dimensions.preguntas.indicators.es") == "Mano en alto\nOtra idea"
    assert stands(draft, "dimensions.preguntas.descriptors.high.es") != "Otra"
    assert cast.observer.name in stands(draft, "notes.es")
    assert cast.utp_head.name not in stands(draft, "notes.es")


@pytest.mark.parametrize("extra", ["dominios: []\n", "nota: ''\n", "peso:\n"])
def test_a_key_that_no_rubric_has_is_refused_though_nothing_stands_under_it(
    session: Session, cast: Cast, extra: str
) -> None:
    given = opened((extra + GOOD).encode(), "p.yaml")
    with pytest.raises(InvalidError) as refused:
        drafts.begin_with(session, given, actor=cast.network_lead)
    assert "is not known here" in str(refused.value.problems[0])
