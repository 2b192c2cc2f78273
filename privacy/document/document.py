"""Reading and changing one Privacy & Security document without losing anything.

    document = Document.from_text(text)              StrictJSONError when it is not JSON that can be kept exactly
    document.text                                    the same document again: keys, order, types, number literals
    document.get("/commonCloud/security/caiq")       the value, or MISSING;  .has(p)  .set(p, value)  .remove(p)
    document.answer(field, raw)                      what a form posted -> True when the document changed; AnswerError
    document.answer_json(pointer, text)              the same for a JSON editor
    form_value(field, document)                      what a form shows;  posted(field, request.POST) reads it back
    document.state(pointer)                          "answered" / "not_answered" / "not_present"
    document.asks(field)                             whether its condition holds, or it has an answer all the same
    document.unknown()                               pointers of everything that no field of the catalogue covers
    document.content_hash()                          sha256 of the content (section_hashes.py: one per section)
    document.progress()                              {section key: Progress(answered, asked)}

Pointers are JSON pointers from the root of the document. *Content* is the document without `commonCloud.properties`,
which belongs to Atlassian. Two contents are the same when they are equal as JSON: key order does not matter, while
"TRUE" and true differ, and so do 1 and 1.0 (`privacy.marketplace.readings`:
unless only Atlassian's server spelled it anew).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from portal.atlassian import strictjson
from privacy.document import canonical_json, catalogue
from privacy.document.answers import AnswerError, Raw, clean, clean_json
from privacy.document.canonical_json import MISSING, Json, Path, PointerError, Texts
from privacy.document.catalogue import SECTIONS, Field
from privacy.document.catalogue.model import ROOT
from privacy.document.form_values import FormValue, form_value_of, state_of

CLOUD = ROOT[0]
PROPERTIES = "properties"


@dataclass(frozen=True)
class Progress:
    """How many of the questions that are asked have an answer."""

    answered: int
    asked: int

    @property
    def percent(self) -> int:
        """0 to 100, whole; a section that asks nothing is complete."""
        return 100 * self.answered // self.asked if self.asked else 100


class Document:
    """One document as a JSON tree that is changed in place; any JSON can be read, only an object can be edited."""

    def __init__(self, tree: Json) -> None:
        """Take over a tree as `strictjson.loads` makes it; the caller gives it away."""
        self.tree = tree

    @classmethod
    def from_text(cls, text: str) -> "Document":
        """Read a document. Raises StrictJSONError with one sentence."""
        return cls(strictjson.loads(text))

    @property
    def text(self) -> str:
        """The document as JSON text, compact."""
        return strictjson.dumps(self.tree)

    def copy(self) -> "Document":
        """A document of its own with the same content."""
        return Document(canonical_json.copy(self.tree))

    def copy_to_change(self, pointer: str) -> "Document":
        """A document in which the value at one pointer can be put or removed; what is not on the way is shared."""
        return Document(canonical_json.copy_along(self.tree, canonical_json.split(pointer)))

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def why_not_editable(self) -> str:
        """One sentence when the answers cannot be edited here, "" when they can."""
        if not isinstance(self.tree, dict):
            return "This document is not a JSON object, so it can be read here but not edited."
        if not isinstance(self.tree.get(CLOUD, {}), (dict, type(None))):
            return "“commonCloud” of this document is not a JSON object, so it can be read here but not edited."
        return ""

    @property
    def editable(self) -> bool:
        """Whether answers can be given."""
        return not self.why_not_editable

    def get(self, pointer: str) -> Json:
        """The value at a pointer, or MISSING. Treat it as read-only. Raises PointerError."""
        return canonical_json.walk(self.tree, canonical_json.split(pointer))

    def has(self, pointer: str) -> bool:
        """Whether there is a value (null is one). Raises PointerError."""
        return self.get(pointer) is not MISSING

    def state(self, pointer: str) -> str:
        """answered, not_answered (null, blank, empty list) or not_present (no such key)."""
        return state_of(self.get(pointer))

    @property
    def properties(self) -> Mapping[str, Json]:
        """What Atlassian adds: updatedBy, updatedAt (epoch ms), formStatus, jiraLinks; may be empty."""
        found = canonical_json.walk(self.tree, (*ROOT, PROPERTIES))
        return MappingProxyType(found if isinstance(found, dict) else {})

    def asks(self, field: Field) -> bool:
        """Whether a field is to be shown: its condition holds, or it has an answer that must not be hidden."""
        condition = field.condition
        if condition is None or not canonical_json.is_blank(canonical_json.walk(self.tree, field.path)):
            return True
        value = self.get(condition.pointer)
        return (canonical_json.truth(value) or value) in condition.values if isinstance(value, (str, bool)) else False

    def progress(self, *, choice: Iterable[str] = ()) -> dict[str, Progress]:
        """Answered and asked questions per section key, in the vocabularies that occur or were chosen."""
        counts = {section.key: [0, 0] for section in SECTIONS}
        for field in catalogue.fields_for(self, choice=choice):
            if self.asks(field):
                counts[field.section][0] += self.state(field.pointer) == "answered"
                counts[field.section][1] += 1
        return {key: Progress(*pair) for key, pair in counts.items()}

    # --- changing -----------------------------------------------------------------------------------------------

    def set(self, pointer: str, value: Json) -> None:
        """Put a value in place: an existing key keeps its position, missing or null parents become objects.

        A list takes an index, or "-" for its end. Raises PointerError when something on the way holds no keys, and for
        `properties`, which are Atlassian's.
        """
        self._set(self._writable(pointer), canonical_json.copy(value))

    def _set(self, path: Path, value: Json) -> None:
        if not path:
            self.tree = value
            return
        parent = self._parent(path)
        if isinstance(parent, dict):
            parent[path[-1]] = value
        elif path[-1] == "-":
            parent.append(value)
        else:
            index = canonical_json.list_index(path[-1], len(parent))
            if index is None and not path[-1].isdigit():
                raise PointerError(_holds_no_keys(path[:-1]))
            if index is None:
                raise PointerError(f"The list at “{canonical_json.join(path[:-1])}” has no entry {path[-1][:20]}.")
            parent[index] = value

    def remove(self, pointer: str) -> bool:
        """Take a key or a list entry away; objects that this leaves empty inside a section go with it.

        Returns whether there was something to remove. Raises PointerError.
        """
        path = self._writable(pointer)
        if not path:
            raise PointerError("The whole document cannot be removed.")
        trail = [canonical_json.walk(self.tree, path[:depth]) for depth in range(len(path))]
        if canonical_json.walk(self.tree, path) is MISSING:
            return False
        self._drop(trail[-1], path[-1])
        # An answer given by mistake and taken back must leave no trace, so the parents made for it go too.
        for depth in range(len(path) - 1, len(ROOT), -1):
            if trail[depth] == {} and isinstance(trail[depth - 1], dict):
                self._drop(trail[depth - 1], path[depth - 1])
            else:
                break
        return True

    def put(self, pointer: str, value: Json) -> None:
        """Set the value, or remove the key when the value is MISSING."""
        if value is MISSING:
            self.remove(pointer)
        else:
            self.set(pointer, value)

    def in_old_place(self, pointer: str, before: "Document", models: Sequence["Document"]) -> None:
        """Move the keys that are new on the way to a place to where the first of `models` that has them has them.

        An answer that is taken back, or undone, shall leave no trace; `before`: the document without the new keys.
        """
        path = canonical_json.split(pointer)
        for depth, key in enumerate(path):
            parent, was = (canonical_json.walk(item.tree, path[:depth]) for item in (self, before))
            if not isinstance(parent, dict) or (isinstance(was, dict) and key in was):
                continue
            there = (canonical_json.walk(model.tree, path[:depth]) for model in models)
            model = next((item for item in there if isinstance(item, dict) and key in item), None)
            if model is not None:
                canonical_json.place(parent, key, list(model))

    def answer(self, field: Field, raw: Raw, texts: Texts | None = None) -> bool:
        """Give what a form posted as the answer; returns whether the document changed.

        Raises AnswerError with one sentence; the document is then as it was.
        """
        self._require_editable()
        current = self.get(field.pointer)
        value = clean(field, raw, current, texts)
        if value is current:
            return False
        try:
            if value is MISSING:
                self.remove(field.pointer)
            else:
                self._set(self._writable(field.pointer), value)  # not copied: nobody else has it
        except PointerError as error:
            raise AnswerError(str(error)) from None
        return True

    def answer_json(self, pointer: str, text: str) -> bool:
        """Give a JSON text as the value at a pointer; returns whether the document changed. Raises AnswerError."""
        self._require_editable()
        value = clean_json(text)
        try:
            current = self.get(pointer)
            if current is not MISSING and strictjson.dumps(current) == strictjson.dumps(value):
                return False
            before = current
            self.set(pointer, value)
        except PointerError as error:
            raise AnswerError(str(error)) from None
        try:
            strictjson.dumps(self.tree)
        except strictjson.StrictJSONError as error:
            self.put(pointer, before)
            raise AnswerError(str(error)) from None
        return True

    def _require_editable(self) -> None:
        if self.why_not_editable:
            raise AnswerError(self.why_not_editable)

    def _writable(self, pointer: str) -> Path:
        path = canonical_json.split(pointer)
        if path[:2] == (CLOUD, PROPERTIES):
            raise PointerError("“properties” belong to Atlassian and cannot be changed.")
        return path

    def _parent(self, path: Path) -> Json:
        """The object or list that holds the last part of a path; made where it is missing."""
        place = self.tree
        for depth, part in enumerate(path[:-1]):
            below = canonical_json.walk(place, (part,))
            if below is MISSING or below is None:
                if not isinstance(place, dict):
                    raise PointerError(_holds_no_keys(path[:depth]))
                below = place[part] = {}
            place = below
        if not isinstance(place, (dict, list)):
            raise PointerError(_holds_no_keys(path[:-1]))
        return place

    @staticmethod
    def _drop(parent: Json, part: str) -> None:
        if isinstance(parent, list):
            del parent[int(part)]
        else:
            del parent[part]

    # --- content ------------------------------------------------------------------------------------------------

    def content(self) -> Json:
        """The tree without commonCloud.properties; shares its values with the document."""
        cloud = canonical_json.walk(self.tree, ROOT)
        if not isinstance(cloud, dict) or PROPERTIES not in cloud:
            return self.tree
        return {**self.tree, CLOUD: {key: value for key, value in cloud.items() if key != PROPERTIES}}

    def content_hash(self, texts: Texts | None = None) -> str:
        """sha256 (hex) of the content: the same for every writing of the same content."""
        return canonical_json.digest(self.content(), texts)

    def units(self) -> dict[str, Json]:
        """The content as pointer -> value in its smallest comparable units, in the order of the document.

        A unit is a catalogue field that is present, an unknown subtree, or a known parent that is empty or no object.
        """
        units: dict[str, Json] = {}
        _collect(self.content(), catalogue.CATALOGUE.tree, "", units)
        return units

    def unknown(self) -> tuple[str, ...]:
        """Pointers of everything that no catalogue field covers: subtrees, keys in known objects, keys in records.

        Also what stands in the place of an object that holds fields, except null: an answer below it cannot be given.
        """
        found: list[str] = []
        for pointer, value in self.units().items():
            field = catalogue.CATALOGUE.by_pointer.get(pointer)
            if field is None:
                if (value is not None and value != {}) or catalogue.is_unknown(pointer):
                    found.append(pointer)
            elif field.kind == "records" and isinstance(value, list):
                found += unknown_in_records(field, value)
        return tuple(found)


def form_value(field: Field, document: Document) -> FormValue:
    """What a form shows for a field of a document."""
    return form_value_of(field, document.get(field.pointer))


def same_content(left: Document, right: Document) -> bool:
    """Whether two documents are equal as JSON, `properties` aside."""
    return canonical_json.same(left.content(), right.content())


def same_values(left: Document, right: Document) -> bool:
    """Whether two documents differ in nothing but the spelling of numbers (1 and 1.0) and `properties`."""
    return canonical_json.same_value(left.content(), right.content())


def _holds_no_keys(path: Path) -> str:
    where = f"“{canonical_json.join(path)}”" if path else "The document"
    return f"{where} is not an object in this document, so nothing can be set below it; edit it as JSON first."


def _collect(value: Json, known: object, pointer: str, units: dict[str, Json]) -> None:
    if isinstance(known, dict) and isinstance(value, dict) and value:
        for key, item in value.items():
            escaped = key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key
            _collect(item, known.get(key), f"{pointer}/{escaped}", units)
    else:
        units[pointer] = value


def unknown_in_records(field: Field, records: list[Json]) -> list[str]:
    keys = {part.key for part in field.parts}
    found = []
    for index, record in enumerate(records):
        place = f"{field.pointer}/{index}"
        if isinstance(record, dict):
            found += [place + canonical_json.join((key,)) for key in record if key not in keys]
        else:
            found.append(place)
    return found
