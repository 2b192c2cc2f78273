"""Who acts: a person, the command line, or a named part of Trustdesk; none of them may do more than is listed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from classification.inventory import refresh
from classification.tasks import run_scan
from portal import access, registry
from portal.access import Actor, Kind
from portal.audit.browse import visible_entries
from portal.audit.record import record_action
from portal.models import AuditEntry, Grant

pytestmark = pytest.mark.django_db

#: What each part of Trustdesk may do, independently of the code. More has to be decided here too.
MAY = {
    "scan": set(),
    "sweep": {"privacy.view"},
    "demo": {"connection.manage", "classification.view", "classification.scan", "privacy.view"},
    "stranger": set(),
}


def test_nothing_acts_without_a_kind():
    with pytest.raises(TypeError):
        Actor(user=None, label="somebody")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_person_acts_with_their_account_and_nobody_else_does(kind, alice):
    with pytest.raises(TypeError):
        Actor(kind, "x", user=None if kind is Kind.PERSON else alice)


@pytest.mark.parametrize("kind", [Kind.PERSON, Kind.COMMAND_LINE, Kind.RECORDED])
def test_only_a_part_of_trustdesk_brings_capabilities_of_its_own(kind, alice):
    with pytest.raises(TypeError):
        Actor(kind, "x", user=alice if kind is Kind.PERSON else None, listed=frozenset({"privacy.publish"}))


def test_the_parts_of_trustdesk_are_those_of_the_table():
    assert {key: row.capabilities for key, row in registry.SYSTEM_ACTORS.items()} == MAY


@pytest.mark.parametrize("key", MAY)
def test_a_part_of_trustdesk_may_what_is_listed_and_nothing_else(key, site, developer_space):
    actor = Actor.system(key)
    for connection in (site, developer_space):
        assert access.capabilities(actor, connection) == MAY[key]
        for capability in set(registry.CAPABILITIES) - MAY[key]:
            with pytest.raises(PermissionDenied):
                access.require(actor, connection, capability)
    with pytest.raises(PermissionDenied):
        access.require_administrator(actor)
    assert not access.visible_connections(actor).exists()
    assert not visible_entries(actor).exists()


def test_a_part_that_is_not_in_the_table_does_not_act():
    with pytest.raises(KeyError):
        Actor.system("anything")


def test_the_command_line_acts_under_the_name_of_its_account(operator, site):
    assert operator.label.startswith("Command line (")
    assert access.visible_connections(operator).get() == site


def test_a_name_on_record_has_no_rights(site, developer_space):
    actor = Actor.recorded("alice@example.com")
    for connection in (site, developer_space):
        assert access.capabilities(actor, connection) == set()
    assert not actor.is_administrator
    assert not access.visible_connections(actor).exists()
    assert not visible_entries(actor).exists()


def test_an_administrator_who_was_deactivated_reads_no_activity(administrator, operator):
    record_action(actor=operator, action="demo.made")
    assert visible_entries(Actor.of(administrator)).count() == 1
    administrator.is_active = False
    assert not visible_entries(Actor.of(administrator)).exists()
    assert not access.visible_connections(Actor.of(administrator)).exists()


def test_a_scan_goes_on_when_who_asked_for_it_loses_the_role_and_they_see_nothing_of_it(
    alice, client_for, grant, site, sandbox
):
    grant(alice, site, "classifier")
    space = refresh.read_space(actor=Actor.of(alice), connection=site, key="HR")
    scan = refresh.request_scan(actor=Actor.of(alice), connection=site, space=space)
    Grant.objects.filter(user=alice).delete()
    run_scan.call(scan.pk)
    scan.refresh_from_db()
    assert (scan.state, scan.actor, scan.actor_label) == ("done", alice, alice.email)
    assert {entry.actor for entry in AuditEntry.objects.filter(action="scan.asked")} == {alice}
    assert client_for(alice).get(reverse("scan", args=[site.slug, scan.pk])).status_code == 404
