"""`observe audit`: is the trail of what was done still as it was written."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.cli.words import option
from observe.errors import BadInputError
from observe.people import access, audit
from observe.people.access import HOME, Action
from observe.people.models import User
from observe.privacy import certificates
from observe.text import message

trail = noun("audit", message("The trail of what was done: check it."))


@verb(
    trail,
    "verify",
    message("Checks every entry of the trail and names the first that does not fit. Exit code 1."),
)
@option(
    "--noted",
    metavar="NUMBER:HASH",
    about=message("An entry noted before: it must still be there as it was."),
)
def verify(shell: Shell, *, noted: str | None) -> Answer:
    """Check the chain, the certificates bound into it, and that an entry noted elsewhere stands."""
    with shell.database.read() as session:
        access.require(shell.actor, Action.HOME_CHECK, HOME)
        broken = audit.first_broken(session)
        if broken is not None:
            return _broken(session, broken)
        untrue = certificates.first_untrue(session)
        if untrue is not None:
            return _untrue(untrue)
        last = audit.last_entry(session)
        if noted and not audit.stands(session, *_noted(noted)):
            said = message("The chain holds, but the entry that you noted is not in it.")
            return Answer({"ok": False, "noted": noted}, [said], exit_code=1)
    lines = [
        message("The trail is whole: %(count)s entries.", count=last[0]),
        message(
            "Note this elsewhere, to find out later whether the end was cut off: %(noted)s",
            noted=f"{last[0]}:{last[1]}",
        ),
    ]
    return Answer({"ok": True, "entries": last[0], "last": f"{last[0]}:{last[1]}"}, lines)


def _broken(session: Session, number: int) -> Answer:
    entry = audit.readable(session, number)
    facts: dict[str, object] = {"ok": False, "first_broken": number}
    if entry is None:
        told = message("Entry %(number)s cannot be read any more.", number=number)
        return Answer(facts, [told, _TODO], exit_code=1)
    who = session.scalar(sa.select(User.name).where(User.id == entry.actor_id))
    told = message(
        "Entry %(number)s does not fit: %(action)s, %(moment)s, %(who)s. "
        "It or what was before it was changed or taken out behind the program's back.",
        number=number,
        action=entry.action,
        moment=entry.at.isoformat(timespec="seconds"),
        who=who or "–",
    )
    facts |= {"action": entry.action, "at": entry.at}
    return Answer(facts, [told, _TODO], exit_code=1)


def _untrue(number: int) -> Answer:
    told = message(
        "The chain holds, but it does not confirm certificate %(number)s: that was changed or "
        "taken out, or the end of the trail was cut off.",
        number=number,
    )
    return Answer({"ok": False, "certificate": number}, [told, _TODO], exit_code=1)


_TODO = message("Keep this home as it is and ask for help: somebody wrote into the database.")


def _noted(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or not digest:
        raise BadInputError(
            message("Write the entry as it was told: its number, «:» and its hash.")
        )
    return int(number), digest.strip()
