"""The pautas of the network: what each version says, where it is used, what people propose."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.coding.blank_sheet import sheet_csv
from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.ids import parse_id
from observe.people import access
from observe.people.access import RUBRICS, Action, can
from observe.people.directory import school_thing, staffed_schools
from observe.people.models import School
from observe.rubric import crosswalk, proposals
from observe.rubric.content import plain_of
from observe.rubric.diff import Change, changes, words_of
from observe.rubric.models import ProposalState, RubricProposal, RubricVersion, Stage
from observe.rubric.operations import rubric_of, version_order, versions
from observe.rubric.printing import pdf
from observe.rubric.rewording import Segment, segments
from observe.rubric.schema import LONGEST_TEXT, Rubric
from observe.rubric.spreadsheet.layout import MEDIA_TYPE, xlsx_of
from observe.rubric.versions import Trial, pilot, pilots, publish, retire, stages
from observe.rubric.writing import yaml_of
from observe.text import Message, message
from observe.web.forms import typed_day, typed_lines
from observe.web.guards import current_actor, permission, reading, today, writing
from observe.web.responses import as_download, table_download
from observe.web.words import language, say

blueprint = Blueprint("rubrics", __name__)

STAGE_WORDS: Final = {
    Stage.PILOTED: message("Being tried"),
    Stage.PUBLISHED: message("In use"),
    Stage.RETIRED: message("Retired"),
}
STAGE_SHAPES: Final = {Stage.PILOTED: "now", Stage.PUBLISHED: "done", Stage.RETIRED: "lock"}
DECISION_WORDS: Final = {
    ProposalState.OPEN: message("Not decided yet"),
    ProposalState.ACCEPTED: message("Accepted"),
    ProposalState.DECLINED: message("Declined"),
}
DECISION_SHAPES: Final = {
    ProposalState.OPEN: "wait",
    ProposalState.ACCEPTED: "done",
    ProposalState.DECLINED: "stop",
}


@blueprint.get("/pautas")
@permission(Action.RUBRIC_SEE)
def index() -> ResponseReturnValue:
    """List every rubric with its versions, the newest first."""
    with reading() as session:
        rows = versions(session)
        stage = stages(session, [row.id for row in rows])
        by_rubric = groupby(rows, key=lambda row: row.rubric_id)
        return render_template(
            "rubrics/index.html",
            groups=[(rubric_of(group[0]), group) for group in (list(g) for _id, g in by_rubric)],
            stage=stage,
            words=STAGE_WORDS,
            shapes=STAGE_SHAPES,
            proposed=_proposed(session),
            edits=can(current_actor(), Action.RUBRIC_EDIT, RUBRICS),
        )


def _proposed(session: Session) -> dict[UUID, int]:
    """Return how many proposals wait on each version, for those who may know of them."""
    if not can(current_actor(), Action.RUBRIC_PROPOSE, RUBRICS):
        return {}
    count = (
        sa.select(RubricProposal.version_id, sa.func.count().label("number"))
        .where(RubricProposal.state == ProposalState.OPEN)
        .group_by(RubricProposal.version_id)
    )
    return {row.version_id: row.number for row in session.execute(count)}


@blueprint.get("/pautas/<uuid:version_id>")
@permission(Action.RUBRIC_SEE)
def show(version_id: UUID) -> ResponseReturnValue:
    """Show all that a version says, with what is proposed under each dimension."""
    return _page(version_id)


def _page(
    version_id: UUID,
    status: int = 200,
    *,
    refused: Message | None = None,
    at: str = "",
) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        version = _version(session, version_id)
        proposes = can(actor, Action.RUBRIC_PROPOSE, RUBRICS)
        edits = can(actor, Action.RUBRIC_EDIT, RUBRICS)
        found = proposals.of_version(session, version_id, actor=actor) if proposes else []
        page = render_template(
            "rubrics/show.html",
            version=version,
            rubric=rubric_of(version),
            others=[
                (row, version_order(row) > version_order(version))
                for row in versions(session)
                if row.rubric_id == version.rubric_id and row.id != version.id
            ],
            stage=stages(session, [version.id])[version.id],
            words=STAGE_WORDS,
            shapes=STAGE_SHAPES,
            pilots=[each for each in pilots(session, version.id) if _sees(each.school)],
            schools=staffed_schools(session, actor=current_actor()) if edits else [],
            proposes=proposes,
            edits=edits,
            proposals=found,
            part_words=proposals.PARTS,
            credit=proposals.credit(found),
            decisions=DECISION_WORDS,
            decision_shapes=DECISION_SHAPES,
            longest=LONGEST_TEXT,
            today=today(),
            refused=refused,
            at=at,
            typed=request.form,
        )
    return page, status


def _sees(school: School) -> bool:
    return can(current_actor(), Action.SCHOOL_SEE, school_thing(school))


def _version(session: Session, version_id: UUID) -> RubricVersion:
    row = session.get(RubricVersion, version_id)
    if row is None:
        raise access.not_found()
    return row


# --- on paper and as a file -----------------------------------------------------------------------


@blueprint.get("/pautas/<uuid:version_id>/pauta.pdf")
@permission(Action.RUBRIC_SEE)
def printed(version_id: UUID) -> ResponseReturnValue:
    """Send the sheet to fill in by hand where there is no laptop."""
    rubric = _read(version_id)
    answer = Response(pdf(rubric, language()), content_type="application/pdf")
    return as_download(answer, f"{_file_name(rubric)}.pdf")


@blueprint.get("/pautas/<uuid:version_id>/planilla.csv")
@permission(Action.RUBRIC_SEE)
def sheet(version_id: UUID) -> ResponseReturnValue:
    """Send the same sheet as a table, into which the paper's numbers are typed."""
    rubric = _read(version_id)
    return table_download(sheet_csv(rubric, language()), f"{_file_name(rubric)}.csv")


