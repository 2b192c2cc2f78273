"""The organisation client: the life of a level, and the audit log."""

from datetime import UTC, datetime

import pytest

from portal.atlassian.errors import Limited, Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.organization import OrganizationClient
from sandbox.names import ACME, ORG_ID
from tests.atlassian.conftest import reply

BASE = "https://api.atlassian.com"
VIEWER = 2


@pytest.fixture
def organization(sandbox_session) -> OrganizationClient:
    return OrganizationClient(sandbox_session(base_url=BASE, bearer=True), ORG_ID)


@pytest.fixture
def answered(session) -> OrganizationClient:
    return OrganizationClient(session, "org-1")


def test_levels_come_in_all_states_under_the_same_names(organization):
    levels = organization.levels()

    assert [level.order for level in levels] == [1, 2, 3, 4, 5]
    assert levels[1].name == "Confidential"
    assert levels[1].description == "Would hurt customers, staff or the company if it leaked."
    assert organization.level(levels[1].id) == levels[1]


def test_a_level_lives_from_draft_to_archive_and_back(organization):
    made = organization.create_level(name="Partners", definition="For partners.", color="TEAL")
    assert (made.status, made.color) == ("DRAFT", "TEAL")

    organization.edit_level(made.id, name="Partners only", guideline="Ask first.")
    organization.publish_levels([made.id])
    published = organization.level(made.id)
    assert (published.name, published.guideline, published.status) == ("Partners only", "Ask first.", "PUBLISHED")

    organization.archive_level(made.id)
    assert organization.level(made.id).status == "ARCHIVED"
    organization.restore_level(made.id)
    assert organization.level(made.id).status == "DRAFT"


def test_levels_are_given_an_order(organization):
    turned = [level.id for level in reversed(organization.levels())]

    organization.reorder_levels(turned)

    assert [level.id for level in organization.levels()] == turned


def test_a_level_in_use_is_not_archived(organization):
    used = next(level for level in organization.levels() if level.name == "Confidential")

    with pytest.raises(Refused) as caught:
        organization.archive_level(used.id)

    assert "it is used by the data security rule" in caught.value.message
    assert caught.value.needs.endswith("write:classification-levels:admin")


def test_an_organisation_that_has_not_paid_is_told_so(organization, acme):
    acme.set_entitled(ORG_ID, False)

    with pytest.raises(Misconfigured) as caught:
        organization.levels()

    assert caught.value.status == 402
    assert "plan" in caught.value.message


def test_who_is_no_admin_is_refused(sandbox_session):
    with pytest.raises(Refused, match="permission to administer this organization"):
        OrganizationClient(sandbox_session(VIEWER, base_url=BASE, bearer=True), ORG_ID).levels()


def test_a_level_that_is_gone_is_not_found(organization):
    with pytest.raises(NotFound):
        organization.level("00000000-0000-4000-8000-000000000000")


def test_a_level_that_was_only_taken_note_of_is_none(host, answered):
    host.answers(reply(202), reply(202, {"message": "Accepted"}))

    assert answered.create_level(name="A") is None
    assert answered.edit_level("1", name="A") is None


def some_events(organization: OrganizationClient, number: int) -> None:
    for turn in range(number):
        organization.create_level(name=f"Level {turn}")


def test_the_log_is_searched_newest_first(organization):
    some_events(organization, 3)

    events = list(organization.events(q="level 1", actions=["data_classification_level_created"], limit=2))

    assert [event.action for event in events] == ["data_classification_level_created"]
    assert events[0].actor_email == "admin@example.com"
    assert events[0].context[0].attributes == {"name": "Level 1"}
    assert events[0].container[0].id == ORG_ID
    assert events[0].time.tzinfo is UTC
    assert "Level 1" in events[0].message
    assert events[0].ip == "192.0.2.1"


def test_times_narrow_the_log(organization):
    some_events(organization, 1)

    assert list(organization.events(since=datetime(2001, 1, 1, tzinfo=UTC))) != []
    assert list(organization.events(until=datetime(2001, 1, 1, tzinfo=UTC))) == []


def test_the_limit_of_the_log_is_waited_for(organization, clock, acme):
    acme.clock = clock.time
    some_events(organization, 1)

    for _ in range(11):
        assert list(organization.events())

    assert sum(clock.slept) >= 59


def test_a_caller_without_patience_hears_of_the_limit(organization, clock, acme):
    acme.clock = clock.time
    hasty = OrganizationClient(organization.session.with_patience(2), ORG_ID)

    for _ in range(10):
        list(hasty.events())

    with pytest.raises(Limited) as caught:
        list(hasty.events())

    assert 50 < caught.value.retry_after <= 61


def test_the_stream_is_read_to_its_end_and_picked_up_again(organization):
    some_events(organization, 5)

    pages = list(organization.events_stream(limit=2))
    assert [len(page.events) for page in pages] == [2, 2, 1]
    assert list(organization.events_stream(cursor=pages[-1].cursor, limit=2))[0].events == ()
    some_events_later = organization.create_level(name="Later")
    again = list(organization.events_stream(cursor=pages[-1].cursor, limit=2))

    assert [event.context[0].attributes["name"] for page in again for event in page.events] == ["Later"]
    assert some_events_later.name == "Later"


def test_a_stream_that_names_the_same_cursor_for_ever_ends(host, answered):
    host.answers(reply(200, {"data": [{"id": "1"}], "meta": {"next": "same"}}))

    assert len(list(answered.events_stream(limit=1))) == 2


def test_actions_about_classification_are_known_by_what_they_say(organization):
    actions = {action.id: action for action in organization.event_actions()}

    assert actions["page_classification_level_set"].is_about_classification
    assert actions["page_classification_level_set"].name == "Changed classification level of page"
    assert not actions["user_added_to_group"].is_about_classification


READS = {
    "levels": lambda client: client.levels(),
    "level": lambda client: client.level("1"),
    "events": lambda client: list(client.events()),
    "events_stream": lambda client: list(client.events_stream()),
    "event_actions": lambda client: client.event_actions(),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "body", [[], None, 7, {}, {"levels": {}}, {"levels": [{}]}, {"data": 1}, {"data": [{}]}], ids=str
)
def test_a_wrong_shape_is_unavailable_with_a_sentence(host, answered, name, body):
    host.answers(reply(200, body))

    with pytest.raises(Unavailable, match="cannot be used"):
        READS[name](answered)


def test_an_event_with_almost_nothing_in_it_is_still_an_event(host, answered):
    body = {"data": [{"id": "1", "attributes": {"context": ["x", {"id": 2}], "time": 1772366400000}, "message": "Hi"}]}
    host.answers(reply(200, body))

    [event] = answered.events()

    assert (event.id, event.action, event.message, event.actor_name) == ("1", "", "Hi", "")
    assert event.time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert [item.id for item in event.context] == ["", "2"]
    assert ACME not in event.url
