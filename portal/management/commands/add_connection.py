"""Adds a connection; the token comes from the environment or a prompt, never from an argument."""

import getpass
import os
import warnings

from portal.connections import changes, connection_test
from portal.management.base import Failed, ServiceCommand, Usage
from portal.models import Connection


class Command(ServiceCommand):
    help = "Add a connection to a site, an organisation or a Marketplace developer space, and test it."

    def arguments(self, parser):
        parser.add_argument("name", help="how your team calls it")
        parser.add_argument("--kind", required=True, choices=Connection.Kind.values)
        parser.add_argument("--url", default="", help="address; has a default for organisations and developer spaces")
        parser.add_argument("--email", default="", help="account of the token; leave out for an admin API key")
        parser.add_argument("--org-id", default="")
        parser.add_argument("--developer-id", default="")
        parser.add_argument("--dialect", choices=Connection.Dialect.values, default=Connection.Dialect.CURRENT)
        parser.add_argument("--token-env", metavar="VAR", help="environment variable that holds the API token")

    def run(self, actor, *, name, kind, url, email, org_id, developer_id, dialect, token_env, **options):
        connection = changes.add(
            actor=actor,
            name=name,
            kind=kind,
            url=url,
            email=email,
            org_id=org_id,
            developer_id=developer_id,
            dialect=dialect,
            token=self._token(token_env),
        )
        self.say(f"Added “{connection.name}” ({connection.url}).")
        lines = connection_test.check(actor=actor, connection=connection)
        for line in lines:
            self.say(f"  {line.state:<8} {line.what}: {line.detail}")
        result = {"name": connection.name, "slug": connection.slug, "url": connection.url}
        return {**result, "check": connection.check_lines}

    def _token(self, variable: str | None) -> str:
        if variable:
            if not os.environ.get(variable):
                raise Usage(f"The environment variable {variable} is empty or not set.")
            return os.environ[variable]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)
                return getpass.getpass("API token (not shown): ")
        except getpass.GetPassWarning:
            raise Usage("There is no terminal to ask for the token on; name a variable with --token-env.") from None
        except (EOFError, KeyboardInterrupt):
            raise Failed("No token was given. Nothing was added.") from None
