"""No word for a person outside the catalogues, and none in them without its Spanish."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_javascript
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import babel_extract

from observe.text import CATALOGUES

PACKAGE = Path(__file__).parents[2] / "observe"
TEMPLATES = PACKAGE / "web" / "templates"
SCRIPTS = PACKAGE / "web" / "static" / "js"
MARKS = {"message", "gettext", "lazy_gettext", "_"}
JINJA_MARKS = ("_", "gettext", "ngettext")
SAME_IN_BOTH = {"observe", "PDF", "CSV", "RBD", "UTP", "N/O", "N/A", "Shift", "Ctrl"}
PLACES = re.compile(r"%\((\w+)\)[sd]")
WORD = re.compile(r"[^\W\d_]{2,}")
# Blocks that fill an attribute of the page around them.
SILENT_BLOCKS = re.compile(r"{% block \w+_(?:class|attributes) %}.*?{% endblock %}", re.DOTALL)
IN_SCRIPTS = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
ATTRIBUTES = re.compile(r"""[\w-]+="[^"]*\"""")  # a macro that gives attributes, not words
SILENT_TAGS = {"script", "style", "kbd", "code"}  # keys and columns are called as they are
WITHOUT_END = {"br", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SPOKEN_ATTRIBUTES = {"title", "placeholder", "aria-label", "aria-description", "alt", "label"}
SPOKEN_IN_SCRIPTS = re.compile(
    r"""\.(?:textContent|innerText|title|ariaLabel|placeholder|alt)\s*=\s*(["'`])(.*?)\\1"""
)


# --- what the program says ----------------------------------------------------------------------


def _in_python() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in MARKS and node.args:
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                source = node.args[0]
                if isinstance(source, ast.Constant) and isinstance(source.value, str):
                    yield source.value, place
                elif path.name != "text.py" and _name(node.func) == "message":
                    raise AssertionError(f"{place}: a sentence that no extractor can read")


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")


def _in_templates() -> Iterator[tuple[str, str]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        with path.open("rb") as file:
            for line, _mark, told, _comments in babel_extract(file, JINJA_MARKS, [], {}):
                for source in [told] if isinstance(told, str) else told or []:
                    if source:
                        yield source, f"{path.relative_to(PACKAGE)}:{line}"


def _in_scripts() -> Iterator[tuple[str, str]]:
    for path in sorted(SCRIPTS.rglob("*.js")):
        with path.open("rb") as file:
            for line, _mark, told, _comments in extract_javascript(
                file, {"gettext": None}, [], {"parse_template_string": True}
            ):
                found: object = told  # a string, or with further arguments a sequence
                source = found if isinstance(found, str) else told[0]
                yield source, f"{path.relative_to(PACKAGE)}:{line}"


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """Every source sentence and the places that say it."""
    places = defaultdict(list)
    for source, place in [*_in_python(), *_in_templates(), *_in_scripts()]:
        places[source].append(place)
    return places


# --- what the catalogues know -------------------------------------------------------------------


def _entries(pattern: str = "*.po") -> Iterator[tuple[Path, Message]]:
    for path in sorted((CATALOGUES / "es").glob(pattern)):
        with path.open("rb") as file:
            for entry in read_po(file, locale="es"):
                if entry.id:
                    yield path, entry


def test_the_extractors_find_something(said: dict[str, list[str]]) -> None:
    assert "There is nothing here, or it is not yours to see." in said
    assert len(list(_in_templates())) > 50
    assert len(list(_in_scripts())) > 50


def test_every_sentence_has_its_spanish(said: dict[str, list[str]]) -> None:
    translated = {entry.id for _path, entry in _entries() if entry.string and not entry.fuzzy}
    missing = {source: said[source][0] for source in sorted(said) if source not in translated}
    assert missing == {}


def test_scripts_find_theirs_in_the_catalogues_for_scripts() -> None:
    translated = {entry.id for _path, entry in _entries("js*.po") if entry.string}
    missing = {source: place for source, place in _in_scripts() if source not in translated}
    assert missing == {}


def test_translations_have_the_same_places() -> None:
    wrong = [
        (path.name, entry.id)
        for path, entry in _entries()
        if set(PLACES.findall(str(entry.id))) != set(PLACES.findall(str(entry.string)))
    ]
    assert wrong == []


def test_one_sentence_has_one_translation() -> None:
    found = defaultdict(set)
    for _path, entry in _entries():
        found[entry.id].add(entry.string)
    assert {source: strings for source, strings in found.items() if len(strings) > 1} == {}


def test_no_translation_is_left_over(said: dict[str, list[str]]) -> None:
    left = [(path.name, entry.id) for path, entry in _entries() if entry.id not in said]
    assert left == []


# --- plain words --------------------------------------------------------------------------------


class _Words(HTMLParser):
    """Collects words that a person would read and no catalogue knows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own_language = tag != "html" and "lang" in dict(attrs)
        if tag not in WITHOUT_END and (self._silent or tag in SILENT_TAGS or own_language):
            self._silent += 1
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and value:
                self._take(value)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in WITHOUT_END:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._take(data)

    def _take(self, text: str) -> None:
        text = ATTRIBUTES.sub("", text)
        for name in SAME_IN_BOTH:
            text = text.replace(name, "")
        self.found.extend(WORD.findall(text))


def _without_jinja(template: str) -> str:
    """Return the template with everything of Jinja's blanked out, lines kept."""
    kept = []
    inside = None
    for _line, kind, value in Environment(autoescape=True).lex(template):
        if inside is None and kind == "data":
            kept.append(value)
        elif kind.endswith("_begin"):
            inside = kind
        elif kind.endswith("_end"):
            inside = None
            kept.append(" " if kind == "variable_end" else "")
    return "".join(kept)


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_templates_hold_no_plain_words(path: Path) -> None:
    parser = _Words()
    parser.feed(_without_jinja(SILENT_BLOCKS.sub("", path.read_text(encoding="utf-8"))))
    assert parser.found == []


def test_scripts_show_no_plain_words() -> None:
    found = [
        (path.name, words)
        for path in SCRIPTS.rglob("*.js")
        for _quote, words in SPOKEN_IN_SCRIPTS.findall(path.read_text(encoding="utf-8"))
        if WORD.search(IN_SCRIPTS.sub("", words))
    ]
    assert found == []
