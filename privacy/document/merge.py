"""Three-way merge of two changes to one document, answer by answer.

The unit is a catalogue field, or a place the catalogue does not know (see `Document.units`): a list or a set of records
that both sides changed is one conflict, and nothing inside it is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from portal.counts import agreeing, counted
from privacy.document import canonical_json, catalogue
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import Field, Section
from privacy.document.catalogue.model import ROOT
from privacy.document.document import CLOUD, PROPERTIES, Document
from privacy.document.readable import Reading, label_of, read

Side = Literal["base", "mine", "theirs"]
Outcome = Literal["mine", "theirs", "both", "conflict"]


class Undecided(ValueError):
    """A merge lacks decisions; `pointers` are the conflicts without one."""

    def __init__(self, pointers: Sequence[str]) -> None:
        self.pointers = tuple(pointers)
        answers = counted(len(pointers), "answer")
        were = agreeing(len(pointers), "was", "were")
        super().__init__(f"{answers} {were} changed on both sides: choose which to keep.")


@dataclass(frozen=True)
class MergeRow:
    """One answer that changed since the base on one side or both; a value is MISSING where the key is absent."""

    pointer: str
    field: Field | None
    section: Section
    base: Json
    mine: Json
    theirs: Json
    outcome: Outcome

    @property
    def label(self) -> str:
        """The question, or the place."""
        return label_of(self.pointer)

    @property
    def default(self) -> Side:
        """The side that a merge takes where nobody decides; a conflict has to be decided."""
        return "mine" if self.outcome == "mine" else "theirs"

    @cached_property
    def token(self) -> str:
        """Stands for the three values, so that a decision is told from one on other values."""
        return canonical_json.digest([canonical_json.digest(value) for value in (self.base, self.mine, self.theirs)])[
            :16
        ]

    @cached_property
    def readings(self) -> Mapping[str, Reading]:
        """base, mine and theirs in words."""
        return {side: read(self.field, getattr(self, side)) for side in ("base", "mine", "theirs")}


@dataclass(frozen=True)
class ThreeWay:
    """What became of a base on two sides."""

    rows: tuple[MergeRow, ...]
    mine: Document
    theirs: Document
    units: Mapping[Side, Mapping[str, Json]]

    @cached_property
    def conflicts(self) -> tuple[MergeRow, ...]:
        """The answers that both sides changed, in different ways."""
        return tuple(row for row in self.rows if row.outcome == "conflict")

    @cached_property
    def merged(self) -> tuple[MergeRow, ...]:
        """The answers that can be brought together without asking."""
        return tuple(row for row in self.rows if row.outcome != "conflict")


def _parents(pointer: str) -> Iterable[str]:
    cut = pointer.rfind("/")
    while cut >= 0:
        yield pointer[:cut]
        cut = pointer.rfind("/", 0, cut)


# Where the catalogue expects an object; only there can one document have a value and another keys below it.
INNER_PLACES: Final = frozenset(place for field in catalogue.FIELDS for place in _parents(field.pointer))
RANKS: Final = {field.pointer: rank for rank, field in enumerate(catalogue.FIELDS)}


def same_meaning(pointer: str, field: Field | None, left: Json, right: Json) -> bool:
    """Whether two unequal values are one answer written differently ("TRUE" and true, 90 and 90.0, null and absent)."""
    if canonical_json.same_value(left, right):
        return True
    if field is None:
        # What an unknown null or empty text means is not known, but an empty parent holds no answer.
        return pointer in INNER_PLACES and canonical_json.is_blank(left) and canonical_json.is_blank(right)
    if canonical_json.is_blank(left) and canonical_json.is_blank(right):
        return True
    if field.kind in ("bool", "tri"):
        return canonical_json.truth(left) is not None and canonical_json.truth(left) == canonical_json.truth(right)
    if field.kind == "number" and not isinstance(left, bool) and not isinstance(right, bool):
        return isinstance(left, str) != isinstance(right, str) and str(left).strip() == str(right).strip()
    return False


def units_of(*documents: Document | None) -> list[dict[str, Json]]:
    """The comparable units of several documents, cut alike. None, a document that does not exist, has no units.

    Where one has a value and another has keys below that place, both are taken whole there.
    """
    cut = [{} if document is None else document.units() for document in documents]
    blunt = {place for units in cut for place in INNER_PLACES & units.keys() if units[place] != {}}
    if blunt:
        parents = {parent for units in cut for pointer in units for parent in _parents(pointer)}
        for place in sorted(blunt & parents):
            for document, units in zip(documents, cut, strict=True):
                _fold(document, units, place)
    return cut


def _fold(document: Document | None, units: dict[str, Json], place: str) -> None:
    below = [pointer for pointer in units if pointer.startswith(place + "/")]
    for pointer in below:
        del units[pointer]
    if document is not None and below:
        units[place] = canonical_json.walk(document.content(), canonical_json.split(place))


def three_way(base: Document | None, mine: Document | None, theirs: Document | None) -> ThreeWay:
    """Compare two successors of one base, answer by answer. None stands for a document that does not exist."""
    units = units_of(base, mine, theirs)
    rows = []
    for pointer, field, section in in_order(units):
        old, own, other = (side.get(pointer, MISSING) for side in units)
        outcome = _outcome(pointer, field, old, own, other)
        if outcome is not None:
            rows.append(MergeRow(pointer, field, section, old, own, other, outcome))
    sides: tuple[Side, ...] = ("base", "mine", "theirs")
    return ThreeWay(tuple(rows), mine or Document({}), theirs or Document({}), dict(zip(sides, units, strict=True)))


def _outcome(pointer: str, field: Field | None, base: Json, mine: Json, theirs: Json) -> Outcome | None:
    if canonical_json.same(mine, theirs):
        return None if canonical_json.same(mine, base) else "both"
    if canonical_json.same(theirs, base):
        return "mine"
    if canonical_json.same(mine, base):
        return "theirs"
    # Both gave the same answer; what the other side wrote is what Atlassian has, so its form is kept.
    return "both" if same_meaning(pointer, field, mine, theirs) else "conflict"


def merge(three: ThreeWay, decisions: Mapping[str, Side] | None = None) -> Document:
    """Theirs with my changes brought in: positions, properties and spelling of theirs, and `decisions` by pointer.

    A decision may also overrule a row that merged by itself. Raises Undecided when a conflict has none.
    """
    chosen = decisions or {}
    open_conflicts = [row.pointer for row in three.conflicts if row.pointer not in chosen]
    if open_conflicts:
        raise Undecided(open_conflicts)
    wanted = dict(three.units["theirs"])
    for row in three.rows:
        value = getattr(row, chosen.get(row.pointer, row.default))
        if value is MISSING:
            wanted.pop(row.pointer, None)
        else:
            wanted[row.pointer] = value
    result = three.theirs.copy()
    write_units(result, three.units["theirs"], wanted)
    return result


def take(document: Document, source: Document | None, pointer: str) -> bool:
    """Give one answer the value that it has in `source` (absent there: take it away); returns whether it changed.

    Raises PointerError when the place cannot hold it.
    """
    value = MISSING if source is None else canonical_json.walk(source.content(), canonical_json.split(pointer))
    if value is document.get(pointer) or canonical_json.same(value, document.get(pointer)):
        return False
    document.put(pointer, value)
    return True


def write_units(document: Document, before: Mapping[str, Json], after: Mapping[str, Json]) -> None:
    """Change a document whose units are `before` so that they are `after`; everything that stays keeps its position."""
    parents = {parent for pointer in after for parent in _parents(pointer)}
    # One side emptied a parent below which the other has something: what is below it decides.
    after = {pointer: value for pointer, value in after.items() if value != {} or pointer not in parents}
    if "" in after:
        document.tree = canonical_json.copy(after[""])
        return
    if not isinstance(document.tree, dict):
        document.tree = {}
    for pointer, value in before.items():
        if pointer in parents and pointer not in after and not isinstance(value, dict):
            document.set(pointer, {})  # a value gives way to keys below its place
    for pointer, value in sorted(after.items(), key=lambda unit: unit[0].count("/")):
        if pointer not in before or not canonical_json.same(before[pointer], value):
            document.set(pointer, value)
    # Last, so that a parent which only exchanges its keys is never empty and keeps its place.
    for pointer in before:
        if pointer not in after and pointer not in parents and not any(parent in after for parent in _parents(pointer)):
            document.remove(pointer)
    _drop_empty_cloud(document, after)


def _drop_empty_cloud(document: Document, after: Mapping[str, Json]) -> None:
    cloud = canonical_json.join(ROOT)
    left = document.tree.get(CLOUD)
    empty = isinstance(left, dict) and not left.keys() - {PROPERTIES}
    if empty and not any(pointer == cloud or pointer.startswith(cloud + "/") for pointer in after):
        del document.tree[CLOUD]


def in_order(units: Sequence[Mapping[str, Json]]) -> list[tuple[str, Field | None, Section]]:
    """Every pointer once: by section, catalogue fields in their order, then the unknown ones as they came."""
    known, unknown = [], {section.key: [] for section in catalogue.SECTIONS}  # type: ignore[var-annotated]
    for pointer in dict.fromkeys(pointer for side in units for pointer in side):
        rank = RANKS.get(pointer)
        if rank is None:
            section = catalogue.section_of(pointer)
            unknown[section.key].append((pointer, None, section))
        else:
            known.append(rank)
    ordered: list[tuple[str, Field | None, Section]] = []
    fields = [catalogue.FIELDS[rank] for rank in sorted(known)]
    for section in catalogue.SECTIONS:
        ordered += [(field.pointer, field, section) for field in fields if field.section == section.key]
        ordered += unknown[section.key]
    return ordered
