"""Finding one app together with the versions that its pages show."""

from django.db.models import Q, QuerySet

from portal.models import Connection
from privacy.models import App


def with_versions(found: QuerySet[App]) -> QuerySet[App]:
    """These apps with live, draft and working copy loaded."""
    return found.select_related("connection", "live", "draft", "owner__working_copy__base")


def find_app(*, connection: Connection, key: str) -> App | None:
    """The app by app key, product id or exact name; listed ones first; with live, draft and working copy loaded."""
    if "\x00" in key:
        return None
    named = App.objects.filter(Q(app_key=key) | Q(product_id=key) | Q(name=key), connection=connection)
    found = with_versions(named.order_by())  # sorted below; sorting by the database too makes the query slower
    ranked = sorted(found, key=lambda app: (not app.listed, app.app_key != key, app.product_id != key, app.pk))
    return ranked[0] if ranked else None
