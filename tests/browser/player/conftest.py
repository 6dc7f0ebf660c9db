"""The player's lesson: a rubric as the test asks for, and two cycles planned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from observe.db import Database
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load
from tests import factories
from tests.browser.coding import Lesson, open_screen, plan, saved
from tests.rubrics import timed


@pytest.fixture
def rubric_version(
    request: pytest.FixtureRequest, database: Database, cast: factories.Cast
) -> RubricVersion:
    """The rubric with the policy and the snapshots that the test asks for; else a free one."""
    asked: dict[str, Any] = {"snapshots": None} | getattr(request, "param", {})
    with database.write() as session:
        return load(session, timed(**asked), "prueba.yaml", actor=cast.administrator)


@pytest.fixture
def page(context: BrowserContext, lesson: Lesson, errors: list[str]) -> Iterator[Page]:
    """The screen with two cycles of ten seconds planned; no browser may complain."""
    opened = open_screen(context, lesson)
    plan(opened, 2, "0:10")
    saved(opened)
    yield opened
    assert errors == []
