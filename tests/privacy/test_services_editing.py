"""The working copy: every answer lands, nobody's answer is overwritten unseen, and every step can be taken back."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database

from portal.access import Actor
from privacy import refusals
from privacy.document.answers import RecordInput
from privacy.document.canonical_json import MISSING
from privacy.document.document import Document
from privacy.document.form_values import row_token
from privacy.drafts import answering, edit_log, working_copy
from privacy.marketplace import app_list
from privacy.models import Edit, Snapshot, WorkingCopy
from tests.privacy.marketplace import CONTACT, POLICIES

pytestmark = pytest.mark.django_db
NEW = "/commonCloud/newQuestion"
RECORDS = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
NOTE = "/commonCloud/thirdPartyInformation/dataSubProcessors"


@pytest.fixture
def working(editor, diagrams) -> WorkingCopy:
    return working_copy.open_working_copy(actor=editor, app=diagrams)


@pytest.fixture
def other_editor(bob, developer_space, grant) -> Actor:
    grant(bob, developer_space, "privacy_editor")
    return Actor.of(bob)


def now(app) -> Document:
    return Document.from_text(WorkingCopy.objects.get(owner=app.owner_id).text)


def seen(app, pointer=CONTACT) -> str:
    return answering.fingerprint(now(app), pointer)


def test_it_opens_from_the_draft_with_the_text_as_read(editor, diagrams):
    working = working_copy.open_working_copy(actor=editor, app=diagrams)

    diagrams.refresh_from_db()
    assert working.base == diagrams.draft
    assert working.text == diagrams.draft.text
    assert not working.is_changed


def test_it_opens_from_live_where_there_is_no_draft(editor, board):
    working = working_copy.open_working_copy(actor=editor, app=board)

    board.refresh_from_db()
    assert working.base == board.live


def test_an_app_with_neither_starts_from_an_empty_document_of_the_chosen_questions(editor, app_of):
    working = working_copy.open_working_copy(actor=editor, app=app_of("Page Clock"), vocabulary="questionnaire")

    assert (working.text, working.vocabulary, working.base) == ('{"commonCloud":{}}', "questionnaire", None)
    assert not working.is_changed


def test_opening_refuses_a_person_without_the_right(reviewer, diagrams):
    with pytest.raises(PermissionDenied, match="edit, save and discard"):
        working_copy.open_working_copy(actor=reviewer, app=diagrams)

    assert not WorkingCopy.objects.exists()


def test_an_answer_is_kept_and_put_on_the_ledger(editor, diagrams, working):
    answered = answering.answer(
        actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com", expected=seen(diagrams)
    )

    assert now(diagrams).get(CONTACT) == "trust@example.com"
    assert answered.fingerprint == seen(diagrams)
    edit = Edit.objects.get()
    assert edit_log.patch_of(edit) == {"was": "security@vendor.example.com", "now": "trust@example.com"}
    assert (edit.author, edit.pointer, edit.saved_hash) == (editor.user, CONTACT, "")


def test_an_answer_refuses_a_person_without_the_right(reviewer, diagrams, working):
    with pytest.raises(PermissionDenied):
        answering.answer(actor=reviewer, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    assert not Edit.objects.exists()


def test_the_first_answer_opens_the_working_copy(editor, diagrams):
    app_list.read_app(actor=editor, app=diagrams)

    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    assert WorkingCopy.objects.get(owner=diagrams.owner_id).is_changed


def test_the_same_answer_again_changes_nothing(editor, diagrams, working):
    answered = answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw=now(diagrams).get(CONTACT))

    assert not answered.changed
    assert WorkingCopy.objects.get(owner=diagrams.owner_id).version == working.version
    assert not Edit.objects.exists()


def test_answers_of_two_people_to_different_questions_both_land(editor, other_editor, diagrams, working):
    contact, policies = seen(diagrams), seen(diagrams, POLICIES)

    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com", expected=contact)
    answering.answer(
        actor=other_editor, app=diagrams, pointer=POLICIES, raw="https://vendor.example.com/new", expected=policies
    )

    assert now(diagrams).get(CONTACT) == "trust@example.com"
    assert now(diagrams).get(POLICIES) == "https://vendor.example.com/new"


@pytest.mark.django_db(transaction=True)
def test_answers_that_arrive_in_the_same_moment_all_land(editor, other_editor, diagrams, working):
    retention = "/commonCloud/dataRetention/retentionDurationInDays/max"
    answers = [(editor, CONTACT, "trust@example.com"), (other_editor, retention, "91"), (editor, NOTE, "By hand")]
    barrier = threading.Barrier(len(answers))

    def give(actor: Actor, pointer: str, raw: str) -> None:
        barrier.wait()
        try:
            answering.answer(actor=actor, app=diagrams, pointer=pointer, raw=raw)
        finally:
            database.close()

    threads = [threading.Thread(target=give, args=row) for row in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [now(diagrams).get(pointer) for _, pointer, _ in answers] == ["trust@example.com", 91, "By hand"]
    assert WorkingCopy.objects.get(owner=diagrams.owner_id).version == working.version + 3
    assert Edit.objects.count() == 3


def test_an_answer_to_a_question_that_somebody_else_answered_meanwhile_is_asked_about(
    editor, other_editor, diagrams, working
):
    loaded = seen(diagrams)
    answering.answer(actor=other_editor, app=diagrams, pointer=CONTACT, raw="bob@example.com", expected=loaded)

    with pytest.raises(refusals.AnswerConflict) as caught:
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="alice@example.com", expected=loaded)

    conflict = caught.value
    assert (conflict.mine, conflict.theirs, conflict.by) == ("alice@example.com", "bob@example.com", "bob@example.com")
    assert conflict.typed == "alice@example.com"
    assert now(diagrams).get(CONTACT) == "bob@example.com"
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw=conflict.typed, expected=conflict.fingerprint)
    assert now(diagrams).get(CONTACT) == "alice@example.com"


def test_two_people_who_give_the_same_answer_do_not_conflict(editor, other_editor, diagrams, working):
    loaded = seen(diagrams)
    answering.answer(actor=other_editor, app=diagrams, pointer=CONTACT, raw="same@example.com", expected=loaded)

    answered = answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="same@example.com", expected=loaded)

    assert not answered.changed


def test_ones_own_answer_on_another_page_is_asked_about_too(editor, diagrams, working):
    loaded = seen(diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="first@example.com", expected=loaded)

    with pytest.raises(refusals.AnswerConflict, match="You changed this answer in another tab") as caught:
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="second@example.com", expected=loaded)

    assert caught.value.own
    assert now(diagrams).get(CONTACT) == "first@example.com"


def test_answers_of_one_page_follow_each_other(editor, diagrams, working):
    first = answering.answer(
        actor=editor, app=diagrams, pointer=CONTACT, raw="first@example.com", expected=seen(diagrams)
    )

    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="second@example.com", expected=first.fingerprint)

    assert now(diagrams).get(CONTACT) == "second@example.com"


def test_a_change_at_atlassian_under_an_open_page_is_a_conflict(editor, diagrams, working, marketplace):
    loaded = seen(diagrams)
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")
    app_list.read_app(actor=editor, app=diagrams)

    with pytest.raises(refusals.AnswerConflict, match="Somebody changed this answer"):
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="alice@example.com", expected=loaded)


def test_an_answer_that_cannot_be_is_refused_with_the_typed_text(editor, diagrams, working):
    pointer = "/commonCloud/dataRetention/retentionDurationInDays/max"

    with pytest.raises(refusals.AnswerRefused) as caught:
        answering.answer(actor=editor, app=diagrams, pointer=pointer, raw="ninety")

    assert caught.value.typed == "ninety"
    assert not Edit.objects.exists()


def test_a_question_outside_the_catalogue_is_refused(editor, diagrams, working):
    with pytest.raises(refusals.AnswerRefused, match="no such question"):
        answering.answer(actor=editor, app=diagrams, pointer="/commonCloud/nothing", raw="x")


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', '{"a": 1, "a": 2}', '"\\ud800"', "[" * 101 + "]" * 101, "{", "[" * 98 + "]" * 98],
    ids=["nan", "twice", "surrogate", "deep", "cut", "deep inside the document"],
)
def test_json_that_cannot_be_kept_is_refused_with_its_text(text, editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"newQuestion": {"inner": {"deeper": 1}}}')
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)

    with pytest.raises(refusals.AnswerRefused) as caught:
        answering.answer_json(actor=editor, app=diagrams, pointer=f"{NEW}/inner/deeper", text=text)

    assert caught.value.typed == text
    assert not Edit.objects.exists()


def test_an_unknown_field_is_edited_as_json_without_losing_its_numbers(editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"newQuestion": 1.0}')
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)

    answering.answer_json(actor=editor, app=diagrams, pointer=NEW, text='{"z": 1e400, "a": [1.50]}')

    assert '"newQuestion":{"z":1e400,"a":[1.50]}' in WorkingCopy.objects.get(owner=diagrams.owner_id).text


def test_an_unknown_place_that_is_gone_is_not_made_again(editor, diagrams, working):
    with pytest.raises(refusals.AnswerRefused, match="not in the document any more"):
        answering.answer_json(actor=editor, app=diagrams, pointer="/commonCloud/gone", text="1")


def test_what_belongs_to_atlassian_cannot_be_written(editor, diagrams, working):
    with pytest.raises(refusals.AnswerRefused, match="belong to Atlassian"):
        answering.answer_json(actor=editor, app=diagrams, pointer="/commonCloud/properties/formStatus", text='"X"')


@pytest.mark.parametrize("pointer", ["", "/commonCloud", "/commonCloud/security"])
def test_what_holds_answers_cannot_be_replaced_as_one(pointer, editor, diagrams, working):
    before = now(diagrams).text
    with pytest.raises(refusals.AnswerRefused, match="one by one"):
        answering.answer_json(actor=editor, app=diagrams, pointer=pointer, text="{}")
    assert now(diagrams).text == before


def test_undo_puts_back_what_was_there(editor, diagrams, working):
    edit = answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com").edit

    answering.undo(actor=editor, app=diagrams, edit=edit)

    assert now(diagrams).get(CONTACT) == "security@vendor.example.com"
    assert not WorkingCopy.objects.get(owner=diagrams.owner_id).is_changed


def test_undo_of_a_first_answer_takes_the_key_away_again(editor, app_of):
    app = app_of("Page Clock")
    working_copy.open_working_copy(actor=editor, app=app)
    edit = answering.answer(actor=editor, app=app, pointer=CONTACT, raw="trust@example.com").edit

    answering.undo(actor=editor, app=app, edit=edit)

    assert WorkingCopy.objects.get(owner=app.owner_id).text == '{"commonCloud":{}}'


DISK = "/commonCloud/security/isDiskEncryptionSupported"


@pytest.mark.parametrize("pointer", [CONTACT, DISK, "/commonCloud/security/caiq/isCAIQCompleted"])
def test_an_answer_that_is_cleared_and_given_again_is_back_in_its_place(editor, diagrams, working, pointer):
    before = now(diagrams)
    value = before.get(pointer)
    answering.answer(actor=editor, app=diagrams, pointer=pointer, raw="")
    assert not now(diagrams).has(pointer)

    answering.answer(actor=editor, app=diagrams, pointer=pointer, raw="yes" if value is True else value)

    assert now(diagrams).text == before.text


def test_a_part_of_a_record_that_is_cleared_and_given_again_is_back_in_its_place(editor, diagrams, working):
    before = now(diagrams)
    records = before.get(RECORDS)

    for purpose in ("", records[0]["purpose"]):
        tokens = [row_token(index, record) for index, record in enumerate(now(diagrams).get(RECORDS))]
        rows = [RecordInput(token, {}) for token in tokens]
        rows[0] = RecordInput(tokens[0], {"purpose": purpose})
        answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=rows)

    assert now(diagrams).text == before.text


def test_undo_of_a_cleared_answer_puts_it_back_in_its_place(editor, diagrams, working):
    before = now(diagrams).text
    edit = answering.answer(actor=editor, app=diagrams, pointer=DISK, raw="").edit

    answering.undo(actor=editor, app=diagrams, edit=edit)

    assert now(diagrams).text == before


def test_an_object_that_went_with_its_only_answer_comes_back_in_its_place(editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"a":1,"security":{"caiq":{"isCAIQCompleted":true},"z":2},"b":3}')
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    before = now(diagrams).text
    completed = "/commonCloud/security/caiq/isCAIQCompleted"
    edit = answering.answer(actor=editor, app=diagrams, pointer=completed, raw="").edit
    assert not now(diagrams).has("/commonCloud/security/caiq")

    answering.undo(actor=editor, app=diagrams, edit=edit)

    assert now(diagrams).text == before


def test_what_lay_in_a_list_is_not_undone_once_the_list_was_changed(editor, diagrams, marketplace):
    records = '[{"name":"A","extra":1},{"name":"B"}]'
    marketplace.put(diagrams, "draft", '{"thirdPartyInformation":{"thirdPartyDetails":' + records + "}}")
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)
    edit = answering.answer_json(actor=editor, app=diagrams, pointer=f"{RECORDS}/0/extra", text="").edit
    take_away_the_first = [RecordInput(row_token(1, {"name": "B"}), {})]
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=take_away_the_first)

    with pytest.raises(refusals.NotEditable, match="changed since"):
        answering.undo(actor=editor, app=diagrams, edit=edit)

    assert now(diagrams).get(RECORDS) == [{"name": "B"}]


def test_undo_asks_when_the_answer_was_changed_again(editor, other_editor, diagrams, working):
    edit = answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com").edit
    answering.answer(actor=other_editor, app=diagrams, pointer=CONTACT, raw="bob@example.com")

    with pytest.raises(refusals.AnswerConflict):
        answering.undo(actor=editor, app=diagrams, edit=edit)

    assert now(diagrams).get(CONTACT) == "bob@example.com"


def test_the_live_value_is_taken_for_one_place(editor, diagrams, working, marketplace):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    answering.take_live_value(actor=editor, app=diagrams, pointer=CONTACT)

    assert now(diagrams).get(CONTACT) == marketplace.value(diagrams, "live")["security"]["securityContact"]


def test_a_place_that_live_has_not_is_taken_away(editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"newQuestion": "only here", "security": {"securityContact": "a@example.com"}}')
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)

    answering.take_live_value(actor=editor, app=diagrams, pointer=NEW)

    assert now(diagrams).get(NEW) is MISSING


def test_a_dropped_working_copy_can_be_restored(editor, diagrams, working):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")

    kept = working_copy.reset_working_copy(actor=editor, app=diagrams)

    assert not WorkingCopy.objects.exists()
    assert kept.source == Snapshot.Source.WORKING
    working_copy.restore(actor=editor, app=diagrams, snapshot=kept)
    assert now(diagrams).get(CONTACT) == "trust@example.com"
    assert WorkingCopy.objects.get(owner=diagrams.owner_id).is_changed


def test_dropping_a_working_copy_without_changes_keeps_nothing(editor, diagrams, working):
    assert working_copy.reset_working_copy(actor=editor, app=diagrams) is None
    assert working_copy.reset_working_copy(actor=editor, app=diagrams) is None


def test_restoring_keeps_the_working_copy_that_it_replaces_and_says_what_changed(editor, diagrams, working):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    diagrams.refresh_from_db()

    working_copy.restore(actor=editor, app=diagrams, snapshot=diagrams.live)

    assert "trust@example.com" in Snapshot.objects.get(owner=diagrams.owner_id, source=Snapshot.Source.WORKING).text
    assert now(diagrams).content_hash() == diagrams.live.content_hash
    assert Edit.objects.filter(dropped=False, pointer=CONTACT, author=editor.user).exists()


def test_a_version_of_another_app_cannot_be_restored(editor, diagrams, board):
    app_list.read_app(actor=editor, app=board)
    board.refresh_from_db()
    app_list.read_app(actor=editor, app=diagrams)

    with pytest.raises(refusals.NotEditable, match="another app"):
        working_copy.restore(actor=editor, app=diagrams, snapshot=board.live)


def test_a_place_with_a_nul_in_its_name_is_kept_but_not_written(editor, diagrams, marketplace):
    marketplace.put(diagrams, "draft", '{"odd\\u0000key": 1}')
    app_list.read_app(actor=editor, app=diagrams)
    working_copy.open_working_copy(actor=editor, app=diagrams)

    with pytest.raises(refusals.AnswerRefused, match="cannot be written"):
        answering.answer_json(actor=editor, app=diagrams, pointer="/commonCloud/odd\x00key", text="2")
    diagrams.refresh_from_db()
    working_copy.restore(actor=editor, app=diagrams, snapshot=diagrams.live)

    assert Edit.objects.filter(pointer="/commonCloud/odd\\u0000key").exists()


# --- one step after another -------------------------------------------------------------------------------------------


def steps_at(app, pointer):
    found = edit_log.steps(app).get(pointer, edit_log.Steps())
    return Edit.objects.filter(pk__in=found.undo[-1:]).first(), Edit.objects.filter(pk__in=found.redo[-1:]).first()


def test_undo_walks_back_through_the_answers_and_redo_forward(editor, diagrams, working):
    first = now(diagrams).get(CONTACT)
    for value in ("a@example.com", "b@example.com", "c@example.com"):
        answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw=value)
    shown = []
    for step in (0, 0, 0, 1, 1, 0, 1, 1):
        answering.undo(actor=editor, app=diagrams, edit=steps_at(diagrams, CONTACT)[step])
        shown.append(now(diagrams).get(CONTACT)[:1])

    assert shown == ["b", "a", first[:1], "a", "b", "a", "b", "c"]
    assert steps_at(diagrams, CONTACT)[1] is None


def test_a_removed_record_comes_back_by_undoing_what_came_after_and_its_removal(editor, diagrams, working):
    before = now(diagrams).get(RECORDS)
    assert len(before) >= 2
    rows = [RecordInput(row_token(index, record), {}) for index, record in enumerate(before)]
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=rows[:-1])
    renamed = RecordInput(row_token(0, before[0]), {"name": "Another name"})
    answering.answer(actor=editor, app=diagrams, pointer=RECORDS, raw=[renamed, *rows[1:-1]])

    answering.undo(actor=editor, app=diagrams, edit=steps_at(diagrams, RECORDS)[0])
    answering.undo(actor=editor, app=diagrams, edit=steps_at(diagrams, RECORDS)[0])

    assert now(diagrams).get(RECORDS) == before
    assert steps_at(diagrams, RECORDS)[0] is None


def test_a_new_answer_ends_what_could_be_done_again(editor, diagrams, working):
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="a@example.com")
    answering.undo(actor=editor, app=diagrams, edit=steps_at(diagrams, CONTACT)[0])
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="b@example.com")

    assert edit_log.patch_of(steps_at(diagrams, CONTACT)[0])["now"] == "b@example.com"
    assert steps_at(diagrams, CONTACT)[1] is None
