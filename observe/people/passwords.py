"""What may be a password: long enough, and none of those that somebody would try first.

How soon it would be tried is reckoned by zxcvbn, which carries lists of the most used passwords,
names and words, and knows rows of keys, repetitions, dates and letters put for digits. No rule says
what it must be made of: a short sentence passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from observe.text import Message, message

SHORTEST: Final = 12
LONGEST: Final = 128
LONGEST_TYPED: Final = 200  # once they were allowed to be so long
_ENOUGH: Final = 3  # of 0 to 4: more than a hundred million would be tried before it
_READ: Final = 72  # what follows makes it no easier; reading on would take long
# Words that its lists, which are English for the most part, lack and that come to mind here.
_NEAR: Final = ("observe", "contraseña", "clave", "escuela", "jardín", "profesora", "educadora")


def problem_of(password: str, about: Iterable[str] = ()) -> Message | None:
    """Return what is wrong with a new password; `about` is what is known of its owner.

    >>> problem_of("el patio tiene tres árboles") is None
    True
    >>> problem_of("password1234") == problem_of("Rosa Tapia 2026", ["Rosa Tapia"])
    True
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return message(
            "Use a password of %(low)s to %(high)s letters; a short sentence is easy to keep.",
            low=SHORTEST,
            high=LONGEST,
        )
    if _is_tried_early(password[:_READ], about):
        return message(
            "This password is among the first that somebody would try. Take a short sentence that "
            "only you would think of."
        )
    return None


def _is_tried_early(password: str, about: Iterable[str]) -> bool:
    from zxcvbn import zxcvbn  # its lists are read by who chooses a password, not at each start

    told = {word.casefold() for each in (*_NEAR, *about) for word in (each, *_words(each))}
    words = _words(password)
    if words and told.issuperset(words):  # her name, her school and a year: nothing of her own
        return True
    reckoned = zxcvbn(password, user_inputs=sorted(told), max_length=_READ)
    return int(reckoned["score"]) < _ENOUGH


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", text.casefold()) if len(word) > 1]
