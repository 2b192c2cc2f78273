"""Checks across the answers of one document: errors and warnings.

    for finding in check(document, review_by={pointer: date}, today=date.today()):
        finding.level       "error" blocks publishing, "warning" does not; neither blocks saving
        finding.code        stable name of the check;  .message one sentence;  .pointers the answers it is about

The rules are data (checks.toml beside this file); links and e-mail addresses are checked wherever there are any.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from portal.atlassian import strictjson
from portal.characters import host_remark, is_plain, remarks, spelled_out
from privacy.document import canonical_json, catalogue
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import FIELDS, CatalogueError, Field
from privacy.document.catalogue.model import ROOT
from privacy.document.document import Document
from privacy.document.form_values import entries_of, plain
from privacy.document.readable import is_email, is_link, record_title

Level = Literal["error", "warning"]
#: In a JSON text: characters that are not plain, or a host that is read as another one, or as none.
_MAY_DECEIVE: Final = re.compile(r'[^\x20-\x7e]|\\u00|xn--|://[^"/?#]*[\[\]]', re.IGNORECASE)
RULE_KEYS: Final = {"code", "level", "message", "if", "unequal", "at_most", "periods", "at"}
PERIOD: Final = re.compile(r"\s*([0-9]{1,9})[\s_-]*(DAY|WEEK|MONTH|YEAR)S?\s*", re.IGNORECASE)
DAYS: Final = {"DAY": 1, "WEEK": 7, "MONTH": 30, "YEAR": 365}


@dataclass(frozen=True)
class Finding:
    """One thing to look at. `pointers`: the answers it is about, the first one being where it is shown."""

    level: Level
    code: str
    message: str
    pointers: tuple[str, ...]

    @property
    def is_error(self) -> bool:
        """Whether it blocks publishing."""
        return self.level == "error"

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of the sections that it is about."""
        return tuple(dict.fromkeys(catalogue.section_of(pointer).key for pointer in self.pointers))


@dataclass(frozen=True)
class Rule:
    """One rule of checks.toml: it is broken when `broken(document)`."""

    level: Level
    code: str
    message: str
    pointers: tuple[str, ...]
    broken: Callable[[Document], bool]


def check(
    document: Document, *, review_by: Mapping[str, date] | None = None, today: date | None = None
) -> tuple[Finding, ...]:
    """Everything the checks find, errors first, each group in the order of the document's questions.

    `review_by`: pointer -> the last day on which that answer counts as fresh; looked at only when `today` is given.
    """
    found = [*_malformed(document), *_hidden(document)]
    found += [Finding(r.level, r.code, r.message, r.pointers) for r in RULES if r.broken(document)]
    if review_by and today is not None:
        found += _overdue(document, review_by, today)
    order = {field.pointer: number for number, field in enumerate(FIELDS)}
    found.sort(key=lambda finding: (finding.level, order.get(finding.pointers[0], len(order))))
    return tuple(dict.fromkeys(found))


