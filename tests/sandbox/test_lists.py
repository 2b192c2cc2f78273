"""Lists of spaces and content: pages, filters, order."""

from itertools import pairwise
from urllib.parse import urljoin

import pytest
import requests

from sandbox import stranger
from sandbox.names import ACME, SITES

from .conftest import ADMIN, CONFLUENCE, session


def walk(session: requests.Session, url: str) -> list[list[dict]]:
    """Every page of a list, following `_links.next` on the host that was asked."""
    pages = []
    while url:
        answer = session.get(url)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["results"])
        following = answer.json()["_links"].get("next")
        assert following is None or following.startswith("/wiki/api/v2/")
        assert ("next" in answer.links) == (following is not None)
        url = urljoin(url, following) if following else ""
    return pages


def test_a_list_comes_in_pages_of_the_asked_size_without_gap_or_repeat(state, admin):
    space = state.space_id(ACME, "PROD")
    pages = walk(admin, f"{CONFLUENCE}/spaces/{space}/pages?limit=50&status=current&status=archived")
    ids = [item["id"] for page in pages for item in page]
    assert [len(page) for page in pages] == [50, 50, 50, 30]
    assert len(set(ids)) == 180


def test_the_limit_is_25_unless_asked_and_250_at_most(state, admin):
    space = state.space_id(ACME, "ENG")
    assert len(admin.get(f"{CONFLUENCE}/spaces/{space}/pages").json()["results"]) == 25
    assert len(admin.get(f"{CONFLUENCE}/spaces/{space}/pages?limit=250").json()["results"]) == 250


@pytest.mark.parametrize("sort", ["id", "-id", "title", "-title", "created-date", "-modified-date"])
def test_every_order_walks_through_all(state, admin, sort):
    space = state.space_id(ACME, "KB")
    pages = walk(admin, f"{CONFLUENCE}/spaces/{space}/pages?limit=33&sort={sort}")
    assert len({item["id"] for page in pages for item in page}) == 200
    if sort == "-title":
        titles = [item["title"] for page in pages for item in page]
        assert all(before >= after for before, after in pairwise(titles))


def test_what_is_deleted_between_two_pages_shifts_nothing(state, admin):
    space = state.space_id(ACME, "KB")
    first = admin.get(f"{CONFLUENCE}/spaces/{space}/pages?limit=100").json()
    for item in first["results"][:10]:
        stranger.act(state, "delete_item", host=ACME, item=item["id"])
    rest = walk(admin, urljoin(CONFLUENCE, first["_links"]["next"]))
    assert sum(map(len, rest)) == 100


def test_a_cursor_of_another_order_is_refused(state, admin):
    following = admin.get(f"{CONFLUENCE}/spaces?limit=2&sort=key").json()["_links"]["next"]
    assert admin.get(urljoin(CONFLUENCE, following.replace("sort=key", "sort=name"))).status_code == 400


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("keys=ENG&keys=KB", {"ENG", "KB"}),
        ("status=archived", {"OLD2019"}),
        ("type=knowledge_base", {"KB"}),
        ("type=personal", set()),
        ("labels=anything", set()),
    ],
)
def test_spaces_are_filtered(admin, query, keys):
    found = admin.get(f"{CONFLUENCE}/spaces?{query}").json()["results"]
    assert {space["key"] for space in found} == keys


def test_a_space_has_the_fields_that_clients_use(state, admin):
    space = admin.get(f"{CONFLUENCE}/spaces/{state.space_id(ACME, 'ENG')}").json()
    assert {"id", "key", "name", "type", "status", "authorId", "createdAt", "homepageId", "_links"} <= space.keys()
    assert isinstance(space["id"], str)
    assert space["_links"] == {"webui": "/spaces/ENG", "base": f"https://{ACME}/wiki"}


def test_a_page_has_the_fields_that_clients_use_and_a_blog_post_no_parent(state, admin):
    page = admin.get(f"{CONFLUENCE}/pages/{state.item_ids(ACME, 'ENG')[5]}").json()
    post = admin.get(f"{CONFLUENCE}/blogposts/{state.item_ids(ACME, 'ENG', kind='blogpost')[0]}").json()
    common = {"id", "status", "title", "spaceId", "authorId", "createdAt", "version", "_links"}
    assert common | {"parentId", "parentType", "position", "ownerId"} <= page.keys()
    assert common <= post.keys()
    assert "parentId" not in post
    assert {"number", "createdAt", "authorId"} <= page["version"].keys()
    assert {"webui", "editui"} <= page["_links"].keys()


def test_the_root_of_a_space_is_its_homepage(state, admin):
    space = admin.get(f"{CONFLUENCE}/spaces/{state.space_id(ACME, 'ENG')}").json()
    roots = admin.get(f"{CONFLUENCE}/spaces/{space['id']}/pages?depth=root").json()["results"]
    assert [item["id"] for item in roots] == [space["homepageId"]]


