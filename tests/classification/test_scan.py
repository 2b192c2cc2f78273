"""Scans: what they read, how many calls they make, and what they do when the site misbehaves."""

import json
import math
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from classification import tasks
from classification.inventory import refresh, scan_coordinator, scanning
from classification.inventory.batch_writer import Entry, Writer
from classification.inventory.draft_lists import LISTS_DRAFTS
from classification.levels.change import change_level
from classification.levels.defaults import SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Level, ReadState, Scan, Space
from classification.selectors import find_item
from portal.atlassian import types
from portal.connections import clients, site_facts
from portal.jobs import job_queue
from portal.models import Pause
from sandbox import faults
from sandbox.names import ACME, NONE
from sandbox.transport import SandboxAdapter
from tests.held import Held

from .conftest import run_scan

pytestmark = pytest.mark.django_db


def levels_of(space: Space) -> dict[tuple[str, str], str | None]:
    rows = Item.objects.filter(space=space).values_list("title", "status", "level__name")
    return {(title, status): level for title, status, level in rows}


def test_a_scan_of_a_space_reads_every_status_with_its_level(site, space):
    scan = run_scan(site, space)
    assert (scan.state, scan.error, scan.done, scan.total) == ("done", "", 9, 9)
    assert scan.message == "9 items in 1 space read."
    assert levels_of(space) == {
        ("Welcome", "current"): "Internal",
        ("Salaries", "current"): "Confidential",
        ("Salaries, reworked", "draft"): "Public",
        ("Bonus", "current"): "Confidential",
        ("Press kit", "current"): "Public",
        ("Nowhere", "current"): None,
        ("Old rules", "archived"): "Public",
        ("New rules", "draft"): "Internal",
        ("Our year", "current"): "Internal",
    }
    space.refresh_from_db()
    assert space.default_level.name == "Internal"
    assert space.scanned_at is not None
    assert Item.objects.get(title="Nowhere").level_state == ReadState.NONE


def test_a_scan_of_a_space_keeps_to_its_budget_of_calls(site, sandbox, operator):
    sandbox.set_draft_lists(ACME, "list")
    sandbox.add_space(ACME, "BIG", pages=540, blogposts=3)
    sandbox.add_item(ACME, "BIG", title="A draft", status="draft")
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    sandbox.calls.clear()
    scan = run_scan(site, big)
    made = sum(sandbox.calls.values())
    assert scan.done == 544
    assert made <= 544 + math.ceil(544 / 250) + 6
    assert scan.calls == made


def test_an_empty_space_costs_five_calls_where_drafts_are_not_listed(site, sandbox, operator):
    sandbox.add_space(ACME, "VOID")
    void = refresh.read_space(actor=operator, connection=site, key="VOID")
    sandbox.calls.clear()
    scan = run_scan(site, void)
    assert scan.state == Scan.State.DONE
    assert sum(sandbox.calls.values()) == 5


def test_a_scan_of_a_site_reads_all_spaces_within_its_budget(site, sandbox):
    sandbox.calls.clear()
    scan = run_scan(site)
    spaces = Space.objects.filter(connection=site, listed=True)
    assert scan.state == Scan.State.DONE
    assert spaces.count() == 8
    assert not spaces.filter(scanned_at=None).exists()
    assert [space.key for space in spaces.filter(content_blocked=True)] == ["FIN"]
    assert scan.done == Item.objects.count() > 1000
    pieces = sum(math.ceil(space.items.count() / 250) for space in spaces)
    assert sum(sandbox.calls.values()) <= scan.done + pieces + 6 * 8


def test_a_scan_goes_on_where_only_apps_are_told_of_data_policies(site, sandbox, few_items):
    sandbox.set_policies_readable(ACME, False)
    scan = run_scan(site)
    assert (scan.state, scan.error) == (Scan.State.DONE, "")
    assert sandbox.calls["confluence.data_policies"] == 1
    assert not Space.objects.filter(content_blocked=True).exists()


def test_sixteen_calls_are_in_flight_and_never_more(site, sandbox, operator):
    sandbox.add_space(ACME, "BIG", pages=120)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    faults.latency(sandbox, 1000, call="confluence.page_level.get")
    sixteen = threading.Event()

    def answer_when_sixteen_wait(seconds: float) -> None:
        if sandbox.in_flight >= 16:
            sixteen.set()
        assert sixteen.wait(60), f"only {sandbox.in_flight} calls in flight"

    sandbox.sleep = answer_when_sixteen_wait
    sandbox.peak_in_flight = 0
    assert run_scan(site, big).done == 120
    assert sixteen.is_set()
    assert sandbox.peak_in_flight == 16


