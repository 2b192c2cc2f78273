"""What each call puts on the wire, against the published facts: method, path, query and body."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from portal.atlassian import strictjson
from portal.atlassian.calls import CALLS
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import ApiError
from portal.atlassian.http import ApiSession
from portal.atlassian.jira import JiraClient
from portal.atlassian.marketplace import MarketplaceClient
from portal.atlassian.organization import OrganizationClient
from tests.atlassian.conftest import Received, clock, host, local_server, make_session, reply  # noqa: F401  (fixtures)

V2, V3, MARKET = "/wiki/api/v2", "/rest/api/3", "/rest/3"
LEVEL = "ari:cloud:platform::classification-tag/0b0b0b0b"
DLP = "/admin/dlp/v1/orgs/org-1/classification-levels"
LOG = "/admin/v1/orgs/org-1"
PRODUCT = "/rest/3/privacy-and-security/products/p-1"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


class Fact(NamedTuple):
    """One call: what a person does with the client, and what has to arrive at Atlassian."""

    call: str
    act: Callable[[Any], object]
    method: str
    target: str
    body: object = None
    dialect: str = "current"


def item_facts(kind: str, plural: str) -> list[Fact]:
    path = f"{V2}/{plural}/42/classification-level"
    named = f"confluence.{{}}{kind}_level".format
    if kind in ("whiteboard", "database"):
        read = [Fact(named(""), lambda c: c.item_level(kind, "42"), "GET", path)]
    else:
        read = [
            Fact(named(""), lambda c: c.item_level(kind, "42"), "GET", f"{path}?status=current"),
            Fact(named(""), lambda c: c.item_level(kind, "42", "archived"), "GET", f"{path}?status=archived"),
            Fact(
                named("set_"),
                lambda c: c.set_item_level(kind, "42", LEVEL, "draft"),
                "PUT",
                path,
                {"status": "draft", "id": LEVEL},
            ),
        ]
    return [
        *read,
        Fact(
            named("set_"),
            lambda c: c.set_item_level(kind, "42", LEVEL),
            "PUT",
            path,
            {"status": "current", "id": LEVEL},
        ),
        Fact(named("reset_"), lambda c: c.reset_item_level(kind, "42"), "POST", f"{path}/reset", {"status": "current"}),
        Fact(
            named("remove_"),
            lambda c: c.remove_item_level(kind, "42", "draft"),
            "DELETE",
            path,
            {"status": "draft"},
            "reference",
        ),
    ]


CONFLUENCE = [
    Fact("confluence.levels", lambda c: c.levels(), "GET", f"{V2}/classification-levels"),
    Fact(
        "confluence.space_default", lambda c: c.space_default("7"), "GET", f"{V2}/spaces/7/classification-level/default"
    ),
    Fact(
        "confluence.set_space_default",
        lambda c: c.set_space_default("7", LEVEL),
        "PUT",
        f"{V2}/spaces/7/classification-level/default",
        {"id": LEVEL},
    ),
    Fact(
        "confluence.clear_space_default",
        lambda c: c.clear_space_default("7"),
        "DELETE",
        f"{V2}/spaces/7/classification-level/default",
    ),
    *item_facts("page", "pages"),
    *item_facts("blogpost", "blogposts"),
    *item_facts("whiteboard", "whiteboards"),
    *item_facts("database", "databases"),
    Fact("confluence.spaces", lambda c: list(c.spaces()), "GET", f"{V2}/spaces?limit=250"),
    Fact(
        "confluence.spaces",
        lambda c: list(
            c.spaces(ids=["1", "2"], keys=["A"], type="global", status="current", labels=["x"], sort="-name")
        ),
        "GET",
        f"{V2}/spaces?ids=1&ids=2&keys=A&type=global&status=current&labels=x&sort=-name&limit=250",
    ),
    Fact("confluence.space", lambda c: c.space("7"), "GET", f"{V2}/spaces/7"),
    Fact(
        "confluence.space_pages",
        lambda c: list(c.space_items("7", "page", ("current", "archived"))),
        "GET",
        f"{V2}/spaces/7/pages?status=current&status=archived&depth=all&limit=250",
    ),
    Fact(
        "confluence.space_blogposts",
        lambda c: list(c.space_items("7", "blogpost")),
        "GET",
        f"{V2}/spaces/7/blogposts?status=current&limit=250",
    ),
    Fact("confluence.page_drafts", lambda c: list(c.drafts("page")), "GET", f"{V2}/pages?status=draft&limit=250"),
    Fact(
        "confluence.blogpost_drafts",
        lambda c: list(c.drafts("blogpost", ["7"])),
        "GET",
        f"{V2}/blogposts?status=draft&space-id=7&limit=250",
    ),
    Fact("confluence.page", lambda c: c.item("page", "42"), "GET", f"{V2}/pages/42?status=current"),
    Fact(
        "confluence.page", lambda c: c.item("page", "42", "draft"), "GET", f"{V2}/pages/42?status=draft&get-draft=true"
    ),
    Fact("confluence.blogpost", lambda c: c.item("blogpost", "42"), "GET", f"{V2}/blogposts/42?status=current"),
    Fact("confluence.whiteboard", lambda c: c.item("whiteboard", "42"), "GET", f"{V2}/whiteboards/42"),
    Fact("confluence.database", lambda c: c.item("database", "42"), "GET", f"{V2}/databases/42"),
    Fact(
        "confluence.names",
        lambda c: c.names(["712020:a", "712020:b"]),
        "POST",
        f"{V2}/users-bulk",
        {"accountIds": ["712020:a", "712020:b"]},
    ),
    Fact("confluence.data_policy", lambda c: c.data_policy_blocks(), "GET", f"{V2}/data-policies/metadata"),
    Fact(
        "confluence.data_policy_spaces",
        lambda c: c.data_policy_spaces(["1", "2"]),
        "GET",
        f"{V2}/data-policies/spaces?ids=1&ids=2&limit=250",
    ),
]

JIRA_DEFAULT = f"{V3}/project/APP/classification-level/default"
JIRA = [
    Fact("jira.levels", lambda c: c.levels(), "GET", f"{V3}/classification-levels?orderBy=rank"),
    Fact(
        "jira.levels",
        lambda c: c.levels(status="PUBLISHED"),
        "GET",
        f"{V3}/classification-levels?status=PUBLISHED&orderBy=rank",
    ),
    Fact("jira.projects", lambda c: list(c.projects()), "GET", f"{V3}/project/search?startAt=0&maxResults=50"),
    Fact(
        "jira.projects",
        lambda c: list(c.projects(query="a b", order_by="-name")),
        "GET",
        f"{V3}/project/search?query=a+b&orderBy=-name&startAt=0&maxResults=50",
    ),
    Fact("jira.project", lambda c: c.project("APP"), "GET", f"{V3}/project/APP"),
    Fact("jira.project_default", lambda c: c.project_default("APP"), "GET", JIRA_DEFAULT),
    Fact("jira.set_project_default", lambda c: c.set_project_default("APP", LEVEL), "PUT", JIRA_DEFAULT, {"id": LEVEL}),
    Fact("jira.clear_project_default", lambda c: c.clear_project_default("APP"), "DELETE", JIRA_DEFAULT),
    Fact("jira.project_config", lambda c: c.project_config("APP"), "GET", f"{V3}/project/APP/classification-config"),
]

ORGANIZATION = [
    Fact("organization.levels", lambda c: c.levels(), "GET", DLP),
    Fact(
        "organization.create_level",
        lambda c: c.create_level(name="A", definition="B", guideline="C", color="RED"),
        "POST",
        DLP,
        {"name": "A", "definition": "B", "guideline": "C", "color": "RED"},
    ),
    Fact("organization.level", lambda c: c.level("l-1"), "GET", f"{DLP}/l-1"),
    Fact(
        "organization.edit_level",
        lambda c: c.edit_level("l-1", name="A", definition="B", guideline="", color="RED"),
        "PUT",
        f"{DLP}/l-1",
        {"name": "A", "definition": "B", "guideline": "", "color": "RED"},
    ),
    Fact(
        "organization.publish_levels",
        lambda c: c.publish_levels(["l-1", "l-2"]),
        "POST",
        f"{DLP}/publish",
        {"levelIds": ["l-1", "l-2"]},
    ),
    Fact("organization.archive_level", lambda c: c.archive_level("l-1"), "POST", f"{DLP}/archive", {"levelId": "l-1"}),
    Fact("organization.restore_level", lambda c: c.restore_level("l-1"), "POST", f"{DLP}/restore", {"levelId": "l-1"}),
    Fact(
        "organization.reorder_levels",
        lambda c: c.reorder_levels(["l-2", "l-1"]),
        "POST",
        f"{DLP}/reorder",
        {"levelIds": ["l-2", "l-1"]},
    ),
    Fact("organization.events", lambda c: list(c.events()), "GET", f"{LOG}/events?limit=100"),
    Fact(
        "organization.events",
        lambda c: list(
            c.events(q="x", since=MARCH, until=MARCH, actions=["a", "b"], actors=["u"], products=["jira"], limit=9)
        ),
        "GET",
        f"{LOG}/events?q=x&from=1772323200000&to=1772323200000&action=a&action=b&actor=u&product=jira&limit=9",
    ),
    Fact(
        "organization.events_stream",
        lambda c: list(c.events_stream(since=MARCH, cursor="c1")),
        "GET",
        f"{LOG}/events-stream?from=1772323200000&limit=100&sortOrder=asc&cursor=c1",
    ),
    Fact("organization.event_actions", lambda c: c.event_actions(), "GET", f"{LOG}/event-actions"),
]

MARKETPLACE = [
    Fact("marketplace.trust_info", lambda c: c.trust_info("p-1", "live"), "GET", f"{PRODUCT}?state=live"),
    Fact("marketplace.trust_info", lambda c: c.trust_info("p-1", "draft"), "GET", f"{PRODUCT}?state=draft"),
    Fact(
        "marketplace.put_draft",
        lambda c: c.put_draft("p-1", {"commonCloud": {"b": 1, "properties": {}, "a": [True]}}),
        "PUT",
        PRODUCT,
        {"commonCloud": {"b": 1, "a": [True]}},
    ),
    Fact("marketplace.discard_draft", lambda c: c.discard_draft("p-1"), "DELETE", PRODUCT),
    Fact("marketplace.publish", lambda c: c.publish("p-1"), "POST", f"{PRODUCT}/publish"),
    Fact(
        "marketplace.apps",
        lambda c: list(c.apps("d-1")),
        "GET",
        f"{MARKET}/product-listing/developer-space/d-1?limit=50&includePrivate=true",
    ),
    Fact("marketplace.developer_space", lambda c: c.developer_space("d-1"), "GET", f"{MARKET}/developer-space/d-1"),
]
FACTS = [*CONFLUENCE, *JIRA, *ORGANIZATION, *MARKETPLACE]


def client_for(fact: Fact, session: ApiSession) -> object:
    clients: dict[str, Callable[[], object]] = {
        "confluence": lambda: ConfluenceClient(session, fact.dialect),
        "jira": lambda: JiraClient(session),
        "organization": lambda: OrganizationClient(session, "org-1"),
        "marketplace": lambda: MarketplaceClient(session),
    }
    return clients[fact.call.partition(".")[0]]()


def sent_for(fact: Fact, host, make_session) -> tuple[Received, str]:  # noqa: F811
    """The first request that the act makes, and the name of the call as the session saw it."""
    prefix = "/marketplace" if fact.call.startswith("marketplace") else ""
    session = make_session(base_url=host.url + prefix)
    names: list[str] = []
    session.on_call = lambda record: names.append(record.call)
    host.answers(reply(200, {}))
    # {} is not what every reading call wants; what was asked for is the matter here.
    with contextlib.suppress(ApiError):
        fact.act(client_for(fact, session))
    return host.requests[0], names[0]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.call} {fact.target[-60:]}")
def test_a_call_is_what_the_facts_say(host, make_session, fact):  # noqa: F811
    sent, name = sent_for(fact, host, make_session)

    prefix = "/marketplace" if fact.call.startswith("marketplace") else ""
    assert name == fact.call
    assert sent.method == fact.method
    assert sent.path == prefix + fact.target
    assert sent.body.decode() == ("" if fact.body is None else strictjson.dumps(fact.body))
    assert ("Content-Type" in sent.headers) == (fact.body is not None)


def test_every_call_has_its_fact():
    assert {fact.call for fact in FACTS} == set(CALLS)


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.name)
def test_every_call_says_what_it_does_what_it_needs_and_where_it_is_described(call):
    assert call.does
    assert call.needs
    assert call.doc.startswith("https://developer.atlassian.com/")
    assert call.method in ("GET", "PUT", "POST", "DELETE")


def test_only_what_does_no_harm_twice_may_be_repeated():
    not_repeated = {name for name, call in CALLS.items() if not call.idempotent}

    assert not_repeated == {
        "marketplace.publish",
        "organization.create_level",
        "organization.publish_levels",
        "organization.archive_level",
        "organization.restore_level",
        "organization.reorder_levels",
    }
