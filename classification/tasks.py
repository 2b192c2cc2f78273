"""The background task of a scan, and the sweeper that hands out interrupted scans again."""

from django_tasks import task

from classification.inventory import scanning
from classification.models import Scan
from portal.jobs import job_queue


@task()
def run_scan(scan_id: int) -> None:
    """Do one scan, unless somebody else has it or it was cancelled.

    Whether it may be done was decided when it was requested (`reading.ask_scan`): it only reads, and what it finds is
    recorded as the doing of the scan, not of who requested it.
    """

    scan = Scan.objects.select_related("connection", "space").filter(pk=scan_id).first()
    lease = job_queue.claim(scan) if scan else None
    if scan and lease:
        scanning.run(scan, lease)


def sweep_scans() -> int:
    """Hand out scans that lost their worker. Returns how many."""
    return job_queue.sweep(Scan, lambda scan: run_scan.enqueue(scan.pk))
