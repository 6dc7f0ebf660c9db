"""Forms: parsing and keeping what was typed; rules that matter are in the operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from flask import request
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms.fields import Field
from wtforms.validators import InputRequired, Length

from observe.errors import BadInputError
from observe.text import Message, message
from observe.web.words import say

LONGEST_NUMBER: Final = 18  # digits


class Form(FlaskForm):
    """Base of all forms: text without blanks around it, CSRF by the guard."""

    class Meta(FlaskForm.Meta):
        """Checked for every request by the guard, so not again here."""

        csrf = False

        def bind_field(self, form: FlaskForm, unbound: Any, options: dict[str, Any]) -> Field:  # noqa: ANN401
            """Trim what is typed into text fields."""
            filters: list[Callable[[Any], Any]] = list(unbound.kwargs.get("filters", ()))
            if unbound.field_class.__name__ in _TEXTUAL:
                filters.append(_trim)
            bound: Field = unbound.bind(form=form, filters=filters, **options)
            return bound

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Any:  # noqa: ANN401
            """Tie a field to its hint and its error for those who listen to the page."""
            parts = [f"{field.id}-hint"] if render_kw.pop("hinted", False) else []
            if field.errors:
                render_kw["aria-invalid"] = "true"
                parts.append(f"{field.id}-error")
            if parts:
                render_kw["aria-describedby"] = " ".join(parts)
            return super().render_field(field, render_kw)  # type: ignore[no-untyped-call]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ANN401
        """Tell whether all fields hold what they ask for."""
        return bool(super().validate(extra_validators))  # type: ignore[no-untyped-call]

    def refuse(self, field: str, told: Message) -> None:
        """Put a sentence at a field."""
        self[field].errors = [*self[field].errors, say(told)]


_TEXTUAL = frozenset({"StringField", "EmailField", "TextAreaField", "SearchField"})


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def whole(text: str) -> int | None:
    """Return the whole number that was written; None for anything else.

    What is longer than any number that the database keeps is none either.

    >>> whole("12"), whole("-1"), whole("9" * 5000)
    (12, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def typed_lines(text: str) -> str:
    """Return what was typed into a field of several lines, its line ends as we keep them."""
    return text.replace("\r\n", "\n")


def typed_day(text: str, field: str | None = None) -> date | None:
    """Return the day that was typed, None where nothing was.

    Raises:
        BadInputError: it is no day.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        told = message("This is no date. Write it like 2026-05-31.")
        raise BadInputError(told, field=field) from error


def sent_json() -> object:
    """Return what a script sent; None for what is no JSON, or lies too deep to be any of ours."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def spoken(told: Message) -> LazyString:
    """Return `told` in the language of the request in which it is shown."""
    return LazyString(lambda: say(told))


def needed() -> InputRequired:
    """Ask for an answer."""
    return InputRequired(message=spoken(message("Please fill this in.")))


def at_most(letters: int) -> Length:
    """Ask for at most `letters` letters."""
    told = message("Please use at most %(letters)s letters.", letters=letters)
    return Length(max=letters, message=spoken(told))
