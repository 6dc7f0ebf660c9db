"""A rubric as a workbook: nothing is lost on the way out and in, and all that is wrong is told."""

from __future__ import annotations

import doctest
import random
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path
from types import ModuleType
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from openpyxl.worksheet.formula import ArrayFormula

from observe.errors import BadInputError, InvalidError
from observe.rubric import content as contents
from observe.rubric import fields, loader
from observe.rubric.content import Group
from observe.rubric.files import rubric_of_workbook
from observe.rubric.loader import read_rubric
from observe.rubric.operations import shipped_folder
from observe.rubric.schema import Rubric, content_hash
from observe.rubric.spreadsheet import cells, columns
from observe.rubric.spreadsheet.columns import COLUMNS, NAMES, Sheet, heading, in_all_languages
from observe.rubric.spreadsheet.gathering import SheetReading
from observe.rubric.spreadsheet.layout import xlsx_of
from observe.rubric.spreadsheet.reading import read_pages
from observe.rubric.spreadsheet.unpacking import MOST_ROWS, read_workbook
from observe.rubric.spreadsheet.writing import page_of, tables_of
from observe.text import LOCALES
from tests.books import PATIO, Rows, book_of, opened, repacked, saved
from tests.rubrics import WHOLE
from tests.unit.test_rubric_writing import WORDS, long_words

SHARED_STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
SHIPPED = sorted(shipped_folder().glob("*/*.yaml"))


def came_back(rubric: Rubric, locale: str = "es_CL") -> Rubric:
    return rubric_of_workbook(xlsx_of(contents.plain_of(rubric), locale), "p.xlsx")


def told(file: bytes) -> list[str]:
    """Return what is said of a workbook that cannot be used, in Spanish."""
    with pytest.raises(InvalidError) as refused:
        rubric_of_workbook(file, "p.xlsx")
    return [each.in_language() for each in refused.value.problems]


def refused_at_once(file: bytes) -> str:
    with pytest.raises(BadInputError) as refused:
        read_workbook(file)
    return refused.value.message.in_language()


# --- out and in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_rubric_comes_back_with_its_hash(path: Path, locale: str) -> None:
    rubric = read_rubric(path.read_text(encoding="utf-8"), path.name)
    assert content_hash(came_back(rubric, locale)) == content_hash(rubric)


def test_all_that_a_rubric_can_say_comes_back() -> None:
    rubric = read_rubric(WHOLE, "p.yaml")
    assert content_hash(came_back(rubric)) == content_hash(rubric)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_only_looks_at_the_class_have_no_columns(path: Path) -> None:
    rubric = read_rubric(path.read_text(encoding="utf-8"), path.name)
    tables = {table.sheet: table for table in tables_of(contents.plain_of(rubric))}
    assert (Sheet.REST in tables) == (rubric.protocol.snapshots is not None)
    for row in tables[Sheet.REST].rows if Sheet.REST in tables else ():
        assert str(row[0]).startswith("protocol.snapshots.")


@pytest.mark.parametrize(
    "words",
    [
        "una línea\n  otra\n\ny otra " + "larga " * 90,
        "=HYPERLINK(1)",
        "-1",
        "#N/A",
        "_x000D_ y _x0041_ y _x005F_",
        "1.0",
        "TRUE",
        "un salto\u2028raro\x85y otro",
        "\t«¿por qué?» \U0001f600",
    ],
)
def test_strange_words_come_back_as_they_were(words: str) -> None:
    rubric = long_words(words)
    assert content_hash(came_back(rubric)) == content_hash(rubric)


@settings(deadline=None, max_examples=30)
@given(WORDS)
def test_any_words_come_back_as_they_were(words: str) -> None:
    content = contents.plain_of(long_words(normalize("NFC", words)))
    read = read_pages([page_of(table) for table in tables_of(content)])
    assert read.problems == []
    assert contents.finished(read.content) == contents.finished(content)


