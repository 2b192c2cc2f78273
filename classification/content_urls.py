"""Addresses of the list of content over all sites."""

from django.urls import path

from classification.views import content

urlpatterns = [
    path("", content.content, name="content"),
    path("export/", content.content_export, name="content_export"),
]
