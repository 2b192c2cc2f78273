"""The background task of a scan, and the sweeper that hands out interrupted scans again."""

from django_tasks import task

from classification.inventory import scanning
from classification.models import Scan
from portal.jobs import job_queue


@task()
def run_scan(scan_id: int) -> None:
    """Do the scan that has waited longest for the connection of this one, unless a scan of it is running.

    A task only tells a worker that there is work. Which scan is next is decided by the rows, so scans of one
    connection are done in the order in which they were requested.

    Whether it may be done was decided when it was requested (`refresh.request_scan`): it only reads, and what it finds
    is recorded as the doing of the scan, not of who requested it.
    """
    requested = Scan.objects.select_related("connection", "space").filter(pk=scan_id).first()
    scan = requested and job_queue.first_waiting(requested)
    if scan is None:
        return
    with job_queue.claimed(scan, enqueue=hand_out) as lease:
        if lease:
            scanning.run(scan, lease)


def hand_out(scan: Scan) -> None:
    run_scan.enqueue(scan.pk)


def sweep_scans() -> int:
    """Hand out scans that lost their worker. Returns how many."""
    return job_queue.sweep(Scan, hand_out)
