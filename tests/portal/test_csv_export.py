"""CSV that a spreadsheet opens without running anything in it."""

import csv
import io

import pytest

from portal.csv_export import csv_cell, csv_lines


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM", "\t=1", "\r=1", "\n=1", "\nplain", "  =1", "\u00a0=1", "\u200b=1", "\ufeff@x"]
    + ["＝1+1", "＋1", "－1", "＠SUM", " ＝1"],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "plain", "1-2", "Ünder = plan", " spaced", "'=1"])
def test_other_text_stays_as_it_is(text):
    assert csv_cell(text) == text


def test_every_cell_is_quoted_so_that_no_program_splits_it():
    lines = list(csv_lines([{"a": "x;=1", "b": 'say "hi"', "c": None, "d": ["é"]}], ["a", "b", "c", "d"]))
    assert lines[1] == '"x;=1","say ""hi""","","[""é""]"\r\n'
    assert list(csv.reader(io.StringIO("".join(lines)))) == [["a", "b", "c", "d"], ["x;=1", 'say "hi"', "", '["é"]']]
