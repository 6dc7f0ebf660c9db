"""`observe feedback pdf`, `carry`, `verify`: what is taken away as a file, one or a whole round."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe.cli.feedback import feedback, the_round
from observe.cli.files import FILE, write_bytes
from observe.cli.progress import bar_for
from observe.cli.shell import Answer, Shell, the_id, verb
from observe.cli.words import option
from observe.errors import BadInputError, ConflictError
from observe.feedback import rounds, signed, takeaway
from observe.feedback.models import Feedback
from observe.feedback.openings import DOWNLOAD, opened
from observe.feedback.operations import feedback_for
from observe.feedback.report import page_of, pdf
from observe.feedback.rounds import RoundFile
from observe.feedback.takeaway import Carried
from observe.people.access import Action
from observe.records import verification
from observe.records.operations import records_of
from observe.text import message

# --- PDFs ---------------------------------------------------------------------------------------


@verb(feedback, "pdf", message("Writes the educator's page as a PDF, or those of a whole round."))
@click.argument("feedback", required=False)
@option("-o", "--output", type=FILE, about=message("The file to write."))
@option("--school", about=message("A round: the RBD of its school."))
@option("--from", "since", about=message("A round: lessons from this day on, like 2026-05-10."))
@option("--to", "until", about=message("A round: lessons up to this day, like 2026-06-10."))
@option("--to-folder", "folder", type=FILE, about=message("A round: a folder for its PDFs."))
@option("--zip", "packed", type=FILE, about=message("A round: one zip of its PDFs."))
def pdf_(
    shell: Shell,
    /,
    *,
    feedback: str | None,
    output: Path | None,
    folder: Path | None,
    packed: Path | None,
    **narrowed: str | None,
) -> Answer:
    """Write the same page that the educator sees."""
    if feedback is not None and output is not None and not (folder or packed):
        return _one(shell, the_id(feedback), output)
    target = folder or packed
    if feedback is not None or target is None or (folder and packed):
        raise BadInputError(
            message(
                "Name one feedback and its --output, or a round (--school, --from, --to) and "
                "either --to-folder or --zip."
            )
        )
    ids = _ids(shell, narrowed)
    return _into_folder(shell, ids, target) if folder else _into_zip(shell, ids, target)


def _one(shell: Shell, feedback_id: UUID, output: Path) -> Answer:
    with shell.database.write() as session:
        found = feedback_for(session, feedback_id, actor=shell.actor, action=Action.FEEDBACK_SEE)
        pictures = signed.pictures_of(session, shell.store, found)
        opened(
            session,
            found,
            actor=shell.actor,
            action=DOWNLOAD,
            form="pdf",
            pictures=sorted(pictures),
        )
        page = page_of(found, locale=shell.settings.locale)
    written = pdf(page, pictures)
    write_bytes(output, written)
    facts = {"feedback": feedback_id, "file": str(output), "bytes": len(written)}
    return Answer(facts, [message("Written: %(path)s", path=str(output))])


def _ids(shell: Shell, narrowed: Mapping[str, str | None]) -> list[UUID]:
    with shell.database.read() as session:
        where = the_round(session, shell.actor, **narrowed)
        rows = records_of(session, actor=shell.actor, where=where)
        observations = [row.observation.id for row in rows]
        found = rounds.published_of(session, observations, actor=shell.actor)
    if not found:
        raise ConflictError(message("There is no published feedback of yours among these."))
    return found


@contextmanager
def _made(shell: Shell, ids: Sequence[UUID]) -> Iterator[Iterator[RoundFile]]:
    """Give the PDFs one by one, with a bar on a terminal."""
    with bar_for(shell) as bar:
        task = bar.add_task(shell.spoken(rounds.STEPS["pdfs"]), total=len(ids))

        def tell(made: int, _total: int) -> None:
            bar.update(task, completed=made)

        actor, locale = shell.actor, shell.settings.locale
        yield rounds.files(shell.database, shell.store, ids, actor=actor, locale=locale, tell=tell)


def _into_zip(shell: Shell, ids: Sequence[UUID], target: Path) -> Answer:
    beside = target.with_name(f".{target.name}.part")
    try:
        with _made(shell, ids) as made:
            written = rounds.write_zip(beside, made)
        with shell.database.write() as session:
            rounds.taken(session, written, actor=shell.actor)
        beside.replace(target)
    except OSError as error:
        raise _no_place(target) from error
    finally:
        beside.unlink(missing_ok=True)
    return _told(target, written)


def _into_folder(shell: Shell, ids: Sequence[UUID], folder: Path) -> Answer:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_place(folder) from error
    written = []
    with _made(shell, ids) as made:
        for file in made:
            with shell.database.write() as session:
                rounds.taken(session, [file.feedback_id], actor=shell.actor)
            write_bytes(folder / file.name, file.content)
            written.append(file.feedback_id)
    return _told(folder, written)


def _no_place(target: Path) -> BadInputError:
    return BadInputError(message("The file %(path)s cannot be written there.", path=str(target)))


def _told(target: Path, written: Sequence[UUID]) -> Answer:
    told = message("%(count)s PDFs written: %(path)s", count=len(written), path=str(target))
    return Answer({"file": str(target), "feedback": list(written)}, [told])


# --- one file for a pen drive -------------------------------------------------------------------


@verb(feedback, "carry", message("Writes one file with the page and both blurred clips inside."))
@click.argument("feedback")
@option("-o", "--output", required=True, type=FILE, about=message("The file to write."))
@option(
    "--passphrase",
    "sealed",
    is_flag=True,
    about=message("Sealed: asks for a passphrase, or reads it from the first line of the input."),
)
def carry(shell: Shell, *, feedback: str, output: Path, sealed: bool) -> Answer:
    """Write a file that plays without a network; it can be sealed with a passphrase."""
    feedback_id = the_id(feedback)
    with shell.database.read() as session:
        what = _carried(shell, session, feedback_id)
    written = takeaway.written(what, passphrase=_passphrase(shell) if sealed else None)
    with shell.database.write() as session:
        found = session.get_one(Feedback, feedback_id)
        takeaway.taken(session, found, what, sealed=sealed, actor=shell.actor)
    write_bytes(output, written)
    facts = {
        "feedback": feedback_id,
        "file": str(output),
        "bytes": len(written),
        "sealed": sealed,
    }
    return Answer(facts, [message("Written: %(path)s", path=str(output))])


def _carried(shell: Shell, session: Session, feedback_id: UUID) -> Carried:
    found = feedback_for(session, feedback_id, actor=shell.actor, action=Action.FEEDBACK_SEE)
    locale = shell.settings.locale
    return takeaway.carried(session, shell.store, found, actor=shell.actor, locale=locale)


def _passphrase(shell: Shell) -> str:
    """Return what is typed unseen, or the first line of what a script gives."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt(
        shell.spoken(message("Passphrase")), hide_input=True, confirmation_prompt=True, err=True
    )
    return asked


