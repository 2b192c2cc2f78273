"""Two changes to one app at once wait for each other and never end in a deadlock.

That every service locks its rows in one order is seen by `tests/locks.py` in every other test of this package too.
"""

import threading
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.db import connections

from portal import connections as portal_connections
from portal.access import Actor
from privacy import services
from tests.locks import locked_table
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db(transaction=True)
#: What may happen to one app at the same time.
PAIRS = [
    *(("answer", other) for other in ("reset", "restore", "read", "save")),
    *(("remove", other) for other in ("answer", "read", "save", "ask", "publish")),
]
#: Longer than any of these tests takes; a thread that waits as long has hung.
HUNG = 60


@pytest.fixture
def changes(editor, publisher, diagrams) -> dict[str, Callable[[], object]]:
    """Name -> a change of the same app, which has a working copy with an answer and a request that waits."""
    services.open_working_copy(actor=editor, app=diagrams)
    services.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="before@example.com")
    diagrams.refresh_from_db()
    version = diagrams.live
    answer = {"app": diagrams, "pointer": CONTACT, "raw": "after@example.com"}
    return {
        "answer": lambda: services.answer(actor=editor, **answer),
        "reset": lambda: services.reset_working_copy(actor=editor, app=diagrams),
        "restore": lambda: services.restore(actor=editor, app=diagrams, snapshot=version),
        "read": lambda: services.read_app(actor=editor, app=diagrams),
        "save": lambda: services.save_to_marketplace(actor=editor, app=diagrams),
        "ask": lambda: services.ask(actor=editor, app=diagrams),
        "publish": lambda: services.publish(actor=publisher, app=diagrams),
        "remove": lambda: portal_connections.remove(actor=Actor.command_line(), connection=diagrams.connection),
    }


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


def is_blocked(pid: int) -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
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
        assert other.connected.wait(HUNG)
        while not other.ended.wait(0.01) and not is_blocked(other.pid):
            pass
        one.go_on.set()
        other.join(HUNG)
    one.join(HUNG)
    assert not one.is_alive()
    assert not other.is_alive()
    return held, [error for error in (one.error, other.error) if "deadlock" in str(error)]


@pytest.mark.skipif("database.vendor != 'postgresql'", reason="SQLite lets one transaction write at a time")
@pytest.mark.parametrize(("one", "other"), [pair for both in PAIRS for pair in (both, both[::-1])])
def test_two_changes_of_one_app_do_not_deadlock(one, other, changes):
    held, deadlocks = race(changes[one], changes[other])

    assert held
    assert deadlocks == []