def test_text_that_looks_like_a_formula_is_text() -> None:
    file = xlsx_of(contents.plain_of(long_words("=1+1")))
    with zipfile.ZipFile(BytesIO(file)) as packed:
        sheets = [packed.read(name) for name in packed.namelist() if "worksheets/" in name]
    assert b">=1+1<" in sheets[1]
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    (cell,) = [each for each in opened(file)["Dimensiones"]["C"] if each.value == "=1+1"]
    assert (cell.data_type, cell.quotePrefix, cell.number_format) == ("s", True, "@")


def incomplete() -> Group:
    """A draft: a dimension that was added, a domain that was dropped, words that are no numbers."""
    content = contents.plain_of(read_rubric(WHOLE, "p.yaml"))
    contents.drop(content, contents.DOMAINS, "convivir")
    contents.add(content, contents.DIMENSIONS, domain="pensar")
    known = fields.fields(content)
    fields.write(content, known["protocol.cycle_ms"], "quince")
    fields.write(content, known["dimensions.razones.title.es"], "Preguntas")
    fields.write(content, known["dimensions.preguntas.indicators.es"], "\nUna mano en alto")
    return content


def test_a_draft_comes_back_with_its_gaps() -> None:
    content = incomplete()
    read = read_workbook(xlsx_of(content))
    assert read.problems == []
    assert contents.without_empties(read.content) == contents.without_empties(content)


def test_a_pauta_in_spanish_alone_has_no_column_for_english() -> None:
    content = contents.blank("patio", "Pauta del patio")
    for table in tables_of(content):
        assert not any(column.language == "en" for column in table.columns), table.sheet
    read = read_workbook(xlsx_of(content)).content
    assert read["languages"] == ["es"]


def test_the_workbook_is_laid_out_for_people() -> None:
    book = opened(xlsx_of(contents.plain_of(read_rubric(WHOLE, "p.yaml"))))
    assert book.sheetnames == [
        *("Pauta", "Dimensiones", "Conductas", "Dominios", "Escalas", "Otros datos", "Opciones")
    ]
    assert book["Opciones"].sheet_state == "hidden"
    sheet = book["Dimensiones"]
    assert sheet.freeze_panes == "D2"
    assert [each.value for each in sheet[2][:4]] == ["P1", "Pensar", "Preguntas", "Se pregunta"]
    assert all(each.alignment.wrap_text for each in sheet[2])
    offered = {str(each.sqref): each.formula1 for each in sheet.data_validations.dataValidation}
    assert offered["B2:B200"] == "'Dominios'!$A$2:$A$200"
    assert offered["O2:O200"].startswith("'Opciones'!$")
    assert [row[1].value for row in book["Pauta"] if row[0].value == "Minutos de un ciclo"] == [15]


