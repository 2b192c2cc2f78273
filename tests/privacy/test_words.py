"""The words of the pages on which a draft is compared, reviewed and approved, and the grammar of their counts."""

import json
import re

import pytest
from django.urls import reverse

from portal.counts import agreeing, counted
from privacy.drafts import answering
from privacy.marketplace import app_list
from privacy.models import App
from privacy.reviews import approvals
from privacy.reviews.requirements import CHECKED
from privacy.views.app_context import AppContext
from tests.privacy.browsing import address, fresh, said
from tests.privacy.marketplace import CONTACT, POLICIES

#: The left column of the list of words, as far as these pages are concerned.
OLD = re.compile(
    r"ask(s|ed|ing)? for (sign-off|changes)|signed? (it |that )?off|lapse|take the (sign-off|live value)|"
    r"written differently|not asked for|changes asked|fit together|left \(newer|right \(older",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 changes are"), (1, "1 change is"), (2, "2 changes are"), (1362, "1,362 changes are")]
)
def test_noun_and_verb_agree_with_the_count(count, words):
    assert f"{counted(count, 'change')} {agreeing(count, 'is', 'are')}" == words


def pages(client, app: App) -> str:
    """What the pages of an app say."""
    shown = [said(client.get(address(name, app))) for name in ("app", "app_compare")]
    return " ".join(shown)


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["none", "waiting", "approved", "changes", "dismissed", "revoked"])
def test_no_old_word_is_on_a_page_of_the_review(editor, reviewer, diagrams, marketplace, client_for, state):
    app = app_list.read_app(actor=editor, app=diagrams)
    if state != "none":
        review = approvals.request_approval(actor=editor, app=app)
    if state in ("approved", "dismissed", "revoked"):
        approvals.approve(actor=reviewer, review=review, expected=review.content_hash)
    if state == "changes":
        approvals.request_changes(actor=reviewer, review=review, expected=review.content_hash, comment="Name it.")
    if state == "dismissed":
        marketplace.act(app, "edit_draft", value="stranger@example.com")
        app_list.read_app(actor=editor, app=app)
    if state == "revoked":
        approvals.withdraw_request(actor=editor, review=review)

    for person in (editor, reviewer):
        words = pages(client_for(person.user), app)
        assert OLD.search(words) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({CONTACT: "a@example.com"}, "1 change is saved here, not to Marketplace"),
        ({CONTACT: "a@example.com", POLICIES: "https://example.com"}, "2 changes are saved here, not to Marketplace"),
    ],
)
def test_unsaved_changes_are_counted_in_a_sentence(editor, diagrams, client_for, answers, words):
    app = app_list.read_app(actor=editor, app=diagrams)
    for pointer, raw in answers.items():
        answering.answer(actor=editor, app=fresh(app), pointer=pointer, raw=raw)

    assert words in said(client_for(editor.user).get(address("app", app)))


@pytest.mark.django_db
@pytest.mark.parametrize(("wrong", "words"), [(1, "found 1 error: "), (2, "found 2 errors: "), (3, "found 3 errors: ")])
def test_errors_of_the_draft_are_counted_in_a_sentence(editor, diagrams, marketplace, wrong, words):
    places = ["securityContact", "publicSecurityPoliciesLink"]
    security = dict.fromkeys(places[:wrong], "no link")
    content = {"security": security}
    if wrong == 3:
        content["thirdPartyInformation"] = {"dataSubProcessors": "https://nowhere"}
    marketplace.put(diagrams, "draft", json.dumps(content))
    app = app_list.read_app(actor=editor, app=diagrams)

    reason = next(item.reason for item in AppContext(app).requirements if item.title == CHECKED)

    assert words in reason


@pytest.mark.django_db
def test_questions_without_an_answer_are_not_said_to_be_in_order(editor, diagrams, marketplace, client_for):
    marketplace.put(diagrams, "draft", '{"security":{"securityContact":"a@example.com"}}')
    app = app_list.read_app(actor=editor, app=diagrams)

    words = said(client_for(editor.user).get(address("app", app)))

    assert re.search(r"No issues found\. \d+ questions are not answered\.", words)


#: The left column of the list of words, as far as the pages of apps are concerned.
ON_NO_PAGE = re.compile(
    r"read (?:all )?again|\bdrop(?:ped|ping)?\b|take the live|\bkept (?:as|here|on|under)\b|not known|"
    r"may not (?:be )?read|written differently|brought together|(?:live|draft), as read|somebody",
    re.IGNORECASE,
)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["apps", "app", "app_edit", "app_compare", "app_versions"])
def test_no_old_word_is_on_a_page_of_an_app(editor, diagrams, client_for, page):
    app = app_list.read_app(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=fresh(app), pointer=CONTACT, raw="trust@example.com")
    path = reverse("apps", args=[app.connection.slug]) if page == "apps" else address(page, app)

    words = said(client_for(editor.user).get(path))

    assert ON_NO_PAGE.findall(words) == []


@pytest.mark.django_db
def test_field_names_are_shown_when_asked_for_and_until_they_are_hidden_again(editor, diagrams, client_for):
    client = client_for(editor.user)

    shown = [
        "with-field-names" in client.get(address("app_edit", diagrams, **query)).content.decode()
        for query in ({}, {"names": "show"}, {}, {"names": "hide"}, {})
    ]

    assert shown == [False, True, True, False, False]
