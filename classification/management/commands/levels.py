"""`levels NAME`: reads the levels of a site or an organisation again and lists them."""

from classification.coverage.counts import levels_by_id
from classification.coverage.export import level_export
from classification.inventory import refresh
from portal.access import Actor
from portal.management.base import ServiceCommand, Usage, connection_named
from portal.models import Connection


class Command(ServiceCommand):
    help = "Read the classification levels of a site or an organisation again and list them."

    def arguments(self, parser) -> None:
        parser.add_argument("name", help="name of the connection")

    def run(self, actor: Actor, *, name: str, **options) -> list[dict]:
        connection = connection_named(actor, name)
        if connection.kind == Connection.Kind.MARKETPLACE:
            raise Usage(f"“{name}” is a developer space; levels belong to a site or an organisation.")
        reading = refresh.read_levels(actor=actor, connection=connection)
        rows = [level_export(level) for level in levels_by_id(connection).values() if level.listed]
        for row in rows:
            order = "-" if row["order"] is None else row["order"]
            self.say(f"{order:>3}  {row['name']:<24}  {row['status'].lower():<10}  {row['id']}")
        self.say(reading.message)
        return rows