@pytest.mark.parametrize("module", [cells, columns])
def test_the_examples_in_the_documentation_are_right(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_no_two_columns_of_a_sheet_are_called_alike() -> None:
    for words in (
        [NAMES[sheet] for sheet in Sheet],
        *([heading(column) for column in found] for found in COLUMNS.values()),
    ):
        forms = [form for word in words for form in in_all_languages(word)]
        assert len(forms) == len(set(forms))


# --- written by hand ------------------------------------------------------------------------------


def test_a_pauta_is_written_in_a_workbook_alone() -> None:
    read = read_workbook(book_of(PATIO))
    assert read.problems == []
    content = contents.finished(contents.adopted(read.content))
    rubric, found = loader.checked(content)
    assert found == []
    assert rubric is not None
    assert (rubric.id, rubric.version, rubric.languages) == ("pauta-del-patio", "1.0", ("es",))
    protocol = rubric.protocol
    assert (protocol.cycles, protocol.cycle_ms, protocol.minimum_codable_ms) == (
        2,
        450_000,
        300_000,
    )
    assert protocol.playback_policy == "pause_allowed"
    assert [(each.id, each.title.es) for each in rubric.domains] == [
        ("convivir", "Convivir"),
        ("cuidarse", "Cuidarse"),
    ]
    assert [(each.id, each.code, each.domain) for each in rubric.dimensions] == [
        ("turnos", "1", "convivir"),
        ("juegos", "2", "convivir"),
        ("espacio", "3", "cuidarse"),
        ("calma", "D1", "cuidarse"),
        ("apuro", "D2", None),
    ]
    first, last = rubric.dimensions[0], rubric.dimensions[-1]
    assert [each.es for each in first.indicators] == ["Se turnan.", "Esperan."]
    assert (first.not_observed, last.polarity) == ("allowed", "negative")


def test_a_sixth_dimension_and_a_domain_are_a_row_and_a_name() -> None:
    rubric = read_rubric(WHOLE, "p.yaml")
    book = opened(xlsx_of(contents.plain_of(rubric)))
    sheet = book["Dimensiones"]
    sheet.append(["N1", "Nuevo dominio", "Juego", "Se juega", "Nunca", "A veces", "Siempre"])
    book["Conductas"].append(["n1", "Ríe", "Se ríe"])
    book["Conductas"].append(["Preguntas", "Espera", "Otra vez, con el mismo nombre"])
    read = read_workbook(saved(book))
    assert read.problems == []
    content = contents.finished(contents.adopted(read.content))
    domains, dimensions = (contents.things(content, kind) for kind in ("domains", "dimensions"))
    assert [each["id"] for each in domains] == ["pensar", "convivir", "nuevo-dominio"]
    assert dimensions[-1]["id"] == "juego"
    assert dimensions[-1]["domain"] == "nuevo-dominio"
    under = [contents.things(each, "behaviours") for each in (dimensions[0], dimensions[-1])]
    assert [[each["id"] for each in found] for found in under] == [
        ["espera", "repregunta", "espera-2"],
        ["rie"],
    ]


def test_merged_cells_hold_for_each_of_their_rows() -> None:
    book = opened(book_of(PATIO))
    sheet = book["Dimensiones"]
    sheet.merge_cells("B2:B4")
    sheet.merge_cells("B5:B60")  # more than there is
    content = read_workbook(saved(book)).content
    dimensions = contents.things(content, "dimensions")
    names = [contents.thing(content, contents.DOMAINS, str(each["domain"])) for each in dimensions]
    assert [contents.inside(each, ("title", "es")) for each in names] == [
        *["Convivir"] * 3,
        *["cuidarse"] * 2,
    ]


def test_the_names_of_the_file_are_read_in_both_languages() -> None:
    sheets: dict[str, Rows] = {
        "RUBRIC": [("What", "What it says", "In English"), ("name:", "Pauta", "Rubric")],
        "Dimensions": [("dimension", "N/O"), ("Turnos", "allowed with a note")],
        "Hoja3": [],
    }
    read = read_workbook(book_of(sheets))
    assert read.problems == []
    assert read.content["title"] == {"es": "Pauta", "en": "Rubric"}
    assert contents.things(read.content, "dimensions")[0]["not_observed"] == "note_required"


# --- what is wrong --------------------------------------------------------------------------------


Change = tuple[str, int, int, object] | tuple[str, int, int, object, str]


def changed(sheet: str, row: int, column: int, value: object, title: str = "") -> bytes:
    """Return the patio's workbook with something else in one cell, or a sheet called otherwise."""
    book = opened(book_of(PATIO | {"Escalas": SCALES, "Conductas": BEHAVIOURS}))
    book[sheet].cell(row, column).value = value
    if title:
        book[sheet].title = title
    return saved(book)


SCALES: Rows = [
    ("Escala", "Número", "Rango", "Palabras"),
    *((None, number, band, None) for number, band in ((1, "Bajo"), (2, "Medio"), (3, "Alto"))),
]
BEHAVIOURS: Rows = [("Dimensión", "Conducta", "Escala"), ("Turnos", "Espera", None)]
PATIO_ID = [*PATIO["Dimensiones"][0], "Identificador"]


def test_the_workbook_that_the_wrong_ones_are_made_of_is_right() -> None:
    assert rubric_of_workbook(changed("Pauta", 2, 2, "Pauta"), "p.xlsx").scales["main"].max == 3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            ("Pauta", 1, 4, "Notas"),
            "hoja «Pauta», fila 1, columna «Notas»: no se conoce: bó",
        ),
        (
            ("Dimensiones", 1, 4, "Que se miraa"),
            "fila 1, columna «Que se miraa»: no se conoce: quizás quisiste decir «Qué se mira»",
        ),
        (("Dimensiones", 1, 4, "Bajo"), "columna «Bajo»: está sobre dos columnas"),
        (
            ("Dimensiones", 3, 11, "suelto"),
            "fila 3, columna «K»: no está bajo ningún título",
        ),
        (("Pauta", 2, 1, "Nonbre"), "«Nonbre» no se conoce: quizás quisiste decir «Nombre»"),
        (("Pauta", 2, 1, "Colegio"), "«Colegio» no es parte de una pauta"),
        (("Pauta", 2, 1, None), "hoja «Pauta», fila 2, columna «Qué»: está vacía"),
        (("Pauta", 2, 1, "Resumen"), "fila 3, columna «Qué»: está en dos filas"),
        (
            ("Pauta", 8, 2, "como sea"),
            "fila 8, columna «Qué dice»: «como sea» no es ninguna",
        ),
        (("Dimensiones", 2, 9, "a veces"), "se permite, se permite con una nota, no se per"),
        (
            ("Dimensiones", 2, 5, date(2026, 5, 1)),
            "fila 2, columna «Bajo»: tiene una fe",
        ),
        (("Dimensiones", 2, 5, True), "columna «Bajo»: dice VERDADERO o FALSO"),
        (("Dimensiones", 2, 5, "=A1"), "columna «Bajo»: tiene una fórmula"),
        (("Dimensiones", 2, 5, ArrayFormula("E2", "=A1:A2")), "tiene una fórmula"),
        (("Dimensiones", 2, 5, "#NAME?"), "columna «Bajo»: tiene un error de la planilla"),
        (("Dimensiones", 2, 5, None), "hoja «Dimensiones», fila 2: falta"),
        (("Dimensiones", 3, 1, 1), "fila 3, columna «Código»: «1» ya está"),
        (
            ("Pauta", 7, 2, "dos"),
            "hoja «Pauta», fila 7, columna «Qué dice»: debe ser un núm",
        ),
        (("Escalas", 3, 2, 1), "hoja «Escalas», fila 3, columna «Número»: está dos veces"),
        (("Escalas", 3, 2, "dos"), "fila 3, columna «Número»: debe ser un número entero de"),
        (("Escalas", 3, 2, 11), "debe ser un número entero de 0 a 10"),
        (("Escalas", 4, 3, "Bajo"), "fila 4, columna «Rango»: está fuera de orden"),
        (("Escalas", 3, 1, "1–3"), "fila 3, columna «Escala»: debe tener alguna letra"),
        (
            ("Conductas", 2, 1, "Nada"),
            "hoja «Conductas», fila 2, columna «Dimensión»: no hay",
        ),
        (("Conductas", 2, 1, None), "columna «Dimensión»: está vacía"),
        (
            ("Conductas", 2, 3, "otra"),
            "fila 2, columna «Escala»: no existe la escala «otra»",
        ),
        (("Conductas", 2, 3, None, "Notas"), "hoja «Notas»: no se conoce: bórrala, o dale"),
        (("Conductas", 2, 3, None, "Conductass"), "quizás quisiste decir «Conductas»"),
        (("Escalas", 2, 3, None, "Dimensions"), "hoja «Dimensions»: está dos veces"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: Change, complaint: str) -> None:
    sentences = told(changed(*change))
    assert any(complaint in each for each in sentences), sentences
    assert all(each.startswith("p.xlsx") for each in sentences)


