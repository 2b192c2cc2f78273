"""The settings of the measurements: those of Trustdesk, and Django's admin beside it as the peer."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "django.contrib.admin"]
ROOT_URLCONF = "bench.urls"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
SILENCED_SYSTEM_CHECKS = ["admin.E410", "admin.E408", "admin.E409"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
