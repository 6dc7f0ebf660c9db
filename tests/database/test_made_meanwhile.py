"""What is being made while a consent is taken back, or the video is deleted, is not kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe.db import Database, today
from observe.errors import ConflictError
from observe.jobs import CancelledError
from observe.people import class_lists
from observe.people.models import Child
from observe.privacy import consent, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import How
from observe.privacy.request_models import About
from observe.privacy.request_models import Channel as ByLetter
from observe.privacy.scopes import FORM_VERSION, Channel, Scope
from observe.settings import Settings
from observe.video import check, clips, erasing, light
from observe.video.media.graphs import Watch
from observe.video.models import DerivedFile
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import Cast
from tests.feedback_cases import filmed
from tests.lessons import Alone

SPAN = Span(0, 15_000)
HOW = How(Channel.PAPER, FORM_VERSION, date(2026, 3, 10))


@pytest.fixture
def film(database: Database, store: Store, cast: Cast, small_video: Path) -> UUID:
    """A lesson with its film and all consents."""
    with database.write() as session:
        class_lists.write_class_list(session, cast.class_group.id, "1", actor=cast.observer)
        answers = dict.fromkeys(session.scalars(sa.select(Child.id)), frozenset(Scope))
        consent.register_class(session, cast.class_group.id, answers, HOW, actor=cast.observer)
        consent.register_educator(
            session, cast.educator.user_id, frozenset(Scope), HOW, actor=cast.observer
        )
        return filmed(session, store, cast, small_video).id


def _revoke(database: Database, _store: Store, cast: Cast, _film: UUID) -> None:
    with database.write() as session:
        child = session.scalars(sa.select(Child.id)).one()
        subject = consent.child_for(session, child, actor=cast.observer)
        consent.revoke(
            session, subject, [Scope.FEEDBACK], on=today(), channel=Channel.MAIL,
            actor=cast.observer,
        )  # fmt: skip


def _erase(database: Database, store: Store, cast: Cast, film: UUID) -> None:
    with database.write() as session:
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, film, reason="prueba", actor=cast.observer)


def _block(database: Database, _store: Store, cast: Cast, _film: UUID) -> None:
    asked = requests.Asked(
        kind=RequestKind.BLOCKING, about=About.PERSON, user_id=cast.educator.user_id,
        received_on=date(2026, 5, 4), channel=ByLetter.LETTER, words="Que no se use.",
    )  # fmt: skip
    with database.write() as session:
        row = requests.register(session, asked, today=date(2026, 5, 12), actor=cast.administrator)
        requests.block(session, row.id, actor=cast.administrator)


@pytest.mark.parametrize(
    ("happens", "refused"),
    [(_revoke, ConflictError), (_erase, ConflictError), (_block, CancelledError)],
)
def test_a_clip_that_is_being_cut_meanwhile_is_not_kept(
    database: Database,
    store: Store,
    cast: Cast,
    film: UUID,
    happens: Callable[[Database, Store, Cast, UUID], None],
    refused: type[Exception],
) -> None:
    ticks: list[int] = []

    def meanwhile() -> None:
        """Pause the real cutting in its middle, once."""
        if not ticks:
            happens(database, store, cast, film)
        ticks.append(1)

    with pytest.raises(refused):
        clips.keep_clip(database, store, film, SPAN, watch=Watch(tick=meanwhile))
    assert ticks
    with database.read() as session:
        assert session.scalars(sa.select(DerivedFile)).all() == []
        assert check.problems(session, store) == []
    assert store.in_flight() == []
    left = {path.name for path in (store.root / "blobs").rglob("*") if path.is_file()}
    assert len(left) == (0 if happens is _erase else 1)  # the film alone


def test_the_small_copy_of_a_clip_that_was_deleted_meanwhile_is_not_kept(
    database: Database, home: Settings, store: Store, cast: Cast, film: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clip_id = clips.keep_clip(database, store, film, SPAN, watch=Watch())
    really = light.copy

    def copy(clip: Path, target: Path, watch: Watch | None = None) -> None:
        really(clip, target, watch)
        with database.write() as session:  # as the rule of clips does at the end of a year
            place = erasing.Place(database, store)
            assert erasing.erase_clips(session, place, film, reason="rule:clips", by_id=None)

    monkeypatch.setattr(light, "copy", copy)
    with pytest.raises(CancelledError):
        light.make_light(Alone("test", home, database), clip_id)
    with database.read() as session:
        assert session.scalars(sa.select(DerivedFile)).all() == []
        assert check.problems(session, store) == []
