"""Refuses to upgrade a database that has some, but not all, of the migrations which one migration replaces."""

from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations.loader import MigrationLoader

OWN_APPS = ("portal", "classification", "privacy")


def refuse_partly_upgraded(*, using: str, **_signal: object) -> None:
    """Receives `pre_migrate`. Django would leave such an app alone and report success. Raises CommandError."""
    loader = MigrationLoader(connections[using])
    for (app, name), migration in loader.replacements.items():
        missing = [old for old in migration.replaces if old not in loader.applied_migrations]
        if app in OWN_APPS and missing and len(missing) < len(migration.replaces):
            raise CommandError(
                f"This database was upgraded in part: {app} {missing[0][1]} is missing, which {name} replaces. Run "
                "`manage.py migrate` with the version before this one first, then with this one. Nothing was changed."
            )
