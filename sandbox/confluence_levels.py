"""Classification in the sandbox's Confluence: levels, space defaults, and the levels of pages and their like."""

import sqlite3
from typing import Any

from sandbox import events, levels
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_fields, no_content
from sandbox.names import ADMIN, EDIT, NONE
from sandbox.rights import entitled_site, right_to, space_thing
from sandbox.routes import Handler, Route
from sandbox.state import State

READ_STATUSES = ("current", "draft", "archived")
WRITE_STATUSES = {
    "page": ("current", "draft"),
    "blogpost": ("current", "draft"),
    "whiteboard": ("current",),
    "database": ("current",),
}


def number(value: str, name: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise Problem(400, f"Provided value '{value[:40]}' for '{name}' is not the correct type. Expected type is long")
    return int(value)


def all_levels(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        site = entitled_site(db, request)
        found = [levels.site_view(row) for row in levels.all_levels(db, site["org_id"])]
    return answer({"classificationLevels": found} if request.dialect == "reference" else found)


# --- the default of a space -----------------------------------------------------------------------------------------


def find_space(db: sqlite3.Connection, request: SandboxRequest) -> tuple[sqlite3.Row, int]:
    """The space in the path and the caller's right to it; a Problem (404) when it is not there or not visible."""
    space_id = number(request.args["id"], "id")
    row = db.execute("SELECT * FROM spaces WHERE host = ? AND id = ?", (request.host, space_id)).fetchone()
    right = right_to(db, request.caller, space_thing(request.host, space_id)) if row else NONE
    if right == NONE:
        raise Problem(404, "Not Found")
    return row, right


def space_default(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        entitled_site(db, request)
        space, right = find_space(db, request)
        row = levels.published(db, space["level"])
    if row is None or (request.dialect == "reference" and right < ADMIN):
        raise Problem(404, "Not Found")
    return answer(levels.site_view(row))


def _administered_space(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    space, right = find_space(db, request)
    if right < ADMIN:
        raise Problem(403, "Only a space admin can change the default classification level", shape="plain")
    if space["status"] == "archived":
        raise Problem(403, "The space is archived and cannot be changed", shape="plain")
    return space


def set_space_default(state: State, request: SandboxRequest) -> SandboxResponse:
    wants_status = state.default_wants_status(request.host)
    fields = {"id": str, "status": str} if wants_status else {"id": str}
    body = body_fields(request, fields, required=tuple(fields), shape="v2")
    if body.get("status", "current") != "current":
        raise Problem(400, "Provided value for 'status' must be 'current'")
    with state.write() as db:
        site = entitled_site(db, request)
        space = _administered_space(db, request)
        level = levels.applicable(db, site["org_id"], body["id"], shape="v2")
        _store_default(db, state, request, space, level)
    return no_content()


def clear_space_default(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        entitled_site(db, request)
        _store_default(db, state, request, _administered_space(db, request), None)
    return no_content()


def _store_default(
    db: sqlite3.Connection, state: State, request: SandboxRequest, space: sqlite3.Row, level: sqlite3.Row | None
) -> None:
    level_id = level["id"] if level else None
    db.execute("UPDATE spaces SET level = ? WHERE host = ? AND id = ?", (level_id, request.host, space["id"]))
    action = "space_default_classification_level_" + ("set" if level else "removed")
    target = {"type": "Space", "id": str(space["id"]), "name": space["name"]}
    events.record_call(db, state.clock(), request, action, [target, *events.level_target(level)])


# --- the level of one item ------------------------------------------------------------------------------------------

SELECT_ITEM = """
SELECT i.*, s.level AS space_level, s.status AS space_status, s.floor AS space_floor, t.org_id, t.entitled
FROM items i JOIN spaces s ON s.host = i.host AND s.id = i.space_id JOIN sites t ON t.host = i.host
WHERE i.host = ? AND i.id = ? AND i.draft = ?
"""


def find_item(db: sqlite3.Connection, request: SandboxRequest, kind: str, status: str) -> tuple[sqlite3.Row, int]:
    """The item in the path in that status and the caller's right to its space; a Problem (404) otherwise."""
    item_id = number(request.args["id"], "id")
    row = db.execute(SELECT_ITEM, (request.host, item_id, int(status == "draft"))).fetchone()
    if row is None or row["kind"] != kind or row["status"] != status or row["hidden"]:
        raise Problem(404, "Not Found")
    right = right_to(db, request.caller, space_thing(request.host, row["space_id"]))
    if right == NONE or (status == "draft" and right < EDIT):
        raise Problem(404, "Not Found")
    return row, right


def get_level(kind: str) -> Handler:
    def get(state: State, request: SandboxRequest) -> SandboxResponse:
        status = request.one("status", "current")
        if "status" in request.query and kind in ("whiteboard", "database"):
            raise Problem(400, "Unknown parameter 'status'")
        if status not in READ_STATUSES:
            raise Problem(400, f"Provided value '{status[:40]}' for 'status' is not one of {', '.join(READ_STATUSES)}")
        with state.read() as db:
            entitled_site(db, request)
            item, _ = find_item(db, request, kind, status)
            level = levels.effective(db, item)
        if level is None:
            raise Problem(404, "Not Found")
        return answer(levels.site_view(level))

    return get


def _body(request: SandboxRequest, kind: str, *fields: str) -> dict[str, Any]:
    body = body_fields(request, dict.fromkeys(fields, str), required=fields, shape="v2")
    if body["status"] not in WRITE_STATUSES[kind]:
        allowed = ", ".join(WRITE_STATUSES[kind])
        raise Problem(400, f"Provided value '{body['status'][:40]}' for 'status' is not one of {allowed}")
    return body


def _editable_item(db: sqlite3.Connection, request: SandboxRequest, kind: str, status: str) -> sqlite3.Row:
    item, right = find_item(db, request, kind, status)
    if right < EDIT:
        raise Problem(403, f"You do not have permission to edit this {kind}", shape="plain")
    if item["space_status"] == "archived":
        raise Problem(403, "The space is archived and its content cannot be changed", shape="plain")
    return item


def set_level(kind: str) -> Handler:
    def put(state: State, request: SandboxRequest) -> SandboxResponse:
        body = _body(request, kind, "status", "id")
        with state.write() as db:
            entitled_site(db, request)
            item = _editable_item(db, request, kind, body["status"])
            level = levels.applicable(db, item["org_id"], body["id"], shape="v2")
            default = levels.published(db, item["space_level"])
            if item["space_floor"] and default and level["position"] > default["position"]:
                raise Problem(
                    400,
                    f"'{level['name']}' is less sensitive than the space default '{default['name']}'",
                    shape="plain",
                )
            _store(db, state, request, item, level=level, unset=0, verb="set")
        return no_content()

    return put


def reset_level(kind: str) -> Handler:
    def post(state: State, request: SandboxRequest) -> SandboxResponse:
        body = _body(request, kind, "status")
        with state.write() as db:
            entitled_site(db, request)
            item = _editable_item(db, request, kind, body["status"])
            _store(db, state, request, item, level=None, unset=0, verb="reset")
        return no_content()

    return post


def remove_level(kind: str) -> Handler:
    def delete(state: State, request: SandboxRequest) -> SandboxResponse:
        body = _body(request, kind, "status")
        with state.write() as db:
            entitled_site(db, request)
            item = _editable_item(db, request, kind, body["status"])
            _store(db, state, request, item, level=None, unset=1, verb="removed")
        return no_content()

    return delete


def _store(
    db: sqlite3.Connection,
    state: State,
    request: SandboxRequest,
    item: sqlite3.Row,
    *,
    level: sqlite3.Row | None,
    unset: int,
    verb: str,
) -> None:
    db.execute(
        "UPDATE items SET level = ?, unset = ? WHERE host = ? AND id = ? AND draft = ?",
        (level["id"] if level else None, unset, item["host"], item["id"], item["draft"]),
    )
    target = {"type": item["kind"].capitalize(), "id": str(item["id"]), "name": item["title"]}
    action = f"{item['kind']}_classification_level_{verb}"
    events.record_call(db, state.clock(), request, action, [target, *events.level_target(level)])


def _item_routes(plural: str, kind: str, dialects: tuple[str, ...]) -> list[Route]:
    path, scope = f"/{plural}/{{id}}/classification-level", "page" if kind == "blogpost" else kind
    name, read, write = f"confluence.{kind}_level", (f"read:{scope}:confluence",), (f"write:{scope}:confluence",)
    routes = [
        Route(f"{name}.get", "GET", path, get_level(kind), read, ("current",)),
        Route(f"{name}.set", "PUT", path, set_level(kind), write, dialects),
        Route(f"{name}.reset", "POST", path + "/reset", reset_level(kind), write, dialects),
    ]
    if "reference" in dialects:
        # The reference asks for both scopes even to read.
        routes.append(Route(f"{name}.get", "GET", path, get_level(kind), read + write, ("reference",)))
        routes.append(Route(f"{name}.remove", "DELETE", path, remove_level(kind), write, ("reference",)))
    return routes


READ_SPACE, WRITE_SPACE = ("read:space:confluence",), ("write:space:confluence",)
_DEFAULT = "/spaces/{id}/classification-level/default"
ROUTES = [
    Route("confluence.levels", "GET", "/classification-levels", all_levels, ("read:configuration:confluence",)),
    Route("confluence.space_default.get", "GET", _DEFAULT, space_default, READ_SPACE),
    Route("confluence.space_default.set", "PUT", _DEFAULT, set_space_default, READ_SPACE + WRITE_SPACE),
    Route("confluence.space_default.clear", "DELETE", _DEFAULT, clear_space_default, WRITE_SPACE),
    *_item_routes("pages", "page", ("current", "reference")),
    *_item_routes("blogposts", "blogpost", ("current", "reference")),
    *_item_routes("whiteboards", "whiteboard", ("current",)),
    *_item_routes("databases", "database", ("current",)),
]
