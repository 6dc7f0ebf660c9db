"""The coding screen's pages and its JSON, through the application."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from observe.coding.models import Observation, ObservationState
from observe.coding.operations import start
from observe.db import Database
from observe.ids import new_id
from observe.people.access import Action
from observe.people.class_lists import write_class_list
from observe.people.models import Role, User
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video import derived
from observe.video.derived import Made
from observe.video.models import FileKind, RecordingPart
from observe.video.store import Store
from tests import factories
from tests.web.conftest import ClientFor

MINUTE = 60_000


@pytest.fixture
def draft(database: Database, cast: factories.Cast, rubric_version: RubricVersion) -> Observation:
    with database.write() as session:
        recording = factories.recording(session, cast)
        return start(session, recording.id, rubric_version.id, actor=cast.observer)


@pytest.fixture
def observer(client_for: ClientFor, cast: factories.Cast) -> FlaskClient:
    return client_for(cast.observer)


def change(kind: str, **payload: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "kind": kind, "payload": payload}


def send(client: FlaskClient, draft: Observation, *changes: Any, **said: Any) -> Any:
    body = {"window": "w1", "base_version": 0, "changes": list(changes), **said}
    return client.post(f"/observaciones/{draft.id}/cambios", json=body)


def given(page: str) -> Any:
    island = re.search(r'id="observation">(.*?)</script>', page, re.DOTALL)
    assert island
    return json.loads(island.group(1))


def code_all(client: FlaskClient, draft: Observation, rubric: RubricVersion) -> None:
    scores = [{"dimension": row.id, "value": 2} for row in rubric_of(rubric).dimensions]
    cycle = {"cycle": str(new_id()), "start_ms": 0, "end_ms": 20 * MINUTE, "scores": scores}
    assert send(client, draft, change("plan", cycles=[cycle])).status_code == 200


def test_the_screen_brings_everything_that_its_script_needs(
    observer: FlaskClient, draft: Observation, rubric_version: RubricVersion
) -> None:
    note = change("note.put", note=str(new_id()), at_ms=5, text="</script><b>hola")
    send(observer, draft, note)
    answer = observer.get(f"/observaciones/{draft.id}")
    assert answer.status_code == 200
    brought = given(answer.text)
    assert brought["version"] == 1
    assert brought["document"]["notes"][0]["text"] == "</script><b>hola"
    titles = [row.title.es for row in rubric_of(rubric_version).dimensions]
    assert sorted(row["title"] for row in brought["dimensions"]) == sorted(titles)
    assert all(title in answer.text for title in titles)
    assert (brought["strip"], brought["urls"]["waveform"]) == (None, None)
    assert "Terminar" in answer.text


def test_changes_are_acknowledged_refused_or_in_conflict(
    observer: FlaskClient, draft: Observation
) -> None:
    note = str(new_id())
    good = change("note.put", note=note, at_ms=5, text="una")
    bad = change("score.put", cycle=str(new_id()), dimension="nada", value=3)
    first = send(observer, draft, good, bad).get_json()
    assert first["acknowledged"] == [good["id"]]
    assert [told["id"] for told in first["refused"]] == [bad["id"]]
    assert "«nada»" in first["refused"][0]["sentence"]
    assert re.fullmatch(r"\d\d:\d\d", first["saved_at"])
    late = change("note.put", note=note, at_ms=5, text="otra")
    second = send(observer, draft, late, window="w2").get_json()
    assert [told["id"] for told in second["conflicts"]] == [late["id"]]
    assert (second["version"], second["elsewhere"]) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"window": "w", "base_version": 0, "changes": [{"id": "x"}]},
        {"window": "", "base_version": 0, "changes": []},
        {"window": "w", "base_version": -1, "changes": []},
    ],
)
def test_nonsense_is_answered_with_a_sentence(
    observer: FlaskClient, draft: Observation, body: Any
) -> None:
    answer = observer.post(f"/observaciones/{draft.id}/cambios", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_changes_need_the_token_and_a_session(
    observer: FlaskClient, client_for: ClientFor, draft: Observation
) -> None:
    url = f"/observaciones/{draft.id}/cambios"
    body = {"window": "w", "base_version": 0, "changes": []}
    assert observer.post(url, json=body, headers={"X-CSRFToken": "no"}).status_code == 400
    stranger = observer.application.test_client()
    assert stranger.post(url, json=body).status_code == 401


def test_the_document_is_sent_only_when_it_changed(
    observer: FlaskClient, draft: Observation
) -> None:
    url = f"/observaciones/{draft.id}/documento"
    assert observer.get(url).get_json()["document"]["cycles"] == []
    assert observer.get(f"{url}?desde=0").get_json() == {"version": 0, "live": None}
    send(observer, draft, change("note.put", note=str(new_id()), at_ms=5, text="una"))
    assert len(observer.get(f"{url}?desde=0").get_json()["document"]["notes"]) == 1


def test_finishing_lists_what_is_missing_and_leads_to_the_cell(
    observer: FlaskClient, draft: Observation, rubric_version: RubricVersion
) -> None:
    url = f"/observaciones/{draft.id}/terminar"
    assert "Todavía no hay ciclos" in observer.get(url).text
    cycle, row = str(new_id()), rubric_of(rubric_version).dimensions[0]
    send(observer, draft, change("cycle.put", cycle=cycle, start_ms=0, end_ms=20 * MINUTE))
    page = observer.get(url).text
    assert f"/observaciones/{draft.id}#celda/{cycle}/{row.id}" in page
    assert 'name="version"' not in page
    second = rubric_of(rubric_version).dimensions[1]
    send(observer, draft, change("score.put", cycle=cycle, dimension=row.id, value=2))
    page = observer.get(url).text
    assert f"#celda/{cycle}/{row.id}" not in page
    assert f"«{second.title.es}»" in page
    assert observer.post(url, data={"version": "2"}).status_code == 400


def test_submitting_by_the_plain_form_leads_to_the_profile(
    observer: FlaskClient,
    database: Database,
    draft: Observation,
    rubric_version: RubricVersion,
) -> None:
    url = f"/observaciones/{draft.id}/terminar"
    code_all(observer, draft, rubric_version)
    assert 'name="version" value="1"' in observer.get(url).text
    send(
        observer,
        draft,
        change("note.put", note=str(new_id()), at_ms=5, text="tarde"),
        base_version=1,
    )
    for seen in ({}, {"version": ""}, {"version": "dos"}):
        assert observer.post(url, data=seen).status_code == 409
    stale = observer.post(url, data={"version": "1"})
    assert stale.status_code == 409
    assert 'name="version" value="2"' in stale.text
    done = observer.post(url, data={"version": "2"})
    assert (done.status_code, done.location) == (302, f"/observaciones/{draft.id}/perfil")
    for page in (f"/observaciones/{draft.id}", url):
        assert observer.get(page).location == f"/observaciones/{draft.id}/perfil"
    with database.read() as session:
        assert session.get_one(Observation, draft.id).state is ObservationState.SUBMITTED


@pytest.mark.parametrize("end", ["", "/documento", "/terminar", "/tira", "/onda", "/linea"])
def test_others_find_nothing(
    client_for: ClientFor, cast: factories.Cast, draft: Observation, end: str
) -> None:
    for actor in (cast.educator, cast.utp_head, cast.administrator, *cast.outsiders):
        client = client_for(actor)
        assert client.get(f"/observaciones/{draft.id}{end}").status_code == 404


def test_others_change_nothing(
    client_for: ClientFor, cast: factories.Cast, draft: Observation
) -> None:
    note = change("note.put", note=str(new_id()), at_ms=5, text="ajena")
    for actor in (cast.utp_head, *cast.outsiders):
        client = client_for(actor)
        assert send(client, draft, note).status_code == 404
        assert client.post(f"/observaciones/{draft.id}/terminar").status_code == 404


def test_names_of_children_are_for_who_may_see_the_class_list(
    observer: FlaskClient, database: Database, cast: factories.Cast, draft: Observation
) -> None:
    url = f"/observaciones/{draft.id}"
    with database.write() as session:
        write_class_list(session, cast.class_group.id, "1 Sofía", actor=cast.observer)
    send(observer, draft, change("note.put", note=str(new_id()), at_ms=5, text="Sofía pregunta"))
    assert given(observer.get(url).text)["names"] == ["sofia"]
    warned = "nombra a un niño o niña (Sofía)"
    assert warned in observer.get(f"{url}/terminar").text
    with database.write() as session:  # she goes on to another school: her draft stays on file
        (membership,) = session.get_one(User, cast.observer.user_id).memberships
        membership.school_id = cast.other_school.id
    assert observer.get(url).status_code == 404
    assert observer.get(f"{url}/terminar").status_code == 404


def test_without_a_film_strip_yet_there_is_none(observer: FlaskClient, draft: Observation) -> None:
    assert observer.get(f"/observaciones/{draft.id}/tira").status_code == 404


def test_no_picture_of_a_lesson_that_she_may_not_watch(
    client_for: ClientFor, database: Database, home: Settings, store: Store,
    cast: factories.Cast, rubric_version: RubricVersion,
) -> None:  # fmt: skip
    """A sheet was imported for a colleague: she codes it, and the video stays with who made it."""
    with database.write() as session:
        colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
        recording = factories.recording(session, cast)
        own = start(session, recording.id, rubric_version.id, actor=cast.observer)
        hers = start(
            session, recording.id, rubric_version.id,
            actor=cast.observer, observer=colleague, action=Action.OBSERVATION_IMPORT_FOR,
        )  # fmt: skip
    made = store.temporary()
    made.write_bytes(b"loud")
    what = Made(recording.id, FileKind.WAVEFORM, "waveform-1", "application/octet-stream")
    derived.keep(database, store, made, what)
    for actor, draft, status in ((cast.observer, own, 200), (colleague, hers, 404)):
        client = client_for(actor)
        urls = given(client.get(f"/observaciones/{draft.id}").text)["urls"]
        assert (urls["waveform"] is not None) is (status == 200)
        assert (urls["line"] is not None) is (status == 200)
        for end in ("onda", "linea"):
            assert client.get(f"/observaciones/{draft.id}/{end}").status_code == status


def test_the_line_tells_voices_movement_and_moments(
    observer: FlaskClient, draft: Observation, database: Database, store: Store
) -> None:
    url = f"/observaciones/{draft.id}/linea"
    nothing = {"voices": "", "energy": "", "scenes": [], "spots": [], "preparing": False}
    assert observer.get(url).get_json() == nothing
    keep_timelines(database, store, draft.recording_id)
    answer = observer.get(url)
    told = answer.get_json()
    assert told["voices"] == "1" * 30 + "0" * 30 + "2" * 30
    energy = base64.b64decode(told["energy"])
    assert (len(energy), energy[0], max(energy)) == (90, 0, 255)
    assert told["scenes"] == [70_000]
    spots = [(spot["kind"], spot["start_ms"], spot["end_ms"]) for spot in told["spots"]]
    assert spots == [
        ("joint", 60_000, 60_000),
        ("suggested", 60_000, 60_000),
        ("damaged", 80_000, 82_500),
    ]
    words = [spot["words"] for spot in told["spots"]]
    assert words[0] == "empieza el archivo 2 (clase-2.mp4)"
    assert words[2] == "dañado hasta 1:22: puede faltar imagen o sonido"
    # asked again, it is not sent again
    same = observer.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert "private" in answer.headers["Cache-Control"]


def keep_timelines(database: Database, store: Store, recording_id: UUID) -> None:
    """Keep what the preparation would have made of a lesson of two files and 90 seconds."""
    heard = {"version": 1, "seconds": "o" * 30 + "n" * 30 + "s" * 30, "loudness_db": [-20.0] * 90}
    moved = {
        "version": 1,
        "energy": [float(2 * second) for second in range(90)],
        "joints_ms": [70_000],
        "damaged": [[80_000, 82_500]],
    }
    for kind, told in ((FileKind.VOICES, heard), (FileKind.ACTIVITY, moved)):
        made = store.temporary()
        made.write_text(json.dumps(told), encoding="ascii")
        derived.keep(database, store, made, Made(recording_id, kind, "made", "application/json"))
    with database.write() as session:
        part = RecordingPart(
            id=new_id(), recording_id=recording_id, position=2, original_name="clase-2.mp4",
            sha256="1" * 64, size_bytes=1, duration_ms=30_000, start_ms=60_000,
        )  # fmt: skip
        session.add(part)


# --- what a page of an old laptop has to load ----------------------------------------------------

LARGEST_SCRIPTS = 30 * 1024
LARGEST_STYLES = 15 * 1024


def test_scripts_and_styles_of_the_screen_stay_within_their_budget(
    observer: FlaskClient, draft: Observation
) -> None:
    page = observer.get(f"/observaciones/{draft.id}").text
    entries = re.findall(r'<script type="module" src="([^"]+)"', page)
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert len(entries) == 3
    assert len(styles) == 5
    scripts: dict[str, bytes] = {}
    for entry in entries:
        load(observer, entry, scripts)
    main = next(address for address in scripts if address.endswith("coding/main.js"))
    load(observer, main.replace("main.js", "timeline.js"), scripts)  # fetched at once as well
    assert len(scripts) > 15
    assert sum(len(gzip.compress(script)) for script in scripts.values()) <= LARGEST_SCRIPTS
    sheets = [observer.get(style).data for style in styles]
    assert sum(len(gzip.compress(sheet)) for sheet in sheets) <= LARGEST_STYLES


def load(client: FlaskClient, address: str, found: dict[str, bytes]) -> None:
    """Load a module and all that it imports at once, as a browser does."""
    if address in found:
        return
    answer = client.get(address)
    assert answer.status_code == 200, address
    found[address] = answer.data
    for name in re.findall(r'^import\b[^;"]*"([^"]+)"', answer.text, re.MULTILINE):
        load(client, urljoin(address, name), found)
