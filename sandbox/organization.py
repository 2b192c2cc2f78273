"""Organisation administration in the sandbox: the levels of an organisation and its audit log."""

import sqlite3
import uuid
from typing import Any

from sandbox import events, levels, organization_events
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_fields, no_content
from sandbox.moments import iso
from sandbox.names import LEVEL_ARI, LEVEL_COLORS
from sandbox.routes import Route
from sandbox.state import State

LEVEL_FIELDS = {"name": str, "definition": str, "guideline": str, "color": str}


def _paid_org(db: sqlite3.Connection, request: SandboxRequest) -> str:
    org_id = organization_events.require_admin(request)
    if db.execute("SELECT 1 FROM sites WHERE org_id = ? AND entitled = 1", (org_id,)).fetchone() is None:
        raise Problem(402, "The organization has not paid for data classification", shape="org")
    return org_id


# --- levels ---------------------------------------------------------------------------------------------------------


def _person(value: str) -> dict[str, str]:
    name, _, account_id = value.partition("|")
    return {"name": name, "accountId": account_id}


def _view(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "levelId": row["id"],
        "orgId": row["org_id"],
        "name": row["name"],
        "definition": row["definition"],
        "guideline": row["guideline"],
        "color": row["color"],
        "sensitivity": row["position"],
        "status": row["status"],
        "createdBy": _person(row["created_by"]),
        "createdOn": row["created_on"],
        "changedBy": _person(row["changed_by"]),
        "changedOn": row["changed_on"],
    }


