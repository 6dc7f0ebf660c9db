"""Shared records by commands: one educator over time, one record as a file, averages."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from observe.db import Database
from tests.cli.conftest import Run
from tests.database.test_releases import coded
from tests.factories import Cast, recording
from tests.feedback_cases import submitted

ANA, DORA = "observer-ana-peñailillo", "utp_head-dora-müller"
ELSA, BERTA = "network_lead-elsa-rojas", "educator-berta-obrien"


@pytest.fixture
def observation_id(database: Database, cast: Cast) -> UUID:
    """A record of the school."""
    with database.write() as session:
        return submitted(session, cast, recording(session, cast)).id


def test_a_history_and_a_sheet_are_written_for_who_may_see_the_record(
    run: Run, observation_id: UUID, tmp_path: Path
) -> None:
    lines = run("records", "history", BERTA, "--as", DORA, "--json").facts["lines"]
    assert {each["kind"] for each in lines} == {"domain", "dimension"}
    assert {point["observations"][0] for each in lines for point in each["points"]} == {
        str(observation_id)
    }
    assert "asignada" in run("records", "history", BERTA, "--as", ANA).out
    run("records", "history", BERTA, "--as", ELSA, code=4)
    paper, table = tmp_path / "r.pdf", tmp_path / "r.csv"
    for path in (paper, table):
        run("records", "sheet", observation_id, "-o", path, "--as", DORA)
    assert paper.read_bytes().startswith(b"%PDF")
    assert str(observation_id) in table.read_text(encoding="utf-8-sig")
    run("records", "sheet", observation_id, "-o", tmp_path / "r.txt", "--as", DORA, code=2)
    run("records", "sheet", observation_id, "-o", tmp_path / "x.pdf", "--as", ELSA, code=4)
    assert not (tmp_path / "x.pdf").exists()


def test_averages_are_given_out_by_the_lead_alone(run: Run, database: Database, cast: Cast) -> None:
    with database.write() as session:
        coded(session, cast, cast.school, ["Uno", "Dos", "Tres", "Cuatro"])
    run("records", "averages", "--give-out", "--as", ELSA, code=2)
    with database.write() as session:
        coded(session, cast, cast.school, ["Cinco"])
    run("records", "averages", "--give-out", "--as", DORA, code=4)
    told = run("records", "averages", "--give-out", "--as", ELSA, "--json").facts["averages"]
    assert {(each["school"], each["educators"]) for each in told} == {("Escuela Los Aromos", 5)}
    assert "Escuela Los Aromos" in run("records", "averages", "--as", DORA).out
    assert run("records", "averages", "--as", ANA, "--json").facts["averages"] == []
