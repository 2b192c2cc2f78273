"""Saving the working copy to Marketplace as the draft, whole, and reading it back."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.connections import clients
from portal.counts import counted
from portal.jobs.leases import Lease
from privacy import audit_entries
from privacy.document.diff import Diff, compare
from privacy.document.document import Document
from privacy.drafts import conflicts, finding_counts
from privacy.drafts.edit_audit import references
from privacy.drafts.importing import import_document, parse_document
from privacy.drafts.snapshots import create_snapshot
from privacy.marketplace import refresh, write_lease
from privacy.marketplace.publish_outcome import FROM_NOW, call_on_its_way
from privacy.models import App, Edit, Snapshot, WorkingCopy
from privacy.refusals import NotAsSent, NotEditable, NotKnown, Refusal

Source = Snapshot.Source
#: What is left to say when a pushed file was not saved.
FILE_IS_WORKING_COPY = (
    "The file is the working copy of this app now: save it again, or discard the changes in the form."
)


@dataclass(frozen=True)
class Saved:
    """A save that was read back equal. `changes`: how many places differ from what was there before."""

    app: App
    snapshot: Snapshot
    changes: int
    sentence: str


def save_to_marketplace(
    *, actor: Actor, app: App, decisions: Mapping[str, str] | None = None, decided_on: str | None = None
) -> Saved:
    """Send the working copy as the draft, whole, and read it back.

    Draft and live are read first. When what is there is not what the work started from, MovedMeanwhile carries the
    three-way comparison; call again with `decisions` (pointer -> "mine" or "theirs") and its `decided_on`. Whatever
    fails, the working copy stays. A lost answer is settled by reading. Needs privacy.edit. Raises NotEditable (no
    working copy), MovedMeanwhile, NotAsSent, NotKnown, Busy, ApiError, PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.edit")
    _working(app)
    with write_lease.writing(actor, app, "saving the draft") as lease:
        app = refresh.refresh_app(actor=actor, app=app)
        if app.draft_state == App.Presence.HIDDEN:
            raise NotEditable(
                f"The account of this connection may not read the draft of “{app.name}”. Nothing was sent; the working "
                "copy is kept. Use the token of a partner account that may edit it."
            )
        _require_no_publish_on_its_way(app)
        working = conflicts.bring_together(actor, app, _working(app), decisions or {}, decided_on)
        return _send(actor, app, working, lease)


def _working(app: App) -> WorkingCopy:
    working = WorkingCopy.objects.select_related("base").filter(owner=app.owner_id).first()
    if working is None:
        raise NotEditable(f"There is no working copy of “{app.name}”, so there is nothing to save.")
    return working


def _require_no_publish_on_its_way(app: App) -> None:
    until = call_on_its_way(app)
    if until is not None:
        raise NotEditable(
            f"A call to publish “{app.name}” got no answer and may still arrive until "
            f"{timezone.localtime(until):%H:%M}. It would publish what is saved now, although nobody approved it. "
            "Nothing was sent; the working copy is kept. Save it after that."
        )


# --- Sending --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Submission:
    """What goes out: the document, the version of the working copy it was, and the answers that are in it.

    `sent`: kept before it goes out, so that its author is on record whatever the call comes to. `first_sent`: those of
    the answers that had not gone out before; `references`: what the audit trail keeps of all of them.
    """

    working: WorkingCopy
    sent: Snapshot
    document: Document
    content_hash: str
    edits: tuple[int, ...]
    first_sent: tuple[int, ...]
    references: list[dict]
    changes: Diff


