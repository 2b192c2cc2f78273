"""From the JSON value of an answer to what its form control shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal import characters
from portal.atlassian import strictjson
from privacy.document import canonical_json, rich_text
from privacy.document.canonical_json import MISSING, Json, Texts
from privacy.document.catalogue import Field

NUL: Final = "\x00"
#: What a control shows for NUL, which HTML cannot hold.
NUL_SHOWN: Final = "\N{SYMBOL FOR NULL}"
#: In a JSON text, where what is below a space is written as an escape.
_MAY_HOLD_HIDDEN: Final = re.compile(
    r"\\u00|[\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800]"
    r"|[\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
TRUTH_LABELS: Final = {"yes": "Yes", "no": "No", "na": "Not applicable"}


@dataclass(frozen=True)
class FormOption:
    """One radio button, check box or list entry of a choice."""

    value: str
    label: str
    chosen: bool
    known: bool = True


@dataclass(frozen=True)
class FormRow:
    """One record in a form. An `opaque` row is no object and can only be kept or removed."""

    token: str
    index: int
    parts: tuple["FormValue", ...]
    unknown: tuple[tuple[str, str], ...] = ()
    opaque: bool = False
    json: str = ""


@dataclass(frozen=True)
class FormValue:
    """What a form shows for one field.

    state     answered / not_answered / not_present
    fits      False: the value is of another type than the field, so show `json` in a JSON editor instead; else it is ""
    text      the text of one-value fields ("yes", "no", "na" or "" for yes/no questions)
    options   for bool, tri, choice and many, the value at hand included even if it is not a known one
    entries   the texts of list and many; `rows` the records
    why       what a formatted document holds that keeps it from being shown as text, "" for others
    notation  True when `text` stands for a formatted document (`privacy.document.rich_text`)
    hidden    names of the hidden characters in the value, such as
              "U+0007 CONTROL CHARACTER"; in the texts NUL is shown as \u2400
    """

    field: Field
    state: str
    fits: bool
    text: str = ""
    options: tuple[FormOption, ...] = ()
    entries: tuple[str, ...] = ()
    rows: tuple[FormRow, ...] = ()
    json: str = ""
    why: str = ""
    notation: bool = False
    hidden: tuple[str, ...] = ()


def state_of(value: Json) -> str:
    """not_present (no such key), not_answered (null, blank, empty) or answered."""
    if value is MISSING:
        return "not_present"
    return "not_answered" if canonical_json.is_blank(value) else "answered"


def json_text(value: Json) -> str:
    """A value as readable JSON text, for a JSON editor; "" for MISSING."""
    return "" if value is MISSING else strictjson.dumps(value, indent=2)


def plain(value: Json) -> str:
    """A value as the text of a one-line or long text input."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    return strictjson.dumps(value)


def written_as(value: Json) -> str:
    """How a value stands in the document, where its words do not tell: null, empty text, “TRUE” as text, 90."""
    if value is MISSING:
        return "nothing: the key is not there"
    empty = {"": "empty text", "[]": "empty list", "{}": "empty object"}
    if isinstance(value, str):
        return f"“{value}” as text" if value.strip() else "empty text" if not value else "blank text"
    text = strictjson.dumps(value)
    return empty.get(text, text)


def shown(field: Field, value: Json) -> str:
    """The text with which a one-value field is shown."""
    if field.kind in ("bool", "tri"):
        return canonical_json.truth(value) or plain(value)
    if field.kind == "rich" and isinstance(value, dict):
        return rich_text.to_text(value) or ""
    return plain(value)


def fits(field: Field, value: Json) -> bool:
    """Whether the widget of this field can show the value and send it back; if not, it is shown as JSON."""
    if value is MISSING or value is None:
        return True
    if field.kind == "records":
        return isinstance(value, list)
    if field.kind in ("list", "many") and isinstance(value, list):
        return not any(isinstance(entry, (dict, list)) for entry in value) and not _is_ambiguous(texts_of(field, value))
    if field.kind == "rich" and isinstance(value, dict):
        return rich_text.to_text(value) is not None and not _is_ambiguous(texts_of(field, value))
    if field.kind == "number" and isinstance(value, bool):
        return False
    return not isinstance(value, (dict, list)) and not _is_ambiguous(texts_of(field, value))


