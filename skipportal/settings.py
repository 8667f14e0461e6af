"""All settings, and the only file that reads the environment.

docs/operations.md lists all environment variables. An impossible value prevents the start with a message, before a
result can be lost.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

from skipportal import __version__

VERSION = __version__
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read_choice(name: str, default: str, choices: list[str]) -> str:
    value = env.str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def read_count(name: str, default: int, minimum: int = 0) -> int:
    value = env.int(name, default)
    if value < minimum:
        raise ImproperlyConfigured(f"{name} is {value}; it must be {minimum} or more.")
    return value


def read_secret_key() -> str:
    """Return the key from the environment. If only this computer can reach the server, create one in VAR_DIR."""
    if key := env.str("SECRET_KEY", ""):
        return key
    if not IS_LOCAL:
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it to a long random text, and keep it.")
    path = VAR_DIR / "secret-key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def read_mail() -> dict[str, Any]:
    """Return Django's settings of the mail server. Without one, mails are printed."""
    try:
        mail = env.email_url_config(EMAIL_URL or "consolemail://")
    except (ImproperlyConfigured, ValueError):
        # The value contains a password, so it is not repeated.
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@host:587.") from None
    default_port = 587 if mail.get("EMAIL_USE_TLS") else 465 if mail.get("EMAIL_USE_SSL") else 25
    return mail | {"EMAIL_PORT": mail["EMAIL_PORT"] or default_port}


def socket_path(name: str) -> Path:
    """Return the path of a socket for one of our own servers. The operating system allows 107 bytes."""
    path = VAR_DIR / name
    if len(os.fsencode(path)) <= 100:
        return path
    digest = hashlib.sha256(os.fsencode(VAR_DIR)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"skipportal-{os.getuid()}-{digest}" / name


# Addresses
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()
HOST = env.str("HOST", "127.0.0.1")
PORT = read_count("PORT", 8000, minimum=1)
PAGES_SOCKET = socket_path("pages.sock")
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
IS_LOCAL = PUBLIC_HOST in LOOPBACK
IS_HTTPS = PUBLIC_URL.startswith("https://")
if not IS_LOCAL and not IS_HTTPS:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL}; the vendor only calls https addresses.")

# The vendor
SANDBOX_PORT = read_count("SANDBOX_PORT", PORT + 1, minimum=1)
REALESTATEAPI_KEY = env.str("REALESTATEAPI_KEY", "").strip()
REALESTATEAPI_KEYS_ACCEPTED = env.str("REALESTATEAPI_KEYS_ACCEPTED", "").replace(",", " ").split()
IS_SANDBOX = not REALESTATEAPI_KEY
IS_SANDBOX_WANTED = env.bool("SANDBOX", False)
if IS_SANDBOX and not IS_LOCAL and not IS_SANDBOX_WANTED:
    raise ImproperlyConfigured(
        f"REALESTATEAPI_KEY is not set, but PUBLIC_URL is {PUBLIC_URL}. Set the key, or SANDBOX=1 to use the sandbox."
    )
if IS_SANDBOX_WANTED and not IS_SANDBOX:
    raise ImproperlyConfigured("SANDBOX is 1 although REALESTATEAPI_KEY is set. Unset one of them.")
if IS_SANDBOX:
    REALESTATEAPI_KEY = "sandbox"
REALESTATEAPI_URL = env.str(
    "REALESTATEAPI_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if IS_SANDBOX else "https://api.realestateapi.com"
).rstrip("/")
if not REALESTATEAPI_KEY.isascii() or not REALESTATEAPI_KEY.isprintable():
    raise ImproperlyConfigured("REALESTATEAPI_KEY contains characters that a header cannot carry. Copy it again.")
if not all(key.isascii() and key.isprintable() for key in REALESTATEAPI_KEYS_ACCEPTED):
    raise ImproperlyConfigured("REALESTATEAPI_KEYS_ACCEPTED contains characters that a header cannot carry.")
