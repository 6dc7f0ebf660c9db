"""The list as a person's own: views that she named, what is new since she came, fresh at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from observe.coding import correcting
from observe.coding.models import Observation
from observe.db import now
from observe.errors import BadInputError, NotFoundError
from observe.ids import new_id
from observe.records import operations as records
from observe.records import own_list, review
from observe.records.models import SavedView
from observe.records.news import News, news_of
from observe.records.operations import RecordFilter
from tests.factories import Cast, recording
from tests.feedback_cases import given_for, submitted

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


@pytest.fixture
def observation(session: Session, cast: Cast) -> Observation:
    """A submitted observation of the school."""
    return submitted(session, cast, recording(session, cast))


def test_a_view_is_kept_under_its_name_for_her_alone(session: Session, cast: Cast) -> None:
    own_list.save_view(
        session, " Mis  cursos ", {"texto": "1° B", "pauta": ""}, actor=cast.utp_head
    )
    own_list.save_view(session, "Mis cursos", {"texto": "2° A"}, actor=cast.utp_head)
    own_list.save_view(session, "Mis cursos", {"texto": "otra"}, actor=cast.observer)
    (view,) = own_list.views_of(session, actor=cast.utp_head)
    assert (view.name, view.asked) == ("Mis cursos", {"texto": "2° A"})
    with pytest.raises(NotFoundError):
        own_list.remove_view(session, view.id, actor=cast.observer)
    own_list.remove_view(session, view.id, actor=cast.utp_head)
    assert own_list.views_of(session, actor=cast.utp_head) == []


@pytest.mark.parametrize(
    ("name", "asked"), [(" ", {"texto": "x"}), ("x" * 61, {"texto": "x"}), ("Todo", {"texto": ""})]
)
def test_what_is_no_view_is_refused(
    session: Session, cast: Cast, name: str, asked: dict[str, str]
) -> None:
    with pytest.raises(BadInputError):
        own_list.save_view(session, name, asked, actor=cast.utp_head)


def test_there_is_an_end_to_views(session: Session, cast: Cast) -> None:
    session.add_all(
        SavedView(user_id=cast.utp_head.user_id, name=str(number), asked={"texto": "x"})
        for number in range(own_list.MOST_VIEWS)
    )
    session.flush()
    own_list.save_view(session, "3", {"texto": "y"}, actor=cast.utp_head)
    with pytest.raises(BadInputError):
        own_list.save_view(session, "más", {"texto": "y"}, actor=cast.utp_head)


def test_what_is_new_stays_marked_while_she_works_and_not_after(
    session: Session, cast: Cast
) -> None:
    actor = cast.utp_head
    steps = [(0, None), (5, None), (300, 5), (310, 5), (338, 5), (369, 338)]
    for minutes, since in steps:
        at = NOON + timedelta(minutes=minutes)
        told = own_list.since_last_visit(session, at, actor=actor)
        assert told == (None if since is None else NOON + timedelta(minutes=since)), minutes
        own_list.visited(session, at, actor=actor)
    own_list.visited(session, NOON, actor=actor)  # a window that was slow takes nothing back
    assert not own_list.is_kept(session, NOON + timedelta(minutes=371), actor=actor)
    assert own_list.is_kept(session, NOON + timedelta(minutes=369, seconds=9), actor=actor)


def test_only_what_others_did_is_news(
    session: Session, cast: Cast, observation: Observation
) -> None:
    before, head, observer = now() - timedelta(hours=1), cast.utp_head, cast.observer

    def news(actor: object, since: datetime = before) -> tuple[News, ...]:
        told = news_of(session, {observation.id}, since, actor=actor)  # type: ignore[arg-type]
        return told.get(observation.id, ())

    assert news(head) == (News.NEW,)
    assert news(observer) == ()
    records.comment(session, observation.id, "¿Y atrás?", actor=head)
    review.agree(session, observation.id, 1, actor=head)
    assert news(observer) == (News.AGREED, News.COMMENT)
    correcting.ask(session, observation.id, "El ciclo 2.", actor=head)
    assert News.ASKED in news(observer)
    correcting.keep(session, observation.id, "Así queda.", actor=observer)
    given_for(session, cast, observation)
    assert news(head) == (News.NEW, News.KEPT, News.PUBLISHED)
    assert news(head, now() + timedelta(seconds=1)) == ()
    assert news_of(session, set(), before, actor=head) == {}


def test_the_list_is_narrowed_to_news_and_to_a_state_of_review(
    session: Session, cast: Cast, observation: Observation
) -> None:
    review.agree(session, observation.id, 1, actor=cast.utp_head)

    def count(**where: object) -> int:
        asked = RecordFilter(**where)  # type: ignore[arg-type]
        return len(records.records_of(session, actor=cast.utp_head, where=asked))

    assert (count(review="agreed"), count(review="asked")) == (1, 0)
    assert count(changed_since=now() - timedelta(minutes=5)) == 1
    assert count(changed_since=now() + timedelta(minutes=5)) == 0


class Compared(UUID):
    """An id that counts with how many others it is compared."""

    count = 0

    def __eq__(self, other: object) -> bool:
        Compared.count += 1
        return self.int == getattr(other, "int", None)

    __hash__ = UUID.__hash__


def test_what_was_said_of_one_record_is_not_looked_for_in_all(
    session: Session, cast: Cast, observation: Observation
) -> None:
    review.agree(session, observation.id, 1, actor=cast.utp_head)
    ids = [Compared(int=new_id().int) for _each in range(40)]
    found = review.reviews_of(session, [observation.id, *ids])
    assert len(found[observation.id].agreed) == 1
    assert found[ids[0]].agreements == ()
    assert Compared.count < len(ids)
