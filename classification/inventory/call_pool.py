"""A pool of threads that make the calls of a scan, and their answers in the order in which they arrive."""

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from portal.atlassian.errors import ApiError
from portal.connections import clients

#: Calls handed out ahead for each thread: while the collecting thread writes a batch, none of them runs dry.
AHEAD = 8


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one call. about: what the asker gave along; one of result and error is None (or both)."""

    what: str
    about: Any
    result: Any
    error: ApiError | None


class Pipe:
    """Use as a context, from one thread. A context left by an exception does not wait for what is under way."""

    def __init__(self, workers: int) -> None:
        self.depth = workers * AHEAD
        self.in_flight = 0
        self._pool = ThreadPoolExecutor(workers, "scan", initializer=clients.leave_database_alone)
        self._answers: queue.SimpleQueue[Answered | Exception] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    @property
    def has_room(self) -> bool:
        return self.in_flight < self.depth

    def submit(self, what: str, about: Any, function: Callable, *args: Any) -> None:
        self.in_flight += 1
        self._pool.submit(self._call, what, about, function, args)

    def _call(self, what: str, about: Any, function: Callable, args: tuple) -> None:
        try:
            answer: Answered | Exception = Answered(what, about, function(*args), None)
        except ApiError as error:
            answer = Answered(what, about, None, error)
        except Exception as error:  # handed to the collecting thread, which raises it
            answer = error
        self._answers.put(answer)

    def next(self, *, timeout: float) -> Answered | None:
        """The next answer, or None when none came within so many seconds. Raises what is no error of the API."""
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            return None
        self.in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer
