"""Every Spanish sentence that an educator can meet was read for its tone.

The reviewed sentences are in `educator_sentences.txt`, one a line. A sentence that is new or
changed fails here until a person has read it and put it there: it accompanies and never supervises,
speaks of *tú*, is short, fits an educadora and a docente, and calls nothing a weakness. A new page,
e-mail or file for educators is named in `PLACES`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_javascript
from jinja2.ext import babel_extract

from observe.feedback import letters
from observe.text import translations
from observe.web.navigation import ENTRIES

PACKAGE = Path(__file__).parents[2] / "observe"
REVIEWED = Path(__file__).with_name("educator_sentences.txt")
# What an educator sees of the program, as patterns below the package.
PLACES = (
    "web/templates/educator/*.html",
    "web/templates/feedback/said.html",
    "web/templates/records/history_*.html",
    "web/views/histories.py",
    "records/history.py",
    "web/templates/help/educator.html",
    "web/templates/takeaway/show.html",
    "web/templates/help/index.html",
    "web/templates/signin/*.html",
    "web/templates/base.html",
    "web/templates/header.html",
    "web/templates/own_data/*.html",
    "web/templates/footer.html",
    "web/templates/error.html",
    "web/static/js/http.js",
    "web/static/js/feedback/answer.js",
    "web/static/js/feedback/autosave.js",
    "web/static/js/feedback/line.js",
    "web/static/js/feedback/look.js",
    "web/views/educator.py",
    "web/views/own_data.py",
    "web/views/signin.py",
    "web/views/visits.py",
    "web/views/takeaway.py",
    "web/answer_form.py",
    "web/guards.py",
    "web/responses.py",
    "feedback/answers.py",
    "feedback/own_look.py",
    "feedback/ranges.py",
    "feedback/report.py",
    "feedback/sealing.py",
    "feedback/seen.py",
    "feedback/signed.py",
    "feedback/story.py",
    "feedback/takeaway.py",
    "feedback/visiting.py",
    "people/access.py",
    "people/inviting.py",
    "people/lost_step.py",
    "people/passwords.py",
    "people/signin.py",
    "privacy/personal_export.py",
    *(f"records/personal/{name}.py" for name in ("account", "consents", "feedback", "films")),
    *(f"records/personal/{name}.py" for name in ("gathering", "lessons", "on_file", "person")),
)
HERS_IN_MENU = ("educator.index", "help.index")
NEVER = re.compile(
    r"debilidad|deficien|evalua|supervis|fiscaliz|inspec|control|puntaje|nota baja|\bmal[ao]?\b|"
    r"\berror|fracas|incumpl|atras|vencid|obligat|debes|tienes que|usted|profesora\b|señor",
    re.IGNORECASE,
)
LONGEST = 200


def said_in(path: Path) -> Iterator[str]:
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "message":
                yield ast.literal_eval(node.args[0])
        return
    with path.open("rb") as file:
        found = (
            babel_extract(file, ("_", "gettext"), [], {})
            if path.suffix == ".html"
            else extract_javascript(file, {"gettext": None}, [], {})
        )
        for _line, _mark, told, _comments in found:
            each: object = told  # a string, or with further arguments a sequence
            yield each if isinstance(each, str) else str(told[0] if told else "")


def sentences() -> dict[str, str]:
    """Return the Spanish sentences, each with a place that says it."""
    spanish, found = translations("es_CL"), {}
    for place in PLACES:
        paths = sorted(PACKAGE.glob(place))
        assert paths, f"there is no {place} any more"
        for path in paths:
            for source in said_in(path):
                told = " ".join(spanish.gettext(source).split())
                found[told] = path.relative_to(PACKAGE).as_posix()
    letter = letters.ready("%(name)s", "%(url)s")
    for line in (letter.subject, *letter.lines):
        found[line.in_language("es_CL")] = "feedback/letters.py"
    for endpoint, label, _action in ENTRIES:
        if endpoint in HERS_IN_MENU:
            found[label.in_language("es_CL")] = "web/navigation.py"
    return found


def test_every_sentence_was_read() -> None:
    reviewed = REVIEWED.read_text(encoding="utf-8").splitlines()
    assert reviewed == sorted(set(reviewed)), "one a line, sorted, each once"
    found = sentences()
    new = {told: place for told, place in found.items() if told not in reviewed}
    assert new == {}, "read these for their tone, then add them to educator_sentences.txt"
    assert set(reviewed) - set(found) == set(), "nobody says these any more: take them out"


def test_none_of_them_supervises() -> None:
    told = sorted(sentences())
    assert [each for each in told if NEVER.search(each)] == []
    assert [each for each in told if len(each) > LONGEST] == []


def test_the_words_looked_for_are_found() -> None:
    for told in ("Tu debilidad", "La evaluación docente", "Usted debe", "Un error tuyo"):
        assert NEVER.search(told)
    assert len(sentences()) > 80