@blueprint.get("/pautas/<uuid:version_id>/pauta.yaml")
@permission(Action.RUBRIC_SEE)
def exported(version_id: UUID) -> ResponseReturnValue:
    """Send the rubric's file, which another home can load."""
    rubric = _read(version_id)
    answer = Response(yaml_of(rubric), content_type="application/yaml; charset=utf-8")
    return as_download(answer, f"{_file_name(rubric)}.yaml")


@blueprint.get("/pautas/<uuid:version_id>/pauta.xlsx")
@permission(Action.RUBRIC_SEE)
def workbook(version_id: UUID) -> ResponseReturnValue:
    """Send the rubric as a workbook, with which a new version can be begun."""
    rubric = _read(version_id)
    answer = Response(xlsx_of(plain_of(rubric), language()), mimetype=MEDIA_TYPE)
    return as_download(answer, f"{_file_name(rubric)}.xlsx")


def _read(version_id: UUID) -> Rubric:
    with reading() as session:
        return rubric_of(_version(session, version_id))


def _file_name(rubric: Rubric) -> str:
    return f"{rubric.id}-{rubric.version}"


# --- proposals ------------------------------------------------------------------------------------


@blueprint.post("/pautas/<uuid:version_id>/propuestas")
@permission(Action.RUBRIC_PROPOSE)
def propose(version_id: UUID) -> ResponseReturnValue:
    """Comment on a dimension, or propose other words for a part of it."""
    typed = request.form
    dimension = typed.get("dimension", "")

    def verb(session: Session) -> None:
        proposals.propose(
            session,
            version_id,
            dimension,
            typed_lines(typed.get("text", "")),
            part=typed.get("part"),
            wording=typed_lines(typed.get("wording", "")),
            actor=current_actor(),
        )

    return _done(version_id, verb, message("Your proposal is there."), at=dimension)


@blueprint.post("/pautas/propuestas/<uuid:proposal_id>/respuestas")
@permission(Action.RUBRIC_PROPOSE)
def reply(proposal_id: UUID) -> ResponseReturnValue:
    """Say something to a proposal."""
    version_id, dimension = _of_proposal(proposal_id)

    def verb(session: Session) -> None:
        text = typed_lines(request.form.get("text", ""))
        proposals.reply(session, proposal_id, text, actor=current_actor())

    told = message("Your answer is there.")
    return _done(version_id, verb, told, at=dimension, proposal_id=proposal_id)


@blueprint.post("/pautas/propuestas/<uuid:proposal_id>/decision")
@permission(Action.RUBRIC_EDIT)
def decide(proposal_id: UUID) -> ResponseReturnValue:
    """Accept or decline a proposal."""
    version_id, dimension = _of_proposal(proposal_id)
    typed = request.form

    def verb(session: Session) -> None:
        proposals.decide(
            session,
            proposal_id,
            accepted=typed.get("decision") == "accept",
            reason=typed_lines(typed.get("reason", "")),
            actor=current_actor(),
        )

    told = message("Decided. Its author sees it here.")
    return _done(version_id, verb, told, at=dimension, proposal_id=proposal_id)


