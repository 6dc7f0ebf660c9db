"""Writing a pauta in the browser: by plain forms, as a script does, and never by others."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from observe.db import Database
from observe.people.access import Actor
from observe.rubric import drafts, fields
from observe.rubric.drafts import Edit
from observe.rubric.models import RubricDraft, Stage
from observe.rubric.operations import load, rubric_of, version_for
from observe.rubric.versions import stage_of
from tests.books import PATIO, book_of, opened, saved
from tests.factories import Cast
from tests.rubrics import WHOLE
from tests.unit.test_rubric_loader import GOOD
from tests.web.conftest import ClientFor

RUBRICS = sorted((Path(__file__).parents[2] / "rubrics").rglob("*.yaml"))
TITLE = "dimensions.preguntas.title.es"
BOX = re.compile(r'name="was:([^"]+)"\s+value="([^"]*)"')


@pytest.fixture
def lead(client_for: ClientFor, cast: Cast) -> FlaskClient:
    return client_for(cast.network_lead)


@pytest.fixture
def draft_id(database: Database, cast: Cast) -> UUID:
    with database.write() as session:
        base = load(session, GOOD, "p.yaml", actor=None)
        return drafts.begin_from(session, base.id, actor=cast.network_lead).id


def form_of(page: str) -> dict[str, str]:
    """Return what a browser would send of a page in which nothing was typed."""
    boxes = {name: unescape(value) for name, value in BOX.findall(page)}
    return {f"was:{name}": value for name, value in boxes.items()} | boxes


def typed(client: FlaskClient, address: str, do: str = "save", **words: str) -> dict[str, str]:
    """Return the whole form of a draft with other words in some fields."""
    form = form_of(client.get(address).text)
    assert words.keys() <= form.keys()
    return form | words | {"do": do}


def stands(database: Database, draft_id: UUID, name: str) -> str:
    with database.read() as session:
        content = drafts.content_of(session.get_one(RubricDraft, draft_id))
    return fields.typed(content, fields.fields(content)[name])


def test_a_pauta_is_written_from_nothing_and_published_without_a_script(
    client_for: ClientFor, database: Database, cast: Cast, lead: FlaskClient
) -> None:
    assert "Escribir una pauta" in lead.get("/pautas").text
    refused = lead.post("/pautas/borradores", data={"how": "empty", "title": "?"})
    assert (refused.status_code, "Escribe su nombre" in refused.text) == (400, True)
    begun = lead.post("/pautas/borradores", data={"how": "empty", "title": "Pauta de <patio>"})
    address = begun.headers["Location"]
    assert "Pauta de &lt;patio&gt;" in lead.get("/pautas/borradores").text
    added = lead.post(
        address, data=typed(lead, address, "add:dimensions:_1", **{"summary.es": "Ve."})
    )
    assert added.headers["Location"].endswith("#dimensions._3.title.es")
    answer = lead.post(address, data=typed(lead, address, "publish"))
    assert answer.status_code == 400
    assert "Todavía no se puede publicar" in answer.text
    assert re.search(r'id="dimensions._3.title.es-error"[^>]*>falta<', answer.text)
    words = {"domains._1.title.es": "Convivir"}
    for name in ("_2", "_3"):
        for part in (
            "title",
            "description",
            *(f"descriptors.{band}" for band in ("low", "mid", "high")),
        ):
            words[f"dimensions.{name}.{part}.es"] = f"Palabras {name}"
    done = lead.post(address, data=typed(lead, address, "publish", **words))
    assert "/pautas/" in done.headers["Location"]
    assert lead.get(address).headers["Location"] == done.headers["Location"]
    with database.read() as session:
        made = rubric_of(version_for(session, "pauta-de-patio"))
    assert [(each.id, each.domain) for each in made.dimensions] == [
        ("palabras-2", "convivir"),
        ("palabras-3", "convivir"),
    ]
    assert "Pauta de &lt;patio&gt;" in client_for(cast.observer).get("/en-vivo").text


def test_a_new_version_is_begun_compared_and_tried(
    database: Database, cast: Cast, lead: FlaskClient, draft_id: UUID
) -> None:
    with database.read() as session:
        version_id = version_for(session, "prueba").id
    assert "Hacer una nueva versión" in lead.get(f"/pautas/{version_id}").text
    address = f"/pautas/borradores/{draft_id}"
    lead.post(address, data=typed(lead, address, **{TITLE: "Preguntas abiertas"}))
    page = lead.get(f"{address}/comparar").text
    assert "<ins>abiertas</ins>" in page
    trial = {"schools": "", "starts_on": "2026-05-01"}
    refused = lead.post(address, data=typed(lead, address, "pilot") | trial)
    assert (refused.status_code, "Elige los establecimientos" in refused.text) == (400, True)
    trial["schools"] = str(cast.school.id)
    assert lead.post(address, data=typed(lead, address, "pilot") | trial).status_code == 302
    with database.read() as session:
        made = version_for(session, "prueba")
        assert (made.version, stage_of(session, made.id)) == ("1.1", Stage.PILOTED)


def test_two_forms_on_the_same_field_give_back_what_was_typed(
    client_for: ClientFor, database: Database, cast: Cast, lead: FlaskClient, draft_id: UUID
) -> None:
    other, address = client_for(cast.administrator), f"/pautas/borradores/{draft_id}"
    first = typed(lead, address, **{TITLE: "Preguntas abiertas"})
    second = typed(other, address, **{TITLE: "Buenas preguntas", "summary.es": "Otro resumen"})
    assert lead.post(address, data=first).status_code == 302
    answer = other.post(address, data=second)
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert f"{cast.network_lead.name} escribió aquí: «Preguntas abiertas»" in page
    assert 'value="Buenas preguntas"' in page
    assert stands(database, draft_id, TITLE) == "Preguntas abiertas"
    assert stands(database, draft_id, "summary.es") == "Otro resumen", "the rest is kept"
    again = form_of(answer.text) | {TITLE: "Buenas preguntas", "do": "save"}
    assert other.post(address, data=again).status_code == 302
    assert stands(database, draft_id, TITLE) == "Buenas preguntas"


def test_what_is_dropped_comes_back_and_what_was_typed_for_it_is_shown(
    client_for: ClientFor, database: Database, cast: Cast, lead: FlaskClient, draft_id: UUID
) -> None:
    other, address = client_for(cast.administrator), f"/pautas/borradores/{draft_id}"
    late = typed(other, address, **{TITLE: "Escrito mientras tanto"})
    lead.post(address, data=typed(lead, address, "drop:dimensions:preguntas"))
    assert "Lo que se quitó" in lead.get(address).text
    answer = other.post(address, data=late)
    assert (answer.status_code, "Escrito mientras tanto" in answer.text) == (409, True)
    again = form_of(answer.text) | {TITLE: "Escrito mientras tanto"}
    other.post(address, data=again | {"do": "back:dimensions:preguntas"})
    assert stands(database, draft_id, TITLE) == "Escrito mientras tanto"
    assert lead.post(address, data=typed(lead, address, "burn:dimensions:x")).status_code == 302
    assert lead.post(address, data=typed(lead, address, "drop:people:x")).status_code == 404


def test_a_script_saves_a_field_and_gets_the_sheet(
    database: Database, cast: Cast, lead: FlaskClient, draft_id: UUID
) -> None:
    address = f"/pautas/borradores/{draft_id}/cambios"
    change = {"field": TITLE, "was": "Preguntas", "now": "Buenas <preguntas>"}
    answer = lead.post(address, json=[change]).get_json()
    assert answer["clashes"] == []
    assert "Buenas &lt;preguntas&gt;" in answer["aside"]
    assert 'data-dimension="preguntas"' in answer["aside"]
    with database.write() as session:
        edit = Edit(TITLE, change["now"], "Otra")
        drafts.change(session, draft_id, [edit], actor=cast.administrator)
    told = lead.post(address, json=[change | {"was": "Preguntas", "now": "Mía"}]).get_json()
    (clash,) = told["clashes"]
    assert (clash["field"], clash["theirs"]) == (TITLE, "Otra")
    assert cast.administrator.name in clash["told"]
    wrong = lead.post(address, json=[{"field": "protocol.cycles", "was": "3", "now": "tres"}])
    assert "protocol.cycles" in wrong.get_json()["wrong"]
    nonsense: list[object] = [{}, 5, [1], [{"field": TITLE}], [{"field": 1, "was": "", "now": ""}]]
    for body in nonsense:
        assert lead.post(address, json=body).status_code == 400
    strange = [{"field": "id", "was": "prueba", "now": "x"}]
    assert lead.post(address, json=strange).get_json()["clashes"], "no field of the page"


def test_a_draft_goes_out_as_a_file_and_comes_in_again(
    database: Database, lead: FlaskClient, draft_id: UUID
) -> None:
    sent = lead.get(f"/pautas/borradores/{draft_id}/pauta.yaml")
    assert "prueba-1.1.yaml" in sent.headers["Content-Disposition"]
    for text, status in ((sent.text, 302), (WHOLE, 302), ("- x", 400), ("a: [", 400)):
        file = {"how": "file", "file": (io.BytesIO(text.encode()), "p.yaml")}
        answer = lead.post("/pautas/borradores", data=file)
        assert answer.status_code == status
    assert "p.yaml" in answer.text
    latin = {"how": "file", "file": (io.BytesIO("ñ".encode("latin-1")), "p.yaml")}
    assert "UTF-8" in lead.post("/pautas/borradores", data=latin).text
    assert "Elige el archivo" in lead.post("/pautas/borradores", data={"how": "file"}).text


def sent(client: FlaskClient, file: bytes) -> TestResponse:
    """Begin a draft with a workbook; what it is called says nothing of what it is."""
    given = {"how": "file", "file": (io.BytesIO(file), "pauta del patio.yaml")}
    return client.post("/pautas/borradores", data=given)


def test_a_draft_goes_out_as_a_workbook_and_comes_in_as_the_next_version(
    database: Database, lead: FlaskClient, draft_id: UUID
) -> None:
    address = f"/pautas/borradores/{draft_id}"
    assert f'href="{address}/pauta.xlsx"' in lead.get(address).text
    out = lead.get(f"{address}/pauta.xlsx")
    assert "prueba-1.1.xlsx" in out.headers["Content-Disposition"]
    book = opened(out.data)
    sheet = book["Dimensiones"]
    titles = [cell.value for cell in sheet["C"]]
    sheet.cell(titles.index("Preguntas") + 1, 3).value = "Preguntas <abiertas>"
    sheet.append(["N1", "Nuevo", "Juego", "Se juega"])
    begun = sent(lead, saved(book))
    assert begun.status_code == 302
    page = lead.get(begun.location).text
    assert re.search(r'<span class="number">1\.2</span>', page)
    assert "Preguntas &lt;abiertas&gt;" in page
    assert "Nuevo" in page
    made = UUID(begun.location.rsplit("/", 1)[1])
    assert stands(database, made, TITLE) == "Preguntas <abiertas>"
    with database.read() as session:
        base = session.get_one(RubricDraft, made).base
        assert base is not None
        assert base.version == "1.0"


def test_a_pauta_written_in_a_workbook_becomes_a_version(
    database: Database, lead: FlaskClient
) -> None:
    begun = sent(lead, book_of(PATIO))
    done = lead.post(begun.location, data=typed(lead, begun.location, "publish"))
    assert done.status_code == 302
    with database.read() as session:
        assert len(rubric_of(version_for(session, "pauta-del-patio")).dimensions) == 5


def test_a_workbook_that_cannot_be_used_is_told_on_the_page(lead: FlaskClient) -> None:
    wrong = dict(PATIO) | {"Notas": [("De la reunión",)]}
    answer = sent(lead, book_of(wrong))
    assert answer.status_code == 400
    assert "pauta del patio.yaml, hoja «Notas»: no se conoce" in unescape(answer.text)
    assert 'name="file"' in answer.text
    for file, sentence in (
        (book_of(PATIO)[:200], "no se puede leer"),
        (book_of(PATIO) + bytes(3 * 1024**2), "demasiado grande"),
    ):
        answer = sent(lead, file)
        assert (answer.status_code, sentence in answer.text) == (400, True)
    assert "Pauta del patio" not in lead.get("/pautas/borradores").text


@pytest.mark.parametrize("name", ["teach-primaria", "interacciones-aula-media"])
def test_a_whole_pauta_fits_on_the_page(database: Database, lead: FlaskClient, name: str) -> None:
    with database.read() as session:
        version = version_for(session, name)
    begun = lead.post("/pautas/borradores", data={"how": "version", "version": str(version.id)})
    page = lead.get(begun.headers["Location"]).text
    assert "se puede probar o publicar" in page
    labelled = set(re.findall(r'<label for="([^"]+)"', page))
    assert set(BOX.findall(page))
    assert {found for found, _value in BOX.findall(page)} <= labelled
    for row in rubric_of(version).rows():
        assert f'data-dimension="{row.id}"' in page


def test_what_is_chosen_stays_chosen(lead: FlaskClient, draft_id: UUID) -> None:
    page = lead.get(f"/pautas/borradores/{draft_id}").text
    names = [name for name, _value in BOX.findall(page) if name.endswith((".domain", ".polarity"))]
    assert len(names) == 4
    for name in names:
        select = page.split(f'name="{name}"', 1)[1].split("</select>")[0]
        assert len(re.findall(r"<option[^>]*\sselected\b", select)) == 1, name


def test_nobody_else_comes_near_a_draft(client_for: ClientFor, cast: Cast, draft_id: UUID) -> None:
    address = f"/pautas/borradores/{draft_id}"
    others: list[Actor] = [cast.educator, cast.observer, cast.utp_head, *cast.outsiders]
    for actor in others:
        client = client_for(actor)
        files = (f"{address}/pauta.yaml", f"{address}/pauta.xlsx")
        for path in ("/pautas/borradores", address, f"{address}/comparar", *files):
            assert client.get(path).status_code == 404, (actor.name, path)
        for path in ("/pautas/borradores", address, f"{address}/cambios"):
            assert client.post(path, json=[]).status_code == 404, (actor.name, path)
        assert "Escribir una pauta" not in client.get("/pautas").text


def test_nobody_publishes_words_that_she_has_not_seen(
    database: Database, cast: Cast, draft_id: UUID, lead: FlaskClient
) -> None:
    address = f"/pautas/borradores/{draft_id}"
    form = typed(lead, address, "publish")
    edit = Edit(TITLE, "Preguntas", "Preg")
    with database.write() as session:
        assert drafts.change(session, draft_id, [edit], actor=cast.administrator) == []
    answer = lead.post(address, data=form)
    assert answer.status_code == 409
    assert "Alguien escribió aquí después de que abriste la página" in answer.text
    boxes = dict(BOX.findall(answer.text))
    assert boxes[TITLE] == "Preg", "what was kept stands in the field"
    assert "data-theirs" not in answer.text, "she wrote nothing herself, so nothing clashes"
    assert stands(database, draft_id, TITLE) == "Preg"
    with database.write() as session:  # nor what was added
        drafts.add(session, draft_id, ("domains",), actor=cast.administrator)
        drafts.change(
            session,
            draft_id,
            [Edit("domains._1.title.es", "", "Nuevo")],
            actor=cast.administrator,
        )
    sent = form_of(answer.text) | {"do": "publish"}
    assert "Nuevo" in lead.post(address, data=sent).text
    with database.read() as session:
        assert session.get_one(RubricDraft, draft_id).frozen_id is None


def test_an_empty_behaviour_of_a_file_is_nothing(lead: FlaskClient) -> None:
    text = GOOD.replace(
        "    domain: pensar\n", "    domain: pensar\n    behaviours:\n      - {}\n", 1
    )
    sent = {"how": "file", "file": (io.BytesIO(text.encode()), "p.yaml")}
    begun = lead.post("/pautas/borradores", data=sent)
    assert begun.status_code == 302
    assert lead.get(begun.location).status_code == 200


def test_what_is_no_number_of_a_scale_breaks_nothing(draft_id: UUID, lead: FlaskClient) -> None:
    address = f"/pautas/borradores/{draft_id}"
    for now in ("9" * 5000, "\x00", "١"):
        was = lead.get(address).text  # the page is there each time
        stood = unescape(dict(BOX.findall(was))["scales.main.min"])
        sent = [{"field": "scales.main.min", "was": stood, "now": now}]
        assert lead.post(f"{address}/cambios", json=sent).status_code == 200
    assert lead.get(address).status_code == 200
    deep = "[" * 200_000
    answer = lead.post(f"{address}/cambios", data=deep, content_type="application/json")
    assert answer.status_code == 400


def test_a_behaviour_is_added_on_the_page_of_its_dimension(
    database: Database, draft_id: UUID, lead: FlaskClient
) -> None:
    address = f"/pautas/borradores/{draft_id}"
    place = "dimensions.preguntas.behaviours"
    words = typed(lead, address, f"add:{place}", **{TITLE: "Buenas preguntas"})
    added = lead.post(address, data=words)
    assert added.headers["Location"].endswith(f"#{place}._1.title.es")
    assert stands(database, draft_id, TITLE) == "Buenas preguntas", "typed before, kept first"
    named = {f"{place}._1.title.es": "Espera"}
    assert lead.post(address, data=typed(lead, address, **named)).status_code == 302
    dropped = lead.post(address, data=typed(lead, address, f"drop:{place}:_1"))
    assert dropped.headers["Location"].endswith("#dropped")
    page = lead.get(address).text
    assert f'value="back:{place}:_1"' in page
    assert "Buenas preguntas · Espera" in page, "what it belonged to is told"
    sent = [{"field": f"{place}._1.title.es", "was": "Espera", "now": "Espera más"}]
    (clash,) = lead.post(f"{address}/cambios", json=sent).json["clashes"]  # type: ignore[index]
    assert clash["back"] == f"back:{place}:_1"
    for strange in ("add:licence", "drop:protocol:cycles", "add:dimensions.*.behaviours"):
        before = stands(database, draft_id, TITLE)
        assert lead.post(address, data=typed(lead, address, strange)).status_code in (404, 409)
        assert stands(database, draft_id, TITLE) == before


def test_a_draft_is_discarded_with_what_was_typed_last_and_taken_up_again(
    client_for: ClientFor, database: Database, cast: Cast, draft_id: UUID, lead: FlaskClient
) -> None:
    address = f"/pautas/borradores/{draft_id}"
    gone = lead.post(address, data=typed(lead, address, "discard", **{TITLE: "Otras"}))
    assert gone.headers["Location"] == "/pautas/borradores#discarded"
    assert lead.get(address).headers["Location"] == "/pautas/borradores#discarded"
    assert "Descartados" in lead.get("/pautas/borradores").text
    for actor in (cast.observer, *cast.outsiders):
        assert client_for(actor).post(f"{address}/retomar").status_code == 404
    assert lead.post(f"{address}/retomar").headers["Location"] == address
    assert stands(database, draft_id, TITLE) == "Otras"
    assert "Descartados" not in lead.get("/pautas/borradores").text


@pytest.mark.parametrize(
    "path", [*RUBRICS, None], ids=lambda path: path.parent.name if path else ""
)
def test_a_copy_of_any_rubric_is_published_as_it_came(
    database: Database, cast: Cast, lead: FlaskClient, path: Path | None
) -> None:
    """The page shows every field: nothing that she could not see stands in her way."""
    with database.write() as session:
        base = load(session, path.read_text() if path else WHOLE, "p.yaml", actor=None)
        draft_id = drafts.begin_from(session, base.id, actor=cast.network_lead).id
    address = f"/pautas/borradores/{draft_id}"
    form = form_of(lead.get(address).text)
    with database.read() as session:
        known = fields.fields(drafts.content_of(session.get_one(RubricDraft, draft_id)))
    assert {name for name in form if not name.startswith("was:")} == known.keys()
    done = lead.post(address, data=form | {"do": "publish"})
    assert done.status_code == 302, done.text
    assert "/pautas/" in done.location