def test_all_is_told_at_once() -> None:
    sheets = dict(PATIO) | {"Notas": [("Hola",)], "Otros datos": [("Campo", "Valor"), ("x.y", "1")]}
    sheets["Dimensiones"] = [PATIO_ID, *([*row, "turnos"] for row in PATIO["Dimensiones"][1:3])]
    sheets["Dominios"] = [("Dominio", "Identificador"), *[("Convivir", None)] * 2, ("X", "Ñ")]
    sentences = told(book_of(sheets))
    for complaint in (
        "hoja «Notas»: no se conoce",
        "hoja «Otros datos», fila 2, columna «Valor»: no se conoce aquí",
        "fila 3, columna «Identificador»: es también el de la fila 2",
        "fila 2, columna «Dominio»: es el nombre de varios dominios",
        "hoja «Dominios», fila 4, columna «Identificador»: debe tener letras minúsculas",
    ):
        assert any(complaint in each for each in sentences), (complaint, sentences)


def test_what_the_last_sheet_says_gives_way_to_nothing_in_silence() -> None:
    content = contents.plain_of(read_rubric(WHOLE, "p.yaml"))
    for place, words in (
        ("dimensions.preguntas.title.es", "Otro"),
        ("dimensions.no-esta.title.es", "Otro"),
        ("dimensions.#9.title.es", "Otro"),
        ("protocol.snapshots.at_ms.#9", "1"),
        ("protocol.", "1"),
        ("", "1"),
        ("dimensions", "1"),
    ):
        pages = [page_of(table) for table in tables_of(content)]
        assert read_pages(pages).problems == []
        at = next(n for n, page in enumerate(pages) if page.title == "Otros datos")
        rows = (*pages[at].rows, (99, (place, words)))
        pages[at] = type(pages[at])(pages[at].title, rows)
        (problem,) = read_pages(pages).problems
        assert problem.place.row == 99, place


