"""The Marketplace client: documents come and go without a scratch, and publishing happens once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.atlassian import strictjson
from portal.atlassian.errors import Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.http import ApiSession
from portal.atlassian.marketplace import MarketplaceClient
from sandbox import faults
from sandbox.names import DEVELOPER_ID
from sandbox.seed import seed_basics
from sandbox.state import State
from sandbox.transport import SandboxAdapter
from tests.atlassian.conftest import EMAIL, TOKEN, reply, reset
from tests.atlassian.test_strictjson import JSON_TEXTS, TEXTS

BASE = "https://api.atlassian.com/marketplace"
PRODUCT = "12345678-1234-4234-8234-123456789abc"
EDITOR = 1
ODD = (
    '{"commonCloud":{"z":1.0,"a":[1e400,-0,12345678901234567890.5],"properties":{"formStatus":"DRAFT"},'
    '"m":{"ü":null}},"x":2}'
)


@pytest.fixture
def market(acme, sandbox_session) -> MarketplaceClient:
    acme.add_app(PRODUCT, name="Example app")
    return MarketplaceClient(sandbox_session(base_url=BASE))


@pytest.fixture
def answered(host, make_session) -> MarketplaceClient:
    return MarketplaceClient(make_session(base_url=host.url + "/marketplace"))


def test_a_version_that_does_not_exist_is_none(market):
    assert market.trust_info(PRODUCT, "live") is None
    assert market.trust_info(PRODUCT, "draft") is None


def test_a_document_is_read_as_text_and_as_values(market, acme):
    acme.add_document(PRODUCT, {"commonCloud": {"security": {"securityContact": "security@example.com"}}}, state="live")

    info = market.trust_info(PRODUCT, "live")

    assert info.document["commonCloud"]["security"] == {"securityContact": "security@example.com"}
    assert info.document["commonCloud"]["properties"]["formStatus"] == "APPROVED"
    assert strictjson.loads(info.text) == info.document


def test_only_properties_are_left_out_of_what_is_sent(host, answered):
    answered.put_draft(PRODUCT, strictjson.loads(ODD))

    sent = host.requests[0]
    assert (sent.method, sent.path) == ("PUT", f"/marketplace/rest/3/privacy-and-security/products/{PRODUCT}")
    assert sent.body.decode() == ODD.replace('"properties":{"formStatus":"DRAFT"},', "")


def test_properties_elsewhere_are_content_and_stay(host, answered):
    text = '{"properties":1,"commonCloud":{"a":{"properties":{"b":2}}}}'

    answered.put_draft(PRODUCT, strictjson.loads(text))

    assert host.requests[0].body.decode() == text


def test_the_document_given_is_not_changed(host, answered):
    document = strictjson.loads(ODD)

    answered.put_draft(PRODUCT, document)

    assert strictjson.dumps(document) == ODD


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory):
    state = State(tmp_path_factory.mktemp("market") / "sandbox.sqlite3")
    seed_basics(state)
    state.add_app(PRODUCT)
    session = ApiSession(
        base_url=BASE, email="admin@example.com", token="sandbox-admin-token", key="m", adapter=SandboxAdapter(state)
    )
    yield state, MarketplaceClient(session)
    session.close()
    state.close()


@settings(max_examples=40, deadline=None)
@given(content=st.lists(st.tuples(TEXTS.filter(lambda key: key != "properties"), JSON_TEXTS), max_size=4))
def test_reading_and_saving_unchanged_gives_back_exactly_what_was_read(round_trip, content):
    state, market = round_trip
    members = ",".join(f"{strictjson.dumps(key)}:{value}" for key, value in dict(content).items())
    state.add_document(PRODUCT, f'{{"commonCloud":{{{members}}}}}')
    before = state.document_text(PRODUCT)

    market.put_draft(PRODUCT, market.trust_info(PRODUCT, "draft").document)

    assert state.document_text(PRODUCT) == before == f"{{{members}}}"


@pytest.mark.parametrize("document", [{}, {"commonCloud": None}, {"commonCloud": []}, {"other": {}}])
def test_a_document_without_content_is_refused_before_it_replaces_one(host, answered, document):
    with pytest.raises(Refused, match="no commonCloud object"):
        answered.put_draft(PRODUCT, document)
    assert host.requests == []


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1: 2}])
def test_what_json_cannot_carry_is_refused_before_it_is_sent(host, answered, value):
    with pytest.raises(Refused):
        answered.put_draft(PRODUCT, {"commonCloud": {"a": value}})
    assert host.requests == []


def test_a_draft_is_discarded_and_live_stays(market, acme):
    acme.add_document(PRODUCT, {"commonCloud": {"a": 1}}, state="live")
    acme.add_document(PRODUCT, {"commonCloud": {"a": 2}})

    market.discard_draft(PRODUCT)

    assert market.trust_info(PRODUCT, "draft") is None
    assert market.trust_info(PRODUCT, "live").document["commonCloud"]["a"] == 1
    with pytest.raises(NotFound):
        market.discard_draft(PRODUCT)


def test_a_discard_whose_answer_was_lost_counts_as_done(market, acme):
    acme.add_document(PRODUCT, {"commonCloud": {"a": 2}})
    faults.lost_answer(acme, call="marketplace.discard_draft", times=1)

    market.discard_draft(PRODUCT)

    assert acme.document(PRODUCT) is None


def test_publishing_makes_the_draft_live(market, acme):
    acme.add_document(PRODUCT, {"commonCloud": {"a": 2}})

    market.publish(PRODUCT)

    assert market.trust_info(PRODUCT, "draft") is None
    assert market.trust_info(PRODUCT, "live").document["commonCloud"]["properties"]["formStatus"] == "SUBMITTED"


def test_a_publish_whose_answer_was_lost_is_not_sent_again(market, acme):
    acme.add_document(PRODUCT, {"commonCloud": {"a": 2}})
    faults.lost_answer(acme, call="marketplace.publish")

    with pytest.raises(Unavailable) as caught:
        market.publish(PRODUCT)

    assert acme.calls["marketplace.publish"] == 1
    assert "unknown" in caught.value.advice
    assert market.trust_info(PRODUCT, "live") is not None


@pytest.mark.parametrize("fault", [reply(503), reply(429, headers={"Retry-After": "1"}), reply(504), reset])
def test_no_fault_makes_publish_go_out_twice(host, answered, fault):
    host.answers(fault)

    with pytest.raises(Exception, match="publish"):
        answered.publish(PRODUCT)
    assert len(host.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", [None, {"ok": True}, b"OK"])
def test_any_success_will_do_with_or_without_a_body(host, answered, status, body):
    host.answers(reply(status, None if status == 204 else body))

    answered.put_draft(PRODUCT, {"commonCloud": {}})
    answered.discard_draft(PRODUCT)
    answered.publish(PRODUCT)

    assert [request.method for request in host.requests] == ["PUT", "DELETE", "POST"]


def test_who_may_not_see_drafts_is_refused_with_what_is_needed(acme, sandbox_session, market):
    with pytest.raises(Refused) as caught:
        MarketplaceClient(sandbox_session(EDITOR, base_url=BASE)).trust_info(PRODUCT, "draft")

    assert "You do not have permission to manage this app" in caught.value.message
    assert "partner account" in caught.value.needs


def test_an_app_token_is_refused_in_atlassians_words(sandbox_session, market):
    with pytest.raises(Refused, match="Forge and OAuth2 apps cannot access"):
        MarketplaceClient(sandbox_session(base_url=BASE, bearer=True)).trust_info(PRODUCT, "draft")


def test_apps_and_the_developer_space_are_described(market, acme):
    for number in range(60):
        acme.add_app(f"app-{number}", name=f"App {number}", state="PRIVATE" if number % 2 else "PUBLIC")

    apps = list(market.apps(DEVELOPER_ID))

    assert len(apps) == 61
    assert (apps[0].product_id, apps[0].name, apps[0].developer_id) == (PRODUCT, "Example app", DEVELOPER_ID)
    assert {app.state for app in apps} == {"PUBLIC", "PRIVATE"}
    assert len(list(market.apps(DEVELOPER_ID, include_private=False))) == 31
    assert market.developer_space(DEVELOPER_ID).id == DEVELOPER_ID


@pytest.mark.parametrize("body", [[], None, "x", {}, {"commonCloud": None}, {"commonCloud": []}], ids=str)
def test_a_document_of_another_shape_is_unavailable(host, answered, body):
    host.answers(reply(200, body))

    with pytest.raises(Unavailable):
        answered.trust_info(PRODUCT, "live")


@pytest.mark.parametrize(
    "text", ['{"commonCloud":{"a":1,"a":2}}', '{"commonCloud":{"a":NaN}}', '{"commonCloud":{"a":"\\ud800"}}']
)
def test_a_document_that_could_not_be_sent_back_is_not_opened(host, answered, text):
    host.answers(reply(200, text.encode()))

    with pytest.raises(Unavailable) as caught:
        answered.trust_info(PRODUCT, "draft")
    assert caught.value.message.startswith("Atlassian's answer when asked to read the Privacy & Security document")


@pytest.mark.parametrize("body", [[], {}, {"items": {}}, {"items": [{}]}, {"items": [{"productId": None}]}], ids=str)
def test_a_list_of_apps_of_another_shape_is_unavailable(host, answered, body):
    host.answers(reply(200, body))

    with pytest.raises(Unavailable):
        list(answered.apps("d1"))


def test_a_bad_token_is_a_matter_of_the_connection(market, acme):
    acme.revoke("sandbox-admin-token")

    with pytest.raises(Misconfigured):
        market.trust_info(PRODUCT, "draft")
    assert TOKEN not in EMAIL
