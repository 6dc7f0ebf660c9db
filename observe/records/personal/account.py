"""Of a person's copy: who she is here, what she allowed, what she asked, what she was sent."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.feedback.models import Reminder
from observe.people.directory import ROLE_NAMES
from observe.people.models import Membership, SignInSession
from observe.privacy.personal_export import Say, Section
from observe.privacy.request_models import RightsRequest
from observe.privacy.requests import KINDS, STATES
from observe.records.personal.gathering import Gathering, Row
from observe.text import Message, message


def account(it: Gathering) -> Section:
    """Return her account."""
    user = it.user
    return Section(
        "account",
        message("Your account"),
        {
            "name": message("Name"),
            "email": message("E-mail"),
            "reference": message("Id at your provider"),
            "created_at": message("On file since"),
            "active": message("May sign in"),
        },
        (
            {
                "name": user.name,
                "email": user.email,
                "reference": user.reference,
                "created_at": user.created_at,
                "active": user.active,
            },
        ),
    )


def memberships(it: Gathering) -> Section:
    """Return her roles, with their days."""

    def row(each: Membership) -> Row:
        return {
            "role": it.say(ROLE_NAMES[each.role]),
            "school": each.school.name if each.school else None,
            "starts_on": each.starts_on,
            "ends_on": each.ends_on,
        }

    return Section(
        "memberships",
        message("Your roles"),
        {
            "role": message("Role"),
            "school": message("School"),
            "starts_on": message("From"),
            "ends_on": message("Until"),
        },
        tuple(row(each) for each in it.user.memberships),
    )


def sessions(it: Gathering) -> Section:
    """Return when she signed in."""
    rows = it.session.scalars(
        sa.select(SignInSession)
        .where(SignInSession.user_id == it.user.id)
        .order_by(SignInSession.created_at)
    )
    return Section(
        "sessions",
        message("When you signed in"),
        {"created_at": message("Signed in"), "ended_at": message("Signed out")},
        tuple({"created_at": each.created_at, "ended_at": each.ended_at} for each in rows),
    )


def requests(it: Gathering) -> Section:
    """Return what she asked about her data, with the answers."""
    hers = sa.select(RightsRequest).where(RightsRequest.user_id == it.user.id)
    return requests_in(it.session, hers, it.say, message("What you asked about your data"))


def requests_in(
    session: Session, found: sa.Select[RightsRequest], say: Say, title: Message
) -> Section:
    """Return requests about somebody's data, with the answers."""
    return Section(
        "requests",
        title,
        {
            "received_on": message("Received on"),
            "kind": message("What is asked"),
            "state": message("State"),
            "words": message("In these words"),
            "answered_on": message("Answered on"),
            "answer": message("Answer"),
        },
        tuple(
            {
                "received_on": each.received_on,
                "kind": say(KINDS[each.kind]),
                "state": say(STATES[each.state]),
                "words": each.words,
                "answered_on": each.answered_on,
                "answer": each.answer,
            }
            for each in session.scalars(found.order_by(RightsRequest.received_on))
        ),
    )


def reminders(it: Gathering) -> Section:
    """Return the e-mails that she was sent."""
    rows = it.session.scalars(
        sa.select(Reminder).where(Reminder.user_id == it.user.id).order_by(Reminder.sent_at)
    )
    return Section(
        "reminders",
        message("E-mails that you were sent"),
        {"sent_at": message("Sent on"), "due_on": message("Until")},
        tuple({"sent_at": each.sent_at, "due_on": each.due_on} for each in rows),
    )