if not REALESTATEAPI_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(f"REALESTATEAPI_URL is {REALESTATEAPI_URL}; it must begin with https://.")
VENDOR_TIMEOUT = read_count("VENDOR_TIMEOUT", 60, minimum=1)
ITEMS_IN_FLIGHT = read_count("ITEMS_IN_FLIGHT", 1500, minimum=1)
UNCONFIRMED_WAIT = read_count("UNCONFIRMED_WAIT", 600)
UNCONFIRMED_POLICY = read_choice("UNCONFIRMED_POLICY", "ask", ["ask", "resend"])
COMPLETION_GRACE = read_count("COMPLETION_GRACE", 120)
SILENCE_LIMIT = read_count("SILENCE_LIMIT", 3600, minimum=1)
MISSING_RETRIES = read_count("MISSING_RETRIES", 1)
MISSING_SHARE = read_count("MISSING_SHARE", 5)
RESULT_RETENTION_DAYS = read_count("RESULT_RETENTION_DAYS", 0)
SWEEP_INTERVAL = read_count("SWEEP_INTERVAL", 60, minimum=1)
CREDITS_PER_MATCH = env.float("CREDITS_PER_MATCH", 1)
PRICE_PER_CREDIT = env.float("PRICE_PER_CREDIT", 0)
UPLOAD_CREDIT_LIMIT = read_count("UPLOAD_CREDIT_LIMIT", 0)
DAILY_CREDIT_LIMIT = read_count("DAILY_CREDIT_LIMIT", 0)
APPROVAL_ABOVE = read_count("APPROVAL_ABOVE", 0)
# A file of a thousand columns is a form of as many fields, of which some are there twice.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
MAX_UPLOAD_BYTES = read_count("MAX_UPLOAD_BYTES", 50 * 1024 * 1024, minimum=1)

# Django
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = read_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", PUBLIC_HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
ROOT_URLCONF = "skipportal.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

INSTALLED_APPS = [
    "batches",
    "webhooks",
    "notices",
    "api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_filters",
    "django_htmx",
    "django_rq",
    "django_tables2",
    "ninja",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "skipportal.middleware.use_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

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
                "batches.context_processors.site",
                "webhooks.context_processors.unmatched_deliveries",
                "notices.context_processors.unread",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# Storage
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'skipportal.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Tests use a file too, because SQLite locks differently in memory.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: the vendor sends a result only once, so one that was answered with 200 must survive a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    # Notice within seconds that a server has vanished. By default it would take minutes.
    timeouts = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2}
    DATABASES["default"]["OPTIONS"] = timeouts | DATABASES["default"].get("OPTIONS", {})
MEDIA_ROOT = VAR_DIR / "files"
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "batches.intake.stored_files.WholeFileStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600

# Each receiver writes its counts to its own file in this directory. /metrics adds them up.
METRICS_DIR = Path(env.str("METRICS_DIR", str(VAR_DIR / "metrics"))).resolve()
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# Redis carries jobs and nothing else. Jobs of different lengths have separate queues with a worker each.
REDIS_SOCKET = socket_path("redis.sock")
REDIS_URL = env.str("REDIS_URL", "") or f"unix://{REDIS_SOCKET}"
IS_REDIS_EMBEDDED = f"unix://{REDIS_SOCKET}" == REDIS_URL
RQ_QUEUES = {
    "intake": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 4 * 3600},
    "planning": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "vendor": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": VENDOR_TIMEOUT + 240},
    "results": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "messages": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
}

# Mail. Without a mail server no notices are mailed: if they were printed, names of lists and addresses would be logged.
EMAIL_URL = env.str("EMAIL_URL", "").strip()
IS_MAILING = bool(EMAIL_URL)
MAIL = read_mail()
EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
EMAIL_HOST = MAIL["EMAIL_HOST"]
EMAIL_PORT = MAIL["EMAIL_PORT"]
EMAIL_HOST_USER = MAIL["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"] or None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", f"skipportal@{PUBLIC_HOST}")
if "@" not in DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured(f"MAIL_FROM is {DEFAULT_FROM_EMAIL!r}; it must be an email address.")

# Safe by default
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "object-src": ["'none'"],
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ["UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator"]
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "skipportal.log_filters.NoJobTracebacks"}},
    "formatters": {
        "private": {
            "()": "skipportal.log_filters.PrivateFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "private", "filters": ["private"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "rq": {"level": "WARNING"},
    },
}
