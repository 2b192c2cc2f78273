"""Changes that somebody else makes at Atlassian while a person works in Trustdesk."""

import json
import sqlite3
from collections.abc import Callable
from inspect import signature
from typing import Any

from sandbox import events, marketplace
from sandbox.messages import Caller
from sandbox.names import LEVEL_ARI, STRANGER_EMAIL, STRANGER_ID
from sandbox.state import State

STRANGER = Caller(STRANGER_ID, STRANGER_EMAIL, "A Stranger")


def check(action: str, params: dict[str, Any]) -> None:
    """Raises ValueError unless `action` is one of ACTIONS and takes these parameters."""
    if action not in ACTIONS:
        raise ValueError(f"Unknown action of a stranger: use one of {', '.join(ACTIONS)}.")
    try:
        signature(ACTIONS[action]).bind(None, None, "", **params)
    except TypeError as error:
        raise ValueError(f"The stranger's action '{action}' does not fit: {error}.") from None


def act(state: State, action: str, *, host: str, **params: Any) -> None:
    """Do one of ACTIONS now; `host` is the site for those that change one. Raises ValueError for a wrong parameter."""
    check(action, params)
    with state.write() as db:
        ACTIONS[action](state, db, host, **params)


# --- the Marketplace ------------------------------------------------------------------------------------------------


def _edit(
    state: State, db: sqlite3.Connection, host: str, *, product_id: str, at: str = "", value: Any = None, version: str
) -> None:
    row = db.execute(
        "SELECT content FROM documents WHERE product_id = ? ORDER BY state <> ? LIMIT 1", (product_id, version)
    ).fetchone()
    content = json.loads(row["content"]) if row else {}
    pointer = at or "/security/securityContact"
    place = content
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.strip("/").split("/")]
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
    place[int(last) if isinstance(place, list) else last] = "stranger@example.com" if value is None else value
    text = json.dumps(content, ensure_ascii=False)
    status = "DRAFT" if version == "draft" else "APPROVED"
    marketplace.store(db, product_id, version, text, by=STRANGER_EMAIL, now=state.clock(), form_status=status)


def edit_draft(state: State, db: sqlite3.Connection, host: str, *, product_id: str, at: str = "", value: Any = None):
    """Put `value` at the JSON pointer `at` (below commonCloud) of the draft; made from the live version if none."""
    _edit(state, db, host, product_id=product_id, at=at, value=value, version="draft")


def edit_live(state: State, db: sqlite3.Connection, host: str, *, product_id: str, at: str = "", value: Any = None):
    """The same to the live version, as when another draft was published meanwhile."""
    _edit(state, db, host, product_id=product_id, at=at, value=value, version="live")


def publish(state: State, db: sqlite3.Connection, host: str, *, product_id: str) -> None:
    """Publish the draft."""
    marketplace.publish_draft(db, product_id, by=STRANGER_EMAIL, now=state.clock(), reads=1)


def discard_draft(state: State, db: sqlite3.Connection, host: str, *, product_id: str) -> None:
    """Discard the draft."""
    db.execute("DELETE FROM documents WHERE product_id = ? AND state = 'draft'", (product_id,))


# --- content and levels ---------------------------------------------------------------------------------------------


def _level_id(db: sqlite3.Connection, level: str | None) -> str | None:
    """A level's id from its name, its id or its ARI."""
    if level is None:
        return None
    row = db.execute("SELECT id FROM levels WHERE ? IN (name, id)", (level.removeprefix(LEVEL_ARI),)).fetchone()
    if row is None:
        raise ValueError(f"The sandbox has no level '{level}'.")
    return row["id"]


def set_level(
    state: State, db: sqlite3.Connection, host: str, *, item: str | int, level: str | None, status: str = "current"
) -> None:
    """Give an item another level, or with None reset it."""
    row = db.execute(
        "SELECT * FROM items WHERE host = ? AND id = ? AND draft = ?", (host, int(item), int(status == "draft"))
    ).fetchone()
    if row is None:
        return
    level_id = _level_id(db, level)
    db.execute(
        "UPDATE items SET level = ?, unset = 0 WHERE host = ? AND id = ? AND draft = ?",
        (level_id, host, row["id"], row["draft"]),
    )
    _event(state, db, host, f"{row['kind']}_classification_level_{'set' if level else 'reset'}", row)


def _event(state: State, db: sqlite3.Connection, host: str, action: str, row: sqlite3.Row) -> None:
    org_id = db.execute("SELECT org_id FROM sites WHERE host = ?", (host,)).fetchone()["org_id"]
    target = {"type": row["kind"].capitalize(), "id": str(row["id"]), "name": row["title"]}
    events.record(
        db, org_id=org_id, time_ms=int(state.clock() * 1000), action=action, caller=STRANGER, targets=[target]
    )


def set_space_default(state: State, db: sqlite3.Connection, host: str, *, space: str | int, level: str | None) -> None:
    """Give a space (by id or key) another default, or none."""
    db.execute(
        "UPDATE spaces SET level = ? WHERE host = ? AND ? IN (CAST(id AS TEXT), key)",
        (_level_id(db, level), host, str(space)),
    )


def delete_item(state: State, db: sqlite3.Connection, host: str, *, item: str | int) -> None:
    """Put an item into the trash, its draft with it."""
    db.execute("DELETE FROM items WHERE host = ? AND id = ? AND draft = 1", (host, int(item)))
    db.execute("UPDATE items SET status = 'trashed' WHERE host = ? AND id = ?", (host, int(item)))


def publish_item(state: State, db: sqlite3.Connection, host: str, *, item: str | int) -> None:
    """Publish the draft of an item: title and level of the draft become the current ones."""
    draft = db.execute("SELECT * FROM items WHERE host = ? AND id = ? AND draft = 1", (host, int(item))).fetchone()
    if draft is None:
        return
    db.execute("DELETE FROM items WHERE host = ? AND id = ? AND draft = 0", (host, int(item)))
    db.execute(
        "UPDATE items SET draft = 0, status = 'current', version = version + 1 WHERE host = ? AND id = ?",
        (host, int(item)),
    )


def set_level_status(state: State, db: sqlite3.Connection, host: str, *, level: str, status: str) -> None:
    """Make a level of the organisation DRAFT, PUBLISHED or ARCHIVED, whatever uses it."""
    db.execute("UPDATE levels SET status = ? WHERE id = ?", (status, _level_id(db, level)))


def archive_level(state: State, db: sqlite3.Connection, host: str, *, level: str) -> None:
    """Archive a level of the organisation "a second ago"."""
    set_level_status(state, db, host, level=level, status="ARCHIVED")


ACTIONS: dict[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        edit_draft,
        edit_live,
        publish,
        discard_draft,
        set_level,
        set_space_default,
        delete_item,
        publish_item,
        set_level_status,
        archive_level,
    )
}
