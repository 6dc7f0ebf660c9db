"""A page that is seen at once on a slow line: its styles in it, and all of it made small.

On a slow phone line each thing asked for costs half a second before it begins to come, and a page
shows nothing before its styles are there. Only for a page that repeats nothing of what was asked:
beside a secret, what a stranger chose and the length of what was made small could tell of it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Final

from flask import Response, make_response, request
from markupsafe import Markup

from observe.web.assets import STATIC
from observe.web.responses import CONTENT_SECURITY_POLICY

ALL_PAGES: Final = ("css/tokens.css", "css/base.css")
LEVEL: Final = 6


@dataclass(frozen=True)
class Styles:
    """Styles as a page holds them, and the policy that lets just these in."""

    text: str
    policy: str

    @property
    def element(self) -> Markup:
        """Return what stands in the head of the page; our own files, nobody's words."""
        return Markup("<style>{}</style>").format(Markup(self.text))  # noqa: S704


@cache
def styles(*own: str) -> Styles:
    """Return the styles of every page and the page's `own`, in this order.

    The policy names them by their content, so no other style in the page is ever followed.
    """
    paths = (STATIC / path for path in (*ALL_PAGES, *own))
    text = "\n".join(_bare(path.read_text(encoding="utf-8")) for path in paths)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Styles(text, f"{CONTENT_SECURITY_POLICY}; style-src 'self' 'sha256-{digest}'")


def _bare(css: str) -> str:
    r"""Return styles without indentation, empty lines and lines that are comment alone.

    >>> _bare("/* Why. */\n\n  p {\n    margin: 0;\n  }\n")
    'p {\nmargin: 0;\n}'
    """
    lines = (line.strip() for line in css.splitlines())
    return "\n".join(
        line for line in lines if line and not (line.startswith("/*") and line.endswith("*/"))
    )


def answered(page: str, held: Styles, status: int = 200) -> Response:
    """Answer with `page`, which holds the styles `held`; made small where a browser only reads."""
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = held.policy
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    if request.method == "GET" and request.accept_encodings.quality("gzip"):
        response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
