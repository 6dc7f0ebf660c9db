"""Who opened what is hers: every verb that reads or takes away something leaves its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from observe import jobs
from observe.coding.operations import start
from observe.db import Database, now, today
from observe.feedback import operations as feedbacks
from observe.feedback import rounds, seen, visiting
from observe.feedback.answers import Besides
from observe.feedback.models import Feedback
from observe.feedback.seen import What
from observe.people import audit
from observe.people.access import Action
from observe.people.models import Role
from observe.privacy import consent, papers, personal_export, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import How
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.privacy.scopes import FORM_VERSION, Scope
from observe.privacy.scopes import Channel as ConsentChannel
from observe.rubric.operations import version_for
from observe.settings import Settings
from observe.vault import open_vault
from observe.video import captions, erasing, leaving
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import TODAY, Cast, person, recording
from tests.feedback_cases import drafted, given, published, submitted
from tests.signed_cases import both_signed
from tests.web.conftest import ClientFor

# Each way in by which something of an educator's can be read or taken: what it leaves for her.
LISTED: Final = {
    "educator.show": What.PAGE,
    "educator.sheet": What.PDF,
    "feedback.sheet": What.PDF,
    "feedback.clip": What.CLIP,
    "feedback.light_clip": What.CLIP,
    "feedback.compose": What.ANSWERS,
    "takeaway.carry": What.FILE,
    "takeaway.zipped": What.ROUND,
    "takeaway.verify": What.PROOF,
    "takeaway.verify_period": What.PROOF,
    "records.show": What.RECORD,
    "records.on_paper": What.RECORD_FILE,
    "records.as_table": What.RECORD_FILE,
    "histories.show": What.HISTORY,
    "histories.on_paper": What.HISTORY_FILE,
    "visits.clip": What.VISIT,
    "records.export": What.TABLE,
    "library.play": What.VIDEO,
    "blur.clip": What.BLURRED,
    "blur.checked_clip": What.BLURRED,
    "coding.screen": What.PRIORITY,
    "coding.finish": What.PRIORITY,
    "feedback.profile": What.BESIDE,
    "followup.index": What.BESIDE,
    "own_data.zipped": What.ALL_DATA,
}
# Those that leave none, and why that hides nothing from her.
WORK = "the observer's own work on it, hers until it is submitted or published"
STILL = "a picture or the words of a clip, asked for by the page that is on file"
NAMES = "that there is a lesson and how far it is, nothing of what is in it"
UNLISTED: Final = {
    **dict.fromkeys(
        ("coding.strip", "coding.waveform", "coding.line", "coding.document", "coding.steps"), WORK
    ),
    **dict.fromkeys(("history.show", "live.films", "live.align"), WORK),
    **dict.fromkeys(("feedback.preview", "previous.state"), WORK),
    **dict.fromkeys(("blur.index", "blur.show", "blur.progress"), WORK),
    **dict.fromkeys(("library.poster", "library.subtitles", "blur.poster"), STILL),
    **dict.fromkeys(("feedback.poster", "feedback.subtitles", "blur.checked_poster"), STILL),
    **dict.fromkeys(("visits.poster", "visits.subtitles"), STILL),
    **dict.fromkeys(("library.index", "library.progress", "library.show", "library.sound"), NAMES),
    **dict.fromkeys(("records.index", "feedback.state", "live.new"), NAMES),
    **dict.fromkeys(("takeaway.show", "takeaway.of_round", "takeaway.progress"), NAMES),
    **dict.fromkeys(("upload.new", "upload.stands"), NAMES),
    **dict.fromkeys(("educator.index", "educator.look", "histories.own"), "only she sees it"),
    **dict.fromkeys(("own_data.film", "own_data.film_file"), "only she sees it"),
    "records.changed": "how many records of a list changed",
}
ROOMS: Final = ("recording.", "observation.", "record.", "feedback.", "followup.")
# What the pages of other rooms show, and why nothing of it is something that was noted of her.
ELSEWHERE: Final = {
    "account": "one's own account",
    "averages": "means of five educators or more, of nobody",
    "breach": "what happened, and to how many",
    "certificate": "what was deleted, when and why: never what was in it",
    "class_list": "children's names",
    "consent": "what was allowed; a scan of hers is listed",
    "home": "the start and the help",
    "membership": "where people work",
    "network": "dimensions that a network works on",
    "openings": "only she sees it",
    "person": "names, e-mails, where people work",
    "retention": "the rules",
    "rights": "what was asked, and of which lessons; a copy of hers is listed",
    "rubric": "instruments",
    "school": "where people work",
    "visit": "who visits whom; the clips are listed",
}


def test_every_way_in_is_either_listed_to_her_or_says_why_not(app: Flask) -> None:
    reading = set()
    for rule in app.url_map.iter_rules():
        action: Action | None = getattr(app.view_functions[rule.endpoint], "permission", None)
        if action is not None and action.startswith(ROOMS) and "GET" in (rule.methods or set()):
            reading.add(rule.endpoint)
    assert reading - LISTED.keys() - UNLISTED.keys() == set(), "list it to her, or say why not"
    assert (LISTED.keys() | UNLISTED.keys()) - reading == {"takeaway.carry", "own_data.zipped"}


def test_the_pages_of_every_other_room_say_what_they_show(app: Flask) -> None:
    rooms = set()
    for rule in app.url_map.iter_rules():
        action: Action | None = getattr(app.view_functions[rule.endpoint], "permission", None)
        if action is not None and "GET" in (rule.methods or set()):
            rooms.add(action.partition(".")[0])
    assert rooms - {room.rstrip(".") for room in ROOMS} == ELSEWHERE.keys()


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Published feedback, its clips cut and blurred for real, and answered."""
    made = published(database, home, store, cast, small_video)
    both_signed(database, home, cast, made)
    with database.write() as session:
        feedbacks.save_answer(session, made, "Gracias.", Besides(), send=True, actor=cast.educator)
    return made


