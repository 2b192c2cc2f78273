"""A connection slows down as one: what headers ask for, who waits, and for how long."""

import threading
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from portal.atlassian.errors import Limited, Unavailable
from portal.atlassian.limits import LONGEST_PAUSE, CallLimit, MemoryThrottle, seconds_to_rest
from tests.atlassian.conftest import POST, PUT, READ, reply, reset

NOW = 1_800_000_000.0
ONE = {"id": "1"}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (429, {"Retry-After": " 7 "}, 7),
        (429, {"Retry-After": format_datetime(at(30), usegmt=True)}, 30),
        (429, {"Retry-After": format_datetime(at(-30), usegmt=True)}, 0),
        (503, {"Retry-After": "4"}, 4),
        (200, {"Retry-After": "4"}, 0),
        (429, {"Retry-After": "soon"}, 0),
        (429, {"Retry-After": "-5"}, 0),
        (429, {"Retry-After": "nan"}, 0),
        (429, {"Retry-After": "99999999"}, LONGEST_PAUSE),
        (429, {"X-RateLimit-Reset": at(12).isoformat()}, 12),
        (429, {"X-RateLimit-Reset": at(12).strftime("%Y-%m-%dT%H:%MZ")}, 0),
        (429, {"X-RateLimit-Reset": str(int(NOW) + 12)}, 12),
        (429, {"Retry-After": "3", "X-RateLimit-Reset": at(12).isoformat()}, 3),
        (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at(5).isoformat()}, 5),
        (200, {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": at(5).isoformat()}, 0),
        (200, {"X-RateLimit-Remaining": "0"}, 0),
        (200, {"X-RateLimit-NearLimit": "true"}, 0.5),
        (200, {"X-RateLimit-NearLimit": "false"}, 0),
        (
            200,
            {"X-RateLimit-NearLimit": "true", "X-RateLimit-Remaining": "5", "X-RateLimit-Reset": at(10).isoformat()},
            2,
        ),
        (200, {"RateLimit": '"api-quota";r=0;t=37'}, 37),
        (200, {"RateLimit": '"api-quota";r=12;t=37'}, 0),
        (200, {"Beta-RateLimit": '"a";r=0;t=5, "b";r=0;t=9, "c";r=3;t=99'}, 9),
        (200, {"RateLimit": '"a"; t=5; r=0'}, 5),
        (200, {"RateLimit": "nonsense"}, 0),
        (200, {}, 0),
    ],
)
def test_the_headers_say_how_long_to_rest(status, headers, seconds):
    assert seconds_to_rest(status, headers, NOW)[0] == pytest.approx(seconds)


def test_a_pause_is_never_shortened():
    throttle = MemoryThrottle()

    throttle.pause(100.0, "first")
    throttle.pause(50.0, "second")

    assert throttle.paused_until() == 100.0
    assert throttle.reason == "first"


def test_a_call_that_was_told_to_wait_is_sent_again_after_that_time(host, session, clock):
    host.answers(reply(429, headers={"Retry-After": "7"}), reply(200, ONE))

    assert session.call(READ, path_args={"id": "1"}).json() == ONE
    assert clock.now >= NOW + 7
    assert session.calls == 2


def test_what_one_call_was_told_holds_for_every_session_of_the_connection(host, make_session, clock):
    throttle = MemoryThrottle()
    one, other = make_session(throttle=throttle), make_session(throttle=throttle)
    host.answers(reply(429, headers={"Retry-After": "20"}), reply(200, ONE))
    with pytest.raises(Limited):
        one.call(READ, path_args={"id": "1"}, retry=False)

    other.call(READ, path_args={"id": "1"})

    assert clock.now >= NOW + 20
    assert len(host.requests) == 2


