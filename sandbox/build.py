"""Adding content to the sandbox directly, without its API: for the seed, tests and measurements."""

import json
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sandbox import documents, levels, rights
from sandbox.moments import iso
from sandbox.names import DEVELOPER_ID, LEVEL_ARI, ORG_ID, SITES, Account

FIRST_ID = 98305


def next_id(db: sqlite3.Connection, table: str, host: str) -> int:
    """Ids count up per site, so two sites share ids, as they do at Atlassian's."""
    query = f"SELECT COALESCE(MAX(id), ?) + 1 FROM {table} WHERE host = ?"  # noqa: S608 - one of our own tables
    return db.execute(query, (FIRST_ID - 1, host)).fetchone()[0]


def level_key(db: sqlite3.Connection, level: str | None) -> str | None:
    """A level's key in the tables from its name, its id or its ARI; ValueError when there is none."""
    if level is None:
        return None
    row = db.execute("SELECT id FROM levels WHERE ? IN (name, id)", (level.removeprefix(LEVEL_ARI),)).fetchone()
    if row is None:
        raise ValueError(f"The sandbox has no level '{level}'.")
    return row["id"]


def insert(db: sqlite3.Connection, table: str, **columns: Any) -> None:
    marks = ", ".join("?" * len(columns))
    query = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names are our own
    db.execute(query, tuple(columns.values()))


def insert_item(
    db: sqlite3.Connection,
    *,
    host: str,
    space_id: int,
    title: str,
    now: float,
    kind: str = "page",
    status: str = "current",
    author_id: str = "",
    item_id: int | None = None,
    parent_id: int | None = None,
    position: int | None = None,
    level: str | None = None,
    unset: bool = False,
    hidden: bool = False,
    version: int = 1,
    version_at: float | None = None,
) -> int:
    """One item; `level` is a key in the tables; with `item_id` and status "draft", the draft of that item."""
    item_id = next_id(db, "items", host) if item_id is None else item_id
    insert(
        db,
        "items",
        host=host,
        id=item_id,
        draft=int(status == "draft"),
        kind=kind,
        space_id=space_id,
        status=status,
        title=title,
        parent_id=parent_id,
        position=position,
        author_id=author_id,
        created_at=iso(now),
        version=version,
        version_at=iso(now if version_at is None else version_at),
        version_by=author_id,
        level=level,
        unset=int(unset),
        hidden=int(hidden),
    )
    return item_id


