"""The addresses of Atlassian, and which ones a connection may have."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.atlassian.addresses import is_plain_host
from portal.models import Connection

API_HOST = "api.atlassian.com"


DEFAULT_URLS = {
    Connection.Kind.ORGANIZATION: f"https://{API_HOST}",
    Connection.Kind.MARKETPLACE: f"https://{API_HOST}/marketplace",
}


#: What Atlassian's own addresses have to look like, and an example for whoever entered another one.
SHAPES = {
    Connection.Kind.SITE: (
        rf"https://([^/]+\.atlassian\.net|{re.escape(API_HOST)}/ex/(confluence|jira)/[^/]+)",
        "https://example-acme.atlassian.net",
    ),
    Connection.Kind.ORGANIZATION: (rf"https://{re.escape(API_HOST)}", f"https://{API_HOST}"),
    Connection.Kind.MARKETPLACE: (rf"https://{re.escape(API_HOST)}/marketplace", f"https://{API_HOST}/marketplace"),
}


def is_atlassian(host: str) -> bool:
    return host == API_HOST or (host.endswith(".atlassian.net") and host != ".atlassian.net")


def real_hosts(connections: Iterable[Connection]) -> list[str]:
    """Their hosts that are not Atlassian's, for which no sandbox answers. Iterates only where there may be any."""
    found = set()
    for connection in connections if settings.UPSTREAM_HOSTS else ():
        parts = urlsplit(connection.url)
        names = {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
        if not is_atlassian(parts.hostname or "") and names & set(settings.UPSTREAM_HOSTS):
            found.add(parts.netloc)
    return sorted(found)


def clean_url(url: str, kind: str) -> str:
    """The address in its normal form. Raises ValidationError with a sentence that says which addresses are allowed.

    Credentials must never travel to a host that is not Atlassian's, so anything else has to be listed in
    UPSTREAM_HOSTS by whoever runs this Trustdesk.
    """
    url = (url or DEFAULT_URLS.get(Connection.Kind(kind), "")).strip().rstrip("/")
    if url and "://" not in url:
        url = f"https://{url}"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValidationError("This is not an address. Example: https://example-acme.atlassian.net") from None
    if not is_plain_host(host) or parts.username is not None or parts.query or parts.fragment:
        raise ValidationError("Enter the plain address of the site. Example: https://example-acme.atlassian.net")
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?", parts.path):
        raise ValidationError("The path of this address is not a plain one. Leave it out, or copy it again.")
    path = "" if parts.path.rstrip("/") == "/wiki" else parts.path.rstrip("/")
    place = f"[{host}]" if ":" in host else host
    clean = f"{parts.scheme}://{place}{f':{port}' if port else ''}{path}"
    listed = {entry.lower() for entry in settings.UPSTREAM_HOSTS}
    if (f"{host}:{port}" if port else host) in listed or host in listed:
        if parts.scheme not in ("http", "https"):
            raise ValidationError("The address must start with https:// or http://.")
    elif not is_atlassian(host) or parts.scheme != "https" or port not in (None, 443):
        raise ValidationError(
            "Only https addresses on *.atlassian.net and api.atlassian.com are allowed, or hosts that the "
            "administrator listed in UPSTREAM_HOSTS."
        )
    else:
        shape, example = SHAPES[Connection.Kind(kind)]
        if not re.fullmatch(shape, clean.replace(":443", "", 1)):
            raise ValidationError(f"This is no address of this kind of connection. Example: {example}")
    return clean
