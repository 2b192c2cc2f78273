"""All settings, read strictly from the environment (or `.env`); refuses to start when they are unsafe."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
env.read_file("ENV_FILE", BASE_DIR / ".env")

# --- Where things are kept, and what answers ------------------------------------------------------------------------
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))
SANDBOX = env.flag("SANDBOX", True)
DEBUG = env.flag("DEBUG", False)
HTTPS = env.flag("HTTPS", not SANDBOX)
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", LOOPBACK_HOSTS if SANDBOX else [])
UPSTREAM_HOSTS = env.hosts("UPSTREAM_HOSTS")


def _own_file(path: Path, make=str) -> Path:
    """A file that its owner alone can read, in a folder that its owner alone can open; made where it is missing."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(make())
    except FileExistsError:  # another process of the same first start was quicker
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be made: {error.strerror}.") from None
    return path


def _embedded_secret(name: str, make) -> str:
    """A secret of the embedded default, made once and kept in DATA_DIR."""
    return _own_file(DATA_DIR / f"{name}.key", make).read_text().strip()


SECRET_KEY = env.text("SECRET_KEY")
CREDENTIAL_KEYS = env.words("CREDENTIAL_KEYS")
_loopback_only = set(ALLOWED_HOSTS) <= {*LOOPBACK_HOSTS, "testserver"}

if "*" in ALLOWED_HOSTS or any(host.startswith(".") and host.count(".") < 2 for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS is open. Name the hosts that people use to reach Trustdesk.")
if any(set(host) & set("/@ ") or (":" in host and not host.endswith("]")) for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS holds an address. Name hosts alone, for example trust.example.com.")
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is empty. Name the hosts that people use to reach Trustdesk.")
if DEBUG and not (SANDBOX and _loopback_only):
    raise ImproperlyConfigured("DEBUG is on. It may only be on with SANDBOX=True and loopback ALLOWED_HOSTS.")
if not (SANDBOX or HTTPS or _loopback_only):
    raise ImproperlyConfigured("HTTPS is off. In production it may only be off with loopback ALLOWED_HOSTS.")
if SANDBOX and _loopback_only:
    SECRET_KEY = SECRET_KEY or _embedded_secret("secret", lambda: secrets.token_urlsafe(64))
    CREDENTIAL_KEYS = CREDENTIAL_KEYS or [_embedded_secret("credential", lambda: Fernet.generate_key().decode())]
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY is empty or shorter than 32 characters.")
# The command that makes the first key has to run before there is one.
if not CREDENTIAL_KEYS and sys.argv[1:2] != ["make_key"]:
    raise ImproperlyConfigured("CREDENTIAL_KEYS is empty. Make one with: python manage.py make_key")
try:
    for _key in CREDENTIAL_KEYS:
        Fernet(_key)
except ValueError:
    raise ImproperlyConfigured("CREDENTIAL_KEYS holds something that is not a Fernet key.") from None

# --- Applications ---------------------------------------------------------------------------------------------------
TASK_BACKENDS = {
    "database": {"BACKEND": "django_tasks_db.DatabaseBackend"},
    "redis": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["default"]},
    "immediate": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
}
TASK_BACKEND = env.one_of("TASK_BACKEND", "database", list(TASK_BACKENDS))
TASKS = {"default": TASK_BACKENDS[TASK_BACKEND]}
REDIS_URL = env.address("REDIS_URL", "redis://127.0.0.1:6379/0", ("redis://", "rediss://", "unix://"))
RQ_QUEUES = {"default": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 6 * 3600}}

INSTALLED_APPS = [
    "portal",  # first, for its createsuperuser
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_tasks",
    "django_tasks_db",
    *(["django_rq"] if TASK_BACKEND == "redis" else []),
    "classification",
    "privacy",
]

