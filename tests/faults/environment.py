"""The system under test: real services and processes, a vendor that can be told to fail, and a simulated user."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

from tests.faults.operating import RECEIVER, find_receiver_command
from tests.support.portal import ROOT, Portal, Vendor, copy_static_files
from tests.support.services import Postgres, Redis, free_port, make_directory, wait_until

FAST_SETTINGS = {
    "ITEMS_IN_FLIGHT": "150",
    "UNCONFIRMED_WAIT": "5",
    "COMPLETION_GRACE": "3",
    "SILENCE_LIMIT": "8",
    "VENDOR_TIMEOUT": "3",
    "SWEEP_INTERVAL": "2",
}
"""Smaller limits and shorter waits than in production, so that a run ends within a minute."""
PROCESS_TITLES = {
    "web": "skipportal: web",
    "pages": "skipportal: pages",
    "clock": "skipportal: clock",
    "vendor worker": "skipportal: worker for vendor",
}
"""The process titles of the supervisor's children."""
ITEMS_BEFORE = 1_000_000
"""Number of items that the database seems to have had before."""
WORKER = ("--worker-class", "batches.jobs.Worker", "-v0")
RESTART_WAIT = 20
"""Seconds within which a server that was stopped or killed must respond again."""
PAGES_RESTARTING = {502, 503}
"""Statuses that a receiver returns while the process behind it, which serves the pages, is being restarted."""
STOP_WAIT = 15
"""Seconds that a process gets to finish its work before it is killed."""


