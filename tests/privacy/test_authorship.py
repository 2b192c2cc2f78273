"""Who wrote a draft is found whatever happened on its way: nobody approves what they wrote, and everybody else may."""

import pytest

from portal.access import Actor
from portal.atlassian import strictjson
from portal.atlassian.errors import Refused
from portal.models import Connection
from privacy import refusals
from privacy.app_lookup import find_app
from privacy.drafts import answering, working_copy
from privacy.marketplace import app_list, discarding, saving
from privacy.models import App, Review
from privacy.reviews import approvals, publishing
from privacy.reviews.authors import authors
from privacy.reviews.status import newest_review
from sandbox import faults
from sandbox.marketplace import store
from tests.conftest import make_connection
from tests.privacy.marketplace import CONTACT, DRAFT, READ

pytestmark = pytest.mark.django_db

NAMES = "/commonCloud/dataAccessAndStorage/typesOfDataStored"


@pytest.fixture
def writer(bob, developer_space: Connection, grant) -> Actor:
    """Bob, who edits and approves."""
    grant(bob, developer_space, "privacy_editor", "privacy_reviewer")
    return Actor.of(bob)


@pytest.fixture
def other(charlie, developer_space: Connection, grant) -> Actor:
    """Charlie, who edits and approves too."""
    grant(charlie, developer_space, "privacy_editor", "privacy_reviewer")
    return Actor.of(charlie)


def contact(actor: Actor, app: App, value: str = "trust@example.com"):
    return answering.answer(actor=actor, app=app, pointer=CONTACT, raw=value)


def asked_by(actor: Actor, app: App) -> Review:
    """Reads the app as it is now and asks."""
    return approvals.request_approval(actor=actor, app=app_list.read_app(actor=actor, app=app))


def must_not_approve(actor: Actor, review: Review) -> None:
    assert approvals.why_not_approve(actor, review).startswith("You changed this app")
    with pytest.raises(refusals.SignOffRefused, match="Somebody else has to approve it"):
        approvals.approve(actor=actor, review=review, expected=review.content_hash)


def may_approve(actor: Actor, review: Review) -> None:
    assert approvals.why_not_approve(actor, review) == ""
    approvals.approve(actor=actor, review=review, expected=review.content_hash)
    assert newest_review(review.app).state == "approved"


# --- what was sent, whatever came of it -------------------------------------------------------------------------------


