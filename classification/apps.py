"""What classification registers with the portal: capabilities, roles, navigation, audit labels, sweepers."""

from django.apps import AppConfig

from portal import registry

CAPABILITIES = {
    "classification.view": "see the classification",
    "classification.set": "change the classification of pages and blog posts",
    "classification.set_default": "change the default level of spaces and projects",
    "classification.scan": "read spaces again",
}
SEE = {"connection.view", "activity.view", "classification.view", "classification.scan"}
ROLES = (
    registry.Role(
        "classifier",
        "Classifier",
        "Sets the level of pages and blog posts, and scans spaces.",
        ("site",),
        SEE | {"classification.set"},
    ),
    registry.Role(
        "classification_manager",
        "Classification manager",
        "Also sets the default level of spaces and projects.",
        ("site",),
        SEE | {"classification.set", "classification.set_default"},
    ),
)
NAV = (
    registry.NavItem("Spaces", "space", "spaces", ("site",), "classification.view", 10),
    registry.NavItem("Projects", "project", "projects", ("site",), "classification.view", 20),
    registry.NavItem("Levels", "levels", "levels", ("site", "organization"), "classification.view", 30),
)
GENERAL_NAV = (registry.NavItem("Content", "page", "content", ("site",), "classification.view"),)
LEVEL_ACTIONS = {
    "item.level.set": "Set the level",
    "item.level.reset": "Reset the level to the space default",
    "item.level.remove": "Removed the level",
    "space.default.set": "Set the space default",
    "space.default.clear": "Cleared the space default",
    "project.default.set": "Set the project default",
    "project.default.clear": "Cleared the project default",
    "level.changed_outside": "Changed outside Trustdesk",
}
SCAN_ACTIONS = {
    "scan.asked": "Scanned",
    "scan.cancelled": "Cancelled a scan",
    "scan.paused": "Paused a scan",
    "scan.resumed": "Resumed a scan",
    "levels.read": "Refreshed the levels",
    "projects.read": "Refreshed the projects",
}


class ClassificationConfig(AppConfig):
    name = "classification"
    verbose_name = "Data classification"

    def ready(self) -> None:
        from classification import audit_targets, selectors, tasks
        from classification.coverage import home
        from classification.inventory import item_counts, refresh

        see = ("classification.view",)
        registry.add_capabilities(CAPABILITIES, to={"viewer": see, "connection_admin": see})
        for role in ROLES:
            registry.add_role(role)
        registry.SYSTEM_ACTORS["scan"] = registry.SystemActor("Trustdesk (scan)")
        registry.SYSTEM_ACTORS["demo"].capabilities.update({"classification.view", "classification.scan"})
        registry.NAV.extend(NAV)
        registry.GENERAL_NAV.extend(GENERAL_NAV)
        registry.add_audit_actions("Levels", LEVEL_ACTIONS)
        registry.add_audit_actions("Scans", SCAN_ACTIONS)
        for kind in ("page", "blogpost"):
            registry.AUDIT_TARGETS[kind] = ("classification.view", audit_targets.item_pages)
        registry.AUDIT_TARGETS["space"] = ("classification.view", audit_targets.space_pages)
        registry.AUDIT_TARGETS["project"] = ("classification.view", audit_targets.project_pages)
        registry.SWEEPERS.extend((tasks.sweep_scans, item_counts.keep_counts))
        registry.HOME_PARTS.append(home.home_part)
        registry.HOLDINGS.append(selectors.holds)
        registry.DEMO_STEPS.append(refresh.fill_demo)
