"""Bodies and parameters that Atlassian refuses are refused, each API in its own words."""

import json

import pytest

from sandbox.names import ACME
from sandbox.seed import level_ari
from sandbox.seed_documents import product_id

from .conftest import CONFLUENCE, JIRA, LEVELS, MARKETPLACE

PUBLIC = level_ari("Public")
JSON = {"Content-Type": "application/json"}
ITEM_BODIES = [
    {},
    {"status": "current"},
    {"id": PUBLIC},
    {"id": PUBLIC, "status": "archived"},
    {"id": PUBLIC, "status": "CURRENT"},
    {"id": PUBLIC, "status": True},
    {"id": 5, "status": "current"},
    {"id": None, "status": "current"},
    {"id": "Public", "status": "current"},
    {"id": PUBLIC.rpartition("/")[2], "status": "current"},
    {"id": PUBLIC[:-1] + "9", "status": "current"},
    {"id": PUBLIC, "status": "current", "reason": "because"},
    [PUBLIC],
    "current",
]


@pytest.mark.parametrize("body", ITEM_BODIES, ids=str)
def test_a_level_is_not_set_with_a_wrong_body(state, admin, page, body):
    refused = admin.put(f"{CONFLUENCE}/pages/{page}/classification-level", json=body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["title"]
    assert state.own_level(ACME, page) is None


@pytest.mark.parametrize("body", [{}, {"status": "archived"}, {"status": "current", "id": PUBLIC}], ids=str)
def test_a_level_is_not_reset_with_a_wrong_body(admin, page, body):
    assert admin.post(f"{CONFLUENCE}/pages/{page}/classification-level/reset", json=body).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"id": PUBLIC, "status": "current"}, {"id": PUBLIC, "status": "draft"}, {"status": "current"}], ids=str
)
def test_a_space_default_wants_the_level_alone(admin, space, body):
    assert admin.put(f"{CONFLUENCE}/spaces/{space}/classification-level/default", json=body).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"id": PUBLIC}, {"id": PUBLIC, "status": "draft"}, {"status": "current"}], ids=str
)
def test_a_space_default_may_want_level_and_status(state, admin, space, body):
    state.set_default_wants_status(ACME, True)
    url = f"{CONFLUENCE}/spaces/{space}/classification-level/default"
    assert admin.put(url, json=body).status_code == 400
    assert admin.put(url, json={"id": PUBLIC, "status": "current"}).status_code == 204


def test_the_reference_wants_the_level_alone(reference, space):
    url = f"{CONFLUENCE}/spaces/{space}/classification-level/default"
    assert reference.put(url, json={"id": PUBLIC, "status": "current"}).status_code == 400
    assert reference.put(url, json={"id": PUBLIC}).status_code == 204
    assert reference.get(url).json()["name"] == "Public"


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        (JSON, b"", 400),
        (JSON, b"{", 400),
        (JSON, b'{"status": "current", "id": NaN}', 400),
        (JSON, b'{"status": "current", "status": "current", "id": "x"}', 400),
        (JSON, b'{"status": "current", "id": "\\ud800"}', 400),
        (JSON, b"\xff\xfe", 400),
        (JSON, b"[" * 100_000, 400),
        ({"Content-Type": "text/plain"}, b'{"status": "current"}', 415),
        (JSON, b" " * (5 * 1024 * 1024 + 1), 413),
    ],
    ids=["none", "half", "NaN", "twice", "surrogate", "no UTF-8", "deep", "text", "huge"],
)
def test_a_body_has_to_be_json(admin, page, headers, data, status):
    url = f"{CONFLUENCE}/pages/{page}/classification-level/reset"
    assert admin.post(url, data=data, headers=headers).status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "/spaces?limit=0",
        "/spaces?limit=-1",
        "/spaces?limit=251",
        "/spaces?limit=1000000000000",
        f"/spaces?limit={'9' * 5000}",
        "/pages?limit=251",
        "/spaces/98305/pages?limit=251",
        "/spaces/98305/blogposts?limit=251",
        "/data-policies/spaces?limit=251",
        "/spaces?limit=many",
        "/spaces?limit=",
        "/spaces?cursor=made-up",
        "/spaces?cursor=WyJpZCIsIHt9LCBbXV0",
        f"/spaces?cursor={'W1tb' * 10_000}",
        "/spaces?sort=colour",
        "/spaces?status=deleted",
        "/spaces?status=current&status=archived",
        "/spaces?limit=5&limit=6",
        "/spaces?keys=ENG,HR",
        "/spaces?ids=1,2",
        "/spaces?ids=",
        "/spaces?" + "&".join(f"ids={number}" for number in range(251)),
        "/pages?status=current,archived",
        "/pages?" + "&".join(f"space-id={number}" for number in range(101)),
        "/pages/1?get-draft=true&get-draft=true",
        "/spaces?type=team",
        "/spaces?ids=ENG",
        "/spaces/ENG",
        "/pages?status=live",
        "/pages?status=draft",
        "/blogposts?status=archived",
        "/spaces/98305/pages?status=draft",
        "/spaces/98305/blogposts?status=archived",
        "/blogposts/1?status=archived",
        "/whiteboards/1?status=archived",
        "/whiteboards/1/classification-level?status=current",
        "/databases/1/classification-level?status=current",
        "/pages/99999999999999999999",
        "/pages/1?get-draft=perhaps",
        "/pages/1/classification-level?status=trashed",
    ],
)
def test_a_wrong_parameter_is_a_400(admin, query):
    refused = admin.get(CONFLUENCE + query)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["status"] == 400


