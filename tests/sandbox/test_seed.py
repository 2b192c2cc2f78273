"""The demo content is what its description says, and the same on every machine."""

import pytest

from sandbox.names import ACME, GLOBEX
from sandbox.seed import ensure_seeded
from sandbox.seed_documents import APP_NAMES, product_id
from sandbox.state import State

from .conftest import ADMIN, Clock, session

SITES = {ACME: 8, GLOBEX: 6}


def everything(person, url: str) -> list[dict]:
    host, found = url.split("/wiki")[0], []
    while url:
        answer = person.get(url).json()
        found += answer["results"]
        following = answer["_links"].get("next")
        url = following and host + following
    return found


@pytest.fixture(scope="module")
def seen(seeded) -> dict[str, list[dict]]:
    """What the admin can list on both sites: spaces, pages, blogposts, with the host added."""
    person, seen = session(seeded, ADMIN.email, ADMIN.token), {"spaces": [], "pages": [], "blogposts": []}
    for host in SITES:
        api = f"https://{host}/wiki/api/v2"
        for space in everything(person, f"{api}/spaces?limit=250"):
            seen["spaces"].append({**space, "host": host})
            for kind in ("pages", "blogposts"):
                items = everything(person, f"{api}/spaces/{space['id']}/{kind}?limit=250")
                seen[kind] += [{**item, "host": host} for item in items]
    return seen


def test_the_counts_are_those_promised(seen):
    assert {host: sum(space["host"] == host for space in seen["spaces"]) for host in SITES} == SITES
    assert (len(seen["pages"]), len(seen["blogposts"])) == (1500, 200)
    assert sum(page["status"] == "archived" for page in seen["pages"]) == 60


def test_page_trees_are_four_deep(seen):
    parents = {(page["host"], page["id"]): page.get("parentId") for page in seen["pages"]}

    def depth(host: str, item: str) -> int:
        parent = parents[host, item]
        return 1 if parent is None else 1 + depth(host, parent)

    assert {depth(*key) for key in parents} == {1, 2, 3, 4}


def test_titles_are_long_and_from_many_scripts(seen):
    titles = [page["title"] for page in seen["pages"]]
    assert 200 < max(map(len, titles)) <= 255
    for sign in ("خ", "ע", "情", "🚀", "<"):
        assert any(sign in title for title in titles)


def test_about_a_third_has_no_level(seeded, seen):
    person, without = session(seeded, ADMIN.email, ADMIN.token), 0
    for kind in ("pages", "blogposts"):
        for item in seen[kind]:
            url = f"https://{item['host']}/wiki/api/v2/{kind}/{item['id']}/classification-level"
            without += person.get(url, params={"status": item["status"]}).status_code == 404
    assert 0.25 < without / 1700 < 0.35


def test_drafts_are_beside_the_pages(seeded):
    with seeded.read() as db:
        query = "SELECT kind, COUNT(*) FROM items WHERE draft = 1 GROUP BY kind"
        assert dict(map(tuple, db.execute(query))) == {"page": 75, "blogpost": 10}


def test_projects_are_nine(seeded):
    person = session(seeded, ADMIN.email, ADMIN.token)
    totals = [person.get(f"https://{host}/rest/api/3/project/search").json()["total"] for host in SITES]
    assert totals == [6, 3]


def test_apps_have_the_versions_promised(seeded):
    versions = {
        name: (
            seeded.document(product_id(name), "live") is not None,
            seeded.document(product_id(name), "draft") is not None,
        )
        for name in APP_NAMES
    }
    assert {name: found[0] for name, found in versions.items() if found[1]} == {
        "Diagrams for Confluence": True,
        "Time Ledger": True,
        "Release Notes Robot": False,
    }
    assert versions["Status Board"] == (True, False)
    assert versions["Page Clock"] == (False, False)


def test_two_documents_are_awkward(seeded):
    ledger = seeded.document(product_id("Time Ledger"), "live")["commonCloud"]
    assert len(ledger["thirdPartyInformation"]["thirdPartyDetails"]) == 10
    assert len(ledger["security"]["permissionsJustification"]) >= 10_000
    text = seeded.document_text(product_id("Table Tools"), "live")
    assert "12345678901234567890.5" in text
    assert '"score": 1.0' in text


def test_two_machines_have_the_same_seed(seeded, tmp_path):
    other = State(tmp_path / "other.sqlite3", clock=Clock(seeded.clock() + 5))
    assert ensure_seeded(other) is True
    assert ensure_seeded(other) is False
    with seeded.read() as one, other.read() as two:
        for table in ("spaces", "items", "events", "documents", "projects", "levels", "apps"):
            rows = [[tuple(row) for row in db.execute(f"SELECT * FROM {table}")] for db in (one, two)]
            assert rows[0] == rows[1]
    other.close()