def test_status_and_title_choose_pages(state, admin, space):
    state.add_item(ACME, "TEST", title="Here")
    state.add_item(ACME, "TEST", title="Put away", status="archived")
    state.add_item(ACME, "TEST", title="Thrown away", status="trashed")
    state.add_item(ACME, "TEST", title="Not yet", status="draft")

    def titles(query: str) -> set[str]:
        return {item["title"] for item in admin.get(f"{CONFLUENCE}/spaces/{space}/pages?{query}").json()["results"]}

    assert titles("") == {"Here", "Put away"}
    assert titles("status=archived") == {"Put away"}
    assert titles("status=trashed") == {"Thrown away"}
    assert titles("title=Here") == {"Here"}


def test_a_list_of_drafts_is_refused_unless_the_site_lists_or_ignores_them(state, admin, page, space):
    state.add_item(ACME, "TEST", title="Never published", status="draft")
    asked = f"{CONFLUENCE}/pages?status=draft&space-id={space}"
    assert admin.get(asked).status_code == 400
    state.set_draft_lists(ACME, "ignore")
    assert [(item["id"], item["status"]) for item in admin.get(asked).json()["results"]] == [(page, "current")]


def test_drafts_are_listed_beside_the_space(state, admin, page, space):
    state.set_draft_lists(ACME, "list")
    draft = state.add_item(ACME, "TEST", title="Never published", status="draft")
    state.add_item(ACME, "TEST", title="A page, changed", draft_of=page)
    found = admin.get(f"{CONFLUENCE}/pages?status=draft&space-id={space}").json()["results"]
    assert {(item["id"], item["status"]) for item in found} == {(draft, "draft"), (page, "draft")}


def test_one_page_is_read_as_draft_or_as_it_is_published(state, admin, page):
    state.add_item(ACME, "TEST", title="A page, changed", draft_of=page)
    draft = state.add_item(ACME, "TEST", title="Never published", status="draft")
    assert admin.get(f"{CONFLUENCE}/pages/{page}").json()["title"] == "A page"
    assert admin.get(f"{CONFLUENCE}/pages/{page}?get-draft=true").json()["title"] == "A page, changed"
    assert admin.get(f"{CONFLUENCE}/pages/{draft}").status_code == 404
    assert admin.get(f"{CONFLUENCE}/pages/{draft}?status=draft").json()["status"] == "draft"


def test_what_an_item_or_a_space_lacks_is_left_out(state, admin, page, space):
    for url in (f"{CONFLUENCE}/pages/{page}", f"{CONFLUENCE}/spaces/{space}"):
        assert None not in admin.get(url).json().values()
    assert not {"parentId", "parentType", "position"} & set(admin.get(f"{CONFLUENCE}/pages/{page}").json())
    child = state.add_item(ACME, "TEST", title="A child", parent=page)
    assert admin.get(f"{CONFLUENCE}/pages/{child}").json()["parentId"] == page


def test_two_sites_share_ids_and_nothing_else(state, admin):
    here = admin.get(f"{CONFLUENCE}/spaces/98305").json()
    there = admin.get(f"{CONFLUENCE.replace('acme', 'globex')}/spaces/98305").json()
    assert (here["key"], there["key"]) == ("ENG", "GX")


POLICIES = ("/data-policies/metadata", "/data-policies/spaces")


@pytest.mark.parametrize("dialect", ["current", "reference"])
def test_data_policies_are_for_apps_unless_a_site_lets_tokens_read_them(state, dialect):
    token = session(state, ADMIN.email, ADMIN.token, dialect=dialect)
    app = session(state, token=ADMIN.token, dialect=dialect)
    gateway = f"https://api.atlassian.com/ex/confluence/{SITES[ACME]}/wiki/api/v2"
    state.set_policies_readable(ACME, False)
    refused = [token.get(CONFLUENCE + path) for path in POLICIES]
    assert [answer.status_code for answer in refused] == [403, 403]
    assert refused[0].json()["message"] == "Only apps can make this request"
    assert [app.get(gateway + path).status_code for path in POLICIES] == [200, 200]
    state.set_policies_readable(ACME, True)
    assert [token.get(CONFLUENCE + path).status_code for path in POLICIES] == [200, 200]


def test_a_data_policy_hides_content_and_says_in_which_space(state, admin):
    assert admin.get(f"{CONFLUENCE}/data-policies/metadata").json() == {"anyContentBlocked": True}
    spaces = admin.get(f"{CONFLUENCE}/data-policies/spaces?limit=250").json()["results"]
    assert [space["key"] for space in spaces if space["dataPolicy"]["anyContentBlocked"]] == ["FIN"]
    hidden = state.add_item(ACME, "FIN", title="Salaries", hidden=True)
    assert admin.get(f"{CONFLUENCE}/pages/{hidden}").status_code == 404
    assert admin.get(f"{CONFLUENCE}/pages/{hidden}/classification-level").status_code == 404
    found = walk(admin, f"{CONFLUENCE}/spaces/{state.space_id(ACME, 'FIN')}/pages?limit=250")
    assert sum(map(len, found)) == 120
