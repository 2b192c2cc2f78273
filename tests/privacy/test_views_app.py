"""The page of one app: the document as a customer reads it, its versions, and its download."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.atlassian.errors import ApiError
from privacy.drafts import answering
from privacy.marketplace import app_list, saving
from privacy.models import EMPTY_TEXT, Snapshot
from privacy.views.versions import find_version
from sandbox import faults
from sandbox.router import deliver_late
from tests.privacy.browsing import address, fresh, said
from tests.privacy.marketplace import CONTACT, DRAFT, READ

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(editor, diagrams, prepare):
    prepare("app", lambda: app_list.read_app(actor=editor, app=diagrams))
    return fresh(diagrams)


def test_live_is_shown_as_a_customer_reads_it(editor, read, client_for):
    words = said(client_for(editor.user).get(address("app", read)))

    assert "Which types of end-user data does the app store?" in words
    assert "Example Mail GmbH" in words
    assert "Germany, Ireland" in words
    assert "STORED_IN" not in words


def test_the_draft_can_be_read_in_the_same_way(editor, read, client_for):
    words = said(client_for(editor.user).get(address("app", read, version="draft")))

    assert "Example Queue AB" in words
    assert "as customers would read it once it is published" in words


def test_only_safe_links_can_be_followed(editor, diagrams, marketplace, client_for):
    marketplace.put(
        diagrams,
        "live",
        '{"security":{"publicSecurityPoliciesLink":"javascript:alert(1)","securityContact":"<script>alert(2)</script>"},'
        '"thirdPartyInformation":{"dataSubProcessors":"https://vendor.example.com/list"}}',
    )
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app", app)).content.decode()

    assert 'href="javascript' not in page
    assert "javascript:alert(1)" in page
    assert "<script>alert(2)" not in page
    assert '<a href="https://vendor.example.com/list" rel="noopener noreferrer nofollow ugc"' in page


def test_fields_that_nobody_knows_are_shown_as_json(editor, diagrams, marketplace, client_for):
    marketplace.put(diagrams, "live", '{"security":{"newKey":{"<b>":[1.0,null]}}}')
    app = app_list.read_app(actor=editor, app=diagrams)

    page = client_for(editor.user).get(address("app", app))

    assert "Other fields" in said(page)
    assert "security › newKey" in said(page)
    assert "1.0" in said(page)
    assert b"<b>" not in page.content


def test_an_app_that_was_never_read_says_what_to_do(editor, app_of, client_for):
    unread = app_of("Diagrams for Confluence", read=False)

    assert "Refresh the app first" in said(client_for(editor.user).get(address("app", unread)))


def test_an_app_without_any_document_says_what_customers_see(editor, app_of, client_for):
    clock = app_list.read_app(actor=editor, app=app_of("Page Clock"))

    assert "Nothing is live, and there is no draft" in said(client_for(editor.user).get(address("app", clock)))


def test_a_draft_that_may_not_be_read_is_said_to_be_hidden(alice, developer_space_as_editor, grant, client_for):
    grant(alice, developer_space_as_editor, "privacy_editor")
    client = client_for(alice)
    client.post(reverse("apps_read", args=[developer_space_as_editor.slug]))
    app = developer_space_as_editor.apps.get(name="Status Board")

    assert "No access to the draft" in said(client.get(address("app", app)))
    assert "cannot read drafts" in said(client.get(address("app_edit", app)))


def test_an_app_of_another_connection_is_not_found(editor, read, client_for):
    client = client_for(editor.user)

    assert client.get(reverse("app", args=[read.connection.slug, "com.example.none"])).status_code == 404
    assert client.get(reverse("app", args=["another", read.app_key])).status_code == 404
    assert client.get(f"/apps/{read.connection.slug}/%00/").status_code == 404


def test_reading_again_shows_what_changed_meanwhile(editor, read, marketplace, client_for):
    marketplace.act(read, "discard_draft")

    page = client_for(editor.user).post(address("app_read", read), follow=True)

    assert "was refreshed from Atlassian just now" in said(page)
    assert fresh(read).draft is None


def test_reading_again_is_refused_to_a_stranger(read, bob, client_for):
    assert client_for(bob).post(address("app_read", read)).status_code == 404


def test_a_reading_that_fails_says_so_and_shows_what_was_known(editor, read, sandbox, client_for):
    faults.refuse(sandbox, call=READ, status=400, times=None)

    page = client_for(editor.user).post(address("app_read", read))

    assert page.status_code == 409
    assert "The last refresh failed" in said(page)
    assert "Example Mail GmbH" in said(page)


def test_who_only_looks_is_offered_nothing_to_do(charlie, editor, read, grant, client_for):
    grant(charlie, read.connection, "viewer")

    page = client_for(charlie).get(address("app", read))

    assert address("app_edit", read) not in page.content.decode()
    assert "Request approval" not in said(page).replace("Request approval, so that", "")
    assert client_for(charlie).get(address("app_edit", read)).status_code == 403


# --- versions and download ------------------------------------------------------------------------------------------


def test_every_version_is_listed_and_can_be_read(editor, read, client_for):
    client = client_for(editor.user)

    assert "Live Live now" in said(client.get(address("app_versions", read)))
    page = client.get(address("app_version", read, read.draft_id))
    assert "Example Queue AB" in said(page)
    assert "Restore as working copy" in said(page)


@pytest.mark.parametrize("source", ["sent", "saved", "working"])
def test_the_list_of_versions_says_who_saved_one_here_and_when(editor, read, client_for, source):
    stamp = timezone.now() - timedelta(days=400)
    Snapshot.objects.filter(owner=read.owner_id).delete()
    kept = Snapshot.objects.create(
        owner_id=read.owner_id,
        source=source,
        text=EMPTY_TEXT,
        actor_label="bob@example.com",
        remote_changed_by="stranger@example.com",  # rows of earlier releases hold the stamp of the version before
        remote_changed_at=stamp,
        form_status="APPROVED",
        seen_at=timezone.now(),
    )
    client = client_for(editor.user)

    row = re.search(r'<tr id="version-.*?</tr>', client.get(address("app_versions", read)).content.decode(), re.DOTALL)[
        0
    ]

    assert "stranger@example.com" not in row
    assert row.count("bob@example.com") == 2
    assert row.count("<time") == 2
    assert f"{stamp:%Y-%m}" not in row
    assert "pproved" not in said(client.get(address("app_version", read, kept.pk)))
    assert find_version(app=read, key=str(kept.pk)).form_status == ""


def lines_of(page) -> list[str]:
    """The lines of the list of versions, in words."""
    rows = re.findall(r'<tr id="version-.*?</tr>', page.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_a_save_is_one_line_that_says_who_saved_it_and_when_it_was_read_back(editor, read, client_for):
    client = client_for(editor.user)
    before = len(lines_of(client.get(address("app_versions", read))))
    answering.answer(actor=editor, app=read, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=read)
    app = fresh(read)

    page = client.get(address("app_versions", app))

    lines = lines_of(page)
    assert len(lines) == before + 1
    assert re.match(r"Saved to Marketplace Draft now .* alice@example.com Read back \d+ \w+ \d{4}, \d\d:\d\d", lines[0])
    assert f'href="{address("app_version", app, app.draft_id)}"' in page.content.decode()


def test_a_save_without_an_answer_that_is_found_later_is_one_line(editor, read, sandbox, client_for):
    client = client_for(editor.user)
    before = len(lines_of(client.get(address("app_versions", read))))
    answering.answer(actor=editor, app=read, pointer=CONTACT, raw="trust@example.com")
    faults.late_arrival(sandbox, call=DRAFT, times=1)
    with pytest.raises(ApiError):
        saving.save_to_marketplace(actor=editor, app=read)
    deliver_late(sandbox)

    app_list.read_app(actor=editor, app=fresh(read))

    lines = lines_of(client.get(address("app_versions", read)))
    assert len(lines) == before + 1
    assert "Read back" in lines[0]


def test_what_a_stranger_saved_after_a_save_is_a_line_of_its_own(editor, read, marketplace, client_for):
    client = client_for(editor.user)
    answering.answer(actor=editor, app=read, pointer=CONTACT, raw="trust@example.com")
    saving.save_to_marketplace(actor=editor, app=read)
    before = len(lines_of(client.get(address("app_versions", read))))
    marketplace.act(read, "edit_draft", value="stranger@vendor.example.com")

    app_list.read_app(actor=editor, app=fresh(read))

    assert len(lines_of(client.get(address("app_versions", read)))) == before + 1


def test_a_version_of_another_app_is_not_found(editor, read, app_of, client_for):
    board = app_list.read_app(actor=editor, app=app_of("Status Board"))
    client = client_for(editor.user)

    assert client.get(address("app_version", read, board.live_id)).status_code == 404
    assert client.get(address("app_version", read, 10**30)).status_code == 404


def test_a_version_is_restored_as_working_copy(editor, read, client_for):
    page = client_for(editor.user).post(address("app_restore", read, read.live_id), follow=True)

    assert "The version is the working copy now" in said(page)
    assert fresh(read).owner.working_copy.content_hash == read.live.content_hash


def test_restoring_is_refused_to_who_may_not_edit(reviewer, read, client_for):
    assert client_for(reviewer.user).post(address("app_restore", read, read.live_id)).status_code == 403
    assert not hasattr(fresh(read).owner, "working_copy")


def test_restoring_what_is_no_document_is_refused_in_words(editor, read, client_for):
    broken = Snapshot.objects.get(pk=read.live_id)
    Snapshot.objects.filter(pk=broken.pk).update(text="[1, 2]")

    page = client_for(editor.user).post(address("app_restore", read, broken.pk))

    assert page.status_code == 409
    assert "not a JSON object" in said(page)


def test_a_download_is_exactly_what_was_read(editor, read, client_for):
    response = client_for(editor.user).get(address("app_export", read, version="draft"))

    assert response.content.decode() == read.draft.text
    assert "com.example.diagrams-for-confluence-draft.json" in response["Content-Disposition"]
    assert response["Content-Type"].startswith("application/json")


def test_the_working_copy_can_be_downloaded(editor, read, client_for):
    answering.answer(actor=editor, app=read, pointer=CONTACT, raw="trust@example.com")

    response = client_for(editor.user).get(address("app_export", read, version="working"))

    assert json.loads(response.content)["commonCloud"]["security"]["securityContact"] == "trust@example.com"


@pytest.mark.parametrize("version", ["nonsense", "99999999", "working", "٣", "9" * 40])
def test_a_version_that_is_not_there_cannot_be_downloaded(editor, read, client_for, version):
    assert client_for(editor.user).get(address("app_export", read, version=version)).status_code == 404
