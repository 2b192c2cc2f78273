"""The spaces of a site in a browser: scanning with progress, searching and sorting in the address, exports."""

import csv
import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from classification.models import Scan, Space
from portal.models import Connection
from sandbox import faults, stranger
from sandbox.names import ACME

pytestmark = pytest.mark.browser


def table(page: Page) -> Locator:
    return page.get_by_role("region", name="Spaces")


def row(page: Page, name: str) -> Locator:
    return table(page).get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page: Page) -> list[str]:
    return table(page).get_by_role("rowheader").get_by_role("link").all_inner_texts()


def asked(state: str) -> int:
    return Scan.objects.filter(state=state).count()


def _half_way_by_a_worker_that_died() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    running = {"state": "running", "lease": "of a dead worker", "lease_until": long_ago, "attempts": 1}
    assert Scan.objects.update(done=700, total=1362, **running) == 1


def test_a_new_site_is_scanned_with_progress_and_has_figures_afterwards(open_as, world):
    Space.objects.filter(connection__slug="acme").delete()
    Scan.objects.all().delete()
    page = open_as("bob", "/sites/acme/spaces/")
    expect(page.get_by_role("heading", name="Scan the site first")).to_be_visible()
    page.get_by_role("button", name="Scan the site").click()
    expect(page.get_by_text("Reading the site")).to_be_visible()
    expect(page.get_by_text("Waiting for the worker. You can leave this page.")).to_be_visible()
    _half_way_by_a_worker_that_died()
    expect(page.get_by_text("700 of 1,362")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Reading the site")).to_have_attribute("value", "700")
    world()
    expect(row(page, "Legal")).to_contain_text("92")
    expect(page.get_by_role("region", name="Content of the site by level")).to_contain_text("% classified")
    expect(page.get_by_text("1,362 items in 8 spaces read.")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="8 spaces")).to_be_visible()
    page.reload()
    expect(row(page, "Legal").get_by_text(re.compile("just now|minute"))).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_one_space_is_scanned_from_its_row_and_its_figures_follow_what_a_stranger_did(open_as, world, sandbox):
    for item in sandbox.item_ids(ACME, "OPS")[:3]:
        stranger.act(sandbox, "delete_item", host=ACME, item=item)
    page = open_as("bob", "/sites/acme/spaces/")
    expect(row(page, "Operations")).to_contain_text("154")
    row(page, "Operations").get_by_role("button", name="Scan Operations").click()
    expect(row(page, "Operations").get_by_text("Reading “Operations”")).to_be_visible()
    world()
    expect(row(page, "Operations")).to_contain_text("151")
    expect(row(page, "Operations").get_by_role("button", name="Scan Operations")).to_be_visible()


def test_a_scan_is_paused_and_resumed_by_keyboard(open_as, world):
    page = open_as("alice", "/sites/acme/spaces/")
    page.get_by_role("button", name="Scan all").click()
    pause = page.get_by_role("button", name="Pause the scan")
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused by alice@example.com.")).to_be_visible()
    resume = page.get_by_role("button", name="Resume the scan")
    expect(resume).to_be_focused()
    world()
    expect(resume).to_be_visible()
    page.keyboard.press("Enter")
    expect(pause).to_be_focused()
    world()
    expect(page.get_by_text("spaces read")).to_be_visible()


