"""Do what administrators do with vendor accounts: add, change, hold and retire them, and replace their keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from accounts import audit, encryption
from accounts.models import AuditKind, Team
from accounts.rights import Right, require
from batches.models import VendorAccount
from batches.tracing.dispatch import block_account
from batches.tracing.vendor_keys import list_accepted, list_keys

HELD = "An administrator is holding this account."
"""The reason of the block that `hold` makes."""


class KeyInUse(Exception):
    """A key belongs to an account already. The message may be shown to administrators."""


@dataclass(frozen=True)
class AccountDetails:
    """What administrators choose for an account."""

    name: str
    teams: Iterable[Team]
    items_in_flight: int | None
    calls_per_second: int


@transaction.atomic
def add(details: AccountDetails, key: str, user: User) -> VendorAccount:
    """Add an account, over which the lists of its teams are sent from now on. Raise KeyInUse."""
    require(user, Right.ADMINISTER)
    refuse_key_in_use(key)
    account = VendorAccount(encrypted_key=encryption.encrypt(key), created_by=user)
    save_details(account, details)
    record(user, account, "Added")
    return account


@transaction.atomic
def change(account: VendorAccount, details: AccountDetails, user: User) -> None:
    """Change an account. Batches that were sent over it, or wait to be sent over it again, stay with it."""
    require(user, Right.ADMINISTER)
    save_details(account, details)
    record(user, account, "Changed")


def save_details(account: VendorAccount, details: AccountDetails) -> None:
    account.name = details.name
    account.items_in_flight = details.items_in_flight
    account.calls_per_second = details.calls_per_second
    # Other columns may have changed since the account was read.
    fields = ["name", "items_in_flight", "calls_per_second"]
    account.save(update_fields=fields if account.pk else None)
    account.teams.set(details.teams)


@transaction.atomic
def replace_key(account: VendorAccount, key: str, user: User) -> bool:
    """Send with another key from now on. Deliveries may carry the one before, too. Raise KeyInUse.

    The earlier key may become the present one again. Return False if somebody else has replaced the key since the
    account was read.
    """
    require(user, Right.ADMINISTER)
    refuse_key_in_use(key, account)
    # A key that cannot be read any more would keep this host from being ready.
    earlier = account.encrypted_key if list_keys(account) else ""
    unchanged = VendorAccount.objects.filter(pk=account.pk, encrypted_key=account.encrypted_key)
    if not unchanged.update(encrypted_key=encryption.encrypt(key), encrypted_earlier_key=earlier):
        return False
    record(user, account, "Replaced the key")
    return True


def end_earlier_key(account: VendorAccount, user: User) -> bool:
    """Accept no more deliveries with the key before the last change. Return whether there was one."""
    require(user, Right.ADMINISTER)
    with_earlier = VendorAccount.objects.filter(pk=account.pk).exclude(encrypted_earlier_key="")
    is_ended = bool(with_earlier.update(encrypted_earlier_key=""))
    if is_ended:
        record(user, account, "Stopped accepting the earlier key")
    return is_ended


def hold(account: VendorAccount, user: User) -> None:
    """Send nothing over an account until a user unblocks it. Its results are still received."""
    require(user, Right.ADMINISTER)
    block_account(account, HELD)
    record(user, account, "Held")


def retire(account: VendorAccount, user: User) -> bool:
    """Send nothing more over an account. Return whether this changed anything.

    Its results are still received. Batches that wait to be sent over it again are dissolved when their turn comes, and
    their people are sent over another account.
    """
    require(user, Right.ADMINISTER)
    is_retired = bool(VendorAccount.objects.active().filter(pk=account.pk).update(retired_at=timezone.now()))
    if is_retired:
        record(user, account, "Retired")
    return is_retired


def reinstate(account: VendorAccount, user: User) -> bool:
    """Send over a retired account again. Return whether this changed anything."""
    require(user, Right.ADMINISTER)
    retired = VendorAccount.objects.filter(pk=account.pk, retired_at__isnull=False)
    is_reinstated = bool(retired.update(retired_at=None))
    if is_reinstated:
        record(user, account, "Reinstated")
    return is_reinstated


def refuse_key_in_use(key: str, account: VendorAccount | None = None) -> None:
    """Raise KeyInUse if a key cannot be given to a new account, or to `account`.

    It cannot if it is accepted for another: then a delivery's key would not say which account it belongs to.
    """
    if key in list_accepted():
        raise KeyInUse("This is a key of the default account, which is set on the server.")
    # Without the first key, which is the present one, a key that was replaced by mistake can be used again.
    if account and key in list_keys(account)[:1]:
        raise KeyInUse("The account has this key already.")
    others = [each for each in VendorAccount.objects.all() if each != account]
    if key in chain.from_iterable(map(list_keys, others)):
        raise KeyInUse("Another account has this key, or had it before.")


def record(user: User, account: VendorAccount, action: str) -> None:
    audit.record(AuditKind.SETTINGS_CHANGED, user, detail=f"{action}: vendor account {account.pk} ({account.name})")
