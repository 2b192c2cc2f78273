"""Who gets in, what they see, and how they are refused."""

import pytest

from sandbox.names import ACCOUNTS, ACME, DEVELOPER_ID, EDIT, NONE, ORG_ID, SITES, Account
from sandbox.seed import level_ari
from sandbox.seed_documents import product_id

from .conftest import (
    ADMIN,
    CONFLUENCE,
    EVENTS,
    JIRA,
    LEVELS,
    MARKETPLACE,
    VIEWER,
    level_of,
    session,
    set_default,
    set_level,
)

GATEWAY = f"https://api.atlassian.com/ex/confluence/{SITES[ACME]}/wiki/api/v2"
DOCUMENT = f"/privacy-and-security/products/{product_id('Time Ledger')}"
JIRA_GATEWAY = f"https://api.atlassian.com/ex/jira/{SITES[ACME]}/rest/api/3"


@pytest.mark.parametrize(
    ("email", "token"),
    [
        ("", ""),
        (ADMIN.email, "wrong"),
        (VIEWER.email, ADMIN.token),
        ("nobody@example.com", "sandbox-nobody-token"),
        ("", ADMIN.token),
    ],
    ids=["nobody", "wrong token", "somebody else's token", "unknown account", "a bearer without the gateway"],
)
@pytest.mark.parametrize("url", [f"{CONFLUENCE}/spaces", f"{JIRA}/project/search"])
def test_a_site_lets_in_only_an_account_with_its_own_token(state, email, token, url):
    answer = session(state, email, token).get(url)
    assert answer.status_code == 401
    assert ADMIN.token not in answer.text


def test_an_address_is_the_same_in_capital_letters(state):
    assert session(state, ADMIN.email.upper(), ADMIN.token).get(f"{CONFLUENCE}/spaces").status_code == 200


def test_bearers_are_taken_through_the_gateway(state):
    bearer = session(state, token=ADMIN.token)
    assert bearer.get(f"{GATEWAY}/spaces").json()["results"][0]["key"] == "ENG"
    assert bearer.get(f"{JIRA_GATEWAY}/project/search").json()["total"] == 6
    assert bearer.get(f"{GATEWAY.replace(SITES[ACME], 'unknown')}/spaces").status_code == 404


def test_a_bearer_does_only_what_its_scopes_say(state):
    state.add_account(
        Account("app@example.com", "sandbox-app-token", "712020:app", "App", default_right=EDIT),
        scopes=["read:page:confluence"],
    )
    app, page = session(state, token="sandbox-app-token"), state.item_ids(ACME, "ENG")[0]
    assert app.get(f"{GATEWAY}/pages/{page}").status_code == 200
    refused = app.put(
        f"{GATEWAY}/pages/{page}/classification-level", json={"status": "current", "id": level_ari("Public")}
    )
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized; scope does not match")


READ_PAGE, WRITE_PAGE = "read:page:confluence", "write:page:confluence"
READ_SPACE, WRITE_SPACE = "read:space:confluence", "write:space:confluence"
LEVEL = "/pages/98305/classification-level"
DEFAULT = "/spaces/98305/classification-level/default"
CURRENT = {"status": "current"}
CHANGE = {"id": level_ari("Public"), **CURRENT}


@pytest.mark.parametrize(
    ("dialect", "method", "path", "body", "scopes"),
    [
        ("current", "GET", LEVEL, None, {READ_PAGE}),
        ("reference", "GET", LEVEL, None, {READ_PAGE, WRITE_PAGE}),
        ("reference", "GET", LEVEL.replace("pages", "blogposts"), None, {READ_PAGE, WRITE_PAGE}),
        ("current", "PUT", LEVEL, CHANGE, {WRITE_PAGE}),
        ("reference", "POST", f"{LEVEL}/reset", CURRENT, {WRITE_PAGE}),
        ("reference", "DELETE", LEVEL, CURRENT, {WRITE_PAGE}),
        ("current", "GET", DEFAULT, None, {READ_SPACE}),
        ("current", "PUT", DEFAULT, {"id": level_ari("Public")}, {READ_SPACE, WRITE_SPACE}),
        ("reference", "PUT", DEFAULT, {"id": level_ari("Public")}, {READ_SPACE, WRITE_SPACE}),
        ("current", "DELETE", DEFAULT, None, {WRITE_SPACE}),
        ("reference", "DELETE", DEFAULT, None, {WRITE_SPACE}),
    ],
)
def test_a_call_wants_every_scope_that_it_names_and_no_other(state, dialect, method, path, body, scopes):
    def status(granted: set[str]) -> int:
        state.add_account(ADMIN, scopes=sorted(granted))
        return session(state, token=ADMIN.token, dialect=dialect).request(method, GATEWAY + path, json=body).status_code

    assert [status(scopes - {one}) for one in scopes] == [401] * len(scopes)
    assert status(scopes) in (200, 204, 404)


def test_a_revoked_token_no_longer_works(state, admin):
    assert admin.get(f"{CONFLUENCE}/spaces").status_code == 200
    state.revoke(ADMIN.token)
    assert admin.get(f"{CONFLUENCE}/spaces").status_code == 401