MIDDLEWARE = [
    # These three put their headers on every answer, also on those of what comes after them.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.HealthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.HeadMiddleware",
    "portal.bodies.BodyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.people.sessions.SessionLimitsMiddleware",
    "portal.middleware.SignedInMiddleware",
    "portal.people.sessions.SecondFactorMiddleware",
    "portal.middleware.WrongMethodMiddleware",
    "portal.middleware.PersonTimeZoneMiddleware",
    "portal.middleware.ApiErrorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.frame",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------
_embedded = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "trustdesk.sqlite3")}
DATABASES = {"default": env.database("DATABASE_URL", _embedded)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # SQLite gives the files that it writes beside this one the same mode.
    _own_file(Path(DATABASES["default"]["NAME"]))
    # A file, as in life: several threads and processes at once, which a database in memory cannot show.
    DATABASES["default"]["TEST"] = {"NAME": f"{tempfile.gettempdir()}/trustdesk-test-{os.getpid()}.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People and sign-in ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.people.passwords.PredictablePasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "portal.people.adapters.ClosedAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {"reset_password": "portal.people.adapters.PasswordResetForm"}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Failed passwords are counted in portal/people/sign_in.py; allauth counts second factors here, per person.
# Its limit on all sign-ins, right ones too, would shut out an office behind one address.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login": None}
# The client address is the peer's, never X-Forwarded-For unasked.
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", 0, least=0, most=10)
MFA_ADAPTER = "portal.people.adapters.EncryptedMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
SESSION_COOKIE_AGE = env.whole("SESSION_HOURS", 12, least=1, most=8760) * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_IDLE_MINUTES = env.whole("SESSION_IDLE_MINUTES", 120, least=0, most=10080)
REQUIRE_SECOND_FACTOR = env.flag("REQUIRE_SECOND_FACTOR", False)
# The limits on tries are counted here; in a table so that all web processes count together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        # With the usual 300 a few hundred addresses would push the counts of tries out of the table.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Atlassian ------------------------------------------------------------------------------------------------------
UPSTREAM_MAX_IN_FLIGHT = env.whole("UPSTREAM_MAX_IN_FLIGHT", 16, least=1, most=256)
UPSTREAM_MAX_IN_FLIGHT_WEB = env.whole("UPSTREAM_MAX_IN_FLIGHT_WEB", 4, least=1, most=64)
UPSTREAM_PATIENCE_WEB = env.number("UPSTREAM_PATIENCE_WEB", 8, least=0, most=60)
UPSTREAM_BUDGET_WEB = env.number("UPSTREAM_BUDGET_WEB", 60, least=5, most=600)
UPSTREAM_PATIENCE_WORK = env.number("UPSTREAM_PATIENCE_WORK", 900, least=0, most=86400)
REMOTE_THREADS = env.whole("REMOTE_THREADS", 8, least=0, most=64)
REMOTE_WAIT = env.number("REMOTE_WAIT", 4, least=0, most=60)

# --- Safety of the web ----------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
# A load balancer asks the process itself, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    # A browser takes these only over https, for all paths and from this very host: no other host can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
# Django's other storage of messages sets a cookie of its own, under a name that cannot be chosen.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_SUBDOMAINS", True)
SECURE_REFERRER_POLICY = "same-origin"
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
if not all(origin.startswith(("https://", "http://")) for origin in CSRF_TRUSTED_ORIGINS):
    raise ImproperlyConfigured("CSRF_TRUSTED_ORIGINS must hold origins, for example https://trust.example.com.")
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
# A draft can hold 500 records and answers of 10,000 characters; one form posts one field, imports post the whole text.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
# No page takes files, so none is stored, not even for the length of a request.
FILE_UPLOAD_HANDLERS = ["portal.bodies.RefuseFiles"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Static files, language, time -----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from where they lie: there is nothing to collect and no build step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True

# --- Mail and logs --------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_CONFIG = env.mail("EMAIL_URL")
vars().update(EMAIL_CONFIG)
if not SANDBOX and EMAIL_BACKEND.endswith(".console.EmailBackend"):
    raise ImproperlyConfigured("EMAIL_URL writes password links to the log. Name a mail server, or leave it out.")
EMAIL_TIMEOUT = 30
SERVICE_NAME = env.text("SERVICE_NAME", "Trustdesk")
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SERVICE_NAME}] "
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Trustdesk <trustdesk@example.com>")

LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"refusals": {"()": "portal.logs.RefusalsInOneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "trustdesk": {"level": LOG_LEVEL},
        "django_tasks": {"level": "WARNING"},
        "django_tasks_db": {"level": "WARNING"},
    },
}
