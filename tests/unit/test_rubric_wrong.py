"""Wrong rubric files: each change of a good file, and exactly what is said of it."""

from __future__ import annotations

import pytest

from observe.errors import InvalidError
from observe.rubric.loader import read_rubric
from tests.rubrics import NAMES_ALONE, WHOLE
from tests.unit.test_rubric_loader import GOOD

# Fields and sentences that come back in the table.
ENTRE = "protocol.snapshots.questions.entre"
PREGUNTAS = "dimensions.preguntas"
SNAPSHOTS = "protocol.snapshots"
RAZONES = "dimensions.razones"
MISSING = "is missing: add it"
EMPTY = "is empty: write what belongs here, or delete the line"
GROUP = "must be a group: its fields below it, indented"
LIST = "must be a list: each entry on a line that begins with «- »"
STRUCTURE = (
    "the file's structure ends here: look at the indentation, at a missing «:» or quote, and put "
    "text that contains «: » or «#» in quotes"
)
SLUG = "must be lower-case letters a–z, digits, - or _, with a letter first"
UNSHOWN = "has characters that cannot be shown: type the text again"
UNKNOWN = "is not known here: delete it (docs/rubrics.md lists what can be said)"
TAKEN = "is already taken: give each its own"
UNUSED = "no dimension belongs to it: put one in it or delete it"
EARLIER = "must name an earlier question and one of its answers"
NUMBER = "must be a whole number"
TWICE = "is said twice: keep one of the two"
FIRST = "must name es: the screens speak Spanish first"
MARKS = "must be one of these: allowed, note_required, forbidden"
GAP = "no gap, no overlap"
FEW = "needs at least this many entries"
NO_MAIN = "there is no scale «main»: write one of"
NO_BREVE = "there is no scale «breve»: write one of"
NO_LARGA = "there is no scale «larga»: write one of"
NO_PENSAR = "there is no domain «pensar»: write one of 1pensar, convivir, or null for none"
NO_DOMAIN = "write one of pensar, or null for none"
NEAR_SOURCE = "is not known here: perhaps «source» was meant"
TOO_SHORT = "is more than the length of a cycle (900000): make it that or less"