def test_what_an_account_may_not_see_is_not_there(state, editor, admin):
    page, space = state.item_ids(ACME, "HR")[0], state.space_id(ACME, "HR")
    for url in (f"/spaces/{space}", f"/spaces/{space}/pages", f"/pages/{page}", f"/pages/{page}/classification-level"):
        assert editor.get(CONFLUENCE + url).status_code == 404
        assert admin.get(CONFLUENCE + url).status_code == 200
    keys = {found["key"] for found in editor.get(f"{CONFLUENCE}/spaces", params={"limit": 250}).json()["results"]}
    assert "HR" not in keys
    assert "ENG" in keys
    listed = editor.get(f"{CONFLUENCE}/pages", params={"limit": 250, "space-id": space}).json()["results"]
    assert listed == []


def test_a_site_can_be_closed_to_an_account(state, viewer):
    state.set_right(VIEWER.email, NONE, host=ACME)
    assert viewer.get(f"{CONFLUENCE}/classification-levels").status_code == 404
    assert viewer.get(f"{CONFLUENCE}/spaces").status_code == 404


def test_whoever_only_views_is_refused_every_change(state, viewer, editor):
    page, space = state.item_ids(ACME, "ENG")[0], state.space_id(ACME, "ENG")
    refused = set_level(viewer, page, "Public")
    assert refused.status_code == 403
    assert refused.json()["message"] == "You do not have permission to edit this page"
    assert set_default(viewer, space, "Public").status_code == 403
    assert set_level(editor, page, "Public").status_code == 204
    assert set_default(editor, space, "Public").status_code == 403


def test_only_an_editor_sees_drafts(state, viewer, editor, admin):
    draft = state.add_item(ACME, "ENG", title="Never published", status="draft")
    assert level_of(viewer, draft, status="draft") is None
    assert level_of(editor, draft, status="draft") == level_of(admin, draft, status="draft") == "Internal"
    state.set_draft_lists(ACME, "list")
    asked = {"status": "draft", "space-id": state.space_id(ACME, "ENG")}
    assert viewer.get(f"{CONFLUENCE}/pages", params=asked).json()["results"] == []
    assert editor.get(f"{CONFLUENCE}/pages", params=asked).json()["results"] != []
    assert viewer.get(f"{CONFLUENCE}/pages/{draft}", params={"get-draft": "true"}).status_code == 404


def test_the_reference_shows_a_space_default_only_to_its_admin(state):
    url = f"{CONFLUENCE}/spaces/{state.space_id(ACME, 'ENG')}/classification-level/default"
    assert session(state, VIEWER.email, VIEWER.token).get(url).status_code == 200
    assert session(state, VIEWER.email, VIEWER.token, dialect="reference").get(url).status_code == 404


def test_the_organization_wants_its_admin_key_as_a_bearer(state, admin):
    assert session(state, token=ADMIN.token).get(LEVELS).status_code == 200
    assert admin.get(LEVELS).status_code == 401
    assert session(state, token=VIEWER.token).get(LEVELS).status_code == 403
    other = LEVELS.replace(ORG_ID, "0f0f0f0f-0000-4000-8000-000000000000")
    assert session(state, token=ADMIN.token).get(other).status_code == 403


def test_an_organization_that_has_not_paid_gets_402(state, key):
    state.set_entitled(ORG_ID, False)
    refused = key.get(LEVELS)
    assert refused.status_code == 402
    assert "not paid" in refused.json()["errors"][0]["detail"]
    assert key.get(f"{EVENTS}/event-actions").status_code == 200


def test_everyone_reads_a_live_document_and_partners_read_drafts(state, admin, editor):
    url = MARKETPLACE + DOCUMENT
    nobody = session(state)
    assert nobody.get(url, params={"state": "live"}).status_code == 200
    assert nobody.get(url, params={"state": "draft"}).status_code == 401
    assert session(state, ADMIN.email, "wrong").get(url, params={"state": "live"}).status_code == 401
    assert editor.get(url, params={"state": "draft"}).status_code == 403
    assert editor.put(url, json={"commonCloud": {}}).status_code == 403
    assert editor.post(f"{url}/publish").status_code == 403
    assert editor.delete(url).status_code == 403
    assert admin.get(url, params={"state": "draft"}).status_code == 200


@pytest.mark.parametrize("dialect", ["current", "reference"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{DOCUMENT}?state=live"),
        ("GET", f"{DOCUMENT}?state=draft"),
        ("GET", f"{DOCUMENT}?state=neither"),
        ("PUT", DOCUMENT),
        ("DELETE", DOCUMENT),
        ("POST", f"{DOCUMENT}/publish"),
        ("GET", f"/developer-space/{DEVELOPER_ID}"),
        ("GET", f"/product-listing/developer-space/{DEVELOPER_ID}"),
    ],
)
def test_apps_cannot_use_the_marketplace_resources(state, method, path, dialect):
    app = session(state, token=ADMIN.token, dialect=dialect)
    refused = app.request(method, MARKETPLACE + path, json={"commonCloud": {}})
    assert refused.status_code == 403
    assert "OAuth2" in refused.json()["errors"][0]["message"]


def test_each_account_has_a_token_of_its_own():
    assert len({account.token for account in ACCOUNTS}) == len(ACCOUNTS) == 3
