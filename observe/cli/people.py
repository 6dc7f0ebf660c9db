"""`observe people`: who works with this home."""

from __future__ import annotations

from pathlib import Path

import click

from observe.cli.files import FILE, read_bytes
from observe.cli.imports import told
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.people.directory import ROLE_NAMES, people_visible_to, user_for
from observe.people.models import Membership, User
from observe.people.operations import import_people
from observe.text import message

people = noun("people", message("People: import, list, show."))


@verb(people, "import", message("Imports people from a CSV: id,name,email,role,rbd."))
@click.argument("file", type=FILE)
def import_(shell: Shell, *, file: Path) -> Answer:
    """Import people and their roles; importing the same twice changes nothing."""
    content = read_bytes(file)
    with shell.database.write() as session:
        imported = import_people(session, content, actor=shell.actor)
    return told(shell, imported)


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


def roles(shell: Shell, user: User) -> str:
    """Return a person's roles in words, each with its school."""
    return ", ".join(_role(shell, membership) for membership in user.memberships)


def _role(shell: Shell, membership: Membership) -> str:
    name = shell.spoken(ROLE_NAMES[membership.role])
    return f"{name} ({membership.school.name})" if membership.school else name


def facts_of(user: User) -> dict[str, object]:
    """Return what scripts learn of a person."""
    return {
        "id": user.id,
        "reference": user.reference,
        "name": user.name,
        "email": user.email,
        "active": user.active,
        "roles": [
            {"role": row.role, "rbd": row.school.rbd if row.school else None}
            for row in user.memberships
        ],
    }
