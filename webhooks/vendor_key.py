"""Ask the vendor what our API keys may be used for, and keep the answers for the pages.

Each account's key is asked about before the first list is started, and about once a day. No page waits for the vendor,
except when somebody presses "Check now", adds an account or replaces its key.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.encryption import CannotDecrypt
from batches.models import DEFAULT_ACCOUNT, VendorAccount
from batches.tracing.vendor_keys import ask_about_key, key_digest, list_keys, read_key
from webhooks.models import KeyCheck

FRESH = timedelta(days=1)
"""After this time, the vendor is asked again."""
RETRY_AFTER = timedelta(minutes=10)
"""After this time, the vendor is asked again if it gave no answer."""
RESULTS = {True: KeyCheck.Result.ACCEPTED, False: KeyCheck.Result.REFUSED, None: KeyCheck.Result.UNKNOWN}
NEEDED_SCOPE = "skiptrace"
"""Part of the name of a scope that allows tracing, in lower case."""
ALL_SCOPES = {"*", "all"}


def find_check(account: VendorAccount | None = None) -> KeyCheck | None:
    """Return what the vendor said about an account's key, or None if we have not asked yet, or cannot read the key."""
    try:
        return KeyCheck.objects.filter(pk=key_digest(read_key(account))).first()
    except CannotDecrypt:
        return None


def list_due(now: datetime) -> list[VendorAccount | None]:
    """Return the accounts whose keys are to be asked about. None is the default account."""
    accounts = [None, *VendorAccount.objects.active()]
    return [account for account in accounts if is_check_due(now, account)]


def is_check_due(now: datetime, account: VendorAccount | None = None) -> bool:
    check = find_check(account)
    if check is None:
        return account is None or bool(list_keys(account))
    return check.asked_at < now - (RETRY_AFTER if check.result == KeyCheck.Result.UNKNOWN else FRESH)


def ask_vendor(account: VendorAccount | None = None) -> KeyCheck:
    """Ask the vendor about an account's key, and store the answer. Raise CannotDecrypt if we cannot read the key."""
    key = read_key(account)
    report = ask_about_key(key)
    facts: dict[str, object] = {
        "asked_at": timezone.now(),
        "result": RESULTS[report.is_accepted],
        "problem": report.problem[:200],
        "kind": report.info.kind if report.info else "",
        "scopes": report.info.scopes if report.info else [],
        "remaining": report.info.remaining if report.info else "",
    }
    check, _ = KeyCheck.objects.update_or_create(pk=key_digest(key), defaults=facts)
    return check


def may_trace(check: KeyCheck) -> bool:
    """Return whether the key may be used for tracing, as far as the vendor has said."""
    scopes = [str(scope).lower() for scope in check.scopes]
    return not scopes or any(NEEDED_SCOPE in scope or scope in ALL_SCOPES for scope in scopes)


def list_problems() -> list[str]:
    """Return a sentence for each account whose lists cannot be traced with its key as expected."""
    accounts = list(VendorAccount.objects.active())
    problem = describe_problem(find_check())
    problems = [f"{DEFAULT_ACCOUNT}: {problem}" if accounts else problem] if problem else []
    named = [(account.name, describe_problem(find_check(account))) for account in accounts]
    return problems + [f"Vendor account “{name}”: {problem}" for name, problem in named if problem]


def describe_problem(check: KeyCheck | None) -> str:
    """Return a sentence about why lists cannot be traced with a key as expected, or "" if they can."""
    if check is None or settings.IS_SANDBOX or check.result == KeyCheck.Result.UNKNOWN:
        return ""
    if check.result == KeyCheck.Result.REFUSED:
        return "The vendor refuses the API key. You can upload lists, but not trace them until the key is replaced."
    if not may_trace(check):
        return "The API key may not be used for tracing. The vendor will refuse every list until that is changed."
    if check.kind == "test":
        return "This is a test key of the vendor. Results are made up or incomplete: do not call anybody."
    return ""
