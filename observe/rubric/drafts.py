"""Writing a version in the browser: begun from another, changed field by field, then frozen.

Several people may write the same draft. A change says what stood in the field when it was begun
(`was`); where somebody else has written meanwhile, nothing of that field is overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import locked, now
from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import access, audit
from observe.people.access import RUBRICS, Action, Actor
from observe.people.models import AuditEntry, User
from observe.rubric import content as contents
from observe.rubric import fields, loader, proposals
from observe.rubric.content import Group, Place
from observe.rubric.fields import Field
from observe.rubric.files import Given
from observe.rubric.models import ProposalState, RubricDraft, RubricProposal, RubricVersion
from observe.rubric.operations import keep, rubric_of, same_version, taken, version_order
from observe.rubric.schema import Rubric
from observe.rubric.versions import Trial, pilot
from observe.rubric.yamltext import LARGEST_FILE, FieldPath
from observe.text import Message, message

CHANGE: Final = "rubric.draft.change"
LONGEST_TITLE: Final = 200


@dataclass(frozen=True)
class Edit:
    """What a person typed into a field (`now`), and what stood there when she began (`was`)."""

    field: str
    was: str
    now: str


@dataclass(frozen=True)
class Clash:
    """A field that was not written: `by` wrote `theirs` there, or (None) dropped all around it.

    `back` is what was dropped, where putting it back brings the field back.
    """

    field: str
    theirs: str | None
    by: str
    back: Dropped | None = None


@dataclass(frozen=True)
class Wrong:
    """What is missing or wrong, and the field in which it is mended; None: no field of the page."""

    field: Field | None
    what: Message


@dataclass(frozen=True)
class Dropped:
    """A part that was taken out, and where it stood: the place of its list as one word."""

    kind: str
    at: int
    thing: Group

    @property
    def place(self) -> Place:
        """Where its list stands."""
        return tuple(self.kind.split("."))

    @property
    def name(self) -> str:
        """The place where it stood, itself included, as one word; its fields begin so."""
        return f"{self.kind}.{self.thing['id']}"


# --- beginning ------------------------------------------------------------------------------------


def begin_empty(session: Session, title: str, *, actor: Actor) -> RubricDraft:
    """Begin a rubric in which only words are missing.

    Raises:
        NotFoundError, NotAllowedError: not hers to write.
        BadInputError: the title is no name for it.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    title = contents.composed(title).strip()
    if not contents.slug(title) or len(title) > LONGEST_TITLE:
        raise BadInputError(message("Write its name, in a few words."), field="title")
    used = [*session.scalars(sa.select(RubricVersion.rubric_id))]
    used += session.scalars(sa.select(RubricDraft.rubric_id))
    rubric_id = contents.free_id(contents.slug(title), used)
    return _begun(session, contents.blank(rubric_id, title), None, actor)


def begin_from(session: Session, version_id: UUID, *, actor: Actor) -> RubricDraft:
    """Begin the next version of a rubric as a copy of this one.

    The words that were accepted for a part of it stand there already, and its notes name those
    whose proposals were accepted.

    Raises:
        NotFoundError, NotAllowedError: no such version, or not hers to write.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    base = session.get(RubricVersion, version_id)
    if base is None:
        raise access.not_found()
    content = contents.plain_of(rubric_of(base))
    content.pop("notes", None)
    proposed = proposals.of_version(session, base.id, actor=actor)
    _take_up(content, proposed)
    if names := proposals.credit(proposed):
        content["notes"] = _credit(content, names)
    return _begun(session, content, base, actor)


_PLACES: Final = {
    "low": "descriptors.low",
    "mid": "descriptors.mid",
    "high": "descriptors.high",
    **{name: name for name in ("title", "description", "indicators", "examples")},
}


def _take_up(content: Group, proposed: Sequence[RubricProposal]) -> None:
    """Write the words that were accepted, of several for one part those decided last.

    They are Spanish, as all that people write here. Words for «feedback» may be meant for any of
    its lists: who writes the draft puts them there.
    """
    known = fields.fields(content)
    accepted = [each for each in proposed if each.state is ProposalState.ACCEPTED]
    for each in sorted(accepted, key=lambda each: (each.decided_at or each.at, each.id)):
        place = _PLACES.get(each.part or "")
        field = known.get(f"dimensions.{each.dimension}.{place}.es")
        if field is not None and each.wording is not None:
            fields.write(content, field, each.wording)


def _credit(content: Group, names: Sequence[str]) -> Group:
    said = message("This version takes up proposals of: %(names)s.", names=", ".join(names))
    return {each: said.in_language(each) for each in fields.languages_of(content)}


def begin_with(session: Session, given: Given, *, actor: Actor) -> RubricDraft:
    """Begin with what a file says, which may be incomplete.

    Raises:
        NotFoundError, NotAllowedError: not hers to write.
        BadInputError: it has more than a sheet can have.
        InvalidError: with all problems of the file that no field of the page can mend.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    if not isinstance(given.content, dict):
        raise given.refusal(loader.checked(given.content)[1])
    content = contents.adopted(given.content)
    _require_sheet_size(content)
    fields.adopt_words(content)
    known = fields.fields(content)
    found = loader.checked(contents.finished(content))[1]
    stuck = [each for each in found if not _can_be_mended(content, known, each[0])]
    told = {path for path, _what in found}
    stuck += [each for each in loader.unknown(given.content) if each[0] not in told]
    if given.has_problems or stuck:
        raise given.refusal(stuck)
    return _begun(session, content, _newest(session, str(content["id"])), actor)


