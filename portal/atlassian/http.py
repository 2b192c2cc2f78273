"""The one place that talks HTTP to Atlassian: timeouts, retries, limits, errors, redaction and the log line."""

from __future__ import annotations

import copy
import logging
import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urljoin

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError, NameResolutionError, NewConnectionError

from portal.atlassian import failures, strictjson
from portal.atlassian.addresses import origin_of, query_pairs, segment, split_address
from portal.atlassian.errors import ApiError, Limited, Refused, Unavailable
from portal.atlassian.limits import CallLimit, MemoryThrottle, Throttle, seconds_to_rest
from portal.atlassian.messages import Answer, Call
from portal.atlassian.redaction import credentials
from portal.atlassian.sockets import pool_classes

logger = logging.getLogger("trustdesk.atlassian")

MAX_BYTES = strictjson.ANSWER.size
# The longest that one answer may take as a whole.
TOTAL_SECONDS = 120.0
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
MAX_FAULTS = 4
MAX_ATTEMPTS = 12
MAX_REDIRECTS = 3
_BACKOFF, _LONGEST_BACKOFF = 0.5, 20.0
# Everyone who waited for the same pause wakes within this time rather than in the same instant.
_WAKE_SPREAD = 0.25
_PASSING = frozenset({429, 502, 503, 504})
#: Said by a gateway that passed the call on and got no answer itself.
_PASSED_ON = (408, 502, 504)
_CHUNK = 65536
_LONGEST_REFUSAL = 100_000


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one attempt was like, for `ApiSession.on_call`. status: 0 without an answer; ms: milliseconds."""

    call: str
    status: int
    ms: int
    attempt: int
    trace_id: str


@dataclass(slots=True)
class _Outcome:
    """One attempt.

    again: repeating it may help; wait_until: unix time that the host asked us to wait for, or 0.
    sent: False when the host was not even reached.
    """

    answer: Answer | None = None
    error: ApiError | None = None
    again: bool = False
    wait_until: float = 0.0
    sent: bool = True

    @property
    def status(self) -> int | None:
        told = self.answer or self.error
        return told.status if told else None


class _Counter:
    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.value += 1


class _TooBigError(Exception):
    pass


#: All that a transport raises, and the ValueError of what is no HTTP at all: `http.client` and urllib3 let it through.
_FAULTS = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)


class _DeadlineAdapter(HTTPAdapter):
    def __init__(self, *, pool_size: int, total_seconds: float) -> None:
        self._total_seconds = total_seconds
        super().__init__(pool_connections=2, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(self._total_seconds)


class ApiSession:
    """All calls of one connection: its address, its credentials, its pool and its limits. Share one between threads.

    base_url: `https://SITE.atlassian.net`, `https://api.atlassian.com/ex/confluence/CLOUD_ID`, `https://api.atlassian.com`
    or `https://api.atlassian.com/marketplace`. email and token make Basic authentication, a token alone a bearer.
    key: names the connection in the log. limit and throttle: how many calls may be in flight, and when none may be
    sent; shared with whoever else calls through this connection.
    patience: seconds that one call may spend on waiting and trying again; beyond it the last error is raised.
    adapter: answers instead of the network (the sandbox). clock and sleep: unix time and waiting, in seconds.

    Raises Misconfigured for an address or a token with which no call could be made.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        key: str,
        email: str = "",
        limit: CallLimit | None = None,
        throttle: Throttle | None = None,
        adapter: BaseAdapter | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        patience: float = 60.0,
        total_seconds: float = TOTAL_SECONDS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.key = key
        self.patience, self.until = patience, math.inf
        self.throttle: Throttle = throttle or MemoryThrottle()
        self.on_call: Callable[[CallRecord], None] | None = None
        self._clock, self._sleep = clock, sleep
        self._stopped = threading.Event()
        self._timeout = timeout
        self._origin, self.host, self._prefix = split_address(base_url)
        self._headers, self._redact = credentials(email.strip(), token.strip())
        self.limit = limit or CallLimit(16)
        self._counter = _Counter()
        self._adapter = adapter or _DeadlineAdapter(pool_size=self.limit.most, total_seconds=total_seconds)

    def __repr__(self) -> str:
        return f"ApiSession({self.base_url!r}, key={self.key!r})"

    @property
    def base_url(self) -> str:
        return self._origin + self._prefix

    @property
    def is_gateway(self) -> bool:
        """The address is Atlassian's gateway, so that links for people have to come from the answers."""
        return self._prefix.startswith("/ex/")

    @property
    def calls(self) -> int:
        """How many requests were sent so far, repeated ones included, by this session and all made from it."""
        return self._counter.value

    def with_patience(self, seconds: float, *, until: float = math.inf) -> ApiSession:
        """The same session (pool, limits, counter) for somebody who can wait longer or less long.

        until: unix time after which no call is begun any more, however many there are.
        """
        other = copy.copy(self)
        other.patience, other.until = seconds, until
        other._stopped = threading.Event()
        return other

    def stop(self) -> None:
        """Begin no call of this session any more, also none that waits now; sessions made from it go on."""
        self._stopped.set()

    def close(self) -> None:
        self._adapter.close()

    def call(
        self,
        call: Call,
        *,
        path_args: Mapping[str, object] | None = None,
        params: Mapping[str, object] | None = None,
        body: object = None,
        retry: bool | None = None,
    ) -> Answer:
        """Make one call and return its answer, whose status is 2xx.

        path_args fill the path, percent-encoded. params: None and "" are left out; a list is repeated under its name.
        body: any value that `strictjson.dumps` takes. retry: False never repeats; else only what is safe is repeated.
        Raises Refused, NotFound, Misconfigured, Limited or Unavailable; see `errors.py`.
        """
        request = self._request(call, path_args or {}, params or {}, body)
        safe = (call.method == "GET" or call.idempotent) and retry is not False
        give_up_at = min(self._clock() + self.patience, self.until)
        not_before, attempt = 0.0, 0
        unsettled: ApiError | None = None
        unanswered = False
        while True:
            try:
                permission = self._take_turn(call, not_before, give_up_at)
            except Limited as error:
                raise _last_word(error, unsettled, attempt, unanswered) from None
            attempt += 1
            status = None
            try:
                outcome = self._attempt(call, request, attempt)
                status = outcome.status
            finally:
                self.limit.give_back(permission, status)
            if outcome.answer is not None:
                return replace(outcome.answer, unanswered=True) if unanswered else outcome.answer
            assert outcome.error is not None
            unanswered = unanswered or (outcome.sent and outcome.error.status in (None, *_PASSED_ON))
            not_before = self._next_try_at(outcome, attempt)
            if not safe or not not_before or not_before > give_up_at:
                raise _last_word(outcome.error, unsettled, attempt, unanswered)
            if call.method != "GET" and isinstance(outcome.error, Unavailable):
                unsettled = outcome.error

    def _take_turn(self, call: Call, not_before: float, give_up_at: float) -> int:
        """Wait until this call may be sent, nobody asked to rest and the limit has room; returns its permission."""
        if self._clock() >= self.until:
            raise Limited("Atlassian answers too slowly, and the call was not sent.", call=call.name, retry_after=60.0)
        while (wait := not_before - self._clock()) > 0:
            self._rest(wait)
        while True:
            self._wait_for_pause(call, give_up_at)
            permission = self.limit.take(give_up_at - self._clock())
            if permission is None:
                raise Limited(
                    "This connection has as many calls in flight as it may.",
                    call=call.name,
                    retry_after=1.0,
                )
            # While this call waited for room another one may have been told to slow down.
            if self.throttle.paused_until() <= self._clock() and not self._stopped.is_set():
                return permission
            self.limit.give_back(permission)
            self._require_not_stopped()

    def _rest(self, seconds: float) -> None:
        (self._sleep or self._stopped.wait)(seconds)
        self._require_not_stopped()

    def _require_not_stopped(self) -> None:
        if self._stopped.is_set():
            raise Limited("The call was not sent, since the work that it is part of was stopped.")

    def _wait_for_pause(self, call: Call, give_up_at: float) -> None:
        while (until := self.throttle.paused_until()) > (now := self._clock()):
            wait = until - now
            if until > give_up_at:
                raise Limited(
                    "Atlassian asked this connection to slow down, and the call was not sent.",
                    call=call.name,
                    retry_after=wait,
                )
            self._rest(wait + random.uniform(0, min(_WAKE_SPREAD, wait)))

    def _next_try_at(self, outcome: _Outcome, attempt: int) -> float:
        """Unix time at which sending the same call again makes sense; 0 when it would not help."""
        if not outcome.again or attempt >= MAX_ATTEMPTS:
            return 0.0
        if outcome.wait_until:
            return outcome.wait_until
        if attempt >= MAX_FAULTS:
            return 0.0
        return self._clock() + _backoff(attempt) * random.uniform(0.5, 1.0)

    def _request(
        self, call: Call, path_args: Mapping[str, object], params: Mapping[str, object], body: object
    ) -> requests.PreparedRequest:
        path = call.path.format_map({name: segment(call, value) for name, value in path_args.items()})
        url = self._origin + self._product_prefix(call) + path
        query = urlencode(query_pairs(params))
        headers: dict[str, str] = dict(self._headers)
        data = None
        if body is not None:
            try:
                data = strictjson.dumps(body).encode()
            except strictjson.StrictJSONError as error:
                raise Refused(f"This cannot be sent to Atlassian. {error}", call=call.name) from None
            headers["Content-Type"] = "application/json"
        request = requests.PreparedRequest()
        request.prepare(method=call.method, url=f"{url}?{query}" if query else url, headers=headers, data=data)
        return request

    def _product_prefix(self, call: Call) -> str:
        if call.product and self.is_gateway:
            return f"/ex/{call.product}/{self._prefix.split('/')[3]}"
        return self._prefix

    def _attempt(self, call: Call, request: requests.PreparedRequest, attempt: int) -> _Outcome:
        started = time.perf_counter()
        try:
            response = self._exchange(call, request)
            try:
                outcome = self._read(call, response, attempt)
            finally:
                response.close()
        except ApiError as error:
            outcome = _Outcome(error=error)
        except _TooBigError:
            limit = f"sent an answer of more than {strictjson.in_bytes(MAX_BYTES)}"
            outcome = _Outcome(error=failures.no_answer(call, self.host, limit))
        except _FAULTS as fault:
            outcome = self._fault(call, fault)
        self._report(call, outcome, started, attempt)
        return outcome

    def _exchange(self, call: Call, request: requests.PreparedRequest) -> requests.Response:
        """Send, and follow what may be followed: a redirect of a GET within the connection's own host.

        The adapter is used directly: `requests.Session` reads the whole body of a redirect, however large, proxies and
        certificates of the environment decide where it sends a credential, and it keeps cookies.
        """
        for _ in range(MAX_REDIRECTS + 1):
            self._counter.add()
            response = self._adapter.send(
                request, stream=True, timeout=self._timeout, verify=True, cert=None, proxies={}
            )
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            response.close()
            request = self._redirected(call, request, response)
        trace_id = self._trace_id(response)
        raise failures.redirected(call, self.host, "itself again and again", response.status_code, trace_id=trace_id)

    def _redirected(
        self, call: Call, request: requests.PreparedRequest, response: requests.Response
    ) -> requests.PreparedRequest:
        """The request to send next. Compared is the address as it will be sent; the raw one can be read in two ways."""
        target, following = response.headers.get("Location", ""), request.copy()
        try:
            following.prepare_url(urljoin(request.url or "", target), None)
            origin = origin_of(following.url or "")
        except ValueError:
            origin = origin_of("")
        if call.method != "GET" or not target or origin != origin_of(self._origin):
            host = self._redact(origin[1] or "") if target else ""
            trace_id = self._trace_id(response)
            raise failures.redirected(call, self.host, host, response.status_code, trace_id=trace_id)
        return following

    def _read(self, call: Call, response: requests.Response, attempt: int) -> _Outcome:
        status, trace_id = response.status_code, self._trace_id(response)
        wait, reason = seconds_to_rest(status, response.headers, now := self._clock())
        if status == 429 and not wait:
            wait, reason = _backoff(attempt + 1), "status 429"
        if wait:
            self.throttle.pause(now + wait, reason)
        if status >= 400:
            error = failures.from_status(
                call, status, _refusal(response), trace_id=trace_id, redact=self._redact, retry_after=wait or None
            )
            return _Outcome(error=error, again=status in _PASSING, wait_until=now + wait if wait else 0.0)
        if not 200 <= status < 300:
            return _Outcome(error=failures.no_answer(call, self.host, f"gave an answer with the odd status {status}"))
        raw = _body(response)
        if _is_html(response, raw):
            return _Outcome(error=failures.web_page(call, self.host, status, trace_id=trace_id))
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            broken = failures.no_answer(call, self.host, "sent an answer that is not UTF-8 text")
            return _Outcome(error=broken)
        return _Outcome(Answer(status, response.headers, text, trace_id, call, self._redact))

    def _fault(self, call: Call, fault: Exception) -> _Outcome:
        """What a failed transport means. Nothing of its text is shown: it may hold headers."""
        text = str(fault)
        if isinstance(fault, requests.exceptions.SSLError) and "EOF" not in text:
            why = "could not be reached over a trusted connection (its certificate or TLS is not accepted)"
            return _Outcome(error=failures.no_answer(call, self.host, why, configured=True), sent=False)
        if _has_cause(fault, NameResolutionError) or "Failed to resolve" in text:
            error = failures.no_answer(call, self.host, "cannot be found on the network", configured=True)
            return _Outcome(error=error, sent=False)
        if isinstance(fault, (requests.Timeout, TimeoutError)) or "timed out" in text or "took too long" in text:
            return _Outcome(error=failures.no_answer(call, self.host, "did not answer in time"), again=True)
        if _has_cause(fault, NewConnectionError):
            return _Outcome(error=failures.no_answer(call, self.host, "could not be reached"), again=True, sent=False)
        if isinstance(fault, (requests.exceptions.ContentDecodingError, DecodeError)):
            return _Outcome(error=failures.no_answer(call, self.host, "sent an answer that cannot be unpacked"))
        if isinstance(fault, requests.exceptions.InvalidURL):
            return _Outcome(error=failures.no_answer(call, self.host, "cannot be called like this", configured=True))
        if isinstance(fault, (OSError, HTTPError, HTTPException)):
            return _Outcome(error=failures.no_answer(call, self.host, "broke the connection"), again=True)
        return _Outcome(error=failures.no_answer(call, self.host, "sent an answer that is not HTTP"))

    def _trace_id(self, response: requests.Response) -> str:
        raw = response.headers.get("Atl-Traceid") or response.headers.get("X-Trace-Id") or ""
        # It goes into logs and pages: what does not look like an id is none, and could hold a credential in pieces.
        return raw if re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", self._redact(raw), re.ASCII) else ""

    def _report(self, call: Call, outcome: _Outcome, started: float, attempt: int) -> None:
        told = outcome.answer or outcome.error
        status, trace_id = outcome.status or 0, told.trace_id if told else ""
        ms = round((time.perf_counter() - started) * 1000)
        level = logging.INFO if 200 <= status < 300 or status == 404 else logging.WARNING
        if logger.isEnabledFor(level):
            logger.log(
                level,
                "connection=%s call=%s status=%s ms=%s attempt=%s trace_id=%s",
                *(self.key, call.name, status, ms, attempt, trace_id or "-"),
                extra={
                    "connection": self.key,
                    "call": call.name,
                    "status": status,
                    "ms": ms,
                    "attempt": attempt,
                    "trace_id": trace_id,
                },
            )
        if self.on_call:
            self.on_call(CallRecord(call.name, status, ms, attempt, trace_id))


