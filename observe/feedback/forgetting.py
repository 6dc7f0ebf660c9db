"""Letting go of what was shown: a consent taken back, and what the rules of this home say.

A published feedback keeps its words and loses its clips. Both jobs are idempotent: killed at any
moment and run again, they delete what is left and write one certificate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.models import Observation
from observe.daily import daily
from observe.db import Database, locked, today
from observe.errors import ObserveError
from observe.feedback import films_due, pseudonymising, publishing
from observe.feedback.models import Feedback, FeedbackState
from observe.jobs import Work, handler
from observe.people import access
from observe.people.access import HOME, Action, Actor
from observe.people.models import ClassGroup, User
from observe.privacy import certificates, copies, names, rules
from observe.privacy.certificates import Told
from observe.privacy.consent import REVOKE
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.models import Certificate, Consent, Revocation
from observe.privacy.retention import Due, Rule
from observe.privacy.scopes import TO_SHOW, Scope
from observe.settings import Settings
from observe.text import message
from observe.video import erasing, gate
from observe.video.models import Blurring, BlurState, Recording
from observe.video.store import open_store

DAILY: Final = "privacy.retention"
UNREACHED: Final = "privacy.unreached"
HOUR: Final = 6

log = structlog.get_logger(__name__)


@erasing.before_erasing
def let_go(session: Session, recording_id: UUID, *, clips: bool) -> None:
    """Give up what is being published of a recording, and take the `clips` off where they go.

    Published words stay, what waits is a draft again. Who published it chose words for a moment;
    they stay as they were read.
    """
    mine = sa.select(Feedback).join(Observation).where(Observation.recording_id == recording_id)
    for feedback in session.scalars(mine):
        if feedback.state is FeedbackState.PUBLISHING and (
            clips or _needs_film(session, feedback, recording_id)
        ):
            jobs.stop(session, publishing.KIND, feedback.id)
            feedback.state = FeedbackState.DRAFT
            session.flush()
        if clips:
            _take_off(feedback)
    session.flush()


def _needs_film(session: Session, feedback: Feedback, recording_id: UUID) -> bool:
    """Tell whether a clip has still to be made; what waits for a signature alone has all of it."""
    asked = sa.select(Blurring.id).filter_by(recording_id=recording_id, state=BlurState.ASKED)
    being_made = session.scalar(asked.limit(1)) is not None
    return being_made or not publishing.waits_for_signatures(session, feedback)


def _take_off(feedback: Feedback) -> None:
    for focus in feedback.focuses:
        if focus.has_clip:
            focus.clip_id = focus.blurring_id = None


# --- a consent taken back -----------------------------------------------------------------------


@handler(REVOKE)
def reach(work: Work, revocation_id: UUID) -> None:
    """Delete every clip that shows whom the revocation is of, and certify what was reached."""
    work.step("clips", forget_clips, work.database, work.settings, revocation_id)


def _some_unreached(session: Session) -> bool:
    return session.scalar(_unreached().limit(1)) is not None


def _unreached() -> sa.Select[UUID]:
    """Return the revocations without a certificate of what they reached."""
    certified = sa.select(Certificate.thing_id).where(
        Certificate.kind == CertificateKind.REVOKED, Certificate.thing_id.is_not(None)
    )
    return sa.select(Revocation.id).where(Revocation.id.not_in(certified))


@daily(UNREACHED, hour=0, needed=_some_unreached)
def reach_all(work: Work, _day: UUID) -> None:
    """Ask again for each revocation whose job failed: what a family took back must go."""
    work.step("ask", ask_again, work.database)


def ask_again(database: Database) -> None:
    """Enqueue what still has to be reached; what waits or runs is not asked for twice."""
    with database.write() as session:
        for revocation_id in session.scalars(_unreached()).all():
            jobs.enqueue(session, REVOKE, revocation_id)


def forget_clips(database: Database, settings: Settings, revocation_id: UUID) -> None:
    """Delete the clips of all films in which she may be seen; doing it again changes nothing."""
    place = erasing.Place(database, open_store(settings))
    with database.write() as session:
        if certificates.last_of(session, revocation_id, CertificateKind.REVOKED) is not None:
            return
        revocation = session.get_one(Revocation, revocation_id)
        films = list(_films_of(session, revocation))
        for film in films:  # all of them, before the trail
            locked(session, Recording, film.id)
        reached = [_reach(session, place, film, revocation) for film in films]
        told = Told(
            CertificateKind.REVOKED,
            "revocation",
            revocation_id,
            _school_of(session, revocation),
            {
                "scopes": sorted(scope.value for scope in _scopes(session, revocation)),
                "revoked_on": revocation.revoked_on.isoformat(),
                "list_number": revocation.child.list_number if revocation.child else None,
                "recordings": reached,
            },
            REVOKE,
        )
        certificates.issue(session, told, by_id=revocation.by_id)


def _scopes(session: Session, revocation: Revocation) -> frozenset[Scope]:
    rows = sa.select(Consent.scope).where(Consent.revocation_id == revocation.id)
    return frozenset(session.scalars(rows))


def _films_of(session: Session, revocation: Revocation) -> Iterator[Recording]:
    """Yield the films in which she may be seen: all of her class that nobody says she is not in."""
    if revocation.child is None:
        mine = sa.select(Recording).where(Recording.educator_id == revocation.educator_id)
        yield from session.scalars(mine.order_by(Recording.id)).all()
        return
    yield from gate.films_showing(session, revocation.child)


def _reach(
    session: Session, place: erasing.Place, recording: Recording, revocation: Revocation
) -> dict[str, Any]:
    """Return what a revocation does to one film: clips go where showing is no longer allowed."""
    gone = None
    if _scopes(session, revocation) & TO_SHOW:
        gone = erasing.erase_clips(
            session,
            place,
            recording.id,
            reason=REVOKE,
            by_id=revocation.by_id,
            held_too=True,
        )
    verdict = gate.verdict_of(session, recording)
    return {
        "recording": str(recording.id),
        "video": "deleted" if recording.is_erased else "open" if verdict.is_open else "locked",
        "certificate": gone.number if gone else None,
        "files": len(gone.what["files"]) if gone else 0,
    }


def _school_of(session: Session, revocation: Revocation) -> UUID | None:
    if revocation.child is None:
        rows = sa.select(ClassGroup.school_id).join(Recording)
        mine = rows.where(Recording.educator_id == revocation.educator_id)
        return session.scalar(mine.order_by(Recording.id.desc()).limit(1))
    return session.get_one(ClassGroup, revocation.child.class_group_id).school_id


# --- what goes when -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What each rule of this home will delete, and when: simulated, nothing is changed."""

    rules: tuple[Rule, ...]
    due: tuple[Due, ...]

    def of(self, rule: Rule) -> tuple[Due, ...]:
        """Return what goes by one rule, the first day first."""
        return tuple(each for each in self.due if each.kind is rule.kind)

    def days(self, rule: Rule, on: date) -> tuple[tuple[date, int], ...]:
        """Return on which days how many go by one rule, without those that are held.

        Seen from the day `on`: what was due before goes together at the next run.
        """
        found = Counter(max(each.on, on) for each in self.of(rule) if not each.held)
        return tuple(sorted(found.items()))


