"""The copy that plays: made where browsers do not play the original, or where there are several.

Once there is something that plays, the recording can be coded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import structlog
from sqlalchemy.orm import Session

from observe.errors import BadInputError, NotFoundError, ObserveError
from observe.people import audit
from observe.text import message
from observe.video import derived
from observe.video.derived import Made
from observe.video.kept import KeptFile
from observe.video.media import graphs, tools
from observe.video.media.graphs import Sides
from observe.video.media.probe import Probe, probe
from observe.video.media.shapes import StripLayout, plan_strip
from observe.video.models import FileKind, Recording, RecordingPart, RecordingState
from observe.video.preparing import join
from observe.video.preparing.join import Joined, NotJoinedError, Part
from observe.video.preparing.preparation import Preparation, Progress

Way = Literal["remux", "encode", "join", "join_encoded", "mend"]
RECIPES: Final[dict[Way, str]] = {
    "remux": "remux-1",
    "encode": "h264-720p-2",
    "join": "join-1",
    "join_encoded": "join-720p-1",
    "mend": "mended-720p-1",
}
DRIFT_MS: Final = 100  # a copy in another container that differs by more is encoded anew
CUT_SHORT_MS: Final = 1_000  # a damaged end: the copy is shorter than the file declares

log = structlog.get_logger(__name__)


def make_playable(task: Preparation) -> str | None:
    """Make a copy that browsers play with the chosen sound, where there is none; codable then.

    Returns the sentence that refuses the video when its picture cannot be decoded.

    Raises:
        CancelledError: the person asked to stop. ObserveError: a retry may do it, because ffmpeg
            was ended by a signal or a limit, or what it read or made could not be measured.
        NotFoundError: a file was removed.
    """
    recording = task.recording()
    if recording.state is RecordingState.REFUSED:
        return recording.refusal
    try:
        if not _plays(task, recording):
            _make_copy(task)
    except _BrokenError as error:
        if recording.state is RecordingState.READY:  # it plays; only with this sound it does not
            raise BadInputError(_NOT_HEARD) from error
        return _BROKEN.source
    except tools.ToolError as error:
        log.warning("copy not made", code=error.code, told=error.told[-500:])
        raise ObserveError(_ENDED) from error
    _ready(task)
    return None


def _plays(task: Preparation, recording: Recording) -> bool:
    """Tell whether a file plays, with the sound that is chosen."""
    track = recording.audio_track
    with task.work.database.read() as session:
        copy = derived.newest(session, recording.id, FileKind.PROXY)
    source = _given(task, recording)
    if copy is not None and derived.track_of(copy.recipe) == track:
        return task.has(FileKind.PROXY, copy.recipe)
    if not recording.playable:
        return False
    if track is None:
        return True
    return probe(task.desk.path(source), audio_track=track).plan == "play"


class _BrokenError(Exception):
    """The decoder complained of the video, and nobody ended it; or a sound breaks the timeline."""


def _make_copy(task: Preparation) -> None:
    given, store = task.given(), task.store
    track, made = given[0].audio_track, store.temporary(".mp4")
    parts = _measured(task, given, track)
    progress = task.progress("proxy", sum(part.probe.duration_ms for part in parts))
    try:
        way = _write(task, parts, made, progress)
        recipe = derived.with_track(RECIPES[way], track)
        what = Made(task.recording_id, FileKind.PROXY, recipe, probe(made).media_type)
        derived.keep(task.work.database, store, made, what, tick=task.work.check_cancelled)
    finally:
        made.unlink(missing_ok=True)


def _measured(task: Preparation, given: Sequence[derived.Given], track: int | None) -> list[Part]:
    """Return the parts, all heard on the same microphone: the one chosen, else the first part's."""
    first, lasting = _path_of(task, given[0]), _settled(task)
    parts = [Part(first, probe(first, audio_track=track), lasting[0])]
    for each, lasts_ms in zip(given[1:], lasting[1:], strict=True):
        path = _path_of(task, each)
        parts.append(Part(path, _heard_alike(path, parts[0].probe), lasts_ms))
    return parts


