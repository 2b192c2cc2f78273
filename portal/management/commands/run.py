"""Runs the web server and the worker together: whichever ends is started again, and the other goes on."""

import os
import sys

from django.conf import settings

from portal.access import require_administrator
from portal.jobs import processes
from portal.management.base import Failed, ServiceCommand


class Command(ServiceCommand):
    help = "Run the processes of the Procfile, web and worker. One that ends is started again; the others go on."

    def arguments(self, parser):
        parser.add_argument("--procfile", default=str(settings.BASE_DIR / "Procfile"), metavar="FILE")

    def run(self, actor, *, procfile, **options):
        require_administrator(actor)
        if not os.access(procfile, os.R_OK):
            raise Failed(f"{procfile} cannot be read.")
        # Django is not needed to watch processes, and would take more memory than all the rest of the runner.
        arguments = [sys.executable, processes.__file__, "run", os.path.abspath(procfile)]
        os.execv(sys.executable, arguments)  # noqa: S606
