"""A rubric of names alone in use: coded, profiled, suggested from, exported, typed in."""

from __future__ import annotations

import csv
import io
import math

import pytest
from sqlalchemy.orm import Session

from observe.coding.blank_sheet import sheet_csv
from observe.coding.models import Observation
from observe.coding.operations import document_of, latest_document, submit
from observe.coding.sheet import import_sheet
from observe.feedback import operations as feedbacks
from observe.ids import new_id
from observe.profile import profile_of
from observe.records import operations as records
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, rubric_of
from observe.rubric.schema import content_hash
from tests import factories
from tests.database.coding import change, cycle, observation, send
from tests.rubrics import NAMES_ALONE

MINUTE = 60_000
FIRST = {"uno": 4, "dos": 6, "tres": 1}
SECOND = {"uno": 6, "dos": 6, "tres": 3}


@pytest.fixture
def names(session: Session) -> RubricVersion:
    return load(session, NAMES_ALONE, "1.0.yaml", actor=None)


@pytest.fixture
def coded(session: Session, cast: factories.Cast, names: RubricVersion) -> Observation:
    """Two cycles, each dimension scored, the first two with a note."""
    draft = observation(session, cast, names)
    cycles = [
        cycle(
            number * 15 * MINUTE,
            (number + 1) * 15 * MINUTE,
            scores=[{"dimension": name, "value": value} for name, value in given.items()],
        )
        for number, given in enumerate((FIRST, SECOND))
    ]
    notes = [
        change(
            "note.put", note=new_id(), at_ms=at * MINUTE, dimension=name, text="Se oye.", polarity=1
        )
        for at, name in ((3, "uno"), (5, "dos"))
    ]
    send(session, cast, draft, *cycles, *notes)
    return draft


def test_it_is_scored_and_has_a_profile(
    session: Session, cast: factories.Cast, names: RubricVersion, coded: Observation
) -> None:
    revision = submit(session, coded.id, actor=cast.observer)
    assert revision.number == 1
    profile = profile_of(latest_document(session, coded), rubric_of(names))
    assert {each.dimension: each.mean for each in profile.dimensions} == {
        "uno": 5.0,
        "dos": 6.0,
        "tres": 2.0,
    }
    (domain,) = profile.domains
    assert domain.mean is not None
    assert math.isclose(domain.mean, 5.5)


def test_a_strength_and_a_priority_are_proposed_without_words(
    session: Session, cast: factories.Cast, coded: Observation
) -> None:
    submit(session, coded.id, actor=cast.observer)
    proposed = feedbacks.suggestion_for(session, coded.id, actor=cast.observer)
    assert [each.dimension for each in proposed.strength] == ["dos"]
    assert [each.dimension for each in proposed.priority] == ["uno"]


def test_its_record_is_exported_by_name(
    session: Session, cast: factories.Cast, coded: Observation
) -> None:
    submit(session, coded.id, actor=cast.observer)
    text = records.export_of(session, actor=cast.utp_head).scores.for_programs().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 6
    assert "instrumento-ajeno" in text


def test_what_was_typed_from_paper_is_what_the_observation_says(
    session: Session, cast: factories.Cast, names: RubricVersion
) -> None:
    lines = list(
        csv.DictReader(io.StringIO(sheet_csv(rubric_of(names)).decode("utf-8-sig")), delimiter=";")
    )
    assert [line["title"] for line in lines[:3]] == [
        "D1 · Dimensión uno",
        "D2 · Dimensión dos",
        "D3 · Dimensión tres",
    ]
    for line, given in zip(lines, [*FIRST.values(), *SECOND.values()], strict=True):
        line["score"] = str(given)
    lines[0] |= {"start": "0:00", "end": "15:00"}
    lines[3] |= {"start": "15:00", "end": "30:00"}
    file = io.StringIO()
    writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(lines)
    lesson = factories.recording(session, cast)
    done = import_sheet(session, file.getvalue(), lesson.id, names.id, actor=cast.observer)
    said = document_of(session, session.get_one(Observation, done.observation_id))
    scores = [{each.dimension: each.value for each in cycle.scores} for cycle in said.cycles]
    assert scores == [FIRST, SECOND]


def test_what_is_kept_of_it_is_what_the_file_said(names: RubricVersion) -> None:
    assert '"names_only":true' in names.document
    assert content_hash(rubric_of(names)) == names.content_hash
