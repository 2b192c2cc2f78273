"""Leases: one worker at a time, work of a killed worker is handed out again, cancelled work stops."""

from datetime import timedelta

import pytest
from django.utils import timezone

from classification.models import Scan
from portal.jobs import job_queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan(site) -> Scan:
    return Scan.objects.create(connection=site, actor_label="alice@example.com")


def test_only_one_worker_gets_the_work(scan):
    first = job_queue.claim(scan)
    assert first is not None
    assert job_queue.claim(Scan.objects.get(pk=scan.pk)) is None


def test_progress_is_kept_and_finishing_ends_it(scan):
    lease = job_queue.claim(scan)
    lease.beat(done=3, total=10, message="Handbook: 3 of 10")
    scan.refresh_from_db()
    assert (scan.done, scan.percent, scan.message) == (3, 30, "Handbook: 3 of 10")
    lease.finish(message="Read.")
    scan.refresh_from_db()
    assert scan.state == Scan.State.DONE
    assert not scan.is_open


def test_work_of_a_killed_worker_is_handed_out_again_and_the_dead_one_may_not_write(scan):
    dead = job_queue.claim(scan)
    Scan.objects.filter(pk=scan.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    handed = []
    assert job_queue.sweep(Scan, handed.append) == 1
    assert [job.pk for job in handed] == [scan.pk]
    alive = job_queue.claim(Scan.objects.get(pk=scan.pk))
    assert alive is not None
    with pytest.raises(job_queue.LeaseLost):
        dead.beat(done=5)
    alive.beat(done=1)
    assert Scan.objects.get(pk=scan.pk).attempts == 2


def test_work_that_the_queue_forgot_is_handed_out_again_once(scan):
    Scan.objects.filter(pk=scan.pk).update(queued_at=timezone.now() - job_queue.FORGOTTEN - timedelta(seconds=1))
    handed = []
    assert job_queue.sweep(Scan, handed.append) == 1
    assert job_queue.sweep(Scan, handed.append) == 0


def test_work_that_is_alive_is_left_alone(scan):
    job_queue.claim(scan)
    assert job_queue.sweep(Scan, lambda job: None) == 0


def test_work_that_kills_every_worker_is_given_up_with_a_sentence(scan):
    Scan.objects.filter(pk=scan.pk).update(
        state="running", attempts=job_queue.MOST_ATTEMPTS, lease="x", lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert job_queue.sweep(Scan, lambda job: None) == 0
    scan.refresh_from_db()
    assert scan.state == Scan.State.FAILED
    assert "given up" in scan.error


def test_a_worker_notices_that_its_work_was_cancelled(scan):
    lease = job_queue.claim(scan)
    assert job_queue.cancel(scan)
    with pytest.raises(job_queue.LeaseLost):
        lease.beat(done=1)
    assert not job_queue.cancel(scan)


def test_a_worker_that_shows_life_during_the_sweep_keeps_its_work(site, reference_site):
    # The newest comes first, so the sweep has looked at both before it hands out the first one.
    slow, scan = (
        Scan.objects.create(connection=each, actor_label="alice@example.com") for each in (site, reference_site)
    )
    alive = job_queue.claim(slow)
    job_queue.claim(scan)
    Scan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    handed = []

    def hand_out(job):
        handed.append(job)
        alive.beat(done=1)

    assert job_queue.sweep(Scan, hand_out) == 1
    assert handed == [scan]
    alive.beat(done=2)


def test_paused_work_is_taken_from_its_worker_and_handed_to_nobody(scan):
    lease = job_queue.claim(scan)
    lease.beat(done=3, total=9)
    assert job_queue.pause(scan, message="Paused by Alice.")
    assert scan.is_open
    with pytest.raises(job_queue.LeaseLost):
        lease.beat(done=4)
    long_ago = timezone.now() - job_queue.FORGOTTEN - timedelta(days=1)
    Scan.objects.update(queued_at=long_ago, lease_until=long_ago)
    assert job_queue.sweep(Scan, lambda job: None) == 0
    assert job_queue.first_waiting(scan) is None
    assert job_queue.claim(scan) is None
    scan.refresh_from_db()
    assert (scan.state, scan.done, scan.message) == (Scan.State.PAUSED, 3, "Paused by Alice.")


def test_work_that_waits_can_be_paused_and_what_is_paused_or_over_cannot(scan):
    assert job_queue.pause(scan, message="")
    assert not job_queue.pause(scan, message="")
    assert job_queue.cancel(scan)
    assert not job_queue.pause(scan, message="")
    assert not job_queue.resume(scan)


def test_resumed_work_goes_on_from_where_it_was_with_all_its_attempts(scan):
    for _ in range(job_queue.MOST_ATTEMPTS + 1):
        lease = job_queue.claim(scan)
        assert job_queue.pause(scan, message="Paused by Alice.")
        assert job_queue.resume(scan)
    assert job_queue.first_waiting(scan) == scan
    began = scan.started_at
    lease = job_queue.claim(scan)
    lease.beat(done=1)
    assert (scan.attempts, scan.started_at) == (1, began)
    assert not job_queue.resume(scan)


def later(scan: Scan, **ago) -> None:
    """Schedule the scan for a time that long ago, or for tomorrow."""
    at = timezone.now() - timedelta(**ago) if ago else timezone.now() + timedelta(days=1)
    Scan.objects.filter(pk=scan.pk).update(not_before=at, queued_at=at - timedelta(hours=1))
    scan.refresh_from_db()


def test_scheduled_work_waits_for_its_time(scan):
    later(scan)
    assert scan.is_scheduled
    assert job_queue.sweep(Scan, lambda job: None) == 0
    assert job_queue.first_waiting(scan) is None
    assert job_queue.claim(scan) is None


def test_scheduled_work_is_handed_out_once_when_its_time_has_come(scan):
    later(scan, seconds=1)
    handed = []
    assert not scan.is_scheduled
    assert job_queue.sweep(Scan, handed.append) == 1
    assert job_queue.sweep(Scan, handed.append) == 0
    assert handed == [scan]
    assert job_queue.claim(scan) is not None


def test_scheduled_work_can_begin_at_once(scan):
    later(scan)
    assert job_queue.resume(scan)
    assert job_queue.claim(scan) is not None


def test_scheduled_work_that_is_paused_waits_for_no_time_any_more(scan):
    later(scan)
    assert job_queue.pause(scan, message="")
    assert scan.not_before is None
    assert job_queue.resume(scan)
    assert job_queue.claim(scan) is not None


@pytest.mark.parametrize("hours", [-2, 2])
def test_the_clock_of_the_machine_decides_nothing(hours, scan, monkeypatch):
    """A worker whose clock is wrong neither takes the work of others nor loses its own."""
    lease = job_queue.claim(scan)
    wrong = timezone.now() + timedelta(hours=hours)
    monkeypatch.setattr(job_queue.timezone, "now", lambda: wrong)
    assert job_queue.sweep(Scan, lambda job: None) == 0
    assert job_queue.claim(Scan.objects.get(pk=scan.pk)) is None
    lease.beat(done=1)
    monkeypatch.undo()
    assert job_queue.sweep(Scan, lambda job: None) == 0
    assert job_queue.claim(Scan.objects.get(pk=scan.pk)) is None
