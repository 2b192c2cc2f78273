"""Changes made outside Trustdesk: each leaves one entry, whoever finds it, and what Trustdesk did leaves none."""

import pytest
from django.db import OperationalError
from django.db import connections as databases
from django.urls import reverse
from django.utils import timezone

from classification.inventory import refresh, store
from classification.levels.change import change_level
from classification.levels.defaults import SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.levels.targets import RESET
from classification.models import Item, Project, ReadState
from portal.access import Actor
from portal.audit.verify import verify_chain
from portal.connections import clients
from portal.models import AuditEntry, AuditHead
from sandbox import faults
from sandbox.names import ACME

from ..conftest import make_connection
from .conftest import run_scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(alice, grant, site) -> Actor:
    grant(alice, site, "classification_manager")
    return Actor.of(alice)


def found() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="level.changed_outside").order_by("sequence"))


def told() -> list[tuple]:
    return [(entry.target_label, entry.before["level"], entry.after["level"]) for entry in found()]


def stranger(sandbox, action: str, **params) -> None:
    faults.stranger.act(sandbox, action, host=ACME, **params)


def take_level_away(sandbox, row: Item) -> None:
    with sandbox.write() as db:
        db.execute("UPDATE items SET level = NULL, unset = 1 WHERE id = ? AND draft = 0", [row.remote_id])


def test_a_scan_that_finds_another_level_puts_it_on_record_with_both_readings(site, sandbox, scanned, item, level):
    row = item("Welcome")
    stranger(sandbox, "set_level", item=row.remote_id, level="Public")
    run_scan(site, scanned)
    (entry,) = found()
    after = item("Welcome")
    assert (entry.target_type, entry.target_id, entry.target_label) == ("page", row.remote_id, "Welcome")
    assert (entry.before["level"], entry.after["level"], entry.outcome) == ("Internal", "Public", "done")
    assert entry.before["read_at"] == f"{row.level_read_at:%Y-%m-%dT%H:%M:%S}+00:00"
    assert entry.after["read_at"] == f"{after.level_read_at:%Y-%m-%dT%H:%M:%S}+00:00"
    assert entry.detail.startswith("Found by a scan. It was “Internal” when read at ")
    assert "and “Public” when read at" in entry.detail
    assert (entry.actor, entry.actor_label) == (None, "Trustdesk (scan)")
    assert entry.action_label == "Changed outside Trustdesk"
    assert verify_chain().ok
    run_scan(site, scanned)
    assert len(found()) == 1, "the next scan finds nothing new"


def test_a_page_that_is_deleted_while_its_space_is_scanned_is_taken_off_the_list_and_no_change(
    site, sandbox, scanned, item, while_answering
):
    row = item("Salaries")
    while_answering("GET /pages?", lambda: stranger(sandbox, "delete_item", item=row.remote_id))
    scan = run_scan(site, scanned)
    assert told() == []
    assert not Item.objects.filter(remote_id=row.remote_id, status="current").exists()
    assert (scan.state, scan.error) == ("done", "")
    assert scan.done == scan.total == Item.objects.filter(space=scanned).count()


def test_a_page_that_has_no_level_any_more_is_recorded_once_it_is_known_to_be_there(site, sandbox, scanned, item):
    row = item("Salaries")
    take_level_away(sandbox, row)
    run_scan(site, scanned)
    assert told() == [("Salaries", "Confidential", None)]


def test_a_level_stays_known_where_it_cannot_be_told_whether_its_page_is_there(site, sandbox, scanned, item):
    row = item("Salaries")
    take_level_away(sandbox, row)
    faults.server_error(sandbox, status=500, call="confluence.page")
    scan = run_scan(site, scanned)
    assert (told(), item("Salaries").level.name) == ([], "Confidential")
    assert "Some levels could not be read" in scan.error


def test_a_scan_that_finds_nothing_new_records_nothing(site, scanned):
    run_scan(site, scanned)
    assert not found()


def test_no_level_any_more_and_a_level_where_there_was_none_are_changes_too(site, sandbox, scanned, item):
    stranger(sandbox, "set_level", item=item("Nowhere").remote_id, level="Public")
    stranger(sandbox, "set_level", item=item("Press kit").remote_id, level=None)
    run_scan(site, scanned)
    assert ("Nowhere", None, "Public") in told()
    assert {label for label, _, _ in told()} == {"Nowhere", "Press kit"}


def test_a_refresh_that_finds_another_level_records_it_as_nobody_s_doing(site, sandbox, manager, item):
    row = item("Welcome")
    stranger(sandbox, "set_level", item=row.remote_id, level="Public")
    refresh.read_item(actor=manager, connection=site, kind="page", remote_id=row.remote_id)
    assert told() == [("Welcome", "Internal", "Public")]
    assert found()[0].actor_label == "Trustdesk (scan)"
    assert found()[0].detail.startswith("Found when it was read.")


def test_what_is_found_before_a_change_is_recorded_before_it(sandbox, manager, item, level):
    row = item("Welcome")
    stranger(sandbox, "set_level", item=row.remote_id, level="Public")
    assert change_level(actor=manager, target=ItemLevel(row), wanted=level("Confidential")).ok
    assert told() == [("Welcome", "Internal", "Public")]
    last = AuditEntry.objects.order_by("sequence")
    assert [entry.action for entry in last][-3:] == ["level.changed_outside", "item.level.set", "item.level.set"]
    assert last.last().before["level"] == "Public"


