"""One app as its pages show it: every document is parsed, checked and compared once in a request, when it is needed."""

from dataclasses import dataclass
from functools import cached_property

from privacy.document.catalogue import Section
from privacy.document.checks import Finding
from privacy.document.diff import Diff
from privacy.document.document import Document
from privacy.document.document_cache import DocumentCache
from privacy.drafts import conflicts
from privacy.drafts.answering import Answered
from privacy.drafts.finding_counts import working_copy_of
from privacy.drafts.form_page import EditPage, edit_page
from privacy.drafts.unsaved_changes import UnsavedChanges, unsaved_changes
from privacy.models import App, Review, Verdict
from privacy.reviews.requirements import Requirement, requirements
from privacy.reviews.status import SignOff, newest_review, status
from privacy.views.versions import Version, find_version


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side; `diff` goes from `before` (the older, usually live) to `after` (usually the draft)."""

    before: Version
    after: Version
    diff: Diff


@dataclass(frozen=True)
class SectionChanges:
    """How many answers of one section differ."""

    section: Section
    counts: dict[str, int]
    total: int


def changes_by_section(diff: Diff) -> tuple[SectionChanges, ...]:
    """The sections of a comparison that differ."""
    return tuple(SectionChanges(item.section, item.counts, len(item.changes)) for item in diff.sections if item.changes)


class AppContext:
    """What the pages of one app are drawn from. Made for one request, from an app as `find_app` loads it."""

    def __init__(self, app: App, answered: Answered | None = None) -> None:
        """`answered`: the answer that was just given, whose document is parsed and checked already."""
        self.app = app
        self.documents = DocumentCache()
        if answered is not None and answered.changed:
            self.documents.add(answered.working.text, answered.document, answered.findings, answered.texts)

    @cached_property
    def live(self) -> Version:
        return self._version("live")

    @cached_property
    def draft(self) -> Version:
        return self._version("draft")

    @cached_property
    def working(self) -> Version:
        return self._version("working")

    def _version(self, key: str) -> Version:
        found = find_version(app=self.app, key=key, documents=self.documents)
        assert found is not None
        return found

    def version(self, key: str) -> Version | None:
        """The version with this key; None for a key that names nothing."""
        if key in ("live", "draft", "working"):
            return getattr(self, key)
        return find_version(app=self.app, key=key, documents=self.documents)

    def compare(self, *, before: str, after: str) -> Comparison | None:
        """Any two versions; None when a key names nothing. One that does not exist counts as an empty document."""
        old, new = self.version(before), self.version(after)
        if old is None or new is None:
            return None
        return Comparison(old, new, self.documents.compare(new.document, old.document))

    @cached_property
    def form(self) -> EditPage:
        """The edit form."""
        return edit_page(app=self.app, documents=self.documents)

    @cached_property
    def review(self) -> Review | None:
        return newest_review(self.app)

    @cached_property
    def signoff(self) -> SignOff:
        return status(self.app, self.review)

    @cached_property
    def requested_changes(self) -> tuple[Verdict, ...]:
        """What reviewers wrote that has to change; it stands until approval is requested again."""
        if self.review is None or self.review.state not in (Review.State.CHANGES, Review.State.LAPSED):
            return ()
        verdicts = self.review.verdicts.all() if self.draft.document is not None else ()
        return tuple(verdict for verdict in verdicts if verdict.kind == Verdict.Kind.CHANGES)

    @cached_property
    def document(self) -> Document | None:
        """What is worked on: the working copy, else the draft, else live."""
        return self.working.document or self.draft.document or self.live.document

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks find in the document that is worked on."""
        return self.documents.check(self.document) if self.document else ()

    @cached_property
    def draft_findings(self) -> tuple[Finding, ...]:
        """What the checks find in the draft."""
        return self.documents.check(self.draft.document) if self.draft.document else ()

    @cached_property
    def unanswered(self) -> int:
        """How many questions the document that is worked on leaves open."""
        progress = self.document.progress().values() if self.document else ()
        return sum(section.asked - section.answered for section in progress)

    @cached_property
    def draft_changes(self) -> tuple[SectionChanges, ...]:
        """What publishing the draft would change for customers, by section."""
        if self.draft.document is None:
            return ()
        return changes_by_section(self.documents.compare(self.draft.document, self.live.document))

    @property
    def draft_differs(self) -> int:
        """Places in which draft and live differ; 0 when either is missing."""
        return sum(item.total for item in self.draft_changes) if self.live.document else 0

    @cached_property
    def unsaved(self) -> int:
        """Places in which the working copy differs from what it started from."""
        working = working_copy_of(self.app)
        if working is None or not working.is_changed:
            return 0
        base = self.documents.parse(working.base.text) if working.base else None
        return len(self.documents.compare(self.working.document, base).changes)

    @cached_property
    def unsaved_by(self) -> UnsavedChanges | None:
        """Whose changes those are, and since when."""
        return unsaved_changes([self.app]).get(self.app.pk)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """What has to hold before the draft is published."""
        return requirements(app=self.app, review=self.review, findings=self.draft_findings)

    @property
    def publishable(self) -> bool:
        """Whether the draft can be published now."""
        return all(item.holds for item in self.requirements)

    @property
    def overtaken(self) -> bool:
        """Whether the remote moved under a working copy with changes: saving will ask for decisions."""
        return conflicts.is_overtaken(self.app)
