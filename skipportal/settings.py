"""All settings, and the only file that reads the environment.

docs/operations.md lists all environment variables. If a value is invalid, the start fails with a message before any
result can be lost.
"""

import base64
import difflib
import hashlib
import ipaddress
import math
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

from skipportal import __version__

VERSION = __version__
BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(environ.Env):
    """An environment that remembers which names were read, so that misspelt ones are found."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get_value(self, var: str, *arguments: Any, **options: Any) -> Any:
        self.names.add(var)
        return super().get_value(var, *arguments, **options)

    def find_misspelt(self) -> tuple[str, str] | None:
        """Return a name in the environment that we do not know, and the known one that it resembles."""
        for name in sorted(set(os.environ) - self.names):
            if similar := difflib.get_close_matches(name.upper(), self.names, 1, MISSPELT_ABOVE):
                return name, similar[0]
        return None


MISSPELT_ABOVE = 0.9
"""Similarity of two names above which one is the other, misspelt: one letter in ten."""
MIN_SECRET_LENGTH, MIN_SECRET_LETTERS = 32, 8
MIN_TOKEN_LENGTH = 12
MAX_PORT = 65535
env = Environment()


def read_parsed(name: str, default: Any, parse: Callable[[str], Any], kind: str) -> Any:
    """Return a value, parsed, or the default if the variable is missing or empty."""
    value = env.str(name, "").strip()
    if not value:
        return default
    try:
        return parse(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be {kind}.") from None


def read_number(name: str, default: float) -> float:
    value = read_parsed(name, default, float, "a number, such as 0.12")
    if not 0 <= value < math.inf:
        raise ImproperlyConfigured(f"{name} is {value}; it must be 0 or more.")
    return value


def read_flag(name: str, default: bool) -> bool:
    return read_parsed(name, default, parse_flag, "1 or 0")


def parse_flag(value: str) -> bool:
    word = value.lower()
    if word not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ValueError
    return word in {"1", "true", "yes", "on"}


def read_database(name: str, default: str) -> dict[str, Any]:
    url = env.str(name, "").strip() or default
    # The value contains a password, so it is not repeated.
    sentence = (
        f"{name} must look like postgresql://user:password@host/name or sqlite:///path. In the password, write @ as "
        "%40, / as %2F, ? as %3F and % as %25."
    )
    if urlsplit(url).scheme not in DATABASE_SCHEMES:
        raise ImproperlyConfigured(sentence)
    try:
        database = env.db_url_config(url)
    except (ImproperlyConfigured, ValueError):
        raise ImproperlyConfigured(sentence) from None
    if "@" in str(database["NAME"]) and not urlsplit(url).scheme.startswith("sqlite"):
        # The password contains a slash, so that what follows it counts as the name.
        raise ImproperlyConfigured(sentence)
    return database


DATABASE_SCHEMES = {"postgresql", "postgres", "pgsql", "sqlite"}


def read_redis(name: str, default: str) -> str:
    url = env.str(name, "").strip() or default
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix://.")
    return url


def read_choice(name: str, default: str, choices: list[str]) -> str:
    value = env.str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def read_count(name: str, default: int, minimum: int = 0) -> int:
    value = int(read_parsed(name, default, int, "a whole number"))
    if value < minimum:
        raise ImproperlyConfigured(f"{name} is {value}; it must be {minimum} or more.")
    return value


def read_port(name: str, default: int, minimum: int = 1) -> int:
    port = read_count(name, default, minimum)
    if port > MAX_PORT:
        raise ImproperlyConfigured(f"{name} is {port}; it must be {MAX_PORT} or less.")
    return port


def read_roles(name: str) -> list[str]:
    roles = env.list(name, default=[])
    return [check_role(name, role.strip()) for role in roles if role.strip()]


def check_role(name: str, role: str) -> str:
    if role not in ROLES:
        raise ImproperlyConfigured(f"{name} contains {role!r}; roles are {', '.join(ROLES)}.")
    return role


def read_networks(name: str, default: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = env.list(name, default=default)
    try:
        return [ipaddress.ip_network(network.strip()) for network in networks if network.strip()]
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name}: {problem}. Write networks as 10.0.0.0/8, separated by commas.") from None


def read_headers(name: str) -> dict[str, str]:
    """Return headers that are written as name=value, separated by commas, with %XX for what is special."""
    parts = [part.partition("=") for part in env.str(name, "").split(",") if part.strip()]
    headers = {header.strip(): unquote(value.strip()) for header, _, value in parts}
    if not all(re.fullmatch(r"[\w-]+", header) and value.isprintable() and value for header, value in headers.items()):
        # A value may be a key, so none is repeated.
        raise ImproperlyConfigured(f"{name} must look like name=value,name=value.")
    return headers


def read_secret_key() -> str:
    """Return the key from the environment. If only this computer can reach the server, create one in VAR_DIR."""
    if key := env.str("SECRET_KEY", ""):
        if not IS_LOCAL and (len(key) < MIN_SECRET_LENGTH or len(set(key)) < MIN_SECRET_LETTERS):
            # The value is a secret, so it is not repeated.
            raise ImproperlyConfigured(
                f"SECRET_KEY is easy to guess. Set it to {MIN_SECRET_LENGTH} or more random characters, and keep it."
            )
        return key
    if not IS_LOCAL:
        raise ImproperlyConfigured("SECRET_KEY is not set. Set it to a long random string, and keep it.")
    path = VAR_DIR / "secret-key"
    if not path.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


def read_encryption_keys(name: str) -> list[str]:
    """Return the keys that encrypt stored secrets: 32 bytes each, in URL-safe base64."""
    keys = env.str(name, "").replace(",", " ").split()
    for key in keys:
        try:
            is_valid = len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
        except ValueError:
            is_valid = False
        if not is_valid:
            # The value is a secret, so it is not repeated.
            raise ImproperlyConfigured(
                f"{name} contains something that is not a Fernet key. Make keys as docs/operations.md says."
            )
    return keys


def read_mail() -> dict[str, Any]:
    """Return Django's settings for the mail server. Without a mail server, mails are printed."""
    try:
        mail = env.email_url_config(EMAIL_URL or "consolemail://")
    except (ImproperlyConfigured, ValueError):
        # The value contains a password, so it is not repeated.
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@host:587.") from None
    default_port = 587 if mail.get("EMAIL_USE_TLS") else 465 if mail.get("EMAIL_USE_SSL") else 25
    return mail | {"EMAIL_PORT": mail["EMAIL_PORT"] or default_port}


