"""The templates that come with the program: notices, consents, the impact assessment, a checklist.

They are Markdown, kept in `docs/plantillas`, and each says that a lawyer is to check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

from observe.people.access import not_found

_IN_THE_WHEEL: Final = Path(__file__).parents[1] / "_plantillas"
_IN_A_CHECKOUT: Final = Path(__file__).parents[2] / "docs" / "plantillas"
# html is off: what stands in a file is words, never markup of ours.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")

_WIDE: Final = '<div class="wide" role="group" tabindex="0" aria-label="Tabla">'


@dataclass(frozen=True)
class Paper:
    """A template: its name in addresses, its title, and its text."""

    name: str
    title: str
    text: str

    def as_html(self) -> str:
        """Return it as it is read and printed."""
        told = str(_MARKDOWN.render(self.text))
        # Wider than a phone: moved by hand or by keys, without moving the page.
        return told.replace("<table>", f"{_WIDE}<table>").replace("</table>", "</table></div>")


def folder() -> Path:
    """Return the folder of the templates that come with the program (wheel or checkout)."""
    return _IN_THE_WHEEL if _IN_THE_WHEEL.is_dir() else _IN_A_CHECKOUT


def papers() -> tuple[Paper, ...]:
    """Return the templates, in the order of their file names."""
    return tuple(_read(path) for path in sorted(folder().glob("*.md")))


def paper(name: str) -> Paper:
    """Return the template of this name; raises `NotFoundError`."""
    for each in papers():
        if each.name == name:
            return each
    raise not_found()


def _read(path: Path) -> Paper:
    text = path.read_text(encoding="utf-8")
    title = text.splitlines()[0].removeprefix("#").strip()
    return Paper(path.stem.split("-", maxsplit=1)[1], title, text)
