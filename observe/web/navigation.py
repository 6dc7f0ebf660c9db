"""The entries at the top of every page: what this person has to do with, no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Flask, current_app, g, url_for

from observe.feedback import waiting
from observe.people.access import Action, Actor
from observe.people.models import Role
from observe.privacy import breaches, requests
from observe.text import Message, message
from observe.web.guards import could, current_user, home, optional_actor, reading, today

ENTRIES: Final = (
    ("library.index", message("Video library"), Action.RECORDING_SEE),
    ("followup.index", message("Follow-up"), Action.FOLLOWUP_SEE),
    ("records.index", message("Records"), Action.RECORD_SEE),
    ("averages.index", message("Averages"), Action.AVERAGES_SEE),
    ("educator.index", message("My feedback"), Action.FEEDBACK_ANSWER),
    ("rubrics.index", message("Rubrics"), Action.RUBRIC_PROPOSE),
    ("people.index", message("People"), Action.SCHOOL_SEE),
    ("rights.index", message("Privacy"), Action.RIGHTS_HANDLE),
    ("help.index", message("Help"), Action.HOME_SEE),
)
# Where a role's work waits; the first role that a person holds decides.
FIRST_PAGES: Final = (
    (Role.OBSERVER, "library.index"),
    (Role.UTP_HEAD, "records.index"),
    (Role.EDUCATOR, "educator.index"),
    (Role.ADMINISTRATOR, "people.index"),
    (Role.NETWORK_LEAD, "people.index"),
    (Role.READER, "rubrics.index"),
)


@dataclass(frozen=True)
class Entry:
    """One entry: where it leads, what it says, and how much waits there today."""

    url: str
    label: Message
    due: int = 0


def install(app: Flask) -> None:
    """Give the templates the entries and the person signed in."""
    app.jinja_env.globals.update(nav_entries=nav_entries, current_user=current_user)


def nav_entries() -> list[Entry]:
    """Return the entries for the person signed in; none for nobody."""
    actor = optional_actor()
    if actor is None:
        return []
    return [
        Entry(url_for(endpoint), label, _DUE[endpoint](actor) if endpoint in _DUE else 0)
        for endpoint, label, action in ENTRIES
        if endpoint in current_app.view_functions and could(actor, action)
    ]


def _due(actor: Actor) -> int:
    """Return how much asks for the person's attention today; read once a request."""
    if "due" not in g:
        days = home().settings.feedback_days
        with reading() as session:
            g.due = waiting.due_count(session, actor=actor, today=today(), days=days)
    count: int = g.due
    return count


def _late(actor: Actor) -> int:
    """Return how many requests and notices about people's data are late; read once a request."""
    if "late" not in g:
        law = home().settings.new_law_from
        with reading() as session:
            g.late = requests.overdue_count(
                session, actor=actor, today=today(), new_law_from=law
            ) + breaches.late_count(session, actor=actor, new_law_from=law)
    count: int = g.late
    return count


_DUE: Final = {"followup.index": _due, "rights.index": _late}


def first_page() -> str:
    """Return where the work of the person signed in waits: her first role decides."""
    actor = optional_actor()
    for role, endpoint in FIRST_PAGES:
        if actor and actor.has(role) and endpoint in current_app.view_functions:
            return url_for(endpoint)
    return url_for("signin.account")
