"""A worker whose database goes away lives on: one line in the log, and the work is handed out again."""

import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from classification.inventory import refresh
from classification.models import Scan
from classification.tasks import run_scan, sweep_scans
from portal.jobs.processes import end_with_parent
from portal.management.commands.worker import sweep
from portal.models import ConnectionLease

ROOT = Path(__file__).resolve().parents[2]
SAID = "server closed the connection unexpectedly"


class Outage:
    """The database as it is seen while it restarts: every statement fails."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, execute, sql, params, many, context):
        if self.on:
            raise OperationalError(f"{SAID}\n\tThis probably means the server terminated abnormally")
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_a_scan_whose_database_restarts_is_handed_out_again_and_ends(site, operator, sandbox, caplog):
    scan = refresh.request_scan(
        actor=operator, connection=site, space=refresh.read_space(actor=operator, connection=site, key="HR")
    )
    outage = Outage()

    def goes_away(execute, sql, *rest):
        outage.on |= sql.startswith('INSERT INTO "classification_space"')  # the space is read; its content is not
        return execute(sql, *rest)

    with database.execute_wrapper(goes_away), database.execute_wrapper(outage):
        run_scan.call(scan.pk)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(SAID in record.getMessage() for record in said)
    assert [record for record in said if record.exc_info or "\n" in record.getMessage()] == []
    scan.refresh_from_db()
    assert scan.state == Scan.State.RUNNING
    for model in (Scan, ConnectionLease):
        model.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep_scans() == 1
    run_scan.call(scan.pk)
    scan.refresh_from_db()
    assert (scan.state, scan.attempts, scan.error) == (Scan.State.DONE, 2, "")


@pytest.mark.django_db(transaction=True)
def test_a_sweep_without_a_database_is_one_line(caplog):
    outage = Outage()
    outage.on = True
    with database.execute_wrapper(outage):
        assert sweep() == 0
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert SAID in record.getMessage()
    assert record.exc_info is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("postgres" in os.environ.get("DATABASE_URL", ""), reason="a table that is gone is no outage there")
def test_a_worker_outlives_a_database_that_does_not_answer_for_a_while(tmp_path):
    name = site_settings.DATABASES["default"]["NAME"]
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE django_tasks_database_dbtaskresult RENAME TO away")
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "ENV_FILE": os.devnull}
    worker = subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", "worker", "--interval", "0.01", "--verbosity", "0"],
        cwd=ROOT,
        env=environment | {"DATABASE_URL": f"sqlite:///{name}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = iter(worker.stderr.readline, "")
        assert any("The database does not answer: no such table" in line for line in lines)
        assert any("The database does not answer" in line for line in lines), "it tries again"
    finally:
        with database.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_tasks_database_dbtaskresult")
    worker.send_signal(signal.SIGTERM)
    _, rest = worker.communicate()
    assert "Traceback" not in rest
    assert worker.returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone offers it")
def test_a_child_ends_with_its_parent_also_when_that_is_killed():
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        own = os.getpid()
        if os.fork() == 0:
            end_with_parent(own)
            os.write(writing, b"here")
            threading.Event().wait()
        signal.pause()
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 4) == b"here"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    assert os.read(reading, 4) == b"", "the pipe ends when the child has"
    os.close(reading)
