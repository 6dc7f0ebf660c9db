"""Of several streams the lesson's own are taken; what is brighter than a screen is toned down."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, NotFoundError
from observe.people.models import AuditEntry
from observe.video import operations
from observe.video.media import graphs
from observe.video.media.graphs import Watch
from observe.video.media.probe import probe
from observe.video.models import Recording
from observe.video.operations import LessonDetails
from observe.video.store import Store
from tests.factories import Cast
from tests.films import X264, X265, Film

# --- several streams -----------------------------------------------------------------------------

LEVELS = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=4 " + " ".join(
    f"-f lavfi -i sine=frequency={pitch}:duration=4,volume={level}dB"
    for pitch, level in ((300, -50), (400, -3), (500, -30))
)


def test_of_several_sounds_the_loudest_is_heard(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac -disposition:a 0"
    measured = probe(film("three.mkv", maps, inputs=LEVELS))
    assert measured.audio_index == 2
    levels = [track.loudness_db for track in measured.audio_tracks]
    expected = [level - 21 for level in (-50, -3, -30)]  # the generator's sine has 1/8 of the scale
    assert levels == [pytest.approx(level, abs=1.5) for level in expected]
    assert not measured.plain_streams


def test_a_marked_sound_goes_before_a_louder_one(film: Film) -> None:
    marks = "-disposition:a:0 0 -disposition:a:1 0 -disposition:a:2 default"
    words = "-metadata:s:a:2 language=spa -metadata:s:a:2 title=Solapa"
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a libopus {marks} {words}"
    measured = probe(film("marked.mkv", maps, inputs=LEVELS))
    assert measured.audio_index == 3
    third = measured.audio_tracks[2]
    assert (third.default, third.language, third.title) == (True, "spa", "Solapa")
    assert [track.default for track in measured.audio_tracks] == [False, False, True]


def test_a_marked_sound_that_is_silent_gives_way(film: Film) -> None:
    sounds = "-f lavfi -i anullsrc -f lavfi -i sine=frequency=300:duration=2"
    inputs = f"-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 {sounds}"
    maps = f"-map 0 -map 1 -map 2 -t 2 {X264} -c:a aac -disposition:a:0 default -disposition:a:1 0"
    measured = probe(film("silent.mp4", maps, inputs=inputs))
    assert (measured.audio_index, measured.plan) == (2, "remux")


def test_of_equal_sounds_the_first_is_heard_and_plays_at_once(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 1 {X264} -c:a aac -disposition:a default"
    measured = probe(film("equal.mp4", maps))
    assert (measured.audio_index, measured.plan) == (1, "play")


def test_a_sound_asked_for_is_taken_where_it_is_there(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac"
    path = film("asked.mp4", maps, inputs=LEVELS)
    assert probe(path, audio_track=3).audio_index == 3
    assert probe(path, audio_track=3).plan == "remux"
    assert probe(path, audio_track=0).audio_index == probe(path).audio_index  # that is a picture
    assert probe(path, audio_track=60).audio_index == probe(path).audio_index


def test_what_is_heard_in_a_copy_is_the_sound_asked_for(film: Film, tmp_path: Path) -> None:
    path = film("asked.mp4", f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac", inputs=LEVELS)
    made = tmp_path / "made.mp4"
    graphs.encode(path, probe(path, audio_track=3), made, Watch())
    with av.open(str(made)) as container:
        assert len(container.streams.audio) == 1
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    samples = np.concatenate(frames)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * rate / len(samples) == pytest.approx(500, abs=3)


def test_covers_and_thumbnails_are_no_lesson(film: Film) -> None:
    large, small = (
        f"-f lavfi -i testsrc2=size={size}:rate=25:duration=2" for size in ("320x240", "96x72")
    )
    still = film("cover.png", "-frames:v 1", inputs=small)
    lesson_film = film("plain.mp4", f"{X264} -an", inputs=large)
    covered = film(
        "covered.mp4",
        "-map 1 -map 0 -c copy -disposition:v:0 attached_pic",
        inputs=f"-i {lesson_film} -i {still}",
    )
    thumbed = film(
        "thumbed.mkv",
        f"-map 1 -map 0 {X264} -disposition:v:0 default -an",
        inputs=f"{large} {small}",
    )
    for path in (covered, thumbed):
        measured = probe(path)
        assert (measured.width, measured.height, measured.duration_ms) == (320, 240, 2000)
        assert measured.video_index == 1 or path == covered
    unmarked = film(
        "unmarked.mkv",
        f"-map 1 -map 0 {X264} -disposition:v 0 -an",
        inputs=f"{large} -f lavfi -i testsrc2=size=200x150:rate=25:duration=2",
    )
    assert probe(unmarked).width == 320


def test_a_phones_many_streams_of_measures_are_no_bomb(film: Film, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHola\n")
    path = film(
        "measures.mkv",
        f"-map 0 -map 1 {'-map 2 ' * 12} {X264} -c:a aac -c:s srt",
        inputs="-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 "
        f"-f lavfi -i sine=duration=2 -i {words}",
    )
    assert probe(path).duration_ms == pytest.approx(2000, abs=30)
    nine = f"-map 0 {'-map 1 ' * 8} {X264} -c:a aac"
    with pytest.raises(BadInputError, match="far more than any camera"):
        probe(film("nine.mp4", nine))


def test_choosing_a_sound_prepares_the_lesson_anew_and_is_on_file(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("asked.mp4", f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac", inputs=LEVELS)
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
        first = operations.preparation_of(session, added)
        assert first is not None
        first.state = jobs.JobState.DONE
    for _ in range(2):  # asked twice, done once
        with database.write() as session:
            operations.choose_audio(session, added.id, 3, actor=cast.observer)
    with database.read() as session:
        recording = session.get_one(Recording, added.id)
        job = operations.preparation_of(session, recording)
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert job is not None
    assert (recording.audio_track, job.attempt, job.state) == (3, 2, jobs.JobState.WAITING)
    assert actions.count("recording.audio_chosen") == 1
    for actor in (*cast.outsiders, cast.educator, cast.utp_head):
        with database.write() as session, pytest.raises(NotFoundError):
            operations.choose_audio(session, added.id, 2, actor=actor)
    for wrong in (-1, 1000):
        with database.write() as session, pytest.raises(BadInputError):
            operations.choose_audio(session, added.id, wrong, actor=cast.observer)


def test_work_asked_for_again_stops_the_one_that_runs(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("a.mp4", f"{X264} -c:a aac")
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
        running = operations.preparation_of(session, added)
        assert running is not None
        running.state = jobs.JobState.RUNNING
    with database.write() as session:
        assert jobs.enqueue(session, running.kind, added.id) == running.id
        anew = jobs.enqueue(session, running.kind, added.id, again=True)
    with database.read() as session:
        assert session.get_one(jobs.Job, running.id).state is jobs.JobState.CANCELLED
        assert session.get_one(jobs.Job, anew).state is jobs.JobState.WAITING


# --- brighter than a screen ----------------------------------------------------------------------


def hdr_film(film: Film, curve: str) -> Path:
    tags = f"color_primaries=bt2020:color_trc={curve}:colorspace=bt2020nc:range=tv"
    options = f"{X265} -tag:v hvc1 -an"
    return film(f"{curve}.mov", f"-vf format=yuv420p10le,setparams={tags} {options}")


def luma(path: Path) -> float:
    """Return the mean brightness of the picture, 0 to 255."""
    with av.open(str(path)) as container:
        return float(
            np.mean([frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)])
        )


@pytest.mark.parametrize("curve", ["arib-std-b67", "smpte2084"])
def test_hdr_becomes_what_other_screens_show(film: Film, tmp_path: Path, curve: str) -> None:
    source, made = hdr_film(film, curve), tmp_path / "made.mp4"
    measured = probe(source)
    assert (measured.hdr, measured.plan) == (True, "encode")
    graphs.encode(source, measured, made, Watch())
    copy = probe(made)
    assert (copy.hdr, copy.plan, copy.duration_ms) == (False, "play", 2000)
    assert_bt709(made)
    assert 60 < luma(made) < 140


def assert_bt709(path: Path) -> None:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "yuv420p"
    assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (1, 1, 1)


def test_a_real_hdr_film_keeps_its_brightness(real_data: Path, tmp_path: Path) -> None:
    source, made = real_data / "videos" / "nasa_hevc_hdr.mp4", tmp_path / "made.mp4"
    measured = probe(source)
    assert measured.hdr
    graphs.encode(source, measured, made, Watch())
    assert_bt709(made)
    assert 0.6 < luma(made) / luma(source) < 1.6