# --- the proof for the school -------------------------------------------------------------------


@verb(feedback, "verify", message("Writes the proof for the school: what was done and when."))
@click.argument("observation", required=False)
@option("-o", "--output", required=True, type=FILE, about=message("The file to write."))
@option("--school", about=message("A period: the RBD of the school."))
@option("--from", "since", about=message("A period: lessons from this day on, like 2026-05-10."))
@option("--to", "until", about=message("A period: lessons up to this day, like 2026-06-10."))
def verify(
    shell: Shell, /, *, observation: str | None, output: Path, **narrowed: str | None
) -> Answer:
    """Write a PDF to print and sign: no scores, no notes, nothing that the feedback says."""
    if (observation is None) is (narrowed["school"] is None):
        raise BadInputError(message("Name one observation, or a --school with --from and --to."))
    with shell.database.read() as session:  # all her records are looked through
        if observation is not None:
            proof = verification.of_one(session, the_id(observation), actor=shell.actor)
        else:
            where = the_round(session, shell.actor, **narrowed)
            proof = verification.of_period(session, where, actor=shell.actor)
    with shell.database.write() as session:
        verification.taken(session, proof, actor=shell.actor)
    write_bytes(output, verification.pdf(proof, locale=shell.settings.locale))
    facts = {"file": str(output), "observations": [act.observation_id for act in proof.acts]}
    return Answer(facts, [message("Written: %(path)s", path=str(output))])
