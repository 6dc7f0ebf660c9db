"""People: who is here, one person's page, and what is written about her."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError, ConflictError
from observe.ids import parse_id
from observe.people import evaluators, invitations, inviting, memberships, signin
from observe.people.access import HOME, Action, can
from observe.people.directory import (
    ROLE_NAMES,
    people_visible_to,
    person_thing,
    place_named,
    place_thing,
    schools_visible_to,
    staffed_schools,
    user_for,
)
from observe.people.memberships import PersonInput, RoleInput
from observe.people.models import Invitation, Membership, Role, User
from observe.people.periods import Period
from observe.text import Message, message
from observe.web.forms import typed_day
from observe.web.guards import could, current_actor, home, permission, reading, today, writing
from observe.web.words import say

blueprint = Blueprint("people", __name__)

MOST_SHOWN: Final = 200
INVITATION_STATES: Final = {
    inviting.State.OPEN: message("Invited, has not come in yet"),
    inviting.State.USED: message("Came in with the invitation"),
    inviting.State.EXPIRED: message("The invitation is too old"),
    inviting.State.REVOKED: message("The invitation was taken back"),
}


@dataclass(frozen=True)
class Filter:
    """Whom to look for; an empty part looks for everybody."""

    role: Role | None
    school_id: UUID | None
    text: str

    def holds(self, user: User) -> bool:
        """Tell whether she has the role there, and the text in name, e-mail or provider's id."""
        told = " ".join(filter(None, (user.name, user.email, user.reference)))
        return self.text.casefold() in told.casefold() and (
            (self.role is None and self.school_id is None)
            or any(
                self.role in (None, row.role)
                and (self.school_id is None or self.school_id in row.school_ids)
                for row in user.memberships
            )
        )

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
        schools = schools_visible_to(session, actor=actor)
        people = [user for user in everybody if asked.holds(user)]
        linkable = {
            user.id for user in people if can(actor, Action.PERSON_LINK, person_thing(user))
        }
        invitations = inviting.latest(session, linkable)
    staffed = {
        school for user in everybody for row in user.memberships for school in row.school_ids
    }
    return render_template(
        "people/index.html",
        people=people[:MOST_SHOWN],
        linkable=linkable,
        invited=_invited(invitations),
        more=max(0, len(people) - MOST_SHOWN),
        anybody=bool(everybody),
        schools=[school for school in schools if school.id in staffed],
        school_count=len(schools),
        asked=asked,
        roles=ROLE_NAMES,
        may=lambda action: could(actor, Action(action)),
        may_here=lambda action: can(actor, Action(action), HOME),
        today=today(),
    )


def _asked() -> Filter:
    role = request.args.get("rol", "")
    return Filter(
        role=Role(role) if role in set(Role) else None,
        school_id=parse_id(request.args.get("establecimiento", "")),
        text=request.args.get("texto", "").strip(),
    )


def _invited(
    invitations: dict[UUID, Invitation],
) -> dict[UUID, tuple[Invitation, inviting.State, Message]]:
    states = {user_id: inviting.state_of(row, now()) for user_id, row in invitations.items()}
    return {
        user_id: (row, states[user_id], INVITATION_STATES[states[user_id]])
        for user_id, row in invitations.items()
    }


# --- one person -----------------------------------------------------------------------------------


@blueprint.get("/personas/<uuid:user_id>")
@permission(Action.PERSON_SEE)
def show(user_id: UUID) -> ResponseReturnValue:
    """Show a person: her roles, from when to when, and what may be done about her."""
    return page(user_id), 200


