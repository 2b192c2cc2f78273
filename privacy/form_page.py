"""The drawing room of privacy: the form as the pages show it, question by question, in a few queries."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from privacy import catalogue, ledger
from privacy.catalogue import Field, Section
from privacy.checks import Finding, check
from privacy.counting import text_worked_on, working_copy_of
from privacy.document import Document, FormValue, Progress, form_value, json_text
from privacy.editing import fingerprint
from privacy.models import EMPTY_TEXT, App, Edit, WorkingCopy
from privacy.render import Reading, label_of, read
from privacy.showing import plain
from privacy.wire import MISSING, Json, join, same, split, walk


@dataclass(frozen=True)
class FieldView:
    """One question as the form shows it.

    seen       the fingerprint to post back with the answer
    asked      its condition holds, or it has an answer
    live_value, live_reading  what is live (MISSING when nothing), and that in words
    changed    it differs from live
    findings   checks that speak of this field
    last_edit  the answer given here, if it is what stands here now
    there      the version at Atlassian that put something else in the place of an answer given here, if one did
    undo, redo ids of the answers to undo and to do again next, if there are any
    """

    field: Field
    value: Json
    form: FormValue
    seen: str
    asked: bool
    live_value: Json
    live_reading: Reading
    changed: bool
    findings: tuple[Finding, ...] = ()
    last_edit: Edit | None = None
    there: "There | None" = None
    undo: int | None = None
    redo: int | None = None

    @property
    def live_text(self) -> str:
        """What is live, as text."""
        return self.live_reading.text


@dataclass(frozen=True)
class UnknownView:
    """One place that no question covers, as JSON text; `last_edit` and `there` as for a question.

    inside         the records that it lies in, if any; `of` is the name of the record
    holds_answers  questions lie below it, which need an object here
    removed        it was taken away here, which is not saved yet
    """

    pointer: str
    label: str
    json: str
    seen: str
    live_json: str
    changed: bool
    inside: Field | None = None
    of: str = ""
    holds_answers: bool = False
    removed: bool = False
    findings: tuple[Finding, ...] = ()
    last_edit: Edit | None = None
    there: "There | None" = None
    undo: int | None = None
    redo: int | None = None


@dataclass(frozen=True)
class There:
    """Who changed the version at Atlassian last, and when, as far as that is known."""

    by: str = ""
    at: datetime | None = None


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

    vocabularies   the keys of those that are asked
    not_editable   one sentence when the document is no JSON object, else ""
    """

    app: App
    working: WorkingCopy | None
    document: Document
    live: Document | None
    sections: tuple[SectionView, ...]
    findings: tuple[Finding, ...]
    vocabularies: tuple[str, ...]
    not_editable: str


