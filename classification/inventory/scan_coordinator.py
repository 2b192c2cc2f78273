"""The thread that runs a scan: what is requested next, what each answer changes, and when the scan has failed.

The threads of the pool only call the API. This one hands them their next calls, writes what came back in batches, and
keeps the lease; the calls go on while it writes.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from classification.inventory import outside_changes, store, tree
from classification.inventory.account_names import keep_names, missing_names
from classification.inventory.batch_writer import Entry, Writer
from classification.inventory.draft_lists import LISTS_DRAFTS, DraftLists
from classification.models import Item, ReadState, Scan, Space
from portal.atlassian import types
from portal.atlassian.errors import ApiError, Limited, Misconfigured, NotFound, Refused, Unavailable
from portal.connections import clients, site_facts
from portal.connections.call_pool import CallPool
from portal.counts import counted
from portal.jobs.job_queue import Lease

PAGE = 250
BATCH = 100
#: Listed items that may wait for their level; beyond it no list is read further, so memory stays small on any site.
MOST_READY = 2000
#: So many failures without one success between them mean that the site is down, not one item.
MOST_FAILURES_IN_A_ROW = 10
MOST_NOTES = 5
BEAT_EVERY = 1.0

#: kind, statuses that are listed together, in words. Drafts are in no list of a space: see `draft_lists.py`.
LISTS = (
    (Item.Kind.PAGE, ("current", "archived"), "Pages"),
    (Item.Kind.BLOGPOST, ("current",), "Blog posts"),
)
NOT_OFFERED = (
    "This site does not offer data classification, or not to the account of this connection. "
    "Titles were read, levels were not."
)


class ScanFailedError(Exception):
    """The scan cannot go on; the text is the sentence for the person."""


@dataclass
class _List:
    """One list of a space on its way. items: the client's lazy iterator; missing: why it is not complete."""

    kind: str
    statuses: tuple[str, ...]
    words: str
    items: Iterator[types.Item]
    open: bool = True
    missing: str = ""


@dataclass
class _SpaceRun:
    """One space on its way. listed, read: items so far; pending: calls without an answer; default: as told."""

    space: Space
    started: datetime
    lists: list[_List] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    listed: int = 0
    read: int = 0
    pending: int = 0
    default: tuple[types.Level | None, str | None] | None = None

    @property
    def is_over(self) -> bool:
        return not self.pending and self.read == self.listed and not any(part.open for part in self.lists)