def all_levels(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        rows = levels.all_levels(db, _paid_org(db, request))
    own = f"{request.origin}{request.path}"
    return answer({"levels": [_view(row) for row in rows], "links": {"first": own}})


def _find(db: sqlite3.Connection, org_id: str, level_id: Any) -> sqlite3.Row:
    row = levels.level(db, level_id.removeprefix(LEVEL_ARI)) if isinstance(level_id, str) else None
    if row is None or row["org_id"] != org_id:
        raise Problem(404, "Classification level not found", shape="org")
    return row


def one_level(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        return answer(_view(_find(db, _paid_org(db, request), request.args["levelId"])))


def _checked_fields(db: sqlite3.Connection, request: SandboxRequest, org_id: str, own_id: str) -> dict[str, str]:
    body = body_fields(request, LEVEL_FIELDS, required=("name",), shape="org")
    name = body["name"].strip()
    if not name or len(name) > 100:
        raise Problem(400, "name must have 1 to 100 characters", shape="org")
    if body.get("color", "GREY") not in LEVEL_COLORS:
        raise Problem(400, f"color must be one of {', '.join(LEVEL_COLORS)}", shape="org")
    for row in levels.all_levels(db, org_id):
        if row["name"].casefold() == name.casefold() and row["id"] != own_id:
            raise Problem(
                400, f"A classification level named '{name}' exists already", shape="org", code="DUPLICATE_NAME"
            )
    return {**body, "name": name}


def create_level(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        org_id = _paid_org(db, request)
        body = _checked_fields(db, request, org_id, "")
        who, when, level_id = (
            f"{request.caller.name}|{request.caller.account_id}",
            iso(state.clock()),
            str(uuid.uuid4()),
        )
        last = db.execute("SELECT COALESCE(MAX(position), 0) FROM levels WHERE org_id = ?", (org_id,)).fetchone()[0]
        db.execute(
            "INSERT INTO levels VALUES (?, ?, ?, ?, ?, ?, ?, 'DRAFT', '', ?, ?, ?, ?)",
            (
                level_id,
                org_id,
                last + 1,
                body["name"],
                body.get("definition", ""),
                body.get("guideline", ""),
                body.get("color", "GREY"),
                who,
                when,
                who,
                when,
            ),
        )
        row = _find(db, org_id, level_id)
        _event(db, state, request, "created", [row])
    return answer(_view(row), status=202)


def _event(db: sqlite3.Connection, state: State, request: SandboxRequest, verb: str, rows: list[sqlite3.Row]) -> None:
    events.record(
        db,
        org_id=request.args["orgId"],
        time_ms=int(state.clock() * 1000),
        action=f"data_classification_level_{verb}",
        caller=request.caller,
        targets=[target for row in rows for target in events.level_target(row)],
    )


def _touch(db: sqlite3.Connection, state: State, request: SandboxRequest, level_id: str, **columns: Any) -> None:
    columns |= {"changed_by": f"{request.caller.name}|{request.caller.account_id}", "changed_on": iso(state.clock())}
    names = ", ".join(f"{name} = ?" for name in columns)
    query = f"UPDATE levels SET {names} WHERE id = ?"  # noqa: S608 - names are our own columns
    db.execute(query, (*columns.values(), level_id))


def edit_level(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        org_id = _paid_org(db, request)
        row = _find(db, org_id, request.args["levelId"])
        if row["status"] == "ARCHIVED":
            raise Problem(400, "An archived classification level cannot be edited; restore it first", shape="org")
        _touch(db, state, request, row["id"], **_checked_fields(db, request, org_id, row["id"]))
        row = _find(db, org_id, row["id"])
        _event(db, state, request, "edited", [row])
    return answer(_view(row))


def _known(db: sqlite3.Connection, org_id: str, level_ids: list[Any]) -> list[sqlite3.Row]:
    """The levels that a body names; an unknown one is a Problem (400)."""
    try:
        return [_find(db, org_id, level_id) for level_id in level_ids]
    except Problem:
        raise Problem(400, "The body names an unknown classification level", shape="org") from None


def _listed_levels(db: sqlite3.Connection, request: SandboxRequest, org_id: str) -> list[sqlite3.Row]:
    """The levels in the body's list, which must not be empty."""
    listed = body_fields(request, {"levelIds": list}, required=("levelIds",), shape="org")["levelIds"]
    if not listed:
        raise Problem(400, "levelIds must name at least one classification level", shape="org")
    return _known(db, org_id, listed)


def publish_levels(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        rows = _listed_levels(db, request, _paid_org(db, request))
        for row in rows:
            if row["status"] == "ARCHIVED":
                raise Problem(400, f"'{row['name']}' is archived; restore it first", shape="org")
            _touch(db, state, request, row["id"], status="PUBLISHED")
        _event(db, state, request, "published", rows)
    return no_content(202)


def _one_named(db: sqlite3.Connection, request: SandboxRequest, org_id: str) -> sqlite3.Row:
    """The one level that the path or the body names."""
    if "levelId" in request.args:
        return _find(db, org_id, request.args["levelId"])
    body = body_fields(request, {"levelIds": list, "levelId": str}, required=(), shape="org")
    named = body["levelIds"] if "levelIds" in body else [body.get("levelId")]
    if len(body) != 1 or len(named) != 1:
        raise Problem(400, "Exactly one classification level must be given", shape="org")
    return _known(db, org_id, named)[0]


def archive_level(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        org_id = _paid_org(db, request)
        row = _one_named(db, request, org_id)
        if row["status"] != "PUBLISHED":
            raise Problem(400, "Only a published classification level can be archived", shape="org")
        used_by = row["used_by"] or (
            "the organization default" if levels.organization_default(db, org_id) == row["id"] else ""
        )
        if used_by:
            raise Problem(
                409, f"'{row['name']}' cannot be archived: it is used by {used_by}", shape="org", code="IN_USE"
            )
        _touch(db, state, request, row["id"], status="ARCHIVED")
        _event(db, state, request, "archived", [row])
    return no_content(202)


def restore_level(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        row = _one_named(db, request, _paid_org(db, request))
        if row["status"] != "ARCHIVED":
            raise Problem(400, "Only an archived classification level can be restored", shape="org")
        _touch(db, state, request, row["id"], status="DRAFT")
        _event(db, state, request, "restored", [row])
    return no_content(202)


def reorder_levels(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        org_id = _paid_org(db, request)
        rows = _listed_levels(db, request, org_id)
        if sorted(row["id"] for row in rows) != sorted(row["id"] for row in levels.all_levels(db, org_id)):
            raise Problem(400, "levelIds must name every classification level exactly once", shape="org")
        for position, row in enumerate(rows, start=1):
            if row["position"] != position:
                _touch(db, state, request, row["id"], position=position)
        _event(db, state, request, "reordered", rows)
    return no_content(202)


_LEVELS = "/dlp/v1/orgs/{orgId}/classification-levels"
ROUTES = [
    Route("organization.levels", "GET", _LEVELS, all_levels),
    Route("organization.level.create", "POST", _LEVELS, create_level),
    Route("organization.level.get", "GET", _LEVELS + "/{levelId}", one_level),
    Route("organization.level.edit", "PUT", _LEVELS + "/{levelId}", edit_level),
    Route("organization.levels.publish", "POST", _LEVELS + "/publish", publish_levels),
    Route("organization.levels.reorder", "POST", _LEVELS + "/reorder", reorder_levels),
    # These two take "one level", say the facts, but not where its id goes: each way of saying it is understood.
    Route("organization.level.archive", "POST", _LEVELS + "/archive", archive_level),
    Route("organization.level.restore", "POST", _LEVELS + "/restore", restore_level),
    Route("organization.level.archive", "POST", _LEVELS + "/{levelId}/archive", archive_level),
    Route("organization.level.restore", "POST", _LEVELS + "/{levelId}/restore", restore_level),
    *organization_events.ROUTES,
]
