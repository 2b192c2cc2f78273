"""Hosts that mean harm or are broken: nothing escapes the five errors, no credential leaves, no limit is passed."""

import base64
import gzip
import html
import json
import socket
from urllib.parse import quote, urlsplit

import pytest

from portal.atlassian.errors import ApiError, Limited, Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.http import MAX_BYTES
from portal.atlassian.redaction import Redactor
from tests.atlassian.conftest import EMAIL, POST, PUT, READ, reply, reset

ONE = {"id": "1"}
#: Of the shape that real tokens have.
TOKEN = "ATATT3xFfGF0abcdefghijklmnop_QRSTUV-1234/5+6=1A2B3C4D"
PAIR = f"{EMAIL}:{TOKEN}"
BASIC = base64.b64encode(PAIR.encode()).decode()


def failure(session):
    with pytest.raises(ApiError) as caught:
        session.call(READ, path_args={"id": "1"})
    return caught.value


def raw(answer: bytes):
    """Exactly these bytes, and the end of the connection."""

    def step(handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    return step


# --- redirects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://{thief}\\@{host}/x",
        "//{thief}\\@{host}/x",
        "http://{thief}\\\\@{host}/",
        "http://{thief}/\\@{host}/",
        "http://{host}@{thief}/",
        "http:\\\\{thief}/@{host}",
    ],
)
def test_no_spelling_of_an_address_takes_the_credential_to_another_host(host, other_host, session, location):
    ours, thief = urlsplit(host.url).netloc, urlsplit(other_host.url).netloc
    host.answers(reply(302, headers={"Location": location.format(thief=thief, host=ours)}), reply(404))

    assert isinstance(failure(session), (Misconfigured, NotFound))
    assert other_host.requests == []


@pytest.mark.parametrize("location", ["https://[elsewhere/", "//[", "http://127.0.0.1:99999/", "http://[::1", "\\"])
def test_an_address_that_is_none_is_not_followed(host, session, location):
    host.answers(reply(302, headers={"Location": location}), reply(404))

    assert isinstance(failure(session), (Misconfigured, NotFound))


@pytest.mark.parametrize("packed", [True, False])
def test_the_body_of_a_redirect_is_not_read(host, session, packed):
    body = gzip.compress(b" " * MAX_BYTES * 3) if packed else b" " * MAX_BYTES
    sent = []

    def redirect(handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/again")
        if packed:
            handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for start in range(0, len(body), 65536):
            handler.wfile.write(body[start : start + 65536])
            sent.append(start)

    host.answers(redirect, reply(200, ONE))

    assert session.call(READ, path_args={"id": "1"}).json() == ONE
    assert packed or len(sent) < MAX_BYTES // 65536


# --- answers that are no HTTP -------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/9.9 200 OK\r\n\r\n{}",
        b"HTTP/1.1 000 OK\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n{}",
    ],
)
def test_what_is_no_http_is_unavailable(host, session, answer):
    host.answers(raw(answer))

    assert type(failure(session)) is Unavailable


@pytest.mark.parametrize(
    "header",
    [b"Content-Length: \xb2", b"Content-Length: " + b"9" * 5000, b'RateLimit: "p";r=' + b"0" * 5000 + b";t=1"],
)
def test_no_number_in_a_header_is_too_odd(host, session, header):
    host.answers(raw(HEAD + header + b"\r\n\r\n{}"))

    assert session.call(READ, path_args={"id": "1"}).json() == {}


def test_an_answer_that_cannot_be_unpacked_is_asked_for_once(host, session):
    host.answers(reply(200, b"{}", {"Content-Encoding": "gzip"}))

    assert "cannot be unpacked" in failure(session).message
    assert len(host.requests) == 1


# --- refusals whose body is broken --------------------------------------------------------------------------------

BROKEN = {
    "cut off": (b"Content-Length: 500", b'{"message":"no"'),
    "badly packed": (b"Content-Encoding: gzip\r\nContent-Length: 9", b"not gzip!"),
    "announced as huge": (b"Content-Length: 99999999", b"{"),
    "much too long": (b"Content-Length: 200000", b" " * 200_000),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(("status", "kind"), [(401, Misconfigured), (403, Refused), (404, NotFound), (429, Limited)])
def test_the_status_counts_even_where_the_body_is_broken(host, make_session, status, kind, broken):
    headers, body = broken
    host.answers(raw(b"HTTP/1.1 %d X\r\nRetry-After: 30\r\n%s\r\n\r\n%s" % (status, headers, body)))
    session = make_session(patience=5)

    assert type(failure(session)) is kind
    assert len(host.requests) == 1
    assert (session.throttle.paused_until() > 0) == (status == 429)


# --- what nobody knows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "last", [reply(429, headers={"Retry-After": "60"}), reply(403, {"message": "Not any more"}), reply(404)]
)
def test_a_write_that_may_have_been_done_is_never_called_refused(host, make_session, last):
    host.answers(reset, last)

    with pytest.raises(Unavailable) as caught:
        make_session(patience=8).call(PUT, path_args={"id": "1"}, body={})

    assert "When asked again: " in caught.value.message
    assert caught.value.last_told.status in (403, 404, 429)
    assert caught.value.attempts == 2


