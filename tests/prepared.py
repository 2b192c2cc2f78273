"""What takes long to set up is set up once in a process; the tests after that get a copy of its rows and its sandbox.

Only on SQLite: there a test that was rolled back gives its ids to the next one.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection as database

from portal.models import Connection, User
from sandbox.state import State

#: (name, what there was before) -> what the set-up left.
_copies: dict[tuple, "Copy"] = {}


class Copy:
    """The tables that a set-up changed, and the sandbox that it left."""

    def __init__(self, tables: dict[str, list[tuple]], state: State) -> None:
        self.tables = tables
        self.calls = Counter(state.calls)
        self.sandbox = sqlite3.connect(":memory:")
        with state.read() as db:
            db.backup(self.sandbox)

    def restore(self, state: State) -> None:
        with database.cursor() as cursor:
            for table, rows in self.tables.items():
                cursor.execute(f'DELETE FROM "{table}"')
                if rows:
                    places = ", ".join(["%s"] * len(rows[0]))
                    cursor.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)
        with state.read() as db:
            self.sandbox.backup(db)
        state.calls.clear()
        state.calls.update(self.calls)


@contextmanager
def undone(state: State) -> Iterator[None]:
    """What is done inside is undone at the end, in the database and in the sandbox.

    One example of hypothesis leaves nothing to the next: one that fails does so by itself, too.
    """
    before = Copy({}, state)
    place = database.savepoint()
    try:
        yield
    finally:
        database.savepoint_rollback(place)
        before.restore(state)
        before.sandbox.close()


def prepare(name: str, build: Callable[[], Any], state: State) -> None:
    """Have in the database and in the sandbox what `build` makes there; `name` says what that is.

    For fixtures, on which nothing but other fixtures has worked before: the number of rows tells such states apart.
    """
    if database.vendor != "sqlite" or not database.in_atomic_block:
        build()
        return
    key = (name, *_before(state))
    if key in _copies:
        _copies[key].restore(state)
        return
    before = _all_rows()
    build()
    _copies[key] = Copy({table: rows for table, rows in _all_rows().items() if rows != before[table]}, state)


def _before(state: State) -> tuple:
    names = (*User.objects.values_list("pk", "email"), *Connection.objects.values_list("pk", "slug"))
    with database.cursor() as cursor:
        cursor.execute(_sizes(database.introspection.table_names(cursor)))
        rows = tuple(cursor.fetchall())
    with state.read() as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return frozenset(names), rows, tuple(tuple(row) for row in db.execute(_sizes(tables)))


def _sizes(tables: list[str]) -> str:
    return " UNION ALL ".join(f"SELECT '{table}', COUNT(*) FROM \"{table}\"" for table in sorted(tables))


def _all_rows() -> dict[str, list[tuple]]:
    found = {}
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = cursor.fetchall()
    return found
