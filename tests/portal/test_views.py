"""The portal's pages: they work, they refuse the one without the right, nothing typed is lost."""

import io
import json
import logging
import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.urls import path, reverse

from portal.atlassian.calls import CALLS
from portal.audit.record import record_action
from portal.audit.verify import verify_chain
from portal.connections import changes, connection_test, kept_token
from portal.connections.token_scopes import NOT_USED_YET, token_scopes
from portal.models import AuditEntry, Connection, Grant, OutboxMessage, User
from portal.notifications import outbox
from sandbox import faults
from sandbox.names import ACCOUNTS
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = {
    "kind": "site",
    "name": "Docs",
    "url": "https://example-globex.atlassian.net",
    "email": ACCOUNTS[0].email,
    "token": ACCOUNTS[0].token,
    "dialect": "current",
}


def text_of(response) -> str:
    return response.content.decode()


# --- signing in ---------------------------------------------------------------------------------------------------


def test_a_person_signs_in_with_e_mail_and_password(client, alice):
    response = client.post(reverse("account_login"), {"login": "alice@example.com", "password": PASSWORD})
    assert response.status_code == 302
    assert client.get(reverse("home")).status_code == 200


def test_tries_to_sign_in_are_limited(client, alice):
    for _ in range(5):
        client.post(reverse("account_login"), {"login": "alice@example.com", "password": "wrong"})
    response = client.post(reverse("account_login"), {"login": "alice@example.com", "password": PASSWORD})
    assert response.status_code in (200, 429)
    assert client.get(reverse("home")).status_code == 302


def test_many_other_tries_do_not_make_the_ones_before_forgotten(client, alice):
    cache.set("allauth:rl:a", 5)
    for number in range(400):
        cache.set(f"allauth:rl:b{number}", 1)
    assert cache.get("allauth:rl:a") == 5


