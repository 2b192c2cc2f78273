"""The organisation's audit log in the sandbox: what is written down whenever something changes."""

import json
import sqlite3
from typing import Any

from sandbox.messages import Caller, SandboxRequest
from sandbox.names import LEVEL_ARI

_KINDS = {"page": "page", "blogpost": "blog post", "whiteboard": "whiteboard", "database": "database"}
ACTIONS: dict[str, tuple[str, str]] = {
    "data_classification_level_created": ("Created classification level", "Data classification"),
    "data_classification_level_edited": ("Edited classification level", "Data classification"),
    "data_classification_level_published": ("Published classification level", "Data classification"),
    "data_classification_level_archived": ("Archived classification level", "Data classification"),
    "data_classification_level_restored": ("Restored classification level", "Data classification"),
    "data_classification_level_reordered": ("Reordered classification levels", "Data classification"),
    "space_default_classification_level_set": ("Set default classification level of space", "Confluence"),
    "space_default_classification_level_removed": ("Removed default classification level of space", "Confluence"),
    "project_default_classification_level_set": ("Set default classification level of project", "Jira"),
    "project_default_classification_level_removed": ("Removed default classification level of project", "Jira"),
    **{
        f"{kind}_classification_level_{verb}": (f"{done} classification level of {words}", "Confluence")
        for kind, words in _KINDS.items()
        for verb, done in (("set", "Changed"), ("reset", "Reset"), ("removed", "Removed"))
    },
    "page_viewed": ("Viewed page", "Confluence"),
    "page_exported": ("Exported page", "Confluence"),
    "page_public_link_turned_on": ("Turned on public link", "Confluence"),
    "user_added_to_group": ("Added user to group", "Groups"),
    "user_removed_from_group": ("Removed user from group", "Groups"),
    "api_token_created": ("Created API token", "Security"),
    "data_security_policy_activated": ("Activated data security policy", "Security"),
    "issue_viewed": ("Viewed issue", "Jira"),
}


def product_of(action: str) -> str:
    group = ACTIONS[action][1]
    return group.lower() if group in ("Confluence", "Jira") else "admin"


def record(
    db: sqlite3.Connection,
    *,
    org_id: str,
    time_ms: int,
    action: str,
    caller: Caller,
    targets: list[dict[str, str]],
) -> None:
    """Append one event; `targets` have `type`, `id` and `name`."""
    what = ", ".join(target["name"] for target in targets)
    message = f"{caller.name}: {ACTIONS[action][0]}" + (f" ({what})" if what else "")
    context: list[dict[str, Any]] = [
        {"id": target["id"], "type": target["type"], "attributes": {"name": target["name"]}, "links": {}}
        for target in targets
    ]
    db.execute(
        "INSERT INTO events (org_id, time, action, product, actor_id, actor_email, actor_name, message, context)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            org_id,
            time_ms,
            action,
            product_of(action),
            caller.account_id,
            caller.email,
            caller.name,
            message,
            json.dumps(context, ensure_ascii=False),
        ),
    )


def record_call(
    db: sqlite3.Connection, now: float, request: SandboxRequest, action: str, targets: list[dict[str, str]]
) -> None:
    """Append the event of a call on a site; `now` in unix seconds."""
    org_id = db.execute("SELECT org_id FROM sites WHERE host = ?", (request.host,)).fetchone()[0]
    record(db, org_id=org_id, time_ms=int(now * 1000), action=action, caller=request.caller, targets=targets)


def level_target(level: sqlite3.Row | None) -> list[dict[str, str]]:
    if level is None:
        return []
    return [{"type": "ClassificationLevel", "id": LEVEL_ARI + level["id"], "name": level["name"]}]