def texts_of(field: Field, value: Json) -> list[str]:
    """The texts that a control shows for a value; of records only those of their known parts."""
    if field.kind == "records":
        records = [record for record in entries_of(value) if isinstance(record, dict)]
        pairs = [(part, record[part.key]) for record in records for part in field.parts if part.key in record]
        return [text for part, item in pairs if fits(part, item) for text in texts_of(part, item)]
    if field.kind in ("list", "many"):
        return [plain(entry) for entry in entries_of(value)]
    return [shown(field, value)]


def _is_ambiguous(texts: Sequence[str]) -> bool:
    """Whether the sign that is shown for NUL stands in a value that holds NUL too: what is posted would not tell."""
    return any(NUL in text for text in texts) and any(NUL_SHOWN in text for text in texts)


def on_page(text: str) -> str:
    """A text as a control can hold it."""
    return text.replace(NUL, NUL_SHOWN)


def hidden_names(field: Field, value: Json) -> tuple[str, ...]:
    """Names of the hidden characters in the value, such as "U+200B ZERO WIDTH SPACE"."""
    if field.kind == "records" and isinstance(value, list) and not _MAY_HOLD_HIDDEN.search(strictjson.dumps(value)):
        return ()  # far quicker than to put together the texts of many records
    found = dict.fromkeys(letter for text in texts_of(field, value) for letter in characters.hidden(text))
    return tuple(characters.name_of(letter) for letter in found)


def form_value_of(field: Field, value: Json) -> FormValue:
    """What a form shows for this value of this field."""
    state = state_of(value)
    if not fits(field, value):
        why = rich_text.why_not(value) if field.kind == "rich" and isinstance(value, dict) else ""
        return FormValue(field, state, fits=False, json=json_text(value), why=why)
    if field.kind == "records":
        rows = rows_of(field, value or [])
        return FormValue(field, state, fits=True, rows=rows, hidden=hidden_names(field, value))
    if field.kind in ("list", "many"):
        entries = tuple(on_page(plain(entry)) for entry in entries_of(value))
        options = _options(field, entries) if field.kind == "many" else ()
        hidden = hidden_names(field, value)
        return FormValue(field, state, fits=True, entries=entries, options=options, hidden=hidden)
    text = on_page(shown(field, value))
    options = _options(field, (text,))
    notation, hidden = isinstance(value, dict), hidden_names(field, value)
    return FormValue(field, state, fits=True, text=text, options=options, notation=notation, hidden=hidden)


def entries_of(value: Json) -> list[Json]:
    """The entries of a list answer; a single value counts as a list of one."""
    if value is MISSING or value is None:
        return []
    return value if isinstance(value, list) else [value]


def _options(field: Field, chosen: Sequence[str]) -> tuple[FormOption, ...]:
    if field.kind == "bool":
        known = {truth: TRUTH_LABELS[truth] for truth in ("yes", "no")}
    elif field.kind == "tri":
        known = dict(TRUTH_LABELS)
    else:
        known = {option.value: option.label for option in field.options}
    if not known:
        return ()
    offered = tuple(FormOption(value, label, value in chosen) for value, label in known.items())
    others = dict.fromkeys(text for text in chosen if text and text not in known)
    return offered + tuple(FormOption(text, TRUTH_LABELS.get(text, text), True, False) for text in others)


def rows_of(field: Field, records: Sequence[Json]) -> tuple[FormRow, ...]:
    """The records of a field as a form shows them."""
    rows = []
    for index, record in enumerate(records):
        token = row_token(index, record)
        if not isinstance(record, dict):
            rows.append(FormRow(token, index, (), opaque=True, json=json_text(record)))
            continue
        parts = tuple(form_value_of(part, record.get(part.key, MISSING)) for part in field.parts)
        keys = {part.key for part in field.parts}
        unknown = tuple((key, json_text(value)) for key, value in record.items() if key not in keys)
        rows.append(FormRow(token, index, parts, unknown))
    return tuple(rows)


def row_token(index: int, record: Json, texts: Texts | None = None) -> str:
    """Names one record in a form, so that it is found again after others were moved or taken away."""
    return f"{index}-{canonical_json.digest(record, texts)[:12]}"
