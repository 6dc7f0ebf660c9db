"""The one place that starts media programs: limits hold, nothing outlives its asker."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from observe.jobs import CancelledError
from observe.video.media import tools
from observe.video.media.tools import Limits, ToolError

LIMITS = Limits(wall_seconds=20, cpu_seconds=20)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ToolError) as ended:
        tools.run(python("import time; time.sleep(30)"), Limits(0.5, 20))
    assert ended.value.too_long


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("while True: pass", Limits(20, cpu_seconds=1)),
        ("x = bytearray(10**9)", Limits(20, 20, memory_bytes=500 * 1024**2)),
        ("open('x', 'wb').write(bytes(10**6))", Limits(20, 20, output_bytes=10**5)),
    ],
)
def test_a_program_gets_no_more_than_its_limits(code: str, limits: Limits) -> None:
    with pytest.raises(ToolError) as ended:
        tools.run(python(code), limits)
    assert not ended.value.too_long


def test_a_program_has_no_input_and_knows_nothing_of_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVE_DATABASE_URL", "postgresql://secret")
    told = tools.run(python("import os, sys; print(sys.stdin.read(), dict(os.environ))"), LIMITS)
    assert "secret" not in told
    assert told.startswith(" {")


def test_a_cancel_ends_the_program() -> None:
    def tick() -> None:
        raise CancelledError

    before = set(psutil.Process().children())  # such as the one that starts the program for tests
    started = time.monotonic()
    with pytest.raises(CancelledError):
        tools.run(python("import time; time.sleep(30)"), LIMITS, tick=tick)
    assert time.monotonic() - started < 5
    assert set(psutil.Process().children()) <= before


def test_much_talk_does_not_block_it() -> None:
    code = "import sys\nfor i in range(50000): print('x' * 50, file=sys.stderr)\nprint('done')"
    assert tools.run(python(code), LIMITS).strip() == "done"


def test_a_detector_keeps_no_record_of_this_machine() -> None:
    code = (
        "import onnxruntime, pathlib\n"
        "try: onnxruntime.InferenceSession(b'no model')\n"
        "except Exception: pass\n"
        "print(sorted(map(str, pathlib.Path.home().rglob('*'))))"
    )
    assert tools.run(python(code), LIMITS).strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="others have no parent-death signal")
def test_a_killed_worker_takes_its_program_along(tmp_path: Path) -> None:
    code = (
        "from observe.video.media import tools\n"
        "import sys\n"
        "child = 'import os, time, pathlib; '\n"
        f"child += 'pathlib.Path(\"{tmp_path}/pid\").write_text(str(os.getpid())); '\n"
        "child += 'time.sleep(60)'\n"
        "tools.run([sys.executable, '-c', child], tools.Limits(60, 60))\n"
    )
    root = Path(__file__).parents[2]
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    pid = wait_for_pid(tmp_path / "pid")
    worker.kill()
    worker.wait()
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def wait_for_pid(path: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError("the program never started")


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
