"""Clips: exactly the marked frames and sound, read back from numbers drawn in every frame."""

from __future__ import annotations

import shutil
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray
from structlog.testing import capture_logs

from observe.db import Database
from observe.errors import BadInputError
from observe.jobs import Work
from observe.settings import Settings
from observe.text import message
from observe.video import captions, clips, derived
from observe.video.clips import cut_clip
from observe.video.media import graphs
from observe.video.media.graphs import Watch
from observe.video.media.probe import probe
from observe.video.media.tools import ToolError, ffmpeg_path, refusal
from observe.video.models import DerivedFile, FileKind, Recording, RecordingPart
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import Cast
from tests.feedback_cases import filmed
from tests.numbered import (
    HEIGHT,
    WIDTH,
    belonging,
    number_in,
    numbered_video,
    standing,
    steady,
    turned,
    uneven,
)


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of all frames in the file, also of those that players would not show.

    Read twice: every packet of the container, and the bare stream as if there were no container.
    Not one byte of the file's media is outside of the packets.
    """
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        packets = [packet for packet in container.demux() if packet.size]
        assert not any(packet.is_discard for packet in packets)
        video = [packet for packet in packets if packet.stream.type == "video"]
        context = container.streams.video[0].codec_context
        frames = [frame for packet in video for frame in packet.decode()] + context.decode(None)
    assert sum(packet.size for packet in packets) == media_bytes(path)
    assert len(frames) == len(video)
    numbers = [number_in(frame) for frame in frames if isinstance(frame, av.VideoFrame)]
    assert sorted(numbers) == sorted(bare_numbers(path))
    return numbers


def bare_numbers(path: Path) -> list[int]:
    bare = path.with_suffix(".h264")
    command = [ffmpeg_path(), "-y", "-v", "error", "-ignore_editlist", "1", "-i", str(path)]
    subprocess.run([*command, "-map", "0:v", "-c", "copy", str(bare)], check=True, timeout=60)
    with av.open(str(bare), format="h264") as container:
        return [number_in(frame) for frame in container.decode(video=0)]


def media_bytes(path: Path) -> int:
    """Return how many bytes the file's boxes for media hold."""
    content, at, found = path.read_bytes(), 0, 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        assert size >= 8
        found += size - 8 if content[at + 4 : at + 8] == b"mdat" else 0
        at += size
    return found


def sound_in(path: Path) -> NDArray[np.float32]:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        parts = [frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32)


KINDS = {
    "steady.mp4": steady(250, Fraction(25)),
    "film.mkv": steady(300, Fraction(30_000, 1001)),
    "late.mkv": steady(250, Fraction(25), Fraction(3, 2)),
    "late.ts": steady(250, Fraction(25), Fraction(13, 10)),
    "uneven.mp4": uneven(150),
}
SPANS = [Span(0, 1_000), Span(2_500, 6_040), Span(3_333, 5_001), Span(7_001, 7_999)]


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("numbered")
    return {name: numbered_video(folder / name, times) for name, times in KINDS.items()}


