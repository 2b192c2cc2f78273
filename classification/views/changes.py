"""What the pages say after a level was changed: a message with Undo, and the answer to Undo."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from classification.levels.targets import Target
from classification.levels.undo import find_undoable, undo_level
from classification.outcomes import LevelChange
from classification.views.browsing import TOAST_LEVELS
from classification.views.forms import UndoForm
from portal.access import actor_of
from portal.atlassian.errors import ApiError
from portal.middleware import error_status
from portal.responses import fragment_error, with_toast


def say(
    request: HttpRequest, response: HttpResponse, change: LevelChange, target: Target | None = None, undo_url: str = ""
) -> HttpResponse:
    """Let a toast tell what became of a change, and offer to undo it at `undo_url` where that can be done."""
    action = None
    if target is not None and change.ok and change.changed:
        entry = find_undoable(actor=actor_of(request), target=target)
        if entry is not None:
            values = {"change": entry.sequence, **{name: request.POST.get(name, "") for name in ("place", "row")}}
            action = {"label": "Undo", "url": undo_url, "values": values}
    return with_toast(response, change.text, TOAST_LEVELS[change.status], action=action)


def undo(request: HttpRequest, target: Target) -> LevelChange | HttpResponse:
    """Undo the change that the form names: what became of that, or the answer that says why it cannot be done."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return fragment_error("There is nothing to undo.", 422)
    try:
        change = undo_level(actor=actor_of(request), target=target, sequence=form.cleaned_data["change"])
    except ValidationError as problem:
        return fragment_error(" ".join(problem.messages), 409)
    except ApiError as problem:
        return fragment_error(f"Nothing was undone. {problem}", error_status(problem))
    if change.ok or change.gone:
        return change
    return fragment_error(change.text, error_status(change.error) if change.error else 409)
