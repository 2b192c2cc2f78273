"""Lists in pages: walked lazily, to their end, and never to another host."""

import itertools
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.atlassian import paging
from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.errors import Unavailable
from portal.atlassian.jira import JiraClient
from portal.atlassian.marketplace import MarketplaceClient
from portal.atlassian.organization import OrganizationClient
from tests.atlassian.conftest import reply


def results(*ids: str, link: object = None, header: str = ""):
    body = {"results": [{"id": item} for item in ids], "_links": {"next": link} if link else {}}
    return reply(200, body, {"Link": header} if header else {})


def spaces_read(session) -> list[str]:
    return [space.id for space in ConfluenceClient(session).spaces(status="current")]


@pytest.mark.parametrize(
    "link",
    [
        "/wiki/api/v2/spaces?cursor=two&limit=250&status=current",
        "/wiki/api/v2/spaces?cursor=two",
        "/ex/confluence/cloud/wiki/api/v2/spaces?cursor=two",
        "https://other.example.com/wiki/api/v2/spaces?cursor=two",
        "//other.example.com/steal?cursor=two",
        "?cursor=two",
        "two",
    ],
)
def test_the_next_page_is_asked_of_the_connections_own_host(host, session, link):
    host.answers(results("1", "2", link=link), results("3"))

    assert spaces_read(session) == ["1", "2", "3"]
    assert host.requests[1].path == "/wiki/api/v2/spaces?status=current&limit=250&cursor=two"


@pytest.mark.parametrize(
    "header",
    [
        '</wiki/api/v2/spaces?cursor=two>; rel="next"',
        '<https://other.example.com/wiki>; rel="base", </wiki/api/v2/spaces?cursor=two>; rel="next"',
        "</wiki/api/v2/spaces?cursor=two>; rel=next",
    ],
)
def test_the_link_header_is_followed_where_the_body_names_no_next_page(host, session, header):
    host.answers(results("1", header=header), results("2"))

    assert spaces_read(session) == ["1", "2"]
    assert "cursor=two" in host.requests[1].path


def test_a_cursor_is_sent_back_exactly(host, session):
    host.answers(results("1", link="/wiki/api/v2/spaces?cursor=a%2Bb%2F%3D%3D"), results("2"))

    spaces_read(session)

    assert host.requests[1].path.endswith("&cursor=a%2Bb%2F%3D%3D")


def test_a_list_stays_repeated_from_page_to_page(host, session):
    link = "/wiki/api/v2/spaces?ids=1&ids=2&limit=250&cursor=two"
    host.answers(results("1", link=link), results("2"))

    assert [space.id for space in ConfluenceClient(session).spaces(ids=["1", "2"])] == ["1", "2"]
    assert host.requests[1].path == "/wiki/api/v2/spaces?ids=1&ids=2&limit=250&cursor=two"


def test_a_list_that_is_too_long_for_one_request_is_asked_for_in_parts(host, session):
    ids = [str(number) for number in range(600)]

    def one_per_id(handler) -> None:
        asked = parse_qs(urlsplit(handler.path).query)["ids"]
        results(*asked)(handler)

    host.answers(one_per_id)
    assert [space.id for space in ConfluenceClient(session).spaces(ids=ids)] == ids
    assert list(ConfluenceClient(session).data_policy_spaces(ids)) == ids
    assert [request.path.count("ids=") for request in host.requests] == [250, 250, 100] * 2


def test_an_empty_page_with_a_next_one_is_not_the_end(host, session):
    host.answers(results(link="?cursor=two"), results("1"))

    assert spaces_read(session) == ["1"]


def test_pages_that_lead_in_a_circle_end_with_an_error(host, session):
    host.answers(results("1", link="?cursor=b"), results("2", link="?cursor=c"), results("3", link="?cursor=b"))
    found = []

    with pytest.raises(Unavailable, match="its pages lead in a circle"):
        found.extend(space.id for space in ConfluenceClient(session).spaces())

    assert found == ["1", "2", "3"]
    assert len(host.requests) == 3


def test_a_page_that_names_itself_as_next_is_asked_once(host, session):
    host.answers(results("1", link="/wiki/api/v2/spaces?limit=250&status=current"))

    with pytest.raises(Unavailable, match="circle"):
        spaces_read(session)
    assert len(host.requests) == 1


def endless(page):
    """A host that always names a next page under an address of its own; `page(number)` is what it holds."""
    number = itertools.count(1)

    def step(handler) -> None:
        count = next(number)
        results(*page(count), link=f"?cursor=c{count}")(handler)

    return step