def read_var_dir(unit_settings: Path) -> Path:
    """Return the directory that everything is written to. On a host with units, refuse to make up one of our own.

    A command without the settings of the units would succeed on an empty database, and say that all is done.
    """
    directory = env.str("VAR_DIR", "").strip()
    if not directory and unit_settings.exists():
        raise ImproperlyConfigured(f"The settings of this host are in {unit_settings}. Use deploy/manage COMMAND.")
    return Path(directory or BASE_DIR / "var").resolve()


def socket_path(name: str) -> Path:
    """Return the path of a socket for one of our own servers: in VAR_DIR, or elsewhere if that path is too long."""
    path = VAR_DIR / name
    # Linux allows 107 bytes, macOS 103.
    if len(os.fsencode(path)) <= 100:
        return path
    digest = hashlib.sha256(os.fsencode(VAR_DIR)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"skipportal-{os.getuid()}-{digest}" / name


def is_safe_url(url: str) -> bool:
    """Return whether a URL is https, or leads to this computer."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


# The files that a process creates contain personal data, sessions or keys, so only its own account may read them.
os.umask(0o077)

# Addresses
VAR_DIR = read_var_dir(Path("/etc/skipportal/env"))
HOST = env.str("HOST", "127.0.0.1")
PORT = read_port("PORT", 8000)
PAGES_SOCKET = socket_path("pages.sock")
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
IS_LOCAL = PUBLIC_HOST in LOOPBACK
IS_HTTPS = PUBLIC_URL.startswith("https://")
if not IS_LOCAL and not IS_HTTPS:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL}; the vendor only calls https addresses.")

# The vendor
SANDBOX_PRICE = 0.12
"""An invented price of one credit, so that the sandbox shows amounts of money."""
SANDBOX_PORT = read_port("SANDBOX_PORT", PORT + 1)
REALESTATEAPI_KEY = env.str("REALESTATEAPI_KEY", "").strip()
REALESTATEAPI_KEYS_ACCEPTED = env.str("REALESTATEAPI_KEYS_ACCEPTED", "").replace(",", " ").split()
IS_SANDBOX = not REALESTATEAPI_KEY
IS_SANDBOX_WANTED = read_flag("SANDBOX", False)
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
VENDOR_NETWORKS = read_networks("VENDOR_NETWORKS", [])
VENDOR_TIMEOUT = read_count("VENDOR_TIMEOUT", 60, minimum=1)
ITEMS_IN_FLIGHT = read_count("ITEMS_IN_FLIGHT", 1500, minimum=1)
SMALL_KEYS = read_flag("SMALL_KEYS", False)
UNCONFIRMED_WAIT = read_count("UNCONFIRMED_WAIT", 600)
UNCONFIRMED_POLICY = read_choice("UNCONFIRMED_POLICY", "ask", ["ask", "resend"])
COMPLETION_GRACE = read_count("COMPLETION_GRACE", 120)
SILENCE_LIMIT = read_count("SILENCE_LIMIT", 3600, minimum=1)
MISSING_RETRIES = read_count("MISSING_RETRIES", 1)
MISSING_SHARE = read_count("MISSING_SHARE", 5)
RESULT_RETENTION_DAYS = read_count("RESULT_RETENTION_DAYS", 365)
DNC_STALE_DAYS = read_count("DNC_STALE_DAYS", 31, minimum=1)
SCRUB_PROVIDER_URL = env.str("SCRUB_PROVIDER_URL", "").strip()
SCRUB_PROVIDER_KEY = env.str("SCRUB_PROVIDER_KEY", "").strip()
SCRUB_PROVIDER_PRICE = env.str("SCRUB_PROVIDER_PRICE", "0").strip()
IS_PROVIDER_SAFE = SCRUB_PROVIDER_URL.startswith("https://") or urlsplit(SCRUB_PROVIDER_URL).hostname in LOOPBACK
if SCRUB_PROVIDER_URL and not IS_PROVIDER_SAFE:
    raise ImproperlyConfigured(f"SCRUB_PROVIDER_URL is {SCRUB_PROVIDER_URL}; it must begin with https://.")
if not SCRUB_PROVIDER_PRICE.replace(".", "", 1).isdecimal():
    raise ImproperlyConfigured(f"SCRUB_PROVIDER_PRICE is {SCRUB_PROVIDER_PRICE}; it must be dollars, such as 0.005.")
INPUT_RETENTION_DAYS = read_count("INPUT_RETENTION_DAYS", 365)
FILE_RETENTION_DAYS = read_count("FILE_RETENTION_DAYS", 90)
# Triggers of accounts/migrations/0002_roles.py refuse to delete entries that are younger than the minimum.
AUDIT_RETENTION_DAYS = read_count("AUDIT_RETENTION_DAYS", 730, minimum=30)
EXPORT_CERTIFICATE_DAYS = read_count("EXPORT_CERTIFICATE_DAYS", 1827)
SWEEP_INTERVAL = read_count("SWEEP_INTERVAL", 60, minimum=1)
CREDITS_PER_MATCH = read_number("CREDITS_PER_MATCH", 1)
PRICE_PER_CREDIT = read_number("PRICE_PER_CREDIT", SANDBOX_PRICE if IS_SANDBOX else 0)
UPLOAD_CREDIT_LIMIT = read_count("UPLOAD_CREDIT_LIMIT", 0)
DAILY_CREDIT_LIMIT = read_count("DAILY_CREDIT_LIMIT", 0)
APPROVAL_ABOVE = read_count("APPROVAL_ABOVE", 0)
CONFIRM_ABOVE = read_count("CONFIRM_ABOVE", 1000)
DEFAULT_PURPOSE = env.str("DEFAULT_PURPOSE", "contact-owners")
# The form for a file with a thousand columns has a field for each of them, and a second field for some.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
MAX_UPLOAD_BYTES = read_count("MAX_UPLOAD_BYTES", 50 * 1024 * 1024, minimum=1)
API_RATE = read_count("API_RATE", 600)

# Signing in. docs/sign-in.md explains these settings.
ROLES = ["Viewer", "Member", "Lead", "Approver", "Administrator"]
SESSION_IDLE_MINUTES = read_count("SESSION_IDLE_MINUTES", 30, minimum=1)
SESSION_HOURS = read_count("SESSION_HOURS", 12, minimum=1)
REAUTHENTICATION_MINUTES = read_count("REAUTHENTICATION_MINUTES", 0 if IS_SANDBOX else 15)
SECOND_FACTOR_FOR = read_roles("SECOND_FACTOR_FOR")
TRUSTED_PROXIES = read_networks("TRUSTED_PROXIES", ["127.0.0.0/8", "::1"])
OIDC_URL = env.str("OIDC_URL", "").strip().rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", "").strip()
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", "").strip()
OIDC_NAME = env.str("OIDC_NAME", "Single sign-on")
OIDC_ROLE = env.str("OIDC_ROLE", "").strip()
OIDC_TRUST_EMAIL = read_flag("OIDC_TRUST_EMAIL", False)
if OIDC_ROLE:
    check_role("OIDC_ROLE", OIDC_ROLE)
if OIDC_URL and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("OIDC_URL is set. Set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too.")
if OIDC_URL and urlsplit(OIDC_URL).scheme != "https" and urlsplit(OIDC_URL).hostname not in LOOPBACK:
    raise ImproperlyConfigured(f"OIDC_URL is {OIDC_URL}; it must begin with https://.")

# Django
DEBUG = read_flag("DEBUG", False)
SECRET_KEY = read_secret_key()
# They sign nothing, unlike SECRET_KEY_FALLBACKS, because a key that was easy to guess may be among them.
EARLIER_SECRET_KEYS = [key.strip() for key in env.list("EARLIER_SECRET_KEYS", default=[]) if key.strip()]
FIELD_ENCRYPTION_KEYS = read_encryption_keys("FIELD_ENCRYPTION_KEYS")
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
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"

INSTALLED_APPS = [
    "accounts",
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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "skipportal.middleware.identify_requests",
    "skipportal.middleware.accept_any_host",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "skipportal.middleware.protect_pages",
    "accounts.sessions.remember_address",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "skipportal.middleware.use_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.last_seen.record_pages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sessions.end_old_sessions",
    "accounts.sessions.ask_for_second_factor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "batches.views.errors.explain_wrong_method",
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
                "accounts.context_processors.theme",
                "batches.context_processors.page_basics",
                "webhooks.context_processors.unmatched_deliveries",
                "notices.context_processors.unread",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# Storage
DATABASES = {"default": read_database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'skipportal.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Tests use a file too, because SQLite's in-memory databases lock differently.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Write synchronously, because the vendor sends a result only once: after our 200, it must survive a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    # Notice within seconds that the server has vanished. By default, this would take minutes.
    timeouts = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2}
    DATABASES["default"]["OPTIONS"] = timeouts | DATABASES["default"].get("OPTIONS", {})
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Failed logins are counted in the database, because the counts must survive restarts and hold for all processes.
    "attempts": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_attempts",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
MEDIA_ROOT = Path(env.str("FILES_DIR", str(VAR_DIR / "files"))).resolve()
FILES_BUCKET = env.str("FILES_BUCKET", "").strip()
FILES_ENDPOINT = env.str("FILES_ENDPOINT", "").strip()
FILES_REGION = env.str("FILES_REGION", "").strip()
FILES_KEY_ID = env.str("FILES_KEY_ID", "").strip()
FILES_SECRET_KEY = env.str("FILES_SECRET_KEY", "").strip()
if FILES_ENDPOINT and not FILES_BUCKET:
    raise ImproperlyConfigured("FILES_ENDPOINT is set. Set FILES_BUCKET too.")
if bool(FILES_KEY_ID) != bool(FILES_SECRET_KEY):
    raise ImproperlyConfigured("Set both FILES_KEY_ID and FILES_SECRET_KEY, or neither to use this host's own role.")
if FILES_ENDPOINT and urlsplit(FILES_ENDPOINT).scheme != "https" and urlsplit(FILES_ENDPOINT).hostname not in LOOPBACK:
    raise ImproperlyConfigured(f"FILES_ENDPOINT is {FILES_ENDPOINT}; it must begin with https://.")
BUCKET = {
    "bucket_name": FILES_BUCKET,
    "endpoint_url": FILES_ENDPOINT or None,
    "region_name": FILES_REGION or None,
    "access_key": FILES_KEY_ID or None,
    "secret_key": FILES_SECRET_KEY or None,
}
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VAR_DIR / "static"))).resolve()
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "batches.bucket_storage.BucketStorage", "OPTIONS": BUCKET}
    if FILES_BUCKET
    else {"BACKEND": "batches.file_storage.WholeFileStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600

# Each receiver writes its counts to its own file in this directory. /metrics adds them up.
METRICS_DIR = Path(env.str("METRICS_DIR", str(VAR_DIR / "metrics"))).resolve()
METRICS_TOKEN = env.str("METRICS_TOKEN", "").strip()
METRICS_PORT = read_port("METRICS_PORT", 0, minimum=0)
if METRICS_TOKEN and len(METRICS_TOKEN) < MIN_TOKEN_LENGTH and not IS_LOCAL:
    raise ImproperlyConfigured(f"METRICS_TOKEN is too short. Set it to {MIN_TOKEN_LENGTH} random characters or more.")

# Redis carries jobs and nothing else. Each kind of job has its own queue and worker, so that long jobs delay no others.
REDIS_SOCKET = socket_path("redis.sock")
REDIS_URL = read_redis("REDIS_URL", f"unix://{REDIS_SOCKET}")
IS_REDIS_EMBEDDED = f"unix://{REDIS_SOCKET}" == REDIS_URL
RQ_QUEUES = {
    "intake": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 4 * 3600},
    "planning": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "vendor": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": VENDOR_TIMEOUT + 240},
    "results": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
    "messages": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
}

# Mail. Without a mail server, notices are not mailed: printing them would log the names of lists and email addresses.
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
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
# Because of this prefix, browsers refuse such cookies from other hosts of the same domain.
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^livez$", r"^readyz$", r"^metrics$"]
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
# The first hasher hashes new passwords, and rehashes the password of a user who logs in with a hash of another hasher.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    # OWASP ASVS 2.1.1
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.KnownPasswordValidator"},
    {"NAME": "accounts.passwords.ContextWordsValidator"},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
]

# django-allauth
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm", "reset_password": "accounts.forms.ResetPasswordForm"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "skipportal: "
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_REAUTHENTICATION_TIMEOUT = max(REAUTHENTICATION_MINUTES, 1) * 60
# Wrong passwords are limited by accounts/throttle.py; `login_failed` limits wrong codes of the second factor.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "30/15m/ip,5/5m/key"}
PASSWORD_RESET_TIMEOUT = 3600
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
# accounts/urls.py asks for it with `recently_authenticated`.
MFA_REAUTHENTICATION_REQUIRED = False
MFA_TOTP_ISSUER = "skipportal"
# The time on a phone may be off by half a minute.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_LOCAL
USERSESSIONS_ADAPTER = "accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# The button is a link, because browsers apply `form-action` of the content security policy to redirects of forms.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC_APP = {
    "provider_id": "sso",
    "name": OIDC_NAME,
    "client_id": OIDC_CLIENT_ID,
    "secret": OIDC_CLIENT_SECRET,
    "settings": {"server_url": OIDC_URL, "email_authentication": OIDC_TRUST_EMAIL, "oauth_pkce_enabled": True},
}
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [OIDC_APP] if OIDC_URL else []}}

# Errors and traces are sent elsewhere only if an address is set.
SENTRY_DSN = env.str("SENTRY_DSN", "").strip()
if SENTRY_DSN and not (is_safe_url(SENTRY_DSN) and urlsplit(SENTRY_DSN).username):
    # The value contains a key, so it is not repeated.
    raise ImproperlyConfigured("SENTRY_DSN must look like https://KEY@sentry.example.com/1, as Sentry shows it.")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip().rstrip("/")
if OTEL_EXPORTER_OTLP_ENDPOINT and not re.match(r"https?://[^/]", OTEL_EXPORTER_OTLP_ENDPOINT):
    raise ImproperlyConfigured(
        f"OTEL_EXPORTER_OTLP_ENDPOINT is {OTEL_EXPORTER_OTLP_ENDPOINT!r}; it must look like http://localhost:4318."
    )
OTEL_EXPORTER_OTLP_HEADERS = read_headers("OTEL_EXPORTER_OTLP_HEADERS")

LOG_LEVEL = read_choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_FORMAT = read_choice("LOG_FORMAT", "text", ["text", "json"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "private": {"()": "skipportal.log_filters.NoJobTracebacks"},
        "asyncio": {"()": "skipportal.log_filters.NoAsyncioDetails"},
    },
    "formatters": {
        "private": {
            "()": "skipportal.log_filters.PrivateFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "skipportal.log_filters.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if LOG_FORMAT == "json" else "private",
            "filters": ["private", "asyncio"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "rq": {"level": "WARNING"},
        # Below this level, Django logs the values in statements of SQL.
        "django.db.backends": {"level": "INFO"},
        # Below this level, fido2 logs the ids of passkeys.
        "fido2": {"level": "WARNING"},
    },
}

if misspelt := env.find_misspelt():
    raise ImproperlyConfigured(f"{misspelt[0]} is not a setting. Did you mean {misspelt[1]}?")
