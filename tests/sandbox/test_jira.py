"""Jira's levels, projects and defaults."""

import pytest

from sandbox import stranger
from sandbox.names import ACME, GLOBEX, NONE
from sandbox.seed import level_ari

from .conftest import JIRA, VIEWER

DEFAULT = f"{JIRA}/project/APP/classification-level/default"


def test_levels_speak_of_rank_and_write_the_status_small(admin):
    found = admin.get(f"{JIRA}/classification-levels?status=PUBLISHED&orderBy=rank").json()["classifications"]
    assert [(level["name"], level["rank"], level["status"]) for level in found] == [
        ("Confidential", 2, "published"),
        ("Internal", 3, "published"),
        ("Public", 5, "published"),
    ]
    turned = admin.get(f"{JIRA}/classification-levels?orderBy=-rank").json()["classifications"]
    assert [level["rank"] for level in turned] == [5, 4, 3, 2, 1]


def test_a_system_tag_lacks_rank_and_colour_and_cannot_be_applied(admin):
    jira = JIRA.replace(ACME, GLOBEX)
    tag = admin.get(f"{jira}/classification-levels").json()["classifications"][-1]
    assert tag.keys() == {"id", "status", "name", "description", "guideline"}
    assert admin.put(f"{jira}/project/PLAT/classification-level/default", json={"id": tag["id"]}).status_code == 400


def test_a_project_default_is_set_read_and_cleared(admin):
    assert admin.get(DEFAULT).json()["classification"]["name"] == "Internal"
    assert admin.put(DEFAULT, json={"id": level_ari("Public")}).status_code == 204
    assert admin.get(DEFAULT).json()["classification"]["id"] == level_ari("Public")
    assert admin.delete(DEFAULT).status_code == 204
    assert admin.get(DEFAULT).json() == {}


def test_an_archived_level_is_no_default(state, admin):
    stranger.act(state, "archive_level", host=ACME, level="Internal")
    assert admin.get(DEFAULT).json() == {}


def test_a_project_is_found_by_key_or_id(admin):
    by_key = admin.get(f"{JIRA}/project/APP").json()
    assert admin.get(f"{JIRA}/project/{by_key['id']}").json() == by_key
    assert admin.get(f"{JIRA}/project/NOPE/classification-level/default").status_code == 404


def test_whoever_does_not_administer_a_project_gets_401(editor):
    assert editor.get(DEFAULT).status_code == 200
    refused = editor.put(DEFAULT, json={"id": level_ari("Public")})
    assert refused.status_code == 401
    assert "administer" in refused.json()["errorMessages"][0]
    assert editor.delete(DEFAULT).status_code == 401


def test_a_hidden_project_is_not_there(state, viewer):
    state.set_right(VIEWER.email, NONE, host=ACME, project="APP")
    assert viewer.get(DEFAULT).status_code == 404
    assert viewer.get(f"{JIRA}/project/search").json()["total"] == 5


@pytest.mark.unpublished
def test_projects_come_in_pages_of_fifty_at_most(state, admin):
    for number in range(60):
        state.add_project(ACME, f"P{number:02}", name=f"Project {number:02}")
    first = admin.get(f"{JIRA}/project/search?maxResults=500").json()
    second = admin.get(first["nextPage"]).json()
    assert (first["maxResults"], first["total"], first["isLast"], len(first["values"])) == (50, 66, False, 50)
    assert (second["startAt"], second["isLast"], len(second["values"])) == (50, True, 16)
    assert len({project["id"] for project in first["values"] + second["values"]}) == 66


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("query=moves", ["OFFICE"]),
        ("query=app", ["APP"]),
        ("status=archived", ["LEGACY"]),
        ("orderBy=-key&maxResults=2", ["WEB", "SEC"]),
        ("orderBy=name&maxResults=1", ["HELP"]),
    ],
)
def test_projects_are_searched_and_ordered(admin, query, keys):
    assert [project["key"] for project in admin.get(f"{JIRA}/project/search?{query}").json()["values"]] == keys


def test_an_archived_project_keeps_its_default(admin):
    refused = admin.put(f"{JIRA}/project/LEGACY/classification-level/default", json={"id": level_ari("Public")})
    assert refused.status_code == 400


def test_the_configuration_is_for_who_administers_the_project(viewer):
    assert viewer.get(f"{JIRA}/project/APP/classification-config").status_code == 401


def test_the_configuration_names_the_permitted_levels(state, admin):
    state.set_organization_default("Public")
    config = admin.get(f"{JIRA}/project/APP/classification-config").json()
    assert [level["name"] for level in config["classificationLevels"]] == ["Confidential", "Internal", "Public"]
    assert config["defaultClassificationLevel"]["name"] == "Internal"
    assert config["organizationClassificationLevel"]["name"] == "Public"
    assert config["containerOverride"] == "ANY"


def test_a_site_without_the_plan_still_lists_projects(state, admin):
    state.set_entitled(ACME, False)
    assert admin.get(f"{JIRA}/classification-levels").status_code == 404
    assert admin.get(DEFAULT).status_code == 404
    assert admin.get(f"{JIRA}/project/search").status_code == 200
