"""A Redis that goes away while a job is at work costs one line of the log: no traceback, and no work."""

import logging
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
import redis
from django.db import connection as database
from django_tasks import task
from django_tasks_rq import Job
from django_tasks_rq.backend import failed_callback, success_callback
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.exceptions import StopRequested
from rq.job import Callback
from rq.queue import Queue

from classification.inventory import refresh
from classification.models import Scan
from classification.tasks import run_scan
from portal.jobs.redis_worker import TiedWorker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]


class Server:
    """A Redis that keeps nothing when it is killed."""

    was_killed = False

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        redis.Redis(port=self.port).ping()  # tries until it is there
        self.connection = redis.Redis(port=self.port, retry=Retry(NoBackoff(), 1))

    def kill(self) -> None:
        self.was_killed = True
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.kill()


@pytest.fixture
def worker(server) -> TiedWorker:
    return TiedWorker(Queue("default", connection=server.connection, job_class=Job), job_class=Job)


@pytest.fixture
def scan(site, operator, sandbox) -> Scan:
    space = refresh.read_space(actor=operator, connection=site, key="HR")
    return refresh.request_scan(actor=operator, connection=site, space=space, enqueue=False)


def take(worker: TiedWorker, function, *args):
    """A job as the backend puts it into the queue, taken by the worker: what its child is given."""
    callbacks = {"on_success": Callback(success_callback), "on_failure": Callback(failed_callback)}
    queue = worker.queues[0]
    job = queue.create_job(function.module_path, args=args, meta={"backend_name": "default"}, **callbacks)
    queue.enqueue_job(job)
    return job, queue, worker.prepare_execution(job)


#: The server that `fail` takes away.
servers: list[Server] = []


@task()
def fail() -> None:
    servers.pop().connection.flushall()
    raise ZeroDivisionError("a fault of ours")


def warnings(caplog) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.levelno >= logging.WARNING and "atlassian" not in each.name]


@pytest.mark.parametrize("returns", [True, False], ids=["comes back empty", "stays away"])
def test_a_scan_ends_and_one_line_says_that_redis_lost_it(server, worker, scan, caplog, returns):
    job, queue, execution = take(worker, run_scan, scan.pk)

    def goes_away(execute, sql, params, many, context):
        if sql.startswith('UPDATE "classification_scan"') and not server.was_killed:  # the scan is claimed
            server.kill()
            if returns:
                server.start()
        return execute(sql, params, many, context)

    with database.execute_wrapper(goes_away):
        assert not worker.perform_job(job, queue, execution)
    [record] = warnings(caplog)
    assert f"Redis lost classification.tasks.run_scan({scan.pk}) while it was at work" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert record.exc_info is None
    scan.refresh_from_db()
    assert scan.state == Scan.State.DONE


def test_a_fault_of_ours_keeps_its_traceback_when_redis_lost_the_job(server, worker, caplog):
    job, queue, execution = take(worker, fail)
    servers.append(server)
    assert not worker.perform_job(job, queue, execution)
    assert [record.exc_info[0] for record in warnings(caplog) if record.exc_info] == [ZeroDivisionError]


def test_the_worker_waits_for_its_child_while_redis_is_away(server, worker, scan, caplog):
    job, _, execution = take(worker, run_scan, scan.pk)
    server.kill()
    worker.maintain_heartbeats(job, execution)
    [record] = warnings(caplog)
    assert "What is at work goes on" in record.getMessage()
    assert record.exc_info is None


def test_a_worker_that_lost_redis_ends_without_a_traceback(server, worker, scan, caplog):
    job, queue, _ = take(worker, run_scan, scan.pk)
    server.kill()
    with pytest.raises(StopRequested):
        worker.execute_job(job, queue)
    worker.teardown()
    assert not worker.was_stopped
    [record] = warnings(caplog)
    assert record.exc_info is None
