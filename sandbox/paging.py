"""Pages of a list with opaque cursors that stay right when rows come and go in between."""

import base64
import json
import sqlite3
from typing import Any
from urllib.parse import urlencode

from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer

Params = list[Any]


def read_limit(request: SandboxRequest, *, default: int, most: int, shape: str = "v2") -> int:
    """The `limit` asked for; a Problem (400) when it is no number from 1 to `most`."""
    given = request.one("limit")
    if "limit" not in request.query:
        return default
    limit = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    if not 1 <= limit <= most:
        raise Problem(400, f"Provided value '{given[:40]}' for 'limit' is not a number from 1 to {most}", shape=shape)
    return limit


def write_cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _storable(value: Any) -> bool:
    return isinstance(value, str) or (type(value) is int and abs(value) < 2**63)


def read_cursor(text: str, *, parts: int, shape: str = "v2") -> list[Any]:
    """What a cursor of ours holds; a Problem (400) when it is none of ours."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list) or len(value) != parts or not all(map(_storable, value)):
        raise Problem(400, "Invalid cursor", shape=shape)
    return value


def page(
    db: sqlite3.Connection,
    request: SandboxRequest,
    *,
    select: str,
    params: Params,
    sorts: dict[str, str],
    tie: str,
    limit: int,
) -> tuple[list[sqlite3.Row], str]:
    """One page of `select` (which ends in a WHERE clause) and the next cursor, "" at the end.

    `sorts` maps the API's sort names to columns; the first is the default; `-name` turns it round. `tie` is the
    unique column that settles equal values.
    """
    asked = request.one("sort") or next(iter(sorts))
    column, down = sorts.get(asked.removeprefix("-")), asked.startswith("-")
    if column is None:
        raise Problem(400, f"Provided value '{asked[:40]}' for 'sort' is not supported")
    params = list(params)
    if "cursor" in request.query:
        name, value, last = read_cursor(request.one("cursor"), parts=3)
        if name != asked:
            raise Problem(400, "Invalid cursor")
        select += f" AND ({column}, {tie}) {'<' if down else '>'} (?, ?)"
        params += [value, last]
    way = "DESC" if down else "ASC"
    rows = db.execute(f"{select} ORDER BY {column} {way}, {tie} {way} LIMIT ?", [*params, limit + 1]).fetchall()
    if len(rows) <= limit:
        return rows, ""
    rows = rows[:limit]
    return rows, write_cursor([asked, rows[-1][column.split(".")[-1]], rows[-1][tie.split(".")[-1]]])


def next_path(request: SandboxRequest, cursor: str) -> str:
    """The path and query of the following page: the same filters, another cursor."""
    query = {name: values for name, values in request.query.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**query, 'cursor': [cursor]}, doseq=True)}"


def results(request: SandboxRequest, found: list[dict[str, Any]], cursor: str) -> SandboxResponse:
    """A page in Confluence's manner: `results`, `_links` relative to the host, and a Link header."""
    links, headers = {"base": f"{request.origin}/wiki"}, {}
    if cursor:
        links["next"] = next_path(request, cursor)
        headers["Link"] = f'<{links["next"]}>; rel="next"'
    return answer({"results": found, "_links": links}, headers=headers)
