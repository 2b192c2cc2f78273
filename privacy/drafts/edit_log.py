"""The edit log of a working copy: the last edit of each answer, and the next one to undo or redo."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Max

from portal.access import Actor
from portal.atlassian import strictjson
from privacy.document import canonical_json, catalogue, patches
from privacy.document.canonical_json import MISSING, Json, Texts
from privacy.document.document import Document
from privacy.document.readable import label_of
from privacy.models import App, Edit

#: How a key with a NUL character stands in the log: PostgreSQL keeps no such text.
NUL = "\\u0000"


def log_edit(
    actor: Actor,
    app: App,
    pointer: str,
    before: Json,
    after: Json,
    *,
    undoes: Edit | None = None,
    texts: Texts | None = None,
) -> Edit:
    """Add one changed answer to the log. Call it in the transaction that changes the working copy."""
    patch = patches.make(before, after, catalogue.CATALOGUE.by_pointer.get(pointer))
    return Edit.objects.create(
        owner_id=app.owner_id,
        pointer=pointer.replace("\x00", NUL),
        label=label_of(pointer)[:500].replace("\x00", ""),
        patch=strictjson.dumps(patch),
        after_hash=hash_of(after, texts),
        adds_or_removes=bool(patches.removed(patch) or patches.added(patch)),
        undoes=undoes,
        author=actor.user,
        author_label=actor.label,
    )


def hash_of(value: Json, texts: Texts | None = None) -> str:
    """What stands for a value in the log; "" for a key that is not there."""
    return "" if value is MISSING else canonical_json.value_digest(value, texts)


def patch_of(edit: Edit) -> patches.Patch:
    """What an answer changed."""
    return strictjson.loads(edit.patch)


def last_edits(app: App) -> dict[str, Edit]:
    """Pointer -> the newest answer that was given there and not dropped, in one query."""
    edits = Edit.objects.filter(owner=app.owner_id, dropped=False)
    newest = edits.order_by().values("pointer").annotate(newest=Max("pk")).values("newest")
    return {edit.pointer: edit for edit in Edit.objects.filter(pk__in=newest).defer("patch")}


@dataclass
class Steps:
    """Ids of the answers at one place that can be undone, and of those that undid one and can be done again.

    The last of each comes next.
    """

    undo: list[int] = field(default_factory=list)
    redo: list[int] = field(default_factory=list)

    def add(self, edit: int, undoes: int | None) -> None:
        """Take in the next answer: it undid the newest one, did it again, or is a new one."""
        if undoes is not None and self.undo and self.undo[-1] == undoes:
            self.undo.pop()
            self.redo.append(edit)
        elif undoes is not None and self.redo and self.redo[-1] == undoes:
            self.redo.pop()
            self.undo.append(edit)
        else:
            self.undo.append(edit)
            self.redo.clear()


def steps(app: App) -> dict[str, Steps]:
    """Pointer -> which answers that are not saved to Marketplace yet can be undone and done again, in one query."""
    found: dict[str, Steps] = {}
    edits = Edit.objects.filter(owner=app.owner_id, dropped=False, saved_hash="").order_by("pk")
    for pk, pointer, undoes in edits.values_list("pk", "pointer", "undoes_id"):
        found.setdefault(pointer, Steps()).add(pk, undoes)
    return found


@dataclass(frozen=True)
class RemovedRecord:
    """A record that was taken out of a list and is not back: by which edit, and where it was before that."""

    edit: Edit
    place: int
    record: Json


#: So many edits that added or removed records are looked through.
MOST_LOOKED_AT = 200


def removed_records(app: App) -> dict[str, list[RemovedRecord]]:
    """Pointer of a list -> the records that were removed from it here and did not come back since; in one query."""
    given = Edit.objects.filter(owner=app.owner_id, dropped=False, adds_or_removes=True)
    edits = given.order_by("-pk")[:MOST_LOOKED_AT]
    found: dict[str, list[RemovedRecord]] = {}
    for edit in reversed(edits):
        patch, gone = patch_of(edit), found.setdefault(edit.pointer, [])
        for record in patches.added(patch):
            back = next((item for item in reversed(gone) if canonical_json.same(item.record, record)), None)
            if back is not None:
                gone.remove(back)
        gone += [RemovedRecord(edit, place, record) for place, record in patches.removed(patch).items()]
    return found


def place_now(removed: RemovedRecord) -> int:
    """Where a removed record belongs in its list, after all that was changed there since."""
    place = patches.follow(patch_of(removed.edit), removed.place)
    later = Edit.objects.filter(owner=removed.edit.owner_id, pointer=removed.edit.pointer, pk__gt=removed.edit.pk)
    for edit in later.filter(dropped=False).order_by("pk"):
        place = patches.follow(patch_of(edit), place)
    return place


def is_current(edit: Edit, value: Json, fingerprint: str = "") -> bool:
    """Whether this answer is the value that stands there now; else it was changed at Atlassian, or around it.

    `fingerprint`: the fingerprint of the value, where it is known, which is the hash but for numbers with a fraction.
    """
    return bool(fingerprint and edit.after_hash.startswith(fingerprint)) or edit.after_hash == hash_of(value)


def moved_since(edit: Edit, edits: Mapping[str, Edit]) -> bool:
    """Whether something around the place was answered later, such as the list that it lies in."""
    parents = (edit.pointer[:cut] for cut, letter in enumerate(edit.pointer) if letter == "/")
    return any(parent in edits and edits[parent].pk > edit.pk for parent in parents)


def removals(edits: Mapping[str, Edit], document: Document) -> dict[str, Edit]:
    """Places without a question of their own that were taken away here, which is not saved yet; each can be undone."""
    return {
        pointer: edit
        for pointer, edit in edits.items()
        if not edit.after_hash
        and not edit.saved_hash
        and pointer not in catalogue.CATALOGUE.by_pointer
        and NUL not in pointer
        and not document.has(pointer)
        and not moved_since(edit, edits)
    }