def test_each_verb_is_on_her_page(
    database: Database,
    home: Settings,
    store: Store,
    client_for: ClientFor,
    cast: Cast,
    feedback_id: UUID,
) -> None:
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        observation_id, lesson_id = feedback.observation_id, feedback.observation.recording_id
    observer, educator, head = (
        client_for(actor) for actor in (cast.observer, cast.educator, cast.utp_head)
    )
    own, given = f"/mi-retroalimentacion/{feedback_id}", f"/retroalimentaciones/{feedback_id}"
    assert _seen(database, cast) == {What.BLURRED}, "the observer looked before she signed"
    for client, path in (
        (educator, own),
        (educator, f"{own}/hoja.pdf"),
        (observer, f"{given}/hoja.pdf"),
        (observer, f"{given}/fortaleza.mp4"),
        (educator, f"{given}/prioridad.mp4"),
        (head, f"{given}/difuminado/fortaleza.mp4"),
        (observer, f"/observaciones/{observation_id}/retroalimentacion"),
        (observer, "/seguimiento"),
        (head, f"/registros/{observation_id}"),
        (head, "/registros.csv"),
        (head, f"/registros/{observation_id}/verificacion.pdf"),
        (head, f"/registros/{observation_id}/registro.pdf"),
        (head, f"/registros/educadora/{cast.educator.user_id}"),
        (head, f"/registros/educadora/{cast.educator.user_id}/historia.pdf"),
        (head, "/registros/verificacion.pdf?desde=2026-05-01"),
        (observer, f"/videos/{lesson_id}/reproducir"),
    ):
        assert client.get(path).status_code in (200, 206), path
    for passphrase in ("", "una frase bien larga"):
        carried = observer.post(
            f"{given}/para-llevar.html", data={"passphrase": passphrase, "again": passphrase}
        )
        assert carried.status_code == 200
    _round(database, home, observer, cast, feedback_id)
    _taken_out(database, cast, lesson_id)
    _visit(database, client_for, cast, feedback_id)
    _next_lesson(database, client_for, cast)
    _copy(database, client_for, cast)
    _paper(database, home, store, head, cast)
    assert _seen(database, cast) == set(What) - {What.BACKUP}
    _backup(database, cast)
    assert _seen(database, cast, others=1) == set(What)
    page = educator.get("/mis-datos/quien-abrio").text
    missing = [what for what in What if seen.WORDS[what].in_language("es_CL") not in page]
    assert missing == []
    for name in ("Hilda Vera", "Ana Peñailillo", "Dora Müller", "Flora Díaz", "Julia Paz", "Tú"):
        assert name in page


