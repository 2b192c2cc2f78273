"""The register of privacy: who wrote what a draft says beyond live, and so may not sign it off.

Nothing is carried along from version to version. It is found each time in what is on record: the ledger of answers,
the versions that were sent from here, and who Atlassian says changed a version there. In doubt somebody counts as an
author: another reviewer can sign off, but a sign-off of one's own text looks like a real one afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import Exists, OuterRef, QuerySet

from portal.access import Actor
from portal.models import User
from privacy import wire
from privacy.diff import compare
from privacy.document import Document
from privacy.ledger import NUL, read_back
from privacy.models import App, Edit, Snapshot

Source = Snapshot.Source
#: Versions that went out from here; SENT until reading showed that they arrived.
OURS = (Source.SENT, Source.SAVED)


@dataclass(frozen=True)
class Author:
    """A person, or the operator of the command line, who has no account (`id` None)."""

    id: int | None
    label: str

    @classmethod
    def of(cls, actor: Actor) -> "Author":
        """An actor as an author."""
        return cls(actor.user.pk if actor.user else None, actor.label)


def is_among(actor: Actor, people: Iterable[dict]) -> bool:
    """Whether this person is on a list as reviews keep it; also by name, should the account be a new one."""
    me = Author.of(actor)
    return any(me.id == other["id"] is not None or me.label.casefold() == other["label"].casefold() for other in people)


def authors(app: App) -> list[dict]:
    """Who wrote the draft of an app, as last read: [{"id", "label"}, …].

    Who sent this very content, and who gave an answer that differs from live, or one that it was made from, be it here
    or in Atlassian's console. Other connections to the same product count too.
    """
    if app.draft is None:
        return []
    draft, live = Document.from_text(app.draft.text), Document.from_text(app.live.text) if app.live else Document({})
    found = {Author(*person) for person in _senders(app)}
    for pointer, steps in _history(app, [row.pointer for row in compare(draft, live).changes], live).items():
        found |= _writers(steps, now=_at(draft, pointer), live=_at(live, pointer))
    ordered = sorted(found, key=lambda person: (person.label, person.id or 0))
    return [{"id": person.id, "label": person.label} for person in ordered]


def _senders(app: App) -> QuerySet:
    sent = Snapshot.objects.filter(app__product_id=app.product_id, source__in=OURS)
    same = sent.filter(content_hash=app.draft.content_hash)  # type: ignore[union-attr]
    return same.order_by().values_list("actor_id", "actor_label").distinct()


def _writers(steps: list["_Step"], *, now: str, live: str) -> set[Author]:
    """Who had a hand in what stands at one place."""
    said: set[str] = set()
    first = []  # whether a step said what had not been said there before; who only took something back wrote nothing
    for step in steps:
        first.append(step.after not in said)
        said.add(step.before)
    led, since_live, found = {now} - {live}, True, set()
    for step, new in zip(reversed(steps), reversed(first), strict=True):
        leads = new and step.after in led
        if leads:
            led |= {step.before} - {live}
        # What went out may have been changed since in a way that its value alone does not tell.
        if step.author and (leads or (since_live and step.sent and step.after != live)):
            found.add(step.author)
        if step.sent and live in (step.before, step.after):
            since_live = False
    return found


# --- What happened at a place ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """One change of one place; values as digests. author: None for somebody unknown. sent: it reached Atlassian."""

    at: datetime
    author: Author | None
    before: str
    after: str
    sent: bool


def _history(app: App, places: list[str], live: Document) -> dict[str, list[_Step]]:
    """The changes of all places at, above or below which the draft differs from live, oldest first."""
    ledger = Edit.objects.filter(app__product_id=app.product_id)
    answered = ledger.order_by().values_list("pointer", flat=True).distinct()
    steps: dict[str, list[_Step]] = {place.replace("\x00", NUL): [] for place in places}
    for pointer in answered:
        if any(_touches(pointer.replace(NUL, "\x00"), place) for place in places):
            steps[pointer] = [
                _Step(at, Author(who, label), _digest(before), _digest(after), sent)
                for who, label, before, after, sent, at in ledger.filter(pointer=pointer)
                .order_by("pk")
                .values_list("author_id", "author_label", "before", "after", "sent", "at")
                .iterator()
            ]
    for version, before in _changed_there(app):
        by = _person(version.remote_changed_by)
        document = Document.from_text(version.text)
        earlier = [Document.from_text(text) for text in before] or [live]
        for pointer, found in steps.items():
            after, values = _at(document, pointer), {_at(other, pointer) for other in earlier}
            if after not in values:
                found += [_Step(version.taken_at, by, value, after, True) for value in values]
    return {pointer: sorted(found, key=lambda step: step.at) for pointer, found in steps.items()}


def _changed_there(app: App) -> Iterator[tuple[Snapshot, list[str]]]:
    """Versions of the draft that somebody made at Atlassian, each with the texts that it may have been made from."""
    # What was sent from here carries the account of the connection, whoever wrote it.
    ours = Snapshot.objects.filter(
        app__product_id=OuterRef("app__product_id"),
        source__in=OURS,
        content_hash=OuterRef("content_hash"),
        pk__lt=OuterRef("pk"),
    )
    versions = Snapshot.objects.filter(app__product_id=app.product_id, source__in=(*OURS, Source.DRAFT))
    before: list[str] = []
    for version in versions.annotate(ours=Exists(ours)).order_by("pk").iterator():
        if version.source in OURS:
            before.append(version.text)
            continue
        if not version.ours:
            yield version, before
        before = [version.text]


def _person(name: str) -> Author | None:
    user = User.objects.filter(email__iexact=name).first() if name else None
    return Author(user.pk, user.email) if user else None


def _touches(one: str, other: str) -> bool:
    """Whether two pointers name the same place, or one of them a place inside the other."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def _at(document: Document, pointer: str) -> str:
    return wire.digest(document.get(pointer.replace(NUL, "\x00")))


@lru_cache(maxsize=8)  # what stands after one answer stands before the next
def _digest(text: str) -> str:
    return wire.digest(read_back(text))
