"""Notes and buttons for batches that may need a decision."""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as format_date

from batches.models import Batch
from batches.reports.reused import Reused
from batches.statuses import BatchStatus, Outcome
from batches.templatetags.numbers import cost, count, number
from batches.tracing.counts import Counts
from batches.tracing.limits import max_credits
from batches.tracing.spending import is_costly

register = template.Library()


@register.filter
def unconfirmed_note(batch: Batch) -> str:
    """Return what happens next to an unconfirmed batch; empty for any other batch."""
    if batch.status != BatchStatus.UNCONFIRMED:
        return ""
    if batch.is_in_doubt:
        return "If a result still arrives, the batch continues. Otherwise someone has to decide."
    return f"{wait_note(batch)}{policy_note(batch)}"


def wait_note(batch: Batch) -> str:
    """Return whether an unconfirmed batch still waits for a result, as the beginning of a sentence."""
    until = batch.decision_due_at
    if until and until > timezone.now():
        by = format_date(timezone.localtime(until), "g:i:s A T")
        return f"If a result arrives, the batch continues. If none has arrived by {by}, "
    return "No result has arrived: "


def policy_note(batch: Batch) -> str:
    """Return whether an unconfirmed batch is sent again automatically, as the end of the sentence."""
    may_resend = settings.UNCONFIRMED_POLICY == "resend" and batch.upload.is_started
    if may_resend and not batch.was_resent and not batch.doubted_at:
        return "it is sent again automatically, once."
    return "someone has to decide."


@dataclass(frozen=True)
class Rerun:
    """People with one outcome who can be re-run."""

    outcome: str
    count: int
    label: str
    question: str
    """What the user is asked first, or "" if the button's label says all, because the cost is known and small."""

    @property
    def short_label(self) -> str:
        """The label of a button below the number of errors: `Re-run 4, at most $0.48`."""
        missing = " missing" if self.outcome == Outcome.MISSING else ""
        return f"Re-run {number(self.count)}{missing}, at most {cost(max_credits(self.count))}"

    @property
    def value(self) -> str:
        """What the button sends, such as `missing:12`, so that no more people are re-run than it named."""
        return f"{self.outcome}:{self.count}"


@register.simple_tag
def list_reruns(counts: Counts) -> list[Rerun]:
    """Return the re-runs that a list or batch with these counts allows."""
    reruns = []
    if missing := counts.missing:
        people = f"{number(missing)} missing {'person' if missing == 1 else 'people'}"
        twice = "You will be charged twice for anyone the vendor has answered in the meantime."
        label = f"Re-run {number(missing)} missing (may be charged twice)"
        reruns.append(Rerun(Outcome.MISSING, missing, label, ask_if_costly(missing, f"Re-run {people}? {twice}")))
    if errors := counts.error:
        people = f"{count(errors, 'person,people')} with errors"
        again = "You may be charged for each of them again."
        label = f"Re-run {count(errors, 'error')} (may be charged again)"
        reruns.append(Rerun(Outcome.ERROR, errors, label, ask_if_costly(errors, f"Re-run {people}? {again}")))
    return reruns


@dataclass(frozen=True)
class RefreshOffer:
    """A button that traces people with stale reused answers again."""

    label: str
    question: str


@register.simple_tag
def refresh_offer(reused: Reused) -> RefreshOffer:
    """Return the button that refreshes the stale answers among these, with the price that is to be confirmed."""
    people, price = count(reused.stale, "person,people"), cost(max_credits(reused.stale))
    why = f"Their Do Not Call flags are older than {count(settings.DNC_STALE_DAYS, 'day')}."
    return RefreshOffer(
        f"Refresh {number(reused.stale)} stale, at most {price}",
        f"Trace {people} again? {why} This can cost at most {price}. They have no answer until they are traced.",
    )


def ask_if_costly(people: int, question: str) -> str:
    """Return the question, or "" if re-running this many people costs at most CONFIRM_ABOVE dollars."""
    return question if is_costly(max_credits(people), if_unknown=True) else ""