# --- what is no workbook, or a hostile one --------------------------------------------------------


def good() -> bytes:
    return book_of(PATIO)


def sheet_xml(rows: str, after: str = "") -> bytes:
    kind = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return f"<worksheet {kind}><sheetData>{rows}</sheetData>{after}</worksheet>".encode()


def with_sheet(part: bytes) -> bytes:
    return repacked(good(), {"xl/worksheets/sheet1.xml": part})


def test_words_are_read_as_excel_keeps_them() -> None:
    """In one list for all sheets, some of them in pieces of several fonts, breaks with a mark."""
    words = (
        "<t>Dimensión</t>",
        "<t>Ejemplos</t>",
        "<r><t>Tur</t></r><r><rPr><b/></rPr><t>nos</t></r>",
        '<t xml:space="preserve">Uno_x000D_\nDos_x005F_x0041_\n</t>',
    )
    kind = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = "".join(f"<si>{each}</si>" for each in words)
    cells = [
        f'<c r="{place}" t="s"><v>{n}</v></c>' for n, place in enumerate(("A1", "B1", "A2", "B2"))
    ]
    rows = f"<row r='1'>{''.join(cells[:2])}</row><row r='2'>{''.join(cells[2:])}</row>"
    empty = book_of({"Dimensiones": []})
    with zipfile.ZipFile(BytesIO(empty)) as packed:
        types = packed.read("[Content_Types].xml").decode()
    listed = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'
    file = repacked(
        empty,
        {
            "[Content_Types].xml": types.replace("</Types>", listed).encode(),
            "xl/worksheets/sheet1.xml": sheet_xml(rows),
            "xl/sharedStrings.xml": f"<sst {kind}>{strings}</sst>".encode(),
        },
    )
    (dimension,) = contents.things(read_workbook(file).content, "dimensions")
    assert dimension["title"] == {"es": "Turnos"}
    assert dimension["examples"] == [{"es": "Uno"}, {"es": "Dos_x0041_"}]


