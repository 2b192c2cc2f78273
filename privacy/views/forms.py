"""Forms of the privacy pages: filters, notes and verdicts, and posted answers.

Answers are no Django form: the catalogue says which fields there are, and `services.answer` cleans each of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from django import forms
from django.http import QueryDict

from portal.access import Actor
from privacy import refusals
from privacy.document.answers import (
    AnswerError,
    Raw,
    RecordInput,
    clean,
    clean_json,
    place_of,
    posted,
    renamed,
    without_hidden,
)
from privacy.document.canonical_json import MISSING
from privacy.document.catalogue import Field
from privacy.document.document import Document
from privacy.document.form_values import FormOption, FormRow, FormValue, rows_of
from privacy.document.readable import read
from privacy.drafts import answering
from privacy.drafts.form_page import FieldView, UnknownView
from privacy.models import App

ONLY: Final = {
    "": "All apps",
    "draft": "With a draft",
    "waiting": "Waiting for approval",
    "signed_off": "Approved",
    "unsaved": "With changes saved here only",
    "alert": "With an alert",
    "errors": "With errors",
}
SORTS: Final = {"name": "Name", "changed": "Last change", "errors": "Most errors"}
EXPECTED: Final = "expected."
JSON: Final = "json:"
LONGEST_NOTE: Final = 10_000


class AppsFilterForm(forms.Form):
    """What is in the address of the app list; values that nobody offers count as not given."""

    q = forms.CharField(required=False, max_length=200)
    only = forms.ChoiceField(required=False, choices=list(ONLY.items()))
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))

    def chosen(self) -> dict[str, str]:
        """query, only and sort for `app_rows`."""
        self.is_valid()
        given = self.cleaned_data
        return {"query": given.get("q", ""), "only": given.get("only", ""), "sort": given.get("sort") or "name"}


class NoteForm(forms.Form):
    """The words that go with requesting approval."""

    note = forms.CharField(required=False, max_length=LONGEST_NOTE)


class AlertForm(forms.Form):
    """What was found out about an alert."""

    note = forms.CharField(
        max_length=LONGEST_NOTE, error_messages={"required": "Say what you found out: it goes on record."}
    )


class VerdictForm(forms.Form):
    """What a reviewer says. `expected`: the note in `privacy.reviews.shown_comparison`."""

    verdict = forms.ChoiceField(
        choices=[("approve", ""), ("comment", ""), ("changes", "")],
        error_messages={
            "required": "Choose one: approve, approve with a comment, or request changes.",
            "invalid_choice": "Choose one: approve, approve with a comment, or request changes.",
        },
    )
    comment = forms.CharField(required=False, max_length=LONGEST_NOTE)
    expected = forms.CharField(required=False, max_length=500)

    def clean(self) -> dict:
        """A comment is what two of the three verdicts are about."""
        given = super().clean() or {}
        if given.get("verdict") in ("comment", "changes") and not given.get("comment", "").strip():
            self.add_error("comment", "Write the comment: without it the others do not know what you mean.")
        return given


# --- answers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """One answer as a page posted it: `raw` for a field of the catalogue, `text` for a value typed as JSON."""

    pointer: str
    expected: str | None
    field: Field | None = None
    raw: Raw | None = None
    text: str = ""


@dataclass(frozen=True)
class Problem:
    """Why an answer was not kept, with what was typed.

    theirs, expected   on a conflict: the answer that is there now in words, and its fingerprint, to insist with
    own            the same person gave that answer, on another page
    """

    given: Given
    sentence: str
    conflict: bool = False
    theirs: str = ""
    expected: str = ""
    own: bool = False


def given_answer(field: Field, data: QueryDict) -> Given | None:
    """The answer to one question in a post; None when it was not on the page."""
    raw = _raw(field, data)
    return None if raw is None else Given(field.pointer, data.get(EXPECTED + field.name) or None, field, raw)


def _raw(field: Field, data: QueryDict) -> Raw | None:
    other = data.get(f"{field.name}.other", "")
    if field.kind == "choice" and other.strip():
        return other
    raw = posted(field, data)
    if raw is not None and field.kind == "records":
        return [row for row in raw if isinstance(row, RecordInput)]
    return raw


def given_without_hidden(field: Field, document: Document, data: QueryDict) -> Given:
    """The answer that a document holds, without its hidden characters."""
    raw = without_hidden(field, document.get(field.pointer))
    return Given(field.pointer, data.get(EXPECTED + field.name) or None, field, raw)


def given_json(pointer: str, data: QueryDict) -> Given | None:
    """A value typed as JSON in a post; None when it was not on the page."""
    name = JSON + pointer
    return Given(pointer, data.get(EXPECTED + pointer) or None, text=str(data[name])) if name in data else None


def given_on(page_views: Mapping[str, FieldView | UnknownView], data: QueryDict) -> Iterator[Given]:
    """Every answer of a page that was posted as one form."""
    for pointer, view in page_views.items():
        known = isinstance(view, FieldView) and view.fits
        given = given_answer(view.field, data) if known else given_json(pointer, data)  # type: ignore[union-attr]
        if given is not None:
            yield given


def is_as_loaded(given: Given, document: Document) -> bool:
    """Whether an answer came back as a page showed it that is older than the answer: nobody touched it there.

    For pages that post every answer at once. What the page holds now is compared by the service.
    """
    if given.expected is None or given.expected == answering.fingerprint(document, given.pointer):
        return False
    try:
        if given.field is None or given.raw is None:
            value = clean_json(given.text) if given.text.strip() else MISSING
        else:
            value = clean(given.field, given.raw, document.get(given.pointer))
    except AnswerError:
        return False
    return given.expected == answering.fingerprint_of(value)


def keep(*, actor: Actor, app: App, given: Given) -> answering.Answered | Problem:
    """Keep one answer, or say why not. Raises NotEditable and PermissionDenied, which are about the whole page."""
    try:
        if given.field is None or given.raw is None:
            return answering.answer_json(
                actor=actor, app=app, pointer=given.pointer, text=given.text, expected=given.expected
            )
        return answering.answer(actor=actor, app=app, pointer=given.pointer, raw=given.raw, expected=given.expected)
    except refusals.AnswerConflict as error:
        theirs = read(given.field, error.theirs).text
        return Problem(given, str(error), conflict=True, theirs=theirs, expected=error.fingerprint, own=error.own)
    except refusals.AnswerRefused as error:
        return Problem(given, str(error))


def tokens_after(given: Given, outcome: answering.Answered) -> dict[str, str]:
    """What the records of a page that gave this answer are called from now on: old token -> new token."""
    if given.field is None or given.raw is None or given.field.kind != "records":
        return {}
    return renamed(given.field, given.raw, outcome.document.get(given.pointer), outcome.texts)


def as_typed(form: FormValue, raw: Raw | None) -> FormValue:
    """The same question with what was typed in the place of what is kept, so that a refusal loses nothing."""
    field = form.field
    if raw is None or not form.fits:
        return form
    if field.kind == "records":
        old = {row.token: row for row in form.rows}
        rows = [_typed_row(field, row, old) for row in raw if isinstance(row, RecordInput)]
        return replace(form, rows=tuple(rows))
    texts = [raw] if isinstance(raw, str) else [text for text in raw if isinstance(text, str)]
    if field.kind in ("list", "many"):
        entries = (
            tuple(dict.fromkeys(text for text in texts if text)) if field.kind == "many" else tuple(filter(None, texts))
        )
        return replace(form, entries=entries, options=_chosen(form.options, entries))
    text = texts[-1] if texts else ""
    return replace(form, text=text, options=_chosen(form.options, (text,)))


def _chosen(options: tuple[FormOption, ...], texts: tuple[str, ...]) -> tuple[FormOption, ...]:
    if not options:
        return ()
    known = {option.value for option in options}
    offered = tuple(replace(option, chosen=option.value in texts) for option in options)
    return offered + tuple(FormOption(text, text, True, False) for text in texts if text and text not in known)


def _typed_row(field: Field, row: RecordInput, old: Mapping[str, FormRow]) -> FormRow:
    before = old.get(row.token)
    if before is not None and before.opaque:
        return before
    parts = []
    for part in field.parts:
        blank = FormValue(part, "not_present", fits=True)
        known = next((value for value in before.parts if value.field is part), blank) if before else blank
        parts.append(as_typed(known, row.values.get(part.key)))
    return FormRow(row.token, before.index if before else -1, tuple(parts), before.unknown if before else ())


def row_of(field: Field, document: Document, token: str) -> FormRow | None:
    """The record that a page names, under the name that it has there; None when it is gone."""
    records = document.get(field.pointer)
    place = place_of(token, records) if field.kind == "records" and isinstance(records, list) else None
    if place is None:
        return None
    (row,) = rows_of(field, [records[place]])
    return replace(row, token=token, index=place)


def blank_row(field: Field) -> FormRow:
    """A row for one more record, empty; the browser gives each copy a token of its own."""
    return FormRow("new", -1, tuple(FormValue(part, "not_present", fits=True) for part in field.parts))
