"""What has a level that can be changed, as the one procedure in `change.py` sees it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from classification.inventory.store import LevelCache
from classification.models import Level, Scan
from classification.outcomes import NOT_CLASSIFIED, CallResult, quoted
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.errors import NotFound
from portal.models import Connection


class Reset:
    """To take the default of the space again; only an item can do so."""


RESET = Reset()

#: A level to set; RESET; or None to have no level of one's own.
Wanted = Level | Reset | None


@dataclass(frozen=True)
class Change:
    """One change. goal: the level it should lead to; after a reset that is only what is to be expected.

    before: the level that was read just before; known: what the inventory held until then.
    """

    wanted: Wanted
    goal: Level | None
    before: Level | None
    known: Level | None

    @property
    def certain(self) -> bool:
        """False where the site may choose another level than the goal."""
        return not isinstance(self.wanted, Reset)


class Target(ABC):
    """An item, or the default of a space or project: its row, its calls and its words."""

    capability: ClassVar[str]
    none: ClassVar[str] = NOT_CLASSIFIED  #: what it is called to have no level
    columns: ClassVar[Sequence[str]]  #: of the row, what is known of its level
    not_found_advice: ClassVar[str] = ""
    action_group: str

    #: As the audit trail names it; extra: further facts for its before and after.
    type: str
    id: str
    label: str
    extra: dict[str, str]
    connection: Connection
    #: The keyword argument of LevelChange.
    changed_row: dict[str, Any]
    #: In sentences: "The level of “X”", "changing the level of “X”".
    subject: str
    row: Any

    @property
    def activity(self) -> str:
        return f"changing {self.subject[0].lower()}{self.subject[1:]}"

    def facts(self, level: Level | None) -> dict:
        recorded = {"level": level.name if level else None, "level_id": level.remote_id if level else None}
        return {**recorded, **self.extra}

    def reload(self) -> None:
        """Take what the database holds now; a scan may have taken the row off the list since it was shown."""
        model: type[Model] = type(self.row)
        if model._default_manager.filter(pk=self.row.pk).exists():
            self.row.refresh_from_db(fields=self.columns)

    @property
    @abstractmethod
    def known(self) -> Level | None:
        """The level as the inventory holds it."""

    @property
    @abstractmethod
    def is_read(self) -> bool:
        """Whether the inventory knows the level, or knows that there is none."""

    @abstractmethod
    def same_rows(self) -> QuerySet:
        """The rows of this target in all connections to the site."""

    @abstractmethod
    def check_changeable(self) -> None:
        """Raise NotChangeable for what is archived."""

    @abstractmethod
    def goal(self, wanted: Wanted, cache: LevelCache) -> Level | None:
        """The level that the change should lead to."""

    @abstractmethod
    def is_already(self, change: Change) -> bool:
        """Whether there is nothing to do."""

    @abstractmethod
    def action(self, wanted: Wanted) -> str:
        """The name of the change in the audit trail; begins with `action_group`."""

    def restoring(self, level: Level | None) -> Wanted:
        """What to ask for so that a level that was there before is back. Raises NotChangeable where that cannot be."""
        return level

    @abstractmethod
    def read(self) -> types.Level | None: ...

    @abstractmethod
    def write(self, wanted: Wanted) -> None: ...

    def read_back(self, goal: Level | None) -> types.Level | None:
        return self.read()

    @abstractmethod
    def check_exists(self) -> None:
        """Raise NotFound where what is gone reads like what has no level."""

    def is_gone(self, result: CallResult) -> bool:
        """Whether the site refused because there is no such thing any more, which takes it off the list."""
        return False

    def remove_row(self, error: NotFound) -> str:
        """Take what is gone off the list, and say so; raises the error where the list is left to the next scan."""
        raise error

    @abstractmethod
    def keep(
        self,
        level: Level | None,
        asked: datetime,
        *,
        state: str = "",
        set_here: bool | None = None,
        own: bool = False,
    ) -> bool:
        """Write what a call made at `asked` told, as `store.keep_item_level` does."""

    def follow_up(self, actor: Actor, change: Change, result: CallResult) -> tuple[Scan | None, int]:
        """What else changes with it: the scan that reads it again, and at most how many items."""
        return None, 0

    @abstractmethod
    def says(self, level: Level | None, when: str) -> str:
        """The level in a sentence without its full stop. when: "now" or "already"."""

    def done_message(self, change: Change, result: CallResult) -> str:
        return f"{self.says(result.level, 'now')}."

    def quoted(self, level: Level | None) -> str:
        return quoted(level, self.none)
