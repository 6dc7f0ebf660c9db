"""`observe privacy request` and `breaches`: what people ask about their data, copies of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe.cli.files import FILE, copy_file
from observe.cli.program import noun
from observe.cli.progress import wait_for
from observe.cli.shell import Answer, Shell, Words, the_day, the_id, today, verb
from observe.cli.words import option
from observe.db import day_of
from observe.errors import ConflictError
from observe.feedback import erasure, halting  # noqa: F401  # told when a request blocks
from observe.people.access import Action
from observe.people.directory import user_for
from observe.privacy import breaches, personal_export, requests, tombstones
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel, RequestState, RightsRequest
from observe.privacy.requests import Asked, Standing
from observe.records.personal import making
from observe.text import message

privacy = noun("privacy", message("Privacy: requests about data, copies, breaches."))
asking = noun("request", message("What people ask about their data."), under=privacy)
_ENDINGS: Final = tuple(each.value for each in RequestState if each is not RequestState.OPEN)


@verb(asking, "list", message("Lists what people asked about their data, and what is due."))
def list_(shell: Shell) -> Answer:
    """List the requests that may be handled."""
    with shell.database.read() as session:
        found = [_standing(shell, row) for row in requests.requests_of(session, actor=shell.actor)]
        facts = [_facts(each) for each in found]
        rows = [_row(shell, each) for each in found]
    return Answer(
        {"requests": facts},
        columns=(message("Id"), message("What is asked"), message("Who"), message("State")),
        rows=rows,
    )


def _standing(shell: Shell, row: RightsRequest) -> Standing:
    law = shell.settings.new_law_from
    return requests.standing_of(row, today=today(), new_law_from=law)


def _row(shell: Shell, each: Standing) -> tuple[Words, ...]:
    row = each.request
    state = shell.spoken(requests.STATES[row.state])
    if each.clocks:
        first = each.clocks[0]
        state += f" · {first.due_on.isoformat()} · {shell.spoken(first.told)}"
    return (str(row.id), requests.KINDS[row.kind], requests.about_whom(row), state)


def _facts(each: Standing) -> dict[str, object]:
    row = each.request
    return {
        "request": row.id,
        "kind": row.kind,
        "about": row.about,
        "person": row.user_id,
        "class_group": row.class_group_id,
        "list_number": row.list_number,
        "received_on": row.received_on,
        "law": each.law,
        "state": row.state,
        "answer_due": each.answer.due_on if each.answer else None,
        "block_due": each.block.due_on if each.block else None,
        "overdue": each.overdue,
        "blocks": row.blocks,
        "answered_on": row.answered_on,
    }


@verb(asking, "register", message("Registers a request about a person with an account."))
@click.argument("person")
@option(
    "--kind",
    required=True,
    type=click.Choice([each.value for each in RequestKind]),
    about=message("What is asked."),
)
@option("--received", about=message("The day it came in, like 2026-12-03; today if absent."))
@option(
    "--channel",
    type=click.Choice([each.value for each in Channel]),
    default=Channel.LETTER.value,
    about=message("How it came in."),
)
@option("--words", default="", about=message("As it was asked, in short."))
def register(
    shell: Shell, *, person: str, kind: str, received: str | None, channel: str, words: str
) -> Answer:
    """Register a request; one about a child is registered on the page."""
    day: date = the_day(received) if received else today()
    with shell.database.write() as session:
        user = user_for(session, person, actor=shell.actor)
        asked = Asked(
            RequestKind(kind), About.PERSON, day, Channel(channel), user_id=user.id, words=words
        )
        made = requests.register(session, asked, today=today(), actor=shell.actor)
        standing = _standing(shell, made)
    return _told(standing)


def _told(standing: Standing) -> Answer:
    lines: list[Words] = [message("Request %(id)s", id=str(standing.request.id))]
    lines += [
        message("Until %(day)s: %(told)s", day=clock.due_on.isoformat(), told=clock.told)
        for clock in standing.clocks
    ]
    return Answer(_facts(standing), lines)


@verb(asking, "block", message("Makes what a request reaches answer as missing."))
@click.argument("request")
def block(shell: Shell, *, request: str) -> Answer:
    """Block."""
    with shell.database.write() as session:
        found = requests.block(session, the_id(request), actor=shell.actor)
        return _told(_standing(shell, found))


@verb(asking, "lift", message("Lets what a request blocked be seen again."))
@click.argument("request")
def lift(shell: Shell, *, request: str) -> Answer:
    """Lift the block."""
    with shell.database.write() as session:
        found = requests.lift(session, the_id(request), actor=shell.actor)
        return _told(_standing(shell, found))


@verb(asking, "answer", message("Answers a request, refuses it, or notes that it was taken back."))
@click.argument("request")
@click.argument("state", type=click.Choice(_ENDINGS))
@option("--text", required=True, about=message("What the person is told."))
def answer(shell: Shell, *, request: str, state: str, text: str) -> Answer:
    """End a request."""
    with shell.database.write() as session:
        found = requests.close(
            session,
            the_id(request),
            RequestState(state),
            text,
            on=today(),
            today=today(),
            actor=shell.actor,
        )
        return _told(_standing(shell, found))


@verb(asking, "erase", message("Tells what a request would delete; deletes only with --apply."))
@click.argument("request")
@option("--apply", "apply", is_flag=True, about=message("Deletes all of it that is not held."))
def erase(shell: Shell, *, request: str, apply: bool) -> Answer:
    """Simulate the deletion that a request asks for, or do it."""
    request_id = the_id(request)
    with shell.database.read() as session:
        plan = erasure.plan_for(session, request_id, actor=shell.actor)
    if apply:
        free = {(due.kind, due.thing_id) for due in plan if due.thing_id and not due.held}
        with shell.database.write() as session:
            erasure.confirm(session, request_id, free, actor=shell.actor)
            job = erasure.job_of(session, request_id)
        if job is not None:
            wait_for(shell, job.id, {})
        tombstones.catch_up(shell.settings, shell.database)
    with shell.database.read() as session:
        done = [row.number for row in erasure.certificates_of(session, request_id)]
    plan_told = [{"kind": due.kind, "title": due.title, "held": bool(due.held)} for due in plan]
    return Answer(
        {"plan": plan_told, "certificates": done},
        [message("Certificates: %(count)s.", count=len(done))],
        columns=(message("What"), message("Title"), message("Held")),
        rows=[(erasure.WHAT[due.kind], due.title, due.held) for due in plan],
    )


@verb(
    privacy,
    "export",
    message("Writes all that is held about you, or whom a request is of, as a zip."),
)
@option("--request", "request", about=message("The request that it answers; your own if absent."))
@option("-o", "--output", required=True, type=FILE, about=message("The file to write."))
@option("--videos", is_flag=True, about=message("With the videos of the lessons."))
def export(shell: Shell, *, request: str | None, output: Path, videos: bool) -> Answer:
    """Write the copy; that it was taken is on file."""
    with shell.database.write() as session:
        export_id = personal_export.ask(
            session,
            _person(session, shell, request),
            with_videos=videos,
            locale=shell.settings.locale,
            actor=shell.actor,
            request_id=the_id(request) if request else None,
        )
        job = personal_export.job_of(session, export_id)
    if job is not None:
        wait_for(shell, job.id, personal_export.STEPS)
    with shell.database.read() as session:
        asked = personal_export.asked_for(session, export_id, actor=shell.actor)
        path = making.waiting(session, shell.store, asked)
    if path is None:
        raise ConflictError(message("This file is not kept any more."))
    copy_file(path, output)
    with shell.database.write() as session:
        personal_export.taken(session, asked, actor=shell.actor)
    return Answer(
        {"file": str(output), "export": export_id},
        [message("Written: %(path)s", path=str(output))],
    )


def _person(session: Session, shell: Shell, request: str | None) -> UUID | None:
    if request is None:
        return shell.actor.user_id
    found = requests.request_for(
        session, the_id(request), actor=shell.actor, action=Action.RIGHTS_HANDLE
    )
    return found.user_id


@verb(privacy, "breaches", message("Lists the breaches of security and the notices that wait."))
def breaches_(shell: Shell) -> Answer:
    """List the register."""
    law = shell.settings.new_law_from
    with shell.database.read() as session:
        found = [
            (row, breaches.due_of(row, new_law_from=law))
            for row in breaches.breaches(session, actor=shell.actor)
        ]
    facts = [
        {
            "breach": row.id,
            "discovered_at": row.discovered_at,
            "closed_on": row.closed_on,
            "notices": [
                {"kind": each.kind, "due_at": each.due_at, "done": each.done is not None}
                for each in due
            ],
        }
        for row, due in found
    ]
    return Answer(
        {"breaches": facts},
        columns=(message("Id"), message("Day"), message("Notices that wait")),
        rows=[
            (
                str(row.id),
                day_of(row.discovered_at).isoformat(),
                str(sum(each.done is None for each in due)),
            )
            for row, due in found
        ],
    )
