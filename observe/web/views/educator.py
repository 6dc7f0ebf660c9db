"""The educator's own pages: two moments, one next step, her answer, and who opened the record."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.db import now
from observe.errors import BadInputError
from observe.feedback import openings
from observe.feedback import operations as feedbacks
from observe.feedback.report import page_of
from observe.people.access import Action
from observe.text import Message, message
from observe.web import guards, words
from observe.web.guards import current_actor, permission, wants_json
from observe.web.views.feedback import clip_urls, pdf_answer
from observe.web.words import say

blueprint = Blueprint("educator", __name__)


@blueprint.get("/mi-retroalimentacion")
@permission(Action.FEEDBACK_ANSWER)
def index() -> ResponseReturnValue:
    """List what was published for her, newest first."""
    with guards.reading() as session:
        found = feedbacks.feedbacks_of(session, actor=current_actor())
        pages = [page_of(feedback, locale=words.language()) for feedback in found]
        answered = {each.id for each in found if any(answer.sent_at for answer in each.answers)}
    return render_template("educator/index.html", pages=pages, answered=answered)


@blueprint.get("/mi-retroalimentacion/<uuid:feedback_id>")
@permission(Action.FEEDBACK_ANSWER)
def show(feedback_id: UUID) -> ResponseReturnValue:
    """Show her feedback and put on file that she opened it."""
    with guards.writing() as session:
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_ANSWER
        )
        openings.opened(session, feedback, actor=current_actor())
    return _page(feedback_id), 200


def _page(feedback_id: UUID, *, text: str | None = None, refused: Message | None = None) -> str:
    with guards.reading() as session:
        actor = current_actor()
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=actor, action=Action.FEEDBACK_ANSWER
        )
        draft = feedbacks.draft_answer(feedback, actor)
        return render_template(
            "educator/show.html",
            feedback=feedback,
            page=page_of(feedback, locale=words.language()),
            media=clip_urls(session, feedback),
            openings=openings.openings_of(session, feedback),
            sent=[answer for answer in feedback.answers if answer.sent_at],
            text=text if text is not None else (draft.text if draft else ""),
            longest=feedbacks.ANSWER_MAX,
            refused=refused,
        )


@blueprint.post("/mi-retroalimentacion/<uuid:feedback_id>/respuesta")
@permission(Action.FEEDBACK_ANSWER)
def answer(feedback_id: UUID) -> ResponseReturnValue:
    """Keep her answer, or send it; a script that saves gets JSON."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    send = request.form.get("do") == "send"
    try:
        with guards.writing() as session:
            feedbacks.save_answer(session, feedback_id, text, send=send, actor=current_actor())
    except BadInputError as error:
        if wants_json():
            raise
        return _page(feedback_id, text=text, refused=error.message), 400
    if wants_json():
        return jsonify(saved=words.clock(now()))
    told = (
        message("Sent. Thank you.")
        if send
        else message("Saved. Only you see it until you send it.")
    )
    flash(say(told), "done")
    return redirect(url("educator.show", feedback_id=feedback_id, _anchor="respuesta"))


@blueprint.get("/mi-retroalimentacion/<uuid:feedback_id>/hoja.pdf")
@permission(Action.FEEDBACK_ANSWER)
def sheet(feedback_id: UUID) -> ResponseReturnValue:
    """Send her feedback as a PDF of one page; put on file that it was taken away."""
    with guards.writing() as session:
        feedback = feedbacks.feedback_for(
            session, feedback_id, actor=current_actor(), action=Action.FEEDBACK_ANSWER
        )
        page = page_of(feedback, locale=words.language())
        openings.opened(session, feedback, actor=current_actor(), action=openings.DOWNLOAD)
    return pdf_answer(page)
