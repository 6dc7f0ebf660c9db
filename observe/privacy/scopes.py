"""What can be allowed, and by which way the answer came. Pure."""

from __future__ import annotations

import enum
from typing import Final

from observe.text import Message, message

FORM_VERSION: Final = "2026-1"  # of the text on the paper that this program prints


class Scope(enum.StrEnum):
    """What a family, or the educator, allows; each is asked for by itself."""

    RECORD = "record"
    CODE = "code"
    FEEDBACK = "feedback"
    TRAINING = "training"
    RESEARCH = "research"


class Channel(enum.StrEnum):
    """By which way an answer came."""

    PAPER = "paper"
    DIGITAL = "digital"
    MAIL = "mail"
    IN_PERSON = "in_person"


SCOPES: Final[dict[Scope, Message]] = {
    Scope.RECORD: message("Film the lesson"),
    Scope.CODE: message("Observe it with the rubric"),
    Scope.FEEDBACK: message("Make clips for the feedback"),
    Scope.TRAINING: message("Train the school's own team"),
    Scope.RESEARCH: message("Research"),
}
SHORT: Final[dict[Scope, Message]] = {
    Scope.RECORD: message("Film"),
    Scope.CODE: message("Observe"),
    Scope.FEEDBACK: message("Feedback"),
    Scope.TRAINING: message("Training"),
    Scope.RESEARCH: message("Research"),
}
CHANNELS: Final[dict[Channel, Message]] = {
    Channel.PAPER: message("Signed paper"),
    Channel.DIGITAL: message("Digital form"),
    Channel.MAIL: message("E-mail"),
    Channel.IN_PERSON: message("In person"),
}
# What must be allowed by all who are seen before a film may serve for it.
TO_CODE: Final = frozenset({Scope.RECORD, Scope.CODE})
TO_SHOW: Final = frozenset({Scope.RECORD, Scope.FEEDBACK})  # to the educator of the class
TO_SHOW_OTHERS: Final = TO_SHOW | {Scope.TRAINING}  # the school's team, and peers of the network