def test_a_scan_can_be_cancelled_and_says_what_it_could_not_read_and_keeps_what_was_known(open_as, world, sandbox):
    page = open_as("bob", "/sites/acme/spaces/LEGAL/")
    page.get_by_role("button", name="Scan", exact=True).click()
    page.get_by_role("button", name="Cancel the scan").click()
    expect(page.get_by_text("What it had read is kept")).to_be_visible()
    assert asked("cancelled") == 1
    faults.server_error(sandbox, status=503, call="confluence.space_pages")
    page.reload()
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    world()
    expect(page.get_by_text("“Legal”: Pages could not all be listed")).to_be_visible()
    content = page.get_by_role("region", name="Content of Legal")
    expect(content.get_by_role("row").nth(1)).to_be_visible()

    faults.html_answer(sandbox, host=ACME)
    page.goto("/sites/acme/spaces/")
    expect(row(page, "Legal")).to_contain_text("92")
    page.get_by_role("button", name="Scan all").click()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    world()
    expect(page.get_by_text("What was scanned before is still shown.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("What was scanned before is still shown.")).to_be_visible()
    expect(row(page, "Legal")).to_contain_text("92")


def test_search_filters_and_order_stand_in_the_address_and_the_back_button_undoes_them(open_as):
    page = open_as("charlie", "/sites/acme/spaces/")
    assert len(names(page)) == 8
    page.get_by_role("searchbox", name="Name or key").press_sequentially("eng")
    expect(page).to_have_url(re.compile(r"\?q=eng$"))
    expect(table(page).get_by_role("rowheader")).to_have_count(1)
    page.get_by_role("searchbox", name="Name or key").fill("")
    expect(page).to_have_url(re.compile(r"spaces/$"))
    expect(table(page).get_by_role("rowheader")).to_have_count(8)

    page.get_by_label("Default level").select_option("Confidential")
    expect(table(page).get_by_role("rowheader")).to_have_count(3)
    assert names(page) == ["Finance", "Legal", "People and culture"]
    page.get_by_role("link", name="Not classified", exact=True).click()
    expect(page).to_have_url(re.compile("sort=-unclassified"))
    expect(page.get_by_role("columnheader", name="Not classified")).to_have_attribute("aria-sort", "descending")
    link = page.url
    page.go_back()
    expect(page.get_by_role("columnheader", name="Not classified")).not_to_have_attribute("aria-sort", "descending")
    expect(table(page).get_by_role("rowheader")).to_have_count(3)

    page.goto(link)
    expect(page.get_by_label("Default level")).to_have_value(re.compile(r"\d+"))
    expect(table(page).get_by_role("rowheader")).to_have_count(3)
    page.get_by_role("link", name="Remove the filter Level: Confidential").click()
    expect(table(page).get_by_role("rowheader")).to_have_count(8)
    expect(page).to_have_url(re.compile(r"\?sort=-unclassified$"))
    page.get_by_label("Status").select_option("Archived")
    expect(table(page).get_by_role("rowheader")).to_have_count(1)
    expect(row(page, "Archive 2019")).to_contain_text("Archived")
    page.get_by_label("Type").select_option("Knowledge base")
    expect(page.get_by_role("heading", name="No space matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(table(page).get_by_role("rowheader")).to_have_count(8)


def test_a_blocked_space_is_marked_and_counts_can_be_read_as_figures(open_as):
    page = open_as("charlie", "/sites/acme/spaces/")
    expect(row(page, "Finance")).to_contain_text("Content blocked")
    expect(row(page, "Legal")).not_to_contain_text("Content blocked")
    expect(row(page, "Legal").get_by_role("img", name="Content of Legal by level")).to_be_visible()
    page.get_by_role("link", name="Figures", exact=True).click()
    expect(page.get_by_role("columnheader", name="Confidential")).to_be_visible()
    legal = row(page, "Legal").get_by_role("cell")
    expect(legal.filter(has_text=re.compile("^92$")).first).to_be_visible()
    row(page, "Finance").get_by_role("link", name="Finance", exact=True).click()
    expect(page.get_by_text("A data security policy blocks content here")).to_be_visible()
    expect(page.get_by_text("figures are incomplete")).to_be_visible()


def test_what_is_filtered_is_exported(open_as):
    page = open_as("charlie", "/sites/acme/spaces/?q=eng")
    expect(table(page).get_by_role("rowheader")).to_have_count(1)
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV, all that match").click()
    assert download.value.suggested_filename == "acme-spaces.csv"
    lines = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [line["key"] for line in lines] == ["ENG"]

    page.goto("/sites/acme/spaces/LEGAL/?level=none")
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON, all that match").click()
    assert json.loads(download.value.path().read_text()) == []
    assert Connection.objects.count() == 4


def test_the_default_of_a_space_is_changed_in_its_row_by_keys_and_undone(open_as, world, sandbox, desk):
    page = open_as("alice", "/sites/acme/spaces/?q=front")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    page.keyboard.press("e")
    editor = row(page, "Front desk")
    expect(editor.get_by_text("A new default changes up to 8 items")).to_be_visible()
    expect(editor.locator("[data-choice]:focus")).to_have_text(re.compile("Internal"))
    page.keyboard.press("1")
    expect(editor.locator("summary")).to_have_text("Confidential")
    expect(editor.locator("summary")).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?q=front$"))
    assert sandbox.space_default(ACME, "DESK") == "Confidential"
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(editor.locator("summary")).to_have_text("Internal")
    expect(editor.locator("summary")).to_be_focused()
    assert sandbox.space_default(ACME, "DESK") == "Internal"
