"""Walks lists that come in pages, lazily: the next page is asked for when somebody gets there.

Of a link to the next page only the query is taken, and the same call is made with it: so whatever host or path a link
names, nothing but the connection's own address is ever called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from portal.atlassian import reading
from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Answer, Call

# Far beyond any site (250 items each), so that a host cannot keep a worker busy for ever.
MAX_PAGES = 20_000
MAX_EMPTY_PAGES = 100
# A list of 250 ids is repeated in each link.
MOST_FIELDS = 1_000
_NEXT_LINK = re.compile(r'<([^<>]*)>\s*(?:;[^,<]*)?;\s*rel="?next"?', re.IGNORECASE)

Page = tuple[Answer, dict[str, Any]]


def linked(
    session: ApiSession,
    call: Call,
    *,
    links: str,
    path_args: Mapping[str, object] | None = None,
    params: Mapping[str, object] | None = None,
) -> Iterator[Page]:
    """Pages that name the next one in the object `links`, or else in `meta.next` or the Link header."""
    asked: dict[str, object] = dict(params or {})
    seen, progress = {_fingerprint(asked)}, _Progress()
    for _ in range(MAX_PAGES):
        answer = session.call(call, path_args=path_args, params=asked)
        body = reading.mapping(answer, answer.json())
        progress.require(answer, body)
        yield answer, body
        following = next_params(answer, body, links)
        if not following:
            return
        asked |= following
        if _fingerprint(asked) in seen:
            raise answer.unusable("its pages lead in a circle")
        seen.add(_fingerprint(asked))
    raise answer.unusable(f"it has more than {MAX_PAGES} pages")


def counted(
    session: ApiSession, call: Call, *, params: Mapping[str, object] | None = None, size: int = 50
) -> Iterator[Page]:
    """Pages that are asked for by `startAt` and `maxResults`, and hold `values`."""
    start, progress = 0, _Progress()
    for _ in range(MAX_PAGES):
        answer = session.call(call, params={**(params or {}), "startAt": start, "maxResults": size})
        body = reading.mapping(answer, answer.json())
        progress.require(answer, body)
        yield answer, body
        got = len(reading.entries(answer, body.get("values"), "the list of values"))
        total = reading.whole(body.get("total"))
        start += got
        if body.get("isLast") is True or not got or (total is not None and start >= total):
            return
    raise answer.unusable(f"it has more than {MAX_PAGES} pages")


class _Progress:
    """Whether the pages of a list still bring something new; a host that does not end a list must not be asked on."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._empty = 0

    def require(self, answer: Answer, body: Mapping[str, Any]) -> None:
        """Raise Unavailable when this page was there before under another address, or many held nothing."""
        found = next((value for value in body.values() if isinstance(value, list)), [])
        self._empty = 0 if found else self._empty + 1
        if self._empty > MAX_EMPTY_PAGES:
            raise answer.unusable(f"its last {MAX_EMPTY_PAGES} pages are empty, and it still names a next one")
        if found and (content := hash(str(found))) in self._seen:
            raise answer.unusable("its pages repeat")
        elif found:
            self._seen.add(content)


def next_params(answer: Answer, body: Mapping[str, Any], links: str) -> dict[str, object]:
    """The query that asks for the next page; {} on the last one. A bare cursor in the place of a link is one, too."""
    link = reading.text(reading.inner(body.get(links)).get("next"))
    if not link and (match := _NEXT_LINK.search(answer.headers.get("Link") or "")):
        link = match[1]
    if not link:
        link = reading.text(reading.inner(body.get("meta")).get("next"))
    if not link:
        return {}
    if "?" not in link and "/" not in link:
        return {"cursor": link}
    try:
        query = parse_qs(urlsplit(link).query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        query = {}
    if not query:
        raise answer.unusable("its link to the next page cannot be read")
    return {name: values[0] if len(values) == 1 else values for name, values in query.items()}


def _fingerprint(params: Mapping[str, object]) -> frozenset[tuple[str, str]]:
    return frozenset((name, str(value)) for name, value in params.items())
