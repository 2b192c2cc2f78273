"""The transport: what goes on the wire, how much of it at once, and what it does not put up with."""

import logging
import threading

import pytest

from portal.atlassian.errors import Misconfigured, Unavailable
from portal.atlassian.http import MAX_BYTES, ApiSession
from portal.atlassian.limits import CallLimit
from portal.atlassian.messages import Call
from tests.atlassian.conftest import EMAIL, PUT, READ, TOKEN, reply

ONE = {"id": "1"}
PAGE = Call("test.page", "GET", "/wiki/api/v2/pages/{id}", "read a page", idempotent=True, product="confluence")
PROJECT = Call("test.project", "GET", "/rest/api/3/project/{id}", "read a project", idempotent=True, product="jira")


def read(session: ApiSession, **arguments):
    return session.call(READ, path_args={"id": "1"}, **arguments)


def failure(session: ApiSession, **arguments):
    with pytest.raises((Unavailable, Misconfigured)) as caught:
        read(session, **arguments)
    return caught.value


def test_a_call_is_sent_as_declared(host, session):
    session.call(
        PUT, path_args={"id": "ari:cloud/ü?#1"}, params={"a": [1, 2], "b": True, "c": None, "d": ""}, body={"é": 1}
    )

    sent = host.requests[0]
    assert (sent.method, sent.path) == ("PUT", "/wiki/api/v2/things/ari%3Acloud%2F%C3%BC%3F%231?a=1&a=2&b=true")
    assert sent.body == '{"é":1}'.encode()
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["Authorization"].startswith("Basic ")


def test_a_token_alone_is_sent_as_bearer(host, make_session):
    read(make_session(email=""))

    assert host.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_call_without_body_claims_none(host, session):
    read(session)

    assert "Content-Type" not in host.requests[0].headers
    assert host.requests[0].body == b""


@pytest.mark.parametrize(
    ("address", "call", "path"),
    [
        ("", PAGE, "/wiki/api/v2/pages/1"),
        ("/", PAGE, "/wiki/api/v2/pages/1"),
        ("/ex/confluence/cloud-1", PAGE, "/ex/confluence/cloud-1/wiki/api/v2/pages/1"),
        ("/ex/confluence/cloud-1/", PROJECT, "/ex/jira/cloud-1/rest/api/3/project/1"),
        ("/ex/jira/cloud-1", PAGE, "/ex/confluence/cloud-1/wiki/api/v2/pages/1"),
        ("/marketplace", READ, "/marketplace/wiki/api/v2/things/1"),
    ],
)
def test_the_path_follows_the_address_of_the_connection(host, make_session, address, call, path):
    make_session(base_url=host.url + address).call(call, path_args={"id": "1"})

    assert host.requests[0].path == path


def test_the_environment_decides_nothing(host, make_session, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login mallory password stolen")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert read(make_session(email="")).status == 200
    assert host.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_cookies_are_not_kept(host, session):
    host.answers(reply(200, ONE, {"Set-Cookie": "session=abc; Path=/"}))

    read(session)
    read(session)

    assert "Cookie" not in host.requests[1].headers


def test_one_connection_serves_many_calls(host, session):
    for _ in range(10):
        read(session)

    assert host.connections == 1


def test_no_more_calls_are_open_than_allowed(host, make_session):
    session = make_session(limit=CallLimit(3))
    arrived, open_now, peak = threading.Semaphore(0), [0], [0]
    go_on, lock = threading.Event(), threading.Lock()

    def slow(handler) -> None:
        with lock:
            open_now[0] += 1
            peak[0] = max(peak[0], open_now[0])
        arrived.release()
        go_on.wait(10)
        with lock:
            open_now[0] -= 1
        reply(200, ONE)(handler)

    host.answers(slow)
    threads = [threading.Thread(target=read, args=(session,)) for _ in range(9)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert arrived.acquire(timeout=10)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert peak[0] == 3
    assert len(host.requests) == 9
    assert host.connections <= 3


# --- redirects ----------------------------------------------------------------------------------------------------


def moved(to: str, status: int = 302):
    return reply(status, headers={"Location": to})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(host, session, status):
    host.answers(moved("https://login.example.com/?continue=x", status))

    error = failure(session)

    assert isinstance(error, Misconfigured)
    assert "redirected to login.example.com" in error.message
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "//example.com/x", "http://127.0.0.1.example.com/"]
)
def test_another_port_or_protocol_is_another_host(host, session, to):
    host.answers(moved(to))

    assert isinstance(failure(session), Misconfigured)
    assert len(host.requests) == 1


def test_a_redirect_within_the_host_is_followed_for_reading(host, session):
    host.answers(moved("/elsewhere"), reply(200, ONE))

    assert read(session).json() == ONE
    assert [request.path for request in host.requests] == ["/wiki/api/v2/things/1", "/elsewhere"]


def test_a_redirect_within_the_host_is_not_followed_for_writing(host, session):
    host.answers(moved("/elsewhere"), reply(200, ONE))

    with pytest.raises(Misconfigured):
        session.call(PUT, path_args={"id": "1"}, body={})
    assert len(host.requests) == 1


def test_redirects_in_a_circle_end(host, session):
    host.answers(moved("/again"))

    assert "again and again" in failure(session).message
    assert len(host.requests) == 4


def test_a_redirect_without_a_target_is_an_error(host, session):
    host.answers(reply(302))

    assert isinstance(failure(session), Misconfigured)


# --- answers too large, too slow or cut off -----------------------------------------------------------------------


