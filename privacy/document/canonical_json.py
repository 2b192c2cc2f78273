"""JSON values: equality, canonical form, hashes and JSON pointers.

Numbers are int or Decimal (never float), as `portal.atlassian.strictjson` reads them. Two values are equal as JSON when
they hold the same content: key order does not matter, true is never 1, and a number counts as it is written: 90 and
90.0 are two answers, since a person who writes one for the other changed the document; `same_value` takes them for one.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal

Json = Any
Path = tuple[str, ...]


class Missing(Enum):
    """The value of a key that is not in the document; null is something else."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING


class PointerError(ValueError):
    """A JSON pointer that is not well-formed, or that leads to no place in this document (one sentence)."""


def split(pointer: str) -> Path:
    """The keys of a JSON pointer (RFC 6901): /a/b~1c -> ("a", "b/c"), "" -> (). Raises PointerError."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise PointerError(f"“{pointer[:100]}” is not a JSON pointer: it must begin with “/”.")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def join(path: Iterable[str]) -> str:
    """("a", "b/c") -> "/a/b~1c"."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def walk(value: Json, path: Path) -> Json:
    """The value at `path` below `value`, or MISSING."""
    for part in path:
        if isinstance(value, dict):
            if part not in value:
                return MISSING
            value = value[part]
        elif isinstance(value, list):
            index = list_index(part, len(value))
            if index is None:
                return MISSING
            value = value[index]
        else:
            return MISSING
    return value


def list_index(part: str, length: int) -> int | None:
    """The list position that a pointer part names, or None when there is no such entry."""
    if not (part.isascii() and part.isdigit()) or (part[0] == "0" and part != "0") or len(part) > 9:
        return None
    index = int(part)
    return index if index < length else None


def place(parent: dict[str, Json], key: str, order: Sequence[str]) -> None:
    """Put a key of `parent` behind the nearest one that stands before it in `order`, else in front."""
    keys = [item for item in parent if item != key]
    before = next((item for item in reversed(order[: order.index(key)]) if item in parent), None)
    keys.insert(0 if before is None else keys.index(before) + 1, key)
    items = {item: parent[item] for item in keys}
    parent.clear()
    parent.update(items)


def copy(value: Json) -> Json:
    """A copy that shares no list and no object with `value` (several times faster than copy.deepcopy)."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def copy_along(value: Json, path: Path) -> Json:
    """A copy of the objects and lists on the way to a place; what is there and all else is shared."""
    if not path or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, dict):
        return {key: copy_along(item, path[1:]) if key == path[0] else item for key, item in value.items()}
    index = list_index(path[0], len(value))
    return [copy_along(item, path[1:]) if place == index else item for place, item in enumerate(value)]


def same(left: Json, right: Json) -> bool:
    """Whether two values are equal as JSON, numbers as they are written; MISSING equals only itself."""
    # Python's == is coarser (True == 1 == 1.0), so a difference it finds is a difference.
    return bool(left == right) and _same_scalars(left, right, spelling=True)


def same_value(left: Json, right: Json) -> bool:
    """Whether two values are equal when 1, 1.0 and 1e0 are one number."""
    return bool(left == right) and _same_scalars(left, right, spelling=False)


def _same_scalars(left: Json, right: Json, *, spelling: bool) -> bool:
    """Whether values that are equal to Python agree in what it does not look at."""
    if left is right:
        return True
    if isinstance(left, dict):
        return all(_same_scalars(item, right[key], spelling=spelling) for key, item in left.items())
    if isinstance(left, list):
        return all(_same_scalars(item, other, spelling=spelling) for item, other in zip(left, right, strict=True))
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    return not (spelling and (isinstance(left, Decimal) or isinstance(right, Decimal))) or str(left) == str(right)


def identical(left: Json, right: Json) -> bool:
    """Whether two values are written as the same JSON text: keys in the same order, numbers as they are written."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        # items() in their order; dict equality does not look at it
        return len(left) == len(right) and all(
            key == other_key and identical(item, other)
            for (key, item), (other_key, other) in zip(left.items(), right.items(), strict=True)
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right) and (not isinstance(left, Decimal) or str(left) == str(right))


