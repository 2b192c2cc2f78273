"""Scans in the browser: asked for, watched until they end, paused, cancelled."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks.backends.dummy import DummyBackend

from classification.inventory import refresh, scan_coordinator, scanning
from classification.levels.change import change_level
from classification.levels.defaults import SpaceDefault
from classification.models import Item, Scan, Space
from portal.jobs import job_queue, stalled
from portal.jobs.stalled import clock
from portal.management.commands.worker import sweep
from portal.models import AuditEntry, Pause, WorkerSign
from sandbox import faults
from sandbox.names import ACME
from tests.classification.conftest import squeezed

from .conftest import run_scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, grant, alice, site):
    grant(alice, site, "classifier")
    return client_for(alice, htmx=True)


@pytest.fixture
def plain(client_for, grant, alice, site):
    grant(alice, site, "classifier")
    return client_for(alice)


@pytest.fixture
def start(site) -> str:
    return reverse("scan_start", args=[site.slug])


def test_a_scan_of_the_site_is_asked_for_and_watched(browser, start, site):
    html = browser.post(start).content.decode()
    scan = Scan.objects.get()
    assert (scan.space, scan.state) == (None, "queued")
    assert f'id="scan-{scan.pk}"' in html
    assert 'hx-trigger="every 2s"' in html
    assert "Waiting for the worker" in html


def test_a_scan_of_one_space_is_asked_for(browser, start, space):
    html = browser.post(start, {"space": "HB"}).content.decode()
    assert Scan.objects.get().space == space
    assert "Reading “Handbook”" in html


def test_asking_twice_shows_the_same_scan(browser, start):
    first, second = browser.post(start), browser.post(start)
    scan = Scan.objects.get()
    for response in (first, second):
        assert f'id="scan-{scan.pk}"' in response.content.decode()


def test_without_scripts_it_redirects_to_what_is_scanned(plain, start, space):
    assert plain.post(start)["Location"] == "/sites/acme/spaces/"
    assert plain.post(start, {"space": "HB"})["Location"] == space.get_absolute_url()


def test_asking_refuses_who_has_not_the_right(client_for, grant, bob, site, start):
    grant(bob, site, "viewer")
    assert client_for(bob).post(start).status_code == 403
    assert not Scan.objects.exists()


def test_asking_is_a_post(plain, start):
    assert plain.get(start).status_code == 405


def test_a_space_that_is_not_known_cannot_be_scanned(browser, start):
    assert browser.post(start, {"space": "NOPE"}).status_code == 404


def test_asking_survives_a_site_that_does_not_answer(browser, start, sandbox):
    faults.server_error(sandbox, status=500)
    assert browser.post(start).status_code == 200, "the site is called by the worker, not by this page"


def test_a_scan_that_ended_stops_asking_and_tells_the_page(browser, site, space):
    scan = run_scan(site, space)
    response = browser.get(reverse("scan", args=[site.slug, scan.pk]))
    assert "hx-trigger" not in response.content.decode()
    assert "scanned" in response["HX-Trigger"]
    assert "Done" in response.content.decode()


def test_a_running_scan_says_how_far_it_is(browser, site, space, operator):
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    job_queue.claim(scan).beat(done=3, total=9)
    response = browser.get(reverse("scan", args=[site.slug, scan.pk]))
    assert "3 of 9" in response.content.decode()
    assert "HX-Trigger" not in response.headers


def test_a_scan_that_failed_says_why_and_what_is_shown(browser, site, space, operator, sandbox):
    faults.html_answer(sandbox)
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    scanning.run(scan, job_queue.claim(scan))
    html = browser.get(reverse("scan", args=[site.slug, scan.pk])).content.decode()
    assert "Failed" in html
    assert "What was scanned before is still shown." in html


def test_the_progress_opened_by_itself_leads_to_the_page(plain, site, space, operator):
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    assert plain.get(reverse("scan", args=[site.slug, scan.pk]))["Location"] == space.get_absolute_url()


def test_the_scan_of_another_site_is_not_shown(browser, site, site_as_editor, operator):
    scan = refresh.request_scan(actor=operator, connection=site_as_editor)
    assert browser.get(reverse("scan", args=[site.slug, scan.pk])).status_code == 404


def test_a_scan_can_be_cancelled(browser, site, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    url = reverse("scan_cancel", args=[site.slug, scan.pk])
    html = browser.post(url).content.decode()
    scan.refresh_from_db()
    assert scan.state == "cancelled"
    assert "Cancelled" in html
    assert "What it had read is kept; the rest was not read." in html


def test_cancelling_what_has_ended_says_so(plain, site, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    url = reverse("scan_cancel", args=[site.slug, scan.pk])
    assert "What it has read so far is kept." in plain.post(url, follow=True).content.decode()
    assert "had ended already" in plain.post(url, follow=True).content.decode()


def test_cancelling_refuses_who_has_not_the_right(client_for, grant, bob, site, operator):
    grant(bob, site, "viewer")
    scan = refresh.request_scan(actor=operator, connection=site)
    assert client_for(bob).post(reverse("scan_cancel", args=[site.slug, scan.pk])).status_code == 403
    scan.refresh_from_db()
    assert scan.is_open


def test_who_may_only_look_sees_progress_without_a_button(client_for, grant, charlie, site, operator):
    grant(charlie, site, "viewer")
    scan = refresh.request_scan(actor=operator, connection=site)
    html = client_for(charlie, htmx=True).get(reverse("scan", args=[site.slug, scan.pk])).content.decode()
    assert "Reading the site" in html
    assert "Cancel" not in html


def test_a_scan_is_paused_and_resumed_with_who_did_it_on_record(browser, site, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    assert job_queue.claim(scan)
    paused = squeezed(browser.post(reverse("scan_pause", args=[site.slug, scan.pk])))
    assert "Paused by alice@example.com." in paused
    assert "What was read is kept; resuming goes on with the spaces that are left." in paused
    assert "every 30s" in paused
    assert reverse("scan_pause", args=[site.slug, scan.pk]) not in paused
    resumed = squeezed(browser.post(reverse("scan_resume", args=[site.slug, scan.pk])))
    scan.refresh_from_db()
    assert scan.state == Scan.State.QUEUED
    assert "Waiting for the worker" in resumed
    assert "every 2s" in resumed
    entries = AuditEntry.objects.filter(action__in=["scan.paused", "scan.resumed"])
    assert {(entry.action, entry.actor_label) for entry in entries} == {
        ("scan.paused", "alice@example.com"),
        ("scan.resumed", "alice@example.com"),
    }


def test_a_paused_scan_stands_on_its_page_and_is_not_started_twice(plain, site, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    url = reverse("scan_pause", args=[site.slug, scan.pk])
    assert "The scan is paused. What it has read so far is kept." in squeezed(plain.post(url, follow=True))
    assert "The scan does not run any more." in squeezed(plain.post(url, follow=True))
    page = squeezed(plain.post(reverse("scan_start", args=[site.slug]), follow=True))
    assert "The scan of this site is paused. Resume it, or cancel it before you start another." in page
    assert "Paused by" in page
    url = reverse("scan_resume", args=[site.slug, scan.pk])
    assert "The scan goes on." in squeezed(plain.post(url, follow=True))
    assert "The scan is not paused any more." in squeezed(plain.post(url, follow=True))
    assert Scan.objects.count() == 1


@pytest.mark.parametrize("what", ["scan_pause", "scan_resume"])
def test_pausing_and_resuming_refuse_who_has_not_the_right(what, client_for, grant, bob, site, operator):
    grant(bob, site, "viewer")
    scan = refresh.request_scan(actor=operator, connection=site)
    if what == "scan_resume":
        refresh.pause_scan(actor=operator, scan=scan)
    before = scan.state
    assert client_for(bob).post(reverse(what, args=[site.slug, scan.pk])).status_code == 403
    scan.refresh_from_db()
    assert scan.state == before


def test_a_scheduled_scan_says_when_it_begins_and_can_begin_now(plain, site, space, operator):
    at = timezone.now() + timedelta(days=1)
    scan = refresh.request_scan(actor=operator, connection=site, space=space, not_before=at)
    page = squeezed(plain.get(space.get_absolute_url()))
    assert f"It begins at {clock(at)}, when a worker runs." in page
    assert "Scheduled" in page
    asked = squeezed(plain.post(reverse("scan_start", args=[site.slug]), {"space": "HB"}, follow=True))
    assert f"This space is to be scanned from {clock(at)} on." in asked
    assert "Start<span" in asked
    plain.post(reverse("scan_resume", args=[site.slug, scan.pk]))
    scan.refresh_from_db()
    assert not scan.is_scheduled


class CancellingLease(job_queue.Lease):
    """Somebody cancels the scan when a first batch of it was written."""

    def beat(self, **progress) -> None:
        if Item.objects.filter(space__key="BIG").exists():
            job_queue.cancel(self.job)
        super().beat(**progress)


@pytest.fixture
def cancelled(site, sandbox, operator, monkeypatch) -> Space:
    """A space whose first scan was cancelled when it had written 20 of its 70 items."""
    monkeypatch.setattr(scan_coordinator, "BATCH", 20)
    sandbox.add_space(ACME, "BIG", name="Big", pages=70)
    big = refresh.read_space(actor=operator, connection=site, key="BIG")
    scan = refresh.request_scan(actor=operator, connection=site, space=big)
    lease = job_queue.claim(scan)
    scanning.run(scan, CancellingLease(lease.job, lease.token))
    big.refresh_from_db()
    return big


def test_a_first_scan_that_was_cancelled_can_be_asked_for_again_on_the_page_of_its_space(plain, site, cancelled):
    assert 0 < cancelled.items.count() < 70
    html = squeezed(plain.get(cancelled.get_absolute_url()))
    assert '<input type="hidden" name="space" value="BIG"><button class="button" type="submit">' in html
    assert "What it had read is kept; the rest was not read." in html
    assert "Partly scanned" in html
    assert "never" not in html
    run_scan(site, cancelled)
    html = squeezed(plain.get(cancelled.get_absolute_url()))
    assert "Partly scanned" not in html
    assert "Last scanned" in html


def test_what_a_cancelled_scan_has_read_counts_everywhere_as_a_part(client_for, grant, bob, site, cancelled):
    grant(bob, site, "classification_manager")
    browser = client_for(bob)
    listed = squeezed(browser.get(reverse("spaces", args=[site.slug])))
    assert f'data-label="Items">{cancelled.items.count()}</td>' in listed
    assert "In part, " in listed
    assert "1 not scanned in full" in listed
    dialog = squeezed(browser.get(reverse("space_default", args=[site.slug, "BIG"])))
    assert "was never read here" not in dialog
    assert "As of the partial scan" in dialog
    assert "The inventory of this space is incomplete" in dialog


def test_a_cancelled_scan_is_not_told_any_more_when_the_whole_site_was_read(plain, site, few_items, cancelled):
    run_scan(site)
    assert "Cancelled" not in plain.get(cancelled.get_absolute_url()).content.decode()


def test_a_site_scan_that_was_cancelled_is_told_on_the_list_of_spaces(plain, site, space, operator):
    refresh.cancel_scan(actor=operator, scan=refresh.request_scan(actor=operator, connection=site))
    assert "Cancelled" in plain.get(reverse("spaces", args=[site.slug])).content.decode()


def test_a_space_of_which_a_list_failed_says_so_and_can_be_scanned(plain, site, sandbox, space):
    faults.refuse(sandbox, call="confluence.space_blogposts", message="No posts for you")
    run_scan(site, space)
    Scan.objects.all().delete()  # as when the site was scanned, and not this space alone
    html = squeezed(plain.get(space.get_absolute_url()))
    assert "These figures are incomplete" in html
    assert "Blog posts could not all be listed: " in html
    assert "No posts for you" in html
    assert 'name="space" value="HB"><button class="button" type="submit">' in html


class SilentQueue(DummyBackend):
    """A queue that does not answer, as Redis during its restart."""

    def enqueue(self, task, args, kwargs):
        raise ConnectionError("The queue does not answer.")


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_does_not_answer_does_not_lose_the_scan(browser, start, settings):
    settings.TASKS = {"default": {"BACKEND": f"{__name__}.SilentQueue"}}
    assert browser.post(start).status_code == 200
    assert Scan.objects.get().state == "queued", "the sweep hands it out"


# --- work that stands still -----------------------------------------------------------------------------------------


def worker_was_seen(ago: timedelta) -> str:
    """A worker signed last so long ago; returns the time of day as pages show it."""
    at = timezone.now() - ago
    WorkerSign.objects.update_or_create(pk=1, defaults={"seen_at": at})
    return stalled.clock(at)


def test_a_worker_that_has_not_been_seen_for_a_minute_is_told_with_the_time(browser, client_for, alice, start, site):
    browser.post(start)
    fragment = (browser, reverse("scan", args=[site.slug, Scan.objects.get().pk]))
    page = (client_for(alice), reverse("spaces", args=[site.slug]))
    worker_was_seen(timedelta(seconds=5))
    for client, address in (fragment, page):
        assert "No worker" not in client.get(address).content.decode()
    at = worker_was_seen(timedelta(minutes=3))
    for client, address in (fragment, page):
        assert f"No worker has been seen since {at}." in client.get(address).content.decode()


def test_a_scan_that_waits_for_the_first_worker_for_a_minute_says_so(browser, start, site):
    browser.post(start)
    scan = Scan.objects.get()
    address = reverse("scan", args=[site.slug, scan.pk])
    assert "Waiting for the worker" in browser.get(address).content.decode()
    Scan.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert "No worker has been seen yet." in browser.get(address).content.decode()


def test_a_pause_of_atlassian_is_told_with_its_end(browser, start, site):
    browser.post(start)
    worker_was_seen(timedelta(0))
    until = timezone.now() + timedelta(hours=1)
    Pause.objects.create(connection=site, until=until.timestamp(), reason="Retry-After")
    address = reverse("scan", args=[site.slug, Scan.objects.get().pk])
    told = stalled.clock(until, seconds=True)
    assert f"Atlassian asked this connection to wait until {told}." in browser.get(address).content.decode()
    Pause.objects.update(until=(timezone.now() - timedelta(hours=1)).timestamp())
    assert "asked this connection to wait" not in browser.get(address).content.decode()


def test_the_sweep_of_a_worker_writes_down_that_it_is_there(db):
    sweep()
    assert WorkerSign.objects.get().seen_at > timezone.now() - timedelta(minutes=1)
    sweep()
    assert WorkerSign.objects.count() == 1


def test_asking_again_says_that_a_scan_is_waiting_or_running_and_since_when(browser, client_for, alice, start, site):
    assert "already" not in browser.post(start).headers.get("HX-Trigger", "")
    scan = Scan.objects.get()
    at = stalled.clock(scan.created_at)
    assert f"waiting for its scan already, since {at}." in browser.post(start)["HX-Trigger"]
    assert job_queue.claim(scan)
    scan.refresh_from_db()
    response = client_for(alice).post(start, follow=True)
    assert f"This site is being scanned already, since {stalled.clock(scan.started_at)}." in response.content.decode()
    assert Scan.objects.count() == 1


def test_a_scan_that_waits_for_another_one_of_its_connection_says_so(browser, client_for, alice, site, space, operator):
    running = refresh.request_scan(actor=operator, connection=site)
    waiting = refresh.request_scan(actor=operator, connection=site, space=space)
    fragment = (browser, reverse("scan", args=[site.slug, waiting.pk]))
    page = (client_for(alice), space.get_absolute_url())
    sentence = "Waiting: another scan of this connection is running (the whole site)."
    for client, address in (fragment, page):
        assert "Waiting for the worker" in client.get(address).content.decode()

    with job_queue.claimed(running, enqueue=lambda scan: None):
        for client, address in (fragment, page):
            assert sentence in client.get(address).content.decode()
        assert sentence not in browser.get(reverse("scan", args=[site.slug, running.pk])).content.decode()

    Scan.objects.filter(pk=running.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sentence not in browser.get(fragment[1]).content.decode(), "its worker died"


def test_who_may_scan_is_led_from_home_to_what_is_paused(plain, client_for, grant, bob, site, space, operator):
    grant(bob, site, "viewer")
    of_site, of_space = (refresh.request_scan(actor=operator, connection=site, space=each) for each in (None, space))
    assert "the paused scan" not in plain.get(reverse("home")).content.decode()
    for scan in (of_site, of_space):
        refresh.pause_scan(actor=operator, scan=scan)
    page = squeezed(plain.get(reverse("home")))
    spaces = reverse("spaces", args=[site.slug])
    assert f'<a href="{spaces}" dir="auto">Resume or cancel the paused scan</a>' in page
    assert f'<a href="{spaces}HB/" dir="auto">Resume or cancel the paused scan of “Handbook”</a>' in page
    assert "the paused scan" not in client_for(bob).get(reverse("home")).content.decode()


class PausingLease(job_queue.Lease):
    """Somebody pauses the scan when its first space was read."""

    def beat(self, **progress) -> None:
        if Space.objects.exclude(scanned_at=None).exists():
            job_queue.pause(self.job, message="Paused by Alice.")
        super().beat(**progress)


@pytest.mark.usefixtures("few_items")
def test_a_resumed_scan_of_a_site_reads_the_spaces_that_are_left(site, sandbox, operator, monkeypatch):
    monkeypatch.setattr(scan_coordinator, "BEAT_EVERY", 0)
    scan = refresh.request_scan(actor=operator, connection=site)
    lease = job_queue.claim(scan)
    scanning.run(scan, PausingLease(lease.job, lease.token))
    scan.refresh_from_db()
    assert scan.state == Scan.State.PAUSED
    read = {space.pk: space.scanned_at for space in Space.objects.exclude(scanned_at=None)}
    assert 0 < len(read) < Space.objects.count()
    assert refresh.resume_scan(actor=operator, scan=scan)
    run_requested(scan)
    assert scan.state == Scan.State.DONE, scan.error
    assert {pk: Space.objects.get(pk=pk).scanned_at for pk in read} == read
    assert not Space.objects.filter(scanned_at=None, listed=True).exists()
    assert scan.done == scan.total == Item.objects.count()
    assert f"in {Space.objects.filter(listed=True).count()} spaces read" in scan.message


@pytest.mark.usefixtures("few_items")
def test_a_new_scan_reads_every_space_again(site, operator):
    before = run_scan(site)
    first = dict(Space.objects.values_list("pk", "scanned_at"))
    after = run_scan(site)
    assert before.done == after.done
    assert all(at > first[pk] for pk, at in Space.objects.values_list("pk", "scanned_at"))


def test_a_paused_scan_of_a_space_is_asked_for_anew_when_its_default_changes(site, scanned, operator, level):
    scan = refresh.request_scan(actor=operator, connection=site, space=scanned)
    refresh.pause_scan(actor=operator, scan=scan)
    change_level(actor=operator, target=SpaceDefault(scanned), wanted=level("Confidential"))
    scan.refresh_from_db()
    assert scan.state == Scan.State.CANCELLED
    assert Scan.objects.filter(space=scanned, state=Scan.State.QUEUED).exists()


def run_requested(scan: Scan) -> None:
    lease = job_queue.claim(scan)
    assert lease is not None
    scanning.run(scan, lease)
    scan.refresh_from_db()
