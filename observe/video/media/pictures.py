"""Still pictures: the poster of a video, and its film strip (one sheet of small pictures)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from observe.errors import BadInputError
from observe.text import message
from observe.video.media import tools
from observe.video.media.probe import Probe
from observe.video.media.shapes import SHEET_QUALITY, StripLayout, fitting

_READER: Final = Path(__file__).with_name("picturing.py")
POSTER: Final = (640, 360)
EXACT_UP_TO_MS: Final = (
    5 * 60_000
)  # longer videos show the key frame before: 13 s an hour, not 9 min


def draw_strip(
    source: Path,
    probe: Probe,
    layout: StripLayout,
    target: Path,
    tick: tools.Tick,
    *,
    keyed: bool = False,
) -> None:
    """Write the sheet as JPEG; `keyed`: there is a key frame each second, which is near enough.

    Raises:
        BadInputError: no picture of the video can be read.
    """
    moments = layout.moments(probe.duration_ms)
    exact = probe.duration_ms <= EXACT_UP_TO_MS and not keyed
    _draw(source, probe, moments, layout, target, tick, exact=exact)


def sheet_of(tiles: Path, layout: StripLayout, target: Path, tick: tools.Tick) -> None:
    """Write the sheet as JPEG from the bare tiles that an encoding left.

    Raises:
        BadInputError: there are none.
    """
    _asked({"tiles": str(tiles)}, layout, target, tick, seconds=60)


def draw_poster(source: Path, probe: Probe, at_ms: int, target: Path, tick: tools.Tick) -> None:
    """Write the picture at `at_ms` as JPEG, at most 640 × 360 lying or standing.

    Raises:
        BadInputError: no picture of the video can be read.
    """
    width, height = fitting(probe.width, probe.height, *POSTER)
    single = StripLayout(width, height, columns=1, count=1, interval_ms=probe.duration_ms)
    _draw(source, probe, [at_ms], single, target, tick, exact=probe.duration_ms <= EXACT_UP_TO_MS)


def _draw(
    source: Path,
    probe: Probe,
    moments: list[int],
    layout: StripLayout,
    target: Path,
    tick: tools.Tick,
    *,
    exact: bool,
) -> None:
    where = {
        "path": str(source),
        "options": tools.reading_options(),
        "stream": probe.video_index,
        "rotation": probe.rotation,
        "moments_us": [probe.first_frame_us + 1000 * moment for moment in moments],
        "exact": exact,
    }
    seconds = 120 + len(moments) + probe.duration_ms / 1000
    _asked(where, layout, target, tick, seconds=seconds)


def _asked(
    where: dict[str, object], layout: StripLayout, target: Path, tick: tools.Tick, *, seconds: float
) -> None:
    question = where | {
        "count": layout.count,
        "columns": layout.columns,
        "width": layout.width,
        "height": layout.height,
        "quality": SHEET_QUALITY,
        "target": str(target),
    }
    limits = tools.Limits(seconds, int(seconds * 2), 3 * tools.GIB, 256 * 1024**2)
    try:
        drawn = tools.run_reader(_READER, question, limits, tick=tick)["drawn"]
    except tools.ToolError as error:
        raise _no_pictures() from error
    if not drawn:
        raise _no_pictures()


def _no_pictures() -> BadInputError:
    return BadInputError(message("No picture of this video could be drawn; it may be damaged."))
