"""Behaviours, scales with letters and snapshots, written in the browser; drafts put away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError, NotAllowedError, NotFoundError
from observe.rubric import content as contents
from observe.rubric import drafts, fields
from observe.rubric.content import DIMENSIONS, QUESTIONS, SCALES, Place
from observe.rubric.drafts import Clash, Edit, Wrong
from observe.rubric.models import RubricDraft
from observe.rubric.operations import load, rubric_of
from observe.rubric.schema import Rubric
from observe.rubric.yamltext import Content
from tests.factories import Cast
from tests.rubrics import WHOLE
from tests.unit.test_rubric_loader import GOOD

BEHAVIOURS = (*DIMENSIONS, "preguntas", "behaviours")
RUBRICS = sorted((Path(__file__).parents[2] / "rubrics").rglob("*.yaml"))


@pytest.fixture
def draft(cast: Cast, session: Session) -> RubricDraft:
    base = load(session, GOOD, "p.yaml", actor=None)
    return drafts.begin_from(session, base.id, actor=cast.network_lead)


@pytest.fixture
def write(cast: Cast, session: Session, draft: RubricDraft) -> Write:
    return Write(session, draft, cast)


class Write:
    """What a person does on the page of `draft`."""

    def __init__(self, session: Session, draft: RubricDraft, cast: Cast) -> None:
        self.session, self.draft, self.actor = session, draft, cast.network_lead

    def add(self, place: Place) -> str:
        return drafts.add(self.session, self.draft.id, place, actor=self.actor)

    def drop(self, place: Place, name: str) -> None:
        drafts.drop(self.session, self.draft.id, place, name, actor=self.actor)

    def back(self, place: Place, name: str) -> None:
        drafts.put_back(self.session, self.draft.id, place, name, actor=self.actor)

    def type(self, words: dict[str, str]) -> None:
        """Type into fields."""
        edits = [Edit(name, self.stands(name), said) for name, said in words.items()]
        assert drafts.change(self.session, self.draft.id, edits, actor=self.actor) == []

    def clash(self, edit: Edit) -> Clash:
        """Type what somebody else's change refuses."""
        (found,) = drafts.change(self.session, self.draft.id, [edit], actor=self.actor)
        return found

    def problems(self) -> list[Wrong]:
        return drafts.problems(drafts.content_of(self.draft))

    def frozen(self) -> Rubric:
        """Publish it."""
        assert self.problems() == []
        return rubric_of(drafts.freeze(self.session, self.draft.id, actor=self.actor))

    def stands(self, name: str) -> str:
        content = drafts.content_of(self.draft)
        return fields.typed(content, fields.fields(content)[name])

    def field(self, place: Place, name: str) -> fields.Field:
        return fields.fields(drafts.content_of(self.draft))[".".join((*place, name))]


def leaves(content: Content, path: Place = ()) -> Iterator[Place]:
    """Yield where each word of a rubric stands, entries of plain lists not told apart."""
    if isinstance(content, dict):
        for name, inside in content.items():
            yield from leaves(inside, (*path, name))
    elif isinstance(content, list) and all(isinstance(each, dict) for each in content):
        for each in content:
            assert isinstance(each, dict)
            named = (*path, str(each["id"])) if "id" in each else path
            yield from leaves({k: v for k, v in each.items() if k != "id"}, named)
    else:
        yield path


@pytest.mark.parametrize(
    "path", [*RUBRICS, None], ids=lambda path: path.parent.name if path else ""
)
def test_nothing_that_a_rubric_says_is_out_of_the_page_s_reach(
    cast: Cast, session: Session, path: Path | None
) -> None:
    text = path.read_text() if path else WHOLE
    base = load(session, text, "p.yaml", actor=None)
    content = drafts.content_of(drafts.begin_from(session, base.id, actor=cast.network_lead))
    known = {field.path for field in fields.fields(content).values()}
    beyond = {
        place
        for place in leaves(content)
        if place not in known and not (place[0] == "scales" and place[2:3] == ("bands",))
    }
    assert beyond == {("schema_version",), ("id",)}


