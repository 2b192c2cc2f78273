"""What privacy registers with the portal: capabilities, roles, navigation, audit labels."""

from django.apps import AppConfig

from portal import registry

#: Subject of the activity's filter -> its actions with their words.
AUDIT_ACTIONS = {
    "Drafts": {
        "apps.read": "Refreshed the apps",
        "draft.edit": "Edited the working copy",
        "draft.reset": "Discarded changes",
        "draft.save": "Saved the draft to Marketplace",
        "draft.discard": "Discarded the draft",
        "draft.restore": "Restored a version as working copy",
    },
    "Approvals": {
        "review.ask": "Requested approval",
        "review.withdraw": "Withdrew the request for approval",
        "review.approve": "Approved",
        "review.comment": "Approved with a comment",
        "review.changes": "Requested changes",
        "review.lapse": "Approval dismissed",
    },
    "Publishing": {
        "draft.publish": "Published",
        "alert.open": "Live was changed at Atlassian",
        "alert.end": "Alert resolved automatically",
        "alert.resolve": "Resolved an alert",
    },
}

#: What older entries call them.
EARLIER_ACTIONS = {"alarm.open": "alert.open", "alarm.end": "alert.end", "alarm.settle": "alert.resolve"}


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = "Privacy & Security"

    def ready(self) -> None:
        from privacy import audit_entries, home
        from privacy.drafts import edit_audit
        from privacy.marketplace import app_list
        from privacy.marketplace.refresh import app_read
        from privacy.reviews import status

        app_read.connect(status.dismiss_if_draft_changed, dispatch_uid="privacy.reviews")
        registry.HOME_PARTS.append(home.home_part)
        registry.HOLDINGS.append(home.holds)
        registry.DEMO_STEPS.append(app_list.fill_demo)
        registry.SWEEPERS.append(app_list.sweep_publishing)
        registry.add_capabilities(
            {
                "privacy.view": "see Privacy & Security documents",
                "privacy.edit": "edit, save and discard drafts and request approval",
                "privacy.approve": "sign off drafts",
                "privacy.publish": "publish drafts",
            },
            to={"viewer": ("privacy.view",), "connection_admin": ("privacy.view",)},
        )
        for key in ("demo", "sweep"):
            registry.SYSTEM_ACTORS[key].capabilities.add("privacy.view")
        kinds = ("marketplace",)
        see = {"connection.view", "activity.view", "privacy.view"}
        roles = (
            ("privacy_editor", "Privacy editor", "Edits drafts, saves them to Marketplace, requests approval.", "edit"),
            ("privacy_reviewer", "Privacy reviewer", "Approves drafts for privacy.", "approve"),
            ("legal_reviewer", "Legal reviewer", "Approves drafts for legal.", "approve"),
            ("security_reviewer", "Security reviewer", "Approves drafts for security.", "approve"),
            ("publisher", "Publisher", "Publishes drafts that are approved.", "publish"),
        )
        for key, label, description, capability in roles:
            registry.add_role(registry.Role(key, label, description, kinds, see | {f"privacy.{capability}"}))
        registry.AUDIT_CHANGES["draft.edit"] = edit_audit.changes_of
        registry.NAV.append(registry.NavItem("Apps", "app", "apps", kinds, "privacy.view", 10))
        registry.AUDIT_TARGETS["app"] = ("privacy.view", audit_entries.audit_target_pages)
        for subject, labels in AUDIT_ACTIONS.items():
            registry.add_audit_actions(subject, labels)
        registry.EARLIER_ACTIONS.update(EARLIER_ACTIONS)
