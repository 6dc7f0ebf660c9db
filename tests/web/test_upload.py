"""Adding a video through the form: in pieces, interrupted, from a folder, refused."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from observe.db import Database
from observe.people.models import ClassGroup, Role, School
from observe.settings import Settings
from observe.video.models import Recording, RecordingState, Selection, Upload
from observe.video.store import Store
from observe.web.guards import today
from tests import factories
from tests.factories import Cast
from tests.web.conftest import ClientFor

PIECE = 400_000


@pytest.fixture
def observer(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.observer)


def told(cast: Cast, **more: Any) -> dict[str, Any]:
    """What the observer writes into the form."""
    return {
        "school": str(cast.school.id),
        "class_group": " 2º  A ",
        "educator": str(cast.educator.user_id),
        "subject": "Matemática",
        "recorded_on": "2026-05-12",
        "selection": "random",
        "consent": "y",
    } | more


def begin(client: FlaskClient, content: bytes, name: str = "clase.mp4") -> str:
    answer = client.post("/subidas", json={"filename": name, "size": len(content)})
    assert answer.status_code == 201
    return str(answer.get_json()["id"])


def send(client: FlaskClient, upload: str, content: bytes, offset: int = 0) -> None:
    while offset < len(content):
        piece = content[offset : offset + PIECE]
        answer = client.post(f"/subidas/{upload}/{offset}", data=piece)
        assert answer.status_code == 200, answer.text
        offset = answer.get_json()["offset"]


def recordings(database: Database) -> list[Recording]:
    with database.read() as session:
        return list(session.scalars(sa.select(Recording)))


def left_behind(store: Store) -> list[Path]:
    folders = (store.root / "incoming", store.root / "work", store.root / "blobs")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_a_file_in_pieces_becomes_a_lesson_ready_to_be_coded(
    observer: FlaskClient, database: Database, cast: Cast, store: Store, small_video: Path
) -> None:
    content = small_video.read_bytes()
    upload = begin(observer, content)
    send(observer, upload, content)
    answer = observer.post("/videos/nuevo", data=told(cast, upload=upload))
    (row,) = recordings(database)
    assert answer.location == f"/videos/{row.id}"
    assert row.state is RecordingState.READY
    assert row.selection is Selection.RANDOM
    assert row.consent_by_id == cast.observer.user_id
    assert row.incoming is not None
    assert store.incoming(row.incoming).read_bytes() == content
    with database.read() as session:
        group = session.get_one(ClassGroup, row.class_group_id)
    assert (group.name, group.year) == ("2° A", 2026)
    page = observer.get(answer.location).text
    assert "2° A · Matemática" in page
    # sent twice by an impatient hand: the same lesson, not a second one
    again = observer.post("/videos/nuevo", data=told(cast, upload=upload))
    assert again.location == answer.location
    assert len(recordings(database)) == 1


def test_an_interrupted_upload_goes_on_where_it_stopped(
    observer: FlaskClient, cast: Cast, client_for: ClientFor, small_video: Path
) -> None:
    content = small_video.read_bytes()
    upload = begin(observer, content)
    assert observer.post(f"/subidas/{upload}/0", data=content[:PIECE]).status_code == 200
    # another browser of hers, later: the page tells what is unfinished, the server how far it is
    later = client_for(cast.observer)
    page = later.get("/videos/nuevo").text
    assert f'data-upload="{upload}"' in page
    assert "clase.mp4" in later.get("/videoteca").text
    stands = later.get(f"/subidas/{upload}").get_json()
    assert (stands["offset"], stands["size"], stands["finished"]) == (PIECE, len(content), False)
    # a piece that was received although its answer was lost is answered with the right offset
    lost = later.post(f"/subidas/{upload}/0", data=content[:PIECE])
    assert lost.status_code == 409
    assert lost.get_json()["offset"] == PIECE
    unready = later.post("/videos/nuevo", data=told(cast, upload=upload))
    assert unready.status_code == 409
    assert "Matemática" in unready.text
    send(later, upload, content, PIECE)
    assert later.post("/videos/nuevo", data=told(cast, upload=upload)).status_code == 302


def test_an_upload_can_be_given_up(
    observer: FlaskClient, database: Database, store: Store, small_video: Path
) -> None:
    content = small_video.read_bytes()
    upload = begin(observer, content)
    send(observer, upload, content)
    assert observer.post(f"/subidas/{upload}/descartar").location == "/videos/nuevo"
    assert upload not in observer.get("/videos/nuevo").text
    assert left_behind(store) == []


def test_what_was_typed_comes_back_with_every_sentence(
    observer: FlaskClient, database: Database, cast: Cast, small_video: Path
) -> None:
    content = small_video.read_bytes()
    upload = begin(observer, content)
    send(observer, upload, content)
    tomorrow = (today() + timedelta(days=2)).isoformat()
    subject = 'Núcleo "artes" <b>&'
    answer = observer.post(
        "/videos/nuevo",
        data=told(cast, upload=upload, recorded_on=tomorrow, subject=subject),
    )
    assert answer.status_code == 400
    assert "La fecha de la clase no puede ser futura." in answer.text
    assert "Núcleo &#34;artes&#34; &lt;b&gt;&amp;" in answer.text
    assert f'value="{tomorrow}"' in answer.text
    assert f'value="{upload}"' in answer.text
    assert re.search(r'value="random"[^>]*checked|checked[^>]*value="random"', answer.text)
    assert recordings(database) == []
    # nothing was lost: corrected, the same upload becomes the lesson
    assert observer.post("/videos/nuevo", data=told(cast, upload=upload)).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("class_group", ""),
        ("class_group", "x" * 41),
        ("educator", "00000000-0000-0000-0000-000000000000"),
        ("school", "nada"),
        ("recorded_on", "mañana"),
        ("selection", "the best"),
        ("subject", "x" * 101),
    ],
)
def test_each_detail_is_checked(
    observer: FlaskClient, database: Database, cast: Cast, field: str, value: str
) -> None:
    answer = observer.post("/videos/nuevo", data=told(cast, **{field: value}))
    assert answer.status_code == 400
    assert recordings(database) == []
    assert "Matemática" in answer.text or field == "subject"


def test_without_a_file_the_form_asks_for_it(observer: FlaskClient, cast: Cast) -> None:
    answer = observer.post("/videos/nuevo", data=told(cast))
    assert answer.status_code == 400
    assert "Elige primero un video." in answer.text


def test_an_educator_of_another_school_cannot_be_chosen(observer: FlaskClient, cast: Cast) -> None:
    page = observer.get("/videos/nuevo").text
    assert "Hilda Vera" not in page
    assert "O&#39;Higgins" not in page
    data = told(cast, educator=str(cast.outsider_educator.user_id))
    assert observer.post("/videos/nuevo", data=data).status_code == 400


def test_a_hostile_file_is_refused_and_leaves_nothing(
    observer: FlaskClient, database: Database, cast: Cast, store: Store, real_data: Path
) -> None:
    for name in ("patt_ssrf_ffmpeg.avi", "patt_read_passwd.avi", "streamio_empty.flv"):
        content = (real_data / "hostile" / name).read_bytes() or b"\0"
        upload = begin(observer, content, name)
        send(observer, upload, content)
        answer = observer.post("/videos/nuevo", data=told(cast, upload=upload))
        assert answer.status_code == 400, name
        assert "Matemática" in answer.text
        assert upload not in answer.text
    assert recordings(database) == []
    assert left_behind(store) == []
    with database.read() as session:
        assert session.scalars(sa.select(Upload)).all() == []
        groups = session.scalars(sa.select(ClassGroup.name)).all()
    assert groups == ["1° B"]


def test_a_file_that_is_gone_is_asked_for_again(
    observer: FlaskClient, cast: Cast, small_video: Path
) -> None:
    content = small_video.read_bytes()
    upload = begin(observer, content)
    send(observer, upload, content)
    held = observer.post("/videos/nuevo", data=told(cast, upload=upload, class_group=""))
    assert re.search(r'id="unfinished"\s+hidden', held.text)
    observer.post(f"/subidas/{upload}/descartar")
    answer = observer.post("/videos/nuevo", data=told(cast, upload=upload))
    assert answer.status_code == 400
    assert "Elige el archivo otra vez." in answer.text
    assert "Matemática" in answer.text
    assert upload not in answer.text


def test_where_videos_are_looked_for_is_told_when_there_are_none(
    observer: FlaskClient, home: Settings
) -> None:
    page = observer.get("/videos/nuevo").text
    assert "No existe ninguna de las carpetas donde se busca: camera." in page
    assert "OBSERVE_IMPORT_FOLDERS" in page
    home.import_folders[0].mkdir()
    assert "No hay videos en las carpetas donde se busca: camera." in (
        observer.get("/videos/nuevo").text
    )


def test_a_file_of_this_laptop_is_imported_without_being_sent(
    observer: FlaskClient, database: Database, home: Settings, cast: Cast, small_video: Path
) -> None:
    camera = home.import_folders[0]
    factories.copy_into(camera, small_video)
    (camera / "notas.txt").write_text("no")
    page = observer.get("/videos/nuevo").text
    assert small_video.name in page
    assert "notas.txt" not in page
    assert str(camera) not in page  # the page tells nothing of where the folders are
    keys = re.findall(r'name="import_file"[^>]*value="(\w+)"', page)
    assert len(keys) == 1
    bad = observer.post("/videos/nuevo", data=told(cast, import_file=keys[0], class_group=""))
    assert bad.status_code == 400
    assert re.search(r"checked[^>]*" + keys[0], bad.text)
    answer = observer.post("/videos/nuevo", data=told(cast, import_file=keys[0]))
    (row,) = recordings(database)
    assert answer.location == f"/videos/{row.id}"
    assert row.original_name == small_video.name
    assert (camera / small_video.name).read_bytes() == small_video.read_bytes()


def test_a_lesson_in_several_files_becomes_one_once_it_is_said_to_be_one(
    observer: FlaskClient, database: Database, cast: Cast, small_video: Path
) -> None:
    content = small_video.read_bytes()
    uploads = [begin(observer, content, name) for name in ("clase 2.mp4", "clase 10.mp4")]
    for upload in uploads:
        send(observer, upload, content)
    both = " ".join(uploads)
    asked = observer.post("/videos/nuevo", data=told(cast, upload=both))
    assert asked.status_code == 400
    assert "Marca que son partes de la misma clase" in asked.text
    assert f'value="{both}"' in asked.text
    assert re.findall(r'data-held="([^"]+)"', asked.text) == uploads
    assert recordings(database) == []
    said = told(cast, upload=both, same_lesson="y")
    answer = observer.post("/videos/nuevo", data=said)
    with database.read() as session:
        (row,) = session.scalars(sa.select(Recording))
        assert answer.location == f"/videos/{row.id}"
        assert row.original_name == "clase 2.mp4"
        assert [part.original_name for part in row.parts] == ["clase 10.mp4"]
        assert session.scalars(sa.select(Upload.recording_id)).all() == [row.id, row.id]
    assert row.state is RecordingState.RECEIVED  # until they are joined
    # neither of them is offered again, and asking twice makes no second lesson
    assert observer.post("/videos/nuevo", data=said).location == answer.location
    assert "clase 10.mp4" not in observer.get("/videos/nuevo").text


def test_one_refused_part_is_told_and_the_others_stay(
    observer: FlaskClient, database: Database, cast: Cast, small_video: Path
) -> None:
    good = begin(observer, small_video.read_bytes(), "1.mp4")
    send(observer, good, small_video.read_bytes())
    bad = begin(observer, b"no video at all", "2.mp4")
    send(observer, bad, b"no video at all")
    said = told(cast, upload=f"{good} {bad}", same_lesson="y")
    answer = observer.post("/videos/nuevo", data=said)
    assert answer.status_code == 400
    assert "Matemática" in answer.text
    assert f'value="{good}"' in answer.text
    assert bad not in answer.text
    assert recordings(database) == []
    assert observer.post("/videos/nuevo", data=told(cast, upload=good)).status_code == 302


def test_an_incomplete_part_is_asked_for_again_and_the_complete_one_stays(
    observer: FlaskClient, cast: Cast, small_video: Path
) -> None:
    content = small_video.read_bytes()
    whole, half = begin(observer, content, "1.mp4"), begin(observer, content, "2.mp4")
    send(observer, whole, content)
    observer.post(f"/subidas/{half}/0", data=content[:PIECE])
    said = told(cast, upload=f"{whole} {half}", same_lesson="y")
    answer = observer.post("/videos/nuevo", data=said)
    assert answer.status_code == 409
    assert f'value="{whole}"' in answer.text
    assert re.search(rf'data-upload="{half}"(?![^>]*hidden)', answer.text)


def test_another_observer_cannot_add_ones_upload_to_her_lesson(
    observer: FlaskClient, client_for: ClientFor, database: Database, cast: Cast, small_video: Path
) -> None:
    content = small_video.read_bytes()
    mine = begin(observer, content)
    send(observer, mine, content)
    with database.write() as session:
        colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    other = client_for(colleague)
    hers = begin(other, content)
    send(other, hers, content)
    answer = other.post("/videos/nuevo", data=told(cast, upload=f"{hers} {mine}", same_lesson="y"))
    assert answer.status_code == 400
    assert recordings(database) == []


def test_several_files_of_this_laptop_are_joined_by_name_or_as_ordered(
    observer: FlaskClient, database: Database, home: Settings, cast: Cast, small_video: Path
) -> None:
    camera = home.import_folders[0]
    camera.mkdir()
    for name in ("00010.mp4", "00002.mp4"):
        (camera / name).write_bytes(small_video.read_bytes())
    page = observer.get("/videos/nuevo").text
    found = re.findall(r'name="import_file"[^>]*value="(\w+)"', page)
    assert len(found) == 2
    unsure = observer.post("/videos/nuevo", data=told(cast, import_file=found))
    assert unsure.status_code == 400
    assert len(re.findall(r'checked[^>]*name="import_file"', unsure.text)) == 2
    observer.post("/videos/nuevo", data=told(cast, import_file=found, same_lesson="y"))
    by_name = dict(zip(found, names_in(page), strict=True))
    order = " ".join(sorted(found, key=by_name.__getitem__, reverse=True))
    again = told(cast, import_file=found, same_lesson="y", order=order)
    observer.post("/videos/nuevo", data=again)
    with database.read() as session:
        rows = session.scalars(sa.select(Recording).order_by(Recording.created_at)).all()
        told_names = [(row.original_name, row.parts[0].original_name) for row in rows]
    assert told_names == [("00002.mp4", "00010.mp4"), ("00010.mp4", "00002.mp4")]


def names_in(page: str) -> list[str]:
    return re.findall(r'data-name="([^"]+)"', page)


@pytest.mark.parametrize("key", ["/etc/passwd", "../../etc/passwd", "0" * 24])
def test_only_listed_files_can_be_imported(
    observer: FlaskClient, database: Database, cast: Cast, key: str
) -> None:
    assert observer.post("/videos/nuevo", data=told(cast, import_file=key)).status_code == 400
    assert recordings(database) == []


def test_a_file_too_large_for_this_home_is_refused_before_it_is_sent(
    observer: FlaskClient, home: Settings
) -> None:
    said = {"filename": "x.mp4", "size": home.max_upload_bytes + 1}
    answer = observer.post("/subidas", json=said)
    assert answer.status_code == 400
    assert answer.get_json()["error"].startswith("Este archivo es más grande")
    wrongs: list[object] = [{"filename": "x.mp4", "size": True}, {"filename": 3, "size": 4}, {}, []]
    for wrong in wrongs:
        assert observer.post("/subidas", json=wrong).status_code == 400


def test_without_educators_the_page_says_what_comes_first(
    client_for: ClientFor, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        school = School(rbd="77-1", name="Jardín Nuevo", commune="Lota")
        lonely = factories.person(session, "Sola Díaz", Role.OBSERVER, school)
    page = client_for(lonely).get("/videos/nuevo").text
    assert "Todavía no hay educadoras" in page
