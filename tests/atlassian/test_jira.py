"""The Jira client: levels by rank, projects, and the default of a project."""

import pytest

from portal.atlassian.errors import Misconfigured, NotFound, Refused, Unavailable
from portal.atlassian.jira import JiraClient
from portal.atlassian.types import Level, Project
from sandbox.names import ACME, SITES
from tests.atlassian.conftest import reply

VIEWER = 2


@pytest.fixture
def project(acme) -> str:
    return acme.add_project(ACME, "APP", name="Mobile app")


@pytest.fixture
def jira(sandbox_session, project) -> JiraClient:
    return JiraClient(sandbox_session())


@pytest.fixture
def answered(session) -> JiraClient:
    return JiraClient(session)


def test_levels_come_by_rank_under_the_same_names_as_in_confluence(jira):
    levels = jira.levels(status="PUBLISHED")

    assert [level.name for level in levels] == ["Confidential", "Internal", "Public"]
    assert {level.status for level in levels} == {"PUBLISHED"}
    assert [level.order for level in levels] == sorted(level.order for level in levels)
    assert len(jira.levels()) > 3


def test_a_system_tag_without_rank_and_colour_is_a_level_too(host, answered):
    host.answers(reply(200, {"classifications": [{"id": "sys", "name": "System", "status": "published"}]}))

    assert answered.levels() == [Level("sys", "System", status="PUBLISHED")]


def test_projects_are_listed_and_described(jira, acme, project):
    acme.add_project(ACME, "OLD", name="Old", kind="business", archived=True)

    found = {item.key: item for item in jira.projects()}

    assert found["APP"] == Project(project, "APP", "Mobile app", "software", False)
    assert found["OLD"].archived is True
    assert jira.project("APP") == jira.project(project) == found["APP"]


def test_many_projects_come_in_pages(jira, acme):
    for number in range(60):
        acme.add_project(ACME, f"P{number}")

    assert len({project.id for project in jira.projects()}) == 61
    assert jira.session.calls == 2


def test_a_project_default_is_set_read_and_cleared(jira, acme):
    assert jira.project_default("APP") is None

    jira.set_project_default("APP", acme.level_id("Internal"))
    assert jira.project_default("APP").name == "Internal"

    jira.clear_project_default("APP")
    assert jira.project_default("APP") is None


def test_no_project_is_not_found(jira):
    with pytest.raises(NotFound, match="No project could be found"):
        jira.project_default("NONE")


def test_a_missing_permission_is_refused_although_jira_says_401(sandbox_session, acme, project):
    with pytest.raises(Refused) as caught:
        JiraClient(sandbox_session(VIEWER)).set_project_default("APP", acme.level_id("Internal"))

    assert caught.value.status == 401
    assert "You do not have permission to administer this project." in caught.value.message
    assert caught.value.needs == "Permission to administer the project; OAuth scope manage:jira-project"


def test_a_token_that_is_really_bad_stays_a_matter_of_the_connection(jira, acme):
    acme.revoke("sandbox-admin-token")

    with pytest.raises(Misconfigured):
        jira.set_project_default("APP", acme.level_id("Internal"))


def test_the_settings_of_a_project_are_given_as_they_are_or_not_at_all(jira, sandbox_session):
    config = jira.project_config("APP")

    assert {level["name"] for level in config["classificationLevels"]} == {"Confidential", "Internal", "Public"}
    assert JiraClient(sandbox_session(dialect="reference")).project_config("APP") is None


def test_behind_the_gateway_jira_has_an_address_of_its_own(sandbox_session, project):
    gateway = f"https://api.atlassian.com/ex/confluence/{SITES[ACME]}"

    assert JiraClient(sandbox_session(base_url=gateway, bearer=True)).project("APP").name == "Mobile app"


READS = {
    "levels": lambda client: client.levels(),
    "projects": lambda client: list(client.projects()),
    "project": lambda client: client.project("A"),
    "project_default": lambda client: client.project_default("A"),
    "project_config": lambda client: client.project_config("A"),
}
WRONG = [[], None, "x", 7, {"classifications": {}}, {"classifications": [{}]}, {"values": {}}, {"values": [{}]}]


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("body", [*WRONG, {"classification": "x"}, {"classification": {"name": "x"}}], ids=str)
def test_a_wrong_shape_is_unavailable_or_empty_but_never_a_crash(host, answered, name, body):
    host.answers(reply(200, body))
    # Of an object without what is looked for, a default is "none is set" and settings are given as they are.
    harmless = isinstance(body, dict) and (
        name == "project_config" or (name == "project_default" and "classification" not in body)
    )

    if harmless:
        assert READS[name](answered) in (None, body)
    else:
        with pytest.raises(Unavailable):
            READS[name](answered)
