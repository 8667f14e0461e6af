"""Report what each vendor account is used for: who awaits an answer over it, and what arrived in the last minute."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from batches.models import Batch, Item, SendingBlock, VendorAccount
from batches.models.vendor_accounts import DEFAULT_ACCOUNT
from batches.reports.pace import ONE_MINUTE, read_answers
from batches.statuses import Outcome
from batches.tracing.account_choice import AccountId, Limits, is_retired, load_accounts


@dataclass(frozen=True)
class AccountUse:
    """What an account is used for now."""

    account: VendorAccount | None
    """None is the default account."""
    limits: Limits
    is_held: bool
    """Whether nothing is sent over it, because of a block that concerns it or all accounts."""
    awaited: int
    """How many people were sent over it and have no answer yet."""
    in_last_minute: int
    """Results in the last minute."""

    @property
    def name(self) -> str:
        return str(self.account or DEFAULT_ACCOUNT)

    @property
    def state(self) -> str:
        if is_retired(self.account):
            return "Retired"
        return "Held" if self.is_held else "In use"


def load_uses(now: datetime) -> list[AccountUse]:
    """Return the use of all accounts: the default one first, the retired ones last."""
    known = load_accounts(now)
    accounts: Iterable[VendorAccount] = VendorAccount.objects.prefetch_related("teams").order_by("name")
    ordered = [None, *sorted(accounts, key=is_retired)]
    is_all_held = SendingBlock.objects.in_force(now).of_everything().exists()
    awaited, arrived = count_awaited(), count_by_account(read_answers(now - ONE_MINUTE))
    return [
        AccountUse(account, known.limits[pk], is_all_held or pk in known.blocked, awaited[pk], arrived[pk])
        for account in ordered
        # An account that was added just now has no limits yet.
        if (pk := account.pk if account else None) in known.limits
    ]


def count_awaited() -> Counter[AccountId]:
    """Return account → how many people were sent over it and have no answer yet."""
    at_vendor = Batch.objects.at_vendor().order_by().values("pk")
    return count_by_account(Item.objects.filter(outcome=Outcome.PENDING, batch__in=at_vendor))


def count_by_account(items: QuerySet[Item]) -> Counter[AccountId]:
    return Counter(dict(items.order_by().values_list("batch__account").annotate(Count("pk"))))
