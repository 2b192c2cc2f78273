"""The field catalogue: every question of the Privacy & Security document, loaded from the data files beside this.

    FIELDS, SECTIONS, VOCABULARIES          in the order in which they are shown
    field("/commonCloud/security/securityContact")        -> Field; KeyError when there is none
    field_at("/commonCloud/…/thirdPartyDetails/3/name")   -> the Field that covers a place, or None
    vocabularies_in(document)               -> ("reference",), both, or () for a document without data of either
    fields_for(document, choice=("questionnaire",))       -> the fields to ask; `choice` adds a vocabulary

Adding a field is an edit of data alone. One file per vocabulary; a field is written as

    [[field]]
    pointer = "/security/caiq/CAIQLiteLink"      JSON pointer under commonCloud; its first key is the section
    group = "assurance"                          a sub-heading of that section (sections.toml); may be left out
    type = "url"                                 bool tri choice many list records number email url text string rich
    question = "…"                               help, audience and unit ("days") may be added
    options = [["SOC2", "SOC 2"]]                for choice and many: [value on the wire, label], or a name in [options]
    open = true                                  other values than the options are accepted
    when = { pointer = "/security/caiq/isCAIQCompleted", is = ["yes"] }      asked only then; yes, no, na or wire values
    parts = [{ key = "name", type = "string", question = "Name" }]           for records, with identity = "name"

A mistake in the data stops the start with a sentence that names file and field (`CatalogueError`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from privacy.document import canonical_json
from privacy.document.catalogue.loader import SHARED, load
from privacy.document.catalogue.model import (
    KINDS,
    Catalogue,
    CatalogueError,
    Condition,
    Field,
    Group,
    Option,
    Section,
    Vocabulary,
)

__all__ = [
    "FIELDS",
    "KINDS",
    "REST",
    "SECTIONS",
    "SHARED",
    "VOCABULARIES",
    "Catalogue",
    "CatalogueError",
    "Condition",
    "Field",
    "Group",
    "Option",
    "Section",
    "Vocabulary",
    "field",
    "field_at",
    "field_named",
    "fields_for",
    "holds_answers",
    "is_unknown",
    "load",
    "section",
    "section_of",
    "vocabularies_in",
]

CATALOGUE: Final = load(Path(__file__).parent)
SECTIONS: Final = CATALOGUE.sections
FIELDS: Final = CATALOGUE.fields
VOCABULARIES: Final = tuple(item for item in CATALOGUE.vocabularies.values() if item.key != SHARED)
REST: Final = next(item for item in SECTIONS if not item.pointer)

_SECTION_OF: Final = {item.pointer: item for item in SECTIONS if item.pointer}
_SECTIONS_BY_KEY: Final = {item.key: item for item in SECTIONS}


class Readable(Protocol):
    """What the catalogue asks of a document."""

    def has(self, pointer: str) -> bool:
        """Whether the document has this key."""
        ...


def field(pointer: str) -> Field:
    """The field at exactly this pointer from the document's root. Raises KeyError."""
    return CATALOGUE.by_pointer[pointer]


def field_named(name: str) -> Field:
    """The field with this form name ("security.securityContact"). Raises KeyError."""
    return CATALOGUE.by_name[name]


def field_at(pointer: str) -> Field | None:
    """The field at this pointer or around it (a record's part belongs to its records), or None."""
    place: object = CATALOGUE.tree
    for part in canonical_json.split(pointer):
        if not isinstance(place, dict) or part not in place:
            return None
        place = place[part]
        if isinstance(place, Field):
            return place
    return None


def is_unknown(pointer: str) -> bool:
    """Whether no field lies at, around or below this pointer."""
    place: object = CATALOGUE.tree
    for part in canonical_json.split(pointer):
        if isinstance(place, Field):
            return False
        if not isinstance(place, dict) or part not in place:
            return True
        place = place[part]
    return False


def holds_answers(pointer: str) -> bool:
    """Whether fields lie below this pointer, so that an object is expected there."""
    place: object = CATALOGUE.tree
    for part in canonical_json.split(pointer):
        place = place.get(part) if isinstance(place, dict) else None
    return isinstance(place, dict)


def section(key: str) -> Section:
    """The section with this key. Raises KeyError."""
    return _SECTIONS_BY_KEY[key]


def section_of(pointer: str) -> Section:
    """The section that a pointer from the document's root belongs to; every pointer belongs to exactly one."""
    return _SECTION_OF.get("/".join(pointer.split("/", 3)[:3]), REST)


def vocabularies_in(document: Readable) -> tuple[str, ...]:
    """The vocabularies of which a document has at least one key; shared fields tell nothing."""
    found = {item.vocabulary for item in FIELDS if item.vocabulary != SHARED and document.has(item.pointer)}
    return tuple(item.key for item in VOCABULARIES if item.key in found)


def fields_for(document: Readable, *, choice: Iterable[str] = ()) -> tuple[Field, ...]:
    """The fields to ask for a document: the shared ones and those of the vocabularies that it has or that were chosen.

    A document without data of either vocabulary gets the shared fields alone until the person chooses one.
    """
    wanted = {SHARED, *vocabularies_in(document), *choice}
    return tuple(item for item in FIELDS if item.vocabulary in wanted)
