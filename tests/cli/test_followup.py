"""Follow-up by commands: what is due, mail, and the previous priority of a sheet."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest

from observe.coding.operations import start
from observe.db import Database
from observe.feedback.models import FollowUp, Outcome
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from tests import factories
from tests.cli.conftest import Run
from tests.factories import TODAY, Cast
from tests.feedback_cases import DUE, given, submitted
from tests.mailbox import serving

LATE = DUE + timedelta(days=1)
ANA, DORA = "observer-ana-peñailillo", "utp_head-dora-müller"
FLORA = "administrator-flora-díaz"


@pytest.fixture
def waits(database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A next step that has passed, a lesson without its feedback, and one to be coded."""
    monkeypatch.setattr("observe.cli.feedback_due.today", lambda: LATE)
    with database.write() as session:
        given(session, cast, TODAY, "Pregunta «¿por qué?».")
        other = factories.recording(session, cast)
        other.educator_id = cast.second_educator.user_id
        session.flush()
        submitted(session, cast, other)
        factories.recording(session, cast)


def test_what_is_due_as_a_table_as_json_and_as_csv(run: Run, waits: None, tmp_path: Path) -> None:
    table = run("feedback", "due", "--as", ANA).out
    assert "Celia Núñez" in table
    assert "21" in table
    facts = run("feedback", "due", "--as", ANA, "--json").facts["due"]
    assert [(each["waits_for"], each["late"]) for each in facts] == [
        ("compose", True),
        ("step", True),
    ]
    assert facts[0]["school_days_since"] == 21
    everything = run("feedback", "due", "--all", "--as", ANA, "--json").facts["due"]
    assert [each["waits_for"] for each in everything] == ["compose", "step", "code"]
    target = tmp_path / "espera.csv"
    run("feedback", "due", "--all", "-o", target, "--as", ANA)
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig")), delimiter=";"))
    assert [row["waits_for"] for row in rows] == ["compose", "step", "code"]
    assert rows[2]["due_on"] == ""
    assert "¿por qué?" not in target.read_text(encoding="utf-8-sig")


def test_a_utp_head_asks_for_her_school_and_others_find_nothing(run: Run, waits: None) -> None:
    facts = run("feedback", "due", "--school", "--as", DORA, "--json").facts["due"]
    assert [each["observer"] for each in facts] == ["Ana Peñailillo"] * 2
    assert run("feedback", "due", "--as", DORA, "--json").facts == {"due": []}
    for other in ("educator-berta-obrien", "utp_head-irma-lagos", "observer-gina-soto"):
        assert run("feedback", "due", "--school", "--as", other, "--json").facts == {"due": []}
    assert "Nada por atender." in run("feedback", "due", "--as", "observer-gina-soto").out


def test_mail_is_tried_and_the_doctor_tells(
    run: Run, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "recordatorios están solo en las páginas" in run("doctor", "--as", FLORA).out
    run("mail", "test", "ana@escuela.test", "--as", FLORA, code=2)
    with serving() as box:
        monkeypatch.setenv("OBSERVE_SMTP_URL", f"smtp://localhost:{box.port}")
        monkeypatch.setenv("OBSERVE_MAIL_FROM", "observe@escuela.test")
        run("mail", "test", "sin-arroba", "--as", FLORA, code=2)
        run("mail", "test", "ana@escuela.test", "--as", ANA, code=3)
        assert box.letters == []
        told = run("mail", "test", "ana@escuela.test", "--as", FLORA, "--json").facts
        assert told == {"sent": True, "to": "ana@escuela.test"}
        assert [letter["To"] for letter in box.letters] == ["ana@escuela.test"]
        assert "OBSERVE_URL" in run("doctor", "--as", FLORA, code=1).out
        monkeypatch.setenv("OBSERVE_URL", "https://observe.test")
        assert "localhost responde" in run("doctor", "--as", FLORA).out
    assert "no responde" in run("doctor", "--as", FLORA, code=1).out
    assert run("mail", "test", "ana@escuela.test", "--as", FLORA, code=2).err.count("\n") == 1


def test_a_sheet_answers_the_previous_priority_or_stays_a_draft(
    run: Run, database: Database, cast: Cast, rubric_version: RubricVersion, tmp_path: Path
) -> None:
    with database.write() as session:
        given(session, cast, date(2026, 4, 1), "Pregunta «¿por qué?».")
        lesson = factories.recording(session, cast)
    rows = [f"1,00:00:00,00:20:00,{row.id},2" for row in rubric_of(rubric_version).dimensions]
    sheet = tmp_path / "hoja.csv"
    sheet.write_text("\n".join(["cycle,start,end,dimension,score", *rows]), encoding="utf-8")
    into = ("--recording", lesson.id, "--rubric", "aprendizaje-profundo")
    bring = ("coding", "import", sheet, *into, "--as", ANA, "--json")
    first = run(*bring).facts
    asked = "Su prioridad anterior: di qué pasó con ella."
    assert asked in first["warnings"]
    assert asked in run("coding", "submit", first["observation"], "--as", ANA, code=2).err
    run(*bring, "--previous", "mejor", code=2)
    again = run(*bring, "--previous", "not_yet", "--previous-note", "Con preguntas cortas.").facts
    assert again["observation"] == first["observation"]
    assert asked not in again["warnings"]
    run("coding", "submit", first["observation"], "--previous", "moved", "--as", ANA)
    with database.read() as session:
        (kept,) = session.query(FollowUp).all()
    assert (kept.outcome, kept.note) == (Outcome.MOVED, "")


def test_the_option_needs_a_previous_priority(
    run: Run, database: Database, cast: Cast, rubric_version: RubricVersion
) -> None:
    with database.write() as session:
        lesson = factories.recording(session, cast)
        draft = start(session, lesson.id, rubric_version.id, actor=cast.observer)
    refused = run("coding", "submit", draft.id, "--previous", "moved", "--as", ANA, code=2)
    assert "No hay una prioridad anterior" in refused.err
