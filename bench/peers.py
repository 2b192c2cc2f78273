"""The tables of the peer of bench.autosave: a document as JSON, and copies of the row for its history."""

from django.db import models


class Plain(models.Model):
    document = models.JSONField()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return "A document"


class History(models.Model):
    document = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return "A version of it"
