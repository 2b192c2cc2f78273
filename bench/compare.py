"""Measures comparing two documents with 300 answers against deepdiff and jsonpatch, in one run, as CPU time.

Run from the project's root: python -m bench.compare     (needs deepdiff and jsonpatch, in requirements-dev.txt)
Ours does more than its peers: it names the question and section, matches records by name and tells moved entries.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from portal.atlassian import strictjson
from privacy.document import canonical_json
from privacy.document.catalogue import FIELDS, Field
from privacy.document.diff import compare
from privacy.document.document import Document

ANSWERS = 300
ROUNDS = 30
WORDS = ("data", "pages", "users", "account", "region", "storage", "backup", "deleted", "kept", "vendor", "customer")


def text(chance: random.Random, length: int) -> str:
    """Some words."""
    return " ".join(chance.choice(WORDS) for _ in range(length))


def answer(field: Field, chance: random.Random) -> Any:
    """A likely answer to a field."""
    if field.kind in ("bool", "tri"):
        return chance.choice([True, False] if field.kind == "bool" else ["TRUE", "FALSE"])
    if field.kind == "number":
        return chance.randrange(365)
    if field.kind in ("list", "many"):
        return [text(chance, 3) for _ in range(5)]
    if field.kind == "records":
        return [record(number, chance) for number in range(20)]
    return text(chance, 120 if field.kind in ("text", "rich") else 4)


def record(number: int, chance: random.Random) -> dict[str, Any]:
    """A sub-processor."""
    return {
        "name": f"Example {number}",
        "link": f"https://vendor{number}.example.com",
        "purpose": text(chance, 8),
        "thirdPartyCountries": [text(chance, 1) for _ in range(3)],
    }


def edited(value: Any, chance: random.Random) -> Any:
    """What a person makes of an answer: some words of a text, an entry of a list, the other of yes and no."""
    if isinstance(value, str):
        words = value.split()
        for _ in range(1 + len(words) // 12):
            words[chance.randrange(len(words))] = "changed"
        return " ".join(words)
    if isinstance(value, list):
        return [*value[1:], chance.choice(value)]
    return not value if isinstance(value, bool) else value


def documents() -> tuple[Document, Document]:
    """A live document with 300 answers (all fields of both vocabularies, the rest unknown), and a draft of it."""
    chance = random.Random(7)
    live = Document({"commonCloud": {}})
    for field in FIELDS:
        live.set(field.pointer, answer(field, chance))
    for number in range(ANSWERS - len(FIELDS)):
        value = text(chance, 20) if number % 3 else [text(chance, 2) for _ in range(4)]
        live.set(canonical_json.join((*FIELDS[number % len(FIELDS)].path[:-1], f"answer{number}")), value)
    draft = live.copy()
    for pointer, value in list(draft.units().items())[::6]:
        draft.set(pointer, edited(value, chance))
    details = "/commonCloud/thirdPartyInformation/thirdPartyDetails"
    records = draft.get(details)
    draft.set(details, [*records[5:], record(99, chance), *records[:4]])
    return draft, live


def cpu_ms(work: Callable[[], object]) -> float:
    """Median CPU milliseconds of one call."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times)


def ours_drawn(draft: Document, live: Document) -> None:
    """Compare and compute everything that a page draws of the changes: readings, words, entries, records."""
    for row in compare(draft, live).changes:
        _ = row.left_reading, row.right_reading
        if row.form == "words":
            _ = row.words
        elif row.form == "entries":
            _ = row.entries
        elif row.form == "records":
            for item in row.records:
                _ = [part.words for part in item.parts if part.is_change and part.form == "words"]


def main() -> int:
    """Print the figures; exit 1 when the target is missed."""
    draft, live = documents()
    left, right = json.loads(draft.text), json.loads(live.text)
    print(f"{len(live.units())} places, {len(live.text):,} bytes, {len(compare(draft, live).changes)} changes")
    ours = cpu_ms(lambda: compare(draft, live))
    print(f"{'ours, compare':34}{ours:9.2f} ms CPU   (target: under 10)")
    print(f"{'ours, read and compared from text':34}{cpu_ms(lambda: from_text(draft.text, live.text)):9.2f} ms CPU")
    print(f"{'ours, all changes drawn':34}{cpu_ms(lambda: ours_drawn(draft, live)):9.2f} ms CPU")
    for name, peer in peers(left, right).items():
        theirs = cpu_ms(peer)
        print(f"{name:34}{theirs:9.2f} ms CPU   {theirs / ours:6.1f} times ours")
    return 0 if ours < 10 else 1


def from_text(draft: str, live: str) -> object:
    """What a page does: read both texts, then compare."""
    return compare(Document(strictjson.loads(draft)), Document(strictjson.loads(live)))


def peers(left: Any, right: Any) -> dict[str, Callable[[], object]]:
    """The peers that are installed."""
    found: dict[str, Callable[[], object]] = {}
    try:
        from deepdiff import DeepDiff

        found["deepdiff"] = lambda: DeepDiff(right, left)
        found["deepdiff, ignore_order"] = lambda: DeepDiff(right, left, ignore_order=True)
    except ImportError:
        print("deepdiff is not installed", file=sys.stderr)
    try:
        import jsonpatch

        found["jsonpatch"] = lambda: jsonpatch.make_patch(right, left)
    except ImportError:
        print("jsonpatch is not installed", file=sys.stderr)
    return found


if __name__ == "__main__":
    sys.exit(main())
