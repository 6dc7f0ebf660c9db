"""A person's own data: what is held, a copy of all of it, what she asks, and who opened what."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, send_file
from flask import url_for as url
from flask.typing import ResponseReturnValue

from observe.errors import BadInputError
from observe.feedback import own_films, seen
from observe.jobs import Job
from observe.people.access import Action
from observe.privacy import personal_export, reach, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.records.personal import making
from observe.text import Message, message
from observe.video import operations as video
from observe.web import guards, media_links, words
from observe.web.forms import typed_lines
from observe.web.guards import current_actor, permission
from observe.web.responses import as_download, opens, send_media
from observe.web.words import say

blueprint = Blueprint("own_data", __name__)

TO_HER = {
    RequestKind.ACCESS: message("Know what is held about me"),
    RequestKind.RECTIFICATION: message("Correct something that is wrong"),
    RequestKind.ERASURE: message("Delete something"),
    RequestKind.OBJECTION: message("Object to a use"),
    RequestKind.PORTABILITY: message("A copy to take elsewhere"),
    RequestKind.BLOCKING: message("That nobody uses my data for now"),
}


@blueprint.get("/mis-datos")
@permission(Action.RIGHTS_SEE)
def index() -> ResponseReturnValue:
    """Show what she can see, take and ask."""
    return _page(), 200


def _page(refused: Message | None = None) -> str:
    actor, law = current_actor(), guards.home().settings.new_law_from
    with guards.reading() as session:
        own = requests.own_requests(session, actor=actor)
        return render_template(
            "own_data/index.html",
            own=[requests.standing_of(row, today=guards.today(), new_law_from=law) for row in own],
            blocked=reach.is_blocked(session, actor.user_id, None),
            export_id=personal_export.last_of(session, actor=actor),
            films=own_films.films_of(session, actor=actor),
            kinds=TO_HER,
            states=requests.STATES,
            limits=requests,
            typed=request.form,
            refused=refused,
        )


@blueprint.post("/mis-datos/solicitudes")
@permission(Action.RIGHTS_ASK)
def ask() -> ResponseReturnValue:
    """Put on file what she asks about her own data."""
    actor = current_actor()
    try:
        asked = Asked(
            kind=_kind(),
            about=About.PERSON,
            received_on=guards.today(),
            channel=Channel.PROGRAM,
            user_id=actor.user_id,
            words=typed_lines(request.form.get("words", "")),
        )
        with guards.writing() as session:
            requests.register(session, asked, today=guards.today(), actor=actor)
    except BadInputError as error:
        return _page(error.message), error.status
    flash(say(message("Sent to your administrator. The answer will be here.")), "done")
    return redirect(url("own_data.index", _anchor="solicitudes"))


def _kind() -> RequestKind:
    try:
        return RequestKind(request.form.get("kind", ""))
    except ValueError as error:
        raise BadInputError(message("Choose what you ask for."), field="kind") from error


@blueprint.get("/mis-datos/quien-abrio")
@permission(Action.OPENINGS_SEE)
def openings() -> ResponseReturnValue:
    """Show who opened or took away what is hers, by lesson."""
    with guards.reading() as session:
        chapters = seen.seen_of(session, actor=current_actor())
        return render_template("own_data/openings.html", chapters=chapters, words=seen.WORDS)


# --- her own lessons ------------------------------------------------------------------------------


@blueprint.get("/mis-datos/clases/<uuid:recording_id>")
@permission(Action.RECORDING_WATCH_OWN)
def film(recording_id: UUID) -> ResponseReturnValue:
    """Show an educator the film of her own lesson."""
    with guards.reading() as session:
        recording = own_films.film_for(session, recording_id, actor=current_actor())
        return render_template("own_data/film.html", recording=recording)


@blueprint.get("/mis-datos/clases/<uuid:recording_id>/reproducir")
@permission(Action.RECORDING_WATCH_OWN)
def film_file(recording_id: UUID) -> ResponseReturnValue:
    """Send the part of it that her player asks for; that it is opened is put on file."""
    actor = current_actor()
    with guards.reading() as session:
        recording = own_films.film_for(session, recording_id, actor=actor)
        file = video.playable_file(session, guards.home().store, recording)
    if media_links.asked_as_page():
        return redirect(url("own_data.film", recording_id=recording_id))
    answer = send_media(file.file, file.media_type, file.tag, revocable=True)

    def lately() -> bool:
        with guards.reading() as session:
            return video.watched_lately(session, recording_id, actor=actor)

    if opens(answer, lately):
        with guards.writing() as session:
            video.watched(session, recording, actor=actor)
    return answer


# --- a copy of all of it --------------------------------------------------------------------------


@blueprint.post("/mis-datos/copia")
@permission(Action.RIGHTS_EXPORT)
def copy() -> ResponseReturnValue:
    """Have the copy of her own data made."""
    actor = current_actor()
    with guards.writing() as session:
        export_id = personal_export.ask(
            session,
            actor.user_id,
            with_videos=bool(request.form.get("videos")),
            locale=words.language(),
            actor=actor,
        )
    return redirect(url("own_data.of_copy", export_id=export_id))


@blueprint.get("/mis-datos/copia/<uuid:export_id>")
@permission(Action.RIGHTS_EXPORT)
def of_copy(export_id: UUID) -> ResponseReturnValue:
    """Show how far the copy is, and then the copy."""
    with guards.reading() as session:
        asked = personal_export.asked_for(session, export_id, actor=current_actor())
        job = personal_export.job_of(session, export_id)
        return render_template(
            "own_data/copy.html",
            asked=asked,
            progress=_progress(job),
            ready=job is not None and job.ended and making.is_ready(guards.home().store, export_id),
            why=job.why if job else None,
        )


def _progress(job: Job | None) -> dict[str, Any]:
    step = job.step if job and job.step in personal_export.STEPS else ""
    return {
        "going_on": job is not None and not job.ended,
        "step": say(personal_export.STEPS[step]),
        "percent": job.percent if job else 0,
    }


@blueprint.get("/mis-datos/copia/<uuid:export_id>/avance")
@permission(Action.RIGHTS_EXPORT)
def progress(export_id: UUID) -> ResponseReturnValue:
    """Tell a script how far the copy is."""
    with guards.reading() as session:
        personal_export.asked_for(session, export_id, actor=current_actor())
        return jsonify(_progress(personal_export.job_of(session, export_id)))


@blueprint.post("/mis-datos/copia/<uuid:export_id>/otra-vez")
@permission(Action.RIGHTS_EXPORT)
def again(export_id: UUID) -> ResponseReturnValue:
    """Have it made anew."""
    with guards.writing() as session:
        personal_export.again(session, export_id, actor=current_actor())
    return redirect(url("own_data.of_copy", export_id=export_id))


@blueprint.get("/mis-datos/copia/<uuid:export_id>/datos.zip")
@permission(Action.RIGHTS_EXPORT)
def zipped(export_id: UUID) -> ResponseReturnValue:
    """Send the zip; that it was taken away is put on file."""
    actor = current_actor()
    with guards.writing() as session:
        asked = personal_export.asked_for(session, export_id, actor=actor)
        path = making.take(session, guards.home().store, asked, actor=actor)
    if path is None:
        return redirect(url("own_data.of_copy", export_id=export_id))
    answer = send_file(path, mimetype="application/zip", conditional=False)
    name = "mis-datos" if asked.is_own else "datos"
    return as_download(answer, f"{name}-{guards.today().isoformat()}.zip")