def _seen(database: Database, cast: Cast, *, others: int = 0) -> set[What]:
    with database.read() as session:
        chapters = seen.seen_of(session, actor=cast.educator)
        assert len(seen.seen_of(session, actor=cast.second_educator)) == others
    return {each.what for chapter in chapters for each in chapter.seen}


def _round(
    database: Database, home: Settings, observer: FlaskClient, cast: Cast, feedback_id: UUID
) -> None:
    with database.write() as session:
        round_id = rounds.ask(session, [feedback_id], locale="es_CL", actor=cast.observer)
        job = rounds.job_of(session, round_id)
        assert job is not None
        job_id = job.id
    rounds.make_zip(jobs.Work(job_id, home, database), round_id)
    assert observer.get(f"/rondas/{round_id}/ronda.zip").status_code == 200


def _taken_out(database: Database, cast: Cast, lesson_id: UUID) -> None:
    """What the commands do when a clip or the captions leave."""
    with database.write() as session:
        leaving.take_unblurred(session, lesson_id, "receta", actor=cast.observer)
        span = Span(0, 15_000)
        clip = leaving.checked(session, lesson_id, span, actor=cast.observer)
        assert clip is not None
        leaving.take_blurred(session, clip, span, actor=cast.observer)
        captions.taken(session, lesson_id, actor=cast.observer)


def _visit(database: Database, client_for: ClientFor, cast: Cast, feedback_id: UUID) -> None:
    """A peer of another school looks at a clip, after both have agreed."""
    hers, peer = cast.educator, cast.outsider_educator
    with database.write() as session:
        visit = visiting.propose(
            session,
            hers.user_id,
            peer.user_id,
            today() + timedelta(days=9),
            actor=cast.network_lead,
        )
        for actor in (hers, peer):
            visiting.agree(session, visit.id, actor=actor)
    clip = client_for(peer).get(f"/visitas/fragmentos/{feedback_id}/fortaleza.mp4")
    assert clip.status_code in (200, 206)


def _next_lesson(database: Database, client_for: ClientFor, cast: Cast) -> None:
    """Another observer opens her next lesson, which begins with the priority before."""
    with database.write() as session:
        julia = person(session, "Julia Paz", Role.OBSERVER, cast.school)
        later = recording(session, cast)
        later.observer_id, later.recorded_on = julia.user_id, TODAY + timedelta(days=1)
        session.flush()
        version = version_for(session, "aprendizaje-profundo")
        observation = start(session, later.id, version.id, actor=julia)
        observation_id = observation.id
    client = client_for(julia)
    for _again in range(2):
        assert client.get(f"/observaciones/{observation_id}").status_code == 200


def _copy(database: Database, client_for: ClientFor, cast: Cast) -> None:
    """The administrator who handles her request takes the copy of her data."""
    with database.write() as session:
        asked = Asked(
            RequestKind.ACCESS,
            About.PERSON,
            now().date() - timedelta(days=1),
            Channel.LETTER,
            user_id=cast.educator.user_id,
        )
        request = requests.register(session, asked, today=now().date(), actor=cast.administrator)
        export_id = personal_export.ask(
            session,
            cast.educator.user_id,
            with_videos=False,
            locale="es_CL",
            actor=cast.administrator,
            request_id=request.id,
        )
        found = personal_export.asked_for(session, export_id, actor=cast.administrator)
        personal_export.taken(session, found, actor=cast.administrator)


