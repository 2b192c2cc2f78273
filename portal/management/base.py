"""What all commands of Trustdesk share: who acts, `--json`, exit codes and errors in one line.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
"""

import json
import logging
import sys
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from portal.access import Actor, visible_connections
from portal.atlassian.errors import ApiError
from portal.fields import SecretUnreadable
from portal.models import Connection, User


class Usage(CommandError):
    """The words of the call are off: exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class Failed(CommandError):
    """Refused or failed: exit code 1."""


class _OneLineParser(CommandParser):
    def error(self, message: str):
        # argparse would print the whole usage first; one line is what scripts and people read.
        sys.stderr.write(f"{self.prog}: {message}. See --help.\n")
        raise SystemExit(2)


class ServiceCommand(BaseCommand):
    """A command over the same services as the pages. Subclasses implement `arguments` and `run`.

    `run` returns what `--json` prints (any JSON), and says the same in words with `self.say`.
    """

    requires_system_checks: list = []
    #: Whether the log goes to the terminal too. A command that comes to an end says in its own words what happened.
    shows_log = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs) -> CommandParser:
        kwargs.setdefault("called_from_command_line", getattr(self, "_called_from_command_line", False))
        parser = _OneLineParser(prog=f"{prog_name.rsplit('/', 1)[-1]} {subcommand}", description=self.help, **kwargs)
        self.add_base_argument(parser, "--version", action="version", version=self.get_version())
        self.add_base_argument(parser, "-v", "--verbosity", default=1, type=int, choices=[0, 1, 2, 3])
        self.add_base_argument(parser, "--settings")
        self.add_base_argument(parser, "--pythonpath")
        self.add_base_argument(parser, "--traceback", action="store_true")
        self.add_base_argument(parser, "--no-color", action="store_true")
        self.add_base_argument(parser, "--force-color", action="store_true")
        self.add_base_argument(parser, "--skip-checks", action="store_true")
        self.add_arguments(parser)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument("--as", dest="as_email", metavar="EMAIL", help="act as this person, with their rights")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    def run(self, *args: Any, **options: Any) -> Any:
        """Do the work as `args[0]`, an Actor; subclasses name the options that they take."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        if not self.as_json:
            self.stdout.write(text)

    def handle(self, *args, **options) -> None:
        if getattr(self, "_called_from_command_line", False) and not self.shows_log and options["verbosity"] < 2:
            logging.getLogger("trustdesk").setLevel(logging.ERROR)
        self.as_json = options.pop("json")
        _check_text(options)
        try:
            result = self.run(self._actor(options.pop("as_email")), **options)
        except ApiError as error:
            needs = f" Needs: {error.needs}." if error.needs else ""
            trace = f" (trace {error.trace_id})" if error.trace_id else ""
            raise Failed(_line(f"{error.message} {error.advice}{needs}{trace}")) from error
        except (PermissionDenied, SecretUnreadable) as error:
            raise Failed(_line(str(error))) from error
        except ValidationError as error:
            raise Failed(_line(" ".join(error.messages))) from error
        if self.as_json:
            self.print_json(result)

    def print_json(self, result: Any) -> None:
        self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, default=str))

    def _actor(self, email: str | None) -> Actor:
        if email is None:
            return Actor.command_line()
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise Usage(f"There is no active person with the e-mail address “{email}”.")
        return Actor.of(user)


def connection_named(actor: Actor, name: str, kind: str | None = None) -> Connection:
    """The connection with this name or slug that the actor may see; a Usage error otherwise."""
    found = visible_connections(actor)
    connection = found.filter(name=name).first() or found.filter(slug=name).first()
    if connection is None:
        raise Usage(f"There is no connection named “{name}” that {actor.label} may see.")
    if kind is not None and connection.kind != kind:
        raise Usage(f"“{name}” is not a connection of the kind {kind}.")
    return connection


def database_trouble() -> str:
    """Why no command can work with the database, and what to do; "" when that is not what is wrong."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"The database cannot be reached: {_line(str(error))}"
    return "The database is not up to date. Run: python manage.py migrate" if waiting else ""


def _check_text(options: dict[str, Any]) -> None:
    """Bytes that are no text come from the system as lone surrogates, which no database, file or terminal takes."""
    for value in options.values():
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, str) and any("\ud800" <= letter <= "\udfff" for letter in part):
                raise Usage(f"“{part.encode(errors='replace').decode()}” is not UTF-8 text.")


def _line(text: str) -> str:
    return " ".join(text.split())
