"""Connections: which addresses are allowed, what happens to tokens, what the test of a connection says."""

import base64

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.db import connections as databases

from classification.inventory import refresh
from portal.access import Actor
from portal.atlassian.errors import Limited, Misconfigured
from portal.connections import addresses, changes, clients, connection_test
from portal.fields import SecretUnreadable
from portal.models import AuditEntry, Connection, Pause
from privacy.marketplace import app_list
from sandbox import faults

pytestmark = pytest.mark.django_db
TOKEN = "an-invented-token-1234"


def new(operator, **values) -> Connection:
    facts = {
        "name": "Docs",
        "kind": "site",
        "url": "https://example-acme.atlassian.net",
        "token": TOKEN,
        "email": "a@example.com",
    }
    return changes.add(actor=operator, **(facts | values))


@pytest.mark.parametrize(
    ("kind", "url", "kept"),
    [
        ("site", "https://example-acme.atlassian.net/", "https://example-acme.atlassian.net"),
        ("site", "example-acme.atlassian.net", "https://example-acme.atlassian.net"),
        ("site", "https://Example-Acme.atlassian.net/wiki", "https://example-acme.atlassian.net"),
        ("site", "https://api.atlassian.com/ex/confluence/1-2", "https://api.atlassian.com/ex/confluence/1-2"),
        ("site", "https://example-acme.atlassian.net:0443", "https://example-acme.atlassian.net:443"),
        ("organization", "", "https://api.atlassian.com"),
        ("marketplace", "", "https://api.atlassian.com/marketplace"),
        ("site", "http://127.0.0.1:8100", "http://127.0.0.1:8100"),
        ("marketplace", "http://127.0.0.1:8100/marketplace/", "http://127.0.0.1:8100/marketplace"),
    ],
)
def test_allowed_addresses_are_kept_in_their_normal_form(settings, kind, url, kept):
    settings.UPSTREAM_HOSTS = ["127.0.0.1:8100"]
    assert addresses.clean_url(url, kind) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example-acme.atlassian.net",
        "https://atlassian.net",
        "https://.atlassian.net",
        "https://example.com",
        "https://example-acme.atlassian.net.example.com",
        "https://exampleatlassian.net",
        "https://user:secret@example-acme.atlassian.net",
        "https://example-acme.atlassian.net:8443",
        "https://example-acme.atlassian.net/wiki/spaces/X",
        "https://example-acme.atlassian.net?x=1",
        "http://127.0.0.1:8101",
        "ftp://127.0.0.1:8100",
        "https://[",
        "https://example-acme.atlassian.net:port",
        r"https://evil.example.com\.atlassian.net",
        "https://evil.example.com%2f.atlassian.net",
        "https://evil.example.com;.atlassian.net",
        "https://ex。ample.atlassian.net",
        "https://@example-acme.atlassian.net",
        "https://-..atlassian.net",
        "https://api.atlassian.com/../x",
        "https://api.atlassian.com//evil.example.com",
        "javascript:alert(1)",
    ],
)
def test_other_addresses_are_refused_with_a_sentence(settings, url):
    settings.UPSTREAM_HOSTS = ["127.0.0.1:8100"]
    with pytest.raises(ValidationError) as error:
        addresses.clean_url(url, "site")
    assert error.value.messages[0].endswith((".", ".net"))


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("site", "https://api.atlassian.com"),
        ("site", "https://api.atlassian.com/ex/confluence"),
        ("site", "https://api.atlassian.com/marketplace"),
        ("organization", "https://api.atlassian.com/marketplace"),
        ("organization", "https://example-acme.atlassian.net"),
        ("marketplace", "https://api.atlassian.com"),
        ("marketplace", "https://example-acme.atlassian.net"),
    ],
)
def test_an_address_of_another_kind_of_connection_is_refused_with_an_example(kind, url):
    with pytest.raises(ValidationError, match="no address of this kind of connection. Example: https://"):
        addresses.clean_url(url, kind)


def test_an_organization_takes_no_account(operator):
    with pytest.raises(ValidationError) as error:
        new(operator, kind="organization", url="", org_id="1")
    assert "email" in error.value.message_dict


@pytest.mark.parametrize(
    ("which", "field", "change"),
    [
        ("site", "url", {"url": "https://example-globex.atlassian.net", "token": TOKEN}),
        ("organization", "org_id", {"org_id": "another", "token": TOKEN}),
        ("developer_space", "developer_id", {"developer_id": "another"}),
    ],
)
def test_a_connection_through_which_something_was_read_speaks_for_no_other_place(
    which, field, change, request, operator
):
    connection = request.getfixturevalue(which)
    before = getattr(connection, field)
    if which == "developer_space":
        app_list.read_apps(actor=operator, connection=connection)
    else:
        refresh.read_levels(actor=operator, connection=connection)

    with pytest.raises(ValidationError) as error:
        changes.change(actor=operator, connection=Connection.objects.get(pk=connection.pk), **change)
    assert "Add a new connection" in error.value.message_dict[field][0]
    assert getattr(Connection.objects.get(pk=connection.pk), field) == before


