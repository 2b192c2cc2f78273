"""One item, the levels of a site, and the defaults of Jira projects, in a browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox import faults, stranger
from sandbox.names import ACME

pytestmark = pytest.mark.browser


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def choose(editor: Locator, level: str) -> None:
    editor.get_by_role("button", name=re.compile(f"^{level}")).click()


def test_an_item_shows_its_level_its_guideline_where_it_comes_from_and_its_history(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    page.get_by_role("link", name="Press kit", exact=True).click()
    level = page.get_by_role("region", name="Level", exact=True)
    expect(level).to_contain_text("Public")
    expect(level).to_contain_text("Less sensitive than the space default")
    expect(level).to_contain_text("Open to all. Check names and numbers before you publish.")
    about = page.get_by_role("complementary", name="About this item")
    expect(about).to_contain_text("Internal")
    link = page.get_by_role("link", name="Open in Confluence")
    expect(link).to_have_attribute("href", re.compile(rf"^https://{ACME}/wiki/.*{desk.id['Press kit']}"))
    history = page.get_by_role("region", name="History in Trustdesk")
    expect(history).to_contain_text("No changes yet.")

    change = page.get_by_role("region", name="Change the level")
    choose(change, "Confidential")
    expect(page.locator(".toast").filter(has_text="“Press kit” is “Confidential” now.")).to_be_visible()
    expect(level).to_contain_text("Confidential")
    expect(level).to_contain_text("Set in Trustdesk")
    done = history.get_by_role("listitem").first
    expect(done).to_contain_text(re.compile("Public\\s*→\\s*to\\s*Confidential"))
    expect(done).to_contain_text("bob@example.com")
    assert sandbox.own_level(ACME, desk.id["Press kit"]) == "Confidential"


def test_an_item_page_says_what_was_refused_and_what_changed_outside(open_as, desk, sandbox):
    page = open_as("bob", f"/sites/acme/items/page/{desk.id['Press kit']}/current/")
    change = page.get_by_role("region", name="Change the level")
    faults.refuse(sandbox, item=desk.id["Press kit"], operation="set", message="This page is under legal hold.")
    choose(change, "Confidential")
    expect(change.get_by_role("alert")).to_contain_text("This page is under legal hold.")
    faults.clear(sandbox)
    page.reload()
    refused = page.get_by_role("region", name="History in Trustdesk").get_by_role("listitem").first
    expect(refused).to_contain_text("Refused")

    stranger.act(sandbox, "set_level", host=ACME, item=desk.id["Press kit"], level="Confidential")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("is “Confidential” now; it was “Public” when it was last refreshed")).to_be_visible()
    stranger.act(sandbox, "delete_item", host=ACME, item=desk.id["Press kit"])
    choose(change, "Internal")
    change.get_by_label("Reason").fill("Asked by the press team")
    change.get_by_role("button", name="Set “Internal”").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Front desk")
    expect(page.get_by_text("“Press kit” is no longer there")).to_be_visible()


def test_an_archived_item_a_draft_and_an_unknown_one_are_explained(open_as, desk, sandbox):
    page = open_as("bob", f"/sites/acme/items/page/{desk.id['Old map']}/archived/")
    expect(page.get_by_text("The API does not let anyone classify archived content.")).to_be_visible()
    expect(page.locator("[data-choice]")).to_have_count(0)
    page.goto(f"/sites/acme/items/page/{desk.id['Key list']}/draft/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Key list, longer")
    versions = page.get_by_role("region", name="The same page as")
    versions.get_by_role("link", name="Current").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Key list")

    new = sandbox.add_item(ACME, "DESK", title="Just written", level="Public")
    page.goto(f"/sites/acme/items/page/{new}/current/")
    expect(page.get_by_role("heading", name="Trustdesk does not know this page")).to_be_visible()
    page.get_by_role("button", name="Load it from the site").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Just written")
    page.goto("/sites/acme/items/page/1/current/")
    page.get_by_role("button", name="Load it from the site").click()
    expect(page.get_by_role("alert")).to_contain_text("Check that it still exists")
    charlie = open_as("charlie", f"/sites/acme/items/page/{new}/current/")
    expect(charlie.get_by_text("You can see this level but not change it.")).to_be_visible()


def test_levels_are_shown_with_guideline_order_status_and_use(open_as, sandbox):
    page = open_as("charlie", "/sites/acme/levels/")
    rows = page.get_by_role("region", name="Levels").get_by_role("row")
    expect(rows).to_have_count(6)
    expect(row(page, "Restricted")).to_contain_text("Draft")
    expect(row(page, "Company only")).to_contain_text("Archived")
    confidential = row(page, "Confidential")
    expect(confidential).to_contain_text("Published")
    expect(confidential).to_contain_text("Would hurt customers, staff or the company if it leaked.")
    expect(confidential).to_contain_text("For the team that needs it.")
    expect(confidential.get_by_role("link", name="3")).to_have_attribute("href", re.compile(r"/spaces/\?level=\d+$"))

    stranger.act(sandbox, "archive_level", host=ACME, level="Public")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("5 levels read from Confluence.")).to_be_visible()
    expect(row(page, "Public")).to_contain_text("Archived")
    sandbox.set_entitled(ACME, False)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("The levels below are from the last refresh.")).to_be_visible()
    expect(rows).to_have_count(6)
    page.goto("/sites/example-organisation/levels/")
    expect(row(page, "Restricted")).to_contain_text("Draft")


def edit(page: Page, project: str) -> Locator:
    row(page, project).locator("summary").click()
    expect(row(page, project).locator("[data-choice]").first).to_be_visible()
    return row(page, project)


def test_the_default_of_a_project_is_set_and_cleared_in_its_row(open_as, sandbox):
    page = open_as("alice", "/sites/acme/projects/")
    expect(row(page, "Office moves")).to_contain_text("No default")
    editor = edit(page, "Office moves")
    choose(editor, "Internal")
    expect(page.locator(".toast").filter(has_text="The default of “Office moves” is “Internal” now.")).to_be_visible()
    expect(row(page, "Office moves").locator("summary")).to_have_text("Internal")

    editor = edit(page, "Office moves")
    editor.get_by_role("button", name="Clear the default").click()
    expect(
        editor.get_by_text("This lowers the protection from “Internal” to no default. Give a reason.")
    ).to_be_visible()
    editor.get_by_label("Reason").fill("The move is over")
    editor.get_by_role("button", name="Clear the default").click()
    expect(row(page, "Office moves").locator("summary")).to_have_text("No default")

    faults.refuse(sandbox, call="jira.project_default.set", message="Ask the project admin.")
    editor = edit(page, "Office moves")
    choose(editor, "Confidential")
    expect(editor.get_by_role("alert")).to_contain_text("Ask the project admin.")
    expect(row(page, "Office moves").locator("summary")).to_have_text("No default")

    page.get_by_role("searchbox", name="Name or key").fill("help")
    shown = page.get_by_role("region", name="Projects").get_by_role("rowheader")
    expect(shown).to_have_count(1)
    page.get_by_role("searchbox", name="Name or key").fill("")
    page.get_by_label("Default level", exact=True).select_option("No default")
    expect(shown).to_have_count(2)
    expect(page).to_have_url(re.compile("level=none"))
    bob = open_as("bob", "/sites/acme/projects/")
    expect(row(bob, "Help desk")).to_contain_text("Confidential")
    expect(bob.locator("main details[data-edit]")).to_have_count(0)
