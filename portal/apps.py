"""The portal's own entries in the registry."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Trustdesk"

    def ready(self) -> None:
        from portal import registry
        from portal.audit import targets
        from portal.jobs import operations, stalled
        from portal.notifications import outbox
        from portal.people import sessions, sign_in

        registry.SWEEPERS.extend((stalled.sign, outbox.sweep_outbox, operations.forget_old))
        registry.AUDIT_TARGETS["connection"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["grant"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["person"] = ("connection.view", targets.person_pages)
        sign_in.connect()
        sessions.connect()
