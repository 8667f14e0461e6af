from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches import partitions
from batches.index_operations import TableInUse
from batches.wide_ids import AlreadyRunning


class Command(BaseCommand):
    help = "Partition the tables of people, on PostgreSQL, while everything runs. Run it again if it was interrupted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--people", type=int, default=partitions.PEOPLE, help="People per partition. Default: %(default)s."
        )
        parser.add_argument(
            "--undo", action="store_true", help="Copy the partitions into one table again. Stop everything first."
        )

    def handle(self, *, people: int, undo: bool, **_: Any) -> None:
        if people < 1:
            raise CommandError("--people must be at least 1.")
        try:
            if undo:
                is_joined = partitions.join(self.stdout.write)
                self.stdout.write("The tables are whole again." if is_joined else "The tables have no partitions.")
            else:
                is_changed = partitions.partition(people, self.stdout.write)
                self.stdout.write(
                    "The tables are partitioned." if is_changed else "The tables were already partitioned."
                )
        except partitions.CannotPartition as problem:
            raise CommandError(str(problem)) from None
        except AlreadyRunning:
            raise CommandError("Another process is changing the tables of people. Try again when it is done.") from None
        except TableInUse:
            raise CommandError("A table was in use at each attempt. Run the command again, and it continues.") from None
