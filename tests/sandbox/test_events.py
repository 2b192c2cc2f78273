"""The audit log of the organisation."""

import pytest

from sandbox import stranger
from sandbox.names import ACME

from .conftest import ADMIN, EVENTS, LEVELS, level_of, set_level

DAY_MS = 24 * 3600 * 1000


def stream(key, **params) -> tuple[list[dict], str]:
    """All events of a stream from where `params` start, and the cursor at its end."""
    found, cursor = [], params.pop("cursor", "")
    while True:
        asked = {**params, "cursor": cursor} if cursor else params
        answer = key.get(f"{EVENTS}/events-stream", params=asked).json()
        found += answer["data"]
        if not answer["data"]:
            return found, cursor
        cursor = answer["meta"]["next"]


def test_the_seed_has_three_hundred_events_newest_first(key):
    first = key.get(f"{EVENTS}/events", params={"limit": 500}).json()
    times = [event["attributes"]["time"] for event in first["data"]]
    assert len(times) == 300
    assert times == sorted(times, reverse=True)
    assert "next" not in first["meta"]


def test_an_event_has_the_fields_that_clients_use(state, key, admin, page):
    set_level(admin, page, "Public")
    event = key.get(f"{EVENTS}/events", params={"limit": 1}).json()["data"][0]
    attributes = event["attributes"]
    assert attributes["action"] == "page_classification_level_set"
    assert attributes["actor"]["email"] == ADMIN.email
    assert [(entry["type"], entry["attributes"]["name"]) for entry in attributes["context"]] == [
        ("Page", "A page"),
        ("ClassificationLevel", "Public"),
    ]
    assert {"id", "type", "attributes", "message", "links"} == event.keys()
    assert {"time", "action", "actor", "context", "container", "location"} == attributes.keys()
    assert event["message"]["content"] == "Ada Admin: Changed classification level of page (A page, Public)"


def test_the_log_is_queried_in_pages_without_gap_or_repeat(state, key):
    state.set_setting("events_per_minute", None)
    seen, url = [], f"{EVENTS}/events?limit=70"
    while url:
        answer = key.get(url).json()
        seen += [event["id"] for event in answer["data"]]
        url = answer["links"].get("next", "")
    assert len(seen) == len(set(seen)) == 300


def test_the_log_answers_ten_queries_a_minute(key, clock):
    for _ in range(10):
        assert key.get(f"{EVENTS}/events").status_code == 200
    clock.now += 20
    refused = key.get(f"{EVENTS}/events")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert key.get(f"{EVENTS}/events-stream").status_code == 200
    clock.now += 40
    assert key.get(f"{EVENTS}/events").status_code == 200


def test_filters_choose_events(key, clock):
    def total(**params) -> int:
        return len(key.get(f"{EVENTS}/events", params={"limit": 500, **params}).json()["data"])

    by_admin = total(actor=ADMIN.email)
    assert 0 < by_admin == total(actor=ADMIN.account_id) < 300
    viewed = total(action="page_viewed")
    assert 0 < viewed < total(action=["page_viewed", "issue_viewed"]) < 300
    assert 0 < total(product="confluence") < 300
    assert 0 < total(q="Viewed page") == viewed
    assert total(q="100%_") == 0
    now = int(clock.now * 1000)
    assert 0 < total(**{"from": now - 60 * DAY_MS}) < 300
    assert total(to=now - 60 * DAY_MS) + total(**{"from": now - 60 * DAY_MS}) == 300


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=1800000000000&to=1700000000000", "limit=501", "limit=x", "cursor=?"]
)
def test_wrong_parameters_are_refused(key, query):
    assert key.get(f"{EVENTS}/events?{query}").status_code == 400
    assert key.get(f"{EVENTS}/events-stream?{query}").status_code == 400


def test_times_may_be_written_either_way(key):
    iso = key.get(f"{EVENTS}/events", params={"from": "2026-12-01T00:00:00+01:00", "limit": 500}).json()["data"]
    epoch = key.get(f"{EVENTS}/events", params={"from": 1796079600000, "limit": 500}).json()["data"]
    assert iso == epoch != []


def test_events_older_than_180_days_are_gone(key, clock):
    clock.now += 90 * 24 * 3600
    left = key.get(f"{EVENTS}/events", params={"limit": 500}).json()["data"]
    assert 0 < len(left) < 300


def test_a_poller_goes_on_from_its_last_cursor(state, key, admin, page, clock):
    before, cursor = stream(key, limit=100)
    assert len(before) == 300
    assert before[0]["attributes"]["time"] < before[-1]["attributes"]["time"]
    assert stream(key, cursor=cursor) == ([], cursor)
    clock.now += 60
    set_level(admin, page, "Public")
    new, _ = stream(key, cursor=cursor)
    assert [event["attributes"]["action"] for event in new] == ["page_classification_level_set"]


def test_the_stream_can_run_backwards(key):
    data = key.get(f"{EVENTS}/events-stream", params={"sortOrder": "desc", "limit": 3}).json()["data"]
    times = [event["attributes"]["time"] for event in data]
    assert times == sorted(times, reverse=True)
    assert key.get(f"{EVENTS}/events-stream?sortOrder=up").status_code == 400


def test_strangers_and_admins_leave_events_too(state, key, admin, page):
    key.post(LEVELS, json={"name": "New"})
    stranger.act(state, "set_level", host=ACME, item=page, level="Public")
    assert level_of(admin, page) == "Public"
    latest = key.get(f"{EVENTS}/events", params={"limit": 2}).json()["data"]
    assert {(event["attributes"]["action"], event["attributes"]["actor"]["name"]) for event in latest} == {
        ("data_classification_level_created", "Ada Admin"),
        ("page_classification_level_set", "A Stranger"),
    }


def test_every_action_that_occurs_is_named(key):
    actions = {action["id"] for action in key.get(f"{EVENTS}/event-actions").json()["data"]}
    events = key.get(f"{EVENTS}/events", params={"limit": 500}).json()["data"]
    assert {event["attributes"]["action"] for event in events} <= actions
    assert sum("classification" in action for action in actions) >= 10
