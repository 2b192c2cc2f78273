"""The form that changes a level, described as data: what it offers, what was posted, and what that met."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse

from classification.levels.change import change_level
from classification.levels.defaults import impact, why_closed
from classification.levels.targets import Target
from classification.models import Item, Level, Project, ReadState, Site, Space
from classification.outcomes import NO_DEFAULT, NOT_CLASSIFIED, ChangedMeanwhile, Impact, LevelChange, ReasonNeeded
from classification.views.forms import NOT_SHOWN, ChangeForm
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.jobs.leases import LeaseTaken
from portal.middleware import error_status

NO_REMOVAL = "This site does not offer to remove a level."
#: Whether a level was set by hand or comes from the default cannot be read, so what a reset changes is said instead.
FOLLOWS = "It has the level of the space default. If it was set by hand, it can follow the default from now on."


@dataclass(frozen=True)
class Button:
    """What is offered beside the levels. value: of the field `wanted`."""

    value: str
    label: str


@dataclass(frozen=True)
class Attempt:
    """One posted form and what became of it. change: None where the service raised, which the others then say.

    status: of our answer.
    """

    wanted: str
    reason: str
    status: int = 200
    change: LevelChange | None = None
    level_error: str = ""
    reason_error: str = ""
    errors: tuple[str, ...] = ()
    error: ApiError | None = None
    changed: ChangedMeanwhile | None = None

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to try again: it was done, or the target is gone."""
        return self.change is not None and (self.change.ok or self.change.gone)


@dataclass(frozen=True)
class Editor:
    """One form that changes one level.

    id: of the row that it belongs to ("item-12"). level, state: what the inventory holds. default: the space default,
    marked among the choices. place: "row", "page" or "dialog", where the form stands. none: what it is called to have
    no level. back: where to go without a change, when it is a page of its own. note: what is not offered, and why.
    closed: why nothing can be changed at all. attempt: the last one, when it did not lead to the end.
    """

    id: str
    url: str
    title: str
    place: str
    level: Level | None
    state: str
    choices: Sequence[Level]
    buttons: tuple[Button, ...]
    none: str = NOT_CLASSIFIED.capitalize()
    default: Level | None = None
    back: str = ""
    note: str = ""
    closed: str = ""
    impact: Impact | None = None
    space: Space | None = None
    attempt: Attempt | None = None

    @property
    def is_known(self) -> bool:
        return self.state in (ReadState.KNOWN, ReadState.NONE)

    @property
    def expected(self) -> str:
        """What the form sends as the level that it showed."""
        if not self.is_known:
            return NOT_SHOWN
        return str(self.level.pk) if self.level else ""

    @property
    def again(self) -> str:
        """The label of the button that sends the last choice once more; "" where none was made that is offered."""
        if self.attempt is None:
            return ""
        labels = {str(level.pk): f"Set “{level}”" for level in self.choices}
        labels |= {button.value: button.label for button in self.buttons}
        if self.attempt.changed and self.attempt.wanted in labels:
            return "Set anyway"
        return labels.get(self.attempt.wanted, "")

    def form(self, data: Any) -> ChangeForm:
        return ChangeForm(data, choices=self.choices, buttons=[button.value for button in self.buttons])


def attempt_change(*, actor: Actor, target: Target, form: ChangeForm) -> Attempt:
    """Do what was posted; whatever stands in the way comes back as data, with all that was chosen and typed."""
    posted: dict[str, Any] = {"wanted": form.data.get("wanted", ""), "reason": form.data.get("reason", "")}
    if not form.is_valid():
        return _invalid(form, posted)
    try:
        change = change_level(actor=actor, target=target, **form.cleaned_data)
    except ChangedMeanwhile as problem:
        return Attempt(**posted, status=409, changed=problem)
    except ReasonNeeded as problem:
        return Attempt(**posted, status=422, reason_error=problem.messages[0])
    except LeaseTaken as problem:
        return Attempt(**posted, status=409, errors=tuple(problem.messages))
    except ValidationError as problem:
        return Attempt(**posted, status=422, errors=tuple(problem.messages))
    except ApiError as problem:
        return Attempt(**posted, status=error_status(problem), error=problem)
    refused = error_status(change.error) if change.error else 409
    return Attempt(**posted, change=change, status=200 if change.ok else refused)


def _invalid(form: ChangeForm, posted: dict[str, Any]) -> Attempt:
    errors = form.errors.get_json_data()
    said = {name: " ".join(error["message"] for error in problems) for name, problems in errors.items()}
    return Attempt(
        **posted,
        status=422,
        level_error=said.pop("wanted", ""),
        reason_error=said.pop("reason", ""),
        errors=tuple(said.values()),
    )


def item_editor(
    item: Item, choices: Sequence[Level], *, place: str, list_query: str = "", attempt: Attempt | None = None
) -> Editor:
    """list_query: of the list that the item's page belongs to, kept by a form without scripts."""
    space = item.space
    buttons, note = _item_buttons(item)
    return Editor(
        id=f"item-{item.pk}",
        url=reverse("item_level", args=[space.connection.slug, item.kind, item.remote_id, item.status]) + list_query,
        title=item.title,
        place=place,
        level=item.level if item.level_state == ReadState.KNOWN else None,
        state=item.level_state,
        choices=choices,
        buttons=buttons,
        default=space.known_default,
        note=note,
        attempt=attempt,
    )


def _item_buttons(item: Item) -> tuple[tuple[Button, ...], str]:
    """What can be done to an item beside setting a level, and what has to be said about that."""
    space, buttons, notes = item.space, [], []
    matches = item.level_state == ReadState.KNOWN and item.level_id == space.known_default_id
    if matches:
        buttons.append(Button("reset", "Follow the default"))
        notes.append(FOLLOWS)
    elif not (item.level_state == ReadState.NONE and space.default_state == ReadState.NONE):
        buttons.append(Button("reset", "Reset to default"))
    if item.level_state != ReadState.NONE:
        if Site.offers_removal(space.connection):
            buttons.append(Button("none", "Remove"))
        else:
            notes.append(NO_REMOVAL)
    return tuple(buttons), " ".join(notes)


def default_editor(
    row: Space | Project, choices: Sequence[Level], *, place: str, attempt: Attempt | None = None
) -> Editor:
    """The editor of the default of a space or project."""
    is_space, slug = isinstance(row, Space), row.connection.slug
    kind = "space" if is_space else "project"
    return Editor(
        id=f"{kind}-{row.pk}",
        url=reverse(f"{kind}_default", args=[slug, row.key]),
        title=row.name,
        place=place,
        level=row.known_default,
        state=row.default_state,
        choices=choices,
        buttons=() if row.default_state == ReadState.NONE else (Button("none", "Clear the default"),),
        none=NO_DEFAULT.capitalize(),
        back=row.get_absolute_url() if isinstance(row, Space) else reverse("projects", args=[slug]),
        closed=why_closed(row),
        impact=impact(space=row) if isinstance(row, Space) else None,
        space=row if isinstance(row, Space) else None,
        attempt=attempt,
    )
