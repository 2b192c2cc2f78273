"""`manage.py run`, with real processes: one that dies is started again, the other goes on, and none is left behind.

Each process writes its name and id into one named pipe, which comes to its end once none of them is alive.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Says who it is, then waits to be ended; `ends`: it ends at once with this status instead.
CHILD = """
import os, sys, signal
pipe = os.open(sys.argv[1], os.O_WRONLY)
os.write(pipe, f"{sys.argv[2]} {os.getpid()}\\n".encode())
assert os.path.exists("manage.py"), "started outside the project, where gunicorn finds nothing"
if len(sys.argv) > 3:
    sys.exit(int(sys.argv[3]))
signal.pause()
"""


@pytest.fixture
def started(tmp_path):
    """started(web="", worker="") runs both from a Procfile: the process, and a file of lines "name id" as they start.

    What is given is an argument more for that child.
    """
    (tmp_path / "child.py").write_text(CHILD)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running: list[subprocess.Popen] = []

    def start(**more: str):
        child = f"{sys.executable} {tmp_path / 'child.py'} {pipe}"
        lines = [f"{name}: {child} {name} {more.get(name, '')}" for name in ("web", "worker")]
        (tmp_path / "Procfile").write_text("\n".join(lines))
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "var"), "ENV_FILE": os.devnull}
        command = [sys.executable, "manage.py", "run", "--procfile", str(tmp_path / "Procfile")]
        running.append(
            subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)  # noqa: S603
        )
        return running[0], open(pipe)  # noqa: SIM115 - opening waits for the first child

    yield start
    for process in running:
        process.kill()
        process.communicate()


def both(told) -> dict[str, int]:
    return {name: int(pid) for name, pid in (told.readline().split() for _ in range(2))}


def test_a_worker_that_is_killed_is_started_again_and_the_web_goes_on(started):
    process, told = started()
    first = both(told)
    os.kill(first["worker"], signal.SIGKILL)
    name, pid = told.readline().split()
    assert (name, int(pid) != first["worker"]) == ("worker", True)
    os.kill(first["web"], 0)  # it is there still; were it not, this would raise
    process.send_signal(signal.SIGTERM)
    assert told.read() == ""
    assert process.wait() == 0
    assert "worker ended (SIGKILL) and is started again" in process.stderr.read()


def test_a_web_that_dies_is_started_again_too(started):
    process, told = started()
    first = both(told)
    os.kill(first["web"], signal.SIGKILL)
    assert told.readline().startswith("web ")
    process.send_signal(signal.SIGINT)
    assert told.read() == ""


def test_nothing_outlives_a_runner_that_is_killed(started):
    process, told = started()
    both(told)
    process.kill()
    assert told.read() == ""


def test_settings_with_which_the_web_cannot_start_end_it_all(started):
    process, told = started(web="3")
    assert sorted(line.split()[0] for line in told) in (["web"], ["web", "worker"])
    assert process.wait() == 1
    assert "Not started: web." in process.stderr.read()
