"""Turns an answer that is not a success, or no answer at all, into one of the five errors with a clear sentence."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from portal.atlassian.errors import ApiError, Limited, Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.messages import Call
from portal.atlassian.redaction import Redactor

LONGEST_WORDS = 500
_KEPT_BODY = 2000
_UNKNOWN_OUTCOME = (
    "Whether this was done is unknown, and it is not repeated by itself: "
    "look at what is there now before you try again."
)
_NOT_UNDERSTOOD = "Check what was asked for. Atlassian's own words say what it did not accept."
_NO_PERMISSION = "Ask somebody who has the permission, or let an administrator of the site grant it to this account."
_CHECK_ACCOUNT = "Check the account and the token of this connection; the token may have expired or been revoked."
_NOT_IN_PLAN = "The plan of this site or organisation does not include it. Its administrator can say which one does."
_NOT_OFFERED = "This site does not offer it, so there is nothing to try again."


def from_status(
    call: Call, status: int, body: str, *, trace_id: str, redact: Redactor, retry_after: float | None = None
) -> ApiError:
    """The error for an answer with a status of 400 or more."""
    body = redact(body)
    words = words_of(body, redact)
    kind, what, advice = _meaning(call, status)
    return kind(
        f"{what} (status {status}): {words}" if words else f"{what} ({_phrase(status)}).",
        advice=advice,
        call=call.name,
        status=status,
        needs=call.needs if kind in (Refused, NotFound) or status == 401 else "",
        trace_id=trace_id,
        retry_after=retry_after,
        body=body[:_KEPT_BODY],
    )


def no_answer(call: Call, host: str, why: str, *, configured: bool = False) -> ApiError:
    """The error for a call that got no answer. configured: the connection's own settings are the likely reason."""
    kind = Misconfigured if configured else Unavailable
    lost = not configured and not call.idempotent
    return kind(f"{host} {why} when asked to {call.does}.", advice=_UNKNOWN_OUTCOME if lost else "", call=call.name)


def web_page(call: Call, host: str, status: int, *, trace_id: str) -> Misconfigured:
    """The error for HTML in the place of data: a sign-in page, a proxy, or an address that is not Atlassian's API."""
    return Misconfigured(
        f"{host} answered with a web page instead of data when asked to {call.does}.",
        advice="Check the address of this connection, and whether a sign-in page or a proxy stands in front of it.",
        call=call.name,
        status=status,
        trace_id=trace_id,
    )


def redirected(call: Call, host: str, target: str, status: int, *, trace_id: str) -> Misconfigured:
    """The error for a redirect that is not followed. target: the host it points to, "" when it names none."""
    where = f"to {target}" if target else "elsewhere"
    return Misconfigured(
        f"{host} redirected {where} when asked to {call.does}; this is not followed.",
        advice="Check the address of this connection; the site may have been renamed.",
        call=call.name,
        status=status,
        trace_id=trace_id,
    )


def words_of(body: str, redact: Redactor) -> str:
    """Atlassian's own words in the body of an error, in any of the shapes that its APIs use; "" when there are none.

    They are redacted before they are cut, so that no cut can leave half of a secret.
    """
    text = body.strip()
    if not text or re.match(r"<(!doctype|html|\?xml|head|body)", text, re.IGNORECASE):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # A gateway may answer in plain text. What begins like JSON and is not would only confuse.
        return "" if text[0] in "{[" else _cut(redact(_one_line(text)))
    texts = dict.fromkeys(filter(None, map(_one_line, _found(value))))
    return _cut(redact(" ".join(texts)))


def _meaning(call: Call, status: int) -> tuple[type[ApiError], str, str]:
    """Class, beginning of the sentence, and advice for a status."""
    if status == 401:
        return Misconfigured, f"Atlassian did not accept the account or token when asked to {call.does}", _CHECK_ACCOUNT
    if status == 402:
        return Misconfigured, f"Atlassian's plan does not allow to {call.does}", _NOT_IN_PLAN
    if status == 404:
        return NotFound, f"Atlassian found nothing when asked to {call.does}", ""
    if status in (405, 410):
        return NotFound, f"This site does not offer to {call.does}", _NOT_OFFERED
    if status == 429:
        return Limited, f"Atlassian asked to slow down when asked to {call.does}", ""
    if status == 403:
        return Refused, f"Atlassian refused to {call.does}", _NO_PERMISSION
    if 400 <= status < 500:
        return Refused, f"Atlassian refused to {call.does}", _NOT_UNDERSTOOD
    advice = "" if call.idempotent else _UNKNOWN_OUTCOME
    return Unavailable, f"Atlassian had an error when asked to {call.does}", advice


def _found(value: Any, depth: int = 0) -> list[str]:
    """Messages in the order in which a person would read them."""
    if isinstance(value, str):
        return [value]
    if depth > 3:
        return []
    if isinstance(value, list):
        return [text for item in value[:10] for text in _found(item, depth + 1)]
    if not isinstance(value, dict):
        return []
    texts: list[str] = []
    title, detail = (value.get(key) if isinstance(value.get(key), str) else "" for key in ("title", "detail"))
    texts += [": ".join(filter(None, (title, detail)))]
    for key in ("message", "errorMessages", "error_description", "errors", "error"):
        inner = value.get(key)
        if key == "errors" and isinstance(inner, dict):
            texts += [f"{name}: {text}" for name, text in inner.items() if isinstance(text, str)]
        elif inner and not (key == "error" and any(texts)):
            texts += _found(inner, depth + 1)
    return texts


def _one_line(text: str) -> str:
    """Without control characters and half characters, which no page and no log could carry."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text.encode("utf-8", "replace").decode()).strip()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1] + "…"


def _phrase(status: int) -> str:
    try:
        return f"status {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"
