import smtplib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as StorageError

from batches import error_reports, jobs, shared_files, spans, wide_ids
from batches.database import BROKEN_POOL, UNREACHABLE, is_reachable, supports_prepared_statements
from batches.file_storage import describe_failure
from batches.models import VendorAccount
from batches.tracing import vendor_keys
from batches.views import health

TIMEOUT = 10
"""Seconds to wait for our own address."""
TRIAL_NAME = "check_setup"
"""The name of a file that is written and deleted again."""
REPORT_TIMEOUT = 5
"""Seconds to wait for the address of error reports."""
MAX_ID_USE = 0.5
"""The share of ids of 32 bits that may be used up before they have to be widened, which takes a while."""
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""What a server answers that does not accept our key."""
NO_RECEIVER = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""What a proxy answers that reaches no receiver."""


class Problem(Exception):
    """What was tried does not work. The message says what to do."""


class Command(BaseCommand):
    help = "Try what the settings name, with a line for each. Sends no mail, report or trace, and costs nothing."

    def handle(self, **_: Any) -> None:
        failed = [name for name, check in CHECKS.items() if not self.passes(name, check)]
        if failed:
            raise CommandError(f"{len(failed)} of {len(CHECKS)} do not work: {', '.join(failed)}.")

    def passes(self, name: str, check: Callable[[], str]) -> bool:
        """Run one check and print its line. Return whether it passed."""
        try:
            self.stdout.write(f"{name}: {check()}")
        except Problem as problem:
            self.stdout.write(f"{name}: FAILED. {problem}")
            return False
        except StorageError as error:
            self.stdout.write(f"{name}: FAILED. This needs the database ({type(error).__name__}).")
            return False
        except Exception as error:
            # A message may contain a password, so only the class is printed.
            self.stdout.write(f"{name}: FAILED. {type(error).__name__}")
            return False
        return True


def check_database() -> str:
    if not is_reachable():
        raise Problem(UNREACHABLE)
    if not supports_prepared_statements():
        raise Problem(BROKEN_POOL)
    return "works"


def check_migrations() -> str:
    if not health.is_migrated():
        raise Problem("Some are missing. Run manage.py migrate." if is_reachable() else "This needs the database.")
    return "all applied"


def check_ids() -> str:
    if not wide_ids.find_short():
        return "64 bits"
    used = f"{wide_ids.measure_use():.0%} of 32 bits are used up"
    if wide_ids.measure_use() > MAX_ID_USE:
        raise Problem(f"{used}. Run manage.py widen_ids.")
    return f"{used}; manage.py widen_ids gives them 64"


def check_redis() -> str:
    if not jobs.is_redis_available():
        raise Problem("It cannot be reached. Check REDIS_URL and that it runs.")
    return "works"


def check_files() -> str:
    if not shared_files.sees_shared_files():
        raise Problem("This host does not see the files of the others. docs/operations.md, Files, says what to do.")
    try:
        name = default_storage.save(TRIAL_NAME, ContentFile(b"A trial of manage.py check_setup."))
        default_storage.delete(name)
    except OSError as error:
        raise Problem(f"{describe_failure(error)} Check FILES_DIR or FILES_BUCKET, and the rights.") from None
    return "this host sees the files of the others, and can write and delete its own"


def check_static_files() -> str:
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        raise Problem("They are not collected, so pages fail. Run deploy/collect.")
    return "collected"


def check_mail() -> str:
    if not settings.IS_MAILING:
        return "EMAIL_URL is not set, so nobody gets mails"
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except smtplib.SMTPAuthenticationError:
        raise Problem("The mail server refuses the login. Check the user and the password in EMAIL_URL.") from None
    except OSError as error:
        raise Problem(
            f"The mail server does not answer as expected ({type(error).__name__}). Check the host, the port and the "
            "beginning of EMAIL_URL (smtp, smtp+tls or smtp+ssl), and the firewall."
        ) from None
    return "the mail server accepts the login"


def check_key() -> str:
    if settings.IS_SANDBOX:
        return "none: sandbox mode, all results are invented"
    if not vendor_keys.is_expected_key_known():
        raise Problem(health.KEY_DIFFERS)
    report = vendor_keys.ask_about_key(settings.REALESTATEAPI_KEY)
    if report.is_accepted is False:
        raise Problem("The vendor refuses REALESTATEAPI_KEY.")
    if report.was_unreachable:
        raise Problem(f"{settings.REALESTATEAPI_URL} does not answer. Check REALESTATEAPI_URL, DNS and the firewall.")
    return "the vendor accepts it" if report.is_accepted else "the vendor does not say"