def test_calls_of_many_threads_wait_together(host, make_session, clock):
    session = make_session(patience=300)
    session.throttle.pause(NOW + 30, "told so")
    seen_at = []
    host.answers(lambda handler: (seen_at.append(clock.now), reply(200, ONE)(handler)))
    threads = [threading.Thread(target=session.call, args=(READ,), kwargs={"path_args": {"id": n}}) for n in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(seen_at) == 8
    assert min(seen_at) >= NOW + 30


def test_a_wait_beyond_the_patience_of_the_caller_is_an_error_at_once(host, make_session, clock):
    session = make_session(patience=5)
    host.answers(reply(429, {"message": "Slow down"}, {"Retry-After": "60"}))

    with pytest.raises(Limited) as first:
        session.call(READ, path_args={"id": "1"})
    with pytest.raises(Limited) as second:
        session.call(READ, path_args={"id": "1"})

    assert first.value.retry_after == 60
    assert "Slow down" in first.value.message
    assert second.value.retry_after == pytest.approx(60)
    assert "60 seconds" in first.value.advice
    assert "60 seconds" in second.value.advice
    assert clock.slept == []
    assert len(host.requests) == 1


def test_a_more_patient_caller_of_the_same_session_waits(host, make_session, clock):
    session = make_session(patience=5)
    session.throttle.pause(NOW + 60, "told so")

    assert session.with_patience(90).call(READ, path_args={"id": "1"}).status == 200
    assert session.calls == 1


def test_when_nothing_says_how_long_everyone_rests_a_little_longer_each_time(host, make_session, clock):
    session = make_session(patience=20)
    host.answers(reply(429))

    with pytest.raises(Limited) as caught:
        session.call(READ, path_args={"id": "1"})

    assert caught.value.retry_after
    assert 3 <= len(host.requests) <= 12
    assert clock.now <= NOW + 21


def test_a_success_that_used_up_the_budget_makes_the_next_call_wait(host, session, clock):
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at(9).isoformat()}
    host.answers(reply(200, ONE, spent), reply(200, ONE))

    session.call(READ, path_args={"id": "1"})
    assert clock.now == NOW
    session.call(READ, path_args={"id": "1"})

    assert clock.now >= NOW + 9


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("call", [READ, PUT])
def test_what_is_safe_is_tried_again_after_a_passing_fault(host, session, call, status):
    host.answers(reply(status), reply(status), reply(200, ONE))

    assert session.call(call, path_args={"id": "1"}).status == 200
    assert session.calls == 3


def test_a_broken_connection_is_tried_again_for_what_is_safe(host, session, clock):
    host.answers(reset, reply(200, ONE))

    assert session.call(PUT, path_args={"id": "1"}, body={"a": 1}).status == 200
    assert [request.body for request in host.requests] == [b'{"a":1}', b'{"a":1}']
    assert 0.2 < sum(clock.slept) < 1


def test_trying_again_ends(host, session, clock):
    host.answers(reply(503))

    with pytest.raises(Unavailable) as caught:
        session.call(READ, path_args={"id": "1"})

    assert caught.value.attempts == len(host.requests) == 4
    assert clock.slept == sorted(clock.slept)


@pytest.mark.parametrize("fault", [reply(502), reply(503, headers={"Retry-After": "1"}), reply(429), reset])
def test_what_is_not_safe_is_sent_once_whatever_happens(host, session, fault):
    host.answers(fault, reply(200, ONE))

    with pytest.raises((Unavailable, Limited)):
        session.call(POST, path_args={"id": "1"})
    assert len(host.requests) == 1


