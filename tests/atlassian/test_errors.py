"""Each way to fail becomes one of five errors with a sentence, and no credential is in it."""

import base64
import logging
import traceback
from urllib.parse import quote

import pytest

from portal.atlassian.errors import ApiError, Limited, Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.http import ApiSession
from tests.atlassian.conftest import EMAIL, POST, PUT, READ, TOKEN, reply, reset

HTML = b"<!DOCTYPE html><html><title>Log in</title></html>"
PAIR = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()


def failure(session: ApiSession, call=PUT, **arguments) -> ApiError:
    with pytest.raises(ApiError) as caught:
        session.call(call, path_args={"id": "1"}, **arguments)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (403, Refused), (409, Refused), (413, Refused), (418, Refused), (422, Refused)]
    + [(404, NotFound), (405, NotFound), (410, NotFound), (401, Misconfigured), (402, Misconfigured)]
    + [(500, Unavailable), (501, Unavailable), (502, Unavailable), (503, Unavailable), (599, Unavailable)]
    + [(304, Unavailable), (429, Limited)],
)
def test_a_status_decides_the_kind_of_error(host, session, status, kind):
    host.answers(reply(status, {"message": "Because"}, {"Atl-Traceid": "abc123"}))

    error = failure(session, retry=False)

    assert type(error) is kind
    assert error.status in (status, None)
    assert error.message.endswith((".", "Because"))
    assert error.advice


def test_an_error_carries_what_happened_what_it_needs_and_where_to_look_it_up(host, session):
    host.answers(reply(403, {"message": "Not for you"}, {"X-Trace-Id": "trace-1"}))

    error = failure(session)

    assert str(error) == error.message == "Atlassian refused to change a thing (status 403): Not for you"
    assert error.call == "test.put"
    assert error.status == 403
    assert error.needs == "OAuth scope write:thing"
    assert error.trace_id == "trace-1"
    assert "Not for you" in error.body
    assert "permission" in error.advice


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"errors": [{"status": 403, "code": "FORBIDDEN", "title": "No access", "detail": "Ask Bob"}]},
            "No access: Ask Bob",
        ),
        ({"errors": [{"status": 403, "code": "FORBIDDEN", "title": "No access", "detail": None}]}, "No access"),
        ({"statusCode": 403, "message": "No edit permission", "data": {"authorized": False}}, "No edit permission"),
        ({"errorMessages": ["One.", "Two."], "errors": {}}, "One. Two."),
        ({"errorMessages": [], "errors": {"id": "Unknown level"}}, "id: Unknown level"),
        ({"errors": [{"message": "First"}, {"message": "Second"}]}, "First Second"),
        ({"errors": ["Plain"]}, "Plain"),
        ({"error": "invalid_grant", "error_description": "Expired"}, "Expired"),
        ({"error": {"message": "Inside"}}, "Inside"),
        ({"code": 403, "message": "Twice", "errors": [{"message": "Twice"}]}, "Twice"),
        ("Just a text", "Just a text"),
        (b"Plain\r\n text", "Plain text"),
        (b'{"message":"a\\u0000b\\ud800"}', "a b?"),
    ],
)
def test_atlassians_own_words_are_found_in_every_shape(host, session, body, words):
    host.answers(reply(403, body))

    assert failure(session).message == f"Atlassian refused to change a thing (status 403): {words}"


@pytest.mark.parametrize(
    "body", [None, {}, [], {"errors": None}, {"errors": [[[[[["deep"]]]]]]}, b"{broken", b"[" * 100_000, HTML]
)
def test_without_words_the_status_speaks(host, session, body):
    host.answers(reply(403, body))

    assert failure(session).message == "Atlassian refused to change a thing (status 403 Forbidden)."


def test_long_words_are_cut(host, session):
    host.answers(reply(400, {"message": "x" * 10_000}))

    error = failure(session)

    assert len(error.message) < 600
    assert len(error.body) <= 2000


def test_a_web_page_in_the_place_of_data_says_so(host, session):
    host.answers(reply(200, HTML, {"Content-Type": "text/html; charset=utf-8"}))

    error = failure(session, READ)

    assert isinstance(error, Misconfigured)
    assert "answered with a web page instead of data when asked to read a thing" in error.message
    assert "<" not in error.message


def test_a_web_page_without_its_type_is_recognised_and_a_write_is_not_taken_for_done(host, session):
    host.answers(reply(200, b"\n" + HTML))

    assert isinstance(failure(session, PUT), Misconfigured)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "it is empty"),
        (b"  ", "it is empty"),
        (b"{", "This is not JSON"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"a":1,"a":2}', 'The key "a" occurs twice'),
        (b'"\\ud800"', "half of a character"),
    ],
)
def test_what_is_not_json_is_unavailable_with_the_reason(host, session, body, why):
    host.answers(reply(200, body, {"Atl-Traceid": "t9"}))
    answer = session.call(READ, path_args={"id": "1"})

    with pytest.raises(Unavailable) as caught:
        answer.json()

    assert why in caught.value.message
    assert caught.value.trace_id == "t9"


def test_an_answer_that_is_not_utf8_is_unavailable(host, session):
    host.answers(reply(200, b'{"a":"\xff"}'))

    assert "not UTF-8" in failure(session, READ).message


