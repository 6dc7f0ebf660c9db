"""Settings: read once at start from the environment, frozen from then on."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from platformdirs import user_config_path, user_data_path

from observe.errors import BadInputError
from observe.text import DEFAULT_LOCALE, message

Mode = Literal["laptop", "hub"]
Clips = Literal["blurred", "as_filmed"]
NEW_LAW_FROM: Final = date(2026, 12, 1)  # Ley 21.719; a bill to postpone it has been reported
SecondStep = Literal["optional", "administrators"]
SCHOOL_TIME: Final = ZoneInfo("America/Santiago")  # the schools' own, wherever the server stands


@dataclass(frozen=True)
class Settings:
    """Where this home lives and how it behaves; `mode` is the only switch between the two homes."""

    home: Path
    mode: Mode = "laptop"
    database_url: str = ""
    locale: str = DEFAULT_LOCALE
    import_folders: tuple[Path, ...] = ()
    session_hours: int = 12
    link_minutes: int = 60
    max_upload_bytes: int = 64 * 1024**3
    educator_clips: Clips | None = None  # None: blurred where they leave the laptop, at a hub
    face_model: Path | None = None  # weights of another face detector than the installed one
    educator_sees_numbers: bool = False  # the means of her own lesson; never anybody else's
    feedback_days: int = 10  # school days from a lesson to its feedback
    smtp_url: str = field(default="", repr=False)  # it holds a password; empty: no mail is sent
    mail_from: str = ""
    public_url: str = ""  # where people reach the pages, for links in mails
    key_file: Path | None = None  # of the vault; None: in this user's folder for settings
    seal_films: bool = False  # whether videos and what is made of them are sealed on disk
    new_law_from: date = NEW_LAW_FROM  # from when Ley 21.719 applies to what people ask
    second_step: SecondStep = "optional"  # of whom a second step is asked that she has not set up
    oidc_file: Path | None = None  # names the providers by which people may sign in

    @property
    def database_path(self) -> Path:
        """The SQLite file of a laptop."""
        return self.home / "observe.sqlite"

    @property
    def url(self) -> str:
        """The database address: the setting, or the laptop's file."""
        return self.database_url or f"sqlite:///{self.database_path}"

    @property
    def store_path(self) -> Path:
        """The folder under which all files are kept; only `video.store` builds paths in it."""
        return self.home / "store"

    @property
    def backup_path(self) -> Path:
        """Where copies of the database made before an upgrade are put."""
        return self.home / "backups"

    @property
    def key_path(self) -> Path:
        """The file of the key that seals scans of papers and films: never in the data folder."""
        return self.key_file or user_config_path("observe", appauthor=False) / "vault.key"

    @property
    def blurs_for_educators(self) -> bool:
        """Whether an educator sees her moments with the faces covered and checked by a person."""
        return (self.educator_clips or ("blurred" if self.mode == "hub" else "as_filmed")) == (
            "blurred"
        )

    def secret_key(self) -> str:
        """Return the key that signs cookies, made at first use and readable by the owner only."""
        path = self.home / "secret-key"
        if not path.exists():
            place_once(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii")


def place_once(path: Path, content: str) -> None:
    """Write a file whole or not at all; where another process was first, its file stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    written = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _link_or_rename(written, path)
    finally:
        written.unlink(missing_ok=True)


def _link_or_rename(written: Path, path: Path) -> None:
    try:
        path.hardlink_to(written)
    except FileExistsError:
        return
    except OSError:  # FAT and exFAT know no hard links
        written.replace(path)


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Return the settings that `environ` asks for (`OBSERVE_HOME`, `OBSERVE_MODE`, …)."""
    home = Path(environ["OBSERVE_HOME"]) if environ.get("OBSERVE_HOME") else default_home()
    folders = environ.get("OBSERVE_IMPORT_FOLDERS", "")
    model = environ.get("OBSERVE_FACE_MODEL", "")
    key_file = environ.get("OBSERVE_KEY_FILE", "")
    oidc_file = environ.get("OBSERVE_OIDC_FILE", "")
    return Settings(
        home=home.expanduser().resolve(),
        mode="hub" if environ.get("OBSERVE_MODE") == "hub" else "laptop",
        database_url=environ.get("OBSERVE_DATABASE_URL", ""),
        locale=environ.get("OBSERVE_LOCALE", DEFAULT_LOCALE),
        import_folders=_folders(folders) if folders else default_import_folders(),
        educator_clips=_clips(environ.get("OBSERVE_EDUCATOR_CLIPS", "")),
        face_model=Path(model).expanduser().resolve() if model else None,
        educator_sees_numbers=_is_yes(environ.get("OBSERVE_EDUCATOR_NUMBERS", "")),
        feedback_days=_number(environ.get("OBSERVE_FEEDBACK_DAYS", ""), 10),
        smtp_url=environ.get("OBSERVE_SMTP_URL", ""),
        mail_from=environ.get("OBSERVE_MAIL_FROM", ""),
        public_url=environ.get("OBSERVE_URL", "").rstrip("/"),
        key_file=Path(key_file).expanduser().resolve() if key_file else None,
        seal_films=_is_yes(environ.get("OBSERVE_SEAL_FILMS", "")),
        new_law_from=_day(environ.get("OBSERVE_NEW_LAW_FROM", "")) or NEW_LAW_FROM,
        second_step=_second_step(environ.get("OBSERVE_SECOND_STEP", "")),
        oidc_file=Path(oidc_file).expanduser().resolve() if oidc_file else None,
    )


def _clips(text: str) -> Clips | None:
    known: dict[str, Clips | None] = {"": None, "blurred": "blurred", "as_filmed": "as_filmed"}
    if text not in known:
        raise BadInputError(
            message(
                "OBSERVE_EDUCATOR_CLIPS must be blurred or as_filmed, not «%(text)s».", text=text
            )
        )
    return known[text]


def _second_step(text: str) -> SecondStep:
    known: dict[str, SecondStep] = {
        "": "optional",
        "optional": "optional",
        "administrators": "administrators",
    }
    if text not in known:
        raise BadInputError(
            message(
                "OBSERVE_SECOND_STEP must be optional or administrators, not «%(text)s».", text=text
            )
        )
    return known[text]


def _is_yes(text: str) -> bool:
    """Tell whether a setting is switched on.

    >>> _is_yes("sí"), _is_yes("no"), _is_yes("")
    (True, False, False)
    """
    return text.strip().casefold() in {"1", "yes", "true", "si", "sí"}


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() and int(text) > 0 else usual


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInputError(
            message(
                "OBSERVE_NEW_LAW_FROM must be a day like 2026-12-01, not «%(text)s».", text=text
            )
        ) from error


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(Path(part).expanduser().resolve() for part in text.split(os.pathsep) if part)


def default_home() -> Path:
    """Return `media/` of the checkout this code runs from, else the user's data folder."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "migrations").is_dir():
        return checkout / "media"
    return user_data_path("observe", appauthor=False)


def default_import_folders() -> tuple[Path, ...]:
    """Return the folders of this user in which cameras and phones usually leave videos."""
    names = ("Videos", "Vídeos", "Movies", "Downloads", "Descargas", "Desktop", "Escritorio")
    return tuple(path for name in names if (path := Path.home() / name).is_dir())
