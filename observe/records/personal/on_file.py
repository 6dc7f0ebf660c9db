"""What is on file about a person besides her lessons and feedback: sections of her copy.

Who agreed with her records or wished them put right, whom she visits, who also evaluates her, by
what she signs in, and what was deleted of hers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from observe.coding.models import Correction
from observe.feedback.certificate_paper import KINDS
from observe.people.models import (
    CodeApp,
    Evaluator,
    Invitation,
    OutsideAccount,
    PeerVisit,
    SecurityKey,
    User,
)
from observe.privacy.models import Certificate
from observe.privacy.personal_export import Section
from observe.records.models import Agreement, SavedView
from observe.records.personal.gathering import LESSON, Gathering, Row, of_lesson
from observe.text import Message, message


def corrections(it: Gathering) -> Section:
    """Return what others wished put right in her records, and what was answered."""
    lessons = {each.id: each.recording for each in it.records()}
    rows = it.session.scalars(
        sa.select(Correction)
        .where(Correction.observation_id.in_(lessons))
        .order_by(Correction.asked_at)
    )

    def row(each: Correction) -> Row:
        lesson = lessons[each.observation_id]
        return of_lesson(lesson) | {
            "who": each.asked_by.name,
            "at": each.asked_at,
            "text": it.clean(each.reason, lesson),
            "answered_at": each.answered_at,
            "answer": it.clean(each.answer, lesson),
        }

    return Section(
        "corrections",
        message("What others wished put right in these records"),
        LESSON
        | {
            "who": message("Who"),
            "at": message("When"),
            "text": message("What"),
            "answered_at": message("Answered on"),
            "answer": message("Answer"),
        },
        tuple(row(each) for each in rows),
    )


def agreements(it: Gathering) -> Section:
    """Return who read her records and agreed."""
    lessons = {each.id: each.recording for each in it.records()}
    rows = it.session.scalars(
        sa.select(Agreement).where(Agreement.observation_id.in_(lessons)).order_by(Agreement.at)
    )
    return Section(
        "agreements",
        message("Who agreed with these records"),
        LESSON | {"who": message("Who"), "at": message("When")},
        tuple(
            of_lesson(lessons[each.observation_id]) | {"who": each.user.name, "at": each.at}
            for each in rows
        ),
    )


def visits(it: Gathering) -> Section:
    """Return her peer visits, also those that came to nothing."""
    hers = it.user.id
    rows = it.session.scalars(
        sa.select(PeerVisit)
        .where(sa.or_(PeerVisit.one_id == hers, PeerVisit.other_id == hers))
        .order_by(PeerVisit.at)
    )
    return Section(
        "visits",
        message("Peer visits"),
        {
            "peer": message("With whom"),
            "by": message("Proposed by"),
            "at": message("When"),
            "agreed_at": message("You agreed on"),
            "ends_on": message("Until"),
            "ended_at": message("Ended on"),
        },
        tuple(
            {
                "peer": (each.other if each.one_id == hers else each.one).name,
                "by": each.by.name,
                "at": each.at,
                "agreed_at": each.agreed_at(hers),
                "ends_on": each.ends_on,
                "ended_at": each.ended_at,
            }
            for each in rows
        ),
    )


def evaluations(it: Gathering) -> Section:
    """Return who was said to evaluate her too, and whom she evaluates."""
    hers, who = it.user.id, aliased(User)
    rows = it.session.execute(
        sa.select(Evaluator, who.name)
        .join(who, who.id == Evaluator.evaluator_id)
        .where(sa.or_(Evaluator.educator_id == hers, Evaluator.evaluator_id == hers))
        .order_by(Evaluator.at)
    )
    return Section(
        "evaluations",
        message("Who also evaluates whom"),
        {
            "evaluator": message("Who evaluates"),
            "educator": message("Whom"),
            "at": message("Noted on"),
            "ended_at": message("Until"),
        },
        tuple(
            {
                "evaluator": name,
                "educator": each.educator.name,
                "at": each.at,
                "ended_at": each.ended_at,
            }
            for each, name in rows
        ),
    )


def ways_in(it: Gathering) -> Section:
    """Return by what she may sign in, without its secrets, and how she was invited."""
    columns = {
        "way": message("How"),
        "name": message("Name"),
        "since": message("Since"),
        "until": message("Until"),
    }
    rows = sorted(_ways_in(it), key=lambda row: str(row["since"]))
    return Section("ways_in", message("How you can sign in"), columns, tuple(rows))


def _ways_in(it: Gathering) -> Iterator[Row]:
    hers = it.user.id

    def row(way: Message, name: str, since: datetime, until: datetime | None = None) -> Row:
        return {"way": it.say(way), "name": name, "since": since, "until": until}

    for app in it.session.scalars(sa.select(CodeApp).where(CodeApp.user_id == hers)):
        yield row(message("Codes of a phone"), "", app.created_at)
    for key in it.session.scalars(sa.select(SecurityKey).where(SecurityKey.user_id == hers)):
        yield row(message("Security key"), key.name, key.created_at)
    for account in it.session.scalars(sa.select(OutsideAccount).filter_by(user_id=hers)):
        yield row(message("Account elsewhere"), account.provider, account.linked_at)
    for asked in it.session.scalars(sa.select(Invitation).where(Invitation.user_id == hers)):
        yield row(message("Invitation"), asked.sent_to, asked.made_at, asked.revoked_at)


def deletions(it: Gathering) -> Section:
    """Return the certificates of what was deleted of her lessons."""
    lessons = {each.id: each for each in it.lessons}
    rows = it.session.scalars(
        sa.select(Certificate).where(Certificate.thing_id.in_(lessons)).order_by(Certificate.number)
    )
    return Section(
        "deletions",
        message("What was deleted of your lessons"),
        LESSON
        | {
            "number": message("Certificate"),
            "what": message("What"),
            "at": message("When"),
            "sha256": message("Its fingerprint"),
        },
        tuple(
            of_lesson(lessons[each.thing_id])
            | {
                "number": each.number,
                "what": it.say(KINDS[each.kind]),
                "at": each.made_at,
                "sha256": each.sha256,
            }
            for each in rows
            if each.thing_id is not None
        ),
    )


def views(it: Gathering) -> Section:
    """Return her own names for what she narrows the list of records to."""
    rows = it.session.scalars(
        sa.select(SavedView).where(SavedView.user_id == it.user.id).order_by(SavedView.at)
    )
    return Section(
        "views",
        message("Your own views of the records"),
        {"name": message("Name"), "at": message("When")},
        tuple({"name": each.name, "at": each.at} for each in rows),
    )
