"""Editing a Privacy & Security document in a browser: nothing that was typed is ever lost."""

import json
import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from portal.models import Connection
from privacy.models import App, Edit, WorkingCopy
from sandbox import faults, stranger
from sandbox.seed_documents import product_id

from .documents import SPACE, answer, app_path, exact, expect_kept, expect_said, question, save

pytestmark = pytest.mark.browser

CONTACT = "Which e-mail address takes security reports and questions?"
CERTIFIED = "Does the app, or its vendor, hold security certifications?"
CERTIFICATIONS = "Which certifications are held?"
KEPT = "Does the app keep end-user data after it was uninstalled?"
MOST_DAYS = "For how many days is end-user data kept at most?"
RESIDENCY = "Does the app support data residency?"
TECHNIQUES = "Which privacy-enhancing techniques does the app use?"
CONTROLLER = "Is the app a “data controller” under the GDPR?"
SHARED = "Does the app share end-user data with any third-party entities?"
PROCESSORS = "Who are the sub-processors?"


def contact(page: Page):
    return page.get_by_label(CONTACT)


# --- reading --------------------------------------------------------------------------------------------------------


def test_apps_are_listed_with_how_they_stand_and_are_read_again(open_as, sandbox):
    page = open_as("alice", SPACE)
    row = page.get_by_role("row")
    expect(row).to_have_count(9)
    for name, words in {
        "Diagrams for Confluence": ("Live", "Draft"),
        "Diagrams for Jira": ("Live, in review", "No draft"),
        "Status Board": ("Live", "No draft"),
        "Page Clock": ("Nothing live", "No draft"),
        "Release Notes Robot": ("Nothing live", "Draft"),
    }.items():
        for word in words:
            expect(row.filter(has=page.get_by_role("link", name=name)).get_by_text(word, exact=True)).to_be_visible()

    stranger.act(sandbox, "edit_draft", host="", product_id=product_id("Status Board"))
    page.get_by_role("button", name="Refresh Status Board").click()
    board = row.filter(has=page.get_by_role("link", name="Status Board"))
    expect(board.get_by_text("Draft", exact=True)).to_be_visible()
    expect(board).to_contain_text("stranger@example.com")
    page.get_by_label("Show").select_option("With a draft")
    expect(page).to_have_url(re.compile("only=draft"))
    expect(row).to_have_count(5)
    page.get_by_role("searchbox", name="Search").fill("robot")
    page.get_by_role("button", name="Apply").click()
    expect(row).to_have_count(2)

    faults.html_answer(sandbox, call="marketplace.*")
    page.get_by_role("button", name="Refresh all").click()
    expect_said(page, "The list below is from the last refresh.")
    expect(row).to_have_count(2)
    faults.clear(sandbox)
    App.objects.all().delete()
    page.goto(SPACE)
    page.get_by_role("button", name="Load apps").click()
    expect_said(page, "8 of 8 apps were read.")
    expect(row).to_have_count(9)


@pytest.mark.parametrize("spoil", [faults.not_a_number, faults.duplicate_keys, faults.broken_body, faults.oversized])
def test_a_document_that_cannot_be_trusted_is_said_and_the_reading_before_is_kept(spoil, open_as, sandbox):
    page = open_as("charlie", app_path("Status Board"))
    spoil(sandbox, call="marketplace.trust_info")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect_said(page, CONTACT)
    expect_said(page, "security@vendor.example.com")


def test_a_name_that_reads_from_right_to_left_stands_where_every_title_stands(open_as):
    App.objects.filter(name="Status Board").update(name="لوحة الحالة")
    page = open_as("charlie", app_path("Status Board"))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("لوحة الحالة")
    name, lede = heading.locator("bdi").bounding_box(), page.locator(".page-lede").bounding_box()
    assert abs(name["x"] - lede["x"]) < 4


