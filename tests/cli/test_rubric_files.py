"""Rubrics compared and written to files by commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from observe.rubric.json_schema import published
from observe.rubric.loader import read_rubric
from observe.rubric.schema import content_hash
from tests.books import PATIO, book_of
from tests.cli.conftest import Run
from tests.rubrics import WHOLE


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two versions of a rubric as files."""
    old, new = tmp_path / "1.0.yaml", tmp_path / "1.1.yaml"
    old.write_text(WHOLE, encoding="utf-8")
    revised = WHOLE.replace('version: "1.0"', 'version: "1.1"')
    revised = revised.replace(
        "domain: pensar\n    description", "domain: convivir\n    description"
    )
    new.write_text(revised.replace("Ninguna o una", "Ninguna o dos"), encoding="utf-8")
    return old, new


def test_files_are_compared_without_a_home(run: Run, two: tuple[Path, Path]) -> None:
    assert run("rubric", "diff", *two).out.splitlines() == [
        "De entera@1.0 a entera@1.1. Diferencias: 2.",
        "",
        "Dimensión «Preguntas»",
        "  Rango bajo: otras palabras, solo en español. Ninguna o [-una-]{+dos+}",
        "",
        "Dimensión «Razones»",
        "  Cambió de dominio: de «Pensar» a «Convivir».",
    ]
    facts = run("rubric", "diff", *two, "--json").facts
    assert [facts[side]["version"] for side in ("old", "new")] == ["1.0", "1.1"]
    assert facts["changes"][0] == {
        "kind": "reworded",
        "path": "dimensions.preguntas.descriptors.low",
        "about": "Dimensión «Preguntas»",
        "told": "Rango bajo: otras palabras, solo en español. Ninguna o [-una-]{+dos+}",
        "before": {"es": "Ninguna o una", "en": "None or one"},
        "after": {"es": "Ninguna o dos", "en": "None or one"},
    }


def test_versions_of_the_home_are_compared(peopled: Run, two: tuple[Path, Path]) -> None:
    for file in two:
        peopled("rubric", "load", file)
    facts = peopled("rubric", "diff", "entera@1.0", "entera", "--json", "--as", "edu").facts
    assert [change["kind"] for change in facts["changes"]] == ["reworded", "moved"]
    same = peopled("rubric", "diff", "entera@1.0", two[0], "--json").facts
    assert same["changes"] == []
    assert "Aquí no hay una pauta" in peopled("rubric", "diff", "nada", two[0], code=4).err
    assert "No se puede leer" in peopled("rubric", "diff", "nada.yaml", two[0], code=2).err


def test_an_exported_version_is_the_same_content(peopled: Run, tmp_path: Path) -> None:
    for name in ("teach.yaml", "teach.json"):
        file = tmp_path / name
        facts = peopled("rubric", "export", "teach-primaria@1.0", "--to", file, "--json").facts
        again = read_rubric(file.read_text(encoding="utf-8"), name)
        assert content_hash(again) == facts["content_hash"]
        assert facts["file"] == str(file)
    canonical = (tmp_path / "teach.json").read_text(encoding="utf-8")
    assert json.loads(canonical)["id"] == "teach-primaria"


def test_a_rubric_goes_out_as_a_workbook_and_comes_in(peopled: Run, tmp_path: Path) -> None:
    file = tmp_path / "teach.xlsx"
    facts = peopled("rubric", "export", "teach-primaria@1.0", "--to", file, "--json").facts
    checked = peopled("rubric", "check", file, "--json").facts
    assert checked["content_hash"] == facts["content_hash"]
    assert peopled("rubric", "diff", "teach-primaria@1.0", file, "--json").facts["changes"] == []
    file.write_bytes(book_of(PATIO))
    assert "«pauta-del-patio» 1.0" in peopled("rubric", "load", file).out
    file.write_bytes(book_of({"Notas": [("Hola",)]}))
    refused = peopled("rubric", "check", file, code=2)
    assert "teach.xlsx, hoja «Notas»: no se conoce" in refused.err


def test_what_is_there_is_not_written_over_unless_told(
    run: Run, two: tuple[Path, Path], tmp_path: Path
) -> None:
    old, new = two
    for verb in (["export", old], ["schema"]):
        refused = run("rubric", *verb, "--to", new, code=2)
        assert refused.err.startswith(f"El archivo {new} ya existe.")
    assert "1.1" in new.read_text(encoding="utf-8")
    run("rubric", "export", old, "--to", new, "--force")
    assert read_rubric(new.read_text(encoding="utf-8"), "x").version == "1.0"
    unnamed = run("rubric", "export", old, "--to", tmp_path / "pauta.txt", code=2)
    assert "debe terminar en .yaml, .xlsx o .json" in unnamed.err


def test_the_schema_is_printed_or_written(run: Run, tmp_path: Path) -> None:
    assert run("rubric", "schema").out == published()
    assert run("rubric", "schema", "--json").facts == json.loads(published())
    run("rubric", "schema", "--to", tmp_path / "s.json")
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == published()
