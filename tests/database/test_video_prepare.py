"""Real files through the real worker: measured, kept, made playable, drawn."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import psutil
import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, NotFoundError
from observe.jobs import JobState, Work
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video import clips, derived, operations
from observe.video.media import graphs, shapes
from observe.video.media.probe import probe
from observe.video.media.tools import ToolError, ffmpeg_path
from observe.video.models import DerivedFile, FileKind, Recording, RecordingState, Upload
from observe.video.preparing import copies
from observe.video.preparing.copies import make_playable
from observe.video.preparing.preparation import Preparation
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import Cast, recording
from tests.films import run_ffmpeg
from tests.lessons import Lessons, encoded
from tests.numbered import belonging, number_in, numbered_video, steady

HOSTILE = [
    "child_broken.mp3",
    "child_zero.mp3",
    "fz_avi_new.avi",
    "fz_mp4_mozilla_0-timescale.mp4",
    "fz_mp4_mozilla_bug1079747.mp4",
    "fz_mp4_mozilla_id5_1.mp4",
    "fz_ogv_bogus.ogv",
    "fz_ogv_bug506094.ogv",
    "patt_etc_passwd.zip",
    "patt_read_passwd.avi",
    "patt_ssrf_ffmpeg.avi",
    "streamio_broken.mp4",
    "streamio_empty.flv",
]


def picture_size(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


# --- three real files ----------------------------------------------------------------------------


def test_a_turned_uneven_phone_video_is_codable_at_once_and_then_drawn(
    lessons: Lessons,
    real_data: Path,
) -> None:
    path = real_data / "videos" / "streamio_sideways_phone_rot.mov"
    added = lessons.add(path)
    assert added.state is RecordingState.READY
    assert (added.rotation, added.vfr, added.start_offset_ms) == (-90, True, 0)
    assert (added.width, added.height) == (480, 640)
    assert added.duration_ms == pytest.approx(1017, abs=1)
    recording, job = lessons.prepared(added)
    assert (job.state, job.reason) == (JobState.DONE, None)
    assert recording.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert recording.incoming is None
    files = lessons.made(recording)
    assert set(files) == {
        FileKind.POSTER,
        FileKind.STRIP,
        FileKind.WAVEFORM,
        FileKind.VOICES,
        FileKind.ACTIVITY,
    }
    assert picture_size(lessons.store.blob(files[FileKind.POSTER].sha256)) == (360, 480)
    lessons.assert_clean()


def test_an_avi_that_browsers_cannot_play_is_codable_once_its_copy_is_made(
    lessons: Lessons,
    real_data: Path,
) -> None:
    added = lessons.add(real_data / "videos" / "tc_mpeg4.avi")
    assert added.state is RecordingState.RECEIVED
    assert (added.duration_ms, added.rotation, added.vfr) == (1000, 0, False)
    recording, job = lessons.prepared(added)
    assert (job.state, recording.state) == (JobState.DONE, RecordingState.READY)
    playable = lessons.playable(recording)
    assert playable.media_type == "video/mp4"
    copy = probe(playable.file.plain)
    assert (copy.plan, copy.duration_ms, copy.start_offset_ms) == ("play", 1000, 0)
    assert FileKind.WAVEFORM not in lessons.made(recording)
    lessons.assert_clean()


@pytest.mark.parametrize(
    ("name", "duration_ms", "plan"),
    [
        ("intel_asl_school.mkv", 2_400, "remux"),
        ("mux_sintel-captions.ts", 10_000, "remux"),
        ("moz_amr.3gp", 4_933, "encode"),
        ("psd_delayed_start.mp4", 960, "encode"),
        ("nasa_hevc_hdr.mp4", 13_000, "encode"),
    ],
)
def test_any_cameras_file_becomes_playable_on_our_clock(
    lessons: Lessons,
    real_data: Path,
    name: str,
    duration_ms: int,
    plan: str,
) -> None:
    added = lessons.add(real_data / "videos" / name)
    assert added.playable is (plan == "play")
    recording, job = lessons.prepared(added)
    assert (job.state, recording.state) == (JobState.DONE, RecordingState.READY)
    assert recording.duration_ms == duration_ms
    playable = lessons.playable(recording)
    copy = probe(playable.file.plain)
    assert copy.plan == "play"
    assert copy.start_offset_ms == 0
    assert copy.duration_ms == pytest.approx(duration_ms, abs=100)
    lessons.assert_clean()


@pytest.mark.parametrize(
    ("name", "duration_ms", "vfr"),
    [
        ("intel_one_by_one_person_139s.mp4", 139_400, False),
        ("tc_vp9.webm", 1_000, False),
        ("nasa_speech_2video_2audio.mp4", 13_056, False),
        ("streamio_webcam_vfr.mov", 7_563, True),
        ("psd_testvideo.mp4", 24_023, False),
    ],
)
def test_what_browsers_play_is_measured_and_played_as_it_is(
    real_data: Path, name: str, duration_ms: int, *, vfr: bool
) -> None:
    measured = probe(real_data / "videos" / name)
    assert (measured.plan, measured.duration_ms, measured.vfr) == ("play", duration_ms, vfr)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_nothing(
    lessons: Lessons,
    real_data: Path,
    name: str,
) -> None:
    before = trail_length(lessons.database)
    with pytest.raises(BadInputError) as refused:
        lessons.add(real_data / "hostile" / name)
    assert_sentence(refused.value)
    assert_nothing_left(lessons, before)


def test_an_apostrophe_in_the_name_is_no_reason_to_refuse(
    lessons: Lessons,
    real_data: Path,
) -> None:
    path = real_data / "hostile" / "streamio_awesome'movie.mov"
    recording, job = lessons.prepared(lessons.add(path))
    assert (job.state, recording.state) == (JobState.DONE, RecordingState.READY)
    assert recording.original_name == "streamio_awesome'movie.mov"
    assert recording.vfr is True
    lessons.assert_clean()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="16000" height="16000"/>'
NEIGHBOUR = b"ffconcat version 1.0\nfile 'clase.mp4'\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("lista.mp4", NEIGHBOUR, "only a list"),
        ("lista.m3u8", b"#EXTM3U\n#EXTINF:1,\nclase.mp4\n", "only a list"),
        ("llamada.mp4", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\n", "only a list"),
        ("dibujo.mp4", SVG, "picture"),
        ("foto.mp4", b"\xff\xd8\xff\xe0" + bytes(500), "picture"),
        ("ceros.mp4", bytes(100_000), "damaged"),
        ("texto.avi", "¿qué es esto?".encode() * 100, "damaged"),
    ],
)
def test_what_is_made_to_look_like_a_video_is_refused(
    lessons: Lessons,
    small_video: Path,
    tmp_path: Path,
    name: str,
    content: bytes,
    says: str,
) -> None:
    (tmp_path / "clase.mp4").write_bytes(small_video.read_bytes())
    (tmp_path / name).write_bytes(content)
    before = trail_length(lessons.database)
    with pytest.raises(BadInputError, match=says) as refused:
        lessons.add(tmp_path / name)
    assert_sentence(refused.value)
    assert_nothing_left(lessons, before)


def trail_length(database: Database) -> int:
    with database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0


def assert_sentence(error: BadInputError) -> None:
    spanish, english = (error.message.in_language(locale) for locale in ("es_CL", "en"))
    assert spanish != english
    assert spanish.endswith(".")
    assert "/" not in spanish


def assert_nothing_left(lessons: Lessons, trail: int) -> None:
    with lessons.database.read() as session:
        for table in (Recording, DerivedFile, Upload, jobs.Job):
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
    assert trail_length(lessons.database) == trail
    assert [path for path in lessons.store.root.rglob("*") if path.is_file()] == []


CENC = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32]
CENC += ["-encryption_kid", "1" * 32]
BOMBS = {
    "too many pixels": (["color=size=8000x6000:duration=0.1:rate=10", "a.mp4"], "far more"),
    "too many frames": (["color=size=64x64:duration=1:rate=500", "a.mkv"], "far more"),
    "too long": (["color=size=64x64:duration=22000:rate=0.01", "a.mkv"], "six hours"),
    "encrypted": (["color=size=64x64:duration=1", *CENC, "a.mp4"], "protected"),
    "too many streams": (["color=size=64x64:duration=1", *["-map", "0:v"] * 9, "a.mkv"], "far"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_no_camera_makes_is_refused(
    lessons: Lessons,
    tmp_path: Path,
    kind: str,
) -> None:
    (graph, *options), says = BOMBS[kind]
    options[-1] = str(tmp_path / options[-1])
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", graph, *options]
    subprocess.run(command, check=True, timeout=60)
    before = trail_length(lessons.database)
    with pytest.raises(BadInputError, match=says):
        lessons.add(Path(options[-1]))
    assert_nothing_left(lessons, before)


# --- damaged files -------------------------------------------------------------------------------


def test_a_video_cut_short_keeps_what_is_in_it(lessons: Lessons, tmp_path: Path) -> None:
    whole = encoded(tmp_path / "a.mp4", "-movflags", "+faststart", "-g", "25")
    (tmp_path / "b.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    recording = lessons.add(tmp_path / "b.mp4")
    assert recording.duration_ms is not None
    assert 2_000 < recording.duration_ms < 5_500


def test_a_video_whose_picture_cannot_be_decoded_is_refused_and_its_file_kept(
    lessons: Lessons,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def complain(*_arguments: object, **_options: object) -> None:
        raise ToolError(183, "Invalid data found when processing input")

    monkeypatch.setattr(graphs, "encode", complain)
    path = encoded(tmp_path / "a.avi", "-c:v", "mpeg4")
    recording, job = lessons.prepared(lessons.add(path))
    assert (recording.state, job.state) == (RecordingState.REFUSED, JobState.FAILED)
    assert recording.refusal == job.reason
    assert [file.name for file in lessons.store.blobs()] == [recording.sha256]
    lessons.assert_clean()


def test_a_file_that_cannot_be_measured_any_more_fails_the_job_and_stays(
    lessons: Lessons,
    tmp_path: Path,
) -> None:
    path = encoded(tmp_path / "a.avi", "-c:v", "mpeg4")
    added = lessons.add(path)
    assert added.incoming is not None
    lessons.store.incoming(added.incoming).write_bytes(bytes(added.size_bytes))
    recording, job = lessons.prepared(added)
    assert (recording.state, job.state) == (RecordingState.RECEIVED, JobState.FAILED)
    assert len(list(lessons.store.blobs())) == 1
    assert path.read_bytes() != bytes(added.size_bytes)


def test_an_ended_ffmpeg_fails_the_job_and_a_retry_does_it(
    lessons: Lessons,
    tmp_path: Path,
) -> None:
    path = encoded(tmp_path / "a.avi", "-c:v", "mpeg4", seconds=120)
    added = lessons.add(path)
    ending = threading.Thread(target=end_ffmpeg, args=[lessons.store])
    ending.start()
    recording, job = lessons.prepared(added)
    ending.join()
    assert (recording.state, job.state) == (RecordingState.RECEIVED, JobState.FAILED)
    assert job.reason is not None
    assert "interrupted" in job.reason
    assert [file.name for file in lessons.store.blobs()] == [recording.sha256]
    with lessons.database.write() as session:
        operations.retry_preparation(session, added.id, actor=lessons.cast.observer)
    recording, job = lessons.prepared(added)
    assert (recording.state, job.state) == (RecordingState.READY, JobState.DONE)
    lessons.assert_clean()


def end_ffmpeg(store: Store) -> None:
    """End, as the system does when it shuts down, the ffmpeg that works for this lessons.store."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                command = child.cmdline()
                encoding = "-nostdin" in command and any(str(store.root) in it for it in command)
                if encoding and command[0] == ffmpeg_path():
                    time.sleep(0.3)  # it has to be reading by then
                    child.terminate()
                    return
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("error", "by_force"),
    [
        (ToolError(-15, ""), True),
        (ToolError(255, "Exiting normally, received signal 15."), True),
        (ToolError(244, "Error: Cannot allocate memory"), True),
        (ToolError(-9, "", too_long=True), True),
        (ToolError(183, "Invalid data found when processing input"), False),
    ],
)
def test_an_end_by_force_is_told_from_a_complaint(error: ToolError, *, by_force: bool) -> None:
    assert error.by_force is by_force


