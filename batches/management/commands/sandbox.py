from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.sandbox.__main__ import add_arguments, run


class Command(BaseCommand):
    help = "Run the sandbox vendor: it accepts batches as the real vendor does and answers with invented people."

    def add_arguments(self, parser: CommandParser) -> None:
        store = settings.VAR_DIR / "sandbox.sqlite3"
        add_arguments(parser, settings.SANDBOX_PORT, store, settings.REALESTATEAPI_KEY)

    def handle(self, *, port: int, store: Path, keys: list[str], fault: Any, qps: Any, accounts: Any, **_: Any) -> None:
        store.parent.mkdir(parents=True, exist_ok=True)
        try:
            run(port, store, keys, fault, qps, accounts)
        except ValueError as problem:
            raise CommandError(str(problem)) from None
