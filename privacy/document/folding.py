"""Folding what did not change in a comparison: long runs of it are shown as their number.

for run in fold(records, lambda record: record.is_change):   .items   .folded: show how many, not which
for run in fold_lines(row.words, side="left"):               the same for the lines of a text, each a Line of Segments
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Literal, TypeVar

from privacy.document.sequence_diff import Segment

Item = TypeVar("Item")
#: How many unchanged items stay on both sides of a change, and from how many on a run is folded.
AROUND, LEAST = 1, 3
#: The pieces of a text that only one of its sides has.
ONLY_ON = {"left": "insert", "right": "delete"}


@dataclass(frozen=True)
class Run(Generic[Item]):
    """Neighbours in a list that are shown, or folded because nothing changed in them or beside them."""

    items: tuple[Item, ...]
    folded: bool


@dataclass(frozen=True)
class Line:
    """One line of a text on one side, with its line break: the pieces that it is made of.

    is_change: it differs from the other side, which may only have something more in it or before it.
    """

    pieces: tuple[Segment, ...]
    is_change: bool


def fold(items: Sequence[Item], is_change: Callable[[Item], bool]) -> tuple[Run[Item], ...]:
    """The items in their order, as runs."""
    changed = [at for at, item in enumerate(items) if is_change(item)]
    near = {at + step for at in changed for step in range(-AROUND, AROUND + 1)}
    runs: list[Run[Item]] = []
    for is_near, places in groupby(range(len(items)), key=near.__contains__):
        found = tuple(items[at] for at in places)
        folded = not is_near and len(found) >= LEAST
        if runs and not folded and not runs[-1].folded:
            found = runs.pop().items + found
        runs.append(Run(found, folded))
    return tuple(runs)


def fold_lines(segments: Iterable[Segment], side: Literal["left", "right"]) -> tuple[Run[Line], ...]:
    """The lines of a compared text on one side, as runs. Their pieces, joined, are the text of that side."""
    return fold(_lines(segments, ONLY_ON[side]), lambda line: line.is_change)


def _lines(segments: Iterable[Segment], own: str) -> list[Line]:
    lines: list[Line] = []
    pieces: list[Segment] = []
    is_change = False
    for segment in segments:
        is_change = is_change or segment.kind != "equal"
        if segment.kind not in ("equal", own):
            continue
        for text in segment.text.splitlines(keepends=True):
            pieces.append(Segment(segment.kind, text))
            if text.splitlines() != [text]:
                lines.append(Line(tuple(pieces), is_change or segment.kind != "equal"))
                pieces, is_change = [], False
        is_change = is_change or (segment.kind != "equal" and bool(pieces))
    return [*lines, Line(tuple(pieces), is_change)] if pieces else lines
