"""Re-encrypts every stored secret with the first of CREDENTIAL_KEYS."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.access import require_administrator
from portal.audit.record import record_action
from portal.fields import EncryptedSecretField, SecretUnreadable
from portal.management.base import Failed, ServiceCommand
from portal.models import Connection
from portal.notifications import outbox
from portal.people.adapters import with_secrets


class Command(ServiceCommand):
    help = (
        "Re-encrypt stored tokens and second factors with the first of CREDENTIAL_KEYS, after a new key was put there."
    )

    def run(self, actor, **options):
        require_administrator(actor)
        with transaction.atomic():
            connections = Connection.objects.exclude(token="").select_for_update()
            tokens, lost_tokens = _each(connections, str, _rotate_token)
            factors = Authenticator.objects.select_related("user").select_for_update(of=("self",))
            seconds, lost_seconds = _each(factors, lambda row: f"second factor of {row.user.email}", _rotate_factor)
            lost = lost_tokens + lost_seconds
            outbox.rotate_bodies()
            said = f"{tokens} tokens and {seconds} second factors"
            record_action(actor=actor, action="keys.rotated", detail=said, outcome="failed" if lost else "done")
        if lost:
            raise Failed(f"{said} re-encrypted. No key fits: {', '.join(lost)}. Enter those again.")
        self.say(f"{said} re-encrypted with the first key.")
        return {"tokens": tokens, "second_factors": seconds}


def _rotate_token(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(token=EncryptedSecretField.rotate(connection.token))


def _rotate_factor(factor: Authenticator) -> None:
    data = with_secrets(factor.data, EncryptedSecretField.rotate)
    Authenticator.objects.filter(pk=factor.pk).update(data=data)


def _each(rows, name: Callable[..., str], rotate: Callable[..., None]) -> tuple[int, list[str]]:
    """How many were done, and the names of those that no key fits."""
    done, lost = 0, []
    for row in rows:
        try:
            rotate(row)
        except SecretUnreadable:
            lost.append(name(row))
        else:
            done += 1
    return done, lost
