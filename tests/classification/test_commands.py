"""The commands: levels, scan and classify, with their JSON, their exit codes and their one line of error."""

import io
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from classification.inventory import refresh
from classification.models import Item, Level, Scan
from portal.jobs import job_queue
from portal.jobs.stalled import clock
from portal.models import AuditEntry
from sandbox import faults
from sandbox.names import ACME

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=out)
    return out.getvalue()


def fails(*args: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*args)
    assert "\n" not in str(caught.value)
    return caught.value.returncode, str(caught.value)


def test_levels_are_listed_in_words_and_as_json(site):
    assert "Confidential" in run("levels", "Acme")
    rows = json.loads(run("levels", "Acme", "--json"))
    assert [row["name"] for row in rows] == ["Restricted", "Confidential", "Internal", "Company only", "Public"]
    assert rows[0]["status"] == "DRAFT"


def test_levels_of_a_developer_space_are_wrong_usage(developer_space):
    code, words = fails("levels", "Example apps")
    assert code == 2
    assert "developer space" in words


def test_a_scan_tells_its_progress_and_its_end(site, handbook):
    text = run("scan", "Acme", "--space", "HB")
    assert "Handbook: " in text
    assert "9 items in 1 space read." in text
    told = json.loads(run("scan", "Acme", "--space", "HB", "--json"))
    assert (told["state"], told["items"], told["error"]) == ("done", 9, "")


def test_a_scan_can_be_left_to_a_worker_at_a_later_time(site, few_items):
    at = timezone.now() + timedelta(days=1)
    assert f"The scan begins at {clock(at)}, when a worker runs." in run("scan", "Acme", "--at", at.isoformat())
    assert Scan.objects.get().not_before == at
    refused = fails("scan", "Acme", "--at", (at + timedelta(days=1)).isoformat())
    assert refused == (1, "A scan of it is open already. Nothing was scheduled.")
    run("scan", "Acme")
    assert Scan.objects.get().state == Scan.State.DONE


@pytest.mark.parametrize(
    ("at", "words"), [("2001-01-01T22:00", "“2001-01-01T22:00” is over"), ("soon", "“soon” is not a time")]
)
def test_a_time_that_is_over_or_none_is_wrong_usage(at, words, site, handbook, capsys):
    with pytest.raises(SystemExit) as end:
        run("scan", "Acme", "--at", at)
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert not Scan.objects.exists()


def test_a_paused_scan_goes_on_by_command(site, few_items, operator):
    scan = refresh.request_scan(actor=operator, connection=site)
    refresh.pause_scan(actor=operator, scan=scan)
    run("scan", "Acme")
    assert Scan.objects.get().state == Scan.State.DONE


def test_a_scan_that_fails_ends_with_1_and_one_line(site, sandbox, handbook):
    run("scan", "Acme", "--space", "HB")
    sandbox.revoke("sandbox-admin-token")
    code, words = fails("scan", "Acme", "--space", "HB")
    assert code == 1
    assert "token" in words


def test_a_scan_that_can_list_no_page_ends_with_1_and_says_so(site, sandbox, handbook):
    faults.refuse(sandbox, call="confluence.space_pages", message="No lists for you")
    code, words = fails("scan", "Acme", "--space", "HB")
    assert code == 1
    assert "No pages could be listed." in words