def test_a_scale_whose_ends_are_no_numbers_is_told() -> None:
    content = contents.blank("patio", "Pauta del patio")
    fields.write(content, fields.fields(content)["scales.main.min"], "uno")
    read = read_workbook(xlsx_of(content))
    assert [each.place.sheet for each in read.problems] == ["Otros datos"] * 2


def test_a_text_that_no_cell_holds_is_refused_with_a_way_out() -> None:
    content = contents.blank("patio", "Pauta del patio")
    content["summary"] = {"es": "a" * 40_000}
    with pytest.raises(BadInputError, match="export YAML"):
        xlsx_of(content)


def test_a_list_that_no_cell_holds_stands_on_the_last_sheet() -> None:
    content = contents.plain_of(long_words("larga " * 300))
    listed = contents.things(content, "dimensions")[0]
    listed["indicators"] = [{"es": f"{n} " + "larga " * 600, "en": "x"} for n in range(12)]
    read = read_workbook(xlsx_of(content))
    assert read.problems == []
    assert contents.finished(read.content) == contents.finished(content)


def test_a_domain_that_is_called_otherwise_on_one_sheet_only_is_told() -> None:
    book = opened(xlsx_of(contents.plain_of(read_rubric(WHOLE, "p.yaml"))))
    book["Dominios"].cell(3, 1).value = "Vivir juntos"
    assert any("hoja «Dominios», fila 3: " in each for each in told(saved(book)))


def test_other_files_are_refused_with_a_way_out() -> None:
    for file, sentence in (
        (b"\xd0\xcf\x11\xe0 old", "guárdala como .xlsx, sin contraseña"),
        (repacked(good(), {"xl/vbaProject.bin": b"x"}), "tiene macros"),
        (repacked(good(), {"xl/workbook.xml": None}), "no es una planilla de Excel"),
        (good()[:300], "no se puede leer"),
        (b"PK\x03\x04", "no se puede leer"),
        (repacked(good(), {"[Content_Types].xml": None}), "no se puede leer"),
        (with_sheet(b"<worksheet"), "no se puede leer"),
    ):
        assert sentence in refused_at_once(file)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(good(), {"xl/media/image1.png": bytes(40 * 1024**2)})
    assert len(bomb) < 1_000_000
    assert "demasiado grande" in refused_at_once(bomb)
    parts = {f"xl/x{number}": b"" for number in range(400)}
    assert "demasiado grande" in refused_at_once(repacked(good(), parts))
    assert "demasiado grande" in refused_at_once(good() + bytes(3 * 1024**2))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE s [<!ENTITY l0 "lol">{lol}]>'
        "<s>&l9;</s>"
    )
    assert "no se puede leer" in refused_at_once(with_sheet(text.encode(encoding)))


def test_rows_and_columns_have_limits() -> None:
    many = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, MOST_ROWS + 2))
    far = '<row r="1"><c r="XFD1"><v>1</v></c></row>'
    wide = '<row r="1"><c r="CW1"><v>1</v></c></row>'
    ranges = '<mergeCell ref="A1:XFD1048576"/>' * 1_001
    merged = f"<mergeCells>{ranges}</mergeCells>"
    formats = "<row/>" * 100_001
    for part in (sheet_xml(many), sheet_xml(wide), sheet_xml("", merged), sheet_xml(formats)):
        assert "demasiado grande" in refused_at_once(with_sheet(part))
    book = with_sheet(sheet_xml(far, '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'))
    assert "demasiado grande" in refused_at_once(book)


def test_a_sheet_formatted_down_to_its_last_row_is_read() -> None:
    book = opened(good())
    book["Dimensiones"].cell(1_048_576, 3).number_format = "@"
    assert len(contents.things(read_workbook(saved(book)).content, "dimensions")) == 5


def test_broken_files_break_nothing() -> None:
    file, chance = good(), random.Random(7)
    for _try in range(150):
        broken = bytearray(file)
        for _byte in range(chance.choice((1, 3, 30))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            assert isinstance(read_workbook(bytes(broken)), SheetReading)
        except BadInputError:
            continue