def _settled(task: Preparation) -> list[int | None]:
    """Return how long each part lasts until the next one: what was marked is to keep its place.

    None for the last, and for all while nobody can have marked anything.
    """
    with task.work.database.read() as session:
        parts = derived.parts_of(session, task.recording_id)
    if task.recording().state is RecordingState.RECEIVED:
        return [None] * (1 + len(parts))
    starts = [0, *(part.start_ms or 0 for part in parts)]
    return [*(later - earlier for earlier, later in pairwise(starts)), None]


def _path_of(task: Preparation, given: derived.Given) -> Path:
    return task.desk.path(_given(task, given))


def _given(task: Preparation, given: derived.Given) -> KeptFile:
    file = derived.file_of(task.store, given)
    if file is None:
        raise NotFoundError(message("The file of this video is gone. Add the video again."))
    return file


def _heard_alike(path: Path, first: Probe) -> Probe:
    """Measure a part with the sound track in the place of the first part's, where it has one."""
    measured = probe(path, audio_track=first.audio_index)
    tracks = [track.index for track in first.audio_tracks]
    place = len(tracks) if first.audio_index is None else tracks.index(first.audio_index)
    if place >= len(measured.audio_tracks):
        return measured
    wanted = measured.audio_tracks[place].index
    return measured if wanted == measured.audio_index else probe(path, audio_track=wanted)


def _write(task: Preparation, parts: list[Part], made: Path, progress: Progress) -> Way:
    if len(parts) > 1:
        return _write_joined(task, parts, made, progress)
    source, measured = parts[0].path, parts[0].probe
    if measured.plan != "encode" and _remuxed(source, measured, made, progress):
        return "remux"
    _encode(task, source, measured, made, progress)
    return "encode"


def _encode(
    task: Preparation, source: Path, measured: Probe, made: Path, progress: Progress
) -> None:
    """Encode, and leave beside what the later steps read, so that nothing is decoded twice."""
    store, track = task.store, task.recording().audio_track
    layout = plan_strip(measured.duration_ms, measured.width, measured.height)
    sound, grey, strip = (store.temporary(f".{kind}") for kind in ("sound", "grey", "strip"))
    sides = Sides(sound, grey, strip, layout)
    try:
        with _complaints():
            graphs.encode(source, measured, made, progress.watch(), sides=sides)
        store.put_aside(sides.grey, store.side(task.recording_id, "grey"))
        store.put_aside(sides.strip, strip_side(task, layout))
        if measured.audio_index is not None:
            store.put_aside(sides.sound, sound_side(task, track))
    finally:
        for path in (sound, grey, strip):
            path.unlink(missing_ok=True)


def sound_side(task: Preparation, track: int | None) -> Path:
    """Return where an encoding leaves the bare sound of this track, if it did."""
    return task.store.side(task.recording_id, "sound" if track is None else f"sound{track}")


def strip_side(task: Preparation, layout: StripLayout) -> Path:
    """Return where an encoding leaves the film strip, if it did and planned this one."""
    return task.store.side(task.recording_id, f"strip{layout.count}")


@contextmanager
def _complaints() -> Iterator[None]:
    """Take a decoder's complaint as a refusal; an end by force says nothing of the file."""
    try:
        yield
    except tools.ToolError as error:
        if error.by_force:
            raise
        raise _BrokenError from error


def _remuxed(source: Path, measured: Probe, made: Path, progress: Progress) -> bool:
    """Tell whether the picture could go as it is into another container, on our clock."""
    try:
        graphs.remux(source, measured, made, progress.watch())
        copy = probe(made)
    except (tools.ToolError, BadInputError) as error:
        if isinstance(error, tools.ToolError) and error.by_force:
            raise
        log.info("remux failed", reason=str(error)[-200:])
        return False
    return copy.plan == "play" and abs(copy.duration_ms - measured.duration_ms) <= DRIFT_MS


