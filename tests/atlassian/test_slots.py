"""How many calls are open at once: threads and processes share places, and the dead give theirs back."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from portal.atlassian.slots import MachineSlots, ThreadSlots

HOLD = """
import sys
from pathlib import Path
from portal.atlassian.slots import MachineSlots

slots = MachineSlots(Path(sys.argv[1]), "acme", 3)
held = [slots.take(0) for _ in range(int(sys.argv[2]))]
print(sum(release is not None for release in held), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other_process(tmp_path):
    """other_process(2) takes two of the three places of "acme" in another process; returns it."""
    started = []

    def take(places: int) -> subprocess.Popen:
        command = [sys.executable, "-c", HOLD, str(tmp_path), str(places)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == f"{places}\n"
        return process

    yield take
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(params=["threads", "processes"])
def three(request, tmp_path) -> MachineSlots | ThreadSlots:
    return ThreadSlots(3) if request.param == "threads" else MachineSlots(tmp_path, "acme", 3)


def test_a_place_is_taken_and_given_back(three):
    held: list[Callable[[], None] | None] = [three.take(0) for _ in range(4)]

    assert [place is not None for place in held] == [True, True, True, False]
    held[1]()
    assert three.take(0) is not None
    assert three.take(0.01) is None


def test_processes_share_the_places_of_a_connection(tmp_path, other_process):
    other_process(2)
    ours = MachineSlots(tmp_path, "acme", 3)

    assert ours.take(0) is not None
    assert ours.take(0.02) is None


def test_each_connection_has_its_own_places(tmp_path, other_process):
    other_process(3)

    assert MachineSlots(tmp_path, "globex", 3).take(0) is not None


def test_a_killed_process_takes_no_place_with_it(tmp_path, other_process):
    process = other_process(3)
    ours = MachineSlots(tmp_path, "acme", 3)
    assert ours.take(0) is None

    process.kill()
    process.wait()

    assert ours.take(0) is not None


def test_who_waits_gets_the_place_that_another_process_gives_back(tmp_path, other_process):
    process = other_process(3)
    ours = MachineSlots(tmp_path, "acme", 3)

    process.stdin.write("\n")
    process.stdin.flush()

    assert ours.take(30) is not None