def page(user_id: UUID, refused: Message | None = None) -> str:
    """Return a person's page, with why something that was asked for was not done."""
    actor = current_actor()
    with reading() as session:
        user = user_for(session, str(user_id), actor=actor)
        thing = person_thing(user)
        notes = can(actor, Action.EVALUATOR_NOTE, thing)
        return render_template(
            "people/show.html",
            user=user,
            memberships=sorted(user.memberships, key=_newest_last, reverse=True),
            editable={row.id for row in user.memberships if _may_change(session, row)},
            may=lambda action: can(actor, Action(action), thing),
            gives_roles=could(actor, Action.MEMBERSHIP_EDIT),
            invitation=_invited(inviting.latest(session, [user.id])).get(user.id),
            mails=inviting.can_mail(home().settings),
            notes_evaluation=notes and any(row.role in _WATCHING for row in user.memberships),
            evaluates=evaluators.evaluated_by(session, user.id, actor=actor),
            educators=_educators(session, user) if notes else [],
            has_step=signin.has_second_step(session, user.id),
            own_step=signin.has_second_step(session, actor.user_id),
            is_self=user.id == actor.user_id,
            refused=refused,
            **_choices(session),
        )


# Whose word about a lesson could be taken for an evaluation.
_WATCHING: Final = frozenset({Role.OBSERVER, Role.UTP_HEAD, Role.NETWORK_LEAD})


def _newest_last(row: Membership) -> tuple[date, date]:
    return row.ends_on or date.max, row.starts_on or date.min


def _may_change(session: Session, row: Membership) -> bool:
    return can(current_actor(), Action.MEMBERSHIP_EDIT, place_thing(session, row.place))


def _educators(session: Session, user: User) -> list[User]:
    found = people_visible_to(session, actor=current_actor(), role=Role.EDUCATOR)
    return [each for each in found if each.active and each.id != user.id]


def _choices(session: Session) -> dict[str, object]:
    return {
        "roles": ROLE_NAMES,
        "staffed": staffed_schools(session, actor=current_actor()),
        "typed": request.form,
        "today": today(),
    }


@blueprint.get("/personas/nueva")
@permission(Action.MEMBERSHIP_EDIT)
def new() -> ResponseReturnValue:
    """Ask for a new person and her first role."""
    return _new_page(), 200


def _new_page(refused: Message | None = None) -> str:
    with reading() as session:
        return render_template("people/new.html", refused=refused, **_choices(session))


