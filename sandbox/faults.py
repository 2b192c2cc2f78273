"""The sandbox's failure switches: kept in its state, so they act in every process, and spent one answer at a time.

Every function here sets one switch and gives its number; `clear(state)` takes all of them away. Each takes, beside its
own arguments, these (keywords only):

- `call`: the name of a call, or a pattern such as "confluence.*_level.set" (default "*": any call);
- `host`: only on this host; `item`: only for this id in the path (page, space, product, level …);
- `skip`: let so many matching requests pass first; `times`: act so many times (None: until cleared);
- `until`: act until this moment (unix seconds of the state's clock).
"""

import json
import math
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from sandbox import stranger
from sandbox.messages import JSON, Problem, SandboxRequest, SandboxResponse
from sandbox.state import State

KINDS: dict[str, dict[str, Any]] = {
    "latency": {"ms": 50},
    "rate_limit": {"retry_after": 1, "style": "burst"},
    "near_limit": {"remaining": 5, "reset_in": 10},
    "parallel_limit": {"most": 20, "retry_after": 1},
    "server_error": {"status": 503, "retry_after": None},
    "refuse": {"status": 403, "message": "", "shape": "plain"},
    "reset_connection": {},
    "lost_answer": {},
    "late_arrival": {},
    "html_answer": {"status": 200},
    "redirect": {"to": "https://login.example.com/", "status": 302},
    "slow_body": {"seconds": 5.0},
    "cut_body": {},
    "broken_body": {},
    "oversized": {"megabytes": 21},
    "duplicate_keys": {},
    "not_a_number": {},
    "stranger": {"action": "", "params": {}},
}
"""Every kind of switch with its own parameters and their defaults."""


@dataclass(frozen=True)
class Fault:
    """A switch as it stands: `times` None means until it is cleared."""

    id: int
    kind: str
    call: str
    host: str
    item: str
    skip: int
    times: int | None
    until: float | None
    params: dict[str, Any]


# --- setting and clearing -------------------------------------------------------------------------------------------


def put(
    state: State,
    kind: str,
    *,
    call: str = "*",
    host: str = "",
    item: str | int = "",
    skip: int = 0,
    times: int | None = None,
    until: float | None = None,
    **params: Any,
) -> int:
    """Set a switch of any kind (see KINDS); raises ValueError for an unknown kind or a wrong parameter."""
    _check(kind, params)
    for name, value, allowed in (("call", call, str), ("host", host, str), ("item", item, str | int)):
        if not isinstance(value, allowed):
            raise ValueError(f"'{name}' must be a text.")
    for name, number, least in (("skip", skip, 0), ("times", times, 1), ("until", until, 0)):
        if number is not None and (not _is_number(number) or number < least):
            raise ValueError(f"'{name}' must be a number of at least {least}.")
    with state.write() as db:
        row = db.execute(
            "INSERT INTO faults (kind, call, host, item, skip, times, until, params) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (kind, call, host, str(item), skip, times, until, json.dumps(KINDS[kind] | params)),
        )
        assert row.lastrowid is not None
        return row.lastrowid


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check(kind: str, params: dict[str, Any]) -> None:
    """Whether a kind exists and each parameter is one of its own, of the type of its default."""
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of fault '{kind}': use one of {', '.join(KINDS)}.")
    for name, value in params.items():
        if name not in KINDS[kind]:
            raise ValueError(f"A {kind} fault has no parameter '{name}'.")
        default = KINDS[kind][name]
        number = default is None or _is_number(default)
        if not (
            _is_number(value) or (name == "retry_after" and value is None) if number else type(value) is type(default)
        ):
            raise ValueError(f"The parameter '{name}' of a {kind} fault is of the wrong type.")
    target = params.get("to", "")
    if not (target.isascii() and target.isprintable()):  # it becomes a header, and must not end it to begin another
        raise ValueError("The parameter 'to' must be printable ASCII.")
    if kind == "stranger":
        stranger.check(params.get("action", ""), params.get("params", {}))


def clear(state: State, fault_id: int | None = None) -> None:
    """Take one switch away, or all."""
    with state.write() as db:
        db.execute("DELETE FROM faults WHERE ? IS NULL OR id = ?", (fault_id, fault_id))


def active(state: State) -> list[Fault]:
    """The switches that still act."""
    with state.read() as db:
        return [_fault(row) for row in db.execute("SELECT * FROM faults ORDER BY id").fetchall()]


def latency(state: State, ms: float, **where: Any) -> int:
    """Every matching answer takes `ms` milliseconds."""
    return put(state, "latency", ms=ms, **where)


