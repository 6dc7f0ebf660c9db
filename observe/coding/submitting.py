"""What else happens when an observation is submitted, in the same transaction.

Rooms above this one hang in here what they keep of it; coding knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from observe.coding.models import Observation
from observe.coding.rules import Document

Then = Callable[[Session, Observation, Document], None]
_then: list[Then] = []


def when_submitted(function: Then) -> Then:
    """Mark a function to be called with each observation as it is submitted."""
    _then.append(function)
    return function


def submitted(session: Session, observation: Observation, document: Document) -> None:
    """Call what was marked."""
    for function in _then:
        function(session, observation, document)
