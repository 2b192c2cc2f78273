"""The five ways in which a call to Atlassian can fail, each with what the person can do next.

Clients raise these and nothing else for anything that a remote host did. No text in them holds a credential:
`http.py` has redacted it before it gets here.
"""

from __future__ import annotations

from typing import Any

from portal.counts import counted


def in_words(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole < 90:
        return counted(whole, "second")
    return counted(round(whole / 60), "minute")


class ApiError(Exception):
    """A call that did not succeed.

    message: one clear sentence that holds Atlassian's own words where it gave any.
    advice: what the person can do.
    call: name of the call, as in `calls.CALLS` ("confluence.set_page_level").
    status: HTTP status, or None when no answer was received.
    needs: permission and OAuth scope that the call needs, "" when none is known.
    trace_id: Atlassian's id of the request, "" when none was sent; support asks for it.
    retry_after: seconds after which a new try makes sense, or None.
    body: start of the answer's body, redacted; for the log and for experts, not for a page.
    attempts: how often the call was sent.
    unanswered: a try went out and got no answer from what does the work, so it may still be carried out later.
    last_told: what the last try of a write met when an earlier one got no answer, so that nobody knows what was done.
    """

    default_advice = "Try again, and tell an administrator of this portal if it goes on."

    def __init__(
        self,
        message: str,
        *,
        advice: str = "",
        call: str = "",
        status: int | None = None,
        needs: str = "",
        trace_id: str = "",
        retry_after: float | None = None,
        body: str = "",
        attempts: int = 0,
        unanswered: bool = False,
        last_told: ApiError | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice or self.default_advice
        self.call = call
        self.status = status
        self.needs = needs
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.body = body
        self.attempts = attempts
        self.unanswered = unanswered
        self.last_told = last_told

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, call={self.call!r}, status={self.status!r})"


class Refused(ApiError):
    """Atlassian understood and said no: a missing permission, a rule, a body it does not accept."""

    default_advice = "Ask somebody with the permission that this needs, or change what was asked for."


class NotOffered(Refused):
    """This site does not have the call at all, whatever it is asked about."""


class NotFound(ApiError):
    """There is no such thing, this account may not see it, or this site does not offer it."""

    default_advice = "Check that it still exists and that the account of this connection may see it."


class Misconfigured(ApiError):
    """The connection itself is wrong: address, account, token, certificate or plan."""

    default_advice = "Check the address, the account and the token of this connection."


class Limited(ApiError):
    """Atlassian asked to slow down for longer than the caller could wait; `retry_after` says how long."""

    default_advice = "Wait a moment and try again. Background work waits by itself."

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        if self.retry_after and not facts.get("advice"):
            self.advice = f"Try again in {in_words(self.retry_after)}. Background work waits by itself."


class Unavailable(ApiError):
    """No usable answer: a timeout, a broken connection, an error on Atlassian's side, a body that cannot be read."""

    default_advice = "Try again in a moment. If it goes on, look at Atlassian's status page."
