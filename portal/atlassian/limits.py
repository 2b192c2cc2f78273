"""The limits of one connection: how many calls are in flight, what rate-limit headers ask for, and shared pauses."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

# A header must not be able to stop a connection for good; after this long we ask again and are told again.
LONGEST_PAUSE = 3600.0
# How long everyone rests when the host says that its limit is near without saying how much is left.
_NEAR_LIMIT_REST = 0.5
_LONGEST_PACE = 5.0

_QUOTA_LEFT = re.compile(r";\s*r=0*(\d{1,15})(?!\d)", re.ASCII)
_QUOTA_RESET = re.compile(r";\s*t=0*(\d{1,15})(?!\d)", re.ASCII)


class CallLimit:
    """How many calls of one process are in flight at once: `allowed`, which is `most` while Atlassian takes as many.

    An answer 429 halves it. It grows again by one call after each round of as many answers as it allows.
    """

    def __init__(self, most: int) -> None:
        self.most = self.allowed = most
        self._in_flight = self._answered = self._halved = 0
        self._room = threading.Condition()

    def take(self, seconds: float) -> int | None:
        """Permission for one call, to be passed to `give_back`; None when there was no room within `seconds`."""
        with self._room:
            if not self._room.wait_for(lambda: self._in_flight < self.allowed, max(0.0, seconds)):
                return None
            self._in_flight += 1
            return self._halved

    def give_back(self, permission: int, status: int | None = None) -> None:
        """The call is over. status: of its answer; None without one."""
        with self._room:
            self._in_flight -= 1
            # Calls that were in flight when it was halved say nothing about what is allowed since: several of them
            # that get a 429 together halve it once.
            if status is not None and permission == self._halved:
                self._learn(status)
            self._room.notify_all()

    def _learn(self, status: int) -> None:
        if status == 429:
            self.allowed = max(1, self.allowed // 2)
            self._halved += 1
            self._answered = 0
        elif status < 500 and self.allowed < self.most:
            self._answered += 1
            if self._answered >= self.allowed:
                self.allowed += 1
                self._answered = 0


class Throttle(Protocol):
    """Shared by all that calls through one connection: every thread and, when kept in a database, every process."""

    def paused_until(self) -> float:
        """Unix time in seconds before which no call may be sent; 0 when free. Asked before every call: be quick."""

    def pause(self, until: float, reason: str) -> None:
        """Let nobody call before `until` (unix time in seconds). A pause is never shortened by a later, shorter one."""


class MemoryThrottle:
    """The throttle of a single process."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lock = threading.Lock()
        self.reason = ""

    def paused_until(self) -> float:
        return self._until

    def pause(self, until: float, reason: str) -> None:
        with self._lock:
            if until > self._until:
                self._until = until
                self.reason = reason


def seconds_to_rest(status: int, headers: Mapping[str, str], now: float) -> tuple[float, str]:
    """How long everyone should rest after this answer, and why; (0.0, "") when the headers ask for nothing.

    now: unix time in seconds. Understood are Retry-After in seconds or as an HTTP date, X-RateLimit-Remaining, -Reset
    and -NearLimit, and RateLimit: "policy";r=<left>;t=<seconds>, also as Beta-RateLimit.
    """
    wait, reason = 0.0, ""
    if status in (429, 503) and (header := headers.get("Retry-After")):
        wait, reason = _retry_after(header, now), f"Retry-After after status {status}"
    for name in ("RateLimit", "Beta-RateLimit"):
        if (header := headers.get(name)) and (quota := _quota_rest(header)) > wait:
            wait, reason = quota, f"{name}: nothing left"
    remaining = _number(headers.get("X-RateLimit-Remaining"))
    reset = _reset(headers.get("X-RateLimit-Reset"), now) if remaining == 0 or status == 429 else 0.0
    if not wait and reset > 0:
        wait, reason = reset, "X-RateLimit-Reset: nothing left"
    if not wait and status != 429 and (headers.get("X-RateLimit-NearLimit") or "").strip().lower() == "true":
        wait, reason = _pace(remaining, headers.get("X-RateLimit-Reset"), now), "X-RateLimit-NearLimit"
    return min(wait, LONGEST_PAUSE), reason


def _retry_after(header: str, now: float) -> float:
    seconds = _number(header)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _quota_rest(header: str) -> float:
    """The longest reset among the policies of which nothing is left."""
    longest = 0.0
    for policy in header.split(","):
        left, reset = _QUOTA_LEFT.search(policy), _QUOTA_RESET.search(policy)
        if left and reset and int(left[1]) == 0:
            longest = max(longest, float(reset[1]))
    return longest


def _pace(remaining: float | None, reset_header: str | None, now: float) -> float:
    """Spread what is left over the time that is left, rather than run into the wall."""
    reset = _reset(reset_header, now)
    if remaining and reset > 0:
        return min(reset / remaining, _LONGEST_PACE)
    return _NEAR_LIMIT_REST


def _reset(header: str | None, now: float) -> float:
    """Seconds until the time in an X-RateLimit-Reset header (ISO 8601, or unix seconds as some gateways send)."""
    if not header:
        return 0.0
    number = _number(header)
    try:
        if number is None:
            moment = datetime.fromisoformat(header.strip())
            number = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, number - now)


def _number(text: str | None) -> float | None:
    """A whole or decimal number ≥ 0; None for anything else, also for the nan and inf that float() would take."""
    text = (text or "").strip()
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", text, re.ASCII) else None
