"""`observe coding`: a sheet coded elsewhere becomes an observation; an observation is finished."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe.cli.files import FILE, read_text
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, the_id, verb
from observe.cli.words import option
from observe.coding import correcting
from observe.coding.models import Observation
from observe.coding.operations import submit
from observe.coding.sheet import import_sheet
from observe.feedback import followup
from observe.feedback.models import Outcome
from observe.rubric.operations import version_for
from observe.text import message

coding = noun("coding", message("Coding: import a sheet, finish an observation."))


_previous = option(
    "--previous",
    type=click.Choice([each.value for each in Outcome]),
    about=message("What became of her previous priority, where there is one."),
)
_previous_note = option("--previous-note", about=message("The same in few words; she reads it."))


@verb(coding, "import", message("Makes an observation out of a sheet coded elsewhere or on paper."))
@click.argument("sheet", type=FILE)
@option("--recording", required=True, about=message("The recording's id."))
@option("--rubric", required=True, about=message("The rubric: id or id@version."))
@option("--observer", about=message("Who coded it; the draft becomes hers."))
@_previous
@_previous_note
def import_(
    shell: Shell,
    /,
    *,
    sheet: Path,
    recording: str,
    rubric: str,
    observer: str | None,
    **previous: str | None,
) -> Answer:
    """Import a sheet as a draft of its observer."""
    text, recording_id = read_text(sheet), the_id(recording)
    coder = shell.person(observer) if observer else None
    with shell.database.write() as session:
        version = version_for(session, rubric)
        done = import_sheet(
            session, text, recording_id, version.id, actor=shell.actor, observer=coder
        )
        _answer(shell, session, done.observation_id, **previous)
        draft = session.get_one(Observation, done.observation_id)
        warnings = (*done.warnings, *followup.unanswered(session, draft))
    told = message(
        "Imported: %(cycles)s cycles, %(scores)s scores, %(notes)s notes. Observation %(id)s.",
        cycles=done.cycles,
        scores=done.scores,
        notes=done.notes,
        id=str(done.observation_id),
    )
    facts = {
        "observation": done.observation_id,
        "cycles": done.cycles,
        "scores": done.scores,
        "notes": done.notes,
        "warnings": [shell.spoken(warning) for warning in warnings],
    }
    return Answer(facts, [told], warnings=warnings)


def _answer(
    shell: Shell,
    session: Session,
    observation_id: UUID,
    *,
    previous: str | None,
    previous_note: str | None,
) -> None:
    """Keep what became of the previous priority, where the command says it."""
    if previous is None and previous_note is None:
        return
    note = previous_note or ""
    followup.answer(session, observation_id, previous or "", note, actor=shell.actor)


@verb(coding, "submit", message("Finishes an observation: from there it never changes."))
@click.argument("observation")
@_previous
@_previous_note
def submit_(shell: Shell, /, *, observation: str, **previous: str | None) -> Answer:
    """Submit an observation; what is missing is told, all of it."""
    observation_id: UUID = the_id(observation)
    with shell.database.write() as session:
        _answer(shell, session, observation_id, **previous)
        revision = submit(session, observation_id, actor=shell.actor)
    facts = {
        "observation": observation_id,
        "state": "submitted",
        "revision": revision.number,
        "sha256": revision.sha256,
    }
    return Answer(facts, [message("Submitted. It is on file and does not change any more.")])


@verb(coding, "give-up", message("Closes a correction that was begun: what was submitted stays."))
@click.argument("observation")
def give_up(shell: Shell, /, *, observation: str) -> Answer:
    """Give a begun correction up; what was typed stays in the history."""
    observation_id: UUID = the_id(observation)
    with shell.database.write() as session:
        asked = correcting.give_up(session, observation_id, actor=shell.actor)
    facts = {"observation": observation_id, "correction": asked.id, "state": asked.state.value}
    told = message("The record stays as you submitted it. What you had changed is in its history.")
    return Answer(facts, [told])
