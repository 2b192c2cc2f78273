"""The documents of one request: each text is parsed once, each document checked once, each pair compared once."""

from privacy.document.canonical_json import Texts
from privacy.document.checks import Finding, check
from privacy.document.diff import Diff, compare
from privacy.document.document import Document


class DocumentCache:
    """Made for one request and dropped with it. Its documents are read and not changed."""

    def __init__(self) -> None:
        #: The canonical texts of what the documents hold.
        self.texts = Texts()
        self._documents: dict[str, Document] = {}
        self._findings: dict[Document, tuple[Finding, ...]] = {}
        self._diffs: dict[tuple[Document | None, Document | None], Diff] = {}

    def add(self, text: str, document: Document, findings: tuple[Finding, ...], texts: Texts) -> None:
        """Take over what was parsed, checked and written in canonical form already."""
        self._documents[text], self._findings[document], self.texts = document, findings, texts

    def parse(self, text: str) -> Document:
        """The document with this text."""
        if text not in self._documents:
            self._documents[text] = Document.from_text(text)
        return self._documents[text]

    def check(self, document: Document) -> tuple[Finding, ...]:
        """What the checks find in a document."""
        if document not in self._findings:
            self._findings[document] = check(document)
        return self._findings[document]

    def compare(self, after: Document | None, before: Document | None) -> Diff:
        """The differences from one document to another."""
        if (after, before) not in self._diffs:
            self._diffs[after, before] = compare(after, before)
        return self._diffs[after, before]
