"""What the pages read: the right figures, in few queries, without a call to Atlassian."""

import pytest

from portal.access import Actor
from portal.models import Connection
from privacy.app_lookup import find_app
from privacy.document.canonical_json import MISSING
from privacy.drafts import answering, form_page, working_copy
from privacy.home import home_part
from privacy.marketplace import app_list, saving
from privacy.models import App, Review
from privacy.reviews import approvals
from privacy.reviews.requirements import unmet
from privacy.views.app_context import AppContext
from privacy.views.app_rows import app_rows
from privacy.views.versions import find_version
from tests.privacy.marketplace import CONTACT, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(editor, developer_space, prepare) -> Connection:
    """All apps were read, and Alice changed the contact of Diagrams."""
    prepare("all apps", lambda: app_list.read_apps(actor=editor, connection=developer_space))
    app = App.objects.select_related("connection").get(name="Diagrams for Confluence")
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    return developer_space


def loaded(connection, key="Diagrams for Confluence") -> App:
    app = find_app(connection=connection, key=key)
    assert app is not None
    return app


def test_the_list_takes_four_queries_whatever_the_number_of_apps(read, editor, django_assert_num_queries, marketplace):
    saving.save_to_marketplace(actor=editor, app=loaded(read))
    approvals.request_approval(actor=editor, app=loaded(read))
    calls = marketplace.calls(READ)

    with django_assert_num_queries(4):
        rows = app_rows(connection=read)
        words = [(row.signoff.label, row.unsaved, row.app.live and row.app.live.form_status) for row in rows]

    assert len(words) == 8
    assert marketplace.calls(READ) == calls


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("unsaved", ["Diagrams for Confluence"]),
        ("draft", ["Diagrams for Confluence", "Release Notes Robot", "Time Ledger"]),
        ("waiting", []),
        ("alert", []),
        ("nonsense", None),
    ],
)
def test_the_list_can_be_narrowed(only, names, read):
    rows = [row.app.name for row in app_rows(connection=read, only=only)]

    assert rows == names if names is not None else len(rows) == 8


def test_the_list_is_searched_by_name_key_and_id(read):
    assert [row.app.name for row in app_rows(connection=read, query="clock")] == ["Page Clock"]
    assert [row.app.name for row in app_rows(connection=read, query="a11c")] == []
    assert app_rows(connection=read, query="\x00")


def test_the_last_change_names_the_person_here_or_the_account_at_atlassian(read):
    rows = {row.app.name: row.last_change for row in app_rows(connection=read)}

    assert (rows["Diagrams for Confluence"].by, rows["Diagrams for Confluence"].where) == ("alice@example.com", "here")
    assert rows["Status Board"].where == "at Atlassian"
    assert rows["Page Clock"] is None


def test_an_app_is_found_by_key_id_or_exact_name(read):
    app = loaded(read)

    assert find_app(connection=read, key=app.app_key) == app
    assert find_app(connection=read, key=app.product_id) == app
    assert find_app(connection=read, key="diagrams") is None
    assert find_app(connection=read, key="\x00") is None


def test_the_page_of_an_app_says_how_everything_stands(read):
    page = AppContext(loaded(read))

    assert page.draft_differs > 0
    assert page.unsaved == 1
    assert page.working.by == "alice@example.com"
    assert unmet(page.requirements) == [
        "The draft is not approved. Someone who did not write it has to approve it first."
    ]
    assert not page.overtaken


def test_the_page_of_an_app_without_anything_has_empty_versions(read):
    page = AppContext(loaded(read, "Page Clock"))

    assert (page.live.document, page.draft.document, page.working.document) == (None, None, None)
    assert page.findings == ()


def test_any_two_versions_can_be_compared(read):
    app = loaded(read)

    shown = AppContext(app).compare(before="draft", after="working")
    by_id = AppContext(app).compare(before=str(app.draft.pk), after="working")

    assert [row.pointer for row in shown.diff.changes] == [CONTACT]
    assert [row.pointer for row in by_id.diff.changes] == [CONTACT]


@pytest.mark.parametrize("key", ["", "nothing", "0", "-1", "٣", "9" * 30])
def test_a_key_that_names_no_version_gives_none(key, read):
    assert find_version(app=loaded(read), key=key) is None
    assert AppContext(loaded(read)).compare(before="live", after=key) is None


def test_a_version_of_another_app_is_not_shown(read):
    other = loaded(read, "Status Board")

    assert find_version(app=loaded(read), key=str(other.live.pk)) is None


def test_the_form_is_drawn_in_two_queries_with_live_beside_each_answer(read, django_assert_num_queries):
    app = loaded(read)

    with django_assert_num_queries(2):
        page = form_page.edit_page(app=app)

    views = {view.field.pointer: view for section in page.sections for view in section.fields}
    assert (views[CONTACT].value, views[CONTACT].live_value) == ("trust@example.com", "security@vendor.example.com")
    assert views[CONTACT].changed
    assert views[CONTACT].last_edit.author_label == "alice@example.com"
    assert page.vocabularies == ("questionnaire",)
    security = next(section for section in page.sections if section.section.key == "security")
    assert 0 < security.progress.answered <= security.progress.asked


def test_unknown_places_are_shown_as_json(read):
    page = form_page.edit_page(app=loaded(read, "Table Tools"))

    unknown = [view for section in page.sections for view in section.unknown]
    assert unknown
    assert all(view.json for view in unknown)


def test_an_empty_document_asks_the_questions_that_were_chosen(read, editor):
    app = loaded(read, "Page Clock")
    working_copy.open_working_copy(actor=editor, app=app, vocabulary="reference")

    page = form_page.edit_page(app=loaded(read, "Page Clock"))

    assert page.vocabularies == ("reference",)
    assert all(view.value is MISSING for section in page.sections for view in section.fields)


def test_the_home_card_counts_apps_drafts_and_waiting_reviews(read, editor):
    app = loaded(read)
    saving.save_to_marketplace(actor=editor, app=app)
    approvals.request_approval(actor=editor, app=app)

    lines = {label: value for label, value, url in home_part(Actor.command_line(), [read]).lines[read.pk]}

    assert lines == {"Apps": "8", "With a draft": "3", "Waiting for approval": "1"}
    assert Review.objects.count() == 1


def test_the_home_card_of_another_kind_is_empty(site):
    assert home_part(Actor.command_line(), [site]).lines == {}
