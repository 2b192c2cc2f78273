"""The served sandbox's own switches under `/_sandbox/`, for those who reach it with curl; Atlassian has none of this.

| call | does |
|---|---|
| `GET /_sandbox/faults` | the switches that act, and every kind with its parameters |
| `POST /_sandbox/faults` | set one: `{"kind": "latency", "ms": 200, "call": "confluence.*"}` → 201 `{"id": 1}` |
| `DELETE /_sandbox/faults`, `DELETE /_sandbox/faults/{id}` | take all or one away |
| `POST /_sandbox/stranger` | a stranger acts now: `{"action": "edit_draft", "product_id": "…"}`, a site by `"host"` |
| `POST /_sandbox/late` with `{}` | the calls that were held back by `late_arrival` arrive now; their statuses |
| `GET /_sandbox/calls` | how often each call came in since the server started |
| `PUT /_sandbox/settings` | `{"host": "…", "dialect": "reference"}`, `"entitled": false`, `"policies_readable": true` |
| `PUT /_sandbox/settings` | `{"host": "…", "draft_lists": "list"}` (or refuse, ignore): what comes of lists of drafts |
| `PUT /_sandbox/settings` | `{"host": "…", "default_wants_status": true}`: the older form of the space default |
| `PUT /_sandbox/settings` | `{"refuse_properties": true}`: a draft that holds `properties` is refused |
| `POST /_sandbox/reset` with `{}` | forget everything and put the demo content in again |
"""

from dataclasses import asdict
from typing import Any

from sandbox import faults, router, seed, stranger
from sandbox.messages import Problem, SandboxRequest, SandboxResponse, answer, body_object, no_content
from sandbox.names import ACME, ORG_ID, SITES
from sandbox.state import State

PREFIX = "/_sandbox/"


def handle(state: State, method: str, path: str, headers: dict[str, str], body: bytes) -> SandboxResponse:
    """Answer a control call. A body has to be declared as JSON, which a page of another origin cannot do unasked."""
    lower = {name.lower(): value for name, value in headers.items()}
    request = SandboxRequest(method, "", path, "", lower, body)
    what, _, which = path.removeprefix(PREFIX).partition("/")
    try:
        act = ACTIONS.get((method, what))
        if act is None:
            raise Problem(404, "There is no such switch", shape="plain")
        given = body_object(request, shape="plain") if method in ("POST", "PUT") else {}
        return act(state, which, given)
    except (ValueError, TypeError, KeyError) as error:
        return Problem(400, f"{type(error).__name__}: {error}", shape="plain").response()
    except Problem as problem:
        return problem.response()


def _list(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    return answer({"active": [asdict(fault) for fault in faults.active(state)], "kinds": faults.KINDS})


def _put(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    return answer({"id": faults.put(state, given.pop("kind"), **given)}, status=201)


def _clear(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    faults.clear(state, int(which) if which else None)
    return no_content()


def _stranger(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    stranger.act(state, given.pop("action"), host=given.pop("host", ACME), **given)
    return no_content()


def _late(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    return answer({"statuses": [response.status for response in router.deliver_late(state)]})


def _calls(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    return answer(dict(state.calls))


def _settings(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    if "refuse_properties" in given:
        state.set_setting("refuse_properties", bool(given["refuse_properties"]))
    host = given.pop("host", ORG_ID)
    if host not in SITES and host != ORG_ID:
        raise ValueError(f"host must be one of {', '.join(SITES)} or the organisation's id")
    if "dialect" in given:
        state.set_dialect(host, given["dialect"])
    if "entitled" in given:
        state.set_entitled(host, bool(given["entitled"]))
    if "draft_lists" in given:
        state.set_draft_lists(host, given["draft_lists"])
    if "default_wants_status" in given:
        state.set_default_wants_status(host, bool(given["default_wants_status"]))
    if "policies_readable" in given:
        state.set_policies_readable(host, bool(given["policies_readable"]))
    return no_content()


def _reset(state: State, which: str, given: dict[str, Any]) -> SandboxResponse:
    state.reset()
    seed.ensure_seeded(state)
    return no_content()


ACTIONS = {
    ("GET", "faults"): _list,
    ("POST", "faults"): _put,
    ("DELETE", "faults"): _clear,
    ("POST", "stranger"): _stranger,
    ("POST", "late"): _late,
    ("GET", "calls"): _calls,
    ("PUT", "settings"): _settings,
    ("POST", "reset"): _reset,
}
