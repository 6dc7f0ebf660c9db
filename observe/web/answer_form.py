"""The educator's answer as it is typed, and what of it can be kept: everything typed comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from observe.feedback.answers import Besides, besides_of, talk_problem
from observe.feedback.models import Answer
from observe.text import Message, message

FIELDS: Final = ("text", "already_tried", "own_step", "talk_on", "wish")


@dataclass
class AnswerForm:
    """What stands in each field, and what is wrong with it."""

    typed: dict[str, str]
    errors: dict[str, Message] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return her words."""
        return self.typed["text"]

    def besides(self, today: date) -> Besides:
        """Return what she says besides; a day on which nobody can talk is noted as an error.

        One that is no day at all is left out; another one is kept in the draft.
        """
        talk_on = self._day()
        if problem := talk_problem(talk_on, today):
            self.errors["talk_on"] = problem
        return Besides(
            already_tried=bool(self.typed["already_tried"]),
            own_step=self.typed["own_step"],
            talk_on=talk_on,
            wish=self.typed["wish"] or None,
        )

    def _day(self) -> date | None:
        if not self.typed["talk_on"]:
            return None
        try:
            return date.fromisoformat(self.typed["talk_on"])
        except ValueError:
            self.errors["talk_on"] = message("Write the date as year-month-day, like 2026-06-10.")
            return None


def form_of(draft: Answer | None) -> AnswerForm:
    """Return the form as it was kept."""
    told = besides_of(draft)
    return AnswerForm(
        {
            "text": draft.text if draft else "",
            "already_tried": "yes" if told.already_tried else "",
            "own_step": told.own_step,
            "talk_on": told.talk_on.isoformat() if told.talk_on else "",
            "wish": told.wish or "",
        }
    )


def typed_form(given: Mapping[str, str]) -> AnswerForm:
    """Return the form as it was sent; browsers send line ends as two characters."""
    return AnswerForm({name: given.get(name, "").replace("\r\n", "\n") for name in FIELDS})
