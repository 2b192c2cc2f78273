"""One remote change of a level, step by step: record the intention, call, read back, record what became of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone

from classification.inventory.store import LevelCache
from classification.models import Level
from classification.outcomes import (
    LONGEST_REASON,
    NOT_CLASSIFIED,
    LevelNotApplicable,
    ReasonNeeded,
    ReasonTooLong,
    quoted,
)
from portal.access import Actor
from portal.atlassian import types
from portal.atlassian.errors import ApiError, NotFound, Refused, Unavailable
from portal.audit.record import record_action
from portal.jobs import leases
from portal.models import Connection


@dataclass(frozen=True)
class Target:
    """What is changed, as the audit trail names it. extra: further facts for its before and after.

    none: what it is called to have no level.
    """

    connection: Connection
    type: str
    id: str
    label: str
    extra: tuple[tuple[str, str], ...] = ()
    none: str = NOT_CLASSIFIED

    def facts(self, level: Level | None) -> dict:
        told = {"level": level.name if level else None, "level_id": level.remote_id if level else None}
        return {**told, **dict(self.extra)}


@dataclass(frozen=True)
class Change:
    """A remote write. wanted: the level it should lead to; certain: False where the site may choose another one."""

    action: str
    write: Callable[[], None]
    read: Callable[[], types.Level | None]
    wanted: Level | None
    certain: bool = True


@dataclass(frozen=True)
class CallResult:
    """What became of it. level is what was read back, when `read_back` is true. status: as in `Outcome`.

    asked: when the call that read it back was made.
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


def check_level(level: Level, connection: Connection) -> None:
    """Raise LevelNotApplicable unless the level is a published one of this connection."""
    if level.connection_id != connection.pk:
        raise LevelNotApplicable("This level belongs to another connection.")
    if not level.is_applicable:
        state = level.status.lower() if level.listed else "no longer listed"
        raise LevelNotApplicable(f"Only a published level can be applied; “{level}” is {state}. Nothing was changed.")


def check_reason(before: Level | None, after: Level | None, reason: str, none: str = NOT_CLASSIFIED) -> None:
    """Raise ReasonNeeded when the protection would fall without a reason, and ReasonTooLong. None protects least."""
    if len(reason) > LONGEST_REASON:
        raise ReasonTooLong(len(reason))
    falls = before is not None and (after is None or after.is_less_sensitive_than(before))
    if falls and not reason.strip():
        raise ReasonNeeded(before, after, none)


def is_seen(now: Level | None, seen_level_id: str | None) -> bool:
    """Whether the person saw the level that is true; also when nobody looked."""
    return seen_level_id is None or seen_level_id == (str(now.pk) if now else "")


#: A process that died while it changed a level keeps others from it no longer than this.
LEASE_SECONDS = 30.0


@contextmanager
def one_at_a_time(rows: QuerySet, actor: Actor, what: str) -> Iterator[None]:
    """Hold what is changed, in all connections that know it, while the body runs. Raises leases.LeaseTaken.

    A scan may have taken the rows off the list since they were shown; then there is nothing to hold.
    """
    with ExitStack() as stack:
        who = str(actor.user or actor.label)
        with suppress(ObjectDoesNotExist):
            stack.enter_context(leases.hold(rows, who=who, what=what, seconds=LEASE_SECONDS, beat=True))
        yield


def carry_out(
    *, actor: Actor, target: Target, change: Change, before: Level | None, reason: str, book: LevelCache
) -> CallResult:
    """Do it. Never raises an ApiError: what the site said is in the result, and in the audit trail."""
    entry: dict[str, Any] = {
        "actor": actor,
        "action": change.action,
        "connection": target.connection,
        "target_type": target.type,
        "target_id": target.id,
        "target_label": target.label,
        "before": target.facts(before),
        "reason": reason.strip(),
    }
    record_action(**entry, after=target.facts(change.wanted), outcome="started")
    _, error = _attempt(change.write)
    asked = timezone.now()
    now, unreadable = _attempt(change.read)
    level = book.row(now)
    status = _judge(change, before, level, error, unreadable)
    detail = _detail(status, quoted(level, target.none), error, unreadable)
    result = CallResult(status, level, unreadable is None, asked, error or unreadable, detail)
    record_action(
        **entry, after=_after(target, change, before, result), outcome=status, detail=detail, trace_id=result.trace_id
    )
    return result


def _after(target: Target, change: Change, before: Level | None, result: CallResult) -> dict:
    """What is true afterwards, or may be, and beside it what was asked for where that did not come about."""
    if result.status == "unknown" and not result.read_back:
        return target.facts(change.wanted)
    told = target.facts(before if result.untouched else result.level)
    if result.status != "done" and change.certain:
        told["asked"] = change.wanted.name if change.wanted else target.none
    return told


def _attempt(call: Callable[[], Any]) -> tuple[Any, ApiError | None]:
    try:
        return call(), None
    except ApiError as error:
        return None, error


def _judge(
    change: Change, before: Level | None, now: Level | None, error: ApiError | None, unreadable: ApiError | None
) -> str:
    as_wanted = unreadable is None and (now == change.wanted or not change.certain)
    if as_wanted and (error is None or now != before):
        return "done"  # whatever the answer was: what was read back counts
    if error is None:
        return "unknown"
    if isinstance(error, (Refused, NotFound)):
        return "refused"
    if not isinstance(error, Unavailable):  # Misconfigured and Limited: it was not done
        return "failed"
    # The answer was lost. Where the level was the wanted one before, reading it again cannot tell.
    return "unknown" if unreadable is not None or now == change.wanted else "failed"


def _detail(status: str, now: str, error: ApiError | None, unreadable: ApiError | None) -> str:
    if status == "done":
        lost = "The answer was lost; it" if isinstance(error, Unavailable) else "It"
        return f"{lost} was read back as done. {error}" if error else ""
    if error is not None:
        return error.message
    if unreadable is not None:
        return f"The site accepted it, but it could not be read back. {unreadable.message}"
    return f"The site accepted it, but it reads back as {now}."
