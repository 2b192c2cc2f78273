"""What goes out and what comes back: the declaration of a call, and its answer, as `http.py` takes and gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.atlassian import strictjson
from portal.atlassian.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one API, declared as data above the method that makes it.

    name: "confluence.page_level"; in logs and errors.
    path: below the address of the connection, with {names} that are filled percent-encoded.
    does: completes "Atlassian refused to …".
    scope: OAuth scope; permission: what the account must be allowed; both "" when there is nothing to say.
    idempotent: a second try does no harm, so the call may be repeated after a lost answer.
    doc: address of Atlassian's own page on it.
    product: "confluence" or "jira" for the site APIs, which have an address of their own each behind api.atlassian.com.
    """

    name: str
    method: str
    path: str
    does: str
    scope: str = ""
    permission: str = ""
    idempotent: bool = False
    doc: str = ""
    product: str = ""

    @property
    def needs(self) -> str:
        """The permission and scope in words, as an error shows them."""
        scope = f"OAuth scope {self.scope}" if self.scope else ""
        return "; ".join(filter(None, (self.permission, scope)))


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. headers: case-insensitive; text: the whole body, "" when there is none.

    unanswered: an earlier try of the same call got no answer and may still be carried out, see `ApiError`.
    redact: takes credentials out of what is quoted from it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    trace_id: str
    call: Call
    redact: Callable[[str], str] = field(default=str, repr=False)
    unanswered: bool = False

    def json(self) -> Any:
        """The body read by `strictjson.loads`. Raises Unavailable when it is empty, too large, or no JSON to keep."""
        if not self.text.strip():
            raise self.unusable("it is empty")
        try:
            return strictjson.loads(self.text, strictjson.ANSWER)
        except strictjson.StrictJSONError as error:
            raise self.unusable(str(error)) from None

    def unusable(self, why: str) -> Unavailable:
        """The error to raise when this answer is not what the API promises."""
        return Unavailable(
            f"Atlassian's answer when asked to {self.call.does} cannot be used: {self.redact(why).rstrip('.')}.",
            call=self.call.name,
            status=self.status,
            trace_id=self.trace_id,
        )
