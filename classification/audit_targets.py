"""The pages of spaces, projects, pages and blog posts that entries of the audit trail are about."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.http import urlencode

from classification.models import Item, Project, Space
from portal.audit.targets import pages_of_rows
from portal.models import AuditEntry
from portal.registry import TargetPage


def item_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    """The version that an entry names by its status, or else the current one."""
    items = Item.objects.filter(
        connection__in={entry.connection_id for entry in entries},
        remote_id__in={entry.target_id for entry in entries},
    )
    known: dict[tuple, dict[str, Item]] = {}
    for item in items.select_related("space__connection"):
        known.setdefault((item.connection_id, item.kind, item.remote_id), {})[item.status] = item
    found = {}
    for entry in entries:
        versions = known.get((entry.connection_id, entry.target_type, entry.target_id), {})
        if version := versions.get(_status(entry)) or versions.get("current"):
            found[entry.pk] = TargetPage(version.get_absolute_url(), version.space.name)
    return found


def _status(entry: AuditEntry) -> str:
    facts = entry.after or entry.before
    return facts.get("status", "") if isinstance(facts, dict) else ""


def space_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    return pages_of_rows(entries, Space.objects.all(), id_field="remote_id", address=Space.get_absolute_url)


def project_pages(entries: Sequence[AuditEntry]) -> dict[int, TargetPage]:
    return pages_of_rows(entries, Project.objects.all(), id_field="remote_id", address=_in_the_list)


def _in_the_list(project: Project) -> str:
    return f"{reverse('projects', args=[project.connection.slug])}?{urlencode({'q': project.key})}"
