"""A small language for the shape of JSON: `str`, `int` and `bool`, `[shape]`, `{key: shape}`, and the classes here.

Null is nowhere allowed unless a shape says so. Objects may hold further keys in answers, and none in requests.
"""

import re
from typing import Any


class Text:
    """A text that fits a pattern as a whole."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern, re.DOTALL)


class OneOf:
    """One of several shapes or values."""

    def __init__(self, *choices: Any) -> None:
        self.choices = choices
        self.texts = frozenset(choice for choice in choices if isinstance(choice, str))


class Maybe:
    """A key that may be left out."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class Json:
    """Any JSON, an object without these keys."""

    def __init__(self, without: tuple[str, ...] = ()) -> None:
        self.without = without


def problems(value: Any, shape: Any, *, strict: bool, at: str = "") -> list[str]:
    """What does not fit, one sentence each. strict: objects hold no further keys."""
    if isinstance(shape, Json):
        found = [name for name in shape.without if isinstance(value, dict) and name in value]
        return [f"{at} holds {name}" for name in found]
    if value is None:
        return [f"{at} is null"]
    if isinstance(shape, OneOf):
        return _none_fits(value, shape, strict, at)
    if isinstance(shape, Text):
        return [] if isinstance(value, str) and shape.pattern.fullmatch(value) else [f"{at} is {value!r:.60}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [one for n, item in enumerate(value) for one in problems(item, shape[0], strict=strict, at=f"{at}/{n}")]
    if isinstance(shape, dict):
        return _of_object(value, shape, strict, at)
    right = isinstance(value, shape) and isinstance(value, bool) is (shape is bool)
    return [] if right else [f"{at} is {value!r:.60}, not of type {shape.__name__}"]


def _none_fits(value: Any, shape: OneOf, strict: bool, at: str) -> list[str]:
    if isinstance(value, str) and value in shape.texts:
        return []
    others = [choice for choice in shape.choices if not isinstance(choice, str)]
    if any(not problems(value, choice, strict=strict, at=at) for choice in others):
        return []
    return [f"{at} is {value!r:.60}, none of the choices"]


def _of_object(value: Any, shape: dict[str, Any], strict: bool, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is no object"]
    found = []
    for name, inner in shape.items():
        optional = isinstance(inner, Maybe)
        if name not in value:
            found += [] if optional else [f"{at}/{name} is missing"]
        else:
            found += problems(value[name], inner.shape if optional else inner, strict=strict, at=f"{at}/{name}")
    for name in value.keys() - shape.keys():
        found += [f"{at}/{name} is not published"] if strict else _nulls(value[name], f"{at}/{name}")
    return found


def _nulls(value: Any, at: str) -> list[str]:
    if value is None:
        return [f"{at} is null"]
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, inner in entries for found in _nulls(inner, f"{at}/{name}")]
