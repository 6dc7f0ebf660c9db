"""What is taken away: one file for a pen drive, the PDFs of a round, the proof for the school."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, send_file
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError
from observe.feedback import operations as feedbacks
from observe.feedback import rounds, sealing, signed, takeaway
from observe.feedback.models import Feedback
from observe.feedback.report import page_of
from observe.jobs import Job
from observe.people.access import Action, can
from observe.records import operations as records
from observe.records import verification
from observe.records.verification import Verification
from observe.text import Message, message
from observe.web import blurred, guards, words
from observe.web.guards import current_actor, permission
from observe.web.responses import as_download
from observe.web.views.records import asked
from observe.web.words import say

blueprint = Blueprint("takeaway", __name__)

# --- one file for a pen drive -------------------------------------------------------------------


@blueprint.get("/retroalimentaciones/<uuid:feedback_id>/para-llevar")
@permission(Action.FEEDBACK_SEE)
def show(feedback_id: UUID) -> ResponseReturnValue:
    """Show how a feedback can be carried away, or what is missing for it."""
    return _page(feedback_id), 200


def _page(feedback_id: UUID, refused: Message | None = None) -> str:
    with guards.reading() as session:
        feedback, actor = _feedback(session, feedback_id), current_actor()
        page = page_of(feedback, locale=words.language())
        missing = signed.missing(session, guards.home().store, feedback)
        return render_template(
            "takeaway/show.html",
            feedback=feedback,
            observation=feedback.observation,
            page=page,
            hers=can(actor, Action.FEEDBACK_ANSWER, feedback.as_thing()),
            missing=missing,
            offers=blurred.offers(session, feedback, page, actor=actor) if missing else [],
            shortest=sealing.SHORTEST,
            longest=sealing.LONGEST,
            refused=refused,
        )


def _feedback(session: Session, feedback_id: UUID) -> Feedback:
    return feedbacks.feedback_for(
        session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_SEE
    )


@blueprint.post("/retroalimentaciones/<uuid:feedback_id>/para-llevar.html")
@permission(Action.FEEDBACK_SEE)
def carry(feedback_id: UUID) -> ResponseReturnValue:
    """Send the file with both blurred clips inside, sealed when a passphrase is given."""
    passphrase = request.form.get("passphrase", "")
    try:
        if passphrase != request.form.get("again", passphrase):
            raise BadInputError(message("The two passphrases are not the same. Write them again."))
        return _carried(feedback_id, passphrase or None)
    except BadInputError as error:
        return _page(feedback_id, error.message), 400


def _carried(feedback_id: UUID, passphrase: str | None) -> ResponseReturnValue:
    with guards.reading() as session:
        what = takeaway.carried(
            session,
            guards.home().store,
            _feedback(session, feedback_id),
            actor=current_actor(),
            locale=words.language(),
        )
    content = takeaway.written(what, passphrase=passphrase)
    with guards.writing() as session:
        feedback = _feedback(session, feedback_id)
        takeaway.taken(
            session, feedback, what, sealed=passphrase is not None, actor=current_actor()
        )
    name = f"retroalimentacion-{what.page.recorded_on.isoformat()}.html"
    return as_download(Response(content, mimetype="text/html"), name)


# --- the PDFs of a round ------------------------------------------------------------------------


@blueprint.post("/registros/ronda")
@permission(Action.FEEDBACK_SEE)
def ask() -> ResponseReturnValue:
    """Have the PDFs of the records made, as the list is narrowed by the address."""
    actor = current_actor()
    with guards.reading() as session:
        rows = records.records_of(session, actor=actor, where=asked())
        observations = [row.observation.id for row in rows]
        found = rounds.published_of(session, observations, actor=actor)
    with guards.writing() as session:
        round_id = rounds.ask(session, found, locale=words.language(), actor=actor)
    return redirect(url("takeaway.of_round", round_id=round_id))


@blueprint.get("/rondas/<uuid:round_id>")
@permission(Action.FEEDBACK_SEE)
def of_round(round_id: UUID) -> ResponseReturnValue:
    """Show how far the zip is, and then the zip."""
    return _round_page(round_id), 200


def _round_page(round_id: UUID, refused: Message | None = None) -> str:
    with guards.reading() as session:
        found = rounds.round_for(session, round_id, actor=current_actor())
        job = rounds.job_of(session, round_id)
        return render_template(
            "takeaway/round.html",
            round=found,
            progress=_progress(job),
            ready=job is not None and job.ended and rounds.is_ready(guards.home().store, round_id),
            why=job.why if job else None,
            refused=refused,
        )


def _progress(job: Job | None) -> dict[str, Any]:
    step = job.step if job and job.step in rounds.STEPS else ""
    return {
        "going_on": job is not None and not job.ended,
        "step": say(rounds.STEPS[step]),
        "percent": job.percent if job else 0,
    }


@blueprint.get("/rondas/<uuid:round_id>/avance")
@permission(Action.FEEDBACK_SEE)
def progress(round_id: UUID) -> ResponseReturnValue:
    """Tell a script how far the zip is."""
    with guards.reading() as session:
        rounds.round_for(session, round_id, actor=current_actor())
        return jsonify(_progress(rounds.job_of(session, round_id)))


@blueprint.post("/rondas/<uuid:round_id>/otra-vez")
@permission(Action.FEEDBACK_SEE)
def again(round_id: UUID) -> ResponseReturnValue:
    """Have the zip made anew."""
    with guards.writing() as session:
        rounds.again(session, round_id, actor=current_actor())
    return redirect(url("takeaway.of_round", round_id=round_id))


@blueprint.get("/rondas/<uuid:round_id>/ronda.zip")
@permission(Action.FEEDBACK_SEE)
def zipped(round_id: UUID) -> ResponseReturnValue:
    """Send the zip as it is read; that each PDF in it was taken away is on file."""
    try:
        with guards.writing() as session:
            path = rounds.take(session, guards.home().store, round_id, actor=current_actor())
    except ConflictError as error:
        return _round_page(round_id, error.message), error.status
    answer = send_file(path, mimetype="application/zip", conditional=False)
    return as_download(answer, f"ronda-{guards.today().isoformat()}.zip")


# --- the proof for the school -------------------------------------------------------------------


@blueprint.get("/registros/<uuid:observation_id>/verificacion.pdf")
@permission(Action.RECORD_VERIFY)
def verify(observation_id: UUID) -> ResponseReturnValue:
    """Send the proof of one accompaniment; that it was taken is on file."""
    with guards.writing() as session:
        proof = verification.of_one(session, observation_id, actor=current_actor())
        verification.taken(session, proof, actor=current_actor())
    return _proof(proof)


@blueprint.get("/registros/verificacion.pdf")
@permission(Action.RECORD_VERIFY)
def verify_period() -> ResponseReturnValue:
    """Send the proof of the records in the list, which must be of one school."""
    with guards.reading() as session:  # all her records are looked through
        proof = verification.of_period(session, asked(), actor=current_actor())
    with guards.writing() as session:
        verification.taken(session, proof, actor=current_actor())
    return _proof(proof)


def _proof(proof: Verification) -> ResponseReturnValue:
    content = verification.pdf(proof, locale=words.language())
    name = f"verificacion-{proof.made_on.isoformat()}.pdf"
    return as_download(Response(content, mimetype="application/pdf"), name)
