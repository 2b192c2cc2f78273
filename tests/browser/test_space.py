"""The content of one space in a browser: levels changed in place, refusals, strangers, the default, list and tree."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from portal.models import Connection
from sandbox import faults, stranger
from sandbox.names import ACME

pytestmark = pytest.mark.browser


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=title, exact=True))


def titles(page: Page) -> list[str]:
    return page.get_by_role("region", name="Content of Front desk").get_by_role("rowheader").all_inner_texts()


def edit(page: Page, title: str) -> Locator:
    """Open the editor in the row; what is asked for afterwards is asked of the row."""
    row(page, title).locator("summary").click()
    expect(row(page, title).locator("[data-choice]").first).to_be_visible()
    return row(page, title)


def choose(editor: Locator, level: str) -> None:
    """One click sets it, or asks for a reason where it lowers the protection."""
    editor.get_by_role("button", name=re.compile(f"^{level}")).click()


def again(editor: Locator, label: str, reason: str = "") -> None:
    """Send the same choice once more, with the reason that was asked for."""
    if reason:
        editor.get_by_label("Reason").fill(reason)
    editor.get_by_role("button", name=label, exact=True).click()


def said(page: Page, text: str) -> Locator:
    """A toast."""
    return page.locator(".toast").filter(has_text=text)


def figures(page: Page) -> Locator:
    return page.get_by_role("region", name="Content by level")


def test_a_level_is_set_in_its_row_and_row_bar_figures_and_message_show_it(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    expect(figures(page)).to_contain_text("11 of 12 items")
    bar = figures(page).get_by_role("img").first
    before = bar.inner_html()
    editor = edit(page, "Lost property")
    expect(editor.get_by_text("For the team that needs it. Ask the owner before you share it.")).to_be_visible()
    expect(editor.locator("form").get_by_text("Lost property", exact=True)).to_be_visible()
    expect(editor.locator("[data-choice]")).to_have_count(3)
    choose(editor, "Confidential")
    expect(said(page, "“Lost property” is “Confidential” now.")).to_be_visible()
    expect(row(page, "Lost property").locator("summary")).to_have_text("Confidential")
    expect(row(page, "Lost property")).to_contain_text("Set in Trustdesk")
    expect(figures(page)).to_contain_text("12 of 12 items")
    assert bar.inner_html() != before
    assert sandbox.own_level(ACME, desk.id["Lost property"]) == "Confidential"
    page.reload()
    expect(row(page, "Lost property").locator("summary")).to_have_text("Confidential")


def test_an_editor_that_could_not_be_loaded_is_loaded_by_the_next_click(open_as, desk):
    page = open_as("bob", desk.path)
    page.context.set_offline(True)
    row(page, "Lost property").locator("summary").click()
    expect(said(page, "network")).to_be_visible()
    page.context.set_offline(False)
    edit(page, "Lost property")


def test_a_lower_level_asks_for_a_reason_and_keeps_it(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Key list")
    choose(editor, "Public")
    expect(
        editor.get_by_text("This lowers the protection from “Confidential” to “Public”. Give a reason.")
    ).to_be_visible()
    expect(editor.get_by_label("Reason")).to_be_focused()
    assert sandbox.own_level(ACME, desk.id["Key list"]) == "Confidential"
    again(editor, "Set “Public”", "The list hangs at the door anyway. 🔑")
    expect(row(page, "Key list").locator("summary")).to_have_text("Public")
    page.get_by_role("link", name="Key list", exact=True).click()
    expect(page.get_by_text("The list hangs at the door anyway. 🔑")).to_be_visible()
    assert sandbox.own_level(ACME, desk.id["Key list"]) == "Public"


def test_a_level_is_reset_to_the_default_of_the_space(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    editor.get_by_role("button", name="Reset to default").click()
    expect(said(page, "takes the default of its space again; it is “Internal” now")).to_be_visible()
    expect(row(page, "Press kit").locator("summary")).to_have_text("Internal")
    expect(row(page, "Press kit")).to_contain_text("Matches the default")
    assert sandbox.own_level(ACME, desk.id["Press kit"]) is None


def test_a_site_that_does_not_offer_removing_says_so_and_one_that_does_removes(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    editor.get_by_role("button", name="Remove").click()
    again(editor, "Remove", "Not ours any more")
    alert = editor.get_by_role("alert")
    expect(alert).to_contain_text("The level of “Press kit” was not changed.")
    expect(alert).to_contain_text("Reset")
    expect(alert).to_contain_text("Current level: Public")
    expect(editor.get_by_label("Reason")).to_have_value("Not ours any more")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Public")

    page.reload()
    editor = edit(page, "Press kit")
    expect(editor.get_by_text("This site does not offer to remove a level.")).to_be_visible()
    expect(editor.get_by_role("button", name="Remove")).to_have_count(0)

    changed = Connection.objects.get(slug="acme")
    changed.dialect = "reference"
    changed.save()
    sandbox.set_dialect(ACME, "reference")
    page.reload()
    editor = edit(page, "Press kit")
    editor.get_by_role("button", name="Remove").click()
    again(editor, "Remove", "Not ours any more")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Not classified")
    expect(figures(page)).to_contain_text("10 of 12 items")


def test_a_refusal_stands_in_its_row_with_what_is_true_and_what_the_call_needs(open_as, desk, sandbox):
    faults.refuse(sandbox, item=desk.id["Press kit"], operation="set", message="This page is under legal hold.")
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    choose(editor, "Confidential")
    alert = editor.get_by_role("alert")
    expect(alert).to_contain_text("The level of “Press kit” was not changed.")
    expect(alert).to_contain_text("This page is under legal hold.")
    expect(alert).to_contain_text("write:page:confluence")
    expect(alert).to_contain_text("Current level: Public")
    expect(editor.get_by_role("button", name="Set “Confidential”")).to_be_visible()
    editor.get_by_role("button", name="Cancel").click()
    expect(alert).to_be_hidden()
    expect(row(page, "Press kit").locator("summary")).to_have_text("Public")
    expect(row(page, "Press kit").locator("summary")).to_be_focused()


def test_a_site_that_does_not_answer_loses_nothing_that_was_typed(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Key list")
    choose(editor, "Public")
    faults.html_answer(sandbox, host=ACME)
    again(editor, "Set “Public”", "It hangs at the door")
    expect(editor.get_by_role("alert")).to_contain_text("Nothing was changed. What you chose and typed is still here.")
    expect(editor.get_by_label("Reason")).to_have_value("It hangs at the door")
    faults.clear(sandbox)
    again(editor, "Set “Public”")
    expect(row(page, "Key list").locator("summary")).to_have_text("Public")


def test_an_answer_that_was_lost_is_settled_by_reading(open_as, desk, sandbox):
    faults.lost_answer(sandbox, call="confluence.page_level.set", times=1)
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    choose(editor, "Internal")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Internal")
    expect(said(page, "“Press kit” is “Internal” now.")).to_be_visible()


def test_an_item_that_was_deleted_meanwhile_leaves_the_list_with_a_sentence(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    stranger.act(sandbox, "delete_item", host=ACME, item=desk.id["Press kit"])
    choose(editor, "Confidential")
    expect(page.get_by_text("No longer at Atlassian, so it was removed from this list.")).to_be_visible()
    expect(said(page, "“Press kit” is no longer there")).to_be_visible()
    expect(figures(page)).to_contain_text("10 of 11 items")
    page.reload()
    expect(row(page, "House rules")).to_be_visible()
    expect(row(page, "Press kit")).to_have_count(0)


def test_a_level_that_was_archived_a_second_ago_is_refused_and_not_offered_again(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Lost property")
    stranger.act(sandbox, "archive_level", host=ACME, level="Public")
    choose(editor, "Public")
    expect(editor.get_by_role("alert")).to_contain_text("“Public” is archived")
    expect(row(page, "Lost property").locator("summary")).to_have_text("Not classified")
    page.reload()
    editor = edit(page, "Lost property")
    expect(editor.locator("[data-choice]")).to_have_count(2)
    expect(editor.get_by_role("button", name=re.compile("^Public"))).to_have_count(0)


def test_a_level_that_a_stranger_changed_meanwhile_is_not_overwritten_unseen(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    stranger.act(sandbox, "set_level", host=ACME, item=desk.id["Press kit"], level="Confidential")
    choose(editor, "Internal")
    expect(editor.get_by_role("alert")).to_contain_text("somebody changed it in the meantime")
    expect(editor.get_by_role("alert")).to_contain_text("Current level: Confidential")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Confidential")
    assert sandbox.own_level(ACME, desk.id["Press kit"]) == "Confidential"
    editor.get_by_role("button", name="Set anyway").click()
    expect(editor.get_by_text("Give a reason.")).to_be_visible()
    again(editor, "Set “Internal”", "Agreed with the press team")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Internal")


def test_the_same_content_is_a_list_or_a_tree_and_drafts_and_archived_items_have_tabs(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    assert titles(page)[0].startswith("<b>Bold</b>")
    page.get_by_role("link", name="Tree", exact=True).click()
    expect(page).to_have_url(re.compile("view=tree"))
    rows = page.get_by_role("region", name="Content of Front desk").get_by_role("rowheader")
    expect(page.get_by_role("link", name="Tree", exact=True)).to_have_attribute("aria-current", "true")
    order = titles(page)
    at = order.index("House rules")
    assert order[at + 1 : at + 3] == ["Fire drill", "Key list"]
    left = [page.get_by_role("link", name=name, exact=True).bounding_box()["x"] for name in order[at : at + 3]]
    assert left[0] < left[1] < left[2]

    page.get_by_role("navigation", name="Status").get_by_role("link", name="Draft").click()
    drafts = page.locator("tr[data-row]").get_by_role("rowheader")
    expect(drafts).to_have_count(2)
    expect(rows.filter(has_text="House rules")).to_be_visible()  # faint, so that the draft below it has its place
    expect(row(page, "New badges")).to_contain_text("Draft")
    editor = edit(page, "New badges")
    choose(editor, "Internal")
    expect(row(page, "New badges").locator("summary")).to_have_text("Internal")
    assert sandbox.own_level(ACME, desk.id["New badges"], status="draft") == "Internal"
    page.get_by_role("navigation", name="Status").get_by_role("link", name="Archived").click()
    expect(rows).to_have_count(1)
    expect(row(page, "Old map").locator("summary")).to_have_count(0)


def test_filters_narrow_the_content_and_stand_in_the_address(open_as, desk):
    page = open_as("charlie", desk.path)
    rows = page.get_by_role("region", name="Content of Front desk").get_by_role("rowheader")
    expect(rows).to_have_count(13)
    page.get_by_label("Level", exact=True).select_option("Not classified")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("level=none"))
    page.get_by_label("Level", exact=True).select_option("All")
    page.get_by_label("Origin", exact=True).select_option("Differs from the space default")
    expect(rows).to_have_count(4)
    page.get_by_label("Kind", exact=True).select_option("Blog post")
    expect(page.get_by_role("heading", name="No item matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    page.get_by_role("searchbox").fill("launch")
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(13)
    page.goto(f"{desk.path}?kind=blogpost&nonsense=1&level=77777")
    expect(page.get_by_role("heading", level=1)).to_have_text("Front desk")


def test_titles_of_any_script_and_length_are_shown_as_text(open_as, desk):
    page = open_as("charlie", desk.path)
    for title in desk.id:
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
    arabic = page.get_by_role("link", name="خطة استمرارية الأعمال للربع الثالث")
    expect(arabic).to_have_css("direction", "rtl")
    expect(page.locator("main b")).to_have_count(0)
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="🚀 Launch day: who does what 🎉").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("🚀 Launch day: who does what 🎉")


def test_rows_are_walked_and_edited_by_keys_alone(open_as, desk, sandbox):
    page = open_as("bob", f"{desk.path}?q=p")
    expect(row(page, "Press kit")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Title")).to_be_focused()
    page.get_by_role("searchbox", name="Title").press("Tab")
    page.get_by_role("heading", level=1).click()
    for title in titles(page)[: titles(page).index("Press kit") + 1]:
        page.keyboard.press("j")
        expect(row(page, title)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(row(page, "Press kit")).to_be_focused()
    page.keyboard.press("e")
    expect(row(page, "Press kit").get_by_role("button", name=re.compile("^Public"))).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Internal")
    expect(row(page, "Press kit").locator("summary")).to_be_focused()
    page.keyboard.press("e")
    expect(row(page, "Press kit").locator("[data-choice]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, "Press kit").locator("[data-choice]").first).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Front desk")


def test_a_digit_sets_a_level_and_undo_in_the_message_restores_the_one_before(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    edit(page, "Lost property")
    page.keyboard.press("1")
    expect(row(page, "Lost property").locator("summary")).to_have_text("Confidential")
    toast = said(page, "“Lost property” is “Confidential” now.")
    edit(page, "Press kit")
    page.keyboard.press("2")
    expect(row(page, "Press kit").locator("summary")).to_have_text("Internal")
    said(page, "“Press kit” is “Internal” now.").get_by_role("button", name="Undo").click()
    expect(row(page, "Press kit").locator("summary")).to_have_text("Public")
    expect(row(page, "Press kit").locator("summary")).to_be_focused()
    expect(toast).to_have_count(1)
    assert sandbox.own_level(ACME, desk.id["Press kit"]) == "Public"
    assert sandbox.own_level(ACME, desk.id["Lost property"]) == "Confidential"


def test_a_new_default_says_first_what_it_touches_and_its_followers_are_read_again(open_as, desk, world, sandbox):
    page = open_as("alice", desk.path)
    page.get_by_role("link", name="Change the default level").click()
    dialog = page.get_by_role("dialog", name="Default level of Front desk")
    expect(dialog.get_by_text("A new default changes up to 8 items")).to_be_visible()
    expect(dialog).to_contain_text("Up to 8 have the current default and were not set in Trustdesk.")
    expect(dialog).to_contain_text("1 not classified although there is a default stays as it is.")
    expect(dialog).to_contain_text("4 with a level of their own keep it.")
    choose(dialog, "Public")
    expect(dialog.get_by_text("This lowers the protection from “Internal” to “Public”. Give a reason.")).to_be_visible()
    again(dialog, "Set “Public”", "Visitors read all of it")
    expect(
        page.get_by_text("The default of “Front desk” is “Public” now. Up to 8 items change with it")
    ).to_be_visible()
    expect(row(page, "House rules")).to_contain_text("Unknown")
    world()
    expect(row(page, "House rules").locator("summary")).to_have_text("Public")
    expect(row(page, "Key list").locator("summary").first).to_have_text("Confidential")
    assert sandbox.space_default(ACME, "DESK") == "Public"

    page.get_by_role("link", name="Change the default level").click()
    dialog.get_by_role("button", name="Clear the default").click()
    again(dialog, "Clear the default", "To be sorted out")
    expect(page.get_by_text("“Front desk” has no default now.")).to_be_visible()
    assert sandbox.space_default(ACME, "DESK") is None
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The default of “Front desk” is “Public” now.")).to_be_visible()
    assert sandbox.space_default(ACME, "DESK") == "Public"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("“Front desk” has no default now.")).to_be_visible()
    bob = open_as("bob", desk.path)
    expect(bob.get_by_role("heading", level=1)).to_have_text("Front desk")
    expect(bob.get_by_role("link", name="Change the default level")).to_have_count(0)