def rate_limit(state: State, *, retry_after: float | None = 1, style: str = "burst", **where: Any) -> int:
    """429. `retry_after` in seconds (None: no header); with `until`, Retry-After counts down to it.

    `style`: "burst" adds X-RateLimit-*, "quota" RateLimit, RateLimit-Policy and RateLimit-Reason, "beta" the same
    with the prefix Beta-.
    """
    return put(state, "rate_limit", retry_after=retry_after, style=style, **where)


def near_limit(state: State, *, remaining: int = 5, reset_in: float = 10, **where: Any) -> int:
    """Good answers that warn: X-RateLimit-NearLimit, how many calls are left, and when the window starts again."""
    return put(state, "near_limit", remaining=remaining, reset_in=reset_in, **where)


def parallel_limit(state: State, most: int = 20, *, retry_after: float = 1, **where: Any) -> int:
    """429 for whoever comes while `most` calls of this process are under way."""
    return put(state, "parallel_limit", most=most, retry_after=retry_after, **where)


def server_error(state: State, *, status: int = 503, retry_after: float | None = None, **where: Any) -> int:
    """A 5xx; nothing was done."""
    return put(state, "server_error", status=status, retry_after=retry_after, **where)


def refuse(
    state: State, *, item: str | int = "", operation: str = "*", status: int = 403, message: str = "", **where: Any
) -> int:
    """Refuse an operation ("get", "set", "reset", "remove", "publish" …, the end of a call's name) on an item."""
    where.setdefault("call", "*" if operation == "*" else f"*[._]{operation}")
    return put(state, "refuse", item=item, status=status, message=message, **where)


def reset_connection(state: State, **where: Any) -> int:
    """The connection breaks before anything was done."""
    return put(state, "reset_connection", **where)


def lost_answer(state: State, **where: Any) -> int:
    """What was asked is done, then the connection breaks."""
    return put(state, "lost_answer", **where)


def late_arrival(state: State, **where: Any) -> int:
    """The connection breaks, and what was asked is only done once `router.deliver_late` says so."""
    return put(state, "late_arrival", **where)


def html_answer(state: State, *, status: int = 200, **where: Any) -> int:
    """A sign-in page instead of JSON; nothing was done."""
    return put(state, "html_answer", status=status, **where)


def redirect(state: State, *, to: str = "https://login.example.com/", status: int = 302, **where: Any) -> int:
    """A redirect, to another host unless told otherwise."""
    return put(state, "redirect", to=to, status=status, **where)


def slow_body(state: State, seconds: float = 5.0, **where: Any) -> int:
    """The head comes at once, the body over so many seconds."""
    return put(state, "slow_body", seconds=seconds, **where)


def cut_body(state: State, **where: Any) -> int:
    """The connection ends in the middle of the body."""
    return put(state, "cut_body", **where)


def broken_body(state: State, **where: Any) -> int:
    """A whole answer whose JSON is not."""
    return put(state, "broken_body", **where)


def oversized(state: State, *, megabytes: int = 21, **where: Any) -> int:
    """A valid answer, padded to so many MB."""
    return put(state, "oversized", megabytes=megabytes, **where)


def duplicate_keys(state: State, **where: Any) -> int:
    """An object that has a key twice."""
    return put(state, "duplicate_keys", **where)


def not_a_number(state: State, **where: Any) -> int:
    """An object with NaN as a value."""
    return put(state, "not_a_number", **where)


def stranger_meanwhile(
    state: State, action: str, *, before: str, nth: int = 1, times: int | None = 1, **params: Any
) -> int:
    """Just before the nth request that matches `before`, a stranger does something (see stranger.ACTIONS)."""
    return put(state, "stranger", call=before, skip=nth - 1, times=times, action=action, params=params)


# --- acting ---------------------------------------------------------------------------------------------------------


def _fault(row: sqlite3.Row) -> Fault:
    return Fault(**{**dict(row), "params": json.loads(row["params"])})


def matching(state: State, request: SandboxRequest) -> list[Fault]:
    """The switches that act on this request; each use that is limited is spent, by one process only."""
    with state.read() as db:
        rows = db.execute("SELECT * FROM faults ORDER BY id").fetchall()
    if not rows:
        return []
    acting = []
    for fault in map(_fault, rows):
        if not fnmatchcase(request.call, fault.call) or (fault.host and fault.host != request.host):
            continue
        if fault.item and fault.item not in request.args.values():
            continue
        if fault.until is not None and state.clock() >= fault.until:
            continue
        if (fault.skip == 0 and fault.times is None) or _spend(state, fault):
            acting.append(fault)
    return acting


def _spend(state: State, fault: Fault) -> bool:
    with state.write() as db:
        skipped = db.execute("UPDATE faults SET skip = skip - 1 WHERE id = ? AND skip > 0", (fault.id,)).rowcount
        if skipped:
            return False
        if fault.times is None:
            return True
        spent = db.execute("UPDATE faults SET times = times - 1 WHERE id = ? AND times > 0", (fault.id,)).rowcount
        db.execute("DELETE FROM faults WHERE id = ? AND times <= 0", (fault.id,))
        return bool(spent)


