"""The shapes of what is made of a picture: the box a copy fits, the sheet of a film strip. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_RECIPE: Final = re.compile(r"strip-1 (\d+)x(\d+) c(\d+) n(\d+) i(\d+)", re.ASCII)
TILE: Final = (160, 90)
COLUMNS: Final = 20
MOST_TILES: Final = 360
SHEET_QUALITY: Final = 5  # of 2 (best) to 31


def fitting(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """Return the size, even and never larger, that fits the box lying or standing.

    >>> fitting(1080, 1920, 1280, 720)
    (720, 1280)
    """
    longer, shorter = max(width, height), min(width, height)
    factor = min(Fraction(1), Fraction(long_side, longer), Fraction(short_side, shorter))
    across, down = (max(2, round(side * factor / 2) * 2) for side in (width, height))
    return across, down


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
