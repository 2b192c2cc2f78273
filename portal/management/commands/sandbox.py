"""Serves the sandbox over HTTP, so that curl or any Atlassian client can talk to it."""

import argparse

from django.core.management.base import CommandParser

from portal.management.base import Failed, ServiceCommand
from sandbox.names import ACCOUNTS, ACME, DEVELOPER_ID, DIALECTS, GLOBEX, ORG_ID
from sandbox.seed import ensure_seeded
from sandbox.server import SandboxServer
from sandbox.state import State, default_state, state_at


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 600_000:
        raise argparse.ArgumentTypeError("must be a number of milliseconds, 0 to 600000")
    return value


class Command(ServiceCommand):
    shows_log = True
    help = "Serve Atlassian's answers without Atlassian over HTTP, on one port for all of its hosts."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=8090, help="port to listen on; 0 takes a free one (8090)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--latency", type=_milliseconds, default=0, metavar="MS", help="added to every answer")
        parser.add_argument("--dialect", choices=DIALECTS, default="", help="answer so; else as each site is set")
        parser.add_argument("--data", metavar="FILE", help="the state's file (that of the embedded sandbox)")
        parser.add_argument(
            "--seed", action=argparse.BooleanOptionalAction, default=True, help="put the demo content in if missing"
        )
        parser.add_argument("--reset", action="store_true", help="forget everything and put the demo content in anew")

    def run(self, actor, *, port, host, latency, dialect, data, seed, reset, **options):
        state = state_at(data) if data else default_state()
        if reset:
            state.reset()
        if seed or reset:
            ensure_seeded(state)
        try:
            server = SandboxServer((host, port), state, dialect=dialect, latency=latency / 1000)
        except OSError as error:
            raise Failed(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
        self._introduce(server, state)
        if self.as_json:  # a server ends with Ctrl-C, so what --json prints has to come first
            self.print_json({"url": server.url, "data": str(state.path)})
            self.stdout.flush()
        with server:
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                self.say("Stopped.")
        raise SystemExit(0)

    def _introduce(self, server: SandboxServer, state: State) -> None:
        url, admin = server.url, ACCOUNTS[0]
        self.say(f"The sandbox answers at {url} (data: {state.path}). Stop it with Ctrl-C.")
        self.say("")
        self.say(f"  Site {ACME:<28} {url}")
        self.say(f"  Site {GLOBEX:<28} {url} with the header X-Sandbox-Site: {GLOBEX}")
        self.say(f"  Organisation {ORG_ID}  {url}/admin/…, bearer {admin.token}")
        self.say(f"  Developer space {DEVELOPER_ID}  {url}/marketplace/rest/3/…")
        self.say(f"  Failure switches  {url}/_sandbox/faults")
        self.say("")
        self.say("Accounts (e-mail, token):")
        for account in ACCOUNTS:
            self.say(f"  {account.email:<20} {account.token}")
        self.say("\nTry:")
        self.say(f"  curl -u {admin.email}:{admin.token} '{url}/wiki/api/v2/spaces?limit=3'")
        self.say(
            f'  curl -X POST -H \'Content-Type: application/json\' -d \'{{"kind": "rate_limit", "times": 3}}\''
            f" {url}/_sandbox/faults"
        )
        self.say(f"To connect Trustdesk to it, put {url.removeprefix('http://')} into UPSTREAM_HOSTS.")
        self.stdout.flush()
