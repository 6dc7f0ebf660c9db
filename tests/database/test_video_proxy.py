"""The copy that plays shows each moment as the original does, within one frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from observe.video.media import graphs, pictures
from observe.video.media.graphs import Sides, Watch
from observe.video.media.probe import probe
from observe.video.media.shapes import StripLayout, plan_strip
from tests.conftest import MakeVideo
from tests.numbered import number_in, number_of, numbered_video, steady, turned, uneven

LATE = Fraction(43, 40)  # 1.075 s
KINDS = {
    "steady.mp4": steady(150, Fraction(25)),
    "film.mkv": steady(180, Fraction(30_000, 1001)),
    "late.mkv": steady(150, Fraction(25), LATE),
    "late.ts": steady(150, Fraction(25), LATE),
    "uneven.mp4": uneven(80),
    "gap.mkv": steady(75, Fraction(25)) + steady(75, Fraction(25), Fraction(9, 2)),
}
COPIED = ("late.mkv", "late.ts", "film.mkv", "gap.mkv")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("originals")
    options = {"g": "25", "crf": "10"}
    return {name: numbered_video(folder / name, KINDS[name], options=options) for name in KINDS}


def shown(path: Path) -> list[tuple[float, int]]:
    with av.open(str(path)) as container:
        return [((frame.time or 0) * 1000, number_in(frame)) for frame in container.decode(video=0)]


def assert_on_time(frames: list[tuple[float, int]], times: list[Fraction], frame_ms: float) -> None:
    """Fail where a frame is on the screen more than one frame away from its moment."""
    assert frames[0][0] == frames[0][1] == 0
    begins: dict[int, float] = {}
    for time, number in frames:
        begins.setdefault(number, time)
    off = [abs(time - float(times[number] - times[0]) * 1000) for number, time in begins.items()]
    assert max(off) <= frame_ms
    assert len(begins) >= len(times) * 0.9  # a clock of 30 a second shows not all of an uneven one


RATES = {"steady.mp4": "25/1", "film.mkv": "30000/1001", "uneven.mp4": "30", "gap.mkv": "25/1"}


@pytest.mark.parametrize("kind", RATES)
def test_a_copy_keeps_the_rate_of_the_camera_even_where_frames_were_lost(
    originals: dict[str, Path], kind: str
) -> None:
    measured = probe(originals[kind])
    assert measured.vfr is (kind in ("uneven.mp4", "gap.mkv"))
    assert graphs.outline_of(measured).rate == RATES[kind]


def test_a_tape_that_lost_a_frame_keeps_its_rate(tmp_path: Path) -> None:
    times = steady(250, Fraction(30_000, 1001))
    lost = numbered_video(tmp_path / "a.mkv", times[:100] + times[101:], sound=False)
    measured = probe(lost)
    assert (measured.vfr, graphs.outline_of(measured).rate) == (True, "30000/1001")


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_an_encoded_copy_is_at_its_moment(
    originals: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    made, measured = tmp_path / "copy.mp4", probe(originals[kind])
    graphs.encode(originals[kind], measured, made, Watch())
    rate = Fraction(graphs.outline_of(measured).rate)
    assert_on_time(shown(made), KINDS[kind], 1000 / float(rate))
    copy = probe(made)
    assert (copy.plan, copy.start_offset_ms) == ("play", 0)
    assert copy.duration_ms == pytest.approx(measured.duration_ms, abs=100)
    assert key_frames_apart(made) <= 1000 + 1000 / float(rate)


def key_frames_apart(path: Path) -> float:
    with av.open(str(path)) as container:
        keys = [
            float((packet.pts or 0) * packet.time_base) * 1000
            for packet in container.demux(video=0)
            if packet.is_keyframe and packet.size
        ]
    return float(np.diff(keys).max())


@pytest.mark.parametrize("kind", COPIED)
def test_every_frame_of_a_remuxed_copy_is_at_its_moment(
    originals: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    made = tmp_path / "copy.mp4"
    graphs.remux(originals[kind], probe(originals[kind]), made, Watch())
    frames = shown(made)
    assert [number for _time, number in frames] == list(range(len(KINDS[kind])))
    assert_on_time(frames, KINDS[kind], 2)


def test_a_turned_original_becomes_upright(originals: dict[str, Path], tmp_path: Path) -> None:
    source = turned(originals["steady.mp4"], tmp_path / "turned.mp4", 180)
    made = tmp_path / "copy.mp4"
    graphs.encode(source, probe(source), made, Watch())
    with av.open(str(made)) as container:
        frames = list(container.decode(video=0))
    assert (probe(made).rotation, len(frames)) == (0, 150)
    twelfth = frames[12].to_ndarray(format="gray").astype(np.uint8)[::-1, ::-1]
    assert number_of(twelfth) == 12  # turned by half: it reads from the other side


@pytest.mark.parametrize("kind", ["late.ts", "uneven.mp4"])
def test_what_an_encoding_leaves_beside_is_on_the_same_clock(
    originals: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    source, made = originals[kind], tmp_path / "copy.mp4"
    measured = probe(source)
    layout = plan_strip(measured.duration_ms, measured.width, measured.height)
    sides = Sides(tmp_path / "sound", tmp_path / "grey", tmp_path / "strip", layout)
    graphs.encode(source, measured, made, Watch(), sides=sides)
    alone = tmp_path / "alone"
    graphs.sound(source, measured, alone, Watch())
    assert sides.sound.stat().st_size == pytest.approx(alone.stat().st_size, abs=32 * 20)  # 20 ms
    sound: NDArray[np.int16] = np.frombuffer(sides.sound.read_bytes(), "<i2")
    level = [int(np.abs(sound[ms * 16 : ms * 16 + 1600].astype(int)).max()) for ms in (2800, 3200)]
    assert level[0] > 10_000 > 200 > level[1]  # silent from the third second on
    count = sides.grey.stat().st_size / (160 * 90)
    assert count == pytest.approx(measured.duration_ms / 200, abs=1)
    drawn = tmp_path / "drawn"
    pictures.draw_strip(source, measured, layout, drawn, lambda: None)
    sheet = tmp_path / "sheet"
    pictures.sheet_of(sides.strip, layout, sheet, lambda: None)
    assert tiles(sheet, layout) == pytest.approx(tiles(drawn, layout), abs=1)


def test_an_encoding_tells_how_far_it_is_while_it_runs(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    source = make_video(30, size="960x540")
    measured, told = probe(source), list[int]()
    layout = plan_strip(measured.duration_ms, measured.width, measured.height)
    sides = Sides(tmp_path / "sound", tmp_path / "grey", tmp_path / "strip", layout)
    graphs.encode(source, measured, tmp_path / "copy.mp4", Watch(on_time=told.append), sides=sides)
    between = {ms for ms in told if 0 < ms < measured.duration_ms * 0.9}
    assert len(between) >= 2, told


def tiles(sheet: Path, layout: StripLayout) -> list[int]:
    """Return the frame number that each tile of the sheet shows."""
    with av.open(str(sheet)) as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray").astype(np.uint8)
    across, down = layout.width, layout.height
    places = [divmod(number, layout.columns) for number in range(layout.count)]
    return [
        number_of(grey[row * down :, column * across :][:down, :across]) for row, column in places
    ]
