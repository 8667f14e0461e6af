"""Notes and buttons for batches that may need a decision."""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as format_date

from batches.models import Batch
from batches.statuses import BatchStatus, Outcome
from batches.templatetags.numbers import count, number
from batches.tracing.counts import Counts

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
    until = batch.to_be_decided_at
    if until and until > timezone.now():
        by = format_date(timezone.localtime(until), "H:i:s T")
        return f"If a result arrives, the batch continues. If none has arrived by {by}, "
    return "No result has arrived: "


def policy_note(batch: Batch) -> str:
    """Return whether an unconfirmed batch is sent again automatically."""
    is_resent = settings.UNCONFIRMED_POLICY == "resend" and batch.upload.is_started
    if is_resent and not batch.was_resent and not batch.doubted_at:
        return "it is sent again automatically, once."
    return "someone has to decide."


@dataclass(frozen=True)
class Rerun:
    """People with one outcome who can be re-run."""

    outcome: str
    count: int
    label: str
    question: str

    @property
    def value(self) -> str:
        """What the button sends, as `missing:12`. No more people are re-run than the button named."""
        return f"{self.outcome}:{self.count}"


@register.simple_tag
def list_reruns(counts: Counts) -> list[Rerun]:
    """Return the re-runs that a list or batch with these counts allows."""
    reruns = []
    if missing := counts.missing:
        people = f"{number(missing)} missing {'person' if missing == 1 else 'people'}"
        twice = "You will be charged twice for anyone the vendor has answered in the meantime."
        label = f"Re-run {number(missing)} missing (may be charged twice)"
        reruns.append(Rerun(Outcome.MISSING, missing, label, f"Re-run {people}? {twice}"))
    if errors := counts.error:
        people = f"{count(errors, 'person,people')} with errors"
        again = "You may be charged for each of them again."
        label = f"Re-run {count(errors, 'error')} (may be charged again)"
        reruns.append(Rerun(Outcome.ERROR, errors, label, f"Re-run {people}? {again}"))
    return reruns
