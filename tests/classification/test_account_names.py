"""Names of people: asked for once, kept for a month, and shown where an account id stood."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from classification.coverage import export
from classification.inventory import refresh
from classification.inventory.account_names import MONTH, read_names
from classification.inventory.filters import ItemFilters
from classification.models import Account, Item, Scan
from portal.connections import clients
from sandbox import faults
from sandbox.names import ACCOUNTS
from tests.classification.conftest import run_scan, squeezed

pytestmark = pytest.mark.django_db
ADA = ACCOUNTS[0]


@pytest.fixture
def browser(client_for, grant, alice, site):
    grant(alice, site, "classifier")
    return client_for(alice)


@pytest.mark.usefixtures("few_items")
def test_a_scan_of_a_site_asks_for_all_names_once(site, sandbox):
    sandbox.calls.clear()
    assert run_scan(site).error == ""
    assert sandbox.calls["confluence.people"] == 1
    assert set(Account.objects.values_list("name", flat=True)) == {account.name for account in ACCOUNTS}
    assert run_scan(site).error == ""
    assert sandbox.calls["confluence.people"] == 1


def test_a_refresh_asks_for_the_names_of_one_item_once(site, sandbox, item, operator, browser):
    row = item("Welcome")
    Item.objects.filter(pk=row.pk).update(author_id=ADA.account_id)
    page = squeezed(browser.get(row.get_absolute_url()))
    assert f'<dt>Author</dt><dd dir="auto">{ADA.account_id}</dd>' in page
    sandbox.calls.clear()
    for _ in range(2):
        read_names(site, clients.confluence(site), [ADA.account_id, "", "712020:nobody"])
    assert sandbox.calls["confluence.people"] == 1
    page = squeezed(browser.get(row.get_absolute_url()))
    assert '<dt>Author</dt><dd dir="auto">Ada Admin</dd>' in page
    assert ADA.account_id not in page


def test_an_item_that_is_refreshed_names_who_wrote_it(site, sandbox, operator):
    item = sandbox.item_ids("example-acme.atlassian.net", "ENG")[0]
    refresh.read_item(actor=operator, connection=site, kind="page", remote_id=str(item))
    assert Account.objects.exclude(name="").exists()


def test_an_owner_is_named_where_somebody_else_is_the_author(site, item, browser):
    row, edith = item("Welcome"), ACCOUNTS[1]
    Item.objects.filter(pk=row.pk).update(author_id=ADA.account_id, owner_id=edith.account_id)
    read_names(site, clients.confluence(site), [ADA.account_id, edith.account_id])
    page = squeezed(browser.get(row.get_absolute_url()))
    assert '<dt>Owner</dt><dd dir="auto">Edith Editor</dd>' in page


def test_an_old_name_is_asked_for_again(site, sandbox):
    read_names(site, clients.confluence(site), [ADA.account_id])
    Account.objects.update(name="Ada Miller", read_at=timezone.now() - MONTH - timedelta(hours=1))
    read_names(site, clients.confluence(site), [ADA.account_id])
    assert Account.objects.get().name == "Ada Admin"


@pytest.mark.usefixtures("few_items")
def test_a_site_that_tells_no_names_fails_neither_scan_nor_refresh(site, sandbox, operator, browser):
    faults.server_error(sandbox, status=403, call="confluence.people")
    scan = run_scan(site)
    assert (scan.state, scan.error) == (Scan.State.DONE, "")
    row = Item.objects.filter(kind="page", status="current").first()
    refresh.read_item(actor=operator, connection=site, kind="page", remote_id=row.remote_id)
    assert not Account.objects.exists()
    assert row.author_id in browser.get(row.get_absolute_url()).content.decode()


def test_an_export_names_the_authors(site, scanned):
    Item.objects.filter(title="Welcome").update(author_id=ADA.account_id)
    read_names(site, clients.confluence(site), [ADA.account_id])
    rows = {row["title"]: row for row in export.item_export(scanned, ItemFilters())}
    assert rows["Welcome"]["author"] == "Ada Admin"
    assert rows["Press kit"]["author"] == ""


def test_names_are_forgotten_with_their_connection(site, administrator, client_for):
    read_names(site, clients.confluence(site), [ADA.account_id])
    client_for(administrator).post(reverse("connection_remove", args=[site.slug]), {"name": site.name})
    assert not Account.objects.exists()
