from typing import Any

from django.core.management.base import BaseCommand

from batches import jobs


class Command(BaseCommand):
    help = "Enqueue everything that is due, as the clock does every minute."

    def handle(self, **_: Any) -> None:
        jobs.sweep()
