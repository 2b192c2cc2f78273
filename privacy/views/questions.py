"""The questions of the edit form, arranged for the templates."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from django.db.models import Model

from privacy.document.canonical_json import Json, same, split, walk
from privacy.document.catalogue import CATALOGUE, Field, Group, Section
from privacy.document.catalogue import section as section_named
from privacy.document.document import unknown_in_records
from privacy.document.form_values import FormRow, FormValue, plain
from privacy.drafts.form_page import EditPage, FieldView, SectionView, UnknownView
from privacy.models import Edit
from privacy.views import forms

ALL = "all"
#: From how many records on only their names are drawn, and what each holds when it is opened.
MANY_RECORDS = 20
TITLES = {key: item.title for key, item in CATALOGUE.vocabularies.items()}


@dataclass(frozen=True)
class Question:
    """One question as it is drawn.

    view        what is known of it; `form` what its controls hold: the kept answer, or what was typed and not kept
    pointer     where the answer is; `key` is its name in posts, `anchor` its id on the page, `address` its query
    json        the text of its JSON editor, for values that no other control can show
    nested      asked because of another answer; `group` is the heading it stands under
    dependents  names of the questions that are asked because of this one and stand on the page now
    mine        the last answer was given by the person who looks
    """

    view: FieldView | UnknownView
    key: str
    anchor: str
    address: str
    pointer: str
    known: bool = True
    asked: bool = True
    nested: bool = False
    group: Group | None = None
    vocabulary: str = ""
    dependents: tuple[str, ...] = ()
    mine: bool = False
    problem: forms.Problem | None = None

    @cached_property
    def form(self) -> FormValue | None:
        if isinstance(self.view, UnknownView):
            return None
        return forms.as_typed(self.view.form, self.problem.given.raw if self.problem else None)

    @property
    def json(self) -> str:
        if self.problem:
            return self.problem.given.text
        return self.view.json if isinstance(self.view, UnknownView) else self.view.form.json

    @property
    def title(self) -> str:
        """The question, or the place that the catalogue does not know."""
        return self.view.label if isinstance(self.view, UnknownView) else self.view.field.question

    @property
    def removed(self) -> bool:
        """Whether this place was taken away, which is not saved yet."""
        return isinstance(self.view, UnknownView) and self.view.removed

    @property
    def short_pointer(self) -> str:
        """The last keys of the pointer; the whole one stands in the title."""
        return "/".join(self.pointer.split("/")[-2:]) if self.known else self.pointer

    @property
    def action(self) -> str:
        """The name of the address that takes its answer."""
        return "app_unknown" if self.as_json else "app_answer"

    @property
    def kind(self) -> str:
        """That of the question in the catalogue; "" for a place that the catalogue does not know."""
        return "" if isinstance(self.view, UnknownView) else self.view.field.kind

    @property
    def is_prose(self) -> bool:
        """Whether it is saved while the person is still writing."""
        return self.kind in ("text", "rich")

    @property
    def live(self) -> str:
        """What is live, in words or as JSON."""
        return self.view.live_text if isinstance(self.view, FieldView) else self.view.live_json or "Not there"

    @property
    def as_json(self) -> bool:
        """Whether its control is a JSON editor."""
        return isinstance(self.view, UnknownView) or not self.view.fits

    @property
    def expected(self) -> str:
        """The fingerprint that the page holds: after an answer that was not kept, the one it was given with."""
        return self.problem.given.expected or "" if self.problem else self.view.expected

    @property
    def blank_row(self) -> FormRow:
        """An empty record."""
        return forms.blank_row(self.view.field)  # type: ignore[union-attr]

    @property
    def folds(self) -> bool:
        """Whether only the names of its records are drawn. After a refusal all is: what was typed stands in them."""
        return self.form is not None and len(self.form.rows) > MANY_RECORDS and self.problem is None

    @property
    def length(self) -> int:
        """Characters of a long text."""
        return len(self.form.text) if self.form else 0


@dataclass(frozen=True)
class Part:
    """A section of the form with its questions."""

    view: SectionView
    questions: tuple[Question, ...]
    other_vocabulary: str = ""

    @property
    def main(self) -> tuple[Question, ...]:
        """The questions that are in sight."""
        return tuple(question for question in self.questions if not self._is_other(question))

    @property
    def others(self) -> tuple[Question, ...]:
        """The questions of the vocabulary that the document uses less, where it has both: they are folded."""
        return tuple(question for question in self.questions if self._is_other(question))

    @property
    def others_asked(self) -> tuple[Question, ...]:
        """Those of them that are asked; the others only keep their places on the page."""
        return tuple(question for question in self.others if question.asked)

    @property
    def unfolds_others(self) -> bool:
        """Whether one of those was not saved, or a check finds something in it."""
        return any(question.problem or question.view.findings for question in self.others)

    def _is_other(self, question: Question) -> bool:
        view = question.view
        return (
            isinstance(view, FieldView)
            and bool(view.field.vocabulary)
            and view.field.vocabulary == self.other_vocabulary
        )

    @property
    def section(self) -> Section:
        """The section of the catalogue."""
        return self.view.section


def views_of(page: EditPage) -> dict[str, FieldView | UnknownView]:
    """Everything that can be answered, by pointer."""
    found: dict[str, FieldView | UnknownView] = {}
    for section in page.sections:
        found.update({view.field.pointer: view for view in section.fields})
        found.update({view.pointer: view for view in section.unknown})
    return found


def chosen_sections(page: EditPage, key: str) -> tuple[SectionView, ...]:
    """The section with this key, all of them for "all", else the first that has anything to ask."""
    filled = tuple(section for section in page.sections if section.fields or section.unknown)
    if key == ALL:
        return filled
    return tuple(section for section in filled if section.section.key == key) or filled[:1]


def parts(
    page: EditPage, *, key: str, viewer: Model | None, problems: Mapping[str, forms.Problem] | None = None
) -> tuple[Part, ...]:
    """The sections that are shown, each with its questions."""
    waiting = _waiting(page)
    found = []
    for section in chosen_sections(page, key):
        views: Iterable[FieldView | UnknownView] = (*section.fields, *section.unknown)
        drawn = tuple(question(view, viewer, problems or {}, waiting) for view in views)
        found.append(Part(section, drawn, page.other_vocabulary))
    return tuple(found)


def one(page: EditPage, pointer: str, *, viewer: Model | None, problem: forms.Problem | None = None) -> Question | None:
    """One question of the form; None when the page has none there."""
    view = views_of(page).get(pointer)
    problems = {pointer: problem} if problem else {}
    return None if view is None else question(view, viewer, problems, _waiting(page))


def visibility_changes(
    page: EditPage, asker: Question, shown: Iterable[str], *, viewer: Model | None
) -> list[Question]:
    """The questions that appear or disappear because `asker` was answered; `shown`: names that the page shows now."""
    before = set(shown)
    waiting = _waiting(page)
    found = []
    for view in views_of(page).values():
        condition = view.field.condition if isinstance(view, FieldView) else None
        if condition is not None and condition.pointer == asker.view.field.pointer:  # type: ignore[union-attr]
            drawn = question(view, viewer, {}, waiting)
            if drawn.asked != (drawn.key in before):
                found.append(drawn)
    return found


def _in(view: FieldView | UnknownView) -> str:
    """The pointer of the records that a place lies in, which move and go; "" for a place that stays where it is."""
    inside = view.inside if isinstance(view, UnknownView) else None
    return inside.pointer if inside is not None and inside.kind == "records" else ""


def inside(
    page: EditPage, records: Question, before: Json, *, viewer: Model | None
) -> tuple[list[Question], list[str]]:
    """What lies in these records beside their parts and is not what it was when they were `before`, drawn anew, and
    the anchors of what lay there and does not any more."""
    field: Field = records.view.field  # type: ignore[union-attr]
    old, new = _places_in(field, before), _places_in(field, page.document.get(field.pointer))
    views, waiting = views_of(page), _waiting(page)
    moved = [pointer for pointer, place in new.items() if pointer not in old or not same(old[pointer], place)]
    drawn = [question(views[pointer], viewer, {}, waiting) for pointer in moved if pointer in views]
    return drawn, [anchor_of(pointer) for pointer in old if pointer not in new]


def _places_in(field: Field, records: Json) -> dict[str, Json]:
    """Pointer of what lies in the records beside their parts -> the name of its record and its value."""
    if not isinstance(records, list):
        return {}
    found: dict[str, Json] = {}
    for pointer in unknown_in_records(field, records):
        path = split(pointer)[len(split(field.pointer)) :]
        found[pointer] = [plain(walk(records, (path[0], field.identity))), plain(walk(records, path))]
    return found


def anchor_of(pointer: str) -> str:
    """The id on the page of a place that the catalogue does not know."""
    return f"q-{hashlib.sha256(pointer.encode()).hexdigest()[:12]}"


def _waiting(page: EditPage) -> dict[str, tuple[str, ...]]:
    """Pointer of an answer -> names of the questions that it makes the form ask, where they are asked now."""
    found: dict[str, tuple[str, ...]] = {}
    for section in page.sections:
        for view in section.fields:
            if view.field.condition is not None and view.asked:
                pointer = view.field.condition.pointer
                found[pointer] = (*found.get(pointer, ()), view.field.name)
    return found


def question(
    view: FieldView | UnknownView,
    viewer: Model | None,
    problems: Mapping[str, forms.Problem],
    waiting: Mapping[str, tuple[str, ...]],
) -> Question:
    """One question, arranged."""
    if isinstance(view, UnknownView):
        problem = problems.get(view.pointer)
        return Question(
            view,
            key=forms.JSON + view.pointer,
            anchor=anchor_of(view.pointer),
            address=f"pointer={quote(view.pointer, safe='')}" + (f"&of={quote(view.of, safe='')}" if _in(view) else ""),
            pointer=view.pointer,
            known=False,
            mine=_by(view.last_edit, viewer),
            problem=problem,
        )
    field = view.field
    problem = problems.get(field.pointer)
    groups = section_named(field.section).groups
    return Question(
        view,
        key=field.name if view.fits else forms.JSON + field.pointer,
        anchor=f"q-{field.slug}",
        address=f"field={quote(field.name)}" if view.fits else f"pointer={quote(field.pointer, safe='')}",
        pointer=field.pointer,
        asked=view.asked or problem is not None,
        nested=field.condition is not None,
        group=next((group for group in groups if group.key == field.group), None),
        vocabulary=TITLES.get(field.vocabulary, ""),
        dependents=waiting.get(field.pointer, ()),
        mine=_by(view.last_edit, viewer),
        problem=problem,
    )


def _by(edit: Edit | None, viewer: Model | None) -> bool:
    return edit is not None and viewer is not None and edit.author_id == viewer.pk
