"""Sessions: their list, signing out elsewhere and everywhere, how they end, the second factor that is required."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.management.commands.worker import prune
from portal.models import AuditEntry, User
from portal.people import sessions
from tests.conftest import PASSWORD
from tests.portal.test_sign_in import ALICE, NEW, is_in, recorded, sign_in_as

pytestmark = pytest.mark.django_db
PAGE = "sessions"


def list_of(client: Client) -> list[dict]:
    response = client.get(reverse(PAGE))
    assert response.status_code == 200
    return response.context["sessions"]


def set_in_session(client: Client, **values) -> None:
    session = client.session
    session.update(values)
    session.save()


# --- the list -----------------------------------------------------------------------------------------------------


def test_the_page_lists_where_one_is_signed_in_this_session_first(alice, bob):
    sign_in_as(ALICE, address="10.0.0.2")
    sign_in_as("bob@example.com")
    client = sign_in_as(ALICE)
    rows = list_of(client)
    assert [(row["device"], row["session"].ip, row["is_current"]) for row in rows] == [
        ("Firefox on Linux", "10.0.0.1", True),
        ("Firefox on Linux", "10.0.0.2", False),
    ]
    page = client.get(reverse(PAGE)).content.decode()
    assert "Last active" in page
    assert "Sign out everywhere" in page


def test_signing_out_elsewhere_keeps_this_session_and_those_of_others(alice, bob):
    other, of_bob, client = sign_in_as(ALICE), sign_in_as("bob@example.com"), sign_in_as(ALICE)
    page = client.post(reverse(PAGE), {"scope": "others"}, follow=True)
    assert "Signed out 1 other session." in page.content.decode()
    assert (is_in(client), is_in(other), is_in(of_bob)) == (True, False, True)
    assert recorded()[-1] == ("sign_out.others", ALICE, ALICE, "done")
    assert AuditEntry.objects.first().detail.startswith("1 session · ")


def test_signing_out_everywhere_ends_this_session_too(alice):
    other, client = sign_in_as(ALICE), sign_in_as(ALICE)
    assert client.post(reverse(PAGE), {"scope": "everywhere"}).url == reverse("account_login")
    assert (is_in(client), is_in(other)) == (False, False)
    assert not Session.objects.filter(session_key__in=UserSession.objects.values("session_key")).exists()
    assert [action for action, *_ in recorded()][-2:] == ["sign_out.others", "sign_out"]


def test_nobody_lists_or_ends_sessions_without_signing_in(alice):
    client = sign_in_as(ALICE)
    stranger = Client()
    assert stranger.get(reverse(PAGE)).status_code == 302
    assert stranger.post(reverse(PAGE), {"scope": "everywhere"}).status_code == 401
    assert is_in(client)


def test_a_session_that_a_new_password_ended_is_not_listed(alice):
    sign_in_as(ALICE)
    client = sign_in_as(ALICE)
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert len(list_of(client)) == 1


def test_a_session_from_before_there_was_a_list_comes_onto_it(alice, client_for):
    client = client_for(alice)
    session = client.session
    for name in (sessions.BEGAN, sessions.USED):
        del session[name]
    session.save()
    client.get(reverse("preferences"))
    assert UserSession.objects.get().user == alice
    assert {sessions.BEGAN, sessions.USED} <= set(client.session.keys())


def test_sessions_that_are_gone_are_forgotten(alice):
    client = sign_in_as(ALICE)
    sign_in_as(ALICE)
    Session.objects.exclude(session_key=client.session.session_key).delete()
    prune()
    assert UserSession.objects.count() == 1


# --- its ends -----------------------------------------------------------------------------------------------------


def test_an_idle_session_ends_and_a_used_one_does_not(alice, settings):
    settings.SESSION_IDLE_MINUTES = 30
    client, other = sign_in_as(ALICE), sign_in_as(ALICE)
    set_in_session(client, **{sessions.USED: time.time() - 29 * 60})
    set_in_session(other, **{sessions.USED: time.time() - 31 * 60})
    assert (is_in(client), is_in(other)) == (True, False)
    assert time.time() - client.session[sessions.USED] < 29 * 60, "its use was noted"
    assert AuditEntry.objects.first().detail == "Not used for 30 minutes · Firefox on Linux, 10.0.0.1"


def test_without_an_idle_time_a_session_ends_after_its_hours_though_it_is_used(alice, settings):
    settings.SESSION_IDLE_MINUTES = 0
    client = sign_in_as(ALICE)
    long_ago = time.time() - settings.SESSION_COOKIE_AGE
    set_in_session(client, **{sessions.USED: long_ago, sessions.BEGAN: long_ago + 600})
    assert is_in(client)
    set_in_session(client, **{sessions.BEGAN: long_ago})
    assert not is_in(client)


def test_an_idle_session_is_not_listed_and_ended(alice, settings):
    other, client = sign_in_as(ALICE), sign_in_as(ALICE)
    old = timezone.now() - timedelta(minutes=settings.SESSION_IDLE_MINUTES + 1)
    UserSession.objects.filter(session_key=other.session.session_key).update(last_seen_at=old)
    assert len(list_of(client)) == 1
    assert not is_in(other)


def test_a_form_of_an_idle_session_gives_the_typed_text_back(alice, settings):
    client = sign_in_as(ALICE)
    set_in_session(client, **{sessions.USED: 0})
    response = client.post(reverse("preferences"), {"name": "A long name", "time_zone": ""})
    assert response.status_code == 401
    assert "A long name" in response.content.decode()
    assert User.objects.get(email=ALICE).name == "Alice"


def test_a_page_costs_no_write_while_its_use_was_noted_just_before(alice):
    client = sign_in_as(ALICE)
    client.get(reverse("preferences"))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("preferences"))
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


# --- the second factor that is required ---------------------------------------------------------------------------


@pytest.fixture
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True
    settings.MFA_TOTP_TOLERANCE = 2


def test_without_a_second_factor_one_is_led_to_set_it_up_and_can_do_nothing_else(alice, required):
    client = sign_in_as(ALICE)
    for name in ("home", "preferences", "connections", "activity", "sessions", "account_change_password"):
        assert client.get(reverse(name)).url == reverse("mfa_activate_totp"), name
    refused = client.post(reverse("preferences"), {"name": "New", "time_zone": ""})
    assert refused.status_code == 403
    assert "Set up two-factor authentication first" in refused.content.decode()
    assert User.objects.get(email=ALICE).name == "Alice"
    htmx = client.get(reverse("home"), headers={"HX-Request": "true"})
    assert htmx.status_code == 403
    client.post(reverse("account_logout"))
    assert not is_in(client)


def test_once_it_is_set_up_everything_is_open(alice, required):
    client = sign_in_as(ALICE)
    form = client.get(reverse("home"), follow=True)
    assert "This Trustdesk requires it" in form.content.decode()
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))
    counter = next(totp.yield_hotp_counters_from_time())
    code = totp.format_hotp_value(totp.hotp_value(client.session["mfa.totp.secret"], counter))
    client.post(reverse("mfa_activate_totp"), {"code": code})
    assert client.get(reverse("home")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert client.get(reverse("home")).status_code == 302


def test_where_it_is_not_required_nobody_is_led_anywhere(alice):
    assert sign_in_as(ALICE).get(reverse("home")).status_code == 200
