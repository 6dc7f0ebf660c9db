"""`observe doctor`: is this home well, and what to do where it is not."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import __version__, copying, mail, schema
from observe.cli import contents
from observe.cli.places import unsuitable
from observe.cli.program import main
from observe.cli.shell import Answer, Shell, Words, verb
from observe.cli.words import option
from observe.errors import ObserveError
from observe.jobs import Job, JobState
from observe.people import access, audit
from observe.people.access import HOME, Action
from observe.text import Message, message
from observe.triggers import missing_triggers
from observe.video import at_rest, check
from observe.video.blur.detectors import detector_for
from observe.video.media.tools import ffmpeg_path

ENOUGH_BYTES: Final = 5 * 1024**3  # about one lesson and what is made of it
_PARTS: Final = ("av", "dbos", "sqlalchemy", "typst", "flask")


@dataclass(frozen=True)
class Finding:
    """What one check found. `todo` says what to do; when it is empty, the home is well in this."""

    check: str
    said: Message
    todo: tuple[Message, ...] = ()

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.todo


def _finding(check: str, said: Message, todo: Message | None = None) -> Finding:
    return Finding(check, said, (todo,) if todo is not None else ())


@verb(
    main,
    "doctor",
    message("Checks this home and says what to do. Exit code 1: something is wrong."),
)
@option("--files", is_flag=True, about=message("Reads every file again too; this takes a while."))
def doctor(shell: Shell, *, files: bool) -> Answer:
    """Check tools, folder, disk, schema, database, files and audit trail."""
    findings = [*_of_the_machine(shell)]
    if shell.settings.database_url or shell.settings.database_path.exists():
        findings.append(_schema(shell))
        if findings[-1].well:
            findings.extend(_of_the_content(shell, read_files=files))
    else:
        findings.append(_no_home(shell))
    well = all(finding.well for finding in findings)
    facts = {"ok": well, "checks": [_facts(shell, finding) for finding in findings]}
    lines = [line for finding in findings for line in _lines(shell, finding)]
    closing = message("All is well.") if well else message("Something needs you: see the ✗ above.")
    return Answer(facts, [*lines, closing], exit_code=0 if well else 1)


def _facts(shell: Shell, finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "ok": finding.well,
        "said": shell.spoken(finding.said),
        "todo": [shell.spoken(each) for each in finding.todo],
    }


def _lines(shell: Shell, finding: Finding) -> Iterator[Words]:
    yield ("✓ " if finding.well else "✗ ") + shell.spoken(finding.said)
    yield from ("  → " + shell.spoken(each) for each in finding.todo)


# --- the machine --------------------------------------------------------------------------------


def _of_the_machine(shell: Shell) -> Iterator[Finding]:
    yield _versions()
    yield _ffmpeg()
    yield _faces(shell)
    yield _folder(shell)
    yield _disk(shell)
    yield _unfinished(shell)
    yield _mail(shell)


def _versions() -> Finding:
    parts = ", ".join(f"{name} {metadata.version(name)}" for name in _PARTS)
    said = message(
        "observe %(version)s, Python %(python)s, SQLite %(sqlite)s, %(parts)s.",
        version=__version__,
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        parts=parts,
    )
    return _finding("versions", said)


def _ffmpeg() -> Finding:
    try:
        told = subprocess.run(
            [ffmpeg_path(), "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return _finding(
            "ffmpeg",
            message("The video program (ffmpeg) does not run."),
            message("Install observe again; its package imageio-ffmpeg brings ffmpeg."),
        )
    version = told.stdout.split("\n", 1)[0].removeprefix("ffmpeg version ").split(" ", 1)[0]
    return _finding("ffmpeg", message("ffmpeg %(version)s runs.", version=version))


def _faces(shell: Shell) -> Finding:
    """Tell whether clips can be blurred; a home in which nobody does that is well without."""
    try:
        detector = detector_for(shell.settings)
    except ObserveError as error:
        return _finding("faces", error.message)
    return _finding("faces", message("Faces are found by %(name)s.", name=detector.name))


def _folder(shell: Shell) -> Finding:
    said = message("The home is %(home)s.", home=shell.home)
    return _finding("folder", said, unsuitable(shell.settings.home))


def _disk(shell: Shell) -> Finding:
    home = shell.settings.home
    place = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    said = message("%(free)s GB are free on its disk.", free=round(free / 1024**3))
    todo = message("Free some space before you add videos; a lesson takes about 6 GB.")
    return _finding("disk", said, todo if free < ENOUGH_BYTES else None)


def _unfinished(shell: Shell) -> Finding:
    """Tell what a backup or restoring left that was killed: all of the home may be in it, plain."""
    left = copying.left(shell.settings.home)
    if not left:
        return _finding("unfinished", message("No backup was left unfinished."))
    said = message("Left by a backup or restoring that was broken off: %(count)s.", count=len(left))
    return Finding("unfinished", said, tuple(_delete(each) for each in left))


def _delete(each: copying.Left) -> Message:
    if each.file is None:
        return message(
            "All that is in this home may lie in %(folder)s. Delete that folder, or start observe: "
            "then it goes by itself.",
            folder=str(each.folder),
        )
    return message(
        "All that is in this home may lie in %(file)s. Delete that file, or connect its drive and "
        "start observe: then it goes by itself. If the drive is lost, delete the folder "
        "%(folder)s, which tells of it.",
        file=str(each.file),
        folder=str(each.folder),
    )


def _mail(shell: Shell) -> Finding:
    """Tell whether mail works; a home without a mail server is well: reminders are in the pages."""
    settings = shell.settings
    if not mail.is_set_up(settings):
        said = message("No mail server is set: reminders are in the pages only.")
        return _finding("mail", said)
    try:
        with mail.connected(settings):
            host = mail.server_of(settings).host
    except ObserveError as error:
        todo = message("Correct OBSERVE_SMTP_URL, then: observe mail test ADDRESS")
        return _finding("mail", error.message, todo)
    said = message("The mail server %(host)s answers.", host=host)
    todo = message("Set OBSERVE_URL, the address of these pages: educators get a link to it.")
    return _finding("mail", said, None if settings.public_url else todo)


# --- the database -------------------------------------------------------------------------------


def _no_home(shell: Shell) -> Finding:
    said = message("There is no database in this home.")
    return _finding("schema", said, message("Run: observe init"))


def _schema(shell: Shell) -> Finding:
    try:
        revision = schema.current(shell.settings.url)
    except sa.exc.DatabaseError:
        return _finding(
            "schema",
            message("The database cannot be read."),
            message("Restore a backup into an empty home: observe restore FILE"),
        )
    said = message("The database has version %(revision)s.", revision=revision or "–")
    behind = revision != schema.head()
    return _finding("schema", said, message("Run: observe init") if behind else None)


def _of_the_content(shell: Shell, *, read_files: bool) -> Iterator[Finding]:
    with shell.database.read() as session:
        access.require(shell.actor, Action.HOME_CHECK, HOME)
        checks: tuple[Callable[[Shell, Session], Finding], ...] = (
            _integrity, _files, _sealed, _audit, _jobs,
        )  # fmt: skip
        for each in checks:
            yield each(shell, session)
        if read_files:
            yield _contents(shell, session)


def _integrity(_shell: Shell, session: Session) -> Finding:
    if session.get_bind().dialect.name != "sqlite":
        return _finding("database", message("The database server looks after its own files."))
    broken = session.execute(sa.text("PRAGMA quick_check(1)")).scalar_one() != "ok"
    lost = session.execute(sa.text("PRAGMA foreign_key_check")).first() is not None
    if broken or lost:
        return _finding(
            "database",
            message("The database file is damaged."),
            message("Restore a backup into an empty home: observe restore FILE"),
        )
    if missing_triggers(session.connection()):
        return _finding(
            "database",
            message("The database does not refuse any more to change what is closed."),
            message("Keep this home as it is and ask for help: somebody wrote into the database."),
        )
    return _finding("database", message("The database file is sound."))


def _files(shell: Shell, session: Session) -> Finding:
    problems = check.problems(session, shell.store)
    if not problems:
        return _finding("files", message("Database and files agree, both ways."))
    said = message("Database and files disagree in %(count)s places.", count=len(problems))
    return Finding("files", said, tuple(problems))


def _contents(shell: Shell, session: Session) -> Finding:
    found = contents.read_all(shell, session)
    said = message(
        "Files read again: %(count)s; damaged: %(damaged)s.",
        count=found.read,
        damaged=len(found.damaged),
    )
    return Finding("contents", said, found.damaged + found.locked)


def _sealed(shell: Shell, _session: Session) -> Finding:
    """Tell whether videos lie sealed; a home that does not want that is well without."""
    found, wanted = at_rest.standing(shell.store), shell.settings.seal_films
    said = message(
        "Videos are not sealed. Encrypt the whole disk; OBSERVE_SEAL_FILMS=yes seals videos too."
    )
    if wanted or found.sealed:
        said = message(
            "Files of videos that are sealed: %(sealed)s; not sealed: %(plain)s. "
            "Their key is %(file)s.",
            sealed=found.sealed,
            plain=found.plain,
            file=str(shell.settings.key_path),
        )
    todo = list(at_rest.locked(shell.store))
    if wanted and found.plain:
        todo.append(message("Seal the others too: observe video seal"))
    return Finding("sealed", said, tuple(todo))


def _audit(_shell: Shell, session: Session) -> Finding:
    broken = audit.first_broken(session)
    if broken is None:
        return _finding("audit", message("The audit trail is whole."))
    return _finding(
        "audit",
        message("The audit trail was changed at entry %(number)s.", number=broken),
        message("Keep this home as it is and ask for help: somebody wrote into the database."),
    )


def _jobs(_shell: Shell, session: Session) -> Finding:
    """Tell the work that failed; it is no fault of the home, and its page says how to retry."""
    failed = session.scalar(
        sa.select(sa.func.count()).select_from(Job).where(Job.state == JobState.FAILED)
    )
    return _finding("jobs", message("Background jobs that failed: %(count)s.", count=failed or 0))
