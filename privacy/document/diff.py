"""Comparing two documents, answer by answer.

The left side is the new one (draft), the right side the old one (live); None stands for a document that does not exist.

    diff = compare(draft, live)                .same  .changes (rows that differ)  .counts {"added": 1}  .row(pointer)
    for section in diff.sections:              .section .rows .changes .counts
        for row in section.rows:               .pointer .field .label .left .right .left_reading .right_reading
            row.kind                           same / added (only left) / removed (only right) / changed /
                                               rewritten (the same answer, written differently: "TRUE" and true)
            row.form                           "words", "entries", "records" or "plain": which of these to draw
            row.words                          Segments equal / insert (left only) / delete (right only), when asked
            row.entries                        EntryChange same / added / removed / moved (places up +, down -)
            row.records                        RecordChange, matched by name and likeness, with parts that are like rows
    apply(diff, live)                          a copy of live with the content of the draft
    take(draft, live, pointer)                 "Revert to live" for one answer
    three = three_way(base, mine, theirs)      .conflicts .merged: rows with base, mine, theirs, outcome and readings
    merge(three, {pointer: "mine"})            -> Document; Undecided when a conflict has no decision
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from portal.characters import look_alike
from privacy.document import canonical_json, catalogue, rich_text
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import Field, Section
from privacy.document.document import Document
from privacy.document.form_values import plain, written_as
from privacy.document.merge import (
    in_order,
    same_meaning,
    units_of,
    write_units,
)
from privacy.document.readable import Reading, label_of, read, record_title
from privacy.document.record_pairs import pair_records
from privacy.document.sequence_diff import Place, Segment, align, pair, words

Kind = Literal["same", "added", "removed", "changed", "rewritten"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed", "rewritten")


@dataclass(frozen=True)
class Placed:
    """Where an entry stands in both lists (from 0; None where it is not), and how far up (+) or down (-) it moved."""

    left: int | None
    right: int | None
    moved: int

    @property
    def move(self) -> str:
        """The move in words, with the places as people count them: "Moved from 3 to 1"; "" for one that stayed."""
        if not self.moved or self.left is None or self.right is None:
            return ""
        if self.left == self.right:  # others left and came, so that it has the same number among other neighbours
            return f"Moved {'up' if self.moved > 0 else 'down'} {abs(self.moved)}"
        return f"Moved from {self.right + 1} to {self.left + 1}"


@dataclass(frozen=True)
class EntryChange(Placed):
    """One entry of a list: its words, and what became of it."""

    place: Place
    text: str


@dataclass(frozen=True)
class PartChange:
    """One value inside a row or a record, on both sides; MISSING where it is not there."""

    key: str
    field: Field | None
    kind: Kind
    left: Json
    right: Json

    @property
    def label(self) -> str:
        """The question, or the key when the catalogue does not know it."""
        return self.key if self.field is None else self.field.question

    @property
    def is_change(self) -> bool:
        """Whether the two contents differ here."""
        return self.kind != "same"

    @cached_property
    def left_reading(self) -> Reading:
        """The left value in words."""
        return read(self.field, self.left)

    @cached_property
    def right_reading(self) -> Reading:
        """The right value in words."""
        return read(self.field, self.right)

    @cached_property
    def form(self) -> Literal["words", "entries", "records", "plain"]:
        """How the two sides are best drawn against each other."""
        present = [value for value in (self.left, self.right) if not canonical_json.is_blank(value)]
        if present and all(isinstance(value, list) for value in present):
            return "records" if self.field is not None and self.field.kind == "records" else "entries"
        if len(present) == 2 and (self.field is None or self.field.kind not in ("bool", "tri", "choice", "number")):
            return "words"
        return "plain"

    @cached_property
    def words(self) -> tuple[Segment, ...]:
        """The two readings compared word by word; the equal and inserted pieces make up the left one."""
        return words(
            _wording(self.field, self.left, self.left_reading), _wording(self.field, self.right, self.right_reading)
        )

    @cached_property
    def entries(self) -> tuple[EntryChange, ...]:
        """The entries of both lists as one list, in the order of the left one."""
        return _entries(self.field, _list(self.left), _list(self.right))

    @cached_property
    def records(self) -> tuple["RecordChange", ...]:
        """The records of both sides as one list, in the order of the left one."""
        if self.field is None or self.field.kind != "records":
            return ()
        return _records(self.field, _list(self.left), _list(self.right))

    @cached_property
    def look_alike(self) -> bool:
        """Whether the two sides differ in what cannot be seen, or in letters that look like others."""
        return self.kind != "same" and look_alike(
            _wording(self.field, self.left, self.left_reading), _wording(self.field, self.right, self.right_reading)
        )

    @cached_property
    def forms(self) -> dict[str, str]:
        """How each side is written, where the two read the same all the same; else empty."""
        if self.kind == "same" or self.left_reading.text != self.right_reading.text:
            return {}
        if self.form == "words" and any(segment.kind != "equal" for segment in self.words):
            return {}
        return {"left": written_as(self.left), "right": written_as(self.right)}

    @property
    def inserts(self) -> bool:
        """Whether the left side holds something here that the right one does not."""
        return self._has("insert", "left", "added", self.left)

    @property
    def removes(self) -> bool:
        """Whether the right side holds something here that the left one does not."""
        return self._has("delete", "right", "removed", self.right)

    def _has(self, piece: str, side: str, place: str, value: Json) -> bool:
        if self.kind in ("same", "rewritten"):
            return False
        if self.form == "words":
            return any(segment.kind == piece for segment in self.words)
        if self.form == "entries":
            return any(entry.place == place for entry in self.entries)
        if self.form == "records":
            part = "inserts" if side == "left" else "removes"
            return any(
                record.kind == place or (record.kind == "changed" and any(getattr(item, part) for item in record.parts))
                for record in self.records
            )
        return not canonical_json.is_blank(value)


@dataclass(frozen=True)
class Row(PartChange):
    """One answer on both sides."""

    pointer: str
    section: Section

    @property
    def label(self) -> str:
        """The question, or the place when the catalogue does not know it."""
        return label_of(self.pointer)


@dataclass(frozen=True)
class RecordChange(Placed):
    """One record on both sides: what became of it, what it is called on each side ("" where it is not), and its parts.

    kind: same / added / removed / changed; `moved` is 0 for one that stayed among its neighbours.
    """

    kind: Kind
    left_title: str
    right_title: str
    parts: tuple[PartChange, ...]

    @property
    def title(self) -> str:
        """What it is called now, or was called when it is gone."""
        return self.left_title or self.right_title

    @property
    def renamed(self) -> bool:
        """Whether it has another name on each side."""
        return self.kind == "changed" and self.left_title != self.right_title

    @property
    def is_change(self) -> bool:
        """Whether it differs, or only stands elsewhere."""
        return self.kind != "same" or self.moved != 0


@dataclass(frozen=True)
class SectionDiff:
    """The rows of one section."""

    section: Section
    rows: tuple[Row, ...]

    @cached_property
    def changes(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.is_change)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows were added, removed, changed and rewritten."""
        return _counts(self.changes)


