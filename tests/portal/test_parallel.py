"""Calls side by side: all are answered, pauses are shared while others still wait, and time is kept."""

import threading
import time

import pytest
from django.db.models.signals import post_save

from portal.connections import clients
from portal.models import Pause
from portal.parallel import side_by_side

pytestmark = pytest.mark.django_db


def test_each_item_is_yielded_with_its_answer(site):
    answers = {item: future.result() for item, future in side_by_side(site, lambda number: number * 2, range(40))}

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
        [(_, future)] = side_by_side(site, call, ["one"])
    finally:
        post_save.disconnect(told, sender=Pause)

    assert future.result() is True
    assert Pause.objects.get(pk=site.pk).until == until


def test_what_does_not_answer_in_time_is_left_out(site):
    go_on = threading.Event()
    try:
        answered = side_by_side(site, lambda wait: go_on.wait(20) if wait else True, [False, True], budget=0.3)
        assert [(item, future.result()) for item, future in answered] == [(False, True)]
    finally:
        go_on.set()
