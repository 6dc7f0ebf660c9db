"""Captions: read (SubRip, WebVTT), written, cut with a clip, given by a person or found in a file.

Times are milliseconds of the lesson's timeline. The text of a cue is plain: no tags, no entities.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from observe.db import files_come
from observe.errors import BadInputError, ConflictError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Action, Actor
from observe.text import message
from observe.video.media import tools
from observe.video.media.probe import Probe
from observe.video.models import NO_FILM, DerivedFile, FileKind, Recording
from observe.video.store import Store
from observe.video.timecode import Span, format_time

MEDIA_TYPE: Final = "text/vtt"
EMBEDDED_RECIPE: Final = "embedded-1"
GIVEN: Final = "given-"  # begins the recipe of captions that a person gave
LONGEST: Final = 4 * 1024**2  # characters: ten times a long film's
MOST_CUES: Final = 50_000  # of a file: three a second for more than four hours
MOST_LINES: Final = 100  # of a cue: what nobody can read while it is shown
MOST_CHARACTERS: Final = 10_000  # of a cue
_READER: Final = Path(__file__).with_name("captioning.py")
_READING: Final = tools.Limits(
    wall_seconds=60, cpu_seconds=40, memory_bytes=2 * tools.GIB, output_bytes=0
)
_STOP_BYTES: Final = 5 * LONGEST  # too long, whatever the letters: no limit needs to end ffmpeg

log = structlog.get_logger(__name__)


@dataclass(frozen=True, order=True)
class Cue:
    """Words shown from `start_ms` up to but without `end_ms`."""

    start_ms: int
    end_ms: int
    text: str


# --- reading -------------------------------------------------------------------------------------

# Two dialects: WebVTT is read as its reference reader does, SubRip with the dirt that it comes in.
_VTT_TIME: Final = r"(\d{1,6}):(\d{2})(?::(\d{2}))?\.(\d{3})"
_SRT_TIME: Final = r"(\d{1,6}):(\d{1,2})(?::(\d{1,2}))?(?:[,.](\d{1,3}))?"
_VTT: Final = re.compile(rf"\s*{_VTT_TIME}\s*-->\s*{_VTT_TIME}", re.ASCII)
_SRT: Final = re.compile(rf"\s*{_SRT_TIME}\s*-->\s*{_SRT_TIME}", re.ASCII)
_SIGNATURE: Final = re.compile(r"WEBVTT(?:[ \t].*)?")
_NOT_SHOWN: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s.*)?")
_TAG: Final = re.compile(r"<(?:/?[A-Za-z][^<>]*|\d[\d:.]*|/)>")
_NO_CAPTIONS: Final = message("These are no captions. Give a file in SRT or WebVTT.")
_SRT_STYLE: Final = re.compile(r"\{\\[^{}]*\}")


def read_captions(text: str) -> tuple[Cue, ...]:
    r"""Return the cues of a SubRip or WebVTT text, in order of time; those that show nothing go.

    >>> read_captions("1\n00:00:01,5 --> 00:00:02,000\n<i>Hola</i>")
    (Cue(start_ms=1500, end_ms=2000, text='Hola'),)

    Raises:
        BadInputError: it is neither of the two, or far more than captions of a lesson are.
    """
    if len(text) > LONGEST:
        raise _too_long()
    lines = _lines(text.removeprefix("\ufeff"))
    if lines and _SIGNATURE.fullmatch(lines[0]):
        return _cues(_after_header(lines), _VTT)
    first = next((line for line in lines if line.strip()), "")
    if not (first.strip().isdecimal() or _SRT.match(first)):
        raise BadInputError(_NO_CAPTIONS)
    return _cues([_SRT_STYLE.sub("", line) for line in lines], _SRT)


def _lines(text: str) -> list[str]:
    clean = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    return clean.split("\n")


def _after_header(lines: list[str]) -> list[str]:
    blank = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    return lines[blank:]


@dataclass
class _Block:
    """What is read between two blank lines: a cue once its times are known."""

    span: tuple[int, int] | None = None
    silent: bool = False  # a comment, a style, or times that cannot be read
    lines: list[str] = field(default_factory=list)

    def cue(self) -> Cue | None:
        shown = plain("\n".join(self.lines))
        if self.span is None or self.silent or not shown or self.span[0] >= self.span[1]:
            return None
        if len(shown) > MOST_CHARACTERS:
            raise _cue_too_long(self.span[0])
        return Cue(*self.span, shown)


def _cues(lines: Sequence[str], times: re.Pattern[str]) -> tuple[Cue, ...]:
    found: list[Cue] = []
    block = _Block()
    for line in [*lines, ""]:
        following = _following(block, line, times)
        if following is not block and (cue := block.cue()) is not None:
            found.append(cue)
        if len(found) > MOST_CUES:
            raise _too_long()
        block = following
    return tuple(sorted(found))


def _following(block: _Block, line: str, times: re.Pattern[str]) -> _Block:
    """Return the block to which `line` belongs, with it: the same one or one that begins there."""
    if not line.strip():
        return _Block()
    if block.silent:
        return block
    if "-->" in line:
        _drop_number(block, times)
        span = _span(times.match(line))
        return _Block(span, silent=span is None)
    if block.span is None:
        block.silent = times is _VTT and _NOT_SHOWN.fullmatch(line) is not None
    elif len(block.lines) == MOST_LINES:
        raise _cue_too_long(block.span[0])
    else:
        block.lines.append(line)
    return block


def _too_long() -> BadInputError:
    return BadInputError(message("This file is far too long for captions of a lesson."))


def _cue_too_long(start_ms: int) -> BadInputError:
    return BadInputError(
        message(
            "The caption at %(time)s is too long to be read: a blank line may be missing there.",
            time=format_time(start_ms),
        )
    )


def _drop_number(block: _Block, times: re.Pattern[str]) -> None:
    """Forget the next cue's number where a SubRip lacks the blank line before it."""
    if times is _SRT and block.lines and block.lines[-1].strip().isdecimal():
        block.lines.pop()


