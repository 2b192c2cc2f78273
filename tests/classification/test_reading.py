"""Levels read again, spaces read by key, and scans asked for and cancelled."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from classification import tasks
from classification.inventory import refresh
from classification.models import Item, Level, Project, ReadState, Scan
from portal.access import Actor
from portal.atlassian.errors import NotFound, Refused
from portal.audit.browse import one_per_action
from portal.jobs import job_queue
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME

from .conftest import run_scan

pytestmark = pytest.mark.django_db


def test_the_levels_of_a_site_come_from_confluence(site, operator):
    told = refresh.read_levels(actor=operator, connection=site)
    assert (told.count, told.source) == (5, "Confluence")
    first = Level.objects.filter(connection=site).first()
    assert (first.name, first.order, first.color, first.status) == ("Restricted", 1, "RED_BOLD", "DRAFT")
    assert AuditEntry.objects.filter(action="levels.read", connection=site).count() == 1


def test_where_confluence_does_not_offer_levels_jira_is_asked(site, sandbox, operator):
    faults.refuse(sandbox, call="confluence.levels", status=404)
    told = refresh.read_levels(actor=operator, connection=site)
    assert (told.count, told.source) == (5, "Jira")
    assert set(Level.objects.values_list("status", flat=True)) == {"DRAFT", "PUBLISHED", "ARCHIVED"}


def test_where_nobody_offers_levels_the_words_of_confluence_are_shown(site, sandbox, operator):
    sandbox.set_entitled(ACME, False)
    with pytest.raises((NotFound, Refused)) as caught:
        refresh.read_levels(actor=operator, connection=site)
    assert caught.value.call == "confluence.levels"


def test_an_organisation_tells_its_levels_in_all_three_states(organization, operator):
    told = refresh.read_levels(actor=operator, connection=organization)
    assert told.source == "the organisation"
    assert set(Level.objects.values_list("status", flat=True)) == {"DRAFT", "PUBLISHED", "ARCHIVED"}


def test_a_level_that_is_no_longer_listed_is_kept_but_cannot_be_chosen(site, sandbox, operator, monkeypatch):
    refresh.read_levels(actor=operator, connection=site)
    with sandbox.write() as db:
        db.execute("DELETE FROM levels WHERE name = 'Public'")
    refresh.read_levels(actor=operator, connection=site)
    public = Level.objects.get(connection=site, name="Public")
    assert not public.listed
    assert not public.is_applicable


def test_reading_levels_needs_the_right(site, charlie):
    with pytest.raises(PermissionDenied):
        refresh.read_levels(actor=Actor.of(charlie), connection=site)


def test_a_space_is_read_by_its_key(site, handbook, operator):
    space = refresh.read_space(actor=operator, connection=site, key="HB")
    assert (space.name, space.default_level.name, space.scanned_at) == ("Handbook", "Internal", None)


def test_a_space_that_there_is_not_is_said_so(site, operator):
    with pytest.raises(NotFound, match="no space with the key NOPE"):
        refresh.read_space(actor=operator, connection=site, key="NOPE")


def test_only_pages_and_blog_posts_are_read(site, operator):
    with pytest.raises(ValidationError):
        refresh.read_item(actor=operator, connection=site, kind="whiteboard", remote_id="1")


def test_an_item_without_the_entitlement_is_not_called_unclassified(site, sandbox, handbook, operator):
    sandbox.set_entitled(ACME, False)
    outcome = refresh.read_item(actor=operator, connection=site, kind="page", remote_id=handbook["Welcome"])
    assert outcome.item.level_state == ReadState.HIDDEN
    assert "does not offer data classification" in outcome.message


def test_an_item_that_moved_to_another_space_is_listed_once(site, sandbox, item, operator):
    row = item("Press kit")
    with sandbox.write() as db:
        space = db.execute("SELECT id FROM spaces WHERE host = ? AND key = 'ENG'", (ACME,)).fetchone()["id"]
        db.execute("UPDATE items SET space_id = ? WHERE host = ? AND id = ?", (space, ACME, int(row.remote_id)))
    refresh.read_item(actor=operator, connection=site, kind="page", remote_id=row.remote_id)
    assert [found.space.key for found in Item.objects.filter(remote_id=row.remote_id)] == ["ENG"]


# --- Scans ------------------------------------------------------------------------------------------------------------


def test_asking_for_a_scan_twice_gives_the_same_one(site, space, alice, grant):
    grant(alice, site, "classifier")
    first = refresh.request_scan(actor=Actor.of(alice), connection=site)
    assert refresh.request_scan(actor=Actor.of(alice), connection=site) == first
    other = refresh.request_scan(actor=Actor.of(alice), connection=site, space=space)
    assert other != first
    assert first.actor_label == "alice@example.com"
    assert AuditEntry.objects.filter(action="scan.asked", outcome="started").count() == 2


def test_a_scan_that_has_ended_makes_room_for_the_next(site, space):
    assert run_scan(site, space).pk != run_scan(site, space).pk


def test_a_viewer_may_not_ask_for_a_scan(site, bob, grant):
    grant(bob, site, "viewer")
    with pytest.raises(PermissionDenied, match="read spaces again"):
        refresh.request_scan(actor=Actor.of(bob), connection=site)
    assert not Scan.objects.exists()


def test_a_scan_is_cancelled_once(site, space, operator):
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    assert refresh.cancel_scan(actor=operator, scan=scan)
    assert scan.state == Scan.State.CANCELLED
    assert not refresh.cancel_scan(actor=operator, scan=scan)
    assert AuditEntry.objects.filter(action="scan.cancelled").count() == 1


def test_cancelling_needs_the_right(site, space, operator, bob, grant):
    grant(bob, site, "viewer")
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    with pytest.raises(PermissionDenied):
        refresh.cancel_scan(actor=Actor.of(bob), scan=scan)
    scan.refresh_from_db()
    assert scan.is_open


def test_the_demo_has_levels_projects_and_a_scan_to_begin_with(site, organization):
    refresh.fill_demo(site)
    refresh.fill_demo(organization)
    assert Project.objects.filter(connection=site).count() == 6
    assert Level.objects.filter(connection=organization).count() == 5
    assert Scan.objects.get(connection=site).state == Scan.State.QUEUED


def test_the_default_of_a_space_is_not_said_to_be_none_where_the_site_offers_no_classification(
    site, sandbox, operator, handbook
):
    sandbox.set_entitled(ACME, False)
    space = refresh.read_space(actor=operator, connection=site, key="HB")
    assert space.default_state == ReadState.HIDDEN


def outcomes_of_scans() -> list[tuple[str, str, str]]:
    entries = one_per_action(AuditEntry.objects.filter(action="scan.asked")).order_by("sequence")
    return [(entry.actor_label, entry.outcome, entry.detail) for entry in entries]


def test_a_scan_is_one_row_of_the_activity_with_its_result(site, space, alice, grant):
    grant(alice, site, "classifier")
    scan = refresh.request_scan(actor=Actor.of(alice), connection=site, space=space)
    assert outcomes_of_scans() == [(alice.email, "started", "")]
    tasks.run_scan.call(scan.pk)
    ((who, outcome, detail),) = outcomes_of_scans()
    assert (who, outcome) == (alice.email, "done")
    assert re.fullmatch(r"\d+ items in 1 space read\..*", detail)


def test_a_scan_that_was_cancelled_says_so_in_the_activity(site, space, alice, operator, grant):
    grant(alice, site, "classifier")
    scan = refresh.request_scan(actor=Actor.of(alice), connection=site, space=space)
    refresh.cancel_scan(actor=operator, scan=scan)
    assert outcomes_of_scans() == [(alice.email, "failed", "Cancelled.")]


def test_a_scan_that_failed_or_was_given_up_says_why_in_the_activity(site, space, operator, sandbox):
    faults.refuse(sandbox, status=401)
    failed = run_scan(site, space)
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    Scan.objects.filter(pk=scan.pk).update(
        state="running", attempts=job_queue.MOST_ATTEMPTS, lease="x", lease_until=timezone.now() - timedelta(seconds=1)
    )
    tasks.sweep_scans()
    scan.refresh_from_db()
    assert failed.error
    assert [(outcome, detail) for _, outcome, detail in outcomes_of_scans()] == [
        ("failed", failed.error),
        ("failed", scan.error),
    ]