# What is replaced in the good file, by what, and the complaints: line, field, what to do.
IN_A_SHORT_FILE: list[tuple[str, ...]] = [
    ("id: prueba\n", "\n", f"1, id: {MISSING}"),
    ("id: prueba", "id: Mi Pauta", f"2, id: {SLUG}"),
    ('"1.0"', "uno", "3, version: must be numbers with dots, such as 1.0"),
    ("schema_version: 1", "schema_version: 2", "1, schema_version: must be 1 or less"),
    (
        "licence: CC0-1.0",
        "license: CC0-1.0",
        f"1, licence: {MISSING}",
        "7, license: is not known here: perhaps «licence» was meant",
    ),
    ("licence: CC0", "zzzzzz: 1\nlicence: CC0", f"7, zzzzzz: {UNKNOWN}"),
    ("licence: CC0-1.0", "licence: A\nlicence: B", f"8, licence: {TWICE}"),
    ("{es: Resumen, en: Summary}", "", f"5, summary: {EMPTY}"),
    (
        "{es: Resumen, en: Summary}",
        "{es: Resumen}",
        f"5, summary.en: {MISSING}, or write «languages: [es]» for the whole rubric",
    ),
    ("{es: Resumen, en: Summary}", "Resumen", f"5, summary: {GROUP}"),
    ("{es: Resumen, en: Summary}", "[a]", f"5, summary: {GROUP}"),
    ("{es: Resumen, en", "{es: ' ', en", f"5, summary.es: {EMPTY}"),
    ("es: Resumen", "es: [a, b]", "5, summary.es: must be text, not a list or a group"),
    ("es: Resumen", "es: " + "x" * 4001, "5, summary.es: is too long: at most 4000 characters"),
    ("es: Resumen", 'es: "a\\0b"', f"5, summary.es: {UNSHOWN}"),
    ("es: Resumen", 'es: "\\uD800"', f"5, summary.es: {UNSHOWN}"),
    ("cycles: 3", "cycles: tres", f"9, protocol.cycles: {NUMBER}"),
    ("cycles: 3", "cycles: 2.5", f"9, protocol.cycles: {NUMBER}"),
    ("cycles: 3", "cycles: " + "9" * 5000, f"9, protocol.cycles: {NUMBER}"),
    ("cycles: 3", "cycles: 0", "9, protocol.cycles: must be 1 or more"),
    ("cycles: 3", "cycles: 41", "9, protocol.cycles: must be 40 or less"),
    (
        "minimum_codable_ms: 600000",
        "minimum_codable_ms: 900001",
        f"11, protocol.minimum_codable_ms: {TOO_SHORT}",
    ),
    (
        "  cycles: 3",
        "  playback_policy: once\n  cycles: 3",
        "9, protocol.playback_policy: must be one of these: straight_through, pause_allowed, free",
    ),
    ("max: 4", "max: 1", "15, scales.main.max: must be more than the lowest number of the scale"),
    ("max: 4", "max: 100", "15, scales.main.max: must be 10 or less"),
    (
        "4: {es: Mucho",
        "5: {es: Mucho",
        "18, scales.main.labels.5: is not on the scale, which goes from 1 to 4: delete it",
    ),
    ("4: {es: Mucho", "alto: {es: Mucho", f"18, scales.main.labels.alto: {NUMBER}"),
    ("4: {es: Mucho", '"01": {es: Mucho', f"18, scales.main.labels.1: {TWICE}"),
    ("mid: {low: 2", "mid: {low: 3", f"21, scales.main.bands.mid.low: must be 2: {GAP}"),
    ("mid: {low: 2", "mid: {low: 1", f"21, scales.main.bands.mid.low: must be 2: {GAP}"),
    (
        "low: {low: 1, high: 1}",
        "low: {low: 0, high: 1}",
        f"20, scales.main.bands.low.low: must be 1: {GAP}",
    ),
    (
        "mid: {low: 2, high: 3}",
        "mid: {low: 2, high: 2}",
        f"22, scales.main.bands.high.low: must be 3: {GAP}",
    ),
    (
        "high: {low: 4, high: 4}",
        "high: {low: 4, high: 5}",
        "22, scales.main.bands.high.high: must be 4, the highest number of the scale",
    ),
    (
        "low: 2, high: 3",
        "low: 2, high: 1",
        "21, scales.main.bands.mid.high: must not be less than «low»",
        f"22, scales.main.bands.high.low: must be 2: {GAP}",
    ),
    ("      mid: {low: 2, high: 3}\n", "", f"19, scales.main.bands.mid: {MISSING}"),
    (
        "scales:\n  main:",
        "scales: {}\nx:\n  main:",
        f"12, scales: {FEW}: 1",
        f"13, x: {UNKNOWN}",
        f"28, {PREGUNTAS}.scale: {NO_MAIN} –",
        f"37, {RAZONES}.scale: {NO_MAIN} –",
    ),
    (
        "  main:",
        "  Mi escala:",
        f"13, scales.Mi escala: {SLUG}",
        f"27, {PREGUNTAS}.scale: {NO_MAIN} Mi escala",
        f"36, {RAZONES}.scale: {NO_MAIN} Mi escala",
    ),
    (
        "domain: pensar",
        "domain: crear",
        f"24, domains.pensar: {UNUSED}",
        f"30, {PREGUNTAS}.domain: there is no domain «crear»: {NO_DOMAIN}",
    ),
    (
        "domain: pensar",
        "domain: pensar\n    scale: larga",
        f"31, {PREGUNTAS}.scale: {NO_LARGA} main",
    ),
    (
        "  main:\n",
        "  otra:\n",
        f"27, {PREGUNTAS}.scale: {NO_MAIN} otra",
        f"36, {RAZONES}.scale: {NO_MAIN} otra",
    ),
    ("domain: pensar", "domain: null", f"24, domains.pensar: {UNUSED}"),
    ("id: razones", "id: preguntas", f"36, {PREGUNTAS}.id: «preguntas» {TAKEN}"),
    ("code: P2", "code: p1", f"37, {RAZONES}.code: «p1» {TAKEN}"),
    ("code: P2", "code: PREGUNTA", f"37, {RAZONES}.code: is too long: at most 6 characters"),
    (
        "code: P2",
        "code: P 2",
        f"37, {RAZONES}.code: must be short and without spaces, such as PC or 1a",
    ),
    ("    code: P2\n", "", f"36, {RAZONES}.code: {MISSING}"),
    (
        "code: P2",
        "code: P2\n    polarity: mala",
        f"38, {RAZONES}.polarity: must be one of these: positive, negative",
    ),
    ("code: P2", "code: P2\n    not_observed: yes", f"38, {RAZONES}.not_observed: {MARKS}"),
    ("    domain: null\n", "", f"36, {RAZONES}.domain: {MISSING}"),
    (
        "    description: {es: Se explica, en: It is explained}\n    descriptors:\n",
        "    description:\n    examples:\n",
        f"36, {RAZONES}.descriptors: {MISSING}",
        f"40, {RAZONES}.description: {EMPTY}",
        f"41, {RAZONES}.examples: {LIST}",
    ),
    (
        "      mid: {es: A",
        "      medio: {es: A",
        f"32, {PREGUNTAS}.descriptors.mid: {MISSING}",
        f"34, {PREGUNTAS}.descriptors.medio: {UNKNOWN}",
    ),
    ("code: P2", "code: P2\n    examples: uno", f"38, {RAZONES}.examples: {LIST}"),
    ("- id: razones\n    code: P2", "- code: P2", f"36, dimensions.#2.id: {MISSING}"),
    (
        "es: Resumen",
        "es: !!python/name:os.system x",
        "5, summary.es: a tag (!…) is not allowed: delete it",
    ),
    ("protocol:\n", "protocol: !!set\n", "8, protocol: a tag (!…) is not allowed: delete it"),
    ("es: Resumen", "es: &a Resumen", "5, summary.es: a mark (&…) is not allowed: delete it"),
    ("licence: CC0-1.0", "? [a]\n: b", "7: a field's name must be a plain word"),
    ("title: {es", "title: {{es", "4, title: a field's name must be a plain word"),
    ("  cycle_ms: 900000", " cycle_ms: 900000", f"10: {STRUCTURE}"),
    ("{es: Una vez", "{es: Una: vez: 'x'y", f"33: {STRUCTURE}"),
    ("  cycles: 3", "\tcycles: 3", f"9: {STRUCTURE}"),
    (
        "licence: CC0-1.0",
        "licence: C\n---\nx: 1",
        "8: one file holds one rubric: delete from «---»",
    ),
]

