"""What a rubric offers for the feedback on a dimension, and how it comes into a card. Pure.

Offered words are a beginning: they are added on a line of their own, where the observer edits them.
What she typed stays as it is.
"""

from __future__ import annotations

from observe.feedback.models import FocusKind
from observe.rubric.schema import Rubric, Text

PARTS = ("phrase", "questions")  # of a card


def offered(rubric: Rubric, dimension: str, kind: FocusKind) -> dict[str, tuple[Text, ...]]:
    """Return what is offered for each part of a card; nothing for a dimension that is not there."""
    if not rubric.has_dimension(dimension):
        return dict.fromkeys(PARTS, ())
    wording = rubric.dimension(dimension).feedback
    phrases = wording.strength if kind is FocusKind.STRENGTH else wording.priority
    return {"phrase": phrases, "questions": wording.questions}


def with_line(typed: str, line: str) -> str:
    r"""Return `typed` with `line` under it; as it is when the line is there already.

    >>> with_line("", "¿Por qué?"), with_line("¿Qué viste?\n", "¿Por qué?")
    ('¿Por qué?', '¿Qué viste?\n¿Por qué?')
    >>> with_line("¿Por qué?\nEsperas.", "¿Por qué?")
    '¿Por qué?\nEsperas.'
    """
    if line in typed:
        return typed
    return f"{typed.rstrip()}\n{line}" if typed.strip() else line


def lines_of(typed: str) -> tuple[str, ...]:
    r"""Return the lines that say something.

    >>> lines_of("¿Qué viste? \n\n¿Por qué?")
    ('¿Qué viste?', '¿Por qué?')
    """
    return tuple(line.strip() for line in typed.splitlines() if line.strip())
