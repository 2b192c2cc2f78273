"""The form: answers are kept as they are given, nothing typed is lost, and two people do not overwrite each other."""

import json
import re

import pytest

from privacy.drafts import answering
from privacy.marketplace import app_list, saving
from privacy.models import Edit, Snapshot, WorkingCopy
from tests.privacy.browsing import address, fresh, hidden, kept, name_of, page_values, rows_of, said, seen
from tests.privacy.marketplace import CONTACT, DRAFT, POLICIES

pytestmark = pytest.mark.django_db

DAYS = "/commonCloud/dataRetention/retentionDurationInDays/max"
CERTIFIED = "/commonCloud/security/hasCompliantCertifications"
CERTIFICATIONS = "/commonCloud/security/compliantCertifications"
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
WHERE_LISTED = "/commonCloud/thirdPartyInformation/dataSubProcessors"


@pytest.fixture
def app(editor, diagrams, marketplace, prepare):
    prepare("app", lambda: app_list.read_app(actor=editor, app=diagrams))
    return fresh(diagrams)


@pytest.fixture
def answer(editor, client_for):
    """answer(app, pointer, value, …) gives an answer as the form does; more fields go along."""
    client = client_for(editor.user, htmx=True)

    def give(app, pointer, value, **more):
        name = name_of(pointer)
        data = {name: value, f"expected.{name}": seen(app, pointer), **more}
        return client.post(address("app_answer", app, field=name), data)

    return give


# --- the form -------------------------------------------------------------------------------------------------------


def test_the_form_shows_one_section_with_its_progress(editor, app, client_for):
    words = said(client_for(editor.user).get(address("app_edit", app, section="dataRetention")))

    assert "For how many days is end-user data kept at most?" in words
    assert "Does the app log end-user data?" not in words
    assert "5 of 5" in words


def test_all_sections_can_be_shown_at_once(editor, app, client_for):
    words = said(client_for(editor.user).get(address("app_edit", app, section="all")))

    assert "For how many days is end-user data kept at most?" in words
    assert "Does the app log end-user data?" in words


def test_a_section_that_nobody_knows_shows_the_first(editor, app, client_for):
    page = client_for(editor.user).get(address("app_edit", app, section="nonsense"))

    assert "Does the app store end-user data" in said(page)


def test_opening_the_form_writes_nothing(editor, app, client_for):
    client_for(editor.user).get(address("app_edit", app, section="all"))

    assert not WorkingCopy.objects.exists()


def test_a_question_says_to_which_vocabulary_it_belongs(editor, app, client_for):
    assert "Marketplace questionnaire ·" in said(client_for(editor.user).get(address("app_edit", app)))


def test_the_questions_of_the_other_vocabulary_are_folded_beneath_those_that_the_document_answers(
    editor, diagrams, marketplace, client_for
):
    marketplace.put(
        diagrams,
        "draft",
        '{"dataAccessAndStorage":{"appProcessEUDOutsideAtlassian":true},"logDetails":{"loggingEnabled":true,"logRetention":"x"}}',
    )
    app = app_list.read_app(actor=editor, app=diagrams)
    page = client_for(editor.user).get(address("app_edit", app, section="dataAccessAndStorage"))
    main, folded = page.content.decode().split('<details class="disclosure other-questions"')

    name = name_of("/commonCloud/dataAccessAndStorage/appProcessEUDOutsideAtlassian")
    assert f'name="{name}"' in folded
    assert f'name="{name}"' not in main
    assert "data-answer" in main
    assert re.match(r"\s*>", folded)
    assert "More questions, from the Marketplace questionnaire" in said(page)


def test_a_document_without_answers_asks_which_questions_it_shall_have(editor, app_of, client_for):
    clock = app_list.read_app(actor=editor, app=app_of("Page Clock"))
    client = client_for(editor.user)
    empty = client.get(address("app_edit", clock))
    assert "Start with the Marketplace questionnaire." in said(empty)
    assert empty.content.decode().count('button-primary" type="submit">Answer the Marketplace questionnaire') == 1

    page = client.post(address("app_edit", clock), {"vocabulary": "reference"}, follow=True)

    assert "How does the app access end-user data" in said(page)


