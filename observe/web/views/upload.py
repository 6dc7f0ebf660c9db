"""Adding a video: sent in pieces that survive interruption, or taken from a laptop's folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, DateField, HiddenField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from observe.errors import BadInputError, ConflictError, NotFoundError, ObserveError
from observe.ids import parse_id
from observe.people.access import Action, Actor
from observe.text import Message, message
from observe.video import operations as video
from observe.video.models import Recording, Upload
from observe.video.store import Store
from observe.web import shelf
from observe.web.forms import needed
from observe.web.guards import current_actor, home, permission, reading, today, writing
from observe.web.lesson_form import FIELDS, DetailsForm, Offered, details_of, fill, offered
from observe.web.words import say

blueprint = Blueprint("upload", __name__)

CHUNK_BYTES: Final = 4 * 1024**2
MOST_FILES: Final = 50  # of one lesson


class LessonForm(DetailsForm):
    """What the observer tells of a lesson, and where its files are.

    `upload`: ids of complete uploads, in the lesson's order, with blanks between them. `order`: the
    keys of the files to import likewise; those it does not name follow by their names.
    """

    upload = HiddenField()
    import_file = SelectMultipleField(
        choices=[],
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    order = HiddenField()
    same_lesson = BooleanField()
    recorded_on = DateField(validators=[needed()])
    consent = BooleanField()


@dataclass(frozen=True)
class Choices(Offered):
    """What the form offers this observer, files included."""

    uploads: list[Upload]
    files: dict[str, video.ImportableFile]


@blueprint.get("/videos/nuevo")
@permission(Action.RECORDING_ADD)
def new() -> ResponseReturnValue:
    """Ask for a video and what lesson it shows."""
    choices = _choices()
    form = _form(choices)
    if form.recorded_on.data is None:
        form.recorded_on.data = today()
    return _page(form, choices, 200)


@blueprint.post("/videos/nuevo")
@permission(Action.RECORDING_ADD)
def add() -> ResponseReturnValue:
    """Make a recording of the uploaded or imported file."""
    choices = _choices()
    form = _form(choices)
    if not form.validate():
        return _page(form, choices, 400)
    try:
        recording = _added(form, choices)
    except BadInputError as error:
        form.refuse(FIELDS.get(error.field or "", error.field or "upload"), error.message)
        choices = _choices()
        known = {upload.id for upload in choices.uploads}  # a refused file is gone
        form.upload.data = " ".join(str(each) for each in _upload_ids(form) if each in known)
        return _page(form, choices, error.status)
    except ConflictError as error:
        form.refuse("upload", error.message)
        if isinstance(error, video.OffsetError):  # it is listed, and goes on with the same file
            form.upload.data = " ".join(str(upload.id) for upload in _held(form, choices))
        return _page(form, choices, error.status)
    flash(say(message("The video is here. What follows is done in the background.")), "done")
    return redirect(url("library.show", recording_id=recording.id))


def _added(form: LessonForm, choices: Choices) -> Recording:
    upload_ids, actor, store = _upload_ids(form), current_actor(), home().store
    _check_one_lesson(form, len(upload_ids) or len(form.import_file.data or ()))
    if upload_ids:
        return _uploaded(form, upload_ids)
    chosen = _imported(form, choices)
    if not chosen:
        raise BadInputError(message("Choose a video first."), field="upload")
    with writing() as session:  # asked before a long copy is begun, and undone
        video.check_details(session, _details(session, form, actor), actor=actor)
        session.rollback()
    with _received(store, [file.path for file in chosen]) as files, writing() as session:
        details = _details(session, form, actor)
        return video.add_received(session, store, files[0], details, actor=actor, more=files[1:])


@contextmanager
def _received(store: Store, paths: Sequence[Path]) -> Iterator[list[video.Received]]:
    """Take the files into the store; when one is refused or the block fails, none stays there."""
    taken: list[video.Received] = []
    try:
        for path in paths:
            taken.append(video.receive(store, path, named=len(paths) > 1))
        yield taken
    except BaseException:
        for each in taken:
            store.delete_incoming(each.name)
        raise


def _check_one_lesson(form: LessonForm, count: int) -> None:
    if count > MOST_FILES:
        raise BadInputError(
            message("A lesson can have at most %(count)s files.", count=MOST_FILES), field="upload"
        )
    if count > 1 and not form.same_lesson.data:
        told = message("Tick that they are parts of the same lesson, or leave only one.")
        raise BadInputError(told, field="same_lesson")


def _upload_ids(form: LessonForm) -> list[UUID]:
    """Return the uploads named in the form, each once, in the order of the lesson."""
    named = [parse_id(name) for name in (form.upload.data or "").split()]
    return list(dict.fromkeys(each for each in named if each is not None))


def _imported(form: LessonForm, choices: Choices) -> list[video.ImportableFile]:
    """Return the ticked files: in the order asked for, then by their names."""
    ticked = [key for key in form.import_file.data or () if key in choices.files]
    order = (form.order.data or "").split()
    place = {key: position for position, key in enumerate(order)}
    ticked.sort(key=lambda key: _by_name(choices.files[key].path.name))
    ticked.sort(key=lambda key: place.get(key, len(order)))
    return [choices.files[key] for key in ticked]


def _by_name(name: str) -> list[tuple[int, str]]:
    """Return what sorts names as people read them: `clase 2` before `clase 10`."""
    pieces = re.split(r"(\d+)", name.casefold())
    return [(int(piece) if piece.isdecimal() else 0, piece) for piece in pieces]


def _uploaded(form: LessonForm, upload_ids: list[UUID]) -> Recording:
    actor = current_actor()
    try:
        if known := _known(upload_ids[0]):
            return known
        try:
            first, *more = [
                video.receive_upload(home().database, home().store, each, actor=actor)
                for each in upload_ids
            ]
        except NotFoundError:
            if known := _known(upload_ids[0]):  # sent twice: the first time came through meanwhile
                return known
            raise
    except NotFoundError as error:  # refused or discarded meanwhile, and gone
        raise BadInputError(message("Choose the file again."), field="upload") from error
    with writing() as session:
        details = _details(session, form, actor)
        return video.finish_upload(session, first, details, actor=actor, more=more)


def _known(upload_id: UUID) -> Recording | None:
    with reading() as session:
        return video.uploaded_recording(session, upload_id, actor=current_actor())


def _details(session: Session, form: LessonForm, actor: Actor) -> video.LessonDetails:
    day, consent = form.recorded_on.data, form.consent.data
    return details_of(session, form, day, consent=consent, actor=actor)


def _choices() -> Choices:
    actor = current_actor()
    with reading() as session:
        found = offered(session, actor=actor)
        uploads = shelf.unfinished_uploads(session, actor=actor)
    files = {_key(file): file for file in video.importable_files(home().settings)}
    return Choices(found.staff, found.class_groups, found.subjects, uploads, files)


def _key(file: video.ImportableFile) -> str:
    """Return a name for a file that tells a page nothing of this laptop's folders."""
    return hashlib.sha256(str(file.path).encode()).hexdigest()[:24]