@dataclass(frozen=True)
class Diff:
    """Two documents, left (new) and right (old), by section; sections without any answer are left out."""

    sections: tuple[SectionDiff, ...]
    left_units: dict[str, Json]
    right_units: dict[str, Json]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows of all sections."""
        return tuple(row for section in self.sections for row in section.rows)

    @cached_property
    def changes(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for section in self.sections for row in section.changes)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows were added, removed, changed and rewritten."""
        return _counts(self.changes)

    @property
    def same(self) -> bool:
        """Whether the contents are equal as JSON."""
        return not self.changes

    def row(self, pointer: str) -> Row | None:
        """The row of one answer."""
        return next((row for row in self.rows if row.pointer == pointer), None)


def compare(left: Document | None, right: Document | None) -> Diff:
    """Compare two contents; `properties` stay out. What only the left one has counts as added."""
    left_units, right_units = units_of(left, right)
    by_section: dict[str, list[Row]] = {}
    for pointer, field, section in in_order([left_units, right_units]):
        new, old = left_units.get(pointer, MISSING), right_units.get(pointer, MISSING)
        if _is_hollow(pointer, new, old, left_units, right_units):
            continue
        row = Row(pointer.rpartition("/")[2], field, _kind(pointer, field, new, old), new, old, pointer, section)
        by_section.setdefault(section.key, []).append(row)
    sections = tuple(
        SectionDiff(section, tuple(by_section[section.key]))
        for section in catalogue.SECTIONS
        if section.key in by_section
    )
    return Diff(sections, left_units, right_units)


