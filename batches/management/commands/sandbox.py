import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from batches.sandbox.faults import Faults
from batches.sandbox.server import Sandbox


class Command(BaseCommand):
    help = "The stand-in vendor: takes batches as the real one does, and invents the people."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT)
        parser.add_argument("--qps", type=float, default=50, help="Webhook calls a second, at the most.")
        parser.add_argument("--fault", action="append", default=[], metavar="NAME=VALUE", help=Faults.__doc__)
        parser.add_argument("--store", help="File that keeps what was taken; var/sandbox.sqlite3 unless told.")

    def handle(self, *, port, qps, fault, store, **_):
        try:
            faults = Faults.parse(fault)
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        path = store or settings.VAR_DIR / "sandbox.sqlite3"
        try:
            sandbox = Sandbox(port, path, settings.REALESTATEAPI_KEY, faults, qps)
        except OSError as problem:
            raise CommandError(f"The sandbox cannot listen on port {port}: {problem.strerror}.") from None
        for number in (signal.SIGINT, signal.SIGTERM):
            # shutdown() waits for serve_forever(), which runs in this thread.
            signal.signal(number, lambda *_: threading.Thread(target=sandbox.shutdown).start())
        self.stdout.write(f"Sandbox vendor at http://127.0.0.1:{port}, {qps:g} webhooks a second.")
        sandbox.serve_forever(poll_interval=0.1)
        sandbox.end()
