"""From what was typed in a form to the JSON value of an answer.

The first rule of `clean`: an answer that comes back as it was shown is returned as the very value that was read,
whatever its type or spelling. Only what a person changed is written anew, in the form in which it was written before.

Form names: a field posts `field.name`; a list or many repeats it, with one empty value so that "none" can be told from
"not on this page"; records post `<name>.row` once per row (a row token, or "new…" for a new one, and one empty value)
and `<name>.<token>.<part>` for the parts. Use plain text inputs also for e-mail and links: browsers trim the others.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from portal import characters
from portal.atlassian import strictjson
from privacy.document import canonical_json, rich_text
from privacy.document.canonical_json import MISSING, TRUTHS, Json, Texts
from privacy.document.catalogue import Field
from privacy.document.form_values import NUL, NUL_SHOWN, entries_of, fits, json_text, plain, row_token, shown, texts_of

NEWLINES: Final = re.compile(r"[\r\n]+")
DIGITS: Final = re.compile(r"[0-9]{1,9}")


class AnswerError(ValueError):
    """What was typed cannot be this answer; the message is one sentence for the person who typed it."""


@dataclass(frozen=True)
class RecordInput:
    """One row of records as it was posted: its token ("" or "new…" for a new one) and the raw values of its parts."""

    token: str
    values: Mapping[str, Any]

    @property
    def is_new(self) -> bool:
        """Whether the page made this row for one more record."""
        return not self.token or self.token.startswith("new")


Raw: TypeAlias = str | Sequence[str] | Sequence[RecordInput]


class PostedData(Protocol):
    """A Django QueryDict, or anything that answers like it."""

    def __contains__(self, name: object) -> bool: ...

    def getlist(self, name: str) -> list[str]:
        """Every value posted under a name."""
        ...


def posted(field: Field, data: PostedData) -> Raw | None:
    """The raw answer to a field in posted data, or None when the field was not on the page."""
    if field.kind == "records":
        if f"{field.name}.row" not in data:
            return None
        return [_posted_row(field, token, data) for token in data.getlist(f"{field.name}.row") if token]
    if field.name not in data:
        return None
    values = data.getlist(field.name)
    return values if field.kind in ("list", "many") else values[-1]


def _posted_row(field: Field, token: str, data: PostedData) -> RecordInput:
    values: dict[str, Any] = {}
    for part in field.parts:
        name = f"{field.name}.{token}.{part.key}"
        if name in data:
            given = data.getlist(name)
            values[part.key] = given if part.kind in ("list", "many") else given[-1]
    return RecordInput(token, values)


def clean(field: Field, raw: Raw, current: Json = MISSING, texts: Texts | None = None) -> Json:
    """The value to keep for what was typed, given the value that the document has now; MISSING takes the key away.

    `raw` is a text, a list of texts (list, many) or a list of RecordInput (records). An e-mail address or a link that
    is not well-formed is accepted here: it must not be lost, and `checks` says so. Raises AnswerError (one sentence).
    """
    for text in _texts(raw):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise AnswerError("This text holds half of a character, which cannot be saved; delete it.") from None
    if not fits(field, current):
        if _unix(_single(raw)) in (plain(current), json_text(current)):
            return current
        raise AnswerError(_opaque(field))
    if field.kind == "records":
        return _clean_records(field, [row for row in _listed(raw) if isinstance(row, RecordInput)], current, texts)
    if any(NUL in text for text in texts_of(field, current)):
        raw = _with_nul(raw)
    if field.kind in ("list", "many"):
        return _clean_list(field, [text for text in _listed(raw) if isinstance(text, str)], current)
    given = _single(raw)
    if _unchanged(field, given, current):
        return current
    if not given.strip():
        return current if canonical_json.is_blank(current) else MISSING
    return _CLEANERS[field.kind](field, given, current)


def _with_nul(raw: Raw) -> Raw:
    """What was posted, with NUL where the control showed a sign for it."""
    if isinstance(raw, str):
        return raw.replace(NUL_SHOWN, NUL)
    return [text.replace(NUL_SHOWN, NUL) for text in raw if isinstance(text, str)]


def without_hidden(field: Field, value: Json) -> Raw:
    """What a page would post for this answer if its hidden characters were deleted by hand."""
    if field.kind == "records":
        return [
            RecordInput(row_token(index, record), _parts_without_hidden(field, record))
            for index, record in enumerate(entries_of(value))
        ]
    texts = [characters.without_hidden(text) for text in texts_of(field, value)]
    return texts if field.kind in ("list", "many") else texts[-1]


def _parts_without_hidden(field: Field, record: Json) -> dict[str, Raw]:
    if not isinstance(record, dict):
        return {}
    known = [part for part in field.parts if part.key in record and fits(part, record[part.key])]
    odd = [part for part in known if any(map(characters.hidden, texts_of(part, record[part.key])))]
    return {part.key: without_hidden(part, record[part.key]) for part in odd}


def clean_json(text: str) -> Json:
    """The value of a JSON editor. Raises AnswerError with one sentence."""
    if not text.strip():
        raise AnswerError('Nothing was given: write a JSON value, such as null or "text", or remove the key instead.')
    try:
        return strictjson.loads(text, strictjson.TYPED)
    except strictjson.StrictJSONError as error:
        raise AnswerError(str(error)) from None


def _texts(raw: Raw) -> list[str]:
    if isinstance(raw, str):
        return [raw]
    texts: list[str] = []
    for item in raw:
        if isinstance(item, str):
            texts.append(item)
        else:
            for value in item.values.values():
                texts += _texts(value)
    return texts


def _listed(raw: Raw) -> list[Any]:
    return [raw] if isinstance(raw, str) else list(raw)


def _single(raw: Raw) -> str:
    texts = _texts(raw)
    return texts[-1] if texts else ""


def _opaque(field: Field) -> str:
    if field.kind == "rich":
        return "This answer is a formatted document and is kept as it is; edit it as JSON."
    return "This answer has a form that this question does not know and is kept as it is; edit it as JSON."


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _one_line(text: str) -> str:
    # A browser's one-line input drops line ends, so two texts that differ in them only look the same on the page.
    return NEWLINES.sub("", text)


def _unchanged(field: Field, given: str, current: Json) -> bool:
    before = shown(field, current)
    if field.kind in ("text", "rich"):
        return _unix(given) == _unix(before)
    return given == before or _one_line(given) == _one_line(before)


def _clean_truth(field: Field, given: str, current: Json) -> Json:
    answer = given if given in TRUTHS else canonical_json.truth(given)
    if answer is None or (answer == "na" and field.kind == "bool"):
        wanted = "yes, no or not applicable" if field.kind == "tri" else "yes or no"
        raise AnswerError(f"“{given[:60]}” is not an answer to this question: choose {wanted}.")
    return canonical_json.written_like(answer, current, as_text=field.as_text)


def _clean_choice(field: Field, given: str, current: Json) -> Json:
    given = given.strip()
    if not field.open and given not in {option.value for option in field.options}:
        raise AnswerError(f"“{given[:60]}” is not one of the answers that can be chosen here.")
    return given


def _clean_number(field: Field, given: str, current: Json) -> Json:
    unit = f" of {field.unit}" if field.unit else ""
    given = given.strip()
    if re.fullmatch(r"[0-9]{10,}", given):
        raise AnswerError(f"“{given[:60]}” is too large a number{unit}: it can have nine digits at most.")
    if not DIGITS.fullmatch(given):
        raise AnswerError(f"“{given[:60]}” is not a whole number{unit}: write 0 or more, in digits only.")
    number = int(given)
    return str(number) if isinstance(current, str) else number


def _clean_text(field: Field, given: str, current: Json) -> Json:
    given = _unix(given)
    return given.replace("\n", "\r\n") if isinstance(current, str) and "\r\n" in current else given


def _clean_rich(field: Field, given: str, current: Json) -> Json:
    """A formatted document stays one; a text stays a text."""
    if isinstance(current, dict):
        return rich_text.from_text(given, like=current)
    return _clean_text(field, given, current)


def _clean_line(field: Field, given: str, current: Json) -> Json:
    return given.strip()


_CLEANERS: Final[Mapping[str, Callable[[Field, str, Json], Json]]] = {
    "bool": _clean_truth,
    "tri": _clean_truth,
    "choice": _clean_choice,
    "number": _clean_number,
    "text": _clean_text,
    "rich": _clean_rich,
    "string": _clean_line,
    "email": _clean_line,
    "url": _clean_line,
}


def _clean_list(field: Field, given: Sequence[str], current: Json) -> Json:
    before = entries_of(current)
    places: dict[str, list[int]] = {}
    for index, entry in enumerate(before):
        places.setdefault(_one_line(plain(entry)).strip(), []).append(index)
    blanks = places.pop("", [])
    texts = [text.strip() for text in given if text.strip()]
    order = _ticked(field, texts, places) if field.kind == "many" else _listed_in_order(texts, places)
    if order:
        _put_blanks(order, blanks, len(before))
    if order == list(range(len(before))) or (not order and len(blanks) == len(before)):
        return current
    if not order:
        return [] if isinstance(current, list) else MISSING
    return [before[item] if isinstance(item, int) else item for item in order]


def _put_blanks(order: list[int | str], blanks: Sequence[int], length: int) -> None:
    """Entries that say nothing are not on the page: each keeps its number where entries were only written anew.

    Where entries came, went or moved, it stays behind the one that it stood behind, or before the one that followed.
    """
    shown = [index for index in range(length) if index not in blanks]
    rewritten = len(order) == len(shown) and all(
        item == shown[place] for place, item in enumerate(order) if isinstance(item, int)
    )
    for blank in blanks:
        if rewritten:
            place = blank
        elif blank - 1 in order:
            place = order.index(blank - 1) + 1
        elif blank + 1 in order:
            place = order.index(blank + 1)
        else:
            place = min(blank, len(order))
        order.insert(place, blank)


def _listed_in_order(texts: Sequence[str], places: dict[str, list[int]]) -> list[int | str]:
    """The posted entries as positions in the list that was read; a new entry is its text."""
    order: list[int | str] = []
    for text in texts:
        same = places.get(_one_line(text))
        order.append(same.pop(0) if same else text)
    return order


def _ticked(field: Field, texts: Sequence[str], places: dict[str, list[int]]) -> list[int | str]:
    """Check boxes come in the order of the options; the document's own order is kept instead, new values follow."""
    kept = {_one_line(text) for text in texts}
    known = {option.value for option in field.options}
    new = list(dict.fromkeys(text for text in texts if _one_line(text) not in places))
    wrong = next((text for text in new if not field.open and text not in known), None)
    if wrong is not None:
        raise AnswerError(f"“{wrong[:60]}” is not one of the answers that can be chosen here.")
    return [*sorted(index for text, found in places.items() if text in kept for index in found), *new]