def test_a_scan_that_a_dead_worker_left_is_taken_over_when_its_time_is_up(site, handbook, operator, monkeypatch):
    space = refresh.read_space(actor=operator, connection=site, key="HB")
    scan = refresh.request_scan(actor=operator, connection=site, space=space)
    job_queue.claim(scan).beat(message="Handbook: 3 of 9")

    def sleep(seconds: float) -> None:
        Scan.objects.filter(pk=scan.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    monkeypatch.setattr("classification.management.commands.scan.time", SimpleNamespace(sleep=sleep))
    text = run("scan", "Acme", "--space", "HB")
    assert text.startswith("Handbook: 3 of 9\n")
    assert "9 items in 1 space read." in text


def test_a_scan_as_somebody_without_the_right_is_refused(site, bob, grant):
    grant(bob, site, "viewer")
    code, words = fails("scan", "Acme", "--as", "bob@example.com")
    assert code == 1
    assert "You may not read spaces again" in words
    assert not Scan.objects.exists()


def test_classify_reads_an_item_first_that_it_does_not_know(site, sandbox, handbook):
    text = run("classify", "Acme", "--item", f"page:{handbook['Welcome']}", "--level", "confidential")
    assert text == "“Welcome” is “Confidential” now.\n"
    assert sandbox.own_level(ACME, handbook["Welcome"]) == "Confidential"
    assert Item.objects.get(remote_id=handbook["Welcome"]).set_here
    assert AuditEntry.objects.filter(action="item.level.set").first().actor_label.startswith("Command line (")


def test_classify_sets_by_id_resets_and_tells_json(site, handbook):
    item = f"page:{handbook['Press kit']}"
    run("levels", "Acme")
    confidential = Level.objects.get(name="Confidential").remote_id
    told = json.loads(run("classify", "Acme", "--item", item, "--level", confidential, "--json"))
    assert (told["status"], told["changed"], told["level"]) == ("done", True, "Confidential")
    code, words = fails("classify", "Acme", "--item", item, "--reset")
    assert code == 1
    assert "Give a reason" in words
    assert "“Internal” now" in run("classify", "Acme", "--item", item, "--reset", "--reason", "Follows the space")


def test_classify_sets_a_draft_a_space_and_a_project(site, sandbox, handbook):
    draft = f"page:{handbook['New rules']}"
    run("classify", "Acme", "--item", draft, "--status", "draft", "--level", "Confidential")
    assert sandbox.own_level(ACME, handbook["New rules"], status="draft") == "Confidential"
    assert "“Confidential” now" in run("classify", "Acme", "--item", "space:HB", "--level", "Confidential")
    assert sandbox.space_default(ACME, "HB") == "Confidential"
    assert "no default now" in run("classify", "Acme", "--item", "space:HB", "--remove", "--reason", "Empty")
    Item.objects.filter(space__key="HB").delete()
    run("scan", "Acme", "--space", "HB")
    told = run("classify", "Acme", "--item", "space:HB", "--level", "Internal")
    assert "“Internal” now. Up to 3 items change with it; they are refreshed." in told
    run("classify", "Acme", "--item", "space:HB", "--remove", "--reason", "Empty")
    with sandbox.read() as db:
        key = db.execute(
            "SELECT key FROM projects WHERE host = ? AND level IS NULL AND archived = 0", (ACME,)
        ).fetchone()[0]
    assert "“Internal” now" in run("classify", "Acme", "--item", f"project:{key}", "--level", "Internal")


def test_a_refusal_of_the_site_ends_with_1_and_says_what_it_needs(site, sandbox, handbook):
    faults.refuse(sandbox, item=handbook["Welcome"], operation="set", message="Locked")
    code, words = fails("classify", "Acme", "--item", f"page:{handbook['Welcome']}", "--level", "Confidential")
    assert code == 1
    assert "Locked" in words
    assert "write:page:confluence" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--item", "page:1"), "required"),
        (("--item", "folder:1", "--reset"), "page:ID"),
        (("--item", "page:", "--reset"), "page:ID"),
        (("--item", "space:HB", "--reset"), "--remove"),
        (("--item", "page:1", "--level", "Top secret"), "no level “Top secret”"),
        (("--item", "page:1", "--level", ""), "--level is empty"),
        (("--item", "space:HB", "--level", " ", "--reason", "x"), "--level is empty"),
        (("--item", "space:HB", "--remove", "--status", "draft"), "--status is for pages"),
        (("--item", "project:APP", "--level", "Internal", "--status", "draft"), "--status is for pages"),
        (("--item", "page:1", "--reset", "--reason", "bad\udcff"), "“bad?” is not UTF-8 text"),
        (("--item", "page:\udcff", "--reset"), "“page:?” is not UTF-8 text"),
        (("--item", "page:1", "--reset", "--as", "\udcff"), "“?” is not UTF-8 text"),
    ],
)
def test_wrong_usage_ends_with_2(site, handbook, capsys, arguments, words):
    try:
        code, text = fails("classify", "Acme", *arguments)
    except SystemExit as end:
        code, text = end.code, capsys.readouterr().err
    assert code == 2
    assert words in text


def test_a_project_that_is_not_there_is_no_wrong_usage(site, handbook):
    assert fails("classify", "Acme", "--item", "project:NOPE", "--remove")[0] == 1


def test_archived_content_is_said_to_be_archived(site, sandbox, scanned, handbook):
    code, words = fails("classify", "Acme", "--item", f"page:{handbook['Old rules']}", "--level", "Confidential")
    assert code == 1
    assert "Restore it in Confluence first" in words


@pytest.mark.parametrize("what", ["page", "space"])
def test_an_empty_level_takes_nothing_away(site, sandbox, handbook, what):
    item = f"page:{handbook['Bonus']}" if what == "page" else "space:HB"
    code, _ = fails("classify", "Acme", "--item", item, "--level", "", "--reason", "A variable that was not set")
    assert code == 2
    assert sandbox.own_level(ACME, handbook["Bonus"]) == "Confidential"
    assert sandbox.space_default(ACME, "HB") == "Internal"


def test_a_reason_longer_than_a_form_takes_is_refused(site, sandbox, handbook):
    for item in (f"page:{handbook['Bonus']}", "space:HB"):
        code, words = fails("classify", "Acme", "--item", item, "--level", "Public", "--reason", "x" * 2001)
        assert code == 1
        assert "2,000 are the most" in words
    assert sandbox.own_level(ACME, handbook["Bonus"]) == "Confidential"


def test_a_name_that_two_levels_have_is_wrong_usage(site, sandbox, handbook):
    sandbox.add_level("internal")
    code, words = fails("classify", "Acme", "--item", f"page:{handbook['Welcome']}", "--level", "Internal")
    assert code == 2
    assert "give the id of one" in words


def test_an_item_that_there_is_not_is_said_in_one_line(site, handbook):
    code, words = fails("classify", "Acme", "--item", "page:1", "--level", "Internal")
    assert code == 1
    assert "found nothing" in words
