"""Jira Cloud REST v3 in the sandbox: levels, projects and their defaults."""

import sqlite3
from typing import Any

from sandbox import events, levels
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_fields, no_content
from sandbox.names import ADMIN, LEVEL_ARI, NONE
from sandbox.rights import entitled_site, project_thing, right_to, site_of
from sandbox.routes import Route
from sandbox.state import State

LEVEL_STATUSES = ("PUBLISHED", "ARCHIVED", "DRAFT")
SYSTEM_TAG = {
    "id": LEVEL_ARI + "00000000-0000-4000-8000-00000000f00d",
    "status": "published",
    "name": "Not reviewed (system)",
    "description": "Given by Jira itself; nobody can apply it",
    "guideline": "",
}
"""A tag without rank and colour, listed on sites with the setting `jira_system_tag:{host}`."""


def all_levels(state: State, request: SandboxRequest) -> SandboxResponse:
    wanted = [value.upper() for value in request.many("status")]
    if any(value not in LEVEL_STATUSES for value in wanted):
        raise Problem(400, "The status is invalid: use PUBLISHED, ARCHIVED or DRAFT.", shape="jira")
    order = request.one("orderBy").replace(" ", "+")  # a plus that was not escaped
    if order not in ("", "rank", "+rank", "-rank"):
        raise Problem(400, f"The orderBy value '{order[:40]}' is invalid.", shape="jira")
    with state.read() as db:
        site = entitled_site(db, request)
        rows = levels.all_levels(db, site["org_id"])
    found = [levels.jira_view(row) for row in rows if not wanted or row["status"] in wanted]
    if state.setting(f"jira_system_tag:{request.host}") and (not wanted or "PUBLISHED" in wanted):
        found.append(dict(SYSTEM_TAG))
    return answer({"classifications": found[::-1] if order == "-rank" else found})


# --- projects -------------------------------------------------------------------------------------------------------


