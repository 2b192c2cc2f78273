"""The sandbox's state, in its own SQLite file, so that no rollback of Trustdesk's database undoes it."""

import json
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import names, schema
from sandbox.build import Builder

MAX_IDLE = 24


class State(Builder):
    """One sandbox, kept at `path`; any number of threads and processes may hold one on the same file.

    `clock` gives unix seconds, and `sleep` is how slow answers wait, so that tests can move time.
    Reads take a pooled connection; writes of one process queue on a lock before they queue on SQLite's, which hands
    out its turns unfairly.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time):
        self.path = Path(path)
        self.clock = clock
        self.sleep: Callable[[float], None] = time.sleep
        self.calls: Counter[str] = Counter()
        self.in_flight = 0
        self.peak_in_flight = 0
        self._idle: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.write() as db:
            if self._stored_version(db) != schema.VERSION:
                self._create(db)

    # --- connections ----------------------------------------------------------------------------------------------

    @staticmethod
    def _stored_version(db: sqlite3.Connection) -> int:
        return db.execute("PRAGMA user_version").fetchone()[0]

    @staticmethod
    def _create(db: sqlite3.Connection) -> None:
        # A file of an older shape is demo data: it is made anew rather than migrated.
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f"DROP TABLE {table}")
        for statement in schema.TABLES.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {schema.VERSION}")

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=20, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous=NORMAL")
        # SQLite does not wait for its turn to turn WAL on, so the first processes on a new file may collide.
        for attempt in range(100):
            try:
                db.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                if attempt == 99:
                    raise
                time.sleep(0.05)
        return db

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._pid != os.getpid():
                # A connection must not cross a fork; closing it here could release the parent's file locks.
                self._abandoned, self._idle, self._pid = self._idle, [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._lock:
            if len(self._idle) < MAX_IDLE:
                self._idle.append(db)
                return
        db.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        db = self._take()
        try:
            yield db
        finally:
            self._give_back(db)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed on leaving, rolled back on an exception."""
        with self._writing, self.read() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def close(self) -> None:
        """Close what is open, and let the next `state_at` for this file start afresh."""
        with self._lock:
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()
        with _states_lock:
            for key in [key for key, state in _states.items() if state is self]:
                del _states[key]

    def copy_to(self, path: str | Path) -> "State":
        """A sandbox of its own at a new `path` with what this one holds now; quicker than seeding again."""
        with self.read() as source:
            target = sqlite3.connect(path)
            source.backup(target)
            target.close()
        return state_at(path, clock=self.clock)

    def reset(self) -> None:
        """Forget everything, switches and counters too."""
        with self.write() as db:
            self._create(db)
        self.calls.clear()
        self.peak_in_flight = 0

    # --- counting -------------------------------------------------------------------------------------------------

    def count(self, call: str) -> None:
        with self._lock:
            self.calls[call] += 1

    @contextmanager
    def flight(self) -> Iterator[int]:
        """Counts a call as being under way, its latency included; yields how many are, this one too."""
        with self._lock:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
            now = self.in_flight
        try:
            yield now
        finally:
            with self._lock:
                self.in_flight -= 1

    # --- settings -------------------------------------------------------------------------------------------------

    def setting(self, key: str, default: Any = None) -> Any:
        with self.read() as db:
            row = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_setting(self, key: str, value: Any) -> None:
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))

    def dialect(self, host: str) -> str:
        return self.setting(f"dialect:{host}", "current")

    def set_dialect(self, host: str, dialect: str) -> None:
        if dialect not in names.DIALECTS:
            raise ValueError(f"dialect must be one of {', '.join(names.DIALECTS)}")
        self.set_setting(f"dialect:{host}", dialect)

    def policies_readable(self, host: str) -> bool:
        return self.setting(f"policies_readable:{host}", False)

    def set_policies_readable(self, host: str, readable: bool) -> None:
        """Whether a site lets API tokens read its data policies; Atlassian lets only apps."""
        self.set_setting(f"policies_readable:{host}", readable)

    def draft_lists(self, host: str) -> str:
        return self.setting(f"draft_lists:{host}", "refuse")

    def set_draft_lists(self, host: str, how: str) -> None:
        """What a site makes of lists with status=draft, which are not published: one of names.DRAFT_LISTS."""
        if how not in names.DRAFT_LISTS:
            raise ValueError(f"draft_lists must be one of {', '.join(names.DRAFT_LISTS)}")
        self.set_setting(f"draft_lists:{host}", how)

    def default_wants_status(self, host: str) -> bool:
        return self.setting(f"default_wants_status:{host}", False)

    def set_default_wants_status(self, host: str, wanted: bool) -> None:
        """Whether a site requires `status` beside the level of a space default; without this it refuses it."""
        self.set_setting(f"default_wants_status:{host}", wanted)

    def set_entitled(self, host_or_org: str, entitled: bool) -> None:
        """Whether a site (by host) or the organisation (by id) has data classification in its plan."""
        with self.write() as db:
            db.execute("UPDATE sites SET entitled = ? WHERE ? IN (host, org_id)", (int(entitled), host_or_org))


_states: dict[tuple[int, str], State] = {}
_states_lock = threading.Lock()


def state_at(path: str | Path, *, clock: Callable[[], float] = time.time) -> State:
    """The one State of this process for a file, so that its counters and its write lock are shared."""
    key = (os.getpid(), str(Path(path).absolute()))
    with _states_lock:
        if key not in _states:
            _states[key] = State(path, clock=clock)
        return _states[key]


def default_state() -> State:
    """The State at `settings.DATA_DIR / "sandbox.sqlite3"`."""
    from django.conf import settings  # the rest of the sandbox works without Django

    return state_at(Path(settings.DATA_DIR) / "sandbox.sqlite3")
