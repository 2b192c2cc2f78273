"""The activity in a browser: what was done is there with before, after and reason; it is filtered and exported."""

import csv
import json
import re

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, Page, expect

from sandbox import faults

from .documents import app_path, expect_kept, question, save

pytestmark = pytest.mark.browser

CONTACT = "Which e-mail address takes security reports and questions?"


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="Activity").get_by_role("row")


def set_level(page: Page, level: str, reason: str) -> None:
    change = page.get_by_role("region", name="Change the level")
    change.get_by_role("button", name=re.compile(f"^{level}")).click()
    if reason:
        change.get_by_label("Reason").fill(reason)
        change.get_by_role("button", name=f"Set “{level}”").click()


def test_what_was_done_appears_with_before_after_reason_and_outcome(open_as, desk, sandbox):
    bob = open_as("bob", f"/sites/acme/items/page/{desk.id['Key list']}/current/")
    set_level(bob, "Public", "=The list hangs at the door")
    expect(bob.locator(".toast").filter(has_text="is “Public” now")).to_be_visible()
    faults.refuse(sandbox, item=desk.id["Press kit"], operation="set", message="This page is under legal hold.")
    bob.goto(f"/sites/acme/items/page/{desk.id['Press kit']}/current/")
    set_level(bob, "Confidential", "")
    expect(bob.get_by_role("alert").first).to_contain_text("legal hold")
    alice = open_as("alice", app_path("Status Board", "edit/?section=security"))
    alice.get_by_label(CONTACT).fill("trust@example.com")
    alice.get_by_label(CONTACT).press("Tab")
    expect_kept(question(alice, CONTACT))
    save(alice)

    alice.goto("/activity/")
    done = rows(alice).filter(has_text="Key list").filter(has_text="Done").first
    for words in ("bob@example.com", "Set the level", "Acme", "Reason: =The list hangs at the door"):
        expect(done).to_contain_text(words)
    expect(done).to_contain_text(re.compile("Confidential.*→.*Public", re.DOTALL))
    refused = rows(alice).filter(has_text="Press kit").filter(has_text="Refused")
    expect(refused).to_contain_text("This page is under legal hold.")
    expect(refused).to_contain_text(re.compile("Trace [0-9a-f]{32}"))
    saved = rows(alice).filter(has_text="Saved the draft to Marketplace").filter(has_text="Done")
    expect(saved).to_contain_text("Status Board")
    edited = rows(alice).filter(has_text="Edited the working copy")
    expect(edited).to_contain_text(CONTACT)
    expect(edited).to_contain_text(re.compile("security@vendor.example.com.*→.*trust@example.com", re.DOTALL))

    alice.get_by_role("link", name="Today", exact=True).click()
    expect(alice).to_have_url(re.compile("period=today"))
    expect(rows(alice).filter(has_text="Key list").get_by_role("link", name="Key list")).to_have_attribute(
        "href", f"/sites/acme/items/page/{desk.id['Key list']}/current/"
    )
    alice.get_by_label("Action").select_option("Levels: all")
    alice.get_by_role("button", name="Filter").click()
    expect(alice).to_have_url(re.compile("period=today"))
    expect(rows(alice).filter(has_text="Saved the draft to Marketplace")).to_have_count(0)
    alice.get_by_label("Action").select_option("Set the level")
    alice.get_by_label("Outcome").select_option("Refused")
    alice.get_by_label("Person").fill("bob@")
    alice.get_by_role("button", name="Filter").click()
    expect(rows(alice)).to_have_count(2)
    expect(alice).to_have_url(re.compile("outcome=refused"))
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Export JSON lines").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [(line["actor"], line["outcome"]) for line in lines] == [("bob@example.com", "refused")]
    alice.get_by_role("link", name="Clear").click()
    alice.get_by_label("Text").fill("hangs at the door")
    alice.get_by_role("button", name="Filter").click()
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Export CSV").click()
    found = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert found
    assert all(line["reason"].endswith("=The list hangs at the door") for line in found)
    assert not any(line["reason"].startswith("=") for line in found)
    alice.get_by_label("Text").fill("nothing like this")
    alice.get_by_role("button", name="Filter").click()
    expect(alice.get_by_role("heading", name="No activity found")).to_be_visible()
    call_command("audit", "verify")


def test_people_see_the_activity_of_their_own_connections_only(open_as, world):
    charlie = open_as("charlie", "/activity/")
    expect(rows(charlie).filter(has_text="Acme").first).to_be_visible()
    expect(rows(charlie).filter(has_text="Created the demo")).to_have_count(0)
    alice = open_as("alice", "/connections/globex/")
    rights = alice.get_by_role("region", name="Access")
    rights.get_by_role("button", name="Remove Viewer from charlie@example.com").click()
    expect(alice.get_by_text("Removed: Viewer for charlie@example.com.")).to_be_visible()
    charlie.reload()
    expect(rows(charlie).filter(has_text="Acme").first).to_be_visible()
    expect(rows(charlie).filter(has_text="Globex")).to_have_count(0)
    alice.goto("/activity/?connection=globex")
    taken = rows(alice).filter(has_text="Removed a role")
    expect(taken).to_contain_text("alice@example.com")
    expect(taken).to_contain_text("charlie@example.com")
