"""A Privacy & Security document as the sandbox keeps it: the very characters that were sent, none lost."""

import json
import re
from typing import Any

from portal.sandbox.messages import STRICT, Problem

_BEFORE = re.compile(r'\s*\{\s*"commonCloud"\s*:\s*')


def content_of(text: str) -> str:
    """The characters of `commonCloud`'s object in `{"commonCloud": {…}}`; a Problem (400) for anything else.

    Duplicate keys, NaN and lone surrogates are refused, as is `properties`, which only Atlassian writes.
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
    if "properties" in content:
        raise Problem(400, "commonCloud.properties is read-only and must not be sent", shape="market")
    if before is None:  # the key was written with escapes; the value is then kept as Python writes it
        return json.dumps(content, ensure_ascii=False)
    _, end = STRICT.raw_decode(text, before.end())
    return text[before.end() : end]


def answer_text(content: str, properties: dict[str, Any]) -> str:
    """The document as it is read: the kept characters with `properties` after the last section."""
    body = content.rstrip()[:-1].rstrip()
    comma = "" if body.endswith("{") else ", "
    return f'{{"commonCloud": {body}{comma}"properties": {json.dumps(properties, ensure_ascii=False)}}}}}'