def _last_word(error: ApiError, unsettled: ApiError | None, attempts: int, unanswered: bool) -> ApiError:
    """What to raise: a write of which an earlier try got no answer may have been done, whatever the last try met."""
    if unsettled is not None and not isinstance(error, Unavailable):
        error = Unavailable(
            f"{unsettled.message} When asked again: {error.message}",
            advice=error.advice,
            call=error.call,
            needs=error.needs,
            trace_id=error.trace_id,
            retry_after=error.retry_after,
            last_told=error,
        )
    error.attempts, error.unanswered = attempts, unanswered
    return error


def _body(response: requests.Response, most: int = MAX_BYTES) -> bytes:
    """The whole body, unpacked. Raises _TooBigError as soon as there are more than `most` bytes."""
    declared = response.headers.get("Content-Length", "")
    if re.fullmatch(r"\d{1,18}", declared, re.ASCII) and int(declared) > most:
        raise _TooBigError
    chunks, size = [], 0
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > most:
            raise _TooBigError
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(response: requests.Response) -> str:
    """What stands in an answer that is an error. Its status says enough where this is too long or breaks off."""
    try:
        return _body(response, _LONGEST_REFUSAL).decode("utf-8-sig", "replace")
    except (_TooBigError, *_FAULTS):
        return ""


def _is_html(response: requests.Response, raw: bytes) -> bool:
    if "text/html" in response.headers.get("Content-Type", "").lower():
        return bool(raw.strip())
    return raw[:64].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _has_cause(fault: BaseException, kind: type[BaseException]) -> bool:
    """Whether `kind` lies beneath; urllib3 and requests wrap in `args` and `reason` rather than in causes."""
    seen: list[object] = [fault]
    for item in seen:
        if isinstance(item, kind):
            return True
        if isinstance(item, BaseException) and len(seen) < 20:
            seen += [*item.args, getattr(item, "reason", None)]
    return False


def _backoff(attempt: int) -> float:
    return min(_BACKOFF * 2.0 ** (attempt - 1), _LONGEST_BACKOFF)
