"""Loads the data files of the field catalogue and checks them."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from privacy.document import canonical_json
from privacy.document.catalogue.model import (
    KINDS,
    ROOT,
    Catalogue,
    CatalogueError,
    Condition,
    Field,
    Group,
    Option,
    Section,
    Vocabulary,
)

SHARED = "shared"
SECTIONS_FILE = "sections.toml"
VOCABULARY_FILES = ("shared.toml", "questionnaire.toml", "reference.toml")
FIELD_KEYS = {
    "pointer", "group", "type", "question", "help", "audience", "unit", "options", "open", "when", "parts", "identity",
    "record", "link", "as_text",
}  # fmt: skip
PART_KEYS = {"key", "type", "question", "help", "options", "open", "link"}
PART_KINDS = ("bool", "tri", "choice", "many", "list", "number", "email", "url", "text", "string")
WITH_OPTIONS = ("choice", "many")


def load(folder: Path) -> Catalogue:
    """Read and check the catalogue in `folder`. Raises CatalogueError with one sentence that names file and field."""
    sections = _sections(_table(folder / SECTIONS_FILE))
    tables = {name: _table(folder / name) for name in VOCABULARY_FILES}
    sets = {
        key: _options(f"{name}, options.{key}", rows)
        for name, table in tables.items()
        for key, rows in table.get("options", {}).items()
    }
    vocabularies: dict[str, Vocabulary] = {}
    fields: list[Field] = []
    for name, table in tables.items():
        _only(name, table, {"vocabulary", "title", "about", "options", "field"})
        vocabulary = Vocabulary(*(_word(name, table, key) for key in ("vocabulary", "title", "about")))
        if vocabulary.key in vocabularies:
            raise CatalogueError(f"{name}: the vocabulary “{vocabulary.key}” is already in another file.")
        vocabularies[vocabulary.key] = vocabulary
        fields += [_field(name, row, vocabulary.key, sections, sets) for row in table.get("field", [])]
    fields = _ordered(fields, sections)
    by_pointer = {field.pointer: field for field in fields}
    tree = _tree(fields)
    for field in fields:
        _check_condition(field, by_pointer)
    by_name = {field.name: field for field in fields}
    return Catalogue(tuple(sections), tuple(fields), vocabularies, by_pointer, by_name, tree)


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogueError(f"The catalogue file {path.name} is missing.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name} is not well-formed TOML: {error}.") from None


def _word(where: str, table: Mapping[str, Any], key: str, *, needed: bool = True) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise CatalogueError(f"{where}: “{key}” must be a text{' that is not empty' if needed else ''}.")
    return value


def _flag(where: str, table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise CatalogueError(f"{where}: “{key}” must be true or false.")
    return value


def _only(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise CatalogueError(f"{where}: “{key}” is not a known key; known are {', '.join(sorted(known))}.")


def _sections(table: Mapping[str, Any]) -> list[Section]:
    sections: list[Section] = []
    for row in table.get("section", []):
        where = f"{SECTIONS_FILE}, section {row.get('key', '?')}"
        _only(where, row, {"key", "title", "intro", "groups", "rest"})
        key = _word(where, row, "key")
        groups = tuple(Group(_word(where, g, "key"), _word(where, g, "title")) for g in row.get("groups", []))
        pointer = "" if _flag(where, row, "rest") else canonical_json.join((*ROOT, key))
        sections.append(Section(key, _word(where, row, "title"), _word(where, row, "intro"), pointer, groups))
    if sum(1 for section in sections if not section.pointer) != 1:
        raise CatalogueError(f"{SECTIONS_FILE}: exactly one section must have rest = true.")
    if len({section.key for section in sections}) != len(sections):
        raise CatalogueError(f"{SECTIONS_FILE}: two sections have the same key.")
    return sections


def _options(where: str, rows: Any) -> tuple[Option, ...]:
    if not isinstance(rows, list) or not rows:
        raise CatalogueError(f"{where}: options must be a list of [value, label] pairs, or the name of such a list.")
    for row in rows:
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(text, str) and text for text in row)):
            raise CatalogueError(f"{where}: each option must be a pair [value, label] of texts.")
    if len({row[0] for row in rows}) != len(rows):
        raise CatalogueError(f"{where}: two options have the same value.")
    return tuple(Option(*row) for row in rows)


def _path(where: str, pointer: str) -> tuple[str, ...]:
    try:
        path = canonical_json.split(pointer)
    except canonical_json.PointerError as error:
        raise CatalogueError(f"{where}: {error}") from None
    if not path or any(not part or "." in part or "*" in part for part in path):
        raise CatalogueError(f"{where}: the pointer needs keys without dots and stars, such as /security/caiq.")
    if path[0] == "properties":
        raise CatalogueError(f"{where}: properties belong to Atlassian and cannot be a field.")
    return path


def _field(
    file: str,
    row: Mapping[str, Any],
    vocabulary: str,
    sections: Sequence[Section],
    sets: Mapping[str, tuple[Option, ...]],
) -> Field:
    where = f"{file}, field {row.get('pointer', '?')}"
    _only(where, row, FIELD_KEYS)
    path = _path(where, _word(where, row, "pointer"))
    section = _section_of(where, path, sections)
    group = _word(where, row, "group", needed=False)
    if group and group not in {known.key for known in section.groups}:
        raise CatalogueError(f"{where}: the section “{section.key}” has no group “{group}”.")
    kind, options = _kind(where, row, KINDS, sets)
    absolute = (*ROOT, *path)
    parts = tuple(_part(where, part, absolute, section.key, vocabulary, sets) for part in row.get("parts", []))
    identity = _word(where, row, "identity", needed=kind == "records")
    if (kind == "records") != bool(parts) or (identity and identity not in {part.key for part in parts}):
        raise CatalogueError(f"{where}: records, and only records, need parts, and an identity that is one of them.")
    return Field(
        pointer=canonical_json.join(absolute),
        path=absolute,
        section=section.key,
        vocabulary=vocabulary,
        kind=kind,
        question=_word(where, row, "question"),
        group=group,
        help=_word(where, row, "help", needed=False),
        audience=_word(where, row, "audience", needed=False),
        unit=_word(where, row, "unit", needed=False),
        options=options,
        open=_flag(where, row, "open"),
        condition=_condition(where, row.get("when")),
        parts=parts,
        identity=identity,
        record=_word(where, row, "record", needed=False) or ("entry" if parts else ""),
        link=_flag(where, row, "link"),
        as_text=row.get("as_text", kind == "tri") is True,
    )


def _section_of(where: str, path: Sequence[str], sections: Sequence[Section]) -> Section:
    if len(path) == 1:
        return next(section for section in sections if not section.pointer)
    found = next((section for section in sections if section.pointer and section.key == path[0]), None)
    if found is None:
        raise CatalogueError(f"{where}: there is no section “{path[0]}” in {SECTIONS_FILE}.")
    return found


def _kind(where: str, row: Mapping[str, Any], allowed: Sequence[str], sets: Mapping[str, tuple[Option, ...]]) -> Any:
    kind = _word(where, row, "type")
    if kind not in allowed:
        raise CatalogueError(f"{where}: “{kind}” is not a type; types are {', '.join(allowed)}.")
    given = row.get("options")
    if (kind in WITH_OPTIONS) != (given is not None):
        raise CatalogueError(f"{where}: choice and many need options, other types have none.")
    if given is None:
        return kind, ()
    if isinstance(given, str):
        if given not in sets:
            raise CatalogueError(f"{where}: there is no list of options called “{given}”.")
        return kind, sets[given]
    return kind, _options(where, given)


def _part(
    where: str,
    row: Mapping[str, Any],
    parent: tuple[str, ...],
    section: str,
    vocabulary: str,
    sets: Mapping[str, tuple[Option, ...]],
) -> Field:
    where = f"{where}, part {row.get('key', '?')}"
    _only(where, row, PART_KEYS)
    kind, options = _kind(where, row, PART_KINDS, sets)
    path = (*parent, "*", _word(where, row, "key"))
    return Field(
        pointer=canonical_json.join(path),
        path=path,
        section=section,
        vocabulary=vocabulary,
        kind=kind,
        question=_word(where, row, "question"),
        help=_word(where, row, "help", needed=False),
        options=options,
        open=_flag(where, row, "open"),
        link=_flag(where, row, "link"),
        as_text=kind == "tri",
    )


def _condition(where: str, row: Any) -> Condition | None:
    if row is None:
        return None
    where = f"{where}, when"
    if not isinstance(row, dict):
        raise CatalogueError(f"{where}: must be {{ pointer = …, is = [ … ] }}.")
    _only(where, row, {"pointer", "is"})
    values = row.get("is")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise CatalogueError(f"{where}: “is” must be a list of texts.")
    return Condition(canonical_json.join((*ROOT, *_path(where, _word(where, row, "pointer")))), tuple(values))


def _check_condition(field: Field, by_pointer: Mapping[str, Field]) -> None:
    condition = field.condition
    if condition is None:
        return
    other = by_pointer.get(condition.pointer)
    if other is None or other is field:
        raise CatalogueError(f"The condition of {field.pointer} names {condition.pointer}, which is no other field.")
    allowed: Sequence[str] | None = {"bool": ("yes", "no"), "tri": ("yes", "no", "na")}.get(other.kind)
    if other.kind == "choice":
        allowed = None if other.open else tuple(option.value for option in other.options)
    elif allowed is None:
        raise CatalogueError(f"The condition of {field.pointer} must hang on a yes/no question or a choice.")
    wrong = next((value for value in condition.values if allowed is not None and value not in allowed), None)
    if wrong is not None:
        raise CatalogueError(f"The condition of {field.pointer} waits for “{wrong}”, which is no answer there.")


def _ordered(fields: Sequence[Field], sections: Sequence[Section]) -> list[Field]:
    # A section reads as one list whatever file a field is in: by group, then in the order of the files.
    places = {
        (section.key, group): (number, inner)
        for number, section in enumerate(sections)
        for inner, group in enumerate(["", *(group.key for group in section.groups)])
    }
    return sorted(fields, key=lambda field: places[field.section, field.group])


def _tree(fields: Sequence[Field]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for field in fields:
        place: Any = tree
        for part in field.path[:-1]:
            place = place.setdefault(part, {})
            if isinstance(place, Field):
                raise CatalogueError(f"{field.pointer} lies inside {place.pointer}: fields must not overlap.")
        other: Any = place.get(field.path[-1])
        while isinstance(other, dict):
            other = next(iter(other.values()))
        if other is not None:
            raise CatalogueError(f"{field.pointer} is the place of {other.pointer}: fields must not overlap.")
        place[field.path[-1]] = field
    return tree
