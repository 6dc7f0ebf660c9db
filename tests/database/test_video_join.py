"""Several files of one lesson: one timeline, no frame lost or doubled, sound where it belongs."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from observe.errors import BadInputError
from observe.jobs import JobState
from observe.video import adding, derived, operations
from observe.video.clips import cut_clip
from observe.video.media.probe import probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import FileKind, Recording, RecordingPart, RecordingState
from observe.video.preparing import prepare
from observe.video.preparing.copies import make_playable
from observe.video.timecode import Span
from tests.lessons import Lessons, encoded
from tests.numbered import number_in, numbered_video, steady, turned

RATE = 25
CAMERA = {"g": "25", "crf": "10"}
LENGTHS = (100, 75, 50)  # frames


def split(folder: Path, suffix: str = ".mp4", *, sound: bool = True) -> list[Path]:
    """Write three files whose frames each carry their number within the file."""
    return [
        numbered_video(
            folder / f"{number}{suffix}",
            steady(count, Fraction(RATE)),
            sound=sound,
            options=CAMERA,
        )
        for number, count in enumerate(LENGTHS)
    ]


def joined_parts(lessons: Lessons, recording: Recording) -> list[RecordingPart]:
    with lessons.database.read() as session:
        return list(derived.parts_of(session, recording.id))


def playing(lessons: Lessons, *paths: Path) -> Recording:
    """Return the lesson in these files as soon as it can be coded."""
    task = lessons.task(lessons.add(*paths))
    assert make_playable(task) is None
    return task.recording()


def shown_frames(path: Path) -> list[tuple[float, int]]:
    """Return time (milliseconds) and number of every frame that is shown."""
    with av.open(str(path)) as container:
        return [(frame.time * 1000, number_in(frame)) for frame in container.decode(video=0)]


def assert_whole(lessons: Lessons, recording: Recording, tolerance_ms: float) -> None:
    """Fail unless every part's frames are all there, each at its moment on the one timeline."""
    starts = [0, *(part.start_ms or 0 for part in joined_parts(lessons, recording))]
    frames = shown_frames(lessons.playable(recording).file.plain)
    assert [number for _time, number in frames] == [n for count in LENGTHS for n in range(count)]
    expected = [
        start + 1000 * number / RATE
        for start, count in zip(starts, LENGTHS, strict=True)
        for number in range(count)
    ]
    off = np.abs(np.array([time for time, _number in frames]) - np.array(expected))
    assert float(off.max()) <= tolerance_ms


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_files_of_one_camera_are_joined_without_loss(
    lessons: Lessons, tmp_path: Path, suffix: str
) -> None:
    recording = playing(lessons, *split(tmp_path, suffix))
    assert (recording.state, recording.playable) == (RecordingState.READY, False)
    assert lessons.made(recording)[FileKind.PROXY].recipe == "join-1"
    assert recording.duration_ms == pytest.approx(9_000, abs=300)
    assert_whole(lessons, recording, tolerance_ms=1.0)
    lessons.assert_clean()


def test_the_packets_are_the_cameras_own(lessons: Lessons, tmp_path: Path) -> None:
    paths = split(tmp_path)
    recording = playing(lessons, *paths)
    given = [packet for path in paths for packet in video_packets(path)]
    assert video_packets(lessons.playable(recording).file.plain) == given


def video_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_files_of_different_cameras_are_encoded_in_the_shape_of_the_first(
    lessons: Lessons, tmp_path: Path
) -> None:
    paths = split(tmp_path)
    paths[1] = numbered_video(
        tmp_path / "b.mkv", steady(75, Fraction(RATE)), sound=False, options={"crf": "12"}
    )
    paths[2] = wider(paths[2], tmp_path / "c.avi")
    recording = playing(lessons, *paths)
    assert recording.state is RecordingState.READY
    assert lessons.made(recording)[FileKind.PROXY].recipe == "join-720p-1"
    copy = probe(lessons.playable(recording).file.plain)
    assert (copy.plan, copy.width, copy.height) == ("play", 192, 48)
    assert_whole(lessons, recording, tolerance_ms=1000 / RATE)
    lessons.assert_clean()


