"""Addresses of the classification pages, below the connection. Keys of personal spaces begin with "~"."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from classification.views import defaults, items, levels, projects, scans, spaces


class NameConverter(StringConverter):
    """A key or id of Atlassian's: never with a NUL character, which PostgreSQL does not even take in a question."""

    regex = "[^/\x00]+"


register_converter(NameConverter, "name")

urlpatterns = [
    path("spaces/", spaces.spaces, name="spaces"),
    path("spaces-export/", spaces.spaces_export, name="spaces_export"),
    path("spaces/<name:key>/", spaces.space, name="space"),
    path("spaces/<name:key>/default/", defaults.space_default, name="space_default"),
    path("spaces/<name:key>/default/undo/", defaults.space_default_undo, name="space_default_undo"),
    path("spaces/<name:key>/export/", spaces.space_export, name="space_export"),
    path("items/<name:kind>/<name:remote_id>/<name:status>/", items.item, name="item"),
    path("items/<name:kind>/<name:remote_id>/<name:status>/level/", items.item_level, name="item_level"),
    path("items/<name:kind>/<name:remote_id>/<name:status>/undo/", items.item_undo, name="item_undo"),
    path("scans/", scans.scan_start, name="scan_start"),
    path("scans/<int:pk>/", scans.scan, name="scan"),
    path("scans/<int:pk>/cancel/", scans.scan_cancel, name="scan_cancel"),
    path("scans/<int:pk>/pause/", scans.scan_pause, name="scan_pause"),
    path("scans/<int:pk>/resume/", scans.scan_resume, name="scan_resume"),
    path("levels/", levels.levels, name="levels"),
    path("levels/read/", levels.levels_read, name="levels_read"),
    path("projects/", projects.projects, name="projects"),
    path("projects-read/", projects.projects_read, name="projects_read"),
    path("projects/<name:key>/default/", projects.project_default, name="project_default"),
    path("projects/<name:key>/default/undo/", projects.project_default_undo, name="project_default_undo"),
]
