"""Reads settings strictly, on top of django-environ: what is not understood is refused by its name, never guessed.

django-environ reads the file and the addresses of database and mail. Single values are read here: it takes what is no
known boolean for False, and a secret that begins with $ for the name of another setting.
"""

import math
import os
import re
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
DATABASES = ("sqlite:///", "postgres://", "postgresql://")
MAIL = ("smtp://", "smtps://", "smtp+tls://", "smtp+ssl://", "consolemail://")
#: A host as addresses name it, IPv6 in brackets, and a port.
HOST = re.compile(
    r"(?:(?P<name>[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)|\[(?P<ipv6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\])"
    r"(:(?P<port>[0-9]{1,5}))?"
)


class Environment(environ.Env):
    """The process environment. Each method reads one setting by its name and gives the default where it is not set."""

    def read_file(self, name: str, default: Path) -> None:
        """Read further settings from the file that `name` names; the environment wins over it."""
        named = self.text(name)
        path = Path(named or default)
        if not named and not path.exists():
            return
        try:
            with path.open(encoding="utf-8") as file:
                self.read_env(file)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise ImproperlyConfigured(f"The file of settings {path} cannot be read: {why}.") from None

    def text(self, name: str, default: str = "") -> str:
        return os.environ.get(name, default).strip()

    def words(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """What stands between the commas."""
        if name not in os.environ:
            return list(default)
        return [word.strip() for word in os.environ[name].split(",") if word.strip()]

    def hosts(self, name: str) -> list[str]:
        """Hosts with or without a port, as addresses are compared with them: lower case, IPv6 without its brackets."""
        found = []
        for word in self.words(name):
            shape = HOST.fullmatch(word)
            if not shape or not 0 < int(shape["port"] or 1) <= 65535:
                example = "trust.example.com or 127.0.0.1:8100"
                raise ImproperlyConfigured(f"{name} must hold hosts, each with or without a port, as {example}.")
            host = (shape["name"] or shape["ipv6"]).lower()
            found.append(f"{host}:{int(shape['port'])}" if shape["port"] else host)
        return found

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if name not in os.environ:
            return default
        if value not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be True or False.")
        return value in TRUE

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ImproperlyConfigured(f"{name} must be a number from {least:g} to {most:g}.")
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
            raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
        return int(value)

    def one_of(self, name: str, default: str, allowed: Sequence[str]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}.")
        return value

    def time_zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            return zoneinfo.ZoneInfo(value).key
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ImproperlyConfigured(f"{name} must be the name of a time zone, for example Europe/Berlin.") from None

    def address(self, name: str, default: str, begins: Sequence[str]) -> str:
        value = self.text(name, default)
        if not value.startswith(tuple(begins)):
            raise ImproperlyConfigured(f"{name} must begin with {' or '.join(begins)}.")
        return value

    def database(self, name: str, default: dict) -> dict:
        """Django's description of a database."""
        if name not in os.environ:
            return default
        try:
            found = self.db_url_config(self.address(name, "", DATABASES))
        except ValueError:
            found = {}
        if found.get("NAME", "") in ("", ":memory:"):
            raise ImproperlyConfigured(f"{name} names no database, as postgres://user:password@host:5432/name does.")
        return found

    def mail(self, name: str) -> dict:
        """Django's EMAIL_… settings; none where the setting is not set."""
        if name not in os.environ:
            return {}
        try:
            found = self.email_url_config(self.address(name, "", MAIL))
        except ValueError:
            found = {}
        if not found.get("EMAIL_HOST") and not self.text(name).startswith("consolemail:"):
            raise ImproperlyConfigured(f"{name} names no mail server, as smtp+tls://user:password@host:587 does.")
        return found
