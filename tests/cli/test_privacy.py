"""The rules by commands: simulated, switched on, applied; deletion and its certificate."""

from __future__ import annotations

import sqlalchemy as sa

from observe.db import Database
from observe.video.models import Recording
from tests import factories
from tests.cli.conftest import Run
from tests.factories import Cast

ANA, FLORA = "observer-ana-peñailillo", "administrator-flora-díaz"


def test_rules_are_told_before_they_delete(run: Run, database: Database, cast: Cast) -> None:
    with database.write() as session:
        film = factories.recording(session, cast)
    later = ["--on", "2027-06-01", "--as", FLORA]
    assert "1° B" in run("privacy", "retention", "--dry-run", *later).out
    assert run("privacy", "retention", "--as", FLORA, "--json").facts["due"] == []
    run("privacy", "rule", "unused_video", "30", "--applied", "--as", FLORA)
    assert run("privacy", "retention", "--apply", "--dry-run", *later, "--json").facts["due"]
    run("privacy", "retention", "--apply", *later, code=2)  # nothing goes before its day
    early = run("privacy", "retention", "--apply", "--on", "2026-06-01", "--as", FLORA, "--json")
    assert early.facts == {"deleted": 0}
    assert run("privacy", "retention", "--apply", "--as", FLORA, "--json").facts == {"deleted": 1}
    with database.read() as session:
        assert session.get_one(Recording, film.id).is_erased
    (told,) = run("privacy", "certificates", "--as", FLORA, "--json").facts["certificates"]
    assert (told["kind"], told["true"]) == ("video_deleted", True)


def test_a_video_is_deleted_by_its_observer(run: Run, database: Database, cast: Cast) -> None:
    with database.write() as session:
        film = factories.recording(session, cast)
    outsider = "observer-gina-soto"
    run("privacy", "erase", str(film.id), "--reason", "x", "--as", outsider, code=4)
    run("privacy", "erase", str(film.id), "--reason", "Lo pidió una familia", "--as", ANA)
    with database.read() as session:
        assert session.scalars(sa.select(Recording.erased_at)).one() is not None