def _span(found: re.Match[str] | None) -> tuple[int, int] | None:
    if found is None:
        return None
    parts = found.groups()
    start, end = (_ms(parts[at : at + 4], srt=found.re is _SRT) for at in (0, 4))
    return None if start is None or end is None else (start, end)


def _ms(parts: Sequence[str | None], *, srt: bool) -> int | None:
    """Return the time of `a:b:c.fraction` or `a:b.fraction`, or None when it is none."""
    first, second = int(parts[0] or 0), int(parts[1] or 0)
    if parts[2] is not None:
        hours, minutes, seconds = first, second, int(parts[2])
    elif first > 59 and not srt:
        hours, minutes, seconds = first, second, 0  # as the reference reader of WebVTT does
    else:
        hours, minutes, seconds = *divmod(first, 60), second
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((parts[3] or "0").ljust(3, "0"))


def plain(text: str) -> str:
    """Return the words of a cue alone: no tags, no entities, no blank lines.

    >>> plain("<v Ana>Sí &amp; no</v>")
    'Sí & no'
    """
    lines = _lines(html.unescape(_TAG.sub("", text)))
    return "\n".join(line.strip() for line in lines if line.strip())


# --- writing and cutting -------------------------------------------------------------------------


def write_vtt(cues: Sequence[Cue]) -> str:
    r"""Return the cues as WebVTT; what reads back is the same cues, their texts as `plain`.

    >>> write_vtt([Cue(0, 1_500, "1 < 2")])
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n1 &lt; 2\n'
    """
    return "\n".join(["WEBVTT\n", *(_written(cue) for cue in cues)])


def _written(cue: Cue) -> str:
    start, end = (format_time(ms, millis=True) for ms in (cue.start_ms, cue.end_ms))
    text = "\n".join(line.strip() for line in _lines(cue.text) if line.strip())
    return f"{start} --> {end}\n{html.escape(text, quote=False)}\n"


def cut(cues: Sequence[Cue], span: Span) -> tuple[Cue, ...]:
    """Return what is shown within `span`, clipped to it, with the span's start as 0.

    >>> cut([Cue(500, 2_000, "a"), Cue(3_000, 4_000, "b")], Span(1_000, 3_000))
    (Cue(start_ms=0, end_ms=1000, text='a'),)
    """
    inside = (cue for cue in cues if cue.start_ms < span.end_ms and cue.end_ms > span.start_ms)
    return tuple(
        replace(
            cue,
            start_ms=max(cue.start_ms, span.start_ms) - span.start_ms,
            end_ms=min(cue.end_ms, span.end_ms) - span.start_ms,
        )
        for cue in inside
    )


def shifted(cues: Sequence[Cue], by_ms: int, duration_ms: int) -> tuple[Cue, ...]:
    """Return the cues moved by `by_ms`, and of them what lies between 0 and `duration_ms`."""
    moved = [replace(cue, start_ms=cue.start_ms + by_ms, end_ms=cue.end_ms + by_ms) for cue in cues]
    return cut(moved, Span(0, duration_ms))


# --- found in the file ---------------------------------------------------------------------------


def extract(source: Path, probe: Probe, target: Path, tick: tools.Tick | None) -> bool:
    """Write the text captions inside `source` to `target` as WebVTT, on our timeline.

    The track marked as default goes first; one that says nothing or cannot be read is passed over.
    Returns whether there are any.

    Raises:
        ObserveError: the reading was interrupted.
        OSError: the disk is full. Exception: whatever `tick` raised.
    """
    tracks: list[int] = []
    with _passing_over():
        tracks = _text_tracks(source, tick)
    for index in tracks:
        with _passing_over():
            found = read_captions(_written_by_ffmpeg(source, index, probe, target, tick))
            if cues := shifted(found, -probe.start_offset_ms, probe.duration_ms):
                target.write_text(write_vtt(cues), encoding="utf-8", newline="\n")
                return True
    target.unlink(missing_ok=True)
    return False