def test_a_byte_order_mark_is_no_obstacle(host, session):
    host.answers(reply(200, b'\xef\xbb\xbf{"a":1}'))

    assert session.call(READ, path_args={"id": "1"}).json() == {"a": 1}


def test_a_write_whose_answer_was_lost_says_to_look_before_trying_again(host, session):
    host.answers(reset)

    error = failure(session, POST)

    assert isinstance(error, Unavailable)
    assert "unknown" in error.advice
    assert len(host.requests) == 1


def test_an_unknown_host_and_a_wrong_protocol_are_a_matter_of_the_connection(make_session, host):
    unknown = make_session(base_url="http://nowhere.invalid")
    tls = make_session(base_url=host.url.replace("http:", "https:"))

    assert type(failure(unknown)) is Misconfigured
    assert "nowhere.invalid cannot be found on the network" in failure(unknown).message
    assert type(failure(tls)) is Misconfigured
    assert "certificate or TLS" in failure(tls).message


def test_a_host_that_takes_no_connections_is_unavailable(make_session):
    error = failure(make_session(base_url="http://127.0.0.1:9"))

    assert type(error) is Unavailable
    assert "could not be reached" in error.message
    assert error.attempts == 4


@pytest.mark.parametrize(
    "address",
    ["", "acme", "ftp://example.com", "https://", "https://alice:pw@example.com", "https://example.com?x=1"]
    + ["https://example.com:port", "javascript:alert(1)"],
)
def test_an_address_that_cannot_be_called_is_refused_before_any_call(make_session, address):
    with pytest.raises(Misconfigured) as caught:
        make_session(base_url=address)

    assert "pw" not in caught.value.message


@pytest.mark.parametrize("token", ["", "  ", "line\nbreak", "ünïcode"])
def test_a_token_that_cannot_be_sent_is_refused_before_any_call(make_session, token):
    with pytest.raises(Misconfigured):
        make_session(email="", token=token)


@pytest.mark.parametrize("item", ["", " ", ".", "..", "a\x00b", "\n"])
def test_an_id_that_would_name_another_resource_is_refused(session, host, item):
    with pytest.raises(Refused):
        session.call(READ, path_args={"id": item})

    assert host.requests == []


def test_a_body_that_cannot_be_kept_is_refused_before_any_call(session, host):
    error = failure(session, PUT, body={"a": float("nan")})

    assert type(error) is Refused
    assert "NaN" in error.message
    assert host.requests == []


# --- credentials --------------------------------------------------------------------------------------------------

ECHOES = [
    TOKEN,
    PAIR,
    quote(TOKEN, safe=""),
    f"Basic {PAIR}",
    f"{EMAIL}:{TOKEN}",
    base64.b64encode(TOKEN.encode()).decode(),
]
ECHOES += [
    TOKEN.upper(),
    quote(PAIR, safe=""),
    quote(quote(TOKEN, safe=""), safe=""),
    "Bearer another-token-of-somebody",
    TOKEN.replace("/", "\\/"),
]


def everything_said(error: BaseException) -> str:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format()) + repr(error) + str(vars(error))


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("wrap", ['{{"message": "You sent {} to us"}}', "You sent {} to us", "<p>{}</p>"])
def test_an_echoed_credential_is_in_no_error_and_no_log(host, session, caplog, echo, wrap):
    body = wrap.format(echo).encode()
    host.answers(reply(403, body, {"Atl-Traceid": echo}))

    with caplog.at_level(logging.DEBUG):
        error = failure(session, retry=False)

    said = error.message + error.body + error.trace_id + repr(error) + caplog.text
    assert echo not in said
    assert TOKEN not in said
    assert PAIR not in said


ESCAPED = "".join(f"\\u{ord(char):04x}" for char in TOKEN)


@pytest.mark.parametrize("written", [TOKEN, ESCAPED])
@pytest.mark.parametrize("before", [0, 470, 485, 492])
def test_a_secret_is_found_when_it_is_escaped_and_when_it_lies_on_the_cut(host, session, written, before):
    host.answers(reply(403, f'{{"message":"{"x" * before}{written}"}}'.encode()))

    assert TOKEN[:6] not in failure(session).message


def test_a_credential_in_the_place_of_the_trace_id_is_not_shown(host, make_session):
    host.answers(reply(403, {}, {"Atl-Traceid": "made-up-token"}))

    assert "made-up-token" not in failure(make_session(token="made-up-token")).trace_id


def test_no_traceback_shows_the_credential_even_with_all_its_values(host, session):
    host.answers(reset)

    said = everything_said(failure(session, POST))

    assert TOKEN not in said
    assert PAIR not in said
    assert "Authorization" not in said or "[redacted]" in said


def test_a_session_shows_its_address_and_nothing_secret(session, host):
    assert repr(session) == f"ApiSession('{host.url}', key='test')"
    assert TOKEN not in repr(vars(session))
    assert PAIR not in repr(vars(session))


def test_an_ordinary_sentence_about_authentication_is_left_alone(host, session):
    host.answers(reply(401, {"message": "Basic authentication with passwords is deprecated."}))

    assert "Basic authentication with passwords is deprecated." in failure(session).message
