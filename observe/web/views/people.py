"""People and schools: who is here, imports, and sign-in links for the administrator to hand out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import InvalidError
from observe.ids import parse_id
from observe.people import signin
from observe.people.access import Action, can
from observe.people.directory import (
    ROLE_NAMES,
    people_visible_to,
    person_thing,
    schools_visible_to,
    user_for,
)
from observe.people.imports import Imported
from observe.people.models import Role, User
from observe.people.operations import import_people, import_schools
from observe.text import Message, message
from observe.web.guards import could, current_actor, home, permission, reading, writing

blueprint = Blueprint("people", __name__)

MOST_SHOWN: Final = 200


@dataclass(frozen=True)
class Filter:
    """Whom to look for; an empty part looks for everybody."""

    role: Role | None
    school_id: UUID | None
    text: str

    def holds(self, user: User) -> bool:
        """Tell whether the text is in the name, the e-mail or the provider's id."""
        told = " ".join(filter(None, (user.name, user.email, user.reference)))
        return self.text.casefold() in told.casefold()

    @property
    def empty(self) -> bool:
        """Whether everybody is looked for."""
        return self.role is None and self.school_id is None and not self.text


@blueprint.get("/personas")
@permission(Action.SCHOOL_SEE)
def index() -> ResponseReturnValue:
    """List the people whom this person may see."""
    actor, asked = current_actor(), _asked()
    with reading() as session:
        everybody = people_visible_to(session, actor=actor)
        found = people_visible_to(session, actor=actor, role=asked.role, school_id=asked.school_id)
        schools = schools_visible_to(session, actor=actor)
    people = [user for user in found if asked.holds(user)]
    staffed = {row.school_id for user in everybody for row in user.memberships}
    return render_template(
        "people/index.html",
        people=people[:MOST_SHOWN],
        linkable={user.id for user in people if can(actor, Action.PERSON_LINK, person_thing(user))},
        more=max(0, len(people) - MOST_SHOWN),
        anybody=bool(everybody),
        schools=[school for school in schools if school.id in staffed],
        school_count=len(schools),
        asked=asked,
        roles=ROLE_NAMES,
        may_link=could(actor, Action.PERSON_LINK),
        may_import=could(actor, Action.PERSON_IMPORT),
    )


def _asked() -> Filter:
    role = request.args.get("rol", "")
    return Filter(
        role=Role(role) if role in set(Role) else None,
        school_id=parse_id(request.args.get("establecimiento", "")),
        text=request.args.get("texto", "").strip(),
    )


@blueprint.post("/personas/<uuid:user_id>/enlace")
@permission(Action.PERSON_LINK)
def link(user_id: UUID) -> ResponseReturnValue:
    """Make a link that signs the person in once; it is shown this one time."""
    actor, minutes = current_actor(), home().settings.link_minutes
    with writing() as session:
        user = user_for(session, str(user_id), actor=actor)
        secret = signin.create_link(session, user.id, minutes=minutes, actor=actor)
    address = url("signin.link", secret=secret, _external=True)
    return render_template("people/link.html", user=user, address=address, minutes=minutes)


@blueprint.get("/personas/importar")
@permission(Action.PERSON_IMPORT)
def import_form() -> ResponseReturnValue:
    """Ask for a file with schools or people."""
    return render_template("people/import.html", done=None, problems=[])


@blueprint.post("/personas/importar/establecimientos")
@permission(Action.SCHOOL_IMPORT)
def take_schools() -> ResponseReturnValue:
    """Import schools."""

    def take(content: bytes) -> Imported:
        with writing() as session:
            return import_schools(session, content, actor=current_actor())

    return _import(take, message("Schools"))


@blueprint.post("/personas/importar/personas")
@permission(Action.PERSON_IMPORT)
def take_people() -> ResponseReturnValue:
    """Import people and their roles."""

    def take(content: bytes) -> Imported:
        with writing() as session:
            return import_people(session, content, actor=current_actor())

    return _import(take, message("People"))


def _import(take: Callable[[bytes], Imported], what: Message) -> ResponseReturnValue:
    file = request.files.get("file")
    content = file.read() if file else b""
    if not content:
        problem = message("Choose a file first; an empty one cannot be imported.")
        return render_template("people/import.html", done=None, problems=[problem]), 400
    try:
        done = take(content)
    except InvalidError as error:
        page = render_template(
            "people/import.html",
            done=None,
            refused=error.message,
            problems=error.problems,
            name=file.filename if file else "",
        )
        return page, error.status
    return render_template("people/import.html", done=done, what=what, problems=[])
