"""`observe people`: who works with this home."""

from __future__ import annotations

from pathlib import Path

import click

from observe.cli.files import FILE, read_bytes, write_bytes
from observe.cli.imports import imported
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, the_day, verb
from observe.cli.words import Option
from observe.errors import BadInputError
from observe.feedback.reminding import LAPTOP_URL
from observe.people import inviting, memberships, second_step
from observe.people.directory import ROLE_NAMES, people_visible_to, user_for
from observe.people.importing import Kind, Table
from observe.people.models import Membership, User
from observe.people.person_export import people_csv, people_workbook
from observe.text import message

people = noun("people", message("People: import, export, list, show, invite, leave."))


@verb(people, "import", message("Imports people from a table: id,name,email,role,rbd."))
@click.argument("file", type=FILE)
@click.option(
    "--complete",
    cls=Option,
    is_flag=True,
    about=message("The table is the whole list: roles that are not in it end."),
)
@click.option("--dry-run", cls=Option, is_flag=True, about=message("Only tells what would change."))
def import_(shell: Shell, *, file: Path, complete: bool, dry_run: bool) -> Answer:
    """Import people and their roles; importing the same twice changes nothing."""
    table = Table(Kind.PEOPLE, file.name, read_bytes(file), complete=complete)
    return imported(shell, table, only_look=dry_run)


@verb(people, "export", message("Writes everybody with their roles to a table (.csv or .xlsx)."))
@click.argument("file", type=FILE)
def export(shell: Shell, *, file: Path) -> Answer:
    """Export people and their roles, as `import` takes them."""
    write = people_workbook if file.suffix.casefold() == ".xlsx" else people_csv
    with shell.database.write() as session:
        content = write(session, actor=shell.actor)
    write_bytes(file, content)
    return Answer({"file": str(file)}, [message("Written: %(file)s", file=str(file))])


@verb(people, "leave", message("Ends all roles of a person; her records stay."))
@click.argument("person")
@click.option("--last-day", cls=Option, about=message("Her last day; without it she is out now."))
def leave(shell: Shell, *, person: str, last_day: str | None) -> Answer:
    """Let a person leave."""
    with shell.database.write() as session:
        user = user_for(session, person, actor=shell.actor)
        until = the_day(last_day) if last_day else memberships.at_once()
        memberships.leave(session, user.id, until, actor=shell.actor)
    told = message("%(name)s: written down. Her records stay.", name=user.name)
    return Answer({"id": user.id, "active": user.active}, [told])


@verb(people, "invite", message("Prints a link that lets a person in once, within a week."))
@click.argument("person")
@click.option("--mail", "by_mail", cls=Option, is_flag=True, about=message("Sends it by mail."))
def invite(shell: Shell, *, person: str, by_mail: bool) -> Answer:
    """Invite a person; a new invitation ends the one before."""
    if by_mail and not inviting.can_mail(shell.settings):
        raise BadInputError(message("Set OBSERVE_SMTP_URL and OBSERVE_URL to send invitations."))
    with shell.database.write() as session:
        user = user_for(session, person, actor=shell.actor)
        invited = inviting.invite(session, user.id, by_mail=by_mail, actor=shell.actor)
    path = f"/entrar/enlace/{invited.secret}"
    if by_mail:
        inviting.send(shell.settings, shell.database, invited, path)
        sent = message("The invitation went to %(email)s.", email=user.email)
        return Answer({"id": invited.id, "sent": True}, [sent])
    url = f"{shell.settings.public_url or LAPTOP_URL}{path}"
    return Answer({"id": invited.id, "url": url}, [url])


@verb(people, "list", message("Lists the people you may see."))
def list_(shell: Shell) -> Answer:
    """List people."""
    with shell.database.read() as session:
        found = people_visible_to(session, actor=shell.actor)
        facts = [facts_of(user) for user in found]
    return Answer(
        facts={"people": facts},
        columns=(message("Reference"), message("Name"), message("E-mail"), message("Roles")),
        rows=[
            (user.reference or str(user.id), user.name, user.email or "–", roles(shell, user))
            for user in found
        ],
    )


@verb(people, "show", message("Shows a person, by reference, e-mail or id."))
@click.argument("person")
def show(shell: Shell, *, person: str) -> Answer:
    """Show one person."""
    with shell.database.read() as session:
        user = user_for(session, person, actor=shell.actor)
        facts, line = facts_of(user), f"{user.name} · {roles(shell, user)}"
    return Answer(facts, [line])


@verb(
    people,
    "forget-second-step",
    message("Takes the second step away from a person who lost it; she can set up another."),
)
@click.argument("person")
def forget_second_step(shell: Shell, *, person: str) -> Answer:
    """Let a person enter by her first step alone again."""
    with shell.database.write() as session:
        user = user_for(session, person, actor=shell.actor)
        second_step.forget(session, user.id, actor=shell.actor)
    told = message("%(name)s is not asked for a second step any more.", name=user.name)
    return Answer({"id": user.id}, [told])


def roles(shell: Shell, user: User) -> str:
    """Return a person's roles in words, each with its school."""
    return ", ".join(_role(shell, membership) for membership in user.memberships)


def _role(shell: Shell, membership: Membership) -> str:
    name = shell.spoken(ROLE_NAMES[membership.role])
    place = membership.school or membership.network
    return f"{name} ({place.name})" if place else name


def facts_of(user: User) -> dict[str, object]:
    """Return what scripts learn of a person."""
    return {
        "id": user.id,
        "reference": user.reference,
        "name": user.name,
        "email": user.email,
        "active": user.active,
        "roles": [
            {
                "role": row.role,
                "rbd": row.school.rbd if row.school else None,
                "network": row.network.name if row.network else None,
                "starts_on": row.starts_on,
                "ends_on": row.ends_on,
            }
            for row in user.memberships
        ],
    }
