"""The sandbox's memory: apart from everything else, and shared by threads and processes."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import faults
from sandbox.names import ACME
from sandbox.seed import ensure_seeded, seed_basics
from sandbox.state import State, default_state, state_at

from .conftest import ADMIN, CONFLUENCE, level_of, session, set_level

PROCESS = """
import sys
from sandbox.names import ACME
from sandbox.seed import ensure_seeded
from sandbox.state import State
state = State(sys.argv[1])
ensure_seeded(state)
for number in range(20):
    state.add_item(ACME, "ENG", title=f"From {sys.argv[2]}: {number}")
"""


def test_what_one_state_writes_another_on_the_same_file_reads(state, admin, page):
    set_level(admin, page, "Public")
    other = session(State(state.path), ADMIN.email, ADMIN.token)
    assert level_of(other, page) == "Public"


def test_a_rolled_back_transaction_of_the_portal_undoes_nothing(db, state, admin, page):
    from django.db import transaction

    with transaction.atomic():
        set_level(admin, page, "Public")
        transaction.set_rollback(True)
    assert level_of(admin, page) == "Public"


def test_a_write_that_fails_leaves_nothing_behind(state):
    with pytest.raises(sqlite3.IntegrityError):
        state.add_space(ACME, "ENG", pages=3)
    with pytest.raises(ValueError, match="no level 'Secret'"):
        state.add_space(ACME, "NEW", level="Secret")
    with pytest.raises(ValueError, match="no space 'NEW'"):
        state.space_id(ACME, "NEW")


def test_sixteen_threads_write_and_nothing_is_lost(state, page):
    def work(number: int) -> None:
        person = session(state, ADMIN.email, ADMIN.token)
        for _ in range(5):
            item = state.add_item(ACME, "TEST", title=f"By {number}")
            assert set_level(person, item, "Public").status_code == 204

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    items = state.item_ids(ACME, "TEST")
    assert len(set(items)) == len(items) == 81
    assert state.calls["confluence.page_level.set"] == 80
    assert sum(state.own_level(ACME, item) == "Public" for item in items) == 80


def test_processes_share_a_new_file_and_seed_it_once(tmp_path):
    path = tmp_path / "shared.sqlite3"
    running = [subprocess.Popen([sys.executable, "-c", PROCESS, str(path), str(number)]) for number in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    state = State(path)
    assert len(state.item_ids(ACME, "ENG")) == 285 + 60
    assert ensure_seeded(state) is False


def test_a_copy_goes_its_own_way(state, tmp_path, admin, page):
    copy = state.copy_to(tmp_path / "copy.sqlite3")
    set_level(admin, page, "Public")
    assert copy.own_level(ACME, page) is None
    copy.close()


def test_the_same_file_is_one_state_until_it_is_closed(tmp_path):
    first = state_at(tmp_path / "one.sqlite3")
    assert state_at(tmp_path / "one.sqlite3") is first
    first.close()
    second = state_at(tmp_path / "one.sqlite3")
    assert second is not first
    second.close()


def test_the_default_state_lives_in_the_data_directory(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    state = default_state()
    assert state.path == tmp_path / "sandbox.sqlite3"
    state.close()


def test_reset_forgets_everything(state, admin):
    faults.latency(state, 1)
    admin.get(f"{CONFLUENCE}/spaces")
    state.reset()
    assert not state.calls
    assert not faults.active(state)
    assert admin.get(f"{CONFLUENCE}/spaces").status_code == 401


def test_a_file_of_another_version_is_made_anew(tmp_path):
    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE items (id TEXT)")
        old.execute("PRAGMA user_version = 999")
    state = State(path)
    assert ensure_seeded(state) is True
    state.close()


def test_an_empty_house_has_people_and_levels_and_takes_what_a_test_needs(tmp_path):
    state = State(tmp_path / "empty.sqlite3")
    seed_basics(state)
    state.add_space(ACME, "BIG", pages=300, blogposts=2, level="Internal")
    person = session(state, ADMIN.email, ADMIN.token)
    assert [found["key"] for found in person.get(f"{CONFLUENCE}/spaces").json()["results"]] == ["BIG"]
    assert len(state.item_ids(ACME, "BIG")) == 300
    assert level_of(person, state.item_ids(ACME, "BIG", kind="blogpost")[1], kind="blogposts") == "Internal"
    state.close()


def test_a_dialect_has_to_exist(state):
    with pytest.raises(ValueError, match="current, reference"):
        state.set_dialect(ACME, "klingon")
