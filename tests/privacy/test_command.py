"""`manage.py privacy …`: the same services, rights and refusals as the pages, for scripts and people at a terminal."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from portal.models import AuditEntry
from privacy.drafts import answering, working_copy
from privacy.marketplace import saving
from privacy.models import App, Snapshot, WorkingCopy
from privacy.reviews import approvals
from sandbox import faults
from tests.privacy.marketplace import CONTACT, DRAFT, PUBLISH, READ

pytestmark = pytest.mark.django_db
KEY = "com.example.diagrams-for-confluence"


@pytest.fixture
def run(developer_space):
    """run("pull", APP, "--state", "live") -> what it printed, as the command line unless --as is given."""

    def call(*words: str) -> str:
        out = io.StringIO()
        call_command("privacy", developer_space.name, *words, stdout=out)
        return out.getvalue()

    return call


def fails(run, *words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert "\n" not in str(caught.value)
    return caught.value


def test_list_reads_the_apps_and_says_how_they_stand(run):
    text = run("list")

    assert "Diagrams for Confluence (com.example.diagrams-for-confluence)" in text
    assert "draft: present" in text
    assert "8 of 8 apps were read." in text


def test_list_as_json(run):
    rows = json.loads(run("list", "--json"))

    row = next(row for row in rows if row["app_key"] == KEY)
    assert (row["live"], row["draft"], row["sign_off"]) == ("APPROVED", "present", "not requested")


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_list_prints_all_rows_and_fails_when_an_app_could_not_be_read(words, developer_space, diagrams, sandbox):
    faults.html_answer(sandbox, call=READ, item=diagrams.product_id)
    out = io.StringIO()

    with pytest.raises(CommandError) as caught:
        call_command("privacy", developer_space.name, "list", *words, stdout=out)

    assert str(caught.value) == "7 of 8 apps were read. 1 could not be read; their rows say why."
    assert caught.value.returncode == 1
    assert out.getvalue().count("(com.example." if not words else '"app_key"') == 8
    if words:
        assert [row["app_key"] for row in json.loads(out.getvalue()) if row["read_error"]] == [KEY]


@pytest.mark.parametrize("key", [KEY, "Diagrams for Confluence", "b7a1c0de-0000-4000-8000-000000000001"])
def test_pull_writes_what_was_read_by_key_name_or_product_id(key, run, marketplace, diagrams):
    text = run("pull", key, "--state", "live")

    assert marketplace.content(diagrams, "live").rstrip()[:-1] in text


def test_pull_writes_a_file_with_the_exact_text(run, tmp_path, diagrams):
    run("pull", KEY, "--state", "draft", "--out", str(tmp_path / "draft.json"))

    assert (tmp_path / "draft.json").read_text() == App.objects.get(app_key=KEY).draft.text


def test_pull_as_json_keeps_the_text_exact(run):
    result = json.loads(run("pull", KEY, "--state", "live", "--json"))

    assert result["text"] == App.objects.get(app_key=KEY).live.text


def test_pull_of_a_version_that_is_not_there_fails_in_one_line(run):
    error = fails(run, "pull", "com.example.status-board", "--state", "draft")

    assert str(error) == "There is no draft version of “Status Board”."
    assert error.returncode == 1


def test_diff_shows_what_the_draft_changes(run):
    text = run("diff", KEY)

    result = json.loads(run("diff", KEY, "--json"))
    assert result["changes"]
    assert result["changes"][0]["question"] in text


def test_push_sends_the_file_untouched_and_shows_the_changes(run, tmp_path, diagrams, marketplace):
    file = tmp_path / "new.json"
    file.write_text('{"commonCloud": {"odd": 1.0, "big": 1e400, "security": {"securityContact": "a@example.com"}}}')

    text = run("push", KEY, "--file", str(file))

    assert "→ a@example.com" in text
    assert "is saved to Marketplace and was read back" in text
    content = '{"odd":1.0,"big":1e400,"security":{"securityContact":"a@example.com"}}'
    assert marketplace.content(diagrams, "draft") == content


def test_what_was_pulled_can_be_changed_and_pushed_again_and_again(run, tmp_path, diagrams, marketplace):
    file = tmp_path / "draft.json"
    run("pull", KEY, "--state", "draft", "--out", str(file))

    for contact in ("first@example.com", "second@example.com"):
        file.write_text(file.read_text().replace("security@vendor.example.com", contact))
        run("push", KEY, "--file", str(file))
        file.write_text(file.read_text().replace(contact, "security@vendor.example.com"))

    assert marketplace.value(diagrams, "draft")["security"]["securityContact"] == "second@example.com"


def test_push_refuses_a_file_that_was_pulled_before_somebody_changed_the_draft(run, tmp_path, diagrams, marketplace):
    file = tmp_path / "draft.json"
    run("pull", KEY, "--state", "draft", "--out", str(file))
    file.write_text(file.read_text().replace("security@vendor.example.com", "mine@example.com"))
    marketplace.act(diagrams, "edit_draft", value="stranger@example.com")

    error = fails(run, "push", KEY, "--file", str(file))

    assert "is not the version that this was pulled from" in str(error)
    assert error.returncode == 1
    assert marketplace.calls(DRAFT) == 0
    assert not WorkingCopy.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"commonCloud": {"a": NaN}}', "NaN is not a JSON number"),
        (b'{"commonCloud": {"a": 1, "a": 2}}', "occurs twice"),
        (b'{"commonCloud": {"a": "\\ud800"}}', "half of a character"),
        (b'{"commonCloud": ' + b"[" * 101 + b"]" * 101 + b"}", "nested deeper"),
        (b"<html>", "This is not JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[]", "A document is a JSON object"),
        (b'{"commonCloud": null}', "A document is a JSON object"),
        (b'{"commonCloud": {"new": [' + b"1," * 10_000 + b"1]}}", "/commonCloud/new: This JSON holds more than 10,000"),
        (b'{"commonCloud": {"new": [' + b"1," * 100_000 + b"1]}}", "This JSON holds more than 100,000 values"),
    ],
)
def test_push_refuses_a_file_that_is_no_document_in_one_line(text, words, run, tmp_path, diagrams, marketplace):
    (tmp_path / "bad.json").write_bytes(text)

    error = fails(run, "push", KEY, "--file", str(tmp_path / "bad.json"))

    assert words in str(error)
    assert error.returncode == 1
    assert marketplace.calls(DRAFT) == 0


NOW_THE_WORKING_COPY = (
    "The file is the working copy of this app now: save it again, or discard the changes in the form."
)


@pytest.fixture
def file(tmp_path):
    """A file to push."""
    file = tmp_path / "new.json"
    file.write_text('{"commonCloud": {"security": {"securityContact": "file@example.com"}}}')
    return file


def kept(app) -> bool:
    return "file@example.com" in WorkingCopy.objects.get(owner=app.owner_id).text


def test_a_push_that_atlassian_refuses_says_that_the_file_is_the_working_copy_now(run, file, diagrams, sandbox):
    faults.refuse(sandbox, call=DRAFT, status=400, message="The listing is locked")

    error = fails(run, "push", KEY, "--file", str(file))

    assert "The listing is locked" in str(error)
    assert NOW_THE_WORKING_COPY in str(error)
    assert kept(diagrams)


def test_a_push_that_is_refused_here_says_so_too(run, file, diagrams, marketplace):
    marketplace.unreadable_after(6)  # by the command, before the file is taken, and before it is sent

    error = fails(run, "push", KEY, "--file", str(file))

    assert "could not be read afterwards" in str(error)
    assert str(error).endswith(NOW_THE_WORKING_COPY)
    assert kept(diagrams)


def test_a_push_that_failed_before_the_file_was_taken_does_not_say_so(run, file, marketplace):
    marketplace.unreadable_after(2)

    error = fails(run, "push", KEY, "--file", str(file))

    assert "working copy" not in str(error)
    assert not WorkingCopy.objects.exists()


def test_push_refuses_a_file_that_is_not_there(run, tmp_path):
    assert "could not be read" in str(fails(run, "push", KEY, "--file", str(tmp_path / "none.json")))


def test_discard_keeps_the_draft_as_a_version(run, diagrams, marketplace):
    text = run("discard", KEY)

    assert "is discarded" in text
    assert marketplace.content(diagrams, "draft") is None
    assert Snapshot.objects.filter(source=Snapshot.Source.DISCARDED).exists()


def test_publish_refuses_a_draft_that_is_not_signed_off(run, marketplace):
    error = fails(run, "publish", KEY)

    assert "not approved" in str(error)
    assert marketplace.calls(PUBLISH) == 0


def test_publish_sends_what_was_signed_off(run, editor, reviewer, diagrams, marketplace):
    working_copy.open_working_copy(actor=editor, app=diagrams)
    answering.answer(actor=editor, app=diagrams, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=diagrams)
    review = approvals.request_approval(actor=editor, app=diagrams)
    approvals.approve(actor=reviewer, review=review, expected=review.content_hash)

    result = json.loads(run("publish", diagrams.product_id, "--json"))

    assert result["outcome"] == "published"
    assert AuditEntry.objects.filter(action="draft.publish").first().actor_label.startswith("Command line (")


def test_a_person_acts_with_their_own_rights(run, reviewer):
    error = fails(run, "discard", KEY, "--as", reviewer.user.email)

    assert "You may not edit" in str(error)
    assert error.returncode == 1


def test_a_person_who_does_not_see_the_connection_gets_no_names(run, alice):
    assert fails(run, "list", "--as", alice.email).returncode == 2


def test_an_app_that_is_not_there_is_wrong_usage(run):
    error = fails(run, "diff", "com.example.nothing")

    assert error.returncode == 2
    assert "There is no app" in str(error)


def test_an_error_of_atlassian_is_one_line_with_its_trace(run, sandbox):
    faults.refuse(sandbox, call="marketplace.apps", status=403, message="Not a partner account")

    error = fails(run, "list")

    assert "Not a partner account" in str(error)
    assert "trace" in str(error)