def test_behaviours_on_a_scale_of_letters_are_written_from_nothing(write: Write) -> None:
    assert write.add(SCALES) == "escala-2"
    scale = "scales.escala-2"
    write.type({f"{scale}.max": "3", f"{scale}.bands.mid.high": "2"})
    letters = {"1": ("B", "L"), "2": ("M", "M"), "3": ("A", "H")}
    for number, (spanish, english) in letters.items():
        place = f"{scale}.letters.{number}"
        write.type({f"{place}.es": spanish, f"{place}.en": english})
    first, second = write.add(BEHAVIOURS), write.add(BEHAVIOURS)
    field = write.field((*BEHAVIOURS, second), "scale")
    assert field.choices == (("main", "main: 1–4"), ("escala-2", "escala-2: B · M · A"))
    for name, title in ((first, "Espera"), (second, "Repregunta")):
        place = ".".join((*BEHAVIOURS, name))
        write.type({f"{place}.title.es": title, f"{place}.title.en": title})
        write.type({f"{place}.not_applicable": "allowed"})
    rubric = write.frozen()
    preguntas = rubric.dimension("preguntas")
    assert [each.id for each in preguntas.behaviours] == ["espera", "repregunta"]
    assert {each.scale for each in preguntas.behaviours} == {"escala-2"}
    assert preguntas.behaviours[0].not_applicable == "allowed"
    said = rubric.scales["escala-2"]
    assert [said.letters[n].es for n in said.values()] == ["B", "M", "A"]
    assert [row.id for row in rubric.rows()][:3] == [
        "preguntas.espera",
        "preguntas.repregunta",
        "preguntas",
    ]


def test_snapshots_are_written_from_nothing(write: Write) -> None:
    questions = [write.add(QUESTIONS), write.add(QUESTIONS)]
    answers = {
        name: [write.add((*QUESTIONS, name, "answers")) for _ in range(2)] for name in questions
    }
    write.type({"protocol.snapshots.at_ms": "2,5 ; 4", "protocol.snapshots.look_ms": "15"})
    assert write.stands("protocol.snapshots.at_ms") == "2,5; 4"
    assert write.stands("protocol.snapshots.look_ms") == "15"
    for question in questions:
        for place in (question, *(f"{question}.answers.{each}" for each in answers[question])):
            name = f"protocol.snapshots.questions.{place}.title"
            write.type({f"{name}.es": "¿Qué hacen?", f"{name}.en": "What do they do?"})
    first, second = questions
    after = f"protocol.snapshots.questions.{second}.only_after"
    assert [value for value, _words in write.field((*QUESTIONS, second), "only_after").choices] == [
        "",
        *(f"{first}.{each}" for each in answers[first]),
    ]
    write.type({after: f"{first}.{answers[first][1]}"})
    snapshots = write.frozen().protocol.snapshots
    assert snapshots is not None
    assert (snapshots.at_ms, snapshots.look_ms) == ((150_000, 240_000), 15_000)
    assert [each.id for each in snapshots.questions] == ["que-hacen", "que-hacen-2"]
    assert snapshots.questions[1].only_after == ("que-hacen", "que-hacen-2")


def test_a_rubric_whose_questions_were_dropped_looks_no_more(write: Write) -> None:
    name = write.add(QUESTIONS)
    write.type({"protocol.snapshots.at_ms": "x"})
    wrong = [each.field.name for each in write.problems() if each.field]
    assert "protocol.snapshots.at_ms" in wrong
    write.drop(QUESTIONS, name)
    write.type({"protocol.snapshots.at_ms": "", "protocol.snapshots.look_ms": "20"})
    assert write.problems() == []
    assert write.frozen().protocol.snapshots is None


