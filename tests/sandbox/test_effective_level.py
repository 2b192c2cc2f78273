"""Which level an item has: its own, else the default of its space, else none."""

import pytest

from sandbox import stranger
from sandbox.names import ACME
from sandbox.seed import level_ari

from .conftest import CONFLUENCE, level_of, reset_level, set_default, set_level


def test_a_page_takes_the_default_of_its_space(admin, page):
    assert level_of(admin, page) == "Internal"


def test_a_level_of_its_own_comes_before_the_default(admin, page):
    assert set_level(admin, page, "Confidential").status_code == 204
    assert level_of(admin, page) == "Confidential"


def test_the_answer_does_not_say_whether_a_level_is_inherited(admin, page):
    url = f"{CONFLUENCE}/pages/{page}/classification-level"
    inherited = admin.get(url).json()
    set_level(admin, page, "Internal")
    assert admin.get(url).json() == inherited
    assert inherited.keys() == {"id", "name", "description", "guideline", "order", "color", "status"}


def test_a_page_follows_the_default_until_it_has_a_level_of_its_own(admin, space, page):
    set_default(admin, space, "Public")
    assert level_of(admin, page) == "Public"
    set_level(admin, page, "Internal")
    set_default(admin, space, "Confidential")
    assert level_of(admin, page) == "Internal"


def test_reset_gives_the_page_back_to_the_default(admin, page):
    set_level(admin, page, "Confidential")
    assert reset_level(admin, page).status_code == 204
    assert level_of(admin, page) == "Internal"


def test_without_a_default_a_page_has_no_level(admin, space, page):
    cleared = admin.delete(f"{CONFLUENCE}/spaces/{space}/classification-level/default")
    assert cleared.status_code == 204
    assert level_of(admin, page) is None
    assert admin.get(f"{CONFLUENCE}/spaces/{space}/classification-level/default").status_code == 404


def test_removed_means_none_in_spite_of_the_default_and_reset_ends_that(reference, page):
    removed = reference.delete(f"{CONFLUENCE}/pages/{page}/classification-level", json={"status": "current"})
    assert removed.status_code == 204
    assert level_of(reference, page) is None
    reset_level(reference, page)
    assert level_of(reference, page) == "Internal"


def test_an_archived_level_gives_way_to_the_default_and_comes_back_when_published_again(state, admin, page):
    set_level(admin, page, "Public")
    stranger.act(state, "archive_level", host=ACME, level="Public")
    assert level_of(admin, page) == "Internal"
    stranger.act(state, "set_level_status", host=ACME, level="Public", status="DRAFT")
    assert level_of(admin, page) == "Internal"
    stranger.act(state, "set_level_status", host=ACME, level="Public", status="PUBLISHED")
    assert level_of(admin, page) == "Public"


def test_a_default_that_was_archived_is_none(state, admin, space, page):
    stranger.act(state, "archive_level", host=ACME, level="Internal")
    assert level_of(admin, page) is None
    assert admin.get(f"{CONFLUENCE}/spaces/{space}/classification-level/default").status_code == 404


def test_the_organization_default_applies_where_nothing_else_does(state, admin, space, page):
    state.set_organization_default("Confidential")
    assert level_of(admin, page) == "Internal"
    admin.delete(f"{CONFLUENCE}/spaces/{space}/classification-level/default")
    assert level_of(admin, page) == "Confidential"


def test_draft_and_current_are_apart(state, admin, page):
    state.add_item(ACME, "TEST", title="A page, changed", draft_of=page)
    set_level(admin, page, "Confidential", status="draft")
    assert (level_of(admin, page, status="draft"), level_of(admin, page)) == ("Confidential", "Internal")
    set_level(admin, page, "Public")
    assert (level_of(admin, page, status="draft"), level_of(admin, page)) == ("Confidential", "Public")


@pytest.mark.parametrize(("made", "asked"), [("draft", "current"), ("current", "draft"), ("archived", "current")])
def test_an_item_is_only_found_in_its_own_status(state, admin, space, made, asked):
    item = state.add_item(ACME, "TEST", title="Elsewhere", status=made)
    assert level_of(admin, item, status=asked) is None
    assert level_of(admin, item, status=made) == "Internal"


@pytest.mark.parametrize("kind", ["blogpost", "whiteboard", "database"])
def test_other_kinds_of_content_are_classified_alike(state, admin, space, kind):
    item = state.add_item(ACME, "TEST", title="Something", kind=kind)
    assert level_of(admin, item, kind=kind + "s") == "Internal"
    assert set_level(admin, item, "Public", kind=kind + "s").status_code == 204
    assert level_of(admin, item, kind=kind + "s") == "Public"
    assert level_of(admin, item, kind="pages") is None


def test_a_site_without_the_plan_answers_404_to_everything_about_levels(state, admin, space, page):
    state.set_entitled(ACME, False)
    assert admin.get(f"{CONFLUENCE}/classification-levels").status_code == 404
    assert level_of(admin, page) is None
    assert set_level(admin, page, "Public").status_code == 404
    assert set_default(admin, space, "Public").status_code == 404
    assert admin.get(f"{CONFLUENCE}/pages/{page}").status_code == 200


@pytest.mark.parametrize("level", ["Restricted", "Company only"])
def test_only_a_published_level_can_be_applied(state, admin, space, page, level):
    refused = set_level(admin, page, level)
    assert refused.status_code == 400
    assert level in refused.text
    assert set_default(admin, space, level).status_code == 400
    assert state.own_level(ACME, page) is None


def test_a_space_may_refuse_what_is_less_sensitive_than_its_default(state, admin):
    state.add_space(ACME, "STRICT", level="Confidential", floor=True)
    page = state.add_item(ACME, "STRICT", title="A contract")
    refused = set_level(admin, page, "Public")
    assert refused.status_code == 400
    assert "less sensitive than the space default 'Confidential'" in refused.json()["message"]
    assert set_level(admin, page, "Confidential").status_code == 204


def test_an_archived_space_can_be_read_and_not_changed(state, admin):
    state.add_space(ACME, "ATTIC", level="Internal", status="archived")
    page = state.add_item(ACME, "ATTIC", title="Old")
    assert level_of(admin, page) == "Internal"
    assert set_level(admin, page, "Public").status_code == 403


def test_levels_come_in_order_with_the_most_sensitive_first(admin):
    found = admin.get(f"{CONFLUENCE}/classification-levels").json()
    assert [level["order"] for level in found] == [1, 2, 3, 4, 5]
    assert {level["status"] for level in found} == {"DRAFT", "PUBLISHED", "ARCHIVED"}
    assert found[1]["id"] == level_ari("Confidential")
