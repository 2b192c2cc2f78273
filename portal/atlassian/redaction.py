"""Credentials: the headers they make, and how they are kept out of all that the service module says."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable

from portal.atlassian.errors import Misconfigured

REDACTED = "[redacted]"
# A host may echo any Authorization header, also one that a proxy wrote. The length leaves "Basic authentication" alone.
_AUTHORIZATION = re.compile(r"\b(Basic|Bearer)(\s+|%20|\+)[A-Za-z0-9+/=_.~%:-]{20,}", re.IGNORECASE)
# What is shorter is no token, and blanking it would blank half of every sentence.
_SHORTEST_SECRET = 4
_HTML_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
# Base64 is wrapped into lines by some, and the line end may be escaped.
_LINE_END = r"(?:\s|\\+[nr])*"


class SecretText(str):
    """A text that does not show itself where a traceback or a log prints the values around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{REDACTED}'"


class Redactor:
    """Replaces the secrets of one connection, in every form in which a host could echo them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        longest_first = sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        forms = [form for secret in longest_first for form in _forms(secret)]
        self._pattern = re.compile("|".join(forms), re.IGNORECASE) if forms else None

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        if self._pattern:
            text = self._pattern.sub(REDACTED, text)
        return _AUTHORIZATION.sub(rf"\1 {REDACTED}", text)


def credentials(email: str, token: str) -> tuple[dict[str, str], Redactor]:
    """The headers of every call (Basic with an e-mail, else a bearer), and what takes the credentials out of a text.

    Raises Misconfigured for a token that cannot be sent.
    """
    secrets = [token]
    if email:
        basic = base64.b64encode(f"{email}:{token}".encode()).decode()
        secrets += [f"{email}:{token}", basic]
        authorization = f"Basic {basic}"
    else:
        authorization = f"Bearer {token}"
    if not token or not re.fullmatch(r"[\x20-\x7e]+", authorization):
        raise Misconfigured("The token of this connection is empty or holds characters that cannot be sent.")
    headers = {
        "Authorization": SecretText(authorization),
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": "Trustdesk",
    }
    return headers, Redactor(secrets)


def _forms(secret: str) -> list[str]:
    """Patterns of the secret: as it is with any of its characters escaped, as hexadecimal, and inside base64."""
    raw = secret.encode()
    inside = {form for form in map(_base64_inside, (raw, b"\0" + raw, b"\0\0" + raw), range(3)) if form}
    inside |= {form.replace("+", "-").replace("/", "_") for form in inside}
    wrapped = [_LINE_END.join(map(_escaped, form)) for form in inside if len(form) >= _SHORTEST_SECRET]
    return ["".join(map(_escaped, secret)), *wrapped, raw.hex()]


def _base64_inside(padded: bytes, shift: int) -> str:
    """The base64 digits that the secret decides alone, when `shift` bytes (modulo 3) of something stand before it."""
    digits = base64.b64encode(padded).decode()
    return digits[(0, 2, 3)[shift] : len(padded) * 8 // 6]


@functools.cache
def _escaped(character: str) -> str:
    """One character raw, or as JSON (nested too), HTML or a URL (encoded twice too) may spell it."""
    code = ord(character)
    plain = character if character.isalnum() else rf"\\*{re.escape(character)}"
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode())
    spellings = [plain, rf"\\+u{code:04x}", rf"&(?:amp;)?#0*{code};", rf"&(?:amp;)?#x0*{code:x};", percent]
    if character in _HTML_NAMES:
        spellings.append(f"&(?:amp;)?{_HTML_NAMES[character]};")
    if character == " ":
        spellings.append(r"\+")
    return f"(?:{'|'.join(spellings)})"