@pytest.mark.parametrize(
    ("page", "words", "requests"),
    [
        (lambda number: ["1", "2"], "its pages repeat", 2),
        (lambda number: ["1"] if number % 2 else ["2"], "its pages repeat", 3),
        (lambda number: [], "its last 100 pages are empty", 101),
        (lambda number: [str(number)], "it has more than 300 pages", 300),
    ],
)
def test_a_list_that_never_ends_ends_with_a_sentence(host, session, monkeypatch, page, words, requests):
    monkeypatch.setattr(paging, "MAX_PAGES", 300)
    host.answers(endless(page))

    with pytest.raises(Unavailable, match=f"asked to list the spaces cannot be used: {words}"):
        spaces_read(session)
    assert len(host.requests) == requests


def test_projects_that_repeat_for_ever_end_with_a_sentence(host, session):
    host.answers(values("A", "B", isLast=False))

    with pytest.raises(Unavailable, match="its pages repeat"):
        list(JiraClient(session).projects())
    assert len(host.requests) == 2


@pytest.mark.parametrize(
    "link", ["/wiki/api/v2/spaces", "https://[broken", "?" + "&".join(f"a{n}=1" for n in range(1_001))]
)
def test_a_link_that_cannot_be_read_is_an_error(host, session, link):
    host.answers(results("1", link=link))

    with pytest.raises(Unavailable, match="next page cannot be read"):
        spaces_read(session)


@pytest.mark.parametrize("links", [None, [], "x", {"next": None}, {"next": {}}, {"next": ""}])
def test_odd_links_mean_the_last_page(host, session, links):
    host.answers(reply(200, {"results": [{"id": "1"}], "_links": links}))

    assert spaces_read(session) == ["1"]


def test_nothing_is_asked_before_somebody_reads(host, session):
    ConfluenceClient(session).spaces()

    assert host.requests == []


def test_an_error_on_a_later_page_comes_when_it_is_reached(host, session):
    host.answers(results("1", link="?cursor=two"), reply(500))
    spaces = ConfluenceClient(session).spaces()

    assert next(spaces).id == "1"
    with pytest.raises(Unavailable):
        next(spaces)


# --- Jira counts --------------------------------------------------------------------------------------------------


def values(*keys: str, **rest: object):
    return reply(200, {"values": [{"id": key, "key": key} for key in keys], **rest})


def test_jira_pages_go_on_from_what_was_received(host, session):
    host.answers(values("A", "B", total=3, isLast=False), values("C", total=3, isLast=True))

    assert [project.key for project in JiraClient(session).projects()] == ["A", "B", "C"]
    assert [request.path.partition("?")[2] for request in host.requests] == [
        "startAt=0&maxResults=50",
        "startAt=2&maxResults=50",
    ]


@pytest.mark.parametrize(
    "pages",
    [
        [values("A", isLast=False), values(isLast=False)],
        [values("A", total=1)],
        [values("A", isLast=True, total=99)],
        [values("A"), values()],
    ],
)
def test_jira_pages_end_however_the_end_is_told(host, session, pages):
    host.answers(*pages)

    assert [project.key for project in JiraClient(session).projects()] == ["A"]
    assert len(host.requests) == len(pages)


# --- the other two ------------------------------------------------------------------------------------------------


def test_apps_follow_the_links_of_the_marketplace(host, make_session):
    session = make_session(base_url=host.url + "/marketplace")
    first = {
        "items": [{"productId": "p1"}],
        "links": {"self": "/x", "next": "/rest/3/product-listing/x?cursor=2&limit=50"},
    }
    host.answers(reply(200, first), reply(200, {"items": [{"productId": "p2"}], "links": {}}))

    assert [app.product_id for app in MarketplaceClient(session).apps("d 1")] == ["p1", "p2"]
    assert host.requests[1].path == (
        "/marketplace/rest/3/product-listing/developer-space/d%201?limit=50&includePrivate=true&cursor=2"
    )


def test_levels_of_an_organisation_follow_its_links(host, session):
    first = {"levels": [{"levelId": "1"}], "links": {"next": "https://api.atlassian.com/admin/x?cursor=2"}}
    host.answers(reply(200, first), reply(200, {"levels": [{"levelId": "2"}], "links": {"next": None}}))

    assert [level.id for level in OrganizationClient(session, "org").levels()] == ["1", "2"]


def test_events_follow_a_bare_cursor(host, session):
    host.answers(
        reply(200, {"data": [{"id": "1"}], "meta": {"next": "c2"}}), reply(200, {"data": [{"id": "2"}], "meta": {}})
    )

    assert [event.id for event in OrganizationClient(session, "org").events()] == ["1", "2"]
    assert host.requests[1].path.endswith("cursor=c2")