def wider(source: Path, target: Path) -> Path:
    command = [
        ffmpeg_path(),
        "-v",
        "error",
        "-i",
        str(source),
        "-vf",
        "scale=384:96",
        "-r",
        "25",
        "-an",
    ]
    subprocess.run([*command, "-c:v", "mpeg4", "-q:v", "2", str(target)], check=True, timeout=60)
    return target


def test_files_that_say_other_things_of_their_colours_are_joined(
    lessons: Lessons, tmp_path: Path
) -> None:
    said = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf")
    colours = (
        "setparams=color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m",
        "setparams=range=pc:colorspace=bt709",
        "null",
    )
    names = [tmp_path / f"{number}.mp4" for number in range(len(colours))]
    films = [encoded(n, *said, c, seconds=1) for n, c in zip(names, colours, strict=True)]
    hdr = ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none", "-vf")
    pq = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
    films.append(encoded(tmp_path / "hdr.mp4", *hdr, pq, seconds=1))
    recording = playing(lessons, *films)
    assert recording.duration_ms == pytest.approx(4000, abs=80)


def test_standing_files_stay_upright(lessons: Lessons, tmp_path: Path) -> None:
    lying = split(tmp_path)
    paths = [turned(path, tmp_path / f"turned{path.name}", 90) for path in lying]
    recording = playing(lessons, *paths)
    copy = probe(lessons.playable(recording).file.plain)
    assert (copy.width, copy.height, copy.rotation) == (48, 192, 90)


def test_one_that_stands_and_one_that_lies_are_both_upright(
    lessons: Lessons, tmp_path: Path
) -> None:
    lying = split(tmp_path, sound=False)
    second = turned(lying[1], tmp_path / "t.mp4", 90)
    recording = playing(lessons, lying[0], second)
    copy = probe(lessons.playable(recording).file.plain)
    assert (copy.width, copy.height, copy.rotation) == (192, 48, 0)
    assert copy.duration_ms == pytest.approx(7_000, abs=100)


# --- sound ---------------------------------------------------------------------------------------

CLAP_MS = (1_000, 2_000)


def clapping(target: Path, *options: str) -> Path:
    """Write four seconds: at 1 s and 2 s the picture is white and a tone sounds, for 200 ms."""
    seen, heard = (f"(between({t},1,1.2)+between({t},2,2.2))" for t in ("T", "t"))
    picture = f"color=black:size=192x96:rate={RATE}:duration=4,geq=lum='255*{seen}':cb=128:cr=128"
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"aevalsrc='0.8*sin(2*PI*880*t)*{heard}':s=48000:d=4"]
    command += ["-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", *options, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".mp4", []), (".ts", ["-c:a", "ac3"]), (".mkv", ["-c:v", "mpeg4", "-bf", "0"])],
)
def test_sound_and_picture_agree_on_both_sides_of_a_joint(
    lessons: Lessons, tmp_path: Path, suffix: str, options: list[str]
) -> None:
    paths = [clapping(tmp_path / f"{number}{suffix}", *options) for number in range(3)]
    recording = playing(lessons, *paths)
    starts = [0, *(part.start_ms or 0 for part in joined_parts(lessons, recording))]
    claps = [start + clap for start in starts for clap in CLAP_MS]
    path = lessons.playable(recording).file.plain
    seen, heard = white_from(path), loud_from(path)
    assert seen == pytest.approx(claps, abs=1000 / RATE)
    assert heard == pytest.approx(seen, abs=1000 / RATE)


