"""Toasts in a browser: a short stack that stands in nobody's way."""

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def tell(page: Page, level: str, text: str) -> None:
    page.evaluate(
        "([level, text]) => document.dispatchEvent(new CustomEvent('toast', { detail: { level, text } }))",
        [level, text],
    )


def meet(one: Locator, other: Locator) -> bool:
    """Whether two boxes overlap."""
    a, b = one.bounding_box(), other.bounding_box()
    return (
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
    )


def test_at_most_three_stand_and_failures_outlast_successes(open_as, desk):
    page = open_as("bob", desk.path)
    for level, text in (("error", "One"), ("success", "Two"), ("success", "Three"), ("success", "Four")):
        tell(page, level, text)
    expect(page.locator(".toast")).to_have_count(3)
    expect(page.locator(".toast")).to_contain_text(["One", "Three", "Four"])
    for text in ("Five", "Six", "Seven"):
        tell(page, "error", text)
    expect(page.locator(".toast")).to_contain_text(["Five", "Six", "Seven"])


def test_what_is_below_a_toast_can_be_clicked(open_as, desk):
    page = open_as("bob", desk.path)
    tell(page, "error", "Something went wrong")
    toast = page.locator(".toast")
    box = toast.bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert not page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('.toast')", middle)
    toast.get_by_role("button", name="Dismiss this message").click()
    expect(toast).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 600])
def test_toasts_make_way_for_an_editor_and_for_what_has_the_focus(open_as, desk, width):
    page = open_as("bob", desk.path, width=width)
    page.set_viewport_size({"width": width, "height": 700})
    for text in ("One thing went wrong", "Another thing went wrong", "A third thing went wrong"):
        tell(page, "error", text)
    stack = page.locator(".toasts")
    expect(page.locator(".toast")).to_have_count(3)
    for summary in page.locator("main summary:not(.button)").all():
        summary.scroll_into_view_if_needed()
        summary.click()
        panel = page.locator("details[data-edit][open] form")
        expect(panel.locator("[data-choice]").first).to_be_visible()
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert not meet(stack, panel)
        page.keyboard.press("Escape")
    last = page.locator("tr[data-row]").last
    last.scroll_into_view_if_needed()
    link = last.get_by_role("link")
    link.focus()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not meet(stack, link)