def test_a_set_of_questions_that_nobody_knows_is_refused(editor, app, client_for):
    page = client_for(editor.user).post(address("app_edit", app), {"vocabulary": "<b>"})

    assert page.status_code == 409
    assert "There is no set of questions" in said(page)


def test_a_document_that_is_no_object_can_be_read_but_not_edited(editor, app, client_for):
    Snapshot.objects.filter(pk=app.draft_id).update(text="[1]")

    words = said(client_for(editor.user).get(address("app_edit", app)))

    assert "Read-only document" in words


# --- one answer -----------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_and_said_to_be(answer, app):
    response = answer(app, CONTACT, "trust@example.com")

    assert response.status_code == 200
    assert kept(app, CONTACT) == "trust@example.com"
    assert "by you" in said(response)
    assert "1 change not saved to Marketplace yet" in said(response)
    assert "Live: security@vendor.example.com" in said(response)


def test_the_control_itself_is_not_drawn_again_so_that_typing_goes_on(answer, app):
    response = answer(app, CONTACT, "trust@example.com")

    assert f'name="{name_of(CONTACT)}"' not in response.content.decode()


def test_an_answer_is_refused_to_who_may_not_edit(reviewer, app, client_for):
    name = name_of(CONTACT)

    response = client_for(reviewer.user, htmx=True).post(
        address("app_answer", app, field=name), {name: "x@example.com"}
    )

    assert response.status_code == 403
    assert not WorkingCopy.objects.exists()


def test_what_cannot_be_an_answer_is_refused_beside_it(answer, app):
    response = answer(app, DAYS, "ninety")

    assert response.status_code == 422
    assert "not a whole number of days" in said(response)
    assert "What you typed is still here" in said(response)
    assert not WorkingCopy.objects.exists()


def test_a_question_appears_once_the_answer_it_depends_on_is_given(answer, app):
    response = answer(app, CERTIFIED, "yes")

    page = response.content.decode()
    assert 'id="q-security-compliantCertifications"' in page
    assert "Which certifications are held?" in said(response)


def test_a_question_disappears_with_the_answer_it_depends_on(answer, app):
    answer(app, CERTIFIED, "yes")

    response = answer(app, CERTIFIED, "no", shown=[name_of(CERTIFICATIONS)])

    assert '<div id="q-security-compliantCertifications" hidden hx-swap-oob="true"></div>' in response.content.decode()


def test_a_check_is_said_beside_the_other_answer_too(answer, app):
    response = answer(app, CERTIFIED, "yes", on_section="security")

    assert "Certifications are said to be held, yet none is listed" in said(response)
    assert 'id="q-security-compliantCertifications-checks"' in response.content.decode()


def test_several_values_are_kept_others_among_them(answer, app):
    answer(app, CERTIFICATIONS, ["", "SOC2", "FedRAMP"])

    assert kept(app, CERTIFICATIONS) == ["SOC2", "FedRAMP"]


def test_another_value_wins_over_the_choice(answer, app):
    pointer = "/commonCloud/dataResidency/isDataResidencySupported"

    answer(app, pointer, "APP_DOES_NOT_SUPPORT_DR", **{f"{name_of(pointer)}.other": "SUPPORTED_SOON"})

    assert kept(app, pointer) == "SUPPORTED_SOON"


def test_an_answer_that_did_not_arrive_is_said_to_be_missing(editor, app, client_for):
    response = client_for(editor.user, htmx=True).post(address("app_answer", app, field=name_of(CONTACT)))

    assert response.status_code == 400
    assert "Nothing was changed" in said(response)


@pytest.mark.parametrize("query", [{}, {"field": "nonsense"}, {"field": "security"}])
def test_a_question_that_is_not_there_is_not_found(editor, app, client_for, query):
    assert client_for(editor.user, htmx=True).post(address("app_answer", app, **query), {"x": "y"}).status_code == 404


