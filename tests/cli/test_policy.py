"""Every command × the cast: whoever may not do it is refused, whoever may is not.

A command that is not told here fails. `--as` puts each of the cast behind it; what a person may not
know of ends as what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from observe.cli import main
from observe.db import open_database
from observe.feedback.models import Feedback
from observe.people.models import Role
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.settings import Settings
from observe.video.store import Store
from tests.factories import TODAY, Cast, person
from tests.feedback_cases import published
from tests.web.test_policy_matrix import Kept

REFUSED = (3, 4)
PEOPLE = {
    "obs": "observer",
    "edu": "educator",
    "utp": "utp_head",
    "red": "network_lead",
    "adm": "administrator",
    "lec": "reader",
    "out": "outsider_observer",
    "out-edu": "outsider_educator",
    "out-utp": "outsider_utp_head",
}
ALL = " ".join(PEOPLE)
# Started by who sits at the machine, in nobody's name.
MACHINE = {"serve", "web", "work", "init", "doctor", "restore", "mail test"}
# What is only about a file or a rubric that everybody may read.
OPEN = {"rubric check", "rubric schema"}
# Command, its arguments, who may. `{…}` are the ids of one whole path. A span that is not in the
# lesson: whoever may is told so, and nothing is encoded.
COMMANDS: dict[str, tuple[str, str]] = {
    "backup": ("{out}/copy.zip", "adm"),
    "export observations": (
        "--output {out}/observations.csv",
        ALL,
    ),  # of what she may see: perhaps nothing
    "coding import": ("{sheet} --recording {recording} --rubric aprendizaje-profundo", "obs"),
    "coding submit": ("{observation}", "obs"),
    "coding give-up": ("{observation}", "obs"),
    "feedback suggest": ("{observation}", "obs"),
    "feedback publish": (
        "{observation} --strength a --strength-clip 0:00-0:15 --strength-note x --priority b"
        " --priority-clip 0:15-0:30 --priority-note x --next-step x --due 2026-06-10",
        "obs",
    ),
    "feedback withdraw": ("{feedback} --reason x", "obs"),
    "feedback list": ("", ALL),
    "feedback show": ("{feedback}", "obs edu"),
    "feedback due": ("", ALL),
    "feedback pdf": ("{feedback} --output {out}/hoja.pdf", "obs edu"),
    "feedback carry": ("{feedback} --output {out}/carried.html", "obs edu"),
    "feedback verify": ("{observation} --output {out}/medio.pdf", "obs utp"),
    "observations list": ("", ALL),
    "observations show": ("{observation}", "obs utp"),
    "people import": ("{people} --dry-run", "adm"),
    "people export": ("{out}/people.csv", "adm"),
    "people leave": ("{educator}", "adm"),
    "people invite": ("{educator}", "adm"),
    "people list": ("", ALL),
    "people show": ("{educator}", "obs edu utp red adm"),
    "rubric load": ("{rubric}", "adm"),
    "rubric list": ("", ALL),
    "rubric show": ("aprendizaje-profundo", ALL),
    "rubric diff": ("aprendizaje-profundo teach-primaria", ALL),
    "rubric export": ("aprendizaje-profundo --to {out}/pauta.yaml", ALL),
    "rubric print": ("aprendizaje-profundo --to {out}/pauta.pdf --force", ALL),
    "schools import": ("{schools} --dry-run", "adm"),
    "schools list": ("", ALL),
    "schools show": ("1234-5", "obs utp red adm"),
    "schools remove-class-group": ("1234-5 1°B 2026", "obs utp adm"),
    "audit verify": ("", "adm"),
    "people forget-second-step": ("{educator}", "adm"),
    "privacy breaches": ("", "adm"),
    "privacy certificates": ("", ALL),
    "privacy export": ("--output {out}/all.zip", ALL),
    "privacy request answer": ("{request} answered --text x", "adm"),
    "privacy request block": ("{request}", "adm"),
    "privacy request erase": ("{request}", "adm"),
    "privacy request lift": ("{request}", "adm"),
    "privacy request list": ("", ALL),
    "privacy request register": ("{educator} --kind access", "edu adm"),
    "privacy retention": ("", "adm"),
    "privacy rule": ("video 100", "adm"),
    "records averages": ("", ALL),
    "records history": ("{educator}", "obs utp"),
    "records sheet": ("{observation} --output {out}/record.csv", "obs utp"),
    "video add": (
        "{film} --educator {educator} --class-group 1°B --date 2026-05-12",
        "obs",
    ),
    "video list": ("", ALL),
    "video seal": ("", "adm"),
    "video unseal": ("", "adm"),
    "video show": ("{recording}", "obs"),
    "video consent": ("{recording}", "obs"),
    "video prepare": ("{recording}", "obs"),
    "video info": ("{recording}", "obs"),
    "video clip": ("{recording} 9:00-9:30 --out {out}/clip.mp4", "obs"),
    "video blur": ("{recording} 9:00-9:30", "obs"),
    "video captions": ("{recording} {captions}", "obs"),
    "privacy erase": (
        "{recording} --reason x",
        "obs adm",
    ),  # the last: no other has a film after it
}


def _named(group: click.Group, *before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _named(command, *before, name)
        else:
            yield " ".join((*before, name))


def test_every_command_is_told_here() -> None:
    assert set(_named(main)) == COMMANDS.keys() | MACHINE | OPEN


@pytest.fixture
def values(
    home: Settings, cast: Cast, store: Store, small_video: Path, tmp_path: Path
) -> dict[str, str]:
    """The ids of one whole path, and files to give to commands."""
    database = open_database(home.url)
    feedback_id = published(database, home, store, cast, small_video)
    with database.write() as session:
        recording = session.get_one(Feedback, feedback_id).observation.recording
        observation_id = session.get_one(Feedback, feedback_id).observation_id
        reader = person(session, "Lea Ruiz", Role.READER, None)
        asked = Asked(
            RequestKind.BLOCKING, About.PERSON, TODAY, Channel.LETTER, user_id=cast.educator.user_id
        )
        request = requests.register(session, asked, today=TODAY, actor=cast.administrator)
    database.engine.dispose()
    tables = {
        "people": "id,name,email,role,rbd\nX,Ximena,,educator,1234-5\n",
        "schools": "rbd,name,commune\n1-9,Escuela,Lota\n",
        "sheet": "cycle,dimension,score\n",
        "captions": "1\n00:00:01,000 --> 00:00:02,000\nHola\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "out").mkdir()
    rubric = Path(__file__).parents[2] / "rubrics" / "aprendizaje-profundo" / "1.0.yaml"
    return {
        **{name: str(tmp_path / f"{name}.csv") for name in tables},
        "out": str(tmp_path / "out"),
        "rubric": str(rubric),
        "film": str(small_video),
        "feedback": str(feedback_id),
        "observation": str(observation_id),
        "recording": str(recording.id),
        "educator": str(cast.educator.user_id),
        "reader": str(reader.user_id),
        "request": str(request.id),
    }


def test_each_of_the_cast_may_do_what_is_written_here_and_nothing_else(
    home: Settings,
    cast: Cast,
    values: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OBSERVE_HOME", str(home.home))
    people = {
        short: values["reader"] if name == "reader" else str(getattr(cast, name).user_id)
        for short, name in PEOPLE.items()
    }
    kept, wrong = Kept.of(home.database_path), []
    for command, (arguments, may) in COMMANDS.items():
        line = [*command.split(), *(each.format(**values) for each in arguments.split())]
        for short in ("out-edu",) if may == ALL else people:
            result = CliRunner().invoke(main, [*line, "--as", people[short]], prog_name="observe")
            kept.restore()
            refused = result.exit_code in REFUSED
            if refused is (short in may.split()) or isinstance(result.exception, AssertionError):
                wrong.append((command, short, result.exit_code, result.stderr[:100]))
    assert wrong == [], "\n".join(map(str, wrong))