def _clean_records(field: Field, rows: Sequence[RecordInput], current: Json, texts: Texts | None) -> Json:
    before: list[Json] = current if isinstance(current, list) else []
    places = _places(rows, before, texts)
    result: list[Json] = []
    for number, (row, place) in enumerate(zip(rows, places, strict=True), start=1):
        if place is None and not row.is_new:
            # Made anew from what the page shows of it, it would lose all that the page does not show.
            raise AnswerError(
                f"A {field.record} of this list was changed or taken away since this page showed it, "
                "so the list cannot be kept as a whole. Reload the page to see what is there now."
            )
        record = MISSING if place is None else before[place]
        if record is not MISSING and not isinstance(record, dict):
            result.append(record)
            continue
        changed = _clean_record(field, row, record, number)
        if changed or record is not MISSING:
            result.append(changed)
    if len(result) == len(before) and all(new is old for new, old in zip(result, before, strict=True)):
        return current
    if not result:
        return [] if isinstance(current, list) else MISSING
    return result


def renamed(field: Field, raw: Raw, kept: Json, texts: Texts | None = None) -> dict[str, str]:
    """The rows of a list that was just kept -> the tokens that they have now, so that the page can name them so."""
    rows = [row for row in _listed(raw) if isinstance(row, RecordInput)]
    rows = [row for row in rows if not row.is_new or _clean_record(field, row, MISSING, 0)]  # an empty one is not kept
    records = kept if isinstance(kept, list) else []
    if len(rows) != len(records):
        return {}
    tokens = [row_token(index, record, texts) for index, record in enumerate(records)]
    return {row.token: token for row, token in zip(rows, tokens, strict=True) if row.token and row.token != token}


