"""Atlassian takes its time, in a browser: the page says so, and shows the result when it is there."""

import re

import pytest
from playwright.sync_api import expect

from portal.jobs import operations
from sandbox.names import ACME
from tests.held import Held

from .test_space import again, choose, edit, row, said

pytestmark = pytest.mark.browser


@pytest.fixture
def held(desk, sandbox, settings):
    settings.REMOTE_THREADS, settings.REMOTE_WAIT = 4, 0
    held = Held(sandbox)
    yield held
    held.release()
    operations.stop_threads()


def test_a_level_that_takes_long_arrives_in_its_row_and_what_was_typed_stays_meanwhile(desk, held, open_as, sandbox):
    page = open_as("bob", desk.path)
    editor = edit(page, "Key list")
    choose(editor, "Public")
    again(editor, "Set “Public”", "It hangs at the door")
    expect(said(page, "Changing the level: still working.")).to_be_visible()
    held.reached(1)
    expect(editor.get_by_label("Reason")).to_have_value("It hangs at the door")
    again(editor, "Set “Public”")
    expect(said(page, "This is still being worked on.")).to_be_visible()
    held.release()
    expect(row(page, "Key list").locator("summary")).to_have_text("Public")
    assert sandbox.own_level(ACME, desk.id["Key list"]) == "Public"
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def test_the_answer_finds_its_page_also_where_the_row_is_gone(desk, held, open_as):
    page = open_as("bob", desk.path)
    editor = edit(page, "Press kit")
    choose(editor, "Confidential")
    held.reached(1)
    page.get_by_role("link", name="Tree", exact=True).click()
    expect(page).to_have_url(re.compile("view=tree"))
    held.release()
    expect(said(page, "“Press kit” is “Confidential” now.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_of_its_own_says_that_it_is_still_working_and_then_shows_the_result(scripts, held, open_as):
    page = open_as("alice", "/sites/acme/levels/", scripts=scripts)
    page.get_by_role("main").locator("form[action$='/levels/read/'] button").first.click()
    expect(page.get_by_text("Still working.")).to_be_visible()
    held.release()
    expect(page).to_have_url(re.compile("/sites/acme/levels/$"))
    expect(page.get_by_text(re.compile("levels")).first).to_be_visible()


def test_the_page_that_waits_can_be_read_by_everybody(held, open_as, assert_accessible):
    page = open_as("alice", "/sites/acme/levels/")
    page.get_by_role("main").locator("form[action$='/levels/read/'] button").first.click()
    expect(page.get_by_text("Still working.")).to_be_visible()
    assert_accessible(page)
    held.release()