def test_a_space_below_another_address_dialect_reads_the_same(reference_site, handbook, operator):
    space = refresh.read_space(actor=operator, connection=reference_site, key="HB")
    assert run_scan(reference_site, space).done == 9
    assert levels_of(space)["Salaries", "current"] == "Confidential"


def test_the_tree_has_parents_before_children(scanned):
    pages = Item.objects.filter(space=scanned, kind="page").order_by("tree_order")
    told = [(page.title, page.depth) for page in pages]
    start = told.index(("Welcome", 0))
    assert told[start : start + 4] == [("Welcome", 0), ("Salaries", 1), ("Salaries, reworked", 1), ("Bonus", 2)]
    last = Item.objects.filter(space=scanned).order_by("tree_order").last()
    assert last.kind == "blogpost"


def test_what_vanished_is_removed_by_the_next_scan(site, sandbox, scanned, handbook):
    faults.stranger.act(sandbox, "delete_item", host=ACME, item=handbook["Bonus"])
    run_scan(site, scanned)
    assert not Item.objects.filter(space=scanned, title="Bonus").exists()
    assert Item.objects.filter(space=scanned).count() == 8


def test_scanning_twice_changes_nothing(site, scanned):
    before = list(Item.objects.order_by("pk").values_list("pk", "title", "level", "tree_order", "depth"))
    run_scan(site, scanned)
    assert list(Item.objects.order_by("pk").values_list("pk", "title", "level", "tree_order", "depth")) == before


