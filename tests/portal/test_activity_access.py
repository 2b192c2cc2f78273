"""Who has no activity.view on a connection reads nothing of its activity: page, export, command, history of an item."""

import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from classification.inventory import refresh
from classification.models import Item
from portal import registry
from portal.access import Actor
from portal.audit.record import record_action
from tests.classification.conftest import run_scan
from tests.conftest import make_connection

pytestmark = pytest.mark.django_db
SECRET, OPEN = "Merger plans", "Handbook"


@pytest.fixture
def alice(alice, site, grant, monkeypatch, operator):
    """With the activity of one site, and without that of the other, whose page they may see."""
    blind = registry.Role("blind", "Blind", "", ("site",), {"connection.view", "classification.view"})
    monkeypatch.setitem(registry.ROLES, "blind", blind)
    other = make_connection("Other")
    grant(alice, site, "blind")
    grant(alice, other, "viewer")
    record_action(actor=operator, action="item.level.set", connection=site, target_label=SECRET)
    record_action(actor=operator, action="item.level.set", connection=other, target_label=OPEN)
    return alice


@pytest.mark.parametrize("filters", [{}, {"connection": "acme"}, {"q": SECRET}, {"outcome": "done"}])
@pytest.mark.parametrize("htmx", [False, True])
def test_the_page_and_its_exports_leave_out_what_they_may_not_see(htmx, filters, alice, client_for):
    client = client_for(alice, htmx=htmx)
    page = client.get(reverse("activity"), filters).content.decode()
    # The filter shows what was typed into it, and nothing else may name it.
    assert page.count(SECRET) == (1 if filters.get("q") else 0)
    assert 'value="acme"' not in page
    for form in ("csv", "jsonl"):
        export = client.get(reverse("activity_export"), filters | {"format": form})
        assert SECRET.encode() not in b"".join(export.streaming_content)
    assert OPEN in client.get(reverse("activity")).content.decode()


def test_the_command_leaves_out_what_they_may_not_see(alice):
    out = io.StringIO()
    call_command("audit", "export", "--as", alice.email, stdout=out)
    assert OPEN in out.getvalue()
    assert SECRET not in out.getvalue()


def test_the_page_of_an_item_leaves_out_its_history(alice, bob, grant, client_for, operator, site, sandbox):
    grant(bob, site, "viewer")
    run_scan(site, refresh.read_space(actor=operator, connection=site, key="HR"))
    item = Item.objects.filter(kind="page").first()
    record_action(
        actor=Actor.of(bob),
        action="item.level.set",
        connection=site,
        target_type="page",
        target_id=item.remote_id,
        reason="Because of the merger",
    )
    shown = {user: client_for(user).get(item.get_absolute_url()).content.decode() for user in (alice, bob)}
    assert "Because of the merger" in shown[bob]
    assert "Because of the merger" not in shown[alice]
    assert "You do not have access to the activity" in shown[alice]
