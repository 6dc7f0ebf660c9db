"""`observe rubric print`: the files that it writes or keeps, and back again by `coding import`."""

from __future__ import annotations

import csv
from pathlib import Path

import pypdf
import pytest

from observe.rubric.operations import shipped_folder
from tests.cli.conftest import Run
from tests.rubrics import timed

RUBRIC = "aprendizaje-profundo"


def test_pdf_and_table_are_written_and_told(peopled: Run, tmp_path: Path) -> None:
    paper, table = tmp_path / "pauta.pdf", tmp_path / "planilla.csv"
    told = peopled(
        "rubric", "print", RUBRIC, "--to", paper, "--csv", table, "--cycles", 2, "--json"
    ).facts
    assert (told["rubric"], told["version"], told["language"]) == (RUBRIC, "1.0", "es")
    assert (told["cycles"], told["pdf"], told["csv"]) == (2, str(paper), str(table))
    assert told["content_hash"][:8] in pypdf.PdfReader(paper).pages[0].extract_text()
    assert table.read_bytes().startswith(b"\xef\xbb\xbfcycle;start;end;dimension;title;score")
    assert len(table.read_text("utf-8-sig").splitlines()) == 1 + 2 * 9


def test_a_table_alone_is_written_alone(peopled: Run, tmp_path: Path) -> None:
    table = tmp_path / "sheet.csv"
    told = peopled("rubric", "print", RUBRIC, "--csv", table, "--language", "en", "--json").facts
    assert (told["pdf"], told["language"]) == (None, "en")
    assert table.read_text("utf-8-sig").startswith("cycle;start;end;")
    assert list(tmp_path.glob("*.pdf")) == []


def test_a_file_is_printed_without_a_home_under_its_own_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBSERVE_HOME", str(tmp_path / "nowhere"))
    file = shipped_folder() / "teach-primaria" / "1.0.yaml"
    said = run("rubric", "print", file, "--no-descriptors", "--paper", "oficio").out
    assert said == "Escrito: teach-primaria-1.0.pdf\n"
    assert len(pypdf.PdfReader(tmp_path / "teach-primaria-1.0.pdf").pages) == 4


def test_what_is_there_is_kept_unless_forced(peopled: Run, tmp_path: Path) -> None:
    paper, table = tmp_path / "pauta.pdf", tmp_path / "planilla.csv"
    table.write_text("mía")
    both = ("rubric", "print", f"{RUBRIC}@1.0", "--to", paper, "--csv", table, "--no-descriptors")
    assert "ya existe" in peopled(*both, code=2).err
    assert (paper.exists(), table.read_text()) == (False, "mía")
    peopled(*both, "--force")
    assert (paper.exists(), "cycle" in table.read_text("utf-8")) == (True, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("no-hay",), 4),
        ((RUBRIC, "--cycles", "0"), 2),
        ((RUBRIC, "--cycles", "41"), 2),
        ((RUBRIC, "--language", "fr"), 2),
        ((RUBRIC, "--paper", "a5"), 2),
    ],
)
def test_what_cannot_be_printed_is_refused(
    peopled: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    peopled("rubric", "print", *arguments, code=code)
    assert list(tmp_path.glob("*.pdf")) == []


def test_a_rubric_in_spanish_alone_says_so(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prueba.yaml"
    file.write_text(timed().replace('"version": "1.0"', '"version": "1.0", "languages": ["es"]'))
    common = ("rubric", "print", file, "--to", tmp_path / "pauta.pdf")
    assert "solo en español" in run(*common, "--language", "en", code=2).err
    run(*common)


def test_paper_typed_in_becomes_an_observation(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    recording = peopled(
        "video", "add", small_video, "--educator", "edu", "--class-group", "1° B", "--date",
        "2026-05-10", "--as", "obs", "--consent", "confirmed", "--wait", "--json",
    ).facts["recording"]  # fmt: skip
    table = tmp_path / "planilla.csv"
    peopled("rubric", "print", RUBRIC, "--csv", table)
    with table.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    lines[0] |= {"start": "0:00", "end": "0:30", "note_at": "0:12", "note": "Pregunta «¿por qué?»"}
    scores = {line["dimension"]: 1 + place % 4 for place, line in enumerate(lines[:9])}
    for line in lines[:9]:
        line["score"] = str(scores[line["dimension"]])
    with table.open("w", encoding="latin-1", newline="") as file:  # as spreadsheets save it
        writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(lines)
    observation = peopled(
        "coding", "import", table, "--recording", recording, "--rubric", RUBRIC,
        "--observer", "obs", "--json",
    ).facts["observation"]  # fmt: skip
    document = peopled("observations", "show", observation, "--as", "obs", "--json").facts[
        "document"
    ]
    (cycle,) = document["cycles"]
    assert {score["dimension"]: score["value"] for score in cycle["scores"]} == scores
    assert [note["text"] for note in document["notes"]] == ["Pregunta «¿por qué?»"]