def _of_proposal(proposal_id: UUID) -> tuple[UUID, str]:
    with reading() as session:
        proposal = session.get(RubricProposal, proposal_id)
        if proposal is None or not can(current_actor(), Action.RUBRIC_PROPOSE, RUBRICS):
            raise access.not_found()
        return proposal.version_id, proposal.dimension


# --- two versions ---------------------------------------------------------------------------------


@blueprint.get("/pautas/<uuid:version_id>/comparar/<uuid:other_id>")
@permission(Action.RUBRIC_SEE)
def compare(version_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Show what differs between two versions, and which of their dimensions are comparable."""
    return _comparison(version_id, other_id)


def _comparison(
    version_id: UUID, other_id: UUID, status: int = 200, *, refused: Message | None = None
) -> ResponseReturnValue:
    with reading() as session:
        found = (_version(session, each) for each in (version_id, other_id))
        older, newer = sorted(found, key=version_order)
        if older.rubric_id != newer.rubric_id or older.id == newer.id:
            raise access.not_found()
        page = render_template(
            "rubrics/compare.html",
            older=older,
            newer=newer,
            rubrics=(rubric_of(older), rubric_of(newer)),
            things=things_that_differ(rubric_of(older), rubric_of(newer)),
            said=crosswalk.said_of(session, older.id, newer.id),
            edits=can(current_actor(), Action.RUBRIC_EDIT, RUBRICS),
            refused=refused,
            typed=request.form,
        )
    return page, status


Difference = tuple[str, tuple[Segment, ...]]


def things_that_differ(old: Rubric, new: Rubric) -> list[tuple[str, list[Difference]]]:
    """Return what each thing that changed is called, and what differs in it."""
    by_thing = groupby(changes(old, new), key=lambda change: say(change.about))
    return [(about, [_difference(each) for each in group]) for about, group in by_thing]


def _difference(change: Change) -> Difference:
    """Return the sentence of a change and its words, each as kept, dropped or added."""
    before, after = words_of(change, language())
    return say(change.what), segments(before or "", after or "")


@blueprint.post("/pautas/<uuid:version_id>/comparar/<uuid:other_id>")
@permission(Action.RUBRIC_EDIT)
def match(version_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Say whether a dimension of the one is comparable with one of the other."""
    typed = request.form
    try:
        with writing() as session:
            crosswalk.say(
                session,
                (version_id, typed.get("one", "")),
                (other_id, typed.get("other", "")),
                comparable=typed.get("comparable") == "yes",
                reason=typed_lines(typed.get("reason", "")),
                actor=current_actor(),
            )
    except BadInputError as error:
        return _comparison(version_id, other_id, error.status, refused=error.message)
    flash(say(message("Kept.")), "done")
    address = url("rubrics.compare", version_id=version_id, other_id=other_id, _anchor="match")
    return redirect(address)


# --- where it is used -----------------------------------------------------------------------------


@blueprint.post("/pautas/<uuid:version_id>/uso")
@permission(Action.RUBRIC_EDIT)
def use(version_id: UUID) -> ResponseReturnValue:
    """Try the version in some schools, publish it, or retire it."""
    verbs: dict[str, Callable[[Session], None]] = {
        "pilot": lambda session: pilot(session, version_id, typed_trial(), actor=current_actor()),
        "publish": lambda session: publish(session, version_id, actor=current_actor()),
        "retire": lambda session: retire(session, version_id, actor=current_actor()),
    }
    verb = verbs.get(request.form.get("step", ""))
    if verb is None:
        raise NotFoundError(message("There is nothing here, or it is not yours to see."))
    return _done(version_id, verb, message("Kept."), at="uso")


def typed_trial() -> Trial:
    """Return the trial that the form asks for; where its first day was left empty it is today.

    Raises:
        BadInputError: a day is none.
    """
    typed = request.form
    chosen = [school_id for each in typed.getlist("schools") if (school_id := parse_id(each))]
    starts_on = typed_day(typed.get("starts_on", ""), "starts_on") or today()
    return Trial(chosen, starts_on, typed_day(typed.get("ends_on", ""), "ends_on"))


def _done(
    version_id: UUID,
    verb: Callable[[Session], None],
    said: Message,
    *,
    at: str,
    proposal_id: UUID | None = None,
) -> ResponseReturnValue:
    """Do it and go back to its place; what hinders it is told there, with what was typed."""
    try:
        with writing() as session:
            verb(session)
    except (BadInputError, ConflictError) as error:
        where = str(proposal_id or at)
        return _page(version_id, error.status, refused=error.message, at=where)
    flash(say(said), "done")
    return redirect(url("rubrics.show", version_id=version_id, _anchor=at))
