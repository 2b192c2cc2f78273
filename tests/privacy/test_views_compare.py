"""The comparison: what differs is said in words and marks, and a live value can be taken back from it."""

import json
import re

import pytest

from privacy.drafts import answering
from privacy.marketplace import app_list
from tests.privacy.browsing import address, kept, said
from tests.privacy.marketplace import CONTACT

pytestmark = pytest.mark.django_db

DAYS = "/commonCloud/dataRetention/retentionDurationInDays/max"


@pytest.fixture
def app(editor, diagrams):
    return app_list.read_app(actor=editor, app=diagrams)


def form_of(page, pointer: str) -> dict[str, str]:
    """What the button of one row posts."""
    form = next(form for form in re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL) if pointer in form)
    return dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form))


def side(page, which: str) -> list[str]:
    """The words of all cells of one side: before or after."""
    cells = re.findall(rf'<td class="compare-{which}.*?</td>', page.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


@pytest.fixture
def compared(editor, app, client_for):
    client = client_for(editor.user)
    return lambda **query: client.get(address("app_compare", app, **query))


def test_live_stands_before_and_the_draft_after_it_with_their_times(compared):
    heads = re.findall(r'<th scope="col">(.*?)</th>', compared().content.decode(), re.DOTALL)

    assert "Live" in heads[1]
    assert "Approved" in heads[1]
    assert "by" in heads[1]
    assert "Draft" in heads[2]


def test_only_what_differs_is_shown_unless_all_is_asked_for(compared):
    assert "Does the app log end-user data?" not in said(compared())
    assert "Does the app log end-user data?" in said(compared(show="all"))


def test_changes_are_counted_by_section(compared):
    words = said(compared())

    assert "4 answers differ: 1 added, 3 changed" in words
    assert "Security 1 added, 1 changed" in words


def test_words_entries_and_records_are_marked_not_by_colour_alone(compared):
    page = compared()

    html = page.content.decode()
    assert re.search(r"Sends and receives support e-mail\s*<ins>", html)
    assert '<del class="strong" dir="auto">Example Desk Pty</del> <span class="compare-note">Removed' in html
    assert '<ins class="strong" dir="auto">Example Queue AB</ins> <span class="compare-note">Added' in html


def test_what_moved_says_how_far(editor, diagrams, marketplace, client_for):
    marketplace.put(diagrams, "draft", '{"dataResidency":{"countriesWhereEndUserDataStored":["C","A","B"]}}')
    marketplace.put(diagrams, "live", '{"dataResidency":{"countriesWhereEndUserDataStored":["A","B","C"]}}')
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app_compare", app))

    assert side(page, "before") == ["A B C Moved from 3 to 1"]
    assert side(page, "after") == ["C Moved from 3 to 1 A B"]


def test_each_side_shows_its_records_in_its_own_order_and_by_their_own_names(editor, diagrams, marketplace, client_for):
    edge, mail = {"name": "Example Edge", "purpose": "Files"}, {"name": "Example Mail", "purpose": "E-mail"}
    marketplace.put(diagrams, "live", json.dumps({"thirdPartyInformation": {"thirdPartyDetails": [edge, mail]}}))
    renamed = [{**mail, "name": "Postbox"}, edge]
    marketplace.put(diagrams, "draft", json.dumps({"thirdPartyInformation": {"thirdPartyDetails": renamed}}))
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app_compare", app))

    before, after = side(page, "before")[0], side(page, "after")[0]
    assert before.index("Example Edge") < before.index("Example Mail Renamed to “ Postbox ”")
    assert after.index("Postbox Renamed from “ Example Mail ”") < after.index("Example Edge")
    assert "Moved from 2 to 1" in before
    assert "Moved from 2 to 1" in after


def test_records_entries_and_lines_far_from_any_change_are_folded(editor, diagrams, marketplace, client_for):
    records = [{"name": f"Example {number}", "purpose": "Files"} for number in range(40)]
    countries = [f"Country {number}" for number in range(30)]
    lines = [f"Line {number}." for number in range(20)]

    def document(*, changed: bool) -> str:
        return json.dumps(
            {
                "thirdPartyInformation": {
                    "thirdPartyDetails": [*records[:-1], {**records[-1], "purpose": "Mail"}] if changed else records
                },
                "dataResidency": {"countriesWhereEndUserDataStored": countries[:-1] if changed else countries},
                "security": {"securityContact": "\n".join(["New.", *lines] if changed else lines)},
            }
        )

    marketplace.put(diagrams, "live", document(changed=False))
    marketplace.put(diagrams, "draft", document(changed=True))
    app = app_list.read_app(actor=editor, app=diagrams)
    client = client_for(editor.user)

    folded = re.findall(r"<summary>([^<]*)</summary>", client.get(address("app_compare", app)).content.decode())
    assert sorted(set(folded)) == [
        "18 unchanged lines",
        "19 unchanged lines",
        "28 unchanged",
        "29 unchanged",
        "38 unchanged",
    ]
    shown = client.get(address("app_compare", app, show="all")).content.decode()
    assert "compare-fold" not in shown
    assert shown.count("Example 7<") == 2


def test_a_side_from_which_nothing_was_taken_is_not_shaded(editor, diagrams, marketplace, client_for):
    marketplace.put(diagrams, "live", '{"security":{"securityContact":"One two"}}')
    marketplace.put(diagrams, "draft", '{"security":{"securityContact":"One and two"}}')
    app = app_list.read_app(actor=editor, app=diagrams)

    html = client_for(editor.user).get(address("app_compare", app)).content.decode()

    assert "has-added" in html
    assert "has-removed" not in html


def test_the_working_copy_can_be_compared_too(editor, app, compared):
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")

    page = compared(before="draft", after="working")

    assert "1 answer differs: 1 changed" in said(page)
    assert "<ins>trust</ins>@" in page.content.decode()


def test_what_is_not_saved_is_saved_from_its_comparison(editor, app, compared, grant, bob, client_for, marketplace):
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    query = {"before": "live", "after": "working"}
    page = compared(**query)

    assert "Saved here by you" in said(page)
    assert f'action="{address("app_save", app)}"' in page.content.decode()
    client_for(editor.user).post(address("app_save", app))
    assert "trust@example.com" in marketplace.content(app, "draft")
    assert f'action="{address("app_save", app)}"' not in compared(**query).content.decode()


def test_who_may_not_edit_sees_whose_changes_are_not_saved_and_no_way_to_save_them(editor, reviewer, app, client_for):
    answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com")
    page = client_for(reviewer.user).get(address("app_compare", app, before="live", after="working"))

    assert "Saved here by Alice" in said(page)
    assert address("app_save", app) not in page.content.decode()


def test_any_two_versions_can_be_compared(app, compared):
    words = said(compared(before=str(app.draft_id), after=str(app.live_id)))

    assert "4 answers differ" in words


def test_the_same_version_twice_does_not_differ(compared):
    assert "Nothing differs" in said(compared(before="live", after="live"))


def test_a_version_that_is_not_there_compares_as_nothing(editor, app_of, client_for):
    clock = app_list.read_app(actor=editor, app=app_of("Page Clock"))

    words = said(client_for(editor.user).get(address("app_compare", clock)))

    assert "Nothing differs" in words


@pytest.mark.parametrize(
    "query", [{"after": "nonsense"}, {"before": "99999999"}, {"after": "\x00"}, {"before": "9" * 50}]
)
def test_a_version_that_nobody_knows_is_not_found(compared, query):
    assert compared(**query).status_code == 404


def test_the_live_value_is_offered_only_where_it_can_be_taken(editor, app, compared, charlie, grant, client_for):
    grant(charlie, app.connection, "viewer")

    assert "Revert to live" in said(compared())
    assert "Revert to live" not in said(compared(before="draft", after="live"))
    assert "Revert to live" not in said(client_for(charlie).get(address("app_compare", app)))


def test_a_colleagues_answer_is_not_overwritten_from_a_page_that_does_not_show_it(
    editor, dora, app, compared, client_for
):
    page = compared(before="live", after="draft")
    answering.answer(actor=dora, app=app, pointer=DAYS, raw="45")

    answer = client_for(editor.user).post(address("app_take_live", app), form_of(page, DAYS))

    assert answer.status_code == 409
    assert "kept at most?” is not what this page showed: dora@example.com changed it" in said(answer)
    assert kept(app, DAYS) == 45
    assert "45 days" in said(answer)
    client_for(editor.user).post(address("app_take_live", app), form_of(answer, DAYS))
    assert kept(app, DAYS) == 90


def test_an_answer_in_the_working_copy_is_not_overwritten_from_the_draft(editor, app, compared, client_for):
    answering.answer(actor=editor, app=app, pointer=DAYS, raw="45")

    answer = client_for(editor.user).post(address("app_take_live", app), form_of(compared(), DAYS))

    assert answer.status_code == 409
    assert kept(app, DAYS) == 45


def test_what_a_document_holds_is_text_and_never_markup(editor, diagrams, marketplace, client_for):
    marketplace.put(
        diagrams, "draft", '{"security":{"<img src=x>":"<script>a</script> b","securityContact":"<i>x</i> y"}}'
    )
    marketplace.put(
        diagrams, "live", '{"security":{"<img src=x>":"<script>a</script> c","securityContact":"<i>x</i> z"}}'
    )
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app_compare", app)).content.decode()

    for markup in ("<img src=x>", "<script>a", "<i>x"):
        assert markup not in page


def test_a_stranger_sees_no_comparison(bob, app, client_for):
    assert client_for(bob).get(address("app_compare", app)).status_code == 404