def _can_be_mended(content: Group, known: Mapping[str, Field], path: FieldPath) -> bool:
    """Tell whether a person finds the place on the page: the very field, or an empty one in it."""
    field = fields.at(content, known, path)
    if field is None:
        return False
    exact = field.path == contents.named(content, path)
    return exact or not fields.typed(content, field) or bool(field.choices)


def _require_sheet_size(content: Group) -> None:
    """Refuse at once what could never be published, and what only takes long to look at."""
    counts = {place: len(listed) for place, listed in contents.lists(content)}
    counts[contents.SCALES] = len(contents.scale_names(content))
    for place, count in counts.items():
        limit = contents.held_in(place)
        if limit is not None and count > limit.most:
            raise BadInputError(
                message(
                    "That is too many for a sheet: at most %(most)s of a kind.", most=limit.most
                )
            )


def _newest(session: Session, rubric_id: str) -> RubricVersion | None:
    rows = session.scalars(sa.select(RubricVersion).filter_by(rubric_id=rubric_id))
    return max(rows, key=version_order, default=None)


def _begun(
    session: Session, content: Group, base: RubricVersion | None, actor: Actor
) -> RubricDraft:
    content["version"] = _free_version(session, str(content["id"]), str(content["version"]))
    draft = RubricDraft(
        base_id=base.id if base else None,
        begun_by_id=actor.user_id,
        **_columns(content),
        changed_by_id=actor.user_id,
    )
    session.add(draft)
    session.flush()
    _told(session, "rubric.draft.begin", draft, actor, base=draft.base_id)
    return draft


def _columns(content: Group) -> dict[str, str]:
    written = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    if len(written) > 2 * LARGEST_FILE:  # a letter with an accent has six characters here
        raise BadInputError(message("The rubric would be too long. Shorten some of its texts."))
    return {
        "rubric_id": str(content["id"]),
        "version": str(content.get("version", "")),
        "content": written,
    }


def _free_version(session: Session, rubric_id: str, version: str) -> str:
    """Return `version`, or the next number that no version and no draft of the rubric has."""
    used = {*session.scalars(sa.select(RubricVersion.version).filter_by(rubric_id=rubric_id))}
    used |= {*session.scalars(sa.select(RubricDraft.version).filter_by(rubric_id=rubric_id))}
    while version in used:
        before, _, last = version.rpartition(".")
        version = f"{before}.{int(last) + 1}" if last.isdecimal() and before else f"{version}.1"
    return version


# --- reading --------------------------------------------------------------------------------------


def open_drafts(session: Session, *, actor: Actor) -> list[RubricDraft]:
    """Return the drafts that are being written, the last changed first.

    Raises:
        NotFoundError, NotAllowedError: not hers to write.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    return _unfrozen(session, RubricDraft.discarded_at.is_(None))


def discarded_drafts(session: Session, *, actor: Actor) -> list[RubricDraft]:
    """Return the drafts that somebody discarded and may take up again, the last changed first.

    Raises:
        NotFoundError, NotAllowedError: not hers to write.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    return _unfrozen(session, RubricDraft.discarded_at.is_not(None))


def _unfrozen(session: Session, which: sa.ColumnElement[bool]) -> list[RubricDraft]:
    rows = sa.select(RubricDraft).where(RubricDraft.frozen_id.is_(None), which)
    return list(session.scalars(rows.order_by(RubricDraft.changed_at.desc())))


def draft_for(session: Session, draft_id: UUID, *, actor: Actor) -> RubricDraft:
    """Return a draft.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
    """
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    draft = session.get(RubricDraft, draft_id)
    if draft is None:
        raise access.not_found()
    return draft


def content_of(draft: RubricDraft) -> Group:
    """Return what a draft says."""
    said: Group = json.loads(draft.content)
    return said


def dropped_of(draft: RubricDraft) -> list[Dropped]:
    """Return what was taken out of a draft and may be put back, the last one last."""
    return [Dropped(**each) for each in json.loads(draft.dropped)]