def test_without_scripts_one_answer_leads_back_to_the_form(editor, app, client_for):
    name = name_of(CONTACT)

    response = client_for(editor.user).post(address("app_answer", app, field=name), {name: "trust@example.com"})

    assert response.status_code == 302
    assert kept(app, CONTACT) == "trust@example.com"


def test_save_to_marketplace_sends_nothing_while_an_answer_of_the_page_cannot_be_saved(
    editor, app, client_for, marketplace
):
    page = client_for(editor.user).post(
        address("app_edit", app, section="dataRetention"), {name_of(DAYS): "soon", "then": "save"}
    )

    assert page.status_code == 422
    assert "Nothing was sent to Marketplace. What you typed is below." in said(page)
    assert 'value="soon"' in page.content.decode()
    assert marketplace.calls(DRAFT) == 0


def test_save_to_marketplace_takes_along_what_the_page_holds(editor, app, client_for, marketplace):
    page = client_for(editor.user).post(
        address("app_edit", app), {name_of(CONTACT): "trust@example.com", "then": "save"}, follow=True
    )

    assert "is saved to Marketplace and was read back: 1 answer differs from before" in said(page)
    assert marketplace.value(app, "draft")["security"]["securityContact"] == "trust@example.com"


# --- two people -----------------------------------------------------------------------------------------------------


def test_the_bar_names_who_has_changes_that_are_not_at_marketplace(answer, dora, editor, app, client_for):
    answer(app, CONTACT, "trust@example.com")
    answering.answer(actor=dora, app=app, pointer=POLICIES, raw="https://vendor.example.com/new")

    words = said(client_for(editor.user).get(address("app_edit", app)))
    assert re.search(
        r"Saved here by you and Dora since (\d+ \w+, )?\d\d:\d\d ?: 2 changes not saved to Marketplace yet", words
    )


def test_who_undid_their_answer_has_no_unsaved_changes(answer, dora, editor, app, client_for):
    answer(app, CONTACT, "trust@example.com")
    edit = answering.answer(actor=dora, app=app, pointer=POLICIES, raw="https://vendor.example.com/new").edit
    answering.undo(actor=dora, app=app, edit=edit)

    words = said(client_for(editor.user).get(address("app_edit", app)))
    assert re.search(r"Saved here by you since (\d+ \w+, )?\d\d:\d\d ?: 1 change not", words)


def test_two_people_at_one_answer_see_both_and_choose(answer, dora, editor, app, client_for):
    before = seen(app, CONTACT)
    answering.answer(actor=dora, app=app, pointer=CONTACT, raw="dora@vendor.example.com")

    response = answer(app, CONTACT, "alice@vendor.example.com", **{f"expected.{name_of(CONTACT)}": before})

    assert response.status_code == 409
    assert "dora@example.com changed this answer" in said(response)
    assert "Theirs: dora@vendor.example.com" in said(response)
    assert kept(app, CONTACT) == "dora@vendor.example.com"


def test_keeping_mine_after_a_conflict_is_one_more_post(answer, dora, app):
    before = seen(app, CONTACT)
    answering.answer(actor=dora, app=app, pointer=CONTACT, raw="dora@vendor.example.com")
    answer(app, CONTACT, "alice@vendor.example.com", **{f"expected.{name_of(CONTACT)}": before})

    response = answer(app, CONTACT, "alice@vendor.example.com")

    assert response.status_code == 200
    assert kept(app, CONTACT) == "alice@vendor.example.com"


def test_taking_theirs_draws_the_question_anew(answer, dora, editor, app, client_for):
    answering.answer(actor=dora, app=app, pointer=CONTACT, raw="dora@vendor.example.com")

    response = client_for(editor.user, htmx=True).get(address("app_answer", app, field=name_of(CONTACT)))

    assert 'value="dora@vendor.example.com"' in response.content.decode()
    assert "by dora@example.com" in said(response)


