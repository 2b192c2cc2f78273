"""The door for web servers."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Trustdesk does not start: {error}\n")
    # The status with which gunicorn's workers say that starting another one is of no use.
    sys.exit(3)
