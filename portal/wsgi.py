"""The WSGI application that a web server runs."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from portal.bodies import with_readable_type

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

try:
    application = with_readable_type(get_wsgi_application())
except ImproperlyConfigured as error:
    sys.stderr.write(f"Trustdesk does not start: {error}\n")
    # The status with which gunicorn's workers say that starting another one is of no use.
    sys.exit(3)
