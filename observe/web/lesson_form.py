"""What an observer tells of a lesson: the same for a video and for a lesson in the room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session
from wtforms import RadioField, SelectField, StringField

from observe.people.access import Action, Actor
from observe.people.directory import Staff, class_groups_of, staff_visible_to
from observe.people.operations import LONGEST_GROUP_NAME, class_group_for
from observe.text import message
from observe.video import operations as video
from observe.video.adding import LONGEST_SUBJECT
from observe.video.models import Selection
from observe.web.forms import Form, at_most, needed, spoken

_SELECTIONS: Final = (
    (Selection.ASSIGNED, message("It was assigned")),
    (Selection.EDUCATOR_CHOSEN, message("The educator chose it")),
    (Selection.RANDOM, message("It was drawn at random")),
)
# The details of the operations, and the fields in which they are typed.
FIELDS: Final = {"educator_id": "educator"}


class DetailsForm(Form):
    """Of which class, educator and subject the lesson is, and how it was chosen."""

    school = SelectField(choices=[], validators=[needed()])
    class_group = StringField(validators=[needed(), at_most(LONGEST_GROUP_NAME)])
    educator = SelectField(choices=[], validators=[needed()])
    subject = StringField(validators=[at_most(LONGEST_SUBJECT)])
    selection = RadioField(choices=[], default=Selection.ASSIGNED.value, validators=[needed()])


@dataclass(frozen=True)
class Offered:
    """What the form offers this observer."""

    staff: list[Staff]
    class_groups: list[str]
    subjects: list[str]


def offered(session: Session, *, actor: Actor) -> Offered:
    """Return the schools, people and names among which `actor` may choose."""
    staff = staff_visible_to(session, actor=actor, action=Action.RECORDING_ADD)
    groups = {g.name for each in staff for g in class_groups_of(session, each.school.id)}
    subjects = {row.subject for row in video.recordings_of(session, actor=actor)} - {""}
    return Offered(staff, sorted(groups), sorted(subjects))


def fill(form: DetailsForm, choices: Offered) -> None:
    """Give the form what it offers."""
    form.school.choices = [(str(each.school.id), each.school.name) for each in choices.staff]
    form.educator.choices = {
        each.school.name: [(str(user.id), user.name) for user in each.educators]
        for each in choices.staff
    }
    form.selection.choices = [(value.value, spoken(words)) for value, words in _SELECTIONS]


def details_of(
    session: Session, form: DetailsForm, day: date, *, consent: bool, actor: Actor
) -> video.LessonDetails:
    """Return what the form says; a class group that is not known yet is made."""
    school = UUID(form.school.data)
    group = class_group_for(session, school, form.class_group.data, day.year, actor=actor)
    return video.LessonDetails(
        class_group_id=group.id,
        educator_id=UUID(form.educator.data),
        subject=form.subject.data or "",
        recorded_on=day,
        selection=Selection(form.selection.data),
        consent=consent,
    )
