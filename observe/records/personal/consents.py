"""Of a copy: what was allowed and taken back, of a person herself or of a child."""

from __future__ import annotations

from sqlalchemy.orm import Session

from observe.privacy import consent
from observe.privacy.consent import Subject
from observe.privacy.models import Consent
from observe.privacy.personal_export import Say, Section
from observe.privacy.scopes import CHANNELS, SCOPES
from observe.records.personal.gathering import Gathering, Row
from observe.text import message


def consents(it: Gathering) -> Section:
    """Return her own answers."""
    return answers_of(it.session, Subject(educator=it.user), it.say)


def answers_of(session: Session, subject: Subject | None, say: Say) -> Section:
    """Return all that was ever answered for one, the newest first; of nobody, nothing."""
    found = consent.history_of(session, subject) if subject else []
    return Section(
        "consents",
        message("What was allowed and taken back"),
        {
            "scope": message("For what"),
            "granted": message("Allowed"),
            "given_on": message("Answered on"),
            "channel": message("How the answer came"),
            "text_version": message("Text that was signed"),
            "registered_by": message("Registered by"),
            "registered_at": message("Registered on"),
            "scan": message("A scan of the paper is kept"),
            "revoked_on": message("Taken back on"),
            "revoked_channel": message("How it was taken back"),
            "revoked_by": message("Taken back: registered by"),
        },
        tuple(_row(each, say) for each in found),
    )


def _row(each: Consent, say: Say) -> Row:
    taken = each.revocation
    return {
        "scope": say(SCOPES[each.scope]),
        "granted": each.granted,
        "given_on": each.given_on,
        "channel": say(CHANNELS[each.channel]),
        "text_version": each.text_version,
        "registered_by": each.registered_by.name,
        "registered_at": each.registered_at,
        "scan": each.paper_id is not None,
        "revoked_on": taken.revoked_on if taken else None,
        "revoked_channel": say(CHANNELS[taken.channel]) if taken else None,
        "revoked_by": taken.by.name if taken else None,
    }
