"""Mail leaves through the outbox: no request talks to the mail server, and no address is told apart from another."""

import logging
import re
import smtplib
from datetime import timedelta

import pytest
from allauth.account.adapter import get_adapter
from cryptography.fernet import Fernet
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.fields import EncryptedSecretField
from portal.management.commands.worker import prune
from portal.models import OutboxMessage
from portal.notifications import outbox

pytestmark = pytest.mark.django_db
RESET = "account_reset_password"


@pytest.fixture
def mail_server(settings):
    """A mail server that is told of, and that nobody answers at: whoever talks to it fails."""
    settings.EMAIL_CONFIG = {"EMAIL_HOST": "127.0.0.1"}
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", 1, "secret-1"
    return settings


@pytest.fixture
def it_answers(mail_server):
    def begin() -> None:
        mail_server.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    return begin


def put(to: str = "alice@example.com") -> OutboxMessage:
    return outbox.put_mail(EmailMessage("Hello", "A link", to=[to]))


def time_passes(message: OutboxMessage) -> None:
    """Until the next try."""
    past = timezone.now() - timedelta(hours=12)
    OutboxMessage.objects.filter(pk=message.pk).update(not_before=past, queued_at=past)


def ask(email: str) -> tuple:
    cache.clear()  # or it would show which limit was counted before
    client = Client()
    client.get(reverse(RESET))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.post(reverse(RESET), {"email": email})
    kinds = [re.sub(r"'[^']*'|\d+|%s", "?", query["sql"])[:60] for query in queries]
    page = client.get(response.url).content if response.status_code == 302 else b""
    return (response.status_code, response.headers, page), kinds


def test_a_mail_server_that_is_down_is_not_noticed_by_who_asks_for_a_new_password(alice, mail_server):
    answer, _ = ask("alice@example.com")
    assert answer[0] == 302
    assert b"If there is an account with this address" in answer[2]
    assert OutboxMessage.waiting.get().to == "alice@example.com"


def test_every_address_is_answered_alike_and_costs_the_same(alice, bob, mail_server):
    bob.is_active = False
    bob.save()
    known, queries = ask("alice@example.com")
    for email in ("nobody@example.com", "bob@example.com", "ALICE@example.com"):
        answer, others = ask(email)
        answer[1].pop("Set-Cookie", None)
        known[1].pop("Set-Cookie", None)
        assert (answer[0], dict(answer[1].items())) == (known[0], dict(known[1].items()))
        assert re.sub(rb"csrf[^>]*|X-CSRFToken[^}]*", b"", answer[2]) == re.sub(
            rb"csrf[^>]*|X-CSRFToken[^}]*", b"", known[2]
        )
        assert others == queries, email
    assert len({len(body) for body in OutboxMessage.objects.values_list("body", flat=True)}) == 1


def test_an_address_without_an_account_gets_nothing_and_leaves_nothing(mail_server, it_answers):
    ask("nobody@example.com")
    message = OutboxMessage.objects.get()
    it_answers()
    outbox.deliver.call(message.pk)
    assert mail.outbox == []
    assert not OutboxMessage.objects.exists()


def test_a_link_is_made_by_the_worker_sent_once_and_stored_nowhere(alice, mail_server, it_answers):
    ask("alice@example.com")
    message = OutboxMessage.objects.get()
    assert "key" not in EncryptedSecretField.decrypt(message.body)
    it_answers()
    for _ in range(2):
        outbox.deliver.call(message.pk)
    assert [sent.to for sent in mail.outbox] == [["alice@example.com"]]
    message.refresh_from_db()
    assert (message.body, message.lease, message.last_error) == ("", "", "")
    assert message.sent_at
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
    client = Client()
    form = client.get(link, follow=True)
    new = "a much better passphrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_a_mail_as_it_was_written_lies_encrypted_until_it_is_sent(mail_server, it_answers):
    message = put()
    assert "A link" not in message.body
    it_answers()
    outbox.deliver.call(message.pk)
    message.refresh_from_db()
    assert (mail.outbox[0].subject, mail.outbox[0].body, message.body) == ("Hello", "A link", "")


def test_without_a_mail_server_nothing_is_kept(settings, rf):
    settings.EMAIL_CONFIG = {}
    get_adapter(rf.get("/")).send_mail("account/email/password_reset_key", "alice@example.com", {})
    assert not OutboxMessage.objects.exists()