class Texts:
    """The canonical texts of objects, each worked out once; for values that nobody changes while this is in use.

    Changing one record of a list takes several hashes of the list, in which all other records are the same objects.
    """

    def __init__(self) -> None:
        # With the objects, so that none goes while its id is a key.
        self._kept: dict[int, tuple[Json, str]] = {}

    def of(self, value: Json) -> str:
        """The text of an object, or of a list of objects."""
        if isinstance(value, list):
            return "[" + ",".join([_text(item) if type(item) is str else self.of(item) for item in value]) + "]"
        if not isinstance(value, dict):
            return canonical(value)
        if id(value) not in self._kept:
            self._kept[id(value)] = value, _canonical(value, _number, self)
        return self._kept[id(value)][1]


def canonical(value: Json, texts: Texts | None = None) -> str:
    """One text for all writings of the same JSON content: sorted keys, no spaces, numbers as they are written."""
    return _canonical(value, _number, None) if texts is None else texts.of(value)


def _canonical(value: Json, number: Callable[[int | Decimal], str], texts: Texts | None = None) -> str:
    if isinstance(value, str):
        return _text(value)
    # Texts are most of a document, so they are written without a call of their own.
    if isinstance(value, dict):
        parts = [
            f"{_text(key)}:{_text(item) if type(item) is str else _canonical(item, number, texts)}"
            for key, item in sorted(value.items())
        ]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        if texts is not None:
            return texts.of(value)
        return "[" + ",".join([_text(item) if type(item) is str else _canonical(item, number) for item in value]) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return number(value)


#: What json.dumps does with a text, without what it does around it: most of a document is texts.
_text = json.encoder.encode_basestring_ascii


def _number(value: int | Decimal) -> str:
    if not isinstance(value, Decimal):
        shown = str(value)
        significant = shown.rstrip("0")
        # The form in which hashes have always been made of whole numbers.
        return f"{significant}e{len(shown) - len(significant)}" if significant else "0"
    if not value.is_finite():
        raise ValueError("JSON knows no NaN and no Infinity.")
    return f"#{value}"


def _number_by_value(value: int | Decimal) -> str:
    """One text for 1, 1.0 and 1e0, which is that of the whole number where there is one."""
    if not isinstance(value, Decimal):
        return _number(value)
    sign, digits, exponent = value.as_tuple()
    shown = "".join(map(str, digits)).lstrip("0")
    significant = shown.rstrip("0")
    return f"{'-' * sign}{significant}e{int(exponent) + len(shown) - len(significant)}" if significant else "0"


def digest(value: Json, texts: Texts | None = None) -> str:
    """sha256 (hex) over the canonical form; MISSING has a digest of its own."""
    text = "missing" if value is MISSING else canonical(value, texts)
    return hashlib.sha256(text.encode()).hexdigest()


def value_digest(value: Json, texts: Texts | None = None) -> str:
    """The same for all values that are equal to `same_value`; without fractions it is `digest`."""
    text = "missing" if value is MISSING else canonical(value, texts)
    if "#" in text:  # there may be a number with a fraction
        text = _canonical(value, _number_by_value)
    return hashlib.sha256(text.encode()).hexdigest()


# --- what an answer means, whatever way it is written -------------------------------------------------------------

Truth = Literal["yes", "no", "na"]

# Yes, no, not applicable as they occur on the wire; the first row is what a new answer is written as.
SPELLINGS: Final = (
    ("TRUE", "FALSE", "NOT_APPLICABLE"),
    ("true", "false", "not_applicable"),
    ("True", "False", "Not_Applicable"),
    ("YES", "NO", "N/A"),
    ("Yes", "No", "n/a"),
    ("yes", "no", "NA"),
)
TRUTHS: Final[tuple[Truth, ...]] = ("yes", "no", "na")
_TRUTH_OF: Final[dict[str, Truth]] = {text: truth for row in SPELLINGS for text, truth in zip(row, TRUTHS, strict=True)}


def truth(value: Json) -> Truth | None:
    """yes / no / na for every way in which that answer is written; None when it is no such answer."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _TRUTH_OF.get(value) if isinstance(value, str) else None


def written_like(answer: Truth, current: Json, *, as_text: bool) -> bool | str:
    """The wire value for `answer`, in the form in which `current` is written.

    `as_text` decides when there is nothing to follow; "na" has no boolean form and is always text.
    """
    spelling = SPELLINGS[0]
    if isinstance(current, str) and current in _TRUTH_OF:
        spelling = next(row for row in SPELLINGS if current in row)
        as_text = True
    elif isinstance(current, bool):
        as_text = False
    if answer == "na" or as_text:
        return spelling[TRUTHS.index(answer)]
    return answer == "yes"


def is_blank(value: Json) -> bool:
    """Whether a value says nothing: missing, null, empty or blank text, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is MISSING or value is None or value == [] or value == {}
