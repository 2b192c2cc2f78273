"""A model field that keeps a secret encrypted at rest."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretUnreadable(Exception):
    """The stored secret cannot be decrypted with any key in CREDENTIAL_KEYS. `advice`: what to do then."""

    advice = "A connection admin can enter the token again."


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])


class Secret(str):
    """A decrypted secret whose repr does not show it, so that it cannot slip into a log or a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class EncryptedSecretField(models.TextField):
    """Holds the ciphertext only; `encrypt` and `decrypt` are called where the secret is needed, never by the ORM.

    Reading a row must work under a wrong key, so that a page can say so instead of failing.
    """

    @staticmethod
    def encrypt(plain: str) -> str:
        return _cipher().encrypt(plain.encode()).decode() if plain else ""

    @staticmethod
    def decrypt(stored: str) -> Secret:
        """Raises SecretUnreadable when no key fits."""
        if not stored:
            return Secret("")
        try:
            return Secret(_cipher().decrypt(stored.encode()).decode())
        except InvalidToken:
            raise SecretUnreadable("The stored token cannot be read with the present CREDENTIAL_KEYS.") from None

    @staticmethod
    def rotate(stored: str) -> str:
        """The same secret under the first key. Raises SecretUnreadable when no key fits."""
        if not stored:
            return ""
        try:
            return _cipher().rotate(stored.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable("The stored token cannot be read with the present CREDENTIAL_KEYS.") from None