def test_a_mail_names_the_service_and_not_the_host(alice, mail_server, it_answers):
    mail_server.SERVICE_NAME = "Acme trust"
    ask("alice@example.com")
    it_answers()
    outbox.deliver.call(OutboxMessage.objects.get().pk)
    sent = mail.outbox[0]
    assert sent.subject == "[Acme trust] Choose a new password"
    assert "on Acme trust." in sent.body
    assert "testserver" not in re.sub(r"http://\S+", "", sent.subject + sent.body)


def test_a_mail_that_is_not_taken_is_tried_again_and_given_up_with_the_reason(mail_server, caplog):
    message, waits = put(), []
    tries = len(outbox.WAITS) + 1
    with caplog.at_level(logging.WARNING, "trustdesk.mail"):
        for _ in range(tries + 2):
            outbox.deliver.call(message.pk)
            message.refresh_from_db()
            waits.append(message.not_before)
            time_passes(message)
    assert message.attempts == tries
    assert message.failed_at
    assert message.body == ""
    assert "refused" in message.last_error
    assert waits[0] < waits[1] < waits[2]
    assert f"mail {message.pk} given up after {tries} tries" in caplog.text
    assert "secret-1" not in caplog.text
    assert "A link" not in caplog.text
    assert "alice" not in caplog.text


def test_before_its_time_and_in_the_hands_of_another_worker_a_mail_is_left_alone(mail_server, it_answers):
    message = put()
    outbox.deliver.call(message.pk)
    it_answers()
    outbox.deliver.call(message.pk)
    time_passes(message)
    OutboxMessage.objects.filter(pk=message.pk).update(lease="x", lease_until=timezone.now() + outbox.LEASE)
    outbox.deliver.call(message.pk)
    assert mail.outbox == []
    OutboxMessage.objects.filter(pk=message.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    outbox.deliver.call(message.pk)
    assert len(mail.outbox) == 1


def test_what_a_server_says_is_not_kept():
    refused = smtplib.SMTPAuthenticationError(535, b"bad password secret-1 for alice@example.com")
    assert outbox._reason(refused) == "SMTPAuthenticationError: 535"


def test_the_sweep_hands_out_what_the_queue_lost_and_once_at_a_time(mail_server):
    message = put()
    assert outbox.sweep_outbox() == 0
    time_passes(message)
    assert outbox.sweep_outbox() == 1
    assert outbox.sweep_outbox() == 0


def test_a_queue_that_cannot_be_reached_does_not_fail_the_request(
    alice, mail_server, django_capture_on_commit_callbacks
):
    mail_server.TASKS = {"default": {"BACKEND": "django_tasks.backends.database.NoSuchBackend"}}
    with django_capture_on_commit_callbacks(execute=True):
        answer, _ = ask("alice@example.com")
    assert answer[0] == 302
    assert OutboxMessage.waiting.count() == 1


def test_a_mail_that_no_key_fits_is_given_up(mail_server):
    message = put()
    mail_server.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    outbox.deliver.call(message.pk)
    message.refresh_from_db()
    assert message.failed_at
    assert "CREDENTIAL_KEYS" in message.last_error


def test_waiting_mail_is_carried_over_when_keys_change(mail_server, it_answers):
    message = put()
    mail_server.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *mail_server.CREDENTIAL_KEYS]
    call_command("rotate_keys", "--json")
    mail_server.CREDENTIAL_KEYS = mail_server.CREDENTIAL_KEYS[:1]
    it_answers()
    outbox.deliver.call(message.pk)
    assert mail.outbox[0].body == "A link"


def test_old_mail_is_forgotten_and_waiting_mail_is_not(mail_server):
    old = timezone.now() - outbox.KEEP - timedelta(days=1)
    put()
    OutboxMessage.objects.filter(pk=put("bob@example.com").pk).update(sent_at=old)
    OutboxMessage.objects.update(created_at=old)
    prune()
    assert [message.to for message in OutboxMessage.objects.all()] == ["alice@example.com"]


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_clock_of_the_machine_decides_nothing(hours, monkeypatch):
    """A mail that a machine with a wrong clock puts in is sent at once, and taken from nobody who sends it."""
    wrong = timezone.now() + timedelta(hours=hours)
    with monkeypatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: wrong)
        message = outbox.put_mail(EmailMessage("Hello", "World", to=["alice@example.com"]))
    assert outbox._claim(message.pk) is not None
    with monkeypatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: wrong)
        assert outbox._claim(message.pk) is None
        assert outbox.sweep_outbox() == 0