def apply(diff: Diff, document: Document) -> Document:
    """A copy of `document`, which is the right one of the diff, with the content of the left one."""
    result = document.copy()
    write_units(result, diff.right_units, diff.left_units)
    return result


def _is_hollow(pointer: str, left: Json, right: Json, left_units: dict, right_units: dict) -> bool:
    """Whether an empty parent stands against answers below it on the other side, whose rows say all there is to say."""
    for one, other, units in ((left, right, right_units), (right, left, left_units)):
        if one == {} and other is MISSING and any(place.startswith(pointer + "/") for place in units):
            return True
    return False


def _kind(pointer: str, field: Field | None, left: Json, right: Json) -> Kind:
    if canonical_json.same(left, right):
        return "same"
    if same_meaning(pointer, field, left, right):
        return "rewritten"
    if canonical_json.is_blank(right) and (field is not None or right is MISSING):
        return "added"
    if canonical_json.is_blank(left) and (field is not None or left is MISSING):
        return "removed"
    return "changed"


def _counts(changes: Sequence[Row]) -> dict[str, int]:
    counted = Counter(row.kind for row in changes)
    return {kind: counted[kind] for kind in KINDS}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _wording(field: Field | None, value: Json, reading: Reading) -> str:
    """The text that is compared: of a formatted document its notation, so that bold and links are compared too."""
    if canonical_json.is_blank(value):
        return ""
    notation = rich_text.to_text(value) if field is not None and field.kind == "rich" else None
    return reading.text if notation is None else notation


def _entries(field: Field | None, left: list[Json], right: list[Json]) -> tuple[EntryChange, ...]:
    pairs = pair(
        [canonical_json.canonical(entry) for entry in left], [canonical_json.canonical(entry) for entry in right]
    )
    rows = []
    for item in align(pairs, len(left), len(right)):
        value = left[item.left] if item.left is not None else right[item.right or 0]
        text = plain(value) if value is not None else "null"
        text = text if field is None else field.label(text)
        text = text if isinstance(value, str) else f"{text} (no text)"
        rows.append(EntryChange(item.left, item.right, item.moved, item.place, text))
    return tuple(rows)


def _records(field: Field, left: list[Json], right: list[Json]) -> tuple[RecordChange, ...]:
    changes = []
    for item in align(pair_records(field, left, right), len(left), len(right)):
        new = MISSING if item.left is None else left[item.left]
        old = MISSING if item.right is None else right[item.right]
        kind: Kind = "added" if old is MISSING else "removed" if new is MISSING else "changed"
        if canonical_json.same(new, old):
            kind = "same"
        title, old_title = ("" if side is MISSING else record_title(field, side) for side in (new, old))
        parts = _parts(field, new, old)
        changes.append(RecordChange(item.left, item.right, item.moved, kind, title, old_title, parts))
    return tuple(changes)


def _parts(field: Field, left: Json, right: Json) -> tuple[PartChange, ...]:
    if not isinstance(left, dict) and not isinstance(right, dict):
        return (PartChange(field.record.capitalize(), None, _kind("/", None, left, right), left, right),)
    new, old = (side if isinstance(side, dict) else {} for side in (left, right))
    known = {part.key: part for part in field.parts}
    parts = []
    for key in [*known, *(key for key in dict.fromkeys([*new, *old]) if key not in known)]:
        if key in new or key in old:
            values = new.get(key, MISSING), old.get(key, MISSING)
            part = known.get(key)
            parts.append(PartChange(key, part, _kind("/", part, *values), *values))
    return tuple(parts)