def test_without_scripts_a_conflict_keeps_the_text_and_saving_again_insists(editor, dora, app, client_for):
    client, name, url = client_for(editor.user), name_of(CONTACT), address("app_edit", app, section="security")
    data = {name: "alice@vendor.example.com", f"expected.{name}": seen(app, CONTACT)}
    answering.answer(actor=dora, app=app, pointer=CONTACT, raw="dora@vendor.example.com")

    page = client.post(url, data)

    assert page.status_code == 409
    assert "Saving again replaces theirs" in said(page)
    assert 'value="alice@vendor.example.com"' in page.content.decode()
    client.post(url, {**data, f"expected.{name}": hidden(page, f"expected.{name}")})
    assert kept(app, CONTACT) == "alice@vendor.example.com"


def test_an_older_page_of_ones_own_takes_no_record_away(editor, app, client_for):
    client, name = client_for(editor.user, htmx=True), name_of(RECORDS)
    form = client.get(address("app_edit", app, section="thirdPartyInformation")).content.decode()
    rows = {f"{name}.row": ["", *rows_of(form, name)], f"expected.{name}": seen(app, RECORDS)}
    url = address("app_answer", app, field=name)
    added = {**rows, f"{name}.row": [*rows[f"{name}.row"], "new-1"], f"{name}.new-1.name": "Example New BV"}
    assert client.post(url, added).status_code == 200

    response = client.post(url, {**rows, f"{name}.{rows[f'{name}.row'][1]}.purpose": "Another purpose"})

    assert response.status_code == 409
    assert "You changed this answer in another tab" in said(response)
    assert "Keep this one" in said(response)
    assert kept(app, RECORDS)[-1] == {"name": "Example New BV"}


def test_one_page_can_change_the_same_answer_again_and_again(editor, app, client_for):
    client, name = client_for(editor.user, htmx=True), name_of(CONTACT)
    url, known = address("app_answer", app, field=name), seen(app, CONTACT)

    for number in range(3):
        response = client.post(url, {name: f"{number}@example.com", f"expected.{name}": known})
        known = hidden(response, f"expected.{name}")

    assert kept(app, CONTACT) == "2@example.com"


# --- a section without scripts --------------------------------------------------------------------------------------


def test_a_whole_section_is_kept_by_one_button(editor, app, client_for):
    url = address("app_edit", app, section="security")

    page = client_for(editor.user).post(
        url, {name_of(CONTACT): "trust@example.com", name_of(CERTIFIED): "yes"}, follow=True
    )

    assert "2 answers are saved here" in said(page)
    assert kept(app, CONTACT) == "trust@example.com"
    assert Edit.objects.count() == 2


def test_a_section_that_did_not_change_changes_nothing(editor, app, client_for):
    page = client_for(editor.user).post(
        address("app_edit", app), {name_of(CONTACT): "security@vendor.example.com"}, follow=True
    )

    assert "nothing changed" in said(page)
    assert not Edit.objects.exists()


def test_an_older_page_does_not_take_back_what_nobody_touched_on_it(editor, app, client_for):
    client, url = client_for(editor.user), address("app_edit", app, section="security")
    loaded = page_values(client.get(url))
    client.post(url, {**loaded, name_of(CONTACT): "trust@example.com"})

    page = client.post(url, {**loaded, name_of(POLICIES): "https://vendor.example.com/new"}, follow=True)

    assert page.status_code == 200
    assert "1 answer is saved here" in said(page)
    assert kept(app, CONTACT) == "trust@example.com"
    assert kept(app, POLICIES) == "https://vendor.example.com/new"


def test_nobody_is_asked_about_an_answer_that_they_did_not_touch(editor, dora, app, client_for):
    client, url = client_for(editor.user), address("app_edit", app, section="thirdPartyInformation")
    loaded = page_values(client.get(url))
    name = name_of(RECORDS)
    rows = {**loaded, f"{name}.row": [*loaded[f"{name}.row"], "new-1"], f"{name}.new-1.name": "Example New BV"}
    client_for(dora.user).post(url, rows)

    page = client.post(url, {**loaded, name_of(WHERE_LISTED): "https://vendor.example.com/list"}, follow=True)

    assert page.status_code == 200
    assert "1 answer is saved here" in said(page)
    assert kept(app, RECORDS)[-1] == {"name": "Example New BV"}


