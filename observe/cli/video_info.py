"""`observe video info`: everything known of a recording, or of a file that is not added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from observe.cli.shell import Answer, Shell, Words, verb
from observe.cli.video import STATES, facts, video
from observe.errors import BadInputError
from observe.ids import parse_id
from observe.text import Message, message
from observe.video import captions, derived
from observe.video.blur.operations import blurrings_of
from observe.video.desk import Desk
from observe.video.media.probe import STEADY_START_MS, AudioTrack, Probe, probe
from observe.video.models import Recording, RecordingPart
from observe.video.operations import preparation_of, recording_for
from observe.video.preparing import prepare
from observe.video.timecode import format_time
from observe.video.timeline import timelines
from observe.video.timeline.voices import Shares, shares

Facts = dict[str, object]
Row = tuple[Words, Words]


@verb(video, "info", message("Tells all that is known of a recording, or of a file on disk."))
@click.argument("what")
def info(shell: Shell, *, what: str) -> Answer:
    """Tell everything; a file on disk is measured and nothing else."""
    recording_id = parse_id(what)
    if recording_id is None:
        return _answer(*_of_file(Path(what)))
    with shell.database.read() as session:
        return _answer(*_of_recording(session, shell, recording_id))


def _answer(found: Facts, rows: Iterable[Row]) -> Answer:
    return Answer(found, columns=(message("What"), message("Value")), rows=list(rows))


# --- a file --------------------------------------------------------------------------------------


def _of_file(path: Path) -> tuple[Facts, list[Row]]:
    if not path.is_file():
        raise BadInputError(
            message("There is no recording and no file called %(name)s.", name=str(path))
        )
    measured = probe(path)
    found: Facts = {"file": str(path), "size_bytes": path.stat().st_size}
    return found | _media_facts(measured), [*_media_rows(measured), *_plan_rows(measured)]


def _media_facts(measured: Probe) -> Facts:
    return {
        "format": measured.format,
        "duration_ms": measured.duration_ms,
        "start_offset_ms": measured.start_offset_ms,
        "rotation": measured.rotation,
        "vfr": measured.vfr,
        "interlaced": measured.interlaced,
        "hdr": measured.hdr,
        "width": measured.width,
        "height": measured.height,
        "frame_rate": measured.frame_rate,
        "video": {
            "index": measured.video_index,
            "codec": measured.video_codec,
            "pixels": measured.pixels,
        },
        "audio": measured.audio_index,
        "audio_tracks": [asdict(track) for track in measured.audio_tracks],
        "plan": measured.plan,
        "why": str(why(measured)),
    }


def _media_rows(measured: Probe) -> list[Row]:
    rate = message("variable rate") if measured.vfr else f"{measured.frame_rate:.3f}/s"
    rows: list[Row] = [
        (message("Length"), format_time(measured.duration_ms, millis=True)),
        (message("Container"), measured.format),
        (message("First frame at"), f"{measured.start_offset_ms} ms"),
        (message("Picture"), f"{measured.video_codec} {measured.pixels}"),
        (message("Size"), f"{measured.width} x {measured.height}"),
        (message("Frames"), rate),
        (message("Turned by"), f"{measured.rotation}°"),
    ]
    rows += [(message("Sound track"), _track(measured, track)) for track in measured.audio_tracks]
    return rows


def _plan_rows(measured: Probe) -> list[Row]:
    return [
        (message("For the browser"), PLANS[measured.plan]),
        (message("Why"), why(measured)),
    ]


def _whole_rows(row: Recording) -> list[Row]:
    """Return what only the row knows of a lesson of several files."""
    whole = format_time(row.duration_ms or 0, millis=True)
    return [
        (message("Length of all files"), whole),
        (message("For the browser"), message("all files joined in one copy")),
        (message("First file"), row.original_name),
    ]


def _track(measured: Probe, track: AudioTrack) -> str:
    """Return a sound track in one line; the one that is heard has an arrow."""
    level = "" if track.loudness_db is None else f"{track.loudness_db:.0f} dB"
    language = "" if track.language == "und" else track.language
    parts = (track.codec, f"{track.channels} ch", language, track.title, level)
    told = f"{track.index}: " + " · ".join(part for part in parts if part)
    return f"→ {told}" if track.index == measured.audio_index else told


PLANS: Final = {
    "play": message("played as it is"),
    "remux": message("same picture in another container"),
    "encode": message("encoded anew"),
}


def why(measured: Probe) -> Message:
    """Return why the browser needs what the plan says."""
    if measured.plan == "play":
        return message("Browsers play this container, picture and sound.")
    if measured.plan == "remux":
        return _why_moved(measured)
    if measured.hdr:
        return message("The picture is HDR, which would look washed out.")
    return message(
        "Browsers do not show %(codec)s with %(pixels)s from this container.",
        codec=measured.video_codec,
        pixels=measured.pixels,
    )


def _why_moved(measured: Probe) -> Message:
    if not measured.plain_streams:
        return message("Another stream than the file's first is the lesson's.")
    if abs(measured.start_offset_ms) > STEADY_START_MS:
        return message(
            "The first frame is at %(ms)s ms, which would shift the player's clock.",
            ms=measured.start_offset_ms,
        )
    return message("Browsers show the picture, but not from this container or with this sound.")


# --- a recording ---------------------------------------------------------------------------------


def _of_recording(session: Session, shell: Shell, recording_id: UUID) -> tuple[Facts, list[Row]]:
    row = recording_for(session, recording_id, actor=shell.actor)
    measured = _measured(session, shell, row)
    found, rows = facts(row), [_state_row(session, row)]
    if measured is not None:
        # What the row says holds: it is measured over what plays, and over all files of the lesson.
        found = _media_facts(measured) | found
        rows += _media_rows(measured)
        rows += _whole_rows(row) if row.parts else _plan_rows(measured)
    for told, more in (
        _parts(session, row),
        _heard_and_seen(session, shell, row),
        _captions(session, shell, row),
        _made(session, row),
    ):
        found |= told
        rows += more
    return found, rows


def _measured(session: Session, shell: Shell, row: Recording) -> Probe | None:
    file = derived.file_of(shell.store, row)
    if file is None or not file.exists():
        return None
    with Desk(shell.store) as desk:
        return probe(desk.path(file), audio_track=row.audio_track)


def _state_row(session: Session, row: Recording) -> Row:
    job = preparation_of(session, row)
    step = prepare.STEPS.get(job.step) if job is not None and not job.ended else None
    return message("State"), step or STATES[row.state]


def _parts(session: Session, row: Recording) -> tuple[Facts, list[Row]]:
    parts = derived.parts_of(session, row.id)
    told = [
        {
            "position": part.position,
            "name": part.original_name,
            "start_ms": part.start_ms,
            "duration_ms": part.duration_ms,
        }
        for part in parts
    ]
    rows: list[Row] = [(message("Further file"), _part(part)) for part in parts]
    return {"parts": told}, rows


def _part(part: RecordingPart) -> str:
    at = "" if part.start_ms is None else f"{format_time(part.start_ms, millis=True)} · "
    return f"{part.position}: {at}{part.original_name}"


def _heard_and_seen(session: Session, shell: Shell, row: Recording) -> tuple[Facts, list[Row]]:
    voices = timelines.voices_of(session, shell.store, row)
    activity = timelines.activity_of(session, shell.store, row)
    share = shares(voices) if voices is not None else None
    joints, damaged = (activity.joints_ms, activity.damaged) if activity else ((), ())
    told: Facts = {
        "voices": asdict(share) if share else None,
        "joints_ms": list(joints) if activity else None,
        "damaged": [[span.start_ms, span.end_ms] for span in damaged] if activity else None,
        "lost_ms": activity.lost_ms if activity else None,
        "suggested": [
            {"at_ms": each.at_ms, "reason": shell.spoken(each.reason)}
            for each in timelines.suggested(session, shell.store, row)
        ],
    }
    rows: list[Row] = []
    if share is not None:
        rows.append((message("Voices (a hint)"), _shares(share)))
    rows += [(message("Joint or scene change"), format_time(ms, millis=True)) for ms in joints]
    rows += [(message("Damaged"), str(span)) for span in damaged]
    if activity and activity.lost_ms:
        lost = format_time(activity.lost_ms, millis=True)
        rows.append((message("Missing at the end, by what the file says of itself"), lost))
    return told, rows


def _shares(share: Shares) -> Message:
    return message(
        "one voice %(one)s %%, several %(several)s %%, none %(none)s %%",
        one=round(100 * share.one),
        several=round(100 * share.several),
        none=round(100 * share.none),
    )


def _captions(session: Session, shell: Shell, row: Recording) -> tuple[Facts, list[Row]]:
    cues = captions.cues_of(session, shell.store, row.id)
    count = str(len(cues)) if cues else message("none")
    return {"captions": len(cues)}, [(message("Captions"), count)]


def _made(session: Session, row: Recording) -> tuple[Facts, list[Row]]:
    files = sorted(row.files, key=lambda file: file.id)
    told: Facts = {
        "files": [
            {
                "kind": file.kind,
                "recipe": file.recipe,
                "media_type": file.media_type,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
            }
            for file in files
        ],
        "blurrings": [
            {
                "blurring": each.id,
                "start_ms": each.start_ms,
                "end_ms": each.end_ms,
                "state": each.state,
            }
            for each in blurrings_of(session, row.id)
        ],
    }
    rows: list[Row] = [
        (message("Made from it"), f"{file.kind.value} · {file.recipe}") for file in files
    ]
    return told, rows