def test_an_answer_that_announces_too_much_is_not_read(host, session):
    def huge(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(MAX_BYTES + 1))
        handler.end_headers()
        host.stopped.wait(5)

    host.answers(huge)

    assert "more than 8 MB" in failure(session).message
    assert len(host.requests) == 1


def test_an_answer_that_only_turns_out_too_large_is_dropped(host, session):
    def endless(handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        block = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        while not host.stopped.is_set():
            handler.wfile.write(block)

    host.answers(endless)

    assert "more than 8 MB" in failure(session).message


def test_a_small_answer_that_unpacks_to_too_much_is_dropped(host, session):
    import gzip

    host.answers(reply(200, gzip.compress(b" " * (MAX_BYTES + 1)), {"Content-Encoding": "gzip"}))

    assert "more than 8 MB" in failure(session).message


def _drip_headers(handler) -> bytes:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    return b"X-A: b\r\n"


def _drip_body(handler) -> bytes:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    return b" "


def _drip_chunk(handler) -> bytes:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n")
    return b" "


@pytest.mark.parametrize("begin", [_drip_headers, _drip_body, _drip_chunk])
def test_a_host_that_drips_holds_nobody_beyond_the_deadline(host, make_session, begin):
    def drip(handler) -> None:
        drop = begin(handler)
        while not host.stopped.wait(0.01):
            handler.wfile.write(drop)

    host.answers(drip)

    error = failure(make_session(total_seconds=0.2), retry=False)

    assert isinstance(error, Unavailable)
    assert "did not answer in time" in error.message


def test_a_silent_host_is_unavailable(host, make_session):
    host.answers(lambda handler: host.stopped.wait(5))

    assert "did not answer in time" in failure(make_session(timeout=(1, 0.1)), retry=False).message


def test_a_connection_that_ends_early_is_tried_again(host, session):
    def cut(handler) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":')
        handler.close_connection = True

    host.answers(cut, reply(200, ONE))

    assert read(session).json() == ONE
    assert len(host.requests) == 2


def test_a_host_that_closes_after_each_answer_is_read_to_the_end(host, session):
    def closing(handler) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"id":"')
        handler.wfile.flush()
        handler.wfile.write(b"1" * 200_000 + b'"}')
        handler.close_connection = True

    host.answers(closing)

    assert len(read(session).json()["id"]) == 200_000


@pytest.mark.parametrize(
    "garbage", [b"not http at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX" + b"x" * 70000]
)
def test_an_answer_that_is_not_http_is_unavailable(host, session, garbage):
    def speak(handler) -> None:
        handler.wfile.write(garbage)
        handler.close_connection = True

    host.answers(speak)

    assert isinstance(failure(session, retry=False), Unavailable)


# --- counting and the log -----------------------------------------------------------------------------------------


def test_each_attempt_writes_one_line_with_its_facts(host, session, caplog):
    host.answers(reply(503, headers={"Atl-Traceid": "first"}), reply(200, ONE, {"X-Trace-Id": "second"}))

    with caplog.at_level(logging.INFO, "trustdesk.atlassian"):
        read(session)

    lines = [record for record in caplog.records if record.name == "trustdesk.atlassian"]
    assert [(line.call, line.status, line.attempt, line.trace_id) for line in lines] == [
        ("test.read", 503, 1, "first"),
        ("test.read", 200, 2, "second"),
    ]
    assert lines[1].getMessage().startswith("connection=test call=test.read status=200 ms=")
    assert lines[1].getMessage().endswith(" attempt=2 trace_id=second")
    assert isinstance(lines[1].ms, int)


def test_a_trace_id_cannot_write_lines_of_its_own(host, session, caplog):
    host.answers(
        reply(200, ONE, {"Atl-Traceid": "a b=c\tstatus=200 <script>"}), reply(200, ONE, {"Atl-Traceid": "a-1"})
    )

    with caplog.at_level(logging.INFO, "trustdesk.atlassian"):
        answer = read(session)

    assert answer.trace_id == ""
    assert "script" not in caplog.text
    assert read(session).trace_id == "a-1"
    assert EMAIL not in caplog.text


def test_callers_can_count_what_was_sent(host, session):
    host.answers(reply(503), reply(200, ONE))
    seen = []
    session.on_call = seen.append

    read(session)

    assert session.calls == 2
    assert [(record.call, record.status, record.attempt) for record in seen] == [
        ("test.read", 503, 1),
        ("test.read", 200, 2),
    ]


@pytest.mark.parametrize(
    "address",
    [
        r"https://evil.example.com\.atlassian.net",
        "https://ex。ample.atlassian.net",
        "https://evil.example.com;.atlassian.net",
        "https://a..atlassian.net",
    ],
)
def test_a_host_that_libraries_could_read_in_two_ways_is_never_called(address):
    with pytest.raises(Misconfigured):
        ApiSession(base_url=address, email=EMAIL, token=TOKEN, key="test")


def test_an_answer_with_too_many_values_is_refused_with_a_sentence(host, session):
    host.answers(reply(200, b"[" + b"1," * 100_000 + b"1]"))

    answer = session.call(READ, path_args={"id": "1"})
    with pytest.raises(Unavailable, match="cannot be used: This JSON holds more than 100,000 values"):
        answer.json()


def test_a_list_of_250_rich_items_is_far_within_the_limits(host, session):
    item = {f"field{number}": {"text": "x" * 100, "more": [1, 2, 3]} for number in range(40)}
    host.answers(reply(200, {"results": [item] * 250}))

    assert len(session.call(READ, path_args={"id": "1"}).json()["results"]) == 250
