"""`observe privacy`: what the rules delete and when, deleting a video, and the certificates."""

from __future__ import annotations

from datetime import date

import click

from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, the_day, the_id, today, verb
from observe.cli.words import option
from observe.errors import BadInputError
from observe.feedback import forgetting
from observe.feedback.forgetting import Plan
from observe.people import access
from observe.people.access import HOME, Action
from observe.privacy import certificates, rules, tombstones
from observe.privacy.kinds import Kept
from observe.privacy.retention import NAMES, Due, Rule
from observe.text import message
from observe.video import erasing

privacy = noun("privacy", message("How long things are kept, deletion, and its certificates."))


@verb(
    privacy,
    "retention",
    message("Tells what the rules delete and when; deletes only with --apply."),
)
@option(
    "--dry-run", "dry_run", is_flag=True, about=message("Only tells; so it is without --apply too.")
)
@option("--apply", "apply", is_flag=True, about=message("Does what the daily job does, now."))
@option("--on", "on", metavar="DAY", about=message("As of this day, like 2026-05-10."))
def retention(shell: Shell, *, dry_run: bool, apply: bool, on: str | None) -> Answer:
    """Simulate the rules, or apply those that are switched on."""
    day = the_day(on) if on else today()
    with shell.database.read() as session:
        plan = forgetting.plan_for(session, shell.settings, actor=shell.actor)
    if apply and not dry_run:
        return _applied(shell, day)
    due = [each for each in plan.due if each.on <= day]
    facts = {
        "rules": [_rule(rule, plan, today()) for rule in plan.rules],
        "due": [_due(shell, e) for e in due],
    }
    if not due:
        return Answer(facts, [message("Nothing would be deleted by that day.")])
    going = sum(not each.held for each in due)
    return Answer(
        facts,
        [message("Would be deleted by %(day)s: %(count)s.", day=day, count=going)],
        columns=(message("Day"), message("What"), message("Rule"), message("Held")),
        rows=[(each.on.isoformat(), each.title, NAMES[each.kind], each.held) for each in due],
    )


def _applied(shell: Shell, day: date) -> Answer:
    if day > today():
        raise BadInputError(
            message(
                "Nothing is deleted before its day: with --apply, --on is no later than today."
            ),
            field="on",
        )
    try:
        count = forgetting.apply_rules(shell.database, shell.settings, day)
    finally:
        tombstones.catch_up(shell.settings, shell.database)
    return Answer({"deleted": count}, [message("Deleted: %(count)s.", count=count)])


def _rule(rule: Rule, plan: Plan, on: date) -> dict[str, object]:
    return {
        "kind": rule.kind.value,
        "days": rule.days,
        "applied": rule.applied,
        "on_days": [[day.isoformat(), count] for day, count in plan.days(rule, on)],
    }


def _due(shell: Shell, due: Due) -> dict[str, object]:
    held = shell.spoken(due.held) if due.held else ""
    return {"kind": due.kind.value, "on": due.on, "title": due.title, "held": held}


@verb(privacy, "rule", message("Sets for how many days a kind is kept, and whether it is applied."))
@click.argument("kind", type=click.Choice([kind.value for kind in Kept]))
@click.argument("days", type=int)
@option("--applied", is_flag=True, about=message("It is applied each day from now on."))
def rule(shell: Shell, *, kind: str, days: int, applied: bool) -> Answer:
    """Keep a rule; without --applied it is only simulated."""
    with shell.database.write() as session:
        rules.set_rule(session, Rule(Kept(kind), days, applied), actor=shell.actor)
    return Answer({"kind": kind, "days": days, "applied": applied}, [message("The rule is kept.")])


@verb(privacy, "erase", message("Deletes the video of a lesson and all that was made from it."))
@click.argument("recording")
@option("--reason", required=True, about=message("Why; the certificate says so."))
def erase(shell: Shell, *, recording: str, reason: str) -> Answer:
    """Delete a video for good."""
    place = erasing.Place(shell.database, shell.store)
    with shell.database.write() as session:
        row = erasing.erase_video(
            session, place, the_id(recording), reason=reason, actor=shell.actor
        )
    tombstones.catch_up(shell.settings, shell.database)
    return Answer(
        {"certificate": row.id, "number": row.number, "sha256": row.sha256},
        [message("Deleted. Certificate %(number)s, %(id)s.", number=row.number, id=row.id)],
    )


@verb(privacy, "certificates", message("Lists the certificates and checks that they are true."))
def list_certificates(shell: Shell) -> Answer:
    """Tell which certificates there are; exit code 1 when one was changed."""
    with shell.database.read() as session:
        access.require(shell.actor, Action.HOME_SEE, HOME)
        found = [
            (row, certificates.is_true(session, row))
            for row in certificates.certificates_of(session, actor=shell.actor)
        ]
    facts = [
        {
            "id": row.id,
            "number": row.number,
            "kind": row.kind.value,
            "made_at": row.made_at,
            "sha256": row.sha256,
            "true": true,
        }
        for row, true in found
    ]
    return Answer(
        {"certificates": facts},
        [message("Certificates: %(count)s.", count=len(facts))],
        columns=(message("Number"), message("When"), message("What"), message("True")),
        rows=[
            (
                str(row.number),
                row.made_at.isoformat(timespec="seconds"),
                row.kind.value,
                message("Yes") if true else message("No"),
            )
            for row, true in found
        ],
        exit_code=0 if all(true for _row, true in found) else 1,
    )
