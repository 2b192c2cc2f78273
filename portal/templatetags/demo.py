"""The demo's people on the sign-in page."""

from django import template
from django.conf import settings

from portal.demo import PEOPLE
from portal.models import User

register = template.Library()


@register.simple_tag
def demo_people() -> list[dict]:
    """The demo people that exist, with their password; none outside the sandbox."""
    if not settings.SANDBOX:
        return []
    there = set(User.objects.filter(email__in=[person["email"] for person in PEOPLE]).values_list("email", flat=True))
    return [person for person in PEOPLE if person["email"] in there]
