"""Who asks the sandbox, and what they may see and change."""

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterable

from sandbox.messages import Caller, Problem, SandboxRequest
from sandbox.names import NONE


def space_thing(host: str, space_id: int) -> str:
    return f"space:{host}:{space_id}"


def project_thing(host: str, project_id: int) -> str:
    return f"project:{host}:{project_id}"


def caller_of(db: sqlite3.Connection, request: SandboxRequest, *, basic: bool, bearer: bool, shape: str) -> Caller:
    """Who the Authorization header names; nobody without one; a Problem (401) when it names no account."""
    header = request.headers.get("authorization", "")
    if not header:
        return Caller()
    scheme, _, credential = header.partition(" ")
    email, token = "", credential.strip()
    is_basic, allowed = scheme.lower() == "basic", bearer
    if is_basic:
        allowed = basic
        try:
            email, _, token = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            allowed = False
    row = db.execute("SELECT * FROM accounts WHERE token = ?", (token,)).fetchone() if allowed else None
    if row is None or (is_basic and row["email"].lower() != email.lower()):
        raise unauthorized(shape)
    return Caller(
        row["account_id"],
        row["email"],
        row["name"],
        bool(row["org_admin"]),
        bool(row["partner"]),
        row["default_right"],
        not is_basic,
        frozenset(json.loads(row["scopes"])) if row["scopes"] and not is_basic else None,
    )


def unauthorized(shape: str) -> Problem:
    message = "Client must be authenticated to access this resource." if shape == "text" else "Unauthorized"
    return Problem(401, message, shape=shape, headers={"WWW-Authenticate": 'Basic realm="Atlassian"'})


def right_to(db: sqlite3.Connection, caller: Caller, thing: str) -> int:
    """NONE, VIEW, EDIT or ADMIN."""
    row = db.execute(
        "SELECT level FROM rights WHERE account_id = ? AND thing = ?", (caller.account_id, thing)
    ).fetchone()
    return caller.default_right if row is None else row[0]


def spaces_clause(db: sqlite3.Connection, request: SandboxRequest, least: int) -> tuple[str, list[int]]:
    """An SQL condition on a space id that keeps the spaces to which the caller has at least this right."""
    prefix = f"space:{request.host}:"
    rows = db.execute(
        "SELECT thing, level FROM rights WHERE account_id = ? AND thing >= ? AND thing < ?",
        (request.caller.account_id, prefix, prefix + ";"),
    ).fetchall()
    own = {int(row["thing"].removeprefix(prefix)): row["level"] for row in rows}
    if request.caller.default_right >= least:
        return _in("NOT IN", (space for space, level in own.items() if level < least))
    return _in("IN", (space for space, level in own.items() if level >= least))


def _in(how: str, ids: Iterable[int]) -> tuple[str, list[int]]:
    found = list(ids)
    return f"{how} ({', '.join('?' * len(found))})", found


def site_of(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    """The site asked, when the caller may use it; a Problem (404) otherwise, as if it were not there."""
    site = db.execute("SELECT * FROM sites WHERE host = ?", (request.host,)).fetchone()
    closed = db.execute(
        "SELECT 1 FROM rights WHERE account_id = ? AND thing = ? AND level = ?",
        (request.caller.account_id, f"site:{request.host}", NONE),
    ).fetchone()
    if site is None or closed:
        raise Problem(404, "Not Found", shape="empty")
    return site


def entitled_site(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    """The site asked, when its plan has data classification; else the same 404."""
    site = site_of(db, request)
    if not site["entitled"]:
        raise Problem(404, "Not Found", shape="v2")
    return site
