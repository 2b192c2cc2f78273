"""CSV for spreadsheets, the one way in which anything is exported as CSV."""

import csv
import json
import re
from collections.abc import Generator, Iterable, Sequence

#: What a spreadsheet runs as a formula: some programs also look behind spaces, invisible characters or a line end, and
#: take full-width characters for the plain ones.
_FORMULA = re.compile(r"[\t\r\n]|[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]")


class _Echo:
    """A file that hands back what is written to it, so that csv.writer can stream."""

    def write(self, value: str) -> str:
        return value


def csv_lines(rows: Iterable[dict], columns: Sequence[str]) -> Generator[str, None, None]:
    """A header and one line for each row. Every cell is quoted, since some programs split at semicolons and tabs."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([csv_cell(row[name]) for name in columns])


def csv_cell(value: object) -> str:
    """A value as text; an apostrophe goes in front of what a spreadsheet would run."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text
