"""The levels of an organisation as its sites see them: which one applies, which may be applied, how they look."""

import re
import sqlite3
from typing import Any

from sandbox.messages import Problem
from sandbox.names import LEVEL_ARI

_ARI = re.compile(re.escape(LEVEL_ARI) + r"[A-Za-z0-9-]+\Z")


def all_levels(db: sqlite3.Connection, org_id: str) -> list[sqlite3.Row]:
    return db.execute("SELECT * FROM levels WHERE org_id = ? ORDER BY position", (org_id,)).fetchall()


def level(db: sqlite3.Connection, level_id: str) -> sqlite3.Row | None:
    return db.execute("SELECT * FROM levels WHERE id = ?", (level_id,)).fetchone()


def published(db: sqlite3.Connection, level_id: str | None) -> sqlite3.Row | None:
    """The level when it has effect: one that is a draft or archived has none."""
    if not level_id:
        return None
    return db.execute("SELECT * FROM levels WHERE id = ? AND status = 'PUBLISHED'", (level_id,)).fetchone()


def effective(db: sqlite3.Connection, item: sqlite3.Row) -> sqlite3.Row | None:
    """An item's level: set by hand > space default > organisation default > none.

    `item` carries `level`, `unset`, `space_level` and `org_id`.
    """
    own = published(db, item["level"])
    if own is not None or item["unset"]:
        return own
    return published(db, item["space_level"]) or published(db, organization_default(db, item["org_id"]))


def organization_default(db: sqlite3.Connection, org_id: str) -> str | None:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (f"org_default:{org_id}",)).fetchone()
    return row[0].strip('"') if row and row[0] != "null" else None


def applicable(db: sqlite3.Connection, org_id: str, ari: str, *, shape: str) -> sqlite3.Row:
    """The level that a body names, when it may be applied; else a Problem (400)."""
    if not _ARI.match(ari):
        raise Problem(400, f"'{ari[:80]}' is not a classification level id", shape=shape)
    row = level(db, ari.removeprefix(LEVEL_ARI))
    if row is None or row["org_id"] != org_id:
        raise Problem(400, "Classification level does not exist in this organization", shape=shape)
    if row["status"] != "PUBLISHED":
        raise Problem(400, f"Classification level '{row['name']}' is not published", shape=shape)
    return row


def site_view(row: sqlite3.Row) -> dict[str, Any]:
    """A level as Confluence shows it."""
    return {
        "id": LEVEL_ARI + row["id"],
        "name": row["name"],
        "description": row["definition"],
        "guideline": row["guideline"],
        "order": row["position"],
        "color": row["color"],
        "status": row["status"],
    }


def jira_view(row: sqlite3.Row) -> dict[str, Any]:
    """A level as Jira shows it: the status in lower case, and a rank where Confluence says order."""
    return {
        "id": LEVEL_ARI + row["id"],
        "status": row["status"].lower(),
        "name": row["name"],
        "rank": row["position"],
        "description": row["definition"],
        "guideline": row["guideline"],
        "color": row["color"],
    }
