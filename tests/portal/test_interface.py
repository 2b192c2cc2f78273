"""The shared components: filters they use, and what they say in the cases that are easily forgotten."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.template.loader import render_to_string

from portal.templatetags.interface import indent, page_numbers, sentence_case, stacked

ROOT = Path(__file__).resolve().parents[2]


def test_the_scripts_look_for_nothing_that_no_page_has_and_so_do_the_keys():
    scripts = "".join(path.read_text() for path in sorted((ROOT / "static" / "js").glob("*.js")))
    pages = "".join(path.read_text() for path in sorted((ROOT / "templates").rglob("*.html")))
    pages += (ROOT / "portal" / "forms.py").read_text()  # attributes of widgets
    wanted = set(re.findall(r"\[(data-[a-z-]+)", scripts))
    there = {name for name in wanted if name in pages}
    made = {name for name in wanted if f"dataset.{_camel(name)} =" in scripts}
    assert wanted - there - made == set()
    keys = set(re.findall(r"^  (?:\"(.)\"|(\w)): ", scripts[scripts.index("const keys = {") :], re.MULTILINE))
    listed = set(re.findall(r"<kbd>(.)</kbd>", render_to_string("_foot.html")))
    assert listed == {a or b for a, b in keys} | set("np19"), (
        "n and p are those of changes.js, digits those of the open editor"
    )


def _camel(name: str) -> str:
    first, *rest = name.removeprefix("data-").split("-")
    return first + "".join(word.title() for word in rest)


def segment(label: str, count: int, color: str = "RED") -> dict:
    return {"label": label, "color": color, "count": count}


def test_the_parts_of_a_bar_fill_it_from_left_to_right():
    parts = stacked([segment("Secret", 1), segment("Internal", 2), segment("Public", 1)])
    assert [(part["x"], part["width"]) for part in parts] == [("0.00", "25.00"), ("25.00", "50.00"), ("75.00", "25.00")]


def test_a_part_that_is_tiny_can_still_be_seen_and_is_not_called_zero():
    tiny, rest = stacked([segment("Secret", 1), segment("Public", 99_999)])
    assert float(tiny["width"]) > 1
    assert tiny["share"] == "under 1 %"
    assert rest["share"] == "over 99 %"
    assert float(rest["x"]) + float(rest["width"]) == pytest.approx(100, abs=0.01)


@pytest.mark.parametrize("nothing", [[], None, [segment("Secret", 0)]])
def test_a_bar_of_nothing_has_no_parts(nothing):
    assert stacked(nothing) == []


def test_a_bar_says_its_figures_in_words():
    html = render_to_string(
        "components/bar.html", {"segments": [segment("Secret", 3)], "label": "Items of Handbook by level"}
    )
    assert 'aria-label="Items of Handbook by level: Secret 3"' in html


def test_many_pages_are_offered_with_gaps():
    page = Paginator(range(1000), 10).page(50)
    assert page_numbers(page) == [1, None, 48, 49, 50, 51, 52, None, 100]


def test_a_deep_tree_stops_indenting_before_it_leaves_the_screen():
    assert [indent(depth) for depth in (None, 0, 1, 8, 50)] == ["", "", "indent-1", "indent-8", "indent-8"]


def test_headings_of_the_sign_in_library_are_put_in_sentence_case():
    assert sentence_case("\n  Activate Authenticator App ") == "Activate authenticator app"
    assert sentence_case("Use TOTP Code") == "Use TOTP code"


def test_a_remote_error_says_what_happened_what_was_kept_and_what_to_do():
    error = SimpleNamespace(
        message="Confluence refused.", advice="Ask a space admin.", needs="write:page:confluence", trace_id="abc123"
    )
    html = render_to_string("components/error.html", {"error": error, "kept": "The level is unchanged."})
    for words in (
        "Confluence refused.",
        "The level is unchanged.",
        "Ask a space admin.",
        "write:page:confluence",
        "abc123",
    ):
        assert words in html


def test_paused_work_says_so_beside_how_far_it_is():
    work = {"id": "scan", "label": "Scan", "done": 3, "total": 10}
    running, paused, scheduled = (
        render_to_string("components/progress.html", {**work, "state": state, "total": total})
        for state, total in (("running", 10), ("paused", 10), ("scheduled", 0))
    )
    assert "3 of 10" in running
    assert "Paused" not in running
    assert "3 of 10" in paused
    assert "Paused" in paused
    assert "Scheduled" in scheduled
    assert "Starting" not in scheduled
