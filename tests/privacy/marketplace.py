"""The other side of the wire: what the sandbox's Marketplace holds, and what a stranger does there."""

from typing import Any

from portal.atlassian import strictjson
from privacy.models import App
from sandbox import faults, stranger
from sandbox.marketplace import store
from sandbox.state import State

DRAFT = "marketplace.put_draft"
READ = "marketplace.trust_info"
PUBLISH = "marketplace.publish"
DISCARD = "marketplace.discard_draft"
CONTACT = "/commonCloud/security/securityContact"
POLICIES = "/commonCloud/security/publicSecurityPoliciesLink"
BROKEN = {"call": READ, "times": None, "status": 400}


class Marketplace:
    """Reads and writes the sandbox's documents past the API."""

    def __init__(self, state: State) -> None:
        self.state = state

    def content(self, app: App, version: str) -> str | None:
        """The characters of commonCloud's object as they are kept; None when there is no such version."""
        with self.state.read() as db:
            row = db.execute(
                "SELECT content FROM documents WHERE product_id = ? AND state = ?", (app.product_id, version)
            ).fetchone()
        return None if row is None else row["content"]

    def value(self, app: App, version: str) -> Any:
        """The same, read."""
        text = self.content(app, version)
        return None if text is None else strictjson.loads(text)

    def put(self, app: App, version: str, content: str, *, form_status: str = "DRAFT", now: float = 1.0) -> None:
        """Put a version in place, as Atlassian's own console would."""
        with self.state.write() as db:
            store(db, app.product_id, version, content, by="stranger@example.com", now=now, form_status=form_status)

    def act(self, app: App, action: str, **params: Any) -> None:
        """A stranger does something now."""
        stranger.act(self.state, action, host="", product_id=app.product_id, **params)

    def meanwhile(self, app: App, action: str, *, before: str, nth: int = 1, **params: Any) -> None:
        """A stranger does something just before the nth such call."""
        faults.stranger_meanwhile(self.state, action, before=before, nth=nth, product_id=app.product_id, **params)

    def calls(self, name: str) -> int:
        """How often this was called."""
        return self.state.calls[name]

    def unreadable_after(self, reads: int) -> None:
        """Documents can be read so many times, and then not any more (refused, so that nothing is tried again)."""
        faults.put(self.state, "refuse", call=READ, skip=reads, status=400)