IN_A_WHOLE_FILE: list[tuple[str, ...]] = [
    ('version: "1.0"', "version: 1.0.0.0", "3, version: must be numbers with dots, such as 1.0"),
    (
        "protocol:\n",
        "x-protocol:\n",
        f"1, protocol: {MISSING}",
        "15, x-protocol: is not known here: perhaps «protocol» was meant",
    ),
    ("en]", "en, fr]", "12, languages.#3: must be one of these: es, en"),
    ("[es, en]", "[]", f"12, languages: {FEW}: 1", f"12, languages: {FIRST}"),
    ("[es, en]", "[en]", f"12, languages: {FIRST}"),
    ("{es: Pauta entera, en", "{en", f"4, title.es: {MISSING}"),
    ("en: Whole", "fr: Whole", f"4, title.fr: {UNKNOWN}"),
    ("{es: La primera versión., en: The first version.}", "[a]", f"11, notes: {GROUP}"),
    (
        "minimum_educators: 8",
        "minimum_educators: 4",
        "13, reports.minimum_educators: must be 5 or more",
    ),
    (
        "minimum_educators: 8",
        "minimum_educators: 101",
        "13, reports.minimum_educators: must be 100 or less",
    ),
    (
        "aggregation: mean_of_means",
        "aggregation: suma",
        "14, aggregation: must be one of these: mean_of_means, holistic",
    ),
    (
        "order: random",
        "order: shuffled",
        "20, protocol.order: must be one of these: as_filmed, random",
    ),
    ("cycle_ms: 900000", "cycle_ms: 999", "18, protocol.cycle_ms: must be 1000 or more"),
    ("cycles: 3", "cycles: -3", "17, protocol.cycles: must be 1 or more"),
    ("{es: El curso completo, en: The whole class}", "curso", f"16, protocol.unit: {GROUP}"),
    (
        "540000]",
        "900000]",
        f"23, {SNAPSHOTS}.at_ms.#2: lies after the end of a cycle (900000): make it less",
    ),
    ("540000]", "-1]", f"23, {SNAPSHOTS}.at_ms.#2: must be 0 or more"),
    ("[240000, 540000]", "[]", f"23, {SNAPSHOTS}.at_ms: {FEW}: 1"),
    ("[240000, 540000]", "240000", f"23, {SNAPSHOTS}.at_ms: {LIST}"),
    ("look_ms: 10000", "look_ms: 60001", f"24, {SNAPSHOTS}.look_ms: must be 60000 or less"),
    ("[trabajo, conversan]", "[trabajo, callan]", f"36, {ENTRE}.only_after: {EARLIER}"),
    ("[trabajo, conversan]", "[entre, todos]", f"36, {ENTRE}.only_after: {EARLIER}"),
    ("[trabajo, conversan]", "[trabajo]", f"36, {ENTRE}.only_after.#2: {MISSING}"),
    (
        "conversan]",
        "conversan, x]",
        f"36, {ENTRE}.only_after: may have at most this many entries: 2",
    ),
    ("[trabajo, conversan]", "conversan", f"36, {ENTRE}.only_after: {LIST}"),
    (
        "          - {id: conversan, title: {es: Conversan, en: They talk}}\n",
        "",
        f"28, {SNAPSHOTS}.questions.trabajo.answers: {FEW}: 2",
    ),
    (
        ", title: {es: En parejas, en: In pairs}",
        "",
        f"34, {ENTRE}.answers.parejas.title: {MISSING}",
    ),
    ("id: entre", "id: trabajo", f"31, {SNAPSHOTS}.questions.trabajo.id: «trabajo» {TAKEN}"),
    ("{id: todos, ", "{id: parejas, ", f"35, {ENTRE}.answers.parejas.id: «parejas» {TAKEN}"),
    (
        "3: {es: A",
        "4: {es: A",
        "51, scales.breve.letters.4: is not on the scale, which goes from 1 to 3: delete it",
    ),
    ("{es: A, en: H}", "A", f"51, scales.breve.letters.3: {GROUP}"),
    (
        "  breve:",
        "  main:",
        f"46, scales.main: {TWICE}",
        f"82, {PREGUNTAS}.behaviours.espera.scale: {NO_BREVE} main",
        f"93, {PREGUNTAS}.behaviours.repregunta.scale: {NO_BREVE} main",
    ),
    (
        "id: convivir",
        "id: pensar",
        f"57, domains.pensar.id: «pensar» {TAKEN}",
        f"113, dimensions.turnos.domain: there is no domain «convivir»: {NO_DOMAIN}",
    ),
    (
        "id: pensar",
        "id: 1pensar",
        f"54, domains.1pensar.id: {SLUG}",
        f"54, domains.1pensar: {UNUSED}",
        f"63, {PREGUNTAS}.domain: {NO_PENSAR}",
        f"104, {RAZONES}.domain: {NO_PENSAR}",
    ),
    ("domains:\n  - id: pensar\n    title", "domains:\n  pensar:\n    title", f"57: {STRUCTURE}"),
    ("domain: convivir", "domain: pensar", f"57, domains.convivir: {UNUSED}"),
    ("- id: repregunta", "- id: espera", f"91, {PREGUNTAS}.behaviours.espera.id: «espera» {TAKEN}"),
    (
        "Asks again}\n        scale: breve",
        "Asks again}\n        scale: larga",
        f"93, {PREGUNTAS}.behaviours.repregunta.scale: {NO_LARGA} main, breve",
    ),
    (
        "Asks again}\n        scale: breve",
        "Asks again}",
        f"91, {PREGUNTAS}.behaviours.repregunta.scale: {MISSING}",
    ),
    (
        "Asks again}",
        "Asks again}\n        polarity: negative",
        f"93, {PREGUNTAS}.behaviours.repregunta.polarity: {UNKNOWN}",
    ),
    (
        "          mid: {es: A veces, en: Sometimes}\n",
        "",
        f"85, {PREGUNTAS}.behaviours.espera.descriptors.mid: {MISSING}",
    ),
    (
        "strength:",
        "strenght:",
        f"95, {PREGUNTAS}.feedback.strenght: is not known here: perhaps «strength» was meant",
    ),
    (
        "{es: Preguntas y esperas., en: You ask and wait.}",
        "Esperas",
        f"96, {PREGUNTAS}.feedback.strength.#1: {GROUP}",
    ),
    (
        "    description: {es: Se turnan, en: They take turns}\n",
        "",
        f"110, dimensions.turnos.description: {MISSING}",
    ),
    (
        '    examples:\n      - {es: "«',
        '    examples:\n        {es: "«',
        f"76, {PREGUNTAS}.examples: {LIST}",
    ),
    ("{es: Se oye un por qué, en: A why is heard}", "", f"70, {PREGUNTAS}.indicators.#1: {EMPTY}"),
    (
        "{es: Turnos, en: Turns}",
        "*turnos",
        "112, dimensions.turnos.title: a reference (*…) is not allowed: write the text out",
        f"112, dimensions.turnos.title: {EMPTY}",
    ),
    ("code: C1", 'code: ""', f"111, dimensions.turnos.code: {EMPTY}"),
    (
        "not_applicable: forbidden",
        "not_applicable: nunca",
        f"67, {PREGUNTAS}.not_applicable: {MARKS}",
    ),
    ("licence: CC0-1.0", "licence:", f"7, licence: {EMPTY}"),
]