class ScanCoordinator:
    """What one scan knows. Use `work` inside `with coordinator.pool`, then `finish`."""

    def __init__(self, scan: Scan, lease: Lease, *, expected: int) -> None:
        """expected: items the inventory holds already; it stands for the total until the lists have told."""
        self.scan, self.lease, self.expected = scan, lease, expected
        self.client = clients.confluence(scan.connection, background=True)
        self.session = self.client.session
        self.calls_before = self.session.calls
        self.drafts = DraftLists(self.client, [scan.space.remote_id] if scan.space else [])
        #: The connection is held until it ends, so it waits for the calls in flight.
        self.pool = CallPool(scan.connection, self.session, wait=True)
        self.writer = Writer(scan.connection)
        #: None until it is known; False when the site offers no classification.
        self.offered: bool | None = None
        #: Whether any list of pages answered.
        self.pages_listed = False
        self.levels_asked = False
        self.waiting: deque[Space] = deque()
        self.urgent: deque[tuple[_SpaceRun, _List]] = deque()
        self.ready: deque[tuple[_SpaceRun, types.Item]] = deque()
        self.missing: deque[Entry] = deque()
        self.staged: list[Entry] = []
        self.runs: list[_SpaceRun] = []
        #: The space of the last answer, which the progress names.
        self.latest: _SpaceRun | None = None
        self.spaces = self.listed = self.read = self.failures = self.unread = 0
        self.notes: dict[str, None] = {}
        #: Who wrote or owns what was listed.
        self.account_ids: set[str] = set()
        self._beaten = 0.0
        self._take_by_name: dict[str, Callable[[Any, Any, ApiError | None], None]] = {
            "levels": self._take_levels,
            "spaces": self._take_spaces,
            "policies": self._take_policies,
            "space": self._take_space,
            "default": self._take_default,
            "list": self._take_list,
            "drafts": self._take_drafts,
            "level": self._take_level,
            "item": self._take_item,
            "names": self._take_names,
        }

    # --- The loop ---------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Ask and collect until nothing is left to ask. What was read before a failure is written."""
        try:
            while True:
                self._top_up()
                if self.pool.pending:
                    done = self.pool.next(timeout=BEAT_EVERY)
                    if done is not None:
                        self._take(*done)
                elif self.staged:
                    self._write()
                elif not self.ready:
                    return
                if len(self.staged) >= BATCH and self.offered is not None:
                    self._write()
                self._beat()
        except ScanFailedError:
            self._write()
            raise

    def submit(self, what: str, about: Any, function: Callable, *args: Any) -> None:
        self.pool.submit((what, about), function, *args)

    def ask_levels(self) -> None:
        if not self.levels_asked:
            self.levels_asked = True
            self.submit("levels", None, self.client.levels)

    def ask_names(self) -> None:
        if missing := missing_names(self.scan.connection, self.account_ids):
            self.submit("names", missing, self.client.names, missing)

    def ask_drafts(self) -> None:
        self.submit("drafts", None, self.drafts.read)

    def finish(self) -> None:
        """End the scan as done, with what could not be read in `scan.error`.

        Raises ScanFailedError when no list of pages answered.
        """
        if self.spaces and not self.pages_listed:
            raise ScanFailedError(" ".join(["No pages could be listed.", *self.notes]))
        unread = f"; {counted(self.unread, 'level')} could not be read" if self.unread else ""
        self.lease.finish(
            message=f"{counted(self.read, 'item')} in {counted(self.spaces, 'space')} read{unread}.",
            error=" ".join(self.notes),
            done=self.read,
            total=self.listed,
            calls=self.session.calls - self.calls_before,
        )

    def _top_up(self) -> None:
        """Keep enough calls handed out that no thread idles while a batch is written. Lists go before levels."""
        while self.pool.room:
            if self.urgent and len(self.ready) < MOST_READY:
                run, part = self.urgent.popleft()
                run.pending += 1
                self.submit("list", (run, part), lambda part=part: list(islice(part.items, PAGE)))
            elif self.missing:
                entry = self.missing.popleft()
                self.submit("item", entry, self.client.item, entry.item.kind, entry.item.id, entry.item.status)
            elif self.ready:
                self._ask_level(*self.ready.popleft())
            elif self.waiting:
                self._open(self.waiting.popleft())
            else:
                return

    def _open(self, space: Space) -> None:
        run = _SpaceRun(space, timezone.now())
        self.runs.append(run)
        for kind, statuses, words in LISTS:
            items = self.client.space_items(space.remote_id, kind, statuses)
            run.lists.append(_List(kind, statuses, words, iter(items)))
        self.urgent.extend((run, part) for part in run.lists)
        if self.drafts.is_over:
            self._add_drafts(run)
        else:
            run.pending += 1
        run.pending += 1
        self.submit("default", run, self.client.space_default, space.remote_id)

    def _ask_level(self, run: _SpaceRun, item: types.Item) -> None:
        if self.offered is False:
            self._stage(run, Entry(run.space, item, None, timezone.now(), about=run))
            return
        run.pending += 1
        self.submit("level", (run, item, timezone.now()), self.client.item_level, item.kind, item.id, item.status)

    # --- Answers ----------------------------------------------------------------------------------------------------

    def _take(self, call: tuple[str, Any], done: Future) -> None:
        what, about = call
        error = done.exception()
        if error is not None and not isinstance(error, ApiError):
            raise error
        if error is not None and what == "names":
            return  # whose name is not known is shown by account id
        if isinstance(error, Misconfigured):
            raise ScanFailedError(f"{error.message} {error.advice}".strip()) from error
        if isinstance(error, Limited):
            raise ScanFailedError(f"{error.message} What was read so far is kept; scan again later.") from error
        self.failures = self.failures + 1 if isinstance(error, Unavailable) else 0
        if error is not None and self.failures >= MOST_FAILURES_IN_A_ROW:
            raise ScanFailedError(
                f"{error.message} It was so {self.failures} times in a row, so the scan was stopped. "
                "What was read so far is kept."
            ) from error
        self._take_by_name[what](about, None if error else done.result(), error)

    def _take_levels(self, about: None, levels: list[types.Level] | None, error: ApiError | None) -> None:
        self.offered = not isinstance(error, NotFound)
        if levels is not None:
            self.writer.levels.rows = store.keep_levels(self.scan.connection, levels, timezone.now())
        else:
            self._note(f"The levels could not be read: {error}" if self.offered else NOT_OFFERED)
        for run in list(self.runs):
            self._close_if_over(run)

    def _take_spaces(self, asked: datetime, spaces: list[types.Space] | None, error: ApiError | None) -> None:
        if spaces is None:
            raise ScanFailedError(f"The spaces could not be listed. {error}")
        connection = self.scan.connection
        if not spaces and connection.spaces.filter(listed=True).exists():
            # Far more likely an account that lost its access than a site that was emptied.
            raise ScanFailedError(
                "The site lists no space to the account of this connection any more. Check the account and what it "
                "may see in Confluence."
            )
        rows = store.keep_spaces(connection, spaces, timezone.now(), all_asked=asked)
        self.waiting.extend(sorted(self._not_read_yet(rows), key=lambda space: space.name))
        if rows:
            self.submit("policies", rows, self._read_policies, [space.remote_id for space in rows])

    def _not_read_yet(self, spaces: list[Space]) -> list[Space]:
        """Those that were not read in full since this scan began; it may go on after a pause or a crash."""
        began = self.scan.started_at
        done = {space.pk for space in spaces if began and space.scanned_at and space.scanned_at > began}
        self.spaces = len(done)
        self.read = self.listed = Item.objects.filter(space__in=done).count() if done else 0
        self.pages_listed = bool(done)
        return [space for space in spaces if space.pk not in done]

    def _read_policies(self, ids: list[str]) -> dict[str, bool]:
        """Runs in the pool; asks about the spaces only where something is blocked at all."""
        return self.client.data_policy_spaces(ids) if self.client.data_policy_blocks() else {}

    def _take_policies(self, rows: list[Space], blocked: dict[str, bool] | None, error: ApiError | None) -> None:
        if blocked is None:
            # What was known stays. Most sites do not offer this to a token, and that is no reason for a note.
            if not isinstance(error, (Refused, NotFound)):
                self._note(f"It could not be read in which spaces a policy blocks content: {error}")
            return
        for space in rows:
            now_blocked = blocked.get(space.remote_id, False)
            if space.content_blocked != now_blocked:
                Space.objects.filter(pk=space.pk).update(content_blocked=now_blocked)

    def _take_space(self, row: Space, space: types.Space | None, error: ApiError | None) -> None:
        if space is not None:
            store.keep_space(self.scan.connection, space, timezone.now())
        elif isinstance(error, NotFound):
            Space.objects.filter(pk=row.pk).update(listed=False)
            raise ScanFailedError(
                f"The site does not show the space “{row.name}” to the account of this connection any more. "
                "It was taken off the list of spaces; what is known of its content is kept."
            )
        else:
            self._note(f"The space itself could not be read: {error}")

    def _take_default(self, run: _SpaceRun, level: types.Level | None, error: ApiError | None) -> None:
        run.pending -= 1
        state = None
        if error is not None:
            state = ReadState.UNREAD if isinstance(error, Unavailable) else ReadState.HIDDEN
            self._note(f"The default of “{run.space.name}” could not be read: {error}")
        run.default = (level, state)
        self._close_if_over(run)

    def _take_list(
        self, about: tuple[_SpaceRun, _List], items: list[types.Item] | None, error: ApiError | None
    ) -> None:
        run, part = about
        run.pending -= 1
        part.open = items is not None and len(items) == PAGE
        if part.open:
            self.urgent.append((run, part))
        if error is not None:
            part.missing = f"{part.words} could not all be listed: {error}"
            self._note(f"“{run.space.name}”: {part.missing}")
        self.pages_listed |= items is not None and part.kind == Item.Kind.PAGE
        for item in items or ():
            self._add(run, part, item)
        if items:
            # A site without classification answers 404 for each level, like an item without one: the list tells.
            self.ask_levels()
        self._close_if_over(run)

    def _take_drafts(self, about: None, items: list[types.Item] | None, error: ApiError | None) -> None:
        """Lists of drafts cost no space its date: where they fail, what is known of drafts stays as it is."""
        if sentence := self.drafts.take(items, error):
            self._note(sentence)
        if not self.drafts.is_over:
            self.ask_drafts()
            return
        if self.drafts.offered is not None:
            site_facts.remember(self.scan.connection, LISTS_DRAFTS, self.drafts.offered)
        for run in list(self.runs):
            run.pending -= 1
            self._add_drafts(run)
            self._close_if_over(run)

    def _add_drafts(self, run: _SpaceRun) -> None:
        parts = {kind: _List(kind, ("draft",), "Drafts", iter(()), open=False) for kind in self.drafts.complete}
        run.lists.extend(parts.values())
        for item in self.drafts.of(run.space.remote_id):
            self._add(run, parts.get(item.kind) or _List(item.kind, ("draft",), "Drafts", iter(())), item)
            self.ask_levels()

    def _add(self, run: _SpaceRun, part: _List, item: types.Item) -> None:
        """Take an item up in the status that the site states; one that was not asked for is in another list."""
        status = item.status or part.statuses[0]
        if status not in part.statuses:
            return
        key = (part.kind, item.id, status)
        if key not in run.seen:  # what moves while it is listed comes twice
            run.seen.add(key)
            self.account_ids |= {item.author_id, item.owner_id}
            run.listed += 1
            self.listed += 1
            self.ready.append((run, store.with_status(item, part.kind, status)))

    def _take_level(
        self, about: tuple[_SpaceRun, types.Item, datetime], level: types.Level | None, error: ApiError | None
    ) -> None:
        run, item, asked = about
        run.pending -= 1
        if error is not None:
            self.unread += 1
            needs = f" It needs: {error.needs}." if isinstance(error, Refused) and error.needs else ""
            self._note(f"Some levels could not be read: {error}{needs}")
        self._stage(run, Entry(run.space, item, level, asked, error, about=run))

    def _take_item(self, entry: Entry, found: types.Item | None, error: ApiError | None) -> None:
        """An item whose level is gone: deleted since it was listed, or there and without one."""
        run: _SpaceRun = entry.about
        run.pending -= 1
        if isinstance(error, NotFound):
            run.listed -= 1
            self.listed -= 1
            self._close_if_over(run)
            return
        if error is not None:
            self.unread += 1
            self._note(f"Some levels could not be read: {error}")
        self._stage(run, replace(entry, error=error, there=True))

    def _take_names(self, asked: list[str], names: dict[str, str] | None, error: ApiError | None) -> None:
        if names is not None:
            keep_names(self.scan.connection, asked, names)

    def _stage(self, run: _SpaceRun, entry: Entry) -> None:
        self.staged.append(entry)
        self.latest = run
        run.read += 1
        self.read += 1
        self._close_if_over(run)

    def _note(self, sentence: str) -> None:
        """Keep a sentence for the end of the scan; the same one is said once, and a few say enough."""
        if len(self.notes) < MOST_NOTES:
            self.notes[sentence] = None

    # --- Writing ----------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        """Write what is staged. An item whose level somebody made unknown meanwhile is asked for again."""
        staged, self.staged = self.staged, []
        if not staged:
            return
        self._beat(always=True)  # who lost the lease writes nothing more
        left = self.writer.items(staged, offered=self.offered is not False)
        for entry in (*left.again, *left.missing):
            entry.about.read -= 1
            self.read -= 1
        self.ready.extend((entry.about, entry.item) for entry in left.again)
        for entry in left.missing:
            entry.about.pending += 1
            self.missing.append(entry)

    def _close_if_over(self, run: _SpaceRun) -> None:
        """When all of a space was read: drop what is no longer there, and give the rest its place in the tree."""
        if not run.is_over or run not in self.runs or (run.listed and self.offered is None):
            return
        self._write()
        if not run.is_over:
            return
        self.runs.remove(run)
        self.spaces += 1
        self._write_default(run)
        self._drop(run)
        tree.reorder(run.space)
        self._date(run)

    def _drop(self, run: _SpaceRun) -> None:
        """Take what the lists of a space no longer show off the inventory, where they were read to their end."""
        with transaction.atomic():
            Space.lock(run.space.pk)
            for part in run.lists:
                if not part.missing:
                    gone = Item.objects.filter(space=run.space, kind=part.kind, status__in=part.statuses)
                    gone.filter(read_at__lt=run.started).delete()

    def _date(self, run: _SpaceRun) -> None:
        """Say of when the figures of a space are, and what is missing from them."""
        missing = " ".join(part.missing for part in run.lists if part.missing)
        # By the database's clock, like the beginning of the scan, with which it is compared.
        read = {"partial_at": Now(), "partial_why": missing[:1000]} if missing else {"scanned_at": Now(), **_COMPLETE}
        Space.objects.filter(pk=run.space.pk).update(**read)

    def _write_default(self, run: _SpaceRun) -> None:
        assert run.default is not None
        level, state = run.default
        if level is None and self.offered is False:
            state = ReadState.HIDDEN
        if state == ReadState.UNREAD:
            return  # it did not answer this time: what was known, and its age, stay
        row = self.writer.levels.row(level)
        store.keep_default(run.space, row, run.started, state=state, how=outside_changes.BY_SCAN)

    def _beat(self, *, always: bool = False) -> None:
        """Keep the lease and say how far it is; raises LeaseLost."""
        now = time.monotonic()
        if not always and now - self._beaten < BEAT_EVERY:
            return
        self._beaten = now
        run = self.latest
        message = f"{run.space.name}: {run.read:,} of {run.listed:,}" if run else "Reading the list of spaces"
        self.lease.beat(
            done=self.read,
            total=max(self.listed, self.expected, self.read),
            message=message[:300],
            calls=self.session.calls - self.calls_before,
        )


_COMPLETE = {"partial_at": None, "partial_why": ""}
