"""What the composer offers beside its fields: the rubric's words, the film strip, and hints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.feedback import tone
from observe.feedback.checks import FocusInput
from observe.feedback.models import FocusKind
from observe.feedback.offered import PARTS, offered, with_line
from observe.people.class_lists import names_of
from observe.rubric.schema import Rubric
from observe.text import WORD, Message, plain
from observe.web.focus_form import FocusForm
from observe.web.forms import whole
from observe.web.guards import current_actor
from observe.web.words import language

# Of a field: how it is looked at twice. Why she chose it is not for the educator: there only what
# tells of a child counts.
LOOKED_AT: Final = {
    "note": tone.of_note,
    "phrase": tone.of_words,
    "questions": tone.of_words,
    "next_step": tone.of_words,
    "why": tone.of_children,
}


def tones(
    session: Session, observation: Observation, kept: Mapping[FocusKind, FocusInput]
) -> dict[str, tuple[Message, ...]]:
    """Return the hints about what is written, by the name of the field; only fields with some."""
    names = _names(session, observation)
    found = {
        f"{kind.value}-{part}": look(getattr(focus, part), names)
        for kind, focus in kept.items()
        for part, look in LOOKED_AT.items()
    }
    return {name: hints for name, hints in found.items() if hints}


def _names(session: Session, observation: Observation) -> frozenset[str]:
    """Return the words of the class list, without those of the two who speak to each other."""
    lesson = observation.recording
    grown_up = (lesson.educator.name, observation.observer.name)
    return names_of(session, lesson.class_group_id, actor=current_actor()) - {
        plain(word) for name in grown_up for word in WORD.findall(name)
    }


def add_offered(forms: Mapping[FocusKind, FocusForm], asked: str, rubric: Rubric) -> None:
    """Add the words that a button without a script asked for: `phrase:<kind>:<dimension>:<place>`.

    What cannot be there is left alone.
    """
    part, *rest = asked.split(":")
    if part not in PARTS or len(rest) != 3 or rest[0] not in set(FocusKind):
        return
    kind, dimension, place = FocusKind(rest[0]), rest[1], rest[2]
    words = offered(rubric, dimension, kind)[part]
    if (number := whole(place)) is not None and number < len(words):
        typed = forms[kind].typed
        typed[part] = with_line(typed[part], words[number].in_language(language()))
