"""Filters and tags for templates of every app.

Parts of a bar, counts in sentences, numbers of a pagination, case of a heading, depth of an indent, and texts in which
characters that cannot be seen stand by their names.
"""

import json
from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.core.paginator import Page
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from portal import counts
from portal.characters import marked

register = template.Library()

# A single item among thousands would be narrower than a pixel, and what is there must be seen.
SMALLEST_PART = 1.5
DEEPEST_INDENT = 8


@register.filter
def action_of(message: Message) -> dict[str, Any] | None:
    """What the button beside a message posts (`portal.responses.tell`): label, url and values; None without one."""
    return json.loads(message.extra_tags) if message.extra_tags else None


@register.filter
def stacked(segments: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give counts their place in a bar that is 100 wide; empty ones are left out.

    A segment is ``{"label", "color", "count"}``. Returned with ``x`` and ``width`` (strings with a point, as SVG
    wants them) and ``share`` (a percentage in words).
    """
    counted = [segment for segment in segments or [] if segment["count"] > 0]
    total = sum(segment["count"] for segment in counted)
    widths = [max(100 * segment["count"] / total, SMALLEST_PART) for segment in counted]
    scale = 100 / sum(widths) if widths else 1
    parts, x = [], 0.0
    for segment, width in zip(counted, widths, strict=True):
        width *= scale
        share = _share(segment["count"], total)
        parts.append({**segment, "x": f"{x:.2f}", "width": f"{width:.2f}", "share": share})
        x += width
    return parts


def _share(count: int, total: int) -> str:
    """Round to whole percents without claiming that something is nothing, or everything."""
    percent = round(100 * count / total)
    if percent == 0:
        return "under 1 %"
    if percent == 100 and count < total:
        return "over 99 %"
    return f"{percent} %"


@register.filter
def in_words(parts: Iterable[dict[str, Any]]) -> str:
    """Name counts one after the other: "Public 12, Internal 1,024"."""
    return ", ".join(f"{part['label']} {part['count']:,}" for part in parts)


@register.filter
def number(count: int) -> str:
    """A count as people read it: 1,362."""
    return f"{count:,}"


register.simple_tag(counts.counted)
register.simple_tag(counts.agreeing)


@register.filter
def page_numbers(page: Page) -> list[int | None]:
    """List the numbers to offer around a page; None stands for a gap."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [number if isinstance(number, int) else None for number in numbers]


@register.filter
def sentence_case(text: str) -> str:
    """Turn a Title Cased Phrase of the sign-in library into the sentence case of this product; acronyms stay."""
    words = str(text).split()
    return " ".join([*words[:1], *(word.lower() if word.istitle() else word for word in words[1:])])


@register.filter
def indent(depth: int | None) -> str:
    """Name the class that indents a row of a tree; deeper levels than the deepest look alike."""
    return f"indent-{min(int(depth), DEEPEST_INDENT)}" if depth else ""


@register.filter
def visible(text: object, twins: bool = False) -> SafeString:
    """A text as HTML, in which a character that cannot be seen, or looks like another, stands by its name.

    `twins`: also name every letter that looks like a Latin one.
    """
    parts = []
    for piece in marked(str(text), twins=twins):
        parts.append(escape(piece.text))
        if piece.name:
            parts.append(format_html('<span class="named-character">{}</span>', piece.name))
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped above
