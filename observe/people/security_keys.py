"""Keys that stand for the second step (WebAuthn): a key, a phone, or the computer's own lock.

The browser signs a challenge for the very site it is on, so a page that only looks like ours gets
nothing. The challenge is kept by the caller, in the browser's signed cookie, and serves once.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from observe.db import now
from observe.errors import BadInputError
from observe.people import audit, second_step, signin
from observe.people.access import Actor, not_found
from observe.people.models import SecurityKey
from observe.text import message

LONGEST_NAME: Final = 60
_REFUSED: Final = message("The key did not answer as it should. Try again, or use a code.")


@dataclass(frozen=True)
class Site:
    """The site for which keys sign: its name, and the address as the browser has it."""

    name: str
    origin: str


@dataclass(frozen=True)
class Asked:
    """What the browser is asked for, and the challenge by which its answer is known."""

    options: dict[str, Any]
    challenge: bytes


def site_at(address: str) -> Site | None:
    """Return the site of an address; None where browsers make no keys: for a bare IP.

    >>> site_at("https://observe.slep.cl/x")
    Site(name='observe.slep.cl', origin='https://observe.slep.cl')
    >>> site_at("http://127.0.0.1:5000")
    """
    parts = urlsplit(address)
    name = parts.hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return Site(name, f"{parts.scheme}://{parts.netloc}") if name else None
    return None


# --- adding and taking away ---------------------------------------------------------------------


def ask_for_new(session: Session, site: Site, user_id: UUID, *, actor: Actor) -> Asked:
    """Return what asks the browser to make a key for a person.

    Raises:
        NotFoundError: it is not her own account.
    """
    user = signin.own_account(session, user_id, actor=actor)
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name=second_step.NAME,
        user_id=user.id.bytes,
        user_name=user.email or user.name,
        user_display_name=user.name,
        exclude_credentials=_known(session, user.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return Asked(json.loads(webauthn.options_to_json(options)), options.challenge)


def add(  # what came, for what it must have come, and in whose name
    session: Session,
    site: Site,
    challenge: bytes,
    answer: dict[str, Any],
    *,
    name: str,
    secret: str,
    actor: Actor,
) -> SecurityKey:
    """Tie a new key to the actor's account, from the session of `secret`.

    Raises:
        BadInputError: it is not the answer to this challenge on this site.
    """
    user = signin.own_account(session, actor.user_id, actor=actor)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
        )
    except WebAuthnException as error:
        raise BadInputError(_REFUSED) from error
    if session.scalar(
        sa.select(SecurityKey.id).where(SecurityKey.credential_id == made.credential_id)
    ):
        raise BadInputError(message("This key is tied to an account already."))
    key = SecurityKey(
        user_id=user.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name.strip()[:LONGEST_NAME],
    )
    session.add(key)
    session.flush()
    signin.second_step_shown(session, secret)
    _told(session, "second_step.key_added", key, actor)
    return key


def own_key(session: Session, key_id: UUID, *, actor: Actor) -> SecurityKey:
    """Return one of the actor's keys.

    Raises:
        NotFoundError: she has no such key.
    """
    key = session.get(SecurityKey, key_id)
    if key is None or key.user_id != actor.user_id:
        raise not_found()
    signin.own_account(session, key.user_id, actor=actor)
    return key


def take_away(session: Session, key_id: UUID, *, actor: Actor) -> None:
    """Ask no more for one of the actor's keys.

    Raises:
        NotFoundError: she has no such key.
    """
    key = own_key(session, key_id, actor=actor)
    _told(session, "second_step.key_removed", key, actor)
    session.delete(key)
    second_step.drop_codes_without_step(session, actor.user_id)


# --- showing one --------------------------------------------------------------------------------


def ask(session: Session, site: Site, secret: str) -> Asked:
    """Return what asks the browser for one of the keys of whom the session of `secret` waits.

    Raises:
        NotFoundError: nobody waits there, or she has no key.
    """
    waiting = signin.session_row(session, secret, waiting=True)
    known = _known(session, waiting.user_id) if waiting else []
    if not known:
        raise not_found()
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        allow_credentials=known,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return Asked(json.loads(webauthn.options_to_json(options)), options.challenge)


def enter(
    session: Session,
    site: Site,
    challenge: bytes,
    answer: dict[str, Any],
    *,
    secret: str,
    hours: int,
) -> signin.SignedIn:
    """Return the session that follows the waiting one of `secret`, by a key.

    Raises:
        BadInputError: it is not the answer of one of her keys, or nothing waits there any more.
    """
    waiting = signin.session_row(session, secret, waiting=True)
    key = _answering(session, answer)
    if waiting is None or key is None or key.user_id != waiting.user_id:
        raise BadInputError(_REFUSED)
    try:
        shown = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )
    except WebAuthnException as error:
        raise BadInputError(_REFUSED) from error
    key.sign_count, key.used_at = shown.new_sign_count, now()
    return signin.complete(session, secret, hours=hours, proof="key")


def _answering(session: Session, answer: dict[str, Any]) -> SecurityKey | None:
    try:
        credential_id = webauthn.base64url_to_bytes(str(answer.get("id", "")))
    except ValueError:
        return None
    return session.scalars(
        sa.select(SecurityKey).where(SecurityKey.credential_id == credential_id)
    ).one_or_none()


def _known(session: Session, user_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = session.scalars(
        sa.select(SecurityKey.credential_id).where(SecurityKey.user_id == user_id)
    )
    return [PublicKeyCredentialDescriptor(id=each) for each in ids]


def _told(session: Session, action: str, key: SecurityKey, actor: Actor) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="person",
        thing_id=key.user_id,
        key=key.id,
    )