def _send(actor: Actor, app: App, working: WorkingCopy, lease: Lease) -> Saved:
    lease.extend()
    submission = _submission(actor, app, working)
    client = clients.marketplace(app.connection)
    there_before = app.draft or app.live
    facts = {
        "before": {"content": there_before.content_hash, "version": there_before.pk} if there_before else None,
        "after": {"content": submission.content_hash, "version": submission.sent.pk, "edits": submission.references},
    }
    audit_entries.record(actor, app, "draft.save", after={"content": submission.content_hash}, outcome="started")
    lost: ApiError | None = None
    try:
        may_arrive = client.put_draft(app.product_id, submission.document.tree)
    except ApiError as error:
        if write_lease.is_definite(error):
            _take_back(app, submission)
            audit_entries.record(
                actor, app, "draft.save", outcome="refused", detail=error.message, trace_id=error.trace_id
            )
            raise
        lost, may_arrive = error, error.unanswered
    if not may_arrive:
        _has_ended(submission)
    before = app.draft.content_hash if app.draft else ""
    app = _read_back(actor, app, lost)
    there = app.draft.content_hash if app.draft else ""
    if lost is not None and there == before and there != submission.content_hash:
        raise _nothing_saved(actor, app, submission, lost)
    if lost is not None and lost.attempts == 1 and there == submission.content_hash != before:
        _has_ended(submission)  # it went out once, and what is there now was not there before
    if there != submission.content_hash:
        detail = "What was read back is not what was sent."
        audit_entries.record(actor, app, "draft.save", **facts, outcome="unknown", detail=detail)
        raise NotAsSent(_not_as_sent(app, submission), sent=submission.sent, read=app.draft)
    _mark_saved(actor, app, submission, facts, lost)
    return Saved(
        app,
        submission.sent,
        len(submission.changes.changes),
        _saved_sentence(app, len(submission.changes.changes), lost),
    )


def _has_ended(submission: Submission) -> None:
    """No try of this save can arrive any more."""
    Snapshot.objects.filter(pk=submission.sent.pk).update(may_arrive_until=None)


def _nothing_saved(actor: Actor, app: App, submission: Submission, lost: ApiError) -> ApiError:
    """The error to raise when the draft is as it was; a save without an answer may still arrive."""
    until = Snapshot.objects.values_list("may_arrive_until", flat=True).get(pk=submission.sent.pk)
    if until is not None:
        lost.advice = (
            f"It may still arrive until {timezone.localtime(until):%H:%M}; until then no other draft is published. "
            "Refresh the app, then save again if the draft is not yet what you wrote."
        )
    outcome = "unknown" if until else "failed"
    audit_entries.record(actor, app, "draft.save", outcome=outcome, detail=lost.message, trace_id=lost.trace_id)
    return lost


def _submission(actor: Actor, app: App, working: WorkingCopy) -> Submission:
    with transaction.atomic():
        # Locked, so that the answers in the edit log are exactly those in the text.
        App.locked(app.pk)
        working = WorkingCopy.objects.get(pk=working.pk)
        document = Document.from_text(working.text)
        edits = Edit.objects.filter(owner=app.owner_id, saved_hash="", dropped=False)
        carried = tuple(edits.values_list("pk", flat=True))
        first_sent = tuple(edits.filter(sent=False).values_list("pk", flat=True))
        edits.update(sent=True)
        sent = create_snapshot(app=app, source=Source.SENT, document=document, text=working.text, actor=actor)
        # Written before the call goes out, so that it holds for a process that dies meanwhile.
        Snapshot.objects.filter(pk=sent.pk).update(may_arrive_until=FROM_NOW)
    there = app.draft or app.live
    return Submission(
        working=working,
        sent=sent,
        document=document,
        content_hash=sent.content_hash,
        edits=carried,
        first_sent=first_sent,
        references=references(Edit.objects.filter(pk__in=carried).order_by("pk")),
        changes=compare(document, Document.from_text(there.text) if there else None),
    )


def _take_back(app: App, submission: Submission) -> None:
    """Forget that a document went out which Atlassian certainly did not take."""
    with transaction.atomic():
        App.locked(app.pk)
        submission.sent.delete()
        Edit.objects.filter(pk__in=submission.first_sent).update(sent=False)


