import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.sandbox.people import LIST_COLUMNS, make_list


class Command(BaseCommand):
    help = "Write a sample list of invented people: mostly valid, some invalid, some duplicates."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=250)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--out", required=True)

    def handle(self, *, rows: int, seed: int, out: str, **_: Any) -> None:
        with Path(out).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(LIST_COLUMNS)
            writer.writerows(make_list(rows, seed))