@pytest.mark.parametrize(
    "query",
    [
        "/classification-levels?orderBy=name",
        "/classification-levels?status=LIVE",
        "/project/search?startAt=x",
        "/project/search?startAt=0&startAt=50",
    ],
)
def test_jira_refuses_in_its_own_words(admin, query):
    refused = admin.get(JIRA + query)
    assert refused.status_code == 400
    assert refused.json()["errorMessages"][0]


@pytest.mark.parametrize("body", [{}, {"id": PUBLIC, "status": "current"}, {"id": 1}, {"id": level_ari("Restricted")}])
def test_a_project_default_is_not_set_with_a_wrong_body(admin, body):
    url = f"{JIRA}/project/APP/classification-level/default"
    assert admin.put(url, json=body).status_code == 400
    assert admin.get(url).json()["classification"]["name"] == "Internal"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": 7},
        {"name": "New", "color": "MAUVE"},
        {"name": "New", "status": "PUBLISHED"},
        {"name": "confidential"},
    ],
    ids=str,
)
def test_a_level_of_the_organization_is_not_made_from_a_wrong_body(key, body):
    refused = key.post(LEVELS, json=body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["detail"]
    assert len(key.get(LEVELS).json()["levels"]) == 5


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"commonCloud": null}',
        '{"commonCloud": []}',
        '{"commonCloud": {}, "more": 1}',
        '{"commonCloud": {"a": 1, "a": 2}}',
        '{"commonCloud": {"a": NaN}}',
        '{"commonCloud": {"a": "\\udfff"}}',
        '{"commonCloud": ' + "[" * 50_000,
        "[]",
    ],
    ids=lambda text: text[:40],
)
def test_a_wrong_document_is_refused_and_the_draft_kept(state, admin, text):
    product = product_id("Time Ledger")
    before = state.document_text(product)
    url = f"{MARKETPLACE}/privacy-and-security/products/{product}"
    refused = admin.put(url, data=text.encode(), headers=JSON)
    assert refused.status_code == 400
    assert refused.json()["errors"][0].keys() == {"message"}
    assert state.document_text(product) == before


@pytest.mark.parametrize("query", ["limit=51", "limit=0", "cursor=zzz", "includePrivate=maybe"])
def test_the_list_of_apps_refuses_wrong_parameters(admin, query):
    url = f"{MARKETPLACE}/product-listing/developer-space/d3b0a5e1-0000-4000-8000-00000000d00d?{query}"
    assert admin.get(url).status_code == 400


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("PATCH", f"{CONFLUENCE}/spaces", 405),
        ("DELETE", f"{JIRA}/project/APP", 405),
        ("GET", f"{CONFLUENCE}/nothing", 404),
        ("GET", f"https://{ACME}/nothing", 404),
        ("GET", f"https://{ACME}/marketplace/rest/3/developer-space/1", 404),
        ("GET", "https://api.atlassian.com/wiki/api/v2/spaces", 404),
        ("GET", "https://example-nowhere.atlassian.net/wiki/api/v2/spaces", 404),
    ],
)
def test_what_atlassian_does_not_have_is_not_answered(admin, method, url, status):
    assert admin.request(method, url).status_code == status


def test_refusals_come_in_the_shapes_that_are_seen_in_the_wild(state, admin, key, viewer, page):
    bodies = [
        admin.get(f"{CONFLUENCE}/pages/1"),
        viewer.put(f"{CONFLUENCE}/pages/{page}/classification-level", json={"status": "current", "id": PUBLIC}),
        admin.get(f"{JIRA}/project/NOPE"),
        key.get(f"{LEVELS}/unknown"),
        admin.get(f"{MARKETPLACE}/privacy-and-security/products/unknown?state=live"),
    ]
    shapes = {tuple(sorted(json.loads(body.text))) for body in bodies}
    assert shapes == {("errors",), ("data", "message", "statusCode"), ("errorMessages", "errors")}
    assert all(body.headers["Atl-Traceid"] for body in bodies)
