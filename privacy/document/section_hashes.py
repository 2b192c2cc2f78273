"""One hash per section of a document: what an approval of that section is bound to."""

from typing import Final

from privacy.document import canonical_json
from privacy.document.canonical_json import MISSING, Json
from privacy.document.catalogue import REST, SECTIONS
from privacy.document.document import CLOUD, Document

_KEYS: Final = tuple(section.key for section in SECTIONS if section is not REST)


def section_hashes(document: Document) -> dict[str, str]:
    """sha256 (hex) by section key; each changes when, and only when, content changes that its section shows.

    Places that the catalogue does not know belong to the section that shows them (`catalogue.section_of`). The section
    "other" covers everything outside the others, so a change of content changes at least one; only an empty, a null and
    a missing commonCloud count as one, since a section's first answer makes it.
    """
    tree = document.content()
    cloud = tree.get(CLOUD) if isinstance(tree, dict) else None
    inside = cloud if isinstance(cloud, dict) else {}
    hashes = {key: canonical_json.digest(inside.get(key, MISSING)) for key in _KEYS}
    return {**hashes, REST.key: canonical_json.digest(_rest(tree, cloud, inside))}


def _rest(tree: Json, cloud: Json, inside: dict[str, Json]) -> Json:
    """What lies outside all other sections."""
    if not isinstance(tree, dict) or not (cloud is None or isinstance(cloud, dict)):
        return tree
    beside = {key: value for key, value in inside.items() if key not in _KEYS}
    rest = {key: value for key, value in tree.items() if key != CLOUD}
    return rest | ({CLOUD: beside} if beside else {})