def problems(content: Group) -> list[Wrong]:
    """Return all that the loader would refuse, in the order of the page."""
    known = fields.fields(content)
    order = {name: number for number, name in enumerate(known)}
    found = [
        Wrong(fields.at(content, known, path), what)
        for path, what in loader.checked(contents.finished(content))[1]
    ]
    return sorted(found, key=lambda each: order[each.field.name] if each.field else len(order))


# --- changing -------------------------------------------------------------------------------------


def change(session: Session, draft_id: UUID, edits: Sequence[Edit], *, actor: Actor) -> list[Clash]:
    """Write what was typed, field by field; return the fields that somebody else had written.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version.
        BadInputError: the whole would be too long.
    """
    draft = _locked(session, draft_id, actor)
    content = content_of(draft)
    known = fields.fields(content)
    clashes, written = [], []
    for edit in edits:
        field = known.get(edit.field)
        stands = fields.typed(content, field) if field else ""
        if field is None or not _agrees(field, stands, edit):
            theirs = stands if field else None
            by = _last_writer(session, draft, edit.field)
            clashes.append(Clash(edit.field, theirs, by, _dropped_around(draft, edit.field)))
        elif not fields.same(field, stands, edit.now):
            fields.write(content, field, edit.now)
            written.append(edit.field)
    if written:
        _write(session, CHANGE, draft, content, actor, fields=written)
    return clashes


def unseen(
    session: Session, draft_id: UUID, seen: Mapping[str, str], *, actor: Actor
) -> list[Clash]:
    """Return the fields that say something else than a person had before her, or did not have.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version, or was discarded.
    """
    draft = _locked(session, draft_id, actor)
    content = content_of(draft)
    known = fields.fields(content)
    found = []
    for name in dict.fromkeys((*known, *seen)):
        field, had = known.get(name), seen.get(name)
        stands = fields.typed(content, field) if field else ""
        if field is None or (had is None and stands) or not fields.same(field, stands, had or ""):
            by = _last_writer(session, draft, name)
            found.append(Clash(name, stands if field else None, by, _dropped_around(draft, name)))
    return found


def _dropped_around(draft: RubricDraft, field: str) -> Dropped | None:
    """Return the part that was dropped and had the field, the one within which the others were."""
    around = (each for each in dropped_of(draft) if field.startswith(f"{each.name}."))
    return min(around, key=lambda each: len(each.place), default=None)


def _agrees(field: Field, stands: str, edit: Edit) -> bool:
    """Tell whether nobody else wrote in the field, or wrote the same."""
    return any(fields.same(field, stands, each) for each in (edit.was, edit.now))


def _last_writer(session: Session, draft: RubricDraft, field: str) -> str:
    """Return who changed a field last, or the thing that it belongs to, as the trail says."""
    rows = sa.select(AuditEntry).where(
        AuditEntry.thing_id == draft.id, AuditEntry.action.startswith("rubric.draft.")
    )
    for entry in session.scalars(rows.order_by(AuditEntry.number.desc())):
        told: dict[str, Any] = json.loads(entry.details)
        if field in told.get("fields", ()) or told.get("thing") in field.split("."):
            return session.get_one(User, entry.actor_id).name
    return session.get_one(User, draft.begun_by_id).name


def add(
    session: Session, draft_id: UUID, place: Place, *, domain: str | None = None, actor: Actor
) -> str:
    """Add an empty part to the list at `place`, a dimension to a domain; return its name for now.

    Raises:
        NotFoundError, NotAllowedError: no such draft or list, or not hers to write.
        ConflictError: it has become a version, or what the list is of was dropped.
        BadInputError: the list is full.
    """
    draft = _locked(session, draft_id, actor)
    content = content_of(draft)
    _require_list(content, place)
    gone = [str(each.thing["id"]) for each in dropped_of(draft)]
    added = contents.add(content, place, domain=domain or None, gone=gone)
    _require_sheet_size(content)
    _write(session, "rubric.draft.add", draft, content, actor, kind=".".join(place), thing=added)
    return added


def _require_list(content: Group, place: Place) -> None:
    if contents.held_in(place) is None:
        raise access.not_found()
    if not contents.is_there(content, place):
        raise ConflictError(message("Somebody dropped this part meanwhile. Put it back first."))


def drop(session: Session, draft_id: UUID, place: Place, thing_id: str, *, actor: Actor) -> None:
    """Take a part out; it can be put back. What is not there stays away.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version.
    """
    draft = _locked(session, draft_id, actor)
    content = content_of(draft)
    found = contents.drop(content, place, thing_id)
    if found is None:
        return
    at, thing = found
    kind = ".".join(place)
    kept = [*json.loads(draft.dropped), {"kind": kind, "at": at, "thing": thing}]
    draft.dropped = json.dumps(kept)
    _write(session, "rubric.draft.drop", draft, content, actor, kind=kind, thing=thing_id)


