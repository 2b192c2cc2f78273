"""Marketplace REST v3 in the sandbox: Privacy & Security documents, an app list and the developer space."""

import json
import sqlite3
from typing import Any
from urllib.parse import urlencode

from sandbox import documents, paging
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_text, no_content
from sandbox.names import EDIT
from sandbox.rights import right_to, unauthorized
from sandbox.routes import Route
from sandbox.state import State


def _refuse_apps(request: SandboxRequest) -> None:
    if request.caller.bearer:
        raise Problem(403, "Forge and OAuth2 apps cannot access this REST resource", shape="market")


def _require_account(request: SandboxRequest) -> None:
    _refuse_apps(request)
    if request.caller.anonymous:
        raise unauthorized("gateway")


def _find_app(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    row = db.execute("SELECT * FROM apps WHERE product_id = ?", (request.args["productId"],)).fetchone()
    if row is None:
        raise Problem(404, "Product not found", shape="market")
    return row


def _own_app(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    """The app in the path when the caller may work on its draft; a Problem (401, 403 or 404) otherwise."""
    _require_account(request)
    app = _find_app(db, request)
    if right_to(db, request.caller, f"developer:{app['developer_id']}") < EDIT:
        raise Problem(403, "You do not have permission to manage this app", shape="market")
    return app


def _stored(db: sqlite3.Connection, product_id: str, state: str) -> sqlite3.Row | None:
    return db.execute("SELECT * FROM documents WHERE product_id = ? AND state = ?", (product_id, state)).fetchone()


# --- the document ---------------------------------------------------------------------------------------------------


def trust_info(state: State, request: SandboxRequest) -> SandboxResponse:
    _refuse_apps(request)  # live too, which anybody else may read without an account
    wanted = request.one("state", "live")
    if wanted not in ("live", "draft"):
        raise Problem(400, "state must be one of live, draft", shape="market")
    with state.read() as db:
        app = _own_app(db, request) if wanted == "draft" else _find_app(db, request)
        row = _stored(db, app["product_id"], wanted)
    if row is None:
        raise Problem(404, f"No {wanted} privacy and security information exists for this product", shape="market")
    form_status = row["form_status"]
    if form_status == "SUBMITTED":
        form_status = _review(state, row)
    properties = {
        "updatedBy": row["updated_by"],
        "updatedAt": row["updated_at"],
        "formStatus": form_status,
        "jiraLinks": json.loads(row["jira_links"]),
    }
    text = documents.answer_text(row["content"], properties)
    return SandboxResponse(200, {"Content-Type": "application/json"}, text.encode())


def _review(state: State, row: sqlite3.Row) -> str:
    """Atlassian's review goes on by being looked at: after so many reads the submitted form is approved."""
    key = (row["product_id"], row["state"])
    with state.write() as db:
        db.execute(
            "UPDATE documents SET reads_to_approval = reads_to_approval - 1,"
            " form_status = CASE WHEN reads_to_approval <= 0 THEN 'APPROVED' ELSE form_status END"
            " WHERE product_id = ? AND state = ?",
            key,
        )
        now = _stored(db, *key)
    return now["form_status"] if now else "SUBMITTED"


def put_draft(state: State, request: SandboxRequest) -> SandboxResponse:
    refuse_properties = state.setting("refuse_properties", False)
    with state.write() as db:
        app = _own_app(db, request)
        content = documents.content_of(body_text(request, shape="market"), refuse_properties=refuse_properties)
        store(db, app["product_id"], "draft", content, by=request.caller.email, now=state.clock(), form_status="DRAFT")
    return SandboxResponse(200)


def store(
    db: sqlite3.Connection,
    product_id: str,
    state: str,
    content: str,
    *,
    by: str,
    now: float,
    form_status: str,
    reads_to_approval: int = 0,
) -> None:
    """Replace one version of a document; `content` is the text of commonCloud's object, `now` unix seconds."""
    db.execute(
        "INSERT OR REPLACE INTO documents"
        " (product_id, state, content, updated_by, updated_at, form_status, jira_links, reads_to_approval)"
        " VALUES (?, ?, ?, ?, ?, ?, COALESCE((SELECT jira_links FROM documents WHERE product_id = ? AND"
        " state = 'live'), '[]'), ?)",
        (product_id, state, content, by, int(now * 1000), form_status, product_id, reads_to_approval),
    )


def discard_draft(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.write() as db:
        app = _own_app(db, request)
        gone = db.execute("DELETE FROM documents WHERE product_id = ? AND state = 'draft'", (app["product_id"],))
        if not gone.rowcount:
            raise Problem(404, "No draft privacy and security information exists for this product", shape="market")
    return no_content()


def publish(state: State, request: SandboxRequest) -> SandboxResponse:
    reads = state.setting("review_reads", 1)
    with state.write() as db:
        app = _own_app(db, request)
        if not publish_draft(db, app["product_id"], by=request.caller.email, now=state.clock(), reads=reads):
            status = 404 if request.dialect == "reference" else 409
            raise Problem(status, "There is no draft to publish for this product", shape="market")
    return answer({"message": "Privacy & security information published successfully"})


def publish_draft(db: sqlite3.Connection, product_id: str, *, by: str, now: float, reads: int) -> bool:
    """Make the draft live and empty it; False when there is none."""
    draft = _stored(db, product_id, "draft")
    if draft is None:
        return False
    content = draft["content"]
    store(db, product_id, "live", content, by=by, now=now, form_status="SUBMITTED", reads_to_approval=reads)
    db.execute("DELETE FROM documents WHERE product_id = ? AND state = 'draft'", (product_id,))
    return True


# --- apps and the developer space -----------------------------------------------------------------------------------


def _find_developer(db: sqlite3.Connection, request: SandboxRequest) -> sqlite3.Row:
    _require_account(request)
    row = db.execute("SELECT * FROM developers WHERE id = ?", (request.args["developerId"],)).fetchone()
    if row is None:
        raise Problem(404, "Developer space not found", shape="market")
    return row


def developer_space(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        row = _find_developer(db, request)
    return answer({"id": row["id"], "vendorId": row["vendor_id"], "name": row["name"], "status": row["status"]})


def apps(state: State, request: SandboxRequest) -> SandboxResponse:
    limit = paging.read_limit(request, default=20, most=50, shape="market")
    private = request.one("includePrivate", "false").lower()
    if private not in ("true", "false"):
        raise Problem(400, "includePrivate must be true or false", shape="market")
    after = paging.read_cursor(request.one("cursor"), parts=1, shape="market")[0] if "cursor" in request.query else -1
    with state.read() as db:
        developer = _find_developer(db, request)
        member = right_to(db, request.caller, f"developer:{developer['id']}") >= EDIT
        rows = db.execute(
            "SELECT * FROM apps WHERE developer_id = ? AND position > ? AND (? OR state = 'PUBLIC')"
            " ORDER BY position LIMIT ?",
            (developer["id"], after, private == "true" and member, limit + 1),
        ).fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    links = {"self": _link(request, request.one("cursor"))}
    if more:
        links["next"] = _link(request, paging.write_cursor([rows[-1]["position"]]))
    return answer({"items": [_app_view(row) for row in rows], "links": links})


def _link(request: SandboxRequest, cursor: str) -> str:
    """Relative to the API's base in one dialect, to the host in the other: only its cursor can be relied on."""
    query = {name: values for name, values in request.query.items() if name != "cursor"}
    if cursor:
        query["cursor"] = [cursor]
    path = request.path if request.dialect == "reference" else request.path.removeprefix("/marketplace")
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def _app_view(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "productId": row["product_id"],
        "appKey": row["app_key"],
        "appName": row["name"],
        "developerId": row["developer_id"],
        "state": row["state"],
        "approvalStatus": row["approval"],
        "slug": row["slug"],
    }


_PRODUCT = "/privacy-and-security/products/{productId}"
ROUTES = [
    Route("marketplace.trust_info", "GET", _PRODUCT, trust_info),
    Route("marketplace.put_draft", "PUT", _PRODUCT, put_draft),
    Route("marketplace.discard_draft", "DELETE", _PRODUCT, discard_draft),
    Route("marketplace.publish", "POST", _PRODUCT + "/publish", publish),
    Route("marketplace.apps", "GET", "/product-listing/developer-space/{developerId}", apps),
    Route("marketplace.developer_space", "GET", "/developer-space/{developerId}", developer_space),
]
