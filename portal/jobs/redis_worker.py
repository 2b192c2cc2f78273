"""The worker of the queue on Redis: its child ends with it, and a Redis that goes away costs one line and no work."""

import logging
import os
import sys
from contextlib import suppress

from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue

from portal.jobs.processes import end_with_parent, no_fork
from portal.logs import one_line

logger = logging.getLogger("trustdesk.worker")

#: What shows that Redis went away, or came back without the job that is at work.
LOST = (RedisError, InvalidJobOperation, NoSuchJobError)


class TiedWorker(Worker):
    """RQ does each job in a child, which would work on unseen after a kill -9 of the worker.

    What a job does is kept in the database, and what it leaves undone is handed out again by the sweep. So all that is
    lost with Redis is RQ's own record of the job, and neither the job nor the worker stops for that.
    """

    #: Seconds at most between two looks whether Redis is there again.
    max_connection_wait_time = 10.0
    #: Whether this process was asked to stop; otherwise a worker that returned has lost Redis.
    was_stopped = False

    # --- In the worker ---

    def subscribe(self) -> None:
        """Take no commands over Redis: nothing here sends any, and each lost connection would be said twice."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        try:
            super().execute_job(job, queue)
            self.heartbeat()
        except LOST as error:
            logger.warning("Redis does not know %s, which was at work: %s.", job.id, one_line(error))
            raise StopRequested from error  # whoever started this worker starts one that waits for Redis

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        self._own_pid = os.getpid()
        with no_fork:
            super().fork_work_horse(job, queue)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        try:
            super().maintain_heartbeats(job, execution)
        except LOST as error:
            logger.warning("Redis does not answer: %s. What is at work goes on.", one_line(error))

    def request_stop(self, signum, frame) -> None:
        self.was_stopped = True
        super().request_stop(signum, frame)

    def set_shutdown_requested_date(self) -> None:
        with suppress(RedisError):
            super().set_shutdown_requested_date()

    def teardown(self) -> None:
        with suppress(RedisError):
            super().teardown()

    # --- In its child ---

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        end_with_parent(self._own_pid)
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        try:
            return super().perform_job(job, queue, execution)
        except LOST as error:
            logger.warning(
                "Redis lost %s while it was at work: %s. What was done is kept; what was not is handed out again.",
                job.description,
                one_line(error),
            )
            return False

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        fault = sys.exc_info()[1]
        try:
            if not self.connection.exists(job.key):
                raise NoSuchJobError("it came back empty")
            super().handle_execution_ended(job, queue, heartbeat_ttl)
        except LOST:
            if fault is not None and not isinstance(fault, LOST):  # RQ says it only once it is written to Redis
                self.log.error("%s failed", job.description, exc_info=fault)
            raise
