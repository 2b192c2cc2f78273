"""Jira projects: the list, reading it again, and the default level changed in its row or on its page."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from classification.inventory import refresh, store
from classification.models import Level, Project
from portal.atlassian import types
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_for, grant, alice, site):
    grant(alice, site, "classification_manager")
    return client_for(alice, htmx=True)


@pytest.fixture
def plain(client_for, grant, alice, site):
    grant(alice, site, "classification_manager")
    return client_for(alice)


@pytest.fixture
def app(site, operator) -> Project:
    """The project APP, whose default is Internal."""
    refresh.read_levels(actor=operator, connection=site)
    refresh.read_projects(actor=operator, connection=site)
    return Project.objects.select_related("default_level").get(key="APP")


@pytest.fixture
def url(site) -> str:
    return reverse("project_default", args=[site.slug, "APP"])


def level(name: str) -> Level:
    return Level.objects.get(name=name)


def sent(project: Project, wanted: str = "none", **more) -> dict[str, str]:
    expected = str(project.default_level_id or "")
    chosen = wanted if wanted == "none" else str(level(wanted).pk)
    return {"wanted": chosen, "expected": expected, "reason": "", **more}


def default_of(project: Project) -> str:
    found = Project.objects.select_related("default_level").get(pk=project.pk).default_level
    return found.name if found else ""


def test_it_lists_the_projects_with_their_defaults(plain, site, app):
    html = plain.get(reverse("projects", args=[site.slug])).content.decode()
    assert "Mobile app" in html
    assert "No default" in html
    assert "Archived" in html
    assert html.count("data-row") == Project.objects.count()


def test_it_searches_by_name_and_key(plain, site, app):
    url = reverse("projects", args=[site.slug])
    assert [row.key for row in plain.get(f"{url}?q=mobile").context["rows"]] == ["APP"]
    assert "No project matches" in plain.get(f"{url}?q=zzz").content.decode()


def test_it_filters_by_the_default_level(plain, site, app):
    url = reverse("projects", args=[site.slug])
    response = plain.get(f"{url}?level={level('Internal').pk}")
    assert {row.default_level.name for row in response.context["rows"]} == {"Internal"}
    assert "APP" in [row.key for row in response.context["rows"]]
    none = plain.get(f"{url}?level=none").context["rows"]
    assert none
    assert {row.default_level for row in none} == {None}
    Project.objects.filter(pk=app.pk).update(default_state="unread")
    assert [row.key for row in plain.get(f"{url}?level=unknown").context["rows"]] == ["APP"]


def test_the_use_of_a_level_leads_to_the_projects_that_have_it(plain, site, app):
    html = plain.get(reverse("levels", args=[site.slug])).content.decode()
    assert f'<a href="{reverse("projects", args=[site.slug])}?level={level("Internal").pk}">' in html


def test_hundreds_of_projects_come_in_pages_and_few_queries(plain, site, app, django_assert_max_num_queries):
    Project.objects.bulk_create(
        Project(connection=site, remote_id=f"x{n}", key=f"X{n}", name=f"Project {n:03}", read_at=app.read_at)
        for n in range(300)
    )
    url = reverse("projects", args=[site.slug])
    after = plain.get(url).context["page"].page.after
    with django_assert_max_num_queries(12):
        response = plain.get(url, {"after": after})
    assert response.content.count(b"data-row") == 50
    page = " ".join(response.content.decode().split())
    assert '51-100 of <span class="list-count">306 projects</span>' in page


def test_htmx_gets_the_rows_alone(browser, site, app):
    html = browser.get(f"{reverse('projects', args=[site.slug])}?q=mobile").content.decode()
    assert "<html" not in html
    assert "Mobile app" in html


def test_it_refuses_who_may_not_see_the_site(client_for, bob, site):
    assert client_for(bob).get(reverse("projects", args=[site.slug])).status_code == 404


def test_before_they_were_read_it_says_what_to_do(plain, site):
    assert "No projects yet" in plain.get(reverse("projects", args=[site.slug])).content.decode()


def test_who_may_only_look_gets_no_editor(client_for, grant, charlie, site, app):
    grant(charlie, site, "viewer")
    html = client_for(charlie).get(reverse("projects", args=[site.slug])).content.decode()
    assert "Mobile app" in html
    assert "data-edit" not in html


def test_reading_them_again_says_how_many(plain, site):
    response = plain.post(reverse("projects_read", args=[site.slug]), follow=True)
    assert response.redirect_chain == [(reverse("projects", args=[site.slug]), 302)]
    assert Project.objects.exists()


def test_reading_them_again_is_on_record_and_writes_them_at_once(site, sandbox, operator):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            refresh.read_projects(actor=operator, connection=site)
        return sum("classification_project" in query["sql"] for query in captured.captured_queries)

    queries()
    few = queries()
    for n in range(60):
        sandbox.add_project(ACME, f"P{n}", level="Internal")
    assert queries() == few
    assert Project.objects.filter(key="P59", default_level__name="Internal").exists()
    entry = AuditEntry.objects.filter(action="projects.read").order_by("sequence").last()
    assert (entry.detail, entry.actor_label) == ("66 projects.", operator.label)


def test_a_default_that_does_not_answer_stays_what_was_known(site, app, sandbox, operator):
    faults.server_error(sandbox, status=503, call="jira.project_default.get")
    reading = refresh.read_projects(actor=operator, connection=site)
    assert "could not be read" in reading.message
    again = Project.objects.get(pk=app.pk)
    assert (again.default_level, again.default_state) == (app.default_level, "known")
    assert again.default_read_at == app.default_read_at


def test_an_older_answer_is_not_written_over_a_default_that_was_set_meanwhile(site, app):
    told = types.Project(app.remote_id, app.key, app.name)
    asked = app.default_read_at - timedelta(seconds=1)
    store.keep_projects(site, [(told, level("Public"), None)], asked=asked)
    assert default_of(app) == "Internal"


def test_reading_refuses_who_has_not_the_right(client_for, grant, bob, site):
    grant(bob, site, "viewer")
    assert client_for(bob).post(reverse("projects_read", args=[site.slug])).status_code == 403
    assert not Project.objects.exists()


def test_reading_survives_the_remote_error_and_keeps_what_was_read(plain, site, app, sandbox):
    faults.server_error(sandbox, status=500)
    response = plain.post(reverse("projects_read", args=[site.slug]))
    assert response.status_code == 424
    assert "The projects below are from the last refresh." in response.content.decode()
    assert "Mobile app" in response.content.decode()


def test_setting_the_default_changes_its_row(browser, url, app):
    response = browser.post(url, sent(app, wanted="Confidential"))
    html = response.content.decode()
    assert response["HX-Retarget"] == f"#project-{app.pk}"
    assert html.lstrip().startswith(f'<tr id="project-{app.pk}" data-row>')
    assert "Confidential" in html
    assert default_of(app) == "Confidential"


def test_clearing_it_needs_a_reason(browser, url, app):
    response = browser.post(url, sent(app))
    assert response.status_code == 422
    assert "Give a reason." in response.content.decode()
    assert browser.post(url, sent(app, reason="Not needed")).status_code == 200
    assert default_of(app) == ""


def test_a_refused_project_without_a_default_is_said_to_have_none(browser, site, app, sandbox):
    project = Project.objects.filter(default_level=None, archived=False).first()
    faults.refuse(sandbox, call="jira.project_default.set", message="Not for you")
    response = browser.post(
        reverse("project_default", args=[site.slug, project.key]), sent(project, wanted="Confidential")
    )
    assert response.status_code == 409
    assert 'Current level: <span class="lozenge level-none">No default</span>' in response.content.decode()


def test_without_scripts_it_is_a_page_that_posts_and_redirects(plain, site, url, app):
    assert "<html" in plain.get(url).content.decode()
    response = plain.post(url, sent(app, wanted="Confidential"), follow=True)
    assert response.redirect_chain == [(reverse("projects", args=[site.slug]), 302)]
    assert default_of(app) == "Confidential"


def test_a_page_of_its_own_leads_back_to_the_list(plain, site, url, app):
    back = reverse("projects", args=[site.slug])
    html = plain.get(url).content.decode()
    assert f'<a class="button button-subtle" href="{back}">Cancel</a>' in html
    assert "data-close>Cancel" not in html
    done = plain.post(url, sent(app, wanted="Confidential", place="page"), headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == back


@pytest.mark.parametrize("method", ["get", "post"])
def test_changing_refuses_who_has_not_the_right(client_for, grant, bob, site, url, app, sandbox, method):
    grant(bob, site, "classifier")
    sandbox.calls.clear()
    response = getattr(client_for(bob, htmx=True), method)(url, sent(app, wanted="Confidential"))
    assert response.status_code == 403
    assert not sandbox.calls


def test_changing_survives_the_remote_error_with_all_that_was_typed(browser, url, app, sandbox):
    faults.server_error(sandbox, status=500)
    response = browser.post(url, sent(app, wanted="Public", reason="Kept"))
    assert response.status_code == 424
    assert "Kept</textarea>" in response.content.decode()
    assert default_of(app) == "Internal"


def test_a_project_that_is_not_known_has_no_editor(browser, site):
    assert browser.get(reverse("project_default", args=[site.slug, "NOPE"])).status_code == 404


def test_undo_restores_the_default_before_in_its_row(browser, url, app):
    offered = json.loads(browser.post(url, sent(app, wanted="Confidential"))["HX-Trigger"])["toast"]["action"]
    response = browser.post(offered["url"], offered["values"])
    assert response["HX-Retarget"] == f"#project-{app.pk}"
    assert default_of(app) == "Internal"


def test_undo_refuses_who_has_not_the_right(browser, client_for, grant, bob, site, url, app):
    offered = json.loads(browser.post(url, sent(app, wanted="Confidential"))["HX-Trigger"])["toast"]["action"]
    grant(bob, site, "classifier")
    assert client_for(bob, htmx=True).post(offered["url"], offered["values"]).status_code == 403
    assert default_of(app) == "Confidential"


def test_undo_survives_the_remote_error(browser, url, app, sandbox):
    offered = json.loads(browser.post(url, sent(app, wanted="Confidential"))["HX-Trigger"])["toast"]["action"]
    faults.server_error(sandbox, status=500)
    assert browser.post(offered["url"], offered["values"]).status_code == 424
    assert default_of(app) == "Confidential"