def test_a_connection_through_which_nothing_was_read_can_be_corrected(operator, site):
    changes.change(actor=operator, connection=site, url="https://example-globex.atlassian.net", token=site.read_token())
    assert Connection.objects.get(pk=site.pk).url == "https://example-globex.atlassian.net"


def test_a_token_is_encrypted_at_rest_and_in_no_audit_entry(operator):
    connection = new(operator)
    assert TOKEN not in connection.token
    assert connection.read_token() == TOKEN
    assert TOKEN not in repr(connection.read_token())
    for entry in AuditEntry.objects.all():
        assert TOKEN not in f"{entry.before}{entry.after}{entry.detail}"


def test_a_token_under_a_lost_key_is_said_to_be_unreadable(operator, settings):
    connection = new(operator)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SecretUnreadable):
        connection.read_token()


def test_changing_the_address_or_the_account_needs_the_token_again(operator):
    connection = new(operator)
    for change in ({"url": "https://example-globex.atlassian.net"}, {"email": "b@example.com"}):
        with pytest.raises(ValidationError) as error:
            changes.change(actor=operator, connection=Connection.objects.get(pk=connection.pk), **change)
        assert "token" in error.value.message_dict
    fresh = Connection.objects.get(pk=connection.pk)
    changes.change(actor=operator, connection=fresh, name="Documents")
    assert Connection.objects.get(pk=connection.pk).read_token() == TOKEN


def test_only_administrators_add_connections(alice):
    with pytest.raises(PermissionDenied):
        new(Actor.of(alice))
    assert not Connection.objects.exists()


def test_the_test_of_a_site_says_what_works(operator, site):
    lines = connection_test.check(actor=operator, connection=site)
    assert [line.state for line in lines] == ["works"] * 4
    site.refresh_from_db()
    assert site.checked_at is not None


def test_the_test_names_a_wrong_token(operator, site):
    site.keep_token("wrong")
    site.save()
    lines = connection_test.check(actor=operator, connection=site)
    assert not connection_test.is_usable(lines)
    assert "401" in lines[0].detail or "token" in lines[0].detail.lower()


def test_the_test_names_a_wrong_address_and_what_the_sandbox_has(operator):
    lines = connection_test.check(actor=operator, connection=new(operator, url="https://example-nowhere.atlassian.net"))
    assert [line.state for line in lines] == ["fails"]
    assert "Nothing that answers like Confluence was found at https://example-nowhere" in lines[0].detail
    assert "example-acme.atlassian.net and example-globex.atlassian.net" in lines[0].detail


def test_the_test_tells_a_site_without_classification_from_a_wrong_account(operator, site, sandbox):
    sandbox.set_entitled("example-acme.atlassian.net", False)
    lines = connection_test.check(actor=operator, connection=site)
    assert connection_test.is_usable(lines)
    missing = [line for line in lines if line.state == "missing"]
    assert any("does not offer data classification" in line.detail for line in missing)


@pytest.mark.parametrize("dialect", Connection.Dialect.values)
def test_the_test_says_that_blocked_content_cannot_be_marked_where_only_apps_are_told(operator, site, sandbox, dialect):
    Connection.objects.filter(pk=site.pk).update(dialect=dialect)
    site.refresh_from_db()
    sandbox.set_policies_readable("example-acme.atlassian.net", False)
    lines = connection_test.check(actor=operator, connection=site)
    assert connection_test.is_usable(lines)
    policies = next(line for line in lines if line.what == "Data security policies")
    assert (policies.state, policies.detail) == (
        "missing",
        "The site does not tell this account. Spaces with blocked content cannot be marked.",
    )


def test_the_test_tells_that_drafts_are_out_of_reach(operator, developer_space_as_editor):
    lines = connection_test.check(actor=operator, connection=developer_space_as_editor)
    draft = next(line for line in lines if line.what == "Drafts")
    assert draft.state != "works"


def test_the_test_speaks_of_one_level_in_the_singular(operator, site, sandbox):
    with sandbox.write() as db:
        db.execute("UPDATE levels SET status = 'DRAFT' WHERE id NOT IN (SELECT min(id) FROM levels GROUP BY org_id)")
        db.execute("UPDATE levels SET status = 'PUBLISHED' WHERE id IN (SELECT min(id) FROM levels GROUP BY org_id)")
    lines = connection_test.check(actor=operator, connection=site)
    assert next(line.detail for line in lines if line.what == "Data classification") == "1 level can be applied."


def test_the_test_of_an_organization_says_what_works(operator, organization):
    assert connection_test.is_usable(connection_test.check(actor=operator, connection=organization))


def test_no_answer_is_said_plainly_and_the_token_stays_hidden(operator, site, sandbox, settings):
    token = site.read_token()
    faults.reset_connection(sandbox)
    settings.UPSTREAM_PATIENCE_WEB = 0
    lines = connection_test.check(actor=operator, connection=site)
    assert not connection_test.is_usable(lines)
    basic = base64.b64encode(f"{site.email}:{token}".encode()).decode()
    for line in lines:
        assert token not in line.detail
        assert basic not in line.detail


