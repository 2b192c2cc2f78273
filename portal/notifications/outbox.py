"""The outbox: a request writes a row for each mail, and the worker sends it, with growing waits, until it is accepted.

Its text is encrypted while it waits, and deleted once it was sent or given up. A worker that dies between sending and
saying so sends twice.
"""

import json
import logging
import secrets
import smtplib
from datetime import timedelta

from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_tasks import task

from portal.fields import EncryptedSecretField, SecretUnreadable
from portal.jobs import job_queue
from portal.models import OutboxMessage
from portal.notifications.password_mail import password_reset_mails

logger = logging.getLogger("trustdesk.mail")

#: Longer than a call to the mail server takes (EMAIL_TIMEOUT per step of its conversation).
LEASE = timedelta(minutes=10)
#: How long to wait after each failed try; there is one try more than waits.
WAITS = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
#: A waiting row that no worker took for this long is put into the queue again.
FORGOTTEN = timedelta(seconds=60)
#: Not before its time, and in nobody's hands. The database's clock decides, since those of several machines differ.
DUE = Q(not_before__lte=Now()) & (Q(lease_until=None) | Q(lease_until__lt=Now()))
#: How long it stays on record that something was sent, or why it was not.
KEEP = timedelta(days=30)


def put_mail(mail: EmailMessage) -> OutboxMessage:
    """Keep a mail as it is for the worker."""
    html = next((part[0] for part in getattr(mail, "alternatives", []) if part[1] == "text/html"), "")
    parts = {"text": str(mail.body), "html": str(html)}
    return _put(OutboxMessage.Kind.MAIL, to=mail.to[0], subject=mail.subject[:200], parts=parts)


def put_password_reset(*, to: str, origin: str) -> OutboxMessage:
    """Have a link to choose a new password sent to whoever has an account with this address, if anybody does.

    The worker finds that out and makes the link, so that the link is stored nowhere. `origin`: where people reach
    Trustdesk, as in "https://trust.example.com/".
    """
    return _put(OutboxMessage.Kind.PASSWORD_RESET, to=to, parts={"origin": origin})


def _put(kind: str, *, to: str, parts: dict[str, str], subject: str = "") -> OutboxMessage:
    body = EncryptedSecretField.encrypt(json.dumps(parts))
    row = OutboxMessage.objects.create(kind=kind, to=to, subject=subject, body=body, queued_at=Now(), not_before=Now())
    # Where the queue cannot be reached, the sweep puts it there.
    transaction.on_commit(lambda: job_queue.put_in_queue(deliver, row.pk), robust=True)
    return row


@task()
def deliver(message_id: int) -> None:
    """Send one mail, unless another worker does or its time has not come."""
    message = _claim(message_id)
    if message is None:
        return
    try:
        mails = _compose(message)
        if mails:
            get_connection().send_messages(mails)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        _put_off(message, _reason(error))
    except SecretUnreadable:
        _give_up(message, "No key of CREDENTIAL_KEYS fits its text.")
    else:
        _settle(message, sent=bool(mails))


def _settle(message: OutboxMessage, *, sent: bool) -> None:
    if not sent:  # an address without an account leaves nothing behind
        OutboxMessage.objects.filter(pk=message.pk, lease=message.lease).delete()
        return
    _update(message, sent_at=timezone.now(), body="", last_error="")
    logger.info("mail %s sent", message.pk)


def _claim(message_id: int) -> OutboxMessage | None:
    token = secrets.token_hex(16)
    taken = OutboxMessage.waiting.filter(DUE, pk=message_id).update(
        lease=token, lease_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    return OutboxMessage.objects.get(pk=message_id) if taken else None


def _compose(message: OutboxMessage) -> list[EmailMessage]:
    parts = json.loads(EncryptedSecretField.decrypt(message.body))
    if message.kind == OutboxMessage.Kind.PASSWORD_RESET:
        return password_reset_mails(message.to, **parts)
    mail = EmailMultiAlternatives(message.subject, parts["text"], to=[message.to])
    if parts["html"]:
        mail.attach_alternative(parts["html"], "text/html")
    return [mail]


def _reason(error: Exception) -> str:
    """Without what the server wrote, which may repeat an address or a password."""
    said = getattr(error, "smtp_code", None) or getattr(error, "strerror", None)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _put_off(message: OutboxMessage, reason: str) -> None:
    if message.attempts > len(WAITS):
        _give_up(message, reason)
        return
    wait = WAITS[message.attempts - 1]
    _update(message, not_before=Now() + wait, last_error=reason)
    logger.warning("mail %s not sent, tried again in %s: %s", message.pk, wait, reason)


def _give_up(message: OutboxMessage, reason: str) -> None:
    _update(message, failed_at=timezone.now(), body="", last_error=reason)
    logger.error("mail %s given up after %s tries: %s", message.pk, message.attempts, reason)


def _update(message: OutboxMessage, **values) -> None:
    """What became of a try, unless the lease went to another worker meanwhile."""
    OutboxMessage.objects.filter(pk=message.pk, lease=message.lease).update(lease="", lease_until=None, **values)


def sweep_outbox() -> int:
    """Put into the queue what is due and in nobody's hands. Returns how many."""
    due = OutboxMessage.waiting.filter(DUE, queued_at__lt=Now() - FORGOTTEN)
    handed_out = 0
    for pk, queued_at in list(due.values_list("pk", "queued_at")[:500]):
        if OutboxMessage.objects.filter(pk=pk, queued_at=queued_at).update(queued_at=Now()):
            deliver.enqueue(pk)
            handed_out += 1
    return handed_out


def prune_outbox() -> None:
    OutboxMessage.objects.filter(Q(sent_at__isnull=False) | Q(failed_at__isnull=False)).filter(
        created_at__lt=timezone.now() - KEEP
    ).delete()


def rotate_bodies() -> None:
    """Re-encrypt what waits under the first of CREDENTIAL_KEYS; what no key fits is given up when its time comes."""
    for message in OutboxMessage.waiting.exclude(body="").select_for_update():
        try:
            body = EncryptedSecretField.rotate(message.body)
        except SecretUnreadable:
            continue
        OutboxMessage.waiting.filter(pk=message.pk, body=message.body).update(body=body)
