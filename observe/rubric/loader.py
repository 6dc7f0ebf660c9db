"""Reading a rubric file: a `Rubric`, or all that is wrong with the file at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from observe.errors import InvalidError
from observe.rubric import schema
from observe.rubric.checks import EMPTY, MISSING, Finding, findings
from observe.rubric.schema import Rubric
from observe.rubric.yamltext import Content, FieldPath, Problem, Reading, read_yaml
from observe.text import Message, message

MOST_TOLD: Final = 100  # problems listed of one file; more would help nobody


def read_rubric(text: str, filename: str) -> Rubric:
    """Return the rubric written in `text` (YAML); `filename` is for the sentences only.

    Raises:
        InvalidError: with every problem: file, line, field, and the way out.

    """
    reading = read_content(text, filename)
    rubric, found = checked(reading.content)
    if rubric is None or reading.problems or found:
        raise refusal(filename, reading, found)
    return rubric


def read_content(text: str, filename: str) -> Reading:
    """Return what the file says, whether it is a rubric or not yet.

    Raises:
        InvalidError: it has no readable structure.

    """
    reading = read_yaml(text.removeprefix("\ufeff"))
    if reading.problems and reading.content is None:
        raise refusal(filename, reading, [])
    return reading


def checked(content: Content) -> tuple[Rubric | None, list[Finding]]:
    """Return the rubric that `content` is, or None, and all that is wrong with it.

    Content comes from a file, or from a draft of which no file was written yet.
    """
    rubric, wrong = _validated(content)
    return rubric, [*wrong, *findings(content)]


def _validated(content: Content) -> tuple[Rubric | None, list[Finding]]:
    try:
        return Rubric.model_validate(content), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [_finding(details) for details in found if not is_echo(details)]


def unknown(content: object) -> list[Finding]:
    """Return the keys that no rubric has, also those under which nothing stands."""
    try:
        Rubric.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [_finding(details) for details in found if details["type"] == "extra_forbidden"]
    return []


def is_echo(details: ErrorDetails) -> bool:
    """Tell whether a list is called short only because some of its entries are wrong."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _finding(details: ErrorDetails) -> Finding:
    path: FieldPath = tuple(part for part in details["loc"] if part != "[key]")
    return path, _explained(details)


def refusal(filename: str, reading: Reading, found: list[Finding]) -> InvalidError:
    """Return the refusal of a file: what was in the way of reading it, and what was found in it."""
    located = [Problem(reading.line_of(path), path, what) for path, what in found]
    told = sorted([*reading.problems, *located], key=lambda problem: problem.line or 0)
    return refused(filename, [_sentence(filename, reading, problem) for problem in told])


def refused(filename: str, told: list[Message]) -> InvalidError:
    """Return the refusal of a file for all of this, as much of it as helps anybody."""
    sentences = told[:MOST_TOLD]
    if len(told) > MOST_TOLD:
        sentences.append(message("… and %(count)s more.", count=len(told) - MOST_TOLD))
    return InvalidError(
        message(
            "%(file)s cannot be used as a rubric yet. Problems found: %(count)s.",
            file=filename,
            count=len(told),
        ),
        sentences,
    )


def _sentence(filename: str, reading: Reading, problem: Problem) -> Message:
    name = reading.name_of(problem.path)
    if problem.line is None:
        return message("%(file)s: %(what)s.", file=filename, what=problem.what)
    if not name:
        return message(
            "%(file)s, line %(line)s: %(what)s.",
            file=filename,
            line=problem.line,
            what=problem.what,
        )
    return message(
        "%(file)s, line %(line)s, %(field)s: %(what)s.",
        file=filename,
        line=problem.line,
        field=name,
        what=problem.what,
    )


def _explained(details: ErrorDetails) -> Message:
    """Return what is wrong and what to write instead."""
    if details["input"] is None and details["type"] not in ("missing", "extra_forbidden"):
        return EMPTY
    explain = _EXPLAINED.get(details["type"])
    return explain(details) if explain else message("cannot be read: see docs/rubrics.md")


def _unknown_key(details: ErrorDetails) -> Message:
    name = str(details["loc"][-1])
    near = difflib.get_close_matches(name, sorted(_KNOWN), n=1)
    if near and near[0] != name:  # a field of something else has no place here either
        return message("is not known here: perhaps «%(near)s» was meant", near=near[0])
    return message("is not known here: delete it (docs/rubrics.md lists what can be said)")


def _pattern(details: ErrorDetails) -> Message:
    name = details["loc"][-1]
    if name == "version":
        return message("must be numbers with dots, such as 1.0")
    if name == "code":
        return message("must be short and without spaces, such as PC or 1a")
    if name in {"es", "en", "licence"}:
        return _NO_TEXT
    return message("must be lower-case letters a–z, digits, - or _, with a letter first")


def _choice(details: ErrorDetails) -> Message:
    known = str(details["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    return message("must be one of these: %(known)s", known=known)


def _limit(source: Message, key: str) -> Callable[[ErrorDetails], Message]:
    return lambda details: Message(source.source, {"limit": details["ctx"][key]})


def _always(what: Message) -> Callable[[ErrorDetails], Message]:
    return lambda _details: what


_NO_TEXT: Final = message("has characters that cannot be shown: type the text again")
_WHOLE_NUMBER = _always(message("must be a whole number"))
_GROUP = _always(message("must be a group: its fields below it, indented"))
_EXPLAINED: Final[dict[str, Callable[[ErrorDetails], Message]]] = {
    "missing": _always(MISSING),
    "extra_forbidden": _unknown_key,
    "string_type": _always(message("must be text, not a list or a group")),
    "string_too_short": _always(EMPTY),
    "string_too_long": _limit(message("is too long: at most %(limit)s characters"), "max_length"),
    "string_unicode": _always(_NO_TEXT),
    "string_pattern_mismatch": _pattern,
    "bool_type": _always(message("must be true or false")),
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "greater_than_equal": _limit(message("must be %(limit)s or more"), "ge"),
    "less_than_equal": _limit(message("must be %(limit)s or less"), "le"),
    "literal_error": _choice,
    "tuple_type": _always(message("must be a list: each entry on a line that begins with «- »")),
    "dict_type": _GROUP,
    "model_type": _GROUP,
    "too_short": _limit(message("needs at least this many entries: %(limit)s"), "min_length"),
    "too_long": _limit(message("may have at most this many entries: %(limit)s"), "max_length"),
}


def _models() -> Iterator[type[BaseModel]]:
    for thing in vars(schema).values():
        if isinstance(thing, type) and issubclass(thing, BaseModel):
            yield thing


_KNOWN: Final = frozenset(name for model in _models() for name in model.model_fields)