def test_the_mark_set_here_lasts_while_the_level_stays(site, sandbox, scanned, item, level, operator):
    change_level(actor=operator, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    change_level(actor=operator, target=ItemLevel(item("Nowhere")), wanted=level("Confidential"))
    faults.stranger.act(sandbox, "set_level", host=ACME, item=item("Nowhere").remote_id, level="Internal")
    run_scan(site, scanned)
    assert item("Welcome").set_here
    assert not item("Nowhere").set_here


# --- A site that misbehaves -----------------------------------------------------------------------------------------


def test_a_429_in_the_middle_is_waited_for(site, sandbox, space):
    faults.rate_limit(sandbox, retry_after=0.05, call="confluence.page_level.get", skip=3, times=4)
    scan = run_scan(site, space)
    assert (scan.state, scan.error, scan.done) == ("done", "", 9)
    assert not Item.objects.exclude(level_state__in=("known", "none")).exists()
    assert Pause.objects.filter(connection=site).exists()


def test_a_limit_longer_than_its_patience_ends_the_scan_with_a_sentence(site, sandbox, space, settings):
    settings.UPSTREAM_PATIENCE_WORK = 0.1
    faults.rate_limit(sandbox, retry_after=600, call="confluence.page_level.get")
    scan = run_scan(site, space)
    assert scan.state == Scan.State.FAILED
    assert "slow down" in scan.error
    assert "kept" in scan.error


def test_one_refused_item_is_marked_and_the_scan_goes_on(site, sandbox, space, handbook):
    faults.refuse(sandbox, item=handbook["Bonus"], operation="get", message="Not for you")
    scan = run_scan(site, space)
    assert scan.state == Scan.State.DONE
    assert scan.message == "9 items in 1 space read; 1 level could not be read."
    assert "Not for you" in scan.error
    assert "read:page:confluence" in scan.error
    assert Item.objects.get(title="Bonus").level_state == ReadState.HIDDEN
    assert Item.objects.get(title="Salaries").level_state == ReadState.KNOWN


def test_one_broken_answer_leaves_what_was_known_with_its_age(site, sandbox, scanned, handbook, item):
    before = item("Bonus")
    faults.server_error(sandbox, status=500, call="confluence.page_level.get", item=handbook["Bonus"], times=1)
    scan = run_scan(site, scanned)
    assert scan.state == Scan.State.DONE
    assert "1 level could not be read" in scan.message
    assert (item("Bonus").level_state, item("Bonus").level.name) == (ReadState.KNOWN, "Confidential")
    assert item("Bonus").level_read_at == before.level_read_at
    run_scan(site, scanned)
    assert item("Bonus").level_read_at > before.level_read_at


def test_a_site_that_is_down_hides_nothing_that_was_known(site, sandbox, scanned, settings):
    settings.UPSTREAM_PATIENCE_WORK = 0.1
    before = levels_of(scanned)
    faults.server_error(sandbox, status=503, call="confluence.*_level.get")
    run_scan(site, scanned)
    assert levels_of(scanned) == before
    assert not Item.objects.filter(level_state=ReadState.UNREAD).exists()


def test_an_account_that_lost_all_spaces_does_not_lose_what_was_read(site, sandbox, few_items, scanned):
    run_scan(site)
    with sandbox.read() as db:
        keys = [row["key"] for row in db.execute("SELECT key FROM spaces WHERE host = ?", (ACME,))]
    for key in keys:
        sandbox.set_right("admin@example.com", NONE, host=ACME, space=key)
    scan = run_scan(site)
    assert scan.state == Scan.State.FAILED
    assert "lists no space to the account of this connection any more" in scan.error
    assert Space.objects.filter(connection=site, listed=True).count() == len(keys)


def test_where_a_policy_blocks_content_is_not_forgotten_by_an_error(site, sandbox, few_items):
    run_scan(site)
    faults.server_error(sandbox, status=500, call="confluence.data_polic*")
    scan = run_scan(site)
    assert [space.key for space in Space.objects.filter(content_blocked=True)] == ["FIN"]
    assert "in which spaces a policy blocks content" in scan.error


@pytest.mark.parametrize("whole_site", [True, False])
def test_a_page_that_was_moved_is_in_its_new_space_alone(
    site, sandbox, few_items, scanned, item, level, operator, whole_site
):
    sandbox.add_space(ACME, "NEW", name="New home")
    new = refresh.read_space(actor=operator, connection=site, key="NEW")
    change_level(actor=operator, target=ItemLevel(item("Bonus")), wanted=level("Internal"), reason="Moved soon")
    with sandbox.write() as db:
        db.execute("UPDATE items SET space_id = ?, parent_id = NULL WHERE title = 'Bonus'", (new.remote_id,))
    run_scan(site, None if whole_site else new)
    [row] = Item.objects.filter(title="Bonus")
    assert (row.space, row.level.name) == (new, "Internal")
    if not whole_site:  # there its old space may be closed, and the row gone, before the new one is written
        assert row.set_here, "it is still the level that was set in Trustdesk"
    assert find_item(site, "page", row.remote_id, "current") == row


def test_a_page_that_two_spaces_list_in_one_batch_is_kept_once(site, scanned, item, level, operator, sandbox):
    sandbox.add_space(ACME, "NEW", name="New home")
    new = refresh.read_space(actor=operator, connection=site, key="NEW")
    first = entry(scanned, item("Bonus"), timezone.now(), level("Confidential"))
    second = entry(new, item("Bonus"), timezone.now(), level("Confidential"))
    Writer(site).items([second, first], offered=True)
    assert Item.objects.get(title="Bonus").space == new


def test_a_site_that_is_down_ends_the_scan_and_what_was_read_is_kept(site, sandbox, operator):
    sandbox.add_space(ACME, "BIG", pages=200)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    faults.server_error(sandbox, status=500, call="confluence.page_level.get", skip=100)
    scan = run_scan(site, big)
    assert scan.state == Scan.State.FAILED
    assert "10 times in a row" in scan.error
    assert Item.objects.filter(space=big, level_state=ReadState.NONE).count() >= 90
    big.refresh_from_db()
    assert big.scanned_at is None


def test_a_wrong_token_fails_the_scan_with_one_sentence(site, sandbox, space):
    sandbox.revoke("sandbox-admin-token")
    scan = run_scan(site, space)
    assert scan.state == Scan.State.FAILED
    assert "token" in scan.error
    assert "sandbox-admin-token" not in scan.error


def test_an_answer_in_html_fails_the_scan_with_one_sentence(site, sandbox, space):
    faults.html_answer(sandbox, call="confluence.space_pages")
    scan = run_scan(site, space)
    assert scan.state == Scan.State.FAILED
    assert "web page" in scan.error


@pytest.mark.parametrize("whole_site", [True, False])
def test_without_the_entitlement_titles_are_read_and_no_item_is_called_unclassified(
    site, sandbox, few_items, space, whole_site
):
    sandbox.set_entitled(ACME, False)
    scan = run_scan(site, None if whole_site else space)
    assert scan.state == Scan.State.DONE
    assert "does not offer data classification" in scan.error
    assert Item.objects.filter(space=space).count() == 9
    assert set(Item.objects.values_list("level_state", flat=True)) == {ReadState.HIDDEN}
    space.refresh_from_db()
    assert space.default_state == ReadState.HIDDEN


def test_a_list_that_fails_is_said_and_nothing_of_it_is_removed(site, sandbox, scanned):
    before = scanned.scanned_at
    faults.refuse(sandbox, call="confluence.blogposts", message="No drafts for you")
    faults.server_error(sandbox, status=500, call="confluence.space_blogposts")
    scan = run_scan(site, scanned)
    assert scan.state == Scan.State.DONE
    assert "No drafts for you" in scan.error
    assert Item.objects.filter(space=scanned, kind="blogpost").count() == 1
    scanned.refresh_from_db()
    assert scanned.scanned_at == before


@pytest.mark.parametrize("how", ["refuse", "ignore"])
@pytest.mark.parametrize("whole_site", [False, True])
def test_a_site_that_does_not_list_drafts_is_asked_once_and_scanned_in_full(
    site, sandbox, few_items, space, how, whole_site
):
    sandbox.set_draft_lists(ACME, how)
    sandbox.calls.clear()
    scan = run_scan(site, None if whole_site else space)
    assert (scan.state, scan.error) == (Scan.State.DONE, "")
    assert sandbox.calls["confluence.pages"] + sandbox.calls["confluence.blogposts"] == 1
    read = Space.objects.filter(connection=site) if whole_site else Space.objects.filter(pk=space.pk)
    assert not read.filter(scanned_at=None).exists()
    assert not read.exclude(partial_at=None).exists()
    assert ("Salaries", "draft") not in levels_of(space)
    assert len(levels_of(space)) == 7
    assert site_facts.value(site, LISTS_DRAFTS) is False


def test_drafts_of_a_whole_site_come_from_one_list_for_each_kind(site, sandbox, few_items, handbook):
    sandbox.calls.clear()
    scan = run_scan(site)
    assert scan.state == Scan.State.DONE
    assert sandbox.calls["confluence.pages"] == sandbox.calls["confluence.blogposts"] == 1
    drafts = Item.objects.filter(status="draft", space__key="HB").values_list("title", flat=True)
    assert sorted(drafts) == ["New rules", "Salaries, reworked"]
    assert site_facts.value(site, LISTS_DRAFTS) is True


def test_a_list_of_drafts_that_breaks_off_keeps_the_known_ones_and_the_date_of_the_space(site, sandbox, scanned):
    before = scanned.scanned_at
    faults.server_error(sandbox, status=500, call="confluence.pages")
    scan = run_scan(site, scanned)
    assert "Drafts could not all be listed: " in scan.error
    assert Item.objects.filter(space=scanned, status="draft").count() == 2
    scanned.refresh_from_db()
    assert scanned.scanned_at > before
    assert scanned.partial_at is None


def test_a_draft_that_is_published_meanwhile_leaves_the_list(site, sandbox, scanned, handbook):
    with sandbox.write() as db:
        db.execute("DELETE FROM items WHERE id = ? AND draft = 1", (int(handbook["New rules"]),))
    run_scan(site, scanned)
    drafts = Item.objects.filter(space=scanned, status="draft").values_list("title", flat=True)
    assert list(drafts) == ["Salaries, reworked"]


def test_a_scan_that_could_list_no_page_at_all_has_failed(site, sandbox, scanned):
    faults.refuse(sandbox, call="confluence.space_pages", message="No lists for you")
    scan = run_scan(site, scanned)
    assert scan.state == Scan.State.FAILED
    assert scan.error.startswith("No pages could be listed.")
    assert "No lists for you" in scan.error
    assert Item.objects.filter(space=scanned).count() == 9


def test_a_space_that_is_not_shown_any_more_leaves_the_list(site, sandbox, scanned):
    sandbox.set_right("admin@example.com", NONE, host=ACME, space="HB")
    scan = run_scan(site, scanned)
    assert scan.state == Scan.State.FAILED
    assert "does not show the space “Handbook”" in scan.error
    scanned.refresh_from_db()
    assert not scanned.listed
    assert Item.objects.filter(space=scanned).count() == 9


def test_a_level_that_nobody_listed_is_learned_from_an_item(site, sandbox, space):
    faults.server_error(sandbox, status=500, call="confluence.levels")
    Level.objects.update(remote_id="another")
    scan = run_scan(site, space)
    assert scan.state == Scan.State.DONE
    assert "levels could not be read" in scan.error
    learned = Level.objects.exclude(remote_id="another")
    assert set(learned.values_list("name", flat=True)) == {"Confidential", "Internal", "Public"}


# --- Somebody acts meanwhile ----------------------------------------------------------------------------------------


def entry(space: Space, item: Item, asked, level: Level) -> Entry:
    told = types.Level(level.remote_id, level.name)
    return Entry(space, types.Item(item.remote_id, item.kind, item.status, item.title), told, asked)


def test_an_older_answer_is_not_written_over_a_level_that_was_set_meanwhile(site, scanned, item, level, operator):
    asked = timezone.now()
    change_level(actor=operator, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    again = Writer(site).items([entry(scanned, item("Welcome"), asked, level("Internal"))], offered=True).again
    assert item("Welcome").level.name == "Confidential"
    assert item("Welcome").set_here
    assert again == []


def test_an_item_that_became_unknown_meanwhile_is_asked_for_again(site, scanned, item, level, operator):
    asked = timezone.now()
    change_level(actor=operator, target=SpaceDefault(scanned), wanted=level("Confidential"))
    stale = entry(scanned, item("Welcome"), asked, level("Internal"))
    assert Writer(site).items([stale], offered=True).again == [stale]
    assert item("Welcome").level_state == ReadState.UNREAD


class CancellingLease(job_queue.Lease):
    """Somebody cancels the scan just before its second sign of life."""

    beats = 0

    def beat(self, **progress) -> None:
        self.beats += 1
        if self.beats == 2:
            job_queue.cancel(self.job)
        super().beat(**progress)


def test_a_cancelled_scan_stops_and_writes_nothing_more(site, space, operator):
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    lease = job_queue.claim(scan)
    scanning.run(scan, CancellingLease(lease.job, lease.token))
    scan.refresh_from_db()
    assert scan.state == Scan.State.CANCELLED
    assert Item.objects.filter(space=space).count() == 0


class ChangingLease(job_queue.Lease):
    """Somebody changes the default of the space at a moment of the scan: its first sign of life, or its very end."""

    def __init__(self, lease: job_queue.Lease, moment: str, change) -> None:
        super().__init__(lease.job, lease.token)
        self.moment, self.change = moment, change

    def beat(self, **progress) -> None:
        super().beat(**progress)
        self._meanwhile("beat")

    def finish(self, **values) -> None:
        self._meanwhile("finish")
        super().finish(**values)

    def _meanwhile(self, moment: str) -> None:
        if self.moment == moment:
            self.moment = ""
            self.change()


@pytest.mark.parametrize("moment", ["beat", "finish"])
def test_a_default_that_changes_while_its_space_is_scanned_is_read_by_a_new_scan(
    site, sandbox, scanned, item, level, operator, moment
):
    def change():
        change_level(actor=operator, target=SpaceDefault(scanned), wanted=level("Confidential"))

    scan = refresh.request_scan(actor=operator, connection=site, space=scanned)
    lease = job_queue.claim(scan)
    scanning.run(scan, ChangingLease(lease, moment, change))
    scan.refresh_from_db()
    assert scan.state == Scan.State.CANCELLED
    assert "a new scan took its place" in scan.error
    assert run_scan(site, scanned).state == Scan.State.DONE
    assert (item("Welcome").level_state, item("Welcome").level.name) == (ReadState.KNOWN, "Confidential")


@pytest.mark.parametrize("whole_site", [True, False])
def test_a_default_that_changes_during_the_first_scan_is_read_again_too(
    site, sandbox, few_items, space, operator, whole_site
):
    outcomes = []

    def change():
        refresh.read_levels(actor=operator, connection=site)
        wanted = Level.objects.get(connection=site, name="Confidential")
        outcomes.append(change_level(actor=operator, target=SpaceDefault(space), wanted=wanted))

    scan = refresh.request_scan(actor=operator, connection=site, space=None if whole_site else space)
    scanning.run(scan, ChangingLease(job_queue.claim(scan), "beat", change))
    [outcome] = outcomes
    assert outcome.scan.state == Scan.State.QUEUED
    assert outcome.scan.pk != scan.pk


def test_a_scan_that_only_waits_serves_a_changed_default_too(site, scanned, level, operator):
    waiting = refresh.request_scan(actor=operator, connection=site, space=scanned)
    outcome = change_level(actor=operator, target=SpaceDefault(scanned), wanted=level("Confidential"))
    assert outcome.scan == waiting


class WatchedLease(job_queue.Lease):
    """Lets Atlassian answer at the third sign of life after all calls hang."""

    held: Held
    hanging = False
    beats = 0

    def beat(self, **progress) -> None:
        super().beat(**progress)
        if not self.hanging:
            return
        self.beats += 1
        if self.beats == 3:
            self.held.release()


def test_a_scan_shows_life_while_atlassian_holds_all_its_calls(site, sandbox, operator, monkeypatch):
    monkeypatch.setattr(scan_coordinator, "BEAT_EVERY", 0.01)
    sandbox.add_space(ACME, "BIG", pages=40)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    scan = refresh.request_scan(actor=operator, connection=site, space=big)
    claimed = job_queue.claim(scan)
    lease = WatchedLease(claimed.job, claimed.token)
    lease.held = Held(sandbox, "confluence.page_level.get")
    all_hang = threading.Thread(target=lambda: (lease.held.reached(16), setattr(lease, "hanging", True)))
    all_hang.start()

    scanning.run(scan, lease)

    all_hang.join()
    scan.refresh_from_db()
    assert (scan.state, scan.done) == ("done", 40)
    assert lease.beats >= 3


def test_a_scan_that_fails_leaves_no_call_behind(site, sandbox, operator):
    sandbox.add_space(ACME, "BIG", pages=200)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    faults.html_answer(sandbox, call="confluence.page_level.get", skip=50, times=1)

    scan = run_scan(site, big)

    asked, listed = sandbox.calls["confluence.page_level.get"], 200
    assert scan.state == Scan.State.FAILED
    assert sandbox.in_flight == 0
    assert asked < listed
    assert clients.session(site, background=True).limit.take(0) is not None


class DyingLease(job_queue.Lease):
    """The worker is killed at its third sign of life."""

    beats = 0

    def beat(self, **progress) -> None:
        self.beats += 1
        if self.beats == 3:
            raise SystemExit(9)
        super().beat(**progress)


def test_the_scan_of_a_killed_worker_is_handed_out_again_and_ends_well(site, sandbox, operator, monkeypatch):
    monkeypatch.setattr(scan_coordinator, "BATCH", 20)
    sandbox.add_space(ACME, "BIG", pages=70)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    scan = refresh.request_scan(actor=operator, connection=site, space=big)
    lease = job_queue.claim(scan)
    with pytest.raises(SystemExit):
        scanning.run(scan, DyingLease(lease.job, lease.token))
    assert 0 < Item.objects.filter(space=big).count() < 70
    assert tasks.sweep_scans() == 0, "its lease has not run out"
    Scan.objects.filter(pk=scan.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert tasks.sweep_scans() == 1
    tasks.run_scan.func(scan.pk)
    scan.refresh_from_db()
    assert (scan.state, scan.attempts, scan.done) == ("done", 2, 70)
    assert Item.objects.filter(space=big).count() == 70


def test_a_scan_that_somebody_else_has_is_left_alone(site, sandbox, space, operator):
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    job_queue.claim(scan)
    sandbox.calls.clear()
    tasks.run_scan.func(scan.pk)
    assert not sandbox.calls


def test_a_page_that_a_list_shows_twice_is_read_once(site, sandbox, space, monkeypatch):
    send = SandboxAdapter.send

    def twice(self, request, **options):
        response = send(self, request, **options)
        if "/pages?" in request.url:
            body = json.loads(response.content)
            body["results"] *= 2
            response._content = json.dumps(body).encode()
        return response

    monkeypatch.setattr(SandboxAdapter, "send", twice)
    sandbox.calls.clear()
    scan = run_scan(site, space)
    assert (scan.state, scan.done) == ("done", 9)
    assert sandbox.calls["confluence.page_level.get"] == 8


def test_a_scan_for_which_no_call_can_be_made_says_why(site, space):
    site.email = ""
    site.keep_token("tökén")
    site.save()
    scan = run_scan(site, space)
    assert scan.state == Scan.State.FAILED
    assert "cannot be sent" in scan.error


def test_a_default_that_does_not_answer_stays_what_was_known(site, sandbox, scanned):
    faults.server_error(sandbox, status=500, call="confluence.space_default.get", times=1)
    scan = run_scan(site, scanned)
    scanned.refresh_from_db()
    assert scanned.default_level.name == "Internal"
    assert scanned.default_state == ReadState.KNOWN
    assert "default of “Handbook” could not be read" in scan.error
