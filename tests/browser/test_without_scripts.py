"""With JavaScript turned off: pages are read, and forms post and come back with their text."""

import re

import pytest
from playwright.sync_api import expect

from portal import demo
from sandbox import faults
from sandbox.names import ACME
from sandbox.seed_documents import product_id

from .documents import app_path, expect_said, give

pytestmark = pytest.mark.browser

CONTACT = "Which e-mail address takes security reports and questions?"


def test_the_main_pages_are_read_without_scripts(open_as, desk):
    page = open_as("alice", "/", scripts=False)
    for path, words in {
        "/": "Acme",
        "/sites/acme/spaces/": "Front desk",
        "/sites/acme/spaces/?q=front&sort=-items": "Front desk",
        desk.path: "Press kit",
        f"{desk.path}?view=tree&level=none": "Lost property",
        "/sites/acme/levels/": "For the team that needs it.",
        "/sites/acme/projects/": "Help desk",
        "/apps/example-apps/": "Status Board",
        app_path("Status Board"): "security@vendor.example.com",
        app_path("Diagrams for Confluence", "compare/"): "Example Queue AB",
        app_path("Diagrams for Confluence", "versions/"): "Live",
        "/activity/": "Scanned",
        "/connections/acme/": "Access",
    }.items():
        page.goto(path)
        expect(page.get_by_role("main").get_by_text(words).locator("visible=true").first).to_be_visible()
    page.goto("/sites/acme/spaces/")
    page.get_by_role("searchbox", name="Name or key").fill("legal")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("region", name="Spaces").get_by_role("rowheader")).to_have_count(1)


def test_a_level_is_set_and_a_scan_asked_for_by_plain_forms(open_as, desk, world, sandbox):
    page = open_as("alice", desk.path, scripts=False)
    page.get_by_role("link", name="Key list", exact=True).click()
    change = page.get_by_role("region", name="Change the level")
    change.get_by_role("button", name=re.compile("^Public")).click()
    expect(
        change.get_by_text("This lowers the protection from “Confidential” to “Public”. Give a reason.")
    ).to_be_visible()
    change.get_by_label("Reason").fill("It hangs at the door")
    faults.refuse(sandbox, item=desk.id["Key list"], operation="set", times=1, message="This page is under legal hold.")
    change.get_by_role("button", name="Set “Public”").click()
    expect(change.get_by_role("alert")).to_contain_text("under legal hold")
    expect(change.get_by_label("Reason")).to_have_value("It hangs at the door")
    change.get_by_role("button", name="Set “Public”").click()
    expect_said(page, "“Key list” is “Public” now.")
    assert sandbox.own_level(ACME, desk.id["Key list"]) == "Public"
    page.get_by_role("button", name="Undo").click()
    expect_said(page, "“Key list” is “Confidential” now.")
    assert sandbox.own_level(ACME, desk.id["Key list"]) == "Confidential"

    page.goto(desk.path)
    page.get_by_role("link", name="Change the default level").click()
    expect(page.get_by_text("A new default changes up to")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Confidential")).click()
    expect_said(page, "The default of “Front desk” is “Confidential” now.")
    world()
    page.get_by_role("button", name="Scan", exact=True).click()
    expect_said(page, "Scan requested.")
    page.goto("/sites/acme/projects/")
    page.goto("/sites/acme/projects/OFFICE/default/")
    page.get_by_role("button", name=re.compile("^Internal")).click()
    expect_said(page, "The default of “Office moves” is “Internal” now.")


def test_a_section_is_answered_saved_signed_off_and_published_by_plain_forms(open_as, sandbox):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"), scripts=False)
    page.get_by_label(CONTACT).fill("trust@example.com")
    page.get_by_role("button", name="Save this section").click()
    expect_said(page, "1 answer is saved here, in the working copy.")
    page.get_by_role("link", name=re.compile("^Data retention")).click()
    most = page.get_by_label("For how many days is end-user data kept at most?")
    most.fill("soon")
    page.get_by_role("button", name="Save this section").click()
    expect_said(page, "1 answer could not be saved")
    expect(most).to_have_value("soon")
    most.fill("60")
    page.get_by_role("button", name="Save this section").click()
    expect_said(page, "1 answer is saved here, in the working copy.")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect_said(page, "is saved to Marketplace and was read back: 2 answers differ from before")
    page.get_by_role("button", name="Request approval").click()
    expect_said(page, "You requested approval.")
    give("bob@example.com", "publisher")
    bob = open_as("bob", app_path("Status Board"), scripts=False)
    bob.get_by_role("link", name="Review 2 changes").first.click()
    bob.get_by_role("button", name="Approve", exact=True).click()
    expect_said(bob, "You approved this draft in exactly this form.")
    bob.get_by_role("button", name="Publish", exact=True).click()
    expect_said(bob, "The approved content of “Status Board” is live; it was read back and is equal.")
    live = sandbox.document(product_id("Status Board"), "live")
    assert live["commonCloud"]["security"]["securityContact"] == "trust@example.com"
    assert live["commonCloud"]["dataRetention"]["retentionDurationInDays"]["max"] == 60


def test_a_draft_is_discarded_and_a_connection_removed_by_plain_forms(open_as, sandbox):
    page = open_as("alice", app_path("Diagrams for Confluence"), scripts=False)
    page.get_by_role("button", name="Discard the draft").click()
    expect_said(page, "discarded")
    assert sandbox.document(product_id("Diagrams for Confluence"), "draft") is None
    page.goto("/connections/globex/")
    page.get_by_label("Type the name Globex to confirm").fill("Globex")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page).to_have_url(re.compile("/connections/$"))
    expect(page.get_by_role("link", name="Globex")).to_have_count(0)


def test_a_form_that_is_sent_after_the_session_ended_comes_back_with_its_text(open_as, sandbox):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"), scripts=False)
    page.get_by_label(CONTACT).fill("kept@example.com")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save this section").click()
    expect(page.get_by_role("heading", name="Your form was not sent")).to_be_visible()
    expect(page.get_by_role("definition").get_by_text("kept@example.com")).to_be_visible()
    assert sandbox.document(product_id("Status Board"), "draft") is None
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in a new tab").click()
    tab = opened.value
    tab.get_by_label("Email").fill("alice@example.com")
    tab.get_by_label("Password").fill(demo.PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Home")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("The page was older than your sign-in.")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect_said(page, "1 answer is saved here, in the working copy.")
    expect(page.get_by_label(CONTACT)).to_have_value("kept@example.com")