def place_of(token: str, records: Sequence[Json]) -> int | None:
    """The position of the record that a page names, which may have moved since."""
    return _places([RecordInput(token, {})], records)[0]


def _places(rows: Sequence[RecordInput], before: Sequence[Json], texts: Texts | None = None) -> list[int | None]:
    """For each posted row the position of its record: by its token, else where the same record stands now.

    A row that says what is in it takes the record at its old number, if nobody else does: that one was changed since.
    """
    tokens = {row_token(index, record, texts): index for index, record in enumerate(before)}
    by_digest: dict[str, list[int]] = {}
    for token, index in tokens.items():
        by_digest.setdefault(token.partition("-")[2], []).append(index)
    places: list[int | None] = [tokens.get(row.token) for row in rows]
    taken = {place for place in places if place is not None}

    def claim(wanted: Callable[[RecordInput], list[int]]) -> None:
        for position, row in enumerate(rows):
            if places[position] is None:
                free = next((index for index in wanted(row) if index not in taken), None)
                if free is not None:
                    places[position] = free
                    taken.add(free)

    claim(lambda row: by_digest.get(row.token.partition("-")[2], []))
    claim(lambda row: _numbered(row.token, len(before)) if row.values else [])
    return places


def _numbered(token: str, length: int) -> list[int]:
    index = canonical_json.list_index(token.partition("-")[0] or "x", length)
    return [] if index is None else [index]


def _clean_record(field: Field, row: RecordInput, record: Json, number: int) -> Json:
    """The record with its changed parts, everything else in its place; the record itself when nothing changed."""
    old: dict[str, Json] = {} if record is MISSING else record
    new = dict(old)
    changed = record is MISSING
    for part in field.parts:
        if part.key not in row.values:
            continue
        before = old.get(part.key, MISSING)
        try:
            value = clean(part, row.values[part.key], before)
        except AnswerError as error:
            raise AnswerError(f"{field.record.capitalize()} {number}, {part.question.lower()}: {error}") from None
        if value is before:
            continue
        changed = True
        if value is MISSING:
            new.pop(part.key, None)
        else:
            new[part.key] = value
            if part.key not in old:
                canonical_json.place(new, part.key, [item.key for item in field.parts])
    return new if changed else record
