"""Tests a connection and shows its status."""

from portal.connections import connection_test
from portal.management.base import Failed, ServiceCommand, connection_named


class Command(ServiceCommand):
    help = "Test a connection: what its account can do, and what is missing."

    def arguments(self, parser):
        parser.add_argument("name")

    def run(self, actor, *, name, **options):
        connection = connection_named(actor, name)
        lines = connection_test.check(actor=actor, connection=connection)
        for line in lines:
            needs = f" (needs {line.needs})" if line.needs and line.state != "works" else ""
            self.say(f"{line.state:<8} {line.what}: {line.detail}{needs}")
        result = {"name": connection.name, "usable": connection_test.is_usable(lines), "check": connection.check_lines}
        if not connection_test.is_usable(lines):
            if self.as_json:
                self.print_json(result)
            raise Failed(f"“{connection.name}” does not work with its account.")
        return result
