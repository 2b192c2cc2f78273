"""How many calls one connection has open at once: places that threads and processes take and give back."""

from __future__ import annotations

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

#: Seconds between two looks for a place while other processes hold all of them.
_LOOK_EVERY = 0.005

Release = Callable[[], None]


class Slots(Protocol):
    """Places for calls. `most`: how many there are."""

    most: int

    def take(self, seconds: float) -> Release | None:
        """A place, given back by calling what is returned; None when none came free within `seconds`."""


class ThreadSlots:
    """The places of a single process."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._places = threading.BoundedSemaphore(most)

    def take(self, seconds: float) -> Release | None:
        return self._places.release if self._places.acquire(timeout=max(0.0, seconds)) else None


class MachineSlots:
    """The places of all processes of this machine: whoever calls holds the lock of one of `most` files.

    The system lets go of the locks of a process that dies, so a killed worker takes no place with it. The files stay
    open: opening one for every call, as lock libraries do, costs many times what taking its lock does. Not to be used
    across a fork, since parent and child would share the locks.
    """

    def __init__(self, folder: Path, name: str, most: int) -> None:
        self.most = most
        folder.mkdir(parents=True, exist_ok=True)
        self._free = [os.open(folder / f"{name}.{n}.lock", os.O_RDWR | os.O_CREAT, 0o600) for n in range(most)]
        self._lock = threading.Lock()
        self._threads = ThreadSlots(most)
        weakref.finalize(self, _close, tuple(self._free))

    def take(self, seconds: float) -> Release | None:
        give_up_at = time.monotonic() + seconds
        release = self._threads.take(seconds)
        if release is None:
            return None
        while (file := self._lock_one()) is None:
            if time.monotonic() >= give_up_at:
                release()
                return None
            time.sleep(_LOOK_EVERY)
        return lambda: self._give_back(file, release)

    def _lock_one(self) -> int | None:
        """The file of a place that no process holds; None when all are taken."""
        with self._lock:
            for index in reversed(range(len(self._free))):
                try:
                    fcntl.flock(self._free[index], fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                return self._free.pop(index)
        return None

    def _give_back(self, file: int, release: Release) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
        with self._lock:
            self._free.append(file)
        release()


def _close(files: tuple[int, ...]) -> None:
    for file in files:
        os.close(file)