# --- what is drawn -------------------------------------------------------------------------------


def test_strip_and_waveform_say_what_they_hold(
    lessons: Lessons,
    small_video: Path,
) -> None:
    recording, _job = lessons.prepared(lessons.add(small_video))
    files = lessons.made(recording)
    layout = shapes.strip_layout(files[FileKind.STRIP].recipe)
    assert (layout.count, layout.interval_ms) == (30, 1000)
    sheet = picture_size(lessons.store.blob(files[FileKind.STRIP].sha256))
    assert sheet == (layout.width * layout.columns, layout.height * 2)
    peaks = lessons.store.blob(files[FileKind.WAVEFORM].sha256).read_bytes()
    assert len(peaks) == pytest.approx(30 * 20, abs=3)
    assert min(peaks[5:-5]) > 10


# --- cancel and retry ----------------------------------------------------------------------------


def test_cancelled_preparation_can_be_asked_for_again(
    lessons: Lessons,
    small_video: Path,
) -> None:
    added = lessons.add(small_video)
    with lessons.database.write() as session:
        operations.cancel_preparation(session, added.id, actor=lessons.cast.observer)
    recording, job = lessons.prepared(added)
    assert job.state is JobState.CANCELLED
    assert lessons.made(recording) == {}
    with lessons.database.write() as session:
        operations.retry_preparation(session, added.id, actor=lessons.cast.observer)
    recording, job = lessons.prepared(added)
    assert job.state is JobState.DONE
    assert FileKind.STRIP in lessons.made(recording)


