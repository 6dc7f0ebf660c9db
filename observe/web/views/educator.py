"""The educator's own pages: two moments, one next step, her answer, and who opened the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.db import now
from observe.errors import BadInputError
from observe.feedback import answers, clip_files, numbers, openings, own_look, story, visiting
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback
from observe.feedback.ranges import ranges_of
from observe.feedback.report import Moment, page_of
from observe.people.access import Action
from observe.records import histories
from observe.rubric.operations import rubric_of
from observe.rubric.schema import Rubric
from observe.text import message
from observe.web import answer_form, first_view, guards, line, words
from observe.web.answer_form import AnswerForm
from observe.web.forms import whole
from observe.web.guards import current_actor, permission, wants_json
from observe.web.views.feedback import clip_urls, pdf_answer
from observe.web.words import say

blueprint = Blueprint("educator", __name__)

ROOMY_LENGTH: Final = 700  # characters in a card; more is printed smaller, to fit one sheet
STYLES: Final = ("css/educator.css",)


@blueprint.get("/mi-retroalimentacion")
@permission(Action.FEEDBACK_ANSWER)
def index() -> ResponseReturnValue:
    """List what was published for her, newest first, with her answers and what came of it."""
    with guards.reading() as session:
        actor, allowed = current_actor(), guards.home().settings.educator_sees_numbers
        chapters = story.story_of(session, actor=actor, locale=words.language())
        visits = visiting.visits_of(session, actor=actor)
        over_time = histories.has_own_history(session, allowed=allowed, actor=actor)
    return render_template(
        "educator/index.html", chapters=chapters, visits=visits, over_time=over_time
    )


# --- reading -------------------------------------------------------------------------------------


@blueprint.get("/mi-retroalimentacion/<uuid:feedback_id>")
@permission(Action.FEEDBACK_ANSWER)
def show(feedback_id: UUID) -> ResponseReturnValue:
    """Show her feedback and put on file that she opened it."""
    with guards.writing() as session:
        feedback = _hers(session, feedback_id)
        openings.opened(session, feedback, actor=current_actor())
        clip_files.ask_for_light(session, feedback)
    return first_view.answered(_page(feedback_id), first_view.styles(*STYLES))


def _hers(session: Session, feedback_id: UUID, action: Action = Action.FEEDBACK_ANSWER) -> Feedback:
    return feedbacks.feedback_for(session, feedback_id, actor=current_actor(), action=action)


def _page(feedback_id: UUID, form: AnswerForm | None = None) -> str:
    with guards.reading() as session:
        feedback, actor, locale = _hers(session, feedback_id), current_actor(), words.language()
        look = own_look.look_of(session, feedback_id, actor=actor)
        rubric, shown = (
            rubric_of(feedback.observation.rubric_version),
            line.line_of(session, feedback),
        )
        page = page_of(feedback, locale=locale)
        return render_template(
            "educator/show.html",
            page=page,
            media=_media(session, feedback, light=shown.light),
            lights=line.light_urls(feedback) if shown.light_bytes else {},
            line=shown,
            look=look,
            own_words=own_look.own_words(feedback, look, locale),
            numbers=_numbers(session, feedback, locale),
            openings=openings.openings_of(session, feedback),
            sent=feedbacks.sent_answers(session, feedback, locale),
            form=form or answer_form.form_of(feedbacks.draft_answer(feedback, actor)),
            dimensions=_titles(rubric, locale),
            talk_days=answers.talk_days(guards.today()),
            limits=answers,
            dense=any(_length(moment) > ROOMY_LENGTH for moment in page.moments),
            styles=first_view.styles(*STYLES).element,
        )


def _length(moment: Moment) -> int:
    return sum(map(len, (moment.note, moment.phrase, *moment.questions)))


def _media(session: Session, feedback: Feedback, *, light: bool) -> dict[str, dict[str, str]]:
    media = clip_urls(session, feedback)
    if light:
        for kind, film in line.light_urls(feedback).items():
            if kind in media:
                media[kind]["film"] = film
    return media


def _numbers(session: Session, feedback: Feedback, locale: str) -> tuple[numbers.OwnNumber, ...]:
    """Return her own numbers where her provider lets her see them."""
    if not guards.home().settings.educator_sees_numbers:
        return ()
    return numbers.numbers_of(session, feedback, locale=locale)


def _titles(rubric: Rubric, locale: str) -> list[tuple[str, str]]:
    return [(each.id, each.title.in_language(locale)) for each in rubric.dimensions]


@blueprint.get("/mi-retroalimentacion/<uuid:feedback_id>/hoja.pdf")
@permission(Action.FEEDBACK_ANSWER)
def sheet(feedback_id: UUID) -> ResponseReturnValue:
    """Send her feedback as a PDF; put on file that it was taken away."""
    return pdf_answer(feedback_id, Action.FEEDBACK_ANSWER)


# --- answering -----------------------------------------------------------------------------------


@blueprint.post("/mi-retroalimentacion/<uuid:feedback_id>/respuesta")
@permission(Action.FEEDBACK_ANSWER)
def answer(feedback_id: UUID) -> ResponseReturnValue:
    """Keep her answer, or send it; a script that saves gets JSON."""
    form, send = answer_form.typed_form(request.form), request.form.get("do") == "send"
    besides = form.besides(guards.today())
    send_now = send and not form.errors
    try:
        with guards.writing() as session:
            feedbacks.save_answer(
                session, feedback_id, form.text, besides, send=send_now, actor=current_actor()
            )
    except BadInputError as error:
        if wants_json() or error.field is None:
            raise
        form.errors[error.field] = error.message
    if wants_json():
        told = {name: say(problem) for name, problem in form.errors.items()}
        return jsonify(saved=words.clock(now()), errors=told)
    if form.errors:
        return first_view.answered(_page(feedback_id, form), first_view.styles(*STYLES), 400)
    flash(say(_SENT if send else _KEPT), "done")
    return redirect(url("educator.show", feedback_id=feedback_id, _anchor="respuesta"))


_SENT = message("Sent. Thank you.")
_KEPT = message("Saved. Only you see it until you send it.")


# --- looking herself -----------------------------------------------------------------------------


@blueprint.get("/mi-retroalimentacion/<uuid:feedback_id>/mi-mirada")
@permission(Action.FEEDBACK_LOOK)
def look(feedback_id: UUID) -> ResponseReturnValue:
    """Let her look at her own lesson with the pauta, before she reads the feedback or after."""
    with guards.reading() as session:
        feedback, locale = _hers(session, feedback_id, Action.FEEDBACK_LOOK), words.language()
        kept = own_look.look_of(session, feedback_id, actor=current_actor())
        rubric = rubric_of(feedback.observation.rubric_version)
        return render_template(
            "educator/look.html",
            page=page_of(feedback, locale=locale),
            groups=rubric.groups(),
            ranges={each.id: ranges_of(rubric, each.id, locale) for each in rubric.dimensions},
            scales={each.id: rubric.scale_of(each) for each in rubric.dimensions},
            scores=kept.scores if kept else {},
            kept=kept,
        )


@blueprint.post("/mi-retroalimentacion/<uuid:feedback_id>/mi-mirada")
@permission(Action.FEEDBACK_LOOK)
def keep_look(feedback_id: UUID) -> ResponseReturnValue:
    """Keep how she sees her lesson, or forget it; a script that saves gets JSON."""
    asked = request.form.get("do", "save")
    given: Mapping[str, str] = {} if asked == "forget" else request.form
    with guards.writing() as session:
        feedback = _hers(session, feedback_id, Action.FEEDBACK_LOOK)
        rubric = rubric_of(feedback.observation.rubric_version)
        scores = _scores(given, rubric)
        own_look.keep_look(session, feedback_id, scores, actor=current_actor())
    if wants_json():
        return jsonify(saved=words.clock(now()), errors={})
    if asked == "read":
        return redirect(url("educator.show", feedback_id=feedback_id))
    flash(say(_LOOK_FORGOTTEN if asked == "forget" else _LOOK_KEPT), "done")
    return redirect(url("educator.look", feedback_id=feedback_id))


_LOOK_KEPT = message("Saved. Only you see it.")
_LOOK_FORGOTTEN = message("Deleted: nothing of how you saw it is kept.")


def _scores(given: Mapping[str, str], rubric: Rubric) -> dict[str, int]:
    """Return the numbers chosen; a dimension that she left out has none."""
    told = {each.id: whole(given.get(f"look-{each.id}", "")) for each in rubric.dimensions}
    return {name: value for name, value in told.items() if value is not None}
