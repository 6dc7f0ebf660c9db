"""A certificate on paper, whatever the person wrote who deleted."""

from __future__ import annotations

import io

import pypdf

from observe.db import now
from observe.feedback import certificate_paper
from observe.ids import new_id
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate


def test_a_reason_with_signs_that_no_font_has_is_printed() -> None:
    row = Certificate(
        id=new_id(), number=7, kind=CertificateKind.VIDEO_DELETED, thing_kind="recording",
        thing_id=new_id(), what={"files": []}, reason="Gracias 🙏\x08, familia.", made_at=now(),
        sha256="0" * 64,
    )  # fmt: skip
    content = certificate_paper.pdf(row, is_true=True, locale="es_CL")
    told = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "Gracias □" in told
    assert ", familia." in told
