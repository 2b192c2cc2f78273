"""The sandbox over HTTP, on one port for all hosts, so that curl or any client of Atlassian's can talk to it."""

import re
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sandbox import control, router
from sandbox.messages import MAX_BODY, Problem, SandboxResponse
from sandbox.state import State

PIECES = 20
IDLE_SECONDS = 65
MAX_LINE = 1024
MAX_TRAILERS = 100
ALLOWED = "DELETE, GET, HEAD, POST, PUT"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class SandboxServer(ThreadingHTTPServer):
    """Serves one State. `latency` in seconds is added to every answer; `dialect` "" leaves it to the state."""

    daemon_threads = True
    # The default of 5 would refuse a client that opens all of its connections at once.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], state: State, *, dialect: str = "", latency: float = 0.0):
        self.state, self.dialect, self.latency = state, dialect, latency
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection; HTTP/1.1, so it is kept for the next request."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    server_version = "AtlassianEdge"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: a line for each request would hide what the command prints, and paths are in the client's log."""

    def answer(self) -> None:
        begun = time.monotonic()
        with self.server.state.flight():
            try:
                response = self._route(self._read_body())
            except Problem as problem:
                self.close_connection = True
                response = problem.response()
            delay = response.delay + self.server.latency - (time.monotonic() - begun)
            if delay > 0:
                self.server.state.sleep(delay)
        self._send(response)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that the library refuses: a method it does not know (its 501) or what is no HTTP."""
        self.close_connection = True
        status = 405 if code == 501 else code
        words = "Method Not Allowed" if code == 501 else message or "Bad Request"
        headers = {"Connection": "close", **({"Allow": ALLOWED} if code == 501 else {})}
        self._send(Problem(status, words, shape="plain", headers=headers).response())

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

    def _read_body(self) -> bytes:
        length, coding = self.headers.get("Content-Length"), self.headers.get("Transfer-Encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked" or length is not None:
                raise Problem(400, "A body has a length or comes in chunks", shape="plain")
            return self._read_chunks()
        length = length or "0"
        if not length.isascii() or not length.isdigit():
            raise Problem(411, "Length Required", shape="plain")
        if len(length) > 9 or int(length) > MAX_BODY:
            raise Problem(413, "Request body is too large", shape="plain")
        return self.rfile.read(int(length))

    def _read_chunks(self) -> bytes:
        """A body that comes in chunks: the size of each in a line before it, 0 at the end, then perhaps trailers."""
        body = bytearray()
        while size := self._read_chunk_size():
            if len(body) + size > MAX_BODY:
                raise Problem(413, "Request body is too large", shape="plain")
            body += self.rfile.read(size)
            if self._read_line():
                raise Problem(400, "A chunk is longer than its size", shape="plain")
        for _ in range(MAX_TRAILERS):
            if not self._read_line():
                return bytes(body)
        raise Problem(400, "Too many trailers", shape="plain")

    def _read_chunk_size(self) -> int:
        size = self._read_line().partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise Problem(400, "A chunk has no size", shape="plain")
        return int(size, 16)

    def _read_line(self) -> bytes:
        line = self.rfile.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise Problem(400, "The body ends early", shape="plain")
        return line.rstrip(b"\r\n")

    def _route(self, body: bytes) -> SandboxResponse:
        headers = dict(self.headers.items())
        state, path = self.server.state, self.path.partition("?")[0]
        method = "GET" if self.command == "HEAD" else self.command  # the same answer; `_send` leaves the body out
        if path.startswith(control.PREFIX):
            return control.handle(state, method, path, headers, body)
        host = self.headers.get("Host") or "localhost"
        if not _HOST.fullmatch(host):
            raise Problem(400, "Invalid Host header", shape="plain")
        try:
            return router.handle(state, method, f"http://{host}{self.path}", headers, body, dialect=self.server.dialect)
        except Exception:
            self.close_connection = True
            self.log_error("the sandbox failed on %s %s", self.command, path)
            return Problem(500, "Internal server error", shape="html").response()

    def _send(self, response: SandboxResponse) -> None:
        if response.broken == "reset":
            return self._reset()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command == "HEAD" or response.status == 204:
            return None
        body = response.body
        if response.broken == "cut":
            body, self.close_connection = body[: len(body) // 2], True
        if response.body_delay:
            return self._trickle(body, response.body_delay)
        self.wfile.write(body)
        return None

    def _trickle(self, body: bytes, seconds: float) -> None:
        size = max(1, -(-len(body) // PIECES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        for piece in pieces:
            time.sleep(seconds / len(pieces))
            self.wfile.write(piece)

    def _reset(self) -> None:
        """Close with a RST instead of a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
