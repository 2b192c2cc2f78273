"""The portal's own entries in the registry."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Trustdesk"

    def ready(self) -> None:
        from django.db.models.signals import pre_migrate

        from portal import registry, upgrades
        from portal.audit import targets
        from portal.jobs import operations, stalled
        from portal.notifications import outbox
        from portal.people import sessions, sign_in

        registry.SWEEPERS.extend((stalled.sign, outbox.sweep_outbox, operations.forget_old))
        registry.AUDIT_TARGETS["connection"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["grant"] = ("connection.view", targets.connection_pages)
        registry.AUDIT_TARGETS["person"] = ("connection.view", targets.person_pages)
        pre_migrate.connect(upgrades.refuse_partly_upgraded, sender=self)
        sign_in.connect()
        sessions.connect()