@pytest.mark.parametrize("span", SPANS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_has_exactly_the_marked_frames(
    lessons: dict[str, Path], tmp_path: Path, kind: str, span: Span
) -> None:
    clip = tmp_path / "clip.mp4"
    cut_clip(lessons[kind], span, clip)
    assert numbers_in(clip) == belonging(KINDS[kind], span)
    assert probe(clip).plan == "play"
    assert probe(clip).duration_ms == pytest.approx(span.length_ms, abs=100)


@pytest.mark.parametrize("kind", ["steady.mp4", "late.ts"])
def test_no_sound_from_outside_the_marks_is_in_the_clip(
    lessons: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    clip = tmp_path / "clip.mp4"
    cut_clip(lessons[kind], Span(3_200, 4_800), clip)
    assert float(np.abs(sound_in(clip)).max()) < 0.01
    cut_clip(lessons[kind], Span(5_500, 6_500), clip)
    assert float(np.abs(sound_in(clip)).max()) > 0.5


def test_nothing_of_the_originals_metadata_leaves(lessons: dict[str, Path], tmp_path: Path) -> None:
    source, clip = tmp_path / "phone.mov", tmp_path / "clip.mp4"
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nSTART=0\nEND=5000\ntitle=Recreo de Ana\n")
    command = [ffmpeg_path(), "-v", "error", "-i", str(lessons["steady.mp4"])]
    command += ["-i", str(chapters), "-map_chapters", "1", "-c", "copy", "-timecode", "01:00:00:00"]
    command += ["-movflags", "use_metadata_tags", "-metadata", "creation_time=2026-05-12T10:00:00Z"]
    command += ["-metadata", "com.apple.quicktime.location.ISO6709=-36.8270-073.0498/"]
    command += ["-metadata", "com.apple.quicktime.model=iPhone de Berta"]
    command += ["-metadata:s:v", "handler_name=Cámara de Berta", "-metadata:s:a", "language=spa"]
    subprocess.run([*command, str(source)], check=True, timeout=60)
    for word in (b"Berta", b"-36.82", b"iPhone", b"Recreo", b"tmcd"):
        assert word in source.read_bytes()
    cut_clip(source, Span(1_000, 2_000), clip)
    content = clip.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays before all of it is here
    for word in (b"Berta", b"-36.82", b"iPhone", b"Recreo", b"tmcd", b"2026", b"clase", b"spa"):
        assert word not in content
    for word in (b"Lavf", b"x264 -", b"options:", bytes(tmp_path)):  # what made it, where
        assert word not in content
    with av.open(str(clip)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert container.chapters() == []
        for stream in container.streams:
            assert set(stream.metadata) <= {"language", "handler_name", "vendor_id", "encoder"}
            assert stream.metadata.get("encoder", "Lavc libx264") == "Lavc libx264"
            assert stream.metadata.get("language", "und") == "und"


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_a_turned_video_leaves_upright(
    lessons: dict[str, Path], tmp_path: Path, degrees: int
) -> None:
    source = turned(lessons["steady.mp4"], tmp_path / "turned.mp4", degrees)
    measured = probe(source)
    assert measured.rotation == degrees
    clip, copy = tmp_path / "clip.mp4", tmp_path / "copy.mp4"
    cut_clip(source, Span(2_000, 3_000), clip)
    graphs.encode(source, measured, copy, Watch())
    for made in (clip, copy):
        upright = probe(made)
        assert upright.rotation == 0
        assert (upright.width, upright.height) == (measured.width, measured.height)
        size = (WIDTH, HEIGHT) if degrees == 180 else (HEIGHT, WIDTH)
        assert (upright.width, upright.height) == size


def test_a_large_video_leaves_at_most_720p(tmp_path: Path) -> None:
    source = tmp_path / "large.mp4"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i"]
    command += ["testsrc2=size=1440x1920:rate=10:duration=2", "-preset", "ultrafast", str(source)]
    subprocess.run(command, check=True, timeout=60)
    clip = tmp_path / "clip.mp4"
    cut_clip(source, Span(500, 1_500), clip)
    assert (probe(clip).width, probe(clip).height) == (720, 960)


@pytest.mark.parametrize("kind", ["film.mkv", "late.ts", "uneven.mp4"])
def test_the_copy_for_browsers_shows_each_frame_at_its_moment(
    lessons: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    measured, copy = probe(lessons[kind]), tmp_path / "copy.mp4"
    graphs.encode(lessons[kind], measured, copy, Watch())
    times = [time - KINDS[kind][0] for time in KINDS[kind]]
    with av.open(str(copy)) as container:
        for frame in container.decode(video=0):
            shown = Fraction(frame.time)
            number = number_in(frame)
            assert abs(times[number] - shown) <= longest_wait(times, number)


def longest_wait(times: list[Fraction], number: int) -> Fraction:
    """Return how long the frame stands, and one frame of the copy: the promise of ± 1 frame."""
    following = times[number + 1] if number + 1 < len(times) else times[number]
    return following - times[number] + Fraction(1, 25)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.mkv", "a.wmv", "a.flv", "a.ogv", "a.avi"])
def test_a_clip_far_from_any_key_frame_is_exact_in_every_container(
    tmp_path: Path, name: str
) -> None:
    times = steady(700, Fraction(25))
    source = numbered_video(tmp_path / "source.mp4", times)
    command = [ffmpeg_path(), "-v", "error", "-i", str(source), "-r", "25", "-g", "300"]
    command += ["-q:v", "3", "-ar", "44100", *CODECS.get(name, []), str(tmp_path / name)]
    subprocess.run(command, check=True, timeout=120)
    clip, span = tmp_path / "clip.mp4", Span(23_333, 24_444)
    cut_clip(tmp_path / name, span, clip)
    assert numbers_in(clip) == belonging(times, span)


CODECS = {
    "a.ts": ["-c:v", "libx264", "-sc_threshold", "0"],
    "a.flv": ["-c:v", "libx264"],
    "a.ogv": ["-c:v", "libtheora"],
    "a.avi": ["-c:v", "mjpeg", "-an"],
}


EDGES = {
    "the very start": Span(0, 40),
    "the very end": Span(9_960, 10_000),
    "the last two seconds": Span(8_000, 10_000),
    "one frame": Span(4_000, 4_040),
    "one frame, off the grid": Span(4_010, 4_050),
    "one millisecond": Span(4_000, 4_001),
    "all": Span(0, 10_000),
}


@pytest.mark.parametrize("edge", EDGES)
def test_a_clip_at_an_edge_has_exactly_its_frames(
    lessons: dict[str, Path], tmp_path: Path, edge: str
) -> None:
    clip, times = tmp_path / "clip.mp4", KINDS["late.mkv"]
    cut_clip(lessons["late.mkv"], EDGES[edge], clip)
    assert numbers_in(clip) == belonging(times, EDGES[edge])


def with_gap(seconds: int) -> list[Fraction]:
    """Return the times of a lesson in two files, or of a camera that paused."""
    before = steady(50, Fraction(25))
    return before + steady(50, Fraction(25), before[-1] + seconds)


@pytest.mark.parametrize("name", ["gap.mp4", "gap.mkv", "gap.ts"])
@pytest.mark.parametrize("sound", [True, False], ids=["heard", "mute"])
def test_clips_across_a_joint_and_within_a_gap(tmp_path: Path, name: str, *, sound: bool) -> None:
    times = with_gap(9)
    source = numbered_video(tmp_path / name, times, sound=sound)
    across, within, clip = Span(1_900, 11_200), Span(8_500, 10_500), tmp_path / "clip.mp4"
    cut_clip(source, across, clip)
    assert numbers_in(clip) == belonging(times, across)
    before = Span(1_000, 3_000)  # its last frame stands for nine seconds: not so in the clip
    cut_clip(source, before, clip)
    assert numbers_in(clip) == belonging(times, before)
    assert probe(clip).duration_ms <= before.length_ms + 25
    assert belonging(times, within) == []
    cut_clip(source, within, clip)  # what the player shows there: the frame before, standing
    assert set(numbers_in(clip)) == {standing(times, within.start_ms)}
    assert probe(clip).duration_ms == pytest.approx(within.length_ms, abs=100)


def test_less_than_a_frame_shows_the_frame_that_stands(
    lessons: dict[str, Path], tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    cut_clip(lessons["steady.mp4"], Span(4_010, 4_030), clip)
    assert set(numbers_in(clip)) == {100}


# --- sound ---------------------------------------------------------------------------------------


def burst_video(target: Path, source: Path, bursts: list[tuple[float, float]]) -> Path:
    """Write the picture of `source` with exact samples: silent but for loud bursts."""
    times = np.arange(10 * 48_000) / 48_000
    loud = np.zeros(len(times), bool)
    for start, end in bursts:
        loud |= (times >= start) & (times < end)
    wave = np.where(loud, np.sin(times * 2 * np.pi * 1_000) * 0.9, 0)
    raw = target.with_suffix(".raw")
    raw.write_bytes((wave * 32_767).astype("<i2").tobytes())
    command = [ffmpeg_path(), "-v", "error", "-i", str(source), "-f", "s16le", "-ar", "48000"]
    command += ["-i", str(raw), "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le"]
    subprocess.run([*command, str(target)], check=True, timeout=60)
    return target


def test_a_sound_just_outside_the_marks_is_nowhere_in_the_clip(
    lessons: dict[str, Path], tmp_path: Path
) -> None:
    marks = Span(3_000, 5_000)
    outside = [(2.9, 3.0), (5.0, 5.1)]
    source = burst_video(tmp_path / "out.mov", lessons["steady.mp4"], outside)
    clip = tmp_path / "clip.mp4"
    cut_clip(source, marks, clip)
    assert float(np.abs(sound_in(clip)).max()) < 0.001


def test_a_sound_just_inside_the_marks_is_where_it_was(
    lessons: dict[str, Path], tmp_path: Path
) -> None:
    marks = Span(3_000, 5_000)
    inside = [(3.0, 3.1), (4.9, 5.0)]
    source = burst_video(tmp_path / "in.mov", lessons["steady.mp4"], inside)
    clip = tmp_path / "clip.mp4"
    cut_clip(source, marks, clip)
    with av.open(str(clip)) as container:  # as players read it, with the edit list
        frames = list(container.decode(audio=0))
        heard = np.concatenate([np.abs(frame.to_ndarray()).max(axis=0) for frame in frames])
        assert frames[0].time == pytest.approx(0, abs=0.022)
    aac_frame = 1_024 / 48_000
    seconds = np.arange(len(heard)) / 48_000 + (frames[0].time or 0)
    loud = seconds[heard > 0.3]
    first, last = loud[loud < 1], loud[loud > 1]
    for found, at in ((first[0], 0.0), (first[-1], 0.1), (last[0], 1.9), (last[-1], 2.0)):
        assert found == pytest.approx(at, abs=aac_frame)


def two_tracks(target: Path, source: Path) -> Path:
    command = [ffmpeg_path(), "-v", "error", "-i", str(source)]
    for tone in (300, 2_000):
        command += ["-f", "lavfi", "-i", f"sine=frequency={tone}:duration=10:sample_rate=48000"]
    command += ["-map", "0:v", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "aac", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def pitch_of(path: Path) -> float:
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
    heard = sound_in(path)
    return float(np.argmax(np.abs(np.fft.rfft(heard))) * rate / len(heard))


def test_the_chosen_track_is_heard(lessons: dict[str, Path], tmp_path: Path) -> None:
    source, clip = two_tracks(tmp_path / "two.mkv", lessons["steady.mp4"]), tmp_path / "clip.mp4"
    for track, tone in ((1, 300), (2, 2_000)):
        cut_clip(source, Span(1_000, 3_000), clip, audio_track=track)
        assert pitch_of(clip) == pytest.approx(tone, abs=20)


# --- kept ----------------------------------------------------------------------------------------


@pytest.fixture
def recording(database: Database, store: Store, cast: Cast, lessons: dict[str, Path]) -> Recording:
    with database.write() as session:
        return filmed(session, store, cast, lessons["steady.mp4"])


def kept(database: Database, kind: FileKind) -> list[DerivedFile]:
    with database.read() as session:
        return list(session.scalars(sa.select(DerivedFile).where(DerivedFile.kind == kind)))


def test_two_who_cut_the_same_clip_at_once_get_one_file(
    database: Database, store: Store, recording: Recording
) -> None:
    span, ids = Span(1_000, 2_000), []

    def cut() -> None:
        ids.append(clips.keep_clip(database, store, recording.id, span, watch=Watch()))

    both = [threading.Thread(target=cut) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    (row,) = kept(database, FileKind.CLIP)
    assert ids == [row.id, row.id]
    assert {file.name for file in store.blobs()} == {recording.sha256, row.sha256}
    assert list(store.leftovers()) == []


def test_another_sound_track_is_another_clip_and_the_first_stays(
    database: Database, home: Settings, store: Store, recording: Recording
) -> None:
    work, span = Work("x", home, database), Span(1_000, 2_000)
    first = clips.make_clip(work, recording.id, span)
    assert clips.make_clip(work, recording.id, span) == first
    with database.write() as session:
        session.get_one(Recording, recording.id).audio_track = 1
    second = clips.make_clip(work, recording.id, span)
    assert second != first
    clips.make_clip_poster(work, recording.id, span)
    with database.read() as session:
        assert clips.find_clip(session, recording.id, span) == session.get(DerivedFile, second)
        assert session.get(DerivedFile, first) is not None


def lose(store: Store, row: DerivedFile, *, partly: bool) -> None:
    if partly:
        store.blob(row.sha256).write_bytes(b"cut short")
    else:
        store.delete_blob(row.sha256)


@pytest.mark.parametrize("partly", [True, False])
def test_a_lost_clip_and_its_picture_are_made_again_under_their_names(
    database: Database, home: Settings, store: Store, recording: Recording, *, partly: bool
) -> None:
    work, span = Work("x", home, database), Span(1_000, 2_000)
    for make, kind in (
        (clips.make_clip, FileKind.CLIP),
        (clips.make_clip_poster, FileKind.CLIP_POSTER),
        (clips.make_clip_poster, FileKind.CLIP_POSTER),
    ):
        first = make(work, recording.id, span)
        (row,) = kept(database, kind)
        lose(store, row, partly=partly)
        assert make(work, recording.id, span) == first == row.id
        (row,) = kept(database, kind)
        assert derived.is_whole(store, row)
    assert list(store.leftovers()) == []


def joined(database: Database, store: Store, recording: Recording, film: Path, recipe: str) -> None:
    made = store.temporary(".mp4")
    shutil.copyfile(film, made)
    what = derived.Made(recording.id, FileKind.PROXY, recipe, "video/mp4")
    derived.keep(database, store, made, what)


def test_a_clip_of_several_files_is_named_by_the_sound_that_is_in_it(
    database: Database,
    store: Store,
    recording: Recording,
    lessons: dict[str, Path],
    tmp_path: Path,
) -> None:
    with database.write() as session:
        row = session.get_one(Recording, recording.id)
        row.playable, row.audio_track = False, 2
        session.add(
            RecordingPart(
                recording_id=row.id, position=2, original_name="b.mp4", sha256="1" * 64,
                size_bytes=1, duration_ms=1_000,
            )
        )  # fmt: skip
    two, span = two_tracks(tmp_path / "two.mp4", lessons["steady.mp4"]), Span(1_000, 3_000)
    old = track_of(two, 1, tmp_path / "old.mp4")
    joined(database, store, recording, old, "join-1")  # from before another sound was chosen
    first = clips.keep_clip(database, store, recording.id, span, watch=Watch())
    joined(database, store, recording, track_of(two, 2, tmp_path / "new.mp4"), "join-1 a2")
    second = clips.keep_clip(database, store, recording.id, span, watch=Watch())
    assert first != second
    with database.read() as session:
        heard = [
            pitch_of(store.blob(session.get_one(DerivedFile, each).sha256))
            for each in (first, second)
        ]
        found = clips.find_clip(session, recording.id, span)
        assert found is not None and found.id == second
    assert heard == pytest.approx([300, 2_000], abs=20)


def track_of(source: Path, track: int, target: Path) -> Path:
    command = [ffmpeg_path(), "-v", "error", "-i", str(source), "-map", "0:v", "-map", f"0:{track}"]
    subprocess.run([*command, "-c", "copy", str(target)], check=True, timeout=60)
    return target


def test_captions_go_along_cut_to_the_clip(
    database: Database, home: Settings, store: Store, cast: Cast, recording: Recording
) -> None:
    work, span = Work("x", home, database), Span(1_000, 2_000)
    assert clips.make_clip_captions(work, recording.id, span) is None
    text = "1\n00:00:00,500 --> 00:00:01,250\nantes\n\n2\n00:00:01,900 --> 00:00:09,000\ndespués\n"
    cues = captions.read_captions(text)
    with database.write() as session:
        captions.give(session, store, recording.id, cues, actor=cast.observer)
    made = clips.make_clip_captions(work, recording.id, span)
    assert made == clips.make_clip_captions(work, recording.id, span)
    with database.read() as session:
        found = clips.captions_of_clip(session, recording.id, span)
        assert found is not None and found.id == made
        assert clips.captions_of_clip(session, recording.id, Span(1_000, 2_001)) is None
    said = captions.read_captions(store.blob(found.sha256).read_text(encoding="utf-8"))
    assert said == (captions.Cue(0, 250, "antes"), captions.Cue(900, 1_000, "después"))
    assert clips.make_clip_captions(work, recording.id, Span(1_300, 1_800)) is None


def test_the_captions_of_a_clip_are_the_chosen_ones_or_none(
    database: Database, home: Settings, store: Store, cast: Cast, recording: Recording
) -> None:
    work, span = Work("x", home, database), Span(1_000, 2_000)

    def give(start_ms: int, text: str) -> str | None:
        cues = (captions.Cue(start_ms, start_ms + 900, text),)
        with database.write() as session:
            captions.give(session, store, recording.id, cues, actor=cast.observer)
        clips.make_clip_captions(work, recording.id, span)
        with database.read() as session:
            found = clips.captions_of_clip(session, recording.id, span)
        return store.blob(found.sha256).read_text(encoding="utf-8") if found else None

    one, other = give(1_000, "una"), give(1_000, "otra")
    assert "una" in (one or "") and "otra" in (other or "")
    assert give(1_000, "una") == one
    assert give(5_000, "después") is None


@pytest.mark.parametrize(("code", "forced"), [(-9, True), (255, True), (1, False)])
def test_an_end_by_force_is_not_taken_for_a_damaged_video(code: int, *, forced: bool) -> None:
    with capture_logs() as logged:
        refused = refusal(ToolError(code, "Invalid data"), message("It is damaged."))
    assert isinstance(refused, BadInputError) is not forced
    assert ("interrupted" in str(refused)) is forced
    assert [(entry["code"], entry["told"]) for entry in logged] == [(code, "Invalid data")]


def test_what_lies_outside_the_video_cannot_be_cut(
    lessons: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="outside"):
        cut_clip(lessons["steady.mp4"], Span(9_000, 60_000), tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()


REAL = {
    "nasa_hevc_hdr.mp4": Span(2_000, 3_000),
    "psd_delayed_start.mp4": Span(200, 900),
    "streamio_sideways_phone_rot.mov": Span(0, 1_000),
    "streamio_webcam_vfr.mov": Span(500, 1_500),
    "tc_vp9.webm": Span(500, 1_000),
    "mux_sintel-captions.ts": Span(1_000, 2_000),
    "moz_amr.3gp": Span(500, 1_500),
    "nasa_speech_2video_2audio.mp4": Span(12_000, 13_000),
}


@pytest.mark.parametrize("name", REAL)
def test_a_clip_of_a_real_file_plays_everywhere_and_is_as_long_as_marked(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    clip = tmp_path / "clip.mp4"
    cut_clip(real_data / "videos" / name, REAL[name], clip)
    measured = probe(clip)
    assert (measured.plan, measured.rotation) == ("play", 0)
    assert not measured.hdr
    assert measured.duration_ms == pytest.approx(REAL[name].length_ms, abs=120)
    with av.open(str(clip)) as container:
        assert {stream.type for stream in container.streams} <= {"video", "audio"}