def _form(choices: Choices) -> LessonForm:
    form = LessonForm()
    fill(form, choices)
    form.import_file.choices = [(key, file.path.name) for key, file in choices.files.items()]
    return form


def _page(form: LessonForm, choices: Choices, status: int) -> ResponseReturnValue:
    page = render_template(
        "upload/new.html",
        form=form,
        choices=choices,
        held=_held(form, choices),
        folders=home().settings.import_folders,
        found=[folder for folder in home().settings.import_folders if folder.is_dir()],
        chunk_bytes=CHUNK_BYTES,
        today=today(),
    )
    return page, status


def _held(form: LessonForm, choices: Choices) -> list[Upload]:
    """Return the complete uploads that the form names, in the order of the lesson."""
    known = {upload.id: upload for upload in choices.uploads}
    named = [known[each] for each in _upload_ids(form) if each in known]
    return [upload for upload in named if upload.offset == upload.size_bytes]


# --- pieces -------------------------------------------------------------------------------------


@blueprint.post("/subidas")
@permission(Action.RECORDING_ADD)
def begin() -> ResponseReturnValue:
    """Announce a file (JSON `filename`, `size`); answer with the upload and where it stands."""
    asked = request.get_json()
    asked = asked if isinstance(asked, dict) else {}
    name, size = asked.get("filename"), asked.get("size")
    if not isinstance(name, str) or not isinstance(size, int) or isinstance(size, bool):
        raise BadInputError(message("Choose the file again."))
    if size > home().settings.max_upload_bytes:
        raise BadInputError(message("This file is larger than this home takes."))
    with writing() as session:
        upload = video.begin_upload(session, name, size, actor=current_actor())
    return jsonify(id=str(upload.id), offset=upload.offset), 201


@blueprint.get("/subidas/<uuid:upload_id>")
@permission(Action.RECORDING_ADD)
def stands(upload_id: UUID) -> ResponseReturnValue:
    """Tell how much of an upload is safe on disk."""
    with reading() as session:
        upload = video.upload_for(session, upload_id, actor=current_actor())
    return jsonify(
        id=str(upload.id),
        offset=upload.offset,
        size=upload.size_bytes,
        filename=upload.filename,
        finished=upload.recording_id is not None,
    )


@blueprint.post("/subidas/<uuid:upload_id>/<int:offset>")
@permission(Action.RECORDING_ADD)
def append(upload_id: UUID, offset: int) -> ResponseReturnValue:
    """Keep the piece in the request's body; answer with the new offset, or the right one."""
    chunk = request.get_data(cache=False)
    try:
        reached = video.append_upload(
            home().database, home().store, upload_id, offset, chunk, actor=current_actor()
        )
    except video.OffsetError as error:
        return jsonify(error=say(error.message), problems=[], offset=error.offset), 409
    except OSError as error:
        raise DiskError(_no_room()) from error
    return jsonify(offset=reached)


class DiskError(ObserveError):
    """The disk did not take a piece; nothing of what was acknowledged is lost."""

    status = 507


def _no_room() -> Message:
    return message("The disk did not take it. Make room on the computer that keeps the videos.")


@blueprint.post("/subidas/<uuid:upload_id>/descartar")
@permission(Action.RECORDING_ADD)
def discard(upload_id: UUID) -> ResponseReturnValue:
    """Give an unfinished upload up."""
    with writing() as session:
        video.discard_upload(session, home().store, upload_id, actor=current_actor())
    return redirect(url("upload.new"))