def check_accounts() -> str:
    accounts = list(VendorAccount.objects.active())
    if not accounts:
        return "none besides the one of REALESTATEAPI_KEY"
    problems = [f"{problem}." for problem in map(health.describe_unreadable, vendor_keys.find_unreadable())]
    reports = {account.name: vendor_keys.ask_about_key(account.key) for account in accounts if not problems}
    problems += [
        f"The vendor refuses the key of “{name}”." for name, report in reports.items() if report.is_accepted is False
    ]
    if problems:
        raise Problem(" ".join(problems))
    unknown = [name for name, report in reports.items() if report.is_accepted is None]
    names = ", ".join(reports)
    return f"{names}; the vendor does not say about {', '.join(unknown)}" if unknown else f"the vendor accepts {names}"


def check_public_url() -> str:
    address = f"{settings.PUBLIC_URL}/healthz"
    try:
        reply = requests.get(address, timeout=TIMEOUT, allow_redirects=False)
    except requests.exceptions.SSLError:
        raise Problem(f"{address} has no valid certificate. The vendor will not call it.") from None
    except requests.RequestException:
        raise Problem(f"{address} does not answer. Check DNS, the proxy, and that a receiver runs.") from None
    if reply.status_code in NO_RECEIVER:
        raise Problem(f"{address} answers {reply.status_code}. Check that a receiver runs, and where the proxy looks.")
    if reply.status_code != HTTPStatus.OK or reply.text != "ok\n":
        raise Problem(f"{address} answers {reply.status_code}, but not as a receiver does. Check the proxy.")
    return "leads to a receiver"


def check_single_sign_on() -> str:
    if not settings.OIDC_URL:
        return "OIDC_URL is not set, so there is none"
    try:
        reply = requests.get(f"{settings.OIDC_URL}/.well-known/openid-configuration", timeout=TIMEOUT)
    except requests.RequestException:
        raise Problem("The provider in OIDC_URL does not answer. Check the address and the firewall.") from None
    if reply.status_code != HTTPStatus.OK or "authorization_endpoint" not in reply.text:
        raise Problem(f"The provider answers {reply.status_code}, but not as OpenID Connect does. Check OIDC_URL.")
    return "the provider answers"


def check_error_reports() -> str:
    if not settings.SENTRY_DSN:
        return "SENTRY_DSN is not set, so errors are only logged"
    try:
        status = error_reports.try_address(settings.SENTRY_DSN, settings.VERSION, REPORT_TIMEOUT)
    except requests.RequestException:
        raise Problem("The server in SENTRY_DSN does not answer. Check the address and the firewall.") from None
    if status in REFUSED:
        raise Problem(f"The server answers {status}. It does not know the key or the project in SENTRY_DSN.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "the server accepts the key, but no more reports for now"
    if status != HTTPStatus.OK:
        raise Problem(f"The server answers {status}, but not as Sentry does. Check SENTRY_DSN.")
    return "the server accepts them"


def check_spans() -> str:
    if not spans.is_on():
        return "OTEL_EXPORTER_OTLP_ENDPOINT is not set, so none are sent"
    try:
        status = spans.send([]).status_code
    except requests.RequestException:
        raise Problem("The collector does not answer. Check OTEL_EXPORTER_OTLP_ENDPOINT and the firewall.") from None
    if status in REFUSED:
        raise Problem(f"The collector answers {status}. Check OTEL_EXPORTER_OTLP_HEADERS.")
    if status != HTTPStatus.OK:
        raise Problem(f"The collector answers {status}. It must accept OTLP over HTTP with JSON, at /v1/traces.")
    return "the collector accepts them"


CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "migrations": check_migrations,
    "ids of people": check_ids,
    "Redis": check_redis,
    "files": check_files,
    "static files": check_static_files,
    "mail": check_mail,
    "vendor's key": check_key,
    "vendor accounts": check_accounts,
    "PUBLIC_URL": check_public_url,
    "single sign-on": check_single_sign_on,
    "error reports": check_error_reports,
    "OpenTelemetry traces": check_spans,
}