def test_the_live_document_reads_as_a_customer_reads_it(open_as):
    page = open_as("charlie", app_path("Diagrams for Confluence"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Diagrams for Confluence")
    parties = page.get_by_role("region", name="Third parties")
    expect(parties).to_contain_text(SHARED)
    expect(parties.get_by_role("row").filter(has_text="Example Mail GmbH")).to_contain_text("Germany, Ireland")
    expect(page.get_by_role("link", name="https://vendor.example.com/security")).to_have_attribute(
        "rel", re.compile("noopener")
    )
    retention = page.get_by_role("region", name="Data retention")
    expect(retention).to_contain_text("90")
    page.get_by_role("navigation", name="Version").get_by_role("link", name="Draft").click()
    expect(retention).to_contain_text("60")
    page.goto(app_path("Page Clock"))
    expect(page.get_by_role("heading", name="Nothing is live, and there is no draft")).to_be_visible()


# --- each kind of answer --------------------------------------------------------------------------------------------


def test_answers_of_every_kind_are_kept_as_they_are_given_and_nothing_else_changes(open_as, sandbox):
    board = product_id("Status Board")
    live = json.loads(sandbox.document_text(board, "live"))
    page = open_as("alice", app_path("Status Board", "edit/?section=all"))
    contact(page).fill("trust@example.com")
    contact(page).press("Enter")
    expect_kept(question(page, CONTACT))
    expect(page.get_by_text("1 change not saved to Marketplace yet")).to_be_visible()
    expect(page.get_by_text("Live: security@vendor.example.com")).to_be_visible()

    answer(question(page, CERTIFIED), "Yes")
    certifications = question(page, CERTIFICATIONS)
    expect(certifications.get_by_text("Certifications are said to be held, yet none is listed.")).to_be_visible()
    certifications.get_by_role("checkbox", name="SOC 2").check()
    expect_kept(certifications)
    expect(page.get_by_text("Certifications are said to be held, yet none is listed.")).to_have_count(0)
    certifications.get_by_role("button", name="Add another value").click()
    certifications.get_by_role("textbox").last.fill("ISO27018")
    certifications.get_by_role("textbox").last.press("Tab")
    expect(page.get_by_text("3 changes not saved to Marketplace yet")).to_be_visible()

    page.get_by_label(MOST_DAYS).fill("30")
    answer(question(page, CONTROLLER), "Not applicable")
    expect_kept(question(page, MOST_DAYS))
    question(page, RESIDENCY).get_by_label("Another value").fill("ON_REQUEST")
    question(page, RESIDENCY).get_by_label("Another value").press("Tab")
    expect_kept(question(page, RESIDENCY))
    techniques = question(page, TECHNIQUES)
    techniques.get_by_role("textbox").first.press("End")
    techniques.get_by_role("textbox").first.press("Enter")
    page.keyboard.insert_text("Rotating keys 🔑")
    page.keyboard.press("Tab")
    expect_kept(techniques)

    answer(question(page, SHARED), "Yes")
    processors = question(page, PROCESSORS)
    processors.get_by_role("button", name="Add a sub-processor").click()
    processors.get_by_role("textbox", name="Name").fill("Example Queue AB")
    processors.get_by_role("textbox", name="Purpose").fill("Passes jobs\nbetween servers")
    processors.get_by_role("textbox", name="Link").fill("https://queue.example.com")
    processors.get_by_role("textbox", name="Link").press("Tab")
    expect_kept(processors)
    save(page)

    live["security"]["securityContact"] = "trust@example.com"
    live["security"]["hasCompliantCertifications"] = True
    live["security"]["compliantCertifications"] = ["SOC2", "ISO27018"]
    live["dataRetention"]["retentionDurationInDays"]["max"] = 30
    live["privacy"]["gdpr"]["dataController"]["isAppDataController"] = "NOT_APPLICABLE"
    live["dataResidency"]["isDataResidencySupported"] = "ON_REQUEST"
    live["privacy"]["privacyEnhancingTechniques"]["privacyEnhancingTechniquesSupported"].insert(1, "Rotating keys 🔑")
    live["thirdPartyInformation"]["isEndUserDataShared"] = True
    queue = {"name": "Example Queue AB", "link": "https://queue.example.com", "purpose": "Passes jobs\nbetween servers"}
    live["thirdPartyInformation"]["thirdPartyDetails"] = [queue]
    assert json.loads(sandbox.document_text(board, "draft")) == live


def test_a_document_with_odd_values_comes_back_unchanged_besides_the_edit(open_as, sandbox):
    tools = product_id("Table Tools")
    before = sandbox.document_text(tools, "live")
    page = open_as("alice", app_path("Table Tools", "edit/?section=security"))
    contact(page).fill("tables@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    save(page)
    after = exact(sandbox.document_text(tools, "draft"))
    assert after == exact(before.replace('"security@vendor.example.com"', '"tables@example.com"'))


def test_an_answer_makes_questions_come_and_go_and_checks_stand_beside_it(open_as):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=dataRetention"))
    days = page.get_by_label(MOST_DAYS)
    days.fill("")
    days.press("Tab")
    expect_kept(question(page, MOST_DAYS))
    answer(question(page, KEPT), "No")
    expect(days).to_have_count(0)
    answer(question(page, KEPT), "Yes")
    days.fill("60")
    page.get_by_label("For how many days is end-user data kept at least?").fill("400")
    days.focus()
    beside = question(page, MOST_DAYS).get_by_text("The fewest days that data is kept are more than the most days.")
    expect(beside).to_be_visible()
    sections = page.get_by_role("navigation", name="Sections of the document")
    expect(sections.get_by_role("link", name=re.compile("Data retention"))).to_contain_text("1 error")
    days.fill("soon")
    days.press("Tab")
    refused = question(page, MOST_DAYS).get_by_text("“soon” is not a whole number of days")
    expect(refused).to_be_visible()
    expect(refused).to_contain_text("What you typed is still here")
    expect(days).to_have_value("soon")
    days.fill("500")
    days.press("Tab")
    expect(beside).to_have_count(0)
    sections.get_by_role("link", name=re.compile("Security")).click()
    contact(page).fill("not an address")
    contact(page).press("Tab")
    said = question(page, CONTACT).get_by_text("“not an address” is not a well-formed e-mail address")
    expect(said).to_be_visible()
    expect_kept(question(page, CONTACT))
    expect(contact(page)).to_have_attribute("aria-invalid", "true")
    expect(contact(page)).to_have_accessible_description(re.compile("“not an address” is not a well-formed"))
    assert said.bounding_box()["x"] < contact(page).bounding_box()["x"] + 100  # under its field, not beside it
    page.reload()
    expect(contact(page)).to_have_attribute("aria-invalid", "true")
    contact(page).fill("trust@example.com")
    contact(page).press("Tab")
    expect(said).to_have_count(0)
    expect(contact(page)).not_to_have_attribute("aria-invalid", "true")


def test_lists_and_records_grow_move_and_shrink(open_as, sandbox):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=thirdPartyInformation"))
    processors = question(page, PROCESSORS)
    records = processors.locator("[data-record]")
    expect(records).to_have_count(5)
    records.nth(4).get_by_role("button", name="Move up").click()
    expect_kept(processors)
    records.nth(0).get_by_role("button", name="Remove").click()
    expect(records).to_have_count(4)
    expect_kept(processors)
    expect(page.get_by_text("not saved to Marketplace yet")).to_be_visible()
    page.reload()
    names = [text.strip() for text in records.locator("summary").all_inner_texts()]
    assert names == ["Example Mail GmbH", "Example Metrics Ltd", "Example Queue AB", "Example Vault Oy"]
    processors.locator("summary", has_text="Example Vault Oy").click()
    entry = records.nth(3).get_by_label("Entry 1: Countries")
    if not entry.is_visible():
        processors.locator("summary", has_text="Example Vault Oy").click()
    entry.fill("Iceland")
    entry.press("Tab")
    expect_kept(processors)
    save(page)
    kept = json.loads(sandbox.document_text(product_id("Diagrams for Confluence"), "draft"))
    details = kept["thirdPartyInformation"]["thirdPartyDetails"]
    assert [each["name"] for each in details] == names
    assert details[3]["thirdPartyCountries"] == ["Iceland"]


def _with_records(sandbox, page: Page, names: list[str]):
    """The Status Board with these sub-processors, live, and its form open on them."""
    board = product_id("Status Board")
    content = json.loads(sandbox.document_text(board, "live"))
    details = [{"name": name, "purpose": "Hosting"} for name in names]
    content["thirdPartyInformation"] = {"isEndUserDataShared": True, "thirdPartyDetails": details}
    sandbox.add_document(board, {"commonCloud": content}, state="live")
    page.get_by_role("button", name="Refresh").click()
    expect_said(page, "Last refreshed just now")
    page.goto(app_path("Status Board", "edit/?section=thirdPartyInformation"))
    return question(page, PROCESSORS)


def _names(processors) -> list[str]:
    return [text.strip() for text in processors.locator("[data-record-title]").all_inner_texts()]


def test_a_record_is_moved_to_a_place_by_its_number_or_by_dragging(open_as, sandbox):
    page = open_as("alice", app_path("Status Board"))
    processors = _with_records(sandbox, page, list("ABCDEFGH"))
    records = processors.locator("[data-record]")
    move = records.nth(1).get_by_role("button", name="Move to…")
    move.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Position")).to_be_focused()
    page.keyboard.press("Escape")
    expect(move).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    expect_kept(processors)
    assert _names(processors) == list("ACDEFBGH")
    expect(records.nth(5).get_by_role("button", name="Move to…")).to_be_focused()
    handle = records.nth(7).locator("[data-drag]")
    handle.drag_to(records.nth(0).locator("summary"), target_position={"x": 60, "y": 4})
    expect(processors.locator("[data-record-title]").first).to_have_text("H")
    expect_kept(processors)
    page.reload()
    assert _names(processors) == list("HACDEFBG")


def test_a_record_is_found_among_many_by_name(open_as, sandbox):
    page = open_as("alice", app_path("Status Board"))
    processors = _with_records(sandbox, page, [f"Example {number}" for number in range(30)])
    find = page.get_by_label("Find a sub-processor by name")
    find.fill("example 2")
    visible = processors.locator("[data-record]:visible")
    expect(visible).to_have_count(11)
    expect(processors.get_by_text("11 of 30")).to_be_visible()
    visible.nth(1).get_by_role("button", name="Move down").click()
    expect_kept(processors)
    assert [name for name in _names(processors) if "2" in name][:4] == [
        "Example 2",
        "Example 12",
        "Example 21",
        "Example 20",
    ]
    find.fill("")
    expect(visible).to_have_count(30)
    assert Edit.objects.filter(owner__app__name="Status Board").count() == 1


def test_a_record_goes_back_to_live_and_a_removed_one_comes_back(open_as, sandbox):
    page = open_as("alice", app_path("Status Board"))
    processors = _with_records(sandbox, page, ["Alpha", "Beta", "Gamma"])
    records = processors.locator("[data-record]")
    records.nth(1).get_by_label("Purpose").fill("Mail")
    records.nth(1).get_by_label("Purpose").press("Tab")
    expect_kept(processors)
    processors.get_by_text("Revert single records").click()
    processors.get_by_role("button", name="Revert to live for: Beta").click()
    expect(records.nth(1).get_by_label("Purpose")).to_have_value("Hosting")
    expect(processors.get_by_text("Revert single records")).to_have_count(0)
    records.nth(0).get_by_role("button", name="Remove").click()
    expect(records).to_have_count(2)
    processors.get_by_text("Removed: 1").click()
    processors.get_by_role("button", name="Bring back Alpha").click()
    expect(records).to_have_count(3)
    assert _names(processors) == ["Alpha", "Beta", "Gamma"]


def test_records_keep_what_the_page_does_not_show_through_a_row_of_changes(open_as, sandbox):
    page, board = open_as("alice", app_path("Status Board")), product_id("Status Board")
    unknown = {"dpaSigned": True, "reviewed": {"by": "Example"}}
    content = json.loads(sandbox.document_text(board, "live"))
    records = [{"name": name, "purpose": "Hosting", **unknown} for name in ("Alpha", "Beta", "Gamma")]
    content["thirdPartyInformation"] = {"isEndUserDataShared": True, "thirdPartyDetails": records}
    sandbox.add_document(board, {"commonCloud": content})
    page.get_by_role("button", name="Refresh").click()
    page.goto(app_path("Status Board", "edit/?section=thirdPartyInformation"))
    processors = question(page, PROCESSORS)
    rows = processors.locator("[data-record]")
    others = page.locator("[data-answer]").filter(has=page.locator(".answer-label", has_text="› dpaSigned"))
    expect(others.filter(has_text="Beta › dpaSigned")).to_be_visible()

    name = rows.nth(1).get_by_role("textbox", name="Name")
    name.fill("Beta Ltd")
    name.press("Tab")
    expect_kept(processors)
    expect(others.filter(has_text="Beta Ltd › dpaSigned")).to_be_visible()
    rows.nth(0).get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(2)
    expect_kept(processors)
    expect(others.filter(has_text="Gamma › dpaSigned")).to_be_visible()
    expect(others).to_have_count(2)
    rows.nth(1).get_by_role("button", name="Move up").click()
    expect_kept(processors)
    purpose = rows.nth(0).get_by_role("textbox", name="Purpose")
    purpose.fill("Backups")
    purpose.press("Tab")
    expect_kept(processors)
    signed = others.filter(has_text="Beta Ltd › dpaSigned")
    signed.get_by_role("textbox").fill("false")
    signed.get_by_role("textbox").press("Tab")
    expect_kept(signed)
    save(page)

    saved = json.loads(sandbox.document_text(board, "draft"))["thirdPartyInformation"]["thirdPartyDetails"]
    assert saved == [
        {"name": "Gamma", "purpose": "Backups", **unknown},
        {"name": "Beta Ltd", "purpose": "Hosting", **unknown, "dpaSigned": False},
    ]


def test_a_field_that_nobody_knows_is_edited_as_json_and_bad_json_keeps_its_text(open_as, sandbox):
    page = open_as("alice", app_path("Table Tools", "edit/?section=security"))
    note = page.get_by_label(re.compile("x-reviewer note"))
    expect(note).to_have_value(re.compile("مراجعة أمنية"))
    deep = "[" * 150 + "]" * 150
    for text, words in {
        '{"a": 1, "a": 2}': "twice",
        '{"a": NaN}': "NaN",
        '"\\ud800"': "surrogate",
        "{oops": "JSON",
        deep: "100",
    }.items():
        note.fill(text)
        note.press("Tab")
        problem = page.locator("[data-answer]").filter(has=note).locator(".field-error")
        expect(problem).to_contain_text(re.compile(words, re.IGNORECASE))
        expect(problem).to_contain_text("What you typed is still here")
        expect(note).to_have_value(text)
        expect(note).to_have_accessible_description(re.compile("What you typed is still here"))
        expect(note).to_have_attribute("aria-invalid", "true")
    fifty = "[" * 50 + "1.0" + "]" * 50
    note.fill(fifty)
    note.press("Tab")
    expect_kept(page.locator("[data-answer]").filter(has=note))
    expect(note).not_to_have_attribute("aria-invalid", "true")
    save(page)
    assert f'"x-reviewer note": {fifty}' in sandbox.document_text(product_id("Table Tools"), "draft").replace(
        '":[', '": ['
    )


def test_a_field_that_was_emptied_stays_in_sight_until_that_is_saved(open_as, sandbox):
    page = open_as("alice", app_path("Table Tools", "edit/?section=security"))
    note = page.get_by_label(re.compile("x-reviewer note"))
    before = note.input_value()
    place = page.locator("[data-answer]").filter(has=note)
    note.fill("")
    note.press("Tab")
    expect(place.get_by_text(re.compile(r"^\s*Removed[\s\S]* by you"))).to_be_visible()
    page.reload()
    expect(note).to_have_value("")
    place.get_by_role("button", name=re.compile("^Undo")).click()
    expect(note).to_have_value(before)
    note.fill("")
    note.press("Tab")
    expect(place.get_by_text(re.compile(r"^\s*Removed[\s\S]* by you"))).to_be_visible()
    save(page)
    page.goto(app_path("Table Tools", "edit/?section=security"))
    expect(contact(page)).to_be_visible()
    expect(note).to_have_count(0)


def test_what_stands_in_the_place_of_answers_gives_way_to_them(open_as, sandbox):
    board = product_id("Status Board")
    content = json.loads(sandbox.document_text(board, "live"))
    content["logDetails"] = []
    sandbox.add_document(board, {"commonCloud": content})
    page = open_as("alice", app_path("Status Board"))
    page.get_by_role("button", name="Refresh").click()
    page.goto(app_path("Status Board", "edit/?section=logDetails"))
    logs = "Does the app log end-user data?"
    answer(question(page, logs), "No")
    expect(question(page, logs)).to_contain_text("edit it as JSON first")
    whole = page.get_by_label("logDetails", exact=True)
    whole.fill("{}")
    whole.press("Tab")
    expect_said(page, "What it holds is asked question by question now.")
    answer(question(page, logs), "No")
    expect_kept(question(page, logs))
    save(page)
    assert json.loads(sandbox.document_text(board, "draft"))["logDetails"] == {"logEndUserData": False}


def test_ten_thousand_characters_and_five_hundred_records_are_no_trouble(open_as, sandbox):
    relay = product_id("Forms Relay for Jira")
    page = open_as("alice", app_path("Forms Relay for Jira", "edit/"))
    access = page.get_by_label("How does the app access end-user data, and what does it need it for?")
    text = ("Zażółć gęślą jaźń 🚀 مرحبا\n" * 400).strip()
    access.fill(text)
    expect(page.get_by_text(f"{len(text):,} characters")).to_be_visible()
    access.blur()
    expect_kept(page.locator("[data-answer]").filter(has=access))
    save(page)
    kept = json.loads(sandbox.document_text(relay, "draft"))
    assert kept["dataAccessAndStorage"]["dataAccess"]["dataAccessDescription"] == text

    many = [{"name": f"Example {number}", "purpose": "Hosting"} for number in range(500)]
    board = product_id("Status Board")
    content = json.loads(sandbox.document_text(board, "live"))
    content["thirdPartyInformation"] = {"isEndUserDataShared": True, "thirdPartyDetails": many}
    sandbox.add_document(board, {"commonCloud": content})
    page.goto(app_path("Status Board"))
    page.get_by_role("button", name="Refresh").click()
    page.goto(app_path("Status Board", "edit/?section=thirdPartyInformation"))
    processors = question(page, PROCESSORS)
    processors.get_by_text("Example 499", exact=True).click()
    purpose = processors.get_by_role("textbox", name="Purpose").last
    purpose.fill("Hosting and backups")
    purpose.press("Tab")
    expect_kept(processors)
    save(page)
    many[499]["purpose"] = "Hosting and backups"
    page.goto(app_path("Status Board", "edit/?section=thirdPartyInformation"))
    processors.locator("[data-record]").nth(0).get_by_role("button", name="Remove").click()
    expect_kept(processors)
    processors.get_by_text("Example 250", exact=True).click()
    purpose = processors.get_by_role("textbox", name="Purpose").first
    purpose.fill("Mail")
    purpose.press("Tab")
    expect_kept(processors)
    save(page)
    many[250]["purpose"] = "Mail"
    del many[0]
    saved = json.loads(sandbox.document_text(board, "draft"))
    assert saved["thirdPartyInformation"]["thirdPartyDetails"] == many


# --- saving ---------------------------------------------------------------------------------------------------------


def test_a_save_that_is_refused_or_answered_in_html_keeps_the_working_copy(open_as, sandbox):
    page = open_as("alice", app_path("Status Board", "edit/?section=security"))
    contact(page).fill("new@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    faults.html_answer(sandbox, call="marketplace.put_draft", times=1)
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("alert").first).to_contain_text("The working copy and all versions are kept here")
    faults.refuse(sandbox, call="marketplace.put_draft", message="The listing is locked.")
    page.goto(app_path("Status Board", "edit/?section=security"))
    expect(contact(page)).to_have_value("new@example.com")
    page.get_by_role("button", name="Save to Marketplace").click()
    expect(page.get_by_role("alert").first).to_contain_text("The listing is locked.")
    assert sandbox.document(product_id("Status Board"), "draft") is None
    faults.clear(sandbox)
    faults.lost_answer(sandbox, call="marketplace.put_draft", times=1)
    page.goto(app_path("Status Board", "edit/"))
    save(page)
    kept = sandbox.document(product_id("Status Board"), "draft")
    assert kept["commonCloud"]["security"]["securityContact"] == "new@example.com"


def test_the_first_document_of_a_new_app_begins_with_the_choice_of_its_questions(open_as, sandbox):
    page = open_as("alice", app_path("Page Clock", "edit/"))
    expect(page.get_by_text("This document has no answers yet")).to_be_visible()
    page.get_by_role("button", name="Answer the Marketplace questionnaire").click()
    page.get_by_role("navigation", name="Sections of the document").get_by_role(
        "link", name=re.compile("Security")
    ).click()
    contact(page).fill("clock@example.com")
    contact(page).press("Tab")
    expect_kept(question(page, CONTACT))
    save(page)
    kept = sandbox.document(product_id("Page Clock"), "draft")
    assert kept == {"commonCloud": {"security": {"securityContact": "clock@example.com"}}}


def test_an_account_without_drafts_is_told_before_it_could_overwrite_one_unseen(open_as, sandbox):
    connection = Connection.objects.get(slug="example-apps")
    connection.email = "editor@example.com"
    connection.keep_token("sandbox-editor-token")
    connection.save()
    page = open_as("alice", app_path("Diagrams for Confluence"))
    page.get_by_role("button", name="Refresh").click()
    expect_said(page, "No access to the draft")
    page.goto(app_path("Diagrams for Confluence", "edit/"))
    expect(page.get_by_text("saving could overwrite one")).to_be_visible()
    expect(page.get_by_role("button", name="Save to Marketplace")).to_have_count(0)


# --- hidden characters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letter", "name", "sign"), [("\0", "U+0000 NULL", "␀"), ("\u200b", "U+200B ZERO WIDTH SPACE", "\u200b")]
)
def test_a_pasted_hidden_character_is_named_and_taken_out_with_a_button(open_as, letter, name, sign):
    page = open_as("alice", app_path("Diagrams for Confluence", "edit/?section=all"))
    asked = question(page, CONTACT)
    contact(page).fill(f"a{letter}b@example.com")
    contact(page).blur()
    expect_kept(asked)
    expect(asked.get_by_text(f"{name} is in this answer.")).to_be_visible()

    page.reload()
    expect(contact(page)).to_have_value(f"a{sign}b@example.com")
    contact(page).fill(f"a{sign}b@example.org")
    contact(page).blur()
    expect_kept(asked)
    asked.get_by_role("button", name="Remove it").click()

    expect(contact(page)).to_have_value("ab@example.org")
    expect(asked.get_by_text("is in this answer")).to_have_count(0)
    assert App.objects.get(name="Diagrams for Confluence").owner.working_copy.text.count('"ab@example.org"') == 1


# --- controls that scripts drew, moved or took away -----------------------------------------------------------------


def post_plainly(page: Page) -> dict[str, list[str]]:
    """Send the form of the answers without the help of scripts; what was posted."""
    with page.expect_request(lambda request: request.method == "POST" and request.is_navigation_request()) as sent:
        page.evaluate("document.getElementById('answers').submit()")
    expect_said(page, "Nothing was different from before, so nothing changed.")
    return parse_qs(sent.value.post_data or "", keep_blank_values=True)


def test_a_plain_post_of_the_form_sends_what_scripts_made_of_it_and_nothing_that_they_replaced(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=all"))
    for typed in ("first@example.com", "second@example.com"):
        contact(page).fill(typed)
        contact(page).blur()
        expect(page.locator("[data-answer]").get_by_text("Saved here").first).to_be_visible()
        expect_kept(question(page, CONTACT))
    question(page, CONTACT).get_by_role("button", name="Undo").click()
    expect(contact(page)).to_have_value("first@example.com")
    answer(question(page, CERTIFIED), "Yes")
    certifications = question(page, CERTIFICATIONS)
    certifications.get_by_role("checkbox", name="SOC 2").check()
    expect_kept(certifications)
    certifications.get_by_role("button", name="Undo").click()
    expect(certifications.get_by_role("checkbox", name="SOC 2")).not_to_be_checked()
    certifications.get_by_role("button", name="Redo").click()
    expect(certifications.get_by_role("checkbox", name="SOC 2")).to_be_checked()
    certifications.get_by_role("button", name="Add another value").click()
    certifications.get_by_role("textbox").last.fill("ISO27018")
    certifications.get_by_role("textbox").last.blur()
    expect_kept(certifications)
    residency = question(page, RESIDENCY).get_by_label("Another value")
    residency.fill("ON_REQUEST")
    residency.blur()
    expect_kept(question(page, RESIDENCY))
    answer(question(page, SHARED), "Yes")
    processors = question(page, PROCESSORS)
    for number, name in enumerate(("One", "Two", "Three")):
        processors.get_by_role("button", name="Add a sub-processor").click()
        processors.get_by_role("textbox", name="Name").nth(number).fill(f"Example {name}")
        processors.get_by_role("textbox", name="Name").nth(number).blur()
        expect_kept(processors)
        expect(processors.locator("[data-record-title]").nth(number)).to_have_text(f"Example {name}")
    processors.get_by_role("button", name="Move up").last.click()
    expect_kept(processors)
    processors.locator("[data-record]").first.get_by_role("button", name="Remove").click()
    expect_kept(processors)
    expect(page.locator("#answers, [data-answer]").locator("noscript input")).to_have_count(0)
    kept = WorkingCopy.objects.get().text
    answers = Edit.objects.count()

    sent = post_plainly(page)

    assert WorkingCopy.objects.get().text == kept
    assert Edit.objects.count() == answers
    assert [name for name, values in sent.items() if name.endswith("securityContact") and len(values) != 1] == []
    names = [values for name, values in sent.items() if name.endswith(".name")]
    assert sorted(names) == [["Example Three"], ["Example Two"]]
    assert not [name for name in sent if "Example One" in sent[name]]
    assert not [name for name in sent if ".new" in name]


def test_an_answer_that_was_drawn_anew_is_sent_when_it_is_changed(open_as):
    page = open_as("alice", app_path("Status Board", "edit/?section=all"))
    contact(page).fill("first@example.com")
    contact(page).blur()
    expect_kept(question(page, CONTACT))
    question(page, CONTACT).get_by_role("button", name="Revert to live").click()
    expect(contact(page)).to_have_value("security@vendor.example.com")
    contact(page).fill("second@example.com")
    contact(page).blur()
    expect(page.get_by_text("Live: security@vendor.example.com")).to_be_visible()
    expect_kept(question(page, CONTACT))

    sent = post_plainly(page)

    assert [values for name, values in sent.items() if name.endswith("securityContact") and "@" in values[0]] == [
        ["second@example.com"]
    ]
    assert '"second@example.com"' in WorkingCopy.objects.get().text
