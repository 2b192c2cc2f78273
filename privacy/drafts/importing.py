"""Making a document from a file or from the command the working copy."""

from django.db import transaction

from portal import access
from portal.access import Actor
from portal.atlassian import strictjson
from portal.atlassian.strictjson import StrictJSONError
from privacy.document.document import Document
from privacy.document.merge import three_way
from privacy.drafts.snapshots import moment
from privacy.drafts.working_copy import replace
from privacy.models import EMPTY_TEXT, App, Snapshot, WorkingCopy
from privacy.refusals import AnswerRefused, MovedMeanwhile, NotEditable

Source = Snapshot.Source


def parse_document(text: str) -> Document:
    """A document from a text that somebody brings. Raises AnswerRefused with one sentence when it is none."""
    try:
        strictjson.require_within(text, strictjson.ANSWER)
        document = Document.from_text(text)
    except StrictJSONError as error:
        raise AnswerRefused(f"{error} Nothing was sent.", pointer="", typed=text) from None
    if not isinstance(document.tree, dict) or not isinstance(document.get("/commonCloud"), dict):
        what = 'A document is a JSON object like {"commonCloud": {…}}. Nothing was sent.'
        raise AnswerRefused(what, pointer="", typed=text)
    for pointer in document.unknown():
        try:
            value = document.get(pointer)
            strictjson.require_within(strictjson.dumps(value), strictjson.TYPED)
        except StrictJSONError as error:
            raise AnswerRefused(f"{pointer}: {error} Nothing was sent.", pointer=pointer, typed=text) from None
    return document


def import_document(*, actor: Actor, app: App, document: Document, text: str) -> WorkingCopy:
    """Make a document, parsed from this text, the working copy. `app`: as it was just read. Needs privacy.edit.

    A text that still has the `properties` of the version it was pulled from only replaces that version, or what the
    same person saved since. Raises NotEditable when somebody's unsaved working copy would be replaced, MovedMeanwhile,
    PermissionDenied.
    """
    access.require(actor, app.connection, "privacy.edit")
    working = WorkingCopy.objects.select_related("base").filter(owner=app.owner_id).first()
    by_others = working is not None and working.is_changed and working.changed_by_label != actor.label
    if working is not None and by_others and working.content_hash != document.content_hash():
        raise NotEditable(
            f"“{app.name}” has a working copy with changes by {working.changed_by_label} that are not at Marketplace. "
            "Nothing was sent. Save it or discard it first."
        )
    _require_pulled_from(actor, app, document)
    with transaction.atomic():
        return replace(actor=actor, app=app, document=document, text=text)


def _require_pulled_from(actor: Actor, app: App, document: Document) -> None:
    """Refuse a text that was pulled from another version than the one which it would replace."""
    there = app.draft or app.live
    pulled_at = moment(document.properties.get("updatedAt"))
    same = there is not None and document.content_hash() == there.content_hash
    if pulled_at is None or same or (there is not None and there.remote_changed_at == pulled_at):
        return
    read = Snapshot.objects.filter(
        owner=app.owner_id, source__in=(Source.LIVE, Source.DRAFT), remote_changed_at=pulled_at
    )
    base = read.first()
    if base is not None and there is not None and base.content_hash == there.content_hash:
        return
    last = Snapshot.objects.filter(owner=app.owner_id, source=Source.SAVED, actor_label=actor.label).first()
    if last is not None and there is not None and last.content_hash == there.content_hash:
        return
    texts = (item.text if item else EMPTY_TEXT for item in (base, there))
    before, now = (Document.from_text(text) for text in texts)
    three = three_way(before, document, now)
    labels = "; ".join(row.label for row in three.conflicts[:5])
    which = "draft" if app.draft else "live version"
    what = f"The {which} of “{app.name}” is not the version that this was pulled from. Nothing was sent."
    if labels:
        what += f" Changed on both sides: {labels}."
    what += " Pull again and bring the two together, or take “properties” out of the file to replace what is there."
    raise MovedMeanwhile(what, three_way=three, theirs=there, discarded=False, undecided=())
