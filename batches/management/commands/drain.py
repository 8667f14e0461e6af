from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.tracing import drain

DEFAULT_WAIT = 900


class Command(BaseCommand):
    help = "Block sending before an upgrade, and say whether anybody is still with the vendor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=int,
            nargs="?",
            const=DEFAULT_WAIT,
            metavar="SECONDS",
            help=f"Wait until nobody is with the vendor, at most this many seconds ({DEFAULT_WAIT} by default).",
        )
        parser.add_argument("--release", action="store_true", help="End the block after the upgrade.")

    def handle(self, *, wait: int | None, release: bool, **_: Any) -> None:
        if release:
            self.stdout.write(
                "Sending continues."
                if drain.release()
                else "The upgrade's block has ended, but sending is blocked for another reason: see the dashboard."
            )
            return
        drain.block_for_upgrade()
        self.stdout.write("Sending is blocked. Lists can be uploaded, and results are still received.")
        at_vendor = drain.find_at_vendor() if wait is None else drain.wait_until_drained(wait)
        if not at_vendor.batches:
            self.stdout.write("Nobody is with the vendor. You can stop all processes.")
            self.stdout.write("After the upgrade, run: manage.py drain --release")
        elif wait is None:
            self.stdout.write(f"Still with the vendor: {at_vendor}. Keep the receivers running.")
        else:
            raise CommandError(
                f"After {wait} seconds, {at_vendor} are still with the vendor. Sending stays blocked. Keep the "
                "receivers running and run the command again, or end the block with: manage.py drain --release",
                returncode=3,
            )
