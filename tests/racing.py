"""Two changes at the same time, each in a thread with a database connection of its own (PostgreSQL)."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.db import connections

from tests.locks import locked_table

#: Longer than any of these tests takes; a thread that waits as long has hung.
HUNG = 60
needs_row_locks = pytest.mark.skipif(
    database.vendor != "postgresql", reason="SQLite lets one transaction write at a time"
)


class Worker(threading.Thread):
    """Makes a change in a thread with a database connection of its own.

    With `hold`, it stops after its first lock within a transaction, until `go_on` is set.
    """

    def __init__(self, change: Callable[[], object], *, hold: bool = False) -> None:
        super().__init__(daemon=True)
        self.change, self.hold = change, hold
        self.error: Exception | None = None
        self.pid = 0
        self.connected, self.holding, self.go_on, self.ended = (threading.Event() for _ in range(4))

    def run(self) -> None:
        try:
            database.ensure_connection()
            self.pid = database.connection.info.backend_pid
            self.connected.set()
            with database.execute_wrapper(self._watch):
                self.change()
        except Exception as error:  # whatever it is, the test tells
            self.error = error
        finally:
            database.close()
            self.connected.set()
            self.ended.set()
            self.holding.set()

    def _watch(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if self.hold and database.in_atomic_block and locked_table(sql):
            self.hold = False
            self.holding.set()
            assert self.go_on.wait(HUNG)
        return result


def is_blocked_or_ended(worker: Worker) -> bool:
    """Whether it can go no further by itself."""
    assert worker.connected.wait(HUNG)
    if worker.ended.wait(0.01):
        return True
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [worker.pid])
        return cursor.fetchone()[0]


def race(first: Callable[[], object], second: Callable[[], object]) -> tuple[bool, list[Exception]]:
    """Let the second run as far as it can while the first holds its first lock, then let both go on.

    Returns whether the first came to a lock, and the errors of both that the database made.
    """
    one, other = Worker(first, hold=True), Worker(second)
    one.start()
    assert one.holding.wait(HUNG)
    held = not one.ended.is_set()
    if held:
        other.start()
        while not is_blocked_or_ended(other):
            pass
        one.go_on.set()
        other.join(HUNG)
    one.join(HUNG)
    assert not one.is_alive()
    assert not other.is_alive()
    return held, [error for error in (one.error, other.error) if "deadlock" in str(error)]
