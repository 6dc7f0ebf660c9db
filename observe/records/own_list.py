"""A person's own way through the list: views that she named, and when she had it open last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import BadInputError
from observe.people import access, audit
from observe.people.access import Action, Actor, Thing
from observe.people.models import User
from observe.privacy import pseudonyms
from observe.records.models import ListVisit, SavedView
from observe.text import message

NAME_MAX: Final = 60
MOST_VIEWS: Final = 30
SITTING: Final = timedelta(minutes=30)  # away for longer, and what was marked is no longer news
KEPT_TO: Final = timedelta(minutes=1)  # opening it again within this needs not be kept

# --- views ---------------------------------------------------------------------------------------


def views_of(session: Session, *, actor: Actor) -> list[SavedView]:
    """Return the views of `actor`, by name."""
    rows = sa.select(SavedView).filter_by(user_id=actor.user_id)
    return list(session.scalars(rows.order_by(SavedView.name, SavedView.id)))


def save_view(session: Session, name: str, asked: Mapping[str, str], *, actor: Actor) -> SavedView:
    """Keep what the list is narrowed to under a name; the same name again replaces it.

    Raises:
        BadInputError: no name, one too long, nothing is narrowed, or she has too many.
    """
    access.require(actor, Action.VIEW_KEEP, Thing("view", user_id=actor.user_id))
    name = " ".join(name.split())
    if not name:
        raise BadInputError(message("Give the view a name."), field="name")
    if len(name) > NAME_MAX:
        raise BadInputError(
            message("Use at most %(limit)s characters.", limit=NAME_MAX), field="name"
        )
    kept = {place: value for place, value in asked.items() if value}
    if not kept:
        raise BadInputError(message("Narrow the list first, then name it."), field="name")
    locked(session, User, actor.user_id)  # two windows that save at once: one after the other
    views = views_of(session, actor=actor)
    view = next((each for each in views if each.name == name), None)
    if view is None:
        if len(views) >= MOST_VIEWS:
            raise BadInputError(
                message("You have %(count)s views: remove one first.", count=MOST_VIEWS),
                field="name",
            )
        view = SavedView(user_id=actor.user_id, name=name, asked=kept)
        session.add(view)
    view.asked, view.at = kept, now()
    session.flush()
    _told(session, "view.save", view, actor)
    return view


def remove_view(session: Session, view_id: UUID, *, actor: Actor) -> None:
    """Forget a view; raises `NotFoundError` when it is not hers."""
    view = session.get(SavedView, view_id)
    if view is None:
        raise access.not_found()
    access.require(actor, Action.VIEW_KEEP, view.as_thing())
    _told(session, "view.remove", view, actor)
    session.delete(view)
    session.flush()


@pseudonyms.when_replaced("saved_view")
def _forget_views(session: Session, user_id: UUID) -> int:
    """Forget the views of who has a pseudonym now: their names are her own words."""
    rows = session.scalars(sa.select(SavedView).filter_by(user_id=user_id)).all()
    for row in rows:
        session.delete(row)
    return len(rows)


def _told(session: Session, action: str, view: SavedView, actor: Actor) -> None:
    audit.record(session, action, actor_id=actor.user_id, thing_kind="view", thing_id=view.id)


# --- visits --------------------------------------------------------------------------------------


def since_last_visit(session: Session, at: datetime, *, actor: Actor) -> datetime | None:
    """Return since when what happened is news to `actor`, who opens the list `at`; None: ever."""
    visit = session.get(ListVisit, actor.user_id)
    return next_since(visit.since, visit.opened_at, at) if visit else None


def next_since(since: datetime | None, opened_at: datetime, at: datetime) -> datetime | None:
    """Return since when things are news to who opens the list `at`, and had it open `opened_at`.

    While she works with it, since her visit before this one; when she comes again, since she had
    it open last, so that nothing between the two is lost.
    """
    return since if at - opened_at < SITTING else opened_at


def visited(session: Session, at: datetime, *, actor: Actor) -> None:
    """Keep that `actor` had the list open `at`."""
    visit = session.get(ListVisit, actor.user_id)
    if visit is None:
        locked(session, User, actor.user_id)
        visit = session.get(ListVisit, actor.user_id, populate_existing=True)
    if visit is None:
        session.add(ListVisit(user_id=actor.user_id, since=None, opened_at=at))
    elif at > visit.opened_at:
        visit.since = next_since(visit.since, visit.opened_at, at)
        visit.opened_at = at
    session.flush()


def is_kept(session: Session, at: datetime, *, actor: Actor) -> bool:
    """Tell whether it is on file already that `actor` has the list open `at`."""
    visit = session.get(ListVisit, actor.user_id)
    return visit is not None and at - visit.opened_at < KEPT_TO