class Builder:
    """The half of State that builds; ids go in and out as text, as the API writes them, and levels as their names."""

    clock: Callable[[], float]

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    # --- sites, people and levels ---------------------------------------------------------------------------------

    def add_site(self, host: str) -> None:
        with self.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO sites (host, cloud_id, org_id) VALUES (?, ?, ?)", (host, SITES[host], ORG_ID)
            )

    def add_account(self, account: Account, *, scopes: list[str] | None = None) -> None:
        """`scopes` limits the account's token when it is used as a bearer; None: it may do all."""
        with self.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    account.token,
                    account.email,
                    account.account_id,
                    account.name,
                    int(account.org_admin),
                    int(account.partner),
                    account.default_right,
                    None if scopes is None else json.dumps(scopes),
                ),
            )

    def revoke(self, token: str) -> None:
        """Make a token worthless, as when it expires."""
        with self.write() as db:
            db.execute("DELETE FROM accounts WHERE token = ?", (token,))

    def set_right(
        self, email: str, right: int, *, host: str = "", space: str = "", project: str = "", developer: str = ""
    ) -> None:
        """What an account may do in a space or project (by key), on a site, or in a developer space."""
        with self.write() as db:
            if space:
                thing = rights.space_thing(host, int(self._space(db, host, space)["id"]))
            elif project:
                row = db.execute("SELECT id FROM projects WHERE host = ? AND key = ?", (host, project)).fetchone()
                thing = rights.project_thing(host, row["id"])
            else:
                thing = f"developer:{developer}" if developer else f"site:{host}"
            rows = db.execute("SELECT DISTINCT account_id FROM accounts WHERE email = ?", (email,)).fetchall()
            for row in rows:
                db.execute("INSERT OR REPLACE INTO rights VALUES (?, ?, ?)", (row["account_id"], thing, right))

    def add_level(
        self, name: str, *, status: str = "PUBLISHED", color: str = "GREY", guideline: str = "", used_by: str = ""
    ) -> str:
        """A level after all others; its ARI. With `used_by`, archiving it is refused."""
        level_id, when = str(uuid.uuid4()), iso(self.clock())
        with self.write() as db:
            last = db.execute("SELECT COALESCE(MAX(position), 0) FROM levels WHERE org_id = ?", (ORG_ID,)).fetchone()[0]
            db.execute(
                "INSERT INTO levels VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?)",
                (level_id, ORG_ID, last + 1, name, guideline, color, status, used_by, "Seed|", when, "Seed|", when),
            )
        return LEVEL_ARI + level_id

    def set_organization_default(self, level: str | None) -> None:
        with self.write() as db:
            value = json.dumps(level_key(db, level))
            db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (f"org_default:{ORG_ID}", value))

    # --- content --------------------------------------------------------------------------------------------------

    def add_space(
        self,
        host: str,
        key: str,
        *,
        pages: int = 0,
        blogposts: int = 0,
        name: str = "",
        kind: str = "global",
        status: str = "current",
        level: str | None = None,
        floor: bool = False,
        blocked: bool = False,
    ) -> str:
        """A space with so many plain current pages and blog posts; its id.

        With `floor`, a level less sensitive than the default is refused; `blocked`: a data security policy applies.
        """
        now = self.clock()
        with self.write() as db:
            space_id = next_id(db, "spaces", host)
            insert(
                db,
                "spaces",
                host=host,
                id=space_id,
                key=key,
                name=name or key,
                type=kind,
                status=status,
                author_id="",
                created_at=iso(now),
                level=level_key(db, level),
                floor=int(floor),
                blocked=int(blocked),
            )
            for item_kind, count in (("page", pages), ("blogpost", blogposts)):
                for number in range(1, count + 1):
                    title = f"{key} {item_kind} {number}"
                    insert_item(db, host=host, space_id=space_id, title=title, now=now, kind=item_kind)
        return str(space_id)

    def add_item(
        self,
        host: str,
        space: str,
        *,
        title: str,
        kind: str = "page",
        status: str = "current",
        level: str | None = None,
        unset: bool = False,
        hidden: bool = False,
        parent: str | None = None,
        draft_of: str | None = None,
    ) -> str:
        """One item in a space (by key); its id. `draft_of` makes it the unpublished changes of another."""
        with self.write() as db:
            item_id = insert_item(
                db,
                host=host,
                space_id=self._space(db, host, space)["id"],
                title=title,
                now=self.clock(),
                kind=kind,
                status="draft" if draft_of else status,
                item_id=None if draft_of is None else int(draft_of),
                parent_id=None if parent is None else int(parent),
                level=level_key(db, level),
                unset=unset,
                hidden=hidden,
            )
        return str(item_id)

    def add_project(
        self, host: str, key: str, *, name: str = "", kind: str = "software", archived: bool = False, level: str = ""
    ) -> str:
        """A Jira project; its id."""
        with self.write() as db:
            project_id = next_id(db, "projects", host)
            db.execute(
                "INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?, ?)",
                (host, project_id, key, name or key, kind, int(archived), level_key(db, level or None)),
            )
        return str(project_id)

    # --- the Marketplace ------------------------------------------------------------------------------------------

    def add_app(self, product_id: str, *, name: str = "", state: str = "PUBLIC", approval: str = "APPROVED") -> None:
        """An app in the sandbox's developer space, after all others, without any document."""
        slug = "-".join((name or product_id).lower().split())
        with self.write() as db:
            position = db.execute("SELECT COUNT(*) FROM apps").fetchone()[0]
            db.execute(
                "INSERT INTO apps VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (product_id, DEVELOPER_ID, position, f"com.example.{slug}", name or product_id, state, approval, slug),
            )

    def add_document(
        self,
        product_id: str,
        document: dict[str, Any] | str,
        *,
        state: str = "draft",
        by: str = "publisher@example.com",
        form_status: str = "",
        at: float | None = None,
    ) -> None:
        """Make `{"commonCloud": {…}}` (without properties), a dict or exact text, the live or draft version."""
        text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
        status = form_status or ("APPROVED" if state == "live" else "DRAFT")
        with self.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO documents (product_id, state, content, updated_by, updated_at, form_status)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    product_id,
                    state,
                    documents.content_of(text),
                    by,
                    int((self.clock() if at is None else at) * 1000),
                    status,
                ),
            )

    def remove_document(self, product_id: str, *, state: str = "draft") -> None:
        with self.write() as db:
            db.execute("DELETE FROM documents WHERE product_id = ? AND state = ?", (product_id, state))

    def document(self, product_id: str, state: str = "draft") -> dict[str, Any] | None:
        """`{"commonCloud": {…}}` as it is kept, without properties; None when there is none."""
        text = self.document_text(product_id, state)
        return None if text is None else {"commonCloud": json.loads(text)}

    def document_text(self, product_id: str, state: str = "draft") -> str | None:
        """The exact characters of commonCloud's object, without properties."""
        with self.read() as db:
            row = db.execute(
                "SELECT content FROM documents WHERE product_id = ? AND state = ?", (product_id, state)
            ).fetchone()
        return None if row is None else row["content"]

    # --- looking --------------------------------------------------------------------------------------------------

    @staticmethod
    def _space(db: sqlite3.Connection, host: str, key: str) -> sqlite3.Row:
        row = db.execute("SELECT * FROM spaces WHERE host = ? AND key = ?", (host, key)).fetchone()
        if row is None:
            raise ValueError(f"The sandbox has no space '{key}' on {host}.")
        return row

    def level_id(self, name: str) -> str:
        """The ARI of a level by its name."""
        with self.read() as db:
            key = level_key(db, name)
        return f"{LEVEL_ARI}{key}"

    def space_id(self, host: str, key: str) -> str:
        with self.read() as db:
            return str(self._space(db, host, key)["id"])

    def space_default(self, host: str, key: str) -> str | None:
        """The name of the default that a space has been given, whatever the level's status."""
        with self.read() as db:
            row = levels.level(db, self._space(db, host, key)["level"] or "")
        return None if row is None else row["name"]

    def item_ids(self, host: str, space: str, *, kind: str = "page", status: str = "current") -> list[str]:
        """The ids of what a space (by key) holds in that status, oldest first."""
        with self.read() as db:
            rows = db.execute(
                "SELECT id FROM items WHERE host = ? AND space_id = ? AND kind = ? AND status = ? AND hidden = 0"
                " ORDER BY id",
                (host, self._space(db, host, space)["id"], kind, status),
            ).fetchall()
        return [str(row["id"]) for row in rows]

    def own_level(self, host: str, item: str, *, status: str = "current") -> str | None:
        """The name of the level set on an item by hand; None when it has none of its own."""
        with self.read() as db:
            row = db.execute(
                "SELECT l.name FROM items i JOIN levels l ON l.id = i.level"
                " WHERE i.host = ? AND i.id = ? AND i.draft = ?",
                (host, int(item), int(status == "draft")),
            ).fetchone()
        return None if row is None else row["name"]
