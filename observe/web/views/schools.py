"""A school's page with its class groups, and the networks in which schools learn together."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import networks
from observe.people.access import Action, can
from observe.people.directory import (
    class_groups_of,
    people_visible_to,
    school_for,
    school_thing,
)
from observe.people.models import ClassGroup
from observe.people.operations import class_group_for, remove_class_group, rename_class_group
from observe.text import Message, message
from observe.web.forms import whole
from observe.web.guards import current_actor, permission, reading, today, writing
from observe.web.words import say

blueprint = Blueprint("schools", __name__)


@blueprint.get("/establecimientos/<uuid:school_id>")
@permission(Action.SCHOOL_SEE)
def show(school_id: UUID) -> ResponseReturnValue:
    """Show a school: its class groups and its people."""
    return _page(school_id), 200


def _page(school_id: UUID, refused: Message | None = None) -> str:
    actor = current_actor()
    with reading() as session:
        school = school_for(session, str(school_id), actor=actor)
        return render_template(
            "people/school.html",
            school=school,
            groups=class_groups_of(session, school.id),
            people=[
                user
                for user in people_visible_to(session, actor=actor, school_id=school.id)
                if user.active
            ],
            names_groups=can(actor, Action.CLASS_GROUP_EDIT, school_thing(school)),
            sees_lists=can(actor, Action.CLASS_LIST, school_thing(school)),
            year=today().year,
            typed=request.form,
            refused=refused,
        )


@blueprint.post("/establecimientos/<uuid:school_id>/cursos")
@permission(Action.CLASS_GROUP_EDIT)
def add_group(school_id: UUID) -> ResponseReturnValue:
    """Add a class group to a school."""
    name, year = request.form.get("name", "")[:200], request.form.get("year", "")
    try:
        with writing() as session:
            number = told if (told := whole(year)) and 2000 <= told <= 2100 else today().year
            class_group_for(session, school_id, name, number, actor=current_actor())
    except BadInputError as error:
        return _page(school_id, error.message), error.status
    flash(say(message("Kept.")), "done")
    return redirect(url("schools.show", school_id=school_id))


@blueprint.post("/cursos/<uuid:class_group_id>/nombre")
@permission(Action.CLASS_GROUP_EDIT)
def rename_group(class_group_id: UUID) -> ResponseReturnValue:
    """Give a class group another name."""
    name = request.form.get("name", "")[:200]
    with writing() as session:
        group = rename_class_group(session, class_group_id, name, actor=current_actor())
    flash(say(message("Kept.")), "done")
    return redirect(url("schools.show", school_id=group.school_id))


@blueprint.post("/cursos/<uuid:class_group_id>/borrar")
@permission(Action.CLASS_GROUP_EDIT)
def remove_group(class_group_id: UUID) -> ResponseReturnValue:
    """Remove a class group that nothing hangs on."""
    actor = current_actor()
    try:
        with writing() as session:
            school_id = remove_class_group(session, class_group_id, actor=actor)
    except ConflictError as error:
        with reading() as session:
            school_id = session.get_one(ClassGroup, class_group_id).school_id
        return _page(school_id, error.message), error.status
    flash(say(message("The class group was removed.")), "done")
    return redirect(url("schools.show", school_id=school_id))


# --- networks -------------------------------------------------------------------------------------


@blueprint.get("/personas/redes")
@permission(Action.NETWORK_EDIT)
def list_networks() -> ResponseReturnValue:
    """Show the networks and the form to write one."""
    return _networks(), 200


def _networks(
    refused: Message | None = None, problems: list[Message] | None = None, of: UUID | None = None
) -> str:
    with reading() as session:
        found = networks.all_networks(session, actor=current_actor())
    return render_template(
        "people/networks.html",
        networks=found,
        typed=request.form,
        wrong_id=of,
        refused=refused,
        problems=problems or [],
    )


@blueprint.post("/personas/redes")
@permission(Action.NETWORK_EDIT)
def add_network() -> ResponseReturnValue:
    """Write a new network."""
    return _written(None)


@blueprint.post("/personas/redes/<uuid:network_id>")
@permission(Action.NETWORK_EDIT)
def write_network(network_id: UUID) -> ResponseReturnValue:
    """Write a network's name and schools anew."""
    return _written(network_id)


def _written(network_id: UUID | None) -> ResponseReturnValue:
    name, rbds = request.form.get("name", "")[:500], request.form.get("rbds", "")
    try:
        with writing() as session:
            networks.write_network(session, network_id, name, rbds, actor=current_actor())
    except InvalidError as error:
        return _networks(error.message, error.problems, network_id), error.status
    except (BadInputError, ConflictError) as error:
        return _networks(error.message, of=network_id), error.status
    flash(say(message("Kept.")), "done")
    return redirect(url("schools.list_networks"))


@blueprint.post("/personas/redes/<uuid:network_id>/quitar")
@permission(Action.NETWORK_EDIT)
def remove_network(network_id: UUID) -> ResponseReturnValue:
    """Remove a network in which nobody has a role."""
    try:
        with writing() as session:
            networks.remove_network(session, network_id, actor=current_actor())
    except ConflictError as error:
        return _networks(error.message), error.status
    flash(say(message("Removed.")), "done")
    return redirect(url("schools.list_networks"))
