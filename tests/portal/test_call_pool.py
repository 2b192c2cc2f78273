"""Calls in parallel: all are answered, pauses are shared while others still wait, and time is kept."""

import threading
import time

import pytest
from django.db import connections as databases
from django.db.models.signals import post_save

from portal.connections import clients
from portal.connections.call_pool import AHEAD, CallPool, in_parallel
from portal.models import Pause
from tests.held import Held

pytestmark = pytest.mark.django_db


def test_each_item_is_yielded_with_its_answer(site):
    answers = {item: future.result() for item, future in in_parallel(site, lambda number: number * 2, range(40))}

    assert answers == {number: number * 2 for number in range(40)}


def test_a_pause_is_shared_while_the_call_that_ran_into_it_still_waits(site):
    shared, until = threading.Event(), time.time() + 60

    def told(**_) -> None:
        shared.set()

    def call(_) -> bool:
        clients.throttle(site).pause(until, "Retry-After")
        return shared.wait(20)

    post_save.connect(told, sender=Pause)
    try:
        [(_, future)] = in_parallel(site, call, ["one"])
    finally:
        post_save.disconnect(told, sender=Pause)

    assert future.result() is True
    assert Pause.objects.get(pk=site.pk).until == until


def test_what_does_not_answer_in_time_is_left_out(site):
    go_on = threading.Event()
    try:
        answered = in_parallel(site, lambda wait: go_on.wait(20) if wait else True, [False, True], budget=0.3)
        assert [(item, future.result()) for item, future in answered] == [(False, True)]
    finally:
        go_on.set()


def test_no_more_is_taken_from_what_is_to_be_called_than_there_is_room_for(site):
    taken = []

    def numbers():
        for number in range(10_000):
            taken.append(number)
            yield number

    answers = in_parallel(site, str, numbers())
    next(answers)
    answers.close()

    assert len(taken) <= clients.session(site).limit.most * AHEAD


def test_a_call_that_failed_is_handed_out_with_its_error(site):
    def call(number: int) -> float:
        return 1 / number

    failed = [item for item, future in in_parallel(site, call, [0, 1]) if future.exception()]

    assert failed == [0]


def test_when_a_pool_ends_its_calls_that_wait_for_a_pause_are_given_up_unsent(site, sandbox):
    clients.throttle(site).pause(time.time() + 30, "Retry-After")
    client = clients.confluence(site, background=True)
    begun = threading.Semaphore(0)

    def levels() -> list:
        begun.release()
        return client.levels()

    with CallPool(site, client.session, wait=True) as pool:
        for number in range(client.session.limit.most * 2):
            pool.submit(number, levels)
        for _ in range(client.session.limit.most):
            assert begun.acquire(timeout=60)

    assert not sandbox.calls
    assert clients.confluence(site, background=True).session.limit.take(0) is not None


def test_what_is_in_flight_when_a_pool_ends_is_waited_for_and_what_has_not_begun_is_dropped(site, sandbox):
    client = clients.confluence(site, background=True)
    most = client.session.limit.most
    held = Held(sandbox)
    with CallPool(site, client.session, wait=True) as pool:
        for number in range(most):
            pool.submit(number, client.levels)
        held.reached(most)
        pool.submit("not begun", client.levels).add_done_callback(lambda _: held.release())

    assert sandbox.in_flight == 0
    assert sandbox.calls["confluence.levels"] == most


def test_threads_of_a_pool_open_no_connection_to_the_database(site):
    client = clients.confluence(site)

    def opened(_) -> bool:
        client.levels()
        return databases["default"].connection is not None

    assert not any(future.result() for _, future in in_parallel(site, opened, range(20)))
