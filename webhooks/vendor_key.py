"""Ask the vendor what our API key may be used for, and keep the answer for the pages.

The key is asked about before the first list is started, and about once a day. No page waits for the vendor, except when
somebody presses "Check now".
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from batches.tracing.vendor_keys import ask_about_own_key, key_digest
from webhooks.models import KeyCheck

FRESH = timedelta(days=1)
"""After this time, the vendor is asked again."""
RETRY_AFTER = timedelta(minutes=10)
"""After this time, the vendor is asked again if it gave no answer."""
RESULTS = {True: KeyCheck.Result.ACCEPTED, False: KeyCheck.Result.REFUSED, None: KeyCheck.Result.UNKNOWN}
NEEDED_SCOPE = "skiptrace"
"""Part of the name of a scope that allows tracing, in lower case."""
ALL_SCOPES = {"*", "all"}


def find_check() -> KeyCheck | None:
    """Return what the vendor said about our key, or None if we have not asked yet."""
    return KeyCheck.objects.filter(pk=key_digest(settings.REALESTATEAPI_KEY)).first()


def is_check_due(now: datetime) -> bool:
    check = find_check()
    if check is None:
        return True
    return check.asked_at < now - (RETRY_AFTER if check.result == KeyCheck.Result.UNKNOWN else FRESH)


def ask_vendor() -> KeyCheck:
    """Ask the vendor about our key, and store the answer."""
    report = ask_about_own_key()
    facts: dict[str, object] = {
        "asked_at": timezone.now(),
        "result": RESULTS[report.is_accepted],
        "problem": report.problem[:200],
        "kind": report.info.kind if report.info else "",
        "scopes": report.info.scopes if report.info else [],
        "remaining": report.info.remaining if report.info else "",
    }
    check, _ = KeyCheck.objects.update_or_create(pk=key_digest(settings.REALESTATEAPI_KEY), defaults=facts)
    return check


def may_trace(check: KeyCheck) -> bool:
    """Return whether the key may be used for tracing, as far as the vendor has said."""
    scopes = [str(scope).lower() for scope in check.scopes]
    return not scopes or any(NEEDED_SCOPE in scope or scope in ALL_SCOPES for scope in scopes)


def describe_problem(check: KeyCheck | None) -> str:
    """Return a sentence about why lists cannot be traced with our key as expected, or "" if they can."""
    if check is None or settings.IS_SANDBOX or check.result == KeyCheck.Result.UNKNOWN:
        return ""
    if check.result == KeyCheck.Result.REFUSED:
        return "The vendor refuses the API key. You can upload lists, but not trace them until the key is replaced."
    if not may_trace(check):
        return "The API key may not be used for tracing. The vendor will refuse every list until that is changed."
    if check.kind == "test":
        return "This is a test key of the vendor. Results are made up or incomplete: do not call anybody."
    return ""