def before(state: State, request: SandboxRequest, faults: list[Fault]) -> SandboxResponse | None:
    """What is answered instead of doing what was asked; strangers act here. None: go on."""
    for fault in faults:
        if fault.kind == "stranger":
            stranger.act(state, fault.params["action"], host=request.host, **fault.params["params"])
        elif fault.kind == "late_arrival":
            _hold(state, request)
            return SandboxResponse(broken="reset")
        elif fault.kind in _INSTEAD:
            response = _INSTEAD[fault.kind](state, fault)
            if response is not None:
                return response
    return None


def _hold(state: State, request: SandboxRequest) -> None:
    with state.write() as db:
        db.execute(
            "INSERT INTO late (method, url, headers, body, dialect) VALUES (?, ?, ?, ?, ?)",
            (request.method, request.url, json.dumps(request.headers), request.body, request.dialect),
        )


def after(state: State, response: SandboxResponse, faults: list[Fault]) -> SandboxResponse:
    """The answer, spoiled."""
    for fault in faults:
        if fault.kind in _SPOIL:
            _SPOIL[fault.kind](state, fault, response)
    return response


def _limited(state: State, fault: Fault) -> SandboxResponse:
    wait = fault.params["retry_after"]
    if fault.until is not None:
        wait = max(1, math.ceil(fault.until - state.clock()))
    headers = {} if wait is None else {"Retry-After": str(wait)}
    left = 1 if wait is None else wait
    style = fault.params.get("style", "burst")
    if style == "burst":
        headers |= _window(state, 0, left)
    else:
        prefix = "Beta-" if style == "beta" else ""
        headers |= {
            f"{prefix}RateLimit-Policy": '"global-app-quota";q=65000;w=3600',
            f"{prefix}RateLimit": f'"global-app-quota";r=0;t={math.ceil(left)}',
            "RateLimit-Reason": "jira-quota-global-based",
        }
    return Problem(429, "Rate limit exceeded", shape="plain", headers=headers).response()


def _window(state: State, remaining: int, reset_in: float) -> dict[str, str]:
    reset = datetime.fromtimestamp(math.ceil(state.clock() + reset_in), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": reset,
        "X-RateLimit-NearLimit": "true",
    }


def _crowded(state: State, fault: Fault) -> SandboxResponse | None:
    return _limited(state, fault) if state.in_flight > fault.params["most"] else None


def _failed(state: State, fault: Fault) -> SandboxResponse:
    wait = fault.params["retry_after"]
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Problem(fault.params["status"], "Internal server error", shape="html", headers=headers).response()


def _refused(state: State, fault: Fault) -> SandboxResponse:
    message = fault.params["message"] or "You cannot do that with this content"
    return Problem(fault.params["status"], message, shape=fault.params["shape"]).response()


def _redirected(state: State, fault: Fault) -> SandboxResponse:
    return SandboxResponse(fault.params["status"], {"Location": fault.params["to"]})


_INSTEAD = {
    "rate_limit": _limited,
    "parallel_limit": _crowded,
    "server_error": _failed,
    "refuse": _refused,
    "redirect": _redirected,
    "html_answer": lambda state, fault: Problem(fault.params["status"], "Log in", shape="html").response(),
    "reset_connection": lambda state, fault: SandboxResponse(broken="reset"),
}


def _slow(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.delay += fault.params["ms"] / 1000


def _near(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.headers |= _window(state, fault.params["remaining"], fault.params["reset_in"])


def _slow_body(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.body_delay += fault.params["seconds"]


def _lost(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.broken = "reset"


def _cut(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.broken = "cut"
    response.body = response.body or b"{}"


def _halved(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.body = response.body[: len(response.body) // 2] or b'{"'
    response.headers["Content-Type"] = JSON


def _padded(state: State, fault: Fault, response: SandboxResponse) -> None:
    response.body = response.body.ljust(fault.params["megabytes"] * 1024 * 1024)


def _with_member(member: bytes) -> Any:
    def spoil(state: State, fault: Fault, response: SandboxResponse) -> None:
        at = response.body.rfind(b"}")
        comma = b"" if response.body[:at].rstrip().endswith(b"{") else b", "
        response.body = response.body[:at] + comma + member + response.body[at:] if at >= 0 else b"{" + member + b"}"

    return spoil


_SPOIL = {
    "latency": _slow,
    "near_limit": _near,
    "slow_body": _slow_body,
    "lost_answer": _lost,
    "cut_body": _cut,
    "broken_body": _halved,
    "oversized": _padded,
    "duplicate_keys": _with_member(b'"twice": 1, "twice": 2'),
    "not_a_number": _with_member(b'"notANumber": NaN'),
}
