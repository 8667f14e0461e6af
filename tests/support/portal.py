"""Run all of skipportal as its users do, in separate processes on a var/ and a database of their own."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests

from tests.support.services import DIRECTORY_VARIABLE, MAX_WAIT, free_port, wait_until

ROOT = Path(__file__).parents[2]
SHELL = """
import json, sys
from io import StringIO
from django.core.management import call_command
from django.db import models
from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django.utils import timezone
from batches.models import *
from notices.models import *
from webhooks.models import *
scope = dict(globals())
for line in sys.stdin:
    how, code = json.loads(line)
    close_old_connections()
    try:
        answer = [True, eval(code, scope) if how == "eval" else exec(code, scope)]
        answer = json.dumps(answer, default=str)
    except (Exception, SystemExit) as error:
        answer = json.dumps([False, repr(error)])
    print(answer, flush=True)
"""
"""A program that runs each line of its input as code. A new process for each line would have to load Django again."""

STATE = [
    "timezone.now()",
    "list(Upload.objects.values_list('id', 'status', 'waits_until', 'wait_reason'))",
    "list(Batch.objects.values_list('id', 'upload', 'status', 'size', 'attempts', 'next_try_at', 'problem'))",
    "list(Event.objects.order_by('-id').values_list('at', 'upload', 'batch', 'what')[:20])",
    "list(SendingBlock.objects.values_list('reason', 'until'))",
    "list(Receiver.objects.values_list('name', 'until'))",
    "list(Lease.objects.values_list('name', 'holder', 'until'))",
    "UnmatchedDelivery.objects.count()",
]
"""What tells why a portal does not go on."""


LAST_LINE = "Press Ctrl-C to stop."
"""What the supervisor prints once everything runs. The login comes before it."""


class Portal:
    """All processes of skipportal on one var/, started by the supervisor, with ports of their own."""

    process = shell = None
    root = ROOT
    """The checkout whose code runs."""

    def __init__(self, directory, database_url=None, **environment):
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.port, self.directory = free_port(), directory
        self.environment = inherited | {
            "VAR_DIR": str(directory),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(free_port()),
        }
        self.environment |= ({"DATABASE_URL": database_url} if database_url else {}) | environment
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = directory / "server.log"

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "skipportal.supervisor", "--port", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=self.root, stdout=log, stderr=subprocess.STDOUT
            )
        earlier_starts = self.log.read_text().count(LAST_LINE)

        def is_ready_or_ended():
            return self.log.read_text().count(LAST_LINE) > earlier_starts or self.process.poll() is not None

        wait_until(is_ready_or_ended, "skipportal")
        assert self.process.poll() is None, self.log.read_text()
        return self

    def stop(self, signal_number=signal.SIGINT):
        self.stop_shell()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.process.wait(MAX_WAIT)

    def stop_shell(self):
        if self.shell:
            self.shell.communicate()
            self.shell = None

    def read_login(self):
        """Return the name and password that the first start printed."""
        return re.search(r"Log in as (\S+) / (\S+)", self.log.read_text()).groups()

    def manage(self, *arguments):
        """Run a management command in a process of its own. Return the completed process."""
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(command, env=self.environment, cwd=self.root, capture_output=True, text=True, timeout=300)

    def call_command(self, *arguments):
        """Run a management command in the shell. Return its output."""
        self.do(f"output = StringIO(); call_command(*{list(map(str, arguments))!r}, stdout=output, skip_checks=True)")
        return self.ask("output.getvalue()")

    def trace(self, *arguments):
        """Run `trace` in the shell. Return its summary."""
        return json.loads(self.call_command("trace", *arguments).splitlines()[-1])

    def trace_completely(self, *arguments):
        """Run `trace` until the list is complete. Return its summary."""
        return self.trace(*arguments, "--wait", "--timeout", MAX_WAIT)

    def cancel_list(self, name):
        """Cancel a list that runs, so that it keeps nothing from being sent that comes after it."""
        self.do("from batches.tracing import pausing")
        self.do(f"pausing.cancel_upload(Upload.objects.get(name={name!r}), None)")

    def ask(self, expression):
        """Return the value of a Django expression, as JSON. Models, `timezone` and `get_user_model` are available."""
        return self.run_code("eval", expression)

    def do(self, statements):
        """Run Django statements. The names that they define can be used by `ask` afterwards."""
        self.run_code("exec", statements)

    def run_code(self, how, code):
        """Run code in the shell, by `eval` or `exec`. Start the shell if it is not running yet."""
        if self.shell is None:
            command = [sys.executable, "manage.py", "shell", "-v0", "-c", SHELL]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.shell = subprocess.Popen(command, env=self.environment, cwd=self.root, **pipes)
        self.shell.stdin.write(json.dumps([how, code]) + "\n")
        self.shell.stdin.flush()
        line = self.shell.stdout.readline()
        assert line, f"The shell has ended with {self.shell.wait()}."
        is_ok, answer = json.loads(line)
        assert is_ok, answer
        return answer

    def wait_until(self, is_ready, what, seconds=MAX_WAIT):
        """Wait like `services.wait_until`. The error also says what the portal was doing."""
        try:
            wait_until(is_ready, what, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.describe()}") from None

    def describe(self):
        """Return the state of lists, batches, processes and log, without anything about a person."""
        state = {expression: self.ask(expression) for expression in STATE}
        lines = [f"{expression}: {value}" for expression, value in state.items()]
        return "\n".join([*lines, *self.log.read_text().splitlines()[-40:]])

    def list_processes(self):
        """Stop the shell, and return the processes that run on this var/: process id → command line."""
        marker, found = f"VAR_DIR={self.directory}\0".encode(), {}
        self.stop_shell()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and marker in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found


class Vendor:
    """The sandbox vendor that a portal calls, in a separate process."""

    def __init__(self, portal, *options):
        self.portal = portal
        self.address = portal.environment["REALESTATEAPI_URL"]
        port = self.address.rsplit(":", 1)[1]
        key = portal.environment["REALESTATEAPI_KEY"]
        # This does not use manage.py: the vendor does not need Django, which is slow to load.
        command = [sys.executable, "-m", "batches.sandbox", "--port", port, "--key", key, *map(str, options)]
        self.process = subprocess.Popen(command, env=portal.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_until(self.is_ready, "the sandbox")

    def is_ready(self):
        try:
            return requests.get(f"{self.address}/sandbox/batches", timeout=10).ok
        except requests.RequestException:
            return False

    def books(self, what="batches"):
        """Return what the sandbox recorded about its batches, or about its `items`."""
        return requests.get(f"{self.address}/sandbox/{what}", timeout=60).json()

    def stop(self):
        self.process.terminate()
        self.process.wait(MAX_WAIT)


@contextmanager
def run_portal(directory, **environment):
    """Run a portal on a database of its own, of the kind that the suite uses."""
    portal = make_portal(directory, **environment)
    try:
        yield portal.start()
    finally:
        portal.stop()


def make_portal(directory, **environment):
    """Return a portal with a migrated database and static files, copied from the template of this test run."""
    copy_static_files(directory)
    url = os.environ["DATABASE_URL"]
    if url.startswith("postgres"):
        return Portal(directory, make_database(url, TEMPLATE), **environment)
    shutil.copy(find_template() / DATABASE_FILE, directory)
    return Portal(directory, **environment)


def copy_static_files(directory):
    """Create a var/ with the static files that were collected for all portals. Outside of the suite there are none."""
    directory.mkdir(parents=True)
    if DIRECTORY_VARIABLE in os.environ:
        shutil.copytree(find_template() / "static", directory / "static", copy_function=os.link)


TEMPLATE = "portal_template"
DATABASE_FILE = "skipportal.sqlite3"


def find_template():
    """Return a var/ that is ready for a first start. The first worker that needs it creates it."""
    template = Path(os.environ[DIRECTORY_VARIABLE]) / "template"
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (template / "static").exists():
            url = os.environ["DATABASE_URL"]
            database_url = make_database(url, name=TEMPLATE) if url.startswith("postgres") else None
            # With a key, no login is created: each portal prints one at its own first start.
            result = Portal(template, database_url, REALESTATEAPI_KEY="a-key").manage("prepare")
            assert result.returncode == 0, result.stderr
    return template


def make_database(url, template="template1", name=None):
    """Create a database on the PostgreSQL server at `url`. Return its address."""
    name = name or f"portal_{time.time_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    # What follows the name says how long a busy computer may take to connect.
    return re.sub(r"/[^/?]*(?=\?|$)", f"/{name}", url, count=1)
