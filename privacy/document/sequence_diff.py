"""Comparing two sequences: entries of lists, and words of texts."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

Place = Literal["same", "added", "removed", "moved"]

# Words, spaces and signs; scripts without spaces are compared character by character.
_WORDS: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|\s+|[^\w\s]")
_SENTENCES: Final = re.compile(r"[^.!?\n]*(?:[.!?\n]+\s*|$)")
#: Pairs of equal words, beyond which two texts are compared by sentence, then as a whole. difflib looks at each.
MOST_LIKE_PAIRS: Final = 20_000
#: The same for equal pieces times the length of the texts: difflib looks through what is left after each piece.
MOST_LOOKED_THROUGH: Final = 4_000_000


@dataclass(frozen=True)
class Aligned:
    """An entry of the left list (new), of the right list (old), or of both; `moved` is how far up (+) or down (-)."""

    place: Place
    left: int | None
    right: int | None
    moved: int = 0


@dataclass(frozen=True)
class Segment:
    """A piece of text: in both ("equal"), only in the left one ("insert") or only in the right one ("delete")."""

    kind: Literal["equal", "insert", "delete"]
    text: str


def pair(left: Sequence[Hashable], right: Sequence[Hashable]) -> dict[int, int]:
    """Left position -> right position of entries with equal keys; doubles pair in their order."""
    places: dict[Hashable, list[int]] = {}
    for position in range(len(right) - 1, -1, -1):
        places.setdefault(right[position], []).append(position)
    pairs = {}
    for position, key in enumerate(left):
        if places.get(key):
            pairs[position] = places[key].pop()
    return pairs


def pair_in_turns(keys: Sequence[tuple[Sequence[Hashable | None], Sequence[Hashable | None]]]) -> dict[int, int]:
    """Pairs by the first way of naming entries, what is left by the second, and so on; None pairs with nothing."""
    pairs: dict[int, int] = {}
    for left, right in keys:
        taken = set(pairs.values())
        lefts = [index for index, key in enumerate(left) if key is not None and index not in pairs]
        rights = [index for index, key in enumerate(right) if key is not None and index not in taken]
        found = pair([left[index] for index in lefts], [right[index] for index in rights])
        pairs.update({lefts[new]: rights[old] for new, old in found.items()})
    return pairs


def align(pairs: dict[int, int], left_length: int, right_length: int) -> list[Aligned]:
    """Both lists as one, in the order of the left one; removed entries stand where they were among those that stay."""
    lefts = sorted(pairs)
    stable = {lefts[index] for index in _longest_rise([pairs[position] for position in lefts])}
    old_rank = {position: rank for rank, position in enumerate(sorted(pairs.values()))}
    new_rank = {position: rank for rank, position in enumerate(lefts)}
    removed = [position for position in range(right_length) if position not in old_rank]
    rows: list[Aligned] = []
    upcoming = 0
    for position in range(left_length):
        if position not in pairs:
            rows.append(Aligned("added", position, None))
            continue
        partner = pairs[position]
        if position not in stable:
            rows.append(Aligned("moved", position, partner, old_rank[partner] - new_rank[position]))
            continue
        while upcoming < len(removed) and removed[upcoming] < partner:
            rows.append(Aligned("removed", None, removed[upcoming]))
            upcoming += 1
        rows.append(Aligned("same", position, partner))
    return rows + [Aligned("removed", None, position) for position in removed[upcoming:]]


def _longest_rise(values: Sequence[int]) -> list[int]:
    """Indices of a longest increasing run: what did not move."""
    tails: list[int] = []
    tail_index: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        place = bisect_left(tails, value)
        before.append(tail_index[place - 1] if place else -1)
        tails[place : place + 1] = [value]
        tail_index[place : place + 1] = [index]
    rise = []
    index = tail_index[-1] if tail_index else -1
    while index >= 0:
        rise.append(index)
        index = before[index]
    return rise[::-1]


def words(left: str, right: str) -> tuple[Segment, ...]:
    """What differs between two texts, word by word; the equal and inserted pieces make up `left` again."""
    for cut in (_WORDS.findall, _sentences):
        new, old = cut(left), cut(right)
        found = _segments(new, old)
        if found is not None:
            return found
    return _merged([Segment("delete", right), Segment("insert", left)])


def _sentences(text: str) -> list[str]:
    return [piece for piece in _SENTENCES.findall(text) if piece]


def _segments(new: Sequence[str], old: Sequence[str]) -> tuple[Segment, ...] | None:
    """The pieces, or None when so many of them are alike that difflib would take long."""
    start = _same_at_start(new, old)
    end = _same_at_start(new[start:][::-1], old[start:][::-1])
    left, right = new[start : len(new) - end], old[start : len(old) - end]
    times = Counter(right)
    pairs = sum(times[piece] for piece in left if not piece.isspace())
    if pairs > MOST_LIKE_PAIRS or min(pairs, len(left)) * max(len(left), len(right)) > MOST_LOOKED_THROUGH:
        return None
    found = [Segment("equal", "".join(new[:start]))]
    # Spaces are alike everywhere: they are matched only beside words that are.
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(str.isspace, right, left, False).get_opcodes():
        if tag == "equal":
            found.append(Segment("equal", "".join(left[new_from:new_to])))
        else:
            found.append(Segment("delete", "".join(right[old_from:old_to])))
            found.append(Segment("insert", "".join(left[new_from:new_to])))
    return _merged([*found, Segment("equal", "".join(new[len(new) - end :]))])


def _same_at_start(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _merged(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Neighbours of a kind as one, deletions before insertions, and a lone space between changes taken into them."""
    merged: list[Segment] = []
    deleted = inserted = ""
    pieces = [piece for piece in segments if piece.text]
    for index, piece in enumerate(pieces):
        lone = not piece.text.strip() and bool(deleted or inserted) and index + 1 < len(pieces)
        if piece.kind == "equal" and not (lone and pieces[index + 1].kind != "equal"):
            merged += _changes(deleted, inserted)
            deleted = inserted = ""
            if merged and merged[-1].kind == "equal":
                piece = Segment("equal", merged.pop().text + piece.text)
            merged.append(piece)
            continue
        deleted += piece.text if piece.kind != "insert" else ""
        inserted += piece.text if piece.kind != "delete" else ""
    return (*merged, *_changes(deleted, inserted))


def _changes(deleted: str, inserted: str) -> list[Segment]:
    return [Segment("delete", deleted)] * bool(deleted) + [Segment("insert", inserted)] * bool(inserted)
