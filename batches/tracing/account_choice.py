"""Choose the vendor account that a batch is sent over.

A list is sent over the accounts of its team or, if its team has none, over the default account, whose key is
REALESTATEAPI_KEY. Each account has its own pace, its own limit on people in flight, and its own sending blocks. A batch
that has been given to an account stays with it, because an answer to an earlier call carries that account's key.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from batches import counters
from batches.models import Batch, BatchQuerySet, Item, SendingBlock, VendorAccount
from batches.vendor import protocol

AccountId = int | None
"""The id of a vendor account. None is the default account."""
ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Limits:
    """What an account allows."""

    in_flight: int
    calls_per_second: int


@dataclass
class Accounts:
    """The accounts, who is sent over them, and how much each of them is in use."""

    limits: dict[AccountId, Limits]
    of_team: dict[int, list[AccountId]]
    """Team → its accounts that are not retired. Teams without one are left out."""
    blocked: set[AccountId]
    in_flight: Counter[AccountId] = field(default_factory=Counter)
    """How many people await an answer over each account."""
    calls: Counter[AccountId] = field(default_factory=Counter)
    """How many calls were made over each account during the last second."""
    full: set[AccountId] = field(default_factory=set)
    """Accounts over which nothing more is sent for now, so that a large batch is not overtaken by small ones."""

    @property
    def are_several(self) -> bool:
        return len(self.limits) > 1

    @property
    def are_full(self) -> bool:
        """Whether no account takes anything more."""
        return self.limits.keys() <= self.full | self.blocked

    def list_all(self, team_id: int | None) -> list[AccountId]:
        """Return the accounts that a team's lists are sent over."""
        return self.of_team.get(team_id, [None]) if team_id else [None]

    def list_usable(self, team_id: int | None) -> list[AccountId]:
        """Return the accounts that a team's lists are sent over, without those that are blocked."""
        return [account for account in self.list_all(team_id) if account not in self.blocked]

    def find_room(self, accounts: Iterable[AccountId], size: int) -> list[AccountId]:
        """Return those of these accounts that take a batch of this size, the one with the most room first.

        A batch that is larger than an account's limit is taken while nobody else is in flight.
        """
        taking = [account for account in accounts if account not in self.full and self.takes(account, size)]
        return sorted(taking, key=lambda account: self.in_flight[account] - self.limits[account].in_flight)

    def takes(self, account: AccountId, size: int) -> bool:
        limits, in_flight = self.limits[account], self.in_flight[account]
        fits = not in_flight or in_flight + size <= limits.in_flight
        return fits and self.calls[account] < limits.calls_per_second

    def count(self, account: AccountId, size: int) -> None:
        """Count a batch that is about to be sent."""
        self.in_flight[account] += size
        self.calls[account] += 1


def load_accounts(now: datetime) -> Accounts:
    """Load the accounts with their teams and blocks, without their use."""
    limits: dict[AccountId, Limits] = {None: Limits(settings.ITEMS_IN_FLIGHT, protocol.SINGLE_CALLS_PER_SECOND)}
    active = []
    for account in VendorAccount.objects.all():
        limits[account.pk] = Limits(account.max_in_flight, account.calls_per_second)
        if account.retired_at is None:
            active.append(account.pk)
    of_team: defaultdict[int, list[AccountId]] = defaultdict(list)
    if active:
        pairs = VendorAccount.teams.through.objects.filter(vendoraccount__in=active).order_by("vendoraccount")
        for team_id, account_id in pairs.values_list("team_id", "vendoraccount_id"):
            of_team[team_id].append(account_id)
    return Accounts(limits, dict(of_team), find_blocked(now))


def load_used(now: datetime) -> Accounts:
    """Load the accounts, and how much each of them is in use."""
    accounts = load_accounts(now)
    in_flight = Item.objects.in_flight(now).order_by()
    recent = Batch.objects.filter(submitted_at__gt=now - ONE_SECOND).order_by()
    if accounts.are_several:
        accounts.in_flight.update(dict(in_flight.values_list("batch__account").annotate(Count("pk"))))
        accounts.calls.update(dict(recent.values_list("account").annotate(Count("pk"))))
    else:
        accounts.in_flight[None], accounts.calls[None] = in_flight.count(), recent.count()
    return accounts


def find_blocked(now: datetime) -> set[AccountId]:
    """Return the accounts that sending is blocked over, apart from blocks that concern all of them."""
    blocks = SendingBlock.objects.in_force(now).values_list("account", "is_for_default_account")
    return {account for account, is_for_default in blocks if account or is_for_default}


def has_account(batch: Batch) -> bool:
    """Return whether a batch has been given to an account, which may be the default one."""
    return batch.submitted_at is not None


def name_for_metrics(account: VendorAccount | None) -> str:
    return str(account or counters.DEFAULT_ACCOUNT)


def is_retired(account: VendorAccount | None) -> bool:
    """Return whether nothing more is sent over an account. The people of its batches are put into others."""
    return account is not None and account.retired_at is not None


def leave_out_blocked(batches: BatchQuerySet, blocked: Collection[AccountId]) -> BatchQuerySet:
    """Leave out batches that wait for an account that sending is blocked over. Those of retired accounts are kept."""
    given = batches.filter(submitted_at__isnull=False)
    waiting = given.filter(account__in=[pk for pk in blocked if pk], account__retired_at=None)
    batches = batches.exclude(pk__in=waiting.order_by().values("pk"))
    return batches.exclude(submitted_at__isnull=False, account=None) if None in blocked else batches


def find_lists_with_given(batches: BatchQuerySet) -> set[int]:
    """Return the ids of the lists with batches that have been given to an account."""
    given = batches.filter(submitted_at__isnull=False).order_by()
    return set(given.values_list("upload", flat=True).distinct())


class NoAccount(Exception):
    """There is no account that a batch can be sent over now."""


def choose_account(batch: Batch, team_id: int | None, now: datetime) -> VendorAccount | None:
    """Return the account that a batch is to be sent over now, None for the default one. Raise NoAccount.

    Call this in the transaction that claims the batch, after `overlaps.lock_sending`: if its team has several accounts,
    the one with the most room is chosen, and two claims must not choose at once.
    """
    if has_account(batch):
        return choose_given(batch, now)
    usable = load_accounts(now).list_usable(team_id)
    if len(usable) > 1:
        usable = load_used(now).find_room(usable, batch.size)
    if not usable:
        raise NoAccount
    return VendorAccount.objects.get(pk=usable[0]) if usable[0] else None


def choose_given(batch: Batch, now: datetime) -> VendorAccount | None:
    """Return the account that a batch was given to. Raise NoAccount while sending over it is blocked.

    A retired account is returned even then: the batch is not sent over it.
    """
    if not is_retired(batch.account) and batch.account_id in find_blocked(now):
        raise NoAccount
    return batch.account
