"""The edit form as data: every question with its answer, in a few queries."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice

from privacy.document import catalogue
from privacy.document.canonical_json import MISSING, Json, join, same, split, walk
from privacy.document.catalogue import Field, Section
from privacy.document.checks import Finding, by_pointer
from privacy.document.document import Document, Progress
from privacy.document.document_cache import DocumentCache
from privacy.document.form_values import FormValue, fits, form_value_of, hidden_names, json_text, plain
from privacy.document.readable import label_of, record_title, text_of
from privacy.document.record_pairs import changed_pairs
from privacy.drafts import edit_log
from privacy.drafts.answering import fingerprint_of
from privacy.drafts.finding_counts import text_worked_on, working_copy_of
from privacy.models import EMPTY_TEXT, App, Edit, WorkingCopy

#: So many removed records are offered for one list, and so many changed ones.
MOST_REMOVED = MOST_CHANGED = 20


@dataclass(frozen=True)
class RemoteChange:
    """Who changed the version at Atlassian last, and when, as far as that is known."""

    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Place:
    """One place of the form. What is said of it is worked out when it is asked for: most requests draw few of them."""

    context: "FormContext"
    pointer: str

    @cached_property
    def value(self) -> Json:
        return self.context.document.get(self.pointer)

    @cached_property
    def expected(self) -> str:
        """The fingerprint to post back with the answer."""
        return fingerprint_of(self.value, self.context.documents.texts)

    @cached_property
    def live_value(self) -> Json:
        """What is live; MISSING when nothing is."""
        return MISSING if self.context.live is None else self.context.live.get(self.pointer)

    @cached_property
    def changed(self) -> bool:
        """Whether it differs from live."""
        return not same(self.value, self.live_value)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The checks that speak of it."""
        return tuple(self.context.findings_at.get(self.pointer, ()))

    @cached_property
    def last_edit(self) -> Edit | None:
        """The answer given here, if it is what stands here now."""
        edit = self.context.edits.get(self.pointer)
        return edit if edit is not None and edit_log.is_current(edit, self.value, self.expected) else None

    @cached_property
    def there(self) -> RemoteChange | None:
        """The version at Atlassian that put something else in the place of an answer given here, if one did."""
        edit = self.context.edits.get(self.pointer)
        if edit is None or self.last_edit is not None or edit_log.moved_since(edit, self.context.edits):
            return None
        return self.context.changed_there if same(self.value, self.context.at_atlassian.get(self.pointer)) else None

    @property
    def undo(self) -> int | None:
        """The id of the answer to undo next, if there is one."""
        return next(reversed(self._steps.undo), None)

    @property
    def redo(self) -> int | None:
        """The id of the answer to do again next, if there is one."""
        return next(reversed(self._steps.redo), None)

    @property
    def _steps(self) -> edit_log.Steps:
        """Only where what stands here was given here and is not saved yet."""
        steps = self.context.steps.get(self.pointer)
        return edit_log.Steps() if steps is None or self.last_edit is None or self.last_edit.saved_hash else steps


@dataclass(frozen=True)
class FieldView(Place):
    """One question as the form shows it."""

    field: Field

    @cached_property
    def form(self) -> FormValue:
        """What its controls hold."""
        return form_value_of(self.field, self.value)

    @cached_property
    def fits(self) -> bool:
        """Whether they can hold the value."""
        return fits(self.field, self.value)

    @property
    def asked(self) -> bool:
        """Whether its condition holds, or it has an answer."""
        return self.context.document.asks(self.field)

    @property
    def hidden_characters(self) -> tuple[str, ...]:
        """Names of the hidden characters in the value."""
        return hidden_names(self.field, self.value) if self.fits else ()

    @property
    def removed_records(self) -> list[tuple[str, edit_log.RemovedRecord]]:
        """The records that were removed here and are not back, with their names, the newest first."""
        if self.field.kind != "records":
            return []
        gone = self.context.removed.get(self.pointer, [])[::-1]
        return [(record_title(self.field, item.record), item) for item in gone[:MOST_REMOVED]]

    @cached_property
    def changed_records(self) -> list[tuple[str, int]]:
        """The records that are something else live, with their names and places here."""
        here, live = self.value, self.live_value
        if self.field.kind != "records" or not isinstance(here, list) or not isinstance(live, list):
            return []
        changed = islice(changed_pairs(self.field, here, live), MOST_CHANGED)
        return [(record_title(self.field, here[place]), place) for place in changed]

    @property
    def live_text(self) -> str:
        """What is live, in words."""
        return text_of(self.field, self.live_value)


@dataclass(frozen=True)
class UnknownView(Place):
    """One place that no question covers, as JSON text."""

    @cached_property
    def inside(self) -> Field | None:
        """The records that it lies in, if any."""
        return catalogue.field_at(self.pointer)

    @cached_property
    def of(self) -> str:
        """The name of the record that it lies in."""
        if self.inside is None or self.inside.kind != "records":
            return ""
        record = walk(self.context.document.tree, split(self.pointer)[: len(split(self.inside.pointer)) + 1])
        return plain(record.get(self.inside.identity)) if isinstance(record, dict) else ""

    @property
    def label(self) -> str:
        path = split(self.pointer)
        if self.of and self.inside is not None:
            number = len(split(self.inside.pointer))
            path = (*path[:number], self.of, *path[number + 1 :])
        return label_of(join(path))

    @property
    def json(self) -> str:
        return json_text(self.value)

    @property
    def live_json(self) -> str:
        return json_text(self.live_value)

    @property
    def holds_answers(self) -> bool:
        """Whether questions lie below it, which need an object here."""
        return catalogue.holds_answers(self.pointer)

    @property
    def removed(self) -> bool:
        """Whether it was taken away here, which is not saved yet."""
        return self.value is MISSING


