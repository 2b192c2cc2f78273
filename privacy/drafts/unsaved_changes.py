"""Whose changes the working copies hold that are saved here and not saved to Marketplace yet, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from privacy.drafts.edit_log import Steps
from privacy.drafts.finding_counts import working_copy_of
from privacy.models import App, Edit, WorkingCopy


@dataclass(frozen=True)
class UnsavedChanges:
    """Changes of one working copy. `people`: (id of the account, name) of each who made some; the id may be None."""

    people: tuple[tuple[int | None, str], ...]
    since: datetime


def unsaved_changes(apps: Iterable[App]) -> dict[int, UnsavedChanges]:
    """Owner id -> its changes, for apps with any; one query however many there are, none where there are none.

    `apps`: with their working copy and its base loaded.
    """
    found = (working_copy_of(app) for app in apps)
    copies = {copy.owner_id: copy for copy in found if copy is not None and copy.is_changed}
    if not copies:
        return {}
    given: dict[int, tuple[int | None, str, datetime]] = {}
    steps: dict[tuple[int, str], Steps] = {}
    edits = Edit.objects.filter(owner__in=copies, dropped=False, saved_hash="").order_by("pk")
    for pk, owner, pointer, undoes, author, name, label, at in edits.values_list(
        "pk", "owner_id", "pointer", "undoes_id", "author_id", "author__name", "author_label", "at"
    ):
        given[pk] = author, name or label, at
        steps.setdefault((owner, pointer), Steps()).add(pk, undoes)
    standing: dict[int, list[tuple[int | None, str, datetime]]] = {}
    for (owner, _), of_place in steps.items():
        standing.setdefault(owner, []).extend(given[pk] for pk in of_place.undo)
    return {owner: _of(copy, standing.get(owner, [])) for owner, copy in copies.items()}


def _of(copy: WorkingCopy, edits: list[tuple[int | None, str, datetime]]) -> UnsavedChanges:
    # Without an answer in the log, as after answers that only come back in another order: who changed it last.
    made = edits or [(copy.changed_by_id, copy.changed_by_label, copy.changed_at)]
    people = {(author, name) for author, name, _ in made}
    return UnsavedChanges(tuple(sorted(people, key=lambda one: one[1])), min(at for _, _, at in made))
