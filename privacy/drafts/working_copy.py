"""The working copy: one answer at a time, and no answer overwritten that the page did not show.

A *fingerprint* (`seen`) stands for the value of one field as a page showed it: `fingerprint(document, pointer)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from portal import access
from portal.access import Actor
from portal.atlassian.strictjson import StrictJSONError
from privacy import audit_entries
from privacy.document import canonical_json, catalogue, patches
from privacy.document.answers import AnswerError
from privacy.document.canonical_json import MISSING, Json, PointerError
from privacy.document.checks import Finding
from privacy.document.diff import compare
from privacy.document.document import Document, Raw
from privacy.document.merge import take
from privacy.drafts import edit_log, finding_counts
from privacy.drafts.snapshots import create_snapshot
from privacy.models import EMPTY_TEXT, App, Edit, Snapshot, WorkingCopy
from privacy.refusals import AnswerConflict, AnswerRefused, NotEditable


@dataclass(frozen=True)
class Answered:
    """What one answer came to.

    working   the working copy afterwards; `document` its content
    pointer   where the answer is; `seen` the fingerprint that the page shall hold from now on
    before    the value that was there before
    edit      the entry in the ledger, None when the answer was that already
    findings  what the checks find in the document, where it was changed
    """

    working: WorkingCopy
    document: Document
    pointer: str
    seen: str
    before: Json
    edit: Edit | None
    findings: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything changed."""
        return self.edit is not None


def fingerprint(document: Document, pointer: str) -> str:
    """What stands for the value at a pointer; also for a key that is not there."""
    return fingerprint_of(document.get(pointer))


def fingerprint_of(value: Json) -> str:
    """What stands for a value."""
    return canonical_json.digest(value)[:32]


# --- The working copy -----------------------------------------------------------------------------------------------


def open_working_copy(*, actor: Actor, app: App, vocabulary: str = "") -> WorkingCopy:
    """The working copy of an app: the one that is there, else made from the draft, else from live, else empty.

    Uses what was last read. `vocabulary` chooses which questions an empty document asks. Needs privacy.edit. Raises
    PermissionDenied, NotEditable (the app was not read yet, its draft may not be read, or is no JSON object).
    """
    access.require(actor, app.connection, "privacy.edit")
    if vocabulary and vocabulary not in {known.key for known in catalogue.VOCABULARIES}:
        raise NotEditable(f"There is no set of questions called “{vocabulary[:40]}”. Nothing was changed.")
    with transaction.atomic():
        working = _open(actor, App.locked(app.pk))
        if vocabulary and working.vocabulary != vocabulary:
            WorkingCopy.objects.filter(pk=working.pk).update(vocabulary=vocabulary)
            working.vocabulary = vocabulary
    return working


def _open(actor: Actor, app: App) -> WorkingCopy:
    """The working copy of an app that is locked; made where there is none."""
    found = WorkingCopy.objects.select_related("base").filter(app=app).first()
    if app.draft_state == App.Presence.HIDDEN:
        raise NotEditable(
            f"The account of this connection may not read the draft of “{app.name}”, so saving could overwrite it "
            "unseen. Use the token of a partner account that may edit it."
        )
    if app.draft_state == App.Presence.UNREAD:
        raise NotEditable(f"“{app.name}” was not read from Atlassian yet. Read it first.")
    if found is not None:
        found.app = app
        return found
    base = app.draft or app.live
    document = Document.from_text(base.text if base else EMPTY_TEXT)
    if not document.editable:
        raise NotEditable(document.why_not_editable)
    return WorkingCopy.objects.create(
        app=app,
        base=base,
        text=base.text if base else EMPTY_TEXT,
        content_hash=document.content_hash(),
        changed_by=actor.user,
        changed_by_label=actor.label,
    )


def reset_working_copy(*, actor: Actor, app: App) -> Snapshot | None:
    """Drop the working copy. What it held is kept as a version that can be restored, and returned.

    None when it held no changes, or there was none. Needs privacy.edit.
    """
    access.require(actor, app.connection, "privacy.edit")
    with transaction.atomic():
        app = App.locked(app.pk)
        working = WorkingCopy.objects.filter(app=app).first()
        if working is None:
            return None
        kept = _archive(actor, working)
        working.delete()
        finding_counts.recount(app, None)
        if kept is not None:
            audit_entries.record(actor, app, "draft.reset", before={"content": kept.content_hash, "version": kept.pk})
    return kept


