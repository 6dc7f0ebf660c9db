"""`observe observations`: what is being coded by you, and the records you may see."""

from __future__ import annotations

from uuid import UUID

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, Words, the_id, verb
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import document_of, observation_for
from observe.coding.rules import missing
from observe.errors import NotFoundError
from observe.people import access
from observe.people.access import Action, Actor
from observe.profile import DimensionResult, DomainResult
from observe.records.operations import Record, record_for, records_of
from observe.rubric.operations import rubric_of
from observe.text import Message, message

observations = noun("observations", message("Observations: list, show."))
_STATES = {
    ObservationState.DRAFT: message("draft"),
    ObservationState.SUBMITTED: message("submitted"),
}


@verb(observations, "list", message("Lists your drafts and the records you may see."))
def list_(shell: Shell) -> Answer:
    """List observations: drafts first, then records, the newest lesson first."""
    with shell.database.read() as session:
        found = drafts_of(session, shell.actor)
        found += [row.observation for row in records_of(session, actor=shell.actor)]
        facts, rows = [facts_of(each) for each in found], [_row(each) for each in found]
    return Answer(
        facts={"observations": facts},
        columns=(
            message("Id"),
            message("Day"),
            message("Class group"),
            message("Educator"),
            message("Observer"),
            message("State"),
        ),
        rows=rows,
    )


def drafts_of(session: Session, actor: Actor) -> list[Observation]:
    """Return what `actor` is coding, the newest first."""
    mine = sa.select(Observation).where(
        Observation.observer_id == actor.user_id, Observation.state == ObservationState.DRAFT
    )
    found = session.scalars(mine.order_by(Observation.created_at.desc()))
    return [row for row in found if access.can(actor, Action.OBSERVATION_CODE, row.as_thing())]


@verb(observations, "show", message("Shows an observation: what is missing, or its profile."))
@click.argument("observation")
def show(shell: Shell, *, observation: str) -> Answer:
    """Show a record with its profile (the opening is put on file), or a draft."""
    observation_id = the_id(observation)
    try:
        with shell.database.write() as session:
            record = record_for(session, observation_id, actor=shell.actor)
            return _record(shell, record)
    except NotFoundError:
        return _draft(shell, observation_id)


def _draft(shell: Shell, observation_id: UUID) -> Answer:
    with shell.database.read() as session:
        found = observation_for(
            session, observation_id, actor=shell.actor, action=Action.OBSERVATION_CODE
        )
        document = document_of(session, found)
        lacking = missing(document, rubric_of(found.rubric_version))
        facts = facts_of(found)
    told = [each.message for each in lacking]
    facts["missing"] = [shell.spoken(each) for each in told]
    facts["document"] = document.model_dump(mode="json")
    ready = message("Nothing is missing; finish it with: observe coding submit")
    return Answer(facts, told or [ready])


def _record(shell: Shell, record: Record) -> Answer:
    profile, locale = record.profile, shell.settings.locale
    titles = {row.id: row.title.in_language(locale) for row in record.rubric.dimensions}
    facts = facts_of(record.observation) | {
        "feedback": record.feedback_state,
        "dimensions": [_dimension(shell, each) for each in profile.dimensions],
        "domains": [_domain(shell, each) for each in profile.domains],
        "document": record.document.model_dump(mode="json"),
    }
    return Answer(
        facts,
        columns=(message("Dimension"), message("Mean"), message("Standard error"), message("n")),
        rows=[
            (titles[each.dimension], _number(each.mean), _number(each.se), str(each.n))
            for each in profile.dimensions
        ],
    )


def _dimension(shell: Shell, result: DimensionResult) -> dict[str, object]:
    return {
        "dimension": result.dimension,
        "mean": result.mean,
        "se": result.se,
        "n": result.n,
        "not_observed": result.not_observed,
        "not_applicable": result.not_applicable,
        "why_undefined": _why(shell, result.why_undefined),
    }


def _domain(shell: Shell, result: DomainResult) -> dict[str, object]:
    return {
        "domain": result.domain,
        "mean": result.mean,
        "why_undefined": _why(shell, result.why_undefined),
    }


def _why(shell: Shell, reason: Message | None) -> str | None:
    return shell.spoken(reason) if reason is not None else None


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _row(row: Observation) -> tuple[Words, ...]:
    recording = row.recording
    return (
        str(row.id),
        recording.recorded_on.isoformat(),
        recording.class_group.name,
        recording.educator.name,
        row.observer.name,
        _STATES[row.state],
    )


def facts_of(row: Observation) -> dict[str, object]:
    """Return what scripts learn of an observation."""
    return {
        "observation": row.id,
        "recording": row.recording_id,
        "observer": row.observer_id,
        "rubric": row.rubric_version.rubric_id,
        "rubric_version": row.rubric_version.version,
        "state": row.state,
        "version": row.version,
        "recorded_on": row.recording.recorded_on,
        "submitted_at": row.submitted_at,
    }
