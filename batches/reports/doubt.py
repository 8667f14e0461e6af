"""Report which batches of which lists are in doubt, and what it can cost to send them again."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Count

from batches.models import Batch, Item, Upload
from batches.statuses import Outcome
from batches.tracing.spending import max_credits, to_money


@dataclass(frozen=True)
class InDoubt:
    """Batches in doubt, and the people in them without an answer."""

    batches: int
    people: int
    upload: Upload | None = None
    """The list they belong to, or None for all lists."""

    @property
    def credits(self) -> Decimal:
        """The most that sending them again can cost."""
        return max_credits(self.people)

    @property
    def money(self) -> Decimal | None:
        return to_money(self.credits)


def lists_in_doubt(user: User | None) -> list[InDoubt]:
    """Return the batches in doubt of each list that `user` sees, with three queries."""
    in_doubt = Batch.objects.visible_to(user).in_doubt().order_by()
    batches = dict(in_doubt.values_list("upload_id").annotate(Count("pk")))
    waiting = Item.objects.filter(batch__in=in_doubt.values("pk"), outcome=Outcome.PENDING).order_by()
    people = dict(waiting.values_list("upload_id").annotate(Count("pk")))
    uploads = Upload.objects.filter(pk__in=batches).order_by("pk")
    return [InDoubt(batches[upload.pk], people.get(upload.pk, 0), upload) for upload in uploads]


def total_in_doubt(lists: list[InDoubt]) -> InDoubt:
    """Return the batches in doubt of all these lists together."""
    return InDoubt(sum(each.batches for each in lists), sum(each.people for each in lists))
