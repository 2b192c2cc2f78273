"""Makes the embedded demo: database, sandbox, connections, people."""

import socket

from django.conf import settings
from django.core.management import call_command

from portal import demo
from portal.access import require_administrator
from portal.management.base import Failed, ServiceCommand, Usage


class Command(ServiceCommand):
    help = "Prepare the embedded demo: migrate the database, seed the sandbox, make connections and people."

    def arguments(self, parser):
        parser.add_argument("--address", metavar="HOST:PORT", help="where it will be served; must be free")

    def run(self, actor, *, address, **options):
        require_administrator(actor)
        if not settings.SANDBOX:
            raise Failed("The demo is for the embedded sandbox. Set SANDBOX=True to use it.")
        if address:
            require_free(address)
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        made = demo.make(actor=actor)
        self.say("Demo people (sandbox only):")
        for person in made["people"]:
            self.say(f"  {person['email']:<22} {person['password']:<16} {person['what']}")
        if address:
            self.say(f"Trustdesk: http://{address}")
        return made


def require_free(address: str) -> None:
    """Say it before anything is started: the web server would repeat its error for every try."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 65536):
        raise Usage(f"The address has to be HOST:PORT, as in 127.0.0.1:8000, and is “{address}”.")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(port)))
    except OSError as error:
        raise Failed(
            f"Cannot serve at {address}: {error.strerror}. Choose another: make run ADDRESS=HOST:PORT"
        ) from None
