"""Verifies and exports the audit trail."""

import argparse
import contextlib
import re

from portal.access import connections_with, require_administrator
from portal.audit.browse import filter_entries, one_per_action, visible_entries
from portal.audit.export import entries_as_csv, entries_as_json_lines, entries_as_rows
from portal.audit.verify import hashes_in_export, verify_chain
from portal.forms import ActivityFilterForm
from portal.management.base import Failed, ServiceCommand

FILTERS = ("q", "connection", "actor", "action", "outcome", "period", "since", "until")


def _noted(text: str) -> dict[int, str]:
    if not (match := re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)):
        raise argparse.ArgumentTypeError("must be SEQUENCE:HASH, as an earlier verify printed it")
    return {int(match[1]): match[2]}


class Command(ServiceCommand):
    help = "Verify the hash chain of the audit trail, or export its entries (JSON lines or CSV)."

    def arguments(self, parser):
        what = parser.add_subparsers(dest="what", required=True, metavar="verify|export", parser_class=type(parser))
        for name in ("verify", "export"):
            each = what.add_parser(name)
            each.add_argument("--json", action="store_true", default=False, help="print the result as JSON")
            each.add_argument("--as", dest="as_email", metavar="EMAIL", default=None)
            if name == "verify":
                each.add_argument("--expect", type=_noted, metavar="SEQUENCE:HASH", help="an end noted earlier")
                each.add_argument("--against", metavar="FILE", help="an export (JSON lines) kept elsewhere")
            if name == "export":
                each.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
                each.add_argument("--out", metavar="FILE", help="file to write; standard output without it")
                for field in FILTERS:
                    each.add_argument(f"--{field}", dest=f"filter_{field}", default="", metavar="VALUE")

    def run(self, actor, *, what, **options):
        return getattr(self, f"_{what}")(actor, **options)

    def _verify(self, actor, *, expect, against, **options):
        require_administrator(actor)
        result = verify_chain((expect or {}) | self._exported(against))
        if not result.ok:
            raise Failed(result.problem)
        self.say(f"{result.entries} entries, each in its place and unchanged.")
        self.say(f"The end, to note elsewhere: {result.entries}:{result.hash}")
        return {"entries": result.entries, "ok": True, "end": f"{result.entries}:{result.hash}"}

    def _exported(self, path):
        if not path:
            return {}
        try:
            with open(path, encoding="utf-8") as file:
                return hashes_in_export(file)
        except (OSError, UnicodeDecodeError) as error:
            raise Failed(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}.") from error

    def _export(self, actor, *, format, out, **options):
        values = {name: options[f"filter_{name}"] for name in FILTERS if options[f"filter_{name}"]}
        form = ActivityFilterForm(values, connections=connections_with(actor, "activity.view"))
        if not form.is_valid():
            raise Failed("; ".join(f"{name}: {error[0]}" for name, error in form.errors.items()))
        entries = filter_entries(visible_entries(actor), form)
        entries = one_per_action(entries) if format == "csv" else entries
        lines = entries_as_csv(entries) if format == "csv" else entries_as_json_lines(entries)
        if out:
            try:
                with open(out, "w", encoding="utf-8", newline="") as file:
                    file.writelines(lines)
            except OSError as error:
                raise Failed(f"{out} could not be written: {error.strerror}.") from error
            self.say(f"Written to {out}.")
        elif not self.as_json:
            # Where the reader has had enough this ends by an exception, and the database must not be left reading.
            with contextlib.closing(lines):
                for line in lines:
                    self.stdout.write(line, ending="")
        return {"entries": entries.count(), "file": out} if out else list(entries_as_rows(entries))
