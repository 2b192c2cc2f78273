"""The sandbox as a transport under `requests`: what would go to Atlassian, the router answers in process."""

import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.client import responses
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse, HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError, ProtocolError

from sandbox.messages import SandboxResponse
from sandbox.names import API_HOST
from sandbox.router import handle
from sandbox.state import State, default_state


class _Body(io.BytesIO):
    """A body that may take its time, and may end too early."""

    def __init__(
        self, content: bytes, *, cut: bool, seconds: float, patience: float | None, sleep: Callable[[float], None]
    ):
        super().__init__(content[: len(content) // 2] if cut else content)
        self.cut, self.wait, self.patience, self.sleep = cut, seconds, patience, sleep

    def read(self, size: int | None = -1, /) -> bytes:
        if self.wait:
            if self.patience is not None and self.wait > self.patience:
                self.sleep(self.patience)
                raise TimeoutError("The read operation timed out")
            self.sleep(self.wait)
            self.wait = 0.0
        found = super().read(size)
        if self.cut and not found:
            raise ProtocolError("Connection broken: IncompleteRead")
        return found


def _unknown_host(request: requests.PreparedRequest, host: str) -> requests.ConnectionError:
    """What requests raises for a name that nobody knows, with urllib3's own causes inside."""
    url, failure = request.url or "", socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    pool = HTTPSConnectionPool(host)
    cause = NameResolutionError(host, pool, failure)  # type: ignore[arg-type]  # a pool is what urllib3 shows best
    return requests.ConnectionError(MaxRetryError(pool, url, cause), request=request)


class SandboxAdapter(BaseAdapter):
    """Mount it on a session: `session.mount("https://", SandboxAdapter(State(path)))`.

    Without a state it uses the one at `settings.DATA_DIR`. `dialect` "reference" or "current" makes every site answer
    so; "" leaves it to the state. `calls` counts by call name what went through this adapter; `state.calls` does so
    for all adapters of the process on that state. Any host but Atlassian's cannot be reached.
    """

    def __init__(self, state: State | None = None, *, dialect: str = ""):
        super().__init__()
        self.state = default_state() if state is None else state
        self.dialect = dialect
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Raises what a real adapter would: ConnectionError, ReadTimeout; errors of HTTP are ordinary responses."""
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        begun = time.monotonic()
        host = urlsplit(request.url or "").hostname or ""
        if host != API_HOST and not host.endswith(".atlassian.net"):
            raise _unknown_host(request, host)
        body = request.body or b""
        with self.state.flight():
            answer = handle(
                self.state,
                request.method or "GET",
                request.url or "",
                dict(request.headers),
                body.encode() if isinstance(body, str) else bytes(body),
                dialect=self.dialect,
            )
            with self._lock:
                self.calls[answer.call] += 1
            self._wait(request, answer.delay - (time.monotonic() - begun), patience)
        if answer.broken == "reset":
            raise requests.ConnectionError(
                ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")),
                request=request,
            )
        return self._response(request, answer, patience, stream, begun)

    def _wait(self, request: requests.PreparedRequest, seconds: float, patience: float | None) -> None:
        if patience is not None and seconds > patience:
            self.state.sleep(patience)
            raise requests.ReadTimeout(f"Read timed out. (read timeout={patience})", request=request)
        if seconds > 0:
            self.state.sleep(seconds)

    def _response(
        self,
        request: requests.PreparedRequest,
        answer: SandboxResponse,
        patience: float | None,
        stream: bool,
        begun: float,
    ) -> requests.Response:
        body = b"" if request.method == "HEAD" else answer.body
        headers = {**answer.headers, "Content-Length": str(len(body))}
        raw = HTTPResponse(
            body=_Body(
                body,
                cut=answer.broken == "cut",
                seconds=answer.body_delay,
                patience=patience,
                sleep=self.state.sleep,
            ),
            headers=headers,
            status=answer.status,
            preload_content=False,
            decode_content=False,
        )
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(headers)
        response.raw = raw
        response.url = request.url or ""
        response.request = request
        response.reason = responses.get(answer.status, "")
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        if not stream:
            _ = response.content
        return response

    def close(self) -> None:
        """Nothing to close: the state outlives the session."""
