"""The portal's own entries in the registry."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Trustdesk"

    def ready(self) -> None:
        from . import registry, sign_in
        from .notifications import outbox

        registry.SWEEPERS.append(outbox.sweep_outbox)
        sign_in.connect()