IN_A_FILE_OF_NAMES: list[tuple[str, ...]] = [
    (
        "names_only: true\n",
        "",
        *(
            f"{line}, dimensions.{name}.{field}: {MISSING}"
            for line, name in ((20, "uno"), (21, "dos"), (22, "tres"))
            for field in ("description", "descriptors")
        ),
    ),
    (
        "names_only: true",
        "names_only: yes",
        "10, names_only: must be true or false",
        *(
            f"{line}, dimensions.{name}.{field}: {MISSING}"
            for line, name in ((21, "uno"), (22, "dos"), (23, "tres"))
            for field in ("description", "descriptors")
        ),
    ),
    (
        "polarity: negative",
        "descriptors: {low: {es: Poco, en: Little}}",
        f"27, dimensions.tres.descriptors.mid: {MISSING}",
        f"27, dimensions.tres.descriptors.high: {MISSING}",
    ),
    (
        "es: Manual del Instrumento Ajeno, edición de 2020, con licencia del servicio.",
        "es: Texto propio.",
        "7, source.es: must say in which manual the words are, and whose it is",
    ),
    ("source:\n", "sources:\n", f"1, source: {MISSING}", f"6, sources: {NEAR_SOURCE}"),
    (
        "licence: Todos los derechos son de quien publica el manual",
        "licence: CC-BY-4.0",
        "9, licence: lets everybody copy the words: write whose the licence of the manual is",
    ),
]