def test_who_sent_a_save_that_could_not_be_read_back_is_its_author(
    writer, editor, other, diagrams, marketplace, sandbox
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    marketplace.unreadable_after(2)
    with pytest.raises(refusals.NotKnown):
        saving.save_to_marketplace(actor=writer, app=diagrams)
    faults.clear(sandbox)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_an_answer_that_went_out_beside_a_strangers_is_still_its_authors_after_the_working_copy_was_dropped(
    writer, editor, other, diagrams, marketplace
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    marketplace.meanwhile(diagrams, "edit_draft", before=READ, nth=4, at="/security/x", value="theirs")
    with pytest.raises(refusals.NotAsSent):
        saving.save_to_marketplace(actor=writer, app=diagrams)
    working_copy.reset_working_copy(actor=editor, app=diagrams)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_a_list_that_a_stranger_added_to_is_still_its_authors(writer, editor, other, diagrams, marketplace):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    answering.answer(actor=writer, app=diagrams, pointer=NAMES, raw=["Diagram titles", "Drawings"])
    saving.save_to_marketplace(actor=writer, app=diagrams)
    entries = ["Diagram titles", "Drawings", "Strange things"]
    marketplace.act(diagrams, "edit_draft", at="/dataAccessAndStorage/typesOfDataStored", value=entries)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_a_save_that_atlassian_refused_makes_nobody_an_author(writer, editor, diagrams, sandbox, marketplace):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    faults.refuse(sandbox, call=DRAFT, status=400, times=1)
    with pytest.raises(Refused):
        saving.save_to_marketplace(actor=writer, app=diagrams)
    working_copy.reset_working_copy(actor=writer, app=diagrams)
    contact(editor, diagrams, "other@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)

    may_approve(writer, asked_by(editor, diagrams))


def test_authors_are_known_again_after_a_time_in_which_the_draft_could_not_be_read(
    writer, editor, other, diagrams, marketplace, sandbox
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    saving.save_to_marketplace(actor=writer, app=diagrams)
    faults.refuse(sandbox, call=READ, status=403, skip=1, times=1)
    assert app_list.read_app(actor=editor, app=diagrams).draft_state == "hidden"
    marketplace.act(diagrams, "edit_draft", at="/security/x", value="theirs")

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


# --- what was changed elsewhere ---------------------------------------------------------------------------------------


def change_in_console(marketplace, app: App, who: str, at: str, value: object) -> None:
    content = marketplace.value(app, "draft")
    content["security"][at] = value
    with marketplace.state.write() as db:
        store(db, app.product_id, "draft", strictjson.dumps(content), by=who, now=2.0, form_status="DRAFT")


def test_who_changed_the_draft_in_atlassians_console_is_its_author(writer, editor, other, diagrams, marketplace):
    change_in_console(marketplace, diagrams, "Bob@Example.com", "securityContact", "trust@example.com")
    app_list.read_app(actor=editor, app=diagrams)
    change_in_console(marketplace, diagrams, "stranger@example.com", "x", "theirs")

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_who_atlassian_names_by_account_id_is_an_author(writer, editor, other, diagrams, marketplace):
    writer.user.atlassian_account_id = "5b10ac8d82e05b22cc7d4ef5"
    writer.user.save()
    change_in_console(marketplace, diagrams, "5b10ac8d82e05b22cc7d4ef5", "securityContact", "trust@example.com")

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_an_account_id_that_nobody_has_is_named_to_who_approves(writer, editor, diagrams, marketplace, client_for):
    change_in_console(marketplace, diagrams, "712020:1a2b", "securityContact", "trust@example.com")
    review = asked_by(editor, diagrams)

    page = client_for(writer.user).get(diagrams.get_absolute_url()).content.decode()

    assert "712020:1a2b" in [author["label"] for author in review.authors]
    assert "If that is you, you cannot approve." in page
    assert "Everyone who changed this app’s answers since it was last published counts as an author." in page
    may_approve(writer, review)


def test_an_account_id_that_is_entered_after_the_request_counts(writer, editor, diagrams, marketplace):
    change_in_console(marketplace, diagrams, "712020:1a2b", "securityContact", "trust@example.com")
    review = asked_by(editor, diagrams)
    writer.user.atlassian_account_id = "712020:1a2b"
    writer.user.save()

    must_not_approve(writer, review)


def test_a_change_of_nobody_knows_whom_has_an_author_too(editor, diagrams, marketplace):
    change_in_console(marketplace, diagrams, "", "securityContact", "trust@example.com")

    review = asked_by(editor, diagrams)

    assert "somebody at Atlassian" in [author["label"] for author in review.authors]


def test_an_approval_that_a_change_at_atlassian_dismissed_says_who_made_it(
    writer, editor, other, diagrams, marketplace
):
    may_approve(other, asked_by(editor, diagrams))
    change_in_console(marketplace, diagrams, "stranger@example.com", "securityContact", "trust@example.com")

    app_list.read_app(actor=editor, app=diagrams)

    because = newest_review(diagrams).closed_because
    assert because.startswith("The draft was changed at Atlassian by stranger@example.com on ")
    assert f"after {other.label} approved it. Look at the change and request approval again." in because


def test_what_was_published_in_the_console_has_no_authors_any_more(writer, editor, diagrams, marketplace):
    contact(writer, app_list.read_app(actor=editor, app=diagrams))
    saving.save_to_marketplace(actor=writer, app=diagrams)
    marketplace.act(diagrams, "publish")
    app_list.read_app(actor=editor, app=diagrams)
    contact(editor, diagrams, "next@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)

    may_approve(writer, asked_by(editor, diagrams))


def test_authors_are_found_in_three_queries(writer, editor, diagrams, django_assert_num_queries):
    contact(writer, app_list.read_app(actor=editor, app=diagrams))
    saving.save_to_marketplace(actor=writer, app=diagrams)
    app = find_app(connection=diagrams.connection, key=diagrams.app_key)

    with django_assert_num_queries(4):  # and one for the person whom Atlassian names
        authors(app)


def test_who_changed_the_draft_in_the_console_stays_its_author_when_it_is_saved_again_as_it_is(
    writer, editor, diagrams, marketplace
):
    change_in_console(marketplace, diagrams, "bob@example.com", "securityContact", "trust@example.com")
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)

    must_not_approve(writer, asked_by(editor, diagrams))


def test_the_account_of_the_connection_is_not_the_author_of_what_is_saved_from_here(
    writer, editor, diagrams, developer_space
):
    writer.user.email = developer_space.email
    writer.user.save()
    account = Actor.of(writer.user)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    contact(editor, diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)

    may_approve(account, asked_by(editor, diagrams))


def test_answers_given_through_another_connection_to_the_same_product_count(bob, writer, editor, diagrams, grant):
    second = make_connection(
        "Second account",
        kind="marketplace",
        url=diagrams.connection.url,
        developer_id=diagrams.connection.developer_id,
    )
    grant(bob, second, "privacy_editor")
    there = App.objects.create(
        connection=second, product_id=diagrams.product_id, name=diagrams.name, app_key=diagrams.app_key
    )
    app_list.read_app(actor=writer, app=there)
    working_copy.open_working_copy(actor=writer, app=there)
    contact(writer, there)
    saving.save_to_marketplace(actor=writer, app=there)

    must_not_approve(writer, asked_by(editor, diagrams))


# --- what came by another way -----------------------------------------------------------------------------------------


def test_a_text_is_its_writers_when_another_pushes_it_after_the_working_copy_was_dropped(
    writer, editor, other, diagrams
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    text = contact(writer, diagrams).working.text
    working_copy.reset_working_copy(actor=writer, app=diagrams)
    saving.push_document(actor=editor, app=diagrams, text=text)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_a_text_that_was_written_over_stays_its_first_writers_when_it_is_restored(writer, editor, other, diagrams):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    answering.answer(actor=writer, app=diagrams, pointer=NAMES, raw=["Diagram titles", "Drawings"])
    answering.answer(actor=editor, app=diagrams, pointer=NAMES, raw=["Diagram titles", "Drawings", "Names"])
    version = working_copy.reset_working_copy(actor=editor, app=diagrams)
    working_copy.restore(actor=editor, app=diagrams, snapshot=version)
    answering.answer(actor=editor, app=diagrams, pointer=NAMES, raw=["Drawings", "Names"])
    saving.save_to_marketplace(actor=editor, app=diagrams)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_a_list_that_a_stranger_added_to_stays_its_authors_when_it_is_discarded_and_restored(
    writer, editor, other, diagrams, marketplace
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    answering.answer(actor=writer, app=diagrams, pointer=NAMES, raw=["Diagram titles", "Drawings"])
    saving.save_to_marketplace(actor=writer, app=diagrams)
    entries = ["Diagram titles", "Drawings", "Strange things"]
    marketplace.act(diagrams, "edit_draft", at="/dataAccessAndStorage/typesOfDataStored", value=entries)
    version = discarding.discard_draft(actor=editor, app=diagrams)
    working_copy.restore(actor=editor, app=diagrams, snapshot=version)
    saving.save_to_marketplace(actor=editor, app=diagrams)

    review = asked_by(editor, diagrams)

    must_not_approve(writer, review)
    may_approve(other, review)


def test_who_only_tried_something_that_never_went_out_may_approve(writer, editor, diagrams):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(editor, diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    contact(writer, diagrams, "tried@example.com")
    answering.undo(actor=writer, app=diagrams, edit=diagrams.owner.edits.first())
    contact(writer, diagrams, "again@example.com")
    working_copy.reset_working_copy(actor=writer, app=diagrams)

    may_approve(writer, asked_by(editor, diagrams))


def test_who_tries_something_while_sign_off_is_asked_for_may_still_approve(writer, editor, diagrams):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    contact(editor, diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = asked_by(editor, diagrams)
    contact(writer, diagrams, "tried@example.com")

    may_approve(writer, review)


def test_what_was_published_does_not_make_its_writer_an_author_of_the_next_answer(
    writer, editor, other, publisher, diagrams
):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    saving.save_to_marketplace(actor=writer, app=diagrams)
    may_approve(other, asked_by(writer, diagrams))
    assert publishing.publish(actor=publisher, app=diagrams).ok
    contact(editor, diagrams, "next@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)

    may_approve(writer, asked_by(editor, diagrams))


def test_a_new_account_of_the_same_name_is_the_same_person(writer, editor, diagrams, developer_space, grant):
    working_copy.open_working_copy(actor=writer, app=diagrams)
    contact(writer, diagrams)
    saving.save_to_marketplace(actor=editor, app=diagrams)
    writer.user.delete()
    again = type(writer.user).objects.create_user("bob@example.com", "another long password")
    grant(again, developer_space, "privacy_reviewer")

    must_not_approve(Actor.of(again), asked_by(editor, diagrams))
