"""axe finds nothing on any page or state, in either theme, wide and narrow; and nothing scrolls sideways at 360 px."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.access import Actor
from portal.connections import clients
from portal.models import Connection, User
from privacy.models import App
from privacy.reviews import approvals
from sandbox import faults, stranger
from sandbox.names import ACME
from sandbox.seed_documents import product_id

from .documents import app_path, expect_kept, give, question

pytestmark = pytest.mark.browser

DIAGRAMS = "Diagrams for Confluence"
CONTACT = "Which e-mail address takes security reports and questions?"
Look = Callable[[Page], None]


@pytest.fixture
def look(assert_accessible) -> Look:
    return assert_accessible


def walk(page: Page, look: Look, *paths: str, status: int = 200) -> None:
    for path in paths:
        response = page.goto(path)
        assert response is not None
        assert (path, response.status) == (path, status)
        look(page)


def test_signing_in_and_the_pages_for_strangers(open_as, look):
    page = open_as("", "/accounts/login/")
    look(page)
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page)
    walk(
        page,
        look,
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/signup/",
        "/accounts/inactive/",
    )


def test_home_connections_people_and_activity(open_as, look):
    page = open_as("alice", "/")
    walk(page, look, "/", "/connections/", "/connections/new/", "/connections/acme/edit/", "/people/", "/activity/")
    walk(page, look, "/preferences/", f"/people/{User.objects.get(email='bob@example.com').pk}/", "/activity/?q=zzzz")
    page.goto("/connections/acme/")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("3 levels can be applied.")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("dialog", name="Remove this connection?")).to_be_visible()
    look(page)
    page.goto("/connections/new/")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    look(page)


def test_menus_keys_and_messages(open_as, look):
    page = open_as("alice", "/sites/acme/levels/")
    page.locator("summary", has_text="Account and theme").click()
    look(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    look(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("levels read from Confluence")).to_be_visible()
    look(page)


def test_the_account_pages(open_as, look):
    page = open_as("alice", "/")
    walk(page, look, "/accounts/sessions/")
    walk(page, look, "/accounts/password/change/", "/accounts/email/", "/accounts/logout/", "/accounts/2fa/")
    page.get_by_role("link", name=re.compile("Activate", re.IGNORECASE)).first.click()
    if page.get_by_label("Password").count():
        look(page)
        page.get_by_label("Password").fill("trustdesk-demo")
        page.get_by_role("button", name=re.compile("Confirm", re.IGNORECASE)).click()
    expect(page.get_by_label(re.compile("code", re.IGNORECASE)).first).to_be_visible()
    look(page)


def test_error_pages(open_as, look, sandbox):
    page = open_as("charlie", "/")
    walk(page, look, "/no-such-page/", status=404)
    walk(page, look, "/people/", status=403)
    walk(page, look, "/sites/acme/spaces/NONE/", "/sites/acme/items/page/1/current/", status=404)
    Connection.objects.filter(slug="acme").update(token="unreadable")
    clients.forget_sessions()
    page.goto("/sites/acme/spaces/NONE/")
    page.get_by_role("button", name="Load it from the site").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    look(page)
    page.goto("/preferences/")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Your form was not sent")).to_be_visible()
    look(page)


def test_spaces_and_their_content(open_as, look, desk):
    page = open_as("alice", "/sites/acme/spaces/")
    walk(page, look, "/sites/acme/spaces/", "/sites/acme/spaces/?view=table", "/sites/acme/spaces/?q=zzzz")
    walk(page, look, "/content/", "/content/?level=none&site=acme", "/content/?q=zzzz")
    walk(
        page,
        look,
        desk.path,
        f"{desk.path}?view=tree",
        f"{desk.path}?view=tree&status=draft",
        f"{desk.path}?q=zzzz",
        "/sites/acme/spaces/FIN/?q=zzzz",
    )
    page.goto(desk.path)
    page.locator("summary", has_text="Export").click()
    look(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.get_by_text("Waiting for the worker.")).to_be_visible()
    look(page)


def test_the_editor_of_a_level_and_its_refusals(open_as, look, desk, sandbox):
    page = open_as("alice", desk.path)
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Press kit", exact=True))
    row.locator("summary").click()
    expect(row.locator("[data-choice]").first).to_be_visible()
    look(page)
    faults.refuse(sandbox, item=desk.id["Press kit"], operation="set", message="This page is under legal hold.")
    row.get_by_role("button", name=re.compile("^Confidential")).click()
    expect(row.get_by_role("alert")).to_be_visible()
    look(page)
    stranger.act(sandbox, "set_level", host=ACME, item=desk.id["Press kit"], level="Confidential")
    row.get_by_role("button", name=re.compile("^Internal")).click()
    expect(row.get_by_role("alert")).to_contain_text("meantime")
    look(page)
    row.get_by_role("button", name="Set anyway").click()
    expect(row.get_by_text("Give a reason.")).to_be_visible()
    look(page)
    page.reload()
    page.get_by_role("link", name="Change the default level").click()
    expect(page.get_by_text("A new default changes up to")).to_be_visible()
    look(page)


def test_items_levels_and_projects(open_as, look, desk):
    page = open_as("alice", "/")
    here = "/sites/acme/items/page"
    walk(page, look, f"{here}/{desk.id['Press kit']}/current/", f"{here}/{desk.id['Old map']}/archived/")
    walk(page, look, "/sites/acme/levels/", "/sites/example-organisation/levels/", "/sites/acme/projects/?q=zzzz")
    walk(page, look, "/sites/acme/spaces/DESK/default/", "/sites/acme/projects/OFFICE/default/")
    page.goto("/sites/acme/projects/")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Help desk"))
    row.locator("summary").click()
    expect(row.locator("[data-choice]").first).to_be_visible()
    look(page)
    charlie = open_as("charlie", desk.path)
    look(charlie)


def test_an_empty_trustdesk(open_as, look):
    page = open_as("alice", "/connections/new/")
    for kind, name in (("Site (Confluence and Jira)", "New site"), ("Marketplace developer space", "New space")):
        page.goto("/connections/new/")
        page.get_by_label(kind).check()
        page.get_by_label("Name").fill(name)
        if kind.startswith("Site"):
            page.get_by_label("Address").fill(f"https://{ACME}")
        else:
            page.get_by_label("Developer space id").fill("d3b0a5e1-0000-4000-8000-00000000d00d")
        page.get_by_label("Account e-mail").fill("admin@example.com")
        page.get_by_label("API token").fill("not-the-token")
        page.get_by_role("button", name="Add and test").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        look(page)
    walk(page, look, "/sites/new-site/spaces/", "/sites/new-site/projects/", "/sites/new-site/levels/")
    page.get_by_role("button", name="Load the levels").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page)
    walk(page, look, "/apps/new-space/")
    Connection.objects.all().delete()
    walk(page, look, "/", "/connections/")


def test_apps_and_documents(open_as, look):
    page = open_as("alice", "/apps/example-apps/")
    walk(page, look, "/apps/example-apps/", "/apps/example-apps/?q=zzzz", app_path(DIAGRAMS), app_path("Table Tools"))
    walk(page, look, app_path("Page Clock"), app_path(DIAGRAMS, "versions/"), app_path("Page Clock", "edit/"))
    page.goto(app_path(DIAGRAMS, "versions/"))
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_text("This is how a customer would read it.")).to_be_visible()
    look(page)
    page.goto(app_path(DIAGRAMS))
    page.locator("summary", has_text="More").click()
    look(page)
    page.get_by_role("button", name="Discard the draft…").click()
    expect(page.get_by_role("dialog", name="Discard the draft?")).to_be_visible()
    look(page)


def test_the_form_of_a_document_and_what_stands_beside_its_answers(open_as, look, sandbox):
    page = open_as("alice", "/")
    walk(page, look, app_path("Forms Relay for Jira", "edit/?section=all"))
    walk(page, look, app_path("Table Tools", "edit/?section=all"))
    page.goto(app_path(DIAGRAMS, "edit/?section=security"))
    give("bob@example.com", "privacy_editor")
    other = open_as("bob", app_path(DIAGRAMS, "edit/?section=security"))
    page.get_by_label(CONTACT).fill("not an address")
    page.get_by_label(CONTACT).press("Tab")
    expect_kept(question(page, CONTACT))
    look(page)
    other.get_by_label(CONTACT).fill("other@example.com")
    other.get_by_label(CONTACT).press("Tab")
    expect(question(other, CONTACT).get_by_role("button", name="Keep mine")).to_be_visible()
    look(other)
    page.goto(app_path(DIAGRAMS, "edit/?section=dataRetention"))
    page.get_by_label("For how many days is end-user data kept at most?").fill("soon")
    page.keyboard.press("Tab")
    expect(page.get_by_text("“soon” is not a whole number of days")).to_be_visible()
    look(page)
    page.goto(app_path(DIAGRAMS, "edit/?section=thirdPartyInformation"))
    page.get_by_role("button", name="Add a sub-processor").click()
    look(page)
    page.get_by_role("button", name="Discard changes").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page)
    page.keyboard.press("Escape")
    stranger.act(sandbox, "edit_draft", host="", product_id=product_id(DIAGRAMS), value="theirs@example.com")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("heading", name="Changed on both sides (1)")).to_be_visible()
    look(page)


def test_comparisons(open_as, look):
    page = open_as("alice", "/")
    walk(page, look, app_path(DIAGRAMS, "compare/"), app_path("Time Ledger", "compare/"))
    walk(page, look, app_path("Forms Relay for Jira", "compare/?before=live&after=live&show=all"))
    walk(
        page,
        look,
        app_path("Table Tools", "compare/"),
        app_path("Diagrams for Jira", "compare/?before=live&after=live"),
    )


def test_sign_off_publishing_and_an_alert(open_as, look, sandbox):
    app = App.objects.select_related("connection", "draft", "live").get(product_id=product_id(DIAGRAMS))
    alice, bob = (Actor.of(User.objects.get(email=f"{name}@example.com")) for name in ("alice", "bob"))
    review = approvals.request_approval(actor=alice, app=app, note="Please look")
    page = open_as("bob", app_path(DIAGRAMS))
    look(page)
    page.get_by_role("main").get_by_role("link", name=re.compile("^Review [0-9]+ changes$")).first.click()
    look(page)
    page.get_by_role("button", name="Request changes").click()
    expect(page.get_by_text("Write the comment")).to_be_visible()
    look(page)
    approvals.approve(actor=bob, review=review, expected=review.content_hash)
    page = open_as("alice", app_path(DIAGRAMS))
    look(page)
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish what was approved?")
    expect(dialog).to_be_visible()
    look(page)
    faults.stranger_meanwhile(sandbox, "edit_draft", before="marketplace.publish", product_id=app.product_id)
    dialog.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Alert: live is not what was approved")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Resolve alert…").click()
    expect(page.get_by_role("dialog", name="Resolve alert")).to_be_visible()
    look(page)
