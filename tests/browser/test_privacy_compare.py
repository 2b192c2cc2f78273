"""Comparing draft and live in a browser, deciding after a stranger's change, discarding and restoring."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox import faults, stranger
from sandbox.seed_documents import product_id

from .documents import app_path, expect_kept, expect_said, question, save

pytestmark = pytest.mark.browser

DIAGRAMS = "Diagrams for Confluence"
CONTACT = "Which e-mail address takes security reports and questions?"
POLICIES = "Where can customers read the security policies?"
PROCESSORS = "Who are the sub-processors?"
MOST_DAYS = "For how many days is end-user data kept at most?"


def row(page: Page, words: str) -> Locator:
    """A question with its two sides."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader").get_by_text(words, exact=True))


def draft_of(sandbox, name: str = DIAGRAMS) -> dict:
    return json.loads(sandbox.document_text(product_id(name), "draft"))


def test_draft_and_live_stand_side_by_side_with_words_entries_and_records_marked(open_as):
    page = open_as("charlie", app_path(DIAGRAMS, "compare/"))
    expect(page.get_by_role("columnheader").nth(1)).to_contain_text("Live")
    expect(page.get_by_role("columnheader").nth(2)).to_contain_text("Draft")
    expect_said(page, "4 answers differ:")
    expect(page.get_by_text(CONTACT)).to_have_count(0)
    days = row(page, MOST_DAYS).get_by_role("cell")
    expect(days.nth(1).locator("ins")).to_have_text("60 days")
    expect(days.nth(0).locator("del")).to_have_text("90 days")

    before, after = row(page, PROCESSORS).locator("> td.compare-before, > td.compare-after").all()
    added = after.get_by_role("listitem").filter(has_text="Example Queue AB")
    expect(added).to_contain_text("Added")
    expect(added).to_contain_text("Sweden")
    expect(before.get_by_role("listitem").filter(has_text="Example Desk Pty")).to_contain_text("Removed")
    mail = after.get_by_role("listitem").filter(has_text="Example Mail GmbH")
    expect(mail).to_contain_text("Changed")
    expect(mail.locator("ins")).to_have_text(re.compile("and release announcements"))
    expect(mail.get_by_text("Sends and receives support e-mail")).to_be_visible()

    page.get_by_label("Show").select_option("All answers")
    expect(page).to_have_url(re.compile("show=all"))
    expect(row(page, CONTACT)).to_contain_text("security@vendor.example.com")
    page.goto(app_path("Time Ledger", "compare/"))
    expect_said(page, "2 answers differ:")
    expect(page.locator("ins").filter(has_text="Only")).to_be_visible()
    moved = page.get_by_role("listitem").filter(has_text=re.compile("Moved", re.IGNORECASE))
    expect(moved).to_have_count(2)
    expect(page.get_by_role("button", name="Revert to live")).to_have_count(0)


def test_changes_are_walked_by_keys_and_other_versions_can_be_chosen(open_as):
    page = open_as("charlie", app_path(DIAGRAMS, "compare/"))
    page.get_by_role("heading", level=1).click()
    changes = page.locator("[data-change]")
    page.keyboard.press("n")
    expect(changes.nth(0)).to_be_focused()
    page.keyboard.press("n")
    expect(changes.nth(1)).to_be_focused()
    page.keyboard.press("p")
    expect(changes.nth(0)).to_be_focused()
    page.get_by_label("Before").select_option("Draft")
    expect(page.get_by_text("Nothing differs")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_label("Before")).to_be_hidden()
    page.goto(app_path(DIAGRAMS, "compare/?before=99999&after=draft"))
    expect(page.get_by_text("There is no such version of this document.")).to_be_visible()


def test_the_live_value_of_one_answer_is_taken_and_the_rest_of_the_draft_stays(open_as, sandbox):
    page = open_as("alice", app_path(DIAGRAMS, "compare/"))
    before = draft_of(sandbox)
    row(page, MOST_DAYS).get_by_role("button", name=f"Revert to live for: {MOST_DAYS}").click()
    expect_said(page, "The live value is in the working copy now.")
    expect(row(page, MOST_DAYS)).to_have_count(0)
    expect_said(page, "3 answers differ:")
    assert draft_of(sandbox) == before
    page.goto(app_path(DIAGRAMS, "edit/"))
    save(page)
    before["dataRetention"]["retentionDurationInDays"]["max"] = 90
    assert draft_of(sandbox) == before


def decide(page: Page, words: str, whose: str) -> None:
    page.get_by_role("radiogroup", name=words).get_by_role("radio", name=re.compile(f"^{whose}")).check()


