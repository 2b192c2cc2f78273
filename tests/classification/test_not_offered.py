"""What cannot be done is not offered, and the page says why."""

import pytest
from django.urls import reverse

from classification import outcomes
from classification.inventory import refresh
from classification.levels.change import change_level
from classification.levels.defaults import ProjectDefault, SpaceDefault
from classification.levels.item_levels import ItemLevel
from classification.models import Item, Level, Project, ReadState, Site, Space
from classification.views.level_editor import item_editor
from portal.access import Actor
from portal.models import Connection
from sandbox import faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(alice, grant, site) -> Actor:
    grant(alice, site, "classification_manager")
    return Actor.of(alice)


@pytest.fixture
def browser(manager, alice, client_for):
    return client_for(alice)


def offered(item: Item) -> list[str]:
    choices = Level.objects.filter(connection=item.space.connection)
    return [button.value for button in item_editor(item, choices, place="row").buttons]


def level_url(item: Item) -> str:
    return reverse("item_level", args=["acme", item.kind, item.remote_id, item.status])


def test_removal_is_offered_until_the_site_refused_it_and_then_the_page_says_why(
    site, manager, browser, item, level, sandbox
):
    assert offered(item("Bonus")) == ["reset", "none"]
    assert change_level(actor=manager, target=ItemLevel(item("Bonus")), wanted=None, reason="Wrong").status == "refused"
    assert offered(item("Salaries")) == ["reset"]
    page = browser.get(item("Salaries").get_absolute_url()).content.decode()
    assert ">Remove</button>" not in page
    assert "This site does not offer to remove a level." in page
    htmx = browser.get(level_url(item("Salaries")), headers={"HX-Request": "true"}).content.decode()
    assert ">Remove</button>" not in htmx


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_form_that_was_refused_for_good_does_not_offer_removal_any_more(browser, item, headers):
    answer = browser.post(
        level_url(item("Bonus")),
        {"wanted": "none", "reason": "Wrong", "expected": "?", "place": "row"},
        headers=headers,
    )
    html = answer.content.decode()
    assert (answer.status_code, "does not offer removal" in html) == (409, True)
    assert ">Remove</button>" not in html
    assert 'value="reset"' in html
    assert "This site does not offer to remove a level." in html


def test_a_reset_of_what_has_the_level_of_the_default_says_what_it_changes(browser, item):
    matches = browser.get(item("Welcome").get_absolute_url()).content.decode()
    assert ">Follow the default</button>" in matches
    assert "If it was set by hand, it can follow the default from now on." in matches
    differs = browser.get(item("Bonus").get_absolute_url()).content.decode()
    assert ">Reset to default</button>" in differs
    assert "from now on" not in differs


def test_removal_is_offered_again_once_the_connection_was_changed(site, manager, item):
    change_level(actor=manager, target=ItemLevel(item("Bonus")), wanted=None, reason="Wrong")
    Connection.objects.get(pk=site.pk).save()
    assert offered(item("Bonus")) == ["reset", "none"]


def test_a_refusal_of_one_item_does_not_take_removal_away(reference_site, handbook, operator, sandbox):
    refresh.read_levels(actor=operator, connection=reference_site)
    row = refresh.read_item(actor=operator, connection=reference_site, kind="page", remote_id=handbook["Bonus"]).item
    faults.refuse(sandbox, item=row.remote_id, operation="remove", message="The page is locked")
    outcome = change_level(actor=operator, target=ItemLevel(row), wanted=None, reason="Wrong")
    assert (outcome.status, "The page is locked" in outcome.message) == ("refused", True)
    assert offered(row) == ["reset", "none"]


def test_a_removal_that_worked_is_offered_again(reference_site, handbook, operator):
    refresh.read_levels(actor=operator, connection=reference_site)
    Site.objects.create(connection=reference_site, removal_refused_at=reference_site.changed_at)
    row = refresh.read_item(actor=operator, connection=reference_site, kind="page", remote_id=handbook["Bonus"]).item
    assert change_level(actor=operator, target=ItemLevel(row), wanted=None, reason="Wrong").ok
    assert Site.objects.get(connection=reference_site).removal_refused_at is None


def test_nothing_is_reset_or_removed_where_there_is_nothing(site, scanned, item):
    assert offered(item("Nowhere")) == ["reset"], "it may take the default of the space again"
    Space.objects.filter(pk=scanned.pk).update(default_level=None, default_state=ReadState.NONE)
    assert offered(item("Nowhere")) == []
    assert offered(item("Bonus")) == ["reset", "none"]
    Item.objects.filter(title="Bonus").update(level_state=ReadState.UNREAD)
    assert offered(item("Bonus")) == ["reset", "none"], "what is not known may be there"


def test_the_default_of_an_archived_space_is_not_offered(site, scanned, manager, browser, level, sandbox):
    Space.objects.filter(pk=scanned.pk).update(status="archived")
    scanned.refresh_from_db()
    page = browser.get(scanned.get_absolute_url()).content.decode()
    assert reverse("space_default", args=["acme", "HB"]) not in page
    dialog = browser.get(reverse("space_default", args=["acme", "HB"])).content.decode()
    assert "“Handbook” is archived, so its default cannot be changed. Restore it in Confluence first." in dialog
    assert 'name="level"' not in dialog
    sandbox.calls.clear()
    with pytest.raises(outcomes.NotChangeable, match="“Handbook” is archived"):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=level("Confidential"))
    with pytest.raises(outcomes.NotChangeable):
        change_level(actor=manager, target=SpaceDefault(scanned), wanted=None, reason="Old")
    assert not sandbox.calls


def test_the_content_of_an_archived_space_is_not_offered(site, scanned, manager, browser, item, level, sandbox):
    Space.objects.filter(pk=scanned.pk).update(status="archived")
    page = browser.get(item("Welcome").get_absolute_url()).content.decode()
    assert "The space of this page is archived, so its level cannot be changed." in page
    assert 'name="level"' not in page
    rows = browser.get(Space.objects.get(pk=scanned.pk).get_absolute_url()).content.decode()
    assert level_url(item("Welcome")) not in rows
    sandbox.calls.clear()
    with pytest.raises(outcomes.NotChangeable, match="space of “Welcome” is archived"):
        change_level(actor=manager, target=ItemLevel(item("Welcome")), wanted=level("Confidential"))
    assert not sandbox.calls


def test_the_default_of_an_archived_project_is_not_offered(site, scanned, manager, browser, operator, level):
    refresh.read_projects(actor=operator, connection=site)
    project = Project.objects.filter(archived=True).first()
    url = reverse("project_default", args=["acme", project.key])
    assert url not in browser.get(reverse("projects", args=["acme"])).content.decode()
    assert "is archived, so its default cannot be changed" in browser.get(url).content.decode()
    with pytest.raises(outcomes.NotChangeable):
        change_level(actor=manager, target=ProjectDefault(project), wanted=level("Confidential"))