def _paper(database: Database, home: Settings, store: Store, head: FlaskClient, cast: Cast) -> None:
    """The scan of her own authorisation is opened by the UTP head, and then replaced."""
    with database.write() as session:
        how = How(ConsentChannel.PAPER, FORM_VERSION, TODAY)
        her = cast.educator.user_id
        consent.register_educator(session, her, frozenset(Scope), how, actor=cast.observer)
        subject = consent.educator_for(session, her, actor=cast.observer)
        vault = open_vault(home)
        kept = papers.keep_paper(session, store, vault, subject, b"%PDF-1.7", actor=cast.observer)
    assert head.get(f"/autorizaciones/papeles/{kept.id}").status_code == 200
    with database.write() as session:
        papers.keep_paper(session, store, vault, subject, b"%PDF-1.7 b", actor=cast.observer)
        papers.drop_replaced(session)


def _backup(database: Database, cast: Cast) -> None:
    """What the command does when a backup of the whole home is written."""
    with database.write() as session:
        by = cast.administrator.user_id
        audit.record(session, "home.backup", actor_id=by, thing_kind="home", thing_id=None)


def test_what_was_opened_stays_told_when_the_film_is_deleted(
    database: Database, store: Store, client_for: ClientFor, cast: Cast, feedback_id: UUID
) -> None:
    head = client_for(cast.utp_head)
    opened = head.get(f"/retroalimentaciones/{feedback_id}/difuminado/fortaleza.mp4")
    assert opened.status_code in (200, 206)
    with database.write() as session:
        lesson_id = session.get_one(Feedback, feedback_id).observation.recording_id
        place = erasing.Place(database, store)
        erasing.erase_video(session, place, lesson_id, reason="prueba", actor=cast.observer)
    page = client_for(cast.educator).get("/mis-datos/quien-abrio").text
    assert seen.WORDS[What.BLURRED].in_language("es_CL") in page
    assert "Dora Müller" in page


def test_drafts_of_others_are_none_of_it(
    database: Database, client_for: ClientFor, cast: Cast
) -> None:
    with database.write() as session:
        observation = submitted(session, cast, recording(session, cast))
        draft_id = drafted(session, cast, observation)
    answer = client_for(cast.observer).get(f"/retroalimentaciones/{draft_id}/hoja.pdf")
    assert answer.status_code == 200
    assert _seen(database, cast) == set()


def test_a_part_of_it_beside_other_work_is_told_once_a_day(
    database: Database, client_for: ClientFor, cast: Cast
) -> None:
    with database.write() as session:
        earlier = given(session, cast, TODAY - timedelta(days=30), "Pregunta «¿por qué?».")
        besides = Besides(own_step="Esperar.", wish="preguntas-que-hacen-pensar")
        feedbacks.save_answer(
            session, earlier.id, "Gracias.", besides, send=True, actor=cast.educator
        )
    assert _opened(database, cast) == []
    board = client_for(cast.observer)
    for _again in range(2):
        assert "Esperar." in board.get("/seguimiento").text
    assert _opened(database, cast) == [("Ana Peñailillo", What.BESIDE, 1)]
    assert "Esperar." not in client_for(cast.utp_head).get("/seguimiento").text
    assert len(_opened(database, cast)) == 1, "a school's list tells nothing of what was said"

    with database.write() as session:
        julia = person(session, "Julia Paz", Role.OBSERVER, cast.school)
        later = recording(session, cast)
        later.observer_id = julia.user_id
        session.flush()
        version = version_for(session, "aprendizaje-profundo")
        coding_id = start(session, later.id, version.id, actor=julia).id
    client = client_for(julia)
    assert "Pregunta «¿por qué?»." in client.get(f"/observaciones/{coding_id}/terminar").text
    assert ("Julia Paz", What.PRIORITY, 1) in _opened(database, cast)
    with database.write() as session:
        lesson = recording(session, cast)
        lesson.observer_id = julia.user_id
        session.flush()
        coded_id = submitted(session, cast, lesson, actor=julia).id
    for page in ("perfil", "retroalimentacion", "perfil"):
        told = client.get(f"/observaciones/{coded_id}/{page}")
        assert "Ella pidió que se mirara esta dimensión." in told.text
        assert ("Julia Paz", What.BESIDE, 1) in _opened(database, cast)


def _opened(database: Database, cast: Cast) -> list[tuple[str, What, int]]:
    with database.read() as session:
        chapters = seen.seen_of(session, actor=cast.educator)
    return [(each.name, each.what, each.times) for chapter in chapters for each in chapter.seen]
