"""What the tests of the Privacy & Security pages share: where an app is, how a question is found, what was kept."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from portal.models import Connection, Grant, User

SPACE = "/apps/example-apps/"


def app_path(name: str, page: str = "") -> str:
    """The address of an app of the demo, or of one of its pages: "edit/", "compare/", …"""
    return f"{SPACE}com.example.{name.lower().replace(' ', '-')}/{page}"


def question(page: Page, words: str) -> Locator:
    """A question of the form, with its controls and all that stands beside it."""
    label = re.compile(rf"^\s*{re.escape(words)}\s*\d*\s*$")
    return page.locator("[data-answer]").filter(has=page.locator(".answer-label", has_text=label))


def answer(asked: Locator, choice: str) -> None:
    """Choose yes, no or another offered answer."""
    asked.get_by_role("radio", name=choice, exact=True).check()


def expect_kept(asked: Locator, by: str = "you") -> None:
    """The answer was saved, the last change too, and it says by whom."""
    expect(asked).not_to_have_attribute("aria-busy", "true")
    expect(asked.get_by_text(re.compile(rf"^Saved\s.*\sby\s+{by}", re.DOTALL))).to_be_visible()


def expect_said(page: Page, words: str | re.Pattern[str]) -> None:
    """The page tells the outcome."""
    expect(page.get_by_role("main").get_by_text(words).first).to_be_visible()


def save(page: Page) -> None:
    """Save the working copy to Marketplace and wait until it was read back."""
    page.get_by_role("button", name="Save to Marketplace").click()
    expect_said(page, "is saved to Marketplace and was read back")


def give(email: str, role: str) -> None:
    """Another role on the demo's developer space."""
    connection = Connection.objects.get(slug="example-apps")
    Grant.objects.get_or_create(user=User.objects.get(email=email), connection=connection, role=role)


def exact(text: str | None) -> Any:
    """JSON with the order of its keys and the spelling of its numbers."""
    assert text is not None
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: ("object", pairs),
        parse_float=lambda literal: ("number", literal),
        parse_int=lambda literal: ("number", literal),
    )
