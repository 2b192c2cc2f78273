"""Nothing that was typed in a Privacy & Security form is lost: leaving, waiting, failing, two tabs and two people."""

import re

import pytest
from playwright.sync_api import Page, expect

from portal import demo
from sandbox.seed_documents import product_id

from .documents import answer, app_path, expect_kept, expect_said, give, question

pytestmark = pytest.mark.browser

CONTACT = "Which e-mail address takes security reports and questions?"
POLICIES = "Where can customers read the security policies?"
CERTIFIED = "Does the app, or its vendor, hold security certifications?"
KEPT = "Does the app keep end-user data after it was uninstalled?"
MOST_DAYS = "For how many days is end-user data kept at most?"
PROCESSORS = "Who are the sub-processors?"


def contact(page: Page):
    return page.get_by_label(CONTACT)


def test_an_answer_is_undone_and_the_live_value_can_be_taken(open_as):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=security"))
    contact(page).fill("first@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    contact(page).fill("second@example.com")
    contact(page).press("Tab")
    expect(page.get_by_text("Live: security@vendor.example.com")).to_be_visible()
    expect(question(page, CONTACT).get_by_text("Saving…")).to_be_hidden()
    page.get_by_role("button", name=f"Undo the answer to: {CONTACT}").click()
    expect(contact(page)).to_have_value("first@example.com")
    page.get_by_role("button", name=f"Undo the answer to: {CONTACT}").click()
    expect(contact(page)).to_have_value("security@vendor.example.com")
    page.get_by_role("button", name=f"Redo the answer to: {CONTACT}").click()
    expect(contact(page)).to_have_value("first@example.com")
    page.get_by_role("button", name=f"Revert to live for: {CONTACT}").click()
    expect(contact(page)).to_have_value("security@vendor.example.com")
    expect(page.get_by_text("Live: security@vendor.example.com")).to_have_count(0)


def test_save_to_marketplace_goes_to_an_answer_that_is_not_saved(open_as):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=all"))
    contact(page).fill("first@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    days = page.get_by_label("For how many days is end-user data kept at most?")
    days.fill("soon")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_text("Nothing was sent to Marketplace: an answer on this page is not saved.")).to_be_visible()
    expect(days).to_be_focused()
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(days).to_be_focused()
    expect(days).to_have_value("soon")
    days.fill("60")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect_said(page, "is saved to Marketplace and was read back")


def test_whoever_leaves_the_page_finds_everything_again(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    contact(page).fill("here@example.com")
    page.get_by_role("navigation", name="Sections of the document").get_by_role("link", name=re.compile("Logs")).click()
    expect(page).to_have_url(re.compile("section=logDetails"))
    page.get_by_role("link", name=re.compile("^Overview")).click()
    expect_said(page, "1 change is saved here, not to Marketplace")
    page.get_by_role("navigation", name="Version").get_by_role("link", name="Working copy").click()
    expect_said(page, "here@example.com")
    page.go_back()
    other = open_as("alice", app_path("Status Board", "edit/?section=security"))
    expect(contact(other)).to_have_value("here@example.com")
    expect_kept(question(other, CONTACT))
    other.get_by_role("button", name="Discard changes").click()
    other.get_by_role("dialog").get_by_role("button", name="Discard changes").click()
    expect_said(other, "The changes are discarded.")
    other.goto(app_path("Status Board", "versions/"))
    other.get_by_role("row").filter(has_text="Working copy").get_by_role("link").first.click()
    expect_said(other, "here@example.com")


def test_saving_waits_for_the_answer_that_is_still_on_its_way(open_as, sandbox):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    answer(question(page, "Is end-user data encrypted on disk?"), "No")
    expect_kept(question(page, "Is end-user data encrypted on disk?"))
    held = []
    page.route("**/edit/answer/*", lambda route: held.append(route))
    contact(page).fill("last@example.com")
    with page.expect_request("**/edit/answer/*"):
        page.get_by_role("button", name="Save to Marketplace").click()
    held[0].continue_()
    expect_said(page, "is saved to Marketplace and was read back: 2 answers differ")
    kept = sandbox.document(product_id("Status Board"), "draft")
    assert kept["commonCloud"]["security"]["securityContact"] == "last@example.com"


def test_an_answer_on_its_way_does_not_sweep_away_what_was_typed_since(open_as):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=all"))
    days = page.get_by_label(MOST_DAYS)
    days.fill("")
    days.press("Tab")
    expect_kept(question(page, MOST_DAYS))
    held = []
    page.route("**/edit/answer/*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/edit/answer/*"):
        answer(question(page, KEPT), "No")
    days.fill("30")
    days.press("Tab")
    contact(page).fill("next@example.com")
    contact(page).press("Tab")
    held[0].continue_()
    for words in (KEPT, CONTACT):
        expect_kept(question(page, words))
    page.reload()
    expect(days).to_have_value("30")
    expect(contact(page)).to_have_value("next@example.com")


def test_a_session_that_ends_in_the_middle_loses_nothing(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    contact(page).fill("first@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    page.context.clear_cookies(name="sessionid")
    contact(page).fill("kept@example.com")
    contact(page).press("Tab")
    alert = page.get_by_role("alert").filter(has_text="Your session has ended, so nothing was saved.")
    expect(alert).to_be_visible()
    expect(question(page, CONTACT).get_by_text("Not saved. What you typed is still here.")).to_be_visible()
    expect(contact(page)).to_have_value("kept@example.com")
    with page.context.expect_page() as opened:
        alert.get_by_role("link", name="Sign in in a new tab").click()
    tab = opened.value
    tab.get_by_label("Email").fill("alice@example.com")
    tab.get_by_label("Password").fill(demo.PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Home")
    tab.close()
    contact(page).fill("kept.too@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    expect(question(page, CONTACT).get_by_text("Not saved. What you typed is still here.")).to_be_hidden()

    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("heading", name="Your form was not sent")).to_be_visible()


def test_a_server_that_cannot_be_reached_keeps_the_text_and_the_next_try_saves_it(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    contact(page).fill("first@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    page.route("**/edit/answer/*", lambda route: route.abort())
    contact(page).fill("kept@example.com")
    contact(page).press("Tab")
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(question(page, CONTACT).get_by_text("Not saved. What you typed is still here.")).to_be_visible()
    expect(question(page, CONTACT).get_by_text(re.compile(r"^\s*Saved"))).to_be_hidden()
    expect(contact(page)).to_have_value("kept@example.com")
    page.unroute("**/edit/answer/*")
    question(page, CONTACT).get_by_role("button", name="Try again").click()
    expect_kept(question(page, CONTACT))
    page.reload()
    expect(contact(page)).to_have_value("kept@example.com")


def test_what_was_typed_without_a_network_is_saved_when_it_is_back(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    page.context.set_offline(True)
    contact(page).fill("kept@example.com")
    contact(page).press("Tab")
    expect(question(page, CONTACT).get_by_text("Not saved. What you typed is still here.")).to_be_visible()
    page.context.set_offline(False)
    expect_kept(question(page, CONTACT))
    expect(question(page, CONTACT).get_by_text("Not saved. What you typed is still here.")).to_be_hidden()
    page.reload()
    expect(contact(page)).to_have_value("kept@example.com")


def test_two_people_in_the_same_field_see_each_other_and_choose(open_as):
    give("bob@example.com", "privacy_editor")
    path = app_path("Status Board", "edit/?section=security")
    alice, bob = open_as("alice", path), open_as("bob", path)
    contact(alice).fill("alices@example.com")
    contact(alice).press("Tab")
    expect_kept(question(alice, CONTACT))
    contact(bob).fill("bobs@example.com")
    contact(bob).press("Tab")
    theirs = question(bob, CONTACT)
    expect(theirs).to_contain_text("alice@example.com changed this answer while you were writing yours.")
    expect(theirs).to_contain_text("Theirs: alices@example.com")
    expect(contact(bob)).to_have_value("bobs@example.com")
    theirs.get_by_role("button", name="Keep mine").click()
    expect_kept(theirs)
    contact(alice).fill("again@example.com")
    contact(alice).press("Tab")
    expect(question(alice, CONTACT)).to_contain_text("bob@example.com changed this answer")
    question(alice, CONTACT).get_by_role("button", name="Use theirs").click()
    expect(contact(alice)).to_have_value("bobs@example.com")
    expect_kept(question(alice, CONTACT), by="bob@example.com")
    answer(question(alice, CERTIFIED), "Yes")
    expect_kept(question(alice, CERTIFIED))
    answer(question(bob, "Is end-user data encrypted on disk?"), "No")
    expect_kept(question(bob, "Is end-user data encrypted on disk?"))
    bob.reload()
    expect(question(bob, CERTIFIED).get_by_role("radio", name="Yes")).to_be_checked()


def test_an_older_tab_of_ones_own_takes_nothing_away_unasked(open_as):
    path = app_path("Diagrams for Confluence", "edit/?section=thirdPartyInformation")
    older = open_as("alice", path)
    newer = older.context.new_page()
    newer.goto(path)
    question(newer, PROCESSORS).get_by_role("button", name="Add a sub-processor").click()
    question(newer, PROCESSORS).get_by_role("textbox", name="Name").fill("Example Queue Two")
    question(newer, PROCESSORS).get_by_role("textbox", name="Name").press("Tab")
    expect_kept(question(newer, PROCESSORS))
    processors = question(older, PROCESSORS)
    processors.locator("summary").first.click()
    processors.get_by_role("textbox", name="Purpose").first.fill("Something else")
    processors.get_by_role("textbox", name="Purpose").first.press("Tab")
    expect(processors).to_contain_text("You changed this answer in another tab")
    processors.get_by_role("button", name="Use the saved one").click()
    expect(processors.locator("summary", has_text="Example Queue Two")).to_be_visible()
    processors.locator("summary").first.click()
    for purpose in ("Something else", "Something else again"):
        processors.get_by_role("textbox", name="Purpose").first.fill(purpose)
        processors.get_by_role("textbox", name="Purpose").first.press("Tab")
        expect_kept(processors)
    expect(processors).not_to_contain_text("another tab")
    older.reload()
    expect(processors.locator("summary", has_text="Example Queue Two")).to_be_visible()
    processors.locator("summary").first.click()
    expect(processors.get_by_role("textbox", name="Purpose").first).to_have_value("Something else again")


def test_without_scripts_an_older_tab_leaves_alone_what_nobody_touched_on_it(open_as):
    path = app_path("Status Board", "edit/?section=security")
    older = open_as("alice", path, scripts=False)
    newer = older.context.new_page()
    newer.goto(path)
    contact(newer).fill("newer@example.com")
    newer.get_by_role("button", name="Save this section").click()
    expect_said(newer, "1 answer is saved here")
    older.get_by_label(POLICIES).fill("https://older.example.com")
    older.get_by_role("button", name="Save this section").click()
    expect_said(older, "1 answer is saved here")
    expect(contact(older)).to_have_value("newer@example.com")
    expect(older.get_by_label(POLICIES)).to_have_value("https://older.example.com")
    older.go_back()
    expect(contact(older)).to_have_value("newer@example.com")
