"""The keyboard in lists: focus and the current row survive every swap, so that the next key changes the right row."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from sandbox import faults, stranger
from sandbox.names import ACME

pytestmark = pytest.mark.browser


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=title, exact=True))


def current(page: Page) -> str:
    """The address of the item in the current row: kind, remote id and status; "" when no row is current."""
    return page.evaluate(
        "document.activeElement.closest('[data-row]')?.querySelector('[data-open]').getAttribute('href') ?? ''"
    )


def address(desk, title: str) -> str:
    return f"/sites/acme/items/page/{desk.id[title]}/current/"


def go_to(page: Page, title: str) -> None:
    """By the key j alone, from the first row on."""
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    page.get_by_role("heading", level=1).click()
    for _ in range(titles.index(title) + 1):
        page.keyboard.press("j")
    expect(row(page, title)).to_be_focused()


def choose(page: Page, title: str, level: str) -> None:
    """Open the editor with e, and choose with the arrow keys; the change is not sent yet."""
    page.keyboard.press("e")
    expect(row(page, title).locator("[data-choice]:focus")).to_have_count(1)
    wanted = row(page, title).get_by_role("button", name=re.compile(f"^{level}"))
    for _ in range(3):
        if wanted.evaluate("(button) => button === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    expect(wanted).to_be_focused()


def open_editors(page: Page) -> list[str]:
    """Titles of the rows whose editor is open."""
    return page.locator("tr[data-row]:has(details[data-edit][open]) [data-open]").all_inner_texts()


def hold(page: Page, method: str) -> Callable[[], None]:
    """Keep requests of the editors under way until what is returned is called; those that come later go on at once."""
    held: list[Route] = []
    released: list[bool] = []

    def handle(route: Route) -> None:
        if route.request.method == method and not released:
            held.append(route)
        else:
            route.continue_()

    page.route("**/level/", handle)

    def release() -> None:
        released.append(True)
        while held:
            held.pop().continue_()

    return release


#: What stands in the document at the moment in which a new row does: asked in the same task as the swap, so that no
#: later one can mend it.
AT_THE_SWAP = """() => {
  window.atTheSwap = new Promise((resolve) => {
    const rows = document.querySelector("tr[data-row]").parentElement;
    new MutationObserver(() => {
      const row = document.activeElement.closest("[data-row]");
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "e", bubbles: true }));
      resolve([row?.id ?? "", row?.querySelector("details").open ?? false]);
    }).observe(rows, { childList: true });
  });
}"""


def test_a_key_pressed_as_soon_as_the_new_row_stands_acts_on_that_row(open_as, desk):
    page = open_as("bob", desk.path)
    go_to(page, "Fire drill")
    row_id = row(page, "Fire drill").get_attribute("id")
    choose(page, "Fire drill", "Confidential")
    page.evaluate(AT_THE_SWAP)
    page.keyboard.press("Enter")
    assert page.evaluate("window.atTheSwap") == [row_id, True]
    expect(row(page, "Fire drill").get_by_role("button", name=re.compile("^Confidential"))).to_be_focused()
    assert open_editors(page) == ["Fire drill"]


def test_after_a_save_j_goes_on_from_the_row_that_was_changed(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    following = titles[titles.index("Fire drill") + 1]
    go_to(page, "Fire drill")
    choose(page, "Fire drill", "Confidential")
    page.keyboard.press("Enter")
    expect(row(page, "Fire drill").locator("summary")).to_have_text("Confidential")
    assert current(page) == address(desk, "Fire drill")
    page.keyboard.press("j")
    assert current(page) == address(desk, following)
    choose(page, following, "Confidential")
    page.keyboard.press("Enter")
    expect(row(page, following).locator("summary")).to_have_text("Confidential")
    assert sandbox.own_level(ACME, desk.id[following]) == "Confidential"
    assert sandbox.own_level(ACME, desk.id[titles[0]]) != "Confidential"


def test_e_before_the_answer_to_a_save_opens_the_editor_again_when_it_comes(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    go_to(page, "Fire drill")
    choose(page, "Fire drill", "Confidential")
    release = hold(page, "POST")
    page.keyboard.press("Enter")
    page.keyboard.press("e")
    release()
    expect(row(page, "Fire drill").locator("summary")).to_have_text("Confidential")
    expect(row(page, "Fire drill").get_by_role("button", name=re.compile("^Confidential"))).to_be_focused()
    assert open_editors(page) == ["Fire drill"]
    assert current(page) == address(desk, "Fire drill")


def test_an_answer_that_comes_late_does_not_take_the_focus_from_the_next_row(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    go_to(page, "Fire drill")
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    following = titles[titles.index("Fire drill") + 1]
    choose(page, "Fire drill", "Confidential")
    release = hold(page, "POST")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    assert current(page) == address(desk, following)
    release()
    expect(row(page, "Fire drill").locator("summary")).to_have_text("Confidential")
    assert current(page) == address(desk, following)
    page.keyboard.press("e")
    expect(row(page, following).locator("[data-choice]:focus")).to_have_count(1)
    assert open_editors(page) == [following]


def test_an_editor_that_comes_late_does_not_take_the_focus_from_the_next_row(open_as, desk):
    page = open_as("bob", desk.path)
    go_to(page, "Fire drill")
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    following = titles[titles.index("Fire drill") + 1]
    release = hold(page, "GET")
    page.keyboard.press("e")
    page.keyboard.press("j")
    release()
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(row(page, "Fire drill").locator("form")).to_have_count(1)
    assert current(page) == address(desk, following)


def test_a_refusal_of_a_row_that_was_left_is_told_and_takes_no_focus(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    faults.refuse(sandbox, item=desk.id["Fire drill"], operation="set", message="This page is under legal hold.")
    go_to(page, "Fire drill")
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    following = titles[titles.index("Fire drill") + 1]
    choose(page, "Fire drill", "Confidential")
    release = hold(page, "POST")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(row(page, following).locator("[data-choice]:focus")).to_have_count(1)
    release()
    expect(page.locator(".toast")).to_contain_text("“Fire drill” was not changed. Open its editor to see why.")
    assert current(page) == address(desk, following)
    assert open_editors(page) == [following]
    row(page, "Fire drill").locator("summary").click()
    expect(row(page, "Fire drill").get_by_role("alert")).to_contain_text("“Fire drill” was not changed.")


def test_a_row_whose_item_was_deleted_stays_the_current_one(open_as, desk, sandbox):
    page = open_as("bob", desk.path)
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    following = titles[titles.index("Fire drill") + 1]
    go_to(page, "Fire drill")
    choose(page, "Fire drill", "Confidential")
    stranger.act(sandbox, "delete_item", host=ACME, item=desk.id["Fire drill"])
    page.keyboard.press("Enter")
    expect(page.get_by_text("No longer at Atlassian, so it was removed from this list.")).to_be_visible()
    page.keyboard.press("j")
    assert current(page) == address(desk, following)


def test_the_current_row_survives_a_list_that_is_read_anew(open_as, desk, world):
    page = open_as("bob", desk.path)
    go_to(page, "Fire drill")
    page.evaluate("document.querySelector('tr[data-row]').dataset.old = ''")
    page.evaluate("htmx.trigger(document.body, 'scanned')")
    expect(page.locator("tr[data-old]")).to_have_count(0)
    assert current(page) == address(desk, "Fire drill")


def test_a_key_on_the_page_of_an_item_finds_the_button_that_was_pressed(open_as, desk, sandbox):
    page = open_as("bob", address(desk, "Press kit"))
    page.get_by_role("button", name="Reset to default").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("takes the default of its space again")
    expect(page.get_by_role("button", name="Follow the default")).to_be_focused()


def test_switching_a_tab_or_the_view_keeps_the_title_in_sight_and_the_focus_on_it(open_as, desk):
    page = open_as("bob", desk.path)
    page.set_viewport_size({"width": 1280, "height": 500})
    for name in ("Draft", "All", "Tree", "List"):
        link = page.get_by_role("link", name=name, exact=True)
        link.focus()
        page.keyboard.press("Enter")
        expect(link).to_have_attribute("aria-current", re.compile("page|true"))
        expect(link).to_be_focused()
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
        assert page.evaluate("scrollY") == 0


def test_escape_leaves_the_search_field_and_keeps_what_it_holds(open_as, desk):
    page = open_as("bob", f"{desk.path}?q=r")
    go_to(page, "Fire drill")
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Title")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_have_value("r")
    assert current(page) == f"{address(desk, 'Fire drill')}?q=r"


def test_counts_agree_after_a_change_in_a_filtered_list(open_as, desk):
    page = open_as("bob", f"{desk.path}?q=fire")
    expect(page.locator(".list-count")).to_have_text("1 item")
    page.goto(f"{desk.path}?level=none")
    expect(page.locator(".list-count")).to_have_text("1 item")
    go_to(page, "Lost property")
    choose(page, "Lost property", "Confidential")
    page.keyboard.press("Enter")
    expect(page.locator(".list-count")).to_have_text("0 items")
    expect(page.get_by_role("region", name="Content by level")).to_contain_text("12 of 12 items")


def test_on_the_page_of_an_item_j_and_k_go_through_the_list_that_it_was_opened_from(open_as, desk):
    page = open_as("bob", f"{desk.path}?sort=-title&q=r")
    titles = page.locator("tr[data-row] [data-open]").all_inner_texts()
    assert len(titles) >= 3
    go_to(page, titles[1])
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(titles[1])
    page.keyboard.press("j")
    expect(heading).to_have_text(titles[2])
    page.keyboard.press("k")
    expect(heading).to_have_text(titles[1])
    page.get_by_role("link", name=f"Previous: {titles[0]}").click()
    expect(heading).to_have_text(titles[0])
    expect(page.get_by_role("link", name=re.compile("^Previous"))).to_have_count(0)
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Front desk").click()
    expect(page).to_have_url(re.compile(r"\?q=r&sort=-title$"))
