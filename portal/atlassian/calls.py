"""Every call that the service module can make, by name; for documentation and for tests that walk them all."""

from __future__ import annotations

from collections.abc import Iterator

from portal.atlassian.confluence import ConfluenceClient
from portal.atlassian.jira import JiraClient
from portal.atlassian.marketplace import MarketplaceClient
from portal.atlassian.messages import Call
from portal.atlassian.organization import OrganizationClient

CLIENTS = (ConfluenceClient, JiraClient, OrganizationClient, MarketplaceClient)


def _declared(client: type) -> Iterator[Call]:
    for value in vars(client).values():
        if isinstance(value, Call):
            yield value
        elif isinstance(value, dict):
            yield from (item for item in value.values() if isinstance(item, Call))


CALLS: dict[str, Call] = {call.name: call for client in CLIENTS for call in _declared(client)}
