"""The demo content of the sandbox, the same on every machine: two sites, an organisation and a developer space.

What is counted, by `/spaces/{id}/pages` and `/spaces/{id}/blogposts` over all spaces as the admin sees them:

- 14 spaces (8 + 6), one of them archived, one personal, one (FIN) under a data security policy that tokens may read;
- 1,500 pages, current and archived together (60 are archived), in trees of up to four levels, and 200 blog posts;
- beside them: 45 pages and 10 blog posts that are drafts and were never published, 30 drafts of unpublished changes to
  current pages (same id, status draft), 12 pages in FIN that the policy hides from the API, 4 whiteboards, 3 databases;
- 9 Jira projects (6 + 3), one archived;
- 5 levels: Confidential, Internal and Public are PUBLISHED, Restricted is a DRAFT, "Company only" is ARCHIVED (and
  still the default of the space MKT, which is therefore unclassified); Confidential is used by a data security rule;
- 300 audit events of the last 170 days; 8 apps, see seed_documents.

Around 30 % of pages and blog posts have no level. Moments count back from the day of seeding, everything else is
drawn from a fixed random seed.
"""

import random
import sqlite3

from sandbox import events, rights, seed_documents
from sandbox.build import insert, insert_item, next_id
from sandbox.messages import Caller
from sandbox.moments import iso
from sandbox.names import (
    ACCOUNTS,
    ACME,
    DEVELOPER_ID,
    EDIT,
    GLOBEX,
    LEVEL_ARI,
    NONE,
    ORG_ID,
    SITES,
    STRANGER_EMAIL,
    STRANGER_ID,
)
from sandbox.seed_words import FORMS, LONG_TITLE, LONG_WORD, ODD_TITLES, SUBJECTS, TOPICS
from sandbox.state import State, default_state

VERSION = 1
DAY = 24 * 3600

# key in the tables, name, status, colour, definition, guideline, what uses it
LEVELS = (
    (
        "Restricted",
        "DRAFT",
        "RED_BOLD",
        "Would end the company's standing if it leaked.",
        "Named people only. Never leaves the space.",
        "",
    ),
    (
        "Confidential",
        "PUBLISHED",
        "RED",
        "Would hurt customers, staff or the company if it leaked.",
        "For the team that needs it. Ask the owner before you share it.",
        "the data security rule 'No public links to Confidential'",
    ),
    (
        "Internal",
        "PUBLISHED",
        "YELLOW",
        "Everyday work of the company.",
        "For everyone who works here. Do not send it outside.",
        "",
    ),
    ("Company only", "ARCHIVED", "GREY", "The old name of Internal.", "Use Internal instead.", ""),
    (
        "Public",
        "PUBLISHED",
        "GREEN",
        "Meant for the world.",
        "Open to all. Check names and numbers before you publish.",
        "",
    ),
)
CONFIDENTIAL, INTERNAL, PUBLIC, ARCHIVED = "Confidential", "Internal", "Public", "Company only"

# host, key, name, type, default level, pages, blog posts
SPACES = (
    (ACME, "ENG", "Engineering", "global", INTERNAL, 300, 60),
    (ACME, "HR", "People and culture", "global", CONFIDENTIAL, 80, 15),
    (ACME, "FIN", "Finance", "global", CONFIDENTIAL, 120, 0),
    (ACME, "LEGAL", "Legal", "global", CONFIDENTIAL, 90, 0),
    (ACME, "PROD", "Product", "collaboration", None, 180, 40),
    (ACME, "OPS", "Operations", "global", None, 130, 20),
    (ACME, "KB", "Help centre", "knowledge_base", PUBLIC, 200, 20),
    (ACME, "OLD2019", "Archive 2019", "global", None, 40, 0),
    (GLOBEX, "GX", "Platform", "global", INTERNAL, 140, 25),
    (GLOBEX, "SALES", "Sales", "global", None, 60, 10),
    (GLOBEX, "MKT", "Marketing 📣", "global", ARCHIVED, 50, 10),
    (GLOBEX, "RND", "研究開発", "global", CONFIDENTIAL, 60, 0),
    (GLOBEX, "EMEA", "مكتب أوروبا والشرق الأوسط", "global", None, 40, 0),
    (GLOBEX, "~712020000000a1", "Ada Admin", "personal", None, 10, 0),
)
EDITOR_SPACES = ("ENG", "PROD", "KB", "GX", "EMEA")
ARCHIVED_PAGES = {"ENG": 15, "PROD": 10, "OPS": 10, "KB": 5, "GX": 10, "SALES": 5, "RND": 5}
DRAFT_PAGES = {"ENG": 12, "HR": 3, "PROD": 10, "OPS": 4, "KB": 6, "GX": 8, "EMEA": 2}
DRAFT_POSTS = {"ENG": 5, "PROD": 3, "GX": 2}
CHANGED_PAGES = {"ENG": 10, "PROD": 6, "LEGAL": 2, "KB": 6, "GX": 6}
HIDDEN_PAGES = {"FIN": 12}

