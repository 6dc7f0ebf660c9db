"""The words of reminders: a digest to an observer, a kind line to an educator. Pure.

They hold counts and a link; no name but that of who reads, nothing of a lesson, and nothing about
lateness to an educator: mail is read on phones that others see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from observe.feedback.board import Column, Row
from observe.text import Message, message


@dataclass(frozen=True)
class Words:
    """What a letter says, a paragraph each."""

    subject: Message
    lines: tuple[Message, ...]

    def text(self, locale: str) -> str:
        """Return the letter in the person's language."""
        return "\n\n".join(line.in_language(locale) for line in self.lines) + "\n"


def digest(name: str, due: Iterable[Row], today: date, url: str) -> Words:
    """Return what waits for an observer today, counted."""
    return Words(
        message("What waits for you in observe"),
        (
            message("Hello %(name)s. This waits for you:", name=name),
            *_counted(list(due), today),
            message("It is all here: %(url)s", url=url),
            message("You get this at most once a day, and only when something new is due."),
        ),
    )


def _counted(due: list[Row], today: date) -> Iterator[Message]:
    counts = Counter(row.column for row in due)
    for column, (one, several) in _COUNTED.items():
        if counts[column]:
            yield one if counts[column] == 1 else several(counts[column])
    late = sum(row.column is Column.FEED_BACK and row.is_late(today) for row in due)
    if late:
        yield message("Feedback past the day that was meant: %(count)s", count=late)


_COUNTED: Final[dict[Column, tuple[Message, Callable[[int], Message]]]] = {
    Column.FEED_BACK: (
        message("- 1 feedback to give"),
        lambda count: message("- %(count)s feedbacks to give", count=count),
    ),
    Column.TALK: (
        message("- 1 answer or talk"),
        lambda count: message("- %(count)s answers or talks", count=count),
    ),
    Column.FOLLOW_UP: (
        message("- 1 next step to follow up"),
        lambda count: message("- %(count)s next steps to follow up", count=count),
    ),
    Column.OBSERVE: (
        message("- 1 lesson that a colleague asked you to code"),
        lambda count: message("- %(count)s lessons that colleagues asked you to code", count=count),
    ),
}


def ready(name: str, url: str) -> Words:
    """Return that feedback is there for an educator; nothing of what it says."""
    return Words(
        message("Something for you is in observe"),
        (
            message("Hello %(name)s.", name=name),
            message(
                "Your observer shared two moments of a lesson of yours with you. Look at them when"
                " it suits you; there is no hurry."
            ),
            message("They are here: %(url)s", url=url),
        ),
    )


def trial(url: str) -> Words:
    """Return a letter that only shows that mail works."""
    return Words(
        message("Mail of observe works"),
        (
            message("This letter was sent to see whether mail works. Nothing is to be done."),
            message("The pages are here: %(url)s", url=url),
        ),
    )
