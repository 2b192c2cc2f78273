"""What calls through a connection have shown about its site, such as which form of a call it accepts.

A fact is remembered so that it is not found out anew with every call, and read by the pages that have to say it. Names
belong to the modules that use them; values are small JSON. All is forgotten when the connection is changed.
"""

from typing import Any

from portal.models import Connection, ConnectionFact


def value(connection: Connection, name: str, default: Any = None) -> Any:
    """The remembered value; `default` where nothing is known."""
    found = ConnectionFact.objects.filter(connection=connection, name=name).values_list("value", flat=True).first()
    return default if found is None else found


def remember(connection: Connection, name: str, found: Any) -> None:
    """Keep a value, whatever was known before."""
    ConnectionFact.objects.update_or_create(connection=connection, name=name, defaults={"value": found})


def forget(connection: Connection) -> None:
    ConnectionFact.objects.filter(connection=connection).delete()


class Memory:
    """The facts of one connection for a client, which knows nothing of the database."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def get(self, name: str) -> Any:
        return value(self.connection, name)

    def put(self, name: str, found: Any) -> None:
        remember(self.connection, name, found)
