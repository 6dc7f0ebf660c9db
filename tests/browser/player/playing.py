"""What every test of the player does with its film."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page


def rubric(**asked: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rubric_version", [asked], indirect=True)


def video(page: Page) -> Locator:
    return page.locator("#video")


def now(page: Page) -> float:
    return float(video(page).evaluate("video => video.currentTime"))


def paused(page: Page) -> bool:
    return bool(video(page).evaluate("video => video.paused"))


def stand(page: Page, seconds: float) -> None:
    """Put the video there, as the window's own recovery does: no bar is asked."""
    video(page).evaluate("(video, at) => { video.currentTime = at }", seconds)
    video(page).evaluate(
        "video => new Promise(done => video.seeking ? video.onseeked = done : done())"
    )


def wait(page: Page, holds: str) -> None:
    """Wait until this holds of `video`."""
    for _ in range(400):
        if video(page).evaluate(f"video => {holds}"):
            return
        time.sleep(0.05)
    pytest.fail(f"never: {holds}")


def until(page: Page, seconds: float) -> None:
    """Let it play until then."""
    wait(page, f"video.currentTime >= {seconds}")
