"""The levels of the organisation, which are those of its sites."""

import pytest

from sandbox.names import ACME
from sandbox.seed import level_key

from .conftest import CONFLUENCE, LEVELS, level_of, set_level


def statuses(key) -> dict[str, str]:
    return {level["name"]: level["status"] for level in key.get(LEVELS).json()["levels"]}


def archive(key, name: str):
    return key.post(f"{LEVELS}/archive", json={"levelId": level_key(name)})


def test_levels_have_the_fields_that_clients_use(key):
    level = key.get(LEVELS).json()["levels"][1]
    assert level == key.get(f"{LEVELS}/{level['levelId']}").json()
    assert (level["name"], level["sensitivity"], level["status"]) == ("Confidential", 2, "PUBLISHED")
    assert level["createdBy"].keys() == {"name", "accountId"}
    assert {"orgId", "definition", "guideline", "color", "createdOn", "changedBy", "changedOn"} <= level.keys()


def test_a_new_level_is_a_draft_until_it_is_published(key, admin, page):
    made = key.post(LEVELS, json={"name": "Top", "definition": "d", "guideline": "g", "color": "NAVY"})
    assert made.status_code == 202
    assert (made.json()["status"], made.json()["sensitivity"]) == ("DRAFT", 6)
    at_site = admin.get(f"{CONFLUENCE}/classification-levels").json()[-1]
    assert (at_site["name"], at_site["description"], at_site["status"]) == ("Top", "d", "DRAFT")
    body = {"id": at_site["id"], "status": "current"}
    url = f"{CONFLUENCE}/pages/{page}/classification-level"
    assert admin.put(url, json=body).status_code == 400
    assert key.post(f"{LEVELS}/publish", json={"levelIds": [made.json()["levelId"]]}).status_code == 202
    assert admin.put(url, json=body).status_code == 204


def test_an_edit_reaches_the_sites(key, admin):
    url = f"{LEVELS}/{level_key('Internal')}"
    body = {"name": "Inside", "definition": "", "guideline": "Keep it here.", "color": "TEAL"}
    assert key.put(url, json=body).status_code == 200
    shown = admin.get(f"{CONFLUENCE}/classification-levels").json()[2]
    assert (shown["name"], shown["guideline"], shown["color"]) == ("Inside", "Keep it here.", "TEAL")


def test_archiving_takes_a_level_out_of_use_and_restoring_makes_it_a_draft(key, admin, page):
    set_level(admin, page, "Public")
    assert archive(key, "Public").status_code == 202
    assert level_of(admin, page) == "Internal"
    assert set_level(admin, page, "Public").status_code == 400
    assert key.post(f"{LEVELS}/restore", json={"levelId": level_key("Public")}).status_code == 202
    assert statuses(key)["Public"] == "DRAFT"
    assert level_of(admin, page) == "Internal"
    key.post(f"{LEVELS}/publish", json={"levelIds": [level_key("Public")]})
    assert level_of(admin, page) == "Public"


def test_a_level_in_use_by_a_rule_or_the_default_is_not_archived(state, key):
    by_rule = archive(key, "Confidential")
    assert by_rule.status_code == 409
    assert "No public links" in by_rule.json()["errors"][0]["detail"]
    state.set_organization_default("Public")
    assert "organization default" in archive(key, "Public").json()["errors"][0]["detail"]
    assert statuses(key)["Confidential"] == statuses(key)["Public"] == "PUBLISHED"


def test_the_id_may_stand_in_the_path_too(key):
    assert key.post(f"{LEVELS}/{level_key('Public')}/archive").status_code == 202
    assert key.post(f"{LEVELS}/{level_key('Public')}/restore").status_code == 202
    assert statuses(key)["Public"] == "DRAFT"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("publish", {"levelIds": []}, 400),
        ("publish", {"levelIds": ["unknown"]}, 400),
        ("publish", {"levelIds": [7]}, 400),
        ("publish", {"levelIds": [level_key("Company only")]}, 400),
        ("publish", {"levelIds": [level_key("Restricted"), level_key("Company only")]}, 400),
        ("publish", {}, 400),
        ("publish", {"levelId": level_key("Restricted")}, 400),
        ("publish", {"levelIds": [level_key("Restricted")], "levelId": level_key("Restricted")}, 400),
        ("publish", {"levelIds": level_key("Restricted")}, 400),
        (f"{level_key('Restricted')}/publish", {}, 404),
        ("archive", {"levelId": level_key("Restricted")}, 400),
        ("archive", {"levelIds": [level_key("Public"), level_key("Internal")]}, 400),
        ("archive", {"levelId": "unknown"}, 400),
        ("archive", {}, 400),
        ("restore", {"levelId": level_key("Public")}, 400),
        ("reorder", {"levelIds": [level_key("Public"), level_key("Internal")]}, 400),
        ("reorder", {"levelId": level_key("Public")}, 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_step_that_does_not_fit_changes_nothing(key, path, body, status):
    before = key.get(LEVELS).json()
    assert key.post(f"{LEVELS}/{path}", json=body).status_code == status
    assert key.get(LEVELS).json() == before


def test_an_archived_level_is_not_edited(key):
    url = f"{LEVELS}/{level_key('Company only')}"
    assert key.put(url, json={"name": "Renamed"}).status_code == 400
    assert key.get(f"{LEVELS}/unknown").status_code == 404


def test_a_new_order_is_the_order_of_the_sites(key, admin):
    ids = [level["levelId"] for level in key.get(LEVELS).json()["levels"]]
    assert key.post(f"{LEVELS}/reorder", json={"levelIds": ids[::-1]}).status_code == 202
    found = admin.get(f"{CONFLUENCE}/classification-levels").json()
    assert [(level["name"], level["order"]) for level in found][:2] == [("Public", 1), ("Company only", 2)]


@pytest.mark.unpublished
def test_levels_that_nobody_expects_can_be_put_in(state, admin):
    state.add_level("Odd", color="ULTRAVIOLET", status="PENDING")
    odd = admin.get(f"https://{ACME}/wiki/api/v2/classification-levels").json()[-1]
    assert (odd["color"], odd["status"]) == ("ULTRAVIOLET", "PENDING")