def test_a_draft_that_a_stranger_changed_is_never_overwritten_but_decided_field_by_field(open_as, sandbox):
    page = open_as("alice", app_path(DIAGRAMS, "edit/?section=security"))
    for label, text in ((CONTACT, "mine@example.com"), (POLICIES, "https://mine.example.com")):
        page.get_by_label(label).fill(text)
        page.get_by_label(label).press("Tab")
        expect_kept(question(page, label))
    product = product_id(DIAGRAMS)
    days = "/dataRetention/retentionDurationInDays/max"
    for at, value in (
        ("/security/securityContact", "theirs@example.com"),
        ("/security/publicSecurityPoliciesLink", "https://theirs.example.com"),
        (days, 45),
    ):
        stranger.act(sandbox, "edit_draft", host="", product_id=product, at=at, value=value)
    there = draft_of(sandbox)
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved: the document at Atlassian changed")
    expect(page.get_by_role("heading", name="Changed on both sides (2)")).to_be_visible()
    assert draft_of(sandbox) == there
    contact = page.get_by_role("radiogroup", name=CONTACT)
    for words in ("security@vendor.example.com", "mine@example.com", "theirs@example.com"):
        expect(contact).to_contain_text(words)
    page.get_by_text("Merged automatically (1)").click()
    expect(page.get_by_role("radiogroup", name=MOST_DAYS)).to_contain_text("45")
    decide(page, CONTACT, "Working copy")
    decide(page, POLICIES, "At Atlassian")

    stranger.act(sandbox, "edit_draft", host="", product_id=product, at=days, value=44)
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved: the document at Atlassian changed")
    expect(contact.get_by_role("radio", name=re.compile("^Working copy"))).to_be_checked()
    decide(page, CONTACT, "Working copy")
    decide(page, POLICIES, "At Atlassian")
    save(page)
    there["security"]["securityContact"] = "mine@example.com"
    there["dataRetention"]["retentionDurationInDays"]["max"] = 44
    assert draft_of(sandbox) == there


def test_a_draft_that_was_discarded_meanwhile_is_said_before_anything_is_saved(open_as, sandbox):
    page = open_as("alice", app_path(DIAGRAMS, "edit/?section=security"))
    page.get_by_label(CONTACT).fill("mine@example.com")
    page.get_by_label(CONTACT).press("Tab")
    expect_kept(question(page, CONTACT))
    stranger.act(sandbox, "discard_draft", host="", product_id=product_id(DIAGRAMS))
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved: the document at Atlassian changed")
    assert sandbox.document(product_id(DIAGRAMS), "draft") is None
    for group in page.get_by_role("radiogroup").all():
        mine = group.get_by_role("radio", name=re.compile("^Working copy"))
        if mine.is_visible():
            mine.check()
    save(page)
    assert draft_of(sandbox)["security"]["securityContact"] == "mine@example.com"


def test_a_draft_is_discarded_after_a_question_and_restored_from_its_version(open_as, sandbox):
    before = draft_of(sandbox)
    page = open_as("alice", app_path(DIAGRAMS))
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Discard the draft…").click()
    dialog = page.get_by_role("dialog", name="Discard the draft?")
    expect(dialog).to_contain_text("4 answers that differ from live")
    dialog.get_by_role("button", name="Cancel").click()
    assert draft_of(sandbox) == before
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Discard the draft…").click()
    faults.refuse(sandbox, call="marketplace.discard_draft", message="Somebody is editing it.", times=1)
    dialog.get_by_role("button", name="Discard the draft").click()
    expect(page.get_by_role("alert").first).to_contain_text("Somebody is editing it.")
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Discard the draft…").click()
    dialog.get_by_role("button", name="Discard the draft").click()
    expect_said(page, f"The draft of “{DIAGRAMS}” is discarded.")
    expect(page.get_by_text("No draft", exact=True)).to_be_visible()
    assert sandbox.document(product_id(DIAGRAMS), "draft") is None

    page.get_by_role("link", name="Versions", exact=True).first.click()
    page.get_by_role("row").filter(has_text="Discarded draft").first.get_by_role("link").first.click()
    expect_said(page, "This is how a customer would read it.")
    page.get_by_role("button", name="Restore as working copy").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect_said(page, "The version is the working copy now.")
    expect_said(page, "4 answers differ:")
    page.goto(app_path(DIAGRAMS, "edit/"))
    save(page)
    assert draft_of(sandbox) == before


def test_a_version_is_downloaded_exactly_as_it_was_read(open_as, sandbox):
    page = open_as("charlie", app_path("Table Tools"))
    page.locator("summary", has_text="More").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download live as JSON").click()
    assert download.value.suggested_filename == "com.example.table-tools-live.json"
    assert "12345678901234567890.5" in download.value.path().read_text()
