"""What a stranger does meanwhile, at just the moment that a test chooses."""

import pytest

from sandbox import faults, stranger
from sandbox.names import ACME
from sandbox.seed_documents import product_id

from .conftest import CONFLUENCE, MARKETPLACE, level_of, set_level

PRODUCT = product_id("Diagrams for Confluence")
DOCUMENT = f"{MARKETPLACE}/privacy-and-security/products/{PRODUCT}"


def contact(admin, state: str) -> str:
    return admin.get(DOCUMENT, params={"state": state}).json()["commonCloud"]["security"]["securityContact"]


def test_a_stranger_changes_the_draft_just_before_the_second_read(state, admin):
    faults.stranger_meanwhile(state, "edit_draft", before="marketplace.trust_info", nth=2, product_id=PRODUCT)
    seen = [contact(admin, "draft") for _ in range(3)]
    assert seen == ["security@vendor.example.com", "stranger@example.com", "stranger@example.com"]


def test_a_stranger_puts_what_the_test_wants_where_it_wants(state, admin):
    at = "/thirdPartyInformation/thirdPartyDetails/0/purpose"
    stranger.act(state, "edit_draft", host="", product_id=PRODUCT, at=at, value="Nothing")
    details = admin.get(DOCUMENT, params={"state": "draft"}).json()["commonCloud"]["thirdPartyInformation"]
    assert details["thirdPartyDetails"][0]["purpose"] == "Nothing"


def test_a_stranger_changes_live_publishes_or_discards(state, admin):
    stranger.act(state, "edit_live", host="", product_id=PRODUCT)
    assert contact(admin, "live") == "stranger@example.com"
    stranger.act(state, "publish", host="", product_id=PRODUCT)
    assert contact(admin, "live") == "security@vendor.example.com"
    assert state.document(PRODUCT, "draft") is None
    stranger.act(state, "discard_draft", host="", product_id=product_id("Time Ledger"))
    assert state.document(product_id("Time Ledger"), "draft") is None


def test_a_stranger_deletes_the_page_before_it_is_changed(state, admin, page):
    faults.stranger_meanwhile(state, "delete_item", before="confluence.page_level.set", item=page)
    assert level_of(admin, page) == "Internal"
    assert set_level(admin, page, "Public").status_code == 404
    assert admin.get(f"{CONFLUENCE}/pages/{page}").status_code == 404


def test_a_stranger_archives_the_level_a_second_before_it_is_applied(state, admin, page):
    faults.stranger_meanwhile(state, "archive_level", before="confluence.*_level.set", level="Public")
    assert set_level(admin, page, "Public").status_code == 400


def test_a_stranger_sets_levels_and_defaults(state, admin, space, page):
    stranger.act(state, "set_space_default", host=ACME, space="TEST", level="Confidential")
    assert level_of(admin, page) == "Confidential"
    stranger.act(state, "set_level", host=ACME, item=page, level="Public")
    assert level_of(admin, page) == "Public"
    stranger.act(state, "set_level", host=ACME, item=page, level=None)
    stranger.act(state, "set_space_default", host=ACME, space=space, level=None)
    assert level_of(admin, page) is None


def test_a_published_draft_replaces_the_page(state, admin, page):
    state.add_item(ACME, "TEST", title="A page, changed", level="Public", draft_of=page)
    stranger.act(state, "publish_item", host=ACME, item=page)
    assert admin.get(f"{CONFLUENCE}/pages/{page}").json()["title"] == "A page, changed"
    assert level_of(admin, page) == "Public"
    assert level_of(admin, page, status="draft") is None


def test_a_stranger_cannot_name_a_level_that_is_not_there(state, page):
    with pytest.raises(ValueError, match="no level 'Secret'"):
        stranger.act(state, "set_level", host=ACME, item=page, level="Secret")
