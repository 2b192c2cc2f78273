"""The sandbox over HTTP, as curl or another client would use it."""

import threading
from base64 import b64encode
from contextlib import closing
from http.client import HTTPConnection
from io import StringIO

import pytest
import requests
from django.core.management import CommandError, call_command

from portal.management.commands import sandbox as command
from sandbox.names import ACME, DEVELOPER_ID, GLOBEX, ORG_ID
from sandbox.seed_documents import product_id
from sandbox.server import SandboxServer

from .conftest import ADMIN


@pytest.fixture
def server(state):
    server = SandboxServer(("127.0.0.1", 0), state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def person():
    with requests.Session() as person:
        person.trust_env = False
        person.auth = (ADMIN.email, ADMIN.token)
        yield person


def test_one_port_plays_all_hosts(server, person):
    url = server.url
    assert person.get(f"{url}/wiki/api/v2/spaces").json()["results"][0]["key"] == "ENG"
    assert person.get(f"{url}/rest/api/3/project/search").json()["total"] == 6
    space = person.get(f"{url}/marketplace/rest/3/developer-space/{DEVELOPER_ID}").json()
    assert space["name"] == "Example Vendor"
    bearer = {"Authorization": f"Bearer {ADMIN.token}"}
    levels = requests.get(f"{url}/admin/dlp/v1/orgs/{ORG_ID}/classification-levels", headers=bearer, timeout=5)
    assert len(levels.json()["levels"]) == 5


@pytest.mark.parametrize(
    "headers",
    [{"X-Sandbox-Site": GLOBEX}, {"X-Sandbox-Site": "globex"}, {"Host": "example-globex.localhost:8090"}],
    ids=str,
)
def test_a_header_or_the_host_chooses_the_other_site(server, person, headers):
    found = person.get(f"{server.url}/wiki/api/v2/spaces", headers=headers).json()
    assert found["results"][0]["key"] == "GX"


def test_an_unknown_site_is_not_answered(server, person):
    refused = person.get(f"{server.url}/wiki/api/v2/spaces", headers={"X-Sandbox-Site": "initech"})
    assert refused.status_code == 404


def test_links_lead_back_to_the_server(server, person):
    found = person.get(f"{server.url}/wiki/api/v2/spaces?limit=1").json()
    assert found["_links"]["base"] == f"{server.url}/wiki"
    assert person.get(server.url + found["_links"]["next"]).json()["results"][0]["key"] == "HR"


def test_a_connection_is_kept_for_the_next_request(server):
    connection = HTTPConnection(*server.server_address[:2], timeout=5)
    connection.connect()
    socket = connection.sock
    for path in ("/wiki/api/v2/spaces", "/_sandbox/faults", "/nothing"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is socket
    connection.close()


def test_a_document_goes_there_and_back_over_the_wire(server, person):
    url = f"{server.url}/marketplace/rest/3/privacy-and-security/products/{product_id('Status Board')}"
    assert person.put(url, json={"commonCloud": {"a": 1.0}}).status_code == 200
    assert person.get(url, params={"state": "draft"}).text.startswith('{"commonCloud": {"a": 1.0, "properties"')
    assert person.delete(url).status_code == 204
    assert person.get(url, params={"state": "draft"}).status_code == 404


def test_failures_are_switched_over_http(server, person):
    control, spaces = f"{server.url}/_sandbox/faults", f"{server.url}/wiki/api/v2/spaces"
    assert person.post(control, json={"kind": "rate_limit", "times": 1, "retry_after": 9}).status_code == 201
    assert person.get(control).json()["active"][0]["kind"] == "rate_limit"
    assert person.get(spaces).headers["Retry-After"] == "9"
    assert person.get(spaces).status_code == 200
    person.post(control, json={"kind": "server_error"})
    assert person.get(spaces).status_code == 503
    assert person.delete(control).status_code == 204
    assert person.get(spaces).status_code == 200
    assert person.get(f"{server.url}/_sandbox/calls").json() == {"confluence.spaces": 4}


@pytest.mark.parametrize(
    "body", [{}, {"kind": "earthquake"}, {"kind": "latency", "hours": 1}, {"kind": "latency", "call": 5}]
)
def test_a_wrong_switch_is_refused(server, person, body):
    assert person.post(f"{server.url}/_sandbox/faults", json=body).status_code == 400
    assert person.get(f"{server.url}/wiki/api/v2/spaces").status_code == 200


def test_a_page_of_another_origin_cannot_switch(server, person):
    headers = {"Content-Type": "text/plain"}
    assert person.post(f"{server.url}/_sandbox/reset", data="{}", headers=headers).status_code == 415
    assert person.get(f"{server.url}/wiki/api/v2/spaces").status_code == 200


def test_settings_strangers_and_reset_are_reached_over_http(server, person, state):
    url = server.url
    assert person.put(f"{url}/_sandbox/settings", json={"host": ACME, "dialect": "reference"}).status_code == 204
    assert isinstance(person.get(f"{url}/wiki/api/v2/classification-levels").json(), dict)
    person.put(f"{url}/_sandbox/settings", json={"host": ACME, "entitled": False})
    assert person.get(f"{url}/wiki/api/v2/classification-levels").status_code == 404
    product = product_id("Time Ledger")
    assert person.post(f"{url}/_sandbox/stranger", json={"action": "publish", "product_id": product}).status_code == 204
    assert state.document(product, "draft") is None
    assert person.post(f"{url}/_sandbox/reset", json={}).status_code == 204
    assert state.document(product, "draft") is not None


def test_connections_break_on_the_wire(server, person):
    spaces = f"{server.url}/wiki/api/v2/spaces"
    for kind in ("reset_connection", "cut_body"):
        person.post(f"{server.url}/_sandbox/faults", json={"kind": kind, "times": 1, "call": "confluence.*"})
        with pytest.raises(requests.RequestException):
            person.get(spaces, timeout=5)
        assert person.get(spaces).status_code == 200


DOCUMENT = f"/marketplace/rest/3/privacy-and-security/products/{product_id('Status Board')}"
SIGNED_IN = {"Authorization": f"Basic {b64encode(f'{ADMIN.email}:{ADMIN.token}'.encode()).decode()}"}


def raw(server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
    """The status that answers a request which no client would write so."""
    with closing(HTTPConnection(*server.server_address[:2], timeout=5)) as connection:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in (SIGNED_IN | headers).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status


def test_a_body_may_come_in_chunks(server, person, state):
    chunks = [b'{"commonCloud"', b': {"a": "', b"x" * 70_000, b'"}}']
    answer = person.put(server.url + DOCUMENT, data=iter(chunks), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert state.document(product_id("Status Board"), "draft") == {"commonCloud": {"a": "x" * 70_000}}
    assert person.get(server.url + DOCUMENT, params={"state": "draft"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"12;name=value\r\n" + b'{"commonCloud": {}' + b"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n", 200),
        (b"5\r\n{}\r\n\r\n\r\n0\r\n\r\n", 400),
        (b"2\r\n{}}}}}\r\n0\r\n\r\n", 400),
        (b"many\r\n{}\r\n0\r\n\r\n", 400),
        (b"-2\r\n{}\r\n0\r\n\r\n", 400),
        (b"0_2\r\n{}\r\n0\r\n\r\n", 400),
        (b"\r\n", 400),
        (b"2" * 2000, 400),
        (b"0\r\n" + b"Trailer: x\r\n" * 200 + b"\r\n", 400),
        (b"500001\r\n", 413),
        (b"FFFFFFFF\r\n", 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_chunks_are_read_strictly_and_within_bounds(server, state, body, status):
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    assert raw(server, "PUT", DOCUMENT, headers, body) == status
    assert (state.document(product_id("Status Board"), "draft") is not None) == (status == 200)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Transfer-Encoding": "gzip"}, 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, 400),
        ({"Content-Length": "two"}, 411),
        ({"Content-Length": "5242881"}, 413),
        ({"Content-Length": "9" * 5000}, 413),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_body_of_unknown_or_too_great_length_is_refused(server, headers, status):
    assert raw(server, "PUT", DOCUMENT, headers) == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("/wiki/api/v2/spaces", 200), ("/wiki/api/v2/nothing", 404), ("/_sandbox/faults", 200)],
)
def test_head_is_answered_like_get_without_the_body(server, person, path, status):
    head, get = person.head(server.url + path), person.get(server.url + path)
    assert (head.status_code, get.status_code) == (status, status)
    assert head.headers["Content-Length"] == str(len(get.content))
    assert head.headers.get("Content-Type") == get.headers.get("Content-Type")
    assert head.content == b""


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "OPTIONS", "PROPFIND", "MADEUP"])
def test_a_method_that_no_call_has_is_not_allowed_and_said_in_json(server, person, method):
    refused = person.request(method, f"{server.url}/wiki/api/v2/spaces")
    assert refused.status_code == 405
    assert refused.headers["Allow"]
    assert refused.json()["statusCode"] == 405
    assert person.get(f"{server.url}/wiki/api/v2/spaces").status_code == 200


@pytest.mark.parametrize(
    "host", ["[", "[::1", "[:::::]", "two words", "a/b", "a?b", "a@b", "localhost:http", "\xbd.example.com"], ids=ascii
)
def test_a_broken_host_is_refused_and_the_server_goes_on(server, person, host):
    assert raw(server, "GET", "/wiki/api/v2/spaces", {"Host": host}) == 400
    assert person.get(f"{server.url}/wiki/api/v2/spaces").status_code == 200


def test_a_path_that_makes_no_address_is_refused(server):
    assert raw(server, "GET", "[/wiki/api/v2/spaces", {}) == 400


def test_a_redirect_cannot_carry_a_header_of_its_own(server, person):
    fault = {"kind": "redirect", "to": "https://example.com/\r\nSet-Cookie: a=b"}
    assert person.post(f"{server.url}/_sandbox/faults", json=fault).status_code == 400
    answer = person.get(f"{server.url}/wiki/api/v2/spaces", allow_redirects=False)
    assert (answer.status_code, answer.headers.get("Set-Cookie")) == (200, None)


def test_the_command_says_where_it_listens_and_how_to_try_it(tmp_path, monkeypatch):
    monkeypatch.setattr(command.SandboxServer, "serve_forever", lambda self: None)
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("sandbox", "--port", "0", "--data", str(tmp_path / "served.sqlite3"), stdout=out)
    assert left.value.code == 0
    assert "http://127.0.0.1:" in out.getvalue()
    assert out.getvalue().count("curl ") == 2
    assert ADMIN.token in out.getvalue()


def test_the_command_cannot_take_a_port_that_is_taken(server, tmp_path):
    port = server.url.rpartition(":")[2]
    with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1:{port}"):
        call_command("sandbox", "--port", port, "--data", str(tmp_path / "served.sqlite3"))
