"""Signing in leaves a record without secrets, and failed tries slow down who fails, not whom they try to be."""

import json
import logging
import threading
from datetime import timedelta

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit.verify import verify_chain
from portal.models import AuditEntry, SignInFailure
from portal.people import sign_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "account_login"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SECRET = "JBSWY3DPEHPK3PXP"
WRONG = "a wrong passphrase"
NEW = "a much better passphrase"


def browser(address: str = "10.0.0.1") -> Client:
    return Client(REMOTE_ADDR=address, headers={"User-Agent": FIREFOX})


def sign_in_as(email: str, password: str = PASSWORD, address: str = "10.0.0.1") -> Client:
    client = browser(address)
    client.post(reverse(LOGIN), {"login": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def recorded() -> list[tuple[str, str, str, str]]:
    """Action, who, whom, outcome; oldest first."""
    entries = AuditEntry.objects.order_by("sequence")
    return [(entry.action, entry.actor_label, entry.target_label, entry.outcome) for entry in entries]


ALICE = "alice@example.com"


# --- the record ---------------------------------------------------------------------------------------------------


def test_signing_in_and_out_is_on_record_with_device_and_address(alice, caplog):
    with caplog.at_level(logging.INFO, "trustdesk.sign_in"):
        client = sign_in_as(ALICE)
        client.post(reverse("account_logout"))
    assert recorded() == [("sign_in", ALICE, ALICE, "done"), ("sign_out", ALICE, ALICE, "done")]
    assert {entry.detail for entry in AuditEntry.objects.all()} == {"Firefox on Linux, 10.0.0.1"}
    assert f"sign_in: {ALICE}, Firefox on Linux, 10.0.0.1" in caplog.text


def test_a_failed_try_is_on_record_without_what_was_typed(alice, caplog):
    for typed in (ALICE, "my-secret@passphrase.example"):
        sign_in_as(typed, WRONG)
    assert recorded() == [
        ("sign_in.failed", "Not signed in", ALICE, "refused"),
        ("sign_in.failed", "Not signed in", "unknown address", "refused"),
    ]
    kept = json.dumps([*AuditEntry.objects.values(), *SignInFailure.objects.values()], default=str) + caplog.text
    assert WRONG not in kept
    assert "my-secret" not in kept
    assert "sign_in.failed: alice@example.com" in caplog.text


def test_changes_of_the_password_are_on_record_without_it(alice):
    client = sign_in_as(ALICE)
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert recorded()[1:] == [("password.changed", ALICE, ALICE, "done")]
    assert NEW not in json.dumps(list(AuditEntry.objects.values()), default=str)


def test_a_password_chosen_by_a_link_is_on_record(administrator, alice, client_for):
    link = client_for(administrator).post(reverse("person_password", args=[alice.pk]), follow=True).context["link"]
    client = browser()
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert ("password.reset", ALICE, ALICE, "done") in recorded()


@pytest.mark.django_db(transaction=True)
def test_second_factors_are_on_record(alice, settings):
    client = sign_in_as(ALICE)
    settings.MFA_TOTP_TOLERANCE = 2
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    client.post(reverse("mfa_activate_totp"), {"code": code})
    client.post(reverse("mfa_generate_recovery_codes"))
    client.post(reverse("mfa_deactivate_totp"))
    actions = [action for action, *_ in recorded()]
    assert actions.count("second_factor.added") == 2
    assert "second_factor.reset" in actions
    assert actions.count("second_factor.removed") == 2
    assert secret not in json.dumps(list(AuditEntry.objects.values()), default=str)


def test_a_wrong_code_and_a_used_recovery_code_are_on_record(alice):
    totp.TOTP.activate(alice, SECRET)
    codes = RecoveryCodes.activate(alice).generate_codes()
    client = sign_in_as(ALICE)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert recorded() == [
        ("sign_in.wrong_code", "Not signed in", ALICE, "refused"),
        ("second_factor.recovery_code_used", ALICE, ALICE, "done"),
        ("sign_in", ALICE, ALICE, "done"),
    ]
    assert codes[0] not in json.dumps(list(AuditEntry.objects.values()), default=str)
    assert Authenticator.objects.count() == 2


def test_only_administrators_read_who_signed_in(alice, administrator, client_for):
    sign_in_as(ALICE)
    assert "Firefox on Linux" in client_for(administrator).get(reverse("activity")).content.decode()
    assert "Firefox on Linux" not in client_for(alice).get(reverse("activity")).content.decode()
    assert verify_chain().ok


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 (KHTML) Chrome/130.0 Safari/537 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/130.0 Mobile Safari/537", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 HeadlessChrome/130.0 Safari/537", "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/130.0 Safari/604.1", "Chrome on iPhone"),
        ("curl/8.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_device_is_said_in_words(agent, words):
    assert sign_in.device(agent) == words


# --- the limit ----------------------------------------------------------------------------------------------------


def test_who_fails_too_often_for_an_account_waits_and_the_owner_gets_in_from_elsewhere(alice):
    for _ in range(sign_in.TRIES_PER_PAIR):
        sign_in_as(ALICE, WRONG)
    page = browser().post(reverse(LOGIN), {"login": ALICE, "password": PASSWORD})
    assert "Too many failed tries from your network" in page.content.decode()
    assert not is_in(sign_in_as(ALICE))
    assert is_in(sign_in_as(ALICE, address="10.0.0.2"))


def test_strangers_everywhere_do_not_lock_the_owner_out(alice):
    for number in range(sign_in.TRIES_PER_PAIR * 4):
        sign_in_as(ALICE, WRONG, address=f"10.1.0.{number}")
    assert is_in(sign_in_as(ALICE))


def test_another_account_at_the_same_address_is_not_slowed_down_until_the_address_is(alice, bob):
    for _ in range(sign_in.TRIES_PER_PAIR):
        sign_in_as(ALICE, WRONG)
    assert is_in(sign_in_as("bob@example.com"))
    for number in range(sign_in.TRIES_PER_ADDRESS - sign_in.TRIES_PER_PAIR):
        sign_in_as(f"nobody{number}@example.com", WRONG)
    assert not is_in(sign_in_as("bob@example.com"))
    assert is_in(sign_in_as("bob@example.com", address="10.0.0.2"))


def test_however_the_address_of_an_account_is_written_it_is_counted_once(alice):
    for typed in ("alice@example.com", "ALICE@example.com", "Alice@Example.com", " alice@example.com", ALICE):
        sign_in_as(typed, WRONG)
    assert not is_in(sign_in_as(ALICE))


def test_after_a_while_it_goes_on_and_old_tries_are_forgotten(alice):
    for _ in range(sign_in.TRIES_PER_PAIR):
        sign_in_as(ALICE, WRONG)
    SignInFailure.objects.update(at=timezone.now() - sign_in.PAIR_WINDOW - timedelta(seconds=1))
    assert is_in(sign_in_as(ALICE))
    sign_in.prune_failures()
    assert not SignInFailure.objects.exists()


def test_a_new_password_makes_up_for_wrong_tries(administrator, alice, client_for):
    for _ in range(sign_in.TRIES_PER_PAIR):
        sign_in_as(ALICE, WRONG)
    link = client_for(administrator).post(reverse("person_password", args=[alice.pk]), follow=True).context["link"]
    client = browser()
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})
    assert is_in(sign_in_as(ALICE, NEW))


def test_right_sign_ins_do_not_count_however_many(alice):
    for _ in range(40):
        client = sign_in_as(ALICE)
    assert is_in(client)


@pytest.mark.django_db(transaction=True)
def test_six_right_sign_ins_at_once_all_work(alice, live_server):
    start, came = threading.Barrier(6), []

    def enter() -> None:
        with requests.Session() as session:
            page = f"{live_server.url}{reverse(LOGIN)}"
            session.get(page)
            form = {"login": ALICE, "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
            start.wait()
            session.post(page, form)
            came.append(session.get(f"{live_server.url}{reverse('preferences')}", allow_redirects=False).status_code)

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came == [200] * 6
    assert [action for action, *_ in recorded()] == ["sign_in"] * 6
    assert verify_chain().ok
