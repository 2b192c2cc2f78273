"""Changes that were made outside Trustdesk: a level that reads as another one than was known, put on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from classification.models import Item, Level, Project, ReadState, Space
from classification.outcomes import NO_DEFAULT, NOT_CLASSIFIED
from portal.access import Actor
from portal.audit.record import record_actions
from portal.models import AuditEntry, Connection

ACTION = "level.changed_outside"
#: What Trustdesk itself does to levels, by the beginning of its actions.
OWN_ACTIONS = ("item.level.", "space.default.", "project.default.")
TOLD = (ReadState.KNOWN, ReadState.NONE)
#: How a difference came to light.
BY_SCAN, BY_REFRESH = "Found by a scan", "Found when it was read"


@dataclass(frozen=True, slots=True)
class Known:
    """A level as it was told: its primary key (None for none), a ReadState, and when the call was made."""

    level_id: int | None
    state: str
    read_at: datetime | None

    @property
    def id(self) -> int | None:
        return self.level_id if self.state == ReadState.KNOWN else None


@dataclass(frozen=True, slots=True)
class Difference:
    """A target whose level reads as another one. type, id, label, status: as the audit trail names it.

    space_id: the remote id of the space whose default an item may follow.
    """

    type: str
    id: str
    label: str
    before: Known
    after: Known
    status: str = ""
    space_id: str = ""

    @property
    def none(self) -> str:
        return NO_DEFAULT if self.type in ("space", "project") else NOT_CLASSIFIED


def differs(before: Known, after: Known) -> bool:
    """Whether both were told, and are not the same. What was never read, or made unknown here, is no change."""
    return before.state in TOLD and after.state in TOLD and before.id != after.id


def item_difference(item: Item, space: Space, before: Known, after: Known) -> Difference:
    return Difference(item.kind, item.remote_id, item.title, before, after, item.status, space.remote_id)


def default_difference(row: Space | Project, before: Known, after: Known) -> Difference:
    kind = "space" if isinstance(row, Space) else "project"
    return Difference(kind, row.remote_id, f"{row.name} ({row.key})", before, after)


def record(connection: Connection, found: Sequence[Difference], how: str) -> None:
    """Add one entry for each difference that Trustdesk did not make itself; one lock of the end of the trail.

    how: BY_SCAN or BY_REFRESH. Call it last in the transaction that writes what was read.
    """
    if not found:
        return
    wanted = {known.id for each in found for known in (each.before, each.after)}
    levels = Level.objects.in_bulk([pk for pk in wanted if pk is not None])
    done = _done_here(connection, found)
    entries = [_entry(each, levels, how) for each in found if not _is_own(each, levels, done)]
    if entries:
        record_actions(actor=Actor.system("scan"), connection=connection, entries=entries)


def _done_here(connection: Connection, found: Sequence[Difference]) -> dict[tuple[str, str], AuditEntry]:
    """(type, id) -> the last thing that Trustdesk did to the level of a target, through any connection to the site."""
    ids = {each.id for each in found} | {each.space_id for each in found if each.space_id}
    same_site = Connection.objects.filter(url=connection.url, kind=connection.kind)
    entries = AuditEntry.objects.filter(
        connection__in=list(same_site), target_type__in=["page", "blogpost", "space", "project"], target_id__in=ids
    )
    last: dict[tuple[str, str], AuditEntry] = {}
    for entry in entries.order_by("sequence"):
        if entry.action.startswith(OWN_ACTIONS):
            last[(entry.target_type, entry.target_id)] = entry
    return last


def _is_own(each: Difference, levels: dict[int, Level], done: dict[tuple[str, str], AuditEntry]) -> bool:
    """Whether it is what Trustdesk did since it was read before: a call whose end was never recorded, a change through
    another connection, or an item that followed a default which Trustdesk changed."""
    before, after = _remote_id(each.before, levels), _remote_id(each.after, levels)
    if _led_to(done.get((each.type, each.id)), each, after):
        return True
    default = done.get(("space", each.space_id))
    return _led_to(default, each, after) and default is not None and _level_id(default.before) == before


def _led_to(entry: AuditEntry | None, each: Difference, after: str | None) -> bool:
    if entry is None or (each.before.read_at is not None and entry.at < each.before.read_at):
        return False
    if entry.target_type in ("page", "blogpost") and (entry.after or {}).get("status", "") != each.status:
        return False
    return _level_id(entry.after) == after


def _level_id(recorded: Any) -> str | None:
    return recorded.get("level_id") if isinstance(recorded, dict) else None


def _remote_id(known: Known, levels: dict[int, Level]) -> str | None:
    return levels[known.id].remote_id if known.id in levels else None


def _entry(each: Difference, levels: dict[int, Level], how: str) -> dict[str, Any]:
    return {
        "action": ACTION,
        "target_type": each.type,
        "target_id": each.id,
        "target_label": each.label,
        "before": _facts(each, each.before, levels),
        "after": _facts(each, each.after, levels),
        "detail": f"{how}. It was {_words(each, each.before, levels)}, and {_words(each, each.after, levels)}.",
    }


def _facts(each: Difference, known: Known, levels: dict[int, Level]) -> dict[str, str | None]:
    level = levels.get(known.id or 0)
    facts = {"level": level.name if level else None, "level_id": level.remote_id if level else None}
    facts["read_at"] = known.read_at.astimezone(UTC).isoformat(timespec="seconds") if known.read_at else None
    return {**facts, "status": each.status} if each.status else facts


def _words(each: Difference, known: Known, levels: dict[int, Level]) -> str:
    level = levels.get(known.id or 0)
    when = f"{known.read_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if known.read_at else "an unknown time"
    return f"{f'“{level}”' if level else each.none} when read at {when}"