def white_from(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        frames = [
            (frame.time * 1000, float(frame.to_ndarray(format="gray").mean()) > 128)
            for frame in container.decode(video=0)
        ]
    return [
        time
        for (time, white), (_, before) in zip(frames[1:], frames, strict=False)
        if white and not before
    ]


def loud_from(path: Path) -> list[float]:
    """Return when tones begin, by the times of the sound's own frames."""
    levels: dict[int, float] = {}
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples: NDArray[np.float32] = np.abs(frame.to_ndarray()).max(axis=0)
            for at in range(0, len(samples), 48):
                ms = round((frame.time or 0) * 1000 + at * 1000 / frame.rate)
                levels[ms] = max(levels.get(ms, 0), float(samples[at : at + 48].max()))
    loud = [ms for ms, level in sorted(levels.items()) if level > 0.3]
    return [ms for ms, before in zip(loud, [-1000, *loud], strict=False) if ms - before > 300]


TONES = (300, 1000)  # of the two microphones


def two_microphones(target: Path, *levels: float) -> Path:
    """Write two seconds with two microphones of these levels, neither of them marked."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size=160x96:rate={RATE}:duration=2"]
    for tone, level in zip(TONES, levels, strict=True):
        heard = f"aevalsrc='{level}*sin(2*PI*{tone}*t)':s=48000:d=2"
        command += ["-f", "lavfi", "-i", heard]
    command += ["-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    command += ["-c:a", "aac", "-disposition:a", "0", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


@pytest.mark.parametrize(("chosen", "tone"), [(None, 300), (2, 1000)])
def test_all_files_are_heard_on_the_same_microphone(
    lessons: Lessons, tmp_path: Path, chosen: int | None, tone: int
) -> None:
    first = two_microphones(tmp_path / "a.mkv", 0.5, 0.05)
    second = two_microphones(tmp_path / "b.mkv", 0.05, 0.5)
    added = lessons.add(first, second)
    with lessons.database.write() as session:
        session.get_one(Recording, added.id).audio_track = chosen
    assert make_playable(lessons.task(added)) is None
    copy = lessons.playable(lessons.now(added)).file.plain
    assert [tone_at(copy, second) for second in (1, 3)] == pytest.approx([tone, tone], abs=5)


def tone_at(path: Path, second: float) -> float:
    """Return the loudest frequency of the half second around `second`."""
    command = [ffmpeg_path(), "-v", "error", "-ss", str(second - 0.25), "-t", "0.5", "-i"]
    command += [str(path), "-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"]
    answer = subprocess.run(command, check=True, timeout=60, capture_output=True)
    samples = np.frombuffer(answer.stdout, "<i2").astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() * 8000 / len(samples))


def unequal(target: Path, first: float, second: float, *options: str) -> Path:
    """Write a film as `clapping` does, with two sound tracks that last so many seconds."""
    command = [ffmpeg_path(), "-nostdin", "-v", "error", "-i", str(clapping(target))]
    for seconds, tone in zip((first, second), TONES, strict=True):
        heard = f"aevalsrc='0.8*sin(2*PI*{tone}*t)*(between(t,1,1.2)+between(t,2,2.2))'"
        command += ["-f", "lavfi", "-i", f"{heard}:s=48000:d={seconds}"]
    command += ["-map", "0:v", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "aac"]
    made = target.with_stem(f"{target.stem}-two")
    subprocess.run([*command, *options, str(made)], check=True, timeout=60)
    return made


@pytest.mark.parametrize(
    ("lasting", "options", "way"),
    [
        ((4.0, 5.0), [], "join-1"),
        ((5.0, 3.5), ["-c:a:1", "mp3"], "join-1"),
        ((4.0, 5.0), ["-c:v", "mpeg4", "-bf", "0"], "join-720p-1"),
    ],
    ids=["packets", "copies", "encoded"],
)
def test_another_sound_leaves_the_timeline_as_it_is(
    lessons: Lessons, tmp_path: Path, lasting: tuple[float, float], options: list[str], way: str
) -> None:
    paths = [unequal(tmp_path / f"{number}.mp4", *lasting, *options) for number in range(2)]
    recording = choose(lessons, lessons.add(*paths), 1)
    starts = [0, *(part.start_ms or 0 for part in joined_parts(lessons, recording))]
    assert starts[1] == pytest.approx(1000 * lasting[0], abs=50)
    claps = [start + clap for start in starts for clap in CLAP_MS]
    for track in (1, 2):
        recording = choose(lessons, recording, track)
        assert lessons.made(recording)[FileKind.PROXY].recipe == f"{way} a{track}"
        assert [0, *(part.start_ms for part in joined_parts(lessons, recording))] == starts
        path = lessons.playable(recording).file.plain
        assert white_from(path) == pytest.approx(claps, abs=1000 / RATE)
        assert loud_from(path) == pytest.approx(white_from(path), abs=1000 / RATE)


def choose(lessons: Lessons, recording: Recording, track: int) -> Recording:
    """Hear the lesson on this track, and make the copy that plays."""
    with lessons.database.write() as session:
        session.get_one(Recording, recording.id).audio_track = track
    assert make_playable(lessons.task(recording)) is None
    return lessons.now(recording)


def test_a_sound_with_which_the_timeline_cannot_be_kept_is_refused(
    lessons: Lessons, tmp_path: Path
) -> None:
    paths = [two_microphones(tmp_path / f"{number}.mkv", 0.5, 0.05) for number in range(2)]
    recording = playing(lessons, *paths)
    with lessons.database.write() as session:
        (part,) = derived.parts_of(session, recording.id)
        part.start_ms = 1_000  # in the midst of the first file
    with pytest.raises(BadInputError, match="Choose another sound track"):
        choose(lessons, recording, 2)
    assert lessons.made(recording)[FileKind.PROXY].recipe == "join-1"


# --- across the joint ----------------------------------------------------------------------------


def test_a_clip_across_a_joint_has_exactly_the_marked_frames(
    lessons: Lessons, tmp_path: Path
) -> None:
    recording = playing(lessons, *split(tmp_path))
    start = joined_parts(lessons, recording)[0].start_ms or 0
    with lessons.database.read() as session:
        source = derived.source_for_clips(session, lessons.store, recording.id)
    clip = tmp_path / "clip.mp4"
    cut_clip(source.plain, Span(3_800, start + 200), clip)
    assert [number for _time, number in shown_frames(clip)] == [95, 96, 97, 98, 99, 0, 1, 2, 3, 4]


def test_captions_of_each_part_are_moved_to_its_place(lessons: Lessons, tmp_path: Path) -> None:
    paths = [captioned(path, tmp_path / f"c{path.stem}.mkv") for path in split(tmp_path)]
    recording = playing(lessons, *paths)
    prepare.find_captions(lessons.task(recording))
    kept = lessons.made(recording)[FileKind.CAPTIONS]
    starts = [0, *(part.start_ms or 0 for part in joined_parts(lessons, recording))]
    text = lessons.store.blob(kept.sha256).read_text(encoding="utf-8")
    assert text.count("hola") == 3
    for start in starts:
        assert f"{(start + 500) / 1000:06.3f} --> {(start + 1500) / 1000:06.3f}" in text.replace(
            "00:00:", ""
        )


def captioned(source: Path, target: Path) -> Path:
    words = target.with_suffix(".srt")
    words.write_text("1\n00:00:00,500 --> 00:00:01,500\nhola\n", encoding="utf-8")
    command = [ffmpeg_path(), "-v", "error", "-i", str(source), "-i", str(words)]
    subprocess.run([*command, "-c", "copy", "-c:s", "srt", str(target)], check=True, timeout=60)
    return target


# --- what is refused, and what is not undone ------------------------------------------------------


def test_files_that_are_longer_than_a_lesson_together_are_refused(
    lessons: Lessons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "LONGEST_MS", 8_000)
    with pytest.raises(BadInputError, match="six hours"):
        lessons.add(*split(tmp_path))
    assert list(lessons.store.incomings()) == []
    lessons.assert_clean()


def test_a_damaged_part_is_refused_and_all_files_are_kept(lessons: Lessons, tmp_path: Path) -> None:
    good = encoded(tmp_path / "a.avi", "-c:v", "mpeg4", seconds=2)
    bad = encoded(tmp_path / "b.avi", "-c:v", "mpeg4", seconds=3)
    added = lessons.add(good, bad)
    second = joined_parts(lessons, added)[0]
    assert second.incoming is not None
    lessons.store.incoming(second.incoming).write_bytes(bytes(second.size_bytes))
    recording, job = lessons.prepared(added)
    assert (recording.state, job.state) == (RecordingState.RECEIVED, JobState.FAILED)
    assert len(list(lessons.store.blobs())) == 2
    lessons.assert_clean()


def test_a_retry_changes_nothing_of_a_lesson_that_is_ready(
    lessons: Lessons, tmp_path: Path
) -> None:
    added = lessons.add(*split(tmp_path))
    assert (added.state, added.playable) == (RecordingState.RECEIVED, False)
    recording, job = lessons.prepared(added)
    assert (job.state, job.reason, recording.state) == (JobState.DONE, None, RecordingState.READY)
    before = {kind: row.sha256 for kind, row in lessons.made(recording).items()}
    with lessons.database.write() as session:
        operations.retry_preparation(session, added.id, actor=lessons.cast.observer)
    recording, _job = lessons.prepared(added)
    assert {kind: row.sha256 for kind, row in lessons.made(recording).items()} == before
