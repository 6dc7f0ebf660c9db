"""`observe feedback` for scripts: a round's PDFs, the file to carry, the proof, withdrawing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from uuid import UUID

import pypdf
import pytest
from click.testing import CliRunner

from observe.cli import main
from observe.db import Database
from observe.feedback.models import Feedback
from observe.settings import Settings
from observe.video.store import Store
from tests.cli.conftest import Run
from tests.factories import TODAY, Cast
from tests.feedback_cases import given, published
from tests.signed_cases import both_signed
from tests.unit.test_sealing import PASSPHRASE


@pytest.fixture
def obs(cast: Cast) -> str:
    """Who the commands are run as."""
    return str(cast.observer.user_id)


@pytest.fixture
def two(database: Database, cast: Cast) -> list[str]:
    """Two published feedbacks of one day."""
    with database.write() as session:
        return [str(given(session, cast, TODAY, f"Paso {number}").id) for number in (1, 2)]


def test_the_pdfs_of_a_round_go_into_a_zip_or_a_folder(
    run: Run, tmp_path: Path, obs: str, two: list[str]
) -> None:
    whole = ("feedback", "pdf", "--school", "1234-5", "--from", "2026-05-01", "--to", "2026-05-31")
    packed = tmp_path / "ronda.zip"
    facts = run(*whole, "--zip", packed, "--as", obs, "--json").facts
    assert facts["file"] == str(packed)
    assert sorted(facts["feedback"]) == sorted(two)
    names = ["2026-05-12-1B-BO.pdf", "2026-05-12-1B-BO-2.pdf"]
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == names
    folder = tmp_path / "ronda"
    run(*whole, "--to-folder", folder, "--as", obs)
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    steps = "".join(
        pypdf.PdfReader(path).pages[0].extract_text() for path in sorted(folder.iterdir())
    )
    assert "Paso 1" in steps
    assert "Paso 2" in steps
    run("feedback", "pdf", two[0], "-o", tmp_path / "una.pdf", "--as", obs)
    assert (tmp_path / "una.pdf").read_bytes() in {path.read_bytes() for path in folder.iterdir()}


def test_what_cannot_be_meant_is_refused_with_its_code(
    run: Run, tmp_path: Path, obs: str, two: list[str], cast: Cast
) -> None:
    target = tmp_path / "ronda.zip"
    for wrong in (
        ("pdf",),
        ("pdf", two[0]),
        ("pdf", two[0], "--zip", target),
        ("pdf", "--zip", target, "--to-folder", tmp_path / "x"),
        ("pdf", "--from", "ayer", "--zip", target),
        ("pdf", "--from", "2027-01-01", "--zip", target),
        ("pdf", "--zip", tmp_path / "nowhere" / "x.zip"),
        ("verify", "-o", target),
        ("carry", two[0], "-o", target),
        ("withdraw", two[0], "--reason", " "),
    ):
        run("feedback", *wrong, "--as", obs, code=2)
    run("feedback", "pdf", "--school", "6789-K", "--zip", target, "--as", obs, code=4)
    outsider = str(cast.outsider_observer.user_id)
    run("feedback", "pdf", "--zip", target, "--as", outsider, code=2)
    run("feedback", "withdraw", two[0], "--reason", "x", "--as", outsider, code=4)
    assert list(tmp_path.glob("*.zip*")) == []


def test_the_list_is_narrowed_and_a_withdrawn_one_changes_its_state(
    run: Run, obs: str, two: list[str], cast: Cast
) -> None:
    def listed(*more: str, who: str = obs) -> list[str]:
        facts = run("feedback", "list", *more, "--as", who, "--json").facts
        return [each["feedback"] for each in facts["feedback"]]

    assert sorted(listed("--school", "1234", "--to", "2026-05-12")) == sorted(two)
    assert listed("--from", "2026-05-13") == []
    edu = str(cast.educator.user_id)
    assert sorted(listed("--from", "2026-05-12", who=edu)) == sorted(two)
    assert listed("--from", "2026-05-13", who=edu) == []
    gone = run("feedback", "withdraw", two[0], "--reason", "Otro niño", "--as", obs, "--json").facts
    assert (gone["feedback"], gone["state"]) == (two[0], "withdrawn")
    assert listed("--state", "published") == [two[1]]
    assert listed("--state", "withdrawn") == [two[0]]


def test_the_proof_of_one_and_of_a_period(
    run: Run, tmp_path: Path, database: Database, cast: Cast, two: list[str]
) -> None:
    head, target = str(cast.utp_head.user_id), tmp_path / "prueba.pdf"
    with database.read() as session:
        observation = str(session.get_one(Feedback, UUID(two[0])).observation_id)
    facts = run("feedback", "verify", observation, "-o", target, "--as", head, "--json").facts
    assert facts["observations"] == [observation]
    assert "Berta O'Brien" in pypdf.PdfReader(target).pages[0].extract_text()
    period = ("--school", "1234-5", "--from", "2026-05-01", "-o", target)
    assert (
        len(run("feedback", "verify", *period, "--as", head, "--json").facts["observations"]) == 2
    )
    edu = str(cast.educator.user_id)
    run("feedback", "verify", observation, "-o", target, "--as", edu, code=4)


def test_the_file_to_carry_is_sealed_by_the_first_line_given(
    run: Run,
    tmp_path: Path,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    obs: str,
    small_video: Path,
) -> None:
    feedback_id = published(database, home, store, cast, small_video)
    both_signed(database, home, cast, feedback_id)
    target = tmp_path / "llevar.html"
    facts = run("feedback", "carry", feedback_id, "-o", target, "--as", obs, "--json").facts
    assert (facts["sealed"], facts["bytes"]) == (False, target.stat().st_size)
    assert "Berta, esto es para ti" in target.read_text(encoding="utf-8")
    command = ["feedback", "carry", str(feedback_id), "-o", str(target), "--passphrase"]
    ran = CliRunner().invoke(main, [*command, "--as", obs], input=f"{PASSPHRASE}\n")
    assert ran.exit_code == 0, ran.output
    assert PASSPHRASE not in ran.output
    assert "Berta" not in target.read_text(encoding="utf-8")
