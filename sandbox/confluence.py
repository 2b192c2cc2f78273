"""Confluence Cloud REST v2 in the sandbox: spaces, pages, blog posts, whiteboards, databases and data policies."""

import sqlite3
from typing import Any

from sandbox import confluence_levels, paging
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_fields
from sandbox.names import ACCOUNTS, EDIT, NONE, VIEW
from sandbox.rights import right_to, site_of, space_thing, spaces_clause
from sandbox.routes import Route
from sandbox.state import State

SPACE_TYPES = ("global", "collaboration", "knowledge_base", "personal")
LISTED_STATUSES = {
    "page": ("current", "archived", "deleted", "trashed"),
    "blogpost": ("current", "deleted", "trashed"),
}
ITEM_STATUSES = {
    **{kind: (*statuses, "draft", "historical") for kind, statuses in LISTED_STATUSES.items()},
    "whiteboard": ("current",),
    "database": ("current",),
}
SPACE_SORTS = {"id": "id", "key": "key", "name": "name"}
ITEM_SORTS = {"id": "id", "created-date": "created_at", "modified-date": "version_at", "title": "title"}


def _choices(request: SandboxRequest, name: str, allowed: tuple[str, ...], default: tuple[str, ...]) -> list[str]:
    given = request.many(name)
    for value in given:
        _require_one_of(value, name, allowed)
    return given or list(default)


def _choice(request: SandboxRequest, name: str, allowed: tuple[str, ...], default: str) -> str:
    given = request.one(name, default)
    _require_one_of(given, name, allowed)
    return given


def _choice_or_none(request: SandboxRequest, name: str, allowed: tuple[str, ...]) -> list[str]:
    return [_choice(request, name, allowed, "")] if name in request.query else []