def make_mended(task: Preparation) -> None:
    """Encode what plays, unless it is encoded: the frames of a damaged place are left standing.

    Where even that cannot be done, or would lose the rest, what there is stays: the player goes on
    behind the damage as well as the browser can.

    Raises:
        CancelledError: the person asked to stop. ObserveError: it was ended by a signal or limit.
    """
    shown, track = task.playing(), task.recording().audio_track
    if shown.keyed:
        return
    made, progress = task.store.temporary(".mp4"), task.progress("mend", shown.probe.duration_ms)
    try:
        graphs.encode(shown.path, shown.probe, made, progress.watch())
        copy = probe(made)
        if shown.probe.duration_ms - copy.duration_ms > CUT_SHORT_MS:
            log.warning("mended copy ends early", duration_ms=copy.duration_ms)
            return
        recipe = derived.with_track(RECIPES["mend"], track)
        what = Made(task.recording_id, FileKind.PROXY, recipe, copy.media_type)
        derived.keep(task.work.database, task.store, made, what, tick=task.work.check_cancelled)
    except tools.ToolError as error:
        log.warning("damaged video not mended", code=error.code, told=error.told[-500:])
        if error.by_force:
            raise ObserveError(_ENDED) from error
    finally:
        made.unlink(missing_ok=True)


# --- several files -------------------------------------------------------------------------------


def _write_joined(task: Preparation, parts: list[Part], made: Path, progress: Progress) -> Way:
    try:
        with _complaints():
            joined = join.join(parts, made, task.store, progress)
    except NotJoinedError as error:
        if parts[0].lasts_ms is None:
            raise
        raise _BrokenError from error  # only with this sound: with another one they were joined
    _set_places(task, joined)
    return "join" if joined.without_loss else "join_encoded"


def _set_places(task: Preparation, joined: Joined) -> None:
    """Write down where each part lies; a copy with another sound leaves the timeline as it is."""
    with task.work.database.write() as session:
        if session.get_one(Recording, task.recording_id).state is not RecordingState.RECEIVED:
            return
        rows: list[RecordingPart] = list(derived.parts_of(session, task.recording_id))
        places = zip(joined.starts_ms[1:], joined.lengths_ms[1:], strict=True)
        for row, (start_ms, length_ms) in zip(rows, places, strict=True):
            row.start_ms, row.duration_ms = start_ms, max(1, length_ms)


# --- ready ---------------------------------------------------------------------------------------


def _ready(task: Preparation) -> None:
    """Let it be coded, over the length that the kept copy really has."""
    if task.recording().state is not RecordingState.RECEIVED:
        return
    playable_ms, joined = task.playing().probe.duration_ms, len(task.given()) > 1
    with task.work.database.write() as session:
        row = session.get_one(Recording, task.recording_id)
        if row.state is RecordingState.RECEIVED:
            row.state = RecordingState.READY
            row.duration_ms = playable_ms if joined else _true_length(row.duration_ms, playable_ms)
            _audit_state(session, row)


def _true_length(declared_ms: int | None, playable_ms: int) -> int:
    """Return the declared length, except where the file declared more than can be read of it."""
    if declared_ms is None or declared_ms - playable_ms > CUT_SHORT_MS:
        return playable_ms
    return declared_ms


_BROKEN: Final = message(
    "This video is damaged: its picture cannot be read. Copy it again from the camera, "
    "or export it as MP4."
)
_ENDED: Final = message(
    "Making the copy for the browser was interrupted or took too long. Try again."
)
_NOT_HEARD: Final = message(
    "A copy with this sound could not be made. Choose another sound track of the video."
)


def refuse(task: Preparation, refusal: str) -> None:
    """Say that a recording cannot be used; doing it again changes nothing."""
    with task.work.database.write() as session:
        row = session.get_one(Recording, task.recording_id)
        if row.state is not RecordingState.REFUSED:
            row.state, row.refusal = RecordingState.REFUSED, refusal
            _audit_state(session, row)


def _audit_state(session: Session, row: Recording) -> None:
    audit.record(
        session,
        f"recording.{row.state.value}",
        actor_id=None,
        thing_kind="recording",
        thing_id=row.id,
    )
