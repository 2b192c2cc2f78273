"""What the pages say after a level was changed: a message with Undo, and the answer to Undo."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from classification.levels.targets import Target
from classification.levels.undo import find_undoable, undo_level
from classification.outcomes import LevelChange
from classification.views.browsing import TOAST_LEVELS
from classification.views.forms import UndoForm
from portal.access import actor_of
from portal.atlassian.errors import ApiError
from portal.middleware import error_status
from portal.responses import fragment_error, tell, with_toast


def say(
    request: HttpRequest, response: HttpResponse, change: LevelChange, target: Target | None = None, undo_url: str = ""
) -> HttpResponse:
    """Let a toast tell what became of a change, and offer to undo it at `undo_url` where that can be done."""
    action = _undo_action(request, change, target, undo_url)
    return with_toast(response, change.text, TOAST_LEVELS[change.status], action=action)


def say_on_next_page(request: HttpRequest, change: LevelChange, target: Target, undo_url: str) -> None:
    """The same in a message of the page that comes next."""
    tell(request, change.text, TOAST_LEVELS[change.status], action=_undo_action(request, change, target, undo_url))


def _undo_action(
    request: HttpRequest, change: LevelChange, target: Target | None, undo_url: str
) -> dict[str, Any] | None:
    if target is None or not (change.ok and change.changed):
        return None
    entry = find_undoable(actor=actor_of(request), target=target)
    if entry is None:
        return None
    values = {"change": entry.sequence, **{name: request.POST.get(name, "") for name in ("place", "row")}}
    return {"label": "Undo", "url": undo_url, "values": values}


def undo(request: HttpRequest, target: Target, page: str) -> LevelChange | HttpResponse:
    """Undo the change that the form names: what became of that, or the answer that says why it cannot be done.

    page: the address to show that answer on, where no script asks.
    """
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _not_undone(request, "There is nothing to undo.", 422, page)
    try:
        change = undo_level(actor=actor_of(request), target=target, sequence=form.cleaned_data["change"])
    except ValidationError as problem:
        return _not_undone(request, " ".join(problem.messages), 409, page)
    except ApiError as problem:
        return _not_undone(request, f"Nothing was undone. {problem}", error_status(problem), page)
    if change.ok or change.gone:
        return change
    return _not_undone(request, change.text, error_status(change.error) if change.error else 409, page)


def _not_undone(request: HttpRequest, text: str, status: int, page: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return fragment_error(text, status)
    tell(request, text, "error")
    return redirect(page)