def _whole(request: SandboxRequest, name: str, default: int) -> int:
    given = request.one(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Problem(400, f"The value '{given[:40]}' of '{name}' is not a whole number.", shape="jira")
    return int(given)


def projects(state: State, request: SandboxRequest) -> SandboxResponse:
    start, size = _whole(request, "startAt", 0), min(max(_whole(request, "maxResults", 50), 1), 50)
    order = request.one("orderBy", "key").replace(" ", "+").removeprefix("+")
    if order.removeprefix("-") not in ("key", "name"):
        raise Problem(400, f"The orderBy value '{order[:40]}' is invalid.", shape="jira")
    text, column = request.one("query").casefold(), order.removeprefix("-")
    with state.read() as db:
        site_of(db, request)
        rows = db.execute("SELECT * FROM projects WHERE host = ?", (request.host,)).fetchall()
        seen = [row for row in rows if _right(db, request, row) > NONE]
    statuses = request.many("status")
    seen = [row for row in seen if text in row["key"].casefold() or text in row["name"].casefold()]
    seen = [row for row in seen if not statuses or ("archived" if row["archived"] else "live") in statuses]
    seen.sort(key=lambda row: row[column].casefold(), reverse=order.startswith("-"))
    base, page = f"{request.origin}/rest/api/3/project/search", seen[start : start + size]
    found: dict[str, Any] = {
        "self": f"{base}?startAt={start}&maxResults={size}",
        "maxResults": size,
        "startAt": start,
        "total": len(seen),
        "isLast": start + size >= len(seen),
        "values": [_view(request, row) for row in page],
    }
    if not found["isLast"]:
        found["nextPage"] = f"{base}?startAt={start + size}&maxResults={size}"
    return answer(found)


def _right(db: sqlite3.Connection, request: SandboxRequest, row: sqlite3.Row) -> int:
    return right_to(db, request.caller, project_thing(request.host, row["id"]))


def _view(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "self": f"{request.origin}/rest/api/3/project/{row['id']}",
        "id": str(row["id"]),
        "key": row["key"],
        "name": row["name"],
        "projectTypeKey": row["type"],
        "archived": bool(row["archived"]),
        "simplified": False,
        "style": "classic",
        "isPrivate": False,
        "properties": {},
    }


def find_project(db: sqlite3.Connection, request: SandboxRequest) -> tuple[sqlite3.Row, int]:
    """The project in the path, by id or key, and the caller's right to it; a Problem (404) otherwise."""
    given = request.args["idOrKey"]
    column, value = ("id", int(given)) if given.isascii() and given.isdigit() and len(given) < 18 else ("key", given)
    query = f"SELECT * FROM projects WHERE host = ? AND {column} = ?"  # noqa: S608 - id or key
    row = db.execute(query, (request.host, value)).fetchone()
    right = _right(db, request, row) if row else NONE
    if right == NONE:
        raise Problem(404, f"No project could be found with key or id '{given[:40]}'.", shape="jira")
    return row, right


def project(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        site_of(db, request)
        row, _ = find_project(db, request)
    return answer(_view(request, row))


# --- the default of a project ---------------------------------------------------------------------------------------


def project_default(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        entitled_site(db, request)
        row, _ = find_project(db, request)
        level = levels.published(db, row["level"])
    return answer({"classification": levels.jira_view(level)} if level else {})


def set_project_default(state: State, request: SandboxRequest) -> SandboxResponse:
    body = body_fields(request, {"id": str}, required=("id",), shape="jira")
    with state.write() as db:
        site = entitled_site(db, request)
        row = _administered_project(db, request)
        level = levels.applicable(db, site["org_id"], body["id"], shape="jira")
        _store(db, state, request, row, level)
    return no_content()


def clear_project_default(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        entitled_site(db, request)
        _store(db, state, request, _administered_project(db, request), None)
    return no_content()


def _not_an_administrator() -> Problem:
    """Jira answers 401 here, with a credential that is good for everything else."""
    return Problem(401, "You do not have permission to administer this project.", shape="jira")


def _administered_project(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    row, right = find_project(db, request)
    if right < ADMIN:
        raise _not_an_administrator()
    if row["archived"]:
        raise Problem(400, "The project is archived and cannot be changed.", shape="jira")
    return row


def _store(
    db: sqlite3.Connection, state: State, request: SandboxRequest, row: sqlite3.Row, level: sqlite3.Row | None
) -> None:
    level_id = level["id"] if level else None
    db.execute("UPDATE projects SET level = ? WHERE host = ? AND id = ?", (level_id, request.host, row["id"]))
    action = "project_default_classification_level_" + ("set" if level else "removed")
    target = {"type": "Project", "id": str(row["id"]), "name": row["name"]}
    events.record_call(db, state.clock(), request, action, [target, *events.level_target(level)])


def project_config(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        site = entitled_site(db, request)
        row, right = find_project(db, request)
        if right < ADMIN:
            raise _not_an_administrator()
        own = levels.published(db, row["level"])
        organization = levels.published(db, levels.organization_default(db, site["org_id"]))
        permitted = [level for level in levels.all_levels(db, site["org_id"]) if level["status"] == "PUBLISHED"]
    found: dict[str, Any] = {
        "classificationLevels": [levels.jira_view(level) for level in permitted],
        "containerOverride": "ANY",
    }
    if own:
        found["defaultClassificationLevel"] = levels.jira_view(own)
    if organization:
        found["organizationClassificationLevel"] = levels.jira_view(organization)
    return answer(found)


_DEFAULT = "/project/{idOrKey}/classification-level/default"
READ, WRITE = ("read:jira-work",), ("manage:jira-project",)
ROUTES = [
    Route("jira.levels", "GET", "/classification-levels", all_levels),
    Route("jira.projects", "GET", "/project/search", projects, READ),
    Route("jira.project", "GET", "/project/{idOrKey}", project, READ),
    Route("jira.project_default.get", "GET", _DEFAULT, project_default, READ),
    Route("jira.project_default.set", "PUT", _DEFAULT, set_project_default, WRITE),
    Route("jira.project_default.clear", "DELETE", _DEFAULT, clear_project_default, WRITE),
    Route("jira.project_config", "GET", "/project/{idOrKey}/classification-config", project_config, READ, ("current",)),
]
