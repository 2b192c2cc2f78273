"""Short responses for htmx: a toast, and an error that leaves the typed text alone."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """A request after HtmxMiddleware: `htmx` is falsy for requests that htmx did not make."""

    htmx: HtmxDetails


def with_toast(
    response: HttpResponse, text: str, level: str = "success", action: dict[str, Any] | None = None
) -> HttpResponse:
    """Let the browser say an outcome. `level`: success, info, warning or error.

    action: a button in it, which posts: label, url, and values, of which "row" is the id of the row that it changes.
    """
    toast = {"level": level, "text": text} | ({"action": action} if action else {})
    response["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def tell(request: HttpRequest, text: str, level: str = "success", action: dict[str, Any] | None = None) -> None:
    """The same for the page that comes next: a message above its content, whose button is a plain form."""
    number = messages.DEFAULT_LEVELS[level.upper()]
    messages.add_message(request, number, text, extra_tags=json.dumps(action) if action else "")


def fragment_error(text: str, status: int) -> HttpResponse:
    """An error for an htmx request: said as a toast; nothing on the page is swapped, so nothing typed is lost."""
    response = HttpResponse(format_html("<p>{}</p>", text), status=status)
    response["HX-Reswap"] = "none"
    return with_toast(response, text, "error")
