"""The typed client of Marketplace REST v3: Privacy & Security documents, and the apps of a developer space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portal.atlassian import paging, reading
from portal.atlassian.errors import NotFound, Refused, Unavailable
from portal.atlassian.http import ApiSession
from portal.atlassian.messages import Answer, Call
from portal.atlassian.types import App, DeveloperSpace, TrustInfo

LARGEST_PAGE = 50

_REST = "https://developer.atlassian.com/platform/marketplace/rest/v3/"
_PARTNER = "A partner account that may manage this app's listing, with an API token; apps cannot do this"
_PRODUCT = "/rest/3/privacy-and-security/products/{productId}"


class MarketplaceClient:
    """Reads and changes what a vendor shows on the Marketplace; see `errors.py` for what is raised.

    There is no version and no lock: anybody can change or publish a draft in Atlassian's own console meanwhile.
    """

    def __init__(self, session: ApiSession) -> None:
        self.session = session

    TRUST_INFO = Call(
        name="marketplace.trust_info",
        method="GET",
        path=_PRODUCT,
        does="read the Privacy & Security document of an app",
        permission=f"For a draft: {_PARTNER}",
        idempotent=True,
        doc=f"{_REST}api-group-privacy-and-security/#api-rest-3-privacy-and-security-products-productid-get",
    )

    def trust_info(self, product_id: str, state: str) -> TrustInfo | None:
        """The document in one state, "live" or "draft"; None when the app has no such version.

        The state is always sent, because what is meant without it differs between the generations of this API.
        """
        try:
            answer = self.session.call(self.TRUST_INFO, path_args={"productId": product_id}, params={"state": state})
        except NotFound as error:
            if error.status == 404:
                return None
            raise
        document = reading.mapping(answer, answer.json(), "the document")
        reading.mapping(answer, document.get("commonCloud"), "its commonCloud")
        return TrustInfo(text=answer.text, document=document)

    PUT_DRAFT = Call(
        name="marketplace.put_draft",
        method="PUT",
        path=_PRODUCT,
        does="save the Privacy & Security draft of an app",
        permission=_PARTNER,
        idempotent=True,
        doc=f"{_REST}api-group-privacy-and-security/#api-rest-3-privacy-and-security-products-productid-put",
    )

    def put_draft(self, product_id: str, document: Mapping[str, Any]) -> bool:
        """Replace the draft, or create it. Whatever the document leaves out is gone afterwards.

        Returns whether an earlier try got no answer, so that the same document may arrive once more.

        document: as `trust_info` gave it, changed or not. Only `commonCloud.properties` is not sent, because it is
        Atlassian's own; every other key, type, order and number literal goes out as it is.
        """
        common = document.get("commonCloud")
        if not isinstance(common, Mapping):
            raise Refused(
                "The document has no commonCloud object, so there is nothing to save.", call=self.PUT_DRAFT.name
            )
        kept = {name: value for name, value in common.items() if name != "properties"}
        body = {name: kept if name == "commonCloud" else value for name, value in document.items()}
        return self.session.call(self.PUT_DRAFT, path_args={"productId": product_id}, body=body).unanswered

    DISCARD_DRAFT = Call(
        name="marketplace.discard_draft",
        method="DELETE",
        path=_PRODUCT,
        does="discard the Privacy & Security draft of an app",
        permission=_PARTNER,
        idempotent=True,
        doc=f"{_REST}api-group-privacy-and-security/#api-rest-3-privacy-and-security-products-productid-delete",
    )

    def discard_draft(self, product_id: str) -> None:
        """Throw the draft away; the live version is untouched. Raises NotFound when there is none."""
        try:
            self.session.call(self.DISCARD_DRAFT, path_args={"productId": product_id})
        except Unavailable as error:
            # The answer to a first try was lost: that a later one found nothing means that the first one worked.
            if error.last_told is None or error.last_told.status != 404:
                raise

    PUBLISH = Call(
        name="marketplace.publish",
        method="POST",
        path=f"{_PRODUCT}/publish",
        does="publish the Privacy & Security draft of an app",
        permission=_PARTNER,
        idempotent=False,
        doc=f"{_REST}api-group-privacy-and-security/#api-rest-3-privacy-and-security-products-productid-publish-post",
    )

    def publish(self, product_id: str) -> None:
        """Make the draft live. Never repeated: after Unavailable, read live and draft to find out what happened."""
        self.session.call(self.PUBLISH, path_args={"productId": product_id}, retry=False)

    APPS = Call(
        name="marketplace.apps",
        method="GET",
        path="/rest/3/product-listing/developer-space/{developerId}",
        does="list the apps of a developer space",
        permission="A partner account of the developer space",
        idempotent=True,
        doc=f"{_REST}api-group-app-listing/#api-rest-3-product-listing-developer-space-developerid-get",
    )

    def apps(self, developer_id: str, include_private: bool = True) -> Iterator[App]:
        """The apps of a developer space."""
        pages = paging.linked(
            self.session,
            self.APPS,
            links="links",
            path_args={"developerId": developer_id},
            params={"limit": LARGEST_PAGE, "includePrivate": include_private},
        )
        for answer, body in pages:
            for entry in reading.entries(answer, body.get("items"), "the list of apps"):
                yield _app(answer, entry)

    DEVELOPER_SPACE = Call(
        name="marketplace.developer_space",
        method="GET",
        path="/rest/3/developer-space/{developerId}",
        does="read a developer space",
        permission="A partner account of the developer space",
        idempotent=True,
        doc=f"{_REST}api-group-developer-space/#api-rest-3-developer-space-developerid-get",
    )

    def developer_space(self, developer_id: str) -> DeveloperSpace:
        """One developer space by its id."""
        answer = self.session.call(self.DEVELOPER_SPACE, path_args={"developerId": developer_id})
        entry = reading.mapping(answer, answer.json())
        return DeveloperSpace(
            id=reading.required(answer, entry, "id"),
            vendor_id=reading.text(entry.get("vendorId")),
            name=reading.text(entry.get("name")),
            status=reading.text(entry.get("status")),
        )


def _app(answer: Answer, entry: dict[str, Any]) -> App:
    return App(
        product_id=reading.required(answer, entry, "productId", most=80),
        app_key=reading.text(entry.get("appKey")),
        name=reading.text(entry.get("appName")),
        developer_id=reading.text(entry.get("developerId")),
        state=reading.text(entry.get("state")),
        approval_status=reading.text(entry.get("approvalStatus")),
        slug=reading.text(entry.get("slug")),
    )