@contextmanager
def _passing_over() -> Iterator[None]:
    """Pass over what cannot be read; an end by force says nothing of that, and is raised."""
    try:
        yield
    except tools.ToolError as error:
        refused = tools.refusal(error, _NO_CAPTIONS)
        if not isinstance(refused, BadInputError):
            raise refused from error
    except BadInputError as error:
        log.warning("captions not read", reason=str(error))


def _text_tracks(source: Path, tick: tools.Tick | None) -> list[int]:
    """Return the streams that are captions in text, the one marked as default first."""
    question: dict[str, Any] = {"path": str(source), "options": tools.reading_options()}
    answer = tools.run_reader(_READER, question, _READING, tick=tick)
    tracks = sorted(answer["tracks"], key=lambda track: (not track["default"], track["index"]))
    return [track["index"] for track in tracks]


def _written_by_ffmpeg(
    source: Path, index: int, probe: Probe, target: Path, tick: tools.Tick | None
) -> str:
    stream = tools.source(source)[str(index)]
    graph = tools.target([stream], target, **{"c:s": "webvtt", "f": "webvtt", "fs": _STOP_BYTES})
    seconds = probe.duration_ms / 1000
    limits = tools.Limits(
        wall_seconds=120 + seconds, cpu_seconds=int(120 + seconds), output_bytes=2 * _STOP_BYTES
    )
    tools.run_ffmpeg(graph, limits, tick=tick)
    return target.read_text(encoding="utf-8", errors="replace")


# --- given by a person ---------------------------------------------------------------------------


def give(
    session: Session, store: Store, recording_id: UUID, cues: tuple[Cue, ...], *, actor: Actor
) -> DerivedFile:
    """Keep `cues` as the captions of this recording; those it had stay, but are not shown.

    They are read (`read_captions`) before the transaction: meanwhile nobody else could write.

    Raises:
        NotFoundError, NotAllowedError: it is not hers.
        BadInputError: they say nothing within the lesson. ConflictError: it has no film.
    """
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise access.not_found()
    access.require(actor, Action.RECORDING_PREPARE, recording.as_thing())
    if recording.is_live:
        raise ConflictError(NO_FILM)
    written = write_vtt(_within(cues, recording))
    files_come(session)
    made = store.temporary(".vtt")
    made.write_text(written, encoding="utf-8", newline="\n")
    # It stays marked as in flight until the worker's next start, which asks the database: so it
    # goes when this transaction fails, and stays when it is committed.
    blob = store.put(made)
    kept = chosen(session, recording_id)
    if kept is not None and kept.sha256 == blob.sha256:
        return kept
    row = DerivedFile(
        id=new_id(),
        recording_id=recording_id,
        kind=FileKind.CAPTIONS,
        recipe=f"{GIVEN}{new_id().hex}",
        sha256=blob.sha256,
        media_type=MEDIA_TYPE,
        size_bytes=blob.size_bytes,
    )
    session.add(row)
    audit.record(
        session,
        "recording.captions_given",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording_id,
        sha256=blob.sha256,
    )
    session.flush()
    return row


def taken(session: Session, recording_id: UUID, *, actor: Actor) -> None:
    """Put on file that `actor` took away what is said in the lesson, as a file."""
    audit.record(
        session,
        "recording.captions_taken",
        actor_id=actor.user_id,
        thing_kind="recording",
        thing_id=recording_id,
    )


def _within(cues: tuple[Cue, ...], recording: Recording) -> tuple[Cue, ...]:
    inside = cues
    if recording.duration_ms is not None:
        inside = cut(cues, Span(0, recording.duration_ms))
    if not inside:
        raise BadInputError(
            message("These captions say nothing within this lesson. Check that they are its own.")
        )
    return inside


def chosen(session: Session, recording_id: UUID, at: datetime | None = None) -> DerivedFile | None:
    """Return the captions to show: those given last, else those found in the file, or None.

    `at`: those that were to be shown then.
    """
    given = DerivedFile.recipe.startswith(GIVEN, autoescape=True)
    there = sa.true() if at is None else DerivedFile.created_at <= at
    return session.scalars(
        sa.select(DerivedFile)
        .where(DerivedFile.recording_id == recording_id, DerivedFile.kind == FileKind.CAPTIONS)
        .where(there)
        .order_by(given.desc(), DerivedFile.id.desc())
        .limit(1)
    ).first()


def cues_of(session: Session, store: Store, recording_id: UUID) -> tuple[Cue, ...]:
    """Return the cues of this recording; none when it has no captions."""
    kept = chosen(session, recording_id)
    if kept is None:
        return ()
    return read_captions(store.kept(kept.sha256).read_text())
