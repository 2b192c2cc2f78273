"""The organisation's audit log over the API: queries, the event stream, and the names of actions."""

import json
import math
import sqlite3
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox import events, paging
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer
from sandbox.moments import iso
from sandbox.names import ORG_ID
from sandbox.routes import Route
from sandbox.state import State

RETENTION_MS = 180 * 24 * 3600 * 1000
PER_MINUTE = 10


def require_admin(request: SandboxRequest) -> str:
    """The organisation in the path when the caller administers it; a Problem (403) otherwise."""
    if not request.caller.org_admin or request.args["orgId"] != ORG_ID:
        raise Problem(403, "You do not have permission to administer this organization", shape="org")
    return request.args["orgId"]


def _time(request: SandboxRequest, name: str) -> int | None:
    """A moment given in epoch milliseconds or ISO 8601, in milliseconds."""
    given = request.one(name).replace(" ", "+")  # a plus that was not escaped
    if not given:
        return None
    if given.isascii() and given.isdigit() and len(given) < 15:
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Problem(400, f"'{name}' must be a time in ISO 8601 or epoch milliseconds", shape="org") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _view(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    path = f"{request.origin}/admin/v1/orgs/{row['org_id']}/events/{row['seq']}"
    return {
        "id": f"{row['seq']:08d}",
        "type": "events",
        "attributes": {
            "time": iso(row["time"] / 1000),
            "action": row["action"],
            "actor": {
                "id": row["actor_id"],
                "name": row["actor_name"],
                "email": row["actor_email"],
                "auth": {"authType": "token"},
            },
            "context": json.loads(row["context"]),
            "container": [
                {"id": row["org_id"], "type": "Organization", "attributes": {"product": row["product"]}, "links": {}}
            ],
            "location": {"ip": "192.0.2.1", "geo": ""},
        },
        "message": {"content": row["message"], "format": "simple"},
        "links": {"self": path},
    }


def _select(state: State, request: SandboxRequest) -> tuple[str, list[Any]]:
    oldest = int(state.clock() * 1000) - RETENTION_MS
    start, end = _time(request, "from"), _time(request, "to")
    if start is not None and end is not None and start > end:
        raise Problem(400, "'from' must not be later than 'to'", shape="org")
    select = "SELECT * FROM events WHERE org_id = ? AND time >= ?"
    params: list[Any] = [require_admin(request), max(oldest, start or 0)]
    return (select + " AND time <= ?", [*params, end]) if end is not None else (select, params)


def _filters(request: SandboxRequest) -> tuple[str, list[Any]]:
    select, params = "", []
    for name, condition in (
        ("action", "action IN ({})"),
        ("product", "product IN ({})"),
        ("actor", "actor_id IN ({0}) OR actor_email IN ({0})"),
    ):
        values = request.many(name)
        if values:
            marks = ", ".join("?" * len(values))
            select += f" AND ({condition.format(marks)})"
            params += values * condition.count("IN")
    if request.one("q"):
        select += " AND message LIKE ? ESCAPE '!'"
        params.append("%" + "".join("!" + c if c in "!%_" else c for c in request.one("q")) + "%")
    return select, params


def _page(
    state: State, request: SandboxRequest, select: str, params: list[Any], *, down: bool, keep_cursor: bool
) -> SandboxResponse:
    limit = paging.read_limit(request, default=100, most=500, shape="org")
    if "cursor" in request.query:
        last = paging.read_cursor(request.one("cursor"), parts=2, shape="org")
        select, params = select + f" AND (time, seq) {'<' if down else '>'} (?, ?)", [*params, *last]
    way = "DESC" if down else "ASC"
    with state.read() as db:
        rows = db.execute(f"{select} ORDER BY time {way}, seq {way} LIMIT ?", [*params, limit + 1]).fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    cursor = paging.write_cursor([rows[-1]["time"], rows[-1]["seq"]]) if rows else request.one("cursor")
    own = f"{request.origin}{request.path}"
    links: dict[str, Any] = {"self": f"{own}?{request.query_string}" if request.query_string else own}
    meta: dict[str, Any] = {"page_size": len(rows)}
    if more or keep_cursor:
        meta["next"] = cursor
    if more or (keep_cursor and cursor):
        query = {name: values for name, values in request.query.items() if name != "cursor"}
        links["next"] = f"{own}?{urlencode({**query, 'cursor': [cursor]}, doseq=True)}"
    return answer({"data": [_view(request, row) for row in rows], "meta": meta, "links": links})


def _spend(state: State, request: SandboxRequest) -> None:
    """Counts a query against the log's ten a minute (setting `events_per_minute`, null for no limit); else a 429."""
    most = state.setting("events_per_minute", PER_MINUTE)
    if most is None:
        return
    now, name = state.clock(), f"events:{request.caller.account_id}"
    with state.write() as db:
        db.execute("DELETE FROM reads WHERE at <= ?", (now - 60,))
        times = [row[0] for row in db.execute("SELECT at FROM reads WHERE name = ? ORDER BY at", (name,))]
        if len(times) < most:
            db.execute("INSERT INTO reads VALUES (?, ?)", (name, now))
            return
    headers = {"Retry-After": str(max(1, math.ceil(times[0] + 60 - now)))}
    raise Problem(429, f"The audit log answers {most} requests a minute", shape="org", headers=headers)


def query_events(state: State, request: SandboxRequest) -> SandboxResponse:
    require_admin(request)
    _spend(state, request)
    select, params = _select(state, request)
    more, more_params = _filters(request)
    return _page(state, request, select + more, [*params, *more_params], down=True, keep_cursor=False)


def stream_events(state: State, request: SandboxRequest) -> SandboxResponse:
    order = request.one("sortOrder", "asc").lower()
    if order not in ("asc", "desc"):
        raise Problem(400, "sortOrder must be asc or desc", shape="org")
    select, params = _select(state, request)
    # A poller keeps the last cursor and asks again with it for what has happened since.
    return _page(state, request, select, params, down=order == "desc", keep_cursor=order == "asc")


def event_actions(state: State, request: SandboxRequest) -> SandboxResponse:
    require_admin(request)
    found = [
        {"id": name, "type": "event-actions", "attributes": {"displayName": shown, "groupDisplayName": group}}
        for name, (shown, group) in events.ACTIONS.items()
    ]
    return answer({"data": found})


_ORG = "/v1/orgs/{orgId}"
ROUTES = [
    Route("organization.events", "GET", _ORG + "/events", query_events),
    Route("organization.events_stream", "GET", _ORG + "/events-stream", stream_events),
    Route("organization.event_actions", "GET", _ORG + "/event-actions", event_actions),
]
