"""`observe video clip|blur|captions`: what is made from a lesson and may leave."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import click

from observe.cli.files import FILE, read_text, settle, write_bytes
from observe.cli.progress import bar_for, wait_for
from observe.cli.shell import Answer, Shell, Words, the_id, verb
from observe.cli.video import video
from observe.cli.words import option
from observe.errors import BadInputError, ConflictError
from observe.people.access import Action
from observe.text import Message, message
from observe.video import captions, leaving
from observe.video.blur import making as blur_making
from observe.video.blur import operations as blur_operations
from observe.video.media.graphs import Watch
from observe.video.models import Blurring, BlurSound, BlurState, BlurStyle
from observe.video.operations import recording_for
from observe.video.timecode import Span, parse_span

STATES: Final = {
    BlurState.ASKED: message("being blurred"),
    BlurState.MADE: message("blurred, waits for your eyes"),
    BlurState.CHECKED: message("blurred and checked"),
}


# --- clips ---------------------------------------------------------------------------------------


@verb(video, "clip", message("Writes a moment to a file: blurred and checked, unless you insist."))
@click.argument("recording")
@click.argument("span")
@option("-o", "--out", required=True, type=FILE, about=message("The file to write."))
@option("--unblurred", is_flag=True, about=message("With the faces; asks first, and is on file."))
@option("--yes", is_flag=True, about=message("Does not ask before an unblurred clip leaves."))
def clip(  # the options of the command
    shell: Shell, *, recording: str, span: str, out: Path, unblurred: bool, yes: bool
) -> Answer:
    """Cut exactly the marked moment; what leaves is blurred by default."""
    recording_id, moment = the_id(recording), parse_span(span)
    with shell.database.read() as session:
        leaving.may_leave(session, recording_id, unblurred=unblurred, actor=shell.actor)
    beside = out.with_suffix(".vtt")  # what is said in it goes there
    _require_clip_name(out)
    _require_free(out, beside)
    if unblurred:
        if not yes:
            _confirm(shell)
        _write_unblurred(shell, recording_id, moment, out)
    else:
        _write_blurred(shell, recording_id, moment, out)
    written = [out, *_write_captions(shell, recording_id, moment, beside, blurred=not unblurred)]
    facts = _span_facts(recording_id, moment) | {"blurred": not unblurred} | _file_facts(out)
    facts["captions"] = str(written[1]) if len(written) > 1 else None
    return Answer(facts, [message("Written: %(path)s", path=str(path)) for path in written])


def _require_clip_name(out: Path) -> None:
    """Return when a clip may have this name.

    Raises:
        BadInputError: its captions would have the same one.
    """
    if out.suffix.lower() == ".vtt":
        raise BadInputError(
            message("A clip is a video, so its name ends in .mp4; .vtt is for its captions.")
        )


def _require_free(*paths: Path) -> None:
    """Return when none of the files is there: what a person has is not written over.

    Raises:
        BadInputError: one of them is.
    """
    for path in paths:
        if path.exists() or path.is_symlink():
            raise BadInputError(
                message("The file %(path)s is there already. Choose another name.", path=str(path))
            )


def _write_captions(
    shell: Shell, recording_id: UUID, span: Span, beside: Path, *, blurred: bool
) -> list[Path]:
    """Write what is said in the clip; return the file, if any."""
    with shell.database.read() as session:
        cues = leaving.captions_along(session, shell.store, recording_id, span, blurred=blurred)
    if not cues:
        return []
    write_bytes(beside, captions.write_vtt(cues).encode("utf-8"))
    return [beside]


def _confirm(shell: Shell) -> None:
    """Return when the person types that faces may leave.

    Raises:
        BadInputError: she typed something else.
    """
    shell.say(
        message(
            "The faces in this clip can be recognised. It leaves unblurred only with everyone's "
            "consent for that; that you took it out is put on file."
        ),
        error=True,
    )
    word = shell.spoken(message("unblurred"))
    asked = shell.spoken(message("Type «%(word)s» to go on", word=word))
    typed = click.prompt(asked, default="", show_default=False, err=True)
    if typed.strip().casefold() != word.casefold():
        raise BadInputError(message("Nothing was written."))


def _write_unblurred(shell: Shell, recording_id: UUID, span: Span, out: Path) -> None:
    with bar_for(shell) as bar:
        task = bar.add_task(shell.spoken(message("Cutting the clip")), total=span.length_ms)
        watch = Watch(on_time=lambda made_ms: bar.update(task, completed=made_ms))
        with _placed(out) as made:
            recipe = leaving.cut_unblurred(
                shell.database, shell.store, recording_id, span, made, watch=watch
            )
            _settle(made)
            with shell.database.write() as session:
                leaving.take_unblurred(session, recording_id, recipe, actor=shell.actor)


def _write_blurred(shell: Shell, recording_id: UUID, span: Span, out: Path) -> None:
    """Write the checked clip of `span`.

    Raises:
        ConflictError: nobody checked it yet; it is made then, and the sentence says where to look.
    """
    if not _take_checked(shell, recording_id, span, out):
        _, row = _blurred(shell, recording_id, span, None, None)
        if row.state is not BlurState.CHECKED or not _take_checked(shell, recording_id, span, out):
            raise ConflictError(_look_first(row))


def _take_checked(shell: Shell, recording_id: UUID, span: Span, out: Path) -> bool:
    with shell.database.read() as session:
        clip = leaving.checked(session, recording_id, span, actor=shell.actor)
    if clip is None:
        return False
    with _placed(out) as made:
        with shell.store.kept(clip.sha256).open() as content, made.open("wb") as copy:
            shutil.copyfileobj(content, copy)
        _settle(made)
        with shell.database.write() as session:
            leaving.take_blurred(session, clip, span, actor=shell.actor)
    return True


def _look_first(row: Blurring) -> Message:
    return message(
        "The blurred clip is made, but nobody has looked at it yet, so it does not leave. "
        "Start the program with «observe serve», open %(page)s, look at the clip and sign it; "
        "then give this command again.",
        page=review_page(row),
    )


def review_page(row: Blurring) -> str:
    """Return the address, within the program's pages, where a person looks at a blurred clip."""
    return f"/difuminados/{row.id}"