# host, key, name, type, archived, default level
PROJECTS = (
    (ACME, "APP", "Mobile app", "software", 0, INTERNAL),
    (ACME, "HELP", "Help desk", "service_desk", 0, CONFIDENTIAL),
    (ACME, "WEB", "Website", "software", 0, PUBLIC),
    (ACME, "SEC", "Security findings", "software", 0, CONFIDENTIAL),
    (ACME, "OFFICE", "Office moves", "business", 0, None),
    (ACME, "LEGACY", "Legacy billing", "software", 1, None),
    (GLOBEX, "PLAT", "Platform", "software", 0, INTERNAL),
    (GLOBEX, "LEADS", "Leads", "business", 0, None),
    (GLOBEX, "LAB", "研究ラボ", "software", 0, ARCHIVED),
)


def level_key(name: str) -> str:
    """The id of a seeded level, without the ARI."""
    position = [level[0] for level in LEVELS].index(name) + 1
    return f"c1a55000-0000-4000-8000-00000000000{position}"


def level_ari(name: str) -> str:
    """The id of a seeded level as the APIs write it."""
    return LEVEL_ARI + level_key(name)


def ensure_seeded(state: State | None = None) -> bool:
    """Put the demo content in unless it is there; True when it was put in now. Safe from several processes at once."""
    state = default_state() if state is None else state
    if state.setting("seeded") == VERSION:
        return False
    with state.write() as db:
        if db.execute("SELECT 1 FROM settings WHERE key = 'seeded'").fetchone():
            return False
        _basics(db, state.clock())
        _content(db, state.clock())
        db.execute("INSERT INTO settings VALUES ('seeded', ?)", (str(VERSION),))
    return True


def seed_basics(state: State) -> None:
    """Only people, sites, levels and the developer space: an empty house for tests and measurements."""
    with state.write() as db:
        _basics(db, state.clock())


def _midnight(now: float) -> float:
    return now // DAY * DAY


def _basics(db: sqlite3.Connection, now: float) -> None:
    for host, cloud_id in SITES.items():
        db.execute("INSERT OR IGNORE INTO sites VALUES (?, ?, ?, 1)", (host, cloud_id, ORG_ID))
    for account in ACCOUNTS:
        db.execute(
            "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                account.token,
                account.email,
                account.account_id,
                account.name,
                account.org_admin,
                account.partner,
                account.default_right,
            ),
        )
    when, who = iso(_midnight(now) - 400 * DAY), f"{ACCOUNTS[0].name}|{ACCOUNTS[0].account_id}"
    for position, (name, status, color, definition, guideline, used_by) in enumerate(LEVELS, start=1):
        db.execute(
            "INSERT OR IGNORE INTO levels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                level_key(name),
                ORG_ID,
                position,
                name,
                definition,
                guideline,
                color,
                status,
                used_by,
                who,
                when,
                who,
                when,
            ),
        )
    db.execute(
        "INSERT OR IGNORE INTO developers VALUES (?, '1234567', 'Example Vendor', 'ACTIVE')",
        (DEVELOPER_ID,),
    )


