"""Scanning: reading a site, or one space of it, into the inventory with as many calls in flight as the site allows.

Calls for a scan of one space: the space, its default, the levels, the pages of its two lists, those of the lists of
drafts, and one for the level of each item. How they are kept flowing is in `scan_coordinator.py`.
"""

import logging

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from classification.inventory.scan_coordinator import ScanCoordinator, ScanFailedError
from classification.models import Item, Scan
from portal.atlassian.errors import ApiError
from portal.fields import SecretUnreadable
from portal.jobs.job_queue import Lease, LeaseLost
from portal.models import Connection

logger = logging.getLogger("trustdesk.classification")


def run(scan: Scan, lease: Lease) -> None:
    """Do a scan that was claimed, to its end: done, failed with a sentence in `scan.error`, or cancelled."""
    try:
        if scan.space_id:
            scan_space(scan, lease)
        else:
            scan_site(scan, lease)
    except (LeaseLost, Connection.DoesNotExist):
        logger.info("scan %s was cancelled, handed to another worker, or removed with its connection", scan.pk)
    except (OperationalError, InterfaceError) as error:
        # It can be neither ended nor failed now. Its lease lapses, and the sweep hands it out again.
        logger.warning("scan %s lost the database, and is handed out again: %s", scan.pk, " ".join(str(error).split()))
        connection.close()
    except (ScanFailedError, SecretUnreadable, ApiError) as error:
        _fail(lease, str(error))
    except Exception as error:
        logger.exception("scan %s stopped", scan.pk)
        _fail(lease, f"Something unexpected stopped the scan ({type(error).__name__}). What was read is kept.")


def _fail(lease: Lease, sentence: str) -> None:
    try:
        lease.fail(sentence)
    except LeaseLost:
        logger.info("scan %s had been taken away when it failed", lease.job.pk)


def scan_space(scan: Scan, lease: Lease) -> None:
    """Read one space with its default, its content and every level. Raises LeaseLost and ScanFailedError."""
    assert scan.space is not None
    coordinator = ScanCoordinator(scan, lease, expected=Item.objects.filter(space=scan.space).count())
    with coordinator.pool:
        coordinator.submit("space", scan.space, coordinator.client.space, scan.space.remote_id)
        coordinator.ask_drafts()
        coordinator.waiting.append(scan.space)
        coordinator.work()
    coordinator.finish()


def scan_site(scan: Scan, lease: Lease) -> None:
    """Load the levels, all spaces with their defaults and policies, and all content. Raises as `scan_space`."""
    known = Item.objects.filter(connection=scan.connection, space__listed=True)
    coordinator = ScanCoordinator(scan, lease, expected=known.count())
    with coordinator.pool:
        coordinator.ask_levels()
        coordinator.ask_drafts()
        coordinator.submit("spaces", timezone.now(), lambda: list(coordinator.client.spaces()))
        coordinator.work()
        coordinator.ask_names()
        coordinator.work()
    coordinator.finish()
