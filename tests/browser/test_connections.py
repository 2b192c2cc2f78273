"""Connections and rights in a browser: from signing in to a role that somebody else can use."""

import re

import pytest
from playwright.sync_api import expect

from portal import demo

pytestmark = pytest.mark.browser


def test_the_sign_in_page_leads_to_the_page_that_was_asked_for_and_explains_a_wrong_password(open_as):
    page = open_as("", "/connections/acme/")
    expect(page.get_by_text("alice@example.com")).to_be_visible()
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password").fill("not her password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    expect(page.get_by_label("Email")).to_have_value("alice@example.com")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")
    page.locator("summary", has_text="Account and theme").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/connections/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_connection_is_added_and_says_what_works_and_a_wrong_token_is_explained(open_as):
    page = open_as("alice", "/connections/")
    page.get_by_role("link", name="Add connection").first.click()
    page.get_by_label("Site (Confluence and Jira)").check()
    page.get_by_label("Name").fill("Acme again")
    page.get_by_label("Address").fill("https://example.com")
    page.get_by_label("Account e-mail").fill("admin@example.com")
    page.get_by_label("API token").fill("sandbox-admin-token")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_text("Only https addresses on *.atlassian.net")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Acme again")
    page.get_by_label("Address").fill("https://example-acme.atlassian.net")
    page.get_by_label("API token").fill("not-the-token")
    page.get_by_role("button", name="Add and test").click()

    works = page.get_by_role("region", name="Connection status")
    expect(works.get_by_role("listitem")).to_have_count(1)
    expect(works).to_contain_text("Fails")
    expect(works).to_contain_text("token")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("API token")).to_have_value("")
    page.get_by_label("API token").fill("sandbox-admin-token")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Test connection").click()
    for line in ("Sign-in and spaces", "3 levels can be applied.", "Projects can be read.", "can be marked"):
        expect(works.get_by_role("listitem").filter(has_text=line)).to_contain_text("Works")
    expect(works).not_to_contain_text("Fails")
    assert "sandbox-admin-token" not in page.content()


def test_a_site_without_classification_and_an_account_without_drafts_are_said(open_as, sandbox):
    sandbox.set_entitled("example-acme.atlassian.net", False)
    page = open_as("alice", "/connections/acme/")
    page.get_by_role("button", name="Test connection").click()
    works = page.get_by_role("region", name="Connection status")
    expect(works.get_by_role("listitem").filter(has_text="Data classification")).to_contain_text("Missing")
    expect(works).to_contain_text("does not offer data classification")
    expect(works).to_contain_text("read:configuration:confluence")

    page.goto("/connections/example-apps/edit/")
    page.get_by_label("Account e-mail").fill("editor@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter the token again")).to_be_visible()
    page.get_by_label("API token").fill("sandbox-editor-token")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Test connection").click()
    expect(works.get_by_role("listitem").filter(has_text="Live documents")).to_contain_text("Works")
    drafts = works.get_by_role("listitem").filter(has_text="Drafts cannot be edited")
    expect(drafts).to_contain_text("Missing")


def test_a_role_lets_bob_see_and_change_while_charlie_only_sees(open_as):
    alice = open_as("alice", "/connections/new/")
    alice.get_by_label("Site (Confluence and Jira)").check()
    alice.get_by_label("Name").fill("Second site")
    alice.get_by_label("Address").fill("https://example-globex.atlassian.net")
    alice.get_by_label("Account e-mail").fill("admin@example.com")
    alice.get_by_label("API token").fill("sandbox-admin-token")
    alice.get_by_role("button", name="Add and test").click()
    bob = open_as("bob", "/connections/")
    expect(bob.get_by_role("link", name="Acme", exact=True).first).to_be_visible()
    expect(bob.get_by_role("link", name="Second site")).to_have_count(0)
    bob.goto("/connections/second-site/")
    expect(bob.get_by_role("heading", level=1)).not_to_have_text("Second site")

    rights = alice.get_by_role("region", name="Access")
    rights.get_by_label(re.compile(r"^\s*Classifier:")).check()
    rights.get_by_role("button", name="Add roles").click()
    expect(rights.get_by_text("Choose at least one person or group.")).to_be_visible()
    expect(rights.get_by_label(re.compile(r"^\s*Classifier:"))).to_be_checked()
    rights.get_by_label("bob@example.com").focus()
    alice.keyboard.press("Space")
    rights.get_by_label("charlie@example.com").check()
    rights.get_by_label(re.compile(r"^\s*Viewer:")).check()
    rights.get_by_role("button", name="Add roles").click()
    for who in ("bob", "charlie"):
        for role in ("Viewer", "Classifier"):
            expect(rights.get_by_role("row", name=re.compile(f"^{who}@example.com.* {role} "))).to_be_visible()
    for role in ("Viewer", "Classifier"):
        rights.get_by_label(f"charlie@example.com: {role}").check()
    rights.get_by_role("button", name="Remove the checked roles").click()
    expect(rights.get_by_role("row", name="charlie@example.com")).to_have_count(0)
    bob.goto("/")
    bob.get_by_role("main").get_by_role("link", name="Second site").click()
    expect(bob.get_by_role("button", name="Scan the site")).to_be_visible()

    for role in ("Viewer", "Classifier"):
        rights.get_by_role("button", name=f"Remove {role} from bob@example.com").click()
        expect(rights.get_by_role("row", name=re.compile(f"^bob@example.com.* {role} "))).to_have_count(0)
    expect(alice.get_by_role("status").filter(has_text="removed").first).to_be_visible()
    bob.reload()
    expect(bob.get_by_role("heading", level=1)).not_to_have_text("Spaces")


def test_a_viewer_is_shown_nothing_that_changes_anything(open_as):
    page = open_as("charlie", "/connections/acme/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme")
    main = page.get_by_role("main")
    for name in ("Edit", "Remove", "Add roles", "Test connection"):
        expect(main.get_by_role("button", name=name)).to_have_count(0)
        expect(main.get_by_role("link", name=name, exact=True)).to_have_count(0)
    page.goto("/sites/acme/spaces/LEGAL/")
    rows = page.get_by_role("region", name="Content of Legal").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    expect(main.locator("details[data-edit]")).to_have_count(0)
    expect(main.get_by_role("button", name="Scan")).to_have_count(0)
    expect(main.get_by_role("link", name="Change the default level")).to_have_count(0)
    page.goto("/apps/example-apps/com.example.diagrams-for-confluence/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Diagrams for Confluence")
    expect(main.get_by_role("heading", name="Sign-off")).to_be_visible()
    expect(main.get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    for name in ("Request approval", "Publish…", "Approve"):
        expect(main.get_by_role("button", name=name)).to_have_count(0)
    page.goto("/apps/example-apps/com.example.diagrams-for-confluence/edit/")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()


def test_a_connection_is_removed_only_after_its_name_is_typed(open_as):
    page = open_as("alice", "/connections/globex/")
    page.get_by_role("button", name="Remove", exact=True).click()
    dialog = page.get_by_role("dialog", name="Remove this connection?")
    dialog.get_by_label("Type the name Globex").fill("Globe")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("Nothing was removed")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    dialog.get_by_label("Type the name Globex").fill("Globex")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("“Globex” is removed from Trustdesk.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Globex")).to_have_count(0)