def _require_one_of(value: str, name: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Problem(400, f"Provided value '{value[:40]}' for '{name}' is not one of {', '.join(allowed)}")


def _numbers(request: SandboxRequest, name: str, *, most: int = 250) -> list[int]:
    return [confluence_levels.number(value, name) for value in request.many(name, most=most)]


def _marks(values: list[Any]) -> str:
    return ", ".join("?" * len(values))


# --- spaces ---------------------------------------------------------------------------------------------------------


def _space_view(row: sqlite3.Row) -> dict[str, Any]:
    """What a space lacks is left out: the published schema has no null here."""
    home = {} if row["homepage_id"] is None else {"homepageId": str(row["homepage_id"])}
    return {
        "id": str(row["id"]),
        "key": row["key"],
        "name": row["name"],
        "type": row["type"],
        "status": row["status"],
        "authorId": row["author_id"],
        "createdAt": row["created_at"],
        **home,
        "spaceOwnerId": row["author_id"],
        "_links": {"webui": f"/spaces/{row['key']}"},
    }


def _select_spaces(db: sqlite3.Connection, request: SandboxRequest) -> tuple[str, list[Any]]:
    clause, hidden = spaces_clause(db, request, VIEW)
    select = f"SELECT * FROM spaces WHERE host = ? AND id {clause}"  # noqa: S608 - marks and our own words
    params: list[Any] = [request.host, *hidden]
    for column, values in (
        ("id", _numbers(request, "ids")),
        ("key", request.many("keys")),
        ("type", _choice_or_none(request, "type", SPACE_TYPES)),
        ("status", _choice_or_none(request, "status", ("current", "archived"))),
    ):
        if values:
            select, params = select + f" AND {column} IN ({_marks(values)})", [*params, *values]
    if request.many("labels"):
        select += " AND 0"  # no space of the sandbox carries a label
    return select, params


def spaces(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        site_of(db, request)
        select, params = _select_spaces(db, request)
        limit = paging.read_limit(request, default=25, most=250)
        rows, cursor = paging.page(db, request, select=select, params=params, sorts=SPACE_SORTS, tie="id", limit=limit)
    return paging.results(request, [_space_view(row) for row in rows], cursor)


def space(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        site_of(db, request)
        row, _ = confluence_levels.find_space(db, request)
    view = _space_view(row)
    view["_links"]["base"] = f"{request.origin}/wiki"
    return answer(view)


# --- pages and what else there is -----------------------------------------------------------------------------------


def _item_view(row: sqlite3.Row) -> dict[str, Any]:
    item_id, kind = str(row["id"]), row["kind"]
    view: dict[str, Any] = {
        "id": item_id,
        "status": row["status"],
        "title": row["title"],
        "spaceId": str(row["space_id"]),
        "authorId": row["author_id"],
        "createdAt": row["created_at"],
        "version": {
            "number": row["version"],
            "message": "",
            "minorEdit": False,
            "authorId": row["version_by"],
            "createdAt": row["version_at"],
        },
        "_links": {
            "webui": f"/spaces/{row['space_key']}/{'blog' if kind == 'blogpost' else kind + 's'}/{item_id}",
            "editui": f"/spaces/{row['space_key']}/{kind + 's'}/edit-v2/{item_id}",
        },
    }
    if kind != "blogpost":
        view["ownerId"] = row["author_id"]
        if row["parent_id"] is not None:
            view |= {"parentId": str(row["parent_id"]), "parentType": "page"}
        if row["position"] is not None:
            view["position"] = row["position"]
    return view


SELECT_ITEMS = (
    "SELECT i.*, s.key AS space_key FROM items i JOIN spaces s ON s.host = i.host AND s.id = i.space_id"
    " WHERE i.host = ? AND i.kind = ? AND i.hidden = 0"
)


def _items_page(
    db: sqlite3.Connection, request: SandboxRequest, select: str, params: list[Any]
) -> tuple[list[sqlite3.Row], str]:
    if "title" in request.query:
        select, params = select + " AND i.title = ?", [*params, request.one("title")]
    sorts = {name: f"i.{column}" for name, column in ITEM_SORTS.items()}
    limit = paging.read_limit(request, default=25, most=250)
    return paging.page(db, request, select=select, params=params, sorts=sorts, tie="i.id", limit=limit)


def items_of_space(kind: str, default_statuses: tuple[str, ...]):
    def items(state: State, request: SandboxRequest) -> SandboxResponse:
        statuses = _choices(request, "status", LISTED_STATUSES[kind], default_statuses)
        depth = _choice(request, "depth", ("all", "root"), "all")
        with state.read() as db:
            site_of(db, request)
            row, _ = confluence_levels.find_space(db, request)
            select = SELECT_ITEMS + f" AND i.space_id = ? AND i.draft = 0 AND i.status IN ({_marks(statuses)})"
            if depth == "root":
                select += " AND i.parent_id IS NULL"
            rows, cursor = _items_page(db, request, select, [request.host, kind, row["id"], *statuses])
        return paging.results(request, [_item_view(row) for row in rows], cursor)

    return items


def items_of_site(kind: str, default_statuses: tuple[str, ...]):
    def items(state: State, request: SandboxRequest) -> SandboxResponse:
        # Listing drafts is not published; a site may refuse the value, know it, or ignore it.
        drafts = state.draft_lists(request.host)
        allowed = LISTED_STATUSES[kind] + (() if drafts == "refuse" else ("draft",))
        statuses = _choices(request, "status", allowed, default_statuses)
        if drafts == "ignore":
            statuses = [status for status in statuses if status != "draft"] or list(default_statuses)
        with state.read() as db:
            site_of(db, request)
            select = SELECT_ITEMS + f" AND i.status IN ({_marks(statuses)})"
            params: list[Any] = [request.host, kind, *statuses]
            clause, ids = spaces_clause(db, request, VIEW)
            editable, editable_ids = spaces_clause(db, request, EDIT)
            select += f" AND i.space_id {clause} AND (i.draft = 0 OR i.space_id {editable})"
            params += [*ids, *editable_ids]
            if "draft" in statuses and len(statuses) > 1:
                # The draft of a current page has its id: of two rows with one id, a list shows the current one.
                select += (
                    " AND (i.draft = 0 OR NOT EXISTS (SELECT 1 FROM items c WHERE c.host = i.host AND c.id = i.id"
                    " AND c.draft = 0))"
                )
            for name, column, most in (("id", "i.id", 250), ("space-id", "i.space_id", 100)):
                if values := _numbers(request, name, most=most):
                    select, params = select + f" AND {column} IN ({_marks(values)})", [*params, *values]
            rows, cursor = _items_page(db, request, select, params)
        return paging.results(request, [_item_view(row) for row in rows], cursor)

    return items


def one_item(kind: str):
    def item(state: State, request: SandboxRequest) -> SandboxResponse:
        now = tuple(status for status in ("current", "archived") if status in ITEM_STATUSES[kind])
        statuses = _choices(request, "status", ITEM_STATUSES[kind], now)
        wants_draft = _choice(request, "get-draft", ("true", "false"), "false") == "true"
        item_id = confluence_levels.number(request.args["id"], "id")
        with state.read() as db:
            site_of(db, request)
            rows = db.execute(SELECT_ITEMS + " AND i.id = ?", (request.host, kind, item_id)).fetchall()
            right = right_to(db, request.caller, space_thing(request.host, rows[0]["space_id"])) if rows else NONE
        if right == NONE:
            raise Problem(404, "Not Found")
        draft = next((row for row in rows if row["draft"] and right >= EDIT), None)
        kept = next((row for row in rows if not row["draft"] and row["status"] in statuses), None)
        row = draft if draft and (wants_draft or ("draft" in statuses and kept is None)) else kept
        if row is None:
            raise Problem(404, "Not Found")
        view = _item_view(row)
        view["_links"]["base"] = f"{request.origin}/wiki"
        return answer(view)

    return item


# --- people ---------------------------------------------------------------------------------------------------------


def people(state: State, request: SandboxRequest) -> SandboxResponse:
    """Whoever is asked for and known; ids of nobody are left out, as are the addresses that people show to nobody."""
    ids = body_fields(request, {"accountIds": list}, required=("accountIds",), shape="v2")["accountIds"]
    if not all(isinstance(account_id, str) for account_id in ids):
        raise Problem(400, "Field 'accountIds' is of the wrong type")
    with state.read() as db:
        site_of(db, request)
    found = [
        {
            "displayName": account.name,
            "timeZone": "Etc/GMT",
            "isExternalCollaborator": False,
            "accountStatus": "active",
            "accountId": account.account_id,
            "email": "",
            "accountType": "atlassian",
            "publicName": account.name,
            "profilePicture": {"path": "/wiki/aa-avatar/none", "isDefault": True},
        }
        for account in ACCOUNTS
        if account.account_id in ids
    ]
    return answer({"results": found, "_links": {"base": f"{request.origin}/wiki"}})


# --- data security policies -----------------------------------------------------------------------------------------


def _policies_site(state: State, db: sqlite3.Connection, request: SandboxRequest) -> None:
    """A Problem (403) unless an app asks, or the site lets API tokens read this, too."""
    site_of(db, request)
    if not request.caller.bearer and not state.policies_readable(request.host):
        raise Problem(403, "Only apps can make this request", shape="plain")


def data_policies(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        _policies_site(state, db, request)
        row = db.execute("SELECT 1 FROM spaces WHERE host = ? AND blocked = 1", (request.host,)).fetchone()
    return answer({"anyContentBlocked": row is not None})


def data_policy_spaces(state: State, request: SandboxRequest) -> SandboxResponse:
    with state.read() as db:
        _policies_site(state, db, request)
        select, params = _select_spaces(db, request)
        limit = paging.read_limit(request, default=25, most=250)
        rows, cursor = paging.page(db, request, select=select, params=params, sorts=SPACE_SORTS, tie="id", limit=limit)
    found = [
        {
            "id": str(row["id"]),
            "key": row["key"],
            "name": row["name"],
            "dataPolicy": {"anyContentBlocked": bool(row["blocked"])},
            "_links": {"webui": f"/spaces/{row['key']}"},
        }
        for row in rows
    ]
    return paging.results(request, found, cursor)


SPACE_SCOPE, PAGE_SCOPE = ("read:space:confluence",), ("read:page:confluence",)
CONFIGURATION = ("read:configuration:confluence",)
WHITEBOARD_SCOPE, DATABASE_SCOPE = ("read:whiteboard:confluence",), ("read:database:confluence",)
NOW = ("current",)
ROUTES = [
    Route("confluence.spaces", "GET", "/spaces", spaces, SPACE_SCOPE),
    Route("confluence.space", "GET", "/spaces/{id}", space, SPACE_SCOPE),
    Route(
        "confluence.space_pages",
        "GET",
        "/spaces/{id}/pages",
        items_of_space("page", ("current", "archived")),
        PAGE_SCOPE,
    ),
    Route(
        "confluence.space_blogposts",
        "GET",
        "/spaces/{id}/blogposts",
        items_of_space("blogpost", ("current",)),
        PAGE_SCOPE,
    ),
    Route("confluence.pages", "GET", "/pages", items_of_site("page", ("current", "archived")), PAGE_SCOPE),
    Route("confluence.blogposts", "GET", "/blogposts", items_of_site("blogpost", ("current",)), PAGE_SCOPE),
    Route("confluence.page", "GET", "/pages/{id}", one_item("page"), PAGE_SCOPE),
    Route("confluence.blogpost", "GET", "/blogposts/{id}", one_item("blogpost"), PAGE_SCOPE),
    Route("confluence.whiteboard", "GET", "/whiteboards/{id}", one_item("whiteboard"), WHITEBOARD_SCOPE, NOW),
    Route("confluence.database", "GET", "/databases/{id}", one_item("database"), DATABASE_SCOPE, NOW),
    Route("confluence.people", "POST", "/users-bulk", people, ("read:user:confluence",)),
    Route("confluence.data_policies", "GET", "/data-policies/metadata", data_policies, CONFIGURATION),
    Route("confluence.data_policy_spaces", "GET", "/data-policies/spaces", data_policy_spaces, CONFIGURATION),
    *confluence_levels.ROUTES,
]