def test_what_trustdesk_did_is_not_found_as_done_outside(site, sandbox, manager, scanned, item, level):
    change_level(actor=manager, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    change_level(actor=manager, target=ItemLevel(item("Press kit")), wanted=RESET)
    run_scan(site, scanned)
    assert not found()


def test_a_change_whose_answer_never_came_is_not_found_as_done_outside(site, sandbox, manager, scanned, item, level):
    row = item("Welcome")

    class KilledError(BaseException):
        """The process ends between the call and its record."""

    def die(*args):
        raise KilledError

    sandbox.sleep = die
    faults.latency(sandbox, 1000, call="confluence.page_level.get", skip=1)
    with pytest.raises(KilledError):
        change_level(actor=manager, target=ItemLevel(row), wanted=level("Confidential"))
    faults.clear(sandbox)
    assert sandbox.own_level(ACME, row.remote_id) == "Confidential"
    run_scan(site, scanned)
    assert item("Welcome").level.name == "Confidential"
    assert not found()


def test_a_level_changed_through_another_connection_to_the_site_is_not_outside(
    site, sandbox, operator, scanned, item, level
):
    again = make_connection("Acme again")
    refresh.read_levels(actor=operator, connection=again)
    remote_id = item("Our year").remote_id
    same = refresh.read_item(actor=operator, connection=again, kind="blogpost", remote_id=remote_id).item
    theirs = again.levels.get(name="Confidential")
    outcome = change_level(actor=operator, target=ItemLevel(same), wanted=theirs)
    run_scan(site, scanned)
    assert (outcome.status, item("Our year").level.name) == ("done", "Confidential")
    assert not found()


def test_items_that_follow_a_default_changed_here_leave_no_entry(site, sandbox, manager, scanned, item, level):
    change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    run_scan(site, scanned)
    assert item("Welcome").level.name == "Confidential"
    assert not found()


def test_a_default_changed_outside_is_found_with_what_follows_it(site, sandbox, scanned):
    stranger(sandbox, "set_space_default", space="HB", level="Public")
    run_scan(site, scanned)
    assert ("Handbook (HB)", "Internal", "Public") in told()
    assert ("Welcome", "Internal", "Public") in told()
    assert [entry.target_type for entry in found()].count("space") == 1


def test_a_default_that_is_read_again_with_its_space_is_recorded_too(site, sandbox, operator, scanned):
    stranger(sandbox, "set_space_default", space="HB", level="Public")
    refresh.read_space(actor=operator, connection=site, key="HB")
    assert told() == [("Handbook (HB)", "Internal", "Public")]


def test_the_default_of_a_project_that_changed_outside_is_found(site, sandbox, operator, level):
    refresh.read_projects(actor=operator, connection=site)
    project = Project.objects.filter(connection=site, default_level=None, archived=False).first()
    clients.jira(site).set_project_default(project.remote_id, level("Public").remote_id)
    refresh.read_projects(actor=operator, connection=site)
    ((label, before, after),) = told()
    assert (label, before, after) == (f"{project.name} ({project.key})", None, "Public")
    assert found()[0].target_type == "project"


@pytest.mark.parametrize("state", [ReadState.UNREAD, ReadState.HIDDEN])
def test_a_level_that_was_never_known_is_no_change(site, scanned, state):
    Item.objects.filter(space=scanned).update(level=None, level_state=state)
    run_scan(site, scanned)
    assert not found()


def test_a_batch_of_changes_locks_the_end_of_the_trail_once(site, sandbox, operator, monkeypatch):
    sandbox.add_space(ACME, "BIG", pages=60, level="Internal")
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    run_scan(site, big)
    stranger(sandbox, "set_space_default", space="BIG", level="Public")
    before = AuditHead.objects.get().sequence
    locks = []
    lock = AuditHead.objects.select_for_update
    monkeypatch.setattr(AuditHead.objects, "select_for_update", lambda: locks.append(1) or lock())
    run_scan(site, big)
    assert len(found()) == 61
    assert AuditHead.objects.get().sequence == before + 61 + 2, "60 pages, the default, and the scan twice"
    assert len(locks) <= 4
    assert verify_chain().ok


def test_the_history_of_the_item_and_the_filter_of_the_activity_show_it(
    site, sandbox, scanned, item, alice, grant, client_for
):
    grant(alice, site, "viewer")
    stranger(sandbox, "set_level", item=item("Welcome").remote_id, level="Public")
    run_scan(site, scanned)
    browser = client_for(alice)
    page = browser.get(item("Welcome").get_absolute_url()).content.decode()
    assert "Changed outside Trustdesk" in page
    activity = browser.get(reverse("activity"), {"action": "level.changed_outside"}).content.decode()
    assert "Welcome" in activity
    assert "Scanned</td>" not in activity
    assert "Read at" not in activity


def test_a_level_is_not_written_where_its_change_cannot_be_recorded(item):
    """The entry and the level it tells of are written together or not at all."""
    row = item("Welcome")
    before = row.level_read_at

    def full_disk(execute, sql, *rest):
        if 'INSERT INTO "portal_auditentry"' in sql:
            raise OperationalError("the disk is full")
        return execute(sql, *rest)

    with databases["default"].execute_wrapper(full_disk), pytest.raises(OperationalError):
        store.keep_item_level(row, None, timezone.now())
    assert item("Welcome").level_read_at == before