def plan_for(session: Session, settings: Settings, *, actor: Actor) -> Plan:
    """Return what the rules of this home will delete.

    Raises:
        NotFoundError, NotAllowedError: the actor does not administer it.
    """
    access.require(actor, Action.RETENTION_RULE, HOME)
    return _plan(session, settings)


def _plan(session: Session, settings: Settings) -> Plan:
    found = rules.rules_of(session)
    by_kind = {rule.kind: rule for rule in found}
    due = [
        *films_due.videos(session, by_kind[Kept.VIDEO], by_kind[Kept.UNUSED_VIDEO]),
        *films_due.clips(session, by_kind[Kept.CLIPS]),
        *names.due(session, by_kind[Kept.NAMES]),
        *pseudonymising.due(session, by_kind[Kept.EDUCATORS]),
        *copies.due(settings, by_kind[Kept.COPIES]),
    ]
    return Plan(found, tuple(sorted(due, key=lambda each: (each.on, each.title))))


# --- doing it -----------------------------------------------------------------------------------


def _some_applied(session: Session) -> bool:
    return any(rule.applied for rule in rules.rules_of(session))


@daily(DAILY, hour=HOUR, needed=_some_applied)
def keep_rules(work: Work, _day: UUID) -> None:
    """Delete what the rules that are switched on say is due today."""
    work.step("apply", apply_rules, work.database, work.settings)
    work.database.leave_no_trace()  # what a kill left in the log


