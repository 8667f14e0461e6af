from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from batches import jobs, lease
from batches.models import SendingBlock
from batches.nouns import noun_for
from batches.reports import doubt
from batches.tracing.counts import format_people
from batches.tracing.credits import format_cost


class Command(BaseCommand):
    help = "Run this first after restoring a backup: it blocks sending and marks open batches as in doubt."

    def handle(self, **_: Any) -> None:
        marked = jobs.put_open_work_in_doubt(SendingBlock.RESTORED)
        lease.reclaim(lease.CLOCK)
        lists = doubt.lists_in_doubt(None)
        total = doubt.total_in_doubt(lists)
        self.stdout.write("Sending is blocked until somebody unblocks it on the dashboard.")
        self.stdout.write(f"Batches newly in doubt: {marked:,}.")
        for in_doubt in lists:
            number = in_doubt.upload.pk if in_doubt.upload else ""
            self.stdout.write(f"List {number}: {format_doubt(in_doubt)}")
        self.stdout.write(f"Total: {format_doubt(total)}")
        if lists:
            self.stdout.write(f"Decide about them at {settings.PUBLIC_URL}/batches/in-doubt/")


def format_doubt(in_doubt: doubt.InDoubt) -> str:
    """Return how many batches and people are in doubt, and what it can cost to send them again."""
    batches = f"{in_doubt.batches:,} {noun_for(in_doubt.batches, 'batch,batches')} in doubt"
    people = f"{format_people(in_doubt.people)} without an answer"
    return f"{batches}, {people}, up to {format_cost(in_doubt.credits)} to send them again."
