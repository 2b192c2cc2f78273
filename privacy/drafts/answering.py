"""Changing one answer of the working copy, and overwriting none that the page did not show.

A *fingerprint* stands for the value of one field as a page showed it: `fingerprint(document, pointer)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from portal import access
from portal.access import Actor
from portal.atlassian.strictjson import StrictJSONError
from privacy.document import canonical_json, catalogue, patches
from privacy.document.answers import AnswerError
from privacy.document.canonical_json import MISSING, Json, PointerError, Texts
from privacy.document.catalogue import Field
from privacy.document.checks import Finding
from privacy.document.diff import compare
from privacy.document.document import Document, Raw
from privacy.document.merge import take
from privacy.document.record_pairs import changed_pairs
from privacy.drafts import edit_log, finding_counts
from privacy.drafts.working_copy import get_or_create
from privacy.models import App, Edit, WorkingCopy
from privacy.refusals import AnswerConflict, AnswerRefused, NotEditable


@dataclass(frozen=True)
class Answered:
    """What one answer came to.

    working   the working copy afterwards; `document` its content
    pointer   where the answer is; `fingerprint` stands for its value, for the next answer
    before    the value that was there before
    edit      the entry in the edit log, None when the answer was that already
    findings  what the checks find in the document, where it was changed
    texts     the canonical texts of what the document holds
    """

    working: WorkingCopy
    document: Document
    pointer: str
    fingerprint: str
    before: Json
    edit: Edit | None
    findings: tuple[Finding, ...] = ()
    texts: Texts = field(default_factory=Texts)

    @property
    def changed(self) -> bool:
        """Whether anything changed."""
        return self.edit is not None


MayReplace = Callable[[Json], bool]


@dataclass(frozen=True)
class Change:
    """A change of one answer: where, what was typed, which value it may replace, and what makes it.

    `apply` returns whether the document changed. `undoes`: the answer that is undone. `texts`: see `Answered`.
    """

    pointer: str
    typed: Raw
    may_replace: MayReplace
    apply: Callable[[Document], bool]
    undoes: Edit | None = None
    texts: Texts = field(default_factory=Texts)


def fingerprint(document: Document, pointer: str) -> str:
    """What stands for the value at a pointer; also for a key that is not there."""
    return fingerprint_of(document.get(pointer))


def fingerprint_of(value: Json, texts: Texts | None = None) -> str:
    """What stands for a value."""
    return canonical_json.digest(value, texts)[:32]


def answer(*, actor: Actor, app: App, pointer: str, raw: Raw, expected: str | None = None) -> Answered:
    """Keep one answer to a question of the catalogue, as the form posted it (`document.posted(field, request.POST)`).

    `expected`: the fingerprint that the page was loaded with; None writes without looking. Opens a working copy where
    there is none. Answers to different fields by two people both land. Needs privacy.edit. Raises AnswerRefused (with
    the typed text), AnswerConflict, NotEditable, PermissionDenied.
    """
    question, texts = _question(pointer, raw), Texts()
    change = Change(
        pointer, raw, _equals(expected, texts), lambda document: document.answer(question, raw, texts), texts=texts
    )
    return _give(actor, app, change)


def _question(pointer: str, raw: Raw = "") -> Field:
    try:
        return catalogue.field(pointer)
    except KeyError:
        raise AnswerRefused("There is no such question in the catalogue.", pointer=pointer, typed=raw) from None


def answer_json(*, actor: Actor, app: App, pointer: str, text: str, expected: str | None = None) -> Answered:
    """The same for a value typed as JSON: fields that the catalogue does not know, and values of an unexpected type.

    Empty text takes the place away; it can be given again until that is saved. Raises as `answer` does.
    """

    def change(document: Document) -> bool:
        if document.why_not_editable:
            raise AnswerError(document.why_not_editable)
        value = document.get(pointer)
        gone = value is MISSING and pointer not in edit_log.removals(edit_log.last_edits(app), document)
        if catalogue.holds_answers(pointer) and (gone or value is None or isinstance(value, dict)):
            raise AnswerError("This holds answers of its own, which are changed one by one. Nothing was changed.")
        if gone and catalogue.field_at(pointer) is None:
            raise AnswerError("This place is not in the document any more, so nothing was changed.")
        return document.answer_json(pointer, text) if text.strip() else document.remove(pointer)

    return _give(actor, app, Change(pointer, text, _equals(expected), change))


def undo(*, actor: Actor, app: App, edit: Edit) -> Answered:
    """Put back what was there before one answer; of an answer that undid another one: do that again.

    `edit_log.steps` says which answer comes next. Needs privacy.edit. Raises AnswerConflict when the field was changed
    again since, by whomever, and what `answer` raises.
    """
    if edit.owner_id != app.owner_id:
        raise NotEditable("This answer was given in another app. Nothing was changed.")
    if edit_log.NUL in edit.pointer:
        raise NotEditable("The name of this place cannot be written here. Restore a version instead.")
    if edit_log.moved_since(edit, edit_log.last_edits(app)):
        raise NotEditable("What lies around this place was changed since. Nothing was changed. Reload the page.")

    def change(document: Document) -> bool:
        try:
            before = patches.revert(edit_log.patch_of(edit), document.get(edit.pointer))
        except patches.PatchError:
            raise AnswerError("This answer was changed since, so nothing was changed. Reload the page.") from None
        document.put(edit.pointer, before)
        return True

    may_replace = partial(edit_log.is_current, edit)
    return _give(actor, app, Change(edit.pointer, "", may_replace, change, undoes=edit))


def bring_back(*, actor: Actor, app: App, edit: Edit, place: int) -> Answered:
    """Put a removed record back into its list, near where it was; what was changed since stays.

    `edit` removed it, from this `place` of the list. Needs privacy.edit. Raises what `answer` raises.
    """

    def change(document: Document) -> bool:
        gone = edit_log.removed_records(app).get(edit.pointer, [])
        removed = next((item for item in gone if (item.edit.pk, item.place) == (edit.pk, place)), None)
        records = document.get(edit.pointer)
        if removed is None or not (records is MISSING or records is None or isinstance(records, list)):
            raise AnswerError("This record cannot be brought back, or it is back already. Nothing was changed.")
        kept = list(records) if isinstance(records, list) else []
        kept.insert(edit_log.place_now(removed), removed.record)
        document.set(edit.pointer, kept)
        return True

    return _give(actor, app, Change(edit.pointer, "", _equals(None), change))


def take_live_record(*, actor: Actor, app: App, pointer: str, place: int, expected: str) -> Answered:
    """Put what is live of one record into the list at `pointer`, in the place that the record has there.

    `expected`: the fingerprint of the list in which it has that place. Needs privacy.edit. Raises what `answer` raises.
    """
    live = App.objects.select_related("live").get(pk=app.pk).live
    question = _question(pointer)

    def change(document: Document) -> bool:
        here, there = document.get(pointer), Document.from_text(live.text).get(pointer) if live else MISSING
        if question.kind != "records" or not isinstance(here, list) or not isinstance(there, list):
            raise AnswerError("There is no such list of records here and live, so nothing was changed.")
        pairs = changed_pairs(question, here, there)
        if place not in pairs:
            raise AnswerError("This record is not live, or the same as live, so nothing was changed.")
        document.set(pointer, [*here[:place], there[pairs[place]], *here[place + 1 :]])
        return True

    return _give(actor, app, Change(pointer, "", _equals(expected), change))


def take_live_value(*, actor: Actor, app: App, pointer: str, expected: str | None = None) -> Answered:
    """Put the live value of one place (a row of the comparison) into the working copy; what live has not is taken away.

    Needs privacy.edit. Raises NotEditable, AnswerConflict, AnswerRefused, PermissionDenied.
    """
    live = App.objects.select_related("live").get(pk=app.pk).live
    source = Document.from_text(live.text) if live else None

    def change(document: Document) -> bool:
        if pointer not in {row.pointer for row in compare(document, source).rows}:
            raise AnswerError("This place is neither in the working copy nor live, so nothing was changed.")
        return take(document, source, pointer)

    return _give(actor, app, Change(pointer, "", _equals(expected), change))


def _equals(expected: str | None, texts: Texts | None = None) -> MayReplace:
    """Whether a value is the one that a page showed; any is, where the page does not say."""
    return lambda value: expected is None or expected == fingerprint_of(value, texts)


def _give(actor: Actor, app: App, change: Change) -> Answered:
    access.require(actor, app.connection, "privacy.edit")
    if "\x00" in change.pointer:
        what = "The name of this place cannot be written here."
        raise AnswerRefused(what, pointer=change.pointer, typed=change.typed)
    with transaction.atomic():
        return _apply_answer(actor, App.locked(app.pk), change)


def _apply_answer(actor: Actor, app: App, change: Change) -> Answered:
    working, pointer, texts = get_or_create(actor, app), change.pointer, change.texts
    document = Document.from_text(working.text)
    before: Json = MISSING
    try:
        before, after = document.get(pointer), document.copy_to_change(pointer)
        changed = change.apply(after)
        if before is MISSING and changed:
            after.in_old_place(pointer, document, _earlier_versions(app, working))
        text = after.text  # refuses what could not be read back, before anything is kept
    except AnswerError as error:
        if not change.may_replace(before):  # what the page does not know may be why
            raise _conflict(actor, app, change, document, document) from None
        raise AnswerRefused(str(error), pointer=pointer, typed=change.typed) from None
    except (PointerError, StrictJSONError) as error:
        raise AnswerRefused(str(error), pointer=pointer, typed=change.typed) from None
    if not changed:
        return Answered(working, document, pointer, fingerprint(document, pointer), before, None)
    if not change.may_replace(before):
        raise _conflict(actor, app, change, document, after)
    # From here on nothing of the document changes, so that each text of `texts` stays true.
    value = after.get(pointer)
    working.text, working.content_hash = text, after.content_hash(texts)
    working.version, working.changed_by, working.changed_by_label = working.version + 1, actor.user, actor.label
    working.save(update_fields=["text", "content_hash", "version", "changed_by", "changed_by_label", "changed_at"])
    edit = edit_log.log_edit(actor, app, pointer, before, value, undoes=change.undoes, texts=texts)
    findings = finding_counts.recount(app, working, after)
    return Answered(working, after, pointer, fingerprint_of(value, texts), before, edit, tuple(findings), texts)


def _earlier_versions(app: App, working: WorkingCopy) -> list[Document]:
    """The versions that tell where a key belongs that comes back."""
    versions = working.base, app.live
    return [Document.from_text(version.text) for version in versions if version is not None]


def _conflict(actor: Actor, app: App, change: Change, document: Document, after: Document) -> AnswerConflict:
    """The page is older than the answer, whoever gave it: a list is posted whole, so it would take away what is new."""
    theirs = document.get(change.pointer)
    last = Edit.objects.filter(owner=app.owner_id, pointer=change.pointer, dropped=False).first()
    if last is not None and not edit_log.is_current(last, theirs):
        last = None  # changed at Atlassian since
    return AnswerConflict(
        pointer=change.pointer,
        typed=change.typed,
        mine=after.get(change.pointer),
        theirs=theirs,
        fingerprint=fingerprint(document, change.pointer),
        edit=last,
        own=last is not None and (last.author_id, last.author_label) == (_id(actor), actor.label),
    )


def _id(actor: Actor) -> int | None:
    return actor.user.pk if actor.user else None
