"""The path by commands, on three real files: from a video to one strength and one priority."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pypdf
import pytest

from observe.video.timecode import format_time
from tests.cli.conftest import Ran, Run

RUBRIC = "aprendizaje-profundo"


@pytest.fixture(
    params=["streamio_sideways_phone_rot.mov", "tc_mpeg4.avi", "intel_one_by_one_person_139s.mp4"]
)
def real_file(request: pytest.FixtureRequest, real_data: Path) -> Path:
    """A rotated phone video, one that browsers cannot play, one without sound."""
    path: Path = real_data / "videos" / request.param
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    return path


def test_the_whole_path_on_a_real_file(peopled: Run, real_file: Path, tmp_path: Path) -> None:
    added = _add(peopled, real_file, "--wait")
    assert added["state"] == "ready"
    assert added["sha256"]
    assert added["duration_ms"] > 0
    assert (added["rotation"] != 0) == ("sideways" in real_file.name)

    sheet = _sheet(peopled, tmp_path, added["duration_ms"])
    imported = _import(peopled, sheet, str(added["recording"])).facts
    assert imported["cycles"] == 1
    assert imported["notes"] == 2
    assert len(imported["warnings"]) == 1  # the cycle is shorter than the rubric asks

    observation = imported["observation"]
    peopled("coding", "submit", observation, "--as", "obs", "--json")
    peopled("coding", "submit", observation, "--as", "obs", code=2)  # once is for good

    suggested = peopled("feedback", "suggest", observation, "--as", "obs", "--json").facts
    assert set(suggested) == {"strength", "priority", "tie"}
    assert set(suggested["tie"]) == {"strength", "priority"}
    first = suggested["strength"][0]
    assert {"dimension", "mean", "reference", "se", "reason"} <= set(first)

    if added["duration_ms"] > 30_000:
        assert _publish(peopled, observation).facts["state"] == "published"
    else:  # no moment of fifteen seconds is in it
        assert _publish(peopled, observation, code=2).err.count("\n") >= 2
    peopled("doctor")


def test_publishing_exporting_and_printing(peopled: Run, small_video: Path, tmp_path: Path) -> None:
    added = _add(peopled, small_video, "--wait")
    imported = _import(peopled, _sheet(peopled, tmp_path, 30_000), str(added["recording"])).facts
    observation = imported["observation"]
    peopled("coding", "submit", observation, "--as", "obs")
    published = _publish(peopled, observation).facts
    assert published["state"] == "published"
    assert _publish(peopled, observation).facts == published  # the same again is no second one

    pdf = tmp_path / "pagina.pdf"
    peopled("feedback", "pdf", published["feedback"], "-o", pdf, "--as", "edu")
    assert "Escuchas la respuesta completa" in pypdf.PdfReader(pdf).pages[0].extract_text()

    table = tmp_path / "registros.csv"
    peopled("export", "observations", "-o", table, "--as", "utp")
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert len(rows) == imported["scores"]
    assert {row["observation"] for row in rows} == {observation}
    assert {row["rubric_version"] for row in rows} == {"1.0"}

    shown = peopled("observations", "show", observation, "--as", "utp", "--json").facts
    assert shown["feedback"] == "published"
    peopled("doctor")


def test_the_outsiders_are_refused_everywhere(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    added = _add(peopled, small_video, "--wait")
    recording = str(added["recording"])
    observation = _import(peopled, _sheet(peopled, tmp_path, 30_000), recording).facts[
        "observation"
    ]
    peopled("coding", "submit", observation, "--as", "obs")
    published = _publish(peopled, observation).facts["feedback"]
    for outsider in ("out", "out-edu", "out-utp"):
        for command in (
            ("video", "show", recording),
            ("observations", "show", observation),
            ("coding", "submit", observation),
            ("feedback", "suggest", observation),
            ("feedback", "show", published),
            ("feedback", "pdf", published, "-o", tmp_path / "x.pdf"),
            ("schools", "show", "1234-5"),
            ("people", "show", "edu"),
        ):
            refused = peopled(*command, "--as", outsider, code=4)
            assert refused.err.startswith("Aquí no hay nada")
        assert peopled("video", "list", "--as", outsider, "--json").facts == {"videos": []}
    assert not (tmp_path / "x.pdf").exists()


def test_a_moment_after_every_lesson_is_refused(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    recording = str(_add(peopled, small_video, "--wait")["recording"])
    sheet = _sheet(peopled, tmp_path, 30_000)
    observation = _import(peopled, sheet, recording).facts["observation"]
    peopled("coding", "submit", observation, "--as", "obs")
    last = (2**31 - 1) // 1000 * 1000  # the last second that the database keeps
    for end, said in ((last, "después del video"), (last + 1_000, "después del fin de la")):
        clip = f"{format_time(end - 20_000)}-{format_time(end)}"
        refused = _publish(peopled, observation, clip=clip, code=2).err
        assert said in refused, refused


def test_without_consent_nothing_is_codable(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    added = _add(peopled, small_video, consent=False)
    sheet = _sheet(peopled, tmp_path, 30_000)
    recording = str(added["recording"])
    _import(peopled, sheet, recording, code=2)
    peopled("video", "consent", recording, "--as", "obs")
    _import(peopled, sheet, recording)


def _add(run: Run, file: Path, *more: str, consent: bool = True) -> dict[str, Any]:
    stated = ["--consent", "confirmed"] if consent else []
    return run(
        "video", "add", file, "--educator", "edu", "--class-group", "1° B", "--date", "2026-05-10",
        "--subject", "Lenguaje", "--as", "obs", "--json", *stated, *more,
    ).facts  # fmt: skip


def _sheet(run: Run, folder: Path, duration_ms: int) -> Path:
    """A sheet of one cycle over the whole lesson, with a note for two dimensions."""
    rubric = run("rubric", "show", RUBRIC, "--json").facts["document"]
    end = format_time(duration_ms, millis=True)
    lines = ["cycle,start,end,dimension,score,note_at,note"]
    for number, dimension in enumerate(rubric["dimensions"]):
        scale = rubric["scales"][dimension["scale"]]
        score = scale["max"] if number == 0 else scale["min"]
        note = '0:00:00.2,"Pregunta ""¿por qué?""."' if number < 2 else ","
        lines.append(f"1,00:00:00,{end},{dimension['id']},{score},{note}")
    sheet = folder / "hoja.csv"
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sheet


def _import(run: Run, sheet: Path, recording: str, *, code: int = 0) -> Ran:
    return run(
        "coding", "import", sheet, "--recording", recording, "--rubric", RUBRIC,
        "--observer", "obs", "--json", code=code,
    )  # fmt: skip


def _publish(run: Run, observation: str, *, clip: str = "0:00-0:15", code: int = 0) -> Ran:
    document = run("observations", "show", observation, "--as", "obs", "--json").facts["document"]
    strength, priority = (note["dimension"] for note in document["notes"][:2])
    return run(
        "feedback", "publish", observation,
        "--strength", strength, "--strength-clip", clip,
        "--strength-note", "Escuchas la respuesta completa antes de seguir.",
        "--priority", priority, "--priority-clip", "0:14-0:29.5",
        "--priority-note", "Hay espacio para que ellas expliquen.",
        "--next-step", "Pregunta «¿por qué?» una vez por actividad.",
        "--due", "2026-06-10", "--as", "obs", "--json", code=code,
    )  # fmt: skip


def test_the_owner_does_it_all_for_a_colleague(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    """Every command in the owner's name: only the sheet says who coded it."""
    added = peopled(
        "video", "add", small_video, "--educator", "edu", "--class-group", "1° B",
        "--date", "2026-05-10", "--consent", "confirmed", "--wait", "--json",
    ).facts  # fmt: skip
    sheet = _sheet(peopled, tmp_path, 30_000)
    observation = _import(peopled, sheet, str(added["recording"])).facts["observation"]
    shown = peopled("observations", "show", observation, "--as", "obs", "--json").facts
    assert shown["observer"] == peopled("people", "show", "obs", "--json").facts["id"]
    peopled("coding", "submit", observation)
    assert peopled("feedback", "suggest", observation, "--json").facts["strength"]


def test_who_brings_a_colleagues_sheet_goes_on_with_it_and_may_correct_it(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    recording = str(_add(peopled, small_video, "--wait")["recording"])
    _import(peopled, _sheet(peopled, tmp_path, 20_000), recording)
    again = _import(peopled, _sheet(peopled, tmp_path, 30_000), recording).facts
    assert (again["cycles"], again["notes"]) == (1, 2)
    observation = again["observation"]
    shown = peopled("observations", "show", observation, "--as", "obs", "--json").facts
    assert [cycle["end_ms"] for cycle in shown["document"]["cycles"]] == [30_000]
    peopled("coding", "submit", observation)
    assert peopled("feedback", "suggest", observation, "--json").facts["priority"]


def test_a_colleague_of_another_school_codes_nothing_here(
    peopled: Run, small_video: Path, tmp_path: Path
) -> None:
    recording = str(_add(peopled, small_video)["recording"])
    sheet = _sheet(peopled, tmp_path, 30_000)
    common = ("coding", "import", sheet, "--recording", recording, "--rubric", RUBRIC)
    refused = peopled(*common, "--observer", "out", code=3)
    assert "no observa en la escuela" in refused.err
    peopled(*common, "--as", "out", code=4)