@blueprint.post("/personas/nueva")
@permission(Action.MEMBERSHIP_EDIT)
def add() -> ResponseReturnValue:
    """Add a person."""
    try:
        with writing() as session:
            given = _given(session)
            user = memberships.add_person(session, _person(), given, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return _new_page(error.message), error.status
    flash(
        say(message("%(name)s is here now. Invite her, so that she can come in.", name=user.name)),
        "done",
    )
    return redirect(url("people.show", user_id=user.id))


def _person() -> PersonInput:
    return PersonInput(
        *(request.form.get(name, "")[:500] for name in ("name", "email", "reference"))
    )


def _given(session: Session) -> RoleInput:
    role = request.form.get("role", "")
    if role not in set(Role):
        raise BadInputError(message("Choose a role."), field="role")
    place = place_named(session, request.form.get("place", "")[:200])
    return RoleInput(Role(role), place, _days())


def _days() -> Period:
    days = (typed_day(request.form.get(name, ""), name) for name in ("starts_on", "ends_on"))
    return Period(*days)


@blueprint.post("/personas/<uuid:user_id>")
@permission(Action.PERSON_EDIT)
def edit(user_id: UUID) -> ResponseReturnValue:
    """Correct the name, the e-mail or the id."""
    try:
        with writing() as session:
            invited = invitations.open_of(session, [user_id])
            memberships.edit_person(session, user_id, _person(), actor=current_actor())
            ended = any(each.revoked_at for each in invited)
    except BadInputError as error:
        return page(user_id, error.message), error.status
    if not ended:
        return done(user_id, message("Kept."))
    return done(
        user_id,
        message("Kept. The invitation sent to the old e-mail works no more: invite her again."),
    )


@blueprint.post("/personas/<uuid:user_id>/roles")
@permission(Action.MEMBERSHIP_EDIT)
def give_role(user_id: UUID) -> ResponseReturnValue:
    """Give her a role somewhere."""
    try:
        with writing() as session:
            user_for(session, str(user_id), actor=current_actor())
            given = _given(session)
            memberships.give_role(session, user_id, given, actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return page(user_id, error.message), error.status
    return done(user_id, message("She has this role now."))


@blueprint.post("/personas/roles/<uuid:membership_id>/fechas")
@permission(Action.MEMBERSHIP_EDIT)
def change_days(membership_id: UUID) -> ResponseReturnValue:
    """Correct from when to when a role holds."""
    user_id = _whose(membership_id)
    try:
        with writing() as session:
            memberships.change_days(session, membership_id, _days(), actor=current_actor())
    except (BadInputError, ConflictError) as error:
        return page(user_id, error.message), error.status
    return done(user_id, message("Kept."))


@blueprint.post("/personas/roles/<uuid:membership_id>/terminar")
@permission(Action.MEMBERSHIP_EDIT)
def end_role(membership_id: UUID) -> ResponseReturnValue:
    """End a role at once."""
    user_id = _whose(membership_id)
    try:
        with writing() as session:
            last_day = memberships.at_once()
            memberships.end_role(session, membership_id, last_day, actor=current_actor())
    except ConflictError as error:
        return page(user_id, error.message), error.status
    return done(user_id, message("This role has ended. Her records stay."))


def _whose(membership_id: UUID) -> UUID:
    """Return whose role it is, as far as this person may change it."""
    with reading() as session:
        return memberships.membership_for(session, membership_id, actor=current_actor()).user_id


@blueprint.post("/personas/<uuid:user_id>/salida")
@permission(Action.PERSON_EDIT)
def leave(user_id: UUID) -> ResponseReturnValue:
    """Write down that she leaves: with a last day, or at once."""
    try:
        last_day = typed_day(request.form.get("last_day", ""), "last_day")
        with writing() as session:
            memberships.leave(
                session, user_id, last_day or memberships.at_once(), actor=current_actor()
            )
    except (BadInputError, ConflictError) as error:
        return page(user_id, error.message), error.status
    return done(user_id, message("Written down. Her records stay."))


def done(user_id: UUID, told: Message) -> ResponseReturnValue:
    """Lead back to a person's page, which says what was done."""
    flash(say(told), "done")
    return redirect(url("people.show", user_id=user_id))


# --- who evaluates --------------------------------------------------------------------------------


@blueprint.post("/personas/<uuid:user_id>/evalua")
@permission(Action.EVALUATOR_NOTE)
def note_evaluation(user_id: UUID) -> ResponseReturnValue:
    """Write down that she also evaluates an educator."""
    educator_id = parse_id(request.form.get("educator_id", ""))
    try:
        if educator_id is None:
            raise BadInputError(message("Choose an educator."), field="educator_id")
        with writing() as session:
            evaluators.note(session, user_id, educator_id, actor=current_actor())
    except BadInputError as error:
        # Whoever may not write it down learns nothing of what was wrong with it.
        with reading() as session:
            memberships.require_person(session, user_id, Action.EVALUATOR_NOTE, current_actor())
        return page(user_id, error.message), error.status
    return done(user_id, message("Written down."))


@blueprint.post("/personas/evalua/<uuid:evaluator_id>/quitar")
@permission(Action.EVALUATOR_NOTE)
def end_evaluation(evaluator_id: UUID) -> ResponseReturnValue:
    """Write down that it is so no more."""
    with writing() as session:
        user_id = evaluators.end(session, evaluator_id, actor=current_actor())
    return done(user_id, message("Written down."))


@blueprint.app_template_global()
def also_evaluates(educator_id: UUID) -> bool:
    """Tell whether it was said of the person signed in that she evaluates this educator, too."""
    with reading() as session:
        return evaluators.also_evaluates(session, current_actor().user_id, educator_id)
