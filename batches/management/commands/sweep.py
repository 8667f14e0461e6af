from django.core.management.base import BaseCommand

from batches import jobs


class Command(BaseCommand):
    help = "Find what is due and enqueue it again, as the clock does once a minute."

    def handle(self, **_):
        jobs.sweep()