def test_a_pause_is_shared_with_other_processes_through_the_database(site):
    mine, other = clients.SharedThrottle(site.pk), clients.SharedThrottle(site.pk)
    mine.pause(2_000_000_000.0, "429")
    assert Pause.objects.get(pk=site.pk).until == 2_000_000_000.0
    assert other.paused_until() == 2_000_000_000.0


def test_a_pause_found_by_a_pool_thread_is_written_by_the_thread_that_runs_the_pool(site):
    shared = clients.SharedThrottle(site.pk)
    clients._thread.without_database = True
    try:
        shared.pause(2_000_000_000.0, "429")
        assert not Pause.objects.exists()
    finally:
        clients._thread.without_database = False
    shared.sync()
    assert Pause.objects.get(pk=site.pk).until == 2_000_000_000.0


def test_a_token_that_cannot_be_sent_fails_the_test_with_a_sentence(operator, organization):
    organization.keep_token("tökén")
    organization.save()
    lines = connection_test.check(actor=operator, connection=organization)
    assert [line.state for line in lines] == ["fails"]
    assert "cannot be sent" in lines[0].detail


@pytest.mark.parametrize("background", [False, True])
def test_pages_and_background_work_have_calls_of_their_own(site, settings, background):
    settings.UPSTREAM_PATIENCE_WEB = settings.UPSTREAM_PATIENCE_WORK = 0
    client = clients.confluence(site, background=background)
    limit = client.session.limit
    taken = [limit.take(0) for _ in range(limit.most)]

    with pytest.raises(Limited, match="as many calls in flight as it may"):
        client.levels()
    assert len(clients.confluence(site, background=not background).levels()) == 5
    limit.give_back(taken[0])
    assert len(client.levels()) == 5


def test_background_work_may_have_more_calls_in_flight_than_pages(site):
    assert clients.session(site, background=True).limit.most == 16
    assert clients.session(site).limit.most == 4


def test_a_connection_that_was_changed_is_spoken_for_with_its_new_account(site):
    before = clients.session(site), clients.session(site, background=True)
    site.email = "other@example.com"

    after = clients.session(site), clients.session(site, background=True)

    assert after[0].limit is not before[0].limit
    assert after[1].limit is not before[1].limit
    assert clients.session(site).limit is after[0].limit


def test_a_shorter_pause_of_one_process_does_not_end_the_longer_one_of_another(site):
    mine, other = clients.SharedThrottle(site.pk), clients.SharedThrottle(site.pk)
    other.paused_until()  # it has just looked, so it does not know of what comes now
    mine.pause(2_000_000_060.0, "429")
    other.pause(2_000_000_005.0, "429")
    assert Pause.objects.get(pk=site.pk).until == 2_000_000_060.0
    assert other.paused_until() == 2_000_000_060.0


def test_a_stored_token_goes_nowhere_once_its_host_is_taken_off_the_list(operator, settings):
    settings.UPSTREAM_HOSTS = ["127.0.0.1:8100"]
    connection = new(operator, url="http://127.0.0.1:8100")
    settings.UPSTREAM_HOSTS = []
    clients.forget_sessions()
    with pytest.raises(Misconfigured, match="Nothing was sent"):
        clients.session(connection)


def pauses_cannot_be_kept(execute, sql, *rest):
    if "portal_pause" in sql:
        raise OperationalError("the disk is full")
    return execute(sql, *rest)


def test_a_pause_that_cannot_be_written_holds_in_this_process_and_is_written_later(site, caplog, monkeypatch):
    shared = clients.SharedThrottle(site.pk)
    monkeypatch.setattr(shared, "LOOK_EVERY", 0)
    with databases["default"].execute_wrapper(pauses_cannot_be_kept):
        shared.pause(2_000_000_000.0, "429")
        assert shared.paused_until() == 2_000_000_000.0
    assert "the disk is full" in caplog.text
    assert not Pause.objects.exists()
    assert shared.paused_until() == 2_000_000_000.0
    assert Pause.objects.get(pk=site.pk).until == 2_000_000_000.0


def test_a_table_of_pauses_that_cannot_be_written_is_tried_again_now_and_then_alone(site, monkeypatch):
    shared, tries = clients.SharedThrottle(site.pk), []
    monkeypatch.setattr(shared, "LOOK_EVERY", 1_000_000)

    def counted(execute, sql, *rest):
        tries.append(sql)
        return pauses_cannot_be_kept(execute, sql, *rest)

    with databases["default"].execute_wrapper(counted):
        shared.pause(2_000_000_000.0, "429")
        first = len(tries)
        for _ in range(10):
            shared.paused_until()
    assert len(tries) <= first + 1


@pytest.mark.django_db(transaction=True)
def test_a_pause_of_a_connection_that_was_removed_meanwhile_is_no_error(site):
    shared = clients.SharedThrottle(site.pk)
    changes.remove(actor=Actor.command_line(), connection=Connection.objects.get(pk=site.pk))
    shared.pause(2_000_000_000.0, "429")
    assert shared.paused_until() == 2_000_000_000.0