def test_nobody_signs_up(client):
    assert "Sign up" not in text_of(client.get(reverse("account_login")))
    response = client.post(
        reverse("account_signup"), {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert not User.objects.exists(), response.status_code


def test_health_answers_a_load_balancer_that_asks_by_address_and_without_tls(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/health/", headers={"Host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert client.get(reverse("home")).status_code == 301


@pytest.mark.django_db(transaction=True)
def test_health_fails_when_the_database_does_not_answer(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE portal_user RENAME TO portal_user_away")
        try:
            response = client.get("/health/")
        finally:
            cursor.execute("ALTER TABLE portal_user_away RENAME TO portal_user")
    assert response.status_code == 503
    assert response.content == b"The database does not answer.\n"


# --- what the log says of refusals --------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch) -> Callable[[], list[str]]:
    """What the server's own log handler has written so far, as lines."""
    handler = next(
        each for each in logging.getLogger().handlers if isinstance(each.formatter, logging.Formatter) and each.filters
    )
    out = io.StringIO()
    monkeypatch.setattr(handler, "stream", out)
    return lambda: out.getvalue().splitlines()


def fail(request):
    raise RuntimeError("a fault of ours")


class Faulty:
    """Addresses of which the only one fails."""

    urlpatterns = [path("", fail)]


def test_a_refusal_is_one_line_of_the_log_and_a_fault_keeps_its_traceback(alice, client_for, said, settings):
    client = client_for(alice)
    for address, headers, words in (
        (reverse("people"), {}, "Forbidden (Permission denied): /people/"),
        ("/no/such/page/", {}, "Not Found: /no/such/page/"),
        ("/", {"Host": "elsewhere.example.com"}, "Invalid HTTP_HOST header"),
    ):
        before = len(said())
        client.get(address, headers=headers)
        assert len(said()) == before + 1
        assert words in said()[-1]
    settings.ROOT_URLCONF = Faulty
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    assert "Traceback (most recent call last):" in said()


# --- addresses that are no pages ----------------------------------------------------------------------------------


def test_an_address_that_only_takes_forms_says_so_when_it_is_opened(alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    response = client_for(alice).get(reverse("connection_check", args=[site.slug]))
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "This address is not a page" in text_of(response)


def test_too_many_tries_are_answered_with_a_page_of_ours(client, alice, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "reset_password": "1/m/ip"}
    settings.EMAIL_CONFIG = {"EMAIL_HOST": "mail.example.com"}
    for _ in range(2):
        response = client.post(reverse("account_reset_password"), {"email": "alice@example.com"})
    assert response.status_code == 429
    assert "Trustdesk" in text_of(response)
    assert "Wait a few minutes" in text_of(response)


# --- a session that ends in the middle of a form ------------------------------------------------------------------


def test_a_lost_session_gives_the_typed_text_back(client, site):
    typed = {"name": "New <name>", "token": "secret-1", "password1": "secret-1", "json:/security/tokenLife": "90 days"}
    response = client.post(reverse("connection_edit", args=[site.slug]), typed)
    assert response.status_code == 401
    assert "New &lt;name&gt;" in text_of(response)
    assert "90 days" in text_of(response)
    assert "secret-1" not in text_of(response)
    site.refresh_from_db()
    assert site.name == "Acme"


@pytest.mark.parametrize(
    ("before", "start_over"),
    [
        ("http://testserver/connections/acme/?tab=1", "/connections/acme/?tab=1"),
        ("https://example.org/connections/acme/", "/"),
        ("http://testserver//example.org/", "/example.org/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_starting_over_leads_to_the_page_with_the_form(before, start_over, client, site):
    response = client.post(reverse("connection_check", args=[site.slug]), headers={"Referer": before})
    assert response.context["start_over"] == start_over
    assert f'href="{start_over}">Start over' in text_of(response)


def test_a_lost_session_is_said_to_htmx_without_touching_the_page(client, site):
    response = client.post(reverse("connection_check", args=[site.slug]), headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Reswap"] == "none"
    assert "What you typed is still here" in response["HX-Trigger"]


def test_a_page_from_before_signing_in_keeps_the_typed_text(alice):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    origin = {"Origin": "http://testserver"}
    response = client.post(reverse("preferences"), {"name": "Alicia"}, headers=origin)
    assert response.status_code == 403
    assert "Alicia" in text_of(response)
    foreign = client.post(reverse("preferences"), {"name": "Mallory"}, headers={"Origin": "https://example.org"})
    assert foreign.status_code == 403
    assert "Mallory" not in text_of(foreign)


# --- connections --------------------------------------------------------------------------------------------------


def test_an_administrator_adds_a_connection_and_sees_what_works(administrator, client_for, sandbox):
    response = client_for(administrator).post(reverse("connection_add"), NEW, follow=True)
    page = text_of(response)
    assert "3 levels can be applied" in page
    assert ACCOUNTS[0].token not in page
    assert Connection.objects.get().read_token() == ACCOUNTS[0].token


def test_who_adds_a_connection_takes_roles_on_it_on_record(administrator, client_for, sandbox):
    roles = {"roles_site": ["classifier", "classification_manager"], "roles_marketplace": ["publisher"]}
    response = client_for(administrator).post(reverse("connection_add"), NEW | roles, follow=True)
    added = Connection.objects.get()
    assert response.redirect_chain[-1][0] == added.get_absolute_url()
    held = administrator.grants.filter(connection=added).values_list("role", flat=True)
    assert set(held) == {"classifier", "classification_manager"}
    recorded = AuditEntry.objects.filter(action="grant.added", connection=added)
    assert [entry.actor_label for entry in recorded] == [administrator.email] * 2


def test_the_form_of_a_connection_says_where_a_token_is_made_and_which_scopes_it_needs(administrator, client_for):
    page = client_for(administrator).get(reverse("connection_add")).text
    of_site, of_organization, of_developer_space = page.split("data-token-of=")[1:]
    reading, changing = of_site.split("To change levels as well")
    assert "id.atlassian.com" in reading
    assert "<code>read:page:confluence</code>" in reading
    assert "write:" not in reading
    assert "<code>write:page:confluence</code>" in changing
    assert "<code>manage:jira-project</code>" in changing
    assert "admin.atlassian.com" in of_organization
    assert "<code>read:events:admin</code>" in of_organization
    assert "Scopes" not in of_developer_space.split("</div>")[0]


def test_the_scope_of_every_call_is_asked_for_or_known_to_be_unused():
    scopes = {scope for call in CALLS.values() for scope in call.scope.split()}
    asked = {scope for kind in Connection.Kind for part in token_scopes(kind) for scope in part}
    assert asked | NOT_USED_YET == scopes
    assert not asked & NOT_USED_YET


def test_the_form_of_a_connection_asks_which_roles_one_takes(administrator, client_for):
    page = text_of(client_for(administrator).get(reverse("connection_add")))
    assert 'name="roles_site" value="classifier"' in page
    assert 'name="roles_marketplace" value=' in page
    assert 'value="viewer"' not in page, "administrators see every connection anyway"


def test_a_connection_whose_test_failed_is_not_announced_in_green(administrator, client_for, sandbox):
    response = client_for(administrator).post(reverse("connection_add"), NEW | {"token": "wrong"}, follow=True)
    told = list(response.context["messages"])
    assert [message.level_tag for message in told] == ["error"]
    assert "is added, but its test failed." in str(told[0])
    response = client_for(administrator).post(
        reverse("connection_check", args=[Connection.objects.get().slug]), follow=True
    )
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


def test_home_and_the_list_say_of_each_connection_how_its_test_ended_and_when(
    administrator, client_for, operator, sandbox
):
    client = client_for(administrator)
    facts = {"kind": "site", "url": NEW["url"], "email": NEW["email"]}
    changes.add(actor=operator, name="Never", token="x", **facts)
    fails = changes.add(actor=operator, name="Fails", token="wrong", **facts)
    works = changes.add(actor=operator, name="Works", token=NEW["token"], **facts)
    for each in (fails, works):
        connection_test.check(actor=operator, connection=each)
        each.refresh_from_db()
    for address in ("home", "connections"):
        page = text_of(client.get(reverse(address)))
        assert page.count("Never tested") == 1
        assert page.count("Failed") == 1
        assert page.count("status-success") + page.count("Works in part") >= 1
        assert works.checked_at.strftime("%Y-%m-%d") in page
    assert fails.failure in text_of(client.get(reverse("home")))


def test_an_administrator_without_a_role_is_led_to_where_they_take_it(administrator, client_for, site):
    client = client_for(administrator)
    address = f"{site.get_absolute_url()}?role=classifier"
    page = text_of(client.get(address))
    checked = re.findall(r'name="(\w+)" value="(\w+)"[^>]* checked', page)
    assert checked == [("roles", "classifier"), ("people", str(administrator.pk))]


def test_a_wrong_address_keeps_the_typed_text_and_shows_no_token(administrator, client_for):
    response = client_for(administrator).post(reverse("connection_add"), NEW | {"url": "https://example.com"})
    assert response.status_code == 422
    assert "Only https addresses" in text_of(response)
    assert 'value="Docs"' in text_of(response)
    assert ACCOUNTS[0].token not in text_of(response)
    assert not Connection.objects.exists()


def test_a_token_is_kept_for_the_next_try_and_stands_on_no_page(administrator, client_for, sandbox):
    client, url, token = client_for(administrator), reverse("connection_add"), ACCOUNTS[0].token
    page = text_of(client.post(url, NEW | {"url": "https://example.com"}))
    assert "The token that you typed is kept, encrypted." in page
    assert "read:page:confluence" in page, "what it needs stays in sight"
    assert token not in page
    assert token not in json.dumps(client.session.load())
    page = text_of(client.post(url, NEW | {"name": "", "token": ""}))
    assert "The token that you typed is kept, encrypted." in page

    client.post(url, NEW | {"token": ""})
    assert Connection.objects.get().read_token() == token
    assert kept_token.KEY not in client.session


def test_the_token_of_the_last_try_is_not_used_by_a_page_that_was_opened_anew(administrator, client_for, site):
    client, url = client_for(administrator), reverse("connection_add")
    client.post(url, NEW | {"name": ""})
    other = client.post(reverse("connection_edit", args=[site.slug]), {"name": "", "token": ""})
    assert "is kept, encrypted" not in text_of(other)
    client.get(url)
    response = client.post(url, NEW | {"token": ""})
    assert response.status_code == 422
    assert not Connection.objects.filter(name=NEW["name"]).exists()


def test_a_token_of_an_old_try_is_not_used(administrator, client_for):
    client, url = client_for(administrator), reverse("connection_add")
    client.post(url, NEW | {"name": ""})
    session = client.session
    form, until, stored = session[kept_token.KEY]
    session[kept_token.KEY] = [form, until - kept_token.SECONDS - 1, stored]
    session.save()
    assert client.post(url, NEW | {"token": ""}).status_code == 422
    assert not Connection.objects.exists()


def test_a_token_that_was_typed_beside_an_error_is_saved_with_the_next_try(alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    client, url = client_for(alice), reverse("connection_edit", args=[site.slug])
    facts = {"name": site.name, "url": site.url, "email": site.email, "dialect": site.dialect}
    client.post(url, facts | {"name": "", "token": "made-up-token"})
    client.post(url, facts | {"token": ""})
    site.refresh_from_db()
    assert site.read_token() == "made-up-token"


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("site", ["name", "url", "token"]),
        ("organization", ["name", "token", "org_id"]),
        ("marketplace", ["name", "email", "token", "developer_id"]),
    ],
)
def test_an_empty_connection_form_names_all_that_is_missing_and_goes_to_the_first(
    administrator, client_for, kind, missing
):
    response = client_for(administrator).post(reverse("connection_add"), {"kind": kind, "dialect": "current"})
    assert response.status_code == 422
    form = response.context["form"]
    assert [name for name in form.fields if name in form.errors] == missing
    assert [name for name in form.fields if "autofocus" in str(form[name])] == missing[:1]
    assert not Connection.objects.exists()


def test_only_administrators_add_connections(alice, client_for):
    assert client_for(alice).post(reverse("connection_add"), NEW).status_code == 403
    assert not Connection.objects.exists()


def test_a_connection_is_added_even_when_atlassian_does_not_answer(administrator, client_for, sandbox, settings):
    settings.UPSTREAM_PATIENCE_WEB = 0
    faults.html_answer(sandbox)
    response = client_for(administrator).post(reverse("connection_add"), NEW, follow=True)
    assert response.status_code == 200
    assert "Fails" in text_of(response)
    assert Connection.objects.count() == 1


def test_what_was_typed_for_another_kind_of_connection_is_left_out(administrator, client_for, sandbox):
    typed = {"kind": "organization", "url": "", "org_id": "org-1", "email": "a@example.com", "developer_id": "dev-1"}
    client_for(administrator).post(reverse("connection_add"), NEW | typed)
    added = Connection.objects.get()
    assert (added.org_id, added.email, added.developer_id) == ("org-1", "", "")


def test_a_connection_admin_changes_a_connection(alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    client_for(alice).post(
        reverse("connection_edit", args=[site.slug]),
        {"name": "Acme docs", "url": site.url, "email": site.email, "dialect": "current"},
    )
    site.refresh_from_db()
    assert site.name == "Acme docs"
    assert AuditEntry.objects.filter(action="connection.changed", before={"name": "Acme"}).exists()


@pytest.mark.parametrize(
    "page", ["connection_edit", "connection_check", "connection_remove", "roles_add", "roles_remove"]
)
def test_changing_a_connection_needs_the_right_on_that_connection(
    page, alice, bob, grant, client_for, site, organization
):
    grant(alice, site, "viewer")
    grant(alice, organization, "connection_admin")
    response = client_for(alice).post(reverse(page, args=[site.slug]), {"name": site.name})
    assert response.status_code == 403
    assert "connection admin of “Acme”" in text_of(response)
    assert client_for(bob).post(reverse(page, args=[site.slug]), {"name": site.name}).status_code == 404
    assert Connection.objects.filter(pk=site.pk).exists()


def test_removing_a_connection_asks_for_its_name(alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    client = client_for(alice)
    client.post(reverse("connection_remove", args=[site.slug]), {"name": "acme"})
    assert Connection.objects.filter(pk=site.pk).exists()
    client.post(reverse("connection_remove", args=[site.slug]), {"name": "Acme"})
    assert not Connection.objects.filter(pk=site.pk).exists()
    assert AuditEntry.objects.filter(action="connection.removed", connection_name="Acme").exists()
    assert verify_chain().ok


def test_testing_a_connection_swaps_the_result_in_place(alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    response = client_for(alice, htmx=True).post(reverse("connection_check", args=[site.slug]))
    assert text_of(response).lstrip().startswith("<section")
    assert "Works" in text_of(response)


@pytest.mark.parametrize("page", ["home", "connections"])
def test_without_a_connection_an_administrator_is_led_to_the_first_and_others_to_somebody_who_can_help(
    page, administrator, alice, client_for
):
    assert "No connections yet" in text_of(client_for(administrator).get(reverse(page)))
    assert "Nothing is shared with you yet" in text_of(client_for(alice).get(reverse(page)))


# --- rights -------------------------------------------------------------------------------------------------------


def test_several_roles_are_added_for_several_people_and_removed_together(alice, bob, charlie, grant, client_for, site):
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    Group.objects.create(name="Security")
    client, security = client_for(alice), Group.objects.get().pk
    chosen = {"roles": ["viewer", "classifier"], "people": [bob.pk, charlie.pk], "groups": [security]}

    page = text_of(client.post(reverse("roles_add", args=[site.slug]), chosen, follow=True))

    assert "Viewer and Classifier for charlie@example.com" in page
    assert "Viewer and Classifier for group Security" in page
    assert "Already there: Viewer for bob@example.com." in page
    added = AuditEntry.objects.filter(action="grant.added", actor_label=alice.email)
    assert sorted(entry.target_label for entry in added) == [
        "Classifier for bob@example.com",
        "Classifier for charlie@example.com",
        "Classifier for group Security",
        "Viewer for charlie@example.com",
        "Viewer for group Security",
    ]
    assert client_for(charlie).get(reverse("connection", args=[site.slug])).status_code == 200

    of_people = Grant.objects.filter(user__in=[bob, charlie])
    page = client.post(
        reverse("roles_remove", args=[site.slug]), {"grant": list(of_people.values_list("pk", flat=True))}, follow=True
    )
    assert "Classifier and Viewer for bob@example.com" in text_of(page)
    assert not of_people.exists()
    assert Grant.objects.filter(group=security).count() == 2
    assert AuditEntry.objects.filter(action="grant.removed").count() == 4
    assert client_for(charlie).get(reverse("connection", args=[site.slug])).status_code == 404


def test_the_button_beside_a_role_removes_that_one_whatever_is_checked(alice, bob, grant, client_for, site):
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    grant(bob, site, "classifier")
    viewer, classifier = (Grant.objects.get(user=bob, role=role).pk for role in ("viewer", "classifier"))
    client_for(alice).post(reverse("roles_remove", args=[site.slug]), {"grant": [classifier], "only": viewer})
    assert list(bob.grants.values_list("role", flat=True)) == ["classifier"]


@pytest.mark.parametrize("sent", [{}, {"grant": ["x", "-1", "9" * 30]}])
def test_removing_nothing_says_so(sent, alice, grant, client_for, site):
    grant(alice, site, "connection_admin")
    page = client_for(alice).post(reverse("roles_remove", args=[site.slug]), sent, follow=True)
    assert "Nothing was removed: no role was checked." in text_of(page)


def test_adding_what_is_there_says_so_and_leaves_no_trace(alice, bob, grant, client_for, site):
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    url = reverse("roles_add", args=[site.slug])
    page = client_for(alice).post(url, {"roles": ["viewer"], "people": [bob.pk]}, follow=True)
    assert "Nothing was added. Already there: Viewer for bob@example.com." in text_of(page)
    assert not AuditEntry.objects.filter(action="grant.added", actor_label=alice.email).exists()


def test_people_are_listed_to_who_may_manage_the_connection_alone(alice, bob, charlie, grant, client_for, site):
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    url = reverse("connection", args=[site.slug])
    assert "charlie@example.com" in text_of(client_for(alice).get(url))
    assert "charlie@example.com" not in text_of(client_for(bob).get(url))


def test_a_role_of_a_group_counts_for_its_members(bob, client_for, site):
    group = Group.objects.create(name="Security")
    bob.groups.add(group)
    Grant.objects.create(connection=site, group=group, role="viewer")
    assert client_for(bob).get(reverse("connection", args=[site.slug])).status_code == 200


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"roles": ["viewer"]}, "Choose at least one person or group."),
        ({"people": "alice"}, "Choose at least one role."),
        ({"roles": ["publisher"], "people": "alice"}, "not one of the available choices"),
        ({"roles": ["viewer"], "people": "charlie"}, "removed or deactivated"),
        ({"roles": ["viewer"], "people": "nobody"}, "removed or deactivated"),
    ],
)
def test_roles_that_cannot_be_added_are_explained(values, words, alice, charlie, grant, client_for, site):
    grant(alice, site, "connection_admin")
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    ids = {"alice": alice.pk, "charlie": charlie.pk, "nobody": 10**9}
    values = values | ({"people": [ids[values["people"]]]} if "people" in values else {})
    response = client_for(alice).post(reverse("roles_add", args=[site.slug]), values)
    assert response.status_code == 422
    assert words in text_of(response)
    assert Grant.objects.count() == 1


def test_a_grant_of_another_connection_cannot_be_taken_through_ones_own(
    alice, bob, grant, client_for, site, organization
):
    grant(alice, site, "connection_admin")
    grant(bob, organization, "viewer")
    foreign = Grant.objects.get(user=bob)
    client_for(alice).post(reverse("roles_remove", args=[site.slug]), {"grant": foreign.pk})
    assert Grant.objects.filter(pk=foreign.pk).exists()


def test_a_role_that_somebody_took_away_meanwhile_is_said_to_be_gone(alice, bob, grant, client_for, site):
    grant(alice, site, "connection_admin")
    grant(bob, site, "viewer")
    url, sent = reverse("roles_remove", args=[site.slug]), {"grant": Grant.objects.get(user=bob).pk}
    browser = client_for(alice)
    browser.post(url, sent)
    again = browser.post(url, sent, follow=True)
    assert again.status_code == 200
    assert "these roles were removed already" in again.content.decode()


# --- people -------------------------------------------------------------------------------------------------------


def test_an_administrator_adds_a_person_who_then_chooses_a_password(administrator, client_for, client):
    response = client_for(administrator).post(
        reverse("people"), {"email": "charlie@example.com", "name": "Charlie"}, follow=True
    )
    choose_password(client, response.context["link"])
    assert User.objects.get(email="charlie@example.com").check_password("a long new passphrase")


def choose_password(client, link: str):
    page = client.get(link, follow=True)
    assert page.status_code == 200
    chosen = {"password1": "a long new passphrase", "password2": "a long new passphrase"}
    return client.post(page.redirect_chain[-1][0] if page.redirect_chain else link, chosen)


def test_an_administrator_makes_a_link_for_a_forgotten_password_on_record(administrator, bob, client_for, client):
    desk = client_for(administrator)
    page = desk.post(reverse("person_password", args=[bob.pk]), follow=True)
    link = page.context["link"]
    assert link in text_of(page)
    assert link not in text_of(desk.get(reverse("person", args=[bob.pk]))), "it is shown once"
    assert AuditEntry.objects.get(action="person.password_link").target_label == "bob@example.com"
    choose_password(client, link)
    bob.refresh_from_db()
    assert bob.check_password("a long new passphrase")


def test_a_password_link_is_made_neither_for_oneself_nor_for_somebody_who_may_not_sign_in(
    administrator, bob, client_for
):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for user in (administrator, bob):
        page = client_for(administrator).post(reverse("person_password", args=[user.pk]), follow=True)
        assert page.context["link"] == ""
        assert "Nothing was changed" in text_of(page)
    assert not AuditEntry.objects.exists()


def test_without_a_mail_server_a_forgotten_password_is_for_an_administrator(alice, client, settings, mailoutbox):
    assert settings.EMAIL_CONFIG == {}
    response = client.post(reverse("account_reset_password"), {"email": "alice@example.com"})
    assert "Ask an administrator" in text_of(response)
    assert mailoutbox == []


def test_with_a_mail_server_a_forgotten_password_is_answered_by_mail_to_people_alone(
    alice, client, settings, mailoutbox
):
    settings.EMAIL_CONFIG = {"EMAIL_HOST": "mail.example.com"}
    for email in ("alice@example.com", "nobody@example.com"):
        response = client.post(reverse("account_reset_password"), {"email": email})
        assert response.url == reverse("account_reset_password_done")
    assert mailoutbox == []
    for message in OutboxMessage.objects.all():
        outbox.deliver.call(message.pk)
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]


def test_the_second_address_of_somebody_cannot_be_that_of_a_new_person(administrator, bob, client_for):
    EmailAddress.objects.create(user=bob, email="robert@example.com", verified=True)
    response = client_for(administrator).post(reverse("people"), {"email": "robert@example.com"})
    assert response.status_code == 422
    assert "already" in text_of(response)


def test_people_are_managed_by_administrators_alone(alice, bob, client_for):
    client = client_for(alice)
    assert client.get(reverse("people")).status_code == 403
    assert client.post(reverse("person", args=[bob.pk]), {"is_superuser": "on"}).status_code == 403
    assert not User.objects.filter(is_superuser=True).exists()


def test_an_administrator_cannot_lock_themselves_out(administrator, client_for):
    response = client_for(administrator).post(reverse("person", args=[administrator.pk]), {"name": "A"})
    assert response.status_code == 422
    administrator.refresh_from_db()
    assert administrator.is_superuser
    assert administrator.is_active


def test_someone_who_may_not_sign_in_any_more_is_out_at_once(administrator, alice, client_for):
    client = client_for(alice)
    assert client.get(reverse("home")).status_code == 200
    client_for(administrator).post(reverse("person", args=[alice.pk]), {"name": "Alice"})
    assert client.get(reverse("home")).status_code == 302


def test_preferences_change_the_time_zone_of_the_pages(alice, site, grant, client_for, operator):
    grant(alice, site, "viewer")
    entry = record_action(actor=operator, action="connection.checked", connection=site)
    client = client_for(alice)
    client.post(reverse("preferences"), {"name": "Alice", "time_zone": "Pacific/Kiritimati"})
    assert "+14:00" in text_of(client.get(reverse("activity")))
    assert entry.at.utcoffset().total_seconds() == 0


@pytest.mark.parametrize("page", ["preferences", "account_change_password", "mfa_index", "sessions", "account_logout"])
def test_the_pages_of_ones_own_account_have_the_same_tabs(page, alice, client_for):
    tabs = re.findall(r'class="tab" href="([^"]+)"', text_of(client_for(alice).get(reverse(page))))
    assert tabs == [reverse(name) for name in ("preferences", "account_change_password", "mfa_index", "sessions")]


# --- activity -----------------------------------------------------------------------------------------------------


def test_the_activity_is_filtered_and_old_links_still_open(alice, site, grant, client_for, operator):
    grant(alice, site, "viewer")
    record_action(actor=operator, action="connection.checked", connection=site, target_label="Handbook", reason="Audit")
    record_action(actor=operator, action="connection.changed", connection=site, target_label="Roadmap")
    client = client_for(alice)
    page = text_of(client.get(reverse("activity"), {"q": "Handbook", "connection": "no-such", "page": "99"}))
    assert "Handbook" in page
    assert "Roadmap" not in page


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson")])
def test_the_activity_is_exported_with_formulas_disarmed(form, kind, alice, site, grant, client_for, operator):
    grant(alice, site, "viewer")
    record_action(actor=operator, action="connection.checked", connection=site, target_label="=1+1")
    response = client_for(alice).get(reverse("activity_export"), {"format": form})
    body = b"".join(response.streaming_content).decode()
    assert response["Content-Type"].startswith(kind)
    assert ("'=1+1" if form == "csv" else '"=1+1"') in body


def test_nothing_of_other_connections_is_shown(alice, client_for, site, operator):
    record_action(actor=operator, action="connection.checked", connection=site, target_label="Hidden thing")
    client = client_for(alice)
    for page in ("home", "connections", "activity"):
        assert "Acme" not in text_of(client.get(reverse(page)))
        assert "Hidden thing" not in text_of(client.get(reverse(page)))


def test_the_activity_shows_what_changed_in_names_and_each_finished_step_once(alice, site, grant, client_for, operator):
    grant(alice, site, "viewer")
    facts = {
        "connection": site,
        "target_id": "7",
        "target_label": "Handbook",
        "before": {"level": "Internal", "level_id": "ari:1", "status": "current"},
        "after": {"level": "Public", "level_id": "ari:2", "status": "current"},
    }
    for outcome in ("started", "done"):
        record_action(actor=operator, action="item.level.set", outcome=outcome, **facts)
    record_action(actor=operator, action="item.level.reset", outcome="started", **facts)
    page = text_of(client_for(alice).get(reverse("activity")))
    assert page.count("Set the level</td>") == 1
    assert page.count("Reset the level to the space default</td>") == 1, "an attempt without an outcome stays in sight"
    assert "ari:1" not in page
    assert "current" not in page.split("<tbody>")[1]
    unfinished = text_of(client_for(alice).get(reverse("activity"), {"outcome": "started"}))
    assert unfinished.count("Reset the level to the space default</td>") == 1
    assert "Set the level</td>" not in unfinished


def test_no_page_is_kept_by_a_browser(client, client_for, alice):
    for response in (client.get(reverse("account_login")), client_for(alice).get(reverse("home"))):
        assert "no-store" in response.headers["Cache-Control"]


def test_an_administrator_enters_the_atlassian_account_of_a_person_which_nobody_else_can_have(
    administrator, alice, bob, client_for
):
    client = client_for(administrator)
    given = {"name": "Alice", "is_active": "on", "atlassian_account_id": "5b10ac8d82e05b22cc7d4ef5"}

    client.post(reverse("person", args=[alice.pk]), given)
    response = client.post(reverse("person", args=[bob.pk]), given)

    assert User.objects.get(atlassian_account_id=given["atlassian_account_id"]) == alice
    assert response.status_code == 422
    assert "Another person has this account ID already." in text_of(response)


# --- HEAD, and what the strip of the sandbox says -------------------------------------------------------------------


def test_a_head_request_is_answered_like_a_page_and_is_no_warning(administrator, client_for, said, site):
    client = client_for(administrator)
    for address in ("home", "connections", "connection_add", "activity", "people", "preferences", "account_login"):
        response = client.head(reverse(address))
        assert response.status_code == client.get(reverse(address)).status_code, address
        assert response.content == b""
    assert client.head(reverse("connection_check", args=[site.slug])).status_code == 405
    assert [line for line in said() if "HEAD" in line and "check" not in line] == []


STRIP = "nothing here reaches Atlassian"


def test_the_strip_says_that_nothing_reaches_atlassian_only_while_that_is_so(
    alice, client_for, client, operator, settings, site, grant
):
    home = reverse("home")
    assert STRIP in text_of(client_for(alice).get(home))
    assert STRIP in text_of(client.get(reverse("account_login")))
    settings.UPSTREAM_HOSTS = ["trust.example.com:8443"]
    assert STRIP in text_of(client_for(alice).get(home)), "a host that is allowed is not yet one that is called"
    changes.add(
        actor=operator, name="Real", kind="site", url="https://trust.example.com:8443", email="a@example.com", token="x"
    )
    page = text_of(client_for(alice).get(home))
    assert STRIP not in page
    assert "trust.example.com" not in page, "Alice may not see this connection"
    assert "Some connections call real ones." in page
    grant(alice, Connection.objects.get(name="Real"), "viewer")
    assert "These addresses are real: trust.example.com:8443." in text_of(client_for(alice).get(home))
    signed_out = text_of(client.get(reverse("account_login")))
    assert STRIP not in signed_out
    assert "trust.example.com" not in signed_out
    settings.UPSTREAM_HOSTS = []
    assert STRIP in text_of(client_for(alice).get(home)), "an address that is not allowed any more is not called"
