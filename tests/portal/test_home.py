"""The home page: a card for each connection with what needs attention, in as many queries for one as for many."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from classification.inventory import refresh
from portal.access import Actor
from portal.jobs import stalled
from portal.models import Connection, Pause, WorkerSign
from privacy.drafts import answering
from privacy.marketplace import app_list
from privacy.models import App
from privacy.reviews import approvals
from sandbox.names import ACME, DEVELOPER_ID, ORG_ID
from tests.classification.conftest import run_scan
from tests.conftest import make_connection

pytestmark = pytest.mark.django_db


def cards(page: str) -> dict[str, dict[str, str]]:
    """connection -> label -> value, as a person reads them."""
    found = {}
    for card in page.split('<td class="col-title">')[1:]:
        name = re.search(r'dir="auto">([^<]+)</a>', card)[1]
        lines = re.findall(r"<dt>([^<]+)</dt>\s*<dd><a[^>]*>([^<]+)</a>", card)
        found[name] = dict(lines)
    return found


def one_of_each(number: int) -> list[Connection]:
    apps = {"kind": "marketplace", "url": "https://api.atlassian.com/marketplace", "developer_id": DEVELOPER_ID}
    organization = {"kind": "organization", "url": "https://api.atlassian.com", "email": "", "org_id": ORG_ID}
    return [
        make_connection(f"Site {number}"),
        make_connection(f"Apps {number}", **apps),
        make_connection(f"Organisation {number}", **organization),
    ]


def read(site: Connection, apps: Connection, organization: Connection) -> None:
    operator = Actor.command_line()
    run_scan(site, refresh.read_space(actor=operator, connection=site, key="HB"))
    refresh.read_levels(actor=operator, connection=organization)
    app_list.read_apps(actor=operator, connection=apps)


@pytest.fixture
def sandbox(sandbox):
    """With a space of three items, of which one has no level, and the fewest apps with and without a draft."""
    sandbox.add_space(ACME, "HB", name="Handbook", level="Internal")
    for title, facts in (("Welcome", {}), ("Salaries", {"level": "Confidential"}), ("Lost", {"unset": True})):
        sandbox.add_item(ACME, "HB", title=title, **facts)
    with sandbox.write() as db:
        db.execute("DELETE FROM apps WHERE app_key NOT LIKE '%for-confluence'")
    return sandbox


def test_each_card_says_what_needs_attention_in_as_many_queries_for_one_as_for_many(sandbox, administrator, client_for):
    client = client_for(administrator)
    read(*one_of_each(1))
    with CaptureQueriesContext(
        database,
    ) as few:
        page = cards(client.get(reverse("home")).content.decode())
    assert page["Site 1"]["Classified"] == "2 of 3 pages and blog posts (66 %)"
    assert page["Site 1"]["Not classified"] == "1"
    assert page["Apps 1"]["Waiting for approval"] == "0"
    assert int(page["Apps 1"]["Apps"]) >= int(page["Apps 1"]["With a draft"]) > 0
    assert page["Organisation 1"]["Levels"] == "5"
    read(*one_of_each(2))
    one_of_each(3)
    with CaptureQueriesContext(database) as many:
        later = cards(client.get(reverse("home")).content.decode())
    assert {name: later[name] for name in page} == page
    assert later["Site 2"] == page["Site 1"]
    assert later["Apps 2"] == page["Apps 1"]
    assert later["Site 3"] == {"Classified": "Not scanned yet"}
    assert later["Apps 3"] == {"Apps": "Not read yet"}
    assert later["Organisation 3"] == {"Levels": "Not read yet"}
    assert len(many) == len(few)


def test_it_says_since_when_no_worker_has_been_seen(site, administrator, client_for):
    client = client_for(administrator)
    assert "No worker" not in client.get(reverse("home")).content.decode()
    Connection.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert "No worker has been seen yet." in client.get(reverse("home")).content.decode()
    seen_at = timezone.now() - timedelta(minutes=3)
    WorkerSign.objects.create(pk=1, seen_at=seen_at)
    page = client.get(reverse("home")).content.decode()
    assert f"No worker has been seen since {stalled.clock(seen_at)}." in page
    WorkerSign.objects.update(seen_at=timezone.now())
    assert "No worker" not in client.get(reverse("home")).content.decode()


def test_it_says_until_when_atlassian_asked_a_connection_to_wait(sandbox, administrator, client_for):
    site, *_ = one_of_each(1)
    until = timezone.now() + timedelta(hours=1)
    Pause.objects.create(connection=site, until=until.timestamp(), reason="Retry-After")
    page = client_for(administrator).get(reverse("home")).content.decode()
    assert page.count("Atlassian asked this connection to wait until") == 1
    assert f"wait until {stalled.clock(until, seconds=True)}." in page
    Pause.objects.update(until=(timezone.now() - timedelta(hours=1)).timestamp())
    assert "asked this connection to wait" not in client_for(administrator).get(reverse("home")).content.decode()


# --- the to-do list -------------------------------------------------------------------------------------------------


def to_dos(client) -> list[tuple[str, str]]:
    """(what to do, on which connection) in the order of the page."""
    page = client.get(reverse("home")).content.decode()
    found = re.findall(r'<li>\s*<a href="[^"]+" dir="auto">([^<]+)</a>\s*<span[^>]*>([^<]+)</span>', page)
    return [(html.unescape(text), html.unescape(where)) for text, where in found]


@pytest.fixture
def approval_requested(sandbox, developer_space, alice, grant) -> App:
    """Diagrams for Confluence, whose draft Alice wants approved."""
    grant(alice, developer_space, "privacy_editor")
    app_list.read_apps(actor=Actor.of(alice), connection=developer_space)
    app = App.objects.get(connection=developer_space, app_key__endswith="diagrams-for-confluence")
    approvals.request_approval(actor=Actor.of(alice), app=app)
    return app


def test_who_may_approve_is_asked_to_review_and_who_requested_it_is_not(
    approval_requested, alice, bob, charlie, grant, client_for
):
    for person, role in ((bob, "privacy_reviewer"), (charlie, "viewer"), (alice, "privacy_reviewer")):
        grant(person, approval_requested.connection, role)
    wanted = (f"Review “{approval_requested.name}”: alice@example.com requested approval", "Example apps")
    assert wanted in to_dos(client_for(bob))
    assert wanted not in to_dos(client_for(charlie))
    assert wanted not in to_dos(client_for(alice))


def test_what_is_approved_waits_for_who_may_publish(approval_requested, bob, charlie, grant, client_for):
    grant(bob, approval_requested.connection, "privacy_reviewer")
    grant(charlie, approval_requested.connection, "publisher")
    review = approval_requested.owner.reviews.get()
    approvals.approve(actor=Actor.of(bob), review=review, expected=review.content_hash)
    wanted = (f"Publish “{approval_requested.name}”: its draft is approved", "Example apps")
    assert wanted in to_dos(client_for(charlie))
    assert wanted not in to_dos(client_for(bob))


def test_changes_that_are_not_saved_to_marketplace_wait_for_who_made_them(
    approval_requested, alice, bob, grant, client_for
):
    grant(bob, approval_requested.connection, "privacy_editor")
    contact = "/commonCloud/security/securityContact"
    answering.answer(actor=Actor.of(alice), app=approval_requested, pointer=contact, raw="new@example.com")
    wanted = (f"Save your changes to “{approval_requested.name}” to Marketplace", "Example apps")
    assert wanted in to_dos(client_for(alice))
    assert wanted not in to_dos(client_for(bob))


def test_alerts_come_first_and_a_failed_connection_next(approval_requested, administrator, site, client_for):
    App.objects.filter(pk=approval_requested.pk).update(alert="Live was changed.")
    Connection.objects.filter(pk=site.pk).update(
        check_lines=[{"what": "Levels", "state": "fails", "detail": "The token was refused."}]
    )
    assert to_dos(client_for(administrator))[:2] == [
        (f"Look into the alert about “{approval_requested.name}”", "Example apps"),
        ("Repair this connection: its last test failed", "Acme"),
    ]


def test_who_may_classify_is_led_to_what_has_no_level(sandbox, operator, alice, bob, grant, client_for):
    site, *_ = one_of_each(1)
    run_scan(site, refresh.read_space(actor=operator, connection=site, key="HB"))
    grant(alice, site, "classifier")
    grant(bob, site, "viewer")
    assert ("Classify 1 page or blog post without a level", "Site 1") in to_dos(client_for(alice))
    assert to_dos(client_for(bob)) == []
    assert "Nothing needs you now." in client_for(bob).get(reverse("home")).content.decode()
