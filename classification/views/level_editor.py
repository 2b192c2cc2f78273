"""The form that changes a level: what it offers, what was posted, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from classification.levels.change import change_level
from classification.levels.defaults import ProjectDefault, SpaceDefault, impact, why_closed
from classification.levels.item_levels import ItemLevel
from classification.levels.targets import RESET, Target, Wanted
from classification.models import Item, Level, Project, ReadState, Site, Space
from classification.outcomes import NO_DEFAULT, NOT_CLASSIFIED, ChangedMeanwhile, Impact, LevelChange, ReasonNeeded
from classification.views.forms import ChangeForm
from portal.access import Actor
from portal.atlassian.errors import ApiError
from portal.jobs.leases import LeaseTaken
from portal.middleware import error_status

#: What a form sends as `seen` where no level was shown.
NOT_SEEN = "?"


@dataclass(frozen=True)
class Action:
    """A button beside "Set"."""

    value: str
    label: str
    wanted: Wanted


@dataclass
class Editor:
    """One form that changes one level, and what its last attempt met.

    id: of the element it belongs to ("item-12"); target: what is changed; seen: what the person
    saw. status: of our answer. default: the space default, marked among the choices. place: where the form stands.
    none: what it is called to have no level. back: where to go without a change, when it is a page of its own.
    note: what is not offered here, and why. closed: why nothing can be changed at all; the form then says that alone.
    """

    id: str
    url: str
    label: str
    target: Target
    level: Level | None
    state: str
    choices: Sequence[Level]
    actions: tuple[Action, ...]
    default: Level | None = None
    place: str = "row"
    back: str = ""
    none: str = NOT_CLASSIFIED.capitalize()
    impact: Impact | None = None
    note: str = ""
    closed: str = ""
    chosen: str = ""
    reason: str = ""
    seen: str = ""
    status: int = 200
    level_error: str = ""
    reason_error: str = ""
    errors: list[str] = field(default_factory=list)
    outcome: LevelChange | None = None
    error: ApiError | None = None
    changed: ChangedMeanwhile | None = None

    @property
    def sets_default(self) -> bool:
        return not isinstance(self.target, ItemLevel)

    def submit(self, actor: Actor, data: QueryDict) -> LevelChange | None:
        """Do what was sent. Returns the outcome when it is done; else None: the editor then says why, with its text."""
        form = ChangeForm(data, choices=self.choices)
        self.chosen, self.reason = data.get("level", ""), data.get("reason", "")
        self.seen = data.get("seen", "")
        if not form.is_valid():
            self._explain(form)
            return None
        try:
            self.outcome = self._call(form.cleaned_data["action"], actor, form.cleaned_data)
        except ChangedMeanwhile as problem:
            # Sending the same form once more is "set anyway": it then names the true level as the one seen.
            self.changed, self.status = problem, 409
            self._see(problem.level)
        except ReasonNeeded as problem:
            self.reason_error, self.status = problem.messages[0], 422
        except LeaseTaken as problem:
            self.errors, self.status = problem.messages, 409
        except ValidationError as problem:
            self.errors, self.status = problem.messages, 422
        except ApiError as problem:
            self.error, self.status = problem, error_status(problem)
        if self.outcome is None or self.outcome.ok:
            return self.outcome
        self.status = error_status(self.outcome.error) if self.outcome.error else 409
        if self.outcome.read_back:
            self._see(self.outcome.level)
        else:
            self.level, self.state, self.seen = None, ReadState.UNREAD, NOT_SEEN
        return self.outcome if self.outcome.gone else None

    def _see(self, level: Level | None) -> None:
        """Show the level that is true now; the next attempt is made knowing it."""
        self.level, self.seen = level, str(level.pk) if level else ""
        self.state = ReadState.KNOWN if level else ReadState.NONE

    def _call(self, action: str, actor: Actor, data: dict[str, Any]) -> LevelChange:
        offered: dict[str, Wanted] = {button.value: button.wanted for button in self.actions}
        if action != "set" and action not in offered:
            raise ValidationError("This cannot be done here.")
        return change_level(
            actor=actor,
            target=self.target,
            wanted=data["level"] if action == "set" else offered[action],
            reason=data["reason"],
            expected=None if data["seen"] == NOT_SEEN else data["seen"],
        )

    def _explain(self, form: ChangeForm) -> None:
        self.status = 422
        errors = form.errors.get_json_data()
        self.level_error = " ".join(error["message"] for error in errors.pop("level", ()))
        self.reason_error = " ".join(error["message"] for error in errors.pop("reason", ()))
        self.errors = [error["message"] for problems in errors.values() for error in problems]


def _start(level: Level | None, state: str) -> dict[str, Any]:
    """What a fresh form holds: the level of now, chosen and seen. A level that is not known was not seen either."""
    if state in (ReadState.UNREAD, ReadState.HIDDEN):
        return {"level": None, "state": state, "seen": NOT_SEEN}
    pk = str(level.pk) if level else ""
    return {"level": level, "state": state, "chosen": pk, "seen": pk}


NO_REMOVAL = "This site does not offer to remove a level."


#: Whether a level was set by hand or comes from the default cannot be read, so what a reset changes is said instead.
FOLLOWS = "It has the level of the space default. If it was set by hand, it can follow the default from now on."


def offered(item: Item) -> tuple[tuple[Action, ...], str]:
    """What can be done to an item beside setting a level, and what has to be said about that."""
    space, actions, notes = item.space, [], []
    matches = item.level_state == ReadState.KNOWN and item.level_id == space.known_default_id
    if matches:
        actions.append(Action("reset", "Follow the default", RESET))
        notes.append(FOLLOWS)
    elif not (item.level_state == ReadState.NONE and space.default_state == ReadState.NONE):
        actions.append(Action("reset", "Reset to default", RESET))
    if item.level_state != ReadState.NONE:
        if Site.offers_removal(space.connection):
            actions.append(Action("remove", "Remove", None))
        else:
            notes.append(NO_REMOVAL)
    return tuple(actions), " ".join(notes)


def of_item(item: Item, choices: Sequence[Level], *, place: str) -> Editor:
    connection, space = item.space.connection, item.space
    actions, note = offered(item)
    return Editor(
        id=f"item-{item.pk}",
        url=reverse("item_level", args=[connection.slug, item.kind, item.remote_id, item.status]),
        label=item.title,
        target=ItemLevel(item),
        choices=choices,
        actions=actions,
        default=space.known_default,
        note=note,
        place=place,
        **_start(item.level, item.level_state),
    )


def of_space(space: Space, choices: Sequence[Level], *, place: str = "dialog") -> Editor:
    clear = Action("clear", "Clear the default", None)
    return Editor(
        id=f"space-{space.pk}",
        url=reverse("space_default", args=[space.connection.slug, space.key]),
        label=space.name,
        target=SpaceDefault(space),
        choices=choices,
        actions=() if space.default_state == ReadState.NONE else (clear,),
        place=place,
        back=space.get_absolute_url(),
        none=NO_DEFAULT.capitalize(),
        impact=impact(space=space),
        closed=why_closed(space),
        **_start(space.default_level, space.default_state),
    )


def of_project(project: Project, choices: Sequence[Level], *, place: str = "row") -> Editor:
    clear = Action("clear", "Clear the default", None)
    return Editor(
        id=f"project-{project.pk}",
        url=reverse("project_default", args=[project.connection.slug, project.key]),
        label=project.name,
        target=ProjectDefault(project),
        choices=choices,
        actions=() if project.default_state == ReadState.NONE else (clear,),
        place=place,
        back=reverse("projects", args=[project.connection.slug]),
        closed=why_closed(project),
        none=NO_DEFAULT.capitalize(),
        **_start(project.default_level, project.default_state),
    )
