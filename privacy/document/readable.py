"""Answers as customers read them, as plain data for templates.

read(field, value)          -> Reading: text, truth, href, entries, records (field may be None: shown as JSON)
read_document(document)     -> sections of questions with their readings; everything=True adds what is not answered
label_of(pointer)           -> the question of a field, or the keys of an unknown place: "privacy › gdpr › newKey"
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator

from privacy.document import canonical_json, catalogue
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import SECTIONS, Field, Group, Section
from privacy.document.catalogue.model import ROOT
from privacy.document.document import Document
from privacy.document.form_values import TRUTH_LABELS, json_text, plain, state_of

NOT_ANSWERED: Final = "Not answered"
NONE_LISTED: Final = "None listed"

_VALIDATORS: Final[dict[str, Callable[[str], None]]] = {
    "link": URLValidator(schemes=["http", "https"]),
    "email": EmailValidator(),
}


@dataclass(frozen=True)
class Entry:
    """One entry of a list: its words, and whether it is one of the known options."""

    text: str
    known: bool = True


@dataclass(frozen=True)
class Reading:
    """One answer in words.

    state     answered / not_answered / not_present
    truth     yes / no / na for such answers, else ""
    text      the answer as text, never empty: what is not answered says so
    href      a link that is safe to follow (http, https, mailto), else ""
    entries   of lists; `records` of records; `formatted` when text was taken out of a formatted document
    json      True when the value is of an unknown kind and `text` is JSON
    """

    state: str
    text: str
    truth: str = ""
    href: str = ""
    entries: tuple[Entry, ...] = ()
    records: tuple["RecordReading", ...] = ()
    formatted: bool = False
    json: bool = False


@dataclass(frozen=True)
class RecordReading:
    """One record in words: its identity, and its parts as (label, reading)."""

    title: str
    parts: tuple[tuple[str, Reading], ...]


@dataclass(frozen=True)
class AnswerReading:
    """A question with its answer; `field` is None for a place that the catalogue does not know."""

    pointer: str
    question: str
    field: Field | None
    group: Group | None
    reading: Reading


@dataclass(frozen=True)
class SectionReading:
    """A section with its answers, known ones first."""

    section: Section
    answers: tuple[AnswerReading, ...]


def is_link(value: Json) -> bool:
    """Whether a value is a well-formed http or https address."""
    return isinstance(value, str) and _is_valid("link", value)


def is_email(value: Json) -> bool:
    """Whether a value is a well-formed e-mail address."""
    return isinstance(value, str) and _is_valid("email", value)


@lru_cache(maxsize=4096)  # the links of a long list are looked at again with every answer
def _is_valid(kind: str, text: str) -> bool:
    try:
        _VALIDATORS[kind](text)
    except (ValidationError, ValueError):
        return False
    return True


def href(field: Field | None, text: str) -> str:
    """The address to link an answer to, or "": nothing but http, https and mailto ever becomes a link."""
    if field is None:
        return ""
    if field.kind == "email":
        return f"mailto:{text}" if is_email(text) else ""
    if field.kind == "url" or field.link:
        return text if is_link(text) and urlsplit(text).scheme in ("http", "https") else ""
    return ""


def label_of(pointer: str) -> str:
    """The question at a pointer, or its keys for a place that the catalogue does not know."""
    field = catalogue.CATALOGUE.by_pointer.get(pointer)
    if field is not None:
        return field.question
    path = canonical_json.split(pointer)
    shown = path[len(ROOT) :] if path[: len(ROOT)] == ROOT and len(path) > len(ROOT) else path
    return " › ".join(shown) or "The whole document"


def read(field: Field | None, value: Json) -> Reading:
    """A value as a customer reads it. Never raises, whatever the value is."""
    state = state_of(value)
    if state != "answered":
        return Reading(state, NONE_LISTED if value == [] else NOT_ANSWERED)
    if field is None:
        return Reading(state, value) if isinstance(value, str) else Reading(state, json_text(value), json=True)
    if field.kind == "records" and isinstance(value, list):
        records = tuple(_record(field, record) for record in value)
        return Reading(state, ", ".join(record.title for record in records), records=records)
    if isinstance(value, list):
        entries = tuple(_entry(field, entry) for entry in value)
        text = ", ".join(entry.text for entry in entries)
        return Reading(state, text if text.strip(", ") else NONE_LISTED, entries=entries)
    if isinstance(value, dict):
        text = formatted_text(value) if field.kind == "rich" else ""
        return Reading(state, text or json_text(value), formatted=bool(text), json=not text)
    return _scalar(field, state, value)


def text_of(field: Field, value: Json) -> str:
    """The text of `read`, without reading what is inside records."""
    if field.kind == "records" and isinstance(value, list) and value:
        return ", ".join(record_title(field, record) for record in value)
    return read(field, value).text


def _scalar(field: Field, state: str, value: Json) -> Reading:
    text = plain(value)
    if field.kind in ("bool", "tri"):
        truth = canonical_json.truth(value)
        return Reading(state, TRUTH_LABELS[truth] if truth else text, truth=truth or "")
    if field.kind == "number" and field.unit:
        return Reading(state, f"{text} {field.unit.removesuffix('s') if text == '1' else field.unit}")
    return Reading(state, field.label(text), href=href(field, text))


def _entry(field: Field, entry: Json) -> Entry:
    text = plain(entry)
    known = field.kind != "many" or any(option.value == text for option in field.options)
    return Entry(field.label(text), known)


def record_title(field: Field, record: Json) -> str:
    """What a record is called: its identity, or "Sub-processor without a name"."""
    name = record.get(field.identity) if isinstance(record, dict) else record
    if canonical_json.is_blank(name):
        return f"{field.record.capitalize()} without a {field.identity}"
    return plain(name)


def _record(field: Field, record: Json) -> RecordReading:
    title = record_title(field, record)
    if not isinstance(record, dict):
        return RecordReading(title, ())
    parts = [(part.question, read(part, record[part.key])) for part in field.parts if part.key in record]
    keys = {part.key for part in field.parts}
    parts += [(key, read(None, value)) for key, value in record.items() if key not in keys]
    return RecordReading(title, tuple(parts))


def formatted_text(node: Json) -> str:
    """The words of a formatted document (Atlassian document format): one line per block, "" when it has none."""
    lines: list[str] = []
    _lines_of(node, lines)
    return "\n".join(line for line in lines if line.strip())


def _lines_of(node: Json, lines: list[str]) -> None:
    content = node.get("content") if isinstance(node, dict) else None
    if not isinstance(content, list):
        return
    inline = [child for child in content if isinstance(child, dict) and "text" in child]
    if inline:
        lines.append("".join(str(child.get("text", "\n")) for child in content if isinstance(child, dict)))
        return
    for child in content:
        _lines_of(child, lines)


def read_document(
    document: Document, *, everything: bool = False, choice: Iterable[str] = ()
) -> tuple[SectionReading, ...]:
    """The document by section, as a customer reads it; sections without any answer are left out.

    `everything` adds the questions that are asked and not answered; `choice` adds a vocabulary.
    """
    answers: dict[str, list[AnswerReading]] = {section.key: [] for section in SECTIONS}
    for field in catalogue.fields_for(document, choice=choice):
        value = document.get(field.pointer)
        if value is not MISSING or (everything and document.asks(field)):
            group = next((item for item in catalogue.section(field.section).groups if item.key == field.group), None)
            reading = AnswerReading(field.pointer, field.question, field, group, read(field, value))
            answers[field.section].append(reading)
    for pointer in document.unknown():
        value = document.get(pointer)
        # What is unknown inside records is read with its record.
        if catalogue.field_at(pointer) is None and not (
            canonical_json.is_blank(value) and catalogue.holds_answers(pointer)
        ):
            reading = AnswerReading(pointer, label_of(pointer), None, None, read(None, value))
            answers[catalogue.section_of(pointer).key].append(reading)
    return tuple(SectionReading(item, tuple(answers[item.key])) for item in SECTIONS if answers[item.key])
