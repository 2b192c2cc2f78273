"""The dataclasses of the field catalogue: fields, options, sections and vocabularies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["bool", "tri", "choice", "many", "list", "records", "number", "email", "url", "text", "string", "rich"]
KINDS: Final = ("bool", "tri", "choice", "many", "list", "records", "number", "email", "url", "text", "string", "rich")
ROOT: Final = ("commonCloud",)


class CatalogueError(ValueError):
    """The catalogue's data is wrong; the sentence names the file, the field and what to change."""


@dataclass(frozen=True)
class Option:
    """A value that a choice can take on the wire, and the words a person reads for it."""

    value: str
    label: str


@dataclass(frozen=True)
class Condition:
    """A field is asked when the answer at `pointer` is one of `values` (yes/no/na, or wire values of a choice)."""

    pointer: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A sub-heading inside a section."""

    key: str
    title: str


@dataclass(frozen=True)
class Section:
    """A part of the document that is approved as one; `pointer` is "" for the one that holds all the rest."""

    key: str
    title: str
    intro: str
    pointer: str
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """One of the sets of fields that occur in documents; `shared` is what all of them have."""

    key: str
    title: str
    about: str


@dataclass(frozen=True, eq=False)
class Field:
    """One question of the document.

    pointer     JSON pointer from the root of the document ("/commonCloud/security/securityContact")
    name        the same for forms ("security.securityContact"); `slug` for HTML ids ("security-securityContact")
    kind        one of KINDS
    open        a choice or many that accepts values beside its options
    parts       the sub-fields of records, with "*" in their pointers ("…/thirdPartyDetails/*/name"); `key` is its end
    identity    the key by which records are matched ("name"); `record` is what one of them is called ("sub-processor")
    link        a string that may be a link
    as_text     a new yes/no is written as "TRUE"/"FALSE" rather than true/false
    """

    pointer: str
    path: tuple[str, ...]
    section: str
    vocabulary: str
    kind: Kind
    question: str
    group: str = ""
    help: str = ""
    audience: str = ""
    unit: str = ""
    options: tuple[Option, ...] = ()
    open: bool = False
    condition: Condition | None = None
    parts: tuple["Field", ...] = ()
    identity: str = ""
    record: str = ""
    link: bool = False
    as_text: bool = False

    @property
    def key(self) -> str:
        """The last part of the pointer."""
        return self.path[-1]

    @property
    def name(self) -> str:
        """The field's name in forms."""
        return ".".join(self.path[len(ROOT) :])

    @property
    def slug(self) -> str:
        """The field's name in HTML ids."""
        return "-".join(self.path[len(ROOT) :])

    def label(self, value: str) -> str:
        """The words for a wire value; a value that is not among the options is shown as it is."""
        return next((option.label for option in self.options if option.value == value), value)

    def __repr__(self) -> str:
        return f"<Field {self.pointer}>"


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Everything that the data files say, checked."""

    sections: tuple[Section, ...]
    fields: tuple[Field, ...]
    vocabularies: Mapping[str, Vocabulary]
    by_pointer: Mapping[str, Field]
    by_name: Mapping[str, Field]
    tree: Mapping[str, object]  # path part -> the same again, or a Field at the end of its path
