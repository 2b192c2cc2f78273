"""Prints a fresh key for CREDENTIAL_KEYS."""

from cryptography.fernet import Fernet

from portal.management.base import ServiceCommand


class Command(ServiceCommand):
    help = "Print a new key for CREDENTIAL_KEYS. The first key encrypts; all of them decrypt."

    def run(self, actor, **options):
        key = Fernet.generate_key().decode()
        self.say(key)
        return {"key": key}