def _read_back(actor: Actor, app: App, lost: ApiError | None) -> App:
    try:
        app = refresh.read_back(actor=actor, app=app)
    except ApiError as error:
        said = "Atlassian took the draft"
        if lost:
            said = "The answer to the save was lost" if lost.unanswered else lost.message.rstrip(".")
        what = (
            f"{said}, and the draft of “{app.name}” could not be read afterwards: {error.message} The working copy is "
            "kept. Refresh the app, then save again if the draft is not yet what you wrote."
        )
        audit_entries.record(actor, app, "draft.save", outcome="unknown", detail=what, trace_id=error.trace_id)
        raise NotKnown(what) from error
    return refresh.after_reading(actor=actor, app=app)


def _mark_saved(actor: Actor, app: App, submission: Submission, facts: dict, lost: ApiError | None) -> None:
    """Let the working copy start from what was sent, now that it was read back equal."""
    assert app.draft is not None
    with transaction.atomic():
        App.locked(app.pk)
        submission.sent.source = Source.SAVED
        submission.sent.save(update_fields=["source"])
        Edit.objects.filter(pk__in=submission.edits).update(saved_hash=submission.content_hash)
        WorkingCopy.objects.filter(pk=submission.working.pk).update(base=app.draft)
        unchanged = WorkingCopy.objects.filter(pk=submission.working.pk, version=submission.working.version)
        unchanged.update(text=app.draft.text, version=F("version") + 1)
        finding_counts.recount(app, WorkingCopy.objects.filter(owner=app.owner_id).first())
        detail = "The answer was lost; reading showed that it was saved." if lost else ""
        audit_entries.record(actor, app, "draft.save", **facts, detail=detail, trace_id=lost.trace_id if lost else "")
        if submission.references:
            audit_entries.record(actor, app, "draft.edit", after={"edits": submission.references})


def _not_as_sent(app: App, submission: Submission) -> str:
    if app.draft is None:
        how = "there is no draft now"
    else:
        rows = compare(Document.from_text(app.draft.text), submission.document).changes
        labels = ", ".join(f"“{row.label}”" for row in rows[:3])
        how = f"what is read back differs in {counted(len(rows), 'place')}: {labels}"
    return (
        f"Atlassian took the draft of “{app.name}”, but {how}. Somebody may have changed it in the same moment. The "
        "working copy and both versions are kept. Compare them, then save again."
    )


def _saved_sentence(app: App, changes: int, lost: ApiError | None) -> str:
    places = {0: "nothing differs from before", 1: "1 answer differs from before"}.get(
        changes, f"{changes} answers differ from before"
    )
    how = " Atlassian's answer was lost; reading showed that it was saved." if lost else ""
    return f"The draft of “{app.name}” is saved to Marketplace and was read back: {places}.{how}"


def push_document(*, actor: Actor, app: App, text: str) -> Saved:
    """Make a JSON text the working copy and save it to Marketplace, as the command `privacy … push` does.

    Keys, order and number literals go out as they are in the text. A text that still has the `properties` of the
    version it was pulled from is only saved over that version, or over what the same person saved since. Raises
    AnswerRefused when the text is not a document, NotEditable when somebody's unsaved working copy would be replaced,
    and what `save_to_marketplace` raises. By then the text is the working copy, and the error says so; the one
    from before is not put back, because the save may have arrived all the same.
    """
    access.require(actor, app.connection, "privacy.edit")
    document = parse_document(text)
    app = refresh.refresh_app(actor=actor, app=app)
    import_document(actor=actor, app=app, document=document, text=text)
    try:
        return save_to_marketplace(actor=actor, app=app)
    except ApiError as error:
        error.advice = f"{error.advice} {FILE_IS_WORKING_COPY}"
        raise
    except (Refusal, PermissionDenied) as refusal:
        refusal.args = (f"{refusal} {FILE_IS_WORKING_COPY}",)
        raise
