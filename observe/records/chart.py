"""A line of a history as a picture (SVG), the same on a page and in a PDF. Pure.

Points of one version are joined by a whole line, two versions by a dashed one where a person said
that they are comparable; one standard error is a band behind each point. The form of a point tells
how the lesson was chosen, a thin upright line where a version begins. Why it is drawn here and not
by a library is in `docs/decisions/0013-small-charts.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from babel.dates import format_date
from markupsafe import Markup

from observe.records.history import Line, Point

WIDTH: Final = 336  # a column of a laptop, and the whole of a phone
HEIGHT: Final = 168
LEFT: Final = 30
RIGHT: Final = 322
TOP: Final = 24
BOTTOM: Final = 136
LETTERS: Final = 12  # never smaller
SIZE: Final = 5.5  # from the middle of a point to its edge
QUIET: Final = "#4a5663"
ACCENT: Final = "#0b5cad"
GRID: Final = "#d5dce3"


def svg_of(line: Line, *, locale: str, told: str) -> Markup:
    """Return the picture of `line`; `told` says in words what it shows, for who does not see it.

    A line without a number has no picture: ''.
    """
    if not line.drawn:
        return Markup("")
    place = _Place(line)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="history-chart" role="img" aria-label="{}" '
        'width="{}" height="{}" viewBox="0 0 {} {}" font-family="system-ui, sans-serif" '
        'font-size="{}">'
    ).format(told, WIDTH, HEIGHT, WIDTH, HEIGHT, LETTERS)
    parts = (
        *_scale(place),
        *_days(place, locale),
        *_versions(place),
        *_bands(place),
        *_lines(place),
        *_points(place),
    )
    return head + Markup("").join(parts) + Markup("</svg>")


class _Place:
    """Where the days and numbers of a line stand in its picture."""

    def __init__(self, line: Line) -> None:
        self.line = line
        days = [point.lesson.recorded_on for point in line.drawn]
        self.first, self.last = min(days), max(days)

    def x(self, day: date) -> float:
        """Return where a day stands: a single one in the middle."""
        whole = (self.last - self.first).days
        share = (day - self.first).days / whole if whole else 0.5
        return round(LEFT + 12 + share * (RIGHT - LEFT - 24), 1)

    def y(self, value: float) -> float:
        """Return where a number of the scale stands: the highest at the top."""
        scale = self.line.scale
        return round(BOTTOM - (value - scale.min) / (scale.max - scale.min) * (BOTTOM - TOP), 1)

    def at(self, point: Point) -> tuple[float, float]:
        """Return where a drawn point stands."""
        assert point.mean is not None  # noqa: S101  # `drawn` points have one
        return self.x(point.lesson.recorded_on), self.y(point.mean)


def _scale(place: _Place) -> Iterator[Markup]:
    for value in place.line.scale.values():
        y = place.y(value)
        yield Markup('<path d="M{} {}H{}" stroke="{}"/>').format(LEFT, y, RIGHT, GRID)
        yield Markup('<text x="{}" y="{}" text-anchor="end" fill="{}">{}</text>').format(
            LEFT - 8, y + 4, QUIET, value
        )


def _days(place: _Place, locale: str) -> Iterator[Markup]:
    """Name the first day and the last: between them words would run into each other."""
    alone = place.first == place.last
    ends = [(place.first, "middle" if alone else "start")]
    ends += [] if alone else [(place.last, "end")]
    for day, anchor in ends:
        x = place.x(day) + {"start": -SIZE, "end": SIZE, "middle": 0}[anchor]
        words = format_date(day, "d MMM y", locale=locale)
        yield Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>').format(
            x, BOTTOM + 24, anchor, QUIET, words
        )


def _versions(place: _Place) -> Iterator[Markup]:
    """Draw where a version begins, with its number above; only where there are several."""
    runs = place.line.runs
    for run in runs if len(runs) > 1 else ():
        x = place.x(run[0].lesson.recorded_on)
        yield Markup('<path d="M{} {}V{}" stroke="{}" stroke-dasharray="2 3"/>').format(
            x, TOP - 6, BOTTOM, QUIET
        )
        anchor = "end" if x > RIGHT - 40 else "start"
        yield Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>').format(
            x, TOP - 10, anchor, QUIET, run[0].lesson.version.rubric.version
        )


def _bands(place: _Place) -> Iterator[Markup]:
    for point in place.line.drawn:
        if point.low is not None and point.high is not None:
            yield Markup(
                '<path class="band" d="M{} {}V{}" stroke="{}" stroke-width="9" opacity="0.28"/>'
            ).format(
                place.x(point.lesson.recorded_on), place.y(point.low), place.y(point.high), ACCENT
            )


def _lines(place: _Place) -> Iterator[Markup]:
    for run in place.line.runs:
        if len(run) > 1:
            yield _path(map(place.at, run), "run", "none")
    for turn in place.line.turns:
        if turn.joined:
            yield _path(map(place.at, (turn.before, turn.after)), "joint", "6 4")


def _path(places: Iterable[tuple[float, float]], name: str, dashes: str) -> Markup:
    points = " ".join(f"{x},{y}" for x, y in places)
    return Markup(
        '<polyline class="{}" points="{}" fill="none" stroke="{}" stroke-width="2" '
        'stroke-dasharray="{}"/>'
    ).format(name, points, ACCENT, dashes)


def _points(place: _Place) -> Iterator[Markup]:
    for point in place.line.drawn:
        x, y = place.at(point)
        yield Markup('<path class="point" d="{}" transform="translate({} {})" fill="{}"/>').format(
            _SHAPES[point.lesson.selection], x, y, ACCENT
        )


_SHAPES: Final = {
    "assigned": "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0Z",  # a circle
    "educator_chosen": "M0-7 7 0 0 7-7 0Z",
    "random": "M-5-5H5V5H-5Z",
}
