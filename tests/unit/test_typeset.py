"""What becomes of letters that the fonts of a PDF do not have."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
import typst

from observe import typeset

TEMPLATE = """#set document(title: "x")
#let form = json(bytes(sys.inputs.form))
#set text(lang: "es")
#for line in form.lines [#par(line)]
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Write a template with a line a paragraph."""
    path = tmp_path / "t.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def _read(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages)


def test_what_no_font_has_is_a_square_and_all_else_is_as_typed(template: Path) -> None:
    lines = [
        "Ñandú 👏🏽 dice «sí» → 👩‍🏫.",
        "李 y 😀😀, nunca #strong[nada] *ni* esto",
        "Ж O'Higgins",
    ]
    told = _read(typeset.pdf(template, {"lines": lines}))
    assert "Ñandú □ dice «sí» → □." in told
    assert "□ y □, nunca #strong[nada] *ni* esto" in told
    assert "Ж O" in told
    assert typeset.pdf(template, {"lines": lines}) == typeset.pdf(template, {"lines": lines})


def test_what_the_fonts_have_is_set_as_it_is(template: Path) -> None:
    lines = ["áéíóúñü ¿¡ €½ – … “”", "😀"]
    assert typeset.pdf(template, {"lines": lines[:1]}).startswith(b"%PDF")
    assert lines[0].split()[0] in _read(typeset.pdf(template, {"lines": lines}))


def test_a_template_that_is_wrong_is_told(template: Path) -> None:
    template.write_text("#nothing-of-this-name", encoding="utf-8")
    with pytest.raises(typst.TypstError):
        typeset.pdf(template, {})
