"""Addresses: what a connection's address means, whether another is the same host, and how values get into a path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from portal.atlassian.errors import Misconfigured, Refused
from portal.atlassian.messages import Call

_GATEWAY = re.compile(r"/ex/(confluence|jira)/[^/]+")


def is_plain_host(host: str) -> bool:
    """Whether every library reads this as one and the same host; a backslash or a letter beyond ASCII is not."""
    return bool(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*", host, re.ASCII | re.IGNORECASE))


def split_address(base_url: str) -> tuple[str, str, str]:
    """Origin, host for people, and path of a connection's address."""
    parts = urlsplit(base_url.strip())
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ":"
    usable = parts.scheme in ("http", "https") and is_plain_host(parts.hostname or "") and port != ":"
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise Misconfigured("The address of this connection is not one that can be called.")
    if parts.path.startswith("/ex") and not _GATEWAY.fullmatch(parts.path.rstrip("/")):
        raise Misconfigured(
            "The address of this connection lacks the cloud id: https://api.atlassian.com/ex/confluence/CLOUD_ID."
        )
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}", f"{host}{port}", quote(parts.path.rstrip("/"), safe="/%~")


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; ("", None, None) for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None


def segment(call: Call, value: object) -> str:
    """A value as one segment of a path. Raises Refused for what no path could name."""
    text = str(value)
    # Dots are normalised away by every HTTP library, so that they would name another resource.
    if text.strip(". ") == "" or not text.isprintable():
        raise Refused("The id is empty or not one that Atlassian could know.", call=call.name)
    return quote(text, safe="")


def query_pairs(params: Mapping[str, object]) -> list[tuple[str, str]]:
    """Parameters as Atlassian reads them in a query: a list is repeated under its name, None and "" are left out."""
    pairs = []
    for name, value in params.items():
        values = value if isinstance(value, (list, tuple)) else (value,)
        pairs += [(name, _param(one)) for one in values if one not in (None, "")]
    return pairs


def _param(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
