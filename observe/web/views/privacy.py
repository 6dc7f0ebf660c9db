"""For how long things are kept, deleting a video by hand, holds, and the certificates."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.feedback import certificate_paper, forgetting
from observe.feedback.certificate_paper import FILE_KINDS, KINDS, facts_of, reached_of
from observe.people.access import Action, not_found
from observe.privacy import certificates, rules
from observe.privacy.certificates import certificate_for
from observe.privacy.kinds import CertificateKind, Kept
from observe.privacy.retention import LONGEST_DAYS, NAMES, SINCE, Rule
from observe.text import Message, message, plain
from observe.video import erasing
from observe.video.models import Recording
from observe.video.operations import recording_for, recordings_of
from observe.web import words
from observe.web.guards import current_actor, home, permission, reading, today, writing
from observe.web.responses import as_download
from observe.web.views.library import lesson_page
from observe.web.words import say

blueprint = Blueprint("privacy", __name__)

MOST_DAYS: Final = 3


# --- rules ---------------------------------------------------------------------------------------


@blueprint.get("/privacidad/plazos")
@permission(Action.RETENTION_RULE)
def retention() -> ResponseReturnValue:
    """Show the rules, and what each will delete and when."""
    return _rules()


def _rules(problem: Message | None = None) -> str:
    actor = current_actor()
    with reading() as session:
        plan = forgetting.plan_for(session, home().settings, actor=actor)
        seen = {recording.id for recording in recordings_of(session, actor=actor)}
    return render_template(
        "privacy/retention.html",
        plan=plan,
        seen=seen,
        names=NAMES,
        since=SINCE,
        longest=LONGEST_DAYS,
        most=MOST_DAYS,
        today=today(),
        problem=problem,
        typed=request.form,
    )


@blueprint.post("/privacidad/plazos")
@permission(Action.RETENTION_RULE)
def set_rule() -> ResponseReturnValue:
    """Keep a rule; it deletes nothing before the next daily run."""
    kind, days = request.form.get("kind", ""), request.form.get("days", "")
    try:
        if kind not in set(Kept) or not days.isdecimal() or len(days) > 6:
            raise BadInputError(
                message("Write a number of days from 0 to %(most)s.", most=LONGEST_DAYS)
            )
        rule = Rule(Kept(kind), int(days), request.form.get("applied") == "yes")
        with writing() as session:
            rules.set_rule(session, rule, actor=current_actor())
    except BadInputError as error:
        return _rules(error.message), error.status
    flash(say(message("The rule is kept.")), "done")
    return redirect(url("privacy.retention", _anchor=f"rule-{kind}"))


# --- one video -----------------------------------------------------------------------------------


@blueprint.post("/videos/<uuid:recording_id>/borrar")
@permission(Action.RECORDING_ERASE)
def erase(recording_id: UUID) -> ResponseReturnValue:
    """Delete the video, with the reason given, when the word that confirms it was written."""
    actor, place = current_actor(), erasing.Place(home().database, home().store)
    try:
        with writing() as session:
            recording_for(session, recording_id, actor=actor, action=Action.RECORDING_ERASE)
            require_sure(request.form.get("sure", ""))
            reason = request.form.get("reason", "")
            row = erasing.erase_video(session, place, recording_id, reason=reason, actor=actor)
    except (BadInputError, ConflictError) as error:
        return _lesson(recording_id, error)
    flash(say(message("The video was deleted. This is its certificate.")), "done")
    return redirect(url("privacy.certificate", certificate_id=row.id))


def require_sure(typed: str) -> None:
    """Return when the word that confirms a deletion was written; raises `BadInputError`."""
    if plain(typed.strip()) != plain(say(erasing.CONFIRM)):
        raise BadInputError(
            message("Write the word that confirms it: %(word)s.", word=erasing.CONFIRM)
        )


def _lesson(recording_id: UUID, error: BadInputError | ConflictError) -> ResponseReturnValue:
    """Show the lesson with what is wrong; an administrator, who has no such page, is only told."""
    try:
        return lesson_page(recording_id, error.status, erase_problem=say(error.message))
    except NotFoundError:
        raise error from None


@blueprint.post("/videos/<uuid:recording_id>/conservar")
@permission(Action.RECORDING_ERASE)
def hold(recording_id: UUID) -> ResponseReturnValue:
    """Keep all of a lesson while a request about it is open."""
    try:
        with writing() as session:
            erasing.hold(session, recording_id, request.form.get("hold", ""), actor=current_actor())
    except BadInputError as error:
        return _lesson(recording_id, error)
    flash(say(message("Nothing of this lesson is deleted until the request is closed.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


@blueprint.post("/videos/<uuid:recording_id>/soltar")
@permission(Action.RECORDING_ERASE)
def lift(recording_id: UUID) -> ResponseReturnValue:
    """Say that the request is closed."""
    with writing() as session:
        erasing.lift(session, recording_id, actor=current_actor())
    flash(say(message("The rules of this home count for this lesson again.")), "done")
    return redirect(url("library.show", recording_id=recording_id))


# --- certificates --------------------------------------------------------------------------------


@blueprint.get("/privacidad/certificados")
@permission(Action.CERTIFICATE_SEE)
def certificates_list() -> ResponseReturnValue:
    """List the certificates that this person may see."""
    with reading() as session:
        rows = certificates.certificates_of(session, actor=current_actor())
    return render_template("privacy/certificates.html", rows=rows, kinds=KINDS)


@blueprint.get("/privacidad/certificados/<uuid:certificate_id>")
@permission(Action.CERTIFICATE_SEE)
def certificate(certificate_id: UUID) -> ResponseReturnValue:
    """Show a certificate, to be read or printed, and whether it is as it was issued."""
    with reading() as session:
        row = certificate_for(session, certificate_id, actor=current_actor())
        return render_template(
            "privacy/certificate.html",
            row=row,
            facts=list(facts_of(row)),
            reached=reached_of(row),
            files=row.what.get("files", []),
            kinds=KINDS,
            file_kinds=FILE_KINDS,
            true_copy=certificates.is_true(session, row),
        )


@blueprint.get("/privacidad/certificados/<uuid:certificate_id>/certificado.pdf")
@permission(Action.CERTIFICATE_SEE)
def certificate_pdf(certificate_id: UUID) -> ResponseReturnValue:
    """Give a certificate as a PDF, to hand over."""
    with reading() as session:
        row = certificate_for(session, certificate_id, actor=current_actor())
        is_true = certificates.is_true(session, row)
        content = certificate_paper.pdf(row, is_true=is_true, locale=words.language())
    name = say(message("certificate-%(number)s.pdf", number=row.number))
    return as_download(Response(content, mimetype="application/pdf"), name)


@blueprint.get("/videos/<uuid:recording_id>/certificado")
@permission(Action.CERTIFICATE_SEE)
def certificate_of(recording_id: UUID) -> ResponseReturnValue:
    """Lead to the certificate of a video that was deleted."""
    with reading() as session:
        row = certificates.last_of(session, recording_id, CertificateKind.VIDEO_DELETED)
        lesson = session.get(Recording, recording_id)
        if row is None or lesson is None or lesson.blocked:
            raise not_found()
        certificate_for(session, row.id, actor=current_actor())
    return redirect(url("privacy.certificate", certificate_id=row.id))
