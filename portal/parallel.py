"""Calls in parallel: pool threads only call the API; the thread that runs them shares their pauses."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from portal.connections import clients
from portal.models import Connection

#: Seconds after which a pause that a pool thread ran into is known to other processes at the latest.
SHARE_EVERY = 0.5

Item = TypeVar("Item")


def side_by_side(
    connection: Connection, call: Callable[[Item], object], items: Sequence[Item], *, budget: float | None = None
) -> Iterator[tuple[Item, Future]]:
    """Call with each item, as many at once as the connection allows; yields each with its future, as they are done.

    budget: seconds after which what has not answered is left out; None waits for all. What has not begun by then, or
    when the caller stops listening, is dropped; what is under way ends by its own time limit.
    """
    shared = clients.throttle(connection)
    give_up_at = time.monotonic() + (float("inf") if budget is None else budget)
    pool = ThreadPoolExecutor(clients.session(connection).limit.most, initializer=clients.leave_database_alone)
    try:
        asked = {pool.submit(call, item): item for item in items}
        waiting = set(asked)
        while waiting and (left := give_up_at - time.monotonic()) > 0:
            done, waiting = wait(waiting, timeout=min(SHARE_EVERY, left), return_when=FIRST_COMPLETED)
            shared.sync()
            for future in done:
                yield asked[future], future
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
