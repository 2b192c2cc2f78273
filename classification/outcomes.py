"""What the services of classification return: the outcome of a change, its impact, and why it was refused."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from classification.models import Item, Level, Project, Scan, Space
from portal.atlassian.errors import ApiError, NotFound, Refused

#: What it is called to have no level, for content and for the default of a space or project.
NOT_CLASSIFIED, NO_DEFAULT = "not classified", "no default"
LONGEST_REASON = 2000


def quoted(level: Level | None, none: str = NOT_CLASSIFIED) -> str:
    """A level in a sentence."""
    return f"“{level}”" if level else none


@dataclass(frozen=True)
class CallResult:
    """What became of the call that changes a level. level: what was read back, when `read_back` is true.

    status: as in `LevelChange`. asked: when the call that read it back was made.
    """

    status: str
    level: Level | None
    read_back: bool
    asked: datetime
    error: ApiError | None
    detail: str

    @property
    def untouched(self) -> bool:
        """It was not done, and could not be read back either: what was true just before still is."""
        return not self.read_back and self.status in ("refused", "failed")

    @property
    def told(self) -> ApiError | None:
        """The last thing that the site itself said, also where an answer before it was lost."""
        return self.error.last_told or self.error if self.error else None

    @property
    def advice(self) -> str:
        return self.error.advice if self.error and self.status != "done" else ""

    @property
    def needs(self) -> str:
        return self.told.needs if isinstance(self.told, (Refused, NotFound)) and self.status != "done" else ""

    @property
    def trace_id(self) -> str:
        return self.error.trace_id if self.error else ""


@dataclass(frozen=True)
class LevelChange:
    """What became of one change, after it was read back.

    Exactly one of item, space and project is set; it holds what the inventory says now, which is what was read back.
    status: "done" (read back as wanted), "refused" (the site said no), "failed" (it was not done), "unknown" (no
    answer, and it could not be read back either; or it reads back as something else).
    changed: the remote level was changed by this call. level: the level that is true now, None for not classified.
    read_back: False when that is not known, because it may have been done and could not be read; level is None then and
    says nothing.
    message: one sentence for the person; advice: what they can do about it, "" when all is well;
    needs: permission and OAuth scope of the call that was refused. gone: the item is no longer there, and was removed
    from the inventory (the object in `item` is kept for its title only). error: what the call raised, for the status of
    the answer (`portal.middleware.error_status`). scan: the scan that was queued because other rows changed with it;
    followers: at most so many items did.
    """

    status: str
    changed: bool
    message: str
    level: Level | None = None
    read_back: bool = True
    item: Item | None = None
    space: Space | None = None
    project: Project | None = None
    advice: str = ""
    needs: str = ""
    trace_id: str = ""
    gone: bool = False
    error: ApiError | None = None
    scan: Scan | None = None
    followers: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "done"

    @property
    def text(self) -> str:
        """Message, advice and what it needs, as one text for a toast or a terminal."""
        needs = f"It needs: {self.needs}." if self.needs else ""
        return " ".join(filter(None, (self.message, self.followed, self.advice, needs)))

    @property
    def followed(self) -> str:
        """How many items may have changed with a default, in a sentence; "" when none."""
        if not self.followers:
            return ""
        words = (
            "1 item changes with it; it is"
            if self.followers == 1
            else f"{self.followers:,} items change with it; they are"
        )
        return f"Up to {words} refreshed."


@dataclass(frozen=True)
class RefreshResult:
    """What came of reading something again. count: how many were read; source: which API told it."""

    count: int
    message: str
    source: str = ""


@dataclass(frozen=True)
class Impact:
    """How many items of a space a change of its default touches, as far as the inventory knows.

    matching: they have the current default and were not set in Trustdesk. Those that follow the space change with it,
    those that were set by hand in Confluence keep it, and the API does not tell them apart: at most that many change.
    unclassified: not classified now, as the space has no default that is known; at most that many take a new one.
    unset: not classified although the space has a default, so they evidently do not take it; they stay as they are.
    kept: they have a level of their own (another one, or one that was set in Trustdesk) and keep it.
    unknown: their level is not known here. complete: False when the space was not read in full.
    """

    matching: int
    unclassified: int
    unset: int
    kept: int
    unknown: int
    complete: bool

    @property
    def total(self) -> int:
        return self.matching + self.unclassified + self.unset + self.kept + self.unknown

    @property
    def most(self) -> int:
        """More than this cannot change, as far as the inventory is complete."""
        return self.matching + self.unclassified + self.unknown


class ReasonNeeded(ValidationError):
    """The change lowers the protection, so it needs a reason. `before`, `after`: levels; None is `none` in words."""

    def __init__(self, before: Level | None, after: Level | None, none: str = NOT_CLASSIFIED) -> None:
        self.before, self.after = before, after
        change = f"from {quoted(before, none)} to {quoted(after, none)}"
        super().__init__(f"This lowers the protection {change}. Give a reason.", code="reason_needed")


class ReasonTooLong(ValidationError):
    """The history keeps what a person can read; `LONGEST_REASON` characters are enough to say why."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"The reason has {length:,} characters; {LONGEST_REASON:,} are the most. Nothing was changed.",
            code="reason_too_long",
        )


class LevelNotApplicable(ValidationError):
    """Only a published level of this connection may be applied."""


class NotChangeable(ValidationError):
    """What is archived cannot be changed: content, and spaces and projects with all that is in them."""


class ChangedMeanwhile(ValidationError):
    """Somebody changed the level since the person saw it. `level`: the true one, None for none; the inventory holds it
    already; `now` says it. Nothing was changed; calling again with force=True does it all the same."""

    def __init__(self, now: str, level: Level | None) -> None:
        self.level = level
        super().__init__(
            f"{now}: somebody changed it in the meantime. Nothing was changed; look at it and try again.",
            code="changed_meanwhile",
        )