def test_parts_within_parts_are_dropped_and_come_back_with_their_words(write: Write) -> None:
    name = write.add(BEHAVIOURS)
    title = ".".join((*BEHAVIOURS, name, "title", "es"))
    write.type({title: "Espera"})
    write.drop(BEHAVIOURS, name)
    lost = write.clash(Edit(title, "Espera", "Espera en silencio"))
    assert lost.back is not None
    assert (lost.back.place, lost.back.thing["id"]) == (BEHAVIOURS, name)
    write.drop(DIMENSIONS, "preguntas")
    lost = write.clash(Edit(title, "Espera", "Espera en silencio"))
    assert lost.back is not None
    assert lost.back.place == DIMENSIONS, "the dimension first"
    with pytest.raises(ConflictError, match="Put it back first"):
        write.back(BEHAVIOURS, name)
    with pytest.raises(ConflictError, match="Put it back first"):
        write.add(BEHAVIOURS)
    write.back(DIMENSIONS, "preguntas")
    write.back(BEHAVIOURS, name)
    assert write.stands(title) == "Espera"
    other = write.add(BEHAVIOURS)
    drafts.move(write.session, write.draft.id, BEHAVIOURS, other, -1, actor=write.actor)
    listed = contents.inside(drafts.content_of(write.draft), BEHAVIOURS)
    assert isinstance(listed, list)
    assert [each["id"] for each in listed if isinstance(each, dict)] == [other, name]


def test_a_scale_that_is_dropped_is_missed_and_comes_back(write: Write) -> None:
    name = write.add(SCALES)
    write.type({"dimensions.preguntas.scale": name})
    write.drop(SCALES, name)
    assert write.problems() != []
    assert write.add(SCALES) == "escala-2-2", "the first may come back"
    write.back(SCALES, name)
    assert write.problems() == []


@pytest.mark.parametrize(
    "place", [("licence",), ("dimensions", "*", "behaviours"), ("protocol",), ("",)]
)
def test_nothing_else_is_added(write: Write, place: Place) -> None:
    before = write.draft.content
    with pytest.raises((NotFoundError, ConflictError)):
        write.add(place)
    assert write.draft.content == before


def test_lists_within_have_their_limits(write: Write) -> None:
    for _one in range(6):
        write.add(QUESTIONS)
    with pytest.raises(BadInputError, match="at most 6"):
        write.add(QUESTIONS)


# --- put away -------------------------------------------------------------------------------------


def test_a_draft_that_is_discarded_keeps_its_words_and_takes_no_others(
    write: Write, cast: Cast, session: Session
) -> None:
    write.type({"title.es": "Pauta de patio"})
    for _again in range(2):
        drafts.discard(session, write.draft.id, actor=cast.administrator)
    assert drafts.open_drafts(session, actor=cast.network_lead) == []
    assert drafts.discarded_drafts(session, actor=cast.network_lead) == [write.draft]
    for refused in (
        lambda: write.add(SCALES),
        lambda: drafts.freeze(session, write.draft.id, actor=cast.network_lead),
        lambda: drafts.change(
            session, write.draft.id, [Edit("title.es", "", "x")], actor=cast.network_lead
        ),
    ):
        with pytest.raises(ConflictError, match="discarded"):
            refused()
    for outsider in (*cast.outsiders, cast.observer, cast.educator):
        for verb in (drafts.discard, drafts.take_up):
            with pytest.raises((NotFoundError, NotAllowedError)):
                verb(session, write.draft.id, actor=outsider)
    drafts.take_up(session, write.draft.id, actor=cast.network_lead)
    assert write.stands("title.es") == "Pauta de patio"
    assert [each.id for each in drafts.open_drafts(session, actor=cast.administrator)] == [
        write.draft.id
    ]
    write.frozen()
    with pytest.raises(ConflictError, match="became version"):
        drafts.discard(session, write.draft.id, actor=cast.network_lead)
