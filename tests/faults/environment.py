"""The stage: real services and processes, a vendor that can be told to fail, and a person who decides."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.support.portal import ROOT, Portal, Vendor, lend_static_files
from tests.support.services import Postgres, Redis, free_port, make_directory

SHORT = {
    "ITEMS_IN_FLIGHT": "150",
    "UNCONFIRMED_WAIT": "5",
    "COMPLETION_GRACE": "3",
    "SILENCE_LIMIT": "8",
    "VENDOR_TIMEOUT": "3",
    "SWEEP_INTERVAL": "5",
}
"""The waits of production, shortened, so that a run ends within a minute."""
CHILDREN = {"web": "granian", "clock": "manage.py clock", "vendor worker": "rqworker vendor"}
"""Name → what its command line holds."""


class Stage:
    """All of skipportal on one database, for one run after the other."""

    def __init__(self, database, **environment):
        self.directory = make_directory()
        self.redis = Redis(self.directory)
        self.postgres = Postgres(self.directory) if database == "postgresql" else None
        self.extras = []
        environment |= SHORT | {
            "REDIS_URL": self.redis.address,
            "REALESTATEAPI_KEY": "a-key",
            "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}",
        }
        url = self.postgres.address if self.postgres else f"sqlite:///{self.directory}/v/skipportal.sqlite3"
        self.portal = Portal(self.directory / "v", url, **environment)

    def start(self):
        for service in filter(None, [self.redis, self.postgres]):
            service.start()
        lend_static_files(self.portal.directory)
        self.portal.start()
        use_database_of(self.portal)
        from django.contrib.auth import get_user_model  # noqa: PLC0415 - only now are the settings there

        get_user_model().objects.create_superuser("staff", password="a-password-of-staff")
        self.person = Person(self.portal.address, "staff", "a-password-of-staff")
        return self

    def stop(self):
        self.stop_extras()
        self.portal.stop()
        for service in filter(None, [self.postgres, self.redis]):
            service.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def keep_log(self, name):
        """Where what our processes said can be read after the stage has gone."""
        shutil.copy(self.portal.log, Path(tempfile.gettempdir()) / f"faults-{name}.log")

    def start_vendor(self, run_name, faults):
        """A sandbox with new books."""
        options = [word for fault in faults for word in ("--fault", fault)]
        return Vendor(self.portal, "--qps", "120", "--store", self.directory / f"{run_name}.sqlite3", *options)

    def signal(self, child, number):
        """Send a signal to the supervisor's child and to what that has started. Return how many processes these are."""
        commands = self.portal.processes()
        found = [process for process, command in commands.items() if CHILDREN[child] in command]
        ours = {process for process in found if parent_of(process) == self.portal.process.pid}
        found = [process for process in found if process in ours or parent_of(process) in ours]
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        return len(found)

    def start_extra(self, *arguments):
        """One more process of ours, beside those of the supervisor."""
        command = [sys.executable, "manage.py", *arguments]
        with self.portal.log.open("a") as log:
            options = {"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
            self.extras.append(subprocess.Popen(command, env=self.portal.environment, cwd=ROOT, **options))

    def stop_extras(self):
        for process in self.extras:
            process.send_signal(signal.SIGTERM)
        for process in self.extras:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.extras.clear()


class Person:
    """Staff with a browser: logs in, looks, and presses buttons."""

    def __init__(self, address, name, password):
        self.address, self.session = address, requests.Session()
        self.look("/login/")
        assert self.press("/login/", username=name, password=password)
        assert "sessionid" in self.session.cookies

    def look(self, path):
        """The status of a page."""
        return self.session.get(self.address + path, timeout=30).status_code

    def look_around(self, upload_id):
        """Sentences about pages that do not show."""
        pages = ["/", "/batches/", "/items/", "/strays/", f"/uploads/{upload_id}/", f"/uploads/{upload_id}/history/"]
        return [f"{page} does not show" for page in pages if self.look(page) != 200]

    def press(self, path, **fields):
        """Send a form. True if the server took it."""
        headers = {"x-csrftoken": self.session.cookies["csrftoken"], "referer": self.address}
        options = {"headers": headers, "timeout": 30, "allow_redirects": False}
        return self.session.post(self.address + path, data=fields, **options).status_code < 400


def parent_of(process):
    """The number of a process's parent; 0 if it has gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def use_database_of(portal):
    """Let Django in this process look at the portal's database."""
    for name in list(os.environ):
        if name in portal.environment or name in {"PUBLIC_URL", "DEBUG"}:
            del os.environ[name]
    os.environ.update(portal.environment, DJANGO_SETTINGS_MODULE="skipportal.settings")
    import django  # noqa: PLC0415 - after the environment is as the portal's

    django.setup()


def wait_for(is_there, seconds, pause=0.05):
    """Whether something came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(requests.RequestException):
            if is_there():
                return True
        time.sleep(pause)
    return False
