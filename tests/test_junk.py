"""Junk in every address, filter and form: whatever arrives, the answer is a page or a sentence, never a stack trace.

PostgreSQL refuses what SQLite takes (NUL characters, long texts, large numbers), so this runs on both in CI.
"""

from contextlib import suppress
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal import registry
from portal.models import Connection, Grant, User
from privacy.document import catalogue
from tests.test_access import ADDRESSES, ALLAUTH, address_of, all_names, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

#: Percent-encoded, so that also what no client could write as text gets through.
ODDEST = ["%00", "a%00b", "9" * 30, "%C2%B2", "9999-12-31"]
JUNK = [
    *ODDEST,
    "",
    "%FF%FE",
    "%ED%A0%80",
    "%zz",
    "%0d%0aX:%201",
    "-1",
    "9" * 5000,
    "0001-01-01",
    "..%2F..%2Fetc%2Fpasswd",
    "'%22%3Cscript%3E",
    "%F0%9F%98%80" * 300,
]
QUERIES = {
    "activity": ["q", "connection", "actor", "action", "outcome", "since", "until", "page"],
    "activity_export": ["q", "connection", "actor", "action", "outcome", "since", "until", "format"],
    "people": ["page"],
    "spaces": ["q", "type", "status", "level", "unclassified", "view", "sort", "after", "before"],
    "spaces_export": ["q", "type", "level", "sort", "format"],
    "space": ["q", "level", "origin", "kind", "status", "view", "sort", "after", "before"],
    "space_export": ["q", "level", "origin", "kind", "sort", "format"],
    "projects": ["q", "after", "before"],
    "apps": ["q", "only", "sort", "after", "before"],
    "app": ["version"],
    "app_compare": ["left", "right", "show"],
    "app_versions": ["page"],
    "app_export": ["version"],
    "app_edit": ["section"],
    "app_answer": ["field", "on_section", "shown"],
    "app_unknown": ["pointer", "on_section", "shown"],
}
FORM = "application/x-www-form-urlencoded"
EVERYWHERE = ["page", "q", "format", "next", "section"]
QUESTION = catalogue.FIELDS[0].name
CHANGE = ["wanted", "wanted=reset&expected", "wanted=reset&reason", "wanted=none&expected", "place", "row"]
BODIES = {
    "preferences": ["name", "time_zone"],
    "connection_add": ["kind=site&name", "kind=site&name=New&token=t&url", "kind", "kind=site&name=New&url=&email"],
    "connection_edit": ["dialect=current&name", "name=Acme&dialect=current&url", "name=Acme&dialect", "org_id"],
    "connection_remove": ["name"],
    "roles_add": ["roles", "roles=viewer&people", "roles=viewer&groups"],
    "roles_remove": ["grant", "only"],
    "people": ["email", "email=new%40example.com&name"],
    "person": ["name", "groups", "is_active=on&groups"],
    "space_default": CHANGE,
    "item_level": CHANGE,
    "item_undo": ["change"],
    "space_default_undo": ["change"],
    "project_default_undo": ["change"],
    "project_default": CHANGE,
    "scan_start": ["space"],
    "app_edit": ["vocabulary", QUESTION, "expected." + QUESTION],
    "app_answer": [QUESTION, f"expected.{QUESTION}={'0' * 32}&{QUESTION}"],
    "app_unknown": ["json:%2FcommonCloud%2Fx"],
    "app_undo": ["edit"],
    "app_take_live_record": [
        "place=0&expected=x&pointer",
        "pointer=%2FthirdPartyInformation&expected=x&place",
        "expected",
    ],
    "app_take_live": ["expected=x&pointer", "to=compare&expected=x&pointer", "expected"],
    "app_save": ["decided_on", "decide:%2F", "decided_on=x&decide:%00"],
    "app_review_ask": ["note"],
    "app_review_verdict": ["verdict", "verdict=approve&expected", "verdict=changes&expected=x&comment"],
    "app_alert": ["note"],
}


