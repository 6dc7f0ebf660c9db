"""Smaller clips: the same frames and sound and nothing else, from the clip that is shown alone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import UUID

import av
import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.errors import ConflictError
from observe.feedback import clip_files
from observe.feedback.models import Feedback, FocusKind
from observe.jobs import JobState, Work
from observe.settings import Settings
from observe.video import clips, light
from observe.video.clips import cut_clip
from observe.video.derived import Made, keep
from observe.video.media import graphs
from observe.video.media.probe import probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import DerivedFile, FileKind
from observe.video.store import Store
from observe.video.timecode import Span
from tests.database.test_video_clips import KINDS, numbers_in
from tests.factories import Cast
from tests.feedback_cases import filmed, published
from tests.numbered import belonging, numbered_video

SPAN = Span(2_500, 6_040)
TOGETHER = 15_000_000


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds of 720p in which nothing stands still: no encoder can make it small."""
    target = tmp_path_factory.mktemp("noisy") / "noisy.mp4"
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=10:duration=16"]
    command += ["-f", "lavfi", "-i", "anoisesrc=duration=16", "-vf", "noise=alls=60:allf=t"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "25", "-c:a", "aac"]
    subprocess.run([*command, str(target)], check=True, timeout=120)
    return target


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_the_frames_of_the_clip(tmp_path: Path, kind: str) -> None:
    lesson = numbered_video(tmp_path / kind, KINDS[kind])
    clip, small = tmp_path / "clip.mp4", tmp_path / "small.mp4"
    cut_clip(lesson, SPAN, clip)
    light.copy(clip, small)
    assert numbers_in(small) == numbers_in(clip) == belonging(KINDS[kind], SPAN)
    assert probe(small).duration_ms == pytest.approx(probe(clip).duration_ms, abs=60)
    assert probe(small).plan == "play"
    with av.open(str(small)) as container:
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}


def test_whatever_is_filmed_two_clips_stay_small(noisy: Path, tmp_path: Path) -> None:
    clip, small, span = tmp_path / "clip.mp4", tmp_path / "small.mp4", Span(0, 15_000)
    cut_clip(noisy, span, clip, quality=graphs.bounded(span.length_ms))
    assert 2 * clip.stat().st_size <= TOGETHER < 2 * noisy.stat().st_size
    light.copy(clip, small)
    bits = 8 * small.stat().st_size / 15
    assert bits <= 330_000
    assert (probe(small).width, probe(small).height) == (640, 360)


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    return published(database, home, store, cast, small_video)


def clip_of(database: Database, feedback_id: UUID) -> DerivedFile:
    with database.read() as session:
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
        clip = clip_files.file_of(session, focus, FileKind.CLIP)
    assert clip is not None
    return clip


def test_publishing_asks_for_them_and_the_worker_makes_them(
    database: Database, home: Settings, store: Store, feedback_id: UUID
) -> None:
    clip = clip_of(database, feedback_id)
    with database.read() as session:
        job = jobs.latest(session, light.KIND, clip.id)
    assert job is not None
    assert jobs.wait_for(home, job.id, lambda _job: None).state is JobState.DONE
    with database.read() as session:
        focus = session.get_one(Feedback, feedback_id).focus(FocusKind.STRENGTH)
        made = clip_files.light_of(session, focus)
    assert made is not None and made.kind is clip.kind
    assert store.blob(made.sha256).is_file()
    with database.write() as session:
        light.ask(session, clip)  # it is there: nothing more is asked
        asked = sa.select(sa.func.count()).where(jobs.Job.subject_id == clip.id)
        assert session.execute(asked).scalar_one() == 1


def test_it_is_made_of_what_is_shown_and_made_once(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    """Of a blurred clip it is a blurred one: kept as such, and named after its very bytes."""
    with database.write() as session:
        recording_id = filmed(session, store, cast, small_video).id
    shown = store.temporary(".mp4")
    cut_clip(small_video, Span(3_000, 18_000), shown)
    what = Made(recording_id, FileKind.BLURRED, "blurred-2 3000-18000 mosaic keep x y", "video/mp4")
    row_id = keep(database, store, shown, what)
    work = Work("x", home, database)
    first = light.make_light(work, row_id)
    assert light.make_light(work, row_id) == first
    with database.read() as session:
        clip, made = session.get_one(DerivedFile, row_id), session.get_one(DerivedFile, first)
        assert made.kind is FileKind.BLURRED
        assert made.recipe == f"light-1 3000-18000 of-{clip.sha256[:16]}"
        assert clips.find_clip(session, recording_id, Span(3_000, 18_000)) is None
    store.delete_blob(made.sha256)
    assert light.make_light(work, row_id) == first, "a lost one is made again"
    assert store.blob(made.sha256).is_file()


def test_one_that_cannot_be_made_is_not_tried_for_ever(
    database: Database, home: Settings, store: Store, feedback_id: UUID
) -> None:
    clip = clip_of(database, feedback_id)
    store.delete_blob(clip.sha256)
    with pytest.raises(ConflictError):
        light.make_light(Work("x", home, database), clip.id)
    for _opening in range(light.MOST_ATTEMPTS + 2):
        with database.write() as session:
            light.ask(session, clip)
            job = jobs.latest(session, light.KIND, clip.id)
            assert job is not None
            job.state, attempts = JobState.FAILED, job.attempt
    assert attempts == light.MOST_ATTEMPTS
