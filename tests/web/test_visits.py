"""Peer visits: proposed, agreed to by both, only blurred clips, on file, and gone when ended."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from flask.testing import FlaskClient

from observe.db import Database, today
from observe.feedback import operations as feedbacks
from observe.privacy.scopes import Scope
from observe.settings import Settings
from observe.video import captions
from observe.video.captions import Cue
from observe.video.store import Store
from tests import kept
from tests.consents import ALL, answered
from tests.factories import TODAY, Cast
from tests.feedback_cases import cut_and_open, drafted, filmed, submitted
from tests.signed_cases import both_signed
from tests.web.conftest import ClientFor

CLIP = re.compile(r"/visitas/fragmentos/[0-9a-f-]+/fortaleza\.mp4")


def _proposed(lead: FlaskClient, cast: Cast, *, days: int = 30) -> dict[str, str]:
    return {
        "one_id": str(cast.educator.user_id),
        "other_id": str(cast.outsider_educator.user_id),
        "ends_on": (today() + timedelta(days=days)).isoformat(),
    }


def _published_with_captions(
    database: Database, home: Settings, store: Store, cast: Cast, film: Path
) -> UUID:
    with database.write() as session:
        lesson = filmed(session, store, cast, film)
        cues = (Cue(1_000, 3_000, "¿Por qué flota?"),)
        captions.give(session, store, lesson.id, cues, actor=cast.observer)
        feedback_id = drafted(session, cast, submitted(session, cast, lesson))
        feedbacks.publish(session, feedback_id, actor=cast.observer, today=TODAY)
    with kept.as_before(database, store):
        cut_and_open(database, home, feedback_id)
    return feedback_id


def test_a_visit_opens_when_both_agree_and_closes_when_one_ends_it(
    client_for: ClientFor,
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    sparse_video: Path,
) -> None:
    feedback_id = _published_with_captions(database, home, store, cast, sparse_video)
    both_signed(database, home, cast, feedback_id)
    lead, hers, peer = (
        client_for(actor) for actor in (cast.network_lead, cast.educator, cast.outsider_educator)
    )
    assert lead.post("/visitas", data=_proposed(lead, cast)).location == "/visitas"
    (visit,) = set(re.findall(r"/visitas/[0-9a-f-]{36}", hers.get("/visitas").text))
    clip = f"/visitas/fragmentos/{feedback_id}/fortaleza.mp4"
    assert "1° B" in hers.get(visit).text  # what she would show, before she agrees
    peer.post(f"{visit}/aceptar")
    assert peer.get(clip).status_code == 404, "one of the two has not agreed"
    assert not CLIP.findall(peer.get(visit).text)
    beside = {clip.replace("mp4", "jpg"): "image/jpeg", clip.replace("mp4", "vtt"): "text/vtt"}
    assert {peer.get(each).status_code for each in beside} == {404}
    hers.post(f"{visit}/aceptar")
    assert CLIP.findall(peer.get(visit).text) == [clip]
    answer = peer.get(clip)
    assert answer.headers["Cache-Control"] == "private, no-cache", "asked for again, it may be over"
    assert answer.status_code in (200, 206)
    assert answer.mimetype == "video/mp4"
    for address, kind in beside.items():
        assert f'"{address}"' in peer.get(visit).text
        sent = peer.get(address)
        assert (sent.status_code, sent.mimetype) == (200, kind)
        assert "no-cache" in sent.headers["Cache-Control"], "a browser asks again"
    answered(database, cast, ALL - {Scope.TRAINING}, date(2026, 5, 1))
    for address in (clip, *beside):
        assert peer.get(address).status_code == 404, "the family does not allow the network to see"
    assert not CLIP.findall(peer.get(visit).text)
    answered(database, cast, ALL, date(2026, 5, 2))
    assert CLIP.findall(peer.get(visit).text) == [clip]
    # the words, the page and the clip as filmed stay closed to her
    for address in (
        f"/mi-retroalimentacion/{feedback_id}",
        f"/retroalimentaciones/{feedback_id}/fortaleza.mp4",
        f"/retroalimentaciones/{feedback_id}/fortaleza.jpg",
    ):
        assert peer.get(address).status_code == 404
    assert "Escuchas la respuesta completa" not in peer.get(visit).text
    for other in (cast.second_educator, cast.utp_head, cast.outsider_utp_head, cast.observer):
        assert client_for(other).get(clip).status_code == 404
        assert client_for(other).get(visit).status_code == 404
        assert {client_for(other).get(each).status_code for each in beside} == {404}
    assert "Hilda Vera" in hers.get(f"/mi-retroalimentacion/{feedback_id}").text
    hers.post(f"{visit}/terminar")
    gone, nothing = peer.get(clip), peer.get(clip.replace(str(feedback_id)[:8], "00000000"))
    assert (gone.status_code, nothing.status_code) == (404, 404)
    assert {peer.get(each).status_code for each in beside} == {404}
    assert peer.get(visit).status_code == 404


def test_a_visit_is_of_two_educators_of_different_schools(
    client_for: ClientFor, cast: Cast
) -> None:
    lead = client_for(cast.network_lead)
    asked = _proposed(lead, cast)
    for wrong in (
        {"other_id": str(cast.second_educator.user_id)},
        {"other_id": asked["one_id"]},
        {"other_id": str(cast.outsider_utp_head.user_id)},
        {"other_id": ""},
        {"ends_on": (today() - timedelta(days=1)).isoformat()},
        {"ends_on": ""},
        {"ends_on": (today() + timedelta(days=400)).isoformat()},
    ):
        assert lead.post("/visitas", data=asked | wrong).status_code == 400, wrong
    lead.post("/visitas", data=asked)
    assert lead.post("/visitas", data=asked).status_code == 409
    head = client_for(cast.utp_head)
    assert head.post("/visitas", data=asked).status_code == 404, "she works with one of them only"
    assert client_for(cast.educator).post("/visitas", data=asked).status_code == 404
