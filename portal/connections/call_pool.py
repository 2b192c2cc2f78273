"""Calls of one connection in parallel: pool threads only call Atlassian, the owner of the pool does the rest."""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Self, TypeVar

from portal.atlassian.http import ApiSession
from portal.connections import clients
from portal.models import Connection

#: Calls submitted ahead for each thread, so that none is idle while the owner of the pool writes what it got.
AHEAD = 8
#: Seconds after which a pause that a pool thread ran into is known to other processes at the latest.
SHARE_EVERY = 0.5

Item = TypeVar("Item")


class CallPool:
    """Use as a context, from one thread: `submit` calls while there is room, and take from `next` what is done.

    session: the one that makes the calls; the pool has as many threads as it may have calls in flight. No call of it
    begins any more when the context ends. wait: whether the end waits for the calls that are in flight.
    """

    def __init__(self, connection: Connection, session: ApiSession, *, wait: bool = False) -> None:
        self._session, self._wait = session, wait
        self._pauses = clients.throttle(connection)
        self._pool = ThreadPoolExecutor(session.limit.most, "call", initializer=clients.leave_database_alone)
        self._most = session.limit.most * AHEAD
        self._submitted: dict[Future, Any] = {}
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.stop()
        self._pool.shutdown(wait=self._wait, cancel_futures=True)

    @property
    def pending(self) -> int:
        """How many calls were submitted and not taken from `next` yet."""
        return len(self._submitted)

    @property
    def room(self) -> int:
        """How many more may be submitted, so that memory stays small."""
        return self._most - self.pending

    def submit(self, about: Any, function: Callable, *args: Any) -> Future:
        """Call function(*args) in a thread. about: whatever `next` is to return with it."""
        future = self._pool.submit(function, *args)
        self._submitted[future] = about
        future.add_done_callback(self._done.put)
        return future

    def next(self, *, timeout: float) -> tuple[Any, Future] | None:
        """The next call that is done; None when there is none yet, after `timeout` seconds at most.

        Also shares the pauses that calls ran into, so it has to be called while any are pending.
        """
        try:
            future = self._done.get(timeout=min(timeout, SHARE_EVERY))
        except queue.Empty:
            return None
        finally:
            self._pauses.sync()
        return self._submitted.pop(future), future


def in_parallel(
    connection: Connection, call: Callable[[Item], object], items: Iterable[Item], *, budget: float | None = None
) -> Iterator[tuple[Item, Future]]:
    """Call with each item, as many at once as pages may; yields each with its future, as they are done.

    budget: seconds after which what has not answered is left out; None waits for all. What has not begun by then, or
    when the caller stops listening, is dropped; what is in flight ends by its own time limit.
    """
    give_up_at = time.monotonic() + (float("inf") if budget is None else budget)
    upcoming = iter(items)
    with CallPool(connection, clients.session(connection)) as pool:
        while (left := give_up_at - time.monotonic()) > 0:
            for item in islice(upcoming, pool.room):
                pool.submit(item, call, item)
            if not pool.pending:
                return
            done = pool.next(timeout=left)
            if done is not None:
                yield done
