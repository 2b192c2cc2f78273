"""Atlassian that holds its answers until a test lets it go on: what hangs is counted."""

import threading

from sandbox import faults

#: Seconds after which a test that would hang for ever fails.
LONG = 60


class Held:
    """Atlassian holds its answers: `reached(n)` waits until n calls hang, `release()` lets all of them be answered.

    call: a pattern for the names of the calls that hang.
    """

    def __init__(self, sandbox, call: str = "*") -> None:
        self.error: Exception | None = None
        self._arrived, self._go_on = threading.Semaphore(0), threading.Event()
        faults.latency(sandbox, 1000, call=call)
        sandbox.sleep = self._wait

    def _wait(self, seconds: float) -> None:
        self._arrived.release()
        assert self._go_on.wait(LONG)
        if self.error is not None:
            raise self.error

    def reached(self, calls: int) -> None:
        for _ in range(calls):
            assert self._arrived.acquire(timeout=LONG)

    def release(self) -> None:
        self._go_on.set()
