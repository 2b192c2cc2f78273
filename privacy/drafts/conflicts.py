"""The working copy and what was changed at Atlassian meanwhile: comparing the two, and bringing them together."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from portal.access import Actor
from privacy.document.document import Document
from privacy.document.merge import MergeRow, Side, ThreeWay, Undecided, merge, three_way
from privacy.drafts.edit_log import log_edit
from privacy.drafts.finding_counts import working_copy_of
from privacy.drafts.snapshots import create_snapshot
from privacy.models import EMPTY_TEXT, App, Edit, Snapshot, WorkingCopy
from privacy.refusals import MovedMeanwhile, NotEditable

Source = Snapshot.Source
#: What a person can decide for one answer.
SIDES: Final[dict[str, Side]] = {"mine": "mine", "theirs": "theirs"}


def is_overtaken(app: App) -> bool:
    """Whether the remote moved under a working copy with changes, from what was last read."""
    working = working_copy_of(app)
    if app.draft_state == App.Presence.HIDDEN or working is None or not working.is_changed:
        return False
    return _has_moved(working, app.draft or app.live)


def _has_moved(working: WorkingCopy, theirs: Snapshot | None) -> bool:
    there = theirs.content_hash if theirs else ""
    return there not in (working.base.content_hash if working.base else "", working.content_hash)


def _three_way(working: WorkingCopy, theirs: Snapshot | None) -> ThreeWay:
    base, remote_now = (Document.from_text(item.text if item else EMPTY_TEXT) for item in (working.base, theirs))
    return three_way(base, Document.from_text(working.text), remote_now)


def bring_together(
    actor: Actor, app: App, working: WorkingCopy, decisions: Mapping[str, str], decided_on: str | None
) -> WorkingCopy:
    """The working copy on top of what is at Atlassian now. Raises MovedMeanwhile where a person has to decide."""
    theirs = app.draft or app.live
    if not _has_moved(working, theirs):
        if decided_on is not None:
            raise NotEditable(
                "While you decided, the two were brought together already, so your decisions were not used. Nothing "
                "was sent. Look at the working copy, then save it."
            )
        WorkingCopy.objects.filter(pk=working.pk).update(base=theirs)
        working.base = theirs
        return working
    gone = working.base is not None and working.base.source != Source.LIVE and app.draft is None
    three = _three_way(working, theirs)
    moved_now = MovedMeanwhile(_what_moved(app, gone), three_way=three, theirs=theirs, discarded=gone, undecided=())
    if decided_on is None:
        raise moved_now
    if decided_on != moved_now.decided_on:
        again = (
            "While you decided, an answer changed once more, at Atlassian or in the working copy. Nothing was sent and "
            "nothing is lost. Your decisions on all other answers are still here."
        )
        raise MovedMeanwhile(again, three_way=three, theirs=theirs, discarded=gone, undecided=())
    sides = {pointer: SIDES[side] for pointer, side in decisions.items() if side in SIDES}
    try:
        return _apply_merge(actor, app, working, theirs, three, sides)
    except Undecided as error:
        raise MovedMeanwhile(
            f"{error} Nothing was sent.", three_way=three, theirs=theirs, discarded=gone, undecided=error.pointers
        ) from None


def _what_moved(app: App, gone: bool) -> str:
    if gone:
        what = f"The draft of “{app.name}” that this work started from was discarded or published meanwhile"
    else:
        which = "draft" if app.draft else "live version"
        there = app.draft or app.live
        by = there.remote_changed_by if there else ""
        what = f"The {which} of “{app.name}” was changed at Atlassian meanwhile{f' by {by}' if by else ''}"
    return f"{what}. Nothing was sent and nothing is lost. Look at both and decide answer by answer, then save again."


def _apply_merge(
    actor: Actor,
    app: App,
    working: WorkingCopy,
    theirs: Snapshot | None,
    three: ThreeWay,
    sides: Mapping[str, Side],
) -> WorkingCopy:
    merged = merge(three, sides)
    with transaction.atomic():
        App.locked(app.pk)
        mine = Document.from_text(working.text)
        create_snapshot(app=app, source=Source.WORKING, document=mine, text=working.text, actor=actor)
        rows = WorkingCopy.objects.filter(pk=working.pk, version=working.version).update(
            base=theirs, text=merged.text, content_hash=merged.content_hash(), version=F("version") + 1
        )
        if not rows:
            raise NotEditable("Somebody answered a question at this very moment. Nothing was sent. Save again.")
        for row in three.rows:
            _log_decision(actor, app, row, sides.get(row.pointer, row.default))
    return WorkingCopy.objects.select_related("base").get(pk=working.pk)


def _log_decision(actor: Actor, app: App, row: MergeRow, side: Side) -> None:
    """Log what a person decided against one side; what came together by itself nobody decided."""
    if side == "theirs" and row.outcome in ("mine", "conflict"):
        unsaved = Edit.objects.filter(owner=app.owner_id, saved_hash="", dropped=False)
        unsaved.filter(Q(pointer=row.pointer) | Q(pointer__startswith=f"{row.pointer}/")).update(dropped=True)
        log_edit(actor, app, row.pointer, row.mine, row.theirs)
    elif side == "mine" and row.outcome == "theirs":
        log_edit(actor, app, row.pointer, row.theirs, row.mine)
