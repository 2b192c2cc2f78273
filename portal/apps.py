"""The portal's own entries in the registry."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Trustdesk"

    def ready(self) -> None:
        from . import operations, registry, sessions, sign_in, standstill
        from .audit import targets
        from .notifications import outbox

        registry.SWEEPERS.extend((standstill.sign, outbox.sweep_outbox, operations.forget_old))
        registry.AUDIT_TARGETS["connection"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["grant"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["person"] = ("connection.view", targets.person_pages)
        sign_in.connect()
        sessions.connect()
