"""The worker of the queue on Redis: a child at work ends with it, and it says whether it was asked to stop."""

import logging
import os

from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.queue import Queue

from .processes import end_with_parent


class TiedWorker(Worker):
    """RQ does each job in a child, which would work on unseen after a kill -9 of the worker."""

    #: Whether this process was asked to stop; otherwise a worker that returned has lost Redis.
    was_stopped = False

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        self._own_pid = os.getpid()
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        end_with_parent(self._own_pid)
        super().main_work_horse(job, queue)

    def request_stop(self, signum, frame) -> None:
        TiedWorker.was_stopped = True
        super().request_stop(signum, frame)


#: What shows that Redis went away, or came back without the job that is at work.
LOST = (RedisError, InvalidJobOperation, NoSuchJobError)


class LostRedisInOneLine(logging.Filter):
    """That Redis went away is one line; faults of ours keep their traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], LOST):
            record.msg = f"{record.getMessage()} {' '.join(str(record.exc_info[1]).split())}"
            record.args = ()
            record.exc_info = record.exc_text = None
        return True
