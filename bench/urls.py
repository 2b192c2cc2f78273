"""The addresses of Trustdesk, and of two admin sites that show the same 250 rows: to read, and with `list_editable`."""

from django.contrib import admin
from django.urls import include, path

from classification.models import Item

COLUMNS = ("title", "kind", "status", "level", "level_state", "remote_changed_at", "level_read_at")


class ItemAdmin(admin.ModelAdmin):
    """No filters, no search, levels joined: the change list at its quickest."""

    list_display = COLUMNS
    list_select_related = ("level",)
    list_per_page = 250
    ordering = ("title", "pk")


class EditableItemAdmin(ItemAdmin):
    list_editable = ("level",)


reading, editing = admin.AdminSite("reading"), admin.AdminSite("editing")
reading.register(Item, ItemAdmin)
editing.register(Item, EditableItemAdmin)

urlpatterns = [
    path("admin-reading/", reading.urls),
    path("admin-editing/", editing.urls),
    path("", include("portal.urls")),
]