@contextmanager
def _placed(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to make it at; when the block ends well it takes its place.

    The block ends by putting on file that the clip leaves: killed anywhere, there is no clip of
    which nothing is known, only a file whose name ends in `.part`.

    Raises:
        BadInputError: the folder is not there or cannot be written to.
    """
    beside = target.absolute().with_name(f".{target.name}.part")
    try:
        beside.write_bytes(b"")  # whether it can be written at all shows before the work
        yield beside
        beside.replace(target)
    except OSError as error:
        raise BadInputError(
            message("The file %(path)s cannot be written there.", path=str(target))
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _settle(made: Path) -> None:
    with made.open("r+b") as file:
        settle(file)


def _span_facts(recording_id: UUID, span: Span) -> dict[str, object]:
    return {"recording": recording_id, "start_ms": span.start_ms, "end_ms": span.end_ms}


def _file_facts(path: Path) -> dict[str, object]:
    return {"file": str(path), "bytes": path.stat().st_size}


# --- blurring ------------------------------------------------------------------------------------


@verb(video, "blur", message("Blurs the faces of a moment; a person looks at it before it leaves."))
@click.argument("recording")
@click.argument("span")
@option(
    "--style",
    type=click.Choice([style.value for style in BlurStyle]),
    about=message("How faces are covered: mosaic if absent."),
)
@option(
    "--sound",
    type=click.Choice([sound.value for sound in BlurSound]),
    about=message("What happens to the voices: kept if absent."),
)
@option("-o", "--out", type=FILE, about=message("The file to write, once it is checked."))
def blur(  # the options of the command
    shell: Shell,
    *,
    recording: str,
    span: str,
    style: str | None,
    sound: str | None,
    out: Path | None,
) -> Answer:
    """Make a blurred clip and say where to look at it."""
    recording_id, moment = the_id(recording), parse_span(span)
    if out is not None:
        _require_free(out)
    wanted = BlurStyle(style) if style else None, BlurSound(sound) if sound else None
    made_now, row = _blurred(shell, recording_id, moment, *wanted)
    if out is not None and not _take_checked(shell, recording_id, moment, out):
        raise ConflictError(_look_first(row))
    facts = _span_facts(recording_id, moment) | {
        "blurring": row.id,
        "state": row.state,
        "style": row.style,
        "sound": row.sound,
        "review": review_page(row),
        "made_now": made_now,
    }
    lines: list[Words] = [STATES[row.state]]
    if row.state is BlurState.MADE:
        lines.append(message("Look at it and sign it here: %(page)s", page=review_page(row)))
    if out is not None:
        facts |= _file_facts(out)
        lines.append(message("Written: %(path)s", path=str(out)))
    return Answer(facts, lines)


def _blurred(
    shell: Shell,
    recording_id: UUID,
    span: Span,
    style: BlurStyle | None,
    sound: BlurSound | None,
) -> tuple[bool, Blurring]:
    """Return the blurred clip of `span`, made now (then True) or before."""
    with shell.database.write() as session:
        row = blur_operations.ask(
            session, recording_id, span, style=style, sound=sound, actor=shell.actor
        )
        job = blur_operations.job_of(session, row) if row.state is BlurState.ASKED else None
    if job is not None:
        wait_for(shell, job.id, blur_making.STEPS)
    with shell.database.read() as session:
        return job is not None, blur_operations.blurring_for(session, row.id, actor=shell.actor)


# --- captions ------------------------------------------------------------------------------------


@verb(video, "captions", message("Gives a recording its captions (SRT, WebVTT), or writes them."))
@click.argument("recording")
@click.argument("file", type=FILE, required=False)
@option("-o", "--out", type=FILE, about=message("The file to write them to, as WebVTT."))
def captions_(shell: Shell, *, recording: str, file: Path | None, out: Path | None) -> Answer:
    """Give captions, or tell and write those it has."""
    recording_id = the_id(recording)
    if file is not None:
        given = captions.read_captions(read_text(file))
        with shell.database.write() as session:
            captions.give(session, shell.store, recording_id, given, actor=shell.actor)
    with shell.database.read() as session:
        recording_for(session, recording_id, actor=shell.actor, action=Action.RECORDING_WATCH)
        cues = captions.cues_of(session, shell.store, recording_id)
    if out is not None:
        if not cues:
            raise ConflictError(message("This recording has no captions."))
        with shell.database.write() as session:
            captions.taken(session, recording_id, actor=shell.actor)
        write_bytes(out, captions.write_vtt(cues).encode("utf-8"))
    facts: dict[str, object] = {"recording": recording_id, "cues": len(cues)}
    if cues:
        facts |= {"start_ms": cues[0].start_ms, "end_ms": max(cue.end_ms for cue in cues)}
    if out is not None:
        facts |= _file_facts(out)
    lines: list[Words] = [message("Captions: %(count)s.", count=len(cues))]
    return Answer(facts, lines)