class System:
    """All of skipportal on one database, used by several runs in turn."""

    proxy = None
    """A proxy in front of both receivers, if a case needs one."""
    second_receiver = None
    """A receiver outside the supervisor, if a case needs one."""

    def __init__(self, database, **environment):
        self.directory = make_directory()
        self.redis = Redis(self.directory)
        self.postgres = Postgres(self.directory, wal_segment_size=1) if database == "postgresql" else None
        self.extra_processes = []
        self.database_lock = threading.Lock()
        """Held while the database is replaced, so that the simulated user neither reads it nor decides anything."""
        environment |= FAST_SETTINGS | {
            "REDIS_URL": self.redis.address,
            "REALESTATEAPI_KEY": "a-key",
            "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}",
        }
        self.sqlite = self.directory / "v" / "skipportal.sqlite3"
        database_url = self.postgres.address if self.postgres else f"sqlite:///{self.sqlite}"
        self.portal = Portal(self.directory / "v", database_url, **environment)

    def start(self):
        for service in filter(None, [self.redis, self.postgres]):
            service.start()
        copy_static_files(self.portal.directory)
        self.portal.start()
        use_database_of(self.portal)
        skip_item_ids()
        from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs complete settings

        get_user_model().objects.create_superuser("staff", password="a-password-of-staff")
        self.user = StaffUser(self.portal.address, "staff", "a-password-of-staff")
        return self

    def stop(self):
        self.stop_extra_processes()
        try:
            self.portal.stop()
        except subprocess.TimeoutExpired:
            self.portal.process.kill()
        for service in filter(None, [self.postgres, self.redis]):
            service.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def keep_log(self, name):
        """Copy the log of our processes to a directory where it can be read afterwards."""
        shutil.copy(self.portal.log, Path(tempfile.gettempdir()) / f"faults-{name}.log")

    def start_vendor(self, run_name, faults, deliveries_per_second):
        """Start a sandbox vendor with an empty database. It accepts our key and the key that may replace it.

        It has other accounts, too, which only some cases use.
        """
        from tests.faults.acts.accounts import KEYS  # noqa: PLC0415 - imports this module

        key = self.portal.environment["REALESTATEAPI_KEY"]
        self.next_key = f"{key}-next"
        options = ["--key", key, self.next_key, *(word for fault in faults for word in ("--fault", fault))]
        options += [word for account_key in KEYS.values() for word in ("--account", account_key)]
        return Vendor(
            self.portal, "--qps", deliveries_per_second, "--store", self.directory / f"{run_name}.sqlite3", *options
        )

    def find_processes(self):
        """Return the ids of all our processes, but not of the vendor's."""
        return [pid for pid, command in self.portal.list_processes().items() if "batches.sandbox" not in command]

    def find_children(self, child):
        """Return the ids of the supervisor's children of one kind, without their own children."""
        title = PROCESS_TITLES[child]
        found = [process for process, command in self.portal.list_processes().items() if command.startswith(title)]
        return [process for process in found if find_parent(process) == self.portal.process.pid]

    def signal(self, child, number):
        """Send a signal to a child of the supervisor and to its own children. Return how many processes got it."""
        children = set(self.find_children(child))
        processes = self.portal.list_processes()
        signalled = [process for process in processes if process in children or find_parent(process) in children]
        for process in signalled:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        return len(signalled)

    def restart(self, **environment):
        """Restart the supervisor with changed environment variables. None removes a variable."""
        self.portal.stop()
        changed = self.portal.environment | environment
        self.portal.environment = {name: value for name, value in changed.items() if value is not None}
        self.portal.start()

    def start_process(self, command):
        """Start another process outside the supervisor."""
        with self.portal.log.open("a") as log:
            options = {"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
            # manage.py sets the settings module itself, but other programs may not.
            environment = self.portal.environment | {"DJANGO_SETTINGS_MODULE": "skipportal.settings"}
            process = subprocess.Popen(command, env=environment, cwd=ROOT, **options)
        self.extra_processes.append(process)
        return process

    def start_command(self, *arguments):
        """Start a management command as another process."""
        return self.start_process([sys.executable, "manage.py", *arguments])

    def start_worker(self, queue):
        return self.start_command("rqworker", queue, *WORKER)

    def start_receiver(self, port, application=RECEIVER):
        """Start another receiver, as on another host."""
        process = self.start_process(find_receiver_command(port, application))
        wait_until(lambda: responds_ok(f"http://127.0.0.1:{port}/healthz"), "the receiver")
        return process

    def stop_process(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_extra_processes(self):
        for process in self.extra_processes:
            process.send_signal(signal.SIGTERM)
        for process in self.extra_processes:
            self.stop_process(process)
        self.extra_processes.clear()

    def reset(self):
        """Return to the state before a run: only the supervisor and its children run."""
        self.stop_extra_processes()
        if self.proxy:
            self.proxy.stop()
            self.proxy = None
            self.restart(PUBLIC_URL=None)
        elif self.portal.process.poll() is not None:
            self.portal.start()


class StaffUser:
    """A simulated staff user, who logs in, reads pages and presses buttons."""

    def __init__(self, address, name, password):
        self.address, self.session = address, requests.Session()
        self.get_status("/login/")
        assert self.press("/login/", username=name, password=password)
        assert "sessionid" in self.session.cookies

    def get_status(self, path):
        """Return the status of a page."""
        return self.session.get(self.address + path, timeout=30).status_code

    def read(self, path):
        """Return the text of a page."""
        return self.session.get(self.address + path, timeout=30).text

    def find_broken_pages(self, upload_id):
        """Return a sentence for each page that cannot be shown."""
        paths = [
            "/",
            "/batches/",
            "/batches/in-doubt/",
            "/items/",
            "/unmatched/",
            f"/uploads/{upload_id}/",
            f"/uploads/{upload_id}/?tab=activity",
            f"/uploads/{upload_id}/history/",
        ]
        return [f"{path} cannot be shown" for path in paths if not responds_ok(self.address + path, self.session)]

    def press(self, path, **fields):
        """Submit a form, again and again while the server restarts. Return whether the server accepted it."""
        return self.post(path, timeout=30, data=fields) < 400

    def upload(self, content):
        """Upload a file as a new list, again and again while the server restarts. Return the status."""
        name = "odd.xlsx" if content.startswith(b"PK") else "odd.csv"
        return self.post(
            "/uploads/new/",
            retried_statuses=PAGES_RESTARTING,
            timeout=60,
            data={"priority": 1},
            files={"file": (name, content)},
        )

    def post(self, path, retried_statuses=(), **options):
        """Submit a form until the response has a status that is not to be retried. Return the last status."""
        headers = {"x-csrftoken": self.session.cookies["csrftoken"], "referer": self.address}
        statuses = []

        def send():
            response = self.session.post(self.address + path, headers=headers, allow_redirects=False, **options)
            statuses.append(response.status_code)
            return response.status_code not in retried_statuses

        if not wait_for(send, RESTART_WAIT, pause=0.5) and not statuses:
            raise requests.ConnectionError(f"no response from {path} within {RESTART_WAIT} s")
        return statuses[-1]


def find_parent(process):
    """Return the id of a process's parent, or 0 if the process has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def find_child_processes(process):
    """Return the ids of the processes that a process has started."""
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [other for other in running if find_parent(other) == process]


def use_database_of(portal):
    """Set up Django in this process with the portal's settings and database."""
    for name in list(os.environ):
        if name in portal.environment or name in {"PUBLIC_URL", "DEBUG"}:
            del os.environ[name]
    os.environ.update(portal.environment, DJANGO_SETTINGS_MODULE="skipportal.settings")
    import django  # noqa: PLC0415 - needs the portal's environment

    django.setup()


def skip_item_ids():
    """Give new items great ids, as in a database that is in use for long. In a young one, keys equal them."""
    from django.db import connection  # noqa: PLC0415 - needs Django to be set up

    statement = "INSERT INTO sqlite_sequence (name, seq) VALUES ('batches_item', %s)"
    if connection.vendor == "postgresql":
        statement = "SELECT setval(pg_get_serial_sequence('batches_item', 'id'), %s)"
    with connection.cursor() as cursor:
        cursor.execute(statement, [ITEMS_BEFORE])


def responds_ok(address, session=requests):
    with contextlib.suppress(requests.RequestException):
        return session.get(address, timeout=30).ok
    return False


def wait_for(condition, seconds, pause=0.05):
    """Wait until a condition is true. Return whether it became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(requests.RequestException):
            if condition():
                return True
        time.sleep(pause)
    return False
