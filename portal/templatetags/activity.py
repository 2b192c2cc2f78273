"""How a recorded value reads in a sentence."""

import json
import re

from django import template

from portal import registry

register = template.Library()


MOST_DIFFERENCES = 8
_HASH = re.compile(r"[0-9a-f]{64}")


@register.filter
def differences(entry) -> list[tuple[str, object, object]]:
    """What an entry changed, as (name or "", before, after). Ids beside the name that they stand for are left out,
    and so is what stayed the same; the export has everything."""
    before, after = entry.before, entry.after
    if after is None and entry.outcome not in (entry.Outcome.STARTED, entry.Outcome.DONE):
        return []  # it was not done, and what is true now could not be read
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return [("", before, after)]
    before, after = before or {}, after or {}
    keys = [key for key in {**before, **after} if plain(before.get(key)) != plain(after.get(key))]
    keys = [key for key in keys if not (key.endswith("_id") and key.removesuffix("_id") in {**before, **after})]
    keys = [key for key in keys if key not in ("asked", "read_at", "edits")]  # told in words of their own
    named = len(keys) > 1
    return [
        (key.replace("_", " ").capitalize() if named else "", _told(key, before), _told(key, after))
        for key in keys[:MOST_DIFFERENCES]
    ]


def _told(key: str, values: dict) -> object:
    """A value as it was recorded; roles are recorded by their key."""
    value = values.get(key)
    return registry.role_label(value) if key == "role" and isinstance(value, str) else value


@register.filter
def plain(value) -> str:
    """Any JSON value in words: names as they are, objects as "key: value" lists, nothing as "nothing"."""
    if value is None or value == "" or value == {}:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if not isinstance(value, str):
        return json.dumps(value)
    # Nobody compares 64 digits; the first few are enough to tell two versions apart.
    return f"version {value[:8]}" if _HASH.fullmatch(value) else value
