"""Requests and responses of the sandbox's router, and refusals in the shape of each Atlassian API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

MAX_BODY = 5 * 1024 * 1024


@dataclass
class Caller:
    """Who asks, after the credential was checked; `account_id` is empty for nobody.

    `bearer`: with an app's token (OAuth 2.0 or Forge); `scopes` are then what it may do, None for all.
    """

    account_id: str = ""
    email: str = ""
    name: str = ""
    org_admin: bool = False
    partner: bool = False
    default_right: int = 0
    bearer: bool = False
    scopes: frozenset[str] | None = None

    @property
    def anonymous(self) -> bool:
        return not self.account_id


@dataclass
class SandboxResponse:
    """An answer before it is put on a wire.

    `delay` and `body_delay` are seconds that the transport waits before the head and while giving the body;
    `broken` is "" or "reset" (nothing arrives) or "cut" (the body ends before its announced length).
    `call` is the name of the call that it answers.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    body_delay: float = 0.0
    broken: str = ""
    call: str = "unknown"


@dataclass
class SandboxRequest:
    """A request after routing. `host` is the site's host, or api.atlassian.com; header names are lower case.

    `url` is the address as it was asked for. `origin` is where links point: `https://{host}`, or the address of the
    server that plays all hosts. `shape`: how the API words a refusal.
    """

    method: str
    host: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    origin: str = ""
    url: str = ""
    call: str = ""
    args: dict[str, str] = field(default_factory=dict)
    dialect: str = "current"
    shape: str = "v2"
    caller: Caller = field(default_factory=Caller)

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    def one(self, name: str, default: str = "") -> str:
        """A parameter that may be given once; a Problem (400) when it is repeated."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise Problem(400, f"Parameter '{name}' must not be given more than once", shape=self.shape)
        return values[0] if values else default

    def many(self, name: str, *, most: int = 250) -> list[str]:
        """A parameter that is repeated for each of its values; a Problem (400) for more than `most`, or for commas."""
        values = self.query.get(name, [])
        if len(values) > most:
            raise Problem(400, f"Parameter '{name}' must not have more than {most} values", shape=self.shape)
        for value in values:
            if "," in value:
                raise Problem(400, f"Provided value '{value[:40]}' for '{name}' is not valid", shape=self.shape)
        return values


class Problem(Exception):
    """The answer is a refusal. `shape` picks the body: v2, plain, jira, org, market, text, html or empty."""

    def __init__(self, status: int, message: str, *, shape: str = "v2", code: str = "", headers: dict | None = None):
        super().__init__(message)
        self.status, self.message, self.shape, self.code = status, message, shape, code
        self.headers = headers or {}

    def response(self) -> SandboxResponse:
        content_type, body = SHAPES[self.shape](self)
        return SandboxResponse(self.status, {"Content-Type": content_type, **self.headers}, body)


CODES = {
    400: "INVALID_REQUEST_PARAMETER",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}
JSON = "application/json;charset=UTF-8"
HTML = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def _json(value: Any) -> tuple[str, bytes]:
    return JSON, json.dumps(value, ensure_ascii=False).encode()


def _v2(problem: Problem) -> tuple[str, bytes]:
    code = problem.code or CODES.get(problem.status, "ERROR")
    error = {"status": problem.status, "code": code, "title": problem.message, "detail": None}
    return _json({"errors": [error]})


def _org(problem: Problem) -> tuple[str, bytes]:
    code = problem.code or CODES.get(problem.status, "ERROR")
    title = code.replace("_", " ").capitalize()
    return _json({"errors": [{"status": str(problem.status), "code": code, "title": title, "detail": problem.message}]})


SHAPES = {
    "v2": _v2,
    "org": _org,
    "plain": lambda p: _json(
        {"statusCode": p.status, "message": p.message, "data": {"authorized": p.status != 403, "successful": False}}
    ),
    "jira": lambda p: _json({"errorMessages": [p.message], "errors": {}}),
    "market": lambda p: _json({"errors": [{"message": p.message}]}),
    "gateway": lambda p: _json({"code": p.status, "message": p.message}),
    "text": lambda p: ("text/plain;charset=UTF-8", p.message.encode()),
    "html": lambda p: ("text/html;charset=UTF-8", HTML.format(p.message).encode()),
    "empty": lambda p: ("text/plain", b""),
}


def answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> SandboxResponse:
    return SandboxResponse(status, {"Content-Type": JSON, **(headers or {})}, _json(value)[1])


def no_content(status: int = 204) -> SandboxResponse:
    return SandboxResponse(status)


class _NotJSON(ValueError):
    pass


def _no_constant(name: str) -> Any:
    raise _NotJSON(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotJSON("Duplicate key in an object")
    return found


STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique)


def body_text(request: SandboxRequest, *, shape: str) -> str:
    """The body as text; a Problem when it is absent, too large, of another type, or not UTF-8."""
    if len(request.body) > MAX_BODY:
        raise Problem(413, "Request body is too large", shape=shape)
    if not request.body:
        raise Problem(400, "Request body is missing", shape=shape)
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(415, f"Content type '{media or 'none'}' is not supported", shape=shape)
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "Request body is not UTF-8", shape=shape) from None


def body_object(request: SandboxRequest, *, shape: str) -> dict[str, Any]:
    """The body as a JSON object, read strictly."""
    try:
        value = STRICT.decode(body_text(request, shape=shape))
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate fails here
    except (ValueError, RecursionError):
        raise Problem(400, "Request body is not valid JSON", shape=shape) from None
    if not isinstance(value, dict):
        raise Problem(400, "Request body must be a JSON object", shape=shape)
    return value


def body_fields(
    request: SandboxRequest, fields: Mapping[str, type], *, required: tuple[str, ...], shape: str
) -> dict[str, Any]:
    """The body's fields when each is known, of its type and, if required, there; else a Problem naming the first."""
    value = body_object(request, shape=shape)
    for name in value:
        if name not in fields:
            raise Problem(400, f"Unrecognized field '{name}'", shape=shape)
    for name in required:
        if name not in value:
            raise Problem(400, f"Missing required field '{name}'", shape=shape)
    for name, found in value.items():
        if not isinstance(found, fields[name]) or isinstance(found, bool) is not (fields[name] is bool):
            raise Problem(400, f"Field '{name}' is of the wrong type", shape=shape)
    return value
