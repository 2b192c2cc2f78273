"""Documents: live and draft, full replace, publishing, and not a character lost."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.names import DEVELOPER_ID
from sandbox.seed_documents import product_id
from sandbox.state import State

from .conftest import ADMIN, MARKETPLACE, session

JSON = {"Content-Type": "application/json"}


def url(product: str) -> str:
    return f"{MARKETPLACE}/privacy-and-security/products/{product}"


def read(person, product: str, state: str):
    """`{"commonCloud": …}` without properties; None for 404."""
    answer = person.get(url(product), params={"state": state})
    if answer.status_code == 404:
        return None
    document = answer.json()
    del document["commonCloud"]["properties"]
    return document


@pytest.fixture
def app(state) -> str:
    """An app that has neither a live version nor a draft."""
    state.add_app("new-app")
    return "new-app"


def test_a_version_that_does_not_exist_is_a_404(admin, app):
    assert admin.get(url(app), params={"state": "live"}).status_code == 404
    assert admin.get(url(app), params={"state": "draft"}).status_code == 404
    assert admin.get(url(app), params={"state": "archived"}).status_code == 400
    assert admin.delete(url(app)).status_code == 404


def test_a_put_makes_the_draft_and_leaves_live_alone(admin, app):
    assert admin.put(url(app), json={"commonCloud": {"a": 1}}).ok
    assert read(admin, app, "draft") == {"commonCloud": {"a": 1}}
    assert read(admin, app, "live") is None


def test_a_put_replaces_everything(admin, app):
    admin.put(url(app), json={"commonCloud": {"a": 1, "b": {"c": 2}}})
    admin.put(url(app), json={"commonCloud": {"b": {}}})
    assert read(admin, app, "draft") == {"commonCloud": {"b": {}}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"properties": {"updatedBy": "me"}}', "{}"),
        ('{ "properties" : 1 , "a": 1.0 }', '{ "a": 1.0 }'),
        ('{"a": {"properties": "mine"}, "properties": {}}', '{"a": {"properties": "mine"}}'),
        ('{"a": 1, "properties": [1, 2], "b": "\\u00e9"}', '{"a": 1, "b": "\\u00e9"}'),
    ],
)
@pytest.mark.unpublished
def test_properties_that_are_sent_are_taken_without_being_kept(state, admin, app, sent, kept):
    assert admin.put(url(app), data='{"commonCloud": ' + sent + "}", headers=JSON).ok
    assert state.document_text(app) == kept
    state.set_setting("refuse_properties", True)
    assert admin.put(url(app), data='{"commonCloud": ' + sent + "}", headers=JSON).status_code == 400
    assert state.document_text(app) == kept


def test_without_a_state_the_live_version_is_meant(state, admin, app):
    state.add_document(app, {"commonCloud": {"is": "live"}}, state="live")
    state.add_document(app, {"commonCloud": {"is": "draft"}})
    assert admin.get(url(app)).json()["commonCloud"]["is"] == "live"


def test_properties_are_atlassians_own(admin, app, clock):
    admin.put(url(app), json={"commonCloud": {}})
    properties = admin.get(url(app), params={"state": "draft"}).json()["commonCloud"]["properties"]
    assert properties == {
        "updatedBy": ADMIN.email,
        "updatedAt": int(clock.now * 1000),
        "formStatus": "DRAFT",
        "jiraLinks": [],
    }


def test_publishing_empties_the_draft_and_approval_follows_later(admin, app):
    admin.put(url(app), json={"commonCloud": {"a": 1}})
    assert admin.post(f"{url(app)}/publish").ok
    assert read(admin, app, "draft") is None
    statuses = [
        admin.get(url(app), params={"state": "live"}).json()["commonCloud"]["properties"]["formStatus"]
        for _ in range(3)
    ]
    assert statuses == ["SUBMITTED", "APPROVED", "APPROVED"]
    assert read(admin, app, "live") == {"commonCloud": {"a": 1}}


@pytest.mark.parametrize(("reads", "seen"), [(0, "A"), (1, "SA"), (3, "SSSA")])
def test_how_long_the_review_takes_can_be_set(state, admin, app, reads, seen):
    state.set_setting("review_reads", reads)
    admin.put(url(app), json={"commonCloud": {}})
    admin.post(f"{url(app)}/publish")
    found = [
        admin.get(url(app), params={"state": "live"}).json()["commonCloud"]["properties"]["formStatus"][0] for _ in seen
    ]
    assert "".join(found) == seen


def test_a_discarded_draft_is_gone_and_live_untouched(admin):
    product = product_id("Time Ledger")
    live = read(admin, product, "live")
    assert admin.delete(url(product)).status_code == 204
    assert read(admin, product, "draft") is None
    assert read(admin, product, "live") == live


def test_publishing_replaces_what_was_live(admin):
    product = product_id("Diagrams for Confluence")
    draft = read(admin, product, "draft")
    assert read(admin, product, "live") != draft
    admin.post(f"{url(product)}/publish")
    assert read(admin, product, "live") == draft


def test_an_unknown_product_is_a_404(admin):
    assert admin.put(url("unknown"), json={"commonCloud": {}}).status_code == 404
    assert admin.post(f"{url('unknown')}/publish").status_code == 404


def test_the_very_characters_of_a_document_are_kept(admin, app):
    content = '{ "z":1.0, "a" : 12345678901234567890.5,"t":1e-400, "é":"\\u00e9", "n":{"e":[ ]} , "minus":-0.0 }'
    admin.put(url(app), data=('{"commonCloud" : ' + content + "}").encode(), headers=JSON)
    text = admin.get(url(app), params={"state": "draft"}).text
    assert text.startswith('{"commonCloud": ' + content[:-2].rstrip() + ', "properties": {')


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=25)
contents = st.dictionaries(st.text().filter(lambda name: name != "properties"), values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_any_document_comes_back_as_it_went_in(state, content, ascii_only, indent):
    with state.write() as db:  # nothing of the example before
        db.execute("DELETE FROM documents WHERE product_id = 'any'")
        db.execute(
            "INSERT OR REPLACE INTO apps VALUES ('any', ?, 99, 'any', 'Any', 'PUBLIC', 'APPROVED', '')", (DEVELOPER_ID,)
        )
    state.add_document("any", {"commonCloud": {}})
    admin = session(state, ADMIN.email, ADMIN.token)
    text = json.dumps({"commonCloud": content}, ensure_ascii=ascii_only, indent=indent)
    assert admin.put(url("any"), data=text.encode(), headers=JSON).ok
    back = read(admin, "any", "draft")
    assert json.dumps(back) == json.dumps({"commonCloud": content})


def test_apps_are_listed_in_pages_and_private_ones_only_to_their_vendor(admin, viewer):
    listing = f"{MARKETPLACE}/product-listing/developer-space/{DEVELOPER_ID}"
    seen, cursor = [], ""
    for _ in range(4):
        asked = {"limit": 3, "includePrivate": "true", **({"cursor": cursor} if cursor else {})}
        answer = admin.get(listing, params=asked).json()
        seen += [app["appName"] for app in answer["items"]]
        following = answer["links"].get("next", "")
        if not following:
            break
        cursor = following.partition("cursor=")[2]
    assert len(seen) == len(set(seen)) == 8
    assert len(admin.get(listing).json()["items"]) == 6
    assert len(viewer.get(listing, params={"includePrivate": "true"}).json()["items"]) == 6
    assert admin.get(listing).json()["items"][0].keys() == {
        "productId",
        "appKey",
        "appName",
        "developerId",
        "state",
        "approvalStatus",
        "slug",
    }


def test_a_developer_space_is_read(admin):
    space = admin.get(f"{MARKETPLACE}/developer-space/{DEVELOPER_ID}").json()
    assert space == {"id": DEVELOPER_ID, "vendorId": "1234567", "name": "Example Vendor", "status": "ACTIVE"}
    assert admin.get(f"{MARKETPLACE}/developer-space/unknown").status_code == 404


def test_a_document_can_be_put_in_and_taken_out_past_the_api(state: State, admin, app):
    state.add_document(app, '{"commonCloud": {"n": 1.00}}', state="live")
    assert state.document_text(app, "live") == '{"n": 1.00}'
    assert read(admin, app, "live") == {"commonCloud": {"n": 1.0}}
    state.remove_document(app, state="live")
    assert state.document(app, "live") is None
