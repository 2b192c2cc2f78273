"""The failure switches: what they do, to whom, and how often."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox import faults
from sandbox.names import ACME, GLOBEX
from sandbox.router import deliver_late
from sandbox.seed import level_ari
from sandbox.seed_documents import product_id
from sandbox.state import State

from .conftest import ADMIN, CONFLUENCE, JIRA, MARKETPLACE, level_of, reset_level, session, set_level

SPACES = f"{CONFLUENCE}/spaces"


def test_too_many_requests_for_a_number_of_calls(state, admin, clock):
    faults.rate_limit(state, retry_after=7, times=2)
    answers = [admin.get(SPACES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].headers["X-RateLimit-Remaining"] == "0"
    assert answers[0].headers["X-RateLimit-NearLimit"] == "true"
    assert answers[0].headers["X-RateLimit-Reset"] == "2027-01-15T08:00:07Z"
    assert "X-RateLimit-Limit" not in answers[2].headers


def test_too_many_requests_until_a_moment(state, admin, clock):
    faults.rate_limit(state, until=clock.now + 30)
    assert admin.get(SPACES).headers["Retry-After"] == "30"
    clock.now += 20
    assert admin.get(SPACES).headers["Retry-After"] == "10"
    clock.now += 10
    assert admin.get(SPACES).status_code == 200


@pytest.mark.parametrize(("style", "prefix"), [("quota", ""), ("beta", "Beta-")])
def test_a_quota_speaks_in_other_headers(state, admin, style, prefix):
    faults.rate_limit(state, retry_after=90, style=style)
    headers = admin.get(SPACES).headers
    assert headers[f"{prefix}RateLimit"] == '"global-app-quota";r=0;t=90'
    assert headers[f"{prefix}RateLimit-Policy"].endswith("w=3600")
    assert headers["RateLimit-Reason"]
    assert "X-RateLimit-Limit" not in headers


def test_a_limit_may_come_without_retry_after(state, admin):
    faults.rate_limit(state, retry_after=None)
    assert "Retry-After" not in admin.get(SPACES).headers


def test_a_good_answer_can_warn(state, admin):
    faults.near_limit(state, remaining=3, reset_in=5)
    answer = admin.get(SPACES)
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "3")


def test_more_calls_at_once_than_allowed_are_refused(state, admin):
    faults.parallel_limit(state, 2)
    assert admin.get(SPACES).status_code == 200
    with state.flight(), state.flight():
        assert admin.get(SPACES).status_code == 429
    assert state.peak_in_flight == 3


def test_a_server_error_does_nothing_and_may_say_when_to_come_back(state, admin, page):
    faults.server_error(state, status=503, retry_after=3, times=1)
    failed = set_level(admin, page, "Public")
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "3")
    assert "text/html" in failed.headers["Content-Type"]
    assert level_of(admin, page) == "Internal"


def test_a_refusal_concerns_one_item_and_one_operation(state, admin, page):
    other = state.add_item(ACME, "TEST", title="Another")
    faults.refuse(state, item=page, operation="set", message="This page is under legal hold.")
    refused = set_level(admin, page, "Public")
    assert (refused.status_code, refused.json()["message"]) == (403, "This page is under legal hold.")
    assert reset_level(admin, page).status_code == 204
    assert set_level(admin, other, "Public").status_code == 204


def test_a_lost_answer_is_a_change_that_was_made(state, admin, page):
    faults.lost_answer(state, call="confluence.page_level.set", times=1)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        set_level(admin, page, "Public")
    assert level_of(admin, page) == "Public"


def test_a_broken_connection_is_a_change_that_was_not_made(state, admin, page):
    faults.reset_connection(state, call="confluence.page_level.set", times=1)
    with pytest.raises(requests.ConnectionError):
        set_level(admin, page, "Public")
    assert level_of(admin, page) == "Internal"


def test_a_publish_whose_answer_is_lost_has_published(state, admin):
    product = product_id("Diagrams for Confluence")
    draft = state.document(product, "draft")
    faults.lost_answer(state, call="marketplace.publish", times=1)
    with pytest.raises(requests.ConnectionError):
        admin.post(f"{MARKETPLACE}/privacy-and-security/products/{product}/publish")
    assert state.document(product, "live") == draft
    assert state.document(product, "draft") is None


def test_an_answer_can_be_a_page_to_sign_in(state, admin):
    faults.html_answer(state)
    answer = admin.get(SPACES)
    assert (answer.status_code, answer.text[:9]) == (200, "<!doctype")


def test_a_redirect_points_to_another_host(state, admin):
    faults.redirect(state, to="https://elsewhere.example.com/")
    answer = admin.get(SPACES, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://elsewhere.example.com/")


@pytest.mark.parametrize("spoil", [faults.broken_body, faults.cut_body], ids=lambda spoil: spoil.__name__)
def test_a_body_can_be_broken(state, admin, spoil):
    spoil(state, times=1)
    with pytest.raises(requests.RequestException):
        admin.get(SPACES).json()
    assert admin.get(SPACES).json()["results"]


def test_an_answer_can_be_too_large(state, admin):
    faults.oversized(state, megabytes=21)
    answer = admin.get(SPACES, stream=True)
    assert int(answer.headers["Content-Length"]) == 21 * 1024 * 1024
    assert answer.json()["results"]


def test_an_object_can_have_a_key_twice_or_hold_nan(state, admin):
    faults.duplicate_keys(state, call="confluence.spaces")
    assert admin.get(SPACES).text.count('"twice"') == 2
    faults.not_a_number(state, call="confluence.space")
    assert '"notANumber": NaN' in admin.get(f"{SPACES}/98305").text


def test_a_switch_acts_only_where_it_is_told(state, admin):
    faults.server_error(state, host=ACME, call="confluence.*")
    assert admin.get(SPACES).status_code == 503
    assert admin.get(f"{JIRA}/project/search").status_code == 200
    assert admin.get(SPACES.replace(ACME, GLOBEX)).status_code == 200


def test_a_switch_can_let_some_pass_first(state, admin):
    faults.server_error(state, skip=2, times=1)
    assert [admin.get(SPACES).status_code for _ in range(4)] == [200, 200, 503, 200]


def test_a_late_call_gets_no_answer_and_is_carried_out_once_it_is_delivered(state, admin):
    product = f"{MARKETPLACE}/privacy-and-security/products/{product_id('Diagrams for Confluence')}"
    draft = state.document_text(product_id("Diagrams for Confluence"), "draft")
    faults.late_arrival(state, call="marketplace.publish", times=1)
    with pytest.raises(requests.ConnectionError):
        admin.post(f"{product}/publish")
    assert state.document_text(product_id("Diagrams for Confluence"), "draft") == draft

    assert [answer.status for answer in deliver_late(state)] == [200]

    assert state.document_text(product_id("Diagrams for Confluence"), "draft") is None
    assert deliver_late(state) == []


def test_a_late_call_arrives_whatever_switches_are_set_by_then(state, admin):
    product = f"{MARKETPLACE}/privacy-and-security/products/{product_id('Diagrams for Confluence')}"
    faults.late_arrival(state, call="marketplace.put_draft")
    with pytest.raises(requests.ConnectionError):
        admin.put(product, json={"commonCloud": {"late": True}})

    assert [answer.status for answer in deliver_late(state)] == [200]

    assert state.document(product_id("Diagrams for Confluence"), "draft")["commonCloud"]["late"] is True


def test_switches_are_listed_and_taken_away(state, admin):
    first, _ = faults.server_error(state), faults.rate_limit(state, times=5)
    assert [(fault.kind, fault.times) for fault in faults.active(state)] == [("server_error", None), ("rate_limit", 5)]
    faults.clear(state, first)
    assert admin.get(SPACES).status_code == 429
    faults.clear(state)
    assert admin.get(SPACES).status_code == 200


def test_a_switch_acts_in_every_process_and_is_spent_once(state, admin):
    faults.server_error(state, times=5)
    other = session(State(state.path, clock=state.clock), ADMIN.email, ADMIN.token)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: (admin, other)[number % 2].get(SPACES).status_code, range(20)))
    assert sorted(found) == [200] * 15 + [503] * 5


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("earthquake", {}),
        ("latency", {"seconds": 1}),
        ("latency", {"ms": "long"}),
        ("latency", {"call": 5}),
        ("latency", {"times": 0}),
        ("latency", {"skip": -1}),
        ("redirect", {"to": None}),
        ("redirect", {"to": "https://example.com/\r\nSet-Cookie: a=b"}),
        ("redirect", {"to": "https://example.com/\x00"}),
        ("redirect", {"to": "https://例え.example.com/"}),
        ("stranger", {"action": "sing"}),
        ("stranger", {"action": "publish", "params": {"app": "x"}}),
    ],
)
def test_a_switch_that_does_not_exist_cannot_be_set(state, kind, params):
    with pytest.raises(ValueError, match=r"fault|must be|stranger"):
        faults.put(state, kind, **params)
    assert faults.active(state) == []


def test_each_switch_acts_before_rights_are_looked_at_or_after(state, viewer, page):
    faults.latency(state, 0)
    body = {"status": "current", "id": level_ari("Public")}
    assert viewer.put(f"{CONFLUENCE}/pages/{page}/classification-level", json=body).status_code == 403