def _archive(actor: Actor, working: WorkingCopy) -> Snapshot | None:
    """Keep what a working copy holds as a version, before it is dropped or replaced; None when it holds no changes."""
    Edit.objects.filter(app_id=working.app_id, saved_hash="", dropped=False).update(dropped=True)
    if not working.is_changed:
        return None
    document = Document.from_text(working.text)
    return create_snapshot(
        app=working.app,
        source=Snapshot.Source.WORKING,
        document=document,
        text=working.text,
        actor=actor,
    )


def restore(*, actor: Actor, app: App, snapshot: Snapshot) -> WorkingCopy:
    """Make any version the working copy, on top of what is at Atlassian now. Needs privacy.edit.

    A working copy with changes is kept as a version first. Raises NotEditable for a version of another app or one that
    is no JSON object.
    """
    access.require(actor, app.connection, "privacy.edit")
    if snapshot.app_id != app.pk:
        raise NotEditable("This version belongs to another app. Nothing was changed.")
    document = Document.from_text(snapshot.text)
    if not document.editable:
        raise NotEditable(document.why_not_editable)
    with transaction.atomic():
        working = replace(actor=actor, app=app, document=document, text=snapshot.text)
        audit_entries.record(
            actor, app, "draft.restore", after={"content": working.content_hash, "version": snapshot.pk}
        )
    return working


def replace(*, actor: Actor, app: App, document: Document, text: str) -> WorkingCopy:
    """Put a whole document in the place of the working copy; every answer that this changes goes on the ledger.

    Call it in a transaction.
    """
    app = App.locked(app.pk)
    working = _open(actor, app)
    before = Document.from_text(working.text)
    _archive(actor, working)
    # The document may hold what they wrote, whoever brings it back, so they count as its authors.
    Edit.objects.filter(app=app, saved_hash="", dropped=True, sent=False).update(sent=True)
    base = app.draft or app.live
    for row in compare(document, before).changes:
        edit_log.log_edit(actor, app, row.pointer, row.right, row.left)
    working.base, working.text, working.content_hash = base, text, document.content_hash()
    working.version, working.changed_by, working.changed_by_label = working.version + 1, actor.user, actor.label
    working.save()
    finding_counts.recount(app, working, document)
    return working


# --- One answer -----------------------------------------------------------------------------------------------------


def answer(*, actor: Actor, app: App, pointer: str, raw: Raw, seen: str | None = None) -> Answered:
    """Keep one answer to a question of the catalogue, as the form posted it (`document.posted(field, request.POST)`).

    `seen`: the fingerprint that the page was loaded with; None writes without looking. Opens a working copy where there
    is none. Answers to different fields by two people both land. Needs privacy.edit. Raises AnswerRefused (with the
    typed text), AnswerConflict, NotEditable, PermissionDenied.
    """
    try:
        field = catalogue.field(pointer)
    except KeyError:
        raise AnswerRefused("There is no such question in the catalogue.", pointer=pointer, typed=raw) from None
    return _give(actor, app, pointer, raw, _showing(seen), lambda document: document.answer(field, raw))


def answer_json(*, actor: Actor, app: App, pointer: str, text: str, seen: str | None = None) -> Answered:
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

    return _give(actor, app, pointer, text, _showing(seen), change)


def undo(*, actor: Actor, app: App, edit: Edit) -> Answered:
    """Put back what was there before one answer; of an answer that undid another one: do that again.

    `ledger.steps` says which answer comes next. Needs privacy.edit. Raises AnswerConflict when the field was changed
    again since, by whomever, and what `answer` raises.
    """
    if edit.app_id != app.pk:
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

    return _give(actor, app, edit.pointer, "", lambda value: edit_log.is_current(edit, value), change, undoes=edit)


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

    return _give(actor, app, edit.pointer, "", _showing(None), change)


def take_live_value(*, actor: Actor, app: App, pointer: str, seen: str | None = None) -> Answered:
    """Put the live value of one place (a row of the comparison) into the working copy; what live has not is taken away.

    Needs privacy.edit. Raises NotEditable, AnswerConflict, AnswerRefused, PermissionDenied.
    """
    live = App.objects.select_related("live").get(pk=app.pk).live
    source = Document.from_text(live.text) if live else None

    def change(document: Document) -> bool:
        if pointer not in {row.pointer for row in compare(document, source).rows}:
            raise AnswerError("This place is neither in the working copy nor live, so nothing was changed.")
        return take(document, source, pointer)

    return _give(actor, app, pointer, "", _showing(seen), change)


