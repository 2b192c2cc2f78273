"""Runs the queue's worker, and the sweep that hands out again what a dead worker left and clears away what is old."""

import logging
import signal
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections
from django.db.models import Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portal import registry
from portal.access import require_administrator
from portal.jobs import job_queue
from portal.jobs.processes import no_fork
from portal.logs import one_line
from portal.management.base import Failed, ServiceCommand
from portal.models import User
from portal.notifications import outbox
from portal.people import sessions, sign_in

logger = logging.getLogger("trustdesk.worker")

#: How long finished tasks stay in the queue's table. No task runs for as long, so one that seems to was killed; what
#: it worked on was handed out again a minute later.
KEEP_TASKS = timedelta(days=7)
#: What the database raises when it went away, as in a restart.
GONE = (OperationalError, InterfaceError)
#: Seconds before a worker looks whether what it lost is there again.
LOST_WAIT = 1.0
#: Seconds between two prunings of one worker.
PRUNE_EVERY = 24 * 3600


class Command(ServiceCommand):
    shows_log = True
    help = "Work through the queue. Start as many as needed, on any machine that reaches the same database."

    def arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="sweep, work until the queue is empty, then stop")
        parser.add_argument("--sweep-every", type=float, default=15.0, metavar="SECONDS")
        parser.add_argument("--interval", type=float, default=0.5, metavar="SECONDS", help="wait between looks")

    def run(self, actor, *, once, sweep_every, interval, verbosity, **options):
        require_administrator(actor)
        User.objects.exists()  # a database that does not serve is said once, before every sweeper says it
        handed_out = sweep()
        prune()
        stop = threading.Event()
        if not once:
            threading.Thread(target=sweep_until, args=(stop, sweep_every), daemon=True, name="sweep").start()
        queue = _redis_queue if settings.TASK_BACKEND == "redis" else _database_queue
        asked_to_stop = threading.Event()
        try:
            while lost := queue(once=once, interval=interval, verbosity=verbosity):
                logger.warning("%s What was being worked on is handed out again.", lost)
                connections.close_all()
                # What the queue that ended had installed would raise, or do nothing.
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, lambda *_: asked_to_stop.set())
                if asked_to_stop.wait(max(interval, LOST_WAIT)):
                    break
        finally:
            stop.set()
        return {"handed_out": handed_out}


def _database_queue(*, once: bool, interval: float, verbosity: int) -> str:
    """Work until asked to stop: "". What was lost, in a sentence, where the database went away meanwhile."""
    try:
        call_command("db_worker", batch=once, interval=interval, startup_delay=False, reload=False, verbosity=verbosity)
    except GONE as error:
        if once:
            raise
        return f"The database does not answer: {one_line(error)}."
    return ""


def _redis_queue(*, once: bool, interval: float, verbosity: int) -> str:
    """As `_database_queue`, for Redis."""
    from django_rq import get_worker
    from redis.exceptions import RedisError

    from portal.jobs.redis_worker import TiedWorker

    try:
        worker = get_worker("default", worker_class=TiedWorker, job_class="django_tasks_rq.Job")
        assert isinstance(worker, TiedWorker)
        connections.close_all()  # before the worker forks
        worker.work(burst=once, logging_level=("WARNING", "INFO", "DEBUG")[min(verbosity, 2)])
    except RedisError as error:
        sentence = f"Redis does not answer: {one_line(error)}."
        if once:
            raise Failed(sentence) from None
        return sentence
    return "" if once or worker.was_stopped else "Redis went away."


def sweep() -> int:
    """Call every registered sweeper once; one that fails is logged and does not stop the others."""
    handed_out = 0
    for sweeper in registry.SWEEPERS:
        try:
            handed_out += sweeper()
        except GONE as error:
            logger.warning("The sweep waits for the database, which does not answer: %s.", one_line(error))
            connections.close_all()
            break
        except Exception as error:
            if job_queue.queue_is_away(error):
                logger.warning("The sweep waits for Redis, which does not answer: %s.", one_line(error))
                break
            logger.exception("sweeper %s failed", sweeper.__name__)
    return handed_out


def prune() -> None:
    """Delete what nobody looks at any more: old rows of the queue, and sessions that ended."""
    old = timezone.now() - KEEP_TASKS
    try:
        DBTaskResult.objects.filter(Q(finished_at__lt=old) | Q(finished_at=None, started_at__lt=old)).delete()
        call_command("clearsessions", verbosity=0)
        outbox.prune_outbox()
        sign_in.prune_failures()
        sessions.prune_sessions()
    except Exception:
        logger.exception("pruning failed")


def sweep_until(stop: threading.Event, every: float) -> None:
    pruned = time.monotonic()
    while not stop.wait(every):
        with no_fork:
            close_old_connections()
            sweep()
            if time.monotonic() - pruned >= PRUNE_EVERY:
                prune()
                pruned = time.monotonic()
            connection.close()
