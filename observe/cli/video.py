"""`observe video`: lessons in, their preparation, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe.cli.files import FILE
from observe.cli.program import noun
from observe.cli.progress import bar_for, wait_for
from observe.cli.shell import Answer, Shell, Words, the_day, the_id, verb
from observe.cli.words import option
from observe.errors import BadInputError
from observe.jobs import Job, JobState
from observe.people.access import Action
from observe.people.directory import school_for, user_for
from observe.people.models import Role, School, User
from observe.people.operations import class_group_for
from observe.text import message
from observe.video.models import Recording, RecordingState, Selection
from observe.video.operations import (
    LessonDetails,
    Received,
    add_received,
    check_details,
    choose_audio,
    confirm_consent,
    preparation_of,
    receive,
    recording_for,
    recordings_of,
    retry_preparation,
    sound_tracks,
)
from observe.video.preparing import prepare
from observe.video.timecode import format_time

video = noun("video", message("Videos: add, prepare, show, cut clips, blur, captions."))


@verb(
    video, "add", message("Adds a lesson: its file, or several in order; they are never altered.")
)
@click.argument("files", type=FILE, nargs=-1, required=True)
@option("--educator", required=True, about=message("The educator: reference, e-mail or id."))
@option("--class-group", required=True, about=message("The class group, like «1° B»."))
@option(
    "--date",
    "recorded_on",
    required=True,
    about=message("The day of the lesson, like 2026-05-10."),
)
@option("--subject", default="", about=message("The subject or learning core."))
@option(
    "--selection",
    type=click.Choice([choice.value for choice in Selection]),
    default=Selection.ASSIGNED.value,
    show_default=True,
    about=message("How this lesson was chosen."),
)
@option(
    "--consent",
    type=click.Choice(["confirmed"]),
    about=message("You state that every visible child and the educator agreed, on file."),
)
@option("--school", about=message("The school's RBD, when the educator works in several."))
@option("--wait", is_flag=True, about=message("Waits until everything is prepared."))
def add(shell: Shell, /, *, files: tuple[Path, ...], wait: bool, **told: str | None) -> Answer:
    """Add a lesson; codable within seconds, prepared in the background."""
    with shell.database.write() as session:
        details = _details(session, shell, told)
        check_details(session, details, actor=shell.actor)
    first, *more = _received(shell, files)  # it may copy for minutes: not in a transaction
    with shell.database.write() as session:
        recording = add_received(session, shell.store, first, details, actor=shell.actor, more=more)
        job = preparation_of(session, recording)
    if wait and job is not None:
        wait_for(shell, job.id, prepare.STEPS)
    return _told(shell, recording.id)


def _received(shell: Shell, files: Sequence[Path]) -> list[Received]:
    """Take all files in, or none."""
    received: list[Received] = []
    with bar_for(shell) as bar:
        task = bar.add_task("", total=len(files))
        try:
            for path in files:
                taking = message("Taking in %(name)s", name=path.name)
                bar.update(task, description=shell.spoken(taking))
                received.append(receive(shell.store, path, named=len(files) > 1))
                bar.advance(task)
        except BaseException:
            for each in received:
                shell.store.delete_incoming(each.name)
            raise
    return received


def _details(session: Session, shell: Shell, told: Mapping[str, str | None]) -> LessonDetails:
    """Return what the options tell of the lesson; the class group is made when it is new."""
    day = the_day(told["recorded_on"] or "")
    teacher = user_for(session, told["educator"] or "", actor=shell.actor)
    place = _school(session, shell, teacher, told["school"])
    name = told["class_group"] or ""
    group = class_group_for(session, place.id, name, day.year, actor=shell.actor)
    return LessonDetails(
        class_group_id=group.id,
        educator_id=teacher.id,
        subject=told["subject"] or "",
        recorded_on=day,
        selection=Selection(told["selection"] or ""),
        consent=told["consent"] is not None,
    )


def _school(session: Session, shell: Shell, educator: User, name: str | None) -> School:
    """Return the school named, else the one in which the educator works.

    Raises:
        BadInputError: she works in none or in several.
    """
    if name is not None:
        return school_for(session, name, actor=shell.actor)
    rows = (row for row in educator.memberships if row.role is Role.EDUCATOR)
    schools = [row.school for row in rows if row.school is not None]
    if len(schools) != 1:
        raise BadInputError(
            message(
                "This person is educator in %(count)s schools; name one with --school.",
                count=len(schools),
            )
        )
    return schools[0]


@verb(video, "list", message("Lists your recordings, the newest first."))
def list_(shell: Shell) -> Answer:
    """List recordings."""
    with shell.database.read() as session:
        found = recordings_of(session, actor=shell.actor)
        jobs = {row.id: preparation_of(session, row) for row in found}
    return Answer(
        facts={"videos": [facts(row) for row in found]},
        columns=(
            message("Id"),
            message("Day"),
            message("Class group"),
            message("Educator"),
            message("Length"),
            message("State"),
        ),
        rows=[_row(row, jobs[row.id]) for row in found],
    )


def _row(row: Recording, job: Job | None) -> tuple[Words, ...]:
    length = format_time(row.duration_ms) if row.duration_ms is not None else "–"
    state = STATES[row.state]
    if row.state is RecordingState.RECEIVED and job is not None and job.ended:
        state = message("preparation stopped")
    return (
        str(row.id),
        row.recorded_on.isoformat(),
        row.class_group.name,
        row.educator.name,
        length,
        message("%(state)s, without consent", state=state) if row.is_locked else state,
    )


STATES: Final = {
    RecordingState.RECEIVED: message("being prepared"),
    RecordingState.READY: message("ready"),
    RecordingState.REFUSED: message("refused"),
    RecordingState.LIVE: message("observed in the room"),
}


@verb(video, "show", message("Shows a recording and how its preparation goes."))
@click.argument("recording")
def show(shell: Shell, *, recording: str) -> Answer:
    """Show one recording."""
    return _told(shell, the_id(recording))


@verb(video, "consent", message("States that the consents for a recording are on file."))
@click.argument("recording")
def consent(shell: Shell, *, recording: str) -> Answer:
    """State consents: every visible child and the educator agreed, on file."""
    with shell.database.write() as session:
        confirm_consent(session, the_id(recording), actor=shell.actor)
    return _told(shell, the_id(recording))


@verb(video, "prepare", message("Waits until a recording is prepared; starts it where it stopped."))
@click.argument("recording")
@option("--again", is_flag=True, about=message("Also when it is done: makes what is missing."))
@option("--audio-track", type=int, about=message("The sound track to hear: a stream's number."))
def prepare_(shell: Shell, *, recording: str, again: bool, audio_track: int | None) -> Answer:
    """Wait for the preparation, telling its steps."""
    recording_id = the_id(recording)
    if audio_track is not None:
        known = sound_tracks(shell.database, shell.store, recording_id, actor=shell.actor)
        known.require(audio_track)
    with shell.database.write() as session:
        row = recording_for(
            session, recording_id, actor=shell.actor, action=Action.RECORDING_PREPARE
        )
        if audio_track is not None:
            choose_audio(session, recording_id, audio_track, actor=shell.actor)
        job = preparation_of(session, row)
        stopped = job is None or job.state in (JobState.FAILED, JobState.CANCELLED)
        if again or stopped:
            job_id = retry_preparation(session, recording_id, again=again, actor=shell.actor)
        else:
            job_id = job.id if job is not None else ""
    wait_for(shell, job_id, prepare.STEPS)
    return _told(shell, recording_id)


def _told(shell: Shell, recording_id: UUID) -> Answer:
    with shell.database.read() as session:
        row = recording_for(session, recording_id, actor=shell.actor)
        job = preparation_of(session, row)
    preparation = {"state": job.state, "step": job.step, "percent": job.percent} if job else None
    return Answer(
        facts(row) | {"preparation": preparation}, [" · ".join(map(shell.spoken, _row(row, job)))]
    )


def facts(row: Recording) -> dict[str, object]:
    """Return what scripts learn of a recording; times in milliseconds."""
    return {
        "recording": row.id,
        "sha256": row.sha256,
        "duration_ms": row.duration_ms,
        "state": row.state,
        "vfr": row.vfr,
        "rotation": row.rotation,
        "consent": row.has_consent,
        "recorded_on": row.recorded_on,
        "class_group": row.class_group.name,
        "school": row.class_group.school.rbd,
        "educator": row.educator_id,
        "observer": row.observer_id,
        "subject": row.subject,
        "selection": row.selection,
        "name": row.original_name,
        "size_bytes": row.size_bytes,
        "start_offset_ms": row.start_offset_ms,
        "width": row.width,
        "height": row.height,
    }
