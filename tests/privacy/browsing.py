"""How the tests of privacy's pages find their way: addresses of an app, and what a page says."""

import html
import re
from html.parser import HTMLParser

from django.http import HttpResponse
from django.urls import reverse

from privacy.app_lookup import find_app
from privacy.document import catalogue
from privacy.document.document import Document
from privacy.drafts.answering import fingerprint
from privacy.models import App, WorkingCopy


def address(name: str, app: App, *args: object, **query: str) -> str:
    """The address of a page of an app."""
    return reverse(name, args=[app.connection.slug, app.app_key, *args], query=query)


def said(response: HttpResponse) -> str:
    """The words of a page, without its markup."""
    text = re.sub(r"<(script|style|template|noscript).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def fresh(app: App) -> App:
    """The app as a page finds it."""
    found = find_app(connection=app.connection, key=app.app_key)
    assert found is not None
    return found


def kept(app: App, pointer: str) -> object:
    """What the working copy holds at a place."""
    return Document.from_text(WorkingCopy.objects.get(owner=app.owner_id).text).get(pointer)


def name_of(pointer: str) -> str:
    """The name under which the answer to a question is posted."""
    return catalogue.field(pointer).name


def seen(app: App, pointer: str) -> str:
    """The fingerprint that a page shows for a place."""
    app = fresh(app)
    working = getattr(app.owner, "working_copy", None)
    version = working or app.draft or app.live
    return fingerprint(Document.from_text(version.text), pointer)


def rows_of(page: str, name: str) -> list[str]:
    """The tokens of the records that a page shows."""
    return [token for token in re.findall(rf'name="{re.escape(name)}\.row"\s+value="([^"]+)"', page) if token != "new"]


class _Controls(HTMLParser):
    """What a browser without scripts posts with the form of the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: dict[str, list[str]] = {}
        self.inert = 0
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inert += tag == "template"
        if self.inert:
            return
        name = given.get("name", "") if given.get("form") == "answers" else ""
        if tag == "input" and name and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.posted.setdefault(name, []).append(given.get("value", ""))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in given or not given.get("value")):
            self.posted[self.select] = [given.get("value", "")]
        elif tag == "textarea" and name:
            self.area = name
            self.posted.setdefault(name, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self.inert -= tag == "template"
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.posted[self.area][-1] += data


def page_values(response: HttpResponse) -> dict[str, list[str]]:
    """Everything that the form of the answers posts when nobody touches it and there are no scripts."""
    found = _Controls()
    found.feed(response.content.decode())
    return {name: [_as_posted(text) for text in texts] for name, texts in found.posted.items()}


def _as_posted(text: str) -> str:
    """A browser drops the line end with which a text area begins, and sends all others as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n").replace("\n", "\r\n")


def hidden(response: HttpResponse, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{re.escape(name)}"\s+value="([^"]*)"', response.content.decode())
    assert found, f"there is no {name} on the page"
    return html.unescape(found[1])
