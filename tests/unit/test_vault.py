"""The vault opens what it sealed, for its purpose only, and says what to do without its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe.settings import Settings
from observe.vault import KeyMissingError, UnsealError, Vault, open_vault

PLAIN = b"autorizacion firmada " * 40


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home").mkdir()
    return Settings(home=tmp_path / "home", key_file=tmp_path / "elsewhere" / "vault.key")


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return open_vault(settings)


def test_what_was_sealed_opens_again_and_shows_nothing(vault: Vault) -> None:
    first, second = (vault.seal(PLAIN, purpose="paper") for _ in range(2))
    assert first != second
    assert b"firmada" not in first
    assert vault.unseal(first, purpose="paper") == PLAIN == vault.unseal(second, purpose="paper")


def test_the_key_is_its_owners_alone_and_lies_outside(vault: Vault, settings: Settings) -> None:
    vault.seal(PLAIN, purpose="paper")
    assert vault.key_file.stat().st_mode & 0o777 == 0o600
    key = vault.key_file.read_bytes().strip()
    inside = [path.read_bytes() for path in settings.home.rglob("*") if path.is_file()]
    assert inside
    assert not any(key in content for content in inside)


@pytest.mark.parametrize("at", [0, 7, 20, -1])
def test_a_changed_byte_is_noticed(vault: Vault, at: int) -> None:
    sealed = bytearray(vault.seal(PLAIN, purpose="paper"))
    sealed[at] ^= 1
    with pytest.raises((UnsealError, KeyMissingError)):
        vault.unseal(bytes(sealed), purpose="paper")


def test_it_opens_for_its_purpose_only(vault: Vault) -> None:
    with pytest.raises(UnsealError):
        vault.unseal(vault.seal(PLAIN, purpose="paper 1"), purpose="paper 2")


def test_a_lost_key_is_told_and_no_other_takes_its_place(vault: Vault) -> None:
    sealed = vault.seal(PLAIN, purpose="paper")
    kept = vault.key_file.read_bytes()
    vault.key_file.unlink()
    with pytest.raises(KeyMissingError, match="OBSERVE_KEY_FILE"):
        vault.unseal(sealed, purpose="paper")
    with pytest.raises(KeyMissingError, match="OBSERVE_KEY_FILE"):
        vault.seal(PLAIN, purpose="paper")
    assert not vault.key_file.exists()
    vault.key_file.write_bytes(kept)
    assert vault.unseal(sealed, purpose="paper") == PLAIN


def test_the_key_of_another_home_is_told(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal(PLAIN, purpose="paper")
    other = Vault(tmp_path / "other.key", tmp_path / "other-id")
    other.seal(PLAIN, purpose="paper")
    vault.key_file.write_bytes(other.key_file.read_bytes())
    with pytest.raises(KeyMissingError, match="another home"):
        vault.unseal(sealed, purpose="paper")
    with pytest.raises(KeyMissingError, match="another home"):
        vault.seal(PLAIN, purpose="paper")


def test_a_key_in_the_data_folder_is_refused(settings: Settings) -> None:
    with pytest.raises(KeyMissingError, match="data folder"):
        open_vault(Settings(home=settings.home, key_file=settings.home / "vault.key"))
