"""Clips: exactly the marked frames and sound, read back from numbers drawn in every frame."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from observe.errors import BadInputError
from observe.video import graphs
from observe.video.clips import cut_clip
from observe.video.graphs import Watch
from observe.video.probe import probe
from observe.video.timecode import Span
from observe.video.tools import ffmpeg_path

BITS = 12
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 48
RATE = 8_000


def numbered(number: int) -> av.VideoFrame:
    """Draw `number` as white and black blocks, the highest bit on the left."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(BITS):
        if number >> (BITS - 1 - bit) & 1:
            picture[:, bit * BLOCK : (bit + 1) * BLOCK] = 255
    return av.VideoFrame.from_ndarray(picture, format="rgb24")


def number_in(frame: av.VideoFrame) -> int:
    grey = frame.to_ndarray(format="gray")
    wide = grey.shape[1] / BITS
    middle = grey.shape[0] // 2
    bits = [grey[middle, int((bit + 0.5) * wide)] > 128 for bit in range(BITS)]
    return sum(1 << (BITS - 1 - bit) for bit, white in enumerate(bits) if white)


def numbered_video(target: Path, times: list[Fraction], *, sound: bool = True) -> Path:
    """Write frame `i` at `times[i]` seconds; one key frame only, so that clips start inside."""
    with av.open(str(target), "w") as container:
        container.metadata["title"] = "Clase de Berta"
        container.metadata["location"] = "-36.82-073.05/"
        video = container.add_stream("libx264", rate=30, options={"g": "9999", "crf": "10"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 90_000)
        audio = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for number, time in enumerate(times):
            frame = numbered(number)
            frame.pts, frame.time_base = round(time * 90_000), Fraction(1, 90_000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for block in spoken(times[0], times[-1]):
                container.mux(audio.encode(block))
            container.mux(audio.encode(None))
    return target


def spoken(start: Fraction, end: Fraction) -> list[av.AudioFrame]:
    """Return loud sound everywhere but between the third and fifth second of the video."""
    blocks = []
    for first in range(0, int((end - start) * RATE), 1024):
        seconds = (np.arange(1024) + first) / RATE
        quiet = (seconds > 3) & (seconds < 5)
        wave = np.where(quiet, 0, np.sin(seconds * 2 * np.pi * 440) * 0.8)
        block = av.AudioFrame.from_ndarray(
            wave.astype(np.float32).reshape(1, -1), format="fltp", layout="mono"
        )
        block.pts, block.rate = first + int(start * RATE), RATE
        block.time_base = Fraction(1, RATE)
        blocks.append(block)
    return blocks


def steady(count: int, rate: Fraction, offset: Fraction = Fraction(0)) -> list[Fraction]:
    return [offset + number / rate for number in range(count)]


def uneven(count: int) -> list[Fraction]:
    steps = np.random.default_rng(7).integers(17, 130, count)
    return [Fraction(int(ms), 1000) for ms in np.cumsum(steps) - steps[0]]


def belonging(times: list[Fraction], span: Span) -> list[int]:
    """Return the frames whose time, in whole milliseconds from the first, lies in the span."""
    first = times[0]
    return [
        number
        for number, time in enumerate(times)
        if span.start_ms - 0.5 <= (time - first) * 1000 < span.end_ms - 0.5
    ]


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of all frames in the file, also of those an edit list would hide."""
    options = {"ignore_editlist": "1"}
    with av.open(str(path), options=options) as container:
        return [number_in(frame) for frame in container.decode(video=0)]


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
    clip = tmp_path / "clip.mp4"
    cut_clip(lessons["steady.mp4"], Span(1_000, 2_000), clip)
    assert b"Berta" in lessons["steady.mp4"].read_bytes()
    content = clip.read_bytes()
    for word in (b"Berta", b"-36.82", b"Lavf", b"clase"):
        assert word not in content


def turned(source: Path, target: Path, degrees: int) -> Path:
    command = [ffmpeg_path(), "-v", "error", "-display_rotation", str(degrees)]
    command += ["-i", str(source), "-c", "copy", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


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


def test_what_lies_outside_the_video_cannot_be_cut(
    lessons: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="outside"):
        cut_clip(lessons["steady.mp4"], Span(9_000, 60_000), tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()
