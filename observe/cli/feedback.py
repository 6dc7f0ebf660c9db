"""`observe feedback`: the suggestion, publishing one strength and one priority, what there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe import jobs
from observe.cli.program import noun
from observe.cli.progress import wait_for
from observe.cli.shell import Answer, Shell, Words, the_day, the_id, verb
from observe.cli.words import option
from observe.errors import ConflictError
from observe.feedback import openings, publishing
from observe.feedback.answers import besides_of
from observe.feedback.checks import FocusInput, input_of
from observe.feedback.models import Answer as EducatorAnswer
from observe.feedback.models import Feedback, FeedbackState, Focus, FocusKind
from observe.feedback.offered import lines_of
from observe.feedback.operations import (
    composable,
    current,
    feedback_for,
    feedbacks_of,
    open_draft,
    publish,
    save_focuses,
    suggestion_for,
    wish_told,
    withdraw,
)
from observe.feedback.suggest import Candidate
from observe.people import access
from observe.people.access import Action, Actor
from observe.people.directory import school_for
from observe.records.operations import RecordFilter, records_of
from observe.text import message
from observe.video.timecode import Span, parse_span

KINDS: Final = {FocusKind.STRENGTH: message("Strength"), FocusKind.PRIORITY: message("Priority")}

feedback = noun("feedback", message("Feedback: suggest, publish, withdraw, list, take away."))


@verb(feedback, "suggest", message("Suggests a strength and a priority, with reasons; you decide."))
@click.argument("observation")
def suggest(shell: Shell, *, observation: str) -> Answer:
    """Tell the candidates, the best first."""
    with shell.database.write() as session:  # what it tells of her answers is put on file
        lesson = composable(session, the_id(observation), actor=shell.actor)
        found = suggestion_for(session, lesson.id, actor=shell.actor)
        openings.seen_beside(session, wish_told(session, lesson), actor=shell.actor)
    facts = {
        "strength": [_candidate(shell, each) for each in found.strength],
        "priority": [_candidate(shell, each) for each in found.priority],
        "tie": {"strength": found.tie.strength, "priority": found.tie.priority},
    }
    kinds = ((message("Strength"), found.strength), (message("Priority"), found.priority))
    return Answer(
        facts,
        columns=(message("For"), message("Dimension"), message("Reason")),
        rows=[(kind, each.dimension, each.reason) for kind, all_ in kinds for each in all_],
    )


def _candidate(shell: Shell, candidate: Candidate) -> dict[str, object]:
    return {
        "dimension": candidate.dimension,
        "mean": candidate.mean,
        "reference": candidate.reference,
        "se": candidate.se,
        "evidence": candidate.evidence,
        "reason": shell.spoken(candidate.reason),
    }


@verb(feedback, "publish", message("Publishes exactly one strength and one priority."))
@click.argument("observation")
@option("--strength", required=True, about=message("The dimension that is the strength."))
@option("--strength-clip", required=True, about=message("Its moment: 00:33:10-00:34:02."))
@option("--strength-note", required=True, about=message("What the educator reads about it."))
@option("--priority", required=True, about=message("The dimension that is the priority."))
@option("--priority-clip", required=True, about=message("Its moment: 00:21:05-00:21:50."))
@option("--priority-note", required=True, about=message("What the educator reads about it."))
@option("--next-step", required=True, about=message("The one next step."))
@option("--due", required=True, about=message("By when, like 2026-06-10."))
def publish_(shell: Shell, /, *, observation: str, due: str, **given: str) -> Answer:
    """Publish the feedback of an observation; waits until both clips are cut."""
    observation_id, inputs = the_id(observation), _inputs(given, the_day(due))
    with shell.database.write() as session:
        draft = open_draft(session, observation_id, actor=shell.actor)
        if draft.state is FeedbackState.DRAFT:
            save_focuses(session, draft.id, _with_words(draft, inputs), actor=shell.actor)
        else:
            _require_same(draft, inputs)
        # It may be entered long after the visit: the step comes after the lesson, that is all.
        lesson_day = draft.observation.recording.recorded_on
        publish(session, draft.id, actor=shell.actor, today=lesson_day)
    return _published(shell, draft.id)


def _inputs(given: dict[str, str], due: date) -> dict[FocusKind, FocusInput]:
    strength, priority = parse_span(given["strength_clip"]), parse_span(given["priority_clip"])
    return {
        FocusKind.STRENGTH: _focus(given["strength"], strength, given["strength_note"]),
        FocusKind.PRIORITY: _focus(
            given["priority"], priority, given["priority_note"], given["next_step"], due
        ),
    }


def _focus(
    dimension: str, span: Span, note: str, next_step: str = "", due_on: date | None = None
) -> FocusInput:
    return FocusInput(
        dimension=dimension,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        note=note,
        next_step=next_step,
        due_on=due_on,
    )


def _with_words(
    draft: Feedback, inputs: dict[FocusKind, FocusInput]
) -> dict[FocusKind, FocusInput]:
    """Keep what was written in the browser and has no option here."""
    kept = {kind: input_of(draft.focus(kind)) for kind in inputs}
    return {
        kind: replace(
            given, phrase=kept[kind].phrase, questions=kept[kind].questions, why=kept[kind].why
        )
        for kind, given in inputs.items()
    }


def _require_same(found: Feedback, inputs: dict[FocusKind, FocusInput]) -> None:
    """Return when what is published already says the same; a command may be repeated.

    Raises:
        ConflictError: it says something else.
    """
    if any(_said(found.focus(kind)) != given for kind, given in inputs.items()):
        raise ConflictError(
            message("Other feedback of this observation is published; withdraw it first.")
        )


def _said(focus: Focus | None) -> FocusInput | None:
    if focus is None or focus.start_ms is None or focus.end_ms is None:
        return None
    span = Span(focus.start_ms, focus.end_ms)
    return _focus(focus.dimension or "", span, focus.note, focus.next_step, focus.due_on)


def _published(shell: Shell, feedback_id: UUID) -> Answer:
    with shell.database.read() as session:
        job = jobs.latest(session, publishing.KIND, feedback_id)
    if job is not None:
        wait_for(shell, job.id, publishing.STEPS)
    with shell.database.read() as session:
        found = session.get_one(Feedback, feedback_id)
    said = message("Published. The educator sees it when she signs in.")
    return Answer({"feedback": feedback_id, "state": found.state.value}, [said])


@verb(feedback, "withdraw", message("Takes published feedback away from its educator at once."))
@click.argument("feedback")
@option("--reason", required=True, about=message("Why; it stays on file."))
def withdraw_(shell: Shell, *, feedback: str, reason: str) -> Answer:
    """Withdraw published feedback; nothing of it is deleted."""
    with shell.database.write() as session:
        found = withdraw(session, the_id(feedback), reason, actor=shell.actor)
        facts = facts_of(found)
    return Answer(facts, [message("Withdrawn: the educator no longer sees it.")])


@verb(feedback, "list", message("Lists the feedback you gave or were given."))
@option("--school", about=message("Only of this school: its RBD."))
@option("--from", "since", about=message("Only lessons from this day on, like 2026-05-10."))
@option("--to", "until", about=message("Only lessons up to this day, like 2026-06-10."))
@option(
    "--state",
    type=click.Choice([state.value for state in FeedbackState]),
    about=message("Only in this state."),
)
def list_(
    shell: Shell, *, school: str | None, since: str | None, until: str | None, state: str | None
) -> Answer:
    """List feedback: of your own observations, and what was published for you."""
    with shell.database.read() as session:
        where = the_round(session, shell.actor, school, since, until)
        found = [row for row in _mine(session, shell.actor, where) if state in (None, row.state)]
        facts, rows = [facts_of(each) for each in found], [_row(each) for each in found]
    return Answer(
        facts={"feedback": facts},
        columns=(message("Id"), message("Day"), message("Educator"), message("State")),
        rows=rows,
    )


def the_round(
    session: Session, actor: Actor, school: str | None, since: str | None, until: str | None
) -> RecordFilter:
    """Return what narrows to a school and to days.

    Raises:
        NotFoundError: there is no such school for `actor`. BadInputError: what is given is no day.
    """
    return RecordFilter(
        school_id=school_for(session, school, actor=actor).id if school else None,
        since=the_day(since) if since else None,
        until=the_day(until) if until else None,
    )


def _mine(session: Session, actor: Actor, where: RecordFilter) -> list[Feedback]:
    records = records_of(session, actor=actor, where=where)
    given = (current(session, row.observation.id) for row in records)
    own = [row for row in given if row and access.can(actor, Action.FEEDBACK_SEE, row.as_thing())]
    received = (row for row in feedbacks_of(session, actor=actor) if _fits(row, where))
    return own + [row for row in received if row not in own]


def _fits(row: Feedback, where: RecordFilter) -> bool:
    lesson = row.observation.recording
    return (
        where.school_id in (None, lesson.class_group.school_id)
        and (where.since is None or where.since <= lesson.recorded_on)
        and (where.until is None or lesson.recorded_on <= where.until)
    )


@verb(feedback, "show", message("Shows a feedback: its two focuses and the educator's answer."))
@click.argument("feedback")
def show(shell: Shell, *, feedback: str) -> Answer:
    """Show what the educator reads, her answers too; once published, the opening is on file."""
    with shell.database.write() as session:
        found = feedback_for(
            session, the_id(feedback), actor=shell.actor, action=Action.FEEDBACK_SEE
        )
        if found.published_at is not None:
            openings.opened(session, found, actor=shell.actor)
        facts = facts_of(found) | {
            "focuses": [_focus_facts(each) for each in found.focuses],
            "answers": [_answer_facts(each) for each in found.answers if each.sent_at is not None],
        }
        lines = [
            f"{KINDS[each.kind].in_language(shell.settings.locale)} · {each.dimension}: {each.note}"
            for each in found.focuses
        ]
    return Answer(facts, lines)


def _row(row: Feedback) -> tuple[Words, ...]:
    recording = row.observation.recording
    day = recording.recorded_on.isoformat()
    return (str(row.id), day, recording.educator.name, publishing.STATES[row.state])


def _answer_facts(answer: EducatorAnswer) -> dict[str, object]:
    told = besides_of(answer)
    return {
        "text": answer.text,
        "already_tried": told.already_tried,
        "own_step": told.own_step,
        "talk_on": told.talk_on,
        "wish": told.wish,
        "sent_at": answer.sent_at,
    }


def _focus_facts(focus: Focus) -> dict[str, object]:
    return {
        "kind": focus.kind,
        "dimension": focus.dimension,
        "start_ms": focus.start_ms,
        "end_ms": focus.end_ms,
        "note": focus.note,
        "phrase": focus.phrase,
        "questions": lines_of(focus.questions),
        "next_step": focus.next_step,
        "due_on": focus.due_on,
    }


def facts_of(row: Feedback) -> dict[str, object]:
    """Return what scripts learn of a feedback."""
    return {
        "feedback": row.id,
        "observation": row.observation_id,
        "revision": row.revision_number,
        "state": row.state,
        "published_at": row.published_at,
    }
