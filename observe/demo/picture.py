"""The picture of the demo lesson: a classroom of simple shapes. No child was ever filmed for it."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from observe.demo.script import CHILDREN, Moment, moment_at

WIDTH: Final = 854
HEIGHT: Final = 480
FRAMES_A_SECOND: Final = 12
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]  # blue, green, red
Point = tuple[int, int]

_WALL: Final = (214, 232, 240)
_FLOOR: Final = (150, 180, 205)
_BOARD: Final = (72, 92, 44)
_WOOD: Final = (70, 120, 170)
_CHALK: Final = (235, 240, 240)
_INK: Final = (51, 39, 29)
_LIPS: Final = (60, 60, 150)
_DRESS: Final = (173, 92, 11)
_SKIN: Final = ((150, 185, 225), (120, 160, 205), (95, 135, 185))
_SHIRTS: Final = (
    (77, 90, 200), (92, 105, 0), (177, 53, 94), (0, 77, 154), (160, 130, 40), (90, 140, 60),
)  # fmt: skip
_BOARD_AT: Final = ((60, 60), (420, 210))
_SEATS: Final = ((300, 335), (450, 325), (600, 335), (250, 425), (440, 420), (640, 425))
_WALK_SECONDS: Final = 3.0
_TALKING: Final = 0.08  # the loudness from which a mouth opens


def frame(number: int, loudness: dict[str, float]) -> Picture:
    """Return frame `number`, shape (480, 854, 3); `loudness` (0–1) opens each person's mouth."""
    second = number / FRAMES_A_SECOND
    moment, before = moment_at(second)
    picture = _room(moment.board).copy()
    _draw_teacher(picture, moment, before, second, loudness)
    for seat, name in enumerate(CHILDREN):
        _draw_child(picture, seat, second, loudness[name], hand=name in moment.hands)
    _write(picture, f"{int(second) // 60:02}:{second % 60:04.1f}  f{number:04}", (680, 34), 0.55)
    return picture


@cache
def _room(board: tuple[str, ...]) -> Picture:
    picture = np.full((HEIGHT, WIDTH, 3), _WALL, dtype=np.uint8)
    cv2.rectangle(picture, (0, 270), (WIDTH, HEIGHT), _FLOOR, -1)
    _draw_window(picture)
    (left, top), (right, bottom) = _BOARD_AT
    cv2.rectangle(picture, (left - 8, top - 8), (right + 8, bottom + 8), _WOOD, -1)
    cv2.rectangle(picture, (left, top), (right, bottom), _BOARD, -1)
    for line, text in enumerate(board):
        _write(picture, text, (left + 120, top + 42 + 44 * line), 1.1, _CHALK, 2)
    return picture


def _draw_window(picture: Picture) -> None:
    cv2.rectangle(picture, (560, 70), (770, 200), (250, 225, 190), -1)
    cv2.circle(picture, (720, 105), 22, (120, 215, 250), -1, cv2.LINE_AA)
    pane = picture[70:200, 560:770]
    cv2.ellipse(pane, (80, 145), (115, 50), 0, 180, 360, (120, 175, 130), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (560, 70), (770, 200), _WOOD, 5)
    cv2.line(picture, (665, 70), (665, 200), _WOOD, 4)


def _draw_teacher(
    picture: Picture, moment: Moment, before: Moment, second: float, loudness: dict[str, float]
) -> None:
    walked = min(1.0, (second - moment.start) / _WALK_SECONDS)
    x = int(WIDTH * (before.teacher_x + (moment.teacher_x - before.teacher_x) * walked))
    walking = walked < 1 and before is not moment
    y = 138 + (int(3 * np.sin(second * 9)) if walking else 0)
    dress = np.array([[x - 16, y + 28], [x + 16, y + 28], [x + 42, y + 165], [x - 42, y + 165]])
    cv2.fillPoly(picture, [dress], _DRESS, cv2.LINE_AA)
    reach = (x + 62, y - 12 + int(14 * np.sin(second * 5))) if moment.writing else (x + 48, y + 100)
    _limb(picture, (x + 16, y + 40), reach, _SKIN[1])
    _limb(picture, (x - 16, y + 40), (x - 44, y + 96 - int(34 * loudness["teacher"])), _SKIN[1])
    cv2.circle(picture, (x, y - 4), 30, (30, 45, 70), -1, cv2.LINE_AA)
    _draw_face(picture, (x, y + 2), 24, _SKIN[1], loudness["teacher"])


def _draw_child(picture: Picture, seat: int, second: float, loudness: float, *, hand: bool) -> None:
    x, y = _SEATS[seat]
    y += int(2 * np.sin(second * 1.7 + seat))
    skin = _SKIN[seat % len(_SKIN)]
    cv2.ellipse(picture, (x, y + 48), (32, 30), 0, 180, 360, _SHIRTS[seat], -1, cv2.LINE_AA)
    if hand:
        _limb(picture, (x + 24, y + 36), (x + 34, y - 38 + int(3 * np.sin(second * 6))), skin)
    cv2.circle(picture, (x, y - 5), 24, (25, 35 + 12 * (seat % 3), 55), -1, cv2.LINE_AA)
    _draw_face(picture, (x, y), 20, skin, loudness)
    cv2.rectangle(picture, (x - 60, y + 48), (x + 60, y + 58), _WOOD, -1)
    if loudness >= _TALKING:
        _draw_bubble(picture, (x + 44, y - 34))


def _draw_face(picture: Picture, centre: Point, size: int, skin: Colour, loudness: float) -> None:
    x, y = centre
    cv2.circle(picture, centre, size, skin, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * size // 3, y - size // 6), 2, _INK, -1, cv2.LINE_AA)
    mouth, half = (x, y + size // 3), size // 3
    if loudness < _TALKING:
        cv2.ellipse(picture, mouth, (half, half // 2), 0, 10, 170, _LIPS, 2, cv2.LINE_AA)
    else:
        opening = (half, max(2, int(min(1.0, loudness) * half)))
        cv2.ellipse(picture, mouth, opening, 0, 0, 360, _LIPS, -1, cv2.LINE_AA)


def _draw_bubble(picture: Picture, centre: Point) -> None:
    x, y = centre
    cv2.ellipse(picture, centre, (22, 14), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
    for step in (-9, 0, 9):
        cv2.circle(picture, (x + step, y), 3, _INK, -1, cv2.LINE_AA)


def _limb(picture: Picture, start: Point, end: Point, colour: Colour) -> None:
    cv2.line(picture, start, end, colour, 11, cv2.LINE_AA)
    cv2.circle(picture, end, 8, colour, -1, cv2.LINE_AA)


def _write(
    picture: Picture, text: str, at: Point, scale: float, colour: Colour = _INK, width: int = 1
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, width, cv2.LINE_AA)