def test_a_pause_that_begins_after_a_lost_answer_leaves_the_write_unsettled(host, make_session, clock):
    session = make_session(patience=8)

    def lose(handler) -> None:
        session.throttle.pause(clock.time() + 60, "another call was told to wait")
        reset(handler)

    host.answers(lose)

    with pytest.raises(Unavailable) as caught:
        session.call(PUT, path_args={"id": "1"}, body={})
    assert isinstance(caught.value.last_told, Limited)
    assert caught.value.attempts == len(host.requests) == 1


def test_reading_that_was_refused_after_a_lost_answer_is_refused(host, session):
    host.answers(reset, reply(403))

    assert type(failure(session)) is Refused


# --- credentials in every spelling --------------------------------------------------------------------------------


def escaped(text: str, form: str) -> str:
    return "".join(char if char.isalnum() else form.format(code=ord(char)) for char in text)


SPELLINGS = {
    "JSON": escaped(TOKEN, "\\u{code:04x}"),
    "JSON in JSON": json.dumps(escaped(TOKEN, "\\u{code:04X}")),
    "decimal HTML": escaped(TOKEN, "&#{code};"),
    "hexadecimal HTML": escaped(TOKEN, "&#x{code:X};"),
    "named HTML": html.escape(TOKEN),
    "a URL": quote(TOKEN, safe=""),
    "a URL in a URL": quote(quote(TOKEN, safe=""), safe=""),
    "a URL in which all is escaped": "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
    "hexadecimal": TOKEN.encode().hex(),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 of a header": base64.b64encode(f"Basic {BASIC}".encode()).decode(),
    "base64 of a line": base64.b64encode(f"Authorization: Basic {BASIC}".encode()).decode(),
    "base64 in lines": f"{BASIC[:40]}\r\n{BASIC[40:]}",
    "base64 in escaped lines": f"{BASIC[:40]}\\n{BASIC[40:]}",
    "base64 for URLs": base64.urlsafe_b64encode(PAIR.encode()).decode(),
    "bytes of Python": repr(TOKEN.encode()),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_a_credential_is_found_in_every_spelling(spelling, before):
    said = Redactor([TOKEN, PAIR, BASIC])(f"{before} {spelling} after")

    assert "[redacted]" in said
    # What stands around the credential may stay: quotes, the end of base64, "Authorization: Basic" as base64.
    assert len(said.replace("[redacted]", "")) < 45


def test_what_is_quoted_from_an_answer_holds_no_credential(host, make_session):
    host.answers(reply(200, f'{{"{TOKEN}": 1, "{TOKEN}": 2}}'.encode()))

    with pytest.raises(Unavailable, match="occurs twice") as caught:
        make_session(token=TOKEN).call(READ, path_args={"id": "1"}).json()
    assert TOKEN not in str(caught.value)


def test_a_credential_in_pieces_makes_no_trace_id(host, make_session):
    host.answers(reply(403, {}, {"Atl-Traceid": f"{TOKEN[:20]} {TOKEN[20:]}"}))

    assert failure(make_session(token=TOKEN)).trace_id == ""


def test_the_log_tells_the_status_and_the_trace_of_a_refused_redirect(host, session, caplog):
    host.answers(reply(302, headers={"Location": "https://login.example.com/", "Atl-Traceid": "t-302"}))

    failure(session)

    assert "status=302" in caplog.text
    assert "trace_id=t-302" in caplog.text


def test_every_hop_counts_as_a_call(host, session):
    host.answers(reply(302, headers={"Location": "/elsewhere"}), reply(200, ONE))

    session.call(READ, path_args={"id": "1"})

    assert session.calls == 2


def test_the_gateway_needs_a_cloud_id(make_session):
    for path in ("/ex", "/ex/confluence", "/ex/confluence/", "/ex/trello/1"):
        with pytest.raises(Misconfigured, match="cloud id"):
            make_session(base_url=f"https://api.atlassian.com{path}")


@pytest.mark.parametrize("call", [PUT, POST])
@pytest.mark.parametrize(
    ("answer", "unanswered"),
    [
        (reset, True),
        (reply(504), True),
        (reply(502), True),
        (reply(408), True),
        (reply(503), False),
        (reply(500), False),
        (reply(409), False),
        (reply(302, headers={"Location": "https://elsewhere.example.com/"}), False),
    ],
)
def test_only_a_write_without_an_answer_may_still_be_carried_out(host, make_session, call, answer, unanswered):
    host.answers(answer)

    with pytest.raises(ApiError) as caught:
        make_session(patience=0).call(call, path_args={"id": "1"}, body={})

    assert caught.value.unanswered is unanswered


def test_a_write_that_did_not_reach_the_host_is_not_carried_out_later(make_session):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        session = make_session(base_url=f"http://127.0.0.1:{closed.getsockname()[1]}", patience=0)

        with pytest.raises(Unavailable) as caught:
            session.call(POST, path_args={"id": "1"})

    assert not caught.value.unanswered


@pytest.mark.parametrize(("first", "unanswered"), [(reset, True), (reply(503), False)])
def test_a_write_that_worked_when_repeated_says_that_its_first_try_may_still_arrive(
    host, make_session, first, unanswered
):
    host.answers(first, reply(200, {}))

    answer = make_session(patience=60).call(PUT, path_args={"id": "1"}, body={})

    assert answer.unanswered is unanswered


def test_a_refusal_after_a_lost_try_leaves_the_lost_one(host, make_session):
    host.answers(reset, reply(403))

    with pytest.raises(Unavailable) as caught:
        make_session(patience=8).call(PUT, path_args={"id": "1"}, body={})

    assert caught.value.unanswered
