"""What can go wrong, said so that a person knows what to do.

Each error carries one sentence in Spanish and English and the exit code of the command line.
Pages, JSON and the command line map them in one place each.
"""

from __future__ import annotations

from observe.text import Message


class ObserveError(Exception):
    """Something was refused; `message` says what to do about it."""

    exit_code = 2
    status = 400

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class BadInputError(ObserveError):
    """What was given cannot be used; what was typed is kept."""

    def __init__(self, message: Message, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidError(ObserveError):
    """Several things at once cannot be used: all of them are told together."""

    def __init__(self, message: Message, problems: list[Message]) -> None:
        super().__init__(message)
        self.problems = problems


class NotAllowedError(ObserveError):
    """The person may see the thing but not do this to it."""

    exit_code = 3
    status = 403


class NotFoundError(ObserveError):
    """There is no such thing, or the person may not know of it: both answer alike."""

    exit_code = 4
    status = 404


class ConflictError(ObserveError):
    """The thing has changed in the meantime or its state does not allow this any more."""

    status = 409


class TooOftenError(ConflictError):
    """It was done so often lately that it has to wait."""

    status = 429
