from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from batches import jobs
from batches.models import SendingBlock
from batches.nouns import noun_for
from batches.reports import doubt
from batches.tracing.counts import format_people
from batches.tracing.credits import format_credits


class Command(BaseCommand):
    help = "Run this first after restoring a backup: it blocks sending and marks open batches as in doubt."

    def handle(self, **_: Any) -> None:
        marked = jobs.doubt_open_work(SendingBlock.RESTORED)
        lists = doubt.lists_in_doubt()
        total = doubt.total_in_doubt(lists)
        self.stdout.write("Sending is blocked until staff unblock it on the dashboard.")
        self.stdout.write(f"Batches newly in doubt: {marked:,}.")
        for each in lists:
            number = each.upload.pk if each.upload else ""
            self.stdout.write(f"List {number}: {format_doubt(each)}")
        self.stdout.write(f"Total: {format_doubt(total)}")
        if lists:
            self.stdout.write(f"Decide about them at {settings.PUBLIC_URL}/batches/in-doubt/")


def format_doubt(in_doubt: doubt.InDoubt) -> str:
    """Return how many batches and people may have been sent since the backup, and what sending them again can cost."""
    batches = f"{in_doubt.batches:,} {noun_for(in_doubt.batches, 'batch,batches')} in doubt"
    people = f"{format_people(in_doubt.people)} without an answer"
    return f"{batches}, {people}, up to {format_credits(in_doubt.credits)} to send them again."
