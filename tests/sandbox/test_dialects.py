"""Where what Atlassian publishes today and the reference documents differ."""

import pytest

from sandbox.names import ACME, GLOBEX

from .conftest import ADMIN, CONFLUENCE, JIRA, MARKETPLACE, session

LEVELS = f"{CONFLUENCE}/classification-levels"


def test_levels_are_a_bare_array_today_and_wrapped_in_the_reference(admin, reference):
    today, then = admin.get(LEVELS).json(), reference.get(LEVELS).json()
    assert isinstance(today, list)
    assert then == {"classificationLevels": today}


def test_a_site_can_be_switched(state, admin):
    state.set_dialect(ACME, "reference")
    assert isinstance(admin.get(LEVELS).json(), dict)
    assert isinstance(admin.get(LEVELS.replace(ACME, GLOBEX)).json(), list)


def test_a_request_can_ask_for_a_dialect_and_an_adapter_decides(state, admin):
    assert isinstance(admin.get(LEVELS, headers={"X-Sandbox-Dialect": "reference"}).json(), dict)
    current = session(state, ADMIN.email, ADMIN.token, dialect="current")
    state.set_dialect(ACME, "reference")
    assert isinstance(current.get(LEVELS).json(), list)


def test_a_level_cannot_be_removed_today(admin, page):
    refused = admin.delete(f"{CONFLUENCE}/pages/{page}/classification-level", json={"status": "current"})
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, PUT"


@pytest.mark.parametrize(
    "url",
    [
        f"{CONFLUENCE}/whiteboards/1/classification-level",
        f"{JIRA}/project/APP/classification-config",
    ],
)
def test_what_the_reference_does_not_know_is_not_there(reference, url):
    assert reference.get(url).status_code == 404


def test_publishing_nothing_is_refused_differently(state, admin, reference):
    state.add_app("nothing")
    url = f"{MARKETPLACE}/privacy-and-security/products/nothing/publish"
    assert (admin.post(url).status_code, reference.post(url).status_code) == (409, 404)
