"""Typesetting: a template and what goes into it become a tagged PDF (PDF/UA-1).

What people typed goes in as data, so nothing in it is ever markup. The fonts come with the
typesetter: the same input gives the same bytes on every machine, and a letter that no font has (an
emoji in a note) becomes a square, since a tagged PDF has no place for it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import typst

SQUARE: Final = "□"
_ROUNDS: Final = 20  # each tells of the letters it met; in a long text not of all of them
_MISSING: Final = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")


def pdf(template: Path, form: object, *, timestamp: int = 0) -> bytes:
    """Return `template` with `form` (what JSON can say) in it, which it reads as its input `form`.

    Raises:
        typst.TypstError: the template is not right.
    """
    for _round in range(_ROUNDS):
        try:
            return _compiled(template, form, timestamp)
        except typst.TypstError as error:
            letters = _without_a_font(error)
            if not letters:
                raise
            form = _squared(form, letters)
    return _compiled(template, form, timestamp)


def _compiled(template: Path, form: object, timestamp: int) -> bytes:
    written: bytes = typst.compile(
        template,
        sys_inputs={"form": json.dumps(form)},
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=timestamp,
    )
    return written


def _without_a_font(error: typst.TypstError) -> set[str]:
    """Return the letters, joined ones together, that no font has as the typesetter says."""
    told = _MISSING.findall(str(getattr(error, "diagnostic", "")))
    return {_ESCAPED.sub(lambda found: chr(int(found[1], 16)), each) for each in told} - {""}


def _squared(form: object, letters: set[str]) -> object:
    """Return `form` with each run of these letters replaced by a square."""
    longest_first = sorted(letters, key=len, reverse=True)
    one = "|".join(map(re.escape, longest_first))
    run = re.compile(f"(?:(?:{one})[\u200d\ufe0f]*)+")

    def squared(part: object) -> object:
        if isinstance(part, str):
            return run.sub(SQUARE, part)
        if isinstance(part, dict):
            return {name: squared(each) for name, each in part.items()}
        if isinstance(part, list | tuple):
            return [squared(each) for each in part]
        return part

    return squared(form)
