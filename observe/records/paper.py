"""One record on paper and as a table: what its page shows, from the same `Record`.

The page, the PDF and the CSV read one `Record`, whose numbers come from one profile; nothing is
computed here. Numbers are rounded as on the page, to two decimals; the CSV keeps them whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy.orm import Session

from observe import typeset
from observe.coding.operations import observation_for
from observe.coding.rules import DocumentCycle, DocumentNote
from observe.feedback import openings
from observe.feedback.models import FeedbackState
from observe.feedback.report import Moment, page_of
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.profile import DimensionResult, DomainResult
from observe.records.export import scores_of
from observe.records.history import SELECTIONS
from observe.records.operations import Record, read
from observe.records.review import WORDS as REVIEW_WORDS
from observe.rubric.schema import Dimension
from observe.text import Message, message
from observe.video.timecode import format_time

TEMPLATE: Final = Path(__file__).with_name("record.typ")
_MARKS: Final = {"not_observed": message("N/O"), "not_applicable": message("N/A")}


def to_take(session: Session, observation_id: UUID, *, actor: Actor) -> Record:
    """Return the record that `actor` takes away; who gives it to her says that it was `taken`.

    Raises:
        NotFoundError, NotAllowedError: there is none, or it is not hers to take away.
    """
    record = read(session, observation_id, actor=actor)
    access.require(actor, Action.RECORD_EXPORT, record.observation.as_record())
    return record


def taken(session: Session, observation_id: UUID, *, way: str, actor: Actor) -> None:
    """Put on file in which `way` (pdf, csv) `actor` takes the record away; raises as `to_take`.

    In a transaction of its own: to set a PDF takes seconds, and meanwhile nobody could write.
    """
    observation = observation_for(session, observation_id, actor=actor, action=Action.RECORD_EXPORT)
    audit.record(
        session,
        openings.RECORD,
        actor_id=actor.user_id,
        thing_kind="record",
        thing_id=observation.id,
        way=way,
    )


def table(record: Record) -> bytes:
    """Return the record as CSV for Excel: the columns and the numbers of the whole export."""
    return scores_of([(record.observation, record.rubric, record.document)]).for_people()


def pdf(record: Record, *, locale: str) -> bytes:
    """Return the record as a tagged PDF (PDF/UA-1); what people wrote is never markup."""
    return typeset.pdf(TEMPLATE, _Paper(record, locale).document())


class _Paper:
    """Puts a record into words of one language."""

    def __init__(self, record: Record, locale: str) -> None:
        self.record, self.locale = record, locale

    def document(self) -> dict[str, object]:
        record = self.record
        return {
            "lang": self.locale.split("_", maxsplit=1)[0],
            "words": {name: self._say(told) for name, told in _WORDS.items()},
            "educator": record.observation.recording.educator.name,
            "facts": [[self._say(name), value] for name, value in self._facts()],
            "cycles": [str(cycle.number) for cycle in record.document.cycles],
            "groups": list(self._groups()),
            "notes": [self._note(note) for note in record.document.notes],
            "moments": [self._moment(moment) for moment in self._moments()],
            "next_step": self._next_step(),
        }

    def _say(self, told: Message) -> str:
        return told.in_language(self.locale)

    def _facts(self) -> list[tuple[Message, str]]:
        record, recording = self.record, self.record.observation.recording
        group = recording.class_group
        rubric = record.rubric
        return [
            (message("School"), f"{group.school.name} · RBD {group.school.rbd}"),
            (
                message("Class"),
                " · ".join(each for each in (group.name, recording.subject) if each),
            ),
            (message("Lesson of"), format_date(recording.recorded_on, "long", locale=self.locale)),
            (message("How it was chosen"), self._say(SELECTIONS[record.document.selection])),
            (message("Observer"), record.observation.observer.name),
            (message("Rubric"), f"{rubric.title.in_language(self.locale)} {rubric.version}"),
            (message("Review"), self._say(REVIEW_WORDS[record.review.state])),
        ]

    def _groups(self) -> list[dict[str, object]]:
        domains = {each.domain: each for each in self.record.profile.domains}
        return [
            {
                "title": domain.title.in_language(self.locale)
                if domain
                else self._say(message("Outside the domains")),
                "mean": self._mean(domains.get(domain.id) if domain else None),
                "rows": [self._row(each) for each in dimensions],
            }
            for domain, dimensions in self.record.rubric.groups()
        ]

    def _row(self, dimension: Dimension) -> dict[str, object]:
        scale = self.record.rubric.scale_of(dimension)
        reverse = message("(here low is favourable)") if dimension.polarity == "negative" else None
        return {
            "title": dimension.title.in_language(self.locale),
            "scale": f"{scale.min}–{scale.max}",
            "remark": self._say(reverse) if reverse else "",
            "cells": [self._cell(each, dimension) for each in self.record.document.cycles],
            "mean": self._mean(self.record.profile.dimension(dimension.id)),
        }

    def _cell(self, cycle: DocumentCycle, dimension: Dimension) -> str:
        for score in cycle.scores:
            if score.dimension == dimension.id:
                return self._say(_MARKS[score.mark]) if score.mark else str(score.value)
        return "–"

    def _mean(self, result: DimensionResult | DomainResult | None) -> str:
        if result is None or result.mean is None:
            return "–"
        mean = self._number(result.mean)
        return mean if result.se is None else f"{mean} ± {self._number(result.se)}"

    def _number(self, value: float) -> str:
        return format_decimal(round(value, 2), "#,##0.00", locale=self.locale)

    def _note(self, note: DocumentNote) -> dict[str, str]:
        row = self.record.rubric.row(note.dimension or "")
        about = row.of.title.in_language(self.locale) if row else ""
        return {"at": format_time(note.at_ms), "text": note.text, "about": about}

    def _moments(self) -> tuple[Moment, ...]:
        feedback = self.record.feedback
        if feedback is None or feedback.state is not FeedbackState.PUBLISHED:
            return ()
        return page_of(feedback, locale=self.locale).moments

    def _moment(self, moment: Moment) -> dict[str, str]:
        return {
            "title": moment.title,
            "dimension": moment.dimension,
            "when": moment.when,
            "note": moment.note,
        }

    def _next_step(self) -> str:
        if not self._moments() or self.record.feedback is None:
            return ""
        return page_of(self.record.feedback, locale=self.locale).next_step


_WORDS: Final[dict[str, Message]] = {
    "title": message("Record of a lesson"),
    "profile": message("Scores by cycle"),
    "dimension": message("Dimension"),
    "cycle": message("Cycle"),
    "mean": message("Mean"),
    "notes": message("Notes"),
    "given": message("What the educator received"),
    "next_step": message("Next step"),
    "mirror": message(
        "Mean over the cycles ± one standard error. One video is a mirror, not a measurement: "
        "another lesson could look different."
    ),
    "care": message("This document is about a person: share it only with who may see the record."),
}