@dataclass(frozen=True)
class SectionView:
    """One section of the form with its progress."""

    section: Section
    progress: Progress
    fields: tuple[FieldView, ...]
    unknown: tuple[UnknownView, ...]
    errors: int
    warnings: int


@dataclass(frozen=True)
class EditPage:
    """The form. `working` is None until somebody gives an answer; `document` is what is edited all the same.

    vocabularies   the keys of those that are asked; other_vocabulary the one of two with fewer answers, else ""
    not_editable   one sentence when the document is no JSON object, else ""
    """

    app: App
    working: WorkingCopy | None
    document: Document
    live: Document | None
    sections: tuple[SectionView, ...]
    vocabularies: tuple[str, ...]
    other_vocabulary: str
    not_editable: str


@dataclass(frozen=True)
class FormContext:
    """What all questions of one form are drawn from."""

    app: App
    document: Document
    live: Document | None
    documents: DocumentCache
    edits: dict[str, Edit]
    steps: dict[str, edit_log.Steps]

    @cached_property
    def findings_at(self) -> dict[str, list[Finding]]:
        return by_pointer(self.documents.check(self.document))

    @cached_property
    def removed(self) -> dict[str, list[edit_log.RemovedRecord]]:
        return edit_log.removed_records(self.app)

    @cached_property
    def at_atlassian(self) -> Document:
        version = self.app.draft or self.app.live
        return self.documents.parse(version.text if version else EMPTY_TEXT)

    @cached_property
    def changed_there(self) -> RemoteChange:
        version = self.app.draft or self.app.live
        # What was saved from here carries the account of the connection, whoever changed this answer before.
        if version is None or Edit.objects.filter(owner=self.app.owner_id, saved_hash=version.content_hash).exists():
            return RemoteChange()
        return RemoteChange(version.remote_changed_by, version.remote_changed_at)


def worked_on_document(app: App) -> Document:
    """What the form edits: the working copy, else the draft, else live, else an empty document."""
    return Document.from_text(text_worked_on(app, working_copy_of(app)))


def form_context(app: App, documents: DocumentCache) -> FormContext:
    return FormContext(
        app=app,
        document=documents.parse(text_worked_on(app, working_copy_of(app))),
        live=documents.parse(app.live.text) if app.live else None,
        documents=documents,
        edits=edit_log.last_edits(app),
        steps=edit_log.steps(app),
    )


def edit_page(*, app: App, documents: DocumentCache | None = None) -> EditPage:
    """The form over the working copy, else over the draft, else over live, else over an empty document.

    `app` as `find_app` loads it: then this takes two queries, and one more where an answer was changed at Atlassian.
    `documents`: what this request parsed and checked already.
    """
    working = working_copy_of(app)
    context = form_context(app, documents or DocumentCache())
    choice = (working.vocabulary,) if working and working.vocabulary else ()
    fields: dict[str, list[FieldView]] = defaultdict(list)
    unknown: dict[str, list[UnknownView]] = defaultdict(list)
    for field in catalogue.fields_for(context.document, choice=choice):
        fields[field.section].append(FieldView(context, field.pointer, field))
    for pointer in dict.fromkeys([*context.document.unknown(), *edit_log.removals(context.edits, context.document)]):
        unknown[catalogue.section_of(pointer).key].append(UnknownView(context, pointer))
    progress = context.document.progress(choice=choice)
    vocabularies = tuple(dict.fromkeys([*catalogue.vocabularies_in(context.document), *choice]))
    sections = [
        _section(section, progress[section.key], tuple(fields[section.key]), tuple(unknown[section.key]))
        for section in catalogue.SECTIONS
        if fields[section.key] or unknown[section.key]
    ]
    return EditPage(
        app=app,
        working=working,
        document=context.document,
        live=context.live,
        sections=tuple(sections),
        vocabularies=vocabularies,
        other_vocabulary=_with_fewer_answers(context.document, vocabularies),
        not_editable=context.document.why_not_editable,
    )


def _with_fewer_answers(document: Document, vocabularies: Sequence[str]) -> str:
    """Of two vocabularies the one that fewer answers of the document belong to; "" where there are not two."""
    if len(vocabularies) != 2:
        return ""
    answered = Counter(field.vocabulary for field in catalogue.FIELDS if document.has(field.pointer))
    return min(reversed(vocabularies), key=lambda key: answered[key])


def _section(
    section: Section, progress: Progress, fields: tuple[FieldView, ...], unknown: tuple[UnknownView, ...]
) -> SectionView:
    found = {id(finding): finding for view in (*fields, *unknown) for finding in view.findings}.values()
    errors = sum(finding.level == "error" for finding in found)
    return SectionView(section, progress, fields, unknown, errors, len(found) - errors)