# --- the two sites --------------------------------------------------------------------------------------------------


def _content(db: sqlite3.Connection, now: float) -> None:
    rng, today = random.Random(20240315), _midnight(now)
    for host, key, name, kind, level, pages, posts in SPACES:
        space_id = _space(db, today, host, key, name, kind, level)
        _Filler(db, rng, today, host, space_id, key, level).fill(pages, posts)
    for host, key, name, kind, archived, level in PROJECTS:
        values = (host, next_id(db, "projects", host), key, name, kind, archived, level and level_key(level))
        db.execute("INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    # The demo signs in with API tokens; only where they may read the policies can a blocked space be seen as such.
    for key in (f"jira_system_tag:{GLOBEX}", *(f"policies_readable:{host}" for host in SITES)):
        db.execute("INSERT OR REPLACE INTO settings VALUES (?, 'true')", (key,))
    _events(db, rng, today)
    seed_documents.insert_apps(db, today)


def _space(db: sqlite3.Connection, today: float, host: str, key: str, name: str, kind: str, level: str | None) -> int:
    space_id = next_id(db, "spaces", host)
    insert(
        db,
        "spaces",
        host=host,
        id=space_id,
        key=key,
        name=name,
        type=kind,
        status="archived" if key == "OLD2019" else "current",
        author_id=ACCOUNTS[0].account_id,
        created_at=iso(today - 900 * DAY),
        level=level and level_key(level),
        floor=int(key == "LEGAL"),
        blocked=int(key == "FIN"),
    )
    editor = EDIT if key in EDITOR_SPACES else NONE if key == "HR" else None
    if editor is not None:
        db.execute(
            "INSERT INTO rights VALUES (?, ?, ?)", (ACCOUNTS[1].account_id, rights.space_thing(host, space_id), editor)
        )
    return space_id


class _Filler:
    """Fills one space; holds what every item of it needs."""

    def __init__(
        self,
        db: sqlite3.Connection,
        rng: random.Random,
        today: float,
        host: str,
        space_id: int,
        key: str,
        level: str | None,
    ):
        self.db, self.rng, self.today, self.host = db, rng, today, host
        self.space_id, self.key, self.level = space_id, key, level
        self.titles: set[str] = set()
        self.next_id = next_id(db, "items", host)

    def fill(self, pages: int, posts: int) -> None:
        current = self.tree(pages)
        for _ in range(posts):
            self.item(kind="blogpost", **self.own())
        for count, kind in ((DRAFT_PAGES, "page"), (DRAFT_POSTS, "blogpost")):
            for _ in range(count.get(self.key, 0)):
                self.item(kind=kind, status="draft", **self.own())
        for item_id in self.rng.sample(current, CHANGED_PAGES.get(self.key, 0)):
            self.change(item_id)
        for _ in range(HIDDEN_PAGES.get(self.key, 0)):
            self.item(hidden=True, **self.own())
        if self.key in ("PROD", "GX"):
            for kind in ("whiteboard", "whiteboard", "database", *(["database"] if self.key == "PROD" else [])):
                self.item(kind=kind, **self.own())

    def tree(self, pages: int) -> list[int]:
        """A homepage and pages below it, at most four deep; the ids of the current ones."""
        archived, current = ARCHIVED_PAGES.get(self.key, 0), []
        children: dict[int | None, int] = {}
        open_nodes: list[tuple[int, int]] = []
        for number in range(pages):
            is_archived = number >= pages - archived
            parent, depth = self.rng.choice(open_nodes) if open_nodes else (None, 0)
            position = children[parent] = children.get(parent, -1) + 1
            title = f"{self.key} home" if parent is None else ""
            status = "archived" if is_archived else "current"
            item_id = self.item(title=title, status=status, parent_id=parent, position=position, **self.own())
            if depth < 3 and not is_archived:
                open_nodes.append((item_id, depth + 1))
            if not is_archived:
                current.append(item_id)
        if self.level or pages > 10:
            self.db.execute(
                "UPDATE spaces SET homepage_id = ? WHERE host = ? AND id = ?", (current[0], self.host, self.space_id)
            )
        return current

    def own(self) -> dict:
        """A level set by hand for some, above or below the default; for a few, none in spite of the default."""
        draw = self.rng.random()
        if self.level and draw > 0.975 and self.key != "LEGAL":
            return {"unset": True}
        if draw > 0.14:
            return {}
        weights = (1, 0, 0) if self.key == "LEGAL" else (3, 4, 3)
        return {"level": level_key(self.rng.choices((CONFIDENTIAL, INTERNAL, PUBLIC), weights)[0])}

    def item(self, *, title: str = "", **columns) -> int:
        created = self.today - self.rng.randint(10, 800) * DAY - self.rng.randint(0, DAY)
        item_id, self.next_id = self.next_id, self.next_id + 1
        return insert_item(
            self.db,
            host=self.host,
            space_id=self.space_id,
            item_id=item_id,
            title=title or self.title(),
            now=created,
            author_id=self.rng.choice(ACCOUNTS).account_id,
            version=self.rng.randint(1, 40),
            version_at=created + self.rng.randint(0, 9) * DAY,
            **columns,
        )

    def change(self, item_id: int) -> None:
        """Unpublished changes to a current page: another title, and a level of their own for some."""
        row = self.db.execute("SELECT title FROM items WHERE host = ? AND id = ?", (self.host, item_id)).fetchone()
        insert_item(
            self.db,
            host=self.host,
            space_id=self.space_id,
            item_id=item_id,
            title=row["title"] + " (being changed)",
            now=self.today - self.rng.randint(1, 9) * DAY,
            status="draft",
            author_id=ACCOUNTS[1].account_id,
            **self.own(),
        )

    def title(self) -> str:
        draw = self.rng.random()
        if draw < 0.03:
            base = self.rng.choice(ODD_TITLES)
        elif draw < 0.035:
            base = self.rng.choice((LONG_TITLE, LONG_WORD))
        else:
            base = f"{self.rng.choice(TOPICS)} {self.rng.choice(FORMS)} for {self.rng.choice(SUBJECTS)}"
        title, number = base, 1
        while title in self.titles:  # titles are unique within a space, as in Confluence
            number += 1
            title = f"{base} {number}"
        self.titles.add(title)
        return title


# --- the organisation's audit log -----------------------------------------------------------------------------------

_COMMON = ("page_viewed", "page_viewed", "issue_viewed", "user_added_to_group", "page_exported", "api_token_created")
_LEVEL = ("page_classification_level_set", "page_classification_level_set", "page_classification_level_reset")


def _events(db: sqlite3.Connection, rng: random.Random, today: float) -> None:
    people = [Caller(account.account_id, account.email, account.name) for account in ACCOUNTS]
    people.append(Caller(STRANGER_ID, STRANGER_EMAIL, "A Stranger"))
    pages = db.execute("SELECT id, title FROM items WHERE kind = 'page' AND draft = 0 AND hidden = 0").fetchall()
    groups, others = ("site-admins", "confluence-users", "contractors"), list(events.ACTIONS)
    moments = sorted(today - 170 * DAY + rng.randint(0, 170 * DAY - 1) for _ in range(300))
    for moment in moments:
        draw = rng.random()
        action = rng.choice(_COMMON if draw < 0.55 else _LEVEL if draw < 0.9 else others)
        targets = []
        if action.startswith("page"):
            page = rng.choice(pages)
            targets.append({"type": "Page", "id": str(page["id"]), "name": page["title"]})
        elif action.startswith("user"):
            targets.append({"type": "Group", "id": "g-1", "name": rng.choice(groups)})
        if action.endswith(("level_set", "level_edited", "level_published", "level_archived")):
            name = rng.choice((CONFIDENTIAL, INTERNAL, PUBLIC))
            targets.append({"type": "ClassificationLevel", "id": level_ari(name), "name": name})
        events.record(
            db, org_id=ORG_ID, time_ms=int(moment * 1000), action=action, caller=rng.choice(people), targets=targets
        )
