"""Exceptions for what is refused: each says what happened, what was kept and what to do."""

from dataclasses import dataclass
from typing import Final

from privacy.document import canonical_json
from privacy.document.canonical_json import Json
from privacy.document.checks import Finding
from privacy.document.merge import ThreeWay
from privacy.document.readable import label_of
from privacy.models import Edit, Snapshot

#: Begins a refusal where the draft cannot be read.
DRAFT_HIDDEN: Final = "The account of this connection has no access to the draft now, so its content is unknown."


class Refusal(Exception):
    """Something that was asked for and not done. `str(refusal)` is what the person reads."""


class AnswerRefused(Refusal):
    """What was typed cannot be this answer. `typed`: the raw value as it was given, so that no text is lost."""

    def __init__(self, sentence: str, *, pointer: str, typed) -> None:
        super().__init__(sentence)
        self.pointer = pointer
        self.typed = typed


class AnswerConflict(Refusal):
    """This very field was changed since the page was loaded.

    mine    the JSON value that was typed (MISSING when it takes the answer away); `typed` the raw input
    theirs  the value that is in the working copy now (or MISSING); `fingerprint` stands for it: give it to `answer` to
            put mine in its place all the same
    by, edit  who changed it, and the entry in the edit log, where that is known
    own     the same person did, on another page
    """

    def __init__(
        self, *, pointer: str, typed, mine: Json, theirs: Json, fingerprint: str, edit: Edit | None, own: bool
    ) -> None:
        self.pointer, self.typed, self.mine, self.theirs = pointer, typed, mine, theirs
        self.fingerprint, self.edit, self.own = fingerprint, edit, own
        self.by = edit.author_label if edit else ""
        super().__init__(OWN_CONFLICT if own else CONFLICT.format(self.by or "Somebody"))

    @property
    def in_short(self) -> str:
        """The same where nothing was typed: a live value to take, an answer to undo."""
        who = "you" if self.own else self.by or "somebody"
        return (
            f"“{label_of(self.pointer)[:120]}” is not what this page showed: {who} changed it. Nothing was "
            "overwritten. Look at what is there now, then decide again."
        )


CONFLICT: Final = (
    "{} changed this answer while you were writing yours. Their answer was kept, and yours is still here. Choose which "
    "of the two it shall be."
)
OWN_CONFLICT: Final = (
    "You changed this answer in another tab, before going back, or just before the connection failed. That answer was "
    "kept, and this one is still here. Choose which of the two it shall be."
)


class NotEditable(Refusal):
    """There is nothing here to edit, or it cannot be edited (a document that is no JSON object, a hidden draft)."""


class Busy(Refusal):
    """Somebody else is writing to this app at Atlassian right now; nothing was changed."""


class MovedMeanwhile(Refusal):
    """The draft (or live, where there was no draft) at Atlassian is not what the work started from.

    three_way  the comparison: base (where the work started), mine (working copy), theirs (what is there now)
    theirs     the snapshot of what is there now, None when nothing is
    decided_on stands for what the person sees of both sides; give it back with the decisions
    discarded  the draft that the work started from is gone (discarded or published elsewhere)
    undecided  pointers that still need a decision
    """

    def __init__(
        self,
        sentence: str,
        *,
        three_way: ThreeWay,
        theirs: Snapshot | None,
        discarded: bool,
        undecided: tuple[str, ...],
    ) -> None:
        super().__init__(sentence)
        self.three_way = three_way
        self.theirs = theirs
        self.decided_on = canonical_json.digest([theirs.content_hash if theirs else "", three_way.mine.content_hash()])
        self.discarded = discarded
        self.undecided = undecided


class NotAsSent(Refusal):
    """Atlassian took the draft, but what is read back is not what was sent. Both versions are kept.

    sent, read: snapshots; `read` is None when there is no draft afterwards.
    """

    def __init__(self, sentence: str, *, sent: Snapshot, read: Snapshot | None) -> None:
        super().__init__(sentence)
        self.sent = sent
        self.read = read


class NotKnown(Refusal):
    """A write went out, its answer was lost, and reading did not work either. It must be read again before going on."""


class SignOffRefused(Refusal):
    """A sign-off step that is not possible now; the sentence says why and what to do.

    findings: the errors of the checks that stand in the way, each of which the page links to.
    """

    def __init__(self, sentence: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(sentence)
        self.findings = findings


class PublishRefused(Refusal):
    """Publishing is not possible now; nothing was sent. `reasons`: one sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Failure:
    """One app that could not be read: its name and the sentence."""

    product_id: str
    name: str
    sentence: str
