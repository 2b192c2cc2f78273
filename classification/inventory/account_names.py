"""Names of the people that items name by account id: asked for once, kept, and asked for again after a month."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from classification.inventory.store import text
from classification.models import Account
from portal.atlassian.confluence import ConfluenceClient
from portal.models import Connection

MONTH = timedelta(days=30)


def missing_names(connection: Connection, account_ids: Iterable[str]) -> list[str]:
    """The account ids whose names are not known, or old."""
    known = Account.objects.filter(connection=connection, read_at__gt=timezone.now() - MONTH)
    return sorted(set(filter(None, account_ids)) - set(known.values_list("account_id", flat=True)))


def keep_names(connection: Connection, account_ids: Iterable[str], names: Mapping[str, str]) -> None:
    """Keep the names that were told of these account ids; those of whom none was told are not asked for again soon."""
    now = timezone.now()
    rows = [
        Account(connection=connection, account_id=account_id, name=text(names.get(account_id), 300), read_at=now)
        for account_id in account_ids
    ]
    with transaction.atomic():
        Connection.locked(connection.pk)
        Account.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["connection", "account_id"],
            update_fields=["name", "read_at"],
        )


def read_names(connection: Connection, client: ConfluenceClient, account_ids: Iterable[str]) -> None:
    """Ask for the names that are missing; no call where none is. Raises ApiError."""
    if missing := missing_names(connection, account_ids):
        keep_names(connection, missing, client.names(missing))


def names_of(connection: Connection, account_ids: Iterable[str]) -> dict[str, str]:
    """The names that are known, by account id; one query."""
    found = Account.objects.filter(connection=connection, account_id__in=set(account_ids)).exclude(name="")
    return dict(found.values_list("account_id", "name"))
