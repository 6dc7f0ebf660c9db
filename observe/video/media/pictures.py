"""Still pictures: the poster of a video, and its film strip (one sheet of small pictures)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from observe.errors import BadInputError
from observe.text import message
from observe.video.media import tools
from observe.video.media.graphs import fitting
from observe.video.media.probe import Probe

_READER: Final = Path(__file__).with_name("picturing.py")
_RECIPE: Final = re.compile(r"strip-1 (\d+)x(\d+) c(\d+) n(\d+) i(\d+)", re.ASCII)
TILE: Final = (160, 90)
POSTER: Final = (640, 360)
COLUMNS: Final = 20
MOST_TILES: Final = 360
EXACT_UP_TO_MS: Final = (
    5 * 60_000
)  # longer videos show the key frame before: 13 s an hour, not 9 min


@dataclass(frozen=True)
class StripLayout:
    """Where the picture of a moment stands on the sheet: tile `i` shows about `(i + ½) · interval`.

    Tiles are `width` × `height` pixels, `columns` in a row, `count` in all.
    """

    width: int
    height: int
    columns: int
    count: int
    interval_ms: int

    @property
    def recipe(self) -> str:
        """The layout as the recipe of the file, from which `strip_layout` reads it again."""
        size = f"{self.width}x{self.height}"
        return f"strip-1 {size} c{self.columns} n{self.count} i{self.interval_ms}"

    def moments(self, duration_ms: int) -> list[int]:
        """Return the moment of each tile, in milliseconds."""
        middle = self.interval_ms // 2
        return [min(i * self.interval_ms + middle, duration_ms - 1) for i in range(self.count)]


def plan_strip(duration_ms: int, width: int, height: int) -> StripLayout:
    """Return the layout for a video of this length and shape.

    >>> plan_strip(3_600_000, 1920, 1080).recipe
    'strip-1 160x90 c20 n360 i10000'
    """
    interval = max(1000, -(-duration_ms // MOST_TILES // 1000) * 1000)
    count = -(-duration_ms // interval)
    across, down = fitting(width, height, *TILE)
    return StripLayout(across, down, min(COLUMNS, count), count, interval)


def strip_layout(recipe: str) -> StripLayout:
    """Return the layout of a strip made by `recipe`.

    Raises:
        ValueError: it is no recipe of a strip.
    """
    found = _RECIPE.fullmatch(recipe)
    if found is None:
        raise ValueError("not the recipe of a strip")
    return StripLayout(*map(int, found.groups()))


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
    question = {
        "path": str(source),
        "options": tools.reading_options(),
        "stream": probe.video_index,
        "rotation": probe.rotation,
        "moments_us": [probe.first_frame_us + 1000 * moment for moment in moments],
        "exact": exact,
        "columns": layout.columns,
        "width": layout.width,
        "height": layout.height,
        "target": str(target),
    }
    seconds = 120 + len(moments) + probe.duration_ms / 1000
    limits = tools.Limits(seconds, int(seconds * 2), 3 * tools.GIB, 256 * 1024**2)
    try:
        drawn = tools.run_reader(_READER, question, limits, tick=tick)["drawn"]
    except tools.ToolError as error:
        raise _no_pictures() from error
    if not drawn:
        raise _no_pictures()


def _no_pictures() -> BadInputError:
    return BadInputError(message("No picture of this video could be drawn; it may be damaged."))
