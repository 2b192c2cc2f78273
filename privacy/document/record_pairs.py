"""Which records of two lists belong together: equal ones, then those of one name, then those that are most alike."""

from collections import Counter
from collections.abc import Callable, Container, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from privacy.document import canonical_json
from privacy.document.canonical_json import Json, same
from privacy.document.catalogue import Field
from privacy.document.sequence_diff import pair, pair_in_turns

#: From which likeness on two records of different names are one that was changed.
LIKE_ENOUGH: Final = 0.4
#: Two texts that share fewer of their pairs of characters than this count as having nothing in common.
_TEXT_LIKE: Final = 0.6
#: So many comparisons of two records at most: beyond it only what is equal, or equal but for the name, is paired.
MOST_COMPARED: Final = 10_000


def pair_records(field: Field, left: Sequence[Json], right: Sequence[Json]) -> dict[int, int]:
    """Left position -> right position. Swapping the sides swaps the pairs; no record is in two of them.

    Two records that are not paired with each other are never both more alike than each is to its own partner.
    """
    lefts, rights = [_Record(field, item) for item in left], [_Record(field, item) for item in right]
    pairs = pair([item.whole for item in lefts], [item.whole for item in rights])
    by_name = _by_name(lefts, pairs.keys()), _by_name(rights, set(pairs.values()))
    for name in by_name[0].keys() & by_name[1].keys():
        pairs |= _best(lefts, rights, by_name[0][name], by_name[1][name], at_least=0)
    free = _free(lefts, pairs.keys()), _free(rights, set(pairs.values()))
    return pairs | _best(lefts, rights, *free, at_least=LIKE_ENOUGH)


class _Record:
    """What is compared of one record, worked out once."""

    def __init__(self, field: Field, record: Json) -> None:
        self.whole: str = canonical_json.canonical(record)
        self.name: str | None = None
        self.rest: Hashable | None = None
        self.values: dict[str, _Value] = {}
        if isinstance(record, dict):
            kinds = {part.key: part.kind for part in field.parts}
            given = {key: value for key, value in record.items() if not canonical_json.is_blank(value)}
            self.values = {key: _Value.of(value, kinds.get(key, "")) for key, value in given.items()}
            name = given.pop(field.identity, None)
            self.name = name.strip().casefold() if isinstance(name, str) else None
            self.rest = canonical_json.canonical(given) if given else None

    def likeness(self, other: "_Record") -> float:
        """0 to 1 over all keys that either has; a link counts twice, because it seldom is the same by chance."""
        whole = found = 0.0
        for key in self.values.keys() | other.values.keys():
            mine, theirs = self.values.get(key), other.values.get(key)
            weight = 2 if (mine or theirs).is_link else 1  # type: ignore[union-attr]
            whole += weight
            if mine is not None and theirs is not None:
                found += weight * mine.likeness(theirs)
        return found / whole if whole else 0.0


def changed_pairs(field: Field, left: Sequence[Json], right: Sequence[Json]) -> dict[int, int]:
    """Of the pairs of two lists those that differ, in their order on the left.

    What is equal at both ends is passed over first: most lists differ in few records, and pairing takes longer.
    """
    shortest = min(len(left), len(right))
    begin = next((n for n in range(shortest) if not same(left[n], right[n])), shortest)
    most = shortest - begin
    end = next((n for n in range(most) if not same(left[-1 - n], right[-1 - n])), most)
    pairs = pair_records(field, left[begin : len(left) - end], right[begin : len(right) - end])
    shifted = ((here + begin, there + begin) for here, there in sorted(pairs.items()))
    return {here: there for here, there in shifted if not same(left[here], right[there])}


@dataclass(frozen=True)
class _Value:
    """One value of a record: its content, and the pieces by which it is more or less like another."""

    content: str
    pieces: Counter[str]
    is_link: bool
    is_text: bool

    @classmethod
    def of(cls, value: Json, kind: str) -> "_Value":
        content = canonical_json.canonical(value)
        if isinstance(value, str) and kind == "url":
            return cls(content, Counter([_host(value)]), True, False)
        if isinstance(value, str):
            text = f" {' '.join(value.casefold().split())} "
            return cls(content, Counter(map("".join, pairwise(text))), False, True)
        entries = [canonical_json.canonical(entry) for entry in value] if isinstance(value, list) else [content]
        return cls(content, Counter(entries), False, False)

    def likeness(self, other: "_Value") -> float:
        if self.content == other.content:
            return 1.0
        if self.is_link != other.is_link or self.is_text != other.is_text:
            return 0.0
        alike = 2 * (self.pieces & other.pieces).total() / (self.pieces.total() + other.pieces.total() or 1)
        if self.is_link:
            return 0.8 * alike
        return alike if not self.is_text or alike >= _TEXT_LIKE else 0.0


def _host(link: str) -> str:
    try:
        return urlsplit(link.strip()).hostname or link
    except ValueError:
        return link


def _by_name(records: Sequence[_Record], taken: Container[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index in _free(records, taken):
        name = records[index].name
        if name is not None:
            found.setdefault(name, []).append(index)
    return found


def _free(records: Sequence[_Record], taken: Container[int]) -> list[int]:
    return [index for index in range(len(records)) if index not in taken]


def _best(
    lefts: Sequence[_Record],
    rights: Sequence[_Record],
    free_left: Sequence[int],
    free_right: Sequence[int],
    *,
    at_least: float,
) -> dict[int, int]:
    """The most alike pair first, then the most alike of what is left; of equally alike ones the first of each side."""
    if len(free_left) * len(free_right) > MOST_COMPARED:
        return _without_comparing(lefts, rights, free_left, free_right, together=at_least == 0)
    ranked = []
    for new in free_left:
        for old in free_right:
            likeness = lefts[new].likeness(rights[old])
            if likeness >= at_least:
                # The order is the same from both sides: (a, b) and (b, a) tie, and never compete for a record.
                ranked.append((-likeness, new + old, abs(new - old), new, old))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for *_, new, old in sorted(ranked):
        if new not in pairs and old not in taken:
            pairs[new] = old
            taken.add(old)
    return pairs


def _without_comparing(
    lefts: Sequence[_Record],
    rights: Sequence[_Record],
    free_left: Sequence[int],
    free_right: Sequence[int],
    *,
    together: bool,
) -> dict[int, int]:
    """For very many: what is equal but for the name, then, where all are of one name (`together`), in their order."""
    ways: list[Callable[[_Record], Hashable | None]] = [lambda item: item.rest]
    if together:
        ways.append(lambda item: item.name)
    found = pair_in_turns([([way(lefts[i]) for i in free_left], [way(rights[i]) for i in free_right]) for way in ways])
    return {free_left[new]: free_right[old] for new, old in found.items()}