def apply_rules(database: Database, settings: Settings, on: date | None = None) -> int:
    """Delete what is due by the rules that are applied; return how many things went.

    One transaction a thing: killed anywhere, the rest goes the next time; and what cannot be
    deleted keeps nothing else.

    Raises:
        ObserveError: some could not be deleted; the others went.
    """
    with database.read() as session:
        plan = _plan(session, settings)
    applied = {rule.kind for rule in plan.rules if rule.applied}
    day = on or today()
    due = [each for each in plan.due if each.kind in applied and each.is_due(day)]
    went = [_tried(database, settings, each) for each in due]
    failed = went.count(None)
    if failed:
        raise ObserveError(
            message(
                "Deleted: %(count)s. Could not be deleted: %(failed)s; that is tried again by "
                "itself. See the log for the reason.",
                count=went.count(True),
                failed=failed,
            )
        )
    return went.count(True)


def _tried(database: Database, settings: Settings, due: Due) -> bool | None:
    """Tell whether it went; None: it could not be deleted."""
    try:
        return _apply(database, settings, due)
    except (ObserveError, sa.exc.SQLAlchemyError, OSError) as error:
        # Neither its title nor the words of the error: both may hold a name.
        log.warning(
            "not deleted", kind=due.kind.value, thing=due.thing_id, error=type(error).__name__
        )
        return None


def _apply(database: Database, settings: Settings, due: Due) -> bool:
    """Delete what is due, unless something came in between that keeps it; tell whether it went."""
    place = erasing.Place(database, open_store(settings))
    copy: Path | None = None
    with database.write() as session:
        if not _may_go(session, settings, due):
            return False
        if due.kind is Kept.COPIES:
            copy = copies.certify(session, settings, due)
        elif due.thing_id is not None:
            _delete(session, place, due.kind, due.thing_id)
    if copy is not None:
        copy.unlink(missing_ok=True)
    database.leave_no_trace()
    return True


def _may_go(session: Session, settings: Settings, due: Due) -> bool:
    """Ask again in the transaction of the deletion what was asked when the plan was made."""
    if due.thing_id is not None and not _hold_still(session, due.kind, due.thing_id):
        return False
    by_kind = {rule.kind: rule for rule in rules.rules_of(session)}
    found = _of_kind(session, settings, by_kind, due)
    same = (due.kind, due.thing_id, due.name)
    still = (each for each in found if (each.kind, each.thing_id, each.name) == same)
    return by_kind[due.kind].applied and any(each.is_due(due.on) for each in still)


def _of_kind(
    session: Session, settings: Settings, by_kind: dict[Kept, Rule], due: Due
) -> Iterator[Due]:
    """Yield what the rules say now of one thing."""
    rule, only = by_kind[due.kind], due.thing_id
    if due.kind is Kept.COPIES:
        return copies.due(settings, rule)
    if due.kind is Kept.NAMES:
        return names.due(session, rule, only)
    if due.kind is Kept.EDUCATORS:
        return pseudonymising.due(session, rule, only)
    if due.kind is Kept.CLIPS:
        return films_due.clips(session, rule, only)
    return films_due.videos(session, by_kind[Kept.VIDEO], by_kind[Kept.UNUSED_VIDEO], only)


def _hold_still(session: Session, kind: Kept, thing_id: UUID) -> bool:
    """Hold whom a request would speak of, then the film; tell whether the thing is there.

    A request refers to its person or its class: on PostgreSQL it comes in before this or after it.
    """
    if kind is Kept.NAMES:
        return locked(session, ClassGroup, thing_id) is not None
    if kind is Kept.EDUCATORS:
        return locked(session, User, thing_id) is not None
    film = session.get(Recording, thing_id)
    if film is None:
        return False
    locked(session, ClassGroup, film.class_group_id)
    locked(session, User, film.educator_id)
    return locked(session, Recording, thing_id) is not None


def _delete(session: Session, place: erasing.Place, kind: Kept, thing_id: UUID) -> None:
    reason = f"rule:{kind.value}"
    if kind is Kept.NAMES:
        files = names.delete(session, thing_id)
        erasing.delete_when_committed(session, place, files)
    elif kind is Kept.EDUCATORS:
        pseudonymising.replace(session, place, thing_id, reason=reason)
    elif kind is Kept.CLIPS:
        erasing.erase_clips(session, place, thing_id, reason=reason, by_id=None)
    else:
        with_clips = kind is Kept.UNUSED_VIDEO
        erasing.erase_video(
            session, place, thing_id, reason=reason, actor=None, with_clips=with_clips
        )
