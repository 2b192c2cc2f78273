"""A Privacy & Security document as the sandbox keeps it: the very characters that were sent, none lost."""

import json
import re
from typing import Any

from sandbox.messages import STRICT, Problem

_SPACE, _COLON, _COMMA = re.compile(r"\s*"), re.compile(r"\s*:\s*"), re.compile(r"\s*,?\s*")
_BEFORE = re.compile(r'\s*\{\s*"commonCloud"\s*:\s*')


def content_of(text: str, *, refuse_properties: bool = False) -> str:
    """The characters of `commonCloud`'s object in `{"commonCloud": {…}}`; a Problem (400) for anything else.

    Duplicate keys, NaN and lone surrogates are refused. `properties`, which only Atlassian writes, is not kept.
    """
    before = _BEFORE.match(text)
    try:
        whole = STRICT.decode(text)
        json.dumps(whole, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeEncodeError, for a lone surrogate, is a ValueError
        raise Problem(400, "Request body is not valid JSON", shape="market") from None
    if not isinstance(whole, dict) or "commonCloud" not in whole:
        raise Problem(400, "commonCloud: must not be null", shape="market")
    for name in whole:
        if name != "commonCloud":
            raise Problem(400, f"Unrecognized property '{name}'", shape="market")
    content = whole["commonCloud"]
    if not isinstance(content, dict):
        raise Problem(400, "commonCloud: must be an object", shape="market")
    if "properties" in content and refuse_properties:
        raise Problem(400, "commonCloud.properties is read-only and must not be sent", shape="market")
    if before is None:  # the key was written with escapes; the value is then kept as Python writes it
        return _without_properties(json.dumps(content, ensure_ascii=False))
    _, end = STRICT.raw_decode(text, before.end())
    return _without_properties(text[before.end() : end])


def _without_properties(content: str) -> str:
    """The object's text without its member `properties`; every other character stays."""
    spans, at = [], _SPACE.match(content, 1).end()  # type: ignore[union-attr]  # it matches the empty text, too
    while content[at] != "}":
        name, end = STRICT.raw_decode(content, at)
        _, end = STRICT.raw_decode(content, _COLON.match(content, end).end())  # type: ignore[union-attr]
        spans.append((name, at, end))
        at = _COMMA.match(content, end).end()  # type: ignore[union-attr]
    for number, (name, start, end) in enumerate(spans):
        if name == "properties":
            if number + 1 < len(spans):
                return content[:start] + content[spans[number + 1][1] :]
            return content[: spans[number - 1][2] if number else start] + content[end:]
    return content


def answer_text(content: str, properties: dict[str, Any]) -> str:
    """The document as it is read: the kept characters with `properties` after the last section."""
    body = content.rstrip()[:-1].rstrip()
    comma = "" if body.endswith("{") else ", "
    return f'{{"commonCloud": {body}{comma}"properties": {json.dumps(properties, ensure_ascii=False)}}}}}'
