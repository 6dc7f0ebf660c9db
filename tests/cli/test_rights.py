"""`observe privacy request`: registered, blocked, answered by commands, and the copy written."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from observe.db import Database
from observe.people.models import AuditEntry
from observe.privacy import personal_export
from tests.cli.conftest import Run
from tests.factories import Cast


def test_a_request_by_commands(run: Run, database: Database, cast: Cast, tmp_path: Path) -> None:
    flora, berta = str(cast.administrator.user_id), str(cast.educator.user_id)
    made = run(
        *("privacy", "request", "register", berta, "--kind", "access", "--received", "2026-12-07"),
        *("--words", "¿Qué hay?", "--as", flora, "--json"),
        code=2,
    )
    assert "después de hoy" in made.err
    made = run(
        *("privacy", "request", "register", berta, "--kind", "access", "--received", "2026-05-12"),
        *("--as", flora, "--json"),
    )
    request = made.facts["request"]
    assert (made.facts["law"], made.facts["answer_due"]) == ("19.628", "2026-05-14")
    assert made.facts["overdue"] is True
    run("privacy", "request", "block", request, "--as", berta, code=3)
    assert run("privacy", "request", "block", request, "--as", flora, "--json").facts["blocks"]
    export = ("privacy", "export", "--request", request, "--as", flora)
    run(*export, "-o", tmp_path / "nowhere" / "copia.zip", code=2)
    assert _taken(database) == 0
    target = tmp_path / "copia.zip"
    run(*export, "-o", target)
    assert _taken(database) == 1
    with zipfile.ZipFile(target) as packed:
        assert json.loads(packed.read("datos.json"))["name"] == "Berta O'Brien"
    assert os.name != "posix" or target.stat().st_mode & 0o077 == 0  # hers alone
    run("privacy", "request", "lift", request, "--as", flora)
    answered = run(
        "privacy", "request", "answer", request, "answered", "--text", "Entregada.", "--as", flora
    )
    assert answered.code == 0
    listed = run("privacy", "request", "list", "--as", flora, "--json").facts["requests"]
    assert [(each["state"], each["overdue"]) for each in listed] == [("answered", False)]
    assert run("privacy", "breaches", "--as", flora, "--json").facts == {"breaches": []}
    run("privacy", "breaches", "--as", berta, code=4)


def test_a_command_that_fails_logs_no_name_and_keeps_out_of_the_answer(
    run: Run, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_target: Path, _personal: object, *, locale: str) -> None:
        raise RuntimeError(locale)

    monkeypatch.setattr(personal_export, "write_zip", broken)
    berta = str(cast.educator.user_id)
    ran = run("privacy", "export", "-o", tmp_path / "c.zip", "--as", berta, "--json", code=2)
    assert ran.out == ""
    assert "job failed" in ran.err
    assert "Berta" not in ran.err


def _taken(database: Database) -> int:
    with database.read() as session:
        rows = sa.select(AuditEntry).where(AuditEntry.action == personal_export.TAKEN)
        return len(session.scalars(rows).all())