def test_the_recipe_of_a_strip_reads_back() -> None:
    layout = shapes.plan_strip(2_700_000, 1080, 1920)
    assert shapes.strip_layout(layout.recipe) == layout
    assert json.loads(json.dumps(layout.moments(2_700_000)))[-1] < 2_700_000


def test_what_was_removed_is_told_and_not_tried_again(
    database: Database, home: Settings, cast: Cast
) -> None:
    with database.write() as session:
        row = recording(session, cast)
        row.sha256 = row.incoming = None
    for playable in (True, False):
        with database.write() as session:
            session.get_one(Recording, row.id).playable = playable
        task = Preparation.of(Work("x", home, database), row.id)
        with pytest.raises(NotFoundError, match="gone"):
            copies.make_playable(task)


def test_what_plays_and_is_damaged_gets_a_copy_that_plays_to_the_end(
    lessons: Lessons, tmp_path: Path
) -> None:
    whole = tmp_path / "clase.mp4"
    film = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=12 -f lavfi -i sine=duration=12"
    run_ffmpeg(*f"{film} -c:v libx264 -preset ultrafast -g 25 -b:v 2M -c:a aac".split(), whole)
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = bytes(60_000)
    whole.write_bytes(content)
    recording, job = lessons.prepared(lessons.add(whole))
    assert (job.state, recording.state) == (JobState.DONE, RecordingState.READY)
    played = lessons.task(recording).playing()
    assert played.keyed
    assert played.probe.duration_ms == pytest.approx(12_000, abs=60)
    assert recording.duration_ms == pytest.approx(12_000, abs=60)
    with av.open(str(played.path)) as container:
        assert sum(1 for _frame in container.decode(video=0)) == pytest.approx(300, abs=2)
    with lessons.database.read() as session:
        kept = derived.source_for_clips(session, lessons.store, recording.id)
    assert kept.read_bytes() == bytes(content), "clips come from the camera's own file"
    assert make_playable(lessons.task(recording)) is None
    assert lessons.task(recording).playing().path == played.path, "once, and it stays"
    lessons.assert_clean()


def test_an_avi_with_frames_out_of_order_is_cut_from_its_copy(
    lessons: Lessons, tmp_path: Path
) -> None:
    times, span = steady(250, Fraction(25)), Span(2_520, 5_000)
    plain, camera = numbered_video(tmp_path / "plain.mp4", times), tmp_path / "camara.avi"
    options = "-c:v libx264 -preset ultrafast -bf 3 -crf 8 -an"
    run_ffmpeg("-i", plain, *options.split(), camera)
    added = lessons.add(camera)
    work = Work("x", lessons.home, lessons.database)
    with pytest.raises(FileNotFoundError):
        clips.make_clip(work, added.id, span)
    recording, job = lessons.prepared(added)
    assert job.state is JobState.DONE
    clip_id = clips.make_clip(work, recording.id, span)
    with lessons.database.read() as session:
        clip = lessons.store.blob(session.get_one(DerivedFile, clip_id).sha256)
    with av.open(str(clip)) as container:
        shown = [number_in(frame) for frame in container.decode(video=0)]
    assert shown == belonging(times, span)
