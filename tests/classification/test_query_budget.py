"""No page of classification asks the database more often than this, however much is in it, nor Atlassian at all."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from classification import urls
from classification.inventory import refresh
from classification.models import Space
from portal.access import Actor
from sandbox.names import ACME

pytestmark = pytest.mark.django_db
#: name of the address -> the most queries of the page, and of its part that htmx asks for
BUDGETS = {
    "home": (13, 13),
    "connections": (5, 5),
    "spaces": (21, 21),
    "spaces_export": (7, 7),
    "space": (14, 11),
    "space_default": (8, 8),
    "space_export": (8, 8),
    "item": (13, 13),
    "item_level": (7, 8),
    "scan": (6, 9),
    "levels": (11, 11),
    "projects": (9, 9),
    "project_default": (7, 8),
}
#: They take what a person sends, and show nothing by themselves.
POSTED = {
    *("scan_start", "scan_cancel", "scan_pause", "scan_resume", "levels_read", "projects_read"),
    *("item_undo", "space_default_undo", "project_default_undo"),
}


@pytest.fixture
def addresses(site, sandbox, scanned, item, prepare) -> dict[str, str]:
    """Of every page, with more than one space, item, project and scan to show."""
    operator = Actor.command_line()

    def read_more() -> None:
        for number in range(3):
            sandbox.add_space(ACME, f"S{number}", pages=5)
            refresh.read_space(actor=operator, connection=site, key=f"S{number}")
            refresh.request_scan(actor=operator, connection=site, space=Space.objects.get(key=f"S{number}"))
        refresh.read_projects(actor=operator, connection=site)

    prepare("three more spaces", read_more)
    scan, page = refresh.request_scan(actor=operator, connection=site), item("Welcome")
    one_item = [site.slug, page.kind, page.remote_id, page.status]
    arguments: dict[str, list] = {
        **dict.fromkeys(("home", "connections"), []),
        **dict.fromkeys(("spaces", "spaces_export", "levels", "projects"), [site.slug]),
        **dict.fromkeys(("space", "space_default", "space_export"), [site.slug, "HB"]),
        **dict.fromkeys(("item", "item_level"), one_item),
        "scan": [site.slug, scan.pk],
        "project_default": [site.slug, site.projects.first().key],
    }
    return {name: reverse(name, args=values) for name, values in arguments.items()}


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_page_stays_within_its_queries(name, htmx, addresses, alice, grant, site, client_for, sandbox):
    grant(alice, site, "classification_manager")
    client = client_for(alice, htmx=htmx)
    sandbox.calls.clear()

    with CaptureQueriesContext(database) as queries:
        b"".join(client.get(addresses[name]))

    assert len(queries) <= BUDGETS[name][htmx], [query["sql"] for query in queries]
    assert not sandbox.calls


def test_every_page_has_a_budget():
    assert {pattern.name for pattern in urls.urlpatterns} - POSTED - set(BUDGETS) == set()