WRONG = [
    (good, row)
    for good, rows in (
        (GOOD, IN_A_SHORT_FILE),
        (WHOLE, IN_A_WHOLE_FILE),
        (NAMES_ALONE, IN_A_FILE_OF_NAMES),
    )
    for row in rows
]


def spoilt(good: str, row: tuple[str, ...]) -> str:
    assert row[0] in good
    return good.replace(row[0], row[1], 1)


@pytest.mark.parametrize(("good", "row"), WRONG, ids=[row[2][:60] for _good, row in WRONG])
def test_each_wrong_file_has_its_complaint(good: str, row: tuple[str, ...]) -> None:
    with pytest.raises(InvalidError) as caught:
        read_rubric(spoilt(good, row), "p.yaml")
    told = caught.value.problems
    assert [str(problem) for problem in told] == [f"p.yaml, line {each}." for each in row[2:]]
    for problem in told:
        assert problem.in_language("es_CL").startswith("p.yaml, línea ")
        assert str(problem).split(": ", 1)[1] not in problem.in_language("es_CL")


def test_the_files_they_are_made_from_are_right() -> None:
    for good in (GOOD, WHOLE, NAMES_ALONE):
        assert read_rubric(good, "p.yaml").version == "1.0"


def test_no_two_of_them_are_the_same() -> None:
    assert len({spoilt(good, row) for good, row in WRONG}) == len(WRONG) >= 60
