"""The list of the content of all sites: from a number on the home page to a level that is set in its row."""

import re

import pytest
from playwright.sync_api import expect

from classification.models import Item, ReadState

pytestmark = pytest.mark.browser


def test_from_a_number_on_the_home_page_to_a_level_set_by_keyboard(open_as, world):
    page = open_as("alice", "/")
    number = (
        page.get_by_role("table", name="Items by level").get_by_role("row", name="Not classified").get_by_role("link")
    )
    shown = int(number.inner_text().replace(",", ""))
    number.click()
    expect(page.get_by_role("heading", name="Content", level=1)).to_be_visible()
    count = page.get_by_role("status").filter(has_text="item")
    expect(count).to_have_text(f"{shown:,} items")
    first = page.locator("tr[data-row]").first
    item = Item.objects.get(pk=int(first.get_attribute("id").removeprefix("item-")))
    assert item.level_state == ReadState.NONE
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(first.get_by_role("button", name="Internal")).to_be_visible()
    first.get_by_role("button", name="Internal").click()
    expect(first.locator("[data-label=Level]")).to_contain_text("Internal")
    expect(first.get_by_role("link", name=item.space.name)).to_be_visible()
    expect(count).to_have_text(f"{shown - 1:,} items")
    item.refresh_from_db()
    assert item.level.name == "Internal"


def test_it_is_narrowed_by_site_level_and_title_and_the_address_keeps_that(open_as, world):
    page = open_as("alice", "/")
    page.get_by_role("link", name="Content", exact=True).first.click()
    page.get_by_label("Site", exact=True).select_option(label="Acme")
    page.get_by_label("Level", exact=True).select_option(label="Confidential")
    page.get_by_label("Title").fill("plan")
    expect(page).to_have_url(re.compile(r"\?q=plan&level=\d+&site=acme$"))
    rows = page.locator("tr[data-row]")
    expect(page.get_by_text("Search: plan")).to_be_visible()
    assert all("Confidential" in text and "Acme" in text for text in rows.all_inner_texts())
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("plan")
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/content/$"))
