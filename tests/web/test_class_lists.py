"""The page of a class list: kept, given back when wrong, and closed to outsiders."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from observe.db import Database
from observe.people.models import AuditEntry, Child
from tests import factories
from tests.web.conftest import ClientFor


@pytest.fixture
def address(database: Database, cast: factories.Cast) -> str:
    with database.write() as session:
        group = factories.recording(session, cast).class_group_id
    return f"/cursos/{group}/lista"


def children(database: Database) -> dict[int, tuple[object, str]]:
    with database.read() as session:
        return {row.list_number: (row.id, row.name) for row in session.scalars(sa.select(Child))}


def test_a_list_is_kept_and_a_child_stays_itself(
    client_for: ClientFor, database: Database, cast: factories.Cast, address: str
) -> None:
    browser = client_for(cast.observer)
    assert "Lista del curso" in browser.get(address).text
    browser.post(address, data={"children": "1 Ana\n2 <b>Juan"})
    before = children(database)
    page = browser.post(address, data={"children": "1 Anaís\n3"}, follow_redirects=True).text
    assert "1 Anaís\n3" in page
    after = children(database)
    assert set(after) == {1, 3}
    assert after[1] == (before[1][0], "Anaís")
    with database.read() as session:
        acts = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "class_list.write"))
        assert [act.details for act in acts] == ['{"children": 2}', '{"children": 2}']


def test_what_was_typed_wrong_comes_back_and_nothing_changes(
    client_for: ClientFor, database: Database, cast: factories.Cast, address: str
) -> None:
    browser = client_for(cast.observer)
    browser.get(address)
    answer = browser.post(address, data={"children": "4 <Ana>\n4 Juan"})
    assert answer.status_code == 400
    assert "4 &lt;Ana&gt;\n4 Juan" in answer.text
    assert "está dos veces" in answer.text
    assert children(database) == {}


def test_names_of_children_are_closed_to_others(
    client_for: ClientFor, cast: factories.Cast, address: str
) -> None:
    for actor in (*cast.outsiders, cast.educator):
        assert client_for(actor).get(address).status_code == 404
    for actor in (cast.network_lead, cast.administrator):  # they may know of the school
        answer = client_for(actor).get(address)
        assert answer.status_code in (403, 404)
        assert "Lista del curso" not in answer.text
