"""What every page has: theme, navigation, keys, and sentences when a request fails."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

DARK_GROUND = "rgb(31, 31, 33)"


@pytest.fixture
def open_page(browser, transactional_db, live_server, settings, administrator) -> Callable[..., Page]:
    """open_page("/path/") as an administrator who is signed in; the frame needs no demo, so none is made."""
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(administrator)
    contexts = []

    def make(path: str = "/", *, width: int = 1280, theme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        contexts.append(context)
        session = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
        context.add_cookies([{**session, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}{path}")
        return page

    yield make
    for context in contexts:
        context.close()


def send(page: Page, verb: str, path: str) -> None:
    """Let htmx send a request as a control of the page would, aimed at the whole content."""
    page.evaluate(
        "([verb, path]) => { htmx.ajax(verb, path, {target: '#main', swap: 'innerHTML'}).catch(() => null) }",
        [verb, path],
    )


def test_a_chosen_theme_is_kept_and_the_system_decides_otherwise(open_page):
    page = open_page()
    page.locator("summary", has_text="Account and theme").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", DARK_GROUND)
    page.locator("summary", has_text="Account and theme").click()
    page.get_by_role("button", name="System").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", DARK_GROUND)


def test_paper_is_light_even_when_the_screen_is_dark(open_page):
    page = open_page(theme="dark")
    page.emulate_media(media="print")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator(".sidebar")).to_be_hidden()


def test_on_a_narrow_screen_the_navigation_opens_over_the_page_and_escape_closes_it(open_page):
    page = open_page(width=360)
    toggle = page.get_by_role("button", name="Navigation")
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation).to_be_hidden()
    toggle.click()
    expect(navigation.get_by_role("link", name="Activity")).to_be_visible()
    page.keyboard.press("Escape")
    expect(navigation).to_be_hidden()
    expect(toggle).to_be_focused()


@pytest.mark.parametrize(
    "path", ["/", "/connections/", "/connections/new/", "/activity/", "/preferences/", "/accounts/2fa/"]
)
def test_nothing_is_wider_than_a_narrow_screen(path, open_page):
    page = open_page(path, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_key_shows_the_keys_but_not_while_typing(open_page):
    page = open_page("/connections/new/")
    name = page.get_by_label("Name")
    name.fill("")
    name.press("?")
    expect(name).to_have_value("?")
    expect(page.locator("#keyboard-help")).to_be_hidden()
    name.blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard-help")).to_be_hidden()


def test_a_lost_session_is_said_and_what_was_typed_stays(open_page):
    page = open_page("/connections/new/")
    page.get_by_label("Name").fill("Half a name")
    page.context.clear_cookies()
    send(page, "GET", "/activity/")
    alert = page.get_by_role("alert").filter(has_text="session has ended")
    expect(alert.get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    expect(page.get_by_label("Name")).to_have_value("Half a name")


def test_an_error_page_is_never_put_inside_the_page(open_page):
    page = open_page("/connections/")
    heading = page.locator("h1").inner_text()
    page.route("**/gone/", lambda route: route.fulfill(status=404, body="<!doctype html><html><h1>No</h1></html>"))
    send(page, "GET", "/gone/")
    expect(page.get_by_role("alert").filter(has_text="not there any more")).to_be_visible()
    expect(page.locator("h1")).to_have_text(heading)


@pytest.mark.parametrize(
    ("status", "words"), [(500, "could not answer"), (429, "Wait a minute"), (409, "Someone else")]
)
def test_a_failed_request_becomes_a_sentence(status, words, open_page):
    page = open_page("/connections/")
    page.route("**/failing/", lambda route: route.fulfill(status=status, body=""))
    send(page, "POST", "/failing/")
    expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()


def test_a_refusal_with_its_own_fragment_is_shown_in_place(open_page):
    page = open_page("/connections/")
    page.route("**/refusing/", lambda route: route.fulfill(status=422, body="<p>Choose another level.</p>"))
    send(page, "POST", "/refusing/")
    expect(page.get_by_role("main")).to_have_text(re.compile("Choose another level."))
    expect(page.locator(".toast")).to_have_count(0)


def test_a_server_that_cannot_be_reached_is_said(open_page):
    page = open_page("/connections/")
    page.context.set_offline(True)
    send(page, "POST", "/connections/new/")
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()


def test_that_the_server_cannot_be_reached_is_not_said_once_the_network_is_back(open_page):
    page = open_page("/connections/")
    unreachable = page.get_by_role("alert").filter(has_text="cannot be reached")
    page.context.set_offline(True)
    send(page, "POST", "/connections/new/")
    expect(unreachable).to_be_visible()
    page.context.set_offline(False)
    expect(unreachable).to_have_count(0)


def test_that_the_server_cannot_be_reached_is_not_said_once_it_answers(open_page):
    page = open_page("/connections/")
    unreachable = page.get_by_role("alert").filter(has_text="cannot be reached")
    page.route("**/down/", lambda route: route.abort())
    send(page, "POST", "/down/")
    expect(unreachable).to_be_visible()
    send(page, "POST", "/down/")
    expect(unreachable).to_have_count(1)
    page.route("**/refusing/", lambda route: route.fulfill(status=422, body="<p>Choose another level.</p>"))
    send(page, "POST", "/refusing/")
    expect(page.get_by_role("main")).to_have_text(re.compile("Choose another level."))
    expect(unreachable).to_have_count(0)


def test_a_success_is_said_politely_and_can_be_dismissed(open_page):
    page = open_page("/connections/")
    said = '{"toast": {"level": "success", "text": "Level set and read back."}}'
    page.route("**/fine/", lambda route: route.fulfill(status=204, headers={"HX-Trigger": said}))
    send(page, "POST", "/fine/")
    toast = page.get_by_role("status").filter(has_text="Level set and read back.")
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Dismiss this message").click()
    expect(page.locator(".toast")).to_have_count(0)
