"""The working copy of an app: opening, replacing and discarding it."""

from django.db import transaction

from portal import access
from portal.access import Actor
from privacy import audit_entries
from privacy.document import catalogue
from privacy.document.diff import compare
from privacy.document.document import Document
from privacy.drafts import edit_log, finding_counts
from privacy.drafts.snapshots import create_snapshot
from privacy.models import EMPTY_TEXT, App, Edit, Snapshot, WorkingCopy
from privacy.refusals import NotEditable


def open_working_copy(*, actor: Actor, app: App, vocabulary: str = "") -> WorkingCopy:
    """The working copy of an app: the one that is there, else made from the draft, else from live, else empty.

    Uses what was last read. `vocabulary` chooses which questions an empty document asks. Needs privacy.edit. Raises
    PermissionDenied, NotEditable (the app was not read yet, its draft may not be read, or is no JSON object).
    """
    access.require(actor, app.connection, "privacy.edit")
    if vocabulary and vocabulary not in {known.key for known in catalogue.VOCABULARIES}:
        raise NotEditable(f"There is no set of questions called “{vocabulary[:40]}”. Nothing was changed.")
    with transaction.atomic():
        working = get_or_create(actor, App.locked(app.pk))
        if vocabulary and working.vocabulary != vocabulary:
            WorkingCopy.objects.filter(pk=working.pk).update(vocabulary=vocabulary)
            working.vocabulary = vocabulary
    return working


def get_or_create(actor: Actor, app: App) -> WorkingCopy:
    """The working copy of an app that is locked; made where there is none."""
    found = WorkingCopy.objects.select_related("base").filter(owner=app.owner_id).first()
    if app.draft_state == App.Presence.HIDDEN:
        raise NotEditable(
            f"The account of this connection may not read the draft of “{app.name}”, so saving could overwrite it "
            "unseen. Use the token of a partner account that may edit it."
        )
    if app.draft_state == App.Presence.UNREAD:
        raise NotEditable(f"“{app.name}” was not read from Atlassian yet. Refresh it first.")
    if found is not None:
        return found
    base = app.draft or app.live
    document = Document.from_text(base.text if base else EMPTY_TEXT)
    if not document.editable:
        raise NotEditable(document.why_not_editable)
    return WorkingCopy.objects.create(
        owner_id=app.owner_id,
        base=base,
        text=base.text if base else EMPTY_TEXT,
        content_hash=document.content_hash(),
        changed_by=actor.user,
        changed_by_label=actor.label,
    )


def reset_working_copy(*, actor: Actor, app: App) -> Snapshot | None:
    """Discard the changes of the working copy. What it held is kept as a version that can be restored, and returned.

    None when it held no changes, or there was none. Needs privacy.edit.
    """
    access.require(actor, app.connection, "privacy.edit")
    with transaction.atomic():
        app = App.locked(app.pk)
        working = WorkingCopy.objects.filter(owner=app.owner_id).first()
        if working is None:
            return None
        kept = _archive(actor, app, working)
        working.delete()
        finding_counts.recount(app, None)
        if kept is not None:
            audit_entries.record(actor, app, "draft.reset", before={"content": kept.content_hash, "version": kept.pk})
    return kept


def _archive(actor: Actor, app: App, working: WorkingCopy) -> Snapshot | None:
    """Keep what a working copy holds as a version, before it is dropped or replaced; None when it holds no changes."""
    Edit.objects.filter(owner=app.owner_id, saved_hash="", dropped=False).update(dropped=True)
    if not working.is_changed:
        return None
    document = Document.from_text(working.text)
    return create_snapshot(
        app=app,
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
    if snapshot.owner_id != app.owner_id:
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
    """Put a whole document in the place of the working copy; every answer that this changes goes into the edit log.

    Call it in a transaction.
    """
    app = App.locked(app.pk)
    working = get_or_create(actor, app)
    before = Document.from_text(working.text)
    _archive(actor, app, working)
    # The document may hold what they wrote, whoever brings it back, so they count as its authors.
    Edit.objects.filter(owner=app.owner_id, saved_hash="", dropped=True, sent=False).update(sent=True)
    base = app.draft or app.live
    for row in compare(document, before).changes:
        edit_log.log_edit(actor, app, row.pointer, row.right, row.left)
    working.base, working.text, working.content_hash = base, text, document.content_hash()
    working.version, working.changed_by, working.changed_by_label = working.version + 1, actor.user, actor.label
    working.save()
    finding_counts.recount(app, working, document)
    return working


def fast_forward(app: App) -> WorkingCopy | None:
    """Bring a working copy without changes of its own to what is at Atlassian now; the working copy that is left."""
    working = WorkingCopy.objects.select_related("base").filter(owner=app.owner_id).first()
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
