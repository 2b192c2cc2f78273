"""Formatted documents (Atlassian document format) as plain text that people can edit, and back without loss.

    Paragraphs are parted by an empty line, lines inside one by a line end.   - an entry of a list
    1. an entry of a numbered list   **bold**   [words](https://example.com)   \\* is a plain asterisk

What this cannot say (tables, mentions, colours, attributes, nested lists) makes a document not simple: `to_text` is
None for it, and it is edited as JSON.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from privacy.document import canonical_json
from privacy.document.canonical_json import Json

Node = dict[str, Any]
_BULLET: Final = re.compile(r"- (.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"([0-9]{1,6})\. (.*)", re.DOTALL)
_LINK: Final = re.compile(r"\]\(((?:https?://|mailto:)(?:\\.|[^\\()\s])+)\)")
# Possessive, so that a text of ten thousand brackets is read in no time.
_UNTIL: Final = {
    "]": re.compile(r"(?:\\.|[^\\\]])*+(?=\])", re.DOTALL),
    "**": re.compile(r"(?:\\.|(?!\*\*)[^\\])*+(?=\*\*)", re.DOTALL),
}
_KNOWN: Final = frozenset(
    ["doc", "paragraph", "bulletList", "orderedList", "listItem", "text", "hardBreak", "strong", "link"]
)


def to_text(document: Json) -> str | None:
    """The document as text; None when reading that text again would not give this very document."""
    if not isinstance(document, dict) or document.get("type") != "doc":
        return None
    try:
        text = "\n\n".join(_block(node) for node in document["content"])
        again = from_text(text, like=document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    return text if canonical_json.same(again, document) else None


def from_text(text: str, *, like: Json = None) -> Node:
    """The document that a text stands for. `like`: the one it replaces, whose way of numbering lists is kept."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    numbered = "orderedList" in _types(like) and any("attrs" in node for node in _nodes(like, "orderedList"))
    content = [_parsed(kind, lines, numbered=numbered) for kind, lines in _blocks(text)]
    return {"type": "doc", "version": 1, "content": content}


def why_not(document: Json) -> str:
    """What keeps a formatted document from being edited as text, for a note beside its JSON; "" when nothing does."""
    if to_text(document) is not None:
        return ""
    unknown = sorted(kind for kind in _types(document) - _KNOWN if kind)
    named = ", ".join(unknown[:4])
    return (
        f"parts that the text editor does not know ({named})"
        if named
        else "a structure that the text editor does not know"
    )


def _types(value: Json) -> set[str]:
    return {node["type"] for node in _nodes(value, "") if isinstance(node.get("type"), str)}


def _nodes(value: Json, kind: str) -> Iterator[Node]:
    """Every node and mark inside, or those of one kind."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if not kind or item.get("type") == kind:
                yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


# --- to text --------------------------------------------------------------------------------------------------------


def _block(node: Node) -> str:
    if node["type"] == "paragraph":
        return "\n".join(_plain_line(line) for line in _inline(node["content"]).split("\n"))
    items = [_inline(_only(item["content"])["content"]) for item in node["content"]]
    if node["type"] == "orderedList":
        start = int(node.get("attrs", {}).get("order", 1))
        return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start))
    return "\n".join(f"- {item}" for item in items)


def _only(nodes: Sequence[Node]) -> Node:
    if len(nodes) != 1:
        raise ValueError("An entry of a list holds one paragraph.")
    return nodes[0]


def _plain_line(line: str) -> str:
    """A line of a paragraph, which must not be read as an entry of a list."""
    number = _NUMBER.fullmatch(line)
    if number:
        return f"{number[1]}\\. {number[2]}"
    return f"\\{line}" if _BULLET.fullmatch(line) else line


def _inline(nodes: Sequence[Node]) -> str:
    return "".join("\n" if node["type"] == "hardBreak" else _marked(node) for node in nodes)


def _marked(node: Node) -> str:
    text = re.sub(r"([\\*\[\]])", r"\\\1", node["text"])
    for mark in reversed(node.get("marks", [])):
        if mark["type"] == "link":
            address = re.sub(r"([\\()])", r"\\\1", mark["attrs"]["href"])
            text = f"[{text}]({address})"
        elif mark["type"] == "strong":
            text = f"**{text}**"
        else:
            raise ValueError("This mark has no notation.")
    return text


# --- from text ------------------------------------------------------------------------------------------------------


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lines that belong together: ("paragraph" | "bulletList" | "orderedList", lines)."""
    kind = ""
    lines: list[str] = []
    for line in text.split("\n"):
        now = "bulletList" if _BULLET.fullmatch(line) else "orderedList" if _NUMBER.fullmatch(line) else "paragraph"
        if not line.strip():
            now = ""
        if now != kind and lines:
            yield kind, lines
            lines = []
        kind = now
        if kind:
            lines.append(line)
    if lines:
        yield kind, lines


def _parsed(kind: str, lines: Sequence[str], *, numbered: bool) -> Node:
    if kind == "paragraph":
        return _paragraph("\n".join(lines))
    pattern = _BULLET if kind == "bulletList" else _NUMBER
    found = [match for match in map(pattern.fullmatch, lines) if match]
    items = [{"type": "listItem", "content": [_paragraph(match[match.re.groups])]} for match in found]
    start = int(found[0][1]) if kind == "orderedList" else 1
    if kind == "orderedList" and (numbered or start != 1):
        return {"type": kind, "attrs": {"order": start}, "content": items}
    return {"type": kind, "content": items}


def _paragraph(text: str) -> Node:
    content: list[Node] = []
    _read(text, [], content)
    return {"type": "paragraph", "content": content}


def _read(text: str, marks: list[Node], into: list[Node]) -> None:
    """Add the nodes of a text, all of which carry `marks`."""
    plain, at = "", 0

    def flush() -> None:
        nonlocal plain
        if plain:
            into.append({"type": "text", "text": plain, **({"marks": marks} if marks else {})})
        plain = ""

    while at < len(text):
        inner = _bold(text, at, marks) or _linked(text, at, marks)
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in "\\*[]-.":
            plain += text[at + 1]
            at += 2
        elif inner is not None:
            flush()
            words, mark, at = inner
            _read(words, [*marks, mark], into)
        elif text[at] == "\n":
            flush()
            into.append({"type": "hardBreak"})
            at += 1
        else:
            plain += text[at]
            at += 1
    flush()


def _bold(text: str, at: int, marks: Sequence[Node]) -> tuple[str, Node, int] | None:
    if not text.startswith("**", at) or any(mark["type"] == "strong" for mark in marks):
        return None
    end = _closing(text, at + 2, "**")
    return None if end is None or end == at + 2 else (text[at + 2 : end], {"type": "strong"}, end + 2)


def _linked(text: str, at: int, marks: Sequence[Node]) -> tuple[str, Node, int] | None:
    if text[at] != "[" or any(mark["type"] == "link" for mark in marks):
        return None
    end = _closing(text, at + 1, "]")
    address = _LINK.match(text, end) if end is not None else None
    if end is None or address is None or end == at + 1:
        return None
    href = re.sub(r"\\(.)", r"\1", address[1])
    return text[at + 1 : end], {"type": "link", "attrs": {"href": href}}, address.end()


def _closing(text: str, at: int, sign: str) -> int | None:
    """Where a sign that is not escaped stands next."""
    found = _UNTIL[sign].match(text, at)
    return found.end() if found else None