def errors(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that block publishing."""
    return tuple(finding for finding in findings if finding.is_error)


def by_pointer(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Findings by each answer that they are about, for showing them beside it."""
    beside: dict[str, list[Finding]] = {}
    for finding in findings:
        for pointer in finding.pointers:
            beside.setdefault(pointer, []).append(finding)
    return beside


# --- links and e-mail addresses -------------------------------------------------------------------------------------


def _malformed(document: Document) -> Iterator[Finding]:
    for field in FIELDS:
        value = document.get(field.pointer)
        if canonical_json.is_blank(value):
            continue
        if field.kind == "records":
            parts = [part for part in field.parts if part.kind in ("email", "url") or part.link]
            for record in entries_of(value):
                for part in parts if isinstance(record, dict) else ():
                    problem = _problem(part, record.get(part.key, MISSING))
                    if problem:
                        title = f"{field.record.capitalize()} “{record_title(field, record)[:80]}”"
                        yield Finding("error", "malformed", f"{title}: {problem}", (field.pointer,))
        else:
            problem = _problem(field, value)
            if problem:
                yield Finding("error", "malformed", problem, (field.pointer,))


def _hidden(document: Document) -> Iterator[Finding]:
    """Characters that a reader cannot see or tell from others, once for each answer and kind."""
    for pointer, value in document.units().items():
        field = catalogue.CATALOGUE.by_pointer.get(pointer)
        if field is not None and field.kind == "records" and not _MAY_DECEIVE.search(strictjson.dumps(value)):
            continue  # quick for many records: nearly always there is nothing to say of any
        parts = {part.key: part for part in field.parts} if field is not None else {}
        said: dict[str, str] = {}
        for key, text in _texts(value, ""):
            meant = parts.get(key, field) if key else field
            links = meant is None or meant.kind == "url" or bool(meant.link)
            found = [] if is_plain(text) else list(remarks(text))
            if links and "://" in text:
                found.append(host_remark(text))
            for sentence in filter(None, found):
                said.setdefault(sentence, f"“{spelled_out(text.strip())[:120]}”: {sentence}")
        for sentence in said.values():
            yield Finding("warning", "hidden-characters", sentence, (pointer,))


def _texts(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """Every text inside a value, names of keys included, with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield "", name
            yield from _texts(item, name)


def _problem(field: Field, value: Json) -> str:
    if canonical_json.is_blank(value):
        return ""
    if field.kind == "email" and not is_email(value):
        return f"“{plain(value)[:80]}” is not a well-formed e-mail address, such as security@example.com."
    if field.kind == "url" and not is_link(value):
        return f"“{plain(value)[:80]}” is not a well-formed link: {_wrong_with_link(plain(value))}."
    meant = isinstance(value, str) and re.fullmatch(r"\s*https?:\S*\s*", value, re.IGNORECASE)
    if field.link and meant and not is_link(value):
        return f"“{plain(value)[:80]}” is not a well-formed link: {_wrong_with_link(plain(value))}."
    return ""


def _wrong_with_link(text: str) -> str:
    """What keeps a text from being a link, for the end of a sentence."""
    if text != text.strip():
        return "it begins or ends with a space or a line end"
    if re.search(r"\s", text):
        return "it holds a space or a line end; write %20 in its place or take it out"
    if not re.match(r"https?://", text, re.IGNORECASE):
        return "it must begin with https:// or http://"
    if not re.match(r"https?://[^/?#]", text, re.IGNORECASE):
        return "there is no host name after the //"
    return "its host name or one of its characters is not allowed in a link"


def _overdue(document: Document, review_by: Mapping[str, date], today: date) -> Iterator[Finding]:
    for pointer, due in review_by.items():
        if due < today and document.state(pointer) == "answered":
            message = f"This answer was to be reviewed by {due.day} {due:%B %Y}."
            yield Finding("warning", "review-overdue", message, (pointer,))


# --- the rules of checks.toml ---------------------------------------------------------------------------------------


def _holds(wanted: str, value: Json) -> bool:
    if wanted in canonical_json.TRUTHS:
        return canonical_json.truth(value) == wanted
    known = {
        "not_yes": lambda: canonical_json.truth(value) != "yes",
        "answered": lambda: not canonical_json.is_blank(value),
        "unanswered": lambda: canonical_json.is_blank(value),
        "empty": lambda: value is not MISSING and canonical_json.is_blank(value),
        "absent": lambda: value is MISSING,
    }
    return known[wanted]() if wanted in known else bool(value == wanted)


def days(value: Json) -> Decimal | None:
    """A retention period in days: 90, "90", "90_DAYS", "3 months" (of 30 days); None when it cannot be read so."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str):
        return None
    found = PERIOD.fullmatch(value)
    if found:
        return Decimal(found[1]) * DAYS[found[2].upper()]
    return Decimal(value) if re.fullmatch(r"[0-9]{1,9}", value) else None


def _all_hold(conditions: Sequence[tuple[str, str]]) -> Callable[[Document], bool]:
    return lambda document: all(_holds(wanted, document.get(pointer)) for pointer, wanted in conditions)


def _unequal(one: str, other: str) -> Callable[[Document], bool]:
    def broken(document: Document) -> bool:
        answers = canonical_json.truth(document.get(one)), canonical_json.truth(document.get(other))
        return None not in answers and answers[0] != answers[1]

    return broken


def _above(one: str, other: str) -> Callable[[Document], bool]:
    def broken(document: Document) -> bool:
        low, high = days(document.get(one)), days(document.get(other))
        return low is not None and high is not None and low > high

    return broken


def _periods_differ(one: str, other: str) -> Callable[[Document], bool]:
    def broken(document: Document) -> bool:
        values = document.get(one), document.get(other)
        if any(canonical_json.is_blank(value) for value in values):
            return False
        if all(isinstance(value, str) for value in values) and None in map(days, values):
            return plain(values[0]).strip().casefold() != plain(values[1]).strip().casefold()
        found = [days(value) for value in values]
        return None not in found and found[0] != found[1]

    return broken


PAIRS: Final = {"unequal": _unequal, "at_most": _above, "periods": _periods_differ}


def load(path: Path) -> tuple[Rule, ...]:
    """Read and check the rules. Raises CatalogueError with one sentence that names the rule."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name} is not well-formed TOML: {error}.") from None
    return tuple(_rule(f"{path.name}, rule {row.get('code', '?')}", row) for row in rows)


def _rule(where: str, row: Mapping[str, Any]) -> Rule:
    wrong = next((key for key in row if key not in RULE_KEYS), None)
    kinds = [key for key in ("if", *PAIRS) if key in row]
    if wrong is not None:
        raise CatalogueError(f"{where}: “{wrong}” is not a known key; known are {', '.join(sorted(RULE_KEYS))}.")
    if row.get("level") not in ("error", "warning"):
        raise CatalogueError(f"{where}: the level must be error or warning.")
    if len(kinds) != 1 or not row.get("code") or not row.get("message"):
        raise CatalogueError(f"{where}: a rule needs code, message and exactly one of if, {', '.join(PAIRS)}.")
    if kinds == ["if"]:
        conditions = [(_pointer(where, item["pointer"]), item["is"]) for item in row["if"]]
        named, broken = [pointer for pointer, _ in conditions], _all_hold(conditions)
    else:
        named = [_pointer(where, pointer) for pointer in row[kinds[0]]]
        if len(named) != 2:
            raise CatalogueError(f"{where}: {kinds[0]} needs two pointers.")
        broken = PAIRS[kinds[0]](*named)
    at = tuple(_pointer(where, pointer) for pointer in row["at"]) if "at" in row else tuple(named)
    return Rule(row["level"], row["code"], row["message"], at, broken)


def _pointer(where: str, short: str) -> str:
    pointer = canonical_json.join(ROOT) + short
    if pointer not in catalogue.CATALOGUE.by_pointer:
        raise CatalogueError(f"{where}: {short} is not a field of the catalogue.")
    return pointer


RULES: Final = load(Path(__file__).with_name("checks.toml"))
