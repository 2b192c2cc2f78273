"""The tables of the sandbox's own SQLite file."""

VERSION = 2

# One row is one piece of content; `level` is what a person set by hand (null: none), `unset` is 1 when someone took the
# level away for good, so that not even the space default applies. The unpublished changes of a current page are a
# draft of its own under the same id, as in Confluence.
TABLES = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    token TEXT PRIMARY KEY, email TEXT NOT NULL, account_id TEXT NOT NULL, name TEXT NOT NULL,
    org_admin INTEGER NOT NULL, partner INTEGER NOT NULL, default_right INTEGER NOT NULL, scopes TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rights (
    account_id TEXT NOT NULL, thing TEXT NOT NULL, level INTEGER NOT NULL, PRIMARY KEY (account_id, thing)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sites (
    host TEXT PRIMARY KEY, cloud_id TEXT NOT NULL UNIQUE, org_id TEXT NOT NULL, entitled INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS levels (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    definition TEXT NOT NULL, guideline TEXT NOT NULL, color TEXT NOT NULL, status TEXT NOT NULL,
    used_by TEXT NOT NULL DEFAULT '', created_by TEXT NOT NULL, created_on TEXT NOT NULL,
    changed_by TEXT NOT NULL, changed_on TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spaces (
    host TEXT NOT NULL, id INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, author_id TEXT NOT NULL, created_at TEXT NOT NULL, homepage_id INTEGER,
    level TEXT, floor INTEGER NOT NULL DEFAULT 0, blocked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (host, id), UNIQUE (host, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    host TEXT NOT NULL, id INTEGER NOT NULL, draft INTEGER NOT NULL, kind TEXT NOT NULL, space_id INTEGER NOT NULL,
    status TEXT NOT NULL, title TEXT NOT NULL, parent_id INTEGER, position INTEGER, author_id TEXT NOT NULL,
    created_at TEXT NOT NULL, version INTEGER NOT NULL, version_at TEXT NOT NULL, version_by TEXT NOT NULL,
    level TEXT, unset INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (host, id, draft)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_of_space ON items (host, space_id, kind, draft, id);
CREATE TABLE IF NOT EXISTS projects (
    host TEXT NOT NULL, id INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    archived INTEGER NOT NULL, level TEXT, PRIMARY KEY (host, id), UNIQUE (host, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, org_id TEXT NOT NULL, time INTEGER NOT NULL, action TEXT NOT NULL,
    product TEXT NOT NULL, actor_id TEXT NOT NULL, actor_email TEXT NOT NULL, actor_name TEXT NOT NULL,
    message TEXT NOT NULL, context TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (org_id, time, seq);
CREATE TABLE IF NOT EXISTS reads (name TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS developers (
    id TEXT PRIMARY KEY, vendor_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS apps (
    product_id TEXT PRIMARY KEY, developer_id TEXT NOT NULL, position INTEGER NOT NULL, app_key TEXT NOT NULL,
    name TEXT NOT NULL, state TEXT NOT NULL, approval TEXT NOT NULL, slug TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    product_id TEXT NOT NULL, state TEXT NOT NULL, content TEXT NOT NULL, updated_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL, form_status TEXT NOT NULL, jira_links TEXT NOT NULL DEFAULT '[]',
    reads_to_approval INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (product_id, state)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, call TEXT NOT NULL, host TEXT NOT NULL, item TEXT NOT NULL,
    skip INTEGER NOT NULL, times INTEGER, until REAL, params TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS late (
    id INTEGER PRIMARY KEY, method TEXT NOT NULL, url TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
    dialect TEXT NOT NULL
);
"""