Change = Callable[[Document], bool]
Expected = Callable[[Json], bool]


def _showing(seen: str | None) -> Expected:
    """Whether a value is the one that a page showed; any is, where the page does not say."""
    return lambda value: seen is None or seen == fingerprint_of(value)


def _give(
    actor: Actor, app: App, pointer: str, typed, expected: Expected, change: Change, *, undoes: Edit | None = None
) -> Answered:
    access.require(actor, app.connection, "privacy.edit")
    if "\x00" in pointer:
        raise AnswerRefused("The name of this place cannot be written here.", pointer=pointer, typed=typed)
    with transaction.atomic():
        return _apply_answer(actor, App.locked(app.pk), pointer, typed, expected, change, undoes)


def _apply_answer(
    actor: Actor, app: App, pointer: str, typed, expected: Expected, change: Change, undoes: Edit | None
) -> Answered:
    working = _open(actor, app)
    document = Document.from_text(working.text)
    after = document.copy()
    before: Json = MISSING
    try:
        before = document.get(pointer)
        changed = change(after)
        if before is MISSING and changed:
            after.in_old_place(pointer, document, _models(working))
        text = after.text  # refuses what could not be read back, before anything is kept
    except AnswerError as error:
        if not expected(before):  # what the page does not know may be why
            raise _conflict(actor, app, pointer, typed, document, document) from None
        raise AnswerRefused(str(error), pointer=pointer, typed=typed) from None
    except (PointerError, StrictJSONError) as error:
        raise AnswerRefused(str(error), pointer=pointer, typed=typed) from None
    if not changed:
        return Answered(working, document, pointer, fingerprint(document, pointer), before, None)
    if not expected(before):
        raise _conflict(actor, app, pointer, typed, document, after)
    working.text, working.content_hash = text, after.content_hash()
    working.version, working.changed_by, working.changed_by_label = working.version + 1, actor.user, actor.label
    working.save(update_fields=["text", "content_hash", "version", "changed_by", "changed_by_label", "changed_at"])
    edit = edit_log.log_edit(actor, app, pointer, before, after.get(pointer), undoes=undoes)
    findings = finding_counts.recount(app, working, after)
    return Answered(working, after, pointer, fingerprint(after, pointer), before, edit, tuple(findings))


def _models(working: WorkingCopy) -> list[Document]:
    """The versions that tell where a key belongs that comes back."""
    versions = working.base, working.app.live
    return [Document.from_text(version.text) for version in versions if version is not None]


def _conflict(actor: Actor, app: App, pointer: str, typed, document: Document, after: Document) -> AnswerConflict:
    """The page is older than the answer, whoever gave it: a list is posted whole, so it would take away what is new."""
    theirs = document.get(pointer)
    last = Edit.objects.filter(app=app, pointer=pointer, dropped=False).first()
    if last is not None and not edit_log.is_current(last, theirs):
        last = None  # changed at Atlassian since
    return AnswerConflict(
        pointer=pointer,
        typed=typed,
        mine=after.get(pointer),
        theirs=theirs,
        seen=fingerprint(document, pointer),
        edit=last,
        own=last is not None and (last.author_id, last.author_label) == (_id(actor), actor.label),
    )


def _id(actor: Actor) -> int | None:
    return actor.user.pk if actor.user else None


def fast_forward(app: App) -> WorkingCopy | None:
    """Bring a working copy without changes of its own to what is at Atlassian now; the working copy that is left."""
    working = WorkingCopy.objects.select_related("base").filter(app=app).first()
    remote = app.draft or app.live
    if working is None or working.is_changed or app.draft_state == App.Presence.HIDDEN:
        return working
    if remote is None and working.base is None:
        return working
    unchanged = WorkingCopy.objects.filter(pk=working.pk, version=working.version)
    if remote is None:
        unchanged.delete()
        return None
    if working.base_id != remote.pk:
        unchanged.update(
            base=remote,
            text=remote.text,
            content_hash=remote.content_hash,
            version=working.version + 1,
        )
        working = WorkingCopy.objects.select_related("base").get(pk=working.pk)
    return working
