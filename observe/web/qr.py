"""A text as a picture that a phone reads."""

from __future__ import annotations

import base64
import io

import qrcode
from qrcode.image.svg import SvgPathImage


def picture(text: str) -> str:
    """Return the QR code of `text` as an address of data that a page may show."""
    drawn = io.BytesIO()
    qrcode.make(text, image_factory=SvgPathImage, border=4).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode("ascii")
