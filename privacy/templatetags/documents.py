"""Filters of the pages of privacy: records as a table, and what a summary of changes says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from django import template
from django.utils import formats, timezone

from portal import characters
from portal.models import User
from privacy.document.canonical_json import Json
from privacy.document.catalogue import CATALOGUE, Field, section_of
from privacy.document.checks import Finding
from privacy.document.diff import EntryChange, PartChange, Placed, RecordChange
from privacy.document.folding import Line, Run, fold, fold_lines
from privacy.document.form_values import FormRow
from privacy.document.readable import Reading, RecordReading
from privacy.drafts.answering import fingerprint_of
from privacy.drafts.form_page import FieldView, UnknownView
from privacy.views.forms import EXPECTED
from privacy.views.questions import Question

register = template.Library()


@register.filter
def names(people: Sequence[str]) -> str:
    """People in a sentence: “Alice, Bob and Charlie”."""
    return " and ".join(filter(None, [", ".join(people[:-1]), *people[-1:]]))


@register.filter
def for_viewer(people: Sequence[tuple[int | None, str]], viewer: User) -> str:
    """People with changes, the one who looks first: “you and Bob”. `people`: (id, name)."""
    you = ["you"] if any(author == viewer.pk for author, _ in people) else []
    return names(you + [name for author, name in people if author != viewer.pk])


KINDS = {"added": "added", "removed": "removed", "changed": "changed", "rewritten": "reformatted"}


@dataclass(frozen=True)
class Table:
    """Records as a table: a column for each label that any of them has, None where one has no such value."""

    labels: tuple[str, ...]
    rows: tuple[tuple[tuple[str, Reading | None], ...], ...]


@register.filter
def as_table(records: Sequence[RecordReading]) -> Table:
    """The records as a table; one without any part keeps its title in the first column."""
    labels = tuple(dict.fromkeys(label for record in records for label, _ in record.parts)) or ("Name",)
    rows = []
    for record in records:
        parts = dict(record.parts) or {labels[0]: Reading("answered", record.title)}
        rows.append(tuple((label, parts.get(label)) for label in labels))
    return Table(labels, tuple(rows))


@register.filter
def changes_in_words(counts: Mapping[str, int]) -> str:
    """{"added": 1, "changed": 2} -> "1 added, 2 changed"."""
    return ", ".join(f"{counts[kind]:,} {word}" for kind, word in KINDS.items() if counts.get(kind))


@register.filter
def kind_in_words(kind: str) -> str:
    """What became of an answer, in a word."""
    return KINDS.get(kind, "same").capitalize()


@dataclass(frozen=True)
class Linked:
    """An answer that a check speaks of: where it stands in the form."""

    label: str
    section: str
    anchor: str


@register.filter
def linked(finding: Finding) -> list[Linked]:
    """The answers that a finding is about, for links into the form."""
    found = []
    for pointer in finding.pointers:
        field = CATALOGUE.by_pointer.get(pointer)
        label = field.question if field else pointer
        found.append(Linked(label, section_of(pointer).key, f"q-{field.slug}" if field else ""))
    return found


@register.filter
def clock(at: datetime) -> str:
    """The time of day of a point in time; with the day when that is not today."""
    local = timezone.localtime(at)
    return formats.date_format(local, "H:i" if local.date() == timezone.localdate() else "j M, H:i")


@register.filter
def as_json(value: Json) -> str:
    """What a script of the page reads from an attribute."""
    return json.dumps(value)


@register.filter
def insisting(question: Question) -> str:
    """What to post beside an answer to put it in the place of somebody else's, as JSON for htmx."""
    name = question.pointer if question.as_json else question.key
    return json.dumps({EXPECTED + name: question.problem.expected if question.problem else question.expected})


@register.filter
def linked_beside(finding: Finding, view: FieldView | UnknownView) -> list[Linked]:
    """The other answers that a finding beside one answer is about."""
    own = view.field.pointer if isinstance(view, FieldView) else view.pointer
    return [place for place, pointer in zip(linked(finding), finding.pointers, strict=True) if pointer != own]


@register.filter
def fingerprint(value: Json) -> str:
    """What stands for a value as a page shows it, to be posted back."""
    return fingerprint_of(value)


@register.filter
def title_of(row: FormRow, field: Field) -> str:
    """What a record in a form is called."""
    named = (part.text for part in row.parts if part.field.key == field.identity)
    return next((text for text in named if text.strip()), f"{field.record.capitalize()} without a {field.identity}")


@register.filter
def entries_of(row: PartChange, side: str) -> tuple[Run[EntryChange], ...]:
    """The entries of one side of a list, in the order of that side, as runs."""
    return fold(_of_side(row.entries, side), lambda entry: entry.place != "same")


@register.filter
def records_of(row: PartChange, side: str) -> tuple[Run[RecordChange], ...]:
    """The records of one side of a list, in the order of that side, as runs."""
    return fold(_of_side(row.records, side), lambda record: record.is_change)


@register.filter
def lines_of(row: PartChange, side: Literal["left", "right"]) -> tuple[Run[Line], ...]:
    """The lines of one side of a compared text, as runs."""
    return fold_lines(row.words, side)


Change = TypeVar("Change", bound=Placed)


def _of_side(changes: Sequence[Change], side: str) -> list[Change]:
    there = [change for change in changes if getattr(change, side) is not None]
    return sorted(there, key=lambda change: getattr(change, side))


@register.filter
def host_remark(link: str) -> str:
    """What to know of the host of a link, or ""."""
    return characters.host_remark(link)


@register.filter
def value_at(decisions: Mapping[str, str], key: str) -> str:
    """What was decided for one place, or ""."""
    return decisions.get(key, "")
