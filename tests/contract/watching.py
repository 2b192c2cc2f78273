"""Holds what goes over the sandbox's transport against the published calls: each request, and each answer of 2xx."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox import faults, transport
from tests.contract.published_calls import PUBLISHED, Published
from tests.contract.shapes import problems

_GATEWAY = re.compile(r"/ex/(confluence|jira)/[^/]+")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _parts(path)))


def _parts(path: str) -> list[str]:
    return re.split(r"(\{[^}]*\})", path)


# Of two paths that fit, the one with fewer names is meant: /project/search before /project/{idOrKey}.
_CALLS = [(_pattern(call.path), call) for call in sorted(PUBLISHED, key=lambda call: call.path.count("{"))]


def published(method: str, url: str) -> Published | None:
    path = _GATEWAY.sub("", urlsplit(url).path, count=1)
    fits = [call for pattern, call in _CALLS if pattern.fullmatch(path)]
    first = fits[0].path if fits else ""
    return next((call for call in fits if call.method == method and call.path == first), None)


def of_request(method: str, url: str, body: bytes) -> list[str]:
    """What is wrong with a request; [] when it is as published."""
    call = published(method, url)
    if call is None:
        return ["this call is not published"]
    found = []
    for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items():
        param = call.params.get(name)
        if param is None:
            found.append(f"parameter {name} is not published")
            continue
        if len(values) > (param.most if param.many else 1):
            found.append(f"parameter {name} is given {len(values)} times")
        for value in values:
            found += problems(value, param.values, strict=True, at=f"parameter {name}")
            found += [f"parameter {name} holds a comma"] if param.many and "," in value else []
    return found + _of_body(call, body)


def _of_body(call: Published, body: bytes) -> list[str]:
    if not call.body:
        return ["there is a body"] if body else []
    if not body:
        return ["the body is missing"]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ["the body is no JSON"]
    tried = [problems(value, shape, strict=True, at="body") for shape in call.body]
    return min(tried, key=len)


def of_answer(method: str, url: str, status: int, body: bytes) -> list[str]:
    """What is wrong with an answer; [] when it is as published, or a refusal."""
    if not 200 <= status < 300:
        return []
    call = published(method, url)
    if call is None:
        return ["a call that is not published is answered"]
    if status not in call.answers:
        return [f"status {status} is not published"]
    shape = call.answers[status]
    if shape is None:
        return ["there is a body"] if body else []
    try:
        value: Any = json.loads(body)
    except ValueError:
        return ["it is no JSON"]
    return problems(value, shape, strict=False)


class Watch:
    """Stands where the transport hands a request to the sandbox. `violations`: sentences, in the order of the calls.

    lenient: requests may be wrong as long as they are refused; for the sandbox's own tests, which send such.
    """

    def __init__(self, *, lenient: bool = False) -> None:
        self.violations: list[str] = []
        self.lenient = lenient
        self.answer = transport.handle

    def handle(self, state, method, url, headers, body=b"", **options):
        spoiled = bool(faults.active(state))
        response = self.answer(state, method, url, headers, body, **options)
        wrong = of_request(method, url, body)
        if wrong and not (self.lenient and response.status >= 400):
            self._tell("request", method, url, wrong)
        if not spoiled and not response.broken:
            self._tell("answer", method, url, of_answer(method, url, response.status, response.body))
        return response

    def _tell(self, what: str, method: str, url: str, wrong: list[str]) -> None:
        self.violations += [f"{what} {method} {url[:200]}: {sentence}" for sentence in wrong[:5]]
