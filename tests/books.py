"""Workbooks as people make them: sheets by name, rows below their headings."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO

import openpyxl
from openpyxl.workbook import Workbook

Rows = Sequence[Sequence[object]]

PATIO: dict[str, Rows] = {
    "Pauta": [
        ("Qué", "Qué dice"),
        ("Nombre", "Pauta del patio"),
        ("Resumen", "Mira el recreo."),
        ("De dónde viene el texto", "Nuestro."),
        ("Minutos de un ciclo", 7.5),
        ("Con menos minutos, un ciclo queda corto", "5,0"),
        ("Ciclos por clase", 2.0),
        ("Cómo se puede reproducir el video", "con PAUSAS"),
    ],
    "Dimensiones": [
        (
            *("Código", "Dominio", "Dimensión", "Qué se mira", "Bajo", "Medio", "Alto"),
            *("En qué fijarse", "N/O", "Puntaje favorable"),
        ),
        *(
            (code, domain, title, "Se mira.", "Nunca.", "A veces.", "Siempre.", seen, mark, good)
            for code, domain, title, seen, mark, good in (
                (1, "Convivir", "Turnos", "Se turnan.\nEsperan.", "se permite", None),
                ("2", "Convivir", "Juegos", None, None, None),
                (3.0, "Cuidarse", "Espacio", None, None, None),
                (None, " cuidarse ", "Calma", None, "no se permite", None),
                (None, None, "Apuro", None, None, "el bajo"),
            )
        ),
    ],
}


def book_of(sheets: Mapping[str, Rows]) -> bytes:
    """Return a workbook with these sheets, each value as openpyxl takes it."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return a workbook as its file."""
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def opened(file: bytes) -> Workbook:
    """Return the workbook in a file, to be changed by hand."""
    return openpyxl.load_workbook(BytesIO(file))


def repacked(file: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Return a workbook with other, further or (None) fewer parts."""
    with zipfile.ZipFile(BytesIO(file)) as packed:
        kept: dict[str, bytes | None] = {each: packed.read(each) for each in packed.namelist()}
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in {**kept, **parts}.items():
            if part is not None:
                packed.writestr(name, part)
    return made.getvalue()
