"""Where people have accounts by which they may sign in here too: profiles of OpenID providers.

A file (setting `OBSERVE_OIDC_FILE`) names those of this home, each with the profile of its kind:

    [google]
    profile = "google"
    client_id = "…"
    client_secret = "…"
    tenant = "slep.cl"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from observe.errors import BadInputError, InvalidError
from observe.text import Message, message

# How an e-mail told by a provider may name a person of ours whom it never named before:
# `verified`: it says that it checked it; `domains`: its organisation is ours, so are its addresses.
EmailProof = Literal["verified", "domains", "none"]
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class Profile:
    """What is the same for all providers of a kind."""

    label: str
    discovery: str = ""  # where it describes itself; {address} and {tenant} are the home's
    endpoints: Mapping[str, str] = field(default_factory=dict)  # of one that does not
    scope: str = "openid email"
    email_proof: EmailProof = "verified"
    tenant_claim: str = ""  # by which it tells of which organisation the account is
    needs: tuple[str, ...] = ("client_id", "client_secret")


WELL_KNOWN: Final = "/.well-known/openid-configuration"
_CLAVEUNICA: Final = "https://accounts.claveunica.gob.cl/openid"
PROFILES: Final = {
    "google": Profile(
        label="Google",
        discovery="https://accounts.google.com" + WELL_KNOWN,
        tenant_claim="hd",
        needs=("client_id", "client_secret", "tenant"),
    ),
    # Entra does not check the e-mails that it tells: only those of the organisation's own domains.
    "microsoft": Profile(
        label="Microsoft",
        discovery="https://login.microsoftonline.com/{tenant}/v2.0" + WELL_KNOWN,
        email_proof="domains",
        tenant_claim="tid",
        needs=("client_id", "client_secret", "tenant", "domains"),
    ),
    "keycloak": Profile(
        label="Keycloak",
        discovery="{address}" + WELL_KNOWN,
        needs=("client_id", "client_secret", "address"),
    ),
    # Tells no e-mail: people tie it to their account themselves, once they are signed in.
    "claveunica": Profile(
        label="ClaveÚnica",
        endpoints={
            "issuer": _CLAVEUNICA,
            "authorization_endpoint": f"{_CLAVEUNICA}/authorize/",
            "token_endpoint": f"{_CLAVEUNICA}/token/",
            "jwks_uri": f"{_CLAVEUNICA}/jwks",
        },
        scope="openid run name",
        email_proof="none",
    ),
}


@dataclass(frozen=True)
class Provider:
    """One provider of this home; `key` is its name in addresses."""

    key: str
    profile: Profile
    label: str
    client_id: str
    client_secret: str = field(repr=False)
    address: str = ""
    tenant: str = ""
    domains: tuple[str, ...] = ()

    @property
    def discovery(self) -> str:
        """Where it describes itself; empty where its profile says all."""
        return self.profile.discovery.format(address=self.address, tenant=self.tenant)


@dataclass(frozen=True)
class Told:
    """What a provider told of who signed in there, once its signature was checked."""

    issuer: str
    subject: str
    email: str  # empty where it may not name a person of ours


def told_by(provider: Provider, claims: Mapping[str, object]) -> Told:
    """Return what counts of the claims of `provider`.

    Raises:
        BadInputError: the account is of another organisation.
    """
    tenant_claim = provider.profile.tenant_claim
    if provider.tenant and tenant_claim and claims.get(tenant_claim) != provider.tenant:
        raise BadInputError(
            message(
                "This account of %(provider)s is not of your organisation. Choose the other one.",
                provider=provider.label,
            )
        )
    email = str(claims.get("email") or "").strip().casefold()
    proved = _proved(provider, email, verified=claims.get("email_verified") is True)
    return Told(str(claims["iss"]), str(claims["sub"]), email if proved else "")


def _proved(provider: Provider, email: str, *, verified: bool) -> bool:
    in_domains = email.rpartition("@")[2] in provider.domains
    if provider.profile.email_proof == "domains":
        return in_domains
    return (
        provider.profile.email_proof == "verified"
        and verified
        and (in_domains or not provider.domains)
    )


# --- the file -----------------------------------------------------------------------------------


def read_providers(path: Path | None) -> tuple[Provider, ...]:
    """Return the providers that a file names; none where there is no file.

    Raises:
        InvalidError: it cannot be read, or something in it is missing or unsafe.
    """
    if path is None:
        return ()
    try:
        return providers_from(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        problem = message("The file %(file)s cannot be read.", file=str(path))
        raise InvalidError(_REFUSED, [problem]) from error


def providers_from(text: str) -> tuple[Provider, ...]:
    """Return the providers that a text in TOML names.

    Raises:
        InvalidError: all that is missing or unsafe in it.
    """
    try:
        sections: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = message("It is no TOML: %(problem)s", problem=str(error))
        raise InvalidError(_REFUSED, [problem]) from error
    problems = [problem for key, told in sections.items() for problem in _problems(key, told)]
    if problems:
        raise InvalidError(_REFUSED, problems)
    return tuple(_provider(key, told) for key, told in sections.items())


_REFUSED: Final = message("The file of OBSERVE_OIDC_FILE cannot be used.")


def _problems(key: str, told: object) -> list[Message]:
    if not isinstance(told, dict) or told.get("profile") not in PROFILES:
        known = ", ".join(PROFILES)
        return [message("[%(key)s]: give it a profile: %(known)s.", key=key, known=known)]
    profile = PROFILES[told["profile"]]
    found = [
        message("[%(key)s]: «%(name)s» is missing.", key=key, name=name)
        for name in profile.needs
        if not told.get(name)
    ]
    if not _KEY.fullmatch(key):
        found.append(message("[%(key)s]: name it with small letters, digits and «-».", key=key))
    if not _safe(str(told.get("address", ""))):
        found.append(message("[%(key)s]: the address must begin with https://", key=key))
    return found


def _safe(address: str) -> bool:
    """Tell whether nobody on the way can answer in the provider's place.

    >>> _safe("https://id.slep.cl"), _safe("http://localhost:9400"), _safe("http://id.slep.cl")
    (True, True, False)
    """
    parts = urlsplit(address)
    return not address or parts.scheme == "https" or parts.hostname in _LOOPBACK


def _provider(key: str, told: Mapping[str, Any]) -> Provider:
    profile = PROFILES[told["profile"]]
    return Provider(
        key=key,
        profile=profile,
        label=str(told.get("label") or profile.label),
        client_id=str(told["client_id"]),
        client_secret=str(told["client_secret"]),
        address=str(told.get("address", "")).rstrip("/"),
        tenant=str(told.get("tenant", "")),
        domains=tuple(str(domain).casefold() for domain in told.get("domains", ())),
    )