@dataclass(frozen=True)
class _Desk:
    """What all questions of one form are drawn from."""

    app: App
    document: Document
    live: Document | None
    findings: tuple[Finding, ...]
    edits: dict[str, Edit]
    steps: dict[str, ledger.Steps]

    def next_steps(self, pointer: str, last_edit: Edit | None) -> dict[str, int | None]:
        """The answers to undo and to do again, where what stands here was given here and is not saved yet."""
        steps = self.steps.get(pointer)
        if steps is None or last_edit is None or last_edit.saved_hash:
            return {}
        return {"undo": next(reversed(steps.undo), None), "redo": next(reversed(steps.redo), None)}

    def about(self, pointer: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if pointer in finding.pointers)

    def live_value(self, pointer: str) -> Json:
        return MISSING if self.live is None else self.live.get(pointer)

    def trace(self, pointer: str, value: Json) -> tuple[Edit | None, There | None]:
        """Where the value is from: the answer given here, or what changed that at Atlassian, or neither is known."""
        edit = self.edits.get(pointer)
        if edit is None or ledger.gave(edit, value):
            return edit, None
        there = not ledger.moved_since(edit, self.edits) and same(value, self.at_atlassian.get(pointer))
        return None, self.changed_there if there else None

    @cached_property
    def at_atlassian(self) -> Document:
        version = self.app.draft or self.app.live
        return Document.from_text(version.text if version else EMPTY_TEXT)

    @cached_property
    def changed_there(self) -> There:
        version = self.app.draft or self.app.live
        # What was saved from here carries the account of the connection, whoever changed this answer before.
        if version is None or Edit.objects.filter(app=self.app, saved_hash=version.content_hash).exists():
            return There()
        return There(version.remote_changed_by, version.remote_changed_at)

    def field(self, field: Field) -> FieldView:
        value, live = self.document.get(field.pointer), self.live_value(field.pointer)
        last_edit, there = self.trace(field.pointer, value)
        return FieldView(
            field=field,
            value=value,
            form=form_value(field, self.document),
            seen=fingerprint(self.document, field.pointer),
            asked=self.document.asks(field),
            live_value=live,
            live_reading=read(field, live),
            changed=not same(value, live),
            findings=self.about(field.pointer),
            last_edit=last_edit,
            there=there,
            **self.next_steps(field.pointer, last_edit),
        )

    def unknown(self, pointer: str) -> UnknownView:
        value, live = self.document.get(pointer), self.live_value(pointer)
        last_edit, there = self.trace(pointer, value)
        inside = catalogue.field_at(pointer)
        path, of = split(pointer), ""
        if inside is not None and inside.kind == "records":
            number = len(split(inside.pointer))
            record = walk(self.document.tree, path[: number + 1])
            of = plain(record.get(inside.identity)) if isinstance(record, dict) else ""
            path = (*path[:number], of or path[number], *path[number + 1 :])
        return UnknownView(
            pointer=pointer,
            label=label_of(join(path)),
            json=json_text(value),
            seen=fingerprint(self.document, pointer),
            live_json=json_text(live),
            changed=not same(value, live),
            inside=inside,
            of=of,
            holds_answers=catalogue.holds_answers(pointer),
            removed=value is MISSING,
            findings=self.about(pointer),
            last_edit=last_edit,
            there=there,
            **self.next_steps(pointer, last_edit),
        )


def worked_on_document(app: App) -> Document:
    """What the form edits: the working copy, else the draft, else live, else an empty document."""
    return Document.from_text(text_worked_on(app, working_copy_of(app)))


def _desk(app: App) -> _Desk:
    document = worked_on_document(app)
    return _Desk(
        app=app,
        document=document,
        live=Document.from_text(app.live.text) if app.live else None,
        findings=tuple(check(document)),
        edits=ledger.last_edits(app),
        steps=ledger.steps(app),
    )


def edit_page(*, app: App) -> EditPage:
    """The form over the working copy, else over the draft, else over live, else over an empty document.

    `app` as `find_app` loads it: then this takes two queries, and one more where an answer was changed at Atlassian.
    """
    working = working_copy_of(app)
    desk = _desk(app)
    choice = (working.vocabulary,) if working and working.vocabulary else ()
    progress = desk.document.progress(choice=choice)
    fields = [desk.field(field) for field in catalogue.fields_for(desk.document, choice=choice)]
    beside_fields = dict.fromkeys([*desk.document.unknown(), *ledger.removals(desk.edits, desk.document)])
    unknown = [desk.unknown(pointer) for pointer in beside_fields]
    sections = []
    for section in catalogue.SECTIONS:
        inside = tuple(view for view in fields if view.field.section == section.key)
        beside = tuple(view for view in unknown if catalogue.section_of(view.pointer) is section)
        if inside or beside:
            views: list[FieldView | UnknownView] = [*inside, *beside]
            found = {id(finding): finding for view in views for finding in view.findings}.values()
            errors = sum(finding.level == "error" for finding in found)
            sections.append(SectionView(section, progress[section.key], inside, beside, errors, len(found) - errors))
    return EditPage(
        app=app,
        working=working,
        document=desk.document,
        live=desk.live,
        sections=tuple(sections),
        findings=desk.findings,
        vocabularies=tuple(dict.fromkeys([*catalogue.vocabularies_in(desk.document), *choice])),
        not_editable=desk.document.why_not_editable,
    )
