"""Reads values out of answers that may be shaped otherwise than promised; beneath the typed clients.

What a client cannot do without (an id, a list) raises Unavailable with a sentence; everything else becomes "" or None,
so that an API which grows or forgets a field breaks nothing.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal
from typing import Any

from portal.atlassian.messages import Answer
from portal.atlassian.types import Level

# Later than any date that makes sense in seconds, so larger numbers are milliseconds.
_LARGEST_SECONDS = 100_000_000_000


def mapping(answer: Answer, value: Any, what: str = "the answer") -> dict[str, Any]:
    """`value` as an object. Raises Unavailable when it is something else."""
    if not isinstance(value, dict):
        raise answer.unusable(f"{what} is not an object but {_kind(value)}")
    return value


def entries(answer: Answer, value: Any, what: str = "the answer") -> list[dict[str, Any]]:
    """`value` as a list of objects. Raises Unavailable when it is something else."""
    if not isinstance(value, list):
        raise answer.unusable(f"{what} is not a list but {_kind(value)}")
    return [mapping(answer, item, f"an entry of {what}") for item in value]


def required(answer: Answer, entry: dict[str, Any], *names: str, most: int = 200) -> str:
    """The first of these fields that holds a text or a number, as text: an id of at most `most` printable characters.

    Raises Unavailable when none does. An id is never shortened, since it would be that of something else. It stands in
    addresses, so only Atlassian's resource names (ari:…) hold a slash.
    """
    for name in names:
        if found := text(entry.get(name)):
            if len(found) > most or not found.isprintable() or ("/" in found and not found.startswith("ari:")):
                raise answer.unusable(f"an entry has a {name} that is no id")
            return found
    raise answer.unusable(f"an entry has no {names[0]}")


def inner(value: Any) -> dict[str, Any]:
    """An object that may be missing."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A text or a number as text; "" for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else ""


def whole(value: Any) -> int | None:
    """A whole number, also one written as text or as 1.0; None for anything else."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 20:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    if isinstance(value, int):
        return value
    return int(value) if abs(value) < 10**18 and value == value.to_integral_value() else None


def moment(value: Any) -> datetime | None:
    """A time in UTC, from ISO 8601 or from unix seconds or milliseconds; None for anything else.

    At the ends of the calendar a time cannot be shown in every zone, so those count as none, too.
    """
    number = whole(value)
    found = None
    try:
        if number is not None:
            seconds = number / 1000 if abs(number) > _LARGEST_SECONDS else number
            found = datetime.fromtimestamp(seconds, UTC)
        elif isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and MINYEAR < found.year < MAXYEAR else None


def level(answer: Answer, value: Any) -> Level:
    """A classification level under the names of Confluence, Jira or the organisation."""
    entry = mapping(answer, value, "a classification level")
    return Level(
        id=required(answer, entry, "id", "levelId"),
        name=text(entry.get("name")),
        description=text(entry.get("description")) or text(entry.get("definition")),
        guideline=text(entry.get("guideline")),
        order=_first_whole(entry, "order", "rank", "sensitivity"),
        color=text(entry.get("color")).upper(),
        status=text(entry.get("status")).upper(),
    )


def _first_whole(entry: dict[str, Any], *names: str) -> int | None:
    return next((found for name in names if (found := whole(entry.get(name))) is not None), None)


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")