def test_an_older_page_is_asked_about_what_was_changed_on_it_too(editor, app, client_for):
    client, url = client_for(editor.user), address("app_edit", app, section="security")
    loaded = page_values(client.get(url))
    client.post(url, {**loaded, name_of(CONTACT): "trust@example.com"})

    page = client.post(url, {**loaded, name_of(CONTACT): "other@example.com"})

    assert page.status_code == 409
    assert "You changed this answer in another tab" in said(page)
    assert kept(app, CONTACT) == "trust@example.com"


def test_what_could_not_be_kept_is_still_there_and_the_rest_is_kept(editor, app, client_for):
    data = {name_of(DAYS): "ninety", name_of("/commonCloud/dataRetention/isRetentionDurationIndefinite"): "yes"}

    page = client_for(editor.user).post(address("app_edit", app, section="dataRetention"), data)

    assert page.status_code == 422
    assert 'value="ninety"' in page.content.decode()
    assert "1 answer could not be saved" in said(page)
    assert "1 other is saved here" in said(page)
    assert kept(app, "/commonCloud/dataRetention/isRetentionDurationIndefinite") is True


def test_a_section_is_refused_to_who_may_not_edit(reviewer, app, client_for):
    assert client_for(reviewer.user).post(address("app_edit", app), {name_of(CONTACT): "x"}).status_code == 403


# --- who gave the answer that stands there --------------------------------------------------------------------------


def test_an_answer_that_was_changed_at_atlassian_is_not_said_to_be_mine(editor, answer, app, marketplace, client_for):
    answer(app, CONTACT, "trust@example.com")
    saving.save_to_marketplace(actor=editor, app=app)
    url = address("app_edit", app, section="security")
    assert "by you" in said(client_for(editor.user).get(url))

    marketplace.act(app, "edit_draft", value="stranger@vendor.example.com")
    app_list.read_app(actor=editor, app=app)
    words = said(client_for(editor.user).get(url))

    assert "by you" not in words
    assert re.search(r"Changed at Atlassian \S+ by stranger@example.com", words)


def test_who_changed_an_answer_at_atlassian_is_not_guessed_once_something_else_was_saved(
    editor, answer, app, marketplace, client_for
):
    answer(app, CONTACT, "trust@example.com")
    saving.save_to_marketplace(actor=editor, app=app)
    marketplace.act(app, "edit_draft", value="stranger@vendor.example.com")
    app_list.read_app(actor=editor, app=app)
    answer(app, POLICIES, "https://vendor.example.com/new")
    saving.save_to_marketplace(actor=editor, app=app)

    words = said(client_for(editor.user).get(address("app_edit", app, section="security")))

    assert "Changed at Atlassian" in words
    assert not re.search(r"Changed at Atlassian[^.]{0,20} by ", words)


# --- steps back -----------------------------------------------------------------------------------------------------


