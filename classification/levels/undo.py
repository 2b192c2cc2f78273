"""Undoing the last change of a level: the level before is restored while what was set is still what is true."""

from classification.levels.change import change_level
from classification.levels.targets import Target
from classification.models import Level
from classification.outcomes import LevelChange, NotChangeable
from portal.access import Actor
from portal.models import AuditEntry


def find_undoable(*, actor: Actor, target: Target) -> AuditEntry | None:
    """The last change of the target, if it was this actor's own and the level before can be set again."""
    entry = _last_change(target)
    if entry is None or not actor.user or entry.actor_id != actor.user.pk:
        return None
    try:
        target.restoring(_level(target, entry.before))
    except NotChangeable:
        return None
    return entry


def undo_level(*, actor: Actor, target: Target, sequence: int) -> LevelChange:
    """Restore the level before the change that the audit entry `sequence` records; the actor's own last one alone.

    Goes on record with a reason of its own, so no other is asked for. Raises NotChangeable when it was not the last
    change, and what `change_level` raises: ChangedMeanwhile when somebody changed the level since.
    """
    entry = find_undoable(actor=actor, target=target)
    if entry is None or entry.sequence != sequence:
        raise NotChangeable(f"{target.subject} was changed again since, so this cannot be undone. Nothing was changed.")
    after = _level(target, entry.after)
    return change_level(
        actor=actor,
        target=target,
        wanted=target.restoring(_level(target, entry.before)),
        reason=f"Undo of the change to {target.quoted(after)}",
        expected=str(after.pk) if after else "",
    )


def _last_change(target: Target) -> AuditEntry | None:
    done = AuditEntry.objects.filter(
        connection=target.connection,
        target_type=target.type,
        target_id=target.id,
        action__startswith=f"{target.action_group}.",
        outcome="done",
    ).order_by("-sequence")
    # The draft of a page is another target with the same id.
    same = (entry for entry in done[:20] if all((entry.after or {}).get(k) == v for k, v in target.extra.items()))
    return next(same, None)


def _level(target: Target, recorded: dict | None) -> Level | None:
    """The level that an audit entry names. Raises NotChangeable where it is not in the list any more."""
    remote_id = (recorded or {}).get("level_id")
    if remote_id is None:
        return None
    level = Level.objects.filter(connection=target.connection, remote_id=remote_id).first()
    if level is None:
        raise NotChangeable("The level before is no longer there, so this cannot be undone. Nothing was changed.")
    return level
