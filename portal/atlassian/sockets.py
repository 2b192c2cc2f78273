"""Connections whose whole answer has a deadline; beneath `http.py`, beside which nothing uses it.

A read timeout starts again with every byte, so a host that sends one now and then would hold a thread for ever: in the
headers, in the body, or between the chunks of it. Here every read of an answer, wherever it happens, gets what is left.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _TimedReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._sock = sock
        self._read_timeout = sock.gettimeout()
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        if self._read_timeout is None or left < self._read_timeout:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    seconds = 0.0

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        # The reader made by `makefile` keeps the socket open until the body is read, so it is wrapped, not replaced.
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, self.seconds))


@functools.lru_cache
def pool_classes(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools by scheme, for urllib3's PoolManager, whose answers take at most `seconds` as a whole."""
    response = type("TimedResponse", (_TimedResponse,), {"seconds": seconds})
    plain = type("TimedConnection", (HTTPConnection,), {"response_class": response})
    secure = type("TimedTLSConnection", (HTTPSConnection,), {"response_class": response})
    return {
        "http": type("TimedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TimedTLSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