def test_an_answer_is_undone(editor, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")

    response = client_for(editor.user, htmx=True).post(address("app_undo", app), {"edit": Edit.objects.get().pk})

    assert 'value="security@vendor.example.com"' in response.content.decode()
    assert "as it was before" in response["HX-Trigger"]
    assert kept(app, CONTACT) == "security@vendor.example.com"


def test_an_answer_that_was_changed_since_is_not_undone(editor, dora, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")
    edit = Edit.objects.get()
    answering.answer(actor=dora, app=app, pointer=CONTACT, raw="dora@vendor.example.com")

    page = client_for(editor.user).post(address("app_undo", app), {"edit": edit.pk})

    assert page.status_code == 409
    assert kept(app, CONTACT) == "dora@vendor.example.com"


@pytest.mark.parametrize("edit", ["", "x", "0", "9" * 30, "٣"])
def test_undoing_what_is_not_there_is_refused_in_words(editor, app, client_for, edit):
    page = client_for(editor.user).post(address("app_undo", app), {"edit": edit})

    assert page.status_code == 409
    assert "no such answer to undo" in said(page)


def test_undo_is_refused_to_who_may_not_edit(reviewer, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")

    assert client_for(reviewer.user).post(address("app_undo", app), {"edit": Edit.objects.get().pk}).status_code == 403
    assert kept(app, CONTACT) == "trust@example.com"


def test_the_live_value_is_taken_back(editor, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")

    response = client_for(editor.user, htmx=True).post(
        address("app_take_live", app), {"pointer": CONTACT, "expected": seen(app, CONTACT)}
    )

    assert 'value="security@vendor.example.com"' in response.content.decode()
    assert kept(app, CONTACT) == "security@vendor.example.com"


def test_taking_a_live_value_from_the_comparison_leads_back_there(editor, app, client_for):
    data = {"pointer": DAYS, "to": "compare", "expected": seen(app, DAYS)}

    page = client_for(editor.user).post(address("app_take_live", app), data, follow=True)

    assert page.redirect_chain[0][0] == address("app_compare", app, before="live", after="working")
    assert kept(app, DAYS) == 90


@pytest.mark.parametrize("pointer", ["", "x", "/nonsense", "/commonCloud/properties", "\x00"])
def test_a_live_value_of_no_place_is_refused_in_words(editor, app, client_for, pointer):
    page = client_for(editor.user).post(address("app_take_live", app), {"pointer": pointer, "expected": "0" * 32})

    assert page.status_code == 409
    assert not Edit.objects.exists()


@pytest.mark.parametrize("to", ["", "compare"])
def test_a_live_value_is_only_taken_in_the_place_of_what_the_page_showed(editor, app, client_for, to):
    page = client_for(editor.user).post(address("app_take_live", app), {"pointer": DAYS, "to": to})

    assert page.status_code == 409
    assert "Nothing was changed" in said(page)
    assert not Edit.objects.exists()


def test_taking_the_live_value_is_refused_to_who_may_not_edit(reviewer, app, client_for):
    assert client_for(reviewer.user).post(address("app_take_live", app), {"pointer": DAYS}).status_code == 403


def test_the_working_copy_is_discarded_and_kept_as_a_version(editor, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")

    page = client_for(editor.user).post(address("app_reset", app), follow=True)

    assert "You can restore them" in said(page)
    assert not WorkingCopy.objects.exists()
    assert app.owner.snapshots.filter(source="working").exists()


def test_dropping_is_refused_to_who_may_not_edit(reviewer, answer, app, client_for):
    answer(app, CONTACT, "trust@example.com")

    assert client_for(reviewer.user).post(address("app_reset", app)).status_code == 403
    assert WorkingCopy.objects.exists()


# --- hidden characters ----------------------------------------------------------------------------------------------

JUSTIFIED = "/commonCloud/security/permissionsJustification"
HIDDEN = [
    (CONTACT, "a\u0000b@example.com", "ab@example.com", "U+0000 NULL is in this answer."),
    (CONTACT, "a\u0007b@example.com", "ab@example.com", "U+0007 CONTROL CHARACTER is in this answer."),
    (
        JUSTIFIED,
        "one\r\ntwo\u0000\u0007\u0000",
        "one\r\ntwo",
        "U+0000 NULL, U+0007 CONTROL CHARACTER are in this answer.",
    ),
    (CERTIFICATIONS, ["SOC2", "IS\u0000O", 3], ["SOC2", 3, "ISO"], "U+0000 NULL is in this answer."),
    (
        CONTACT,
        "a\u200bb@example.com\u202e",
        "ab@example.com",
        "U+200B ZERO WIDTH SPACE, U+202E RIGHT-TO-LEFT OVERRIDE are",
    ),
    (
        RECORDS,
        [{"name": "A\u00ad", "purpose": "👩\u200d🔧 x"}],
        [{"name": "A", "purpose": "👩\u200d🔧 x"}],
        "U+00AD SOFT HYPHEN is",
    ),
    (
        RECORDS,
        [{"name": "A\u0000", "purpose": "x\u0007", "odd": "\u0000"}, None, {"name": "B", "purpose": 1.0}],
        [{"name": "A", "purpose": "x", "odd": "\u0000"}, None, {"name": "B", "purpose": 1.0}],
        "U+0000 NULL, U+0007 CONTROL CHARACTER are in this answer.",
    ),
    (
        JUSTIFIED,
        {
            "type": "doc",
            "version": 1,
            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a\0b"}]}],
        },
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "ab"}]}]},
        "U+0000 NULL is in this answer.",
    ),
]


