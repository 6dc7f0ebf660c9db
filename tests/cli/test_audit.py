"""The trail checked by command."""

from __future__ import annotations

import sqlite3

import pytest

from observe.db import Database
from observe.people.models import AuditEntry
from observe.privacy import certificates
from observe.privacy.certificates import Told
from observe.privacy.kinds import CertificateKind
from observe.privacy.models import Certificate
from observe.settings import Settings
from tests.cli.conftest import Run


def _behind_the_back(home: Settings, statement: str) -> None:
    with sqlite3.connect(home.database_path) as connection:
        for table in (AuditEntry.__tablename__, Certificate.__tablename__):
            for event in ("not_changed", "not_deleted"):
                connection.execute(f"DROP TRIGGER IF EXISTS {table}_{event}")
        connection.execute(statement)
    connection.close()


def test_a_whole_trail_is_told_with_its_end(peopled: Run) -> None:
    told = peopled("audit", "verify", "--json").facts
    assert told["ok"] is True
    assert told["entries"] > 2
    assert peopled("audit", "verify", "--noted", told["last"]).code == 0
    peopled("audit", "verify", "--noted", f"{told['entries']}:{'0' * 64}", code=1)
    peopled("audit", "verify", "--noted", "3", code=2)
    peopled("audit", "verify", "--as", "utp", code=3)


def test_the_first_entry_that_was_changed_is_named(peopled: Run, home: Settings) -> None:
    entries = peopled("audit", "verify", "--json").facts["entries"]
    assert entries >= 3
    for number in (3, 2):
        _behind_the_back(home, f"UPDATE audit_entry SET details = 'x' WHERE number = {number}")
        assert peopled("audit", "verify", "--json", code=1).facts["first_broken"] == number
    assert "La anotación 2 no calza" in peopled("audit", "verify", code=1).out


@pytest.mark.parametrize(
    "written",
    ["at = 'nonsense'", "thing_id = 'zz'", "details = x'ff00fe'", "action = CAST(x'ff' AS TEXT)"],
)
def test_an_entry_that_cannot_be_read_any_more_is_named(
    peopled: Run, home: Settings, written: str
) -> None:
    _behind_the_back(home, f"UPDATE audit_entry SET {written} WHERE number = 3")
    assert peopled("audit", "verify", "--json", code=1).facts["first_broken"] == 3
    assert "La anotación 3" in peopled("audit", "verify", code=1).out
    doctor = peopled("doctor", "--json", code=1).facts["checks"]
    assert {each["check"] for each in doctor if not each["ok"]} == {"audit", "database"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM certificate",
        "UPDATE certificate SET reason = 'otra'",
        "DELETE FROM audit_entry WHERE action = 'certificate.issued'",
    ],
)
def test_a_certificate_taken_out_or_cut_off_with_the_trail_is_missed(
    peopled: Run, home: Settings, database: Database, statement: str
) -> None:
    told = Told(CertificateKind.COPIES_DELETED, "home", None, None, {"files": []}, "rule:copies")
    with database.write() as session:
        certificates.issue(session, told, by_id=None)
    peopled("audit", "verify")
    _behind_the_back(home, statement)
    assert peopled("audit", "verify", "--json", code=1).facts["certificate"] == 1


def test_an_entry_taken_out_of_the_middle_is_missed_at_the_next(
    peopled: Run, home: Settings
) -> None:
    _behind_the_back(home, "DELETE FROM audit_entry WHERE number = 2")
    assert peopled("audit", "verify", "--json", code=1).facts["first_broken"] == 3


def test_an_end_that_was_cut_off_is_missed_by_who_noted_it(peopled: Run, home: Settings) -> None:
    last = peopled("audit", "verify", "--json").facts["last"]
    _behind_the_back(
        home, "DELETE FROM audit_entry WHERE number = (SELECT max(number) FROM audit_entry)"
    )
    peopled("audit", "verify")
    assert "ya no está" in peopled("audit", "verify", "--noted", last, code=1).out
