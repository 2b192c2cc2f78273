"""A token that was typed into a form which had an error elsewhere, kept for the next try: encrypted, in the session."""

from django.http import HttpRequest
from django.utils import timezone

from portal.fields import EncryptedSecretField, Secret, SecretUnreadable
from portal.models import Connection

KEY = "kept_token"
#: How long it is kept.
SECONDS = 15 * 60


def keep(request: HttpRequest, connection: Connection | None, token: str) -> None:
    """Keep a token for the form of this connection; None: of a new one."""
    if token:
        until = timezone.now().timestamp() + SECONDS
        request.session[KEY] = [_form(connection), until, EncryptedSecretField.encrypt(token)]


def read(request: HttpRequest, connection: Connection | None) -> Secret:
    """The token that is kept for the form of this connection; "" when there is none, or it was kept too long ago."""
    form, until, stored = request.session.get(KEY) or ("", 0, "")
    if form != _form(connection) or until < timezone.now().timestamp():
        return Secret("")
    try:
        return EncryptedSecretField.decrypt(stored)
    except SecretUnreadable:
        return Secret("")


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def _form(connection: Connection | None) -> str:
    return f"edit {connection.pk}" if connection else "add"
