"""The file that names providers, and what counts of the claims that they make."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe.errors import BadInputError, InvalidError
from observe.people.providers import Provider, providers_from, read_providers, told_by

SECRETS = 'client_id = "observe"\nclient_secret = "hush"\n'
GOOGLE = f'[google]\nprofile = "google"\n{SECRETS}tenant = "slep.cl"\n'
MICROSOFT = f'[ms]\nprofile = "microsoft"\nlabel = "Entra"\n{SECRETS}tenant = "t-1"\n'
MICROSOFT += 'domains = ["Slep.cl"]\n'
KEYCLOAK = f'[kc]\nprofile = "keycloak"\n{SECRETS}address = "https://id.slep.cl/realms/red/"\n'
CLAVEUNICA = f'[claveunica]\nprofile = "claveunica"\n{SECRETS}'
ANA = {"iss": "https://issuer", "sub": "7", "email": "Ana@slep.cl", "email_verified": True}


def only(text: str) -> Provider:
    (found,) = providers_from(text)
    return found


def test_each_profile_knows_where_its_provider_is() -> None:
    google, ms, kc, cu = providers_from(GOOGLE + MICROSOFT + KEYCLOAK + CLAVEUNICA)
    assert google.discovery == "https://accounts.google.com/.well-known/openid-configuration"
    assert ms.discovery == (
        "https://login.microsoftonline.com/t-1/v2.0/.well-known/openid-configuration"
    )
    assert ms.label == "Entra"
    assert kc.discovery == "https://id.slep.cl/realms/red/.well-known/openid-configuration"
    assert cu.discovery == ""
    assert cu.profile.endpoints["token_endpoint"].startswith("https://accounts.claveunica.gob.cl/")
    assert "hush" not in repr(google)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[google", "TOML"),
        ('[x]\nprofile = "facebook"\n', "profile"),
        ("x = 1", "profile"),
        ('[google]\nprofile = "google"\n', "client_secret"),
        (GOOGLE.replace("tenant", "tennant"), "tenant"),
        (KEYCLOAK.replace("https", "http"), "https://"),
        (KEYCLOAK.replace("[kc]", '["../kc"]'), "small letters"),
    ],
)
def test_what_is_missing_or_unsafe_is_told(text: str, problem: str) -> None:
    with pytest.raises(InvalidError) as refused:
        providers_from(text)
    assert any(problem in str(each) for each in refused.value.problems)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert read_providers(None) == ()
    with pytest.raises(InvalidError):
        read_providers(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "claims", "email"),
    [
        (GOOGLE, {"hd": "slep.cl"}, "ana@slep.cl"),
        (GOOGLE, {"hd": "slep.cl", "email_verified": False}, ""),
        (GOOGLE, {"hd": "slep.cl", "email_verified": "true"}, ""),
        (KEYCLOAK, {}, "ana@slep.cl"),
        (KEYCLOAK, {"email": None}, ""),
        # Entra vouches for no address: only those of the organisation's own domains count.
        (MICROSOFT, {"tid": "t-1"}, "ana@slep.cl"),
        (MICROSOFT, {"tid": "t-1", "email": "ana@gmail.com"}, ""),
        (MICROSOFT, {"tid": "t-1", "email": "ana@evilslep.cl"}, ""),
        (CLAVEUNICA, {}, ""),
    ],
)
def test_an_e_mail_counts_only_where_the_provider_vouches_for_it(
    text: str, claims: dict[str, object], email: str
) -> None:
    told = told_by(only(text), ANA | claims)
    assert (told.issuer, told.subject, told.email) == ("https://issuer", "7", email)


@pytest.mark.parametrize(
    ("text", "claims"),
    [(GOOGLE, {}), (GOOGLE, {"hd": "other.cl"}), (MICROSOFT, {"tid": "t-2"})],
)
def test_an_account_of_another_organisation_is_refused(
    text: str, claims: dict[str, object]
) -> None:
    with pytest.raises(BadInputError):
        told_by(only(text), ANA | claims)
