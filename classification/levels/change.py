"""Changing one level, step by step, whatever has it: an item, or the default of a space or project."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from classification.inventory.refresh import refresh_levels
from classification.inventory.store import LevelCache
from classification.levels.targets import Change, Target, Wanted
from classification.models import Level, ReadState
from classification.outcomes import (
    LONGEST_REASON,
    NOT_CLASSIFIED,
    CallResult,
    ChangedMeanwhile,
    LevelChange,
    LevelNotApplicable,
    ReasonNeeded,
    ReasonTooLong,
)
from portal import access
from portal.access import Actor
from portal.atlassian.errors import ApiError, NotFound, Refused, Unavailable
from portal.audit.record import record_action
from portal.jobs import leases
from portal.models import Connection

#: A process that died while it changed a level keeps others from it no longer than this.
LEASE_SECONDS = 30.0


def change_level(
    *,
    actor: Actor,
    target: Target,
    wanted: Wanted,
    reason: str = "",
    expected: str | None = None,
    force: bool = False,
) -> LevelChange:
    """Change the level of an item, a space default or a project default, and read it back.

    Capability: that of the target. expected: str(Level.pk) that the person saw, "" when they saw that there is none,
    None when nobody looked (a command). Raises ChangedMeanwhile when the true level is another one (not with
    force=True), ReasonNeeded when the protection gets lower and reason is empty, LevelNotApplicable, NotChangeable
    (archived), LeaseTaken, and ApiError when the level could not be read before.
    """
    access.require(actor, target.connection, target.capability)
    target.check_changeable()
    if isinstance(wanted, Level):
        check_level(wanted, target.connection)
    with one_at_a_time(target, actor):
        target.reload()
        cache = LevelCache(target.connection, timezone.now())
        goal, known = target.goal(wanted, cache), target.known
        if is_expected(known, expected):
            check_reason(known, goal, reason, target.none)  # as early as possible: to ask for one takes no call
        asked = timezone.now()
        before = cache.row(target.read())
        if before is None and (known is not None or not is_expected(None, expected)):
            try:
                target.check_exists()
            except NotFound as error:
                return _removed(target, error)
        if not target.keep(before, asked) and target.is_read:
            before = target.known
        if not force and not is_expected(before, expected):
            raise ChangedMeanwhile(target.says(before, "now"), before)
        change = Change(wanted, goal, before, known)
        if target.is_already(change):
            return LevelChange("done", False, f"{target.says(before, 'already')}.", before, **target.changed_row)
        check_reason(before, goal, reason, target.none)
        result = _write_on_record(actor, target, change, reason, cache)
        return _concluded(actor, target, change, result)


# --- Before the call ------------------------------------------------------------------------------------------------


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


def is_expected(now: Level | None, expected: str | None) -> bool:
    """Whether the person saw the level that is true; also when nobody looked."""
    return expected is None or expected == (str(now.pk) if now else "")


@contextmanager
def one_at_a_time(target: Target, actor: Actor) -> Iterator[None]:
    """Hold what is changed, in all connections that know it, while the body runs. Raises leases.LeaseTaken.

    A scan may have taken the rows off the list since they were shown; then there is nothing to hold.
    """
    with ExitStack() as stack:
        held = leases.hold(
            target.same_rows(),
            who=str(actor.user or actor.label),
            what=target.activity,
            seconds=LEASE_SECONDS,
            beat=True,
        )
        with suppress(ObjectDoesNotExist):
            stack.enter_context(held)
        yield


# --- The call -------------------------------------------------------------------------------------------------------


def _write_on_record(actor: Actor, target: Target, change: Change, reason: str, cache: LevelCache) -> CallResult:
    """Record the intention, call, read back, record what became of it.

    Never raises an ApiError: what the site said is in the result, and in the audit trail.
    """
    entry: dict[str, Any] = {
        "actor": actor,
        "action": target.action(change.wanted),
        "connection": target.connection,
        "target_type": target.type,
        "target_id": target.id,
        "target_label": target.label,
        "before": target.facts(change.before),
        "reason": reason.strip(),
    }
    record_action(**entry, after=target.facts(change.goal), outcome="started")
    _, error = _attempt(lambda: target.write(change.wanted))
    asked = timezone.now()
    found, unreadable = _attempt(lambda: target.read_back(change.goal))
    level = cache.row(found)
    status = _status(change, level, error, unreadable)
    detail = _detail(status, target.quoted(level), error, unreadable)
    result = CallResult(status, level, unreadable is None, asked, error or unreadable, detail)
    record_action(
        **entry, after=_facts_after(target, change, result), outcome=status, detail=detail, trace_id=result.trace_id
    )
    return result


def _attempt(call: Callable[[], Any]) -> tuple[Any, ApiError | None]:
    try:
        return call(), None
    except ApiError as error:
        return None, error


def _status(change: Change, now: Level | None, error: ApiError | None, unreadable: ApiError | None) -> str:
    as_wanted = unreadable is None and (now == change.goal or not change.certain)
    if as_wanted and (error is None or now != change.before):
        return "done"  # whatever the answer was: what was read back counts
    if error is None:
        return "unknown"
    if isinstance(error, (Refused, NotFound)):
        return "refused"
    if not isinstance(error, Unavailable):  # Misconfigured and Limited: it was not done
        return "failed"
    # The answer was lost. Where the level was the wanted one before, reading it again cannot tell.
    return "unknown" if unreadable is not None or now == change.goal else "failed"


def _detail(status: str, now: str, error: ApiError | None, unreadable: ApiError | None) -> str:
    if status == "done":
        lost = "The answer was lost; it" if isinstance(error, Unavailable) else "It"
        return f"{lost} was read back as done. {error}" if error else ""
    if error is not None:
        return error.message
    if unreadable is not None:
        return f"The site accepted it, but it could not be read back. {unreadable.message}"
    return f"The site accepted it, but it reads back as {now}."


def _facts_after(target: Target, change: Change, result: CallResult) -> dict:
    """What is true afterwards, or may be, and beside it what was asked for where that did not come about."""
    if result.status == "unknown" and not result.read_back:
        return target.facts(change.goal)
    facts = target.facts(change.before if result.untouched else result.level)
    if result.status != "done" and change.certain:
        facts["asked"] = change.goal.name if change.goal else target.none
    return facts


# --- What follows ---------------------------------------------------------------------------------------------------


def _concluded(actor: Actor, target: Target, change: Change, result: CallResult) -> LevelChange:
    """Write what was read back, let what depends on it be read again, and say it."""
    if isinstance(result.told, NotFound) and target.is_gone(result):
        return _removed(target, result.error)
    if result.read_back:
        # After a refusal or a failure an item is as it was, its mark included.
        set_here = isinstance(change.wanted, Level) if result.status == "done" else None
        target.keep(result.level, result.asked, set_here=set_here, own=True)
    elif not result.untouched:
        target.keep(target.known, timezone.now(), state=ReadState.UNREAD)
    scan, followers = target.follow_up(actor, change, result)
    return LevelChange(
        status=result.status,
        changed=result.status == "done" or (result.read_back and result.level != change.before),
        message=_message(target, change, result),
        level=change.before if result.untouched else result.level,
        read_back=result.read_back or result.untouched,
        advice=_advice(target, change, result),
        needs=result.needs,
        trace_id=result.trace_id,
        error=result.error if result.status != "done" else None,
        scan=scan,
        followers=followers,
        **target.changed_row,
    )


def _removed(target: Target, error: ApiError | None) -> LevelChange:
    """What was done to it stays in the activity."""
    gone = error if isinstance(error, NotFound) else NotFound("The item is gone.")
    message = target.remove_row(gone)
    trace_id = error.trace_id if error else ""
    return LevelChange(
        "refused", False, message, gone=True, error=error or gone, trace_id=trace_id, **target.changed_row
    )


def _message(target: Target, change: Change, result: CallResult) -> str:
    if result.status == "unknown":
        return result.detail
    if result.status != "done":
        return f"{target.subject} was not changed. {result.detail}"
    return target.done_message(change, result)


def _advice(target: Target, change: Change, result: CallResult) -> str:
    """For a level that was archived a second ago, that is what the person has to hear; the list is read again."""
    if isinstance(result.told, Refused) and isinstance(change.wanted, Level):
        refresh_levels(target.connection)
        change.wanted.refresh_from_db()
        try:
            check_level(change.wanted, target.connection)
        except LevelNotApplicable as error:
            return " ".join(error.messages)
    if isinstance(result.told, NotFound) and target.not_found_advice:
        return target.not_found_advice
    return result.advice
