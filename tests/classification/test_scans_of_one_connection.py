"""Scans of one connection: one process works on them at a time, in order, so its limit on calls holds everywhere.

The processes are real workers. They call a sandbox served by the test, which counts the calls in flight.
"""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.db import connections as databases
from django.urls import reverse
from django.utils import timezone
from django_tasks import default_task_backend

from classification import tasks
from classification.inventory import refresh
from classification.models import Scan
from portal.jobs import job_queue
from portal.models import ConnectionLease
from sandbox.names import ACME
from sandbox.server import SandboxServer
from tests.conftest import make_connection
from tests.held import Held

ROOT = Path(__file__).resolve().parents[2]
LEVELS = "confluence.page_level.get"


@pytest.fixture
def served(sandbox):
    """The address of the sandbox over HTTP."""
    server = SandboxServer(("127.0.0.1", 0), sandbox)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.url
    server.shutdown()
    server.server_close()
    thread.join()


def request_two(operator, site, sandbox, pages: int) -> list[Scan]:
    for key in ("ONE", "TWO"):
        sandbox.add_space(ACME, key, name=key.title(), pages=pages)
    spaces = [refresh.read_space(actor=operator, connection=site, key=key) for key in ("ONE", "TWO")]
    return [refresh.request_scan(actor=operator, connection=site, space=space) for space in spaces]


@pytest.fixture
def queued(served, sandbox, operator, settings) -> list[Scan]:
    """Two scans of one connection in the queue of real workers, of 40 pages each."""
    settings.UPSTREAM_HOSTS = [served.removeprefix("http://")]
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    return request_two(operator, make_connection("Served", url=served), sandbox, 40)


@pytest.fixture
def waiting(site, sandbox, operator) -> list[Scan]:
    """Two queued scans of one connection, the older one first."""
    return request_two(operator, site, sandbox, 3)


def _database_url() -> str:
    database = site_settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        return f"sqlite:///{database['NAME']}"
    person = ":".join(filter(None, (database["USER"], database["PASSWORD"])))
    return f"postgres://{person}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


@pytest.fixture
def start_worker(served, tmp_path):
    """start_worker() is a process that works until the queue is empty."""
    started = []
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": _database_url(),
        "CREDENTIAL_KEYS": ",".join(site_settings.CREDENTIAL_KEYS),
        "UPSTREAM_HOSTS": served.removeprefix("http://"),
    }

    def start() -> subprocess.Popen:
        command = [sys.executable, "manage.py", "worker", "--once", "--interval", "0.01", "--verbosity", "0"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def in_background(work) -> threading.Thread:
    """A thread with a database connection of its own, which it closes."""

    def run() -> None:
        try:
            work()
        finally:
            databases.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def states() -> list[str]:
    return list(Scan.objects.order_by("pk").values_list("state", flat=True))


# --- real workers ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_have_no_more_calls_in_flight_than_one_connection_may(queued, sandbox, start_worker):
    sandbox.peak_in_flight = 0
    held = Held(sandbox, LEVELS)
    first = start_worker()
    held.reached(16)

    assert start_worker().wait(60) == 0, "the other worker finds the connection in use and goes on"
    assert states() == ["running", "queued"]
    held.release()

    assert first.wait(60) == 0
    assert states() == ["done", "done"]
    assert sandbox.peak_in_flight == 16


@pytest.mark.django_db(transaction=True)
def test_the_connection_of_a_killed_worker_is_taken_over(queued, sandbox, start_worker):
    held = Held(sandbox, LEVELS)
    killed = start_worker()
    held.reached(16)
    killed.kill()
    killed.wait()
    held.release()

    assert start_worker().wait(60) == 0
    assert states() == ["running", "queued"], "its leases have not run out"
    passed = timezone.now() - timedelta(seconds=61)
    ConnectionLease.objects.update(lease_until=passed)
    Scan.objects.update(lease_until=passed, queued_at=passed)

    assert start_worker().wait(60) == 0
    assert states() == ["done", "done"]


@pytest.mark.django_db(transaction=True)
def test_a_page_gets_its_answer_while_a_scan_has_all_its_calls_in_flight(
    site, sandbox, operator, client_for, grant, alice
):
    grant(alice, site, "classifier")
    older, _ = request_two(operator, site, sandbox, 40)
    held = Held(sandbox, LEVELS)
    scanning = in_background(lambda: tasks.run_scan.func(older.pk))
    held.reached(16)

    response = client_for(alice).post(reverse("levels_read", args=[site.slug]), follow=True)

    assert "5 levels read from Confluence." in response.content.decode()
    assert sandbox.in_flight == 16
    held.release()
    scanning.join(60)
    assert states() == ["done", "queued"]


# --- within one process ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_scans_of_one_connection_are_done_in_the_order_in_which_they_were_requested(waiting):
    newer = waiting[1]

    tasks.run_scan.func(newer.pk)

    assert states() == ["done", "queued"]
    tasks.run_scan.func(newer.pk)
    assert states() == ["done", "done"]


@pytest.mark.django_db
def test_who_is_done_with_a_connection_hands_out_the_scan_that_waits_for_it(waiting):
    older, newer = waiting
    default_task_backend.clear()

    tasks.run_scan.func(older.pk)

    assert [result.args[0] for result in default_task_backend.results] == [newer.pk]


@pytest.mark.django_db
def test_a_queue_that_does_not_answer_does_not_fail_the_scan_that_was_done(waiting, caplog):
    def silent(scan) -> None:
        raise ConnectionError("The queue does not answer.")

    with job_queue.claimed(waiting[0], enqueue=silent) as lease:
        lease.finish()

    assert states() == ["done", "queued"]
    assert "The queue does not answer" in caplog.text


@pytest.mark.django_db
def test_a_scan_waits_while_other_work_has_its_connection_and_loses_no_attempt(waiting):
    older, newer = waiting
    with job_queue.claimed(older, enqueue=tasks.hand_out):
        with job_queue.claimed(newer, enqueue=tasks.hand_out) as lease:
            assert lease is None
        newer.refresh_from_db()
        assert (newer.state, newer.attempts) == ("queued", 0)


@pytest.mark.django_db
def test_the_sweep_leaves_alone_what_waits_for_a_connection_in_use(waiting):
    older, newer = waiting
    with job_queue.claimed(older, enqueue=lambda scan: None) as lease:
        Scan.objects.update(queued_at=timezone.now() - timedelta(hours=1))
        assert tasks.sweep_scans() == 0
        lease.finish()

    assert tasks.sweep_scans() == 1


@pytest.mark.django_db
def test_scans_of_two_connections_do_not_wait_for_each_other(waiting, reference_site, operator):
    other = refresh.request_scan(actor=operator, connection=reference_site)
    with (
        job_queue.claimed(waiting[0], enqueue=tasks.hand_out) as first,
        job_queue.claimed(other, enqueue=tasks.hand_out) as second,
    ):
        assert first is not None
        assert second is not None


@pytest.mark.django_db
def test_who_lost_the_connection_writes_nothing_more(waiting):
    with job_queue.claimed(waiting[0], enqueue=tasks.hand_out) as lease:
        lease.beat(done=1)
        ConnectionLease.objects.update(lease_token="somebody else")
        with pytest.raises(job_queue.LeaseLost):
            lease.beat(done=2)
    waiting[0].refresh_from_db()
    assert waiting[0].done == 1
