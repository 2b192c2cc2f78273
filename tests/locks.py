"""Which rows a transaction locks, in which order: connection, app or space, what hangs on it, the audit head last.

SQLite locks no rows, so the fast suite makes Django write its `FOR UPDATE` as a comment, and looks at every statement.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import pytest
from django.db import connection as database

#: The rank of a table's rows; a transaction locks them in this order. Tables that are not named are not looked at.
RANKS = {
    "portal_connection": 0,
    "privacy_app": 1,
    "classification_space": 1,
    "classification_project": 1,
    "privacy_workingcopy": 2,
    "privacy_review": 2,
    "privacy_edit": 2,
    "privacy_snapshot": 2,
    "classification_item": 2,
    "classification_level": 2,
    "portal_audithead": 3,
}
#: A row that is added locks the row that it belongs to against removal, when the transaction ends (deferred keys).
#: The rows of a document belong to its owner, which is only locked to remove it, after its app: the app stands for it.
PARENTS = {
    "portal_grant": "portal_connection",
    "classification_level": "portal_connection",
    "classification_scan": "portal_connection",
    "classification_itemcount": "classification_space",
    "privacy_app": "portal_connection",
    "classification_space": "portal_connection",
    "classification_project": "portal_connection",
    "privacy_workingcopy": "privacy_app",
    "privacy_review": "privacy_app",
    "privacy_edit": "privacy_app",
    "privacy_snapshot": "privacy_app",
    "classification_item": "classification_space",
}
STATEMENT = re.compile(
    r'(?:(UPDATE|DELETE FROM|INSERT INTO) "(\w+)"|SELECT .*? FROM "(\w+)".*FOR (?:NO KEY )?UPDATE)', re.S
)


def locked_table(sql: str) -> str:
    """The table whose rows a statement locks, as far as it has a rank; "" for none."""
    found = STATEMENT.match(sql)
    if found is None:
        return ""
    table = found[2] or found[3]
    table = PARENTS.get(table, table) if found[1] == "INSERT INTO" else table
    return table if table in RANKS else ""


class LockOrder:
    """Watches the statements of a test; `wrong` says which of them locked a row too late."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        #: How deep the transaction is that the test itself runs in; None for a test that commits.
        self._outside = len(database.savepoint_ids) if database.in_atomic_block else None
        self._inside = False
        self._hooks: list | None = None
        self._held: list[str] = []
        self._at_the_end: set[str] = set()

    def __call__(self, execute, sql, params, many, context):
        if self._is_first():
            self._held, self._at_the_end = [], set()
        table = locked_table(sql)
        if table and table not in self._held:
            self._check(table, [*self._held, table], sql)
            if sql.startswith("INSERT") and f'INTO "{table}"' not in sql:
                self._at_the_end.add(table)
            else:
                self._held.append(table)
                for parent in self._at_the_end:
                    self._check(parent, [table], sql)
        return execute(sql, params, many, context)

    def _is_first(self) -> bool:
        """Whether a statement is one of its own, or the first one of a transaction."""
        if self._outside is not None:
            before, self._inside = self._inside, len(database.savepoint_ids) > self._outside
            return not (before and self._inside)
        hooks = database.run_on_commit if database.in_atomic_block else None  # Django makes a list for each transaction
        same, self._hooks = hooks is not None and hooks is self._hooks, hooks
        return not same

    def _check(self, table: str, before: list[str], sql: str) -> None:
        later = [other for other in before if RANKS[other] > RANKS[table]]
        if later:
            self.wrong.append(f"{table} is locked after {later[0]}: {sql[:200]}")


@contextmanager
def lock_order_watched() -> Iterator[LockOrder]:
    """Watch the order of locks on the connection of this thread."""
    order = LockOrder()
    with ExitStack() as stack:
        if database.vendor == "sqlite":
            for name in ("update", "update_of", "no_key_update", "update_skip_locked"):
                feature = "has_select_for_" + name
                stack.enter_context(mock.patch.object(database.features, feature, True))
            comment = mock.patch.object(database.ops, "for_update_sql", return_value="/* FOR UPDATE */")
            stack.enter_context(comment)
        stack.enter_context(database.execute_wrapper(order))
        yield order


@pytest.fixture(autouse=True)
def rows_are_locked_in_one_order(request):
    """Whatever a test does: two transactions that lock the same rows lock them in the same order."""
    if request.node.get_closest_marker("django_db") is None and "db" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    with lock_order_watched() as order:
        yield
    assert not order.wrong, "\n".join(order.wrong)
