"""Django's command that makes an administrator, on record; portal stands before django.contrib.auth for it."""

from django.contrib.auth.management.commands import createsuperuser
from django.db.models import Max

from portal.access import Actor
from portal.models import User
from portal.people import administration


class Command(createsuperuser.Command):
    def handle(self, *args, **options):
        # Not in one transaction: the command asks questions, and a transaction would keep everybody else waiting.
        newest = User.objects.aggregate(newest=Max("pk"))["newest"] or 0
        super().handle(*args, **options)
        for user in User.objects.filter(pk__gt=newest, is_superuser=True):
            administration.record_administrator(actor=Actor.command_line(), user=user)
