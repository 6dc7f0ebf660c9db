"""Class lists: typed or pasted once, so that a child's name in a note is noticed."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import InvalidError
from observe.people import class_lists
from observe.people.access import Action, not_found
from observe.people.models import Child, ClassGroup
from observe.text import Message, message
from observe.web.guards import current_actor, permission, reading, writing
from observe.web.words import say

blueprint = Blueprint("class_lists", __name__)


@blueprint.get("/cursos/<uuid:class_group_id>/lista")
@permission(Action.CLASS_LIST)
def show(class_group_id: UUID) -> ResponseReturnValue:
    """Show the class list, to be changed as text."""
    with reading() as session:
        children = class_lists.class_list(session, class_group_id, actor=current_actor())
    return _page(class_group_id, "\n".join(_line(child) for child in children))


def _line(child: Child) -> str:
    return f"{child.list_number} {child.name}".strip()


def _page(
    class_group_id: UUID, text: str, told: Message | None = None, problems: tuple[Message, ...] = ()
) -> str:
    with reading() as session:
        group = session.get(ClassGroup, class_group_id)
        if group is None:
            raise not_found()
        return render_template(
            "people/class_list.html", group=group, text=text, told=told, problems=problems
        )


@blueprint.post("/cursos/<uuid:class_group_id>/lista")
@permission(Action.CLASS_LIST)
def write(class_group_id: UUID) -> ResponseReturnValue:
    """Keep the list; where a line cannot be taken, all that was typed comes back."""
    text = request.form.get("children", "")
    try:
        with writing() as session:
            count = class_lists.write_class_list(
                session, class_group_id, text, actor=current_actor()
            )
    except InvalidError as error:
        return _page(class_group_id, text, error.message, tuple(error.problems)), error.status
    flash(say(message("The list is kept: %(count)s children.", count=count)), "done")
    return redirect(url("class_lists.show", class_group_id=class_group_id))
