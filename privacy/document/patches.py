"""What one answer changed, as JSON that applies forwards and backwards.

Of an object or a list a patch holds only the parts that were added, removed, moved or changed, each with its old and
new position; what is not listed keeps its order, and a part that was changed has a patch of its own:

    {"items": [{"name": "Example Edge", "from": 3, "to": 3,
                "keys": [{"key": "purpose", "from": 2, "to": 2, "was": "Logs", "now": "Logs and files"}]},
               {"name": "Example Mail", "from": 7, "was": {…}}]}

A part without "to" was removed, one without "from" added. Of a long text only the piece that differs is kept, behind
the number of characters before it: {"text": [120, "old", "new"]}. All else is kept whole: {"was": 90, "now": 91},
where a key that was not there, or is not any more, is left out. A name only tells people which record it is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import eq, itemgetter
from typing import Any, Final

from portal.atlassian import strictjson
from privacy.document import canonical_json
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import Field
from privacy.document.record_pairs import pair_records
from privacy.document.sequence_diff import align, pair

Patch = dict[str, Any]

#: Patches up to this length are not worth comparing with the whole values.
SHORT: Final = 200
#: Texts that share fewer characters at both ends are kept whole.
_SHARED: Final = 40
_DEEPEST: Final = 12
_OPPOSITE: Final = {"from": "to", "to": "from", "was": "now", "now": "was"}


class PatchError(ValueError):
    """The value is not the one that the patch was made of."""


def make(before: Json, after: Json, field: Field | None = None) -> Patch:
    """The patch from one value to another. `field`: the question, which tells the records of a list apart."""
    patch = _make(before, after, field, 0)
    try:
        strictjson.dumps(patch)
    except strictjson.StrictJSONError:  # a patch is nested more deeply than its values
        return _whole(before, after)
    return patch


def apply(patch: Patch, value: Json) -> Json:
    """The value afterwards; shares nothing with the patch. Raises PatchError for another value than the one before."""
    if "items" in patch:
        return _apply_items(patch["items"], value)
    if "keys" in patch:
        return _apply_keys(patch["keys"], value)
    if "text" in patch:
        start, was, now = patch["text"]
        if not isinstance(value, str) or not value.startswith(was, start):
            raise PatchError("This text is not the one that was changed.")
        return value[:start] + now + value[start + len(was) :]
    if "was" not in patch and "now" not in patch:
        return value  # only moved
    if not canonical_json.same(value, patch.get("was", MISSING)):
        raise PatchError("This value is not the one that was changed.")
    return canonical_json.copy(patch.get("now", MISSING))


def revert(patch: Patch, value: Json) -> Json:
    """The value before. Raises PatchError for another value than the one afterwards."""
    return apply(_inverse(patch), value)


def removed(patch: Patch) -> dict[int, Json]:
    """The entries of a list that were taken away: by their position in the list before."""
    if "items" in patch:
        return {part["from"]: part["was"] for part in patch["items"] if "from" in part and "to" not in part}
    before, after = patch.get("was"), patch.get("now")
    if not isinstance(before, list):
        return {}
    left = Counter(canonical_json.canonical(entry) for entry in after) if isinstance(after, list) else Counter[str]()
    gone = {}
    for position, entry in enumerate(before):
        text = canonical_json.canonical(entry)
        if left[text]:
            left[text] -= 1
        else:
            gone[position] = entry
    return gone


def added(patch: Patch) -> list[Json]:
    """The entries that are new in a list."""
    return list(removed(_inverse(patch)).values())


def follow(patch: Patch, place: int) -> int:
    """Where a place between two entries of a list is afterwards: behind the nearest entry before it that is left."""
    parts = patch.get("items", ())
    went = {part["from"]: part.get("to") for part in parts if "from" in part}
    came = sorted(part["to"] for part in parts if "to" in part)
    replaced = {part["to"] for part in parts if "to" in part and "from" not in part}
    for before in range(place - 1, -1, -1):
        if before not in went:
            now = before - sum(old < before for old in went)
            for new in came:
                now += new <= now
            return now + 1
        if went[before] is not None:
            return went[before] + 1
        if before in replaced:
            return before + 1
    return 0


def describe(patch: Patch, what: str = "") -> Iterator[tuple[str, Json, Json]]:
    """What was changed, for people: (where in the value, before, after), MISSING where there is nothing."""
    parts = patch.get("items", patch.get("keys"))
    if parts is None and "text" in patch:
        start, was, now = patch["text"]
        before = "…" if start else ""
        yield what, f"{before}{was}…", f"{before}{now}…"
    elif parts is None and ("was" in patch or "now" in patch):
        yield what, patch.get("was", MISSING), patch.get("now", MISSING)
    elif parts is None:
        yield what, f"position {patch['from'] + 1}", f"position {patch['to'] + 1}"
    for part in parts or ():
        name = part.get("key") or part.get("name") or f"entry {part.get('to', part.get('from')) + 1}"
        yield from describe(part, f"{what}, {name}" if what else name)


# --- Making one -------------------------------------------------------------------------------------------------------


def _whole(before: Json, after: Json) -> Patch:
    values = {"was": before, "now": after}
    return {name: value for name, value in values.items() if value is not MISSING}


def _make(before: Json, after: Json, field: Field | None, depth: int) -> Patch:
    whole = _whole(before, after)
    if isinstance(before, str) and isinstance(after, str):
        return _text(before, after) or whole
    if depth >= _DEEPEST:
        return whole
    if isinstance(before, list) and isinstance(after, list):
        patch: Patch = {"items": list(_items(before, after, field, depth + 1))}
    elif isinstance(before, dict) and isinstance(after, dict):
        patch = {"keys": list(_keys(before, after, depth + 1))}
    else:
        return whole
    return patch if _length(patch, most=SHORT) <= SHORT or _length(patch) <= _length(whole) else whole


def _length(value: Json, most: int = 0) -> int:
    try:
        return len(strictjson.dumps(value))
    except strictjson.StrictJSONError:
        return most + 1


def _text(before: str, after: str) -> Patch | None:
    start = _shared(before, after, eq)
    old, new = before[start:], after[start:]
    end = _shared(old[::-1], new[::-1], eq)
    if start + end < _SHARED:
        return None
    return {"text": [start, old[: len(old) - end], new[: len(new) - end]]}


def _items(before: Sequence[Json], after: Sequence[Json], field: Field | None, depth: int) -> Iterator[Patch]:
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for row in align(_pairs(old, new, field), len(new), len(old)):
        was = MISSING if row.right is None else old[row.right]
        now = MISSING if row.left is None else new[row.left]
        if row.place == "same" and canonical_json.identical(was, now):
            continue
        part: Patch = {}
        name = field and (_name(now, field) or _name(was, field))
        if name:
            part["name"] = name
        if row.right is not None:
            part["from"] = start + row.right
        if row.left is not None:
            part["to"] = start + row.left
        yield part | ({} if canonical_json.identical(was, now) else _make(was, now, None, depth))


def _shared(
    left: Sequence[Json], right: Sequence[Json], alike: Callable[[Json, Json], bool] = canonical_json.identical
) -> int:
    """How many entries two lists, or characters two texts, begin with alike."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if not alike(one, other):
            break
        count += 1
    return count