def test_asking_to_repeat_does_not_make_an_unsafe_call_safe(host, session):
    host.answers(reply(503), reply(200, ONE))

    with pytest.raises(Unavailable):
        session.call(POST, path_args={"id": "1"}, retry=True)
    assert len(host.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_what_will_not_change_is_not_tried_again(host, session, status):
    host.answers(reply(status))

    with pytest.raises(Exception, match=str(status)):
        session.call(READ, path_args={"id": "1"})
    assert len(host.requests) == 1


def test_an_unavailable_host_that_says_when_is_waited_for_by_all(host, session, clock):
    host.answers(reply(503, headers={"Retry-After": "15"}), reply(200, ONE))

    session.call(READ, path_args={"id": "1"})

    assert clock.now >= NOW + 15
    assert session.throttle.paused_until() == NOW + 15


def test_a_throttle_that_forgets_does_not_make_the_call_hammer(host, make_session, clock):
    class Forgetful:
        def paused_until(self) -> float:
            return 0.0

        def pause(self, until: float, reason: str) -> None:
            pass

    session = make_session(throttle=Forgetful())
    host.answers(reply(429, headers={"Retry-After": "7"}), reply(200, ONE))

    session.call(READ, path_args={"id": "1"})

    assert clock.now >= NOW + 7


# --- calls in flight ------------------------------------------------------------------------------------------------


def room_of(limit: CallLimit) -> int:
    """How many calls may be in flight, found by making them; all are given back without an answer."""
    taken = []
    while (permission := limit.take(0)) is not None:
        taken.append(permission)
    for permission in taken:
        limit.give_back(permission)
    return len(taken)


def answer(limit: CallLimit, status: int | None, times: int = 1) -> None:
    for _ in range(times):
        limit.give_back(limit.take(0), status)


def test_no_more_calls_are_in_flight_than_the_limit_allows():
    limit = CallLimit(3)
    taken = [limit.take(0) for _ in range(4)]

    assert [permission is not None for permission in taken] == [True, True, True, False]
    limit.give_back(taken[0], 200)
    assert limit.take(0) is not None
    assert limit.take(0.01) is None


def test_a_429_halves_the_calls_in_flight_and_one_always_remains():
    limit, rooms = CallLimit(16), []
    for _ in range(6):
        rooms.append(room_of(limit))
        answer(limit, 429)

    assert rooms == [16, 8, 4, 2, 1, 1]


def test_calls_that_get_a_429_together_halve_the_limit_once():
    limit = CallLimit(16)
    together = [limit.take(0) for _ in range(16)]

    for permission in together:
        limit.give_back(permission, 429)

    assert room_of(limit) == 8


def test_the_limit_grows_by_one_call_after_each_round_of_answers_and_not_beyond_its_most():
    limit, rooms = CallLimit(4), []
    answer(limit, 429)
    for answers in (2, 3, 4, 50):
        rooms.append(room_of(limit))
        answer(limit, 200, times=answers - 1)
        assert room_of(limit) == rooms[-1] or answers == 50
        answer(limit, 404)

    assert rooms == [2, 3, 4, 4]
    assert room_of(limit) == 4


@pytest.mark.parametrize("status", [None, 500, 503])
def test_an_answer_that_failed_neither_halves_the_limit_nor_lets_it_grow(status):
    limit = CallLimit(4)
    answer(limit, 429)

    answer(limit, status, times=20)

    assert room_of(limit) == 2


def test_what_was_in_flight_when_the_limit_was_halved_does_not_let_it_grow():
    limit = CallLimit(4)
    first, *others = [limit.take(0) for _ in range(4)]
    limit.give_back(first, 429)

    for permission in others:
        limit.give_back(permission, 200)

    assert room_of(limit) == 2


def test_who_waits_for_room_gets_it_when_a_call_is_over():
    limit = CallLimit(1)
    permission, got = limit.take(0), []
    waiting = threading.Thread(target=lambda: got.append(limit.take(10)))
    waiting.start()

    limit.give_back(permission, 200)
    waiting.join(10)

    assert got == [0]


def test_a_host_that_answers_429_gets_half_as_many_calls_at_once(host, make_session):
    session = make_session(limit=CallLimit(8))
    host.answers(reply(429, headers={"Retry-After": "1"}), reply(200, ONE))

    session.call(READ, path_args={"id": "1"})

    assert room_of(session.limit) == 4


def test_a_call_that_fails_gives_its_room_back(host, make_session):
    session = make_session(limit=CallLimit(1), patience=0)
    host.answers(reset, reply(200, ONE))
    with pytest.raises(Unavailable):
        session.call(READ, path_args={"id": "1"})

    assert session.call(READ, path_args={"id": "1"}).json() == ONE
