"""What the database refuses is told without what was to be written: an error may be logged."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from observe.db import Database
from observe.people.models import User
from tests import factories


def test_no_error_quotes_a_name_or_an_address(both: Database) -> None:
    with both.write() as session:
        factories.cast(session)
        taken = session.scalars(sa.select(User.email).where(User.email.is_not(None))).first()
    with pytest.raises(sa.exc.IntegrityError) as refused, both.write() as session:
        session.add(User(name="Zoila Secreta", email=taken))
    told = f"{refused.value} {refused.value.orig}"
    assert "email" in told
    assert "Zoila" not in told
    assert str(taken) not in told
