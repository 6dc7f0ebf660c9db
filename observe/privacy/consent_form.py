"""The paper that families sign: one sheet a child, with its list number printed on it.

The text is a template: whoever uses it has it checked by her own lawyer first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from observe import typeset
from observe.people.models import Child, ClassGroup
from observe.privacy.kinds import Kept
from observe.privacy.retention import Rule
from observe.privacy.scopes import FORM_VERSION, SCOPES, Scope
from observe.text import Message, message

TEMPLATE: Final = Path(__file__).with_name("consent_form.typ")


def pdf(
    group: ClassGroup, children: Sequence[Child], rules: Sequence[Rule], *, locale: str
) -> bytes:
    """Return the sheets of these children as a tagged PDF (PDF/UA-1); without any, a blank one.

    They promise the deadlines of `rules`, those of this home.
    """
    days = {rule.kind: rule.days for rule in rules}
    form = {
        "lang": locale.split("_", maxsplit=1)[0],
        "words": {name: told.in_language(locale) for name, told in _WORDS.items()}
        | {"text_version": message("Text %(version)s", version=FORM_VERSION).in_language(locale)},
        "school": group.school.name,
        "group": f"{group.name} · {group.year}",
        "paragraphs": [told.in_language(locale) for told in _paragraphs(days)],
        "scopes": [
            [SCOPES[scope].in_language(locale), _MEANINGS[scope].in_language(locale)]
            for scope in Scope
        ],
        "people": [_who(child, locale) for child in children] or [_who(None, locale)],
    }
    return typeset.pdf(TEMPLATE, form)


def _who(child: Child | None, locale: str) -> str:
    if child is None:
        return message("List number: ______").in_language(locale)
    told = message("List number %(number)s", number=child.list_number).in_language(locale)
    return f"{told} · {child.name}" if child.name else told


def _paragraphs(days: Mapping[Kept, int]) -> tuple[Message, ...]:
    return (
        message(
            "Your child's class is filmed so that the educator and an adviser can look together at "
            "how she teaches. It is not the children who are assessed."
        ),
        _deadlines(days[Kept.VIDEO], days[Kept.CLIPS]),
        message("Mark yes or no on each line. You may say yes to one and no to another."),
    )


def _deadlines(video: int, clips: int) -> Message:
    if clips == 0:
        return message(
            "The video stays on the adviser's computer. It is deleted %(video)s days after the "
            "work with the educator is closed, and its short clips at the end of the school year. "
            "No face is recognised by any program.",
            video=video,
        )
    return message(
        "The video stays on the adviser's computer. It is deleted %(video)s days after the "
        "work with the educator is closed, and its short clips %(clips)s days after the end of "
        "the school year. No face is recognised by any program.",
        video=video,
        clips=clips,
    )


_MEANINGS: Final[dict[Scope, Message]] = {
    Scope.RECORD: message("That your child may be seen or heard in the video of a lesson."),
    Scope.CODE: message("That an adviser watches that video to observe how it is taught."),
    Scope.FEEDBACK: message("That short clips are shown to the educator of the class."),
    Scope.TRAINING: message("That clips are shown to the team of the school and its network."),
    Scope.RESEARCH: message("That the video may be used in a study, which will ask again."),
}
_WORDS: Final[dict[str, Message]] = {
    "title": message("Consent to film lessons"),
    "asked": message("What is asked for"),
    "yes": message("Yes"),
    "no": message("No"),
    "rights": message(
        "Your answer changes nothing for your child at school. You may take it back at any time, "
        "without giving a reason, and ask to see or delete what was filmed: tell the school."
    ),
    "guardian": message("Name of the mother, father or guardian"),
    "relation": message("Relation to the child"),
    "signature": message("Signature"),
    "date": message("Date"),
}