@pytest.fixture
def odd(editor, diagrams, marketplace):
    """odd(pointer, value): the app, with this value in its draft."""

    def put(pointer, value):
        document = json.loads(app_list.read_app(actor=editor, app=diagrams).draft.text)
        *path, last = pointer.split("/")[2:]
        place = document
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
        marketplace.put(diagrams, "draft", json.dumps(document))
        return app_list.read_app(actor=editor, app=diagrams)

    return put


@pytest.mark.parametrize(("pointer", "value", "cleaned", "words"), HIDDEN)
def test_a_hidden_character_is_named_and_removed_without_scripts(
    odd, editor, client_for, pointer, value, cleaned, words
):
    app, client = odd(pointer, value), client_for(editor.user)
    page = client.get(address("app_edit", app, section="all"))
    assert words in said(page)
    assert f'name="json:{pointer}"' not in page.content.decode()

    data = {f"expected.{name_of(pointer)}": seen(app, pointer), "without_hidden": "1"}
    page = client.post(address("app_answer", app, field=name_of(pointer)), data, follow=True)

    assert page.status_code == 200
    assert kept(app, pointer) == cleaned
    assert words not in said(client.get(address("app_edit", app, section="all")))


@pytest.mark.parametrize(("pointer", "value", "cleaned", "words"), HIDDEN)
def test_a_hidden_character_that_nobody_touches_stays(odd, editor, client_for, pointer, value, cleaned, words):
    app, client = odd(pointer, value), client_for(editor.user)
    url = address("app_edit", app, section="all")

    page = client.post(url, page_values(client.get(url)), follow=True)

    assert "nothing changed" in said(page)
    assert not Edit.objects.exists()


def test_what_is_typed_beside_a_control_character_leaves_it_in_its_place(odd, answer):
    app = odd(CONTACT, "a\0b@example.com")

    answer(app, CONTACT, "a␀b@example.org")

    assert kept(app, CONTACT) == "a\0b@example.org"


def test_the_sign_for_nul_is_a_character_like_others_where_there_is_no_nul(odd, answer):
    app = odd(JUSTIFIED, "a")

    answer(app, JUSTIFIED, "a␀")

    assert kept(app, JUSTIFIED) == "a␀"


def test_an_answer_that_holds_nul_and_the_sign_for_it_is_edited_as_json(odd, editor, client_for):
    app = odd(JUSTIFIED, "␀\0")

    page = client_for(editor.user).get(address("app_edit", app, section="all")).content.decode()

    assert f'name="json:{JUSTIFIED}"' in page


def test_removing_control_characters_draws_the_answer_anew(odd, editor, client_for):
    app = odd(CONTACT, "a\0b@example.com")
    data = {f"expected.{name_of(CONTACT)}": seen(app, CONTACT), "without_hidden": "1"}

    page = client_for(editor.user, htmx=True).post(address("app_answer", app, field=name_of(CONTACT)), data)

    assert 'value="ab@example.com"' in page.content.decode()
    assert "hidden characters are removed" in page["HX-Trigger"]


def test_control_characters_are_not_removed_from_an_answer_that_changed_meanwhile(odd, editor, answer, client_for):
    app = odd(CONTACT, "a\0b@example.com")
    old = seen(app, CONTACT)
    answer(app, CONTACT, "a␀b@example.org")
    data = {f"expected.{name_of(CONTACT)}": old, "without_hidden": "1"}

    page = client_for(editor.user, htmx=True).post(address("app_answer", app, field=name_of(CONTACT)), data)

    assert page.status_code == 409
    assert kept(app, CONTACT) == "a\0b@example.org"
