"""JSON that comes back exactly as it was: the reader and writer of every document the service module carries.

Python's own reader turns `1.0000000000000000001` into a float and lets NaN, doubled keys and half characters through.
Here a document survives reading and writing without loss (key order, types, number literals) or is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import simplejson

MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one JSON text may hold: bytes of UTF-8, and values (entries of lists and members of objects)."""

    size: int
    values: int


# What one answer of Atlassian may hold: far more than a list of 250 items, or a document with 500 records, has.
ANSWER = Limits(size=8 * 1024 * 1024, values=100_000)
# What a person may give as one value.
TYPED = Limits(size=256 * 1024, values=10_000)

# A whole text in JSON, also one that breaks off, so that commas in texts are not counted.
_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL)
# An escape that may stand for half of a character; whether its other half follows is checked only where one occurs.
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
# Below this many digits Python converts in no time and without its guard against very long numbers.
_PLAIN_INTEGER_DIGITS = 4000


class StrictJSONError(ValueError):
    """The text or value is not JSON that can be kept without loss; the message is one clear sentence."""


class Number(Decimal):
    """A JSON number that remembers how it was written: `1.0`, `1e400` and `-0` come back as such.

    It counts, compares and hashes as the Decimal that it is.
    """

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Number:
        try:
            number = super().__new__(cls, literal)
        except InvalidOperation:
            raise StrictJSONError(f"The number {_short(literal)} is too large to be kept exactly.") from None
        number.literal = literal
        return number

    def __str__(self) -> str:
        return self.literal

    def __reduce__(self) -> tuple[type[Number], tuple[str]]:
        return (Number, (self.literal,))


def require_within(text: str, limits: Limits) -> None:
    """Raise StrictJSONError for a text beyond its limits. It costs little: the text is not read as JSON for it."""
    if len(text) > limits.size or (not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > limits.size):
        raise StrictJSONError(f"This JSON is larger than {in_bytes(limits.size)}.")
    # Every value but the first of its list or object stands behind a comma.
    if text.count(",") + text.count("[") + text.count("{") > limits.values:
        bare = _TEXT.sub("", text)
        if bare.count(",") + bare.count("[") + bare.count("{") > limits.values:
            raise StrictJSONError(f"This JSON holds more than {limits.values:,} values.")


def in_bytes(size: int) -> str:
    return f"{size // 1024**2} MB" if size >= 1024**2 else f"{size // 1024} KB"


def loads(text: str, limits: Limits | None = None) -> Any:
    """Read one JSON text. Objects keep their key order; numbers with a fraction or an exponent come as `Number`.

    Raises StrictJSONError for anything that is not JSON or could not be written back as it was: NaN and Infinity, a key
    that occurs twice in one object, half of a surrogate pair, nesting deeper than 100; and beyond the limits.
    """
    if limits is not None:
        require_within(text, limits)
    try:
        value = _decoder.decode(text)
    except StrictJSONError:
        raise
    except simplejson.JSONDecodeError as error:
        raise StrictJSONError(_what_is_wrong(text, error)) from None
    except RecursionError:
        raise StrictJSONError(_too_deep()) from None
    _check_containers(value)
    if not text.isascii() or _HALF_CHARACTER.search(text):
        _check_characters(value)
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write a value as JSON text: compact, or with `indent` spaces per depth for people to read.

    Characters are written as themselves, not as escapes. Raises StrictJSONError for what `loads` would not read back.
    """
    try:
        text = simplejson.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            use_decimal=True,
            namedtuple_as_object=False,
            encoding=None,
            separators=(",", ": ") if indent else (",", ":"),
            indent=indent,
        )
    except RecursionError:
        raise StrictJSONError(_too_deep()) from None
    except (TypeError, ValueError) as error:
        raise StrictJSONError(_what_cannot_be_written(error)) from None
    _check_containers(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StrictJSONError(_half_character()) from None
    return text


def _integer(literal: str) -> int | Number:
    if literal == "-0" or len(literal) > _PLAIN_INTEGER_DIGITS:
        return Number(literal)
    return int(literal)


def _constant(name: str) -> NoReturn:
    raise StrictJSONError(f"{name} is not a JSON number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise StrictJSONError(f'The key "{_short(twice)}" occurs twice in one object.')
    return result


_decoder = simplejson.JSONDecoder(
    parse_float=Number, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object, strict=True
)


def _check_containers(value: Any) -> None:
    """Depth, and keys that are not texts; breadth first, so that no depth can exhaust the stack."""
    level = [value] if isinstance(value, (dict, list, tuple)) else []
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise StrictJSONError(_too_deep())
        objects = [container for container in level if isinstance(container, dict)]
        wrong = [key for container in objects for key in container if not isinstance(key, str)]
        if wrong:
            raise StrictJSONError(f"The key {_short(repr(wrong[0]))} of an object is not a text.")
        # A text is told apart first: most of a document is texts.
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if type(item) is not str and isinstance(item, (dict, list, tuple))
        ]


def _check_characters(value: Any) -> None:
    try:
        simplejson.dumps(value, ensure_ascii=False, use_decimal=True).encode()
    except UnicodeEncodeError:
        raise StrictJSONError(_half_character()) from None


def _what_is_wrong(text: str, error: simplejson.JSONDecodeError) -> str:
    constant = re.match(r"-?(NaN|Infinity)", text[error.pos : error.pos + 9])
    if constant:
        return f"{constant[0]} is not a JSON number."
    if not text.strip():
        return "This is not JSON: it is empty."
    reason = error.msg.removesuffix(":").removesuffix(" at")
    return f"This is not JSON: {reason} at line {error.lineno}, column {error.colno}."


def _what_cannot_be_written(error: Exception) -> str:
    if "Out of range" in str(error):
        return "NaN and Infinity are not JSON numbers."
    if "Circular" in str(error):
        return _too_deep()
    return f"This cannot be written as JSON: {_short(str(error), 200)}."


def _too_deep() -> str:
    return f"This JSON is nested deeper than {MAX_DEPTH} levels."


def _half_character() -> str:
    return "A text holds half of a character (a lone surrogate), which JSON cannot carry safely."


def _short(text: str, limit: int = 60) -> str:
    text = text.encode("utf-8", "replace").decode().replace("\x00", "\\u0000")
    return text if len(text) <= limit else text[: limit - 1] + "…"
