"""The description of the published calls can tell what is wrong, and every call of the clients is in it."""

import json
import re

import pytest

from portal.atlassian.calls import CALLS
from sandbox import transport
from sandbox.names import ACCOUNTS, ACME
from tests.contract.watching import Watch, of_answer, of_request, published
from tests.sandbox.conftest import session

SITE, MARKET = f"https://{ACME}", "https://api.atlassian.com/marketplace/rest/3"
V2 = f"{SITE}/wiki/api/v2"
ARI = "ari:cloud:platform::classification-tag/c1a55000-0000-4000-8000-000000000001"
LEVEL = {"id": ARI, "name": "Public", "order": 1, "color": "RED", "status": "PUBLISHED"}
PRODUCT = f"{MARKET}/privacy-and-security/products/p"


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.name)
def test_every_call_of_the_clients_is_published(call):
    prefix = "/marketplace" if call.name.startswith("marketplace.") else ""
    assert published(call.method, prefix + re.sub(r"\{[^}]*\}", "1", call.path)) is not None


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{V2}/spaces?limit=250&ids=1&ids=2", None),
        ("GET", f"{V2}/spaces/1/pages?status=current&status=archived&depth=all", None),
        ("GET", "https://api.atlassian.com/ex/confluence/cloud/wiki/api/v2/spaces", None),
        ("PUT", f"{V2}/spaces/1/classification-level/default", {"id": ARI}),
        ("PUT", f"{V2}/pages/1/classification-level", {"id": ARI, "status": "draft"}),
        ("PUT", PRODUCT, {"commonCloud": {"any": [None, 1.5]}}),
    ],
)
def test_a_request_as_published_passes(method, url, body):
    assert of_request(method, url, b"" if body is None else json.dumps(body).encode()) == []


@pytest.mark.parametrize(
    ("method", "url", "body", "words"),
    [
        ("GET", f"{V2}/spaces?limit=251", None, "parameter limit is '251'"),
        ("GET", f"{V2}/spaces?limit=5&limit=6", None, "limit is given 2 times"),
        ("GET", f"{V2}/spaces?keys=A,B", None, "keys holds a comma"),
        ("GET", f"{V2}/spaces?" + "&".join(["ids=1"] * 251), None, "ids is given 251 times"),
        ("GET", f"{V2}/pages?" + "&".join(["space-id=1"] * 101), None, "space-id is given 101 times"),
        ("GET", f"{V2}/spaces?colour=red", None, "colour is not published"),
        ("GET", f"{V2}/blogposts?status=archived", None, "parameter status is 'archived'"),
        ("GET", f"{V2}/blogposts/1?status=archived", None, "parameter status is 'archived'"),
        ("GET", f"{V2}/whiteboards/1/classification-level?status=current", None, "status is not published"),
        ("GET", f"{V2}/folders/1/classification-level", None, "this call is not published"),
        ("PATCH", f"{V2}/spaces", None, "this call is not published"),
        ("PUT", f"{V2}/pages/1/classification-level", {"id": ARI}, "body/status is missing"),
        ("PUT", f"{V2}/pages/1/classification-level", {"id": ARI, "status": "archived"}, "body/status is 'archived'"),
        ("PUT", f"{V2}/databases/1/classification-level", {"id": ARI, "status": "draft"}, "body/status is 'draft'"),
        ("PUT", f"{V2}/spaces/1/classification-level/default", {"id": "Public"}, "body/id is 'Public'"),
        ("PUT", f"{V2}/spaces/1/classification-level/default", None, "the body is missing"),
        ("DELETE", f"{V2}/spaces/1/classification-level/default", {"id": ARI}, "there is a body"),
        ("PUT", PRODUCT, {"commonCloud": {"properties": {}}}, "body/commonCloud holds properties"),
        ("PUT", PRODUCT, {"commonCloud": {}, "more": 1}, "body/more is not published"),
        ("GET", f"{PRODUCT}?state=archived", None, "parameter state is 'archived'"),
    ],
)
def test_a_request_that_is_not_as_published_is_found(method, url, body, words):
    found = of_request(method, url, b"" if body is None else json.dumps(body).encode())
    assert any(words in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("method", "url", "status", "body", "words"),
    [
        ("GET", f"{V2}/spaces/1/classification-level/default", 200, {**LEVEL, "order": None}, "/order is null"),
        ("GET", f"{V2}/spaces/1/classification-level/default", 200, {**LEVEL, "more": {"a": None}}, "/more/a is null"),
        ("GET", f"{V2}/spaces/1/classification-level/default", 200, {**LEVEL, "order": "1"}, "not of type int"),
        ("GET", f"{V2}/spaces/1/classification-level/default", 200, {**LEVEL, "color": "PINK"}, "/color is 'PINK'"),
        ("GET", f"{V2}/classification-levels", 200, {"results": [LEVEL]}, "none of the choices"),
        ("PUT", f"{V2}/pages/1/classification-level", 200, None, "status 200 is not published"),
        ("PUT", f"{V2}/pages/1/classification-level", 204, LEVEL, "there is a body"),
        ("GET", f"{V2}/spaces", 200, {"results": [], "_links": {}}, "/_links/base is missing"),
        ("GET", PRODUCT, 200, {}, "/commonCloud is missing"),
        ("GET", f"{V2}/folders/1", 200, {}, "not published is answered"),
    ],
)
def test_an_answer_that_is_not_as_published_is_found(method, url, status, body, words):
    found = of_answer(method, url, status, b"" if body is None else json.dumps(body).encode())
    assert any(words in sentence for sentence in found), found


def test_a_refusal_is_no_matter_of_shape():
    assert of_answer("GET", f"{V2}/spaces", 400, b"<html>") == []


@pytest.mark.unpublished
@pytest.mark.parametrize(("lenient", "count"), [(False, 1), (True, 0)])
def test_what_goes_over_the_transport_is_watched(sandbox, monkeypatch, lenient, count):
    watch = Watch(lenient=lenient)
    monkeypatch.setattr(transport, "handle", watch.handle)
    person = session(sandbox, ACCOUNTS[0].email, ACCOUNTS[0].token)
    assert person.get(f"{V2}/spaces?limit=250").status_code == 200
    assert watch.violations == []
    assert person.get(f"{V2}/spaces?limit=251").status_code == 400
    assert len(watch.violations) == count
