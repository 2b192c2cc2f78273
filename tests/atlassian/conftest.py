"""What these tests stand on: a host that misbehaves as told, a clock that stands still, and a sandbox."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Call
from sandbox.names import ACCOUNTS, ACME
from sandbox.seed import seed_basics
from sandbox.state import State
from sandbox.transport import SandboxAdapter

EMAIL, TOKEN = "alice@example.com", "made-up+token/for=tests"
READ = Call("test.read", "GET", "/wiki/api/v2/things/{id}", "read a thing", permission="To see it", idempotent=True)
PUT = Call("test.put", "PUT", "/wiki/api/v2/things/{id}", "change a thing", scope="write:thing", idempotent=True)
POST = Call("test.post", "POST", "/wiki/api/v2/things/{id}/publish", "publish a thing")

Step = Callable[[BaseHTTPRequestHandler], None]


class Clock:
    """Unix time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def reply(status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> Step:
    """An ordinary answer; `body` is JSON, or bytes that are sent as they are."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    def step(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return step


def reset(handler: BaseHTTPRequestHandler) -> None:
    """The connection breaks before anything is answered."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


@dataclass
class Host:
    """A host on this machine that does what its steps say, the last of them again and again."""

    steps: list[Step] = field(default_factory=lambda: [reply(200, {"id": "1"})])
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, *steps: Step) -> None:
        self.steps = list(steps)

    def take(self, received: Received) -> Step:
        with self.lock:
            self.requests.append(received)
            return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out as two writes; without this the second one waits for 40 ms.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.told: Host = self.server.told
        self.told.connections += 1

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.told.take(Received(self.command, self.path, dict(self.headers), body))(self)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *args: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            super().finish()


@contextlib.contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def local_server():
    """One server for all tests; what it says is each test's own."""
    with serving() as server:
        yield server


@pytest.fixture
def host(local_server):
    told = Host(url=f"http://127.0.0.1:{local_server.server_port}")
    local_server.told = told
    yield told
    told.stopped.set()


@pytest.fixture
def other_host():
    """A second host, where no credential of the first has any business."""
    with serving() as server:
        server.told = Host(url=f"http://127.0.0.1:{server.server_port}")
        yield server.told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(host, clock):
    """A session with that host, which waits by the clock that stands still."""
    made = ApiSession(
        base_url=host.url, email=EMAIL, token=TOKEN, key="test", timeout=(2, 2), clock=clock.time, sleep=clock.sleep
    )
    yield made
    made.close()


@pytest.fixture
def make_session(host, clock):
    """make_session(**overrides): further sessions with the same host."""
    made: list[ApiSession] = []

    def make(**overrides: Any) -> ApiSession:
        values = {"base_url": host.url, "email": EMAIL, "token": TOKEN, "key": "test", "timeout": (2, 2)}
        made.append(ApiSession(**{**values, "clock": clock.time, "sleep": clock.sleep, **overrides}))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def acme(tmp_path) -> State:
    """A sandbox with sites, people and levels, and nothing else yet."""
    state = State(tmp_path / "acme.sqlite3")
    seed_basics(state)
    yield state
    state.close()


@pytest.fixture
def sandbox_session(acme, clock):
    """sandbox_session(account number, dialect=…, base_url=…): a session whose calls the sandbox answers."""
    made: list[ApiSession] = []

    def make(account: int = 0, *, dialect: str = "current", base_url: str = f"https://{ACME}", bearer: bool = False):
        who = ACCOUNTS[account]
        session = ApiSession(
            base_url=base_url,
            email="" if bearer else who.email,
            token=who.token,
            key="sandbox",
            adapter=SandboxAdapter(acme, dialect=dialect),
            clock=clock.time,
            sleep=clock.sleep,
        )
        made.append(session)
        return session

    yield make
    for one in made:
        one.close()
