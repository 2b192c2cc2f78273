"""Leases: one at a time on a row, over threads and processes, and nothing is blocked for ever."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db import connections as databases
from django.utils import timezone

from classification.models import Project, Space
from portal.jobs import leases
from portal.jobs.leases import LeaseLost, LeaseTaken
from tests.racing import Worker, is_blocked_or_ended, needs_row_locks

ALICE = {"who": "Alice", "what": "changing the default of “Handbook”"}
BOB = {"who": "Bob", "what": "changing the default of “Handbook”"}


def make_space(connection, remote_id="1") -> Space:
    now = timezone.now()
    return Space.objects.create(
        connection=connection, remote_id=remote_id, key=f"S{remote_id}", name="S", listed_at=now
    )


@pytest.fixture
def space(site) -> Space:
    return make_space(site)


def let_expire() -> None:
    Space.objects.update(lease_until=timezone.now() - timedelta(days=1))


def test_a_row_is_held_by_one_at_a_time_and_the_other_is_told_who_and_until_when(space):
    with leases.hold(space, **ALICE, seconds=30):
        with pytest.raises(LeaseTaken) as caught, leases.hold(space, **BOB):
            pytest.fail("two have the same row")
        space.refresh_from_db()
    assert (caught.value.who, caught.value.what) == ("Alice", "changing the default of “Handbook”")
    assert caught.value.until == space.lease_until > timezone.now()
    assert caught.value.messages == [
        "Alice is changing the default of “Handbook” at this moment. Nothing was changed. Try again in a moment."
    ]


def test_the_row_is_free_afterwards_also_after_an_error(space):
    with pytest.raises(ZeroDivisionError), leases.hold(space, **ALICE):
        raise ZeroDivisionError
    with leases.hold(space, **BOB):
        space.refresh_from_db()
        assert space.lease_who == "Bob"
    space.refresh_from_db()
    assert (space.lease_token, space.lease_who, space.lease_what, space.lease_until) == ("", "", "", None)


def test_another_row_is_not_held(space, site):
    with leases.hold(space, **ALICE), leases.hold(make_space(site, "2"), **BOB):
        assert Space.objects.exclude(lease_token="").count() == 2


def test_an_expired_lease_is_taken_over_and_its_holder_learns_it(space):
    with leases.hold(space, **ALICE) as lost:
        let_expire()
        with leases.hold(space, **BOB):
            with pytest.raises(LeaseLost):
                lost.extend()
            lost.release()
            space.refresh_from_db()
            assert space.lease_who == "Bob", "who lost the lease must not free the row of another"


def test_an_expired_lease_that_nobody_took_can_be_extended(space):
    with leases.hold(space, **ALICE, seconds=30) as lease:
        let_expire()
        lease.extend()
        with pytest.raises(LeaseTaken), leases.hold(space, **BOB):
            pytest.fail("two have the same row")


def test_a_lease_lasts_for_the_time_it_was_taken_for(space):
    before = timezone.now()
    with leases.hold(space, **ALICE, seconds=3600):
        space.refresh_from_db()
    # Half an hour of leeway: this is about seconds being seconds, in the database's own clock and zone.
    assert timedelta(minutes=30) < space.lease_until - before < timedelta(minutes=90)


def test_rows_of_a_queryset_are_held_together_or_not_at_all(space, site):
    second = make_space(site, "2")
    with leases.hold(second, **ALICE), pytest.raises(LeaseTaken) as caught, leases.hold(Space.objects.all(), **BOB):
        pytest.fail("one of them is taken")
    assert caught.value.who == "Alice"
    assert not Space.objects.exclude(lease_token="").exists(), "the free one must not stay taken"
    with leases.hold(Space.objects.filter(connection=site), **BOB):
        assert set(Space.objects.values_list("lease_who", flat=True)) == {"Bob"}
    assert not Space.objects.exclude(lease_token="").exists()


def test_a_row_that_is_gone_cannot_be_held_and_one_that_goes_meanwhile_is_no_trouble(site):
    project = Project.objects.create(connection=site, remote_id="1", key="P", name="P", read_at=timezone.now())
    with leases.hold(project, **ALICE) as lease:
        Project.objects.all().delete()
        with pytest.raises(LeaseLost):
            lease.extend()
    with pytest.raises(Project.DoesNotExist), leases.hold(project, **ALICE):
        pytest.fail("there is no such row")


@pytest.mark.django_db(transaction=True)
def test_what_was_done_is_not_lost_where_the_lease_cannot_be_given_back(space):
    def breaks(execute, sql, *rest):
        if sql.startswith("UPDATE"):
            raise OperationalError("the disk is full")
        return execute(sql, *rest)

    with leases.hold(space, **ALICE) as lease:
        database = databases["default"].execute_wrapper(breaks)
        database.__enter__()
    database.__exit__(None, None, None)
    space.refresh_from_db()
    assert space.lease_who == "Alice", "it expires by itself"
    lease.release()


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_one_gets_the_row(space):
    start, done, got, refused = threading.Barrier(6), threading.Barrier(6), [], []

    def take(name: str) -> None:
        start.wait()
        try:
            with leases.hold(space, who=name, what="trying"):
                got.append(name)
                done.wait()
        except LeaseTaken as error:
            refused.append(error.who)
            done.wait()
        finally:
            databases.close_all()

    threads = [threading.Thread(target=take, args=(f"Person {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert refused == got * 5


@pytest.mark.django_db(transaction=True)
def test_two_who_want_the_same_rows_in_other_orders_do_not_wait_for_each_other(site):
    first, second = make_space(site, "1"), make_space(site, "2")
    start, ended = threading.Barrier(2), []

    def take(order: str) -> None:
        start.wait()
        for _ in range(20):
            try:
                with leases.hold(Space.objects.order_by(order), who=order, what="trying"):
                    pass
            except LeaseTaken:
                pass
        ended.append(order)
        databases.close_all()

    threads = [threading.Thread(target=take, args=(order,)) for order in ("pk", "-pk")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["-pk", "pk"]
    for row in (first, second):
        row.refresh_from_db()
        assert row.lease_token == ""


@needs_row_locks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["extend", "release"])
def test_rows_that_are_held_together_are_locked_by_key_whatever_their_order_in_the_table(name, site):
    spaces = [make_space(site, "1"), make_space(site, "2")]
    Space.objects.filter(pk=spaces[0].pk).update(name="Written last, so it stands last in the table")
    with leases.hold(Space.objects.all(), **ALICE) as lease:
        other = Worker(getattr(lease, name))
        with transaction.atomic():
            Space.lock(spaces[0].pk)
            other.start()
            while not is_blocked_or_ended(other):
                pass
            Space.lock(spaces[1].pk)
        other.join()
    assert other.error is None


@pytest.mark.django_db(transaction=True)
def test_a_beating_lease_is_extended_by_itself_until_its_end(space):
    with leases.hold(space, **ALICE, seconds=0.03, beat=True):
        space.refresh_from_db()
        first = space.lease_until
        while space.lease_until <= first:  # ends with the first beat, however long that takes
            space.refresh_from_db()
        assert space.lease_who == "Alice"
    space.refresh_from_db()
    assert (space.lease_token, space.lease_until) == ("", None)
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]
