"""What a scan is, by its first bytes alone."""

from __future__ import annotations

import pytest

from observe.errors import BadInputError
from observe.privacy.papers import LARGEST, kind_of

HEIC = b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEIC, "app Notas o Archivos del iPhone"),
        (HEIC.replace(b"ftypheic", b"ftypmif1"), "«El más compatible»"),
        (HEIC.replace(b"ftypheic", b"ftypisom"), "un PDF o una imagen"),
        (b"<svg/>", "un PDF o una imagen"),
        (b"", "un PDF o una imagen"),
        (b"%PDF-" + bytes(LARGEST), "8 MB"),
    ],
)
def test_what_is_not_taken_is_refused_with_what_to_do(content: bytes, told: str) -> None:
    with pytest.raises(BadInputError) as error:
        kind_of(content)
    assert told in error.value.message.in_language("es_CL")
    assert error.value.field == "paper"


def test_pictures_and_papers_are_taken() -> None:
    kinds = [kind_of(start + b"x") for start in (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")]
    assert kinds == ["application/pdf", "image/jpeg", "image/png"]
