"""All settings, and the only file that reads the environment.

Every name that may be set from outside is listed in docs/operations.md. A value that cannot be
right stops the start with a sentence, instead of being found out by a lost result.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

from skipportal import __version__

VERSION = __version__
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read_choice(name, default, choices):
    value = env.str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def read_count(name, default, least=0):
    value = env.int(name, default)
    if value < least:
        raise ImproperlyConfigured(f"{name} is {value}; it must be {least} or more.")
    return value


def read_secret_key():
    """Return the key from the environment; if only this computer can reach the server, one of its own in var/."""
    if key := env.str("SECRET_KEY", ""):
        return key
    if not IS_LOCAL:
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it to a long random text and keep it the same.")
    path = VAR_DIR / "secret-key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def read_mail():
    """Django's settings of the mail server; without one, what is mailed is printed."""
    try:
        mail = env.email_url_config(EMAIL_URL or "consolemail://")
    except (ImproperlyConfigured, ValueError):
        # Not repeated: it holds a password.
        raise ImproperlyConfigured("EMAIL_URL must be like smtp+tls://user:password@host:587.") from None
    usual_port = 587 if mail.get("EMAIL_USE_TLS") else 465 if mail.get("EMAIL_USE_SSL") else 25
    return mail | {"EMAIL_PORT": mail["EMAIL_PORT"] or usual_port}


def choose_redis_socket():
    """Where the embedded Redis listens: the operating system allows 107 bytes for a socket's path."""
    path = VAR_DIR / "redis.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    name = hashlib.sha256(os.fsencode(VAR_DIR)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"skipportal-{os.getuid()}-{name}" / "redis.sock"


# Where we are
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()
HOST = env.str("HOST", "127.0.0.1")
PORT = read_count("PORT", 8000, least=1)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
IS_LOCAL = PUBLIC_HOST in LOOPBACK
IS_HTTPS = PUBLIC_URL.startswith("https://")
if not IS_LOCAL and not IS_HTTPS:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL}; the vendor only calls https addresses.")

# The vendor
SANDBOX_PORT = read_count("SANDBOX_PORT", PORT + 1, least=1)
REALESTATEAPI_KEY = env.str("REALESTATEAPI_KEY", "").strip()
IS_SANDBOX = not REALESTATEAPI_KEY
if IS_SANDBOX:
    REALESTATEAPI_KEY = "sandbox"
REALESTATEAPI_URL = env.str(
    "REALESTATEAPI_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if IS_SANDBOX else "https://api.realestateapi.com"
).rstrip("/")
if not REALESTATEAPI_KEY.isascii() or not REALESTATEAPI_KEY.isprintable():
    raise ImproperlyConfigured("REALESTATEAPI_KEY holds characters that no header can carry: copy it once more.")
if not REALESTATEAPI_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(f"REALESTATEAPI_URL is {REALESTATEAPI_URL}; it must begin with https://.")
VENDOR_TIMEOUT = read_count("VENDOR_TIMEOUT", 60, least=1)
ITEMS_IN_FLIGHT = read_count("ITEMS_IN_FLIGHT", 1500, least=1)
UNCONFIRMED_WAIT = read_count("UNCONFIRMED_WAIT", 600)
UNCONFIRMED_POLICY = read_choice("UNCONFIRMED_POLICY", "ask", ["ask", "resend"])
COMPLETION_GRACE = read_count("COMPLETION_GRACE", 120)
SILENCE_LIMIT = read_count("SILENCE_LIMIT", 3600, least=1)
MISSING_RETRIES = read_count("MISSING_RETRIES", 1)
RESULT_RETENTION_DAYS = read_count("RESULT_RETENTION_DAYS", 0)
SWEEP_INTERVAL = read_count("SWEEP_INTERVAL", 60, least=1)
CREDITS_PER_MATCH = env.float("CREDITS_PER_MATCH", 1)
PRICE_PER_CREDIT = env.float("PRICE_PER_CREDIT", 0)
UPLOAD_CREDIT_LIMIT = read_count("UPLOAD_CREDIT_LIMIT", 0)
DAILY_CREDIT_LIMIT = read_count("DAILY_CREDIT_LIMIT", 0)
APPROVAL_ABOVE = read_count("APPROVAL_ABOVE", 0)
MAX_UPLOAD_BYTES = read_count("MAX_UPLOAD_BYTES", 50 * 1024 * 1024, least=1)

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
                "webhooks.context_processors.strays",
                "notices.context_processors.unread",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# What we keep
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'skipportal.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Tests run on a file as well: in memory, SQLite locks in other ways.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a result that was answered 200 must outlive a power cut, as the vendor sends it once.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    # A server that has vanished without a word is found out within seconds, not after the system's minutes.
    patience = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2}
    DATABASES["default"]["OPTIONS"] = patience | DATABASES["default"].get("OPTIONS", {})
MEDIA_ROOT = VAR_DIR / "files"
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600

# Each process of the web server counts in files of its own here; /metrics adds them up.
METRICS_DIR = VAR_DIR / "metrics"
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# Redis carries jobs and nothing else. A queue each for work of different length: one worker each.
REDIS_SOCKET = choose_redis_socket()
REDIS_URL = env.str("REDIS_URL", "") or f"unix://{REDIS_SOCKET}"
IS_REDIS_EMBEDDED = f"unix://{REDIS_SOCKET}" == REDIS_URL
RQ_QUEUES = {
    "intake": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 4 * 3600},
    "planning": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "vendor": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": VENDOR_TIMEOUT + 240},
    "results": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "messages": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
}

# Mail. Where no server is named, nobody is mailed notices: printed, they would be names of lists and addresses in logs.
EMAIL_URL = env.str("EMAIL_URL", "").strip()
IS_MAILING = bool(EMAIL_URL)
globals().update(read_mail())
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