@pytest.fixture
def everybody(world) -> Client:  # noqa: F811
    """A browser of somebody who may do everything, and does not fall over an exception but shows it as 500."""
    user = User.objects.create_user("alice@example.com", "x", is_superuser=True)
    for connection in Connection.objects.all():
        for role in registry.ROLES:
            Grant.objects.create(user=user, connection=connection, role=role)
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def answered(response) -> int:
    """The status, once all of a streamed answer was made."""
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


def test_no_query_string_is_too_odd(everybody, world):  # noqa: F811
    wrong = []
    readable = [name for name, (_, _, get, _) in ADDRESSES.items() if get]
    for number, name in enumerate(readable):
        address, _ = address_of(name, world)
        keys = [*QUERIES.get(name, []), *EVERYWHERE]
        # The oddest everywhere; of the rest, each address gets another part, so that each kind meets many pages, and
        # one that takes nothing from its query gets only one more.
        junks = [ODDEST[0], *JUNK[1 + number % 3 :: 3]] if name in QUERIES else [ODDEST[0], JUNK[number % len(JUNK)]]
        queries = ["&".join(f"{key}={junk}" for key in keys) for junk in junks]
        queries += [f"{key}=%00" for key in QUERIES.get(name, [])]
        for query in queries:
            if answered(everybody.get(f"{address}?{query}")) >= 500:
                wrong.append(f"{name}?{query[:60]}")
    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_is_too_odd(method, everybody, world):  # noqa: F811
    wrong = []
    rarer = [*ODDEST[1:], "%ED%A0%80", "..%2F..%2Fetc%2Fpasswd"]
    for number, (name, (_, values, _, _)) in enumerate(ADDRESSES.items()):
        address, _ = address_of(name, world)
        for part in (world.get(value, value) for value in values.values()):
            # One decorator looks most parts up, so each address meets the oddest and a third of the rest.
            for junk in (ODDEST[0], *rarer[number % 3 :: 3]):
                odd = address.replace(f"/{quote(str(part))}/", f"/{junk}/", 1)
                if answered(getattr(everybody, method)(odd)) >= 500:
                    wrong.append(odd[:80])
    assert wrong == []


@pytest.mark.parametrize(
    ("headers", "junks"),
    [({}, ["%00", "9" * 30, "%ED%A0%80"]), ({"HX-Request": "true"}, ["%00"])],
    ids=["form", "htmx"],
)
def test_no_form_is_too_odd(headers, junks, everybody, world):  # noqa: F811
    wrong = []
    for number, (name, keys) in enumerate(BODIES.items()):
        address, _ = address_of(name, world)
        query = {"app_answer": f"?field={QUESTION}", "app_unknown": "?pointer=%2FcommonCloud%2Fx"}.get(name, "")
        for body in (f"{key}={junk}" for key in keys for junk in (junks[0], *junks[1 + number % 2 :: 2])):
            if answered(everybody.post(address + query, body, content_type=FORM, headers=headers)) >= 500:
                wrong.append(f"{name}: {body[:60]}")
    assert wrong == []


def test_no_form_of_signing_in_is_too_odd(everybody):
    wrong = []
    keys = ("login", "password", "email", "next", "code", "login=a%40example.com&password")
    for name in sorted(name for name in all_names() if name.startswith(ALLAUTH)):
        with suppress(NoReverseMatch):
            address = reverse(name)
            for client in (everybody, Client(raise_request_exception=False)):
                for body in ("&".join(f"{key}={junk}" for key in keys) for junk in ODDEST):
                    if client.get(f"{address}?{body}").status_code >= 500:
                        wrong.append(f"GET {name}: {body[:60]}")
                    if client.post(address, body, content_type=FORM).status_code >= 500:
                        wrong.append(f"POST {name}: {body[:60]}")
    assert wrong == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b'{"action": NaN}', "application/json"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"a=1&" * 21_000, "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * (9 * 1024 * 1024), "application/x-www-form-urlencoded"),
    ],
    ids=["no-text", "json", "cut-off", "no-boundary", "too-many-fields", "too-large"],
)
def test_no_body_is_too_odd(body, kind, everybody, world):  # noqa: F811
    for name in ("item_level", "app_edit", "app_save", "connection_edit", "person"):
        address, _ = address_of(name, world)
        assert everybody.post(address, body, content_type=kind).status_code < 500
