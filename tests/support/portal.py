"""All of skipportal as its users run it, in processes of its own with a var/ and a database of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import requests

from tests.support.services import free_port, wait_until

ROOT = Path(__file__).parents[2]


class Portal:
    def __init__(self, directory, database_url=None, **environment):
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.port, self.directory = free_port(), directory
        self.environment = kept | {"VAR_DIR": str(directory), "PORT": str(self.port), "SANDBOX_PORT": str(free_port())}
        self.environment |= ({"DATABASE_URL": database_url} if database_url else {}) | environment
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = directory / "server.log"

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "skipportal.supervisor", "--port", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )
        ready = f"skipportal is ready at {self.address}"
        started = self.log.read_text().count(ready)
        wait_until(
            lambda: self.process.poll() is not None or self.log.read_text().count(ready) > started, "skipportal", 60
        )
        assert self.process.poll() is None, self.log.read_text()
        return self

    process = None

    def stop(self, number=signal.SIGINT):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(30)

    def login(self):
        """The name and password that the first start printed."""
        return re.search(r"Log in as (\S+) / (\S+)", self.log.read_text()).groups()

    def manage(self, *arguments):
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300)

    def trace(self, *arguments):
        done = self.manage("trace", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def ask(self, expression):
        """What a Django expression gives, as JSON."""
        code = f"import json; from batches.models import *; print(json.dumps({expression}, default=str))"
        done = self.manage("shell", "-v0", "-c", code)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def wait_for_outcomes(self, count, seconds=60):
        """Until so many items have an answer."""
        expression = "Item.objects.filter(answered_at__isnull=False).count()"
        wait_until(lambda: self.ask(expression) >= count, f"{count} answers", seconds)

    def processes(self):
        """Everything that was started on this var/: process id → command."""
        mark, found = f"VAR_DIR={self.directory}\0".encode(), {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found


class Vendor:
    """The sandbox as a process beside the portal."""

    def __init__(self, portal, *options):
        self.portal = portal
        self.address = portal.environment["REALESTATEAPI_URL"]
        port = self.address.rsplit(":", 1)[1]
        command = [sys.executable, "manage.py", "sandbox", "--port", port, *options]
        self.process = subprocess.Popen(command, env=portal.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_until(self.is_there, "the sandbox")

    def is_there(self):
        try:
            return requests.get(f"{self.address}/sandbox/batches", timeout=2).ok
        except requests.RequestException:
            return False

    def books(self, what="batches"):
        return requests.get(f"{self.address}/sandbox/{what}", timeout=10).json()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def make_database(url):
    """A database of its own on the server at `url`; for SQLite, none is needed."""
    if not url.startswith("postgres"):
        return None
    name = f"portal_{time.time_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return re.sub(r"/[^/]*$", f"/{name}", url)