def put_back(
    session: Session, draft_id: UUID, place: Place, thing_id: str, *, actor: Actor
) -> None:
    """Put back what was dropped, with all its words.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version, or what it was part of was dropped too.
    """
    draft = _locked(session, draft_id, actor)
    content, gone = content_of(draft), dropped_of(draft)
    wanted = (place, thing_id)
    found = next((each for each in gone if (each.place, each.thing["id"]) == wanted), None)
    if found is None or contents.thing(content, place, thing_id) is not None:
        return
    _require_list(content, place)
    contents.put_back(content, place, found.at, found.thing)
    draft.dropped = json.dumps([vars(each) for each in gone if each is not found])
    details = {"kind": found.kind, "thing": thing_id}
    _write(session, "rubric.draft.put_back", draft, content, actor, **details)


def move(
    session: Session,
    draft_id: UUID,
    place: Place,
    thing_id: str,
    by: Literal[-1, 1],
    *,
    actor: Actor,
) -> None:
    """Let a part, a dimension within its domain, stand one place further up or down.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version.
    """
    draft = _locked(session, draft_id, actor)
    content = content_of(draft)
    contents.move(content, place, thing_id, by)
    _write(session, "rubric.draft.move", draft, content, actor, thing=thing_id, by=by)


def discard(session: Session, draft_id: UUID, *, actor: Actor) -> None:
    """Put a draft away, with all its words; it can be taken up again.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version.
    """
    draft = _unfrozen_one(session, draft_id, actor)
    if draft.discarded_at is None:
        draft.discarded_at = now()
        session.flush()
        _told(session, "rubric.draft.discard", draft, actor)


def take_up(session: Session, draft_id: UUID, *, actor: Actor) -> None:
    """Go on with a draft that was discarded.

    Raises:
        NotFoundError, NotAllowedError: no such draft, or not hers to write.
        ConflictError: it has become a version.
    """
    draft = _unfrozen_one(session, draft_id, actor)
    if draft.discarded_at is not None:
        draft.discarded_at = None
        session.flush()
        _told(session, "rubric.draft.take_up", draft, actor)


def _locked(session: Session, draft_id: UUID, actor: Actor) -> RubricDraft:
    draft = _unfrozen_one(session, draft_id, actor)
    if draft.discarded_at is not None:
        raise ConflictError(message("This draft was discarded. Take it up again to write in it."))
    return draft


def _unfrozen_one(session: Session, draft_id: UUID, actor: Actor) -> RubricDraft:
    access.require(actor, Action.RUBRIC_EDIT, RUBRICS)
    draft = locked(session, RubricDraft, draft_id)
    if draft is None:
        raise access.not_found()
    if draft.frozen_id is not None:
        raise ConflictError(
            message(
                "This draft became version %(version)s, and a version never changes: "
                "begin a new one.",
                version=draft.version,
            )
        )
    return draft


def _write(
    session: Session,
    action: str,
    draft: RubricDraft,
    content: Group,
    actor: Actor,
    **details: object,
) -> None:
    for name, value in _columns(content).items():
        setattr(draft, name, value)
    draft.changed_by_id, draft.changed_at = actor.user_id, now()
    session.flush()
    _told(session, action, draft, actor, **details)


def _told(
    session: Session, action: str, draft: RubricDraft, actor: Actor, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor.user_id,
        thing_kind="rubric",
        thing_id=draft.id,
        **details,
    )


# --- becoming a version ---------------------------------------------------------------------------


def freeze(
    session: Session, draft_id: UUID, trial: Trial | None = None, *, actor: Actor
) -> RubricVersion:
    """Make a version of a draft, in use everywhere or only where it is tried; return it.

    Raises:
        NotFoundError, NotAllowedError: no such draft or school, or not hers to write.
        InvalidError: with all that is missing or wrong.
        ConflictError: it became a version before, or its number is taken.
        BadInputError: the trial names no school, or its days are the wrong way round.
    """
    draft = _locked(session, draft_id, actor)
    rubric = _complete(content_of(draft))
    if same_version(session, rubric) is not None:
        raise taken(rubric)
    version = keep(session, rubric, actor=actor)
    if trial is not None:
        pilot(session, version.id, trial, actor=actor)
    draft.frozen_id = version.id
    session.flush()
    _told(session, "rubric.draft.freeze", draft, actor, version=version.id)
    return version


def _complete(content: Group) -> Rubric:
    rubric, found = loader.checked(contents.finished(content))
    if rubric is None or found:
        raise InvalidError(
            message("It cannot be published yet. Things to mend: %(count)s.", count=len(found)),
            [each.what for each in problems(content)],
        )
    return rubric
