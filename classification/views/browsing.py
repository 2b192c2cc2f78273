"""What all lists share: filters that live in the address, and the part of a page that htmx asks for."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from classification.inventory.filters import Filters
from portal.csv_export import csv_lines

TOAST_LEVELS = {"done": "success", "refused": "warning", "failed": "error", "unknown": "warning"}


def render_list(
    request: HttpRequest, template: str, context: dict[str, Any], filters: Filters, *, path: str = ""
) -> HttpResponse:
    """The whole page, or for htmx its partial "browse" (form and rows) alone. path: of the list, where another asks.

    The address is put in order first: a filter form sends its empty fields too, and links keep what they find.
    """
    query = filters.query()
    request.GET = QueryDict(query)
    htmx = request.htmx  # type: ignore[attr-defined]
    partial = bool(htmx) and not htmx.history_restore_request
    response = render(
        request,
        f"{template}#browse" if partial else template,
        {**context, "filters": filters, "list_path": path or request.path},
    )
    if partial and htmx.trigger == "filters":
        response["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    patch_vary_headers(response, ["HX-Request"])
    return response


def go(request: HttpRequest, address: str) -> HttpResponse:
    """Open another page: by redirect, or told to htmx, which would put it into the page otherwise."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    return response


def list_query(request: HttpRequest) -> str | None:
    """The filters of the list that htmx asks from; None where it is on no page."""
    address = request.htmx and request.htmx.current_url  # type: ignore[attr-defined]
    return urlsplit(address).query if address else None


def in_content_list(request: HttpRequest) -> bool:
    """Whether htmx asks from the list of the content of all sites."""
    address = request.htmx and request.htmx.current_url  # type: ignore[attr-defined]
    return bool(address) and urlsplit(address).path == reverse("content")


def place_of(request: HttpRequest, inside: str) -> str:
    """Where the editor stands: `inside` a page that htmx asks from, or "page" when it is one of its own."""
    is_inside = request.htmx and request.POST.get("place") != "page"  # type: ignore[attr-defined]
    return inside if is_inside else "page"


def _json_array(rows: Iterable[dict]) -> Iterator[str]:
    lead = "[\n"
    for row in rows:
        yield lead + json.dumps(row, ensure_ascii=False)
        lead = ",\n"
    yield "[]\n" if lead == "[\n" else "\n]\n"


def download(request: HttpRequest, rows: Iterable[dict], columns: Sequence[str], name: str) -> StreamingHttpResponse:
    """Rows as a file, CSV unless the address says `format=json`; streamed, however many there are."""
    as_json = request.GET.get("format") == "json"
    lines = _json_array(rows) if as_json else csv_lines(rows, columns)
    kind = "application/json" if as_json else "text/csv; charset=utf-8"
    response = StreamingHttpResponse(lines, content_type=kind)
    plain = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "-_"))
    response["Content-Disposition"] = f'attachment; filename="{plain or "export"}.{"json" if as_json else "csv"}"'
    return response
