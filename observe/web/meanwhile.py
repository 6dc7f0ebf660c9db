"""The same draft in two windows: nothing that another window kept is overwritten unasked.

The page sends along what it knew of each field: what the program told it last, and whatever it
sent itself since, as an answer may have been lost on the way. From these follows who changed what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from observe.errors import BadInputError
from observe.feedback.models import FocusKind
from observe.rubric.schema import Rubric, Text
from observe.text import Message, Spoken, message
from observe.video.timecode import parse_time
from observe.web.focus_form import NO, YES, FocusForm

Forms = Mapping[FocusKind, FocusForm]
Known = Mapping[str, tuple[str, ...]]  # by the field's name: as it was told, then as it was sent


@dataclass(frozen=True)
class News:
    """What another window kept meanwhile, by the field's name."""

    taken: Mapping[str, str]  # nothing else was typed here: the page can show it
    clashes: Mapping[str, str]  # something else was typed here: a person decides


def told(forms: Forms) -> dict[str, tuple[str, ...]]:
    """Return what a page is told of the kept `forms`, for it to send along."""
    return {
        form.name(part): (_lines(text),)
        for form in forms.values()
        for part, text in form.typed.items()
    }


def known_of(sent: str | None) -> Known:
    """Return what a page knew; of what it does not say, nothing is known and all is taken."""
    try:
        given: Any = json.loads(sent or "{}")
    except ValueError:
        return {}
    if not isinstance(given, dict):
        return {}
    return {
        str(name): tuple(_lines(text) for text in texts if isinstance(text, str))
        for name, texts in given.items()
        if isinstance(texts, list)
    }


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def merge(forms: Forms, kept: Forms, known: Known, rubric: Rubric) -> News:
    """Let `forms` say what is to be kept, and tell what another window changed.

    A field that was changed in both stays as the other window kept it, and says so.
    """
    taken, clashes = {}, {}
    for kind, form in forms.items():
        for part, typed in form.typed.items():
            name, theirs = form.name(part), _lines(kept[kind].typed[part])
            seen = known.get(name, ())
            if not seen or _among(part, theirs, (typed, *seen)):
                continue
            if _among(part, typed, seen[:1]):
                form.typed[part] = taken[name] = theirs
            else:
                form.kept_elsewhere[part] = clashes[name] = theirs
                form.errors[part] = _clash(_shown(part, theirs, rubric))
    return News(taken, clashes)


def _clash(theirs: Spoken | str) -> Message:
    return message(
        "In another window this was changed to “%(theirs)s”. What you typed here is not saved yet.",
        theirs=theirs,
    )


def _shown(part: str, theirs: str, rubric: Rubric) -> Message | Text | str:
    if not theirs:
        return message("(empty)")
    if part == "dimension" and rubric.has_dimension(theirs):
        return rubric.dimension(theirs).title
    if part == "offers_talk":
        return {YES: message("yes"), NO: message("no")}[theirs]
    return theirs


def _among(part: str, text: str, texts: tuple[str, ...]) -> bool:
    """Tell whether one of `texts` says the same; a time may be written in several ways."""
    return text in texts or (
        part in ("start", "end") and _time(text) in {_time(each) for each in texts} - {None}
    )


def _time(text: str) -> int | None:
    try:
        return parse_time(text)
    except BadInputError:
        return None
