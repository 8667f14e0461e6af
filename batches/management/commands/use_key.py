from typing import Any

from django.core.management.base import BaseCommand

from batches.tracing import vendor_keys


class Command(BaseCommand):
    help = "Make this host's REALESTATEAPI_KEY the one that every host must use or accept."

    def handle(self, **_: Any) -> None:
        vendor_keys.expect_own_key()
        self.stdout.write("From now on, every host must use or accept this host's REALESTATEAPI_KEY.")