def _pairs(old: Sequence[Json], new: Sequence[Json], field: Field | None) -> dict[int, int]:
    """Position in the new list -> that of the same entry in the old one."""
    pairs = pair([canonical_json.canonical(entry) for entry in new], [canonical_json.canonical(entry) for entry in old])
    taken = set(pairs.values())
    news = [position for position in range(len(new)) if position not in pairs]
    olds = [position for position in range(len(old)) if position not in taken]
    if field is not None and field.kind == "records":
        found = pair_records(field, [new[position] for position in news], [old[position] for position in olds])
    else:
        found = {place: place for place in range(len(news))} if len(news) == len(olds) else {}
    return pairs | {news[left]: olds[right] for left, right in found.items()}


def _name(record: Json, field: Field) -> str:
    name = record.get(field.identity) if isinstance(record, dict) else None
    return name[:SHORT] if isinstance(name, str) else ""


def _keys(before: dict[str, Json], after: dict[str, Json], depth: int) -> Iterator[Patch]:
    old, new = list(before), list(after)
    places = {key: place for place, key in enumerate(old)}
    pairs = {place: places[key] for place, key in enumerate(new) if key in places}
    for row in align(pairs, len(new), len(old)):
        key = new[row.left] if row.left is not None else old[row.right or 0]
        was, now = before.get(key, MISSING), after.get(key, MISSING)
        if row.place == "same" and canonical_json.identical(was, now):
            continue
        part: Patch = {"key": key}
        if row.right is not None:
            part["from"] = row.right
        if row.left is not None:
            part["to"] = row.left
        yield part | ({} if canonical_json.identical(was, now) else _make(was, now, None, depth))


# --- Applying one -----------------------------------------------------------------------------------------------------


def _inverse(patch: Patch) -> Patch:
    found = {_OPPOSITE.get(name, name): value for name, value in patch.items()}
    for inner in ("items", "keys"):
        if inner in patch:
            found[inner] = [_inverse(part) for part in patch[inner]]
    if "text" in patch:
        start, was, now = patch["text"]
        found["text"] = [start, now, was]
    return found


def _apply_items(parts: Sequence[Patch], value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise PatchError("This value is no list.")
    rest, taken = list(value), {}
    for part in sorted((part for part in parts if "from" in part), key=lambda part: -part["from"]):
        if part["from"] >= len(rest):
            raise PatchError("This list is not the one that was changed.")
        taken[part["from"]] = rest.pop(part["from"])
    changed = [(part.get("to", -1), apply(part, taken.get(part.get("from"), MISSING))) for part in parts]
    for place, entry in sorted(changed, key=itemgetter(0)):
        if place >= 0:
            rest.insert(place, entry)
    return rest


def _apply_keys(parts: Sequence[Patch], value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise PatchError("This value is no object.")
    listed = {part["key"] for part in parts}
    rest = [(key, item) for key, item in value.items() if key not in listed]
    for part in sorted(parts, key=lambda part: part.get("to", -1)):
        entry = apply(part, value.get(part["key"], MISSING))
        if "to" in part and entry is MISSING:
            raise PatchError("This object is not the one that was changed.")
        if "to" in part:
            rest.insert(part["to"], (part["key"], entry))
    return dict(rest)
